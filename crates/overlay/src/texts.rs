//! All words of the overlay, in one table per language.

use timeline::{Lang, Rung, Speaker, VoiceId};

use crate::{Status, view::Speaking};

/// The words of one language.
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
    pub hints: &'static str,
    pub paused_body: &'static str,
    pub ended_body: &'static str,
    someone_else: &'static str,
    speaking: &'static str,
    roles_changed: &'static str,
    reduced: &'static str,
    late_cues: &'static str,
    no_cues: &'static str,
    lag: (&'static str, &'static str),
    lost: (&'static str, &'static str),
    decimal_comma: bool,
}

const NL: Texts = Texts {
    listening: "Luistert",
    paused: "Pauze",
    fault: "Storing",
    ended: "Afgelopen",
    demo_model: "Demomodel: alleen voor demo en tests",
    pause: "Pauzeer (P)",
    resume: "Ga verder (P)",
    hide: "Verberg (H)",
    show: "Toon Gids (H)",
    dismiss: "Weg (D)",
    quit: "Stop (Q)",
    level: "Geluidsniveau",
    hearing: "Hoort",
    practitioner: "Behandelaar",
    client: "Cliënt",
    speaking_hint: "Wie er nu spreekt. Klopt het niet: R wisselt de rollen.",
    hints: "P\u{a0}pauze · H\u{a0}verberg · D\u{a0}weg · \
        R\u{a0}wissel\u{a0}rollen · G\u{a0}kort · W\u{a0}woorden · L\u{a0}licht\u{a0}of\u{a0}donker · Q\u{a0}stop",
    paused_body: "Gids luistert niet mee. Ga verder met P of spatie.",
    ended_body: "De sessie is afgelopen. Sluit dit venster met Q.",
    someone_else: "Iemand anders",
    speaking: "Spreekt nu",
    roles_changed: "Rollen gewisseld",
    reduced: "Traag",
    late_cues: "Traag: cues komen later",
    no_cues: "Te traag: alleen tekst",
    lag: ("Loopt ", " s achter"),
    lost: ("", " s geluid gemist"),
    decimal_comma: true,
};

const EN: Texts = Texts {
    listening: "Listening",
    paused: "Paused",
    fault: "Fault",
    ended: "Ended",
    demo_model: "Demo model: for the demo and tests only",
    pause: "Pause (P)",
    resume: "Resume (P)",
    hide: "Hide (H)",
    show: "Show Gids (H)",
    dismiss: "Dismiss (D)",
    quit: "Quit (Q)",
    level: "Sound level",
    hearing: "Hearing",
    practitioner: "Practitioner",
    client: "Client",
    speaking_hint: "Who is speaking. If that is wrong, R swaps the roles.",
    hints: "P\u{a0}pause · H\u{a0}hide · D\u{a0}dismiss · \
        R\u{a0}swap\u{a0}roles · G\u{a0}short · W\u{a0}words · L\u{a0}light\u{a0}or\u{a0}dark · Q\u{a0}quit",
    paused_body: "Gids is not listening. P or space resumes.",
    ended_body: "The session has ended. Q closes this window.",
    someone_else: "Someone else",
    speaking: "Speaking now",
    roles_changed: "Roles swapped",
    reduced: "Slow",
    late_cues: "Slow: cues come later",
    no_cues: "Too slow: text only",
    lag: ("", " s behind"),
    lost: ("", " s of audio lost"),
    decimal_comma: false,
};

impl Texts {
    pub(crate) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Nl => &NL,
            Lang::En => &EN,
        }
    }

    /// The state in words.
    pub(crate) fn status(&self, status: Status) -> String {
        match status {
            Status::Listening => self.listening.to_owned(),
            Status::Lagging { lag_ms } => self.around(self.lag, f64::from(lag_ms) / 1_000.0),
            Status::Reduced { rung } => match rung {
                Rung::Full | Rung::FewerSpeculations => self.reduced,
                Rung::FinalsOnly | Rung::SmallerModel => self.late_cues,
                Rung::TranscriptOnly => self.no_cues,
            }
            .to_owned(),
            Status::LostAudio { seconds } => self.around(self.lost, seconds),
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

    fn around(&self, (before, after): (&str, &str), seconds: f64) -> String {
        // What is there is never said to be nothing.
        let mut number = format!("{:.1}", seconds.max(0.1));
        if self.decimal_comma {
            number = number.replace('.', ",");
        }
        format!("{before}{number}{after}")
    }
}
