//! The words of the overlay: the section `overlay` of `assets/texts/{nl,en}.toml`.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};
use timeline::{Lang, Rung, Speaker, VoiceId};

use crate::{Status, view::Speaking};

const NL: &str = include_str!("../../../assets/texts/nl.toml");
const EN: &str = include_str!("../../../assets/texts/en.toml");

/// Between two keys and what they do.
const BETWEEN_HINTS: &str = " · ";

/// The words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub listening: &'static str,
    pub paused: &'static str,
    pub fault: &'static str,
    pub ended: &'static str,
    pub demo_model: &'static str,
    pub pause: &'static str,
    pub resume: &'static str,
    pub hide: &'static str,
    pub show: &'static str,
    pub dismiss: &'static str,
    pub quit: &'static str,
    pub level: &'static str,
    pub hearing: &'static str,
    pub practitioner: &'static str,
    pub client: &'static str,
    pub speaking_hint: &'static str,
    /// A key stays with its word.
    #[serde(deserialize_with = "hints")]
    pub hints: String,
    pub paused_body: &'static str,
    pub ended_body: &'static str,
    someone_else: &'static str,
    speaking: &'static str,
    roles_changed: &'static str,
    reduced: &'static str,
    late_cues: &'static str,
    no_cues: &'static str,
    lag: &'static str,
    lost: &'static str,
    /// Stands above the sections.
    #[serde(skip)]
    decimal: &'static str,
}

/// As much of the file as the overlay reads.
#[derive(Deserialize)]
struct File {
    decimal: &'static str,
    overlay: Texts,
}

impl Texts {
    pub(crate) fn of(lang: Lang) -> &'static Self {
        // Parsed once: every frame asks for them.
        static NL_TEXTS: LazyLock<Texts> = LazyLock::new(|| builtin(NL));
        static EN_TEXTS: LazyLock<Texts> = LazyLock::new(|| builtin(EN));
        match lang {
            Lang::Nl => &NL_TEXTS,
            Lang::En => &EN_TEXTS,
        }
    }

    fn parse(toml: &'static str) -> Result<Self, toml::de::Error> {
        let File { decimal, overlay } = toml::from_str(toml)?;
        Ok(Self { decimal, ..overlay })
    }

    /// The state in words.
    pub(crate) fn status(&self, status: Status) -> String {
        match status {
            Status::Listening => self.listening.to_owned(),
            Status::Lagging { lag_ms } => self.seconds(self.lag, f64::from(lag_ms) / 1_000.0),
            Status::Reduced { rung } => match rung {
                Rung::Full | Rung::FewerSpeculations => self.reduced,
                Rung::FinalsOnly | Rung::SmallerModel => self.late_cues,
                Rung::TranscriptOnly => self.no_cues,
            }
            .to_owned(),
            Status::LostAudio { seconds } => self.seconds(self.lost, seconds),
            Status::RolesChanged => self.roles_changed.to_owned(),
            Status::Paused => self.paused.to_owned(),
            Status::Fault => self.fault.to_owned(),
            Status::Ended => self.ended.to_owned(),
        }
    }

    /// Who that is. A third person's words are coached as the client's, but they are not the client's.
    pub(crate) fn who(&self, voice: VoiceId, speaker: Speaker) -> &'static str {
        match speaker {
            _ if voice == VoiceId::STRANGER => self.someone_else,
            Speaker::Practitioner => self.practitioner,
            Speaker::Client => self.client,
        }
    }

    /// Who speaks, as it is read and as it is read aloud.
    pub(crate) fn speaking(&self, Speaking { voice, speaker, sure }: Speaking) -> [String; 2] {
        let who = format!("{}{}", self.who(voice, speaker), if sure { "" } else { "?" });
        let aloud = format!("{}: {who}", self.speaking);
        [who, aloud]
    }

    fn seconds(&self, text: &str, seconds: f64) -> String {
        // What is there is never said to be nothing.
        let number = format!("{:.1}", seconds.max(0.1)).replace('.', self.decimal);
        text.replace("{seconds}", &number)
    }
}

fn builtin(toml: &'static str) -> Texts {
    Texts::parse(toml).expect("a built-in file, which the tests have parsed")
}

/// One line of them, which breaks only between two.
fn hints<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let hints = Vec::<String>::deserialize(deserializer)?;
    let unbroken: Vec<_> = hints.iter().map(|hint| hint.replace(' ', "\u{a0}")).collect();
    Ok(unbroken.join(BETWEEN_HINTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_parse_and_leave_no_placeholder() {
        for (lang, toml) in [(Lang::Nl, NL), (Lang::En, EN)] {
            if let Err(error) = Texts::parse(toml) {
                panic!("{lang}: {error}");
            }
            let texts = Texts::of(lang);
            for status in [Status::Lagging { lag_ms: 3_240 }, Status::LostAudio { seconds: 0.0 }] {
                let said = texts.status(status);
                assert!(said.contains(texts.decimal) && !said.contains('{'), "{said}");
            }
        }
    }

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let said = |lang, status| Texts::of(lang).status(status);
        let lag = Status::Lagging { lag_ms: 3_240 };
        let nothing = Status::LostAudio { seconds: 0.0 };
        assert_eq!(said(Lang::Nl, lag), "Loopt 3,2 s achter");
        assert_eq!(said(Lang::En, lag), "3.2 s behind");
        assert_eq!(said(Lang::Nl, nothing), "0,1 s geluid gemist");
        assert_eq!(said(Lang::En, nothing), "0.1 s of audio lost");
    }

    #[test]
    fn a_key_stays_with_its_word() {
        let hints = &Texts::of(Lang::Nl).hints;
        assert!(hints.starts_with("P\u{a0}pauze · H\u{a0}verberg · D\u{a0}weg"), "{hints}");
        assert!(hints.contains(" · R\u{a0}wissel\u{a0}rollen · "), "{hints}");
    }

    #[test]
    fn a_text_too_many_is_refused() {
        let more = NL.replacen("[overlay]", "[overlay]\nthanks = \"Dank\"", 1);
        let error = Texts::parse(more.leak()).unwrap_err().to_string();
        assert!(error.contains("unknown field `thanks`"), "{error}");
    }
}
