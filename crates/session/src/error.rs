//! What can go wrong with files, each with what to do about it.

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
};

use thiserror::Error;

/// What can go wrong with a journal, an export or the store.
///
/// Grouped by what the caller can do: choose another place ([`Create`](Self::Create),
/// [`Write`](Self::Write), [`Gone`](Self::Gone)), name another session
/// ([`UnknownSession`](Self::UnknownSession) and the following), or tell the user that a file is not
/// what it seems.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The file or its folder could not be made.
    #[error("cannot create {}: {source}; {}", .path.display(), advice(.source))]
    Create {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a file already; a journal is never overwritten.
    #[error("{} exists already and is not overwritten: choose another name, or delete it", .path.display())]
    Exists {
        /// That file.
        path: PathBuf,
    },
    /// A line could not be written. The lines before it are intact.
    #[error("cannot write to {}: {source}; {} (what was written before is kept)", .path.display(), advice(.source))]
    Write {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file was deleted while it was being written.
    #[error("{} was deleted while the session ran, so that nothing more is kept of it: end the session and start a new one", .path.display())]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// The first line of a journal has to be a `session` event.
    #[error(
        "a journal starts with a \"session\" event, not with another kind (a fault of the program)"
    )]
    HeaderExpected,
    /// An event could not be put into JSON.
    #[error("an event cannot be written as JSON: {0} (a fault of the program)")]
    Encode(#[from] serde_json::Error),
    /// The file could not be read.
    #[error("cannot read {}: {source}; {}", .path.display(), advice(.source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no journal.
    #[error("{} is no session journal: {reason}; give a file that `gids live` or `gids replay --events` wrote", .path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// What was found in its place.
        reason: String,
    },
    /// The journal was written by a newer version.
    #[error("{} has format {found}, and this version reads up to {supported}: update Gids", .path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format in its header.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// There is no such export format.
    #[error("\"{name}\" is no export format: choose one of {known}")]
    UnknownFormat {
        /// What was asked for.
        name: String,
        /// The formats that exist.
        known: String,
    },
    /// There is no such session.
    #[error("there is no session \"{id}\" in {}: `gids sessions list` shows what is stored", .root.display())]
    UnknownSession {
        /// What was asked for.
        id: String,
        /// Where it was looked for.
        root: PathBuf,
    },
    /// Several sessions start with what was given.
    #[error("several sessions start with \"{prefix}\": {}; give more of the name", .ids.join(", "))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The sessions that match.
        ids: Vec<String>,
    },
    /// What was given cannot be the name of a session.
    #[error(
        "\"{id}\" cannot be the name of a session: letters, digits, - and _ only, 64 at the most"
    )]
    BadId {
        /// What was asked for.
        id: String,
    },
    /// A session could not be deleted, or not wholly.
    #[error("cannot delete all of {}: {source}; {}", .path.display(), advice(.source))]
    Delete {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The export could not be written.
    #[error("cannot write the export: {source}; {}", advice(.source))]
    Export {
        /// Why.
        source: io::Error,
    },
}

/// What the user can do about it.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space there, or choose a folder on another disk"
        }
        ErrorKind::PermissionDenied => {
            "choose a folder that you may write to, or change its rights"
        }
        ErrorKind::ReadOnlyFilesystem => "that disk is read-only: choose another folder",
        ErrorKind::NotFound => "check the name, and that its folder exists",
        ErrorKind::NotADirectory => "part of that path is a file: choose another folder",
        ErrorKind::IsADirectory => "that is a folder: give the name of a file",
        ErrorKind::BrokenPipe => "the program that was reading it has ended",
        _ => "check the disk, or choose another folder",
    }
}
