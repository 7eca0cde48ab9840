//! The words of the exports: the section `export` of `assets/texts/{nl,en}.toml`.

use std::sync::LazyLock;

use serde::Deserialize;
use timeline::{Lang, Speaker, VoiceId};

use crate::TranscriptLine;

const NL: &str = include_str!("../../../../assets/texts/nl.toml");
const EN: &str = include_str!("../../../../assets/texts/en.toml");

/// What an export says besides the conversation itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    pub practitioner: &'static str,
    pub client: &'static str,
    pub someone_else: &'static str,
    pub session: &'static str,
    pub started: &'static str,
    pub duration: &'static str,
    pub language: &'static str,
    pub source: &'static str,
    pub models: &'static str,
    pub state: &'static str,
    pub complete: &'static str,
    pub cut_off: &'static str,
    pub fault: &'static str,
    lost: &'static str,
    languages: Languages,
    /// Stands above the sections.
    #[serde(skip)]
    decimal: &'static str,
}

/// The names of the spoken languages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Languages {
    nl: &'static str,
    en: &'static str,
}

/// As much of the file as the exports read.
#[derive(Deserialize)]
struct File {
    decimal: &'static str,
    export: Labels,
}

impl Labels {
    pub(super) fn of(lang: Lang) -> &'static Self {
        static NL_LABELS: LazyLock<Labels> = LazyLock::new(|| builtin(NL));
        static EN_LABELS: LazyLock<Labels> = LazyLock::new(|| builtin(EN));
        match lang {
            Lang::Nl => &NL_LABELS,
            Lang::En => &EN_LABELS,
        }
    }

    fn parse(toml: &'static str) -> Result<Self, toml::de::Error> {
        let File { decimal, export } = toml::from_str(toml)?;
        Ok(Self { decimal, ..export })
    }

    pub(super) fn speaker(&self, line: &TranscriptLine) -> &'static str {
        match line.speaker {
            _ if line.voice == VoiceId::STRANGER => self.someone_else,
            Speaker::Practitioner => self.practitioner,
            Speaker::Client => self.client,
        }
    }

    /// The name of the spoken language.
    pub(super) fn spoken(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Nl => self.languages.nl,
            Lang::En => self.languages.en,
        }
    }

    /// "1,2 s geluid gemist".
    pub(super) fn lost(&self, seconds: f64) -> String {
        let number = format!("{seconds:.1}").replace('.', self.decimal);
        self.lost.replace("{seconds}", &number)
    }
}

fn builtin(toml: &'static str) -> Labels {
    Labels::parse(toml).expect("a built-in file, which the tests have parsed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_parse_and_leave_no_placeholder() {
        for (lang, toml) in [(Lang::Nl, NL), (Lang::En, EN)] {
            if let Err(error) = Labels::parse(toml) {
                panic!("{lang}: {error}");
            }
        }
        assert_eq!(Labels::of(Lang::Nl).lost(1.25), "1,2 s geluid gemist");
        assert_eq!(Labels::of(Lang::En).lost(1.25), "1.2 s of audio lost");
        assert_eq!(Labels::of(Lang::Nl).spoken(Lang::En), "Engels");
        assert_eq!(Labels::of(Lang::En).spoken(Lang::Nl), "Dutch");
    }
}
