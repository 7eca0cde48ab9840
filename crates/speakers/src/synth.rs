//! Voices made for the tests: a pulse train through formants.

use std::f32::consts::PI;

/// Resonances of five vowels in Hz, of an adult's vocal tract (Peterson and Barney 1952, men).
const VOWELS: [[f32; 3]; 5] = [
    [270.0, 2_290.0, 3_010.0],
    [530.0, 1_840.0, 2_480.0],
    [730.0, 1_090.0, 2_440.0],
    [570.0, 840.0, 2_410.0],
    [300.0, 870.0, 2_240.0],
];
const BANDWIDTHS_HZ: [f32; 3] = [60.0, 90.0, 150.0];
const RATE_HZ: f32 = 16_000.0;
/// A vowel and the pause after it.
const SYLLABLE: usize = 3_200;
const VOICED: usize = 2_600;

/// A speaker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    pitch_hz: f32,
    /// Formants are multiplied by it: above 1 for a shorter vocal tract.
    tract: f32,
}

impl Voice {
    pub(crate) const LOW: Self = Self { pitch_hz: 110.0, tract: 1.0 };
    pub(crate) const HIGH: Self = Self { pitch_hz: 205.0, tract: 1.17 };
    pub(crate) const LOW_BUT_SHORT_TRACT: Self = Self { pitch_hz: 112.0, tract: 1.15 };

    /// `secs` seconds of vowels in an order that `seed` (not 0) chooses, peaking near 0.4.
    pub(crate) fn say(self, secs: f32, seed: u32) -> Vec<f32> {
        let mut out = vec![0.0; (secs * RATE_HZ) as usize];
        let mut random = seed.wrapping_mul(2_654_435_761) | 1;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            random
        };
        for syllable in out.chunks_mut(SYLLABLE) {
            let vowel = VOWELS[next() as usize % VOWELS.len()];
            let pitch_hz = self.pitch_hz * (0.97 + 0.06 * (next() % 100) as f32 / 100.0);
            self.vowel(vowel, pitch_hz, syllable);
        }
        let peak = out.iter().fold(f32::MIN_POSITIVE, |m, x| m.max(x.abs()));
        out.iter_mut().for_each(|x| *x *= 0.4 / peak);
        out
    }

    fn vowel(self, formants_hz: [f32; 3], pitch_hz: f32, out: &mut [f32]) {
        let period = RATE_HZ / pitch_hz;
        let mut due = 0.0;
        let len = out.len().min(VOICED);
        for (i, x) in out[..len].iter_mut().enumerate() {
            if i as f32 >= due {
                *x = 1.0;
                due += period;
            }
        }
        for (formant_hz, bandwidth_hz) in formants_hz.into_iter().zip(BANDWIDTHS_HZ) {
            let r = (-PI * bandwidth_hz / RATE_HZ).exp();
            let a1 = 2.0 * r * (2.0 * PI * formant_hz * self.tract / RATE_HZ).cos();
            let (mut y1, mut y2) = (0.0, 0.0);
            for x in out.iter_mut() {
                let y = *x * (1.0 - r) + a1 * y1 - r * r * y2;
                (y2, y1) = (y1, y);
                *x = y;
            }
        }
        let fade = 400.min(len);
        for i in 0..fade {
            out[len - 1 - i] *= i as f32 / fade as f32;
        }
        out[len..].fill(0.0);
    }
}
