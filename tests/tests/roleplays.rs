//! The bundled roleplays through the whole pipeline: text, speakers, cues (issue 2's checks).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{path::Path, process::Command};

use gids_tests::{Heard, Line, asset, read_events, speaker_agreement, truth, word_error_rate};

/// A cue belongs to a scripted moment if it comes after the words began and before this much after
/// their end, in seconds.
const CUE_SLACK_S: f64 = 1.0;

fn replay(name: &str, events: &Path, data: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
        .args(["replay", "--headless", "--model", "demo", "--events"])
        .arg(events)
        .arg(asset(&format!("assets/roleplays/{name}.flac")))
        .env("GIDS_DATA_DIR", data)
        .status()
        .unwrap();
    assert!(status.success(), "{name}: {status}");
}

fn check_text(name: &str, script: &[Line], heard: &Heard) {
    let said: Vec<&str> = script.iter().map(|line| line.text.as_str()).collect();
    let text: Vec<&str> = heard.utterances.iter().map(|u| u.text.as_str()).collect();
    let wer = word_error_rate(&said.join(" "), &text.join(" "));
    println!("{name}: word error rate {:.1} %", 100.0 * wer);
    assert!(wer < 0.15, "{name}: word error rate {wer:.3}\n{}", text.join("\n"));
}

fn check_speakers(name: &str, script: &[Line], heard: &Heard) {
    let agreement = speaker_agreement(script, &heard.utterances);
    println!("{name}: right speaker for {:.1} % of the speech", 100.0 * agreement);
    assert!(agreement > 0.90, "{name}: right speaker for {agreement:.3} of the speech");
}

fn check_cues(name: &str, script: &[Line], heard: &Heard) {
    for line in script {
        let near = |at_s: f64| line.start_s <= at_s && at_s <= line.end_s + CUE_SLACK_S;
        let marks: Vec<_> = heard.cues.iter().filter(|cue| near(cue.at_s)).collect();
        if let Some(moment) = line.expect {
            assert!(
                marks.iter().any(|cue| cue.cue.moment.is_righting_reflex()),
                "{name}: {} ({moment:?}, \"{}\") is not marked; cues: {:?}",
                line.id,
                line.text,
                heard.cues.iter().map(|cue| (cue.at_s, cue.cue.moment)).collect::<Vec<_>>()
            );
        }
        let inside = |at_s: f64| line.start_s <= at_s && at_s <= line.end_s;
        if line.stretch.as_deref() == Some("sound") {
            let false_marks: Vec<_> = heard.cues.iter().filter(|cue| inside(cue.at_s)).collect();
            assert!(false_marks.is_empty(), "{name}: {} is sound; {false_marks:?}", line.id);
        }
    }
}

fn check(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script = truth(name);
    let first = folder.path().join("first.jsonl");
    replay(name, &first, folder.path());
    let heard = read_events(&first);
    assert!(heard.complete && heard.faults.is_empty(), "{:?}", heard.faults);
    check_text(name, &script, &heard);
    check_speakers(name, &script, &heard);
    check_cues(name, &script, &heard);

    let second = folder.path().join("second.jsonl");
    replay(name, &second, folder.path());
    assert_eq!(heard, read_events(&second), "the same recording twice gives the same session");
}

#[test]
fn nl_stramme_knie() {
    check("nl-stramme-knie");
}

#[test]
fn nl_rug_in_de_bouw() {
    check("nl-rug-in-de-bouw");
}

#[test]
fn nl_suiker_en_lopen() {
    check("nl-suiker-en-lopen");
}

#[test]
fn en_stiff_shoulder() {
    check("en-stiff-shoulder");
}

#[test]
fn en_evening_snacks() {
    check("en-evening-snacks");
}

#[test]
fn every_roleplay_has_a_test() {
    let source = include_str!("roleplays.rs");
    for name in gids_tests::roleplay_names() {
        assert!(source.contains(&format!("check(\"{name}\")")), "{name} has no test");
    }
}
