//! How the coach is set up.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use timeline::Lang;

/// What a [`crate::Coach`] needs to know from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoachConfig {
    /// The language of the conversation and of the cues.
    pub lang: Lang,
    /// How much is shown.
    pub mode: Mode,
    /// Whether cues are rationed.
    pub budget: Budget,
    /// Decides in which order the wordings are used; the same seed gives the same session.
    pub seed: u64,
}

/// How much is shown.
///
/// ```
/// assert_eq!("practice".parse(), Ok(coach::Mode::Practice));
/// assert!("Quiet".parse::<coach::Mode>().is_err()); // exactly as on the command line
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Firm marks only, at most one a minute.
    Quiet,
    /// Soft and firm marks, at most one in 20 s.
    #[default]
    Normal,
    /// As normal, and positive cues too (change talk, ambivalence).
    Practice,
}

impl Mode {
    /// The name on the command line and in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Normal => "normal",
            Self::Practice => "practice",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text named no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no mode of the coach: give quiet, normal or practice")]
pub struct ParseModeError(String);

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "quiet" => Ok(Self::Quiet),
            "normal" => Ok(Self::Normal),
            "practice" => Ok(Self::Practice),
            other => Err(ParseModeError(other.to_owned())),
        }
    }
}

/// Whether cues are rationed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Budget {
    /// By the rules of the [`Mode`].
    #[default]
    On,
    /// Every moment that is recognised becomes a cue, whatever the mode: for judging the coach.
    Off,
}
