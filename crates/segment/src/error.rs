//! What can go wrong.

use std::path::PathBuf;

use timeline::{ChannelId, SampleIdx};

/// Why speech cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// Ask the user: the voice detector is not there.
    #[error("the voice detector {} is missing. Run `make setup`, or `gids doctor` to see where it is looked for.", path.display())]
    ModelMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Ask the user: the file is no such model, or is damaged.
    #[error("the voice detector {} cannot be loaded ({what}). Remove the file and run `make setup` to fetch it again.", path.display())]
    ModelBroken {
        /// The file.
        path: PathBuf,
        /// The runtime's reason.
        what: String,
    },
    /// The model failed on a block; the next one may work.
    #[error("the voice detector failed: {what}")]
    Detector {
        /// The runtime's reason.
        what: String,
    },
    /// A setting makes no sense.
    #[error("the setting segment.{setting} = {value} makes no sense: {why}")]
    Config {
        /// Its name.
        setting: &'static str,
        /// Its value.
        value: f32,
        /// What it should be.
        why: &'static str,
    },
    /// A mistake of the caller: a block of another length.
    #[error("a block of {len} samples; blocks have {}", timeline::BLOCK_LEN)]
    BlockLength {
        /// Its length.
        len: usize,
    },
    /// A mistake of the caller: a block of another channel.
    #[error("a block of channel {} went to the segmenter of channel {}", got.0, own.0)]
    WrongChannel {
        /// The block's channel.
        got: ChannelId,
        /// The segmenter's channel.
        own: ChannelId,
    },
    /// A mistake of the caller: time went backwards.
    #[error("a block at sample {} came after sample {} was heard", got.0, clock.0)]
    OutOfOrder {
        /// The block's start.
        got: SampleIdx,
        /// What had been heard so far.
        clock: SampleIdx,
    },
}
