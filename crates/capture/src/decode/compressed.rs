//! FLAC, MP3, OGG Vorbis, M4A (AAC) and the rarer codecs inside of WAV, through symphonia.

use std::io;

use symphonia::core::{
    codecs::audio::{AudioDecoder, AudioDecoderOptions, well_known::CODEC_ID_FLAC},
    errors::Error,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint},
    io::{MediaSource, MediaSourceStream},
    meta::MetadataOptions,
    packet::Packet,
    units::TimeBase,
};

use super::{Decode, Format, unreadable};
use crate::CaptureError;

/// Damaged packets in a row after which the rest counts as unreadable: about a second of any codec.
const MAX_BAD_PACKETS: u32 = 50;

pub(super) fn open(
    bytes: Box<dyn MediaSource>,
    name: String,
    extension: Option<&str>,
) -> Result<Box<dyn Decode>, CaptureError> {
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(bytes, Default::default());
    let reader = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|e| match e {
            Error::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => unreadable(&name, e),
            _ => CaptureError::NotAudio { name: name.clone() },
        })?;
    let unsupported =
        |what: &str| CaptureError::UnsupportedCodec { name: name.clone(), what: what.to_owned() };
    let track = reader
        .default_track(TrackType::Audio)
        .ok_or_else(|| CaptureError::NoAudio { name: name.clone() })?;
    let params = track
        .codec_params
        .as_ref()
        .and_then(|params| params.audio())
        .ok_or_else(|| unsupported("an unknown codec"))?;
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|e| unsupported(&e.to_string()))?;
    // Only FLAC states its length exactly; the others estimate it or write it last.
    let exact_frames = track.num_frames.filter(|_| params.codec == CODEC_ID_FLAC);
    let mut opened = Compressed {
        track_id: track.id,
        time_base: track.time_base,
        format: Format { rate_hz: 0, channels: 0, frames: track.num_frames },
        reader,
        decoder,
        name,
        exact_frames,
        frames_read: 0,
        bad_packets: 0,
        ready: Vec::new(),
    };
    opened.read_first()?;
    Ok(Box::new(opened))
}

struct Compressed {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    time_base: Option<TimeBase>,
    name: String,
    format: Format,
    exact_frames: Option<u64>,
    frames_read: u64,
    /// In a row.
    bad_packets: u32,
    /// The first packet, which had to be decoded to learn rate and channels.
    ready: Vec<f32>,
}

enum Step {
    Decoded,
    Skipped,
    End,
}

impl Compressed {
    fn read_first(&mut self) -> Result<(), CaptureError> {
        let mut first = Vec::new();
        loop {
            match self.step(&mut first)? {
                Step::Decoded if !first.is_empty() => break,
                Step::Decoded | Step::Skipped => {}
                Step::End => return Err(CaptureError::NoAudio { name: self.name.clone() }),
            }
        }
        self.ready = first;
        Ok(())
    }

    /// Reads and decodes one packet.
    fn step(&mut self, out: &mut Vec<f32>) -> Result<Step, CaptureError> {
        let packet = match self.reader.next_packet() {
            Ok(Some(packet)) => packet,
            // A second stream behind the first in one OGG file: the first is the recording.
            Ok(None) | Err(Error::ResetRequired) => return Ok(Step::End),
            Err(Error::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Step::End);
            }
            Err(Error::IoError(e)) => return Err(unreadable(&self.name, e)),
            Err(e) => return Err(self.damaged(&e)),
        };
        if packet.track_id != self.track_id {
            return Ok(Step::Skipped);
        }
        match self.decoder.decode(&packet) {
            Ok(buffer) => {
                self.bad_packets = 0;
                let spec = buffer.spec();
                let (rate_hz, channels) = (spec.rate(), spec.channels().count());
                let mut samples = Vec::new();
                buffer.copy_to_vec_interleaved(&mut samples);
                if self.format.channels == 0 {
                    self.format.rate_hz = rate_hz;
                    self.format.channels = channels.max(1);
                } else if (rate_hz, channels) != (self.format.rate_hz, self.format.channels) {
                    return Err(self.damaged(&"rate or channels change on the way"));
                }
                self.frames_read += (samples.len() / self.format.channels) as u64;
                out.append(&mut samples);
                Ok(Step::Decoded)
            }
            Err(Error::DecodeError(_) | Error::IoError(_))
                if self.bad_packets < MAX_BAD_PACKETS =>
            {
                self.bad_packets += 1;
                self.silence_for(&packet, out);
                Ok(Step::Skipped)
            }
            Err(e) => Err(self.damaged(&e)),
        }
    }

    /// A damaged packet becomes silence of its length, so that what follows keeps its place in time.
    fn silence_for(&mut self, packet: &Packet, out: &mut Vec<f32>) {
        let Some(time_base) = self.time_base else { return };
        let frames =
            packet.dur.get() * u64::from(time_base.numer.get()) * u64::from(self.format.rate_hz)
                / u64::from(time_base.denom.get());
        self.frames_read += frames;
        let values = usize::try_from(frames).unwrap_or(0) * self.format.channels;
        out.extend(std::iter::repeat_n(0.0, values));
    }

    fn damaged(&self, what: &impl std::fmt::Display) -> CaptureError {
        CaptureError::Damaged {
            name: self.name.clone(),
            at_s: self.frames_read as f64 / f64::from(self.format.rate_hz.max(1)),
            what: what.to_string(),
        }
    }
}

impl Decode for Compressed {
    fn format(&self) -> Format {
        self.format
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, CaptureError> {
        if !self.ready.is_empty() {
            out.append(&mut self.ready);
            return Ok(true);
        }
        let before = out.len();
        loop {
            match self.step(out)? {
                Step::End => break,
                Step::Decoded | Step::Skipped if out.len() > before => return Ok(true),
                Step::Decoded | Step::Skipped => {}
            }
        }
        match self.exact_frames.take() {
            Some(frames) if self.frames_read < frames => {
                let rate = f64::from(self.format.rate_hz);
                Err(CaptureError::Truncated {
                    name: self.name.clone(),
                    read_s: self.frames_read as f64 / rate,
                    missing_s: (frames - self.frames_read) as f64 / rate,
                })
            }
            _ => Ok(false),
        }
    }
}
