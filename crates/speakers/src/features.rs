//! What the voice models take in: the power in mel bands, frame by frame.

use std::{f32::consts::PI, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use serde::Deserialize;
use timeline::SAMPLE_RATE_HZ;

/// 10 ms.
pub(crate) const HOP: usize = 160;
/// 25 ms.
const FRAME: usize = 400;

/// The features that a model was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Power in 40 bands of Slaney's scale, as librosa makes it: Gids' own model.
    MelPower40,
    /// Logarithm of the power in 80 bands as Kaldi makes it, its mean over the window taken off: WeSpeaker, 3D-Speaker.
    KaldiFbank80,
}

/// Makes features of windows. Keeps its buffers.
pub(crate) struct Features {
    kind: Kind,
    fft: Arc<dyn RealToComplex<f32>>,
    taper: Vec<f32>,
    /// For each band its first bin and the weights from there on.
    bands: Vec<(usize, Vec<f32>)>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Features {
    pub(crate) fn new(kind: Kind) -> Self {
        let size = match kind {
            Kind::MelPower40 => FRAME,
            Kind::KaldiFbank80 => 512,
        };
        let fft = RealFftPlanner::new().plan_fft_forward(size);
        let at = |i: usize, turn: usize| (2.0 * PI * i as f32 / turn as f32).cos();
        let taper = match kind {
            // Hann, periodic.
            Kind::MelPower40 => (0..FRAME).map(|i| 0.5 - 0.5 * at(i, FRAME)).collect(),
            // Hamming, symmetric.
            Kind::KaldiFbank80 => (0..FRAME).map(|i| 0.54 - 0.46 * at(i, FRAME - 1)).collect(),
        };
        let bands = match kind {
            Kind::MelPower40 => slaney_bands(40, size),
            Kind::KaldiFbank80 => kaldi_bands(80, size),
        };
        Self {
            kind,
            taper,
            bands,
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Values a frame.
    pub(crate) fn width(&self) -> usize {
        self.bands.len()
    }

    /// How many frames `samples` samples give.
    pub(crate) fn frames(samples: usize) -> usize {
        if samples < FRAME { 0 } else { (samples - FRAME) / HOP + 1 }
    }

    /// Appends the frames of a window to `out`.
    pub(crate) fn append(&mut self, window: &[f32], out: &mut Vec<f32>) {
        let first = out.len();
        for start in (0..Self::frames(window.len())).map(|i| i * HOP) {
            self.one(&window[start..start + FRAME], out);
        }
        if self.kind == Kind::KaldiFbank80 {
            let width = self.width();
            let frames = &mut out[first..];
            let count = (frames.len() / width).max(1) as f32;
            for band in 0..width {
                let mean = frames.iter().skip(band).step_by(width).sum::<f32>() / count;
                frames.iter_mut().skip(band).step_by(width).for_each(|v| *v -= mean);
            }
        }
    }

    fn one(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.frame.fill(0.0);
        self.frame[..FRAME].copy_from_slice(samples);
        if self.kind == Kind::KaldiFbank80 {
            emphasize(&mut self.frame[..FRAME]);
        }
        self.frame.iter_mut().zip(&self.taper).for_each(|(x, t)| *x *= t);
        self.fft
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers are the plan's own");
        for (first, weights) in &self.bands {
            let bins = self.spectrum[*first..].iter();
            let power: f32 = weights.iter().zip(bins).map(|(w, c)| w * c.norm_sqr()).sum();
            out.push(match self.kind {
                Kind::MelPower40 => power,
                Kind::KaldiFbank80 => power.max(f32::EPSILON).ln(),
            });
        }
    }
}

/// Kaldi's first steps: sixteen-bit scale, no offset, high frequencies raised.
fn emphasize(frame: &mut [f32]) {
    const EMPHASIS: f32 = 0.97;
    let mean = frame.iter().sum::<f32>() / frame.len() as f32;
    frame.iter_mut().for_each(|x| *x = (*x - mean) * 32_768.0);
    for i in (1..frame.len()).rev() {
        frame[i] -= EMPHASIS * frame[i - 1];
    }
    frame[0] -= EMPHASIS * frame[0];
}

/// Triangles of equal area on Slaney's scale (linear to 1 kHz, then logarithmic) from 0 Hz to 8 kHz.
fn slaney_bands(count: usize, size: usize) -> Vec<(usize, Vec<f32>)> {
    const LINEAR_HZ: f32 = 200.0 / 3.0;
    const KNEE_HZ: f32 = 1_000.0;
    let step = 6.4_f32.ln() / 27.0;
    let mel = |hz: f32| {
        if hz < KNEE_HZ { hz / LINEAR_HZ } else { KNEE_HZ / LINEAR_HZ + (hz / KNEE_HZ).ln() / step }
    };
    let hz = |mel: f32| {
        let knee = KNEE_HZ / LINEAR_HZ;
        if mel < knee { mel * LINEAR_HZ } else { KNEE_HZ * ((mel - knee) * step).exp() }
    };
    let top = mel(SAMPLE_RATE_HZ as f32 / 2.0);
    let edge = |i: usize| hz(top * i as f32 / (count + 1) as f32);
    let rows = (0..count).map(|band| {
        let (low, mid, high) = (edge(band), edge(band + 1), edge(band + 2));
        triangle(size, |f| {
            2.0 / (high - low) * ((f - low) / (mid - low)).min((high - f) / (high - mid)).max(0.0)
        })
    });
    rows.collect()
}

/// Triangles on the scale of HTK from 20 Hz to 8 kHz, straight in mel and not in Hz.
fn kaldi_bands(count: usize, size: usize) -> Vec<(usize, Vec<f32>)> {
    let mel = |hz: f32| 1_127.0 * (1.0 + hz / 700.0).ln();
    let (from, to) = (mel(20.0), mel(SAMPLE_RATE_HZ as f32 / 2.0));
    let step = (to - from) / (count + 1) as f32;
    let rows = (0..count).map(|band| {
        let low = from + step * band as f32;
        // The bin of the highest frequency is left out.
        triangle(size, |f| {
            let up = (mel(f) - low) / step;
            if f >= SAMPLE_RATE_HZ as f32 / 2.0 { 0.0 } else { up.min(2.0 - up).max(0.0) }
        })
    });
    rows.collect()
}

fn triangle(size: usize, weight: impl Fn(f32) -> f32) -> (usize, Vec<f32>) {
    let hz = SAMPLE_RATE_HZ as f32 / size as f32;
    let all: Vec<f32> = (0..=size / 2).map(|bin| weight(bin as f32 * hz)).collect();
    let first = all.iter().position(|w| *w > 0.0).unwrap_or(0);
    let last = all.iter().rposition(|w| *w > 0.0).map_or(first, |last| last + 1);
    (first, all[first..last].to_vec())
}
