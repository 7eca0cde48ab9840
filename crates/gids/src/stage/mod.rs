//! The four threads between a source and the window.

mod coach;
mod cross_talk;
mod cut;
mod desk;
mod listen;
mod transcribe;
mod voices;
mod wanted;

pub use coach::CoachStage;
pub(crate) use cross_talk::reject as reject_cross_talk;
pub use listen::ListenStage;
pub use transcribe::TranscribeStage;
pub use voices::{Voices, VoicesStage};
pub(crate) use wanted::{CHANNELS, Wanted};

use ::transcribe::{Finished, Partial};
use timeline::{Gap, Rung, SampleIdx, SegmentEvent, SegmentId};

/// From listening to transcribing.
pub enum Heard {
    /// Speech.
    Segment(SegmentEvent),
    /// A second of real time has passed.
    Beat(SampleIdx),
    /// Anything else, in its place between the segments.
    Note(SampleIdx, Note),
}

/// From transcribing to coaching. Clocks are absent where nothing runs in real time.
pub enum Words {
    /// Of the open segment.
    Partial(Partial),
    /// Of a closed segment, with milliseconds from the end of speech to the text.
    Finished(Finished, Option<f32>),
    /// A segment that had been opened has no words after all.
    Gone(SegmentId),
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
    /// The user says that the roles are the other way round.
    SwapRoles,
    /// How the machine keeps pace; once a second.
    Status {
        /// Milliseconds of audio that wait.
        lag_ms: u32,
        /// What is given up.
        rung: Rung,
    },
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
