//! The model at work.

use std::{fs, path::Path};

use ort::{environment::Environment, session::Session, value::TensorRef};
use timeline::{CodedUtterance, Lang, Speaker};

use crate::{CodingError, RightingReflexThresholds, decide, features, spec::Spec};

/// The network's file within the model's folder.
pub const MODEL_FILE: &str = "mi-coder.onnx";
/// The file with everything else: features, calibration, thresholds.
pub const SPEC_FILE: &str = "mi-coder.json";

/// Utterances that go through the network at once: enough to hide the cost of a call, and even with
/// the longest texts (some 6,000 features each) under 100 MB.
const BATCH: usize = 32;

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
    session: Session,
    spec: Spec,
}

impl Coder {
    /// Loads the model from `dir`, which holds [`MODEL_FILE`] and [`SPEC_FILE`].
    ///
    /// `env` comes from `ort::init_from`: ONNX Runtime allows one environment in a process, so the
    /// program makes it once and lends it to every stage.
    ///
    /// # Errors
    /// [`CodingError::Read`] and [`CodingError::Spec`] when the files are missing or don't fit this
    /// version, [`CodingError::Runtime`] when ONNX Runtime refuses the network.
    pub fn load(dir: &Path, env: &Environment) -> Result<Self, CodingError> {
        let spec = Spec::read(&dir.join(SPEC_FILE))?;
        let path = dir.join(MODEL_FILE);
        let bytes =
            fs::read(&path).map_err(|source| CodingError::Read { path: path.clone(), source })?;
        let session = Session::builder(env)
            .map_err(CodingError::runtime("making a session"))?
            .with_intra_threads(1)
            .map_err(CodingError::runtime("setting the number of threads"))?
            .commit_from_memory(&bytes)
            .map_err(CodingError::runtime("loading mi-coder.onnx"))?;
        Ok(Self { session, spec })
    }

    /// Codes one utterance. A text without words is `facilitate` or `neutral`.
    ///
    /// # Errors
    /// [`CodingError::Runtime`] and [`CodingError::Shape`] when the network fails or does not fit its description.
    pub fn code(&mut self, input: &CodeInput<'_>) -> Result<CodedUtterance, CodingError> {
        let mut coded = self.code_batch(std::slice::from_ref(input))?;
        Ok(coded.pop().expect("one utterance in, one out"))
    }

    /// Codes utterances, in their order.
    ///
    /// # Errors
    /// As [`Coder::code`].
    pub fn code_batch(
        &mut self,
        inputs: &[CodeInput<'_>],
    ) -> Result<Vec<CodedUtterance>, CodingError> {
        let texts: Vec<(Lang, &str)> = inputs.iter().map(|i| (i.lang, i.text)).collect();
        let logits = self.logits(&texts)?;
        let coded = inputs.iter().zip(logits).map(|(input, logits)| match logits {
            Some(logits) => {
                decide::decide(&self.spec, input.speaker, &self.spec.answer(input.speaker, &logits))
            }
            None => decide::nothing_said(input.speaker),
        });
        Ok(coded.collect())
    }

    /// Natural logarithm of the odds that a practitioner said it, from text alone: over 0 a
    /// practitioner is the likelier one. 0 for a text without words.
    ///
    /// # Errors
    /// As [`Coder::code`].
    pub fn role_log_odds(&mut self, lang: Lang, text: &str) -> Result<f32, CodingError> {
        let logits = self.logits(&[(lang, text)])?.pop().flatten();
        let answer = logits.map(|logits| self.spec.answer(Speaker::Practitioner, &logits));
        Ok(answer.map_or(0.0, |answer| answer.role_log_odds))
    }

    /// From which probability on an utterance is a righting-reflex moment.
    #[must_use]
    pub fn thresholds(&self) -> RightingReflexThresholds {
        self.spec.righting_reflex
    }

    /// The network's logits of each text; `None` for a text without words.
    fn logits(&mut self, texts: &[(Lang, &str)]) -> Result<Vec<Option<Vec<f32>>>, CodingError> {
        let rows: Vec<Option<Vec<i64>>> = texts
            .iter()
            .map(|(lang, text)| {
                let tokens = features::tokens(text);
                (!tokens.is_empty()).then(|| self.spec.rows(&features::hashes(*lang, &tokens)))
            })
            .collect();
        let worded: Vec<&[i64]> = rows.iter().flatten().map(Vec::as_slice).collect();
        let mut answers = Vec::with_capacity(worded.len());
        for batch in worded.chunks(BATCH) {
            answers.extend(self.run(batch)?);
        }
        let mut answers = answers.into_iter();
        Ok(rows.iter().map(|row| row.as_ref().and_then(|_| answers.next())).collect())
    }

    /// One call of the network; `batch` is not empty.
    fn run(&mut self, batch: &[&[i64]]) -> Result<Vec<Vec<f32>>, CodingError> {
        let width = batch.iter().map(|row| row.len()).max().unwrap_or(0).max(1);
        let mut ids = vec![0_i64; batch.len() * width]; // row 0 of the table is padding
        for (line, row) in ids.chunks_mut(width).zip(batch) {
            line[..row.len()].copy_from_slice(row);
        }
        let input = TensorRef::from_array_view(([batch.len(), width], ids.as_slice()))
            .map_err(CodingError::runtime("making the input tensor"))?;
        let outputs = self
            .session
            .run(ort::inputs!["ids" => input])
            .map_err(CodingError::runtime("coding an utterance"))?;
        let (_, logits) = outputs["logits"]
            .try_extract_tensor::<f32>()
            .map_err(CodingError::runtime("reading the logits"))?;
        if logits.len() != batch.len() * self.spec.outputs {
            let got = logits.len() / batch.len();
            return Err(CodingError::Shape { got, expected: self.spec.outputs });
        }
        Ok(logits.chunks(self.spec.outputs).map(<[f32]>::to_vec).collect())
    }
}
