//! Audio on its way from the source to the recogniser.

use serde::{Deserialize, Serialize};

use crate::{SampleIdx, Span};

/// Samples in a block: 32 ms, the step of the Silero VAD at 16 kHz.
pub const BLOCK_LEN: usize = 512;

/// A channel of the recording. A mono or mixed-down source has only channel 0.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ChannelId(pub u8);

/// [`BLOCK_LEN`] samples of one channel, in −1.0…1.0.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioBlock {
    /// Where it comes from.
    pub channel: ChannelId,
    /// Its first sample on the session's clock.
    pub start: SampleIdx,
    /// Exactly [`BLOCK_LEN`] values; the last block of a source is filled up with silence.
    pub samples: Vec<f32>,
}

impl AudioBlock {
    /// The stretch that it covers.
    #[must_use]
    pub fn span(&self) -> Span {
        Span::new(self.start, self.start + self.samples.len() as u64)
    }
}

/// Audio that was lost before it could be read. The clock went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The stretch without audio.
    pub span: Span,
}

/// The number of a segment within its session, from 0, over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(pub u64);

/// What the segmenter says of a stretch of speech. `samples` is always what is new since the event
/// before it, so that the whole segment is their concatenation.
#[derive(Debug, Clone, PartialEq)]
pub enum SegmentEvent {
    /// Speech began; `samples` starts with the pre-roll.
    Opened {
        /// The new segment.
        id: SegmentId,
        /// Its channel.
        channel: ChannelId,
        /// The first of `samples` on the clock.
        start: SampleIdx,
        /// Where the last block judged as speech so far ended.
        speech_end: SampleIdx,
        /// The audio so far.
        samples: Vec<f32>,
    },
    /// Speech goes on.
    Grown {
        /// The open segment.
        id: SegmentId,
        /// Where the last block judged as speech so far ended: what lies behind is a pause, or the end.
        speech_end: SampleIdx,
        /// The audio since the last event.
        samples: Vec<f32>,
    },
    /// Speech ended (or the longest segment was reached).
    Closed {
        /// The segment that was open.
        id: SegmentId,
        /// From the first of its samples to the last one sent, hang-over included.
        span: Span,
        /// Where the first block judged as speech began: behind the pre-roll.
        speech_start: SampleIdx,
        /// Where the last block judged as speech ended: the start of the clocks `final` and `cue`.
        speech_end: SampleIdx,
        /// The audio since the last event.
        samples: Vec<f32>,
    },
    /// What had been opened was no speech after all (too short, or too quiet): forget it.
    Dropped {
        /// The segment that was open.
        id: SegmentId,
    },
}
