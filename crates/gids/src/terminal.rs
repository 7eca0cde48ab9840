//! A session as lines on stderr, for machines without a display and for logs; stdout stays free for
//! what programs read.

use std::io::{IsTerminal as _, Write as _};

use crossbeam_channel::Receiver;
use indicatif::{ProgressBar, ProgressStyle};
use timeline::{
    CueEvent, EndSummary, EventKind, Lang, LatencyMs, Rung, SessionEvent, Span, Speaker, Strength,
    UtteranceEvent, VoiceId,
};

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
    lang: Lang,
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
            lang,
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
        let labels = match self.lang {
            Lang::Nl => ["Van laatste woord tot cue", "Van laatste woord tot beeld"],
            Lang::En => ["End of the words to the cue", "End of the words to the painted frame"],
        };
        let rows = labels.into_iter().zip([&to_event, &self.presented_ms]);
        for text in rows.filter_map(|(to, ms)| latency_line(to, ms)) {
            line(&text);
        }
        match (kept, self.lang) {
            (Some(id), Lang::Nl) => {
                line(&format!("Bewaard als {id}: gids export {id} --format md"))
            }
            (Some(id), Lang::En) => line(&format!("Kept as {id}: gids export {id} --format md")),
            (None, Lang::Nl) => line("Gids heeft niets bewaard (--keep bewaart de tekst)."),
            (None, Lang::En) => line("Gids has kept nothing (--keep keeps the text)."),
        }
    }

    fn line(&mut self, event: &SessionEvent) -> Option<String> {
        let nl = self.lang == Lang::Nl;
        match &event.kind {
            EventKind::Utterance(utterance) => Some(self.utterance(utterance)),
            EventKind::Cue(cue) => Some(cue_lines(cue)),
            EventKind::Gap { start_s, end_s } => {
                let seconds = end_s - start_s;
                Some(if nl {
                    format!("[{}] Geluid gemist: {seconds:.1} s", clock(*start_s))
                } else {
                    format!("[{}] Audio lost: {seconds:.1} s", clock(*start_s))
                })
            }
            EventKind::Fault { stage, message } => {
                let word = if nl { "Storing" } else { "Fault" };
                Some(format!("[{}] {word} ({stage}): {message}", clock(event.t_s)))
            }
            EventKind::Status { lag_ms, rung } => self.lag(*lag_ms).or_else(|| self.rung(*rung)),
            EventKind::CueConfirmed { strength: Strength::Firm, .. } => {
                Some(if nl { "        ◆ nu zeker" } else { "        ◆ now sure" }.to_owned())
            }
            EventKind::CueWithdrawn { .. } => {
                Some(if nl { "        ◌ ingetrokken" } else { "        ◌ taken back" }.to_owned())
            }
            EventKind::Roles { .. } => {
                let line = if nl {
                    "Rollen gewisseld, ook in de regels hierboven"
                } else {
                    "Roles swapped, in the lines above too"
                };
                Some(format!("[{}] {line}", clock(event.t_s)))
            }
            EventKind::Paused { paused } => Some(
                match (nl, paused) {
                    (true, true) => "Gepauzeerd",
                    (true, false) => "Luistert weer",
                    (false, true) => "Paused",
                    (false, false) => "Listening again",
                }
                .to_owned(),
            ),
            _ => None,
        }
    }

    fn utterance(&self, utterance: &UtteranceEvent) -> String {
        let who = match (utterance.voice, self.lang) {
            (VoiceId::STRANGER, Lang::Nl) => "Iemand anders",
            (VoiceId::STRANGER, Lang::En) => "Someone else",
            _ => speaker_name(utterance.speaker, self.lang),
        };
        format!("[{}] {who}: {}", clock(utterance.start_s), utterance.text)
    }

    fn lag(&mut self, lag_ms: u32) -> Option<String> {
        let lagging = lag_ms >= LAG_SHOWN_MS;
        if lagging == self.lagging {
            return None;
        }
        self.lagging = lagging;
        Some(match (self.lang, lagging) {
            (Lang::Nl, true) => format!("Loopt achter: {:.1} s", f64::from(lag_ms) / 1000.0),
            (Lang::Nl, false) => "Weer bij".to_owned(),
            (Lang::En, true) => format!("Lagging: {:.1} s", f64::from(lag_ms) / 1000.0),
            (Lang::En, false) => "Caught up".to_owned(),
        })
    }

    fn rung(&mut self, rung: Rung) -> Option<String> {
        let before = std::mem::replace(&mut self.rung, rung);
        (before != rung).then(|| rung_text(rung, self.lang).to_owned())
    }

    fn closing(&self, end: &EndSummary) -> String {
        let lost_s = end.lost_samples as f64 / f64::from(timeline::SAMPLE_RATE_HZ);
        let factor = end.wall_s / end.audio_s.max(f64::EPSILON);
        match self.lang {
            Lang::Nl => format!(
                "{} geluid in {:.1} s (factor {factor:.2}); {} uitingen, {} cues, {} stukjes zonder tekst, {lost_s:.1} s geluid gemist",
                clock(end.audio_s),
                end.wall_s,
                end.utterances,
                end.cues,
                end.rejected_segments
            ),
            Lang::En => format!(
                "{} of audio in {:.1} s (factor {factor:.2}); {} utterances, {} cues, {} segments without text, {lost_s:.1} s of audio lost",
                clock(end.audio_s),
                end.wall_s,
                end.utterances,
                end.cues,
                end.rejected_segments
            ),
        }
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
    match (speaker, lang) {
        (Speaker::Practitioner, Lang::Nl) => "Behandelaar",
        (Speaker::Client, Lang::Nl) => "Cliënt",
        (Speaker::Practitioner, Lang::En) => "Practitioner",
        (Speaker::Client, Lang::En) => "Client",
    }
}

/// Said before a microphone session that runs with the demo model.
#[must_use]
pub fn demo_model_warning(lang: Lang) -> &'static str {
    match lang {
        Lang::Nl => {
            "LET OP: dit is het demomodel. Het verstaat alleen een paar computerstemmen en maakt van echte stemmen onzin.\n\
             Voor een echt gesprek: zet een Whisper-model (ggml-*.bin) op deze computer en typ: gids models import BESTAND"
        }
        Lang::En => {
            "WARNING: this is the demo model. It understands a few synthetic voices only and makes nonsense of real ones.\n\
             For a real conversation: put a Whisper model (ggml-*.bin) on this computer and run: gids models import FILE"
        }
    }
}

/// The consent step's text, ending in the question.
#[must_use]
pub fn consent_question(lang: Lang, keep: bool) -> String {
    match lang {
        Lang::Nl => {
            let kept = if keep {
                "De tekst van het gesprek wordt bewaard, alleen op deze computer; wissen kan altijd."
            } else {
                "Ook de tekst wordt niet bewaard."
            };
            format!(
                "Voordat we beginnen\n\
                 Gids luistert mee via de microfoon van deze computer. Het geluid wordt niet bewaard en verlaat deze computer niet.\n\
                 {kept}\n\
                 Weet iedereen in de ruimte dit, en vindt iedereen het goed? [ja/nee] "
            )
        }
        Lang::En => {
            let kept = if keep {
                "The text of the conversation is kept, on this computer only; you can delete it at any time."
            } else {
                "The text is not kept either."
            };
            format!(
                "Before we start\n\
                 Gids listens through this computer's microphone. The sound is not kept and does not leave this computer.\n\
                 {kept}\n\
                 Does everybody in the room know this, and does everybody agree? [yes/no] "
            )
        }
    }
}

fn rung_text(rung: Rung, lang: Lang) -> &'static str {
    match (rung, lang) {
        (Rung::Full, Lang::Nl) => "Weer op volle kracht",
        (Rung::FewerSpeculations, Lang::Nl) => "Traag: luistert minder vaak vooruit",
        (Rung::FinalsOnly, Lang::Nl) => "Traag: cues pas na de zin",
        (Rung::SmallerModel, Lang::Nl) => "Traag: kleiner spraakmodel",
        (Rung::TranscriptOnly, Lang::Nl) => "Te traag voor cues: alleen tekst",
        (Rung::Full, Lang::En) => "At full strength again",
        (Rung::FewerSpeculations, Lang::En) => "Slow: listens ahead less often",
        (Rung::FinalsOnly, Lang::En) => "Slow: cues only after the sentence",
        (Rung::SmallerModel, Lang::En) => "Slow: smaller speech model",
        (Rung::TranscriptOnly, Lang::En) => "Too slow for cues: transcript only",
    }
}

fn cue_lines(event: &CueEvent) -> String {
    let cue = &event.cue;
    let mark = match cue.strength {
        Strength::Firm => "◆",
        Strength::Soft => "◇",
    };
    format!("        {mark} {}  →  {}\n          “{}”", cue.mark, cue.headline, cue.suggestion)
}

fn latency_line(to: &str, ms: &[f32]) -> Option<String> {
    let found = Percentiles::of(ms)?;
    Some(format!(
        "{to} ({}x): p50 {:.0} ms, p95 {:.0} ms, max {:.0} ms",
        found.n, found.p50, found.p95, found.max
    ))
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
    fn lag_is_said_when_it_begins_and_when_it_ends() {
        let mut terminal = Terminal::new(Lang::Nl, Pace::RealTime, None);
        let mut lag = |lag_ms| {
            let kind = EventKind::Status { lag_ms, rung: Rung::Full };
            terminal.line(&SessionEvent { t_s: 1.0, kind })
        };
        assert_eq!(lag(100), None);
        assert_eq!(lag(2_300).as_deref(), Some("Loopt achter: 2.3 s"));
        assert_eq!(lag(2_400), None);
        assert_eq!(lag(0).as_deref(), Some("Weer bij"));
    }
}
