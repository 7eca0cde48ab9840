//! Turns segments into words.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvError, Sender, TrySendError, select_biased};
use timeline::{Rung, SAMPLE_RATE_HZ, SampleIdx, SegmentEvent, SegmentId};
use transcribe::{
    Abort, Cadence, Guard, Hypothesis, Ladder, Policy, Recognizer, Stretch, TranscribeError,
    Transcriber,
};

use super::{Ask, Heard, Note, Words, wanted::Wanted};
use crate::{clock::SessionClock, said, telemetry::Telemetry, wire::Smaller};

/// How much lower than the others the scheduler ranks the thread that runs the speech model, in steps of `nice`: audio,
/// voice detection, coach and window take little and must not wait for it.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// The thread `transcribe`: the only one that runs the speech model.
pub struct TranscribeStage {
    pub(crate) recognizer: Box<dyn Recognizer>,
    /// Loads the next smaller model that is installed, if there is one.
    pub(crate) smaller: Option<Smaller>,
    pub(crate) threads: usize,
    pub(crate) policy: Policy,
    /// Whether open segments are decoded while nothing else waits. Not in a fast replay: nobody reads
    /// them, and which ones come would depend on the machine.
    pub(crate) partials: bool,
    pub(crate) clock: Arc<SessionClock>,
    pub(crate) head: Arc<AtomicU64>,
    pub(crate) wanted: Arc<Wanted>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) input: Receiver<Heard>,
    /// What the coach thread asks for comes first: it waits.
    pub(crate) asks: Receiver<Ask>,
    pub(crate) out: Sender<Words>,
}

/// The coach thread has ended, and says why.
struct HungUp;

/// What changes while the stage runs.
struct Work {
    transcriber: Transcriber,
    cadence: Cadence,
    ladder: Ladder,
    /// The model that is not in use: the smaller one once it was loaded, the larger one while that is at work.
    spare: Option<Box<dyn Recognizer>>,
    uses_smaller: bool,
    /// Whether anything was decoded since the last beat.
    worked: bool,
    /// Beats from before this instant, in samples, waited behind the last change and tell nothing of the new rung.
    judged_from: u64,
}

impl Work {
    /// The speech model has worked for so long; not at all, if nothing was due.
    fn decoded(&mut self, took: Duration, aborted: bool) {
        if took.is_zero() {
            return;
        }
        self.worked = true;
        let ms = took.as_secs_f32() * 1_000.0;
        if aborted { self.cadence.observe_aborted(ms) } else { self.cadence.observe(ms) }
    }
}

impl TranscribeStage {
    /// Runs until the listening thread hangs up and the coach thread has asked for all that it needs, or the coach thread
    /// ends.
    ///
    /// # Errors
    /// None by itself: a failed decode is noted and costs one segment.
    pub fn run(mut self) -> anyhow::Result<()> {
        stand_back();
        let mut work = Work {
            transcriber: Transcriber::new(Guard::default(), self.policy),
            cadence: Cadence::default(),
            ladder: Ladder::default(),
            spare: None,
            uses_smaller: false,
            worked: false,
            judged_from: 0,
        };
        loop {
            let heard = select_biased! {
                recv(self.asks) -> ask => match ask.map(|ask| self.answer(ask, &mut work)) {
                    Ok(Ok(())) => continue,
                    Ok(Err(HungUp)) | Err(RecvError) => return Ok(()),
                },
                recv(self.input) -> heard => heard,
            };
            let Ok(heard) = heard else { break };
            let sent = match heard {
                Heard::Beat(at) => self.beat(at, &mut work),
                Heard::Note(at, note) => self.send(Words::Note(at, note)),
                Heard::Segment(event) => self.segment(event, &mut work),
            };
            let idle = self.partials && self.input.is_empty();
            if sent.is_err() || (idle && self.partial(&mut work).is_err()) {
                return Ok(());
            }
        }
        // The coach may not have come to the last segments yet.
        if self.send(Words::Last).is_ok() {
            while let Ok(ask) = self.asks.recv() {
                if self.answer(ask, &mut work).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, ask: Ask, work: &mut Work) -> Result<(), HungUp> {
        let (id, pieces) = match ask {
            Ask::Cut { id, at } => {
                work.transcriber.cut(id, at);
                return Ok(());
            }
            Ask::Apart { id, pieces } => (id, pieces),
        };
        let mut metered = Metered { inner: self.recognizer.as_mut(), took: Duration::ZERO };
        let heard = work.transcriber.apart(id, &pieces, &mut metered);
        work.worked = true;
        self.telemetry.decoded(metered.took, work.transcriber.speculations());
        let heard = match heard {
            Ok(heard) => heard,
            Err(error) => {
                // The words of the whole are there all the same.
                self.fault(error.to_string())?;
                Vec::new()
            }
        };
        self.send(Words::Apart(heard))
    }

    fn segment(&mut self, event: SegmentEvent, work: &mut Work) -> Result<(), HungUp> {
        let (id, ends) = match &event {
            SegmentEvent::Opened { id, .. } | SegmentEvent::Grown { id, .. } => (*id, false),
            SegmentEvent::Closed { id, .. } | SegmentEvent::Dropped { id } => (*id, true),
        };
        let mut metered = Metered { inner: self.recognizer.as_mut(), took: Duration::ZERO };
        let finished = work.transcriber.push(event, &mut metered);
        work.decoded(metered.took, false);
        self.telemetry.decoded(metered.took, work.transcriber.speculations());
        match finished {
            Ok(Some(finished)) => {
                let ms = self.partials.then(|| self.clock.ms_since(finished.speech_end));
                self.send(Words::Finished(finished, ms))
            }
            Ok(None) if ends => self.send(Words::Gone(id)),
            Ok(None) => Ok(()),
            Err(error) => self.lost(id, &error),
        }
    }

    fn partial(&mut self, work: &mut Work) -> Result<(), HungUp> {
        let begun = self.wanted.snapshot();
        let aborted = work.transcriber.speculations().aborted;
        let step = work.cadence.step_ms(work.ladder.rung());
        let mut metered = Metered { inner: self.recognizer.as_mut(), took: Duration::ZERO };
        let partial = work.transcriber.partial(&mut metered, step, &|channel, until| {
            self.wanted.is_stale(&begun, channel, until)
        });
        let speculations = work.transcriber.speculations();
        work.decoded(metered.took, speculations.aborted > aborted);
        self.telemetry.decoded(metered.took, speculations);
        match partial {
            Ok(Some(partial)) => match self.out.try_send(Words::Partial(partial)) {
                // A newer one follows; a final is never dropped.
                Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
                Err(TrySendError::Disconnected(_)) => Err(HungUp),
            },
            // Nothing was due, or it was aborted. After an error the final decode will say whether it lasts: no word
            // is lost yet.
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Once a second: how far behind this is, and what to give up for it.
    fn beat(&mut self, at: SampleIdx, work: &mut Work) -> Result<(), HungUp> {
        // The beat has waited behind all audio that came before it: what was heard since is the lag.
        let waiting = self.head.load(Ordering::Relaxed).saturating_sub(at.0);
        let lag_ms = u32::try_from(waiting * 1_000 / u64::from(SAMPLE_RATE_HZ)).unwrap_or(u32::MAX);
        let worked = std::mem::replace(&mut work.worked, false);
        if at.0 >= work.judged_from {
            let has_smaller = self.smaller.is_some() || work.spare.is_some();
            if let Some(rung) = work.ladder.beat(lag_ms, worked, has_smaller) {
                self.climb(rung, work)?;
                work.judged_from = self.head.load(Ordering::Relaxed);
            }
        }
        self.send(Words::Note(at, Note::Status { lag_ms, rung: work.ladder.rung() }))
    }

    fn climb(&mut self, rung: Rung, work: &mut Work) -> Result<(), HungUp> {
        let wants_smaller = rung >= Rung::SmallerModel;
        if wants_smaller && !work.uses_smaller && work.spare.is_none() {
            match self.smaller.as_mut().map(|load| load()) {
                Some(Ok(smaller)) => work.spare = Some(smaller),
                Some(Err(error)) => {
                    self.smaller = None;
                    work.ladder.pass_over();
                    let why = said(&error);
                    self.fault(format!("the smaller speech model cannot be used: {why}"))?;
                }
                None => {}
            }
        }
        if wants_smaller != work.uses_smaller
            && let Some(spare) = &mut work.spare
        {
            std::mem::swap(&mut self.recognizer, spare);
            work.uses_smaller = wants_smaller;
            work.cadence = Cadence::default();
        }
        // whisper.cpp's threads spin while they wait for each other: where the cores are taken, one is faster.
        self.recognizer.set_threads(if rung == Rung::Full { self.threads } else { 1 });
        Ok(())
    }

    /// A segment whose words there will never be.
    fn lost(&self, id: SegmentId, error: &TranscribeError) -> Result<(), HungUp> {
        self.fault(error.to_string())?;
        self.send(Words::Gone(id))
    }

    fn fault(&self, message: String) -> Result<(), HungUp> {
        let at = SampleIdx(self.head.load(Ordering::Relaxed));
        self.send(Words::Note(at, Note::Fault { stage: "transcribe", message }))
    }

    fn send(&self, words: Words) -> Result<(), HungUp> {
        self.out.send(words).map_err(|_hung_up| HungUp)
    }
}

/// Times a recogniser.
struct Metered<'a> {
    inner: &'a mut dyn Recognizer,
    took: Duration,
}

impl Recognizer for Metered<'_> {
    fn recognize(
        &mut self,
        stretch: &Stretch<'_>,
        abort: Abort<'_>,
    ) -> Result<Option<Hypothesis>, TranscribeError> {
        let started = Instant::now();
        let heard = self.inner.recognize(stretch, abort);
        self.took += started.elapsed();
        heard
    }
}

/// Ranks this thread, and those that the speech model starts from it, behind the others. Where the system has no such
/// thing, all rank alike.
fn stand_back() {
    #[cfg(target_os = "linux")]
    {
        // A refusal costs nothing but the order.
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE).ok();
    }
}
