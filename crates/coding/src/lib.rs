//! Gives an utterance its behaviour codes, from text alone.
//!
//! [`Coder`] holds one ONNX model for both languages and both speakers and the decisions that go with
//! it (`models/mi-coder`). Text becomes hashed features ([`features`]), the model turns their rows into
//! logits, and the coder turns these into calibrated probabilities, codes and the expert-coded class.
//! [`jsonl`] holds the lines that `gids code` reads and writes.
//!
//! Architecture invariant: an utterance is coded without the ones before it. What depends on the
//! course of the conversation (was permission asked?) belongs to `coach`.

mod coder;
mod decide;
mod error;
pub mod features;
pub mod jsonl;
mod spec;

pub use coder::{CodeInput, Coder, MODEL_FILE, SPEC_FILE};
pub use error::CodingError;
pub use spec::RightingReflexThresholds;
