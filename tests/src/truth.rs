//! What was said, and what Gids heard.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use timeline::{CueEvent, EventKind, Moment, Role, Speaker, UtteranceEvent};

/// A line of a roleplay's truth (assets/roleplays/README.md).
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    /// Its name.
    pub id: String,
    /// Who says it.
    pub speaker: Speaker,
    /// What is said.
    pub text: String,
    /// Where the speech starts in the recording, in seconds.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// The moment that must be marked.
    pub expect: Option<Moment>,
    /// `sound` where no cue may fall.
    pub stretch: Option<String>,
}

/// A file of the checkout.
#[must_use]
pub fn asset(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(relative)
}

/// The truth about a bundled roleplay.
///
/// # Panics
/// The file is missing or broken.
#[must_use]
pub fn truth(name: &str) -> Vec<Line> {
    let path = asset(&format!("assets/roleplays/{name}.jsonl"));
    let text = fs::read_to_string(&path).expect("the roleplay's truth is in the checkout");
    text.lines().map(|line| serde_json::from_str(line).expect("valid truth")).collect()
}

/// The bundled roleplays.
///
/// # Panics
/// The folder is missing.
#[must_use]
pub fn roleplay_names() -> Vec<String> {
    let folder =
        fs::read_dir(asset("assets/roleplays")).expect("the roleplays are in the checkout");
    let mut names: Vec<String> = folder
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".flac").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// What an events file says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// The utterances, by the last word on who is who.
    pub utterances: Vec<UtteranceEvent>,
    /// The cues.
    pub cues: Vec<CueEvent>,
    /// Messages of faults.
    pub faults: Vec<String>,
    /// Whether the session came to its end.
    pub complete: bool,
}

/// Reads an events file.
///
/// # Panics
/// It is unreadable, or a line in it is broken: an events file of a test must be whole.
#[must_use]
pub fn read_events(path: &Path) -> Heard {
    let recording = session::read_journal(path).expect("a readable events file");
    assert!(recording.bad.is_empty(), "broken lines: {:?}", recording.bad);
    let mut heard = Heard { complete: recording.is_complete(), ..Heard::default() };
    let mut roles: Vec<Role> = Vec::new();
    for event in recording.events {
        match event.kind {
            EventKind::Utterance(utterance) => heard.utterances.push(utterance),
            EventKind::Cue(cue) => heard.cues.push(cue),
            EventKind::Roles { roles: latest } => roles = latest,
            EventKind::Fault { message, .. } => heard.faults.push(message),
            _ => {}
        }
    }
    for utterance in &mut heard.utterances {
        if let Some(role) = roles.iter().find(|role| role.voice == utterance.voice) {
            utterance.speaker = role.speaker;
        }
    }
    heard
}
