//! What the end-to-end tests share: the truth about the bundled roleplays, word error rate, speaker
//! time, and recordings in other formats.

mod audio;
mod score;
mod truth;

pub use audio::{SampleKind, read_mono, resample, write_stereo, write_wav};
pub use score::{speaker_agreement, word_error_rate};
pub use truth::{Heard, Line, asset, read_events, roleplay_names, truth};
