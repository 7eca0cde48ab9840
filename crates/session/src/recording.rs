//! Reading a journal back, whatever happened to it.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use timeline::{EventKind, SampleIdx, SessionEvent, SessionHeader};

use crate::{FORMAT_VERSION, SessionError};

/// The longest line that is read: a longer one is no line of a journal (an utterance of 30 s with all
/// its words is about 10 kB), and reading a huge file of another kind would fill the memory.
const LONGEST_LINE_BYTES: usize = 4 * 1024 * 1024;

/// The longest piece of a broken line that is repeated in a message, in characters.
const SHOWN_CHARS: usize = 40;

/// What a journal holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The first line.
    pub header: SessionHeader,
    /// All other events, in the order in which they were written.
    pub events: Vec<SessionEvent>,
    /// The last line, if it was cut off: the program ended while it wrote. Nothing else is missing.
    pub torn: Option<BadLine>,
    /// Lines in between that could not be read. They were left out.
    pub bad: Vec<BadLine>,
}

impl Recording {
    /// Whether the session came to its end: whether there is an `end` event.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.events.iter().any(|event| matches!(event.kind, EventKind::End(_)))
    }
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads the journal at `path`. A torn last line and broken lines in between are left out and reported
/// in the [`Recording`].
///
/// # Errors
/// [`SessionError::Read`]; [`SessionError::NotAJournal`] if the first line is no header;
/// [`SessionError::NewerFormat`].
pub fn read_journal(path: &Path) -> Result<Recording, SessionError> {
    let read = |source| SessionError::Read { path: path.to_owned(), source };
    let not_a_journal =
        |reason: String| SessionError::NotAJournal { path: path.to_owned(), reason };
    let mut reader = BufReader::new(File::open(path).map_err(read)?);
    let mut line = Vec::new();

    if next_line(&mut reader, &mut line).map_err(read)? == Line::End {
        return Err(not_a_journal("it is empty".to_owned()));
    }
    let header = match parse(&line) {
        Ok(SessionEvent { kind: EventKind::Session(header), .. }) => header,
        Ok(_) => {
            return Err(not_a_journal("its first line is no \"session\" event".to_owned()));
        }
        Err(reason) => return Err(not_a_journal(format!("its first line: {reason}"))),
    };
    if header.format > FORMAT_VERSION {
        return Err(SessionError::NewerFormat {
            path: path.to_owned(),
            found: header.format,
            supported: FORMAT_VERSION,
        });
    }

    let mut recording = Recording { header, events: Vec::new(), torn: None, bad: Vec::new() };
    let mut number = 1;
    loop {
        let end = next_line(&mut reader, &mut line).map_err(read)?;
        number += 1;
        match end {
            Line::End => return Ok(recording),
            Line::Whole | Line::Unended if line.trim_ascii().is_empty() => {}
            Line::Whole | Line::Unended => match parse(&line) {
                Ok(event) => recording.events.push(event),
                Err(reason) if end == Line::Unended => {
                    recording.torn = Some(BadLine { number, reason });
                }
                Err(reason) => recording.bad.push(BadLine { number, reason }),
            },
        }
    }
}

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// With a line feed.
    Whole,
    /// With the file.
    Unended,
    /// There was none.
    End,
}

/// Reads the next line into `line`, without its line feed. What a line has beyond
/// [`LONGEST_LINE_BYTES`] is skipped, so that it does not parse.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Line> {
    line.clear();
    let mut any = false;
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok(if any { Line::Unended } else { Line::End });
        }
        any = true;
        let feed = available.iter().position(|&byte| byte == b'\n');
        let piece = &available[..feed.unwrap_or(available.len())];
        let room = LONGEST_LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(&piece[..piece.len().min(room)]);
        let used = feed.map_or(available.len(), |at| at + 1);
        reader.consume(used);
        if feed.is_some() {
            return Ok(Line::Whole);
        }
    }
}

fn parse(line: &[u8]) -> Result<SessionEvent, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is no UTF-8 text".to_owned())?;
    let mut event: SessionEvent = serde_json::from_str(text)
        .map_err(|error| format!("{error}, in \"{}\"", beginning_of(text)))?;
    if let EventKind::Cue(cue) = &mut event.kind {
        // The cue's own instant is not repeated in the line.
        cue.cue.at = SampleIdx::from_secs(cue.at_s);
    }
    Ok(event)
}

fn beginning_of(text: &str) -> String {
    let mut beginning: String = text.chars().take(SHOWN_CHARS).collect();
    if beginning.len() < text.len() {
        beginning.push('…');
    }
    beginning
}

#[cfg(test)]
mod tests;
