//! Evaluations in words.

use std::{collections::BTreeMap, fmt};

use timeline::{Code, Lang};

use super::{Evaluation, Found, Score};

/// The evaluations of a file as Markdown tables: first the measures, a column a language, then each code.
#[derive(Debug)]
pub struct Tables<'a>(pub &'a BTreeMap<Lang, Evaluation>);

impl fmt::Display for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        type Row = (&'static str, fn(&Evaluation) -> String);
        let rows: [Row; 13] = [
            ("conversations", |e| e.conversations.to_string()),
            ("lines of practitioner, client", |e| format!("{}, {}", e.lines.0, e.lines.1)),
            ("practitioner, 4 classes, macro-F1", |e| optional(e.practitioner, score)),
            ("client, 3 classes, macro-F1", |e| optional(e.client, score)),
            ("open or closed question, accuracy", |e| optional(e.open_or_closed, score)),
            ("righting reflexes", |e| {
                optional(e.reflex, |r| format!("{} of {}", r.reflexes, r.lines))
            }),
            ("their average precision", |e| optional(e.reflex, |r| two(r.average_precision))),
            ("their precision at recall 0.6", |e| {
                optional(e.reflex, |r| two(r.precision_at_recall))
            }),
            ("precision, recall at soft", |e| optional(e.reflex, |r| found(r.soft))),
            ("precision, recall at firm", |e| optional(e.reflex, |r| found(r.firm))),
            ("calibration error", |e| {
                optional(e.reflex, |r| format!("{:.3}", r.calibration_error))
            }),
            ("false soft marks an hour of sound talk", |e| {
                optional(e.reflex.and_then(|r| r.false_marks_per_hour), |m| format!("{:.1}", m.0))
            }),
            ("false firm marks an hour of sound talk", |e| {
                optional(e.reflex.and_then(|r| r.false_marks_per_hour), |m| format!("{:.1}", m.1))
            }),
        ];
        write!(f, "| measure (95 % interval) |")?;
        self.0.keys().try_for_each(|lang| write!(f, " {lang} |"))?;
        writeln!(f, "\n| --- |{}", " --- |".repeat(self.0.len()))?;
        for (name, cell) in rows {
            write!(f, "| {name} |")?;
            self.0.values().try_for_each(|e| write!(f, " {} |", cell(e)))?;
            writeln!(f)?;
        }
        write!(f, "\n| code |")?;
        self.0
            .keys()
            .try_for_each(|lang| write!(f, " {lang} lines | precision, recall | F1 (95 %) |"))?;
        writeln!(f, "\n| --- |{}", " --- | --- | --- |".repeat(self.0.len()))?;
        for code in Code::PRACTITIONER.into_iter().chain(Code::CLIENT) {
            if !self.0.values().any(|e| e.codes.contains_key(&code)) {
                continue;
            }
            write!(f, "| `{code}` |")?;
            for e in self.0.values() {
                match e.codes.get(&code) {
                    Some(c) => write!(f, " {} | {} | {} |", c.lines, found(c.found), score(c.f1))?,
                    None => write!(f, " 0 | – | – |")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn two(value: f64) -> String {
    format!("{value:.2}")
}

fn optional<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), text)
}

fn score(score: Score) -> String {
    match score.interval {
        Some((low, high)) => format!("{:.2} ({low:.2}–{high:.2})", score.value),
        None => two(score.value),
    }
}

fn found(found: Found) -> String {
    format!("{}, {}", optional(found.precision, two), optional(found.recall, two))
}
