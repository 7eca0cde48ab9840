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
    /// Logarithm of the power in 80 bands as Kaldi makes it, its mean over the window taken off; a Hamming window and
    /// samples on the scale of sixteen bits: WeSpeaker.
    KaldiFbank80,
    /// The same of samples from −1 to 1, and with the window that Kaldi's author made: 3D-Speaker. On this scale what
    /// is very quiet reaches the floor of the logarithm.
    PoveyFbank80,
}

impl Kind {
    fn is_log(self) -> bool {
        self != Self::MelPower40
    }

    /// What Kaldi's steps make of full scale.
    fn full_scale(self) -> f32 {
        if self == Self::KaldiFbank80 { 32_768.0 } else { 1.0 }
    }
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
            Kind::KaldiFbank80 | Kind::PoveyFbank80 => 512,
        };
        let fft = RealFftPlanner::new().plan_fft_forward(size);
        let at = |i: usize, turn: usize| (2.0 * PI * i as f32 / turn as f32).cos();
        let taper = match kind {
            // Hann, periodic.
            Kind::MelPower40 => (0..FRAME).map(|i| 0.5 - 0.5 * at(i, FRAME)).collect(),
            // Hamming, symmetric.
            Kind::KaldiFbank80 => (0..FRAME).map(|i| 0.54 - 0.46 * at(i, FRAME - 1)).collect(),
            // Hann, symmetric, less steep at its ends.
            Kind::PoveyFbank80 => {
                (0..FRAME).map(|i| (0.5 - 0.5 * at(i, FRAME - 1)).powf(0.85)).collect()
            }
        };
        let bands = match kind {
            Kind::MelPower40 => slaney_bands(40, size),
            Kind::KaldiFbank80 | Kind::PoveyFbank80 => kaldi_bands(80, size),
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
        if self.kind.is_log() {
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
        if self.kind.is_log() {
            emphasize(&mut self.frame[..FRAME], self.kind.full_scale());
        }
        self.frame.iter_mut().zip(&self.taper).for_each(|(x, t)| *x *= t);
        self.fft
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers are the plan's own");
        for (first, weights) in &self.bands {
            let bins = self.spectrum[*first..].iter();
            let power: f32 = weights.iter().zip(bins).map(|(w, c)| w * c.norm_sqr()).sum();
            out.push(if self.kind.is_log() { power.max(f32::EPSILON).ln() } else { power });
        }
    }
}

/// Kaldi's first steps: its scale, no offset, high frequencies raised.
fn emphasize(frame: &mut [f32], full_scale: f32) {
    const EMPHASIS: f32 = 0.97;
    let mean = frame.iter().sum::<f32>() / frame.len() as f32;
    frame.iter_mut().for_each(|x| *x = (*x - mean) * full_scale);
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

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// Half a second of three tones, a little noise and an offset.
    fn signal() -> Vec<f32> {
        let mut seed = 1_u32;
        let mut noise = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / 16_777_216.0 - 0.5
        };
        let tone = |i: u32, hz: f64| (TAU * hz * f64::from(i) / 16_000.0).sin();
        (0..8_000)
            .map(|i| {
                let tones = 0.2 * tone(i, 220.0) + 0.1 * tone(i, 1_234.0) + 0.05 * tone(i, 3_333.0);
                (tones + 0.02 * noise() + 0.01) as f32
            })
            .collect()
    }

    /// Frame, band, and the value there that kaldi-native-fbank 1.23.0 gives for [`signal`]: 80 bins from 20 Hz, no
    /// dither, no energy, `snip_edges`, everything else as it comes; then the mean over the frames taken off each band.
    /// `window_type` "hamming", samples times 32768.
    const HAMMING: [(usize, usize, f32); 10] = [
        (0, 0, 0.92986),
        (0, 5, -0.00449),
        (0, 40, 0.40075),
        (7, 0, 1.08974),
        (7, 12, -0.22483),
        (7, 31, -0.01989),
        (20, 60, -0.12726),
        (20, 79, -0.68460),
        (47, 3, 0.43613),
        (47, 79, -0.32147),
    ];

    /// The same with `window_type` "povey" and the samples as they are.
    const POVEY: [(usize, usize, f32); 10] = [
        (0, 0, 1.32764),
        (0, 5, 0.00290),
        (0, 40, 0.51849),
        (7, 0, 0.51784),
        (7, 12, -0.82428),
        (7, 31, -0.02084),
        (20, 60, -0.10901),
        (20, 79, -0.69132),
        (47, 3, 0.02282),
        (47, 79, -0.32044),
    ];

    #[test]
    fn kaldis_bands_are_kaldis() {
        for (kind, wanted) in [(Kind::KaldiFbank80, HAMMING), (Kind::PoveyFbank80, POVEY)] {
            let (mut features, mut all) = (Features::new(kind), Vec::new());
            features.append(&signal(), &mut all);
            assert_eq!(all.len(), 48 * 80);
            for (frame, band, value) in wanted {
                let got = all[frame * 80 + band];
                assert!((got - value).abs() < 1e-3, "{kind:?} {frame} {band}: {got}, not {value}");
            }
        }
    }
}
