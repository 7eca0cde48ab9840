//! The journal: one JSON object a line, appended and never changed.
//!
//! What the file promises:
//! - A line is handed to the operating system in one write before [`Journal::append`] returns, so that
//!   a killed program loses at most the line it was writing.
//! - A write that fails half-way is cut off again, so that every line in the file is whole.
//! - Utterances are on the disk itself (not only with the operating system) within
//!   [`SYNC_INTERVAL_S`] of session time. A cue never waits for the disk: it is shown first, and
//!   synced with the line that follows.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use timeline::{EventKind, Rung, SessionEvent};

use crate::SessionError;

/// The version of the journal's format: goes into [`SessionHeader::format`](timeline::SessionHeader).
pub const FORMAT_VERSION: u32 = 2;

/// Seconds of session time between two syncs. A sync costs milliseconds on flash and tens of them on
/// a spinning disk; a fast replay passes minutes of session time a second.
const SYNC_INTERVAL_S: f64 = 2.0;

/// Which events a journal keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// All but what the next line replaces: `partial` and `status`.
    Lasting,
    /// Every one.
    Everything,
}

/// What the end of the file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Ends with a whole line.
    Whole,
    /// Part of a line may follow the whole ones; it has to be cut off first.
    Torn,
}

/// Writes the events of a session. Belongs to one thread; nothing is written in the background.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    keeps: Keeps,
    tail: Tail,
    /// Bytes of whole lines.
    whole_len: u64,
    /// Whether it is a file on a disk (no pipe, terminal or device).
    regular: bool,
    /// When it was last synced, in session time.
    synced_s: f64,
    unsynced: bool,
    /// Of the last `status`.
    rung: Rung,
    line: Vec<u8>,
}

impl Journal {
    /// Starts the journal of a stored session at `path`, with `header` as its first line. Parent folders are
    /// made. Folders and file can be read by the user alone (on Unix). `partial` events are not kept, and `status`
    /// events only where the rung changes.
    ///
    /// # Errors
    /// [`SessionError::Exists`] if there is a file; [`SessionError::Create`], [`SessionError::Write`];
    /// [`SessionError::HeaderExpected`] if `header` is no `session` event.
    pub fn create(path: &Path, header: &SessionEvent) -> Result<Self, SessionError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_private_folder(folder)
                .map_err(|source| SessionError::Create { path: folder.to_owned(), source })?;
        }
        let file = private_file().create_new(true).open(path).map_err(|source| {
            if source.kind() == io::ErrorKind::AlreadyExists {
                SessionError::Exists { path: path.to_owned() }
            } else {
                SessionError::Create { path: path.to_owned(), source }
            }
        })?;
        sync_folder_of(path)
            .map_err(|source| SessionError::Create { path: path.to_owned(), source })?;
        Self::start(file, path, Keeps::Lasting, header)
    }

    /// Starts the file of `--events`: every event, `partial` and `status` included. The user named it, so what
    /// was in it is replaced, its folder has to exist, and it may be a pipe or a device.
    ///
    /// # Errors
    /// As [`create`](Self::create), without [`SessionError::Exists`].
    pub fn create_events_file(path: &Path, header: &SessionEvent) -> Result<Self, SessionError> {
        let create = |source| SessionError::Create { path: path.to_owned(), source };
        let file = private_file().create(true).open(path).map_err(create)?;
        if file.metadata().map_err(create)?.is_file() {
            file.set_len(0).map_err(create)?;
        }
        Self::start(file, path, Keeps::Everything, header)
    }

    /// Writes every event to stdout, behind whatever is there already.
    ///
    /// # Errors
    /// As [`create_events_file`](Self::create_events_file).
    #[cfg(unix)]
    pub fn to_stdout(header: &SessionEvent) -> Result<Self, SessionError> {
        use std::os::fd::AsFd as _;
        let path = Path::new("stdout");
        let stdout = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|source| SessionError::Create { path: path.to_owned(), source })?;
        let mut journal = Self::start(File::from(stdout), path, Keeps::Everything, header)?;
        journal.regular = false; // nothing in it is ours to cut or to sync
        Ok(journal)
    }

    /// Appends `event`, unless it is of a kind that this journal does not keep. When this returns, the
    /// operating system has the line.
    ///
    /// # Errors
    /// [`SessionError::Write`] or [`SessionError::Gone`]: this event is lost, all lines before it are
    /// intact, and the next call tries again. [`SessionError::Encode`].
    pub fn append(&mut self, event: &SessionEvent) -> Result<(), SessionError> {
        let replaced_by_next = match &event.kind {
            EventKind::Partial { .. } | EventKind::Speaking { .. } => true,
            // That something was given up is worth keeping: it explains a minute without cues.
            EventKind::Status { rung, .. } => std::mem::replace(&mut self.rung, *rung) == *rung,
            _ => false,
        };
        let skip = replaced_by_next && self.keeps == Keeps::Lasting;
        if !skip {
            self.write_line(event)?;
            self.unsynced |= !replaced_by_next;
        }
        let due = match event.kind {
            EventKind::End(_) | EventKind::Session(_) => true,
            // A cue is on its way to the screen: the line after it syncs both.
            EventKind::Cue(_)
            | EventKind::CueConfirmed { .. }
            | EventKind::Partial { .. }
            | EventKind::Speaking { .. } => false,
            // Absolute: a corrected clock may go back.
            _ => (event.t_s - self.synced_s).abs() >= SYNC_INTERVAL_S,
        };
        if due && self.unsynced {
            self.sync()?;
            self.synced_s = event.t_s;
        }
        Ok(())
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    /// [`SessionError::Write`].
    pub fn sync(&mut self) -> Result<(), SessionError> {
        if self.regular {
            self.file
                .sync_data()
                .map_err(|source| SessionError::Write { path: self.path.clone(), source })?;
        }
        self.unsynced = false;
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn start(
        file: File,
        path: &Path,
        keeps: Keeps,
        header: &SessionEvent,
    ) -> Result<Self, SessionError> {
        if !matches!(header.kind, EventKind::Session(_)) {
            return Err(SessionError::HeaderExpected);
        }
        let metadata = file
            .metadata()
            .map_err(|source| SessionError::Create { path: path.to_owned(), source })?;
        let mut journal = Self {
            file,
            path: path.to_owned(),
            keeps,
            tail: Tail::Whole,
            whole_len: 0,
            regular: metadata.is_file(),
            synced_s: header.t_s,
            unsynced: false,
            rung: Rung::Full,
            line: Vec::with_capacity(1_024),
        };
        journal.append(header)?;
        Ok(journal)
    }

    fn write_line(&mut self, event: &SessionEvent) -> Result<(), SessionError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event)?;
        self.line.push(b'\n');
        self.check_not_deleted()?;
        let written = self.repair().and_then(|()| self.file.write_all(&self.line));
        match written {
            Ok(()) => {
                self.whole_len += self.line.len() as u64;
                Ok(())
            }
            Err(source) => {
                self.tail = Tail::Torn;
                // If cutting fails too, it is tried again before the next line, and the reader drops
                // a torn line: the error to report is the first one.
                if self.repair().is_err() {
                    self.tail = Tail::Torn;
                }
                Err(SessionError::Write { path: self.path.clone(), source })
            }
        }
    }

    /// Cuts off what a failed write left behind.
    fn repair(&mut self) -> io::Result<()> {
        if self.tail == Tail::Torn {
            if self.regular {
                self.file.set_len(self.whole_len)?;
            }
            self.tail = Tail::Whole;
        }
        Ok(())
    }

    /// On Unix, writes into a deleted file succeed and are lost: ask for its links instead.
    #[cfg(unix)]
    fn check_not_deleted(&self) -> Result<(), SessionError> {
        use std::os::unix::fs::MetadataExt;
        if !self.regular {
            return Ok(());
        }
        match self.file.metadata() {
            Ok(metadata) if metadata.nlink() == 0 => {
                Err(SessionError::Gone { path: self.path.clone() })
            }
            Ok(_) => Ok(()),
            Err(source) => Err(SessionError::Write { path: self.path.clone(), source }),
        }
    }

    /// Elsewhere an open file cannot be deleted.
    #[cfg(not(unix))]
    fn check_not_deleted(&self) -> Result<(), SessionError> {
        Ok(())
    }
}

/// Opens for appending, so that a line lands at the end whatever else happened to the file.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600); // what was said is for the user alone
    }
    options
}

/// Makes the folder and its parents, those that are new for the user alone.
fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// The name of a new file is itself on the disk only when its folder is synced.
#[cfg(unix)]
fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
