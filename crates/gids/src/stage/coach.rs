//! Says who spoke, codes it, decides what to say, and writes it all down.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use ::coach::Coach;
use coding::Coder;
use crossbeam_channel::{Receiver, Sender, select};
use session::Journal;
use speakers::Tracker;
use timeline::{EndSummary, EventKind, Lang, Rung, SampleIdx, SessionEvent, SessionHeader};

use super::{Ask, Note, Voices, Words, desk::Desk, talk::Talk};
use crate::{clock::SessionClock, said, telemetry::Telemetry, wire::Pace};

/// The thread `coach`. The journal is written before the window is told.
pub struct CoachStage {
    pub(crate) lang: Lang,
    pub(crate) pace: Pace,
    pub(crate) tracker: Tracker,
    pub(crate) coder: Coder,
    pub(crate) coach: Coach,
    pub(crate) journals: Vec<Journal>,
    pub(crate) clock: Arc<SessionClock>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) input: Receiver<Words>,
    pub(crate) voices: Receiver<Voices>,
    /// To the transcribing thread.
    pub(crate) asks: Sender<Ask>,
    pub(crate) out: Sender<SessionEvent>,
    pub(crate) wake: Box<dyn Fn() + Send>,
}

impl CoachStage {
    /// Runs until the transcribing thread hangs up; returns what the session came to.
    ///
    /// # Errors
    /// A journal could not be written (a live session goes on without it), or a model failed.
    pub fn run(self, header: SessionHeader) -> anyhow::Result<EndSummary> {
        let started = Instant::now();
        let mut desk = Desk {
            journals: self.journals,
            out: self.out,
            wake: self.wake,
            live: self.pace == Pace::Live,
            // A terminal that prints a fast replay is waited for; a window in a live talk never is.
            wait: self.pace == Pace::Fast,
            summary: EndSummary::default(),
            failure: None,
        };
        let mut talk = Talk {
            lang: self.lang,
            pace: self.pace,
            tracker: self.tracker,
            voices: self.voices,
            asks: Some(self.asks),
            words: self.input,
            later: VecDeque::new(),
            speaking: Vec::new(),
            coder: self.coder,
            coach: self.coach,
            clock: self.clock,
            telemetry: self.telemetry,
            rung: Rung::Full,
            names: 0,
            open: Vec::new(),
            read: None,
        };
        // The journals were opened with it.
        desk.show(SessionEvent::new(SampleIdx::ZERO, EventKind::Session(header)));
        let mut end = SampleIdx::ZERO;
        let mut source_ended = false;
        let mut outcome = Ok(());
        while outcome.is_ok() {
            let words = match talk.later.pop_front() {
                Some(words) => Ok(words),
                None => select! {
                    recv(talk.words) -> words => words,
                    recv(talk.voices) -> heard => {
                        outcome = talk.voice(heard, &mut desk);
                        continue;
                    }
                },
            };
            let Ok(words) = words else { break };
            outcome = match words {
                Words::Partial(partial) => talk.partial(&partial, &mut desk),
                Words::Gone(id) => talk.gone(id, end, &mut desk),
                Words::Finished(finished, ms) => {
                    end = end.max(finished.span.end);
                    talk.finished(&finished, ms, &mut desk)
                }
                Words::Last => {
                    // It waited for what may be asked about what came before.
                    talk.asks = None;
                    Ok(())
                }
                // Only while it is waited for.
                Words::Apart(_) => Ok(()),
                Words::Note(at, note) => {
                    end = end.max(at);
                    source_ended |= note == Note::End;
                    talk.note(at, note, &mut desk)
                }
            };
        }
        talk.close(end, &mut desk);
        drop(talk); // the other stages stop
        let fault = match &outcome {
            Err(error) => Some(("coach", said(error))),
            Ok(()) if !source_ended => {
                Some(("wire", "a stage stopped by a fault of Gids; please report it".to_owned()))
            }
            Ok(()) => None,
        };
        if let Some((stage, message)) = fault {
            let kind = EventKind::Fault { stage: stage.to_owned(), message };
            // What cannot be written here was reported when it first failed.
            desk.tell(end, kind).ok();
        }
        desk.summary.audio_s = end.as_secs();
        desk.summary.wall_s = started.elapsed().as_secs_f64();
        let closed = desk.close(end);
        outcome.and(closed)
    }
}
