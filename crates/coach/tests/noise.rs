//! Misheard words in any order: no panic, no broken sentence, and the budget holds.

mod common;

use coach::{Budget, Mode};
use common::Talk;
use timeline::{Code, Cue, Lang, Speaker, Technique};

const NL: &str = include_str!("data/nl_clauses.tsv");
const EN: &str = include_str!("data/en_clauses.tsv");

/// A generator whose numbers depend on the seed alone (Lehmer).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 as usize % sides
    }
}

fn talk(lang: Lang, mode: Mode, budget: Budget, seed: u64) -> Vec<Cue> {
    let table = if lang == Lang::Nl { NL } else { EN };
    let said: Vec<&str> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|l| l.split('\t').next())
        .collect();
    let words: Vec<&str> = said.iter().flat_map(|s| s.split_whitespace()).collect();
    let mut dice = Dice(seed + 1);
    let mut talk = Talk::new(lang, mode, budget);
    let mut cues = Vec::new();
    for _ in 0..300 {
        let mut text: Vec<&str> = said[dice.roll(said.len())].split_whitespace().collect();
        for word in &mut text {
            if dice.roll(5) == 0 {
                *word = words[dice.roll(words.len())];
            }
        }
        let text = text.join(" ");
        let speaker = if dice.roll(2) == 0 { Speaker::Client } else { Speaker::Practitioner };
        let codes = Code::of(speaker);
        let code = codes[dice.roll(codes.len())].name();
        cues.extend(match speaker {
            Speaker::Client => talk.c(code, &text),
            Speaker::Practitioner => talk.p(code, &text),
        });
    }
    cues
}

#[test]
fn no_first_person_and_no_advice_is_ever_suggested() {
    for (lang, banned) in [
        (Lang::Nl, ["mijn", "mij", "me", "m'n", "moet", "moeten", "we", "wij"]),
        (Lang::En, ["my", "me", "myself", "i'm", "should", "must", "we", "our"]),
    ] {
        for seed in 0..20 {
            for cue in talk(lang, Mode::Practice, Budget::Off, seed) {
                let words: Vec<String> = cue
                    .suggestion
                    .split(|c: char| !c.is_alphanumeric() && c != '\'')
                    .map(str::to_lowercase)
                    .collect();
                let own_words = [
                    Technique::ReflectionSimple,
                    Technique::ReflectionComplex,
                    Technique::ReflectionDoubleSided,
                    Technique::Reframe,
                    Technique::DevelopDiscrepancy,
                ];
                if own_words.contains(&cue.technique) {
                    assert!(!words.iter().any(|w| banned.contains(&w.as_str())), "{cue:?}");
                }
                assert!(words.len() <= 24, "{cue:?}");
                assert!(cue.suggestion.ends_with(['.', '?']), "{cue:?}");
                assert!(!cue.suggestion.starts_with(char::is_lowercase), "{cue:?}");
            }
        }
    }
}

#[test]
fn the_budget_holds() {
    for (mode, least_s) in [(Mode::Quiet, 60.0), (Mode::Normal, 8.0), (Mode::Practice, 8.0)] {
        for seed in 0..20 {
            let cues = talk(Lang::Nl, mode, Budget::On, seed);
            assert!(!cues.is_empty());
            for pair in cues.windows(2) {
                let gap_s = pair[1].at.as_secs() - pair[0].at.as_secs();
                assert!(gap_s >= least_s, "{mode}: {gap_s} s between {pair:?}");
            }
        }
    }
}
