//! SubRip and WebVTT.
//!
//! Widths and times follow the usual guidance for subtitles (BBC and Netflix style guides): two lines
//! of at most 42 characters, shown for at least half a second, one after the other.

use timeline::Lang;

use super::labels::Labels;
use crate::Transcript;

/// Characters in a line.
const LINE_CHARS: usize = 42;

/// Lines shown at once.
const LINES_AT_ONCE: usize = 2;

/// The shortest time that a subtitle stands, in milliseconds.
const SHORTEST_MS: u64 = 500;

pub(super) fn srt(transcript: &Transcript, lang: Lang) -> String {
    let labels = Labels::of(lang);
    let mut text = String::new();
    for (number, subtitle) in subtitles(transcript, labels, Prefix::Written).iter().enumerate() {
        let (start, end) = (timecode(subtitle.start_ms, ','), timecode(subtitle.end_ms, ','));
        let lines = srt_text(&subtitle.lines.join("\n"));
        text.push_str(&format!("{}\n{start} --> {end}\n{lines}\n\n", number + 1));
    }
    text
}

pub(super) fn vtt(transcript: &Transcript, lang: Lang) -> String {
    let labels = Labels::of(lang);
    let mut text = "WEBVTT\n\n".to_owned();
    for subtitle in subtitles(transcript, labels, Prefix::Tagged) {
        let (start, end) = (timecode(subtitle.start_ms, '.'), timecode(subtitle.end_ms, '.'));
        let speaker = subtitle.speaker;
        let lines = vtt_text(&subtitle.lines.join("\n"));
        text.push_str(&format!("{start} --> {end}\n<v {speaker}>{lines}</v>\n\n"));
    }
    text
}

/// How a subtitle says who speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    /// In its words: "Cliënt: …". Takes room.
    Written,
    /// In a tag around them.
    Tagged,
}

/// Up to [`LINES_AT_ONCE`] lines and when they are shown.
struct Subtitle {
    start_ms: u64,
    end_ms: u64,
    speaker: &'static str,
    lines: Vec<String>,
}

/// The utterances cut into subtitles. Each starts when or after the one before it ends.
fn subtitles(transcript: &Transcript, labels: &Labels, prefix: Prefix) -> Vec<Subtitle> {
    let mut subtitles = Vec::new();
    let mut free_from_ms = 0;
    let spoken = transcript.lines.iter().filter(|line| !line.text.is_empty());
    let starts: Vec<u64> = spoken.clone().map(|line| millis(line.start_s)).collect();
    for (index, line) in spoken.enumerate() {
        let text = match prefix {
            Prefix::Written => format!("{}: {}", labels.speaker(line), line.text),
            Prefix::Tagged => line.text.clone(),
        };
        let lines = wrap(&text, LINE_CHARS);
        let pieces: Vec<&[String]> = lines.chunks(LINES_AT_ONCE).collect();
        let start_ms = millis(line.start_s).max(free_from_ms);
        let shortest_end = start_ms + SHORTEST_MS * pieces.len() as u64;
        let mut end_ms = millis(line.end_s).max(shortest_end);
        // Who interrupts gets the screen, if what stands there could be read.
        if let Some(&next) = starts.get(index + 1) {
            end_ms = end_ms.min(next.max(shortest_end));
        }
        push_pieces(&mut subtitles, &pieces, start_ms, end_ms, labels.speaker(line));
        free_from_ms = end_ms;
    }
    subtitles
}

/// Divides the time by the characters, but gives each piece [`SHORTEST_MS`].
fn push_pieces(
    subtitles: &mut Vec<Subtitle>,
    pieces: &[&[String]],
    start_ms: u64,
    end_ms: u64,
    speaker: &'static str,
) {
    let chars_in =
        |piece: &[String]| piece.iter().map(|line| line.chars().count() as u64).sum::<u64>();
    let all_chars: u64 = pieces.iter().map(|&piece| chars_in(piece)).sum();
    let spare_ms = (end_ms - start_ms).saturating_sub(SHORTEST_MS * pieces.len() as u64);
    let mut chars_before = 0;
    for (index, &piece) in pieces.iter().enumerate() {
        let boundary = |chars: u64, pieces_before: usize| {
            start_ms + SHORTEST_MS * pieces_before as u64 + spare_ms * chars / all_chars.max(1)
        };
        let chars_after = chars_before + chars_in(piece);
        subtitles.push(Subtitle {
            start_ms: boundary(chars_before, index),
            end_ms: boundary(chars_after, index + 1),
            speaker,
            lines: piece.to_vec(),
        });
        chars_before = chars_after;
    }
}

/// Breaks `text` between words into lines of at most `width` characters; a longer word is cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line_chars = 0;
    for word in text.split_whitespace() {
        let chars: Vec<char> = word.chars().collect();
        for piece in chars.chunks(width) {
            match lines.last_mut() {
                Some(line) if line_chars + 1 + piece.len() <= width => {
                    line.push(' ');
                    line.extend(piece);
                    line_chars += 1 + piece.len();
                }
                _ => {
                    lines.push(piece.iter().collect());
                    line_chars = piece.len();
                }
            }
        }
    }
    lines
}

fn millis(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1_000.0).round() as u64
}

/// `hh:mm:ss,mmm` or, for WebVTT, with a point.
fn timecode(ms: u64, decimal: char) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{decimal}{:03}", ms % 1_000)
}

/// SubRip has no escapes, and players take `<` for a tag: look-alikes are shown instead.
fn srt_text(text: &str) -> String {
    text.replace("-->", "→").replace('<', "‹").replace('>', "›")
}

fn vtt_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
