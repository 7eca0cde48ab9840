//! Voices as vectors, and what makes them.

use crate::SpeakersError;

/// How voices lie in the space of an embedder: all that is needed to tell near from far.
///
/// Windows of one voice scatter around it with the same variance in every coordinate, that of the mean over `T` seconds
/// of speech being `floor_var + short_var / T`. The voices themselves scatter around the origin with `between_var`.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceModel {
    /// Name and version: embeddings of different models can't be compared.
    pub name: String,
    /// Per coordinate, the variance of the voices themselves.
    pub between_var: Vec<f32>,
    /// Variance that remains however long one listens.
    pub floor_var: f32,
    /// Variance of what is said, for one second.
    pub short_var: f32,
    /// Evidence is multiplied by it: coordinates are not quite independent, so that their sum is surer than it is right
    /// to be.
    pub temper: f32,
    /// Samples in a window.
    pub window: usize,
    /// Samples from the start of a window to that of the next.
    pub hop: usize,
}

impl VoiceModel {
    /// The number of coordinates.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.between_var.len()
    }

    /// Variance of the mean over `speech_s` seconds around its voice.
    #[must_use]
    pub fn noise_var(&self, speech_s: f32) -> f32 {
        /// A few frames tell next to nothing, but never nothing at all.
        const LEAST_SPEECH_S: f32 = 0.03;
        self.floor_var + self.short_var / speech_s.max(LEAST_SPEECH_S)
    }

    pub(crate) fn check(&self, values: &[f32]) -> Result<(), SpeakersError> {
        if values.len() != self.dimension() {
            return Err(SpeakersError::Dimension {
                model: self.name.clone(),
                want: self.dimension(),
                got: values.len(),
            });
        }
        if values.iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        Err(SpeakersError::Model {
            name: self.name.clone(),
            what: "it gave a value that is no number".to_owned(),
        })
    }
}

/// Turns audio into voices.
pub trait VoiceEmbedder: Send {
    /// The space of its embeddings.
    fn model(&self) -> &VoiceModel;

    /// A vector for each of `windows` (mono, 16 kHz, −1…1, all of one length, [`VoiceModel::window`] or shorter but no
    /// shorter than [`LEAST_WINDOW`]), each of which should hold one speaker. A louder copy of a window gives the same
    /// vector.
    ///
    /// # Errors
    /// Whatever the model's run-time may fail with.
    fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError>;
}

impl<E: VoiceEmbedder + ?Sized> VoiceEmbedder for Box<E> {
    fn model(&self) -> &VoiceModel {
        (**self).model()
    }

    fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError> {
        (**self).embed(windows)
    }
}

/// The shortest window that is looked at: 0.25 s, a syllable.
pub const LEAST_WINDOW: usize = 4_000;

/// An embedder that gives what it was told to, one vector a window: for tests of what builds on embeddings.
///
/// ```
/// use speakers::{ScriptedEmbedder, VoiceEmbedder};
/// let mut embedder = ScriptedEmbedder::new(vec![vec![1.0, 0.0]]);
/// assert_eq!(embedder.embed(&[&[0.0; 4_000]])?, [[1.0, 0.0]]);
/// assert!(embedder.embed(&[&[0.0; 4_000]]).is_err()); // the script is over
/// # Ok::<(), speakers::SpeakersError>(())
/// ```
#[derive(Debug)]
pub struct ScriptedEmbedder {
    model: VoiceModel,
    script: std::vec::IntoIter<Vec<f32>>,
}

impl ScriptedEmbedder {
    /// Gives the vectors of `script` in turn, in the space of [`scripted_model`].
    #[must_use]
    pub fn new(script: Vec<Vec<f32>>) -> Self {
        let dimension = script.iter().map(Vec::len).max().unwrap_or(0);
        Self { model: scripted_model(dimension), script: script.into_iter() }
    }
}

/// A space in which the voices scatter with variance 25 in each coordinate, and one second of speech with variance 1;
/// windows of 0.8 s, five a second.
#[must_use]
pub fn scripted_model(dimension: usize) -> VoiceModel {
    VoiceModel {
        name: "scripted".to_owned(),
        between_var: vec![25.0; dimension],
        floor_var: 0.5,
        short_var: 0.5,
        temper: 0.5,
        window: 12_800,
        hop: 3_200,
    }
}

impl VoiceEmbedder for ScriptedEmbedder {
    fn model(&self) -> &VoiceModel {
        &self.model
    }

    fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError> {
        let over = || SpeakersError::Model {
            name: self.model.name.clone(),
            what: "its script is over".to_owned(),
        };
        windows.iter().map(|_| self.script.next().ok_or_else(over)).collect()
    }
}

impl<E: VoiceEmbedder> VoiceEmbedder for &mut E {
    fn model(&self) -> &VoiceModel {
        (**self).model()
    }

    fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError> {
        (**self).embed(windows)
    }
}
