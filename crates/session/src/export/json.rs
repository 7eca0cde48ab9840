//! The transcript as one JSON object.
//!
//! `{"format": 1, "session": {…header of the journal…}, "end": {…summary…} or null, "lines": [{"id", "speaker", "voice",
//! "start_s", "end_s", "text", "codes": […], "cues": [{…as in the journal…}]}], "gaps": [{"start_s", "end_s"}],
//! "faults": [{"t_s", "stage", "message"}]}`. Fields may be added; those that are there keep their meaning
//! within a format.

use serde::Serialize;

use crate::{SessionError, Transcript};

/// The version of this structure.
const EXPORT_FORMAT: u32 = 1;

#[derive(Serialize)]
struct Export<'a> {
    format: u32,
    #[serde(flatten)]
    transcript: &'a Transcript,
}

pub(super) fn json(transcript: &Transcript) -> Result<String, SessionError> {
    let mut text = serde_json::to_string_pretty(&Export { format: EXPORT_FORMAT, transcript })?;
    text.push('\n');
    Ok(text)
}
