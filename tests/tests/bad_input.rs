//! Bad input: a clear message on stderr that says what to do, exit code 1, no panic, nothing lost.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use gids_tests::{SampleKind, asset, read_events, read_mono, write_wav};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gids-under-test"));
        command.args(args).env("GIDS_DATA_DIR", self.folder.path().join("data"));
        command
    }

    fn gids(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Two seconds of a roleplay as WAV.
    fn short_wav(&self) -> PathBuf {
        let path = self.folder.path().join("short.wav");
        let samples = read_mono(&asset("assets/roleplays/nl-stramme-knie.flac"), 6.0);
        write_wav(&path, &samples, 16_000, 1, SampleKind::Int(16));
        path
    }
}

/// Exit code 1, and all of `wanted` in what it says; never a panic.
fn refused(output: &Output, wanted: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for part in wanted {
        assert!(said.contains(part), "\"{part}\" is not in: {said}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn recordings_that_are_none() {
    let bench = Bench::new();
    let rows = [
        (bench.file("empty.wav", b""), "is empty"),
        (bench.file("text.wav", b"Dit is geen geluid maar tekst.\n"), "is no audio file"),
        (bench.folder.path().join("missing.wav"), "does not exist"),
        (bench.folder.path().to_owned(), "is a folder"),
    ];
    for (path, wanted) in rows {
        refused(&bench.gids(&["replay", "--headless", text(&path)]), &[wanted]);
    }
}

#[test]
fn a_truncated_recording_is_heard_as_far_as_it_goes() {
    let bench = Bench::new();
    let whole = fs::read(bench.short_wav()).unwrap();
    let cut = bench.file("cut.wav", &whole[..whole.len() * 9 / 10]);
    let events = bench.folder.path().join("events.jsonl");
    let output = bench.gids(&[
        "replay",
        "--headless",
        "--model",
        "demo",
        "--events",
        text(&events),
        text(&cut),
    ]);
    refused(&output, &["is cut off"]);
    let heard = read_events(&events);
    assert!(!heard.utterances.is_empty() && heard.complete);
    assert!(heard.faults.iter().any(|fault| fault.contains("is cut off")));
}

#[test]
fn models_that_are_none() {
    let bench = Bench::new();
    let wav = bench.short_wav();
    let no_ggml = bench
        .file("ggml-fake.bin", b"PK\x03\x04 a zip file under a wrong name, say, of some length");
    let demo = fs::read(asset("models/demo-asr/ggml-demo.bin")).unwrap();
    let cut = bench.file("ggml-cut.bin", &demo[..demo.len() - 100_000]);
    let rows = [
        (bench.folder.path().join("ggml-missing.bin"), "gids models import"),
        (no_ggml, "no Whisper model"),
        (cut, "cut off"),
    ];
    for (model, wanted) in rows {
        let args = ["replay", "--headless", "--model", text(&model), text(&wav)];
        refused(&bench.gids(&args), &[wanted]);
        if model.exists() {
            refused(&bench.gids(&["models", "import", text(&model)]), &[wanted]);
        }
    }
}

#[test]
fn places_that_cannot_be_written() {
    let bench = Bench::new();
    let wav = bench.short_wav();
    // Below a file, where nobody can make a folder, root included.
    let below_a_file = bench.file("file", b"").join("events.jsonl");
    let args = ["replay", "--headless", "--events", text(&below_a_file), text(&wav)];
    refused(&bench.gids(&args), &["events.jsonl"]);

    let mut keep = bench.command(&["replay", "--headless", "--keep", text(&wav)]);
    keep.env("GIDS_DATA_DIR", bench.folder.path().join("file/data"));
    refused(&keep.output().unwrap(), &["file/data"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let bench = Bench::new();
    let wav = bench.short_wav();
    let args = ["replay", "--headless", "--model", "demo", "--events", "/dev/full", text(&wav)];
    refused(&bench.gids(&args), &["/dev/full"]);
}

#[test]
fn no_microphone() {
    let bench = Bench::new();
    let empty = bench.folder.path().join("nothing");
    fs::create_dir(&empty).unwrap();
    let mut live = bench.command(&["live", "--consent", "--headless"]);
    // No sound server and no sound card, whatever this machine has.
    live.env("HOME", &empty)
        .env("XDG_RUNTIME_DIR", &empty)
        .env("PULSE_RUNTIME_PATH", &empty)
        .env("PULSE_SERVER", "unix:/nonexistent")
        .env("ALSA_CONFIG_PATH", empty.join("asound.conf"));
    refused(&live.output().unwrap(), &["microphone", "gids devices"]);
}

#[test]
fn nobody_is_listened_to_without_consent() {
    let bench = Bench::new();
    let mut live = bench.command(&["live", "--headless"]);
    live.stdin(Stdio::null());
    refused(&live.output().unwrap(), &["consent"]);
}

#[test]
fn a_missing_runtime_library() {
    let bench = Bench::new();
    let wav = bench.short_wav();
    let mut replay = bench.command(&["replay", "--headless", text(&wav)]);
    replay.env("ORT_DYLIB_PATH", "/nonexistent/libonnxruntime.so");
    refused(&replay.output().unwrap(), &["ORT_DYLIB_PATH"]);

    let no_library = bench.file("libonnxruntime.so", b"no library");
    let mut replay = bench.command(&["replay", "--headless", text(&wav)]);
    replay.env("ORT_DYLIB_PATH", no_library);
    refused(&replay.output().unwrap(), &["make setup"]);
}

#[test]
fn text_that_is_no_json() {
    let bench = Bench::new();
    let file = bench.file("utterances.jsonl", b"{\"id\": \"a\", \"speaker\": \"client\"\n");
    refused(&bench.gids(&["code", text(&file)]), &["line 1"]);
    refused(&bench.gids(&["coach", text(&file)]), &["line 1"]);
}

#[test]
fn sessions_that_do_not_exist() {
    let bench = Bench::new();
    refused(&bench.gids(&["export", "last", "--format", "txt"]), &[]);
    refused(
        &bench.gids(&["export", "2020-01-01_0000-aa", "--format", "txt"]),
        &["2020-01-01_0000-aa"],
    );
    refused(&bench.gids(&["sessions", "delete", "../../etc"]), &[]);
}

#[test]
fn gold_lines_that_cannot_be_evaluated_are_named() {
    let bench = Bench::new();
    let good = r#"{"id":"a","speaker":"client","lang":"nl","text":"Ja.","codes":["neutral"]}"#;
    for (second, wanted) in [
        (r#"{"id":"b","speaker":"client","lang":"nl","text":"Ja."}"#, ["line 2", "codes"]),
        (
            r#"{"id":"b","speaker":"client","lang":"nl","text":"Ja.","codes":["advise"]}"#,
            ["line 2", "no code of a client"],
        ),
        (
            r#"{"id":"b","speaker":"client","lang":"nl","text":"Ja.","codes":["nonsense"]}"#,
            ["line 2", "nonsense"],
        ),
        (r#"{"id":"b","speaker":"doctor","text":"Ja.","codes":[]}"#, ["line 2", "doctor"]),
        ("nonsense", ["line 2", "expected"]),
    ] {
        let gold = bench.file("gold.jsonl", format!("{good}\n{second}\n").as_bytes());
        refused(&bench.gids(&["code", "--evaluate", text(&gold)]), &wanted);
    }
    let empty = bench.file("empty.jsonl", b"\n");
    refused(&bench.gids(&["code", "--evaluate", text(&empty)]), &["no lines"]);
}

#[test]
fn texts_that_no_coder_expects_are_coded_all_the_same() {
    let bench = Bench::new();
    let texts =
        ["", "  ", "👍👍🏽", "你好，世界", "مرحبا", "\u{0}\u{202e}", "?!…", &"woord ".repeat(10_000)];
    let lines: String = texts
        .iter()
        .flat_map(|said| ["practitioner", "client"].map(|speaker| (said, speaker)))
        .map(|(said, speaker)| {
            let said = serde_json::to_string(said).unwrap();
            format!("{{\"id\":\"x\",\"speaker\":\"{speaker}\",\"lang\":\"nl\",\"text\":{said}}}\n")
        })
        .collect();
    let file = bench.file("odd.jsonl", lines.as_bytes());
    let output = bench.gids(&["code", text(&file)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2 * texts.len());
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let bench = Bench::new();
    for args in [
        &["replay"][..],
        &["replay", "a.wav", "--lang", "fr"],
        &["nonsense"],
        &["export", "last", "--format", "pdf"],
    ] {
        assert_eq!(bench.gids(args).status.code(), Some(2), "{args:?}");
    }
}
