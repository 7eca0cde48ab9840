//! The same words whatever the recording's rate, channels and sample format.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{path::Path, process::Command};

use gids_tests::{
    SampleKind, asset, read_events, read_mono, resample, truth, word_error_rate, write_wav,
};

const ROLEPLAY: &str = "nl-stramme-knie";
/// Enough for a dozen utterances; the whole conversation is tested elsewhere.
const SECONDS: f64 = 50.0;

#[test]
fn rates_channels_and_formats() {
    let folder = tempfile::tempdir().unwrap();
    let samples = read_mono(&asset(&format!("assets/roleplays/{ROLEPLAY}.flac")), SECONDS);
    let said: Vec<String> = truth(ROLEPLAY)
        .into_iter()
        .filter(|line| line.end_s < SECONDS)
        .map(|line| line.text)
        .collect();
    let said = said.join(" ");
    let rows = [
        (8_000, 1, SampleKind::Int(16)),
        (8_000, 2, SampleKind::Float),
        (16_000, 1, SampleKind::Int(24)),
        (22_050, 1, SampleKind::Int(32)),
        (44_100, 2, SampleKind::Int(16)),
        (48_000, 1, SampleKind::Float),
        (48_000, 2, SampleKind::Int(24)),
        (96_000, 2, SampleKind::Int(32)),
    ];
    for (rate_hz, channels, kind) in rows {
        let wav = folder.path().join(format!("{rate_hz}-{channels}.wav"));
        write_wav(&wav, &resample(&samples, rate_hz), rate_hz, channels, kind);
        let heard = transcribe(&wav, folder.path(), &said);
        let wer = word_error_rate(&said, &heard);
        println!("{rate_hz} Hz, {channels} channel(s), {kind:?}: {:.1} %", 100.0 * wer);
        assert!(wer < 0.15, "{rate_hz} Hz, {channels} channel(s), {kind:?}: {wer:.3}\n{heard}");
    }
}

/// The words up to the end of the last whole utterance of the excerpt.
fn transcribe(wav: &Path, folder: &Path, said: &str) -> String {
    let events = folder.join("events.jsonl");
    let status = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
        .args(["replay", "--headless", "--model", "demo", "--events"])
        .args([&events, wav])
        .env("GIDS_DATA_DIR", folder)
        .status()
        .unwrap();
    assert!(status.success());
    let last = truth(ROLEPLAY).into_iter().rfind(|line| line.end_s < SECONDS).unwrap();
    assert!(said.ends_with(&last.text));
    read_events(&events)
        .utterances
        .iter()
        .filter(|utterance| utterance.start_s < last.end_s)
        .map(|utterance| utterance.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}
