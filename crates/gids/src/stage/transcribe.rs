//! Turns segments into words.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use timeline::{SAMPLE_RATE_HZ, SampleIdx};
use transcribe::{Guard, Recognizer, TranscribeError, Transcriber};

use super::{Heard, Note, Words};
use crate::clock::SessionClock;

/// The thread `transcribe`: the only one that runs the speech model.
pub struct TranscribeStage {
    pub(crate) recognizer: Box<dyn Recognizer>,
    /// Whether open segments are decoded while nothing else waits. Not in a fast replay: nobody reads
    /// them, and which ones come would depend on the machine.
    pub(crate) partials: bool,
    pub(crate) clock: Arc<SessionClock>,
    pub(crate) head: Arc<AtomicU64>,
    pub(crate) input: Receiver<Heard>,
    pub(crate) out: Sender<Words>,
}

impl TranscribeStage {
    /// Runs until the listening thread hangs up, or the coach thread does.
    ///
    /// # Errors
    /// None by itself: a failed decode is noted and costs one segment.
    pub fn run(mut self) -> anyhow::Result<()> {
        let mut transcriber = Transcriber::new(Guard::default());
        while let Ok(heard) = self.input.recv() {
            let sent = match heard {
                Heard::Note(at, note) => self.note(at, note),
                Heard::Segment(event) => {
                    let finished = transcriber.push(event, self.recognizer.as_mut());
                    match finished {
                        Ok(None) => true,
                        Ok(Some(finished)) => {
                            let ms =
                                self.partials.then(|| self.clock.ms_since(finished.speech_end));
                            self.out.send(Words::Finished(finished, ms)).is_ok()
                        }
                        Err(error) => self.fault(&error),
                    }
                }
            };
            let sent = sent
                && (!self.partials || !self.input.is_empty() || self.partial(&mut transcriber));
            if !sent {
                return Ok(()); // the coach thread has ended and says why
            }
        }
        Ok(())
    }

    fn partial(&mut self, transcriber: &mut Transcriber) -> bool {
        match transcriber.partial(self.recognizer.as_mut()) {
            Ok(None) => true,
            Ok(Some(partial)) => {
                let ms = self.clock.ms_since(partial.span.end);
                match self.out.try_send(Words::Partial(partial, Some(ms))) {
                    // A newer one follows; a final is never dropped.
                    Ok(()) | Err(TrySendError::Full(_)) => true,
                    Err(TrySendError::Disconnected(_)) => false,
                }
            }
            Err(error) => self.fault(&error),
        }
    }

    fn note(&self, at: SampleIdx, note: Note) -> bool {
        let note = match note {
            // The beat has waited behind all audio that came before it: what was heard since is the lag.
            Note::Lag(_) => {
                let waiting = self.head.load(Ordering::Relaxed).saturating_sub(at.0);
                let ms = waiting * 1000 / u64::from(SAMPLE_RATE_HZ);
                Note::Lag(u32::try_from(ms).unwrap_or(u32::MAX))
            }
            other => other,
        };
        self.out.send(Words::Note(at, note)).is_ok()
    }

    fn fault(&self, error: &TranscribeError) -> bool {
        let at = SampleIdx(self.head.load(Ordering::Relaxed));
        self.note(at, Note::Fault { stage: "transcribe", message: error.to_string() })
    }
}
