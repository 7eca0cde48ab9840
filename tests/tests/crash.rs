//! A session that is killed: what was journalled is readable, and nothing went over a network.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![cfg(target_os = "linux")]

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use gids_tests::{asset, read_events};

/// Far longer than the first utterances take, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Killed whatever becomes of the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn sockets_of(child: &Child) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{}/fd", child.id())) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|target| target.display().to_string())
        .filter(|target| target.starts_with("socket:"))
        .collect()
}

#[test]
fn kill_9_loses_at_most_the_open_utterance() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events.jsonl");
    let child = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
        .args(["replay", "--headless", "--realtime", "--model", "demo", "--events"])
        .arg(&events)
        .arg(asset("assets/roleplays/nl-stramme-knie.flac"))
        .env("GIDS_DATA_DIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let child = Killed(child);
    let started = Instant::now();
    let utterances = |text: &str| text.matches("\"kind\":\"utterance\"").count();
    let mut seen = 0;
    while seen < 2 && started.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(50));
        seen = fs::read_to_string(&events).map_or(0, |text| utterances(&text));
        assert_eq!(sockets_of(&child.0), Vec::<String>::new(), "a session opens no socket");
    }
    drop(child); // SIGKILL
    assert!(seen >= 2, "no two utterances within {PATIENCE:?}");

    let heard = read_events(&events);
    assert!(!heard.complete);
    assert!(heard.utterances.len() >= seen);
    for format in ["txt", "md", "srt", "vtt", "json", "csv"] {
        let output = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
            .args(["export", "--format", format])
            .arg(&events)
            .env("GIDS_DATA_DIR", folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let last = &heard.utterances[seen - 1].text;
        // Subtitles break long lines.
        let last_word = last.split_whitespace().next_back().unwrap();
        assert!(text.contains(last_word), "{format}: {last} is not in {text}");
    }
}
