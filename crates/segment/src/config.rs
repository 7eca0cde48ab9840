//! The settings of the segmenter, and where their values come from.

use timeline::{BLOCK_LEN, SAMPLE_RATE_HZ};

use crate::SegmentError;

/// When speech starts and ends. All times are rounded up to whole samples; blocks are 32 ms.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmenterConfig {
    /// Speech begins at this probability. 0.5 is what Silero's authors recommend for most recordings.
    pub onset_prob: f32,
    /// It goes on down to this one: their onset less 0.15, so that a weak syllable does not split a word.
    pub offset_prob: f32,
    /// How long the probability must stay up to open a segment: two blocks, which a click does not reach.
    pub onset_ms: u32,
    /// Audio from before the onset that belongs to the segment: an unvoiced first consonant takes 100–150 ms, and the
    /// detector needs one to three blocks of voice to be sure.
    pub preroll_ms: u32,
    /// Silence that closes a segment. Pauses inside a sentence are mostly under 250 ms, those at a change of
    /// speaker mostly over 400 ms in consultations; all of it is latency, so no more than needed: ten blocks.
    pub hangover_ms: u32,
    /// From this length on, a shorter silence closes a segment: who goes on and on takes a breath now and then, and a
    /// segment that has to be cut in the middle of speech is closed up to `cut_window_ms` later than it ended.
    pub long_ms: u32,
    /// That shorter silence: four blocks. Longer than the closure of a stop consonant (50 to 80 ms).
    pub long_hangover_ms: u32,
    /// Silence behind the speech that is handed on with it: the recogniser wants some to end the last word, and none
    /// to make words of.
    pub tail_ms: u32,
    /// Less speech than this is a cough or a click and is dropped. A short "ja" takes about 200 ms.
    pub min_speech_ms: u32,
    /// A segment that gets this long is cut. The recogniser's time grows faster than its context, which follows the
    /// segment (512 positions are 10.2 s; 12 s still fits one second of processing with the base model).
    pub longest_ms: u32,
    /// The stretch before the longest length in which the best place to cut is looked for. What was said before that place
    /// is closed up to this much late, so no longer than a breath group leaves a weak syllable in.
    pub cut_window_ms: u32,
    /// Blocks whose effective level lies below are no speech, whatever the detector thinks: the noise of a
    /// microphone lies at −75…−60 dBFS, quiet speech at one metre at −50…−40.
    pub level_gate_dbfs: f32,
}

impl Default for SegmenterConfig {
    fn default() -> Self {
        Self {
            onset_prob: 0.5,
            offset_prob: 0.35,
            onset_ms: 64,
            preroll_ms: 300,
            hangover_ms: 320,
            long_ms: 7_000,
            long_hangover_ms: 128,
            tail_ms: 200,
            min_speech_ms: 160,
            longest_ms: 12_000,
            cut_window_ms: 1_000,
            level_gate_dbfs: -60.0,
        }
    }
}

impl SegmenterConfig {
    /// Whether the settings fit together.
    ///
    /// # Errors
    /// [`SegmentError::Config`], naming the first setting that does not.
    pub fn validate(&self) -> Result<(), SegmentError> {
        let probability = |p: f32| p > 0.0 && p < 1.0;
        let block_ms = (BLOCK_LEN as u32 * 1_000) / SAMPLE_RATE_HZ;
        let checks = [
            (
                probability(self.onset_prob),
                "onset_prob",
                self.onset_prob,
                "give a probability between 0 and 1",
            ),
            (
                probability(self.offset_prob) && self.offset_prob <= self.onset_prob,
                "offset_prob",
                self.offset_prob,
                "give a probability above 0, at most onset_prob",
            ),
            (self.onset_ms <= 1_000, "onset_ms", self.onset_ms as f32, "give at most 1000"),
            (self.preroll_ms <= 2_000, "preroll_ms", self.preroll_ms as f32, "give at most 2000"),
            (
                (block_ms..=5_000).contains(&self.hangover_ms),
                "hangover_ms",
                self.hangover_ms as f32,
                "give 32 to 5000",
            ),
            (
                (block_ms..=self.hangover_ms).contains(&self.long_hangover_ms),
                "long_hangover_ms",
                self.long_hangover_ms as f32,
                "give 32 to hangover_ms",
            ),
            (
                self.tail_ms <= self.hangover_ms,
                "tail_ms",
                self.tail_ms as f32,
                "give at most hangover_ms",
            ),
            (
                (4 * block_ms..=self.longest_ms / 2).contains(&self.cut_window_ms),
                "cut_window_ms",
                self.cut_window_ms as f32,
                "give at least 128, at most half of longest_ms",
            ),
            (
                self.longest_ms <= 30_000,
                "longest_ms",
                self.longest_ms as f32,
                "give at most 30000: Whisper hears no more at once",
            ),
            (
                self.min_speech_ms + self.preroll_ms + self.onset_ms + self.cut_window_ms
                    <= self.longest_ms,
                "longest_ms",
                self.longest_ms as f32,
                "give more than pre-roll, onset, shortest speech and cut window together",
            ),
            (
                (-120.0..=0.0).contains(&self.level_gate_dbfs),
                "level_gate_dbfs",
                self.level_gate_dbfs,
                "give −120 to 0",
            ),
        ];
        for (holds, setting, value, why) in checks {
            if !holds {
                return Err(SegmentError::Config { setting, value, why });
            }
        }
        Ok(())
    }
}

/// Milliseconds as samples of the clock.
pub(crate) fn samples(ms: u32) -> u64 {
    u64::from(ms) * u64::from(SAMPLE_RATE_HZ) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_nonsense_is_named() {
        let good = SegmenterConfig::default();
        good.validate().unwrap();
        let bad = [
            ("onset_prob", SegmenterConfig { onset_prob: f32::NAN, ..good.clone() }),
            ("onset_prob", SegmenterConfig { onset_prob: 1.5, ..good.clone() }),
            ("offset_prob", SegmenterConfig { offset_prob: 0.6, ..good.clone() }),
            (
                "hangover_ms",
                SegmenterConfig { hangover_ms: 0, long_hangover_ms: 0, tail_ms: 0, ..good.clone() },
            ),
            ("long_hangover_ms", SegmenterConfig { long_hangover_ms: 400, ..good.clone() }),
            ("tail_ms", SegmenterConfig { tail_ms: 400, ..good.clone() }),
            ("cut_window_ms", SegmenterConfig { cut_window_ms: 7_000, ..good.clone() }),
            ("longest_ms", SegmenterConfig { longest_ms: 31_000, ..good.clone() }),
            (
                "longest_ms",
                SegmenterConfig {
                    longest_ms: 2_000,
                    cut_window_ms: 1_000,
                    preroll_ms: 900,
                    ..good.clone()
                },
            ),
            ("level_gate_dbfs", SegmenterConfig { level_gate_dbfs: 3.0, ..good.clone() }),
        ];
        for (name, config) in bad {
            let Err(SegmentError::Config { setting, .. }) = config.validate() else {
                panic!("{name} passed: {config:?}")
            };
            assert_eq!(setting, name);
        }
    }
}
