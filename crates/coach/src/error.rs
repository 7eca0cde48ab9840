//! What can go wrong: only the packs.

/// Why no coach could be made. All kinds are faults in a pack file, to be mended there.
#[derive(Debug, thiserror::Error)]
pub enum CoachError {
    /// The file is no TOML, or lacks a key, or has one too many.
    #[error("the pack {file} cannot be read: {source}")]
    Parse {
        /// The file.
        file: String,
        /// Line and reason.
        source: Box<toml::de::Error>,
    },
    /// A key holds what the coach cannot use.
    #[error("the pack {file} has a fault{}, in `{key}`: {problem}", of_line(*line))]
    Key {
        /// The file.
        file: String,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// The full key.
        key: String,
        /// What is wrong and what is wanted.
        problem: String,
    },
}

fn of_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" in line {line}"))
}

/// A fault in a pack, before it is known in which file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub key: String,
    pub problem: String,
    /// The text that it is about, if that stands in the pack.
    pub text: Option<String>,
}

impl Fault {
    pub(crate) fn new(key: &str, problem: impl Into<String>) -> Self {
        Self { key: key.to_owned(), problem: problem.into(), text: None }
    }

    pub(crate) fn at(key: &str, text: &str, problem: impl Into<String>) -> Self {
        Self { text: Some(text.to_owned()), ..Self::new(key, problem) }
    }
}
