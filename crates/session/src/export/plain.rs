//! Plain text and Markdown: the conversation in the order of the clock, with what happened in between.

use timeline::{CueEvent, Lang};

use super::labels::Labels;
use crate::{Fault, LostAudio, Transcript, TranscriptLine, time::clock};

pub(super) fn txt(transcript: &Transcript, lang: Lang) -> String {
    let labels = Labels::of(lang);
    let mut text = String::new();
    for (name, value) in facts(transcript, labels) {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    for item in in_order(transcript) {
        let at = clock(item.at_s());
        match item {
            Item::Line(line) => {
                let speaker = labels.speaker(line);
                text.push_str(&format!("[{at}] {speaker}: {}\n", line.text));
                for CueEvent { cue, .. } in &line.cues {
                    let (mark, headline) = (one_line(&cue.mark), one_line(&cue.headline));
                    let suggestion = one_line(&cue.suggestion);
                    text.push_str(&format!("    > {mark} > {headline}: \"{suggestion}\"\n"));
                }
            }
            Item::Gap(gap) => {
                text.push_str(&format!("[{at}] ({})\n", labels.lost(gap.end_s - gap.start_s)));
            }
            Item::Fault(fault) => {
                let (stage, message) = (&fault.stage, one_line(&fault.message));
                text.push_str(&format!("[{at}] ({}, {stage}: {message})\n", labels.fault));
            }
        }
    }
    text
}

pub(super) fn markdown(transcript: &Transcript, lang: Lang) -> String {
    let labels = Labels::of(lang);
    let mut text = format!("# {}\n\n", escape(&transcript.session.id));
    text.push_str("| | |\n| --- | --- |\n");
    for (name, value) in facts(transcript, labels) {
        text.push_str(&format!("| {name} | {} |\n", escape(&value)));
    }
    for item in in_order(transcript) {
        let at = clock(item.at_s());
        match item {
            Item::Line(line) => {
                let speaker = labels.speaker(line);
                text.push_str(&format!("\n**{speaker}** \\[{at}\\] {}\n", escape(&line.text)));
                for CueEvent { cue, .. } in &line.cues {
                    let mark = escape(&cue.mark);
                    let headline = escape(&cue.headline);
                    let suggestion = escape(&cue.suggestion);
                    text.push_str(&format!("\n> {mark} → **{headline}**: *{suggestion}*\n"));
                }
            }
            Item::Gap(gap) => {
                let lost = labels.lost(gap.end_s - gap.start_s);
                text.push_str(&format!("\n*\\[{at}\\] {lost}*\n"));
            }
            Item::Fault(fault) => {
                let (stage, message) = (escape(&fault.stage), escape(&fault.message));
                text.push_str(&format!("\n*\\[{at}\\] {}, {stage}: {message}*\n", labels.fault));
            }
        }
    }
    text
}

/// What stands above the conversation: name and value.
fn facts(transcript: &Transcript, labels: &Labels) -> Vec<(&'static str, String)> {
    let session = &transcript.session;
    let last_s = transcript.lines.iter().map(|line| line.end_s).fold(0.0, f64::max);
    let duration_s = transcript.end.as_ref().map_or(last_s, |end| end.audio_s);
    let state = if transcript.end.is_some() { labels.complete } else { labels.cut_off };
    let models: Vec<&str> = session.models.iter().map(|(name, _)| name.as_str()).collect();
    vec![
        (labels.session, one_line(&session.id)),
        (labels.started, one_line(&session.started_at)),
        (labels.duration, clock(duration_s)),
        (labels.language, labels.spoken(session.lang).to_owned()),
        (labels.source, one_line(&session.source)),
        (labels.models, one_line(&models.join(", "))),
        (labels.state, state.to_owned()),
    ]
}

/// What happened in a session.
#[derive(Clone, Copy)]
enum Item<'a> {
    Line(&'a TranscriptLine),
    Gap(&'a LostAudio),
    Fault(&'a Fault),
}

impl Item<'_> {
    fn at_s(&self) -> f64 {
        match self {
            Self::Line(line) => line.start_s,
            Self::Gap(gap) => gap.start_s,
            Self::Fault(fault) => fault.t_s,
        }
    }
}

fn in_order(transcript: &Transcript) -> Vec<Item<'_>> {
    let lines = transcript.lines.iter().map(Item::Line);
    let gaps = transcript.gaps.iter().map(Item::Gap);
    let faults = transcript.faults.iter().map(Item::Fault);
    let mut items: Vec<_> = lines.chain(gaps).chain(faults).collect();
    items.sort_by(|a, b| a.at_s().total_cmp(&b.at_s()));
    items
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was said is shown as it was said: nothing in it is taken for Markdown or HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
