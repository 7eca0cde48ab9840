//! The bundled roleplays with their codes as written: every scripted moment is marked, and in normal mode
//! nothing is said while the practice is sound.

use coach::{Coach, CoachConfig, Heard, Mode};
use serde::Deserialize;
use timeline::{Code, Cue, Lang, Moment, SampleIdx, Span, Speaker};

const ROLEPLAYS: [(&str, &str); 5] = [
    ("en-evening-snacks", include_str!("../../../assets/roleplays/en-evening-snacks.jsonl")),
    ("en-stiff-shoulder", include_str!("../../../assets/roleplays/en-stiff-shoulder.jsonl")),
    ("nl-rug-in-de-bouw", include_str!("../../../assets/roleplays/nl-rug-in-de-bouw.jsonl")),
    ("nl-stramme-knie", include_str!("../../../assets/roleplays/nl-stramme-knie.jsonl")),
    ("nl-suiker-en-lopen", include_str!("../../../assets/roleplays/nl-suiker-en-lopen.jsonl")),
];
/// Scripted moments lie at least this far apart, so that the budget lets each through.
const SPACING_SECS: f64 = 22.0;

#[derive(Deserialize)]
struct Line {
    id: String,
    speaker: Speaker,
    lang: Lang,
    text: String,
    start_s: f64,
    end_s: f64,
    codes: Vec<Code>,
    expect: Option<Moment>,
    stretch: Option<String>,
}

fn lines(jsonl: &str) -> Vec<Line> {
    jsonl.lines().map(|l| serde_json::from_str(l).expect("a line of the roleplay")).collect()
}

fn replay(lines: &[Line], mode: Mode, seed: u64) -> Vec<Option<Cue>> {
    let config = CoachConfig { mode, seed, ..CoachConfig::new(lines[0].lang) };
    let mut coach = Coach::new(config).expect("the built-in packs are sound");
    lines
        .iter()
        .map(|line| {
            let reflex = line.codes.iter().any(|c| c.is_righting_reflex());
            coach.push(&Heard {
                id: &line.id,
                speaker: line.speaker,
                span: Span::from_secs(line.start_s, line.end_s),
                text: &line.text,
                codes: &line.codes,
                righting_reflex: f32::from(u8::from(reflex)),
                firm: true,
            })
        })
        .collect()
}

#[test]
fn the_scripts_are_well_formed() {
    let mut ids = std::collections::BTreeSet::new();
    for (name, jsonl) in ROLEPLAYS {
        let lines = lines(jsonl);
        let mut before = f64::NEG_INFINITY;
        let mut last_moment = f64::NEG_INFINITY;
        for line in &lines {
            assert!(ids.insert(line.id.clone()), "{} is there twice", line.id);
            assert!(line.start_s > before && line.end_s > line.start_s, "{}", line.id);
            assert!(line.codes.iter().all(|c| c.speaker() == line.speaker), "{}", line.id);
            before = line.end_s;
            let reflex = line.codes.iter().any(|c| c.is_righting_reflex());
            assert_eq!(reflex, line.expect.is_some(), "{}", line.id);
            if line.expect.is_some() {
                assert!(line.stretch.is_none(), "{}", line.id);
                assert!(line.end_s - last_moment >= SPACING_SECS, "{name} {}", line.id);
                last_moment = line.end_s;
            }
        }
    }
}

#[test]
fn every_scripted_moment_is_marked_and_sound_practice_left_alone() {
    for (name, jsonl) in ROLEPLAYS {
        let lines = lines(jsonl);
        for seed in 0..5 {
            for (line, cue) in lines.iter().zip(replay(&lines, Mode::Normal, seed)) {
                assert_eq!(
                    cue.as_ref().map(|c| c.moment),
                    line.expect,
                    "{name} {} {cue:?}",
                    line.id
                );
                assert!(cue.is_none_or(|c| c.at == SampleIdx::from_secs(line.end_s)));
            }
        }
    }
}

#[test]
fn practice_mode_keeps_the_gap_and_marks_them_too() {
    for (name, jsonl) in ROLEPLAYS {
        let lines = lines(jsonl);
        let cues = replay(&lines, Mode::Practice, 1);
        let times: Vec<f64> = cues.iter().flatten().map(|c| c.at.as_secs()).collect();
        assert!(times.windows(2).all(|w| w[1] - w[0] >= 8.0), "{name} {times:?}");
        for (line, cue) in lines.iter().zip(&cues).filter(|(l, _)| l.expect.is_some()) {
            assert_eq!(cue.as_ref().map(|c| c.moment), line.expect, "{name} {}", line.id);
        }
    }
}

#[test]
fn suggestions_speak_to_the_client_in_the_right_form() {
    for (name, jsonl) in ROLEPLAYS {
        let lines = lines(jsonl);
        let formal = name == "nl-rug-in-de-bouw";
        for cue in (0..5).flat_map(|seed| replay(&lines, Mode::Practice, seed)).flatten() {
            if cue.technique == timeline::Technique::Fallback {
                continue; // said to the practitioner
            }
            let words: Vec<String> = cue
                .suggestion
                .split(|c: char| !c.is_alphanumeric() && c != '\'')
                .map(str::to_lowercase)
                .collect();
            let has = |w: &str| words.iter().any(|x| x == w);
            assert!(!has("mijn") && !has("my") && !has("moet") && !has("should"), "{cue:?}");
            if formal {
                assert!(!has("je") && !has("jij") && !has("jou"), "{cue:?}");
            } else {
                assert!(!has("u") && !has("uw"), "{cue:?}");
            }
        }
    }
}
