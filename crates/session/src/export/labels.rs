//! The words of the exports, in one table.

use timeline::{Lang, Speaker, VoiceId};

use crate::TranscriptLine;

/// What an export says besides the conversation itself.
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
    pub audio_lost: &'static str,
    pub fault: &'static str,
    /// The name of the spoken language.
    pub spoken: fn(Lang) -> &'static str,
    pub decimal_comma: bool,
}

const NL: Labels = Labels {
    practitioner: "Behandelaar",
    client: "Cliënt",
    someone_else: "Iemand anders",
    session: "Sessie",
    started: "Begonnen",
    duration: "Duur",
    language: "Taal",
    source: "Bron",
    models: "Modellen",
    state: "Status",
    complete: "volledig",
    cut_off: "afgebroken: het einde ontbreekt",
    audio_lost: "s geluid gemist",
    fault: "Storing",
    spoken: |lang| match lang {
        Lang::Nl => "Nederlands",
        Lang::En => "Engels",
    },
    decimal_comma: true,
};

const EN: Labels = Labels {
    practitioner: "Practitioner",
    client: "Client",
    someone_else: "Someone else",
    session: "Session",
    started: "Started",
    duration: "Duration",
    language: "Language",
    source: "Source",
    models: "Models",
    state: "State",
    complete: "complete",
    cut_off: "cut off: the end is missing",
    audio_lost: "s of audio lost",
    fault: "Fault",
    spoken: |lang| match lang {
        Lang::Nl => "Dutch",
        Lang::En => "English",
    },
    decimal_comma: false,
};

impl Labels {
    pub(super) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Nl => &NL,
            Lang::En => &EN,
        }
    }

    pub(super) fn speaker(&self, line: &TranscriptLine) -> &'static str {
        match line.speaker {
            _ if line.voice == VoiceId::STRANGER => self.someone_else,
            Speaker::Practitioner => self.practitioner,
            Speaker::Client => self.client,
        }
    }

    /// "1,2 s geluid gemist".
    pub(super) fn lost(&self, seconds: f64) -> String {
        let mut number = format!("{seconds:.1}");
        if self.decimal_comma {
            number = number.replace('.', ",");
        }
        format!("{number} {}", self.audio_lost)
    }
}
