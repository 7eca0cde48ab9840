//! `mi-coder.json`: what the logits mean and how they become decisions.

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use serde::{Deserialize, Serialize};
use timeline::{Code, Speaker};

use crate::{CodingError, features, tokens::TokenRules};

/// Version of the description's format.
const FORMAT: u32 = 2;
const PRACTITIONER_CLASSES: [&str; 4] = ["question", "reflection", "input", "other"];
const CLIENT_CLASSES: [&str; 3] = ["change", "neutral", "sustain"];

/// From which calibrated probability on an utterance counts as a righting-reflex moment. Chosen for
/// precision on the evaluation conversations (`models/mi-coder/README.md` says which).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RightingReflexThresholds {
    /// Worth a soft mark.
    pub soft: f32,
    /// Worth a firm mark.
    pub firm: f32,
}

/// How logits become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Activation {
    Sigmoid,
    Softmax,
}

/// A stretch of the output tensor that answers one question.
#[derive(Debug, Deserialize)]
struct Head {
    name: String,
    labels: Vec<String>,
    activation: Activation,
    /// Calibration of each label: encoder's logit × scale + n-grams' logit × scale + shift.
    encoder_scale: Vec<f32>,
    ngrams_scale: Vec<f32>,
    shift: Vec<f32>,
}

#[derive(Debug, Deserialize)]
struct File {
    format: u32,
    tokens: TokenRules,
    features_version: u32,
    heads: Vec<Head>,
    thresholds: BTreeMap<Code, f32>,
    righting_reflex: RightingReflexThresholds,
    /// Sorted feature hashes; the row of a feature in the regression's table is its place plus one.
    features: Vec<u32>,
}

/// The model's description, checked.
#[derive(Debug)]
pub(crate) struct Spec {
    heads: Vec<(Head, Range<usize>)>,
    pub(crate) thresholds: BTreeMap<Code, f32>,
    pub(crate) righting_reflex: RightingReflexThresholds,
    pub(crate) tokens: TokenRules,
    features: Vec<u32>,
    /// Logits an utterance.
    pub(crate) outputs: usize,
}

/// Calibrated probabilities of one utterance, each head's in the order of its labels.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) codes: Vec<f32>,
    pub(crate) classes: Vec<f32>,
    pub(crate) righting_reflex: f32,
    /// Calibrated log-odds that a practitioner said it.
    pub(crate) role_log_odds: f32,
}

impl Spec {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// [`CodingError::Read`] and [`CodingError::Spec`].
    pub(crate) fn read(path: &Path) -> Result<Self, CodingError> {
        let bytes =
            fs::read(path).map_err(|source| CodingError::Read { path: path.to_owned(), source })?;
        let file: File = serde_json::from_slice(&bytes)
            .map_err(|e| e.to_string())
            .and_then(check)
            .map_err(|reason| CodingError::Spec { path: path.to_owned(), reason })?;
        let mut outputs = 0;
        let heads = file
            .heads
            .into_iter()
            .map(|head| {
                let range = outputs..outputs + head.labels.len();
                outputs = range.end;
                (head, range)
            })
            .collect();
        Ok(Self {
            heads,
            thresholds: file.thresholds,
            righting_reflex: file.righting_reflex,
            tokens: file.tokens,
            features: file.features,
            outputs,
        })
    }

    /// The rows of the regression's table for these features; unknown ones are left out.
    pub(crate) fn rows(&self, hashes: &[u32]) -> Vec<i64> {
        hashes
            .iter()
            .filter_map(|hash| self.features.binary_search(hash).ok())
            .map(|place| place as i64 + 1)
            .collect()
    }

    /// The two networks' logits of one utterance as calibrated ones.
    pub(crate) fn mixed(&self, encoder: &[f32], ngrams: &[f32]) -> Vec<f32> {
        let settings = self.heads.iter().flat_map(|(head, _)| {
            head.encoder_scale.iter().zip(&head.ngrams_scale).zip(&head.shift)
        });
        encoder
            .iter()
            .zip(ngrams)
            .zip(settings)
            .map(|((encoder, ngrams), ((a, b), shift))| encoder * a + ngrams * b + shift)
            .collect()
    }

    /// What the calibrated `logits` of one utterance say of `speaker`.
    pub(crate) fn answer(&self, speaker: Speaker, logits: &[f32]) -> Answer {
        let who = speaker.name();
        let mut codes = self.probabilities(&format!("{who}_codes"), logits);
        if speaker == Speaker::Practitioner {
            let as_experts = sigmoid(self.of("open_question", logits)[0]);
            tell_questions_apart(&mut codes, as_experts);
        }
        Answer {
            codes,
            classes: self.probabilities(&format!("{who}_class"), logits),
            righting_reflex: match speaker {
                Speaker::Practitioner => sigmoid(self.of("righting_reflex", logits)[0]),
                Speaker::Client => 0.0,
            },
            role_log_odds: self.of("role", logits)[0],
        }
    }

    fn probabilities(&self, name: &str, logits: &[f32]) -> Vec<f32> {
        let own = self.of(name, logits);
        match self.head(name).0.activation {
            Activation::Sigmoid => own.iter().copied().map(sigmoid).collect(),
            Activation::Softmax => softmax(own),
        }
    }

    /// The logits of that head.
    fn of<'a>(&self, name: &str, logits: &'a [f32]) -> &'a [f32] {
        &logits[self.head(name).1.clone()]
    }

    fn head(&self, name: &str) -> &(Head, Range<usize>) {
        self.heads.iter().find(|(head, _)| head.name == name).expect("check() saw every head")
    }
}

/// Whether this version of the program can use the description.
fn check(file: File) -> Result<File, String> {
    if file.format != FORMAT {
        return Err(format!("format {} instead of {FORMAT}", file.format));
    }
    let names = |codes: &[Code]| codes.iter().map(|c| c.name().to_owned()).collect::<Vec<_>>();
    let owned = |labels: &[&str]| labels.iter().map(|&l| l.to_owned()).collect::<Vec<_>>();
    let expected = [
        ("practitioner_codes", names(&Code::PRACTITIONER)),
        ("client_codes", names(&Code::CLIENT)),
        ("practitioner_class", owned(&PRACTITIONER_CLASSES)),
        ("client_class", owned(&CLIENT_CLASSES)),
        ("open_question", owned(&["open"])),
        ("righting_reflex", owned(&["righting_reflex"])),
        ("role", owned(&["practitioner"])),
    ];
    for (name, labels) in expected {
        if !file.heads.iter().any(|head| head.name == name && head.labels == labels) {
            return Err(format!("no head {name} with the labels {}", labels.join(", ")));
        }
    }
    for head in &file.heads {
        let lengths = [&head.encoder_scale, &head.ngrams_scale, &head.shift].map(Vec::len);
        if lengths.iter().any(|&length| length != head.labels.len()) {
            return Err(format!("head {} has a calibration of another length", head.name));
        }
    }
    let all = Code::PRACTITIONER.iter().chain(&Code::CLIENT);
    if let Some(code) = all.into_iter().find(|code| !file.thresholds.contains_key(code)) {
        return Err(format!("no threshold for {code}"));
    }
    if file.features_version != features::VERSION {
        let (theirs, ours) = (file.features_version, features::VERSION);
        return Err(format!("features of version {theirs} instead of {ours}"));
    }
    if !file.features.is_sorted() {
        return Err("the features are not sorted".to_owned());
    }
    let RightingReflexThresholds { soft, firm } = file.righting_reflex;
    if !(0.0 < soft && soft <= firm && firm < 1.0) {
        return Err(format!("righting-reflex thresholds {soft} and {firm} are out of order"));
    }
    Ok(file)
}

/// How much the experts' opinion counts where open and closed questions are told apart; the rest is the codes'.
const EXPERTS_SHARE: f32 = 0.75;

/// Shares the probability of a question out between open and closed. `as_experts` is the probability of
/// an open one among the experts' questions: the two coders of the training data draw the line
/// differently, and together they are right more often.
fn tell_questions_apart(codes: &mut [f32], as_experts: f32) {
    let place =
        |code| Code::PRACTITIONER.iter().position(|&c| c == code).expect("it is one of them");
    let (open, closed) = (place(Code::QuestionOpen), place(Code::QuestionClosed));
    let both = codes[open] + codes[closed];
    let share = (1.0 - EXPERTS_SHARE) * codes[open] / both.max(1e-6) + EXPERTS_SHARE * as_experts;
    codes[open] = both.min(1.0) * share;
    codes[closed] = both.min(1.0) * (1.0 - share);
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

fn softmax(z: &[f32]) -> Vec<f32> {
    let top = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f32> = z.iter().map(|v| (v - top).exp()).collect();
    let total: f32 = raised.iter().sum();
    raised.into_iter().map(|v| v / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one_at_extremes() {
        let p = softmax(&[900.0, -900.0, 899.0]);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && p[0] > p[2]);
    }

    #[test]
    fn open_and_closed_share_what_they_have_together() {
        let mut codes = vec![0.0; Code::PRACTITIONER.len()];
        (codes[0], codes[1]) = (0.3, 0.1);
        tell_questions_apart(&mut codes, 0.25);
        assert!((codes[0] - 0.15).abs() < 1e-6 && (codes[1] - 0.25).abs() < 1e-6, "{codes:?}");
        (codes[0], codes[1]) = (0.9, 0.9);
        tell_questions_apart(&mut codes, 0.5);
        assert!(codes[0] + codes[1] <= 1.0);
        (codes[0], codes[1]) = (0.0, 0.0);
        tell_questions_apart(&mut codes, 1.0);
        assert_eq!((codes[0], codes[1]), (0.0, 0.0));
    }

    #[test]
    fn a_description_of_another_format_is_refused_with_a_reason() {
        let file = std::env::temp_dir().join(format!("mi-coder-{}.json", std::process::id()));
        fs::write(&file, r#"{"format":9,"tokens":{"unknown":1,"start":2,"end":3,"head":4,"tail":5},"features_version":1,"heads":[],"thresholds":{},"righting_reflex":{"soft":0.5,"firm":0.6},"features":[]}"#).unwrap();
        let error = Spec::read(&file).unwrap_err().to_string();
        fs::remove_file(&file).unwrap();
        assert!(error.contains("format 9 instead of 2"), "{error}");
    }
}
