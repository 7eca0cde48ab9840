//! Lists of words and phrases to look for.

use std::collections::BTreeMap;

use crate::text::Word;

/// Phrases of one or more words, filed by their first and by their last word, the longest first. The look-up is
/// what the coach does most.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phrases {
    by_first: BTreeMap<String, Vec<Vec<String>>>,
    by_last: BTreeMap<String, Vec<Vec<String>>>,
}

impl Phrases {
    pub(crate) fn new(list: &[String]) -> Self {
        let mut phrases: Vec<Vec<String>> = list
            .iter()
            .map(|p| p.replace(',', " ").split_whitespace().map(str::to_lowercase).collect())
            .collect();
        phrases.sort_by_key(|p: &Vec<String>| std::cmp::Reverse(p.len()));
        let mut filed = Self::default();
        for phrase in phrases {
            if let (Some(first), Some(last)) = (phrase.first(), phrase.last()) {
                filed.by_first.entry(first.clone()).or_default().push(phrase.clone());
                filed.by_last.entry(last.clone()).or_default().push(phrase.clone());
            }
        }
        filed
    }

    /// How many words at the start of `words` are a phrase of the list; 0 when none.
    pub(crate) fn at_start(&self, words: &[Word]) -> usize {
        let Some(first) = words.first() else { return 0 };
        longest(self.by_first.get(&first.lower), |p| {
            p.len() <= words.len() && same(p, &words[..p.len()])
        })
    }

    /// How many words at the end of `words` are a phrase of the list; 0 when none.
    pub(crate) fn at_end(&self, words: &[Word]) -> usize {
        let Some(last) = words.last() else { return 0 };
        longest(self.by_last.get(&last.lower), |p| {
            p.len() <= words.len() && same(p, &words[words.len() - p.len()..])
        })
    }

    /// Whether a phrase of the list stands anywhere in `words`.
    pub(crate) fn within(&self, words: &[Word]) -> bool {
        (0..words.len()).any(|i| self.at_start(&words[i..]) > 0)
    }

    /// `words` without any phrase of the list.
    pub(crate) fn removed(&self, words: &[Word]) -> Vec<Word> {
        let mut kept = Vec::with_capacity(words.len());
        let mut i = 0;
        while i < words.len() {
            match self.at_start(&words[i..]) {
                0 => {
                    kept.push(words[i].clone());
                    i += 1;
                }
                n => i += n,
            }
        }
        kept
    }
}

fn longest(filed: Option<&Vec<Vec<String>>>, fits: impl Fn(&[String]) -> bool) -> usize {
    filed.into_iter().flatten().find(|p| fits(p)).map_or(0, Vec::len)
}

fn same(phrase: &[String], words: &[Word]) -> bool {
    phrase.iter().zip(words).all(|(p, w)| *p == w.lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;

    #[test]
    fn the_longest_phrase_wins() {
        let phrases = Phrases::new(&["nou".into(), "nou ja".into(), "ja".into()]);
        assert_eq!(phrases.at_start(&words("nou ja dan")), 2);
        assert_eq!(phrases.at_end(&words("dan nou ja")), 2);
        assert_eq!(phrases.at_start(&words("dan")), 0);
        assert!(phrases.within(&words("dan ja")) && !phrases.within(&words("jaar")));
        assert_eq!(phrases.removed(&words("nou ja ik nou")).len(), 1);
        assert_eq!((phrases.at_start(&[]), phrases.at_end(&[])), (0, 0));
    }
}
