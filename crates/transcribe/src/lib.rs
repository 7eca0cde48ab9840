//! Turns a growing speech segment into words.
//!
//! ```text
//! SegmentEvent ──► Transcriber ──► Finished (final text, audio for `speakers`)
//!                      │  └──────► Partial  (words of the open segment, on request)
//!                      └─ borrows a Recognizer: Whisper, or a Script in tests
//! ```
//!
//! Every segment is decoded on its own: the language is pinned and no text is carried over, so a
//! mistake cannot feed the next one and the same audio always gives the same words.
//!
//! Architecture invariant: a synchronous state machine; no thread, channel, file or wall clock but
//! for the reading of the model file, and the writing of one by [`write_shape`].

mod error;
mod guard;
mod layout;
mod recognizer;
mod shape;
mod transcriber;
mod whisper;

pub use error::TranscribeError;
pub use guard::{Guard, Rejection};
pub use recognizer::{Hypothesis, Recognizer, Script};
pub use shape::{
    ParseShapePrecisionError, ParseShapeSizeError, ShapePrecision, ShapeSize, is_shape, write_shape,
};
pub use transcriber::{Finished, PARTIAL_STEP_MS, Partial, Transcriber};
pub use whisper::{DEMO_STATE_SIZE, ModelHeader, Whisper, WhisperConfig};
