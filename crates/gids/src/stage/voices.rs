//! Hears whose voice it is, beside the transcription.

use crossbeam_channel::{Receiver, Sender};
use speakers::{Listener, VoiceEmbedder, VoiceEvent};
use timeline::SegmentEvent;

use crate::said;

/// From hearing voices to coaching.
pub enum Voices {
    /// What was heard.
    Heard(VoiceEvent),
    /// The voice model failed, and nothing more will come.
    Failed(String),
}

/// The thread `voices`: the only one that runs the voice model. It works while the words are still being transcribed,
/// so that all that was heard of a turn is there when its words are.
pub struct VoicesStage {
    pub(crate) listener: Listener<Box<dyn VoiceEmbedder>>,
    pub(crate) input: Receiver<SegmentEvent>,
    pub(crate) out: Sender<Voices>,
}

impl VoicesStage {
    /// Runs until the listening thread hangs up, or the coach thread does.
    ///
    /// # Errors
    /// None by itself: the coach is told that the voice model failed, and ends the session in good order.
    pub fn run(mut self) -> anyhow::Result<()> {
        let mut events = Vec::new();
        while let Ok(event) = self.input.recv() {
            let heard = self.listener.push(&event, &mut events);
            for event in events.drain(..) {
                if self.out.send(Voices::Heard(event)).is_err() {
                    return Ok(());
                }
            }
            if let Err(error) = heard {
                // Where the coach has ended too, it has said why.
                self.out.send(Voices::Failed(said(&error.into()))).ok();
                return Ok(());
            }
        }
        Ok(())
    }
}
