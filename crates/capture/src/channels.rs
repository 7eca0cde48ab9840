//! One channel or two: a recording may carry one speaker on each.

use std::{fmt, str::FromStr};

use crate::decode::Decode;

/// What to do with a recording of several channels.
///
/// ```
/// use capture::ChannelMode;
/// assert_eq!("split".parse(), Ok(ChannelMode::Split));
/// assert!("stereo".parse::<ChannelMode>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelMode {
    /// Split a two-channel recording when each channel carries its own speaker, else mix.
    #[default]
    Auto,
    /// All channels into one, their mean: it cannot clip.
    Mix,
    /// Keep the first two channels apart; a mono recording stays one.
    Split,
}

impl FromStr for ChannelMode {
    type Err = ParseChannelModeError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "auto" => Ok(Self::Auto),
            "mix" => Ok(Self::Mix),
            "split" => Ok(Self::Split),
            other => Err(ParseChannelModeError(other.to_owned())),
        }
    }
}

/// The text names no way to treat channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseChannelModeError(String);

impl fmt::Display for ParseChannelModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is no way to treat channels: give auto, mix or split", self.0)
    }
}

impl std::error::Error for ParseChannelModeError {}

/// How much of a recording is looked at to decide: long enough for both to have spoken.
const LOOK_SECS: u64 = 90;

/// Steps in which the channels' energies are compared a second: 50 ms, shorter than a syllable pair.
const STEPS_PER_SEC: u32 = 20;

/// A step counts as sound when it lies no further than this below the loudest step.
const ACTIVE_RANGE_DB: f32 = 35.0;

/// Nothing below this is sound at all: the noise of a quiet 16-bit recording.
const ACTIVE_FLOOR_DBFS: f32 = -60.0;

/// One speaker is this much louder on his own channel. Two microphones on one table differ by 3–8 dB.
const DOMINANT_DB: f32 = 10.0;

/// Share of the sounding steps that must be dominated by either channel; the rest is overlap.
const DOMINATED_SHARE: f32 = 0.6;

/// And sound that either channel must dominate at least, so that a cough does not make a speaker.
const DOMINATED_SECS: f32 = 0.5;

/// Whether each of the two channels of `decoder` carries a speaker of its own. Looks at no more than the first
/// 90 s; an error on the way ends the look (whoever reads the audio will meet it again).
pub(crate) fn carries_two_speakers(decoder: &mut dyn Decode) -> bool {
    let format = decoder.format();
    if format.channels != 2 {
        return false;
    }
    let step_frames = (format.rate_hz / STEPS_PER_SEC).max(1) as usize;
    let limit = LOOK_SECS * u64::from(STEPS_PER_SEC);
    let (mut waiting, mut steps) = (Vec::new(), Vec::new());
    while (steps.len() as u64) < limit && matches!(decoder.read(&mut waiting), Ok(true)) {
        let whole = waiting.len() / (2 * step_frames) * (2 * step_frames);
        for step in waiting[..whole].chunks_exact(2 * step_frames) {
            steps.push([level_dbfs(step, 0), level_dbfs(step, 1)]);
        }
        waiting.drain(..whole);
    }
    alternate(&steps)
}

fn level_dbfs(interleaved: &[f32], channel: usize) -> f32 {
    let (mut sum, mut count) = (0.0_f64, 0_u32);
    for frame in interleaved.chunks_exact(2) {
        let value = f64::from(frame[channel]);
        if value.is_finite() {
            sum += value * value;
        }
        count += 1;
    }
    (10.0 * (sum / f64::from(count.max(1)) + 1e-12).log10()) as f32
}

fn alternate(steps: &[[f32; 2]]) -> bool {
    let loudest = steps.iter().flatten().copied().fold(f32::MIN, f32::max);
    let active_dbfs = (loudest - ACTIVE_RANGE_DB).max(ACTIVE_FLOOR_DBFS);
    let (mut active, mut dominated) = (0_u32, [0_u32; 2]);
    for [left, right] in steps {
        if left.max(*right) < active_dbfs {
            continue;
        }
        active += 1;
        if left - right >= DOMINANT_DB {
            dominated[0] += 1;
        } else if right - left >= DOMINANT_DB {
            dominated[1] += 1;
        }
    }
    let enough = DOMINATED_SECS * STEPS_PER_SEC as f32;
    dominated.iter().all(|&steps| steps as f32 >= enough)
        && (dominated[0] + dominated[1]) as f32 >= DOMINATED_SHARE * active as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` steps at these levels.
    fn steps(parts: &[(usize, f32, f32)]) -> Vec<[f32; 2]> {
        parts.iter().flat_map(|&(n, l, r)| std::iter::repeat_n([l, r], n)).collect()
    }

    #[test]
    fn only_channels_that_take_turns_are_split() {
        let silence = (20, -90.0, -90.0);
        for (name, parts, split) in [
            ("turns", vec![(40, -20.0, -60.0), silence, (40, -55.0, -22.0)], true),
            (
                "turns with cross-talk 12 dB down",
                vec![(40, -20.0, -32.0), (40, -34.0, -22.0)],
                true,
            ),
            (
                "turns with some overlap",
                vec![(40, -20.0, -60.0), (20, -20.0, -21.0), (40, -60.0, -20.0)],
                true,
            ),
            ("the same on both", vec![(80, -20.0, -20.0)], false),
            ("one table microphone pair", vec![(40, -20.0, -26.0), (40, -27.0, -20.0)], false),
            ("a dead channel", vec![(80, -20.0, -90.0)], false),
            ("a dead channel with a click", vec![(80, -20.0, -90.0), (3, -90.0, -20.0)], false),
            ("silence", vec![silence], false),
            ("nothing", vec![], false),
            ("noise in the pauses of one", vec![(80, -20.0, -20.0), (80, -70.0, -58.0)], false),
        ] {
            assert_eq!(alternate(&steps(&parts)), split, "{name}");
        }
    }
}
