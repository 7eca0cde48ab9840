//! Keeps invented words out of the transcript.
//!
//! Whisper was trained on subtitles and fills silence with their phrases, or loops. What is checked,
//! in this order: the level of the audio (before anything is decoded), the model's own doubt, loops,
//! a speaking rate nobody reaches, and only then a short list of known subtitle phrases.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use timeline::SAMPLE_RATE_HZ;

use crate::Hypothesis;

/// Why a text was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The audio was too quiet to hold speech.
    TooQuiet,
    /// The model thinks that nobody spoke and was unsure of its words, or was very unsure.
    NoSpeech,
    /// The text repeats itself.
    Repetition,
    /// More words than anybody speaks in that time.
    TooFast,
    /// A known subtitle phrase, and nothing else.
    SubtitlePhrase,
}

impl Rejection {
    /// A short name for the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TooQuiet => "too quiet",
            Self::NoSpeech => "no speech",
            Self::Repetition => "repetition",
            Self::TooFast => "too fast",
            Self::SubtitlePhrase => "subtitle phrase",
        }
    }
}

/// The thresholds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// Audio whose loudest tenth of a second stays below this is not decoded, in dBFS.
    pub min_level_dbfs: f32,
    /// OpenAI's `no_speech_threshold`.
    pub no_speech_prob: f32,
    /// OpenAI's `logprob_threshold`, which goes with the one above.
    pub avg_logprob: f32,
    /// Where the model gives no probability of silence, words less sure than this are not believed: a mean
    /// probability of a token of 22 %. Lower than the one above, since it decides alone.
    pub lone_avg_logprob: f32,
    /// OpenAI's `compression_ratio_threshold`.
    pub compression_ratio: f32,
    /// Words a second; fast conversational Dutch stays below 6 (Quené 2008: 5.2 syllables).
    pub max_words_per_s: f32,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            // 20 dB below a quiet voice at two metres (measured at −35…−40 dBFS).
            min_level_dbfs: -60.0,
            no_speech_prob: 0.6,
            avg_logprob: -1.0,
            lone_avg_logprob: -1.5,
            compression_ratio: 2.4,
            max_words_per_s: 8.0,
        }
    }
}

impl Guard {
    /// Whether the audio is worth decoding.
    ///
    /// # Errors
    /// [`Rejection::TooQuiet`].
    pub fn check_audio(&self, samples: &[f32]) -> Result<(), Rejection> {
        let window = SAMPLE_RATE_HZ as usize / 10;
        let loudest = samples
            .chunks(window)
            .map(|w| w.iter().map(|s| s * s).sum::<f32>() / w.len() as f32)
            .fold(0.0_f32, f32::max);
        // Mean square to dB: 10·log10. An empty or silent slice gives −∞.
        if 10.0 * loudest.log10() >= self.min_level_dbfs {
            Ok(())
        } else {
            Err(Rejection::TooQuiet)
        }
    }

    /// Whether the words can be believed for audio of `samples` length.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn check_text(&self, hypothesis: &Hypothesis, samples: usize) -> Result<(), Rejection> {
        let doubted = match hypothesis.no_speech_prob {
            Some(prob) => prob > self.no_speech_prob && hypothesis.avg_logprob < self.avg_logprob,
            None => hypothesis.avg_logprob < self.lone_avg_logprob,
        };
        if doubted {
            return Err(Rejection::NoSpeech);
        }
        let words = normalised_words(&hypothesis.text);
        if is_loop(&words) || compression_ratio(&hypothesis.text) > self.compression_ratio {
            return Err(Rejection::Repetition);
        }
        let seconds = samples as f32 / SAMPLE_RATE_HZ as f32;
        // One word more than the rate allows, so that a clipped "ja" is not lost.
        if words.len() as f32 > 1.0 + seconds * self.max_words_per_s {
            return Err(Rejection::TooFast);
        }
        if SUBTITLE_PHRASES.contains(&words.join(" ").as_str()) {
            return Err(Rejection::SubtitlePhrase);
        }
        Ok(())
    }
}

/// The last resort: phrases that Whisper models are known to give for silence, lower case and without
/// punctuation. Only an utterance that is nothing else is dropped. None of them is something that a
/// client or a practitioner says.
const SUBTITLE_PHRASES: &[&str] = &[
    "ondertitels ingediend door de amara org gemeenschap",
    "ondertiteld door de amara org gemeenschap",
    "ondertiteling door de amara org gemeenschap",
    "ondertiteling",
    "tv gelderland 2021",
    "bedankt voor het kijken",
    "vergeet niet te abonneren",
    "subtitles by the amara org community",
    "thanks for watching",
    "thank you for watching",
    "please subscribe",
    "like and subscribe",
];

/// Whether anything was said: on silence a model may end with a lone full stop.
pub(crate) fn has_words(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn normalised_words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Whether a run of one to six words stands at least four times in a row and makes up more than half
/// of the text. People say "ja, ja, ja"; they do not say it as the larger part of a long sentence.
fn is_loop(words: &[String]) -> bool {
    const MIN_REPEATS: usize = 4;
    (1..=6).any(|n| {
        let mut best = 0;
        let mut run = 1;
        let mut at = n;
        while at + n <= words.len() {
            if words[at..at + n] == words[at - n..at] {
                run += 1;
                best = best.max(run);
                at += n;
            } else {
                run = 1;
                at += 1;
            }
        }
        best >= MIN_REPEATS && best * n * 2 > words.len() && words.len() > MIN_REPEATS
    })
}

/// Bytes of the text over its bytes after zlib; below 1 for short texts.
fn compression_ratio(text: &str) -> f32 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    // Writing to a Vec cannot fail; were it to, the text counts as not repetitive.
    packed.map_or(0.0, |packed| text.len() as f32 / packed.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Hypothesis {
        Hypothesis { text: text.to_owned(), avg_logprob: -0.3, no_speech_prob: Some(0.1) }
    }

    fn verdict(text: &str, seconds: f32) -> Result<(), Rejection> {
        Guard::default().check_text(&heard(text), (seconds * 16_000.0) as usize)
    }

    #[test]
    fn texts() {
        let looped = "en dan ga ik ".repeat(6);
        let rows = [
            ("Ja.", 0.3, Ok(())),
            ("Ja, ja, ja, ja.", 1.5, Ok(())),
            ("Ik wil wel, maar ik heb geen tijd.", 2.0, Ok(())),
            ("Bedankt voor het kijken!", 2.0, Err(Rejection::SubtitlePhrase)),
            ("Bedankt voor het kijken naar mijn knie.", 2.0, Ok(())),
            (looped.as_str(), 9.0, Err(Rejection::Repetition)),
            ("nee nee nee nee nee nee nee", 3.0, Err(Rejection::Repetition)),
            ("een twee drie vier vijf zes zeven acht negen tien", 0.5, Err(Rejection::TooFast)),
        ];
        for (text, seconds, expected) in rows {
            assert_eq!(verdict(text, seconds), expected, "{text}");
        }
    }

    #[test]
    fn doubt_needs_both_signs() {
        let guard = Guard::default();
        let mut hypothesis = heard("Misschien.");
        hypothesis.no_speech_prob = Some(0.9);
        assert_eq!(guard.check_text(&hypothesis, 16_000), Ok(()));
        hypothesis.avg_logprob = -1.5;
        assert_eq!(guard.check_text(&hypothesis, 16_000), Err(Rejection::NoSpeech));
        // Without the one sign, the other has to be stronger.
        hypothesis.no_speech_prob = None;
        hypothesis.avg_logprob = -1.4;
        assert_eq!(guard.check_text(&hypothesis, 16_000), Ok(()));
        hypothesis.avg_logprob = -1.6;
        assert_eq!(guard.check_text(&hypothesis, 16_000), Err(Rejection::NoSpeech));
    }

    #[test]
    fn punctuation_is_no_word() {
        for (text, expected) in [("", false), (" .", false), ("…", false), ("Ja.", true)] {
            assert_eq!(has_words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn levels() {
        let guard = Guard::default();
        assert_eq!(guard.check_audio(&[]), Err(Rejection::TooQuiet));
        assert_eq!(guard.check_audio(&[0.0; 16_000]), Err(Rejection::TooQuiet));
        assert_eq!(guard.check_audio(&[0.0005; 16_000]), Err(Rejection::TooQuiet));
        // A short word in a long silence counts.
        let mut audio = vec![0.0; 32_000];
        audio[8_000..9_600].fill(0.02);
        assert_eq!(guard.check_audio(&audio), Ok(()));
        // No number is no speech.
        assert_eq!(guard.check_audio(&[f32::NAN; 3_200]), Err(Rejection::TooQuiet));
    }
}
