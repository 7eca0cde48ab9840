//! The three threads between a source and the window.

mod coach;
mod cross_talk;
mod listen;
mod transcribe;

pub use coach::CoachStage;
pub use listen::ListenStage;
pub use transcribe::TranscribeStage;

use ::transcribe::{Finished, Partial};
use timeline::{Gap, SampleIdx, SegmentEvent};

/// From listening to transcribing.
pub enum Heard {
    /// Speech.
    Segment(SegmentEvent),
    /// Anything else, in its place between the segments.
    Note(SampleIdx, Note),
}

/// From transcribing to coaching. Clocks are absent where nothing runs in real time.
pub enum Words {
    /// Of the open segment, with milliseconds from the end of its audio to the text.
    Partial(Partial, Option<f32>),
    /// Of a closed segment, with milliseconds from the end of speech to the text.
    Finished(Finished, Option<f32>),
    /// Passed on.
    Note(SampleIdx, Note),
}

/// What is passed through to the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// Audio was lost.
    Gap(Gap),
    /// Listening was paused or goes on.
    Paused(bool),
    /// Milliseconds of audio that wait; sent once a second.
    Lag(u32),
    /// A stage failed; whether the session goes on is its own matter.
    Fault {
        /// Which one.
        stage: &'static str,
        /// What happened and what to do.
        message: String,
    },
    /// The source has ended.
    End,
}
