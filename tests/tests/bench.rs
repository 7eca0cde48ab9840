//! `gids bench`: what is measured comes out in every form, a model of random weights is used for nothing else, and
//! nonsense is refused before minutes are spent on it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use gids::bench::Report;
use gids_tests::{SampleKind, asset, read_mono, write_wav};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn gids(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gids-under-test"));
        command.args(args).env("GIDS_DATA_DIR", self.0.path().join("data"));
        command.output().unwrap()
    }

    /// The first seconds of a roleplay, with its transcript beside it.
    fn talk(&self, seconds: f64) -> String {
        let roleplay = asset("assets/roleplays/nl-stramme-knie.flac");
        let path = self.path("nl-talk.wav");
        write_wav(Path::new(&path), &read_mono(&roleplay, seconds), 16_000, 1, SampleKind::Int(16));
        fs::copy(roleplay.with_extension("jsonl"), self.path("nl-talk.jsonl")).unwrap();
        path
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output, wanted: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    assert!(said(output).contains(wanted), "\"{wanted}\" is not in: {}", said(output));
    assert!(!said(output).contains("panicked"), "{}", said(output));
}

#[test]
fn latency_is_told_in_every_form() {
    let folder = Folder::new();
    let talk = folder.talk(9.5);
    let [json, csv, plot] = ["l.json", "l.csv", "l.svg"].map(|name| folder.path(name));
    let files = ["--json", &json, "--csv", &csv, "--plot", &plot];
    let args = ["bench", "latency", "--model", "demo", "--audio", &talk];
    let output = folder.gids(&[&args[..], &files].concat());
    assert!(output.status.success(), "{}", said(&output));
    let table = String::from_utf8(output.stdout).unwrap();
    for word in ["capture", "partial", "final", "cue", "lost samples     0", "demo q8_0"] {
        assert!(table.contains(word), "\"{word}\" is not in: {table}");
    }
    let report = Report::read(Path::new(&json)).unwrap();
    let run = &report.runs[0];
    assert!(run.utterances >= 2 && run.lost_samples == 0, "{run:?}");
    assert!(run.clocks.partial.len() > 10, "one a word: {}", run.clocks.partial.len());
    assert_eq!(run.clocks.final_text.len() as u64, run.utterances);
    assert!(run.clocks.capture.len() > 250, "one a block: {}", run.clocks.capture.len());
    assert!(run.speculations.made > run.utterances, "{:?}", run.speculations);
    assert!(run.wer_to_whole.unwrap() < 0.2 && run.wer_to_script.unwrap() < 0.2, "{run:?}");
    assert!(fs::read_to_string(csv).unwrap().lines().count() > 250);
    assert!(fs::read_to_string(plot).unwrap().starts_with("<svg"));
    // The report can be compared with, also with itself.
    let args = ["bench", "latency", "--model", "demo", "--first", "5", "--audio", &talk];
    let output = folder.gids(&[&args[..], &["--compare", &json]].concat());
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_shape_is_measured_and_used_for_nothing_else() {
    let folder = Folder::new();
    let (talk, shape) = (folder.talk(6.0), folder.path("shape.bin"));
    let args = ["bench", "shapes", "--size", "tiny", "--precision", "q5_1", "--out", &shape];
    let output = folder.gids(&args);
    assert!(output.status.success(), "{}", said(&output));
    assert!(folder.gids(&args).status.success(), "it may be written again");

    let json = folder.path("l.json");
    let args = ["bench", "latency", "--model", &shape, "--audio", &talk, "--json", &json];
    let output = folder.gids(&args);
    assert!(output.status.success(), "{}", said(&output));
    let run = Report::read(Path::new(&json)).unwrap().runs.remove(0);
    assert!(run.shape_only && run.model == "tiny" && run.precision == "q5_1", "{run:?}");
    assert!(run.utterances > 0 && run.clocks.partial.len() > 5, "it says the script: {run:?}");

    refused(&folder.gids(&["replay", &talk, "--headless", "--model", &shape]), "random numbers");
    refused(&folder.gids(&["models", "import", &shape]), "random numbers");
    // A model with words is never written over.
    let real: PathBuf = asset("models/demo-asr/ggml-demo.bin");
    let copy = folder.path("real.bin");
    fs::copy(&real, &copy).unwrap();
    let args = ["bench", "shapes", "--size", "tiny", "--out", &copy];
    refused(&folder.gids(&args), "another name");
    assert_eq!(fs::read(copy).unwrap(), fs::read(real).unwrap());
}

#[test]
fn nonsense_is_refused_before_anything_is_measured() {
    let folder = Folder::new();
    let talk = folder.talk(6.0);
    let no_report = folder.path("old.json");
    fs::write(&no_report, "{}").unwrap();
    let rows: [(&[&str], &str); 8] = [
        (&["latency", "--audio", &talk, "--plot", "l.pdf"], ".svg or .png"),
        (&["latency", "--audio", &talk, "--compare", &no_report], "old.json"),
        (&["latency", "--audio", &talk, "--first", "1"], "--first"),
        (&["latency", "--audio", "nowhere.wav"], "nowhere.wav"),
        (&["latency", "--audio", &talk, "--model", "nothing"], "gids models list"),
        (&["latency", "--window"], "--window"),
        (&["soak", "--minutes", "1"], "--minutes"),
        (&["calibrate", "--seconds", "1"], "--seconds"),
    ];
    for (args, wanted) in rows {
        refused(&folder.gids(&[&["bench"], args].concat()), wanted);
    }
    let output = folder.gids(&["bench", "shapes", "--size", "huge"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}
