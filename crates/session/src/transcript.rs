//! Who said what: the events of a session put together for reading.

use std::collections::HashMap;

use serde::Serialize;
use timeline::{
    Code, CodedUtterance, CueEvent, EndSummary, EventKind, SessionHeader, Speaker, VoiceId,
};

use crate::Recording;

/// A session as a text with its codes and cues. Serialises to the documented JSON export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transcript {
    /// What the session says of itself.
    pub session: SessionHeader,
    /// Its summary; `None` when it was cut off.
    pub end: Option<EndSummary>,
    /// The utterances in the order in which they begin.
    pub lines: Vec<TranscriptLine>,
    /// Where audio was lost.
    pub gaps: Vec<LostAudio>,
    /// What failed.
    pub faults: Vec<Fault>,
}

/// One utterance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TranscriptLine {
    /// `u1`, `u2`, …
    pub id: String,
    /// Who speaks, by the last word on the roles.
    pub speaker: Speaker,
    /// The voice; [a third person's](VoiceId::STRANGER) counts as the client's in what is coached, but is not.
    pub voice: VoiceId,
    /// Where the words start, in seconds on the session's clock.
    pub start_s: f64,
    /// Where they end.
    pub end_s: f64,
    /// The words, without line breaks.
    pub text: String,
    /// The codes, main act first. Empty if it was not coded, or only as the other speaker's.
    pub codes: Vec<Code>,
    /// The cues that were given after it.
    pub cues: Vec<CueEvent>,
}

/// A stretch without audio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LostAudio {
    /// Where it starts, in seconds on the session's clock.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
}

/// Something that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// When, in seconds on the session's clock.
    pub t_s: f64,
    /// In which stage.
    pub stage: String,
    /// What happened.
    pub message: String,
}

impl From<&Recording> for Transcript {
    /// The last `roles` event holds for the whole session; where a voice is not in it, the speaker of
    /// the utterance itself stands. Of several codings of one utterance the last one that was made
    /// for the right speaker counts.
    fn from(recording: &Recording) -> Self {
        let roles = last_roles(recording);
        let mut transcript = Self {
            session: recording.header.clone(),
            end: None,
            lines: Vec::new(),
            gaps: Vec::new(),
            faults: Vec::new(),
        };
        let mut codings: HashMap<(&str, Speaker), &CodedUtterance> = HashMap::new();
        let mut cues: HashMap<&str, Vec<CueEvent>> = HashMap::new();
        for event in &recording.events {
            match &event.kind {
                EventKind::Utterance(utterance) => transcript.lines.push(TranscriptLine {
                    id: utterance.id.clone(),
                    speaker: roles.get(&utterance.voice).copied().unwrap_or(utterance.speaker),
                    voice: utterance.voice,
                    start_s: utterance.start_s,
                    end_s: utterance.end_s,
                    text: utterance.text.split_whitespace().collect::<Vec<_>>().join(" "),
                    codes: Vec::new(),
                    cues: Vec::new(),
                }),
                EventKind::Coded { id, speaker, coded } => {
                    codings.insert((id, *speaker), coded);
                }
                EventKind::Cue(cue) => {
                    cues.entry(&cue.cue.after).or_default().push(cue.clone());
                }
                EventKind::CueConfirmed { after, moment, strength, mark } => {
                    for event in cues.get_mut(after.as_str()).into_iter().flatten() {
                        (event.cue.moment, event.cue.strength) = (*moment, *strength);
                        event.cue.mark.clone_from(mark);
                        event.provisional = false;
                    }
                }
                EventKind::CueAnswered { after, taken_up, .. } => {
                    for event in cues.get_mut(after.as_str()).into_iter().flatten() {
                        event.taken_up = Some(*taken_up);
                    }
                }
                // It was seen for a moment; the journal has it.
                EventKind::CueWithdrawn { after } => {
                    cues.remove(after.as_str());
                }
                EventKind::Gap { start_s, end_s } => {
                    transcript.gaps.push(LostAudio { start_s: *start_s, end_s: *end_s });
                }
                EventKind::Fault { stage, message } => transcript.faults.push(Fault {
                    t_s: event.t_s,
                    stage: stage.clone(),
                    message: message.clone(),
                }),
                EventKind::End(summary) => transcript.end = Some(summary.clone()),
                EventKind::Session(_)
                | EventKind::Partial { .. }
                | EventKind::Speaking { .. }
                | EventKind::Roles { .. }
                | EventKind::Status { .. }
                | EventKind::Paused { .. } => {}
            }
        }
        for line in &mut transcript.lines {
            if let Some(coding) = codings.get(&(line.id.as_str(), line.speaker)) {
                line.codes = coding.codes.clone();
            }
            line.cues = cues.remove(line.id.as_str()).unwrap_or_default();
        }
        // Utterances are written as they close; two channels can close in another order than they began.
        transcript.lines.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        transcript
    }
}

fn last_roles(recording: &Recording) -> HashMap<VoiceId, Speaker> {
    recording
        .events
        .iter()
        .rev()
        .find_map(|event| match &event.kind {
            EventKind::Roles { roles } => {
                Some(roles.iter().map(|role| (role.voice, role.speaker)).collect())
            }
            _ => None,
        })
        .unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
