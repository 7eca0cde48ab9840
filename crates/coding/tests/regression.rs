//! The evaluation set of the project (assets/eval) against its committed minimum scores.

mod support;

use std::{collections::BTreeMap, fs};

use coding::{CodeInput, jsonl};
use serde::Deserialize;
use timeline::{Code, CodedUtterance, Lang, Speaker};

#[derive(Deserialize)]
struct GoldLine {
    codes: Vec<Code>,
}

struct Gold {
    line: jsonl::CodeLine,
    codes: Vec<Code>,
}

fn gold() -> Vec<Gold> {
    let text = fs::read_to_string(support::project("assets/eval/regression.jsonl"))
        .expect("the evaluation set is well formed");
    text.lines()
        .zip(1..)
        .map(|(row, number)| Gold {
            line: jsonl::parse(number, row).expect("the evaluation set is well formed"),
            codes: serde_json::from_str::<GoldLine>(row)
                .expect("the evaluation set is well formed")
                .codes,
        })
        .collect()
}

/// As a recogniser without punctuation writes it.
fn bare(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect()
}

/// Name → score in 0…1, of one language and one form of the text.
fn scores(pairs: &[(&Gold, &CodedUtterance)], soft: f32) -> BTreeMap<&'static str, f64> {
    let share = |hits: usize, of: usize| hits as f64 / of.max(1) as f64;
    let of = |speaker: Speaker| pairs.iter().filter(move |(g, _)| g.line.speaker == speaker);
    let main = |speaker| {
        share(of(speaker).filter(|(g, c)| c.codes[0] == g.codes[0]).count(), of(speaker).count())
    };
    let reflex = |g: &Gold| g.codes.iter().any(|code| code.is_righting_reflex());
    let marked = |c: &CodedUtterance| c.righting_reflex >= soft;
    let hits = of(Speaker::Practitioner).filter(|(g, c)| reflex(g) && marked(c)).count();
    let marks = of(Speaker::Practitioner).filter(|(_, c)| marked(c)).count();
    BTreeMap::from([
        ("practitioner_main_code", main(Speaker::Practitioner)),
        ("client_main_code", main(Speaker::Client)),
        ("reflex_precision_at_soft", share(hits, marks)),
        ("reflex_recall_at_soft", share(hits, pairs.iter().filter(|(g, _)| reflex(g)).count())),
    ])
}

#[test]
fn the_set_is_large_enough_and_covers_every_code() {
    let gold = gold();
    assert!(gold.len() >= 300);
    for lang in [Lang::Nl, Lang::En] {
        for code in Code::PRACTITIONER.into_iter().chain(Code::CLIENT) {
            let found = gold.iter().any(|g| g.line.lang == Some(lang) && g.codes.contains(&code));
            assert!(found, "no {code} in {lang}");
        }
    }
}

#[test]
fn no_score_is_below_its_minimum() {
    let minimum: BTreeMap<String, BTreeMap<String, f64>> = serde_json::from_str(
        &fs::read_to_string(support::project("assets/eval/minimum.json")).unwrap(),
    )
    .unwrap();
    let gold = gold();
    let mut coder = support::coder();
    let soft = coder.thresholds().soft;
    let mut failures = Vec::new();
    for lang in [Lang::Nl, Lang::En] {
        for form in ["written", "bare"] {
            let own: Vec<&Gold> = gold.iter().filter(|g| g.line.lang == Some(lang)).collect();
            let texts: Vec<String> = own
                .iter()
                .map(|g| if form == "bare" { bare(&g.line.text) } else { g.line.text.clone() })
                .collect();
            let inputs: Vec<CodeInput<'_>> = own
                .iter()
                .zip(&texts)
                .map(|(g, text)| CodeInput { speaker: g.line.speaker, lang, text })
                .collect();
            let coded = coder.code_batch(&inputs).unwrap();
            let pairs: Vec<_> = own.iter().copied().zip(&coded).collect();
            let key = format!("{lang} {form}");
            for (name, score) in scores(&pairs, soft) {
                let least = minimum[&key][name];
                println!("{key} {name}: {score:.3}, at least {least}");
                if score < least {
                    failures
                        .push(format!("{key} {name} is {score:.3}, at least {least} is wanted"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
