//! From voices to speakers.

use timeline::{ChannelId, Role, SampleIdx, SegmentId, Span, Speaker, VoiceId};

use crate::{
    Enrolment, SpeakersError, VoiceEvent, VoiceModel,
    gallery::Gallery,
    partition::{Observation, Partition},
    roles::{MOST_LOG_ODDS, Roles, sigmoid},
    turns::{Known, Stretch, Trail},
};

/// Added to the variance of an enrolment, as a multiple of the model's own for a second: another day, another distance,
/// another room.
const ENROLMENT_EXTRA: f32 = 4.0;
/// So much speech of a turn must have been heard before a guess is made at it; with the pauses between words and the
/// length of a window that is the case about one second into the turn.
const LEAST_GUESS_S: f32 = 0.3;

/// What the speakers are told apart by.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Each has an own channel.
    ByChannel {
        /// The practitioner's.
        practitioner: ChannelId,
    },
    /// The practitioner's voice is known.
    Enrolled(Box<Enrolment>),
    /// Nothing is known: two voices are found, and who is who is guessed from what they say.
    Cluster,
}

/// A stretch of a closed segment that one person speaks in.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Where it lies. The turns of a segment touch.
    pub span: Span,
    channel: ChannelId,
    stretch: Stretch,
}

impl Turn {
    /// Whose voice it seems to be; [`Tracker::push`] decides.
    #[must_use]
    pub fn voice(&self) -> VoiceId {
        VoiceId(self.stretch.voice)
    }
}

/// Who speaks in a segment that is still open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// Where the turn that is going on began.
    pub since: SampleIdx,
    /// The voice.
    pub voice: VoiceId,
    /// The speaker that this voice is taken for.
    pub speaker: Speaker,
    /// How sure the speaker is, 0.5…1.
    pub confidence: f32,
}

/// Who said an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The voice. By channel and with an enrolment voice 0 is the practitioner's, at the start; voice 2 is
    /// [a third person's](VoiceId::STRANGER).
    pub voice: VoiceId,
    /// The speaker that this voice is taken for.
    pub speaker: Speaker,
    /// How sure the speaker is, 0.5…1: both that it is this voice and that the voice is theirs.
    pub confidence: f32,
    /// The new mapping, when the words made it change: it holds for all that was said before, too.
    pub roles_changed: Option<Vec<Role>>,
}

/// Follows the voices of a session. Holds no audio. Synchronous; one per session.
pub struct Tracker {
    model: VoiceModel,
    known: Known,
    /// By channel: the practitioner's.
    practitioner: ChannelId,
    roles: Roles,
    heard: [bool; 3],
    open: Vec<Open>,
}

struct Open {
    id: SegmentId,
    trail: Trail,
    until: SampleIdx,
    closed: bool,
}

impl Tracker {
    /// A tracker for a new session, for voices in the space of `model`.
    ///
    /// # Errors
    /// [`SpeakersError::OtherModel`] when the enrolment is of another model.
    pub fn new(mode: Mode, model: VoiceModel) -> Result<Self, SpeakersError> {
        let sure = Roles::Known { practitioner: 0 };
        let mut practitioner = ChannelId(0);
        let (known, roles) = match mode {
            Mode::ByChannel { practitioner: channel } => {
                practitioner = channel;
                (Known::Channel, sure)
            }
            Mode::Enrolled(enrolment) => (Known::Enrolled(gallery(&enrolment, &model)?), sure),
            Mode::Cluster => (Known::Nothing(Partition::new(&model)), Roles::unknown()),
        };
        Ok(Self { model, known, practitioner, roles, heard: [false; 3], open: Vec::new() })
    }

    /// Whether voices matter: not where each speaker has an own channel.
    #[must_use]
    pub fn listens(&self) -> bool {
        !matches!(self.known, Known::Channel)
    }

    /// Takes in what was heard of a segment's voices.
    pub fn hear(&mut self, event: VoiceEvent) {
        match event {
            VoiceEvent::Heard { id, span, windows, levels, .. } => {
                let open = match self.open.iter_mut().position(|open| open.id == id) {
                    Some(at) => &mut self.open[at],
                    None => {
                        let trail = Trail { start: span.start, ..Trail::default() };
                        let until = span.end;
                        self.open.push(Open { id, trail, until, closed: false });
                        let last = self.open.len() - 1;
                        &mut self.open[last]
                    }
                };
                open.trail.windows.extend(windows);
                open.trail.levels.extend(levels);
                open.until = span.end;
            }
            VoiceEvent::Closed { id, dropped: true } => self.forget(id),
            VoiceEvent::Closed { id, dropped: false } => {
                if let Some(open) = self.open.iter_mut().find(|open| open.id == id) {
                    open.closed = true;
                }
            }
        }
    }

    /// Whether all was [heard](Self::hear) of a segment that there is to hear.
    #[must_use]
    pub fn is_complete(&self, id: SegmentId) -> bool {
        !self.listens() || self.open.iter().any(|open| open.id == id && open.closed)
    }

    /// Nothing more is asked about a segment.
    pub fn forget(&mut self, id: SegmentId) {
        self.open.retain(|open| open.id != id);
    }

    /// Who speaks in an open segment, at its end. `None` before enough was heard: about a second into the turn. By
    /// channel it is known at once.
    #[must_use]
    pub fn guess(&self, id: SegmentId, channel: ChannelId) -> Option<Guess> {
        let open = self.open.iter().find(|open| open.id == id);
        if !self.listens() {
            let voice = u8::from(channel != self.practitioner);
            return Some(Guess {
                since: open.map_or(SampleIdx::ZERO, |open| open.trail.start),
                voice: VoiceId(voice),
                speaker: self.roles.speaker(voice),
                confidence: self.roles.confidence(),
            });
        }
        let open = open?;
        let whole = Span::new(open.trail.start, open.until);
        let now = open.trail.stretches(whole, &self.model, &self.known).pop()?;
        if now.heard.speech_s < LEAST_GUESS_S {
            return None;
        }
        let (voice, log_odds) = match &self.known {
            Known::Enrolled(gallery) => gallery.guess(&now.heard),
            // While nobody is known, a second voice in this segment is the other one all the same.
            Known::Nothing(partition) if partition.knows_none() => {
                (now.voice, partition.guess(&now.heard).1)
            }
            Known::Nothing(partition) => partition.guess(&now.heard),
            Known::Channel => return None,
        };
        Some(Guess {
            since: now.span.start,
            voice: VoiceId(voice),
            speaker: self.roles.speaker(voice),
            confidence: self.confidence(voice, sigmoid(log_odds)),
        })
    }

    /// The turns of a segment, in their order, whose speech was found in `speech` (it may have begun softly a little
    /// before); each is then to be [pushed](Self::push). One turn where nothing was heard of the segment.
    #[must_use]
    pub fn turns(&mut self, id: SegmentId, channel: ChannelId, speech: Span) -> Vec<Turn> {
        let trail = match self.open.iter().position(|open| open.id == id) {
            Some(at) => self.open.swap_remove(at).trail,
            None => Trail { start: speech.start, ..Trail::default() },
        };
        let start = if speech.is_empty() { speech.start } else { trail.onset(speech.start) };
        let speech = Span::new(start, speech.end);
        let stretches = trail.stretches(speech, &self.model, &self.known);
        stretches.into_iter().map(|stretch| Turn { span: stretch.span, channel, stretch }).collect()
    }

    /// One turn of two with the same voice, between which the other only put something in.
    #[must_use]
    pub fn join(&self, a: &Turn, b: &Turn) -> Turn {
        let span = Span::new(a.span.start, b.span.end);
        let heard = a.stretch.heard.joined(&b.stretch.heard, &self.model);
        Turn { span, channel: a.channel, stretch: Stretch { span, voice: a.stretch.voice, heard } }
    }

    /// Says who spoke a turn. `role_log_odds` are the log-odds that a practitioner said its words, 0 when unknown.
    /// Turns come in the order of their starts; one that is silent or very short gets a speaker too, with a low
    /// confidence.
    pub fn push(&mut self, turn: Turn, role_log_odds: f32) -> Attribution {
        let role_log_odds = if role_log_odds.is_finite() { role_log_odds } else { 0.0 }
            .clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS);
        let heard = Observation { role_log_odds, ..turn.stretch.heard };
        let (voice, log_odds) = match &mut self.known {
            Known::Channel => (u8::from(turn.channel != self.practitioner), f32::INFINITY),
            known => known.push(heard),
        };
        let changed = match &self.known {
            Known::Nothing(partition) => {
                self.roles.update(partition.role_log_odds(), partition.first_voice())
            }
            Known::Channel | Known::Enrolled(_) => false,
        };
        self.heard[usize::from(voice)] = true;
        Attribution {
            voice: VoiceId(voice),
            speaker: self.roles.speaker(voice),
            confidence: self.confidence(voice, sigmoid(log_odds)),
            roles_changed: changed.then(|| self.roles()),
        }
    }

    /// Exchanges the roles of the two voices, for the past too, and gives the new mapping of the
    /// voices heard. From here on the user's word stands: what is said no longer changes the roles.
    pub fn swap(&mut self) -> Vec<Role> {
        self.roles.swap();
        self.roles()
    }

    /// The mapping of the voices heard so far.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        let voices = (0..3u8).filter(|voice| self.heard[usize::from(*voice)]).map(VoiceId);
        voices.map(|voice| Role { voice, speaker: self.roles.speaker(voice.0) }).collect()
    }

    /// The voice of every turn pushed so far, by what is known now; none by channel.
    #[must_use]
    pub fn voices(&self) -> Vec<VoiceId> {
        match &self.known {
            Known::Channel => Vec::new(),
            Known::Enrolled(gallery) => gallery.labels().map(VoiceId).collect(),
            Known::Nothing(partition) => partition.labels().map(VoiceId).collect(),
        }
    }

    /// That it is this voice, and that the voice is theirs.
    fn confidence(&self, voice: u8, sure: f32) -> f32 {
        if VoiceId(voice) == VoiceId::STRANGER {
            return 0.5;
        }
        let role = self.roles.confidence();
        (sure * role + (1.0 - sure) * (1.0 - role)).clamp(0.5, 1.0)
    }
}

fn gallery(enrolment: &Enrolment, model: &VoiceModel) -> Result<Gallery, SpeakersError> {
    let Some(values) = enrolment.values(model) else {
        return Err(SpeakersError::OtherModel {
            enrolled: enrolment.model().to_owned(),
            current: model.name.clone(),
        });
    };
    let speech_s = enrolment.speech_s();
    let extra = ENROLMENT_EXTRA * (model.floor_var + model.short_var);
    let heard = Observation {
        noise_var: model.noise_var(speech_s) + extra,
        values: values.to_vec(),
        speech_s,
        role_log_odds: 0.0,
    };
    Ok(Gallery::new(model, heard))
}

#[cfg(test)]
mod tests;
