//! The four threads between a source and the window.

mod coach;
mod cross_talk;
mod cut;
mod desk;
mod listen;
mod talk;
mod transcribe;
mod voices;
mod wanted;
mod who;

pub use coach::CoachStage;
pub(crate) use cross_talk::CrossTalk;
pub use listen::ListenStage;
pub use transcribe::TranscribeStage;
pub use voices::{Voices, VoicesStage};
pub(crate) use wanted::{CHANNELS, Wanted};

use ::transcribe::{Finished, Partial};
use timeline::{Gap, Rung, SampleIdx, SegmentEvent, SegmentId, Span, TimedWord};

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
    /// The words of each piece that was asked for, as far as any are to be trusted.
    Apart(Vec<Option<Vec<TimedWord>>>),
    /// Passed on.
    Note(SampleIdx, Note),
    /// Nothing more will come but answers.
    Last,
}

/// From coaching back to transcribing, about a segment that two people speak in.
pub enum Ask {
    /// Another voice begins there in an open segment.
    Cut {
        /// Which one.
        id: SegmentId,
        /// Where.
        at: SampleIdx,
    },
    /// The words of pieces of a closed one, each decoded by itself; answered by [`Words::Apart`].
    Apart {
        /// Which one.
        id: SegmentId,
        /// What is wanted, in order.
        pieces: Vec<Span>,
    },
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
