//! Recordings in other formats.

use std::path::Path;

use capture::{ChannelMode, FileSource, Poll, Source as _};
use rubato::{Fft, FixedSync, Resampler as _, audioadapter_buffers::direct::SequentialSlice};

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// Integers of that many bits.
    Int(u16),
    /// 32-bit floating point.
    Float,
}

/// The first `seconds` of a recording, mono at 16 kHz.
///
/// # Panics
/// The recording cannot be read.
#[must_use]
pub fn read_mono(path: &Path, seconds: f64) -> Vec<f32> {
    let mut source = FileSource::open(path, ChannelMode::Mix).expect("a readable recording");
    let wanted = (seconds * 16_000.0) as usize;
    let mut samples = Vec::new();
    while samples.len() < wanted {
        match source.poll().expect("a readable recording") {
            Poll::Block(block) => samples.extend(block.samples),
            Poll::End => break,
            Poll::Gap(_) | Poll::Pending => {}
        }
    }
    samples.truncate(wanted);
    samples
}

/// From 16 kHz to another rate, by another filter than the one under test.
///
/// # Panics
/// The rate cannot be made.
#[must_use]
pub fn resample(samples: &[f32], rate_hz: u32) -> Vec<f32> {
    if rate_hz == 16_000 {
        return samples.to_vec();
    }
    let mut resampler =
        Fft::<f32>::new(16_000, rate_hz as usize, 1024, 1, FixedSync::Both).expect("a valid rate");
    let frames = resampler.process_all_needed_output_len(samples.len());
    let mut out = vec![0.0; frames];
    let input = SequentialSlice::new(samples, 1, samples.len()).expect("one channel");
    let mut output = SequentialSlice::new_mut(&mut out, 1, frames).expect("one channel");
    let (_read, written) = resampler
        .process_all_into_buffer(&input, &mut output, samples.len(), None)
        .expect("resampling works");
    out.truncate(written);
    out
}

/// Writes the samples to each of `channels` channels.
///
/// # Panics
/// The file cannot be written.
pub fn write_wav(path: &Path, samples: &[f32], rate_hz: u32, channels: u16, kind: SampleKind) {
    let (bits_per_sample, sample_format) = match kind {
        SampleKind::Int(bits) => (bits, hound::SampleFormat::Int),
        SampleKind::Float => (32, hound::SampleFormat::Float),
    };
    let spec = hound::WavSpec { channels, sample_rate: rate_hz, bits_per_sample, sample_format };
    let mut writer = hound::WavWriter::create(path, spec).expect("a writable folder");
    let most = f64::from(2_u32).powi(i32::from(bits_per_sample) - 1) - 1.0;
    for &sample in samples {
        for _ in 0..channels {
            match kind {
                SampleKind::Float => writer.write_sample(sample),
                SampleKind::Int(_) => writer.write_sample((f64::from(sample) * most) as i32),
            }
            .expect("a writable folder");
        }
    }
    writer.finalize().expect("a writable folder");
}

/// Writes two channels at 16 kHz, 16 bits.
///
/// # Panics
/// The file cannot be written.
pub fn write_stereo(path: &Path, left: &[f32], right: &[f32]) {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("a writable folder");
    for (left, right) in left.iter().zip(right) {
        for sample in [left, right] {
            writer.write_sample((sample * f32::from(i16::MAX)) as i16).expect("a writable folder");
        }
    }
    writer.finalize().expect("a writable folder");
}
