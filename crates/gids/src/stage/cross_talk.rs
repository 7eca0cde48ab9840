//! Two microphones at one table each hear both people: the louder channel wins, and the earlier one.
//!
//! How much of a voice comes across depends on where the microphones are and on the room, so it is learnt: whenever the
//! same sound reaches one microphone first and louder, the ratio of the two levels is what that voice leaves on the other
//! channel. A channel that holds no more than that, just then, holds nothing of its own.

use timeline::SAMPLE_RATE_HZ;

/// So much weaker, in dB, a channel holds nothing but the other one's voice, whichever is earlier. A lapel microphone hears
/// the person opposite 15 to 25 dB weaker than its wearer where the room is dry, and down to 5 dB where it rings; a "hm-m"
/// of its wearer is hardly that much weaker than the other's talk.
const WEAKER_DB: f32 = 12.0;
/// The least that is learnt: with less between the channels, level tells nothing.
const LEAST_DB: f32 = 1.5;
/// A channel may be so much above what is learnt, in dB, before it counts as holding a voice of its own.
const MARGIN_DB: f32 = 3.0;
/// Share of the newest measurement in what is learnt: a second or two of one voice teaches it.
const LEARN: f32 = 0.05;
/// The levels and the order of arrival are those of this much audio: a syllable.
const WINDOW: usize = SAMPLE_RATE_HZ as usize * 128 / 1_000;
/// Sound comes 7 ms later to the other microphone at the most: 2.4 m.
const MOST_LAG: usize = SAMPLE_RATE_HZ as usize * 7 / 1_000;
/// Both channels hold the same sound from this normalised correlation on. In a room that rings it is 0.3 to 0.7 for one
/// voice.
const SAME: f32 = 0.3;
/// Nearer to each other than this in time, neither is earlier: 0.25 ms, 8 cm.
const LEAST_LAG: isize = SAMPLE_RATE_HZ as isize / 4_000;
/// Below this mean square nothing is said on either channel: −60 dBFS.
const SILENCE: f32 = 1e-6;

/// Follows two channels of one conversation, block by block.
#[derive(Debug)]
pub(crate) struct CrossTalk {
    /// The newest audio of either channel, as the differences between samples: what is low carries far and tells little.
    recent: [Vec<f32>; 2],
    /// How much weaker each voice is on the channel of the other, in dB (≥ 0).
    weaker_db: [f32; 2],
}

impl Default for CrossTalk {
    fn default() -> Self {
        Self { recent: [const { Vec::new() }; 2], weaker_db: [WEAKER_DB; 2] }
    }
}

impl CrossTalk {
    /// Silences one of two blocks of the same stretch, if it holds nothing but the voice of the other channel.
    pub(crate) fn reject(&mut self, first: &mut [f32], second: &mut [f32]) {
        for (recent, block) in self.recent.iter_mut().zip([&*first, &*second]) {
            recent.extend_from_slice(block);
            recent.drain(..recent.len().saturating_sub(WINDOW + 1));
        }
        let [a, b] = &self.recent;
        let now = a.len() - first.len().min(a.len())..;
        let (power_a, power_b) = (power(&a[now.clone()]), power(&b[now]));
        if power_a.max(power_b) < SILENCE {
            return;
        }
        let louder = usize::from(power_b > power_a);
        // A silent channel is as weak as can be.
        let apart_db = (10.0 * (power_a / power_b).log10()).abs();
        let alone = apart_db > WEAKER_DB || {
            let (same, lag) = arrival(a, b);
            // Positive: the second channel is behind.
            let earlier = usize::from(lag < 0);
            let one = same >= SAME && lag.abs() >= LEAST_LAG && earlier == louder;
            if one {
                let learnt = &mut self.weaker_db[louder];
                *learnt += LEARN * (apart_db.clamp(LEAST_DB, WEAKER_DB) - *learnt);
            }
            one && apart_db > self.weaker_db[louder] - MARGIN_DB
        };
        if alone {
            if louder == 0 { second } else { first }.fill(0.0);
        }
    }
}

/// How alike the two are at most, 0…1, and by how many samples the second is behind then.
fn arrival(a: &[f32], b: &[f32]) -> (f32, isize) {
    let steps = |x: &[f32]| -> Vec<f32> { x.windows(2).map(|pair| pair[1] - pair[0]).collect() };
    let (a, b) = (steps(a), steps(b));
    if a.len() <= 4 * MOST_LAG || a.len() != b.len() {
        return (0.0, 0);
    }
    let middle = &a[MOST_LAG..a.len() - MOST_LAG];
    let energy = dot(middle, middle);
    let mut best = (0.0, 0);
    for shift in 0..=2 * MOST_LAG {
        let other = &b[shift..shift + middle.len()];
        let same = dot(middle, other) / (energy * dot(other, other)).sqrt().max(f32::MIN_POSITIVE);
        // A microphone may be the wrong way round.
        if same.abs() > best.0 {
            best = (same.abs(), shift.cast_signed() - MOST_LAG.cast_signed());
        }
    }
    best
}

/// In eight lanes, which the compiler makes one.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: usize = 512;

    /// Something like a voice: noise whose loudness comes and goes.
    fn voice(seed: u32, blocks: usize) -> Vec<f32> {
        let mut x = seed;
        let mut last = 0.0;
        (0..blocks * BLOCK)
            .map(|i| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (x >> 8) as f32 / (1 << 23) as f32 - 1.0;
                last = 0.9 * last + 0.1 * noise;
                let t = i as f32 / SAMPLE_RATE_HZ as f32 * std::f32::consts::TAU;
                last * (1.0 + 0.5 * (4.0 * t).sin())
            })
            .collect()
    }

    fn delayed(x: &[f32], samples: usize, gain: f32) -> Vec<f32> {
        let silence = std::iter::repeat_n(0.0, samples);
        silence.chain(x.iter().map(|x| x * gain)).take(x.len()).collect()
    }

    fn sum(a: &[f32], b: &[f32]) -> Vec<f32> {
        a.iter().zip(b).map(|(a, b)| a + b).collect()
    }

    /// How many blocks of either channel are left, from block `from` on.
    fn left(first: &[f32], second: &[f32], from: usize) -> (usize, usize) {
        let mut cross_talk = CrossTalk::default();
        let (mut a, mut b) = (first.to_vec(), second.to_vec());
        let mut left = (0, 0);
        let blocks = a.chunks_exact_mut(BLOCK).zip(b.chunks_exact_mut(BLOCK));
        for (i, (a, b)) in blocks.enumerate() {
            cross_talk.reject(a, b);
            if i >= from {
                left.0 += usize::from(a.iter().any(|x| *x != 0.0));
                left.1 += usize::from(b.iter().any(|x| *x != 0.0));
            }
        }
        left
    }

    #[test]
    fn what_is_clearly_weaker_is_silenced_at_once() {
        let (mut a, mut b) = (vec![0.5; BLOCK], vec![0.05; BLOCK]);
        CrossTalk::default().reject(&mut a, &mut b); // 20 dB
        assert_eq!((a[0], b[0]), (0.5, 0.0));
        let (mut a, mut b) = (vec![0.0; BLOCK], vec![0.1; BLOCK]);
        CrossTalk::default().reject(&mut a, &mut b);
        assert_eq!((a[0], b[0]), (0.0, 0.1));
        let (mut a, mut b) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
        CrossTalk::default().reject(&mut a, &mut b);
        assert_eq!((a[0], b[0]), (0.0, 0.0));
    }

    #[test]
    fn the_earlier_and_louder_channel_wins_where_levels_are_close() {
        let voice = voice(1, 400);
        let other = delayed(&voice, 40, 0.5); // 6 dB weaker, 86 cm further
        let (kept, ghost) = left(&voice, &other, 200);
        assert!(kept == 200 && ghost < 10, "{kept} {ghost}");
        let (ghost, kept) = left(&other, &voice, 200);
        assert!(kept == 200 && ghost < 10, "{kept} {ghost}");
        // Weaker, but first: whose it is cannot be told.
        let (late, weak) = (delayed(&voice, 40, 1.0), delayed(&voice, 0, 0.5));
        assert_eq!(left(&late, &weak, 200), (200, 200));
    }

    /// Each alone at first, then both for two seconds.
    #[test]
    fn two_voices_at_once_are_both_left() {
        const ALONE: usize = 200;
        const BOTH: usize = 60;
        let (mut one, mut two) = (voice(1, 2 * ALONE + BOTH), voice(99, 2 * ALONE + BOTH));
        two[..ALONE * BLOCK].fill(0.0);
        one[ALONE * BLOCK..2 * ALONE * BLOCK].fill(0.0);
        let first = sum(&one, &delayed(&two, 40, 0.4));
        let second = sum(&two, &delayed(&one, 40, 0.4));
        let (a, b) = left(&first, &second, 2 * ALONE);
        assert!(a >= 54 && b >= 54, "{a} {b}");
    }
}
