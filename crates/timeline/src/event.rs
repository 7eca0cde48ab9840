//! The journal's lines: what `--events`, the session file and the overlay are told.

use serde::{Deserialize, Serialize};

use crate::{CodedUtterance, Cue, Lang, Moment, Rung, SampleIdx, Speaker, Strength, VoiceId};

/// One line of the journal. The journal is written before the overlay sees the event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionEvent {
    /// Seconds on the session's clock.
    pub t_s: f64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl SessionEvent {
    /// The event `kind` at the instant `at`.
    #[must_use]
    pub fn new(at: SampleIdx, kind: EventKind) -> Self {
        Self { t_s: at.as_secs(), kind }
    }
}

/// What can happen in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// The first line.
    Session(SessionHeader),
    /// Words of a segment that is still open; replaced by the next one.
    Partial {
        /// The number of the segment.
        segment: u64,
        /// Where it starts.
        start_s: f64,
        /// The words so far, the unstable ones included.
        text: String,
        /// How many of the words (split at white space) are stable: heard alike twice, or heard out by a
        /// pause. The others may still change.
        #[serde(default)]
        stable_words: usize,
    },
    /// Who seems to be speaking in a segment that is still open: about a second into the turn, and again when that
    /// changes. The `utterance` has the last word.
    Speaking {
        /// The number of the segment.
        segment: u64,
        /// Where the turn began.
        start_s: f64,
        /// Whose voice it seems to be.
        voice: VoiceId,
        /// Who that is taken for.
        speaker: Speaker,
        /// How sure that is, 0.5…1.0.
        confidence: f32,
    },
    /// The final words of a segment, or of one of its turns.
    Utterance(UtteranceEvent),
    /// What the coder says of the utterance `id`.
    Coded {
        /// The utterance.
        id: String,
        /// Who was taken to be speaking.
        speaker: Speaker,
        /// The decision.
        #[serde(flatten)]
        coded: CodedUtterance,
    },
    /// A cue.
    Cue(CueEvent),
    /// The final words bear out a provisional cue.
    CueConfirmed {
        /// The utterance of the cue.
        after: String,
        /// Which moment the final words show; of the same kind as the cue's.
        moment: Moment,
        /// How sure that is now.
        strength: Strength,
        /// The word for the moment, as in the cue.
        mark: String,
    },
    /// The final words took the evidence of a provisional cue away: it fades, and does not count.
    CueWithdrawn {
        /// The utterance of the cue.
        after: String,
    },
    /// What became of a cue: whether the practitioner's next act is of the kind that it suggested.
    CueAnswered {
        /// The utterance of the cue.
        after: String,
        /// The act that decided it.
        by: String,
        /// Whether it was of that kind.
        taken_up: bool,
    },
    /// Which voice is the practitioner's, from here on and for all that came before.
    Roles {
        /// One entry for each voice heard so far.
        roles: Vec<Role>,
    },
    /// Audio was lost.
    Gap {
        /// Where the lost stretch starts.
        start_s: f64,
        /// Where it ends.
        end_s: f64,
    },
    /// How far the transcript lags behind the audio; once a second in a real-time session.
    Status {
        /// Milliseconds of audio that wait to be transcribed.
        lag_ms: u32,
        /// How much is given up to keep pace.
        #[serde(default)]
        rung: Rung,
    },
    /// Listening was paused or went on.
    Paused {
        /// Whether it is paused now.
        paused: bool,
    },
    /// Something failed; the session goes on, or ends with the next line.
    Fault {
        /// The stage that failed.
        stage: String,
        /// What happened and what to do.
        message: String,
    },
    /// The last line.
    End(EndSummary),
}

/// The first line of a journal: everything needed to read and to repeat the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionHeader {
    /// The session's name: also that of its file.
    pub id: String,
    /// Version of Gids.
    pub version: String,
    /// Version of this format.
    pub format: u32,
    /// Wall-clock anchor of sample 0: RFC 3339, UTC.
    pub started_at: String,
    /// The speech language.
    pub lang: Lang,
    /// Where the audio comes from: a file's name, or a device's.
    pub source: String,
    /// Name and SHA-256 of each model.
    pub models: Vec<(String, String)>,
    /// Settings that change what is said, as name and value.
    pub config: Vec<(String, String)>,
    /// Whether the consent step was passed; `None` where there is none (replay).
    pub consent: Option<bool>,
}

/// The final words of a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UtteranceEvent {
    /// `u1`, `u2`, …: unique in the session.
    pub id: String,
    /// Who speaks.
    pub speaker: Speaker,
    /// How sure that is, 0.5…1.0.
    pub confidence: f32,
    /// Which voice; `roles` events may say later that it was the other speaker's.
    pub voice: VoiceId,
    /// Where the words start.
    pub start_s: f64,
    /// Where they end.
    pub end_s: f64,
    /// The words.
    pub text: String,
    /// Each word with its time, where the recogniser gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<TimedWord>,
}

/// A word and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimedWord {
    /// The word with its punctuation.
    pub text: String,
    /// Where it starts, in seconds on the session's clock.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
}

/// Which speaker a voice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The voice.
    pub voice: VoiceId,
    /// The speaker.
    pub speaker: Speaker,
}

/// A cue as written in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CueEvent {
    /// When the words that show the moment ended, in seconds.
    pub at_s: f64,
    /// The cue.
    #[serde(flatten)]
    pub cue: Cue,
    /// Whether it was made from words that are not final: `cue_confirmed` or `cue_withdrawn` follows.
    #[serde(default, skip_serializing_if = "is_false")]
    pub provisional: bool,
    /// Whether it was taken up, in what is made of a journal; the journal itself has `cue_answered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_up: Option<bool>,
    /// The clocks of this cue; absent where nothing runs in real time (`gids coach`, fast replay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<LatencyMs>,
}

/// Milliseconds on the four clocks (docs/benchmarks.md), as far as they are known when the event is written.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LatencyMs {
    /// From the instant a block's last sample was due at the device to the block of 16 kHz mono, for the newest
    /// block; `None` where a recording is read without a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<f32>,
    /// From the end of a word to its being stable, for the last word of the segment's newest partial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<f32>,
    /// End of speech to final text; a provisional cue comes before there is one.
    #[serde(rename = "final", default, skip_serializing_if = "Option::is_none")]
    pub final_text: Option<f32>,
    /// End of the words to this event.
    pub cue: f32,
}

/// The last line of a journal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EndSummary {
    /// Seconds of audio.
    pub audio_s: f64,
    /// Seconds of wall time.
    pub wall_s: f64,
    /// Utterances written.
    pub utterances: u64,
    /// Cues shown and not withdrawn.
    pub cues: u64,
    /// Cues shown before the words were final, and withdrawn.
    #[serde(default)]
    pub cues_withdrawn: u64,
    /// Segments whose words were not believed, or in which none were understood.
    #[serde(default)]
    pub rejected_segments: u64,
    /// Faults reported.
    #[serde(default)]
    pub faults: u64,
    /// Samples lost before they could be read.
    pub lost_samples: u64,
    /// Events that the overlay did not get because it was behind (the journal has them).
    pub dropped_ui_events: u64,
}

fn is_false(value: &bool) -> bool {
    !value
}
