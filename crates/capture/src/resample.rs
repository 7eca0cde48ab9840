//! One channel to 16 kHz, at the same place in time.

use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction, audioadapter_buffers::direct::SequentialSlice,
};
use timeline::SAMPLE_RATE_HZ;

use crate::CaptureError;

/// Half of it is the delay of a live source: 6 ms. With BlackmanHarris2 the pass band then reaches
/// about 7.4 kHz and what lies above 8 kHz is at least 90 dB down (rubato's own cutoff formula).
const SINC_LEN_AT_16K: usize = 192;

/// Filters between two input samples, interpolated linearly: an error of about −100 dB.
const OVERSAMPLING: usize = 256;

/// The converter's step: 10 ms of input.
const CHUNKS_PER_SEC: u32 = 100;

/// Rates between which speech is recorded. Below there are hardly words left, above no converter works.
const RATES_HZ: std::ops::RangeInclusive<u32> = 2_000..=768_000;

/// Converts one channel to 16 kHz and takes the filter's delay off again, so that output sample n lies
/// at n / 16,000 s of the input.
pub(crate) struct Resampler {
    rate_hz: u32,
    stage: Stage,
    input_samples: u64,
    output_samples: u64,
}

enum Stage {
    /// The input is at 16 kHz.
    Through,
    Convert(Box<Converter>),
}

struct Converter {
    inner: Async<f32>,
    /// Input that does not fill a chunk yet.
    waiting: Vec<f32>,
    chunk: Vec<f32>,
    /// Output samples to drop still: the filter's delay.
    skip: usize,
}

impl Resampler {
    /// # Errors
    /// [`CaptureError::UnsupportedRate`] with `name` for a rate outside of 2…768 kHz.
    pub(crate) fn new(rate_hz: u32, name: &str) -> Result<Self, CaptureError> {
        if !RATES_HZ.contains(&rate_hz) {
            return Err(CaptureError::UnsupportedRate { name: name.to_owned(), rate_hz });
        }
        let stage = if rate_hz == SAMPLE_RATE_HZ {
            Stage::Through
        } else {
            Stage::Convert(Box::new(Converter::new(rate_hz)?))
        };
        Ok(Self { rate_hz, stage, input_samples: 0, output_samples: 0 })
    }

    /// Converts `input` and appends what is ready to `out`.
    pub(crate) fn push(&mut self, input: &[f32], out: &mut Vec<f32>) -> Result<(), CaptureError> {
        self.input_samples += input.len() as u64;
        let before = out.len();
        match &mut self.stage {
            Stage::Through => out.extend_from_slice(input),
            Stage::Convert(converter) => {
                converter.push(input, out).map_err(|e| convert_error(self.rate_hz, &e))?;
            }
        }
        self.output_samples += (out.len() - before) as u64;
        Ok(())
    }

    /// Appends what is still inside, so that all input is covered, and starts afresh.
    pub(crate) fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), CaptureError> {
        let wanted = output_len(self.input_samples, self.rate_hz);
        let missing = usize::try_from(wanted.saturating_sub(self.output_samples)).unwrap_or(0);
        if let Stage::Convert(converter) = &mut self.stage {
            converter.drain(missing, out).map_err(|e| convert_error(self.rate_hz, &e))?;
        }
        self.input_samples = 0;
        self.output_samples = 0;
        Ok(())
    }

    /// Input samples that went in since the start whose output did not come out yet, at 16 kHz.
    pub(crate) fn inside(&self) -> u64 {
        output_len(self.input_samples, self.rate_hz).saturating_sub(self.output_samples)
    }
}

/// Samples at 16 kHz that cover `input` samples at `rate_hz`.
pub(crate) fn output_len(input: u64, rate_hz: u32) -> u64 {
    (input * u64::from(SAMPLE_RATE_HZ)).div_ceil(u64::from(rate_hz))
}

impl Converter {
    fn new(rate_hz: u32) -> Result<Self, CaptureError> {
        let ratio = f64::from(SAMPLE_RATE_HZ) / f64::from(rate_hz);
        // As long in time whatever the rate, so that the transition band keeps its width in hertz.
        let sinc_len = (SINC_LEN_AT_16K as f64 * (1.0 / ratio).max(1.0)).ceil() as usize;
        let params = SincInterpolationParameters::new(sinc_len, WindowFunction::BlackmanHarris2)
            .oversampling_factor(OVERSAMPLING)
            .interpolation(SincInterpolationType::Linear);
        let frames = (rate_hz / CHUNKS_PER_SEC) as usize;
        let inner = Async::new_sinc(ratio, 1.0, &params, frames, 1, FixedAsync::Input)
            .map_err(|e| convert_error(rate_hz, &e))?;
        let chunk = vec![0.0; inner.output_frames_max()];
        let skip = inner.output_delay();
        Ok(Self { inner, waiting: Vec::with_capacity(2 * frames), chunk, skip })
    }

    fn push(&mut self, input: &[f32], out: &mut Vec<f32>) -> Result<(), rubato::ResampleError> {
        self.waiting.extend_from_slice(input);
        let mut used = 0;
        while self.waiting.len() - used >= self.inner.input_frames_next() {
            used += self.step(used, None, out)?;
        }
        self.waiting.drain(..used);
        Ok(())
    }

    fn drain(&mut self, missing: usize, out: &mut Vec<f32>) -> Result<(), rubato::ResampleError> {
        let end = out.len() + missing;
        let mut rest = self.waiting.len();
        while out.len() < end {
            self.step(0, Some(rest), out)?;
            rest = 0;
        }
        out.truncate(end);
        self.waiting.clear();
        self.inner.reset();
        self.skip = self.inner.output_delay();
        Ok(())
    }

    /// One chunk from `offset` in what waits (or `partial` samples of it and silence); returns how many
    /// samples it took.
    fn step(
        &mut self,
        offset: usize,
        partial: Option<usize>,
        out: &mut Vec<f32>,
    ) -> Result<usize, rubato::ResampleError> {
        let source = &self.waiting[offset..];
        let needed = self.inner.input_frames_next();
        let indexing = partial.map(|n| Indexing::new().partial_len(n.min(needed)));
        let (input, mut output) = (
            SequentialSlice::new(source, 1, source.len()),
            SequentialSlice::new_mut(&mut self.chunk, 1, self.inner.output_frames_max()),
        );
        let (Ok(input), Ok(output)) = (&input, &mut output) else {
            unreachable!("one channel of n frames is n samples long")
        };
        let (took, made) = self.inner.process_into_buffer(input, output, indexing.as_ref())?;
        let skipped = self.skip.min(made);
        self.skip -= skipped;
        out.extend_from_slice(&self.chunk[skipped..made]);
        Ok(took)
    }
}

fn convert_error(rate_hz: u32, reason: &impl std::fmt::Display) -> CaptureError {
    CaptureError::Resample { rate_hz, what: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [u32; 10] =
        [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_056, 48_000, 96_000, 192_000];

    fn convert(rate_hz: u32, input: &[f32], piece: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(rate_hz, "test").unwrap();
        let mut out = Vec::new();
        for part in input.chunks(piece) {
            resampler.push(part, &mut out).unwrap();
        }
        resampler.finish(&mut out).unwrap();
        out
    }

    /// A 1 kHz tone in the middle of the stretch, where no edge disturbs it.
    #[test]
    fn keeps_the_phase_and_the_level_of_a_tone() {
        for rate in RATES {
            let tone = |n: usize, rate: u32| {
                (std::f64::consts::TAU * 1_000.0 * n as f64 / f64::from(rate)).sin() as f32 * 0.5
            };
            let input: Vec<f32> = (0..rate as usize).map(|n| tone(n, rate)).collect();
            let out = convert(rate, &input, 777);
            assert_eq!(out.len(), 16_000, "{rate}");
            let middle = 2_000..14_000;
            let rms = |x: &[f32]| (x.iter().map(|v| v * v).sum::<f32>() / x.len() as f32).sqrt();
            let level_db = 20.0 * (rms(&out[middle.clone()]) / (0.5 / 2f32.sqrt())).log10();
            assert!(level_db.abs() < 0.1, "{rate}: {level_db} dB");
            // Complex demodulation at 1 kHz: the angle is the shift in time, 16 samples a turn.
            let (mut re, mut im) = (0.0, 0.0);
            for n in middle {
                let angle = std::f64::consts::TAU * 1_000.0 * n as f64 / 16_000.0;
                re += f64::from(out[n]) * angle.sin();
                im += f64::from(out[n]) * angle.cos();
            }
            let late_samples = -im.atan2(re) / std::f64::consts::TAU * 16.0;
            assert!(late_samples.abs() < 1.01, "{rate}: {late_samples} samples late");
        }
    }

    #[test]
    fn does_not_depend_on_how_the_input_is_cut() {
        let input: Vec<f32> = (0..10_000).map(|n| ((n * n) % 97) as f32 / 97.0 - 0.5).collect();
        assert_eq!(convert(44_100, &input, 1), convert(44_100, &input, 10_000));
    }

    #[test]
    fn covers_every_input_and_starts_afresh() {
        let mut resampler = Resampler::new(48_000, "test").unwrap();
        for input in [1_usize, 2, 3, 479, 480, 481, 4_801] {
            let mut out = Vec::new();
            resampler.push(&vec![0.25; input], &mut out).unwrap();
            resampler.finish(&mut out).unwrap();
            assert_eq!(out.len(), input.div_ceil(3), "{input}");
            assert_eq!(resampler.inside(), 0);
        }
    }

    #[test]
    fn what_lies_above_the_pass_band_does_not_fold_back() {
        let input: Vec<f32> = (0..48_000_u32)
            .map(|n| (std::f64::consts::TAU * 9_000.0 * f64::from(n) / 48_000.0).sin() as f32)
            .collect();
        let out = convert(48_000, &input, 480);
        let peak = out[1_000..15_000].iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert!(peak < 3e-5, "{peak}");
    }

    #[test]
    fn refuses_rates_outside_of_the_range() {
        for rate in [0, 1_999, 768_001] {
            assert!(matches!(
                Resampler::new(rate, "x.wav"),
                Err(CaptureError::UnsupportedRate { rate_hz, .. }) if rate_hz == rate
            ));
        }
    }
}
