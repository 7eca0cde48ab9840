//! Turns segments into words.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use timeline::{Rung, SAMPLE_RATE_HZ, SampleIdx, SegmentEvent, SegmentId};
use transcribe::{
    Abort, Cadence, Guard, Hypothesis, Ladder, Policy, Recognizer, Stretch, TranscribeError,
    Transcriber,
};

use super::{Heard, Note, Words, wanted::Wanted};
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
    pub(crate) out: Sender<Words>,
}

/// The coach thread has ended, and says why.
struct HungUp;

/// What changes while the stage runs.
struct Work {
    transcriber: Transcriber,
    cadence: Cadence,
    ladder: Ladder,
    /// The model of before, while the smaller one is in use.
    larger: Option<Box<dyn Recognizer>>,
}

impl TranscribeStage {
    /// Runs until the listening thread hangs up, or the coach thread does.
    ///
    /// # Errors
    /// None by itself: a failed decode is noted and costs one segment.
    pub fn run(mut self) -> anyhow::Result<()> {
        stand_back();
        let mut work = Work {
            transcriber: Transcriber::new(Guard::default(), self.policy),
            cadence: Cadence::default(),
            ladder: Ladder::default(),
            larger: None,
        };
        while let Ok(heard) = self.input.recv() {
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
        Ok(())
    }

    fn segment(&mut self, event: SegmentEvent, work: &mut Work) -> Result<(), HungUp> {
        let (id, ends) = match &event {
            SegmentEvent::Opened { id, .. } | SegmentEvent::Grown { id, .. } => (*id, false),
            SegmentEvent::Closed { id, .. } | SegmentEvent::Dropped { id } => (*id, true),
        };
        let mut metered = Metered { inner: self.recognizer.as_mut(), took: Duration::ZERO };
        let finished = work.transcriber.push(event, &mut metered);
        let took = metered.took;
        self.telemetry.decoded(took, work.transcriber.speculations());
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
        let step = work.cadence.step_ms(work.ladder.rung());
        let mut metered = Metered { inner: self.recognizer.as_mut(), took: Duration::ZERO };
        let partial = work.transcriber.partial(&mut metered, step, &|channel, until| {
            self.wanted.is_stale(&begun, channel, until)
        });
        let took = metered.took;
        if took.is_zero() {
            return Ok(()); // nothing was due
        }
        self.telemetry.decoded(took, work.transcriber.speculations());
        match partial {
            Ok(None) => Ok(()), // aborted, or nothing understood
            Ok(Some(partial)) => {
                work.cadence.observe(took.as_secs_f32() * 1_000.0);
                match self.out.try_send(Words::Partial(partial)) {
                    // A newer one follows; a final is never dropped.
                    Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
                    Err(TrySendError::Disconnected(_)) => Err(HungUp),
                }
            }
            Err(error) => self.fault(error.to_string()),
        }
    }

    /// Once a second: how far behind this is, and what to give up for it.
    fn beat(&mut self, at: SampleIdx, work: &mut Work) -> Result<(), HungUp> {
        // The beat has waited behind all audio that came before it: what was heard since is the lag.
        let waiting = self.head.load(Ordering::Relaxed).saturating_sub(at.0);
        let lag_ms = u32::try_from(waiting * 1_000 / u64::from(SAMPLE_RATE_HZ)).unwrap_or(u32::MAX);
        let has_smaller = self.smaller.is_some() || work.larger.is_some();
        if let Some(rung) = work.ladder.beat(lag_ms, has_smaller) {
            self.climb(rung, work)?;
        }
        self.send(Words::Note(at, Note::Status { lag_ms, rung: work.ladder.rung() }))
    }

    fn climb(&mut self, rung: Rung, work: &mut Work) -> Result<(), HungUp> {
        if rung >= Rung::SmallerModel && work.larger.is_none() {
            match self.smaller.as_mut().map(|load| load()) {
                Some(Ok(smaller)) => {
                    work.larger = Some(std::mem::replace(&mut self.recognizer, smaller));
                    work.cadence = Cadence::default();
                }
                Some(Err(error)) => {
                    self.smaller = None;
                    self.fault(format!(
                        "the smaller speech model cannot be used: {}",
                        said(&error)
                    ))?;
                }
                None => {}
            }
        } else if rung < Rung::SmallerModel
            && let Some(larger) = work.larger.take()
        {
            self.recognizer = larger;
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
