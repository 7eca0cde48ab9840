//! What is kept, and that it can be shown and deleted; the text commands.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use gids_tests::{SampleKind, asset, read_mono, write_wav};

fn gids(data: &Path, args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
        .args(args)
        .env("GIDS_DATA_DIR", data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn stdout(output: Output) -> String {
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nothing_is_kept_unless_asked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let wav = folder.path().join("a.wav");
    let samples = read_mono(&asset("assets/roleplays/nl-stramme-knie.flac"), 10.0);
    write_wav(&wav, &samples, 16_000, 1, SampleKind::Int(16));
    let wav = wav.to_str().unwrap();

    gids(&data, &["replay", "--headless", "--model", "demo", wav]);
    assert!(!data.exists(), "a replay without --keep leaves no trace");

    gids(&data, &["replay", "--headless", "--model", "demo", "--keep", wav]);
    let listed = stdout(gids(&data, &["sessions", "list"]));
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let shown = stdout(gids(&data, &["sessions", "show", "last"]));
    assert!(shown.to_lowercase().contains("knie"), "{shown}");
    let id = listed.split('\t').next().unwrap();
    gids(&data, &["sessions", "delete", id]);
    assert_eq!(stdout(gids(&data, &["sessions", "list"])), "");
    assert_eq!(std::fs::read_dir(data.join("sessions")).unwrap().count(), 0);
}

#[test]
fn code_answers_each_line_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
        .args(["code", "-"])
        .env("GIDS_DATA_DIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = [
        r#"{"id":"a","conversation":"x","speaker":"practitioner","lang":"nl","text":"Je moet gewoon elke dag een half uur wandelen."}"#,
        r#"{"id":"b","conversation":"x","speaker":"client","lang":"nl","text":"Ik heb er gewoon geen tijd voor."}"#,
        r#"{"id":"c","conversation":"x","speaker":"practitioner","lang":"en","text":"What would being active give you?"}"#,
    ];
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let text = stdout(child.wait_with_output().unwrap());
    let coded: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(coded.len(), 3);
    assert_eq!(coded[0]["id"], "a");
    assert!(coded[0]["righting_reflex"].as_f64().unwrap() > 0.5);
    assert_eq!(coded[0]["probs"].as_object().unwrap().len(), 18);
    assert_eq!(coded[1]["coarse"], "sustain");
    assert_eq!(coded[1]["righting_reflex"], 0.0);
    assert_eq!(coded[1]["probs"].as_object().unwrap().len(), 9);
    assert_eq!(coded[2]["codes"][0], "question_open");
    assert_eq!(coded[2]["coarse"], "question");
}

#[test]
fn coach_marks_advice_and_respects_permission() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("talk.jsonl");
    let line = |id: &str, conversation: &str, speaker: &str, codes: &str, text: &str| {
        format!(
            r#"{{"id":"{id}","conversation":"{conversation}","speaker":"{speaker}","lang":"nl","text":"{text}","codes":["{codes}"]}}"#
        )
    };
    let talk = [
        line("1", "a", "client", "sustain", "Ik heb er gewoon geen tijd voor."),
        line("2", "a", "practitioner", "advise", "Je moet gewoon elke dag oefenen."),
        line("3", "b", "client", "client_question", "Wat raadt u aan?"),
        line("4", "b", "practitioner", "advise", "Je kunt het beste klein beginnen."),
    ];
    std::fs::write(&file, talk.join("\n")).unwrap();
    let text = stdout(gids(folder.path(), &["coach", file.to_str().unwrap()]));
    let cues: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cues.len(), 1, "{text}");
    assert_eq!(cues[0]["after"], "2");
    assert_eq!(cues[0]["moment"], "unsolicited_advice");
    assert!(cues[0]["headline"].as_str().unwrap().split_whitespace().count() <= 4);
    assert!(cues[0]["at_s"].as_f64().unwrap() > 0.0);
}
