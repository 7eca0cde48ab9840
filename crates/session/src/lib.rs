//! The journal on disk, and the exports.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Journal`] | writes one JSON object a line, each line whole or not at all |
//! | [`Recording`] | what [`read_journal`] finds in such a file, also after a crash |
//! | [`Transcript`] | who said what, with codes and cues, roles applied |
//! | [`Format`], [`export`] | a transcript as txt, md, srt, vtt, json or csv |
//! | [`Store`] | where the stored sessions lie: one folder each |
//!
//! Architecture invariant: this crate knows files and text, no audio, thread, channel or wall clock.
//! Nothing of a session lies outside its folder in the [`Store`], so that deleting the folder deletes
//! the session.

mod error;
mod export;
mod journal;
mod recording;
mod store;
mod time;
mod transcript;

pub use error::SessionError;
pub use export::{Format, export};
pub use journal::{FORMAT_VERSION, Journal};
pub use recording::{BadLine, Recording, read_journal};
pub use store::{Store, StoredSession};
pub use time::rfc3339_utc;
pub use transcript::{Fault, LostAudio, Transcript, TranscriptLine};
