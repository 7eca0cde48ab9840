//! `gids enrol` and `gids speakers`: who spoke when, on a bundled roleplay and on bad input.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use gids_tests::{SampleKind, asset, read_events, read_mono, truth, word_error_rate, write_wav};
use timeline::Speaker;

const ROLEPLAY: &str = "nl-rug-in-de-bouw";
const RATE_HZ: f64 = 16_000.0;

fn gids(data: &Path, args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_gids-under-test");
    Command::new(program).args(args).env("GIDS_DATA_DIR", data).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A turn of an RTTM file: start and end in seconds, and the name.
type Turn = (f64, f64, String);

fn rttm(output: &Output) -> Vec<Turn> {
    assert!(output.status.success(), "{}", stderr(output));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            assert_eq!((fields.len(), fields[0], fields[2]), (10, "SPEAKER", "1"), "{line}");
            let (start_s, length_s): (f64, f64) =
                (fields[3].parse().unwrap(), fields[4].parse().unwrap());
            let confidence: f32 = fields[8].parse().unwrap();
            assert!(length_s > 0.0 && (0.5..=1.0).contains(&confidence), "{line}");
            (start_s, start_s + length_s, fields[7].to_owned())
        })
        .collect()
}

/// The share of the speech that is given to whom `name` says.
fn agreement(turns: &[Turn], name: impl Fn(Speaker) -> &'static str) -> f64 {
    let (mut right_s, mut all_s) = (0.0, 0.0);
    for line in truth(ROLEPLAY) {
        for (start_s, end_s, given) in turns {
            let both_s = (line.end_s.min(*end_s) - line.start_s.max(*start_s)).max(0.0);
            all_s += both_s;
            right_s += if *given == name(line.speaker) { both_s } else { 0.0 };
        }
    }
    right_s / all_s
}

fn recording() -> PathBuf {
    asset(&format!("assets/roleplays/{ROLEPLAY}.flac"))
}

/// What a speaker of the roleplay says in its first lines, `seconds` of it, as a recording.
fn speech_of(speaker: Speaker, seconds: f64) -> Vec<f32> {
    let all = read_mono(&recording(), 1_000.0);
    let at = |s: f64| ((s * RATE_HZ) as usize).min(all.len());
    let lines = truth(ROLEPLAY).into_iter().filter(|line| line.speaker == speaker);
    let mut samples: Vec<f32> =
        lines.flat_map(|line| all[at(line.start_s)..at(line.end_s)].to_vec()).collect();
    samples.truncate((seconds * RATE_HZ) as usize);
    samples
}

fn wav(folder: &Path, name: &str, samples: &[f32]) -> String {
    let path = folder.join(name);
    write_wav(&path, samples, 16_000, 1, SampleKind::Int(16));
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_roleplay_with_and_without_an_enrolment() {
    let folder = tempfile::tempdir().unwrap();
    // The first thing that is stored for a new user: the folder is not there yet.
    let (data, audio) = (folder.path(), recording());
    let own = data.join("new");
    let read = wav(data, "own.wav", &speech_of(Speaker::Practitioner, 12.0));
    let enrolled = gids(&own, &["enrol", &read]);
    assert!(enrolled.status.success() && own.join("voice.json").exists(), "{}", stderr(&enrolled));
    let audio = audio.to_str().unwrap();

    let turns = rttm(&gids(data, &["speakers", audio]));
    let straight = agreement(&turns, |speaker| match speaker {
        Speaker::Practitioner => "speaker_1",
        Speaker::Client => "speaker_2",
    });
    println!("not enrolled: {:.1} %", 100.0 * straight.max(1.0 - straight));
    assert!(straight.max(1.0 - straight) > 0.9, "{straight}: {turns:?}");

    let read = wav(data, "read.wav", &speech_of(Speaker::Practitioner, 12.0));
    let voice = data.join("voice.json");
    let voice = voice.to_str().unwrap();
    let enrolled = gids(data, &["enrol", &read, "--out", voice]);
    assert!(enrolled.status.success(), "{}", stderr(&enrolled));
    let turns = rttm(&gids(data, &["speakers", audio, "--enrol", voice]));
    let share = agreement(&turns, |speaker| speaker.name());
    println!("enrolled: {:.1} %", 100.0 * share);
    assert!(share > 0.92, "{share}: {turns:?}");

    // The client enrolled as the practitioner: names are by the voice, not by who speaks first.
    let read = wav(data, "client.wav", &speech_of(Speaker::Client, 12.0));
    assert!(gids(data, &["enrol", &read, "--out", voice]).status.success());
    let turns = rttm(&gids(data, &["speakers", audio, "--enrol", voice]));
    let share = agreement(&turns, |speaker| speaker.other().name());
    assert!(share > 0.92, "{share}: {turns:?}");
}

#[test]
fn bad_input_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let silence = wav(data, "silence.wav", &vec![0.0; 80_000]);
    // Chords: sound without speech.
    let music: Vec<f32> = (0..128_000)
        .map(|i| {
            let t = i as f32 / 16_000.0;
            let root = [220.0, 165.0, 196.0, 247.0][i / 32_000];
            let chord = [1.0, 1.26, 1.5].map(|x: f32| (t * root * x * std::f32::consts::TAU).sin());
            0.1 * chord.iter().sum::<f32>() * (-2.0 * (t % 0.5)).exp()
        })
        .collect();
    let music = wav(data, "music.wav", &music);
    let mut both = speech_of(Speaker::Practitioner, 6.0);
    both.extend(speech_of(Speaker::Client, 6.0));
    let both = wav(data, "both.wav", &both);
    let one = wav(data, "one.wav", &speech_of(Speaker::Client, 12.0));
    let damaged = data.join("damaged.json");
    std::fs::write(&damaged, "{\"format\": \"gids-enrol").unwrap();
    let damaged = damaged.to_str().unwrap();
    let out = data.join("out.json");
    let out = out.to_str().unwrap();

    let rows: [(&[&str], &str); 7] = [
        (&["speakers", &silence], "no speech"),
        (&["speakers", &music], "no speech"),
        (&["--lang", "en", "enrol", &silence, "--out", out], "only 0.0 s of speech"),
        (&["--lang", "en", "enrol", &music, "--out", out], "of speech were heard"),
        (&["--lang", "en", "enrol", &both, "--out", out], "more than one voice"),
        (&["speakers", &one, "--enrol", damaged], "no enrolment of Gids"),
        (&["speakers", &one, "--enrol", "nowhere.json"], "nowhere.json"),
    ];
    for (args, said) in rows {
        let output = gids(data, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    }
    assert!(!data.join("out.json").exists());

    let output = gids(data, &["speakers", &one]);
    let turns = rttm(&output);
    assert!(turns.iter().all(|turn| turn.2 == "speaker_1"), "{turns:?}");
    assert!(stderr(&output).contains("only one voice"), "{}", stderr(&output));
}

/// Everybody answers at once: without pauses several turns make one segment.
#[test]
fn words_stay_with_their_voice_where_turns_touch() {
    const LINES: usize = 12;
    const ROLEPLAY: &str = "nl-stramme-knie";
    let folder = tempfile::tempdir().unwrap();
    let all = read_mono(&asset(&format!("assets/roleplays/{ROLEPLAY}.flac")), 1_000.0);
    let at = |s: f64| ((s * RATE_HZ) as usize).min(all.len());
    let script: Vec<_> = truth(ROLEPLAY).into_iter().take(LINES).collect();
    let mut samples = vec![0.0; 4_000];
    for line in &script {
        let spoken = &all[at(line.start_s)..at(line.end_s)];
        let loud = |x: &f32| x.abs() > 0.01;
        let (Some(first), Some(last)) =
            (spoken.iter().position(loud), spoken.iter().rposition(loud))
        else {
            panic!("{} is silent", line.id)
        };
        samples.extend_from_slice(&spoken[first..(last + 800).min(spoken.len())]);
    }
    samples.extend(vec![0.0; 8_000]);
    let audio = wav(folder.path(), "touching.wav", &samples);
    let events = folder.path().join("events.jsonl");
    let args = ["replay", "--headless", "--model", "demo", "--events", events.to_str().unwrap()];
    let done = gids(folder.path(), &[&args[..], &[&audio]].concat());
    assert!(done.status.success(), "{}", stderr(&done));
    let heard = read_events(&events).utterances;
    let longest = heard.iter().map(|u| u.end_s - u.start_s).fold(0.0, f64::max);
    assert!(longest < 10.0, "no utterance holds two turns: {longest}");
    for speaker in [Speaker::Practitioner, Speaker::Client] {
        let said: Vec<&str> =
            script.iter().filter(|l| l.speaker == speaker).map(|l| l.text.as_str()).collect();
        let text: Vec<&str> =
            heard.iter().filter(|u| u.speaker == speaker).map(|u| u.text.as_str()).collect();
        let wer = word_error_rate(&said.join(" "), &text.join(" "));
        println!("{}: {:.1} % of the words wrong", speaker.name(), 100.0 * wer);
        assert!(wer < 0.25, "{}", text.join(" / "));
    }
}
