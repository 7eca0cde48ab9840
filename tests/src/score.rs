//! The measures of the checks.

use timeline::{Speaker, UtteranceEvent};

use crate::Line;

/// Edits (insertions, deletions, replacements) over the words of `said`; without case and punctuation.
///
/// ```
/// use gids_tests::word_error_rate;
/// assert_eq!(word_error_rate("Ja, dat wil ik.", "ja dat wil ik"), 0.0);
/// assert_eq!(word_error_rate("dat wil ik niet", "dat wil ik"), 0.25);
/// assert_eq!(word_error_rate("ja", "nee nee"), 2.0); // it can be more than everything
/// ```
///
/// # Panics
/// Nothing was said.
#[must_use]
pub fn word_error_rate(said: &str, heard: &str) -> f64 {
    gids::bench::wer::word_error_rate(said, heard).expect("the truth has words")
}

/// The share of true speech time that was given to the right speaker; speech that was given to nobody
/// counts as wrong.
#[must_use]
pub fn speaker_agreement(truth: &[Line], heard: &[UtteranceEvent]) -> f64 {
    const STEP_S: f64 = 0.01;
    let speaker_at = |seconds: f64| -> Option<Speaker> {
        heard
            .iter()
            .find(|utterance| utterance.start_s <= seconds && seconds < utterance.end_s)
            .map(|utterance| utterance.speaker)
    };
    let (mut right, mut all) = (0_u32, 0_u32);
    for line in truth {
        let steps = ((line.end_s - line.start_s) / STEP_S) as u32;
        for step in 0..steps {
            let seconds = line.start_s + f64::from(step) * STEP_S;
            // A pause between two sentences of one turn is no speech to be given to anybody.
            if let Some(speaker) = speaker_at(seconds) {
                right += u32::from(speaker == line.speaker);
                all += 1;
            } else if !near_speech(heard, seconds) {
                all += 1;
            }
        }
    }
    f64::from(right) / f64::from(all.max(1))
}

/// Whether the instant lies within half a second of an utterance: in a sentence pause.
fn near_speech(heard: &[UtteranceEvent], seconds: f64) -> bool {
    heard.iter().any(|u| u.start_s - 0.5 <= seconds && seconds < u.end_s + 0.5)
}
