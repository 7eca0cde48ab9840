//! Lists of words and phrases to look for.

use crate::text::Word;

/// Phrases of one or more words, the longest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phrases(Vec<Vec<String>>);

impl Phrases {
    pub(crate) fn new(list: &[String]) -> Self {
        let mut phrases: Vec<Vec<String>> = list
            .iter()
            .map(|p| p.replace(',', " ").split_whitespace().map(str::to_lowercase).collect())
            .collect();
        phrases.sort_by_key(|p: &Vec<String>| std::cmp::Reverse(p.len()));
        Self(phrases)
    }

    /// How many words at the start of `words` are a phrase of the list; 0 when none.
    pub(crate) fn at_start(&self, words: &[Word]) -> usize {
        self.0
            .iter()
            .find(|p| p.len() <= words.len() && same(p, &words[..p.len()]))
            .map_or(0, Vec::len)
    }

    /// How many words at the end of `words` are a phrase of the list; 0 when none.
    pub(crate) fn at_end(&self, words: &[Word]) -> usize {
        self.0
            .iter()
            .find(|p| p.len() <= words.len() && same(p, &words[words.len() - p.len()..]))
            .map_or(0, Vec::len)
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

fn same(phrase: &[String], words: &[Word]) -> bool {
    phrase.iter().zip(words).all(|(p, w)| *p == w.lower)
}
