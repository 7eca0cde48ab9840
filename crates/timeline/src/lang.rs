//! Languages and speakers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A language that Gids listens to and speaks.
///
/// ```
/// use timeline::Lang;
/// assert_eq!("nl".parse(), Ok(Lang::Nl));
/// assert!("NL".parse::<Lang>().is_err()); // exactly as on the command line
/// assert_eq!(Lang::default(), Lang::Nl);
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Dutch.
    #[default]
    Nl,
    /// English.
    En,
}

impl Lang {
    /// The ISO 639-1 code, as Whisper, the journal and the command line write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Nl => "nl",
            Self::En => "en",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The text named no language that Gids knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseLangError(String);

impl fmt::Display for ParseLangError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is no language of Gids: give nl or en", self.0)
    }
}

impl std::error::Error for ParseLangError {}

impl FromStr for Lang {
    type Err = ParseLangError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "nl" => Ok(Self::Nl),
            "en" => Ok(Self::En),
            other => Err(ParseLangError(other.to_owned())),
        }
    }
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Whoever conducts the conversation: physiotherapist, nurse, coach.
    Practitioner,
    /// The other party.
    Client,
}

impl Speaker {
    /// The other of the two.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Practitioner => Self::Client,
            Self::Client => Self::Practitioner,
        }
    }

    /// The name in the journal, in RTTM and in exports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Practitioner => "practitioner",
            Self::Client => "client",
        }
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One of the two voices of a session, told apart by sound or by channel, before and apart from the
/// question who of them is the practitioner; or a [third one](Self::STRANGER).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VoiceId(pub u8);

impl VoiceId {
    /// The voice of whoever is neither of the two: a trainer, someone who comes in.
    pub const STRANGER: Self = Self(2);
}
