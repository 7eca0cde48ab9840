//! How well the coder does on lines that someone coded: the tables of the model card, for any file.

mod tables;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use timeline::{Coarse, Code, CodedUtterance, Speaker};

use crate::{RightingReflexThresholds, decide::class_of, jsonl::CodeLine};

pub use tables::Tables;

/// Speaking rate of a line without times, as in `gids coach`.
const WORDS_PER_S: f64 = 3.0;
/// Recall at which precision is given.
const RECALL: f64 = 0.6;
const CALIBRATION_BINS: usize = 10;
/// Drawings of conversations behind each interval.
const DRAWS: usize = 300;

/// A line of a gold file: an utterance and what a human coder says of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GoldLine {
    /// The utterance.
    #[serde(flatten)]
    pub line: CodeLine,
    /// Its codes, main act first; at least one, all of its speaker.
    pub codes: Vec<Code>,
    /// The coarse class, where an expert gave it apart from the codes; otherwise it follows from the main code.
    #[serde(default)]
    pub coarse: Option<Coarse>,
    /// Whether the conversation is sound MI, the talk in which false marks are counted. Where absent, a
    /// conversation without any righting-reflex code is.
    #[serde(default)]
    pub sound: Option<bool>,
}

impl GoldLine {
    /// What is wrong with it, in words; `None` when it can be used.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let speaker = self.line.speaker;
        if self.codes.is_empty() {
            return Some("\"codes\" is empty; give at least one code".to_owned());
        }
        if let Some(code) = self.codes.iter().find(|code| code.speaker() != speaker) {
            return Some(format!("{code} is no code of a {}", speaker.name()));
        }
        let fits = |coarse| {
            matches!(coarse, Coarse::Practitioner(_)) == (speaker == Speaker::Practitioner)
        };
        self.coarse
            .is_some_and(|coarse| !fits(coarse))
            .then(|| format!("\"coarse\" is no class of a {}", speaker.name()))
    }

    fn class(&self) -> Coarse {
        self.coarse.unwrap_or_else(|| class_of(self.codes[0]))
    }

    fn is_reflex(&self) -> bool {
        self.codes.iter().any(|code| code.is_righting_reflex())
    }
}

/// A share of 0 to 1 with its 95 % interval, got by drawing whole conversations again and again; no
/// interval where there are fewer than three conversations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The score.
    pub value: f64,
    /// Lower and upper end.
    pub interval: Option<(f64, f64)>,
}

/// Precision and recall of one decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Share of what was marked that is right; `None` when nothing was marked.
    pub precision: Option<f64>,
    /// Share of what there is that was marked; `None` when there is nothing.
    pub recall: Option<f64>,
}

/// Figures of the righting-reflex family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReflexScores {
    /// Lines of the practitioner.
    pub lines: usize,
    /// Those that are a righting reflex.
    pub reflexes: usize,
    /// Average precision of the probability.
    pub average_precision: f64,
    /// Precision where six in ten are found.
    pub precision_at_recall: f64,
    /// Expected calibration error of the probability, in ten bins.
    pub calibration_error: f64,
    /// At the soft threshold.
    pub soft: Found,
    /// At the firm threshold.
    pub firm: Found,
    /// False marks an hour of sound talk, at the soft and at the firm threshold; `None` without sound talk.
    pub false_marks_per_hour: Option<(f64, f64)>,
}

/// One code's figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodeScores {
    /// Lines that carry it.
    pub lines: usize,
    /// Precision and recall.
    pub found: Found,
    /// F1.
    pub f1: Score,
}

/// All figures of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Conversations.
    pub conversations: usize,
    /// Lines of the practitioner, lines of the client.
    pub lines: (usize, usize),
    /// Macro-F1 over the practitioner's classes that occur.
    pub practitioner: Option<Score>,
    /// Macro-F1 over the client's classes that occur.
    pub client: Option<Score>,
    /// Share of open and closed questions told apart.
    pub open_or_closed: Option<Score>,
    /// The righting reflex, where there are lines of a practitioner.
    pub reflex: Option<ReflexScores>,
    /// Each code that is in the gold lines or was given.
    pub codes: BTreeMap<Code, CodeScores>,
}

/// A gold line and what the coder made of it.
pub type Pair = (GoldLine, CodedUtterance);

/// Evaluates the lines of one language.
#[must_use]
pub fn evaluate(pairs: &[Pair], thresholds: RightingReflexThresholds) -> Evaluation {
    let names: BTreeSet<&str> =
        pairs.iter().map(|(gold, _)| gold.line.conversation.as_str()).collect();
    let members: Vec<Vec<&Pair>> = names
        .iter()
        .map(|name| pairs.iter().filter(|(gold, _)| gold.line.conversation == *name).collect())
        .collect();
    let said_by =
        |speaker: Speaker| pairs.iter().filter(move |(gold, _)| gold.line.speaker == speaker);
    let macro_f1_of = |speaker: Speaker| {
        with_interval(&members, |drawn| {
            let own: Vec<_> =
                drawn.iter().filter(|(gold, _)| gold.line.speaker == speaker).collect();
            macro_f1(own.iter().map(|(gold, coded)| (gold.class(), coded.coarse)))
        })
    };
    let codes = Code::PRACTITIONER.into_iter().chain(Code::CLIENT).filter_map(|code| {
        let has = |(gold, coded): &Pair| (gold.codes.contains(&code), coded.codes.contains(&code));
        let (lines, found) = count(pairs.iter().map(has));
        let f1 = with_interval(&members, |drawn| f1(drawn.iter().copied().map(has)))?;
        Some((code, CodeScores { lines, found, f1 }))
    });
    Evaluation {
        conversations: names.len(),
        lines: (said_by(Speaker::Practitioner).count(), said_by(Speaker::Client).count()),
        practitioner: macro_f1_of(Speaker::Practitioner),
        client: macro_f1_of(Speaker::Client),
        open_or_closed: with_interval(&members, open_or_closed),
        reflex: reflex(&members, thresholds),
        codes: codes.collect(),
    }
}

/// `score` of all conversations, and its spread when they are drawn anew.
fn with_interval(members: &[Vec<&Pair>], score: impl Fn(&[&Pair]) -> Option<f64>) -> Option<Score> {
    let value = score(&members.concat())?;
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
    let mut values: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let drawn: Vec<&Pair> = (0..members.len())
                .flat_map(|_| members[draw.below(members.len())].iter().copied())
                .collect();
            score(&drawn)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    let interval = (members.len() >= 3 && !values.is_empty()).then(|| (at(0.025), at(0.975)));
    Some(Score { value, interval })
}

/// Marsaglia's xorshift: the same drawings each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// Mean F1 of the classes that gold or coder gave.
fn macro_f1(pairs: impl Iterator<Item = (Coarse, Coarse)> + Clone) -> Option<f64> {
    let classes: BTreeSet<&str> =
        pairs.clone().flat_map(|(gold, given)| [gold.name(), given.name()]).collect();
    let each = classes.iter().filter_map(|class| {
        f1(pairs.clone().map(|(gold, given)| (gold.name() == *class, given.name() == *class)))
    });
    let each: Vec<f64> = each.collect();
    (!each.is_empty()).then(|| each.iter().sum::<f64>() / each.len() as f64)
}

/// F1 of (is, was given) pairs; `None` where it neither is nor was given.
fn f1(pairs: impl Iterator<Item = (bool, bool)>) -> Option<f64> {
    let (mut hits, mut marks) = (0_usize, 0_usize);
    for (is, given) in pairs {
        hits += usize::from(is && given);
        marks += usize::from(is) + usize::from(given);
    }
    (marks > 0).then(|| 2.0 * hits as f64 / marks as f64)
}

/// How many there are, and how they were found.
fn count(pairs: impl Iterator<Item = (bool, bool)>) -> (usize, Found) {
    let (mut hits, mut are, mut given) = (0_usize, 0_usize, 0_usize);
    for (is, marked) in pairs {
        hits += usize::from(is && marked);
        are += usize::from(is);
        given += usize::from(marked);
    }
    let share = |of: usize| (of > 0).then(|| hits as f64 / of as f64);
    (are, Found { precision: share(given), recall: share(are) })
}

fn open_or_closed(pairs: &[&Pair]) -> Option<f64> {
    let asked: Vec<bool> = pairs
        .iter()
        .filter_map(|(gold, coded)| {
            let open = match gold.codes[0] {
                Code::QuestionOpen => true,
                Code::QuestionClosed => false,
                _ => return None,
            };
            let found = coded.probs[&Code::QuestionOpen] >= coded.probs[&Code::QuestionClosed];
            Some(found == open)
        })
        .collect();
    let right = asked.iter().filter(|&&right| right).count();
    (!asked.is_empty()).then(|| right as f64 / asked.len() as f64)
}

fn reflex(members: &[Vec<&Pair>], thresholds: RightingReflexThresholds) -> Option<ReflexScores> {
    let mut ranked: Vec<(f32, bool)> = members
        .concat()
        .iter()
        .filter(|(gold, _)| gold.line.speaker == Speaker::Practitioner)
        .map(|(gold, coded)| (coded.righting_reflex, gold.is_reflex()))
        .collect();
    if ranked.is_empty() {
        return None;
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let reflexes = ranked.iter().filter(|(_, is)| *is).count();
    let wanted = (RECALL * reflexes as f64).ceil() as usize;
    let (mut hits, mut summed, mut precision_at_recall) = (0_usize, 0.0, 0.0);
    for (rank, (_, is)) in ranked.iter().enumerate() {
        if *is {
            hits += 1;
            let precision = hits as f64 / (rank + 1) as f64;
            summed += precision;
            if hits == wanted {
                precision_at_recall = precision;
            }
        }
    }
    let at = |threshold: f32| count(ranked.iter().map(|(p, is)| (*is, *p >= threshold))).1;
    Some(ReflexScores {
        lines: ranked.len(),
        reflexes,
        average_precision: summed / reflexes.max(1) as f64,
        precision_at_recall,
        calibration_error: calibration_error(&ranked),
        soft: at(thresholds.soft),
        firm: at(thresholds.firm),
        false_marks_per_hour: false_marks_per_hour(members, thresholds),
    })
}

/// Mean distance between the probability and how often it came true, over bins of equal width.
fn calibration_error(ranked: &[(f32, bool)]) -> f64 {
    let mut bins = [(0.0, 0.0); CALIBRATION_BINS];
    for (p, is) in ranked {
        let bin = ((p * CALIBRATION_BINS as f32) as usize).min(CALIBRATION_BINS - 1);
        bins[bin].0 += f64::from(*p);
        bins[bin].1 += f64::from(u8::from(*is));
    }
    bins.iter().map(|(said, came)| (said - came).abs()).sum::<f64>() / ranked.len() as f64
}

fn false_marks_per_hour(
    members: &[Vec<&Pair>],
    thresholds: RightingReflexThresholds,
) -> Option<(f64, f64)> {
    let sound: Vec<&Pair> = members
        .iter()
        .filter(|pairs| match pairs.first().and_then(|(gold, _)| gold.sound) {
            Some(sound) => sound,
            None => !pairs.iter().any(|(gold, _)| gold.is_reflex()),
        })
        .flatten()
        .copied()
        .collect();
    let words: usize =
        sound.iter().map(|(gold, _)| gold.line.text.split_whitespace().count()).sum();
    let hours = words as f64 / WORDS_PER_S / 3600.0;
    let wrong = |threshold| {
        let marked = |pair: &&&Pair| !pair.0.is_reflex() && pair.1.righting_reflex >= threshold;
        sound.iter().filter(marked).count() as f64 / hours
    };
    (words > 0).then(|| (wrong(thresholds.soft), wrong(thresholds.firm)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use timeline::{ClientClass, Lang, PractitionerClass};

    const THRESHOLDS: RightingReflexThresholds = RightingReflexThresholds { soft: 0.5, firm: 0.8 };

    fn said(conversation: &str, gold: Code, given: Code, righting_reflex: f32) -> Pair {
        let speaker = gold.speaker();
        let line = CodeLine {
            id: String::new(),
            conversation: conversation.to_owned(),
            speaker,
            lang: Some(Lang::En),
            text: "three words here".repeat(100),
        };
        let coded = CodedUtterance {
            codes: vec![given],
            coarse: class_of(given),
            probs: Code::of(speaker)
                .iter()
                .map(|&c| (c, f32::from(u8::from(c == given))))
                .collect(),
            righting_reflex,
        };
        (GoldLine { line, codes: vec![gold], coarse: None, sound: None }, coded)
    }

    #[test]
    fn scores_are_those_counted_by_hand() {
        let pairs = [
            said("a", Code::Advise, Code::Advise, 0.9),
            said("a", Code::QuestionOpen, Code::QuestionOpen, 0.1),
            said("a", Code::QuestionClosed, Code::QuestionOpen, 0.7),
            said("a", Code::Warn, Code::GiveInfo, 0.6),
            said("a", Code::Sustain, Code::Neutral, 0.0),
            said("a", Code::Neutral, Code::Neutral, 0.0),
        ];
        let e = evaluate(&pairs, THRESHOLDS);
        assert_eq!((e.conversations, e.lines), (1, (4, 2)));
        // question and input, both all right: 1; neutral 2/3, sustain 0.
        assert_eq!(e.practitioner, Some(Score { value: 1.0, interval: None }));
        assert!((e.client.unwrap().value - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(e.open_or_closed.unwrap().value, 0.5);
        let r = e.reflex.unwrap();
        assert_eq!((r.lines, r.reflexes), (4, 2));
        // Ranks 1 and 3.
        assert!((r.average_precision - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-9);
        assert!((r.precision_at_recall - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(r.soft, Found { precision: Some(2.0 / 3.0), recall: Some(1.0) });
        assert_eq!(r.firm, Found { precision: Some(1.0), recall: Some(0.5) });
        assert!(r.false_marks_per_hour.is_none()); // the one conversation has reflexes
        assert_eq!(
            e.codes[&Code::QuestionOpen].found,
            Found { precision: Some(0.5), recall: Some(1.0) }
        );
        assert!(!e.codes.contains_key(&Code::Summary));
    }

    #[test]
    fn false_marks_are_counted_in_sound_talk_only() {
        let mut sound = said("b", Code::QuestionOpen, Code::Advise, 0.6);
        sound.0.line.text = "word ".repeat(10_800); // an hour
        let pairs = [
            said("a", Code::Advise, Code::Advise, 0.9),
            said("a", Code::Affirm, Code::Advise, 0.9),
            sound,
        ];
        let marks = evaluate(&pairs, THRESHOLDS).reflex.unwrap().false_marks_per_hour.unwrap();
        assert_eq!(marks, (1.0, 0.0));
    }

    #[test]
    fn intervals_need_three_conversations_and_hold_the_value() {
        let pairs: Vec<Pair> = (0..30)
            .map(|i| {
                let given = if i % 3 == 0 { Code::Structure } else { Code::QuestionOpen };
                said(["a", "b", "c", "d", "e"][i % 5], Code::QuestionOpen, given, 0.0)
            })
            .collect();
        let score = evaluate(&pairs, THRESHOLDS).practitioner.unwrap();
        let (low, high) = score.interval.unwrap();
        assert!(low <= score.value && score.value <= high, "{score:?}");
    }

    #[test]
    fn gold_lines_that_contradict_themselves_are_named() {
        let line = |codes: &str, coarse: &str| {
            let row = format!(
                r#"{{"id":"a","speaker":"client","lang":"nl","text":"Ja.","codes":{codes}{coarse}}}"#
            );
            serde_json::from_str::<GoldLine>(&row).unwrap().fault()
        };
        assert_eq!(line(r#"["neutral"]"#, ""), None);
        assert_eq!(line(r#"["neutral"]"#, r#","coarse":"change""#), None);
        assert!(line("[]", "").unwrap().contains("empty"));
        assert!(line(r#"["advise"]"#, "").unwrap().contains("advise is no code of a client"));
        assert!(line(r#"["neutral"]"#, r#","coarse":"question""#).unwrap().contains("no class"));
    }

    #[test]
    fn tables_have_a_row_for_each_measure_and_code() {
        let pairs = [
            said("a", Code::Advise, Code::Advise, 0.9),
            said("a", Code::Neutral, Code::Neutral, 0.0),
        ];
        let text = Tables(&BTreeMap::from([(Lang::En, evaluate(&pairs, THRESHOLDS))])).to_string();
        assert!(text.contains("| their average precision | 1.00 |"), "{text}");
        assert!(text.contains("| `advise` | 1 | 1.00, 1.00 | 1.00 |"), "{text}");
        assert_eq!(class_of(Code::Neutral), Coarse::Client(ClientClass::Neutral));
        assert_eq!(class_of(Code::Advise), Coarse::Practitioner(PractitionerClass::Input));
    }
}
