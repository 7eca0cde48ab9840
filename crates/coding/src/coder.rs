//! The model at work.

use std::{fs, path::Path};

use ort::{environment::Environment, session::Session, value::TensorRef};
use timeline::{CodedUtterance, Lang, Speaker};

use crate::{CodingError, RightingReflexThresholds, decide, features, spec::Spec, tokens::Tokens};

/// The encoder's file within the model's folder: token ids → logits.
pub const ENCODER_FILE: &str = "mi-coder.onnx";
/// The file of the logistic regression: rows of known features → logits.
pub const NGRAMS_FILE: &str = "mi-coder-ngrams.onnx";
/// The file with everything else but the tokenizers: heads, calibration, thresholds, features.
pub const SPEC_FILE: &str = "mi-coder.json";

/// One utterance to be coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInput<'a> {
    /// Who said it; decides which codes are possible.
    pub speaker: Speaker,
    /// In which language.
    pub lang: Lang,
    /// The words, from a transcript or a recogniser; punctuation and capitals are not needed.
    pub text: &'a str,
}

/// Gives utterances their codes. One inference thread, no state between utterances.
#[derive(Debug)]
pub struct Coder {
    encoder: Session,
    ngrams: Session,
    spec: Spec,
    tokens: Tokens,
}

/// A text as both networks took it in, whoever said it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// `None` for a text without words.
    logits: Option<Vec<f32>>,
}

impl Coder {
    /// Loads the model from `dir`, which holds [`ENCODER_FILE`], [`NGRAMS_FILE`],
    /// [`SPEC_FILE`] and the [tokenizers](crate::tokenizer_file).
    ///
    /// `env` comes from `ort::init_from`: ONNX Runtime allows one environment in a process, so the
    /// program makes it once and lends it to every stage.
    ///
    /// # Errors
    /// [`CodingError::Read`], [`CodingError::Tokenizer`] and [`CodingError::Spec`] when the files are missing or
    /// don't fit this version, [`CodingError::Runtime`] when ONNX Runtime refuses the network.
    pub fn load(dir: &Path, env: &Environment) -> Result<Self, CodingError> {
        let spec = Spec::read(&dir.join(SPEC_FILE))?;
        let tokens = Tokens::read(dir, spec.tokens)?;
        let encoder = session(env, &dir.join(ENCODER_FILE))?;
        let ngrams = session(env, &dir.join(NGRAMS_FILE))?;
        Ok(Self { encoder, ngrams, spec, tokens })
    }

    /// Codes one utterance. A text without words is `facilitate` or `neutral`.
    ///
    /// # Errors
    /// [`CodingError::Runtime`] and [`CodingError::Shape`] when the network fails or does not fit its description.
    pub fn code(&mut self, input: &CodeInput<'_>) -> Result<CodedUtterance, CodingError> {
        let reading = self.read(input.lang, input.text)?;
        Ok(self.code_as(&reading, input.speaker))
    }

    /// Reads a text once, for [`Coder::role_log_odds`] and [`Coder::code_as`]: both cost next to nothing then.
    ///
    /// # Errors
    /// As [`Coder::code`].
    pub fn read(&mut self, lang: Lang, text: &str) -> Result<Reading, CodingError> {
        self.logits(lang, text).map(|logits| Reading { logits })
    }

    /// What was read, coded as that speaker's. A text without words is `facilitate` or `neutral`.
    #[must_use]
    pub fn code_as(&self, reading: &Reading, speaker: Speaker) -> CodedUtterance {
        match &reading.logits {
            Some(logits) => decide::decide(&self.spec, speaker, &self.spec.answer(speaker, logits)),
            None => decide::nothing_said(speaker),
        }
    }

    /// Codes utterances, in their order. Each goes through the network alone: what an utterance gets
    /// must not depend on which others were coded with it, and the network rounds by the range of all
    /// that is in a call.
    ///
    /// # Errors
    /// As [`Coder::code`].
    pub fn code_batch(
        &mut self,
        inputs: &[CodeInput<'_>],
    ) -> Result<Vec<CodedUtterance>, CodingError> {
        inputs.iter().map(|input| self.code(input)).collect()
    }

    /// Natural logarithm of the odds that a practitioner said it, from text alone: over 0 a
    /// practitioner is the likelier one. 0 for a text without words.
    #[must_use]
    pub fn role_log_odds(&self, reading: &Reading) -> f32 {
        let answer = |logits| self.spec.answer(Speaker::Practitioner, logits).role_log_odds;
        reading.logits.as_deref().map_or(0.0, answer)
    }

    /// The ids that the network is given for `text`, as training made them; `None` for a text without
    /// words that the model knows. Two ids frame it; a long text keeps its beginning and its end.
    ///
    /// # Errors
    /// [`CodingError::Tokenize`].
    pub fn token_ids(&self, lang: Lang, text: &str) -> Result<Option<Vec<i64>>, CodingError> {
        self.tokens.ids(lang, text)
    }

    /// The rows of the known features of `text` in the regression's table, as training made them.
    #[must_use]
    pub fn feature_rows(&self, lang: Lang, text: &str) -> Vec<i64> {
        self.spec.rows(&features::hashes(lang, &features::tokens(text)))
    }

    /// From which probability on an utterance is a righting-reflex moment.
    #[must_use]
    pub fn thresholds(&self) -> RightingReflexThresholds {
        self.spec.righting_reflex
    }

    /// Both opinions, mixed and calibrated; `None` for a text without words.
    fn logits(&mut self, lang: Lang, text: &str) -> Result<Option<Vec<f32>>, CodingError> {
        let Some(ids) = self.token_ids(lang, text)? else {
            return Ok(None);
        };
        let features = self.feature_rows(lang, text);
        let outputs = self.spec.outputs;
        let by_meaning = run(&mut self.encoder, "ids", &[1, ids.len()], &ids, outputs)?;
        let by_words = run(&mut self.ngrams, "features", &[features.len()], &features, outputs)?;
        Ok(Some(self.spec.mixed(&by_meaning, &by_words)))
    }
}

/// A network on one thread: an utterance is too short for more, and the other cores are at work.
fn session(env: &Environment, path: &Path) -> Result<Session, CodingError> {
    let bytes =
        fs::read(path).map_err(|source| CodingError::Read { path: path.to_owned(), source })?;
    Session::builder(env)
        .map_err(CodingError::runtime("making a session"))?
        .with_intra_threads(1)
        .map_err(CodingError::runtime("setting the number of threads"))?
        .commit_from_memory(&bytes)
        .map_err(CodingError::runtime("loading a network of the MI coder"))
}

/// One call of a network with one input; gives its `outputs` logits.
fn run(
    session: &mut Session,
    name: &str,
    shape: &[usize],
    values: &[i64],
    outputs: usize,
) -> Result<Vec<f32>, CodingError> {
    let input = TensorRef::from_array_view((shape, values))
        .map_err(CodingError::runtime("making the input tensor"))?;
    let made = session
        .run(ort::inputs![name => input])
        .map_err(CodingError::runtime("coding an utterance"))?;
    let (_, logits) = made["logits"]
        .try_extract_tensor::<f32>()
        .map_err(CodingError::runtime("reading the logits"))?;
    if logits.len() != outputs {
        return Err(CodingError::Shape { got: logits.len(), expected: outputs });
    }
    Ok(logits.to_vec())
}
