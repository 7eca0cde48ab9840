//! Two microphones at one table, a speaker each, both heard on either channel.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

use gids_tests::{
    Line, asset, read_events, read_mono, speaker_agreement, truth, word_error_rate, write_stereo,
};
use timeline::Speaker;

const ROLEPLAY: &str = "nl-rug-in-de-bouw";
const SECONDS: f64 = 45.0;
/// Around each utterance: its first and last sounds are weak.
const EDGE_S: f64 = 0.1;

/// Lapel microphones in a dry room: the other voice comes across 20 dB weaker.
#[test]
fn each_channel_has_its_speaker_and_no_ghosts() {
    check(0.1, 0);
}

/// Microphones on the table: 6 dB weaker and 2.5 ms later, which is 86 cm.
#[test]
fn the_earlier_channel_wins_where_levels_are_close() {
    check(0.5, 40);
}

fn check(cross_talk: f32, delay: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mono = read_mono(&asset(&format!("assets/roleplays/{ROLEPLAY}.flac")), SECONDS);
    let script: Vec<Line> =
        truth(ROLEPLAY).into_iter().filter(|line| line.end_s + EDGE_S < SECONDS).collect();
    // The practitioner sits on the right.
    let (mut left, mut right) = (vec![0.0; mono.len()], vec![0.0; mono.len()]);
    for line in &script {
        let sample = |seconds: f64| ((seconds * 16_000.0) as usize).min(mono.len());
        for at in sample(line.start_s - EDGE_S)..sample(line.end_s + EDGE_S) {
            let (near, far) = match line.speaker {
                Speaker::Practitioner => (&mut right, &mut left),
                Speaker::Client => (&mut left, &mut right),
            };
            near[at] += mono[at];
            if let Some(far) = far.get_mut(at + delay) {
                *far += mono[at] * cross_talk;
            }
        }
    }
    let (wav, events) = (folder.path().join("two.wav"), folder.path().join("events.jsonl"));
    write_stereo(&wav, &left, &right);
    // The channels are told apart by listening: "auto" is the default.
    let status = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
        .args(["replay", "--headless", "--model", "demo", "--practitioner", "right", "--events"])
        .args([&events, &wav])
        .env("GIDS_DATA_DIR", folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let mut heard = read_events(&events).utterances;
    heard.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    let agreement = speaker_agreement(&script, &heard);
    assert!(agreement > 0.98, "right speaker for {agreement:.3} of the speech");
    let said: Vec<&str> = script.iter().map(|line| line.text.as_str()).collect();
    let text: Vec<&str> = heard.iter().map(|utterance| utterance.text.as_str()).collect();
    let wer = word_error_rate(&said.join(" "), &text.join(" "));
    assert!(wer < 0.15, "the other voice is not heard twice: {wer:.3}\n{}", text.join("\n"));
}
