//! Gives an utterance its behaviour codes, from text alone.
//!
//! [`Coder`] holds one ONNX model for both languages and both speakers and the decisions that go with
//! it (`models/mi-coder`). Two networks give their opinion: an encoder that reads tokens, and a logistic
//! regression over hashed words ([`features`]). The coder mixes their logits into calibrated
//! probabilities, codes and the expert-coded class.
//! [`jsonl`] holds the lines that `gids code` reads and writes, [`mod@evaluate`] what `gids code --evaluate` counts.
//!
//! Architecture invariant: an utterance is coded without the ones before it. What depends on the
//! course of the conversation (was permission asked?) belongs to `coach`.

mod coder;
mod decide;
mod error;
pub mod evaluate;
pub mod features;
pub mod jsonl;
mod spec;
mod tokens;

pub use coder::{CodeInput, Coder, ENCODER_FILE, NGRAMS_FILE, Reading, SPEC_FILE};
pub use error::CodingError;
pub use spec::RightingReflexThresholds;
pub use tokens::tokenizer_file;
