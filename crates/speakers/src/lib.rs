//! Says who speaks: two people, told apart by channel or by voice.
//!
//! A [`Listener`] cuts the audio of a segment into short windows and asks a [`VoiceEmbedder`] for the voice in each, as a
//! point; a [`Tracker`] finds where in the segment the voice changes, and which turns are whose. What is said (or an
//! [`Enrolment`]) tells which voice is the practitioner's.
//!
//! ```
//! use speakers::{Listener, Mode, ScriptedEmbedder, Tracker, scripted_model};
//! use timeline::{ChannelId, SampleIdx, SegmentEvent, SegmentId, Span, Speaker};
//!
//! // One window of the first voice, as far as the script goes.
//! let mut listener = Listener::new(ScriptedEmbedder::new(vec![vec![5.0, 5.0]]));
//! let mut tracker = Tracker::new(Mode::Cluster, scripted_model(2))?;
//! let (id, channel, start) = (SegmentId(1), ChannelId(0), SampleIdx::ZERO);
//! let samples = vec![0.1; 12_800];
//! let mut events = Vec::new();
//! listener.push(&SegmentEvent::Opened { id, channel, start, speech_end: start, samples }, &mut events)?;
//! events.into_iter().for_each(|event| tracker.hear(event));
//! for turn in tracker.turns(id, channel, Span::from_secs(0.0, 0.8)) {
//!     assert_eq!(tracker.push(turn, 0.0).speaker, Speaker::Practitioner); // who opens the talk, mostly
//! }
//! # Ok::<(), speakers::SpeakersError>(())
//! ```
//!
//! Architecture invariant: audio goes no further than the [`Listener`], and no sample of it is stored. No
//! thread, channel or wall clock here; the only files are those of models and of the [`Enrolment`].

mod embedding;
mod enrolment;
mod error;
mod features;
mod gallery;
mod listener;
mod onnx;
mod partition;
mod roles;
mod tracker;
mod turns;

pub use embedding::{LEAST_WINDOW, ScriptedEmbedder, VoiceEmbedder, VoiceModel, scripted_model};
pub use enrolment::Enrolment;
pub use error::{EnrolmentError, SpeakersError};
pub use listener::{Listener, VoiceEvent, Window};
pub use onnx::{NETWORK_FILE, OnnxEmbedder, SPEC_FILE};
pub use tracker::{Attribution, Guess, Mode, Tracker, Turn};
