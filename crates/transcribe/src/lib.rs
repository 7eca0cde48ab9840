//! Turns a growing speech segment into words.
//!
//! ```text
//! SegmentEvent ──► Transcriber ──► Finished (final text, audio for `speakers`)
//!                      │  └──────► Partial  (words of the open segment: the stable ones, and the rest)
//!                      └─ borrows a Recognizer: Whisper, or a Script in tests
//! ```
//!
//! Every segment is decoded on its own: the language is pinned and no text is carried over, so a
//! mistake cannot feed the next one and the same audio always gives the same words.
//!
//! While a segment is open it is decoded again and again as it grows (a speculation). The words at its
//! beginning on which two decodes in a row agree are stable. When a pause begins, the segment is decoded at
//! once: all words are heard out then, and if the pause turns out to be the end, that text is the final one and
//! costs nothing more. Where a sentence ended in a pause and was heard alike twice, the audio before it is not
//! decoded again, so that a long monologue costs no more a second than short answers.
//!
//! Architecture invariant: a synchronous state machine; no thread, channel, file or wall clock but
//! for the reading of the model file, and the writing of one by [`write_shape`].

mod cadence;
mod error;
mod forced;
mod guard;
mod layout;
mod recognizer;
mod shape;
mod transcriber;
mod whisper;
mod words;

pub use cadence::{Cadence, Ladder};
pub use error::TranscribeError;
pub use forced::ShapeScript;
pub use guard::{Guard, Rejection};
pub use recognizer::{Abort, Hypothesis, Recognizer, Script, Stretch};
pub use shape::{
    ParseShapePrecisionError, ParseShapeSizeError, ShapePrecision, ShapeSize, is_shape, write_shape,
};
pub use transcriber::{
    CLOSED_KEPT, Finished, PAUSE_MS, Partial, Policy, Speculations, Transcriber,
};
pub use whisper::{DEMO_STATE_SIZE, ModelHeader, Whisper, WhisperConfig};
pub use words::{ends_sentence, place_words};
