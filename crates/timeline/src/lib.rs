//! The vocabulary: the sample clock and every type that crosses a boundary.
//!
//! There is one clock: samples since the start of the session, at 16 kHz. Every message carries an
//! instant ([`SampleIdx`]) or a [`Span`] on it. Wall time appears once, as the session's anchor in
//! [`SessionHeader`].
//!
//! | word | meaning |
//! | --- | --- |
//! | sample | one mono value at 16 kHz |
//! | block | a fixed run of [`BLOCK_LEN`] samples of one channel |
//! | segment | a stretch of speech between two silences, of one channel |
//! | utterance | the text of one segment, with its speaker |
//! | cue | what the overlay shows: mark, headline, suggestion |
//!
//! Architecture invariant: no thread, channel, file or wall clock in this crate; it depends on
//! nothing but serde.

mod audio;
mod clock;
mod codes;
mod cue;
mod event;
mod lang;
mod rung;

pub use audio::{AudioBlock, BLOCK_LEN, ChannelId, Gap, SegmentEvent, SegmentId};
pub use clock::{SAMPLE_RATE_HZ, SampleIdx, Span};
pub use codes::{ClientClass, Coarse, Code, CodeProbs, CodedUtterance, PractitionerClass};
pub use cue::{Cue, Evidence, Moment, Rule, Strength, Technique};
pub use event::{
    CueEvent, EndSummary, EventKind, LatencyMs, Role, SessionEvent, SessionHeader, TimedWord,
    UtteranceEvent,
};
pub use lang::{Lang, ParseLangError, Speaker, VoiceId};
pub use rung::Rung;
