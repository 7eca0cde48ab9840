//! What can go wrong, grouped by what the caller can do about it.

use std::path::PathBuf;

/// Why audio cannot be read. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// There is no such file.
    #[error("{} does not exist. Check the path.", path.display())]
    NotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("{} is a folder. Give the path of one recording in it.", path.display())]
    IsFolder {
        /// What was asked for.
        path: PathBuf,
    },
    /// The operating system refused or failed to read.
    #[error(
        "{name} cannot be read: {source}. Check that the file is there and that you may read it."
    )]
    Unreadable {
        /// The file.
        name: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file has no bytes.
    #[error("{name} is empty (0 bytes). Record or copy it again.")]
    Empty {
        /// The file.
        name: String,
    },
    /// The content is no audio that is known, whatever the name says.
    #[error(
        "{name} is no audio file: its content is not WAV, FLAC, MP3, OGG or M4A. Give a recording, or convert it to WAV."
    )]
    NotAudio {
        /// The file.
        name: String,
    },
    /// A known container that holds no sound.
    #[error("{name} holds no sound. Record or export it again.")]
    NoAudio {
        /// The file.
        name: String,
    },
    /// A known container with a codec or a variant that cannot be decoded.
    #[error("{name} holds audio that cannot be decoded ({what}). Convert it to WAV.")]
    UnsupportedCodec {
        /// The file.
        name: String,
        /// The codec or variant.
        what: String,
    },
    /// The header claims more audio than there is. What there is was delivered.
    #[error("{name} is cut off: {missing_s:.1} s of the {:.1} s that its header promises are missing. What is there was read; copy the file again for the rest.", read_s + missing_s)]
    Truncated {
        /// The file.
        name: String,
        /// Seconds that were delivered.
        read_s: f64,
        /// Seconds that are missing.
        missing_s: f64,
    },
    /// The file broke off with something that cannot be read. What came before was delivered.
    #[error(
        "{name} is damaged after {at_s:.1} s ({what}). What comes before was read; copy or convert the file again for the rest."
    )]
    Damaged {
        /// The file.
        name: String,
        /// Seconds that were delivered.
        at_s: f64,
        /// The decoder's reason.
        what: String,
    },
    /// Standard input gave more than is kept in memory.
    #[error(
        "standard input holds more than {limit_mib} MiB. Store it as a file and give its path."
    )]
    TooLarge {
        /// The limit.
        limit_mib: u64,
    },
    /// A sample rate that makes no sense for speech.
    #[error(
        "{name} has a sample rate of {rate_hz} Hz; rates from 2,000 to 768,000 Hz can be read. Convert it to 16 kHz."
    )]
    UnsupportedRate {
        /// The file or device.
        name: String,
        /// Its rate.
        rate_hz: u32,
    },
    /// It cannot play the part of a microphone.
    #[error("{name} cannot be measured with: {why}.")]
    Unsuitable {
        /// The recording.
        name: String,
        /// Why.
        why: String,
    },
    /// There is no microphone at all.
    #[error(
        "no microphone was found. Connect one, or check that PulseAudio, PipeWire or ALSA runs; `gids devices` lists what is there."
    )]
    NoDevice,
    /// There are microphones, but none of that name.
    #[error("there is no microphone \"{wanted}\". Choose one of: {}.", available.join(", "))]
    UnknownDevice {
        /// What was asked for.
        wanted: String,
        /// Names of what is there.
        available: Vec<String>,
    },
    /// Sound cannot be played.
    #[error("no loudspeaker can be used ({what}). Connect one, or go on without sound.")]
    NoLoudspeaker {
        /// The system's reason.
        what: String,
    },
    /// Another program holds it.
    #[error(
        "the microphone {name} is in use by another program. Close that program and try again."
    )]
    DeviceBusy {
        /// The device.
        name: String,
    },
    /// The system does not let the program record.
    #[error(
        "the system does not allow recording from {name}. Allow microphone access (on Linux: membership of the group audio) and try again."
    )]
    PermissionDenied {
        /// The device.
        name: String,
    },
    /// It gives no format that can be read.
    #[error(
        "the microphone {name} offers no usable format ({what}). Choose another one with --device."
    )]
    UnsupportedDevice {
        /// The device.
        name: String,
        /// Its format, or the system's reason.
        what: String,
    },
    /// It was there and is gone: unplugged, or the sound server stopped.
    #[error(
        "the microphone {name} is gone. Connect it again, or choose another one, and start a new session."
    )]
    DeviceGone {
        /// The device.
        name: String,
    },
    /// The audio system failed in a way that it does not explain further.
    #[error("the audio system failed on {name}: {what}. Try again, or choose another microphone.")]
    Stream {
        /// The device.
        name: String,
        /// The system's reason.
        what: String,
    },
    /// The rate converter refused, which none of its inputs here should make it do.
    #[error("the sample rate of {rate_hz} Hz could not be converted: {what}. Please report this.")]
    Resample {
        /// The rate it comes from.
        rate_hz: u32,
        /// The converter's reason.
        what: String,
    },
}

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Ask for another file.
    Input,
    /// What could be read was delivered: end the session in good order and say what is missing.
    Partial,
    /// Ask for another device, or for permission.
    Device,
    /// The same call may succeed a little later.
    Retry,
    /// Open the source again.
    Rebuild,
    /// A mistake of Gids itself.
    Bug,
}

impl CaptureError {
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. }
            | Self::IsFolder { .. }
            | Self::Unreadable { .. }
            | Self::Empty { .. }
            | Self::NotAudio { .. }
            | Self::NoAudio { .. }
            | Self::UnsupportedCodec { .. }
            | Self::UnsupportedRate { .. }
            | Self::Unsuitable { .. }
            | Self::TooLarge { .. } => ErrorKind::Input,
            Self::Truncated { .. } | Self::Damaged { .. } => ErrorKind::Partial,
            Self::NoDevice
            | Self::UnknownDevice { .. }
            | Self::PermissionDenied { .. }
            | Self::NoLoudspeaker { .. }
            | Self::UnsupportedDevice { .. } => ErrorKind::Device,
            Self::DeviceBusy { .. } => ErrorKind::Retry,
            Self::DeviceGone { .. } | Self::Stream { .. } => ErrorKind::Rebuild,
            Self::Resample { .. } => ErrorKind::Bug,
        }
    }
}
