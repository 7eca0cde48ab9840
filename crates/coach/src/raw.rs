//! The pack files as they are written: `assets/coach/{nl,en}/wordings.toml` and `lexicon.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use timeline::{Lang, Moment, Technique};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPack {
    pub lang: Lang,
    pub version: u32,
    pub moments: BTreeMap<Moment, String>,
    pub techniques: BTreeMap<Technique, RawTechnique>,
    /// How wordings begin that ask back whether it was understood.
    pub checking: Vec<String>,
    /// How wordings begin that are too brisk for what weighs on somebody.
    pub brisk: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTechnique {
    pub headlines: Vec<String>,
    pub je: Option<Vec<String>>,
    pub u: Option<Vec<String>>,
    pub you: Option<Vec<String>>,
    pub je_low: Option<Vec<String>>,
    pub u_low: Option<Vec<String>>,
    pub you_low: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLexicon {
    pub lang: Lang,
    pub version: u32,
    pub numbers: Vec<String>,
    pub an_numbers: Vec<String>,
    pub samples: Vec<String>,
    pub limits: Limits,
    pub pronouns: RawPronouns,
    pub trim: RawTrim,
    pub clause: RawClause,
    pub need: RawNeed,
    pub sides: RawSides,
    pub answers: RawAnswers,
    pub verbs: RawVerbs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawNeed {
    pub heads: Vec<String>,
    pub stand_in: String,
    pub said_back: String,
}

/// Words in a clause and in a whole sentence.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub clause_min_words: usize,
    pub clause_max_words: usize,
    pub sentence_max_words: usize,
    pub double_sided_max_words: usize,
    pub summary_max_words: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPronouns {
    pub subjects: Vec<String>,
    pub first: Vec<String>,
    pub second: Vec<String>,
    pub address_informal: Vec<String>,
    pub address_formal: Vec<String>,
    pub loose: Vec<String>,
    pub infers: Vec<String>,
    pub conditional: Vec<String>,
    pub states: Vec<String>,
    pub relative_heads: Vec<String>,
    pub determining: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTrim {
    pub openers: Vec<String>,
    pub closers: Vec<String>,
    pub inline: Vec<String>,
    pub softeners: Vec<String>,
    pub fronts: Vec<String>,
    pub not_openers: Vec<String>,
    pub trailing: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawClause {
    pub conjunctions: Vec<String>,
    pub resumptive: Vec<String>,
    pub points_back: Vec<String>,
    pub no_start: Vec<String>,
    pub takes_clause: Vec<String>,
    pub cut_before: Vec<String>,
    pub thinks: Vec<String>,
    pub quotes: Vec<String>,
    pub amounts: Vec<String>,
    pub run_on_subjects: Vec<String>,
    pub not_only_verbs: Vec<String>,
    pub subordinators: Vec<String>,
    pub dangling: Vec<String>,
    pub stranders: Vec<String>,
    pub determiners: Vec<String>,
    pub no_nouns: Vec<String>,
    pub third_subjects: Vec<String>,
    pub unfit: Vec<String>,
    pub advice: Vec<String>,
    pub light: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSides {
    pub change: Vec<String>,
    pub sustain: Vec<String>,
    pub negations: Vec<String>,
    pub worry: Vec<String>,
    pub wants: Vec<String>,
    pub feelings: Vec<String>,
    pub steps: Vec<String>,
    pub effort: Vec<String>,
    pub success: Vec<String>,
    pub contrast: Vec<String>,
    pub takes_back: Vec<String>,
    pub opinion: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAnswers {
    pub asking: Vec<String>,
    pub telling: Vec<String>,
    pub asks_advice: Vec<String>,
    pub agree: Vec<String>,
    pub refuse: Vec<String>,
    pub objection_question: Vec<String>,
    pub yes_but: Vec<String>,
    pub planning_when: Vec<String>,
    pub planning: Vec<String>,
    pub agenda: Vec<String>,
    pub grave: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawVerbs {
    /// Before the subject's verb slot, behind it, third person.
    pub irregular: BTreeMap<String, [String; 3]>,
    pub lists: RawVerbLists,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawVerbLists {
    pub present: Vec<String>,
    pub past: Vec<String>,
    pub auxiliaries: Vec<String>,
    pub plural: Vec<String>,
    pub third: Vec<String>,
    pub particles: Vec<String>,
    pub reflexive: Vec<String>,
    pub adverbs: Vec<String>,
    pub need_infinitive: Vec<String>,
    pub infinitive_endings: Vec<String>,
}
