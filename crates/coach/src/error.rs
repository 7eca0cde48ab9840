//! What can go wrong: only the packs.

use timeline::Lang;

/// Why no coach could be made. All kinds are faults in a pack file, to be mended there.
#[derive(Debug, thiserror::Error)]
pub enum CoachError {
    /// The file is no TOML, or lacks a key, or has one too many.
    #[error("the pack assets/coach/{file} cannot be read: {source}")]
    Parse {
        /// The file.
        file: String,
        /// Line and reason.
        source: Box<toml::de::Error>,
    },
    /// A key holds what the coach cannot use.
    #[error("the pack assets/coach/{file} has a fault in `{key}`: {problem}")]
    Key {
        /// The file.
        file: String,
        /// The full key.
        key: String,
        /// What is wrong and what is wanted.
        problem: String,
    },
}

impl CoachError {
    pub(crate) fn key(
        lang: Lang,
        kind: &str,
        key: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self::Key { file: format!("{lang}{kind}.toml"), key: key.into(), problem: problem.into() }
    }
}
