//! A session as lines on stderr, for machines without a display and for logs; stdout stays free for
//! what programs read.

pub(crate) mod texts;

use std::io::{IsTerminal as _, Write as _};

use crossbeam_channel::Receiver;
use indicatif::{ProgressBar, ProgressStyle};
use timeline::{
    CueEvent, EndSummary, EventKind, Lang, LatencyMs, Rung, SessionEvent, Span, Speaker, Strength,
    UtteranceEvent, VoiceId,
};

use self::texts::{Texts, fill};
use crate::{bench::Percentiles, wire::Pace};

/// Lag from which it is worth a line, in milliseconds; the overlay uses the same.
const LAG_SHOWN_MS: u32 = 1500;

/// How many seconds of a recording are done, on a terminal; nothing elsewhere.
pub(crate) fn progress(total: Option<Span>) -> ProgressBar {
    let Some(span) = total.filter(|_| std::io::stderr().is_terminal()) else {
        return ProgressBar::hidden();
    };
    let bar = ProgressBar::new(span.secs().ceil() as u64);
    // A template that is wrong would be found by the test below.
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} s  {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Prints a session's events.
pub struct Terminal {
    texts: &'static Texts,
    bar: ProgressBar,
    latencies: Vec<LatencyMs>,
    presented_ms: Vec<f32>,
    lagging: bool,
    rung: Rung,
}

impl Terminal {
    /// For a session of length `total`, where it is known.
    #[must_use]
    pub fn new(lang: Lang, pace: Pace, total: Option<Span>) -> Self {
        let bar = if pace == Pace::Fast { progress(total) } else { ProgressBar::hidden() };
        Self {
            texts: Texts::of(lang),
            bar,
            latencies: Vec::new(),
            presented_ms: Vec::new(),
            lagging: false,
            rung: Rung::Full,
        }
    }

    /// Prints a line.
    pub fn say(&self, line: &str) {
        if self.bar.is_hidden() { self::line(line) } else { self.bar.println(line) }
    }

    /// Prints events until the session has ended.
    pub fn run(&mut self, events: &Receiver<SessionEvent>) {
        for event in events {
            self.show(&event);
        }
    }

    /// Prints one event, if it is worth a line.
    pub fn show(&mut self, event: &SessionEvent) {
        self.bar.set_position(event.t_s as u64);
        self.note(event);
        if let Some(line) = self.line(event) {
            self.say(&line);
        }
    }

    /// Remembers what the closing lines tell, and prints nothing.
    pub fn note(&mut self, event: &SessionEvent) {
        if let EventKind::Cue(CueEvent { latency_ms: Some(latency), .. }) = &event.kind {
            self.latencies.push(*latency);
        }
    }

    /// Takes what the window measured: milliseconds from the end of the words to the painted cue.
    pub fn presented(&mut self, ms: impl Iterator<Item = f32>) {
        self.presented_ms.extend(ms);
    }

    /// Prints what the session came to.
    pub fn finish(&self, summary: Option<&EndSummary>, kept: Option<&str>) {
        self.bar.finish_and_clear();
        if let Some(summary) = summary {
            line(&self.closing(summary));
        }
        let to_event: Vec<f32> = self.latencies.iter().map(|latency| latency.cue).collect();
        let rows = [(self.texts.to_cue, &to_event), (self.texts.to_frame, &self.presented_ms)];
        for text in rows.into_iter().filter_map(|(text, ms)| latency_line(text, ms)) {
            line(&text);
        }
        line(&match kept {
            Some(id) => fill(self.texts.kept, &[("id", &id)]),
            None => self.texts.not_kept.to_owned(),
        });
    }

    fn line(&mut self, event: &SessionEvent) -> Option<String> {
        let texts = self.texts;
        match &event.kind {
            EventKind::Utterance(utterance) => Some(self.utterance(utterance)),
            EventKind::Cue(cue) => Some(cue_lines(cue)),
            EventKind::Gap { start_s, end_s } => {
                let seconds = texts.number(end_s - start_s, 1);
                let said = fill(texts.gap, &[("seconds", &seconds)]);
                Some(format!("[{}] {said}", clock(*start_s)))
            }
            EventKind::Fault { stage, message } => {
                let said = fill(texts.fault, &[("stage", stage), ("message", message)]);
                Some(format!("[{}] {said}", clock(event.t_s)))
            }
            EventKind::Status { lag_ms, rung } => self.lag(*lag_ms).or_else(|| self.rung(*rung)),
            EventKind::CueConfirmed { strength: Strength::Firm, .. } => {
                Some(format!("        ◆ {}", texts.cue_confirmed))
            }
            EventKind::CueWithdrawn { .. } => Some(format!("        ◌ {}", texts.cue_withdrawn)),
            EventKind::Roles { .. } => {
                Some(format!("[{}] {}", clock(event.t_s), texts.roles_changed))
            }
            EventKind::Paused { paused } => {
                Some(if *paused { texts.paused } else { texts.resumed }.to_owned())
            }
            _ => None,
        }
    }

    fn utterance(&self, utterance: &UtteranceEvent) -> String {
        let who = match utterance.voice {
            VoiceId::STRANGER => self.texts.someone_else,
            _ => self.texts.speaker(utterance.speaker),
        };
        format!("[{}] {who}: {}", clock(utterance.start_s), utterance.text)
    }

    fn lag(&mut self, lag_ms: u32) -> Option<String> {
        let lagging = lag_ms >= LAG_SHOWN_MS;
        if lagging == self.lagging {
            return None;
        }
        self.lagging = lagging;
        Some(if lagging {
            let seconds = self.texts.number(f64::from(lag_ms) / 1000.0, 1);
            fill(self.texts.lagging, &[("seconds", &seconds)])
        } else {
            self.texts.caught_up.to_owned()
        })
    }

    fn rung(&mut self, rung: Rung) -> Option<String> {
        let before = std::mem::replace(&mut self.rung, rung);
        (before != rung).then(|| self.texts.rung(rung).to_owned())
    }

    fn closing(&self, end: &EndSummary) -> String {
        let lost_s = end.lost_samples as f64 / f64::from(timeline::SAMPLE_RATE_HZ);
        let factor = end.wall_s / end.audio_s.max(f64::EPSILON);
        fill(
            self.texts.closing,
            &[
                ("length", &clock(end.audio_s)),
                ("seconds", &self.texts.number(end.wall_s, 1)),
                ("factor", &self.texts.number(factor, 2)),
                ("utterances", &end.utterances),
                ("cues", &end.cues),
                ("rejected", &end.rejected_segments),
                ("lost", &self.texts.number(lost_s, 1)),
            ],
        )
    }
}

/// Prints a line on stderr. Where nobody reads it any more (a closed terminal, `| head`), the session goes
/// on all the same.
pub fn line(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

/// What the practitioner and the client are called.
#[must_use]
pub fn speaker_name(speaker: Speaker, lang: Lang) -> &'static str {
    Texts::of(lang).speaker(speaker)
}

/// Said before a microphone session that runs with the demo model.
#[must_use]
pub fn demo_model_warning(lang: Lang) -> &'static str {
    Texts::of(lang).demo_model
}

/// The consent step's text, ending in the question.
#[must_use]
pub fn consent_question(lang: Lang, keep: bool) -> String {
    let texts = &Texts::of(lang).consent;
    let text = if keep { texts.kept } else { texts.not_kept };
    format!("{} ", fill(texts.question, &[("text", &text)]))
}

/// Whether that is a yes, in whichever language: who reads Dutch may well answer "yes".
pub(crate) fn agrees(answer: &str) -> bool {
    let answer = answer.trim().to_lowercase();
    let says_yes = |lang| Texts::of(lang).consent.yes.contains(&answer.as_str());
    says_yes(Lang::Nl) || says_yes(Lang::En)
}

fn cue_lines(event: &CueEvent) -> String {
    let cue = &event.cue;
    let mark = match cue.strength {
        Strength::Firm => "◆",
        Strength::Soft => "◇",
    };
    format!("        {mark} {}  →  {}\n          “{}”", cue.mark, cue.headline, cue.suggestion)
}

fn latency_line(text: &str, ms: &[f32]) -> Option<String> {
    let found = Percentiles::of(ms)?;
    // Whole milliseconds: there is no decimal sign in them.
    let [p50, p95, max] = [found.p50, found.p95, found.max].map(|ms| format!("{ms:.0}"));
    Some(fill(text, &[("n", &found.n), ("p50", &p50), ("p95", &p95), ("max", &max)]))
}

fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_bars_template_is_valid() {
        assert!(ProgressStyle::with_template("{bar:32} {pos}/{len} s  {eta}").is_ok());
    }

    #[test]
    fn roles_are_said_and_who_seems_to_speak_is_not() {
        let roles = || EventKind::Roles { roles: Vec::new() };
        let speaking = || EventKind::Speaking {
            segment: 0,
            start_s: 61.0,
            voice: VoiceId(1),
            speaker: Speaker::Client,
            confidence: 0.9,
        };
        let said = |lang, voice| {
            let speaker = Speaker::Client;
            let (id, text) = ("u1".to_owned(), "Ja.".to_owned());
            let (start_s, end_s, confidence) = (61.0, 62.0, 0.9);
            let voice = VoiceId(voice);
            let words = Vec::new();
            let utterance =
                UtteranceEvent { id, speaker, confidence, voice, start_s, end_s, text, words };
            let mut terminal = Terminal::new(lang, Pace::RealTime, None);
            [EventKind::Utterance(utterance), roles(), speaking()]
                .map(|kind| terminal.line(&SessionEvent { t_s: 62.0, kind }))
        };
        let lines = |lang, voice| said(lang, voice).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(
            lines(Lang::Nl, 1),
            ["[01:01] Cliënt: Ja.", "[01:02] Rollen gewisseld, ook in de regels hierboven"]
        );
        assert_eq!(
            lines(Lang::En, 2),
            ["[01:01] Someone else: Ja.", "[01:02] Roles swapped, in the lines above too"]
        );
    }

    #[test]
    fn the_closing_line_fills_every_place() {
        let summary = EndSummary {
            audio_s: 167.9,
            wall_s: 171.25,
            utterances: 51,
            cues: 1,
            cues_withdrawn: 0,
            rejected_segments: 2,
            faults: 0,
            lost_samples: 4_000,
            dropped_ui_events: 0,
        };
        let closing = |lang| Terminal::new(lang, Pace::RealTime, None).closing(&summary);
        assert_eq!(
            closing(Lang::Nl),
            "02:47 geluid in 171,2 s (factor 1,02); uitingen: 51, cues: 1, stukjes zonder tekst: 2, geluid gemist: 0,2 s"
        );
        assert_eq!(
            closing(Lang::En),
            "02:47 of audio in 171.2 s (factor 1.02); utterances: 51, cues: 1, segments without text: 2, audio lost: 0.2 s"
        );
        let latency = |lang| latency_line(Texts::of(lang).to_cue, &[188.6]);
        assert_eq!(
            latency(Lang::Nl).as_deref(),
            Some("Van laatste woord tot cue (1x): p50 189 ms, p95 189 ms, max 189 ms")
        );
    }

    #[test]
    fn a_message_with_braces_is_shown_as_it_is() {
        let mut terminal = Terminal::new(Lang::Nl, Pace::RealTime, None);
        let (stage, message) = ("coach".to_owned(), "no {stage} in {x}".to_owned());
        let kind = EventKind::Fault { stage, message };
        assert_eq!(
            terminal.line(&SessionEvent { t_s: 61.0, kind }).as_deref(),
            Some("[01:01] Storing (coach): no {stage} in {x}")
        );
    }

    #[test]
    fn consent_is_asked_in_the_language_and_given_in_any() {
        let question = consent_question(Lang::Nl, false);
        assert!(question.starts_with("Voordat we beginnen\nGids luistert mee"), "{question}");
        assert!(question.contains("\nOok de tekst wordt niet bewaard.\nWeet"), "{question}");
        assert!(question.ends_with("[ja/nee] "), "{question}");
        assert!(consent_question(Lang::En, true).contains("is kept, on this computer only"));
        assert!(["ja", "J\n", " Yes ", "y"].into_iter().all(agrees));
        assert!(!["", "nee", "no", "jan"].into_iter().any(agrees));
    }

    #[test]
    fn lag_is_said_when_it_begins_and_when_it_ends() {
        let mut terminal = Terminal::new(Lang::Nl, Pace::RealTime, None);
        let mut lag = |lag_ms| {
            let kind = EventKind::Status { lag_ms, rung: Rung::Full };
            terminal.line(&SessionEvent { t_s: 1.0, kind })
        };
        assert_eq!(lag(100), None);
        assert_eq!(lag(2_300).as_deref(), Some("Loopt achter: 2,3 s"));
        assert_eq!(lag(2_400), None);
        assert_eq!(lag(0).as_deref(), Some("Weer bij"));
    }
}
