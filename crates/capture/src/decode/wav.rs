//! WAV, read as it is met in the wild.
//!
//! Not hound's reader: it refuses a header of unknown length (what `ffmpeg … -f wav -` and `sox … -t wav -`
//! write into a pipe), 64-bit floats, 32-bit integers in the older header, chunks of odd length, RF64, and
//! a file whose last bytes are missing; all of these are recordings that people have.

use std::io::{self, Read};

use super::{Decode, Format, unreadable};
use crate::CaptureError;

/// Frames decoded at a time: 85 ms at 48 kHz.
const FRAMES_A_READ: usize = 4_096;

/// Lengths from here up to 2³¹ mean "unknown" (SoX into a pipe), as does `u32::MAX` (FFmpeg).
const SOX_UNKNOWN_LEN: std::ops::RangeInclusive<u32> = 0x7FFF_F000..=0x8000_0000;

/// More than any real recording has; a header that says so is no header.
const MAX_CHANNELS: u16 = 64;

pub(super) enum Opened<R> {
    Pcm(WavDecoder<R>),
    /// WAV, but neither integers nor floats inside.
    OtherCodec,
}

pub(super) struct WavDecoder<R> {
    reader: R,
    name: String,
    format: Format,
    encoding: Encoding,
    /// Bytes of audio that the header promises still; `None`: as far as the file goes.
    promised: Option<u64>,
    frames_read: u64,
    bytes: Vec<u8>,
}

/// How one value is stored. Fewer valid bits than the container has are left-justified (WAVEFORMATEXTENSIBLE),
/// so that the container's width alone says how to scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
}

impl<R: Read> WavDecoder<R> {
    pub(super) fn open(mut reader: R, name: &str) -> Result<Opened<R>, CaptureError> {
        match read_header(&mut reader) {
            Ok(Header::Pcm { fmt, encoding, promised }) => {
                let frame_bytes = encoding.bytes() * u64::from(fmt.channels);
                let format = Format {
                    rate_hz: fmt.rate_hz,
                    channels: usize::from(fmt.channels),
                    frames: promised.map(|bytes| bytes / frame_bytes),
                };
                if format.frames == Some(0) {
                    return Err(CaptureError::NoAudio { name: name.to_owned() });
                }
                Ok(Opened::Pcm(Self {
                    reader,
                    name: name.to_owned(),
                    format,
                    encoding,
                    promised,
                    frames_read: 0,
                    bytes: Vec::new(),
                }))
            }
            Ok(Header::OtherCodec) => Ok(Opened::OtherCodec),
            Err(HeaderError::Io(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Err(CaptureError::NoAudio { name: name.to_owned() })
            }
            Err(HeaderError::Io(e)) => Err(unreadable(name, e)),
            Err(HeaderError::Not) => Err(CaptureError::NotAudio { name: name.to_owned() }),
            Err(HeaderError::Unsupported(what)) => {
                Err(CaptureError::UnsupportedCodec { name: name.to_owned(), what })
            }
        }
    }

    fn frame_bytes(&self) -> usize {
        self.encoding.bytes() as usize * self.format.channels
    }

    fn truncated(&self, missing_bytes: u64) -> CaptureError {
        let rate = f64::from(self.format.rate_hz);
        CaptureError::Truncated {
            name: self.name.clone(),
            read_s: self.frames_read as f64 / rate,
            missing_s: (missing_bytes as f64 / self.frame_bytes() as f64) / rate,
        }
    }
}

impl<R: Read + Send> Decode for WavDecoder<R> {
    fn format(&self) -> Format {
        self.format
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, CaptureError> {
        let frame_bytes = self.frame_bytes();
        let wanted = (FRAMES_A_READ * frame_bytes) as u64;
        let wanted = self.promised.map_or(wanted, |left| left.min(wanted));
        self.bytes.clear();
        self.reader
            .by_ref()
            .take(wanted)
            .read_to_end(&mut self.bytes)
            .map_err(|e| unreadable(&self.name, e))?;
        let got = self.bytes.len() as u64;
        let whole = self.bytes.len() / frame_bytes;
        self.encoding.decode(&self.bytes[..whole * frame_bytes], out);
        self.frames_read += whole as u64;
        match &mut self.promised {
            Some(left) if got < wanted && whole == 0 => {
                let missing = *left;
                *left = 0;
                Err(self.truncated(missing))
            }
            Some(left) => {
                *left -= (whole * frame_bytes) as u64;
                // A promise that is no whole number of frames: the odd bytes are no audio.
                if *left < frame_bytes as u64 {
                    *left = 0;
                }
                Ok(whole > 0)
            }
            None => Ok(whole > 0),
        }
    }
}

impl Encoding {
    fn bytes(self) -> u64 {
        match self {
            Self::U8 => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        const I16_SCALE: f32 = 1.0 / 32_768.0;
        const I32_SCALE: f32 = 1.0 / 2_147_483_648.0;
        match self {
            Self::U8 => out.extend(bytes.iter().map(|&b| (f32::from(b) - 128.0) / 128.0)),
            Self::I16 => {
                let (values, _) = bytes.as_chunks::<2>();
                out.extend(values.iter().map(|&v| f32::from(i16::from_le_bytes(v)) * I16_SCALE));
            }
            Self::I24 => {
                let (values, _) = bytes.as_chunks::<3>();
                out.extend(
                    values
                        .iter()
                        .map(|&[a, b, c]| i32::from_le_bytes([0, a, b, c]) as f32 * I32_SCALE),
                );
            }
            Self::I32 => {
                let (values, _) = bytes.as_chunks::<4>();
                out.extend(values.iter().map(|&v| i32::from_le_bytes(v) as f32 * I32_SCALE));
            }
            Self::F32 => {
                let (values, _) = bytes.as_chunks::<4>();
                out.extend(values.iter().map(|&v| f32::from_le_bytes(v)));
            }
            Self::F64 => {
                let (values, _) = bytes.as_chunks::<8>();
                out.extend(values.iter().map(|&v| f64::from_le_bytes(v) as f32));
            }
        }
    }
}

enum Header {
    Pcm { fmt: Fmt, encoding: Encoding, promised: Option<u64> },
    OtherCodec,
}

enum HeaderError {
    Io(io::Error),
    Not,
    Unsupported(String),
}

impl From<io::Error> for HeaderError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

#[derive(Clone, Copy)]
struct Fmt {
    tag: u16,
    channels: u16,
    rate_hz: u32,
    frame_bytes: u16,
}

/// Reads up to the first byte of audio.
fn read_header(reader: &mut impl Read) -> Result<Header, HeaderError> {
    let [riff, len, wave] = read_words(reader)?;
    if &wave != b"WAVE" {
        return Err(HeaderError::Not);
    }
    if &riff == b"RIFX" {
        return Err(HeaderError::Unsupported("big-endian RIFX".to_owned()));
    }
    let riff_len = u32::from_le_bytes(len);
    let mut position = 12_u64;
    let mut fmt = None;
    let mut long_len = None;
    loop {
        let [id, len] = read_words(reader)?;
        let len = u32::from_le_bytes(len);
        position += 8;
        match &id {
            b"fmt " => fmt = Some(read_fmt(reader, len)?),
            b"ds64" => {
                let [_, _, low, high] = read_words(reader)?;
                skip(reader, u64::from(len).saturating_sub(16))?;
                long_len = Some(u64::from_le_bytes(join(low, high)));
            }
            b"data" => {
                let fmt: Fmt = fmt.ok_or_else(|| {
                    HeaderError::Unsupported("no description of its format".into())
                })?;
                let Some(encoding) = encoding(fmt)? else { return Ok(Header::OtherCodec) };
                let promised = match (len, long_len) {
                    (u32::MAX, Some(len)) => Some(len),
                    (u32::MAX, None) => None,
                    (len, _) if SOX_UNKNOWN_LEN.contains(&len) => None,
                    // A recorder that was killed before it wrote the length.
                    (0, _) if u64::from(riff_len) + 8 <= position => None,
                    (len, _) => Some(u64::from(len)),
                };
                return Ok(Header::Pcm { fmt, encoding, promised });
            }
            // A byte pads chunks of odd length.
            _ => skip(reader, u64::from(len) + u64::from(len % 2))?,
        }
        position += u64::from(len) + u64::from(len % 2);
    }
}

const TAG_PCM: u16 = 1;
const TAG_FLOAT: u16 = 3;
const TAG_EXTENSIBLE: u16 = 0xFFFE;

fn read_fmt(reader: &mut impl Read, len: u32) -> Result<Fmt, HeaderError> {
    /// Enough for the extensible header, whose sub-format starts at byte 24.
    const LONGEST: u32 = 40;
    if len < 16 {
        return Err(HeaderError::Unsupported("its format description is cut off".to_owned()));
    }
    let mut bytes = [0_u8; LONGEST as usize];
    let known = len.min(LONGEST);
    reader.read_exact(&mut bytes[..known as usize])?;
    skip(reader, u64::from(len - known) + u64::from(len % 2))?;
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let tag = match word(0) {
        TAG_EXTENSIBLE if known >= 26 => word(24),
        tag => tag,
    };
    let rate_hz = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let fmt = Fmt { tag, channels: word(2), rate_hz, frame_bytes: word(12) };
    if !(1..=MAX_CHANNELS).contains(&fmt.channels) {
        return Err(HeaderError::Unsupported(format!("{} channels", fmt.channels)));
    }
    Ok(fmt)
}

/// `None` for what is neither integers nor floats.
fn encoding(fmt: Fmt) -> Result<Option<Encoding>, HeaderError> {
    let bytes = fmt.frame_bytes / fmt.channels;
    Ok(Some(match (fmt.tag, bytes) {
        (TAG_PCM, 1) => Encoding::U8,
        (TAG_PCM, 2) => Encoding::I16,
        (TAG_PCM, 3) => Encoding::I24,
        (TAG_PCM, 4) => Encoding::I32,
        (TAG_FLOAT, 4) => Encoding::F32,
        (TAG_FLOAT, 8) => Encoding::F64,
        (TAG_PCM | TAG_FLOAT, _) => {
            return Err(HeaderError::Unsupported(format!("{} bits a sample", bytes * 8)));
        }
        _ => return Ok(None),
    }))
}

fn read_words<const N: usize>(reader: &mut impl Read) -> io::Result<[[u8; 4]; N]> {
    let mut words = [[0; 4]; N];
    for word in &mut words {
        reader.read_exact(word)?;
    }
    Ok(words)
}

fn join([a, b, c, d]: [u8; 4], [e, f, g, h]: [u8; 4]) -> [u8; 8] {
    [a, b, c, d, e, f, g, h]
}

fn skip(reader: &mut impl Read, bytes: u64) -> io::Result<()> {
    if io::copy(&mut reader.take(bytes), &mut io::sink())? < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let body: Vec<u8> = chunks
            .iter()
            .flat_map(|(id, data)| {
                let mut chunk = id.to_vec();
                chunk.extend((data.len() as u32).to_le_bytes());
                chunk.extend_from_slice(data);
                chunk.extend(std::iter::repeat_n(0, data.len() % 2));
                chunk
            })
            .collect();
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((body.len() as u32 + 4).to_le_bytes());
        bytes.extend(b"WAVE");
        bytes.extend(body);
        bytes
    }

    fn fmt(tag: u16, channels: u16, rate: u32, bytes: u16) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(tag.to_le_bytes());
        out.extend(channels.to_le_bytes());
        out.extend(rate.to_le_bytes());
        out.extend((rate * u32::from(channels * bytes)).to_le_bytes());
        out.extend((channels * bytes).to_le_bytes());
        out.extend((bytes * 8).to_le_bytes());
        out
    }

    fn read_all(bytes: &[u8]) -> (Vec<f32>, Result<(), CaptureError>) {
        let mut out = Vec::new();
        let mut decoder = match WavDecoder::open(bytes, "x.wav") {
            Ok(Opened::Pcm(decoder)) => decoder,
            Ok(Opened::OtherCodec) => panic!("other codec"),
            Err(e) => return (out, Err(e)),
        };
        loop {
            match decoder.read(&mut out) {
                Ok(true) => {}
                Ok(false) => return (out, Ok(())),
                Err(e) => return (out, Err(e)),
            }
        }
    }

    #[test]
    fn scales_every_encoding_the_same() {
        let half: [(u16, u16, Vec<u8>); 6] = [
            (1, 1, vec![192]),
            (1, 2, 16_384_i16.to_le_bytes().to_vec()),
            (1, 3, vec![0, 0, 0x40]),
            (1, 4, 0x4000_0000_i32.to_le_bytes().to_vec()),
            (3, 4, 0.5_f32.to_le_bytes().to_vec()),
            (3, 8, 0.5_f64.to_le_bytes().to_vec()),
        ];
        for (tag, bytes, data) in half {
            let file = wav(&[(b"fmt ", &fmt(tag, 1, 16_000, bytes)), (b"data", &data.repeat(3))]);
            let (samples, end) = read_all(&file);
            assert!(end.is_ok());
            assert_eq!(samples, [0.5; 3], "tag {tag}, {bytes} bytes");
        }
    }

    #[test]
    fn passes_over_other_chunks_of_odd_length() {
        let file = wav(&[
            (b"LIST", b"odd"),
            (b"fmt ", &fmt(1, 1, 8_000, 2)),
            (b"note", b"!"),
            (b"data", &[0, 0x40]),
        ]);
        assert_eq!(read_all(&file).0, [0.5]);
    }

    #[test]
    fn a_length_of_a_pipe_or_of_a_killed_recorder_means_as_far_as_it_goes() {
        for unknown in [u32::MAX, 0x7FFF_F000, 0] {
            let mut file = wav(&[(b"fmt ", &fmt(1, 1, 8_000, 2)), (b"data", &[0, 0x40, 0, 0x40])]);
            let at = file.len() - 8;
            file[at..at + 4].copy_from_slice(&unknown.to_le_bytes());
            file[4..8].copy_from_slice(&unknown.to_le_bytes());
            let (samples, end) = read_all(&file);
            assert!(end.is_ok(), "{unknown:x}");
            assert_eq!(samples, [0.5; 2]);
        }
    }

    #[test]
    fn rf64_takes_its_length_from_ds64() {
        let mut ds64 = 0_u64.to_le_bytes().to_vec();
        ds64.extend(4_u64.to_le_bytes());
        ds64.extend([0; 12]);
        let mut file = wav(&[
            (b"ds64", &ds64),
            (b"fmt ", &fmt(1, 1, 8_000, 2)),
            (b"data", &[0, 0x40, 0, 0x40, 9, 9]),
        ]);
        file[..8].copy_from_slice(b"RF64\xFF\xFF\xFF\xFF");
        let at = file.len() - 10;
        file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read_all(&file).0, [0.5; 2]);
    }

    #[test]
    fn what_is_missing_is_said_after_what_is_there() {
        let data: Vec<u8> = std::iter::repeat_n([0, 0x40], 16_000).flatten().collect();
        let mut file = wav(&[(b"fmt ", &fmt(1, 1, 8_000, 2)), (b"data", &data)]);
        file.truncate(file.len() - 8_001);
        let (samples, end) = read_all(&file);
        assert_eq!(samples.len(), 16_000 - 4_001);
        let Err(CaptureError::Truncated { read_s, missing_s, .. }) = end else { panic!("{end:?}") };
        assert!((read_s + missing_s - 2.0).abs() < 1e-9 && (missing_s - 0.5).abs() < 1e-3);
    }

    #[test]
    fn broken_headers_are_errors() {
        let no_fmt = wav(&[(b"data", &[0, 0])]);
        let no_channels = wav(&[(b"fmt ", &fmt(1, 0, 8_000, 2)), (b"data", &[0, 0])]);
        let five_bytes = wav(&[(b"fmt ", &fmt(1, 1, 8_000, 5)), (b"data", &[0, 0])]);
        for file in [no_fmt, no_channels, five_bytes] {
            assert!(matches!(read_all(&file).1, Err(CaptureError::UnsupportedCodec { .. })));
        }
        let no_data = wav(&[(b"fmt ", &fmt(1, 1, 8_000, 2))]);
        assert!(matches!(read_all(&no_data).1, Err(CaptureError::NoAudio { .. })));
        let no_samples = wav(&[(b"fmt ", &fmt(1, 1, 8_000, 2)), (b"data", &[])]);
        assert!(read_all(&no_samples).0.is_empty());
        assert!(matches!(read_all(b"RIFF\0\0\0\0AVI ").1, Err(CaptureError::NotAudio { .. })));
    }
}
