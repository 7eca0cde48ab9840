//! Plays a recording aloud while it is replayed, so that the listener hears what Gids hears.
//!
//! The callback follows the rules of the recording side: it takes from a ring buffer, and nothing in it
//! allocates, locks, logs or can panic.

use cpal::{
    FromSample, SampleFormat, SizedSample, Stream, StreamConfig,
    traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _},
};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer as _, Producer as _, Split as _},
};
use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, WindowFunction,
    audioadapter_buffers::direct::SequentialSlice,
};
use timeline::{BLOCK_LEN, SAMPLE_RATE_HZ};

use crate::CaptureError;

/// What may wait to be played, in seconds: more than one block, so that a late one is not heard as a
/// click, and little, so that a pause is heard at once.
const AHEAD_S: f64 = 0.4;
/// Half of it is the delay of the filter, 1 ms: this is for an ear, not for a recogniser.
const SINC_LEN: usize = 32;

/// An open loudspeaker. Dropping it ends the sound.
pub struct Player {
    samples: HeapProd<f32>,
    converter: Async<f32>,
    chunk: Vec<f32>,
    _stream: Stream,
}

impl Player {
    /// Opens the default loudspeaker.
    ///
    /// # Errors
    /// [`CaptureError::NoLoudspeaker`] when there is none, or none that takes sound.
    pub fn open() -> Result<Self, CaptureError> {
        let none = |what: String| CaptureError::NoLoudspeaker { what };
        let failed = |error: cpal::Error| none(error.to_string());
        let device = cpal::default_host()
            .default_output_device()
            .ok_or_else(|| none("there is no output device".to_owned()))?;
        let supported = device.default_output_config().map_err(failed)?;
        let rate_hz = supported.sample_rate();
        let (samples, ring) = HeapRb::new((f64::from(rate_hz) * AHEAD_S) as usize).split();
        let config = supported.config();
        let stream = match supported.sample_format() {
            SampleFormat::F32 => build::<f32>(&device, config, ring),
            SampleFormat::I16 => build::<i16>(&device, config, ring),
            SampleFormat::I32 => build::<i32>(&device, config, ring),
            SampleFormat::U8 => build::<u8>(&device, config, ring),
            other => return Err(none(format!("sample format {other}"))),
        }
        .map_err(failed)?;
        let ratio = f64::from(rate_hz) / f64::from(SAMPLE_RATE_HZ);
        let params = SincInterpolationParameters::new(SINC_LEN, WindowFunction::BlackmanHarris2);
        let converter = Async::new_sinc(ratio, 1.0, &params, BLOCK_LEN, 1, FixedAsync::Input)
            .map_err(|error| none(error.to_string()))?;
        let chunk = vec![0.0; converter.output_frames_max()];
        stream.play().map_err(failed)?;
        Ok(Self { samples, converter, chunk, _stream: stream })
    }

    /// Plays one block of [`BLOCK_LEN`] samples. Never waits: what the loudspeaker has not taken yet and
    /// what does not fit behind it is left out, since the talk goes on. Any other length is left out too.
    pub fn push(&mut self, block: &[f32]) {
        let frames = self.chunk.len();
        let (Ok(input), Ok(mut output)) = (
            SequentialSlice::new(block, 1, block.len()),
            SequentialSlice::new_mut(&mut self.chunk, 1, frames),
        ) else {
            return;
        };
        if let Ok((_read, written)) = self.converter.process_into_buffer(&input, &mut output, None)
        {
            self.samples.push_slice(&self.chunk[..written.min(frames)]);
        }
    }
}

fn build<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut ring: HeapCons<f32>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let channels = usize::from(config.channels).max(1);
    device.build_output_stream::<T, _, _>(
        config,
        move |data: &mut [T], _| {
            for frame in data.chunks_mut(channels) {
                frame.fill(T::from_sample(ring.try_pop().unwrap_or(0.0)));
            }
        },
        // A loudspeaker that fails is heard to fail; the session does not depend on it.
        |_error| {},
        None,
    )
}
