//! Two microphones at one table each hear both people: the louder channel wins.

/// How much weaker a channel must be to hold nothing but the other one's voice, in dB. A lapel microphone
/// hears the person opposite 15 to 25 dB weaker than its wearer; a "hm-m" of its wearer is hardly that much
/// weaker than the other's talk.
const WEAKER_DB: f32 = 12.0;

/// Silences the weaker of two blocks of the same stretch, if it is that much weaker.
pub(crate) fn reject(first: &mut [f32], second: &mut [f32]) {
    let (level_first, level_second) = (power(first), power(second));
    let ratio = 10.0_f32.powf(WEAKER_DB / 10.0);
    if level_first > ratio * level_second {
        second.fill(0.0);
    } else if level_second > ratio * level_first {
        first.fill(0.0);
    }
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two amplitudes that are left.
    fn left(first: f32, second: f32) -> (f32, f32) {
        let (mut a, mut b) = ([first; 512], [second; 512]);
        reject(&mut a, &mut b);
        (a[0], b[0])
    }

    #[test]
    fn only_what_is_clearly_weaker_is_silenced() {
        assert_eq!(left(0.5, 0.05), (0.5, 0.0)); // 20 dB
        assert_eq!(left(0.05, 0.5), (0.0, 0.5));
        assert_eq!(left(0.5, 0.2), (0.5, 0.2)); // 8 dB: both speak
        assert_eq!(left(0.0, 0.0), (0.0, 0.0));
        assert_eq!(left(0.0, 0.1), (0.0, 0.1));
    }
}
