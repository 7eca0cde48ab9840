//! The one place that makes channels and threads.
//!
//! ```text
//! source ─► [listen] ─segments─► [transcribe] ─words─► [coach] ─events─► window or terminal
//!              ▲  │                    ▲ └──────asks───────┘ │ └─► journals, before the events
//!              │  └────segments─► [voices] ──────voices──────┘
//!              └── control (pause, stop)
//! ```
//!
//! Live, replay, tests and benchmarks run through this function; only the source and the pace differ.
//! Shutdown is by hanging up: when the source ends (or is stopped) the listening thread drops its
//! sender, and each stage drains, finishes and drops its own. The one way back, by which the coach asks for the words of one
//! voice alone, is hung up by the coach when it has read the last of the words.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64},
    },
    thread::{Builder, JoinHandle},
};

use anyhow::Context as _;
use capture::{Player, Source};
use coach::Coach;
use coding::Coder;
use crossbeam_channel::{Receiver, Sender, bounded, never};
use segment::{Segmenter, Silero};
use session::Journal;
use speakers::{Listener, Tracker, VoiceEmbedder};
use timeline::{EndSummary, SampleIdx, SessionEvent, SessionHeader};
use transcribe::{Policy, Recognizer};

use crate::{
    clock::SessionClock,
    stage::{CHANNELS, CoachStage, CrossTalk, ListenStage, TranscribeStage, VoicesStage, Wanted},
    telemetry::Telemetry,
};

/// Segment events between listening and transcribing. An open segment sends one for each block of
/// 32 ms, so this is over 8 s of speech: longer than any decode. Full: listening waits, and the ring
/// buffer of the device absorbs another 10 s.
const SEGMENT_EVENTS: usize = 256;
/// Utterances and partials between transcribing and coaching, which takes milliseconds. Full: a
/// partial is dropped (a newer one follows), a final waits. Less than the transcriber keeps the audio of.
const UTTERANCES: usize = 16;
const _: () = assert!(UTTERANCES < transcribe::CLOSED_KEPT);
/// What was heard of voices; a message for each block of speech. The coach takes them whenever it has nothing else to do,
/// and while it waits for those of the words it has. Full: the voices thread waits, then listening does.
const VOICES: usize = 256;
/// Questions of the coach to the transcribing thread: it waits for the answer to one, and puts another only into an empty
/// channel, so that neither ever waits for the other to read.
const ASKS: usize = 2;
/// Events to the window, which drains them every frame. Full: dropped and counted; the journal has them.
const UI_EVENTS: usize = 256;
/// Key presses on their way to the listening thread.
const CONTROLS: usize = 16;

/// How fast the source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A recording, as fast as the machine can; no clocks are told.
    Fast,
    /// A recording, as if it were spoken now. A pause holds it.
    RealTime,
    /// A device; what is said during a pause is not heard.
    Live,
}

/// What the window or the keyboard asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Listen or not.
    Pause(bool),
    /// Exchange the roles of the two voices, for the past too.
    SwapRoles,
    /// End the session in good order.
    Stop,
}

/// Loads a speech model in the middle of a session.
pub type Smaller = Box<dyn FnMut() -> anyhow::Result<Box<dyn Recognizer>> + Send>;

/// Everything a session needs, made but not running.
pub struct Parts {
    /// Where the audio comes from.
    pub source: Box<dyn Source>,
    /// How fast it is read.
    pub pace: Pace,
    /// The loudspeaker of a replay that is heard; for one-channel sources.
    pub player: Option<Player>,
    /// One for each channel of the source, in their order.
    pub segmenters: Vec<Segmenter<Silero>>,
    /// The speech model.
    pub recognizer: Box<dyn Recognizer>,
    /// How the next smaller speech model is loaded, where one is installed: the last but one rung of the ladder.
    pub smaller: Option<Smaller>,
    /// Threads that the speech model was given.
    pub threads: usize,
    /// When open segments are decoded.
    pub policy: Policy,
    /// Where the stages put what they measure.
    pub telemetry: Arc<Telemetry>,
    /// Who speaks.
    pub tracker: Tracker,
    /// Hears the voices; not used where the speakers are told apart by channel.
    pub embedder: Box<dyn VoiceEmbedder>,
    /// What is done with words.
    pub coder: Coder,
    /// What to say about it.
    pub coach: Coach,
    /// Already opened, their header written.
    pub journals: Vec<Journal>,
    /// The session's first event.
    pub header: SessionHeader,
}

/// A running session.
pub struct Running {
    /// What happens, for the window or the terminal; ends when the session has.
    pub events: Receiver<SessionEvent>,
    /// What the window may ask for.
    pub control: Sender<Control>,
    /// Level of the last block: the bits of an `f32` in dBFS.
    pub level: Arc<AtomicU32>,
    /// Wall time on the session's clock.
    pub clock: Arc<SessionClock>,
    threads: Vec<JoinHandle<anyhow::Result<Option<EndSummary>>>>,
}

impl Running {
    /// Waits for the end of the session; the caller drains [`Self::events`] before.
    ///
    /// # Errors
    /// The first failure of a stage, its thread's panic included. What was journalled is on disk.
    pub fn join(self) -> anyhow::Result<EndSummary> {
        drop(self.events);
        let mut summary = None;
        let mut failure = None;
        for thread in self.threads {
            let name = thread.thread().name().unwrap_or("stage").to_owned();
            match thread.join() {
                Ok(Ok(end)) => summary = summary.or(end),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                Err(_panic) => {
                    let error = anyhow::anyhow!(
                        "the {name} thread stopped by a fault of Gids; please report what stands above"
                    );
                    failure = failure.or(Some(error));
                }
            }
        }
        match failure {
            Some(error) => Err(error),
            None => summary.context("the session ended without a summary"),
        }
    }
}

/// Makes the channels and threads, and starts them.
///
/// `wake` is called by the coach thread after each event that was sent, so that a sleeping window draws it.
///
/// # Errors
/// The system gives no more threads.
pub fn wire(parts: Parts, wake: Box<dyn Fn() + Send>) -> anyhow::Result<Running> {
    let (segments_tx, segments_rx) = bounded(SEGMENT_EVENTS);
    let (words_tx, words_rx) = bounded(UTTERANCES);
    let (asks_tx, asks_rx) = bounded(ASKS);
    let (events_tx, events_rx) = bounded(UI_EVENTS);
    let (control_tx, control_rx) = bounded(CONTROLS);
    let level = Arc::new(AtomicU32::new(f32::NEG_INFINITY.to_bits()));
    let head = Arc::new(AtomicU64::new(0));
    let clock = Arc::new(SessionClock::start());
    let wanted = Arc::new(Wanted::default());

    let (voices, heard_voices) = if parts.tracker.listens() {
        let (in_tx, in_rx) = bounded(SEGMENT_EVENTS);
        let (out_tx, out_rx) = bounded(VOICES);
        let listener = Listener::new(parts.embedder);
        (Some((in_tx, VoicesStage { listener, input: in_rx, out: out_tx })), out_rx)
    } else {
        (None, never())
    };
    let (voices_tx, voices) = voices.unzip();
    let listen = ListenStage {
        source: parts.source,
        pace: parts.pace,
        player: parts.player,
        segmenters: parts.segmenters,
        clock: Arc::clone(&clock),
        level: Arc::clone(&level),
        head: Arc::clone(&head),
        wanted: Arc::clone(&wanted),
        handed: [SampleIdx::ZERO; CHANNELS],
        telemetry: Arc::clone(&parts.telemetry),
        control: control_rx,
        out: segments_tx,
        voices: voices_tx,
        caught_up: false,
        first_of_pair: None,
        cross_talk: CrossTalk::default(),
    };
    let transcribe = TranscribeStage {
        recognizer: parts.recognizer,
        smaller: parts.smaller,
        threads: parts.threads,
        policy: parts.policy,
        partials: parts.pace != Pace::Fast,
        clock: Arc::clone(&clock),
        head,
        wanted,
        telemetry: Arc::clone(&parts.telemetry),
        input: segments_rx,
        asks: asks_rx,
        out: words_tx,
    };
    let coach = CoachStage {
        lang: parts.header.lang,
        pace: parts.pace,
        tracker: parts.tracker,
        coder: parts.coder,
        coach: parts.coach,
        journals: parts.journals,
        clock: Arc::clone(&clock),
        telemetry: parts.telemetry,
        input: words_rx,
        voices: heard_voices,
        asks: asks_tx,
        out: events_tx,
        wake,
    };
    let mut threads = vec![
        Builder::new().name("coach".into()).spawn(move || coach.run(parts.header).map(Some))?,
        Builder::new().name("transcribe".into()).spawn(move || transcribe.run().map(|()| None))?,
        Builder::new().name("listen".into()).spawn(move || listen.run().map(|()| None))?,
    ];
    if let Some(voices) = voices {
        threads
            .push(Builder::new().name("voices".into()).spawn(move || voices.run().map(|()| None))?);
    }
    Ok(Running { events: events_rx, control: control_tx, level, clock, threads })
}
