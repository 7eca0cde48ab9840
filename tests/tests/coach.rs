//! `gids coach` with packs and switches, and what a session's journal says of its cues.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use gids_tests::{asset, read_events};
use serde_json::Value;
use timeline::Rule;

fn gids(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gids-under-test")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const TALK: &str = r#"{"id":"a","conversation":"t","speaker":"client","text":"Ik heb geen tijd.","codes":["sustain"]}
{"id":"b","conversation":"t","speaker":"practitioner","text":"Dan gaat het straks mis.","codes":["warn"]}
{"id":"c","conversation":"t","speaker":"client","text":"Tja.","codes":["neutral"]}
{"id":"d","conversation":"t","speaker":"practitioner","text":"U hebt geen tijd.","codes":["reflection_simple"]}
"#;

const OWN: &str =
    "lang = \"nl\"\nversion = 1\nname = \"De Brug\"\n[moments]\nwarning = \"dreigen\"\n";

#[test]
fn a_pack_of_ones_own_is_checked_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let talk = written(folder.path(), "talk.jsonl", TALK);
    let own = written(folder.path(), "own.toml", OWN);
    let checked = gids(&["coach", "--check-pack", &own]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("De Brug"), "{}", text(&checked.stdout));

    let cues = gids(&["coach", &talk, "--pack", &own]);
    assert!(text(&cues.stdout).contains("\"mark\":\"dreigen\""), "{}", text(&cues.stdout));

    let rows = [
        (OWN.replace("warning", "warnung"), vec!["line 5", "warnung"]),
        (OWN.replace("nl", "fr"), vec!["line 1", "fr"]),
        (OWN.replace("\"dreigen\"", "dreigen"), vec!["line 5"]),
    ];
    for (pack, wanted) in rows {
        let pack = written(folder.path(), "bad.toml", &pack);
        for args in [vec!["coach", "--check-pack", &pack], vec!["coach", &talk, "--pack", &pack]] {
            let refused = gids(&args);
            assert_eq!(refused.status.code(), Some(1), "{args:?}");
            for part in &wanted {
                let said = text(&refused.stderr);
                assert!(said.contains(part), "{part}: {said}");
            }
        }
    }
    let other = gids(&["--lang", "en", "coach", &talk, "--pack", &own]);
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("is for nl"), "{}", text(&other.stderr));
    assert_eq!(gids(&["coach", "--check-pack", "/nowhere/own.toml"]).status.code(), Some(1));
    assert_eq!(gids(&["coach"]).status.code(), Some(2));
}

#[test]
fn moments_can_be_switched_off_and_cues_followed() {
    let folder = tempfile::tempdir().unwrap();
    let talk = written(folder.path(), "talk.jsonl", TALK);
    let lines = |args: &[&str]| -> Vec<Value> {
        let done = gids(&[&["coach", &talk], args].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines(&["--news"]);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0]["evidence"]["rule"], "act");
    assert_eq!(all[0]["evidence"]["because"], "a");
    assert_eq!(all[1]["kind"], "cue_answered");
    assert_eq!((&all[1]["after"], &all[1]["by"]), (&"b".into(), &"d".into()));
    assert!(all[1]["taken_up"].as_bool().unwrap());
    assert!(lines(&["--without", "warning"]).is_empty());
    let wrong = gids(&["coach", &talk, "--without", "nagging"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("question_trap"), "{}", text(&wrong.stderr));
}

#[test]
fn a_journal_says_why_each_cue_was_given_and_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events.jsonl");
    let audio = asset("assets/roleplays/nl-stramme-knie.flac");
    let args = ["replay", "--headless", "--model", "demo", "--events"];
    let done = gids(&[&args[..], &[events.to_str().unwrap(), audio.to_str().unwrap()]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    let cues = read_events(&events).cues;
    assert!(!cues.is_empty());
    for cue in &cues {
        let evidence = cue.cue.evidence.as_ref().unwrap();
        assert!(!evidence.words.is_empty(), "{cue:?}");
    }
    assert!(cues.iter().any(|cue| {
        cue.cue.evidence.as_ref().is_some_and(|evidence| evidence.rule == Rule::NoPermission)
    }));
    let journal = fs::read_to_string(&events).unwrap();
    assert!(journal.contains("\"cue_answered\""), "{journal}");
}
