//! The permission window: while it is open, advice is no righting reflex.

use serde::{Deserialize, Serialize};
use timeline::{Code, SAMPLE_RATE_HZ, SampleIdx};

use crate::{
    coach::Heard,
    lexicon::Lexicon,
    text::{Word, words},
};

/// After this long a permission is stale: the talk has moved on.
const OPEN_SECS: u64 = 180;
/// Advice this long after the question for permission is let pass without an audible answer: the client may
/// have nodded, or a short "ja" went unrecognised. When in doubt, silence.
const NOD_MS: u64 = 1_000;
/// How far into an answer its "yes" is looked for: "nou, oké, vertel".
const ANSWER_START_WORDS: usize = 3;
/// An answer this short that is neither yes nor no leaves the question open, and so advice unmarked: a "hm", or
/// a "ja hoor graag" that was misheard. A refusal is hardly ever that short without a word of refusal.
const MUMBLE_MAX_WORDS: usize = 3;

/// Whether advice is welcome just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionWindow {
    /// Advice now would be unasked.
    #[default]
    Closed,
    /// The practitioner has asked; the client has not answered yet.
    Asked {
        /// End of the question.
        since: SampleIdx,
        /// Asked as "do you mind?", so that a "no" agrees.
        objection: bool,
    },
    /// Advice is welcome.
    Open {
        /// When it opened.
        since: SampleIdx,
        /// Why.
        by: OpenedBy,
        /// Whether advice was given in it.
        advised: bool,
    },
}

/// What opened a permission window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedBy {
    /// The client asked.
    ClientQuestion,
    /// The practitioner asked and the client agreed.
    Permission,
    /// The practitioner's wording left it to the client.
    Wording,
}

impl PermissionWindow {
    /// Whether advice that starts at `start` is welcome.
    pub(crate) fn permits(self, start: SampleIdx) -> bool {
        match self {
            Self::Closed => false,
            Self::Asked { since, .. } => start.since(since) >= NOD_MS * ms_samples(),
            Self::Open { .. } => true,
        }
    }

    /// The window when time has come to `at`.
    pub(crate) fn aged(self, at: SampleIdx) -> Self {
        match self {
            Self::Asked { since, .. } | Self::Open { since, .. }
                if at.since(since) > OPEN_SECS * u64::from(SAMPLE_RATE_HZ) =>
            {
                Self::Closed
            }
            window => window,
        }
    }

    /// The window after an utterance of the client.
    pub(crate) fn after_client(self, heard: &Heard<'_>, lexicon: &Lexicon) -> Self {
        let has = |code| heard.codes.contains(&code);
        let since = heard.span.end;
        let open = |by| Self::Open { since, by, advised: false };
        let said = words(heard.text);
        let asks = has(Code::ClientQuestion) || lexicon.asks_advice.within(&said);
        if asks && !has(Code::Discord) {
            return open(OpenedBy::ClientQuestion);
        }
        match self {
            _ if has(Code::Discord) => Self::Closed,
            Self::Asked { objection, .. } => match answer(&said, objection, lexicon) {
                Answer::Agrees => open(OpenedBy::Permission),
                Answer::Mumbles => self,
                Answer::Refuses | Answer::Other => Self::Closed,
            },
            Self::Open { advised: true, .. } if has(Code::Sustain) => Self::Closed,
            window => window,
        }
    }

    /// The window after an utterance of the practitioner.
    pub(crate) fn after_practitioner(self, heard: &Heard<'_>, lexicon: &Lexicon) -> Self {
        let has = |code| heard.codes.contains(&code);
        let since = heard.span.end;
        if has(Code::Persuade) || has(Code::Warn) || has(Code::Confront) {
            return Self::Closed;
        }
        let advises = has(Code::Advise) || has(Code::AdvisePermission);
        match self {
            Self::Open { since, by, .. } if advises => Self::Open { since, by, advised: true },
            _ if has(Code::AdvisePermission) => {
                Self::Open { since, by: OpenedBy::Wording, advised: true }
            }
            // Advice was given and the talk goes back to the client: what was asked for has been had.
            Self::Open { advised: true, .. } if moves_on(heard.codes) => Self::Closed,
            Self::Open { .. } => self,
            _ if !advises
                && (has(Code::SeekPermission) || asks_permission(&words(heard.text), lexicon)) =>
            {
                Self::Asked {
                    since,
                    objection: words(heard.text)
                        .iter()
                        .any(|w| lexicon.objection_question.contains(&w.lower)),
                }
            }
            // Advice that came without waiting for the answer.
            Self::Asked { .. } if advises => Self::Closed,
            window => window,
        }
    }
}

/// "Mag ik je iets vertellen?", also where the coder took it for any closed question.
fn asks_permission(said: &[Word], lexicon: &Lexicon) -> bool {
    lexicon.asking.within(said) && said.iter().any(|w| lexicon.telling.contains(&w.lower))
}

enum Answer {
    Agrees,
    Refuses,
    Mumbles,
    Other,
}

fn answer(said: &[Word], objection: bool, lexicon: &Lexicon) -> Answer {
    if lexicon.refuse.at_start(said) > 0 {
        return if objection { Answer::Agrees } else { Answer::Refuses };
    }
    let start = said.len().min(ANSWER_START_WORDS);
    let refused = (0..start).any(|i| lexicon.refuse.at_start(&said[i..]) > 0)
        || said.iter().take(ANSWER_START_WORDS).any(|w| matches!(w.lower.as_str(), "niet" | "not"));
    if refused || lexicon.yes_but.within(said) {
        return Answer::Refuses;
    }
    if (0..start).any(|i| lexicon.agree.at_start(&said[i..]) > 0) {
        return Answer::Agrees;
    }
    if said.len() <= MUMBLE_MAX_WORDS { Answer::Mumbles } else { Answer::Other }
}

fn moves_on(codes: &[Code]) -> bool {
    codes.iter().any(|c| {
        matches!(c, Code::QuestionOpen | Code::QuestionScale | Code::Summary | Code::Structure)
    }) && !codes.contains(&Code::SeekPermission)
}

fn ms_samples() -> u64 {
    u64::from(SAMPLE_RATE_HZ) / 1_000
}
