//! From text to token ids, with the tokenizers that training wrote.

use std::path::Path;

use serde::Deserialize;
use timeline::Lang;
use tokenizers::Tokenizer;

use crate::CodingError;

/// The tokenizer's file of a language, within the model's folder.
#[must_use]
pub fn tokenizer_file(lang: Lang) -> &'static str {
    match lang {
        Lang::Nl => "tokenizer-nl.json",
        Lang::En => "tokenizer-en.json",
    }
}

/// The ids with a meaning of their own, and how much of a long text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct TokenRules {
    unknown: u32,
    start: u32,
    end: u32,
    /// Tokens kept from the beginning of a text that is longer than `head` and `tail` together…
    head: usize,
    /// … and from its end: what an utterance does is mostly said there.
    tail: usize,
}

/// The tokenizers of both languages. A piece spelt alike in both ("of", "want") has two ids.
#[derive(Debug)]
pub(crate) struct Tokens {
    nl: Tokenizer,
    en: Tokenizer,
    rules: TokenRules,
    /// Whether the token of that id holds a letter or a digit; the unknown one holds none.
    worded: Vec<bool>,
}

impl Tokens {
    /// Reads the tokenizers from the model's folder.
    ///
    /// # Errors
    /// [`CodingError::Tokenizer`] when a file is missing or damaged.
    pub(crate) fn read(dir: &Path, rules: TokenRules) -> Result<Self, CodingError> {
        let read = |lang| {
            let path = dir.join(tokenizer_file(lang));
            Tokenizer::from_file(&path)
                .map_err(|source| CodingError::Tokenizer { path, reason: source.to_string() })
        };
        let (nl, en) = (read(Lang::Nl)?, read(Lang::En)?);
        let mut worded = Vec::new();
        for (token, id) in [&nl, &en].into_iter().flat_map(|t| t.get_vocab(true)) {
            let id = id as usize;
            worded.resize(worded.len().max(id + 1), false);
            worded[id] = token.contains(char::is_alphanumeric) && id != rules.unknown as usize;
        }
        Ok(Self { nl, en, rules, worded })
    }

    /// The ids of `text`, framed by start and end; `None` where no word of it is known: nothing was
    /// said, or nothing that the model could read (signs, emoji, another script).
    ///
    /// # Errors
    /// [`CodingError::Tokenize`], which a well-formed tokenizer never gives.
    pub(crate) fn ids(&self, lang: Lang, text: &str) -> Result<Option<Vec<i64>>, CodingError> {
        let tokenizer = match lang {
            Lang::Nl => &self.nl,
            Lang::En => &self.en,
        };
        let encoding = tokenizer
            .encode_fast(text, false)
            .map_err(|source| CodingError::Tokenize { reason: source.to_string() })?;
        let ids = encoding.get_ids();
        if !ids.iter().any(|&id| self.worded[id as usize]) {
            return Ok(None);
        }
        let TokenRules { start, end, head, tail, .. } = self.rules;
        let (first, last) = if ids.len() > head + tail {
            (&ids[..head], &ids[ids.len() - tail..])
        } else {
            (ids, &[][..])
        };
        let framed = [&[start], first, last, &[end]].concat();
        Ok(Some(framed.into_iter().map(i64::from).collect()))
    }
}
