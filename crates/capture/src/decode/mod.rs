//! Recordings, whatever their format, as interleaved floats at their own rate.

mod compressed;
mod wav;

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek},
    path::{Path, PathBuf},
    sync::Arc,
};

use symphonia::core::io::MediaSource;

use crate::CaptureError;

/// What a recording is before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// Device frames a second.
    pub(crate) rate_hz: u32,
    /// Values in a frame; at least 1.
    pub(crate) channels: usize,
    /// Frames in the whole recording, where the header says so and the file is long enough.
    pub(crate) frames: Option<u64>,
}

/// A recording that is read piece by piece; never more than a piece is in memory.
pub(crate) trait Decode: Send {
    fn format(&self) -> Format;

    /// Appends the next piece, interleaved, to `out`; `false` at the end.
    ///
    /// # Errors
    /// When the rest cannot be read; all before was delivered.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, CaptureError>;
}

/// Bytes that can be opened more than once: a first pass looks at the channels.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    File(PathBuf),
    Memory { name: String, bytes: Arc<[u8]> },
}

impl Input {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path
                .file_name()
                .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned()),
            Self::Memory { name, .. } => name.clone(),
        }
    }

    /// Opens the recording by its content; the extension only helps where the content is ambiguous.
    pub(crate) fn open(&self) -> Result<Box<dyn Decode>, CaptureError> {
        let name = self.name();
        let extension = match self {
            Self::File(path) => path.extension().and_then(|e| e.to_str()).map(str::to_lowercase),
            Self::Memory { .. } => None,
        };
        let mut bytes = self.bytes()?;
        let head = read_head(&mut bytes).map_err(|e| unreadable(&name, e))?;
        match sniff(&head, extension.as_deref()) {
            Sniffed::Nothing => Err(CaptureError::Empty { name }),
            Sniffed::Unknown => Err(CaptureError::NotAudio { name }),
            Sniffed::Compressed => compressed::open(bytes, name, extension.as_deref()),
            Sniffed::Wav => match wav::WavDecoder::open(BufReader::new(bytes), &name)? {
                wav::Opened::Pcm(decoder) => Ok(Box::new(decoder)),
                // A-law, µ-law and the like: the other library knows them.
                wav::Opened::OtherCodec => compressed::open(self.bytes()?, name, Some("wav")),
            },
        }
    }

    fn bytes(&self) -> Result<Box<dyn MediaSource>, CaptureError> {
        match self {
            Self::File(path) => Ok(Box::new(open_file(path)?)),
            Self::Memory { bytes, .. } => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
        }
    }
}

fn open_file(path: &Path) -> Result<File, CaptureError> {
    let name = || path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => CaptureError::NotFound { path: path.to_owned() },
        _ => unreadable(&name(), e),
    })?;
    if metadata.is_dir() {
        return Err(CaptureError::IsFolder { path: path.to_owned() });
    }
    File::open(path).map_err(|e| unreadable(&name(), e))
}

pub(crate) fn unreadable(name: &str, source: io::Error) -> CaptureError {
    CaptureError::Unreadable { name: name.to_owned(), source }
}

/// Bytes that tell the formats apart.
const HEAD_BYTES: usize = 12;

fn read_head(bytes: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    bytes.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    bytes.rewind()?;
    Ok(head)
}

enum Sniffed {
    Nothing,
    Wav,
    Compressed,
    Unknown,
}

fn sniff(head: &[u8], extension: Option<&str>) -> Sniffed {
    match head {
        [] => Sniffed::Nothing,
        [b'R', b'I', b'F', b'F' | b'X', ..] | [b'R', b'F', b'6', b'4', ..] => Sniffed::Wav,
        [b'f', b'L', b'a', b'C', ..] | [b'O', b'g', b'g', b'S', ..] => Sniffed::Compressed,
        [b'I', b'D', b'3', ..] | [_, _, _, _, b'f', b't', b'y', b'p', ..] => Sniffed::Compressed,
        // The sync word of MPEG audio and of ADTS: eleven set bits.
        [0xFF, second, ..] if second & 0xE0 == 0xE0 => Sniffed::Compressed,
        // Some MP3 files start with padding; a text named .mp3 is found out by the demuxer.
        [0, ..] if extension == Some("mp3") => Sniffed::Compressed,
        _ => Sniffed::Unknown,
    }
}
