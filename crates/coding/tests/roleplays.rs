//! The bundled roleplays: every scripted righting reflex reaches the soft threshold, and no sound line does.

mod support;

use std::fs;

use coding::CodeInput;
use serde::Deserialize;
use timeline::{Code, Lang, Speaker};

#[derive(Deserialize)]
struct Line {
    id: String,
    speaker: Speaker,
    lang: Lang,
    text: String,
    codes: Vec<Code>,
    expect: Option<String>,
    stretch: Option<String>,
}

fn practitioner_lines() -> Vec<Line> {
    let mut files: Vec<_> = fs::read_dir(support::project("assets/roleplays"))
        .expect("the project has roleplays")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    let texts = files.iter().map(|path| fs::read_to_string(path).expect("a roleplay is text"));
    texts
        .collect::<String>()
        .lines()
        .map(|row| serde_json::from_str::<Line>(row).expect("a roleplay line is of this format"))
        .filter(|line| line.speaker == Speaker::Practitioner)
        .collect()
}

fn bare(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect()
}

#[test]
fn scripted_reflexes_are_marked_and_sound_lines_are_not() {
    let lines = practitioner_lines();
    assert!(lines.iter().filter(|line| line.expect.is_some()).count() >= 5);
    let mut coder = support::coder();
    let soft = coder.thresholds().soft;
    let mut failures = Vec::new();
    for line in &lines {
        for text in [line.text.clone(), bare(&line.text)] {
            let input = CodeInput { speaker: line.speaker, lang: line.lang, text: &text };
            let reflex = coder.code(&input).unwrap().righting_reflex;
            let due = line.expect.is_some() && line.codes.iter().any(|c| c.is_righting_reflex());
            if due && reflex < soft {
                failures.push(format!("{} missed with {reflex:.2}: {text}", line.id));
            }
            if line.stretch.as_deref() == Some("sound") && reflex >= soft {
                failures.push(format!("{} marked with {reflex:.2}: {text}", line.id));
            }
        }
    }
    assert!(failures.is_empty(), "soft is {soft}\n{}", failures.join("\n"));
}
