//! From utterance to speaker.

use timeline::{ChannelId, Role, Span, Speaker, VoiceId};

use crate::{
    Embedding, Enrolment, SpeakersError, VoiceEmbedder, VoiceModel,
    partition::{LEAST_SPEECH_S, Observation, Partition},
    roles::{MOST_LOG_ODDS, Roles, sigmoid},
};

/// Added to the variance of an enrolment: another day, another distance, another room. From 0.5 to 4
/// clean dialogues with a clean enrolment win 0.4 %; 12 loses 1.4 % there and wins 1 % where the
/// dialogue has noise (10 dB) that the enrolment has not (`examples/eval.rs`).
const ENROLMENT_EXTRA_VAR: f32 = 4.0;

/// The audio of one utterance.
#[derive(Debug, Clone, Copy)]
pub struct UtteranceAudio<'a> {
    /// The channel it came in by.
    pub channel: ChannelId,
    /// Where it lies on the session's clock.
    pub span: Span,
    /// Its samples: mono, 16 kHz, −1…1.
    pub samples: &'a [f32],
}

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

/// Who said an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The voice. By channel and with an enrolment voice 0 is the practitioner's, at the start.
    pub voice: VoiceId,
    /// The speaker that this voice is taken for.
    pub speaker: Speaker,
    /// How sure the speaker is, 0.5…1: both that it is this voice and that the voice is theirs.
    pub confidence: f32,
    /// The new mapping, when the words made it change: it holds for all that was said before, too.
    pub roles_changed: Option<Vec<Role>>,
}

/// Follows the two voices of a session. Synchronous; one per session.
pub struct Tracker<E> {
    embedder: E,
    state: State,
    roles: Roles,
    heard: [bool; 2],
}

#[derive(Clone)]
enum State {
    ByChannel {
        practitioner: ChannelId,
    },
    ByVoice(Partition),
    /// The enrolment is of another embedder; every push says so.
    OtherModel {
        enrolled: String,
    },
}

impl<E: VoiceEmbedder> Tracker<E> {
    /// A tracker for a new session.
    pub fn new(mode: Mode, embedder: E) -> Self {
        let known = Roles::Known { practitioner: 0 };
        let (state, roles) = match mode {
            Mode::ByChannel { practitioner } => (State::ByChannel { practitioner }, known),
            Mode::Enrolled(enrolment) => (anchored(&enrolment, embedder.model()), known),
            Mode::Cluster => (State::ByVoice(Partition::new(embedder.model())), Roles::unknown()),
        };
        Self { embedder, state, roles, heard: [false; 2] }
    }

    /// Says who spoke the utterance. `role_log_odds` are the log-odds that a practitioner said its
    /// words, 0 when unknown. Utterances come in the order of their starts; one that is silent or
    /// very short gets a speaker too, with a low confidence.
    ///
    /// # Errors
    /// [`SpeakersError::NotFinite`] for broken audio, [`SpeakersError::OtherModel`] when the
    /// enrolment is of another embedder, and whatever the embedder fails with. The utterance is then
    /// as if never heard.
    pub fn push(
        &mut self,
        audio: &UtteranceAudio<'_>,
        role_log_odds: f32,
    ) -> Result<Attribution, SpeakersError> {
        let role_log_odds = if role_log_odds.is_finite() { role_log_odds } else { 0.0 }
            .clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS);
        let (voice, voice_confidence, changed) = match &mut self.state {
            State::ByChannel { practitioner } => {
                (u8::from(audio.channel != *practitioner), 1.0, false)
            }
            State::ByVoice(partition) => {
                let embedding = self.embedder.embed(audio.samples)?;
                embedding.check(self.embedder.model())?;
                let observation = observation(embedding, &self.embedder, role_log_odds);
                let (voice, log_odds) = partition.push(observation);
                let changed = self.roles.update(partition.role_log_odds(), partition.first_voice());
                (voice, sigmoid(log_odds), changed)
            }
            State::OtherModel { enrolled } => {
                return Err(SpeakersError::OtherModel {
                    enrolled: enrolled.clone(),
                    current: self.embedder.model().name.clone(),
                });
            }
        };
        self.heard[usize::from(voice)] = true;
        let role_confidence = self.roles.confidence();
        let right =
            voice_confidence * role_confidence + (1.0 - voice_confidence) * (1.0 - role_confidence);
        Ok(Attribution {
            voice: VoiceId(voice),
            speaker: self.roles.speaker(voice),
            confidence: right.clamp(0.5, 1.0),
            roles_changed: changed.then(|| self.roles()),
        })
    }

    /// Who seems to be speaking in audio of an utterance that is not over: what [`push`](Self::push) would say if it
    /// ended there. Changes nothing.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn peek(
        &mut self,
        audio: &UtteranceAudio<'_>,
        role_log_odds: f32,
    ) -> Result<Attribution, SpeakersError> {
        let before = (self.state.clone(), self.roles, self.heard);
        let attribution = self.push(audio, role_log_odds);
        (self.state, self.roles, self.heard) = before;
        attribution
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
        (0..2u8)
            .filter(|voice| self.heard[usize::from(*voice)])
            .map(|voice| Role { voice: VoiceId(voice), speaker: self.roles.speaker(voice) })
            .collect()
    }
}

fn anchored(enrolment: &Enrolment, model: &VoiceModel) -> State {
    let Some(embedding) = enrolment.embedding(model) else {
        return State::OtherModel { enrolled: enrolment.model().to_owned() };
    };
    let mut partition = Partition::new(model);
    partition.anchor(Observation {
        noise_var: model.noise_var(embedding.speech_s()) + ENROLMENT_EXTRA_VAR,
        values: embedding.values().to_vec(),
        counts: true,
        role_log_odds: 0.0,
    });
    State::ByVoice(partition)
}

fn observation<E: VoiceEmbedder>(
    embedding: Embedding,
    embedder: &E,
    role_log_odds: f32,
) -> Observation {
    let speech_s = embedding.speech_s();
    Observation {
        noise_var: embedder.model().noise_var(speech_s),
        counts: speech_s >= LEAST_SPEECH_S && !embedding.values().is_empty(),
        values: embedding.values().to_vec(),
        role_log_odds,
    }
}

#[cfg(test)]
mod tests;
