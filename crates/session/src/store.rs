//! Where stored sessions lie.
//!
//! `<root>/<id>/journal.jsonl`; whatever else belongs to a session (a report, notes) goes into the same
//! folder, so that [`Store::delete`] removes everything by removing the folder.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{SessionError, time::civil};

const JOURNAL_FILE: &str = "journal.jsonl";

/// The longest name of a session: any file system takes it.
const LONGEST_ID: usize = 64;

/// The stored sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
}

/// A session in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Its name.
    pub id: String,
    /// Its journal, to be read with [`read_journal`](crate::read_journal).
    pub journal: PathBuf,
    /// What its files take, in bytes.
    pub bytes: u64,
}

impl Store {
    /// The store in the folder `root`, which need not exist yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A new name: the minute in UTC and two letters, such as `2026-11-21_2213-ab`. No session in the
    /// store has it.
    #[must_use]
    pub fn new_id(&self, now: SystemTime) -> String {
        let time = civil(now);
        let minute = format!(
            "{:04}-{:02}-{:02}_{:02}{:02}",
            time.year, time.month, time.day, time.hour, time.minute
        );
        // The letters start at a place given by the fraction of the second, so that two programs
        // that start together seldom try the same name first.
        let nanos = now.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
        let first = nanos / 1_000 % LETTER_PAIRS;
        (0..LETTER_PAIRS)
            .map(|step| format!("{minute}-{}", letters((first + step) % LETTER_PAIRS)))
            .find(|id| !self.root.join(id).exists())
            // 676 sessions within one minute: the nanoseconds tell them apart.
            .unwrap_or_else(|| format!("{minute}-{nanos}"))
    }

    /// The folder of the session `id`, whether or not it exists.
    ///
    /// # Errors
    /// [`SessionError::BadId`]: a name never leads out of the store.
    pub fn folder(&self, id: &str) -> Result<PathBuf, SessionError> {
        check_id(id)?;
        Ok(self.root.join(id))
    }

    /// The journal of the session `id`, whether or not it exists.
    ///
    /// # Errors
    /// [`SessionError::BadId`].
    pub fn path(&self, id: &str) -> Result<PathBuf, SessionError> {
        Ok(self.folder(id)?.join(JOURNAL_FILE))
    }

    /// The sessions, newest first (by name). A store that does not exist yet is empty.
    ///
    /// # Errors
    /// [`SessionError::Read`].
    pub fn list(&self) -> Result<Vec<StoredSession>, SessionError> {
        let read = |source| SessionError::Read { path: self.root.clone(), source };
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(read(error)),
        };
        let mut sessions = Vec::new();
        for entry in entries {
            let folder = entry.map_err(read)?.path();
            let journal = folder.join(JOURNAL_FILE);
            let Some(id) = folder.file_name().and_then(|name| name.to_str()) else { continue };
            if check_id(id).is_ok() && journal.is_file() {
                let bytes = bytes_in(&folder)
                    .map_err(|source| SessionError::Read { path: folder.clone(), source })?;
                sessions.push(StoredSession { id: id.to_owned(), journal, bytes });
            }
        }
        sessions.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(sessions)
    }

    /// The journal that a user means by `name`: the file of that name, a session's name or its
    /// beginning, or `last`.
    ///
    /// # Errors
    /// [`SessionError::UnknownSession`], [`SessionError::Ambiguous`], [`SessionError::Read`].
    pub fn find(&self, name: &str) -> Result<PathBuf, SessionError> {
        let sessions = self.list()?;
        if let Some(exact) = sessions.iter().find(|session| session.id == name) {
            return Ok(exact.journal.clone());
        }
        if Path::new(name).is_file() {
            return Ok(PathBuf::from(name));
        }
        let unknown =
            || SessionError::UnknownSession { id: name.to_owned(), root: self.root.clone() };
        if name == "last" {
            return sessions.first().map(|session| session.journal.clone()).ok_or_else(unknown);
        }
        let matching: Vec<_> =
            sessions.iter().filter(|session| session.id.starts_with(name)).collect();
        match matching.as_slice() {
            _ if name.is_empty() => Err(unknown()),
            [] => Err(unknown()),
            [only] => Ok(only.journal.clone()),
            several => Err(SessionError::Ambiguous {
                prefix: name.to_owned(),
                ids: several.iter().map(|session| session.id.clone()).collect(),
            }),
        }
    }

    /// Removes everything of the session `id` (the full name: nothing is guessed here).
    ///
    /// # Errors
    /// [`SessionError::UnknownSession`], [`SessionError::BadId`], [`SessionError::Delete`].
    pub fn delete(&self, id: &str) -> Result<(), SessionError> {
        let folder = self.folder(id)?;
        let deleted = match fs::symlink_metadata(&folder) {
            // A link is removed itself; what it leads to is not the store's.
            Ok(metadata) if metadata.is_symlink() => fs::remove_file(&folder),
            Ok(_) => fs::remove_dir_all(&folder),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(SessionError::UnknownSession {
                    id: id.to_owned(),
                    root: self.root.clone(),
                });
            }
            Err(error) => Err(error),
        };
        deleted.map_err(|source| SessionError::Delete { path: folder, source })
    }
}

const LETTER_PAIRS: u32 = 26 * 26;

fn letters(pair: u32) -> String {
    [pair / 26, pair % 26]
        .into_iter()
        .filter_map(|letter| char::from_u32(u32::from('a') + letter))
        .collect()
}

fn check_id(id: &str) -> Result<(), SessionError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = !id.is_empty()
        && id.len() <= LONGEST_ID
        && !id.starts_with('-') // would read as an option
        && id.chars().all(plain);
    if good { Ok(()) } else { Err(SessionError::BadId { id: id.to_owned() }) }
}

fn bytes_in(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?; // of a link itself
        bytes += if metadata.is_dir() { bytes_in(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
