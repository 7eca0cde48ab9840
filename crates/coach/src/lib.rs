//! Keeps the state of the conversation and decides what to say, and when to be silent.
//!
//! In: coded utterances, one after the other ([`Heard`]). Out: now and then a [`timeline::Cue`].
//!
//! ```
//! use coach::{Coach, CoachConfig, Heard};
//! use timeline::{Code, Lang, Moment, Span, Speaker};
//!
//! let mut coach = Coach::new(CoachConfig { seed: 1, ..CoachConfig::new(Lang::Nl) })?;
//! let client = Heard {
//!     id: "u1",
//!     speaker: Speaker::Client,
//!     span: Span::from_secs(0.0, 3.0),
//!     text: "Ik heb er gewoon geen tijd voor.",
//!     codes: &[Code::Sustain],
//!     righting_reflex: 0.0,
//!     firm: false,
//! };
//! assert!(coach.push(&client).is_none()); // sustain talk by itself is normal
//! let practitioner = Heard {
//!     id: "u2",
//!     speaker: Speaker::Practitioner,
//!     span: Span::from_secs(4.0, 7.0),
//!     text: "Je moet gewoon elke dag wandelen.",
//!     codes: &[Code::Advise],
//!     righting_reflex: 1.0,
//!     firm: true,
//! };
//! let cue = coach.push(&practitioner).expect("advice nobody asked for");
//! assert_eq!((cue.moment, cue.source.as_str()), (Moment::UnsolicitedAdvice, "u1"));
//! assert!(cue.suggestion.contains("geen tijd voor"));
//! # Ok::<(), coach::CoachError>(())
//! ```
//!
//! The way through: [`DialogueState`] takes the utterance in by its one transition function and says which
//! moment it shows; the budget decides whether to speak; the suggestion is made from the client's own last
//! words by a perspective transform, passes a gate, or gives way to the next technique, in the end to a
//! sentence without content.
//!
//! Architecture invariants: pure and deterministic: no clock (time is the utterances' spans), no randomness
//! but the seed, no I/O, no thread. No text that a user reads stands in the code: it is in `assets/coach/`.

mod apt;
mod budget;
mod choose;
mod clause;
mod coach;
mod config;
mod dutch;
mod english;
mod error;
mod gate;
mod lexicon;
mod moments;
mod pack;
mod packs;
mod phrases;
mod raw;
mod sayable;
mod state;
mod suggest;
mod text;
mod transform;
#[cfg(test)]
mod transform_tests;
mod window;

pub use coach::{Coach, EARLY_REFLEX, Heard, News, Preview, Settled};
pub use config::{Budget, CoachConfig, Mode, Moments, ParseModeError, ParseMomentsError};
pub use error::CoachError;
pub use packs::{CoachPack, PackReport};
pub use state::{
    Address, CueAnswer, CueMemo, DialogueState, Readiness, Ruler, Side, Statement, Task, TaskMemo,
    TurnMark,
};
pub use window::{OpenedBy, PermissionWindow};
