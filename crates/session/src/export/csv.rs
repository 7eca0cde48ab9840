//! One row an utterance, after RFC 4180: CRLF, a header, quotes where they are needed.
//!
//! Where a cell holds several things (codes, cues) they are divided by `; `. Several cues after one
//! utterance keep their order in all the columns of cues.

use timeline::{Cue, VoiceId};

use crate::{Transcript, TranscriptLine};

const HEADER: [&str; 11] = [
    "id",
    "speaker",
    "start_s",
    "end_s",
    "text",
    "codes",
    "cue_at_s",
    "cue_mark",
    "cue_headline",
    "cue_suggestion",
    "cue_technique",
];

/// The speaker of what a third person said.
const OTHER: &str = "other";

pub(super) fn csv(transcript: &Transcript) -> String {
    let mut text = String::new();
    push_row(&mut text, HEADER.map(str::to_owned));
    for line in &transcript.lines {
        push_row(&mut text, cells(line));
    }
    text
}

fn cells(line: &TranscriptLine) -> [String; 11] {
    let of_cues = |value: fn(&Cue) -> String| {
        line.cues.iter().map(|event| value(&event.cue)).collect::<Vec<_>>().join("; ")
    };
    [
        line.id.clone(),
        if line.voice == VoiceId::STRANGER { OTHER } else { line.speaker.name() }.to_owned(),
        seconds(line.start_s),
        seconds(line.end_s),
        line.text.clone(),
        line.codes.iter().map(|code| code.name()).collect::<Vec<_>>().join("; "),
        line.cues.iter().map(|event| seconds(event.at_s)).collect::<Vec<_>>().join("; "),
        of_cues(|cue| cue.mark.clone()),
        of_cues(|cue| cue.headline.clone()),
        of_cues(|cue| cue.suggestion.clone()),
        of_cues(|cue| snake_case_name(&cue.technique)),
    ]
}

/// The name that serde gives a variant.
fn snake_case_name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        // Not reachable for an enum without fields; an empty cell says "not known".
        _ => String::new(),
    }
}

fn seconds(value: f64) -> String {
    format!("{value:.3}")
}

fn push_row<const CELLS: usize>(text: &mut String, cells: [String; CELLS]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}
