//! Says who spoke, codes it, decides what to say, and writes it all down.

use std::{sync::Arc, time::Instant};

use ::coach::{Coach, Heard};
use anyhow::Context as _;
use coding::{CodeInput, Coder};
use crossbeam_channel::{Receiver, Sender, TrySendError};
use session::Journal;
use speakers::{SpectralEmbedder, Tracker, UtteranceAudio};
use timeline::{
    CueEvent, EndSummary, EventKind, Lang, LatencyMs, SampleIdx, SegmentId, SessionEvent,
    SessionHeader, Span, UtteranceEvent,
};
use transcribe::{Finished, Partial};

use super::{Note, Words};
use crate::{clock::SessionClock, said, wire::Pace};

/// The thread `coach`. The journal is written before the window is told.
pub struct CoachStage {
    pub(crate) lang: Lang,
    pub(crate) pace: Pace,
    pub(crate) tracker: Tracker<SpectralEmbedder>,
    pub(crate) coder: Coder,
    pub(crate) coach: Coach,
    pub(crate) journals: Vec<Journal>,
    pub(crate) clock: Arc<SessionClock>,
    pub(crate) input: Receiver<Words>,
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
            timed: self.pace != Pace::Fast,
            tracker: self.tracker,
            coder: self.coder,
            coach: self.coach,
            clock: self.clock,
            partial: None,
        };
        // The journals were opened with it.
        desk.show(SessionEvent::new(SampleIdx::ZERO, EventKind::Session(header)));
        let mut end = SampleIdx::ZERO;
        let mut source_ended = false;
        let mut outcome = Ok(());
        while outcome.is_ok()
            && let Ok(words) = self.input.recv()
        {
            outcome = match words {
                Words::Partial(partial, ms) => talk.partial(&partial, ms, &mut desk),
                Words::Finished(finished, ms) => {
                    end = end.max(finished.span.end);
                    talk.finished(&finished, ms, &mut desk)
                }
                Words::Note(at, note) => {
                    end = end.max(at);
                    source_ended |= note == Note::End;
                    talk.note(at, note, &mut desk)
                }
            };
        }
        drop(self.input); // the other stages stop
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

/// What is known of the conversation.
struct Talk {
    lang: Lang,
    timed: bool,
    tracker: Tracker<SpectralEmbedder>,
    coder: Coder,
    coach: Coach,
    clock: Arc<SessionClock>,
    /// The newest partial, and milliseconds from the end of its audio to its text.
    partial: Option<(SegmentId, f32)>,
}

impl Talk {
    fn partial(
        &mut self,
        partial: &Partial,
        ms: Option<f32>,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        self.partial = ms.map(|ms| (partial.id, ms));
        let kind = EventKind::Partial {
            segment: partial.id.0,
            start_s: partial.span.start.as_secs(),
            text: partial.text.clone(),
        };
        desk.tell(partial.span.end, kind)
    }

    fn finished(
        &mut self,
        finished: &Finished,
        final_ms: Option<f32>,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        let partial_ms = self.partial.take_if(|(id, _)| *id == finished.id).map(|(_, ms)| ms);
        let text = match &finished.text {
            Ok(text) if !text.is_empty() => text.as_str(),
            // Nothing that anybody said: counted, so that a session that hears nothing shows it.
            Ok(_) | Err(_) => {
                desk.summary.rejected_segments += 1;
                return Ok(());
            }
        };
        let at = finished.speech_end;
        let span = Span::new(finished.speech_start, finished.speech_end);
        let role_log_odds =
            self.coder.role_log_odds(self.lang, text).context("the MI coder failed")?;
        let audio = UtteranceAudio {
            channel: finished.channel,
            span: finished.span,
            samples: &finished.samples,
        };
        let who = self.tracker.push(&audio, role_log_odds)?;
        if let Some(roles) = who.roles_changed {
            desk.tell(at, EventKind::Roles { roles })?;
        }
        desk.summary.utterances += 1;
        let id = format!("u{}", desk.summary.utterances);
        let utterance = UtteranceEvent {
            id: id.clone(),
            speaker: who.speaker,
            confidence: who.confidence,
            voice: who.voice,
            start_s: span.start.as_secs(),
            end_s: span.end.as_secs(),
            text: text.to_owned(),
            words: Vec::new(),
        };
        desk.tell(at, EventKind::Utterance(utterance))?;

        let input = CodeInput { speaker: who.speaker, lang: self.lang, text };
        let coded = self.coder.code(&input).context("the MI coder failed")?;
        let heard = Heard {
            id: &id,
            speaker: who.speaker,
            span,
            text,
            codes: &coded.codes,
            righting_reflex: coded.righting_reflex,
            firm: coded.righting_reflex >= self.coder.thresholds().firm,
        };
        let cue = self.coach.push(&heard);
        desk.tell(at, EventKind::Coded { id, speaker: who.speaker, coded })?;
        if let Some(cue) = cue {
            let latency_ms = self.timed.then(|| LatencyMs {
                capture: None,
                partial: partial_ms,
                final_text: final_ms.unwrap_or_default(),
                cue: self.clock.ms_since(cue.at),
            });
            desk.summary.cues += 1;
            let event = CueEvent { at_s: cue.at.as_secs(), cue, latency_ms };
            desk.tell(at, EventKind::Cue(event))?;
        }
        Ok(())
    }

    fn note(&mut self, at: SampleIdx, note: Note, desk: &mut Desk) -> anyhow::Result<()> {
        let kind = match note {
            Note::Gap(gap) => {
                desk.summary.lost_samples += gap.span.len();
                EventKind::Gap { start_s: gap.span.start.as_secs(), end_s: gap.span.end.as_secs() }
            }
            Note::Paused(paused) => EventKind::Paused { paused },
            Note::Lag(lag_ms) => EventKind::Status { lag_ms },
            Note::Fault { stage, message } => EventKind::Fault { stage: stage.to_owned(), message },
            Note::End => return Ok(()),
        };
        desk.tell(at, kind)
    }
}

/// Where events go: the journals, then the window.
struct Desk {
    journals: Vec<Journal>,
    out: Sender<SessionEvent>,
    wake: Box<dyn Fn() + Send>,
    live: bool,
    wait: bool,
    summary: EndSummary,
    failure: Option<anyhow::Error>,
}

impl Desk {
    fn tell(&mut self, at: SampleIdx, kind: EventKind) -> anyhow::Result<()> {
        self.summary.faults += u64::from(matches!(kind, EventKind::Fault { .. }));
        let event = SessionEvent::new(at, kind);
        if let Err(error) = self.write(&event) {
            self.summary.faults += 1;
            let message = error.to_string();
            self.show(SessionEvent::new(
                at,
                EventKind::Fault { stage: "session".to_owned(), message },
            ));
            if !self.live {
                return Err(error.into());
            }
            // The talk goes on and so does the coaching; the exit code tells of the loss.
            self.failure = self.failure.take().or(Some(error.into()));
        }
        self.show(event);
        Ok(())
    }

    /// Writes to every journal; one that fails is given up, and the error returned.
    fn write(&mut self, event: &SessionEvent) -> Result<(), session::SessionError> {
        let mut failure = None;
        self.journals.retain_mut(|journal| match journal.append(event) {
            Ok(()) => true,
            Err(error) => {
                failure = Some(error);
                false
            }
        });
        failure.map_or(Ok(()), Err)
    }

    fn show(&mut self, event: SessionEvent) {
        // A window that was closed needs no events; the session goes on in the journal.
        let dropped = if self.wait {
            self.out.send(event).is_err()
        } else {
            matches!(self.out.try_send(event), Err(TrySendError::Full(_)))
        };
        self.summary.dropped_ui_events += u64::from(dropped && !self.wait);
        (self.wake)();
    }

    fn close(mut self, end: SampleIdx) -> anyhow::Result<EndSummary> {
        let summary = self.summary.clone();
        self.tell(end, EventKind::End(summary.clone()))?;
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(summary),
        }
    }
}
