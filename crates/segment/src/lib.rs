//! Finds where speech starts and ends.
//!
//! A [`Segmenter`] takes the blocks of one channel and says when a stretch of speech opened, grew, closed or was
//! none after all. Whether a block is speech is a [`SpeechDetector`]'s business: [`Silero`], or [`Scripted`] in
//! tests.
//!
//! ```
//! use segment::{Scripted, Segmenter, SegmenterConfig};
//! use timeline::{AudioBlock, BLOCK_LEN, ChannelId, SampleIdx, SegmentEvent};
//!
//! // Ten blocks of speech, then silence: one segment, closed by the hang-over.
//! let detector = Scripted::new([0.9; 10]);
//! let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, SegmenterConfig::default())?;
//! let mut events = Vec::new();
//! for n in 0..30 {
//!     let start = SampleIdx(n * BLOCK_LEN as u64);
//!     let block = AudioBlock { channel: ChannelId(0), start, samples: vec![0.1; BLOCK_LEN] };
//!     segmenter.push(&block, &mut events)?;
//! }
//! assert!(matches!(events.first(), Some(SegmentEvent::Opened { .. })));
//! let Some(SegmentEvent::Closed { speech_end, .. }) = events.last() else { panic!() };
//! assert_eq!(*speech_end, SampleIdx(10 * BLOCK_LEN as u64));
//! # Ok::<(), segment::SegmentError>(())
//! ```
//!
//! Architecture invariant: this crate does not know where audio comes from nor what is said in it.

mod config;
mod detector;
mod error;
mod segmenter;
mod silero;
mod tape;

pub use config::SegmenterConfig;
pub use detector::{Scripted, SpeechDetector};
pub use error::SegmentError;
pub use segmenter::Segmenter;
pub use silero::Silero;
