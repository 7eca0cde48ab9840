//! The overlay's real window, on a display of the test's own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use gids_tests::{SampleKind, asset, read_events, read_mono, write_wav};

/// A virtual display; ends with the test.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed by make setup");
        // It writes the number of the display once it can be used.
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { server, name: format!(":{}", number.trim()) }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

#[test]
fn a_session_runs_in_the_window_and_closes_with_it() {
    let display = Display::start();
    let folder = tempfile::tempdir().unwrap();
    let (wav, events) = (folder.path().join("a.wav"), folder.path().join("events.jsonl"));
    let samples = read_mono(&asset("assets/roleplays/nl-stramme-knie.flac"), 6.0);
    write_wav(&wav, &samples, 16_000, 1, SampleKind::Int(16));
    let output = Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
        .args(["replay", "--realtime", "--model", "demo", "--events"])
        .args([&events, &wav])
        .env("GIDS_DATA_DIR", folder.path())
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // Where no window can be opened, the session goes on in the terminal and says so.
    assert!(!said.contains("gaat verder in de terminal"), "{said}");
    assert!(!said.contains("Goedemorgen"), "the window shows it, not the terminal: {said}");
    let heard = read_events(&events);
    assert!(heard.complete && !heard.utterances.is_empty());
}
