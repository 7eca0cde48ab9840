//! Recordings as a source.

use std::{collections::VecDeque, io::Read, path::Path};

use timeline::{AudioBlock, BLOCK_LEN, ChannelId, SampleIdx, Span};

use crate::{
    CaptureError, ChannelMode, Poll, Source,
    channels::carries_two_speakers,
    decode::{Decode, Input, unreadable},
    resample::{Resampler, output_len},
};

/// The most that is kept of standard input: 2 GiB, over three hours of 48 kHz stereo at 16 bit. It has to be
/// kept since the channels are looked at before the first block.
pub const STDIN_LIMIT_BYTES: u64 = 2 << 30;

/// A recording, decoded as it is asked for: its length does not matter for memory.
///
/// Values that are no numbers (NaN, ±∞) become silence and are counted, see
/// [`invalid_samples`](Self::invalid_samples); values beyond ±1 are limited to it after the conversion to 16 kHz.
pub struct FileSource {
    name: String,
    decoder: Box<dyn Decode>,
    rate_hz: u32,
    file_channels: usize,
    lanes: Vec<Lane>,
    total: Option<Span>,
    state: State,
    interleaved: Vec<f32>,
    ready: VecDeque<AudioBlock>,
    next_start: SampleIdx,
    frames_read: u64,
    invalid_samples: u64,
}

/// One channel of the blocks.
struct Lane {
    resampler: Resampler,
    /// At the file's rate, of the piece in hand.
    input: Vec<f32>,
    /// At 16 kHz, waiting to fill a block.
    output: Vec<f32>,
}

enum State {
    Reading,
    /// The last blocks are on their way, then this is said.
    Failing(CaptureError),
    Ended,
}

impl FileSource {
    /// Opens the recording at `path`, of whatever format its content is.
    ///
    /// # Errors
    /// Of [`ErrorKind::Input`](crate::ErrorKind::Input): no such file, a folder, empty, no audio, a codec or
    /// rate that cannot be read.
    pub fn open(path: &Path, mode: ChannelMode) -> Result<Self, CaptureError> {
        Self::from_input(&Input::File(path.to_owned()), mode)
    }

    /// Reads a recording from a stream, standard input for one, to its end into memory, and calls it `name`.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`CaptureError::TooLarge`] beyond [`STDIN_LIMIT_BYTES`].
    pub fn from_reader(
        name: &str,
        reader: impl Read,
        mode: ChannelMode,
    ) -> Result<Self, CaptureError> {
        let bytes = read_limited(name, reader, STDIN_LIMIT_BYTES)?;
        Self::from_input(&Input::Memory { name: name.to_owned(), bytes: bytes.into() }, mode)
    }

    /// Values that were no numbers so far, over all channels.
    #[must_use]
    pub fn invalid_samples(&self) -> u64 {
        self.invalid_samples
    }

    fn from_input(input: &Input, mode: ChannelMode) -> Result<Self, CaptureError> {
        let name = input.name();
        let decoder = input.open()?;
        let format = decoder.format();
        let split = match mode {
            ChannelMode::Mix => false,
            ChannelMode::Split => format.channels >= 2,
            ChannelMode::Auto => format.channels == 2 && carries_two_speakers(&mut *input.open()?),
        };
        let lanes = (0..if split { 2 } else { 1 })
            .map(|_| {
                let resampler = Resampler::new(format.rate_hz, &name)?;
                Ok(Lane { resampler, input: Vec::new(), output: Vec::new() })
            })
            .collect::<Result<Vec<_>, CaptureError>>()?;
        let total = format.frames.map(|frames| {
            Span::new(SampleIdx::ZERO, SampleIdx(output_len(frames, format.rate_hz)))
        });
        Ok(Self {
            name,
            decoder,
            rate_hz: format.rate_hz,
            file_channels: format.channels,
            lanes,
            total,
            state: State::Reading,
            interleaved: Vec::new(),
            ready: VecDeque::new(),
            next_start: SampleIdx::ZERO,
            frames_read: 0,
            invalid_samples: 0,
        })
    }

    /// Reads one piece; the blocks that it fills are `ready` afterwards.
    fn read_piece(&mut self) -> Result<State, CaptureError> {
        self.interleaved.clear();
        let more = self.decoder.read(&mut self.interleaved);
        self.distribute()?;
        let next = match more {
            Ok(true) => State::Reading,
            Ok(false) if self.frames_read == 0 => {
                State::Failing(CaptureError::NoAudio { name: self.name.clone() })
            }
            Ok(false) => State::Ended,
            Err(e) => State::Failing(e),
        };
        if !matches!(next, State::Reading) {
            for lane in &mut self.lanes {
                lane.resampler.finish(&mut lane.output)?;
                let blocks = lane.output.len().div_ceil(BLOCK_LEN);
                lane.output.resize(blocks * BLOCK_LEN, 0.0);
            }
        }
        self.cut_blocks();
        Ok(next)
    }

    /// From the interleaved piece into the lanes: mixed, or channel by channel.
    fn distribute(&mut self) -> Result<(), CaptureError> {
        for value in &mut self.interleaved {
            if !value.is_finite() {
                *value = 0.0;
                self.invalid_samples += 1;
            }
        }
        let frames = self.interleaved.chunks_exact(self.file_channels);
        self.frames_read += frames.len() as u64;
        let share = 1.0 / self.file_channels as f32;
        let mix = self.lanes.len() == 1;
        for (channel, lane) in self.lanes.iter_mut().enumerate() {
            lane.input.clear();
            if mix {
                lane.input.extend(frames.clone().map(|f| f.iter().sum::<f32>() * share));
            } else {
                lane.input.extend(frames.clone().map(|f| f[channel]));
            }
            lane.resampler.push(&lane.input, &mut lane.output)?;
        }
        Ok(())
    }

    fn cut_blocks(&mut self) {
        // The lanes got the same number of samples at the same rate: they are equally long.
        let blocks = self.lanes.iter().map(|l| l.output.len() / BLOCK_LEN).min().unwrap_or(0);
        for block in 0..blocks {
            for (channel, lane) in self.lanes.iter().enumerate() {
                let samples = &lane.output[block * BLOCK_LEN..(block + 1) * BLOCK_LEN];
                self.ready.push_back(AudioBlock {
                    channel: ChannelId(channel as u8),
                    start: self.next_start,
                    samples: samples.iter().map(|v| v.clamp(-1.0, 1.0)).collect(),
                });
            }
            self.next_start = self.next_start + BLOCK_LEN as u64;
        }
        for lane in &mut self.lanes {
            lane.output.drain(..blocks * BLOCK_LEN);
        }
    }
}

impl Source for FileSource {
    fn poll(&mut self) -> Result<Poll, CaptureError> {
        loop {
            if let Some(block) = self.ready.pop_front() {
                return Ok(Poll::Block(block));
            }
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Reading => self.state = self.read_piece()?,
                State::Failing(e) => return Err(e),
                State::Ended => return Ok(Poll::End),
            }
        }
    }

    fn channels(&self) -> u8 {
        self.lanes.len() as u8
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn total(&self) -> Option<Span> {
        self.total
    }
}

impl std::fmt::Debug for FileSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSource")
            .field("name", &self.name)
            .field("rate_hz", &self.rate_hz)
            .field("file_channels", &self.file_channels)
            .field("channels", &self.lanes.len())
            .finish_non_exhaustive()
    }
}

fn read_limited(name: &str, reader: impl Read, limit: u64) -> Result<Vec<u8>, CaptureError> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes).map_err(|e| unreadable(name, e))?;
    if bytes.len() as u64 > limit {
        return Err(CaptureError::TooLarge { limit_mib: limit >> 20 });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_beyond_the_limit_is_refused() {
        assert_eq!(read_limited("-", &[1_u8, 2, 3][..], 3).unwrap(), [1, 2, 3]);
        let err = read_limited("-", &[1_u8, 2, 3, 4][..], 3).unwrap_err();
        assert!(matches!(err, CaptureError::TooLarge { limit_mib: 0 }));
    }
}
