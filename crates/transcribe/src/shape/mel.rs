//! Whisper's mel filters, calculated.

use crate::layout::SPECTRUM_BINS;

const HZ_PER_BIN: f64 = 40.0; // 16 kHz in 400 samples
const HIGHEST_HZ: f64 = 8_000.0;
/// Slaney's scale: linear up to 1 kHz, 15 mel; from there on 27 mel for every factor of 6.4.
const LINEAR_HZ_PER_MEL: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1_000.0;
const LOG_FROM_MEL: f64 = 15.0;

/// Triangles of equal area over the spectrum, filter by filter (`librosa.filters.mel`, from which
/// Whisper's were stored).
pub(super) fn filters(mels: u32) -> Vec<f32> {
    let step = mel(HIGHEST_HZ) / f64::from(mels + 1);
    let corner = |at: u32| hertz(step * f64::from(at));
    (0..mels)
        .flat_map(|filter| {
            let (left, middle, right) = (corner(filter), corner(filter + 1), corner(filter + 2));
            (0..SPECTRUM_BINS).map(move |bin| {
                let at = HZ_PER_BIN * f64::from(bin);
                let rising = (at - left) / (middle - left);
                let falling = (right - at) / (right - middle);
                (rising.min(falling).max(0.0) * 2.0 / (right - left)) as f32
            })
        })
        .collect()
}

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn mel(hertz: f64) -> f64 {
    if hertz < LOG_FROM_HZ {
        hertz / LINEAR_HZ_PER_MEL
    } else {
        LOG_FROM_MEL + (hertz / LOG_FROM_HZ).ln() / log_step()
    }
}

fn hertz(mel: f64) -> f64 {
    if mel < LOG_FROM_MEL {
        mel * LINEAR_HZ_PER_MEL
    } else {
        LOG_FROM_HZ * ((mel - LOG_FROM_MEL) * log_step()).exp()
    }
}
