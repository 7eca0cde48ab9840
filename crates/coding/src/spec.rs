//! `mi-coder.json`: what the logits mean and how they become decisions.

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use serde::{Deserialize, Serialize};
use timeline::{Code, Speaker};

use crate::{CodingError, features};

/// Version of the description's format.
const FORMAT: u32 = 1;
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
    /// Calibration of each label: logit × scale + shift.
    scale: Vec<f32>,
    shift: Vec<f32>,
}

#[derive(Debug, Deserialize)]
struct File {
    format: u32,
    features_version: u32,
    heads: Vec<Head>,
    thresholds: BTreeMap<Code, f32>,
    righting_reflex: RightingReflexThresholds,
    /// Sorted feature hashes; the row of a feature in the model's table is its place plus one.
    vocabulary: Vec<u32>,
}

/// The model's description, checked.
#[derive(Debug)]
pub(crate) struct Spec {
    heads: Vec<(Head, Range<usize>)>,
    pub(crate) thresholds: BTreeMap<Code, f32>,
    pub(crate) righting_reflex: RightingReflexThresholds,
    vocabulary: Vec<u32>,
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
            vocabulary: file.vocabulary,
            outputs,
        })
    }

    /// The rows of the model's table for these features; unknown ones are left out.
    pub(crate) fn rows(&self, hashes: &[u32]) -> Vec<i64> {
        hashes
            .iter()
            .filter_map(|hash| self.vocabulary.binary_search(hash).ok())
            .map(|place| place as i64 + 1)
            .collect()
    }

    /// What `logits` (one utterance) say of `speaker`.
    pub(crate) fn answer(&self, speaker: Speaker, logits: &[f32]) -> Answer {
        let who = speaker.name();
        Answer {
            codes: self.probabilities(&format!("{who}_codes"), logits),
            classes: self.probabilities(&format!("{who}_class"), logits),
            righting_reflex: match speaker {
                Speaker::Practitioner => sigmoid(self.calibrated("righting_reflex", logits)[0]),
                Speaker::Client => 0.0,
            },
            role_log_odds: self.calibrated("role", logits)[0],
        }
    }

    fn probabilities(&self, name: &str, logits: &[f32]) -> Vec<f32> {
        let calibrated = self.calibrated(name, logits);
        match self.head(name).0.activation {
            Activation::Sigmoid => calibrated.into_iter().map(sigmoid).collect(),
            Activation::Softmax => softmax(&calibrated),
        }
    }

    fn calibrated(&self, name: &str, logits: &[f32]) -> Vec<f32> {
        let (head, range) = self.head(name);
        let settings = head.scale.iter().zip(&head.shift);
        logits[range.clone()]
            .iter()
            .zip(settings)
            .map(|(z, (scale, shift))| z * scale + shift)
            .collect()
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
    if file.features_version != features::VERSION {
        let (theirs, ours) = (file.features_version, features::VERSION);
        return Err(format!("features of version {theirs} instead of {ours}"));
    }
    let names = |codes: &[Code]| codes.iter().map(|c| c.name().to_owned()).collect::<Vec<_>>();
    let owned = |labels: &[&str]| labels.iter().map(|&l| l.to_owned()).collect::<Vec<_>>();
    let expected = [
        ("practitioner_codes", names(&Code::PRACTITIONER)),
        ("client_codes", names(&Code::CLIENT)),
        ("practitioner_class", owned(&PRACTITIONER_CLASSES)),
        ("client_class", owned(&CLIENT_CLASSES)),
        ("righting_reflex", owned(&["righting_reflex"])),
        ("role", owned(&["practitioner"])),
    ];
    for (name, labels) in expected {
        if !file.heads.iter().any(|head| head.name == name && head.labels == labels) {
            return Err(format!("no head {name} with the labels {}", labels.join(", ")));
        }
    }
    for head in &file.heads {
        if head.scale.len() != head.labels.len() || head.shift.len() != head.labels.len() {
            return Err(format!("head {} has a calibration of another length", head.name));
        }
    }
    let all = Code::PRACTITIONER.iter().chain(&Code::CLIENT);
    if let Some(code) = all.into_iter().find(|code| !file.thresholds.contains_key(code)) {
        return Err(format!("no threshold for {code}"));
    }
    if !file.vocabulary.is_sorted() || file.vocabulary.is_empty() {
        return Err("the vocabulary is empty or not sorted".to_owned());
    }
    let RightingReflexThresholds { soft, firm } = file.righting_reflex;
    if !(0.0 < soft && soft <= firm && firm < 1.0) {
        return Err(format!("righting-reflex thresholds {soft} and {firm} are out of order"));
    }
    Ok(file)
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
    fn a_description_of_another_format_is_refused_with_a_reason() {
        let file = std::env::temp_dir().join(format!("mi-coder-{}.json", std::process::id()));
        fs::write(&file, r#"{"format":9,"features_version":1,"heads":[],"thresholds":{},"righting_reflex":{"soft":0.5,"firm":0.6},"vocabulary":[1]}"#).unwrap();
        let error = Spec::read(&file).unwrap_err().to_string();
        fs::remove_file(&file).unwrap();
        assert!(error.contains("format 9 instead of 1"), "{error}");
    }
}
