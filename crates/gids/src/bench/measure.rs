//! Runs sessions at real-time speed, and takes the time of every event as it comes out.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::Instant,
};

use capture::{ReplayDevice, Source};
use coach::{Budget, Coach, CoachConfig, Mode};
use timeline::{EventKind, Rung, SessionEvent, TimedWord};
use transcribe::{ModelHeader, Policy, Recognizer, ShapeScript, Whisper, WhisperConfig, is_shape};

use super::{Clocks, Run, Speculations, audio::Audio, process, wer::word_error_rate};
use crate::{
    cli::SessionArgs,
    session_run::{Outset, make_parts, threads},
    telemetry::Telemetry,
    wire::{Pace, Running, wire},
};

/// Seconds of silence that are listened to for the CPU share, and those at its beginning that don't count: loading.
const SILENCE_S: f64 = 14.0;
const SETTLING_S: f64 = 2.0;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    /// The file of the speech model.
    pub model: &'a Path,
    /// Threads of the speech model; the default unless given.
    pub threads: Option<usize>,
    /// When open segments are decoded.
    pub policy: Policy,
}

impl Trial<'_> {
    fn session(&self, audio: &Audio) -> SessionArgs {
        SessionArgs { threads: self.threads, ..SessionArgs::plain(audio.lang) }
    }

    fn recognizer(&self, audio: &Audio) -> anyhow::Result<Box<dyn Recognizer>> {
        let session = self.session(audio);
        let config = WhisperConfig {
            model: self.model.to_owned(),
            lang: audio.lang,
            threads: threads(&session),
        };
        Ok(Box::new(if is_shape(self.model)? {
            let words = audio.script.clone().unwrap_or_default();
            Whisper::load_shape(&config, &ShapeScript { words })?
        } else {
            Whisper::load(&config)?
        }))
    }

    /// A session of `source` through the pipeline. Every moment makes a cue, so that there is something to measure.
    ///
    /// # Errors
    /// As of any session.
    pub fn start(
        &self,
        audio: &Audio,
        source: Box<dyn Source>,
        pace: Pace,
        telemetry: Arc<Telemetry>,
        wake: Box<dyn Fn() + Send>,
    ) -> anyhow::Result<Running> {
        let session = self.session(audio);
        let recognizer = self.recognizer(audio)?;
        let name = audio.name.clone();
        let outset = Outset { source, name, pace, consent: None, recognizer };
        let mut parts = make_parts(&session, outset, self.model)?;
        parts.policy = self.policy;
        parts.telemetry = telemetry;
        parts.coach = Coach::new(CoachConfig {
            lang: audio.lang,
            mode: Mode::Practice,
            budget: Budget::Off,
            seed: session.seed,
        })?;
        wire(parts, wake)
    }
}

/// Measures one model under one policy on all recordings: the clocks, what was missed for them, and the silence.
///
/// # Errors
/// As of any session.
pub fn run(trial: &Trial<'_>, audios: &[Audio]) -> anyhow::Result<Run> {
    let (mut run, streamed) = sessions(trial, audios)?;
    if !run.shape_only {
        let mut whole = String::new();
        for audio in audios {
            whole.push_str(&whole_text(trial, audio)?);
            whole.push(' ');
        }
        run.wer_to_whole = word_error_rate(&whole, &streamed);
        if let Some(script) = audios.iter().map(|a| a.script.as_deref()).collect::<Option<Vec<_>>>()
        {
            run.wer_to_script = word_error_rate(&text_of(script.concat()), &streamed);
        }
    }
    run.silence_cpu_share = Some(silence(trial, &audios[0])?);
    Ok(run)
}

/// Measures the clocks only.
///
/// # Errors
/// As of any session.
pub fn clocks(trial: &Trial<'_>, audios: &[Audio]) -> anyhow::Result<Run> {
    sessions(trial, audios).map(|(run, _text)| run)
}

/// One session a recording; gives what was heard, too.
fn sessions(trial: &Trial<'_>, audios: &[Audio]) -> anyhow::Result<(Run, String)> {
    let mut run = blank(trial, audios)?;
    let mut collected = Collected::default();
    process::reset_peak();
    for audio in audios {
        let telemetry = Arc::new(Telemetry::recording());
        let device = Box::new(ReplayDevice::new(Box::new(audio.source()), 1.0)?);
        let running =
            trial.start(audio, device, Pace::Live, Arc::clone(&telemetry), Box::new(|| {}))?;
        let (cpu, begun) = (process::cpu_s(), Instant::now());
        let mut session = Collected::default();
        for event in &running.events {
            // Headless, this is where a cue would be painted.
            session.take(&event, running.clock.now_s());
        }
        let summary = running.join()?;
        run.cpu_s += process::cpu_s() - cpu;
        run.wall_s += begun.elapsed().as_secs_f64();
        run.lost_samples += summary.lost_samples;
        run.utterances += summary.utterances;
        run.cues += summary.cues;
        run.cues_withdrawn += summary.cues_withdrawn;
        add_telemetry(&mut run, &telemetry);
        collected.join(session);
    }
    run.peak_memory_mb = process::peak_mb();
    run.cues_early = collected.early;
    run.clocks.partial = collected.partial;
    run.clocks.final_text = collected.final_text;
    run.clocks.cue = collected.cue;
    run.rungs = collected.rungs.into_iter().map(|(r, s)| (r.name().to_owned(), s)).collect();
    Ok((run, collected.text))
}

/// Everything but what is measured.
///
/// # Errors
/// The model is none.
pub fn blank(trial: &Trial<'_>, audios: &[Audio]) -> anyhow::Result<Run> {
    let header = ModelHeader::read(trial.model)?;
    let length = std::fs::metadata(trial.model)?.len();
    let session = SessionArgs { threads: trial.threads, ..SessionArgs::plain(audios[0].lang) };
    Ok(Run {
        model: header.size_name().to_owned(),
        precision: header.precision_name().to_owned(),
        shape_only: is_shape(trial.model)?,
        policy: policy_name(trial.policy).to_owned(),
        threads: threads(&session),
        sources: audios.iter().map(|audio| audio.name.clone()).collect(),
        audio_s: audios.iter().map(Audio::secs).sum(),
        wall_s: 0.0,
        cue_end: "painter".to_owned(),
        clocks: Clocks::default(),
        decode_s: 0.0,
        cpu_s: 0.0,
        silence_cpu_share: None,
        peak_memory_mb: 0.0,
        model_file_mb: length as f64 / 1e6,
        lost_samples: 0,
        utterances: 0,
        cues: 0,
        cues_withdrawn: 0,
        cues_early: 0,
        speculations: Speculations::default(),
        wer_to_whole: None,
        wer_to_script: None,
        rungs: Vec::new(),
    })
}

fn policy_name(policy: Policy) -> &'static str {
    match policy {
        Policy::Speculative => "speculative",
        Policy::Window => "window",
        Policy::Final => "final",
    }
}

/// Adds what the stages measured of themselves in one session.
pub fn add_telemetry(run: &mut Run, telemetry: &Telemetry) {
    let speculations = telemetry.speculations();
    run.speculations.made += speculations.made;
    run.speculations.used += speculations.used;
    run.speculations.aborted += speculations.aborted;
    run.speculations.wasted += speculations.made - speculations.used - speculations.aborted;
    run.decode_s += telemetry.decode_s();
    run.clocks.capture.extend(telemetry.all_capture_ms());
}

/// What is heard when whole utterances are decoded at once, without hurry.
///
/// # Errors
/// As of any session.
pub fn whole_words(trial: &Trial<'_>, audio: &Audio) -> anyhow::Result<Vec<TimedWord>> {
    let source = Box::new(audio.source());
    let running = trial.start(audio, source, Pace::Fast, Arc::default(), Box::new(|| {}))?;
    let mut words = Vec::new();
    for event in &running.events {
        if let EventKind::Utterance(utterance) = event.kind {
            words.extend(utterance.words);
        }
    }
    running.join()?;
    Ok(words)
}

fn whole_text(trial: &Trial<'_>, audio: &Audio) -> anyhow::Result<String> {
    Ok(text_of(whole_words(trial, audio)?))
}

fn text_of(words: Vec<TimedWord>) -> String {
    words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
}

/// CPU seconds a second while nobody speaks.
fn silence(trial: &Trial<'_>, like: &Audio) -> anyhow::Result<f64> {
    let audio = Audio::silence(like.lang, SILENCE_S);
    let device = Box::new(ReplayDevice::new(Box::new(audio.source()), 1.0)?);
    let running = trial.start(&audio, device, Pace::Live, Arc::default(), Box::new(|| {}))?;
    let mut from = None;
    let mut share = 0.0;
    for event in &running.events {
        match (event.kind, from) {
            (EventKind::Status { .. }, None) if event.t_s >= SETTLING_S => {
                from = Some((process::cpu_s(), Instant::now()));
            }
            (EventKind::Status { .. }, Some((cpu, since))) => {
                share = (process::cpu_s() - cpu) / since.elapsed().as_secs_f64();
            }
            _ => {}
        }
    }
    running.join()?;
    Ok(share)
}

/// What the events of sessions say.
#[derive(Debug, Default)]
pub struct Collected {
    /// The clock `partial`, a value a word, in milliseconds.
    pub partial: Vec<f32>,
    /// The clock `final`, a value an utterance.
    pub final_text: Vec<f32>,
    /// The clock `cue`.
    pub cue: Vec<f32>,
    /// Cues that came before the final words.
    pub early: u64,
    /// The final text.
    pub text: String,
    /// Seconds on each rung.
    pub rungs: BTreeMap<Rung, f64>,
    /// Partials of segments that are not closed: by segment, its start and when which words were stable.
    open: HashMap<u64, (f64, Vec<Seen>)>,
}

/// The stable words at an instant.
#[derive(Debug)]
struct Seen {
    at_s: f64,
    words: Vec<String>,
}

impl Collected {
    /// Takes in an event that came out at `now_s` on the session's clock.
    pub fn take(&mut self, event: &SessionEvent, now_s: f64) {
        let since = |at_s: f64| ((now_s - at_s) * 1_000.0) as f32;
        match &event.kind {
            EventKind::Partial { segment, start_s, text, stable_words } => {
                let words = text.split_whitespace().take(*stable_words).map(key).collect();
                let open = self.open.entry(*segment).or_insert((*start_s, Vec::new()));
                open.1.push(Seen { at_s: now_s, words });
            }
            EventKind::Utterance(utterance) => {
                self.final_text.push(since(utterance.end_s));
                self.text.push_str(&utterance.text);
                self.text.push(' ');
                let segment = self
                    .open
                    .iter()
                    .filter(|(_, (start_s, _))| *start_s <= utterance.start_s)
                    .max_by(|a, b| a.1.0.total_cmp(&b.1.0))
                    .map(|(segment, _)| *segment);
                let seen = segment.and_then(|segment| self.open.remove(&segment));
                let seen = seen.map(|(_, seen)| seen).unwrap_or_default();
                for (n, word) in utterance.words.iter().enumerate() {
                    let key = key(&word.text);
                    // From then on it stood there, as it was in the end.
                    let stood =
                        seen.iter().rev().take_while(|s| s.words.get(n) == Some(&key)).last();
                    let at_s = stood.map_or(now_s, |seen| seen.at_s);
                    self.partial.push(((at_s - word.end_s) * 1_000.0) as f32);
                }
            }
            EventKind::Cue(cue) => {
                self.cue.push(since(cue.at_s));
                self.early += u64::from(cue.provisional);
            }
            EventKind::Status { rung, .. } => *self.rungs.entry(*rung).or_default() += 1.0,
            _ => {}
        }
    }

    fn join(&mut self, other: Self) {
        self.partial.extend(other.partial);
        self.final_text.extend(other.final_text);
        self.cue.extend(other.cue);
        self.early += other.early;
        self.text.push_str(&other.text);
        for (rung, seconds) in other.rungs {
            *self.rungs.entry(rung).or_default() += seconds;
        }
    }
}

fn key(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use timeline::{SampleIdx, Speaker, UtteranceEvent, VoiceId};

    use super::*;

    fn partial(segment: u64, text: &str, stable_words: usize) -> SessionEvent {
        let (start_s, text) = (1.0, text.to_owned());
        let kind = EventKind::Partial { segment, start_s, text, stable_words };
        SessionEvent::new(SampleIdx::ZERO, kind)
    }

    #[test]
    fn a_word_counts_from_when_it_stood_for_good() {
        let mut collected = Collected::default();
        collected.take(&partial(4, "Ik wil", 1), 2.0);
        collected.take(&partial(4, "Ik wou wel", 2), 2.5);
        collected.take(&partial(4, "Ik wil wel", 2), 3.0);
        let word =
            |text: &str, end_s: f64| TimedWord { text: text.to_owned(), start_s: 1.0, end_s };
        let utterance = UtteranceEvent {
            id: "u1".to_owned(),
            speaker: Speaker::Client,
            confidence: 1.0,
            voice: VoiceId(0),
            start_s: 1.2,
            end_s: 2.9,
            text: "Ik wil wel.".to_owned(),
            words: vec![word("Ik", 1.5), word("wil", 2.0), word("wel.", 2.75)],
        };
        let utterance = SessionEvent::new(SampleIdx::ZERO, EventKind::Utterance(utterance));
        collected.take(&utterance, 3.25);
        // "wil" was "wou" in between; "wel" came with the final text only.
        assert_eq!(collected.partial, [500.0, 1_000.0, 500.0]);
        assert!((collected.final_text[0] - 350.0).abs() < 0.01, "{:?}", collected.final_text);
        assert_eq!(collected.text, "Ik wil wel. ");
    }

    #[test]
    fn a_beat_is_a_second_on_its_rung() {
        let mut collected = Collected::default();
        for rung in [Rung::Full, Rung::Full, Rung::FinalsOnly] {
            let kind = EventKind::Status { lag_ms: 0, rung };
            collected.take(&SessionEvent::new(SampleIdx::ZERO, kind), 1.0);
        }
        let mut both = Collected::default();
        both.join(collected);
        assert_eq!(both.rungs, [(Rung::Full, 2.0), (Rung::FinalsOnly, 1.0)].into());
    }
}
