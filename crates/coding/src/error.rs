//! What can go wrong, by what can be done about it.

use std::{io, path::PathBuf};

/// Why there is no coder, or no code.
#[derive(Debug, thiserror::Error)]
pub enum CodingError {
    /// A file of the model is missing or can't be read: install the model.
    #[error(
        "can't read the MI coder's file {path}: {source}; it is part of Gids (models/mi-coder), so repair the installation or give its folder"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `mi-coder.json` is damaged or was written for another version: install model and program together.
    #[error(
        "{path} is no description of an MI coder that this version of Gids knows ({reason}): install model and program of one release"
    )]
    Spec {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A tokenizer is missing or damaged: install the model.
    #[error(
        "can't read the MI coder's tokenizer {path}: {reason}; it is part of Gids (models/mi-coder), so repair the installation or give its folder"
    )]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What the library says.
        reason: String,
    },
    /// The tokenizer failed on a text: a defect of the model's files.
    #[error("the MI coder's tokenizer failed: {reason}")]
    Tokenize {
        /// What the library says.
        reason: String,
    },
    /// The ONNX runtime refused the model or failed in it.
    #[error("the ONNX runtime failed while {doing}: {source}")]
    Runtime {
        /// What was asked of it.
        doing: &'static str,
        /// What it says.
        source: ort::Error,
    },
    /// The model answered in another shape than its description promises: install model and program together.
    #[error(
        "the MI coder's model answered {got} values an utterance where its description promises {expected}: mi-coder.onnx and mi-coder.json are of different releases"
    )]
    Shape {
        /// Values an utterance that came.
        got: usize,
        /// Values an utterance that should come.
        expected: usize,
    },
}

impl CodingError {
    /// Wraps an error of the runtime with what was being done.
    pub(crate) fn runtime<R>(doing: &'static str) -> impl FnOnce(ort::Error<R>) -> Self
    where
        ort::Error<R>: Into<ort::Error>,
    {
        move |source| Self::Runtime { doing, source: source.into() }
    }
}
