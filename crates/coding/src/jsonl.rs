//! The lines of `gids code`.

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use timeline::{CodedUtterance, Lang, Speaker};

/// An input line: one utterance of a conversation. Further fields (those of `gids coach`) are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeLine {
    /// The utterance's name; comes back in the output.
    pub id: String,
    /// The conversation that it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub conversation: String,
    /// Who says it.
    pub speaker: Speaker,
    /// Its language; where absent, that of the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    /// What is said.
    pub text: String,
}

/// An output line: the utterance's name and what the coder says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodedLine {
    /// The utterance's name.
    pub id: String,
    /// The decision.
    #[serde(flatten)]
    pub coded: CodedUtterance,
}

/// Why an input line can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JsonlError {
    /// The line is no JSON object of the expected kind: correct it.
    #[error(
        "line {line}: {message} (expected {{\"id\": …, \"speaker\": \"practitioner\" or \"client\", \"lang\": \"nl\" or \"en\", \"text\": …}})"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The file can't be read on.
    #[error("line {line}: can't be read: {source}")]
    Read {
        /// The number of the line, from 1.
        line: usize,
        /// What the system says; [`io::ErrorKind::InvalidData`] when the bytes are no UTF-8.
        source: io::Error,
    },
}

/// Reads input lines; blank ones are skipped.
///
/// ```
/// use coding::jsonl::read;
/// let text = "{\"id\":\"a\",\"speaker\":\"client\",\"lang\":\"nl\",\"text\":\"Ja.\"}\n\n{\"id\":\"b\"}\n";
/// let mut lines = read(text.as_bytes());
/// assert_eq!(lines.next().unwrap().unwrap().id, "a");
/// let error = lines.next().unwrap().unwrap_err().to_string();
/// assert!(error.starts_with("line 3: missing field `speaker`"), "{error}");
/// ```
pub fn read(reader: impl BufRead) -> impl Iterator<Item = Result<CodeLine, JsonlError>> {
    reader.lines().zip(1..).filter_map(|(text, line)| match text {
        Ok(text) if text.trim().is_empty() => None,
        Ok(text) => Some(parse(line, &text)),
        Err(source) => Some(Err(JsonlError::Read { line, source })),
    })
}

/// Reads the input line with the number `line`.
///
/// # Errors
/// [`JsonlError::Line`] when it is no JSON, a field is missing, or speaker or language are unknown.
pub fn parse(line: usize, text: &str) -> Result<CodeLine, JsonlError> {
    // A byte-order mark, as some editors write it at the start of a file, is no part of the JSON.
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let said = error.to_string();
        // serde_json adds its own "at line 1": of the line, not of the file.
        let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
        JsonlError::Line { line, message: format!("{message}, at column {}", error.column()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use timeline::{ClientClass, Coarse, Code};

    #[test]
    fn bad_lines_are_named_with_what_is_wrong() {
        for (text, wanted) in [
            ("no json", "expected"),
            ("[]", "invalid"),
            (r#"{"id":"a","speaker":"doctor","lang":"nl","text":""}"#, "doctor"),
            (r#"{"id":"a","speaker":"client","lang":"de","text":""}"#, "de"),
            (r#"{"id":7,"speaker":"client","lang":"nl","text":""}"#, "integer"),
        ] {
            let error = parse(12, text).unwrap_err().to_string();
            assert!(error.starts_with("line 12: ") && error.contains(wanted), "{error}");
            assert!(!error.contains("at line 1"), "{error}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error_of_their_line() {
        let good = br#"{"id":"a","speaker":"client","lang":"nl","text":""}"#;
        let bytes = [good.as_slice(), b"\n", &[0xff, 0xfe, 0x00], b"\n"].concat();
        let results: Vec<_> = read(bytes.as_slice()).collect();
        assert!(results[0].is_ok());
        assert!(matches!(results[1], Err(JsonlError::Read { line: 2, .. })));
    }

    #[test]
    fn a_byte_order_mark_and_fields_of_coach_do_no_harm() {
        let line = parse(
            1,
            "\u{feff}{\"id\":\"a\",\"speaker\":\"client\",\"text\":\"x\",\"start_s\":1.5}",
        )
        .unwrap();
        assert_eq!(line.lang, None);
    }

    #[test]
    fn output_has_the_fields_of_the_contract() {
        let coded = CodedUtterance {
            codes: vec![Code::Sustain],
            coarse: Coarse::Client(ClientClass::Sustain),
            probs: [(Code::Sustain, 0.5)].into(),
            righting_reflex: 0.0,
        };
        let json = serde_json::to_string(&CodedLine { id: "a".to_owned(), coded }).unwrap();
        assert_eq!(
            json,
            r#"{"id":"a","codes":["sustain"],"coarse":"sustain","probs":{"sustain":0.5},"righting_reflex":0.0}"#
        );
    }
}
