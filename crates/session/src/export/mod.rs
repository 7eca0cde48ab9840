//! Transcripts for people and for other programs.
//!
//! `txt`, `md`, `srt` and `vtt` are for reading: speakers and notes are in the language asked for.
//! `json` and `csv` are for programs: names are those of the journal (`practitioner`, `client`),
//! whatever the language.

mod csv;
mod json;
mod labels;
mod plain;
mod subtitles;

use std::{fmt, io::Write, str::FromStr};

use timeline::Lang;

use crate::{SessionError, Transcript};

/// A format of the export.
///
/// ```
/// use session::Format;
/// assert_eq!("srt".parse::<Format>().unwrap(), Format::Srt);
/// let error = "docx".parse::<Format>().unwrap_err().to_string();
/// assert!(error.contains("txt, md, srt, vtt, json, csv"), "{error}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Plain text with times, speakers and cues.
    Txt,
    /// Markdown: a table with what is known of the session, then the conversation.
    Md,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
    /// One JSON object: all of the [`Transcript`].
    Json,
    /// One row an utterance, after RFC 4180.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Txt, Self::Md, Self::Srt, Self::Vtt, Self::Json, Self::Csv];

    /// The name on the command line, and the extension of a file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Txt => "txt",
            Self::Md => "md",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = SessionError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            SessionError::UnknownFormat {
                name: name.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            }
        })
    }
}

/// Writes `transcript` to `out`; `lang` is the language of speakers and notes, where there are any.
///
/// # Errors
/// [`SessionError::Export`].
pub fn export(
    transcript: &Transcript,
    format: Format,
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), SessionError> {
    let text = match format {
        Format::Txt => plain::txt(transcript, lang),
        Format::Md => plain::markdown(transcript, lang),
        Format::Srt => subtitles::srt(transcript, lang),
        Format::Vtt => subtitles::vtt(transcript, lang),
        Format::Json => json::json(transcript)?,
        Format::Csv => csv::csv(transcript),
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| SessionError::Export { source })
}

#[cfg(test)]
mod tests;
