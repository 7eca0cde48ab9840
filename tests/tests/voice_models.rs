//! Voice models that a user brings: imported, listed, chosen, verified, refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use gids_tests::{SampleKind, asset, read_mono, write_wav};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A user without a folder, and a small model in the place of Gids' own.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("home/models/voice");
        fs::create_dir_all(&own).unwrap();
        for name in ["voice.json", "voice.onnx"] {
            fs::copy(made("own").join(name), own.join(name)).unwrap();
        }
        Self { folder }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn gids(&self, args: &[&str]) -> Output {
        let library = env::var_os("ORT_DYLIB_PATH")
            .map_or_else(|| asset(".cache/runtime/libonnxruntime.so"), PathBuf::from);
        Command::new(env!("CARGO_BIN_EXE_gids-under-test"))
            .args(args)
            .env("GIDS_HOME", self.path("home"))
            .env("GIDS_DATA_DIR", self.path("data"))
            .env("ORT_DYLIB_PATH", library)
            .output()
            .unwrap()
    }

    /// What it prints and what it says.
    fn ok(&self, args: &[&str]) -> (String, String) {
        let output = self.gids(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{args:?}: {said}");
        (String::from_utf8(output.stdout).unwrap(), said)
    }

    /// Exit code 1, and `wanted` in what it says; never a panic.
    fn refused(&self, args: &[&str], wanted: &str) {
        let output = self.gids(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(wanted) && !said.contains("panicked"), "\"{wanted}\": {said}");
    }

    /// The names of the models that `gids models list` marks.
    fn used(&self) -> Vec<String> {
        let (listed, _) = self.ok(&["models", "list"]);
        let marked = listed.lines().filter_map(|line| line.strip_prefix("* "));
        marked.map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    }

    /// Six seconds of a roleplay as WAV.
    fn short_wav(&self) -> PathBuf {
        let path = self.path("short.wav");
        let samples = read_mono(&asset("assets/roleplays/nl-stramme-knie.flac"), 6.0);
        write_wav(&path, &samples, 16_000, 1, SampleKind::Int(16));
        path
    }
}

/// A model of crates/speakers/tests/data/make.py.
fn made(name: &str) -> PathBuf {
    asset("crates/speakers/tests/data").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_voice_model_is_imported_used_listed_and_verified() {
    let bench = Bench::new();
    assert_eq!(bench.used(), ["ggml-demo.bin", "own"]);

    let (_, said) = bench.ok(&["models", "import", text(&made("tiny.onnx"))]);
    for wanted in ["tiny.onnx", "16 values", "1.2 s", "used from now on"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("onnxruntime"), "the runtime keeps its notes to itself: {said}");
    assert_eq!(
        fs::read(bench.path("data/models/voice/tiny.onnx")).unwrap(),
        fs::read(made("tiny.onnx")).unwrap()
    );
    assert_eq!(bench.used(), ["ggml-demo.bin", "tiny.onnx"]);

    // It is what a session hears with.
    let (wav, events) = (bench.short_wav(), bench.path("events.jsonl"));
    let replay = ["replay", "--headless", "--model", "demo", "--events", text(&events), text(&wav)];
    bench.ok(&replay);
    let header = fs::read_to_string(&events).unwrap();
    assert!(header.lines().next().unwrap().contains("\"tiny\""), "{header}");

    bench.refused(&["models", "import", text(&made("tiny.onnx"))], "is there already");
    let one = made("one-at-a-time.onnx");
    bench.ok(&["models", "import", "--not-default", text(&one)]);
    assert_eq!(bench.used(), ["ggml-demo.bin", "tiny.onnx"]);
    bench.ok(&["models", "use", "one-at-a-time"]);
    assert_eq!(bench.used(), ["ggml-demo.bin", "one-at-a-time.onnx"]);
    bench.ok(&["models", "use", "own"]);
    assert_eq!(bench.used(), ["ggml-demo.bin", "own"]);
    bench.ok(&["models", "use", "demo"]);
    assert_eq!(bench.used(), ["ggml-demo.bin", "own"]);
    bench.refused(&["models", "use", "nobody"], "gids models list");

    let (sums, _) = bench.ok(&["models", "verify"]);
    let names: Vec<&str> = sums.lines().map(|line| &line[66..]).collect();
    assert_eq!(names, ["ggml-demo.bin", "one-at-a-time.onnx", "tiny.onnx", "own"]);
}

#[test]
fn what_is_no_voice_model_leaves_nothing_behind() {
    let bench = Bench::new();
    let whole = fs::read(made("tiny.onnx")).unwrap();
    fs::write(bench.path("cut.onnx"), &whole[..whole.len() / 2]).unwrap();
    fs::write(bench.path("text.onnx"), "This is no network.\n").unwrap();
    for (file, wanted) in [
        (bench.path("none.onnx"), "no such file"),
        (bench.path("cut.onnx"), "cannot be used"),
        (bench.path("text.onnx"), "cannot be used"),
        (made("wide-64.onnx"), "64]"),
        (made("8-khz.onnx"), "8000 Hz"),
        (asset("models/mi-coder/mi-coder.onnx"), "cannot be used"),
    ] {
        bench.refused(&["models", "import", text(&file)], wanted);
    }
    assert!(!bench.path("data").exists());
}

#[test]
fn a_voice_model_that_breaks_later_is_named() {
    let bench = Bench::new();
    bench.ok(&["models", "import", text(&made("tiny.onnx"))]);
    let copy = bench.path("data/models/voice/tiny.onnx");
    fs::write(&copy, "broken").unwrap();
    bench.refused(&["models", "verify"], "tiny.onnx");
    let (listed, _) = bench.ok(&["models", "list"]);
    assert!(listed.contains("* tiny.onnx\t(unusable"), "{listed}");
    fs::remove_file(&copy).unwrap();
    let (listed, said) = bench.ok(&["models", "list"]);
    assert!(listed.contains("  own\t") && said.contains("gids models use own"), "{listed}{said}");
    bench.refused(&["replay", "--headless", text(&bench.short_wav())], "gids models use own");
    bench.ok(&["models", "use", "own"]);
    assert_eq!(bench.used(), ["ggml-demo.bin", "own"]);
}

#[test]
fn an_enrolment_belongs_to_the_model_it_was_made_with() {
    let bench = Bench::new();
    fs::create_dir(bench.path("data")).unwrap();
    let values = vec!["0.5"; 16].join(",");
    let enrolment = format!(
        r#"{{"format":"gids-enrolment","version":1,"model":"test-own","values":[{values}],"speech_s":9.0}}"#
    );
    fs::write(bench.path("data/voice.json"), enrolment).unwrap();
    let wav = bench.short_wav();
    let replay = ["replay", "--headless", "--model", "demo", text(&wav)];
    bench.ok(&replay);
    let (_, said) = bench.ok(&["models", "import", text(&made("tiny.onnx"))]);
    assert!(said.contains("run `gids enrol` again"), "{said}");
    bench.refused(&replay, "enrol again");
    let (_, said) = bench.ok(&["models", "use", "own"]);
    assert!(!said.contains("gids enrol"), "{said}");
    bench.ok(&replay);
}
