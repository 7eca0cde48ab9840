//! Rust and training agree: the same token ids, the same features, the same probabilities.

mod support;

use std::fs;

use coding::CodeInput;
use serde::Deserialize;
use timeline::{Code, CodedUtterance, Lang, Speaker};

/// Training runs ONNX Runtime on the same file. What is left are the order of summation and, on another
/// processor, activations that lie on the edge between two of 256 steps and are rounded the other way.
const TOLERANCE: f32 = 0.01;

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    lang: Lang,
    text: String,
    ids: Vec<i64>,
    features: Vec<i64>,
    practitioner: Vec<f32>,
    client: Vec<f32>,
    righting_reflex: f32,
    role: f32,
}

fn vectors() -> Vec<Vector> {
    let text = fs::read_to_string(support::project("models/mi-coder/test-vectors.json"))
        .expect("training exported the vectors");
    serde_json::from_str::<Vectors>(&text).expect("they are of this format").vectors
}

fn assert_close(what: &str, text: &str, ours: f32, theirs: f32) {
    assert!(
        (ours - theirs).abs() < TOLERANCE,
        "{what} of {text:?}: {ours} here, {theirs} in training"
    );
}

fn assert_probs(text: &str, coded: &CodedUtterance, codes: &[Code], theirs: &[f32]) {
    assert_eq!(codes.len(), theirs.len());
    for (code, &theirs) in codes.iter().zip(theirs) {
        assert_close(code.name(), text, coded.probs[code], theirs);
    }
}

#[test]
fn ids_and_features_are_those_of_training() {
    let vectors = vectors();
    assert!(vectors.len() >= 12);
    let coder = support::coder();
    for v in &vectors {
        let ids = coder.token_ids(v.lang, &v.text).unwrap();
        assert_eq!(ids, (!v.ids.is_empty()).then(|| v.ids.clone()), "ids of {:?}", v.text);
        assert_eq!(coder.feature_rows(v.lang, &v.text), v.features, "features of {:?}", v.text);
    }
}

#[test]
fn probabilities_are_those_of_training() {
    let mut coder = support::coder();
    for v in vectors().iter().filter(|v| !v.ids.is_empty()) {
        let mut coded =
            |speaker| coder.code(&CodeInput { speaker, lang: v.lang, text: &v.text }).unwrap();
        let practitioner = coded(Speaker::Practitioner);
        assert_probs(&v.text, &practitioner, &Code::PRACTITIONER, &v.practitioner);
        assert_close("reflex", &v.text, practitioner.righting_reflex, v.righting_reflex);
        assert_probs(&v.text, &coded(Speaker::Client), &Code::CLIENT, &v.client);
        let reading = coder.read(v.lang, &v.text).unwrap();
        let odds = coder.role_log_odds(&reading);
        assert_close("role", &v.text, 1.0 / (1.0 + (-odds).exp()), v.role);
    }
}
