//! Says who speaks: two people, told apart by channel or by voice.
//!
//! A [`Tracker`] takes the audio of one utterance at a time and gives its speaker. With one channel a
//! [`VoiceEmbedder`] turns the audio into a point; the points fall into two groups, and what is said
//! (or an [`Enrolment`]) tells which group is the practitioner.
//!
//! ```
//! use speakers::{Mode, SpectralEmbedder, Tracker, UtteranceAudio};
//! use timeline::{ChannelId, Speaker, Span};
//!
//! let mode = Mode::ByChannel { practitioner: ChannelId(1) };
//! let mut tracker = Tracker::new(mode, SpectralEmbedder::new());
//! let audio = UtteranceAudio { channel: ChannelId(0), span: Span::from_secs(0.0, 1.0), samples: &[] };
//! assert_eq!(tracker.push(&audio, 0.0)?.speaker, Speaker::Client);
//! # Ok::<(), speakers::SpeakersError>(())
//! ```
//!
//! Architecture invariant: audio goes no further than this crate, and no sample of it is stored. No
//! thread, channel or wall clock here; the only files are those of [`Enrolment`].

mod embedding;
mod enrolment;
mod error;
mod partition;
mod roles;
mod spectral;
#[cfg(test)]
mod synth;
mod tracker;

pub use embedding::{Embedding, ScriptedEmbedder, VoiceEmbedder, VoiceModel};
pub use enrolment::Enrolment;
pub use error::{EnrolmentError, SpeakersError};
pub use spectral::SpectralEmbedder;
pub use tracker::{Attribution, Mode, Tracker, UtteranceAudio};
