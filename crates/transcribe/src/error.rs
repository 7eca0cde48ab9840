use std::{io, path::PathBuf};

use timeline::Lang;

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TranscribeError {
    /// The model file cannot be read. Ask the user for another path.
    #[error("cannot read the speech model {}: {source}. Check the path, or see `gids models list`", path.display())]
    ModelUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no Whisper model in ggml format. Ask the user for another file.
    #[error("{} is no Whisper model in ggml format: {why}. Get a ggml-*.bin file and run `gids models import FILE`", path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// Which check failed.
        why: String,
    },
    /// The model cannot understand the language. Ask the user for a multilingual model.
    #[error("the speech model {} knows English only, and the session is in \"{lang}\". Use a multilingual model (a name without \".en\")", path.display())]
    EnglishOnly {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        lang: Lang,
    },
    /// The file cannot be written. Ask the user for room or another folder.
    #[error("cannot write {}: {source}. Free some space or choose another folder with --out", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Whisper failed on this audio. The session can go on with the next segment.
    #[error("the speech model failed on a segment of {seconds:.1} s: {what}")]
    Decode {
        /// Length of the audio.
        seconds: f32,
        /// Whisper's answer.
        what: String,
    },
    /// The settings make no sense.
    #[error("{0}")]
    Config(String),
}
