//! Short-time analysis: from samples to cepstra and pitch, one value a frame.
//!
//! Everything above 3.5 kHz is left out, so that a recording made at 8 kHz gives the same voice as
//! one made at 48 kHz.

use std::{f32::consts::PI, sync::Arc};

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};

/// Rate of the analysis: half of the clock's.
const RATE_HZ: f32 = 8_000.0;
/// 40 ms: two periods of a 50 Hz voice, so that the autocorrelation sees the pitch.
const WINDOW: usize = 320;
/// Window plus the longest lag must fit, else the autocorrelation wraps.
const FFT: usize = 512;
/// Of the low-pass filter before every second sample is taken.
const TAPS: usize = 47;
/// 10 ms.
const HOP: usize = 80;
/// The hop is stretched so that no more frames than this are analysed: it bounds the time.
const MOST_FRAMES: usize = 400;
/// Lowest and highest pitch, in Hz: a low male voice, a high female one.
const PITCH_HZ: (f32, f32) = (65.0, 400.0);
/// Normalised autocorrelation at the pitch's lag from which a frame counts as voiced (Boersma 1993
/// takes 0.45).
const VOICED: f32 = 0.45;
/// Taken off the autocorrelation per octave of lag, so that of equal peaks the shortest lag wins.
const OCTAVE_COST: f32 = 0.03;
/// Mel bands and their outer edges in Hz.
const BANDS: usize = 24;
const BAND_EDGES_HZ: (f32, f32) = (120.0, 3_500.0);
/// A band is never taken to be further than this under the loudest frame's mean band (50 dB, as a
/// ratio of powers): the noise of a quiet room and the empty bands of a filtered source must not
/// pass for voice.
const BAND_FLOOR: f32 = 1e-5;
/// Frames further than this under the loud ones are no speech (30 dB, as a ratio of powers).
const SPEECH_FLOOR: f32 = 1e-3;
/// Power (of −1…1 samples) under which nothing is speech, however quiet the rest is: −80 dBFS,
/// under the noise of any microphone.
const SILENCE: f32 = 1e-8;

/// Cepstral coefficients a frame; c0 is left out because it is the level.
pub(super) const CEPSTRA: usize = 15;

/// One frame of speech.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// c1 … c15 of the log-mel spectrum.
    pub cepstra: [f32; CEPSTRA],
    /// Natural logarithm of the pitch in Hz, where the frame is voiced.
    pub log_pitch: Option<f32>,
}

/// The frames of a stretch of audio that hold speech.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// In the order of time.
    pub frames: Vec<Frame>,
    /// Seconds of speech that they stand for.
    pub speech_s: f32,
}

/// The transforms and tables, made once.
pub(super) struct Analyser {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
    /// Autocorrelation of the window: what a frame's is divided by.
    window_acf: Vec<f32>,
    /// Per band: first bin and the weights from there.
    bands: Vec<(usize, Vec<f32>)>,
    dct: Vec<[f32; BANDS]>,
    low_pass: [f32; TAPS],
    time: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
}

struct RawFrame {
    bands: [f32; BANDS],
    power: f32,
    pitch: Option<f32>,
}

impl Analyser {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(FFT);
        let inverse = planner.plan_fft_inverse(FFT);
        let window: Vec<f32> = (0..WINDOW)
            .map(|i| 0.5 - 0.5 * (2.0 * PI * (i as f32 + 0.5) / WINDOW as f32).cos())
            .collect();
        let window_acf = (0..=longest_lag() + 1)
            .map(|lag| window.iter().zip(&window[lag..]).map(|(a, b)| a * b).sum())
            .collect();
        Self {
            time: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            forward,
            inverse,
            window,
            window_acf,
            bands: mel_bands(),
            dct: dct(),
            low_pass: low_pass(),
        }
    }

    /// Analyses `samples` (16 kHz, −1…1). Silence has no frames of speech.
    pub(super) fn analyse(&mut self, samples: &[f32]) -> Analysis {
        let audio = decimate(samples, &self.low_pass);
        if audio.len() < WINDOW {
            return Analysis::default();
        }
        let positions = audio.len() - WINDOW + 1;
        let hop = HOP.max(positions.div_ceil(MOST_FRAMES));
        let raw: Vec<RawFrame> =
            (0..positions).step_by(hop).map(|at| self.frame(&audio[at..at + WINDOW])).collect();
        let mut powers: Vec<f32> = raw.iter().map(|f| f.power).collect();
        powers.sort_unstable_by(f32::total_cmp);
        // The 95th percentile: a single click must not set the level.
        let loud = powers[(powers.len() - 1) * 95 / 100];
        let least = (loud * SPEECH_FLOOR).max(SILENCE);
        let floor = raw
            .iter()
            .filter(|f| f.power <= loud)
            .map(|f| f.bands.iter().sum::<f32>() / BANDS as f32)
            .fold(f32::MIN_POSITIVE, f32::max)
            * BAND_FLOOR;
        let frames: Vec<Frame> = raw
            .iter()
            .filter(|f| f.power >= least)
            .map(|f| Frame {
                cepstra: self.cepstra(&f.bands, floor),
                log_pitch: f.pitch.map(f32::ln),
            })
            .collect();
        let speech_s = frames.len() as f32 * hop as f32 / RATE_HZ;
        Analysis { frames, speech_s }
    }

    fn frame(&mut self, audio: &[f32]) -> RawFrame {
        let mean = audio.iter().sum::<f32>() / WINDOW as f32;
        self.time.fill(0.0);
        for ((out, x), w) in self.time.iter_mut().zip(audio).zip(&self.window) {
            *out = (x - mean) * w;
        }
        let power = self.time.iter().map(|x| x * x).sum::<f32>() / WINDOW as f32;
        self.forward
            .process(&mut self.time, &mut self.spectrum)
            .expect("the buffers were made by the transform itself");
        for bin in &mut self.spectrum {
            *bin = Complex::new(bin.norm_sqr(), 0.0);
        }
        let mut bands = [0.0; BANDS];
        for (band, (first, weights)) in bands.iter_mut().zip(&self.bands) {
            *band = weights.iter().zip(&self.spectrum[*first..]).map(|(w, s)| w * s.re).sum();
        }
        self.inverse
            .process(&mut self.spectrum, &mut self.time)
            .expect("the buffers were made by the transform itself, and a power spectrum is real");
        RawFrame { bands, power, pitch: self.pitch() }
    }

    /// The pitch in Hz from the autocorrelation in `time`, `None` when unvoiced.
    fn pitch(&self) -> Option<f32> {
        let zero = self.time[0] / self.window_acf[0];
        if zero <= 0.0 {
            return None;
        }
        let acf = |lag: usize| self.time[lag] / self.window_acf[lag] / zero;
        let shortest = (RATE_HZ / PITCH_HZ.1) as usize;
        let mut best: Option<(f32, f32, usize)> = None;
        for lag in shortest..=longest_lag() {
            let r = acf(lag);
            if r < VOICED || r < acf(lag - 1) || r < acf(lag + 1) {
                continue;
            }
            let score = r - OCTAVE_COST * (lag as f32 / shortest as f32).log2();
            if best.is_none_or(|(s, _, _)| score > s) {
                best = Some((score, r, lag));
            }
        }
        let (_, r, lag) = best?;
        // The top of the parabola through the three points: a lag of whole samples is too coarse.
        let (before, after) = (acf(lag - 1), acf(lag + 1));
        let curve = before - 2.0 * r + after;
        let shift = if curve < -1e-9 { 0.5 * (before - after) / curve } else { 0.0 };
        Some(RATE_HZ / (lag as f32 + shift.clamp(-0.5, 0.5)))
    }

    fn cepstra(&self, bands: &[f32; BANDS], floor: f32) -> [f32; CEPSTRA] {
        let log: [f32; BANDS] = bands.map(|b| b.max(floor).ln());
        let mut out = [0.0; CEPSTRA];
        for (c, row) in out.iter_mut().zip(&self.dct) {
            *c = row.iter().zip(&log).map(|(d, l)| d * l).sum();
        }
        out
    }
}

fn longest_lag() -> usize {
    (RATE_HZ / PITCH_HZ.0) as usize
}

/// Every second sample behind a low-pass filter at 3.6 kHz.
fn decimate(samples: &[f32], filter: &[f32; TAPS]) -> Vec<f32> {
    let reach = TAPS / 2;
    let mut padded = vec![0.0; samples.len() + 2 * reach];
    padded[reach..reach + samples.len()].copy_from_slice(samples);
    padded.windows(TAPS).step_by(2).map(|window| dot(window, filter)).collect()
}

/// Eight sums side by side: the order of one sum would forbid the compiler to use vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let mut sum: f32 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0f32; 8];
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sum += sums.iter().sum::<f32>();
    sum
}

/// A windowed sinc: 6 dB down at 3.6 kHz, over 45 dB from 4.2 kHz on.
fn low_pass() -> [f32; TAPS] {
    let cutoff = 2.0 * 3_600.0 / (2.0 * RATE_HZ);
    let taps: [f32; TAPS] = std::array::from_fn(|i| {
        let x = i as f32 - (TAPS / 2) as f32;
        let sinc = if x == 0.0 { cutoff } else { (PI * cutoff * x).sin() / (PI * x) };
        let hamming = 0.54 - 0.46 * (2.0 * PI * i as f32 / (TAPS - 1) as f32).cos();
        sinc * hamming
    });
    let gain: f32 = taps.iter().sum();
    taps.map(|t| t / gain)
}

fn mel_bands() -> Vec<(usize, Vec<f32>)> {
    let mel = |hz: f32| 1_127.0 * (1.0 + hz / 700.0).ln();
    let (low, high) = (mel(BAND_EDGES_HZ.0), mel(BAND_EDGES_HZ.1));
    let step = (high - low) / (BANDS + 1) as f32;
    (0..BANDS)
        .map(|band| {
            let centre = low + step * (band + 1) as f32;
            let weights: Vec<(usize, f32)> = (1..FFT / 2)
                .map(|bin| {
                    let at = mel(bin as f32 * RATE_HZ / FFT as f32);
                    (bin, 1.0 - (at - centre).abs() / step)
                })
                .filter(|(_, w)| *w > 0.0)
                .collect();
            (weights[0].0, weights.iter().map(|(_, w)| *w).collect())
        })
        .collect()
}

/// Rows 1…[`CEPSTRA`] of the orthonormal DCT-II.
fn dct() -> Vec<[f32; BANDS]> {
    let scale = (2.0 / BANDS as f32).sqrt();
    (1..=CEPSTRA)
        .map(|row| {
            std::array::from_fn(|band| {
                scale * (PI * row as f32 * (band as f32 + 0.5) / BANDS as f32).cos()
            })
        })
        .collect()
}
