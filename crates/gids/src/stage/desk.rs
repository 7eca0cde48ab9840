//! Where a session's events go.

use crossbeam_channel::{Sender, TrySendError};
use session::Journal;
use timeline::{EndSummary, EventKind, SampleIdx, SessionEvent};

/// Where events go: the journals, then the window.
pub(super) struct Desk {
    pub(super) journals: Vec<Journal>,
    pub(super) out: Sender<SessionEvent>,
    pub(super) wake: Box<dyn Fn() + Send>,
    pub(super) live: bool,
    pub(super) wait: bool,
    pub(super) summary: EndSummary,
    pub(super) failure: Option<anyhow::Error>,
}

impl Desk {
    pub(super) fn tell(&mut self, at: SampleIdx, kind: EventKind) -> anyhow::Result<()> {
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

    /// A cue that was shown is taken back.
    pub(super) fn withdraw(&mut self, at: SampleIdx, after: String) -> anyhow::Result<()> {
        self.summary.cues -= 1;
        self.summary.cues_withdrawn += 1;
        self.tell(at, EventKind::CueWithdrawn { after })
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

    pub(super) fn show(&mut self, event: SessionEvent) {
        // A window that was closed needs no events; the session goes on in the journal.
        let dropped = if self.wait {
            self.out.send(event).is_err()
        } else {
            matches!(self.out.try_send(event), Err(TrySendError::Full(_)))
        };
        self.summary.dropped_ui_events += u64::from(dropped && !self.wait);
        (self.wake)();
    }

    pub(super) fn close(mut self, end: SampleIdx) -> anyhow::Result<EndSummary> {
        let summary = self.summary.clone();
        self.tell(end, EventKind::End(summary.clone()))?;
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(summary),
        }
    }
}
