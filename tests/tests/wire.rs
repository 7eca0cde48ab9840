//! The threads and channels with a scripted speech model: what a session does when a stage fails, when it
//! is stopped, and when it is paused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use capture::{ChannelMode, FileSource, Source as _};
use coach::{Coach, CoachConfig};
use coding::Coder;
use gids::{
    runtime,
    wire::{Control, Pace, Parts, Running, Smaller, wire},
};
use gids_tests::{SampleKind, asset, read_mono, write_stereo, write_wav};
use ort::environment::Environment;
use segment::{Segmenter, SegmenterConfig, Silero};
use speakers::{Tracker, VoiceEmbedder as _};
use timeline::{ChannelId, EventKind, Lang, Rung, SessionEvent, SessionHeader, Strength};
use transcribe::{Abort, Hypothesis, Policy, Recognizer, Script, Stretch, TranscribeError};

/// Far more than any of these takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn onnx() -> &'static Environment {
    runtime::onnx().expect("make setup was run")
}

fn start(pace: Pace, recognizer: Box<dyn Recognizer>) -> Running {
    let audio = asset("assets/roleplays/nl-stramme-knie.flac");
    start_on(&audio, ChannelMode::Mix, pace, recognizer)
}

fn segmenter(channel: u8, channels: u8) -> Segmenter<Silero> {
    let detector = Silero::load(onnx(), &runtime::silero().unwrap()).unwrap();
    let (first_id, step) = (u64::from(channel), u64::from(channels));
    Segmenter::new(ChannelId(channel), first_id, step, detector, SegmenterConfig::default())
        .unwrap()
}

fn start_on(
    audio: &Path,
    channels: ChannelMode,
    pace: Pace,
    recognizer: Box<dyn Recognizer>,
) -> Running {
    start_with(audio, channels, pace, recognizer, None)
}

fn start_with(
    audio: &Path,
    channels: ChannelMode,
    pace: Pace,
    recognizer: Box<dyn Recognizer>,
    smaller: Option<Smaller>,
) -> Running {
    let source = FileSource::open(audio, channels).unwrap();
    let count = source.channels();
    let mode = if count == 2 {
        speakers::Mode::ByChannel { practitioner: ChannelId(0) }
    } else {
        speakers::Mode::Cluster
    };
    let config = CoachConfig { seed: 1, ..CoachConfig::new(Lang::Nl) };
    let embedder = runtime::voice_model().unwrap();
    let parts = Parts {
        source: Box::new(source),
        pace,
        player: None,
        segmenters: (0..count).map(|channel| segmenter(channel, count)).collect(),
        recognizer,
        smaller,
        threads: 1,
        policy: Policy::default(),
        telemetry: Arc::default(),
        tracker: Tracker::new(mode, embedder.model().clone()).unwrap(),
        embedder: Box::new(embedder),
        coder: Coder::load(&runtime::coder().unwrap(), onnx()).unwrap(),
        coach: Coach::new(config).unwrap(),
        journals: Vec::new(),
        header: SessionHeader {
            id: "test".to_owned(),
            version: "0".to_owned(),
            format: 1,
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            lang: Lang::Nl,
            source: "nl-stramme-knie".to_owned(),
            models: Vec::new(),
            config: Vec::new(),
            consent: None,
        },
    };
    wire(parts, Box::new(|| {})).unwrap()
}

fn heard(text: &str) -> Option<Hypothesis> {
    Some(Hypothesis { text: text.to_owned(), avg_logprob: -0.1, no_speech_prob: None })
}

fn texts(events: &[SessionEvent]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Utterance(utterance) => Some(utterance.text.as_str()),
            _ => None,
        })
        .collect()
}

/// A script that fails once it has been read to its end: on every later segment.
#[test]
fn a_failing_speech_model_costs_its_segments_and_no_more() {
    let script = Script::new([heard("Goedemorgen."), None, heard("Nou, hij is best stram.")]);
    let running = start(Pace::Fast, Box::new(script));
    let events: Vec<SessionEvent> = running.events.iter().collect();
    let summary = running.join().unwrap();
    assert_eq!(texts(&events), ["Goedemorgen.", "Nou, hij is best stram."]);
    assert_eq!(summary.utterances, 2);
    let faults =
        events.iter().filter(|event| matches!(event.kind, EventKind::Fault { .. })).count();
    assert!(faults > 10, "every further segment fails and says so: {faults}");
    assert!(matches!(events.last().unwrap().kind, EventKind::End(_)));
    assert!(matches!(events.first().unwrap().kind, EventKind::Session(_)));
}

/// The same words for ever.
struct Parrot;

impl Recognizer for Parrot {
    fn recognize(
        &mut self,
        _stretch: &Stretch<'_>,
        _abort: Abort<'_>,
    ) -> Result<Option<Hypothesis>, TranscribeError> {
        Ok(heard("Je moet gewoon elke dag oefenen."))
    }
}

#[test]
fn a_stop_ends_the_session_in_good_order() {
    let running = start(Pace::RealTime, Box::new(Parrot));
    let started = Instant::now();
    let mut events = Vec::new();
    while texts(&events).is_empty() {
        events.push(running.events.recv_timeout(PATIENCE).unwrap());
    }
    running.control.send(Control::Stop).unwrap();
    events.extend(running.events.iter());
    let summary = running.join().unwrap();
    assert!(started.elapsed() < PATIENCE);
    assert!(summary.audio_s < 60.0, "it did not go on to the end: {} s", summary.audio_s);
    assert!(matches!(events.last().unwrap().kind, EventKind::End(_)));
    let cues = events.iter().filter(|event| matches!(event.kind, EventKind::Cue(_))).count();
    assert_eq!(cues as u64, summary.cues);
}

#[test]
fn a_pause_holds_a_recording() {
    let running = start(Pace::RealTime, Box::new(Parrot));
    running.control.send(Control::Pause(true)).unwrap();
    let paused = |event: &SessionEvent, wanted: bool| matches!(event.kind, EventKind::Paused { paused } if paused == wanted);
    let mut events = Vec::new();
    while !events.last().is_some_and(|event| paused(event, true)) {
        events.push(running.events.recv_timeout(PATIENCE).unwrap());
    }
    let (wall, clock_s) = (Instant::now(), running.clock.now_s());
    // Nothing is heard meanwhile, however long it takes.
    assert!(running.events.recv_timeout(Duration::from_millis(600)).is_err());
    running.control.send(Control::Pause(false)).unwrap();
    while !events.last().is_some_and(|event| paused(event, false)) {
        events.push(running.events.recv_timeout(PATIENCE).unwrap());
    }
    let stood_still_s = wall.elapsed().as_secs_f64() - (running.clock.now_s() - clock_s);
    assert!(stood_still_s > 0.5, "the clock of a held recording stands still: {stood_still_s} s");
    while texts(&events).is_empty() {
        events.push(running.events.recv_timeout(PATIENCE).unwrap());
    }
    running.control.send(Control::Stop).unwrap();
    running.events.iter().for_each(drop);
    running.join().unwrap();
}

/// The channels of a split recording are a block apart when the pause comes.
#[test]
fn two_channels_can_be_paused() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("two.wav");
    let samples = read_mono(&asset("assets/roleplays/nl-stramme-knie.flac"), 8.0);
    write_wav(&wav, &samples, 16_000, 2, SampleKind::Int(16));
    let running = start_on(&wav, ChannelMode::Split, Pace::RealTime, Box::new(Parrot));
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(70));
        running.control.send(Control::Pause(true)).unwrap();
        running.control.send(Control::Pause(false)).unwrap();
    }
    let events: Vec<SessionEvent> = running.events.iter().collect();
    let summary = running.join().unwrap();
    assert_eq!(summary.faults, 0, "{events:?}");
    let speakers: BTreeSet<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Utterance(utterance) => Some(utterance.speaker),
            _ => None,
        })
        .collect();
    assert_eq!(speakers.len(), 2, "each channel has its speaker");
}

/// The same advice again and again, on the practitioner's channel: its words are stable before it ends.
#[test]
fn a_cue_comes_before_the_final_words_and_is_borne_out() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("two.wav");
    let samples = read_mono(&asset("assets/roleplays/nl-stramme-knie.flac"), 8.0);
    write_stereo(&wav, &samples, &vec![0.0; samples.len()]);
    let running = start_on(&wav, ChannelMode::Split, Pace::RealTime, Box::new(Parrot));
    let events: Vec<SessionEvent> = running.events.iter().collect();
    let summary = running.join().unwrap();
    let at = |wanted: &dyn Fn(&EventKind) -> bool| {
        events.iter().position(|event| wanted(&event.kind)).unwrap_or_else(|| panic!("{events:?}"))
    };
    let cue = at(&|kind| matches!(kind, EventKind::Cue(_)));
    let EventKind::Cue(early) = &events[cue].kind else { unreachable!() };
    assert!(early.provisional && early.cue.strength == Strength::Soft, "{early:?}");
    let latency = early.latency_ms.unwrap();
    assert!(latency.final_text.is_none() && latency.partial.is_some(), "{latency:?}");
    let said = at(&|kind| matches!(kind, EventKind::Utterance(u) if u.id == early.cue.after));
    let confirmed = at(
        &|kind| matches!(kind, EventKind::CueConfirmed { after, .. } if *after == early.cue.after),
    );
    assert!(cue < said && said < confirmed, "{cue}, {said}, {confirmed}");
    assert_eq!((summary.cues, summary.cues_withdrawn), (1, 0), "one mark for one turn");
}

/// Far slower than speech.
struct Slow;

impl Recognizer for Slow {
    fn recognize(
        &mut self,
        stretch: &Stretch<'_>,
        abort: Abort<'_>,
    ) -> Result<Option<Hypothesis>, TranscribeError> {
        std::thread::sleep(Duration::from_secs(4));
        Parrot.recognize(stretch, abort)
    }
}

#[test]
fn a_slow_model_is_exchanged_for_a_smaller_one_and_that_is_said() {
    let audio = asset("assets/roleplays/nl-stramme-knie.flac");
    let smaller: Smaller = Box::new(|| Ok(Box::new(Parrot)));
    let running =
        start_with(&audio, ChannelMode::Mix, Pace::RealTime, Box::new(Slow), Some(smaller));
    let mut rungs: Vec<Rung> = Vec::new();
    let mut caught_up = false;
    while !caught_up {
        let event = running.events.recv_timeout(PATIENCE).unwrap();
        let EventKind::Status { lag_ms, rung } = event.kind else { continue };
        if rungs.last() != Some(&rung) {
            rungs.push(rung);
        }
        caught_up = lag_ms < 100 && rung >= Rung::SmallerModel;
    }
    let down = [Rung::Full, Rung::FewerSpeculations, Rung::FinalsOnly, Rung::SmallerModel];
    assert!(rungs.starts_with(&down), "{rungs:?}");
    running.control.send(Control::Stop).unwrap();
    running.events.iter().for_each(drop);
    assert_eq!(running.join().unwrap().faults, 0);
}
