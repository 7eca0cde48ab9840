//! Voices as vectors, and what makes them.

use crate::SpeakersError;

/// A voice as heard in one stretch of audio.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    values: Vec<f32>,
    speech_s: f32,
}

impl Embedding {
    /// The point `values` in the space of its [`VoiceModel`], heard in `speech_s` seconds of speech.
    #[must_use]
    pub fn new(values: Vec<f32>, speech_s: f32) -> Self {
        Self { values, speech_s }
    }

    /// There was no voice to hear.
    #[must_use]
    pub fn none() -> Self {
        Self { values: Vec::new(), speech_s: 0.0 }
    }

    /// The coordinates; none where no voice was heard.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Seconds of speech it was made of.
    #[must_use]
    pub fn speech_s(&self) -> f32 {
        self.speech_s
    }

    pub(crate) fn check(&self, model: &VoiceModel) -> Result<(), SpeakersError> {
        let got = self.values.len();
        if got == 0 || got == model.dimension() {
            return Ok(());
        }
        Err(SpeakersError::Dimension { model: model.name.clone(), want: model.dimension(), got })
    }
}

/// How voices lie in the space of an embedder: all that is needed to tell near from far.
///
/// The embedder maps its vectors so that utterances of one voice scatter around it with the same
/// variance in every coordinate, that of `T` seconds of speech being `floor_var + short_var / T`.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceModel {
    /// Name and version: embeddings of different models can't be compared.
    pub name: String,
    /// Per coordinate, the variance of the voices themselves.
    pub between_var: Vec<f32>,
    /// Variance that remains in however long an utterance.
    pub floor_var: f32,
    /// Variance of what is said, for one second.
    pub short_var: f32,
}

impl VoiceModel {
    /// The number of coordinates.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.between_var.len()
    }

    /// Variance of an utterance of `speech_s` seconds around its voice.
    #[must_use]
    pub fn noise_var(&self, speech_s: f32) -> f32 {
        /// A few frames tell next to nothing, but never nothing at all.
        const LEAST_SPEECH_S: f32 = 0.03;
        self.floor_var + self.short_var / speech_s.max(LEAST_SPEECH_S)
    }
}

/// Turns audio into a voice.
pub trait VoiceEmbedder: Send {
    /// The space of its embeddings.
    fn model(&self) -> &VoiceModel;

    /// The voice in `samples` (mono, 16 kHz, −1…1), which should hold one speaker. Silence, or too
    /// little of anything, gives [`Embedding::none`].
    ///
    /// # Errors
    /// [`SpeakersError::NotFinite`] for broken audio; whatever a model's run-time may fail with.
    fn embed(&mut self, samples: &[f32]) -> Result<Embedding, SpeakersError>;
}

/// An embedder that gives what it was told to, one embedding a call: for tests of what builds on
/// embeddings.
///
/// ```
/// use speakers::{Embedding, ScriptedEmbedder, VoiceEmbedder};
/// let mut embedder = ScriptedEmbedder::new(vec![Embedding::new(vec![1.0, 0.0], 2.0)]);
/// assert_eq!(embedder.embed(&[])?.values(), [1.0, 0.0]);
/// assert!(embedder.embed(&[]).is_err()); // the script is over
/// # Ok::<(), speakers::SpeakersError>(())
/// ```
#[derive(Debug)]
pub struct ScriptedEmbedder {
    model: VoiceModel,
    script: Vec<Embedding>,
    next: usize,
}

impl ScriptedEmbedder {
    /// Gives the embeddings of `script` in turn. Its space: the voices scatter with variance 25 in
    /// each coordinate, utterances of a second with variance 1.
    #[must_use]
    pub fn new(script: Vec<Embedding>) -> Self {
        let dimension = script.iter().map(|e| e.values.len()).max().unwrap_or(0);
        let model = VoiceModel {
            name: "scripted".to_owned(),
            between_var: vec![25.0; dimension],
            floor_var: 0.5,
            short_var: 0.5,
        };
        Self { model, script, next: 0 }
    }
}

impl VoiceEmbedder for ScriptedEmbedder {
    fn model(&self) -> &VoiceModel {
        &self.model
    }

    fn embed(&mut self, _: &[f32]) -> Result<Embedding, SpeakersError> {
        let embedding = self
            .script
            .get(self.next)
            .ok_or(SpeakersError::ScriptExhausted { len: self.script.len() })?;
        self.next += 1;
        Ok(embedding.clone())
    }
}
