//! Words of a hypothesis: what two of them agree on, and where in the audio each lies.

use timeline::{SAMPLE_RATE_HZ, SampleIdx, TimedWord};

/// Energy is looked at in frames of 10 ms.
const FRAME: usize = SAMPLE_RATE_HZ as usize / 100;
/// A frame that is weaker than the loudest one by more than this is a pause: vowels and most consonants lie within
/// 30 dB of each other.
const PAUSE_DB: f32 = 32.0;
/// What a word takes beside its letters: even "u" is no quarter of "dus".
const WORD_WEIGHT: f32 = 1.5;

/// A word of an open segment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// With its punctuation.
    pub text: String,
    /// It had been spoken by then: an index into the segment's samples.
    pub by: usize,
}

impl Word {
    /// Lower case, without punctuation. Empty for a lone dash.
    fn key(&self) -> String {
        self.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    }

    /// Whether a sentence ends with it.
    pub fn ends_sentence(&self) -> bool {
        ends_sentence(&self.text)
    }
}

/// Whether a sentence ends with a word that is written so.
#[must_use]
pub fn ends_sentence(word: &str) -> bool {
    word.trim_end_matches(['"', '”', '’', ')']).ends_with(['.', '?', '!', '…'])
}

pub(crate) fn split(text: &str, until: usize) -> Vec<Word> {
    text.split_whitespace().map(|text| Word { text: text.to_owned(), by: until }).collect()
}

/// How many words the two begin with alike, whatever their case and punctuation.
pub(crate) fn agreement(a: &[Word], b: &[Word]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a.key() == b.key()).count()
}

/// Where each word lies: first and last sample, as indices into the segment's samples, which `samples` are a part of,
/// from `from` on.
///
/// An estimate: the time in which anything sounds is shared out by the words' lengths, and a word ends at the latest
/// where it was first heard alike twice (`Word::by`). How far it is off stands in docs/benchmarks.md.
pub(crate) fn spans(words: &[Word], samples: &[f32], from: usize) -> Vec<(usize, usize)> {
    let sounding = sounding_frames(samples);
    let weight = |word: &Word| word.key().chars().count() as f32 + WORD_WEIGHT;
    let total: f32 = words.iter().map(weight).sum();
    let at = |share: f32, last: bool| -> usize {
        let rank = share * sounding.len() as f32;
        // The end of a word is the end of its last frame, not the start of the next one behind a pause.
        let index = if last { (rank.ceil() as usize).saturating_sub(1) } else { rank as usize };
        sounding
            .get(index.min(sounding.len().saturating_sub(1)))
            .map_or(0, |frame| (frame + usize::from(last)) * FRAME)
    };
    let mut before = 0.0;
    let mut floor = from;
    words
        .iter()
        .map(|word| {
            let start = from + at(before / total, false);
            before += weight(word);
            let end = from + at(before / total, true);
            let end = end.min(word.by).max(floor);
            let start = start.min(end).max(floor);
            floor = end;
            (start, end)
        })
        .collect()
}

/// Where each word of `text` lies in `samples`, whose first is `start` on the session's clock: an estimate, from
/// where it sounds and how long the words are written.
#[must_use]
pub fn place_words(text: &str, samples: &[f32], start: SampleIdx) -> Vec<TimedWord> {
    let words = split(text, usize::MAX);
    let spans = spans(&words, samples, 0);
    timed(&words, &spans, start)
}

/// The words with their places on the session's clock, in a segment that begins at `start`.
pub(crate) fn timed(words: &[Word], spans: &[(usize, usize)], start: SampleIdx) -> Vec<TimedWord> {
    let at = |index: usize| (start + index as u64).as_secs();
    let timed = words.iter().zip(spans);
    timed
        .map(|(word, (a, b))| TimedWord { text: word.text.clone(), start_s: at(*a), end_s: at(*b) })
        .collect()
}

/// The frames in which anything sounds; all of them if none stands out.
fn sounding_frames(samples: &[f32]) -> Vec<usize> {
    let power: Vec<f32> = samples
        .chunks(FRAME)
        .map(|frame| frame.iter().map(|v| v * v).sum::<f32>() / frame.len() as f32)
        .collect();
    let loudest = power.iter().copied().fold(0.0_f32, f32::max);
    let least = loudest * 10.0_f32.powf(-PAUSE_DB / 10.0);
    (0..power.len()).filter(|&frame| power[frame] >= least).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_of_words_not_of_signs() {
        let rows = [
            ("Ik wil wel", "Ik wil wel, maar", 3),
            ("Ik wil we", "Ik wil wel", 2),
            ("Ja. Ik", "ja ik", 2),
            ("", "Ja", 0),
            ("Nee", "Ja nee", 0),
        ];
        for (a, b, expected) in rows {
            assert_eq!(agreement(&split(a, 9), &split(b, 9)), expected, "{a} / {b}");
        }
    }

    #[test]
    fn sentences_end_with_signs() {
        for (text, expected) in [("knie?", true), ("zei.”", true), ("knie,", false), ("3", false)]
        {
            assert_eq!(split(text, 0)[0].ends_sentence(), expected, "{text}");
        }
    }

    /// Two words of the same length with a pause between them.
    #[test]
    fn words_lie_where_it_sounds() {
        let mut samples = vec![0.2; 8_000];
        samples.extend(vec![0.0; 8_000]);
        samples.extend(vec![0.2; 8_000]);
        let words = split("lopen. Lopen", 100_000);
        assert_eq!(spans(&words, &samples, 1_000), [(1_000, 9_000), (17_000, 25_000)]);
    }

    #[test]
    fn a_word_ends_where_it_was_first_heard() {
        let samples = vec![0.2; 16_000];
        let mut words = split("een twee drie", 16_000);
        words[0].by = 2_000;
        let spans = spans(&words, &samples, 0);
        assert_eq!(spans[0], (0, 2_000));
        assert!(spans[1].0 >= 2_000 && spans[2].1 == 16_000, "{spans:?}");
    }

    #[test]
    fn no_words_and_no_sound_are_no_trouble() {
        assert!(spans(&[], &[], 0).is_empty());
        assert_eq!(spans(&split("ja", 100), &[], 50), [(50, 50)]);
        assert_eq!(spans(&split("ja", 160), &[0.0; 160], 0), [(0, 160)]);
    }
}
