//! How the coach is set up.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use timeline::{Lang, Moment};

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
    /// Moments that are never shown.
    pub muted: Moments,
    /// Whether a suggestion may side with not changing ("misschien is dit er nu niet het moment voor").
    pub paradox: bool,
}

impl CoachConfig {
    /// Normal mode with its budget, nothing muted, no paradox.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        Self {
            lang,
            mode: Mode::Normal,
            budget: Budget::On,
            seed: 0,
            muted: Moments::default(),
            paradox: false,
        }
    }
}

/// A set of moments.
///
/// ```
/// use timeline::Moment;
/// let muted: coach::Moments = "question_trap, yes_but".parse()?;
/// assert!(muted.contains(Moment::YesBut) && !muted.contains(Moment::Warning));
/// assert!("".parse::<coach::Moments>()?.is_empty());
/// assert!("nagging".parse::<coach::Moments>().unwrap_err().to_string().contains("question_trap"));
/// # Ok::<(), coach::ParseMomentsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moments(u16);

impl Moments {
    /// Whether `moment` is one of them.
    #[must_use]
    pub fn contains(self, moment: Moment) -> bool {
        self.0 & Self::bit(moment) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(moment: Moment) -> u16 {
        1 << moment as u16
    }
}

impl FromIterator<Moment> for Moments {
    fn from_iter<T: IntoIterator<Item = Moment>>(moments: T) -> Self {
        Self(moments.into_iter().fold(0, |set, moment| set | Self::bit(moment)))
    }
}

/// The text named something that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{name}\" is no moment: give one or more of {}, with commas between them", known())]
pub struct ParseMomentsError {
    name: String,
}

fn known() -> String {
    Moment::ALL.map(Moment::name).join(", ")
}

impl FromStr for Moments {
    type Err = ParseMomentsError;

    fn from_str(names: &str) -> Result<Self, Self::Err> {
        let named = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        named
            .map(|name| {
                let found = Moment::ALL.into_iter().find(|moment| moment.name() == name);
                found.ok_or_else(|| ParseMomentsError { name: name.to_owned() })
            })
            .collect()
    }
}

impl fmt::Display for Moments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Moment::ALL.into_iter().filter(|moment| self.contains(*moment));
        f.write_str(&names.map(Moment::name).collect::<Vec<_>>().join(","))
    }
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
