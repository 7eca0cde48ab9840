//! Turns a microphone or a recording into 16 kHz mono blocks.
//!
//! A [`Source`] is polled by whoever owns its thread; it never starts a thread of its own (the audio
//! system does, for the microphone's callback) and never blocks in a live session. Two
//! implementations: [`FileSource`] (WAV, FLAC, MP3, OGG Vorbis, M4A) and [`MicSource`] (cpal).
//!
//! ```text
//! file        → decode → mix or split → resample → blocks
//! microphone  → callback: downmix, push → ring (10 s) → resample → blocks, gaps
//! ```
//!
//! Resampling keeps time: the filter's delay is taken off again, so that a sample's place on the clock
//! is where it was in the source (within one sample for WAV and FLAC; MP3 and AAC encoders shift by
//! their own delay, up to about 50 ms, where the file does not say how much).
//!
//! Architecture invariant: no model, no text, no journal in this crate; audio comes in, blocks go out.

mod channels;
mod decode;
mod devices;
mod error;
mod file;
mod live;
mod mic;
mod player;
mod replay_device;
mod resample;
mod ring;

use timeline::{AudioBlock, Gap, Span};

pub use channels::{ChannelMode, ParseChannelModeError};
pub use devices::{DeviceInfo, input_devices};
pub use error::{CaptureError, ErrorKind};
pub use file::{FileSource, STDIN_LIMIT_BYTES};
pub use live::LiveBlocks;
pub use mic::MicSource;
pub use player::Player;
pub use replay_device::ReplayDevice;
pub use ring::{CallbackWriter, RING_SECS, Read, RingReader, callback_ring};

/// What a source has for its reader.
#[derive(Debug, Clone, PartialEq)]
pub enum Poll {
    /// The next block. With two channels, those of channel 0 and 1 for the same stretch alternate.
    Block(AudioBlock),
    /// Audio was lost; it comes right after the block that holds the gap's first sample (the lost part
    /// of that block is silence), before the first block with audio from behind the gap.
    Gap(Gap),
    /// Nothing yet: ask again in some milliseconds. Only live sources say this.
    Pending,
    /// There is no more, now or later.
    End,
}

/// Where audio comes from.
pub trait Source: Send {
    /// The next thing that the source has. A file reads and decodes as much as one block needs; a
    /// microphone never blocks.
    ///
    /// # Errors
    /// When the source failed for good; everything that could be read was delivered before. After an
    /// error every further call says [`Poll::End`].
    fn poll(&mut self) -> Result<Poll, CaptureError>;

    /// How many channels the blocks come from: 1, or 2 where a recording's channels are kept apart.
    fn channels(&self) -> u8;

    /// What to call it in a journal: a file's name or a device's.
    fn name(&self) -> &str;

    /// The stretch that the whole source covers, where that is known beforehand.
    fn total(&self) -> Option<Span>;
}
