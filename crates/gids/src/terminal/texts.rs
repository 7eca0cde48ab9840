//! The words of the terminal: the section `terminal` of `assets/texts/{nl,en}.toml`.

use std::{fmt::Display, sync::LazyLock};

use serde::Deserialize;
use speakers::EnrolmentError;
use timeline::{Lang, Rung, Speaker};

use crate::runtime::{ModelFacts, ModelSpeech};

const NL: &str = include_str!("../../../../assets/texts/nl.toml");
const EN: &str = include_str!("../../../../assets/texts/en.toml");

/// The words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    practitioner: &'static str,
    client: &'static str,
    pub someone_else: &'static str,
    pub gap: &'static str,
    pub fault: &'static str,
    pub lagging: &'static str,
    pub caught_up: &'static str,
    pub cue_confirmed: &'static str,
    pub cue_withdrawn: &'static str,
    pub roles_changed: &'static str,
    pub paused: &'static str,
    pub resumed: &'static str,
    pub closing: &'static str,
    pub to_cue: &'static str,
    pub to_frame: &'static str,
    pub kept: &'static str,
    pub not_kept: &'static str,
    pub demo_model: &'static str,
    rungs: Rungs,
    pub session: Session,
    pub consent: Consent,
    pub enrol: Enrol,
    /// Stands above the sections.
    #[serde(skip)]
    decimal: &'static str,
}

/// What the session does on each rung of the ladder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rungs {
    full: &'static str,
    fewer_speculations: &'static str,
    finals_only: &'static str,
    smaller_model: &'static str,
    transcript_only: &'static str,
}

/// What a session says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    model: &'static str,
    synthetic: &'static str,
    many_languages: &'static str,
    english: &'static str,
    pub no_window: &'static str,
    pub channels_apart: &'static str,
    pub no_player: &'static str,
    pub faults: &'static str,
}

/// The consent step of `gids live`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Consent {
    pub question: &'static str,
    pub kept: &'static str,
    pub not_kept: &'static str,
    pub yes: Vec<&'static str>,
    pub refused: &'static str,
    pub nobody_there: &'static str,
}

/// `gids enrol`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrol {
    pub reading: &'static str,
    pub enrolled: &'static str,
    pub deleted: &'static str,
    pub nothing_to_delete: &'static str,
    pub cannot_delete: &'static str,
    pub cannot_make_folder: &'static str,
    pub no_sound: &'static str,
    too_short: &'static str,
    too_quiet: &'static str,
    clipped: &'static str,
    noisy: &'static str,
    many_voices: &'static str,
}

/// As much of the file as the terminal reads.
#[derive(Deserialize)]
struct File {
    decimal: &'static str,
    terminal: Texts,
}

impl Texts {
    pub(crate) fn of(lang: Lang) -> &'static Self {
        static NL_TEXTS: LazyLock<Texts> = LazyLock::new(|| builtin(NL));
        static EN_TEXTS: LazyLock<Texts> = LazyLock::new(|| builtin(EN));
        match lang {
            Lang::Nl => &NL_TEXTS,
            Lang::En => &EN_TEXTS,
        }
    }

    fn parse(toml: &'static str) -> Result<Self, toml::de::Error> {
        let File { decimal, terminal } = toml::from_str(toml)?;
        Ok(Self { decimal, ..terminal })
    }

    pub(super) fn speaker(&self, speaker: Speaker) -> &'static str {
        match speaker {
            Speaker::Practitioner => self.practitioner,
            Speaker::Client => self.client,
        }
    }

    pub(super) fn rung(&self, rung: Rung) -> &'static str {
        match rung {
            Rung::Full => self.rungs.full,
            Rung::FewerSpeculations => self.rungs.fewer_speculations,
            Rung::FinalsOnly => self.rungs.finals_only,
            Rung::SmallerModel => self.rungs.smaller_model,
            Rung::TranscriptOnly => self.rungs.transcript_only,
        }
    }

    /// The speech model and how many threads it has.
    pub(crate) fn model(&self, facts: &ModelFacts, threads: usize) -> String {
        let texts = &self.session;
        let speech = match facts.speech {
            ModelSpeech::Synthetic => texts.synthetic,
            ModelSpeech::ManyLanguages => texts.many_languages,
            ModelSpeech::English => texts.english,
        };
        let megabytes = self.number(facts.megabytes, 0);
        let values: [(&str, &dyn Display); 4] = [
            ("size", &facts.size),
            ("megabytes", &megabytes),
            ("speech", &speech),
            ("threads", &threads),
        ];
        fill(texts.model, &values)
    }

    /// Why what was read aloud does not do as an enrolment, and what helps.
    pub(crate) fn enrolment_error(&self, error: &EnrolmentError) -> String {
        let texts = &self.enrol;
        let number = |value: &f32, digits| self.number(f64::from(*value), digits);
        match error {
            EnrolmentError::TooShort { got_s, want_s } => {
                let (got, want) = (number(got_s, 1), number(want_s, 0));
                fill(texts.too_short, &[("got", &got), ("want", &want)])
            }
            EnrolmentError::TooQuiet { level_dbfs } => {
                fill(texts.too_quiet, &[("level", &number(level_dbfs, 0))])
            }
            EnrolmentError::Clipped { percent } => {
                fill(texts.clipped, &[("percent", &number(percent, 1))])
            }
            EnrolmentError::Noisy { snr_db } => fill(texts.noisy, &[("snr", &number(snr_db, 0))]),
            EnrolmentError::ManyVoices => texts.many_voices.to_owned(),
        }
    }

    /// A number with so many decimals, as the language writes it.
    pub(super) fn number(&self, value: f64, digits: usize) -> String {
        format!("{value:.digits$}").replace('.', self.decimal)
    }
}

fn builtin(toml: &'static str) -> Texts {
    Texts::parse(toml).expect("a built-in file, which the tests have parsed")
}

/// `text` with each value in the place of its name in braces. In one pass: braces within a value (in the message of
/// a fault, say) are no placeholder.
pub(crate) fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(2 * text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next_placeholder(rest) {
        filled.push_str(before);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(&value.to_string()),
            None => filled.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// What stands before the first placeholder, its name, and what follows.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Each text of a file by its path, "terminal.consent.kept" say. A list is one text.
    fn texts(toml: &str) -> BTreeMap<String, String> {
        fn walk(path: &str, value: &toml::Value, found: &mut BTreeMap<String, String>) {
            let text = match value {
                toml::Value::Table(table) => {
                    for (key, value) in table {
                        walk(&format!("{path}.{key}"), value, found);
                    }
                    return;
                }
                toml::Value::String(text) => text.clone(),
                toml::Value::Array(list) => {
                    let list: Vec<&str> = list.iter().map(|it| it.as_str().unwrap()).collect();
                    assert!(list.iter().all(|text| !text.trim().is_empty()), "{path}: {list:?}");
                    list.join("\n")
                }
                other => panic!("{path} is no text: {other}"),
            };
            found.insert(path.to_owned(), text);
        }
        let file: toml::Table = toml.parse().unwrap();
        let mut found = BTreeMap::new();
        for section in ["overlay", "export", "terminal"] {
            walk(section, &file[section], &mut found);
        }
        found
    }

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names = Vec::new();
        let mut rest = text;
        while let Some((_, name, after)) = next_placeholder(rest) {
            names.push(name);
            rest = after;
        }
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_parse() {
        for (lang, toml) in [(Lang::Nl, NL), (Lang::En, EN)] {
            if let Err(error) = Texts::parse(toml) {
                panic!("{lang}: {error}");
            }
            // What no crate reads is told by nobody else.
            let file: toml::Table = toml.parse().unwrap();
            let keys: Vec<&str> = file.keys().map(String::as_str).collect();
            assert_eq!(keys, ["decimal", "export", "lang", "overlay", "terminal", "version"]);
            assert_eq!(file["lang"].as_str(), Some(lang.code()));
            assert_eq!(file["version"].as_integer(), Some(1));
        }
    }

    #[test]
    fn the_languages_have_the_same_texts_with_the_same_placeholders() {
        let (nl, en) = (texts(NL), texts(EN));
        assert_eq!(nl.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        for (key, text) in &nl {
            assert_eq!(placeholders(text), placeholders(&en[key]), "{key}");
            for text in [text, &en[key]] {
                assert!(!text.is_empty() && text.trim() == text, "{key}: {text:?}");
            }
        }
    }

    #[test]
    fn everybody_is_called_the_same_everywhere() {
        for toml in [NL, EN] {
            let texts = texts(toml);
            for who in ["practitioner", "client", "someone_else"] {
                let name = |section| &texts[&format!("{section}.{who}")];
                assert_eq!(name("overlay"), name("export"));
                assert_eq!(name("overlay"), name("terminal"));
            }
        }
    }

    #[test]
    fn placeholders_are_filled_in_one_pass() {
        let values: [(&str, &dyn Display); 2] = [("a", &"{b}"), ("b", &2)];
        assert_eq!(fill("{a} and {b}, {b}", &values), "{b} and 2, 2");
        assert_eq!(fill("no {c}, no { end", &values), "no {c}, no { end");
        assert_eq!(fill("", &values), "");
    }

    #[test]
    fn an_enrolment_that_does_not_do_is_said_in_the_language() {
        let said = |lang, error| Texts::of(lang).enrolment_error(&error);
        let short = || EnrolmentError::TooShort { got_s: 2.34, want_s: 5.0 };
        assert_eq!(
            said(Lang::Nl, short()),
            "er was maar 2,3 s spraak te horen en er is 5 s nodig: lees de hele tekst voor"
        );
        // In English as the error says it itself.
        let errors = [
            short(),
            EnrolmentError::TooQuiet { level_dbfs: -51.2 },
            EnrolmentError::Clipped { percent: 2.5 },
            EnrolmentError::Noisy { snr_db: 4.0 },
            EnrolmentError::ManyVoices,
        ];
        for error in errors {
            assert_eq!(said(Lang::En, error.clone()), error.to_string());
            assert!(!said(Lang::Nl, error.clone()).contains('{'), "{error}");
        }
    }
}
