//! The ladder of what is given up when the machine cannot keep pace.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much is done for a session; each rung gives up more than the one before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Open segments are decoded as often as the machine allows.
    #[default]
    Full,
    /// Open segments are decoded half as often, and with one thread.
    FewerSpeculations,
    /// Only closed segments are decoded: no early cues.
    FinalsOnly,
    /// As before, with the next smaller speech model that is installed.
    SmallerModel,
    /// As before, without cues: they would come too late to be of use.
    TranscriptOnly,
}

impl Rung {
    /// All, from everything to the least.
    pub const ALL: [Self; 5] = [
        Self::Full,
        Self::FewerSpeculations,
        Self::FinalsOnly,
        Self::SmallerModel,
        Self::TranscriptOnly,
    ];

    /// The name in events and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::FewerSpeculations => "fewer_speculations",
            Self::FinalsOnly => "finals_only",
            Self::SmallerModel => "smaller_model",
            Self::TranscriptOnly => "transcript_only",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
