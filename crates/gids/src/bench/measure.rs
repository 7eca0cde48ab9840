//! Runs sessions at real-time speed, and takes the time of every event as it comes out.

use std::{path::Path, sync::Arc, time::Instant};

use capture::{ReplayDevice, Source};
use coach::{Budget, Coach, CoachConfig, Mode};
use timeline::{EventKind, TimedWord};
use transcribe::{ModelHeader, Policy, Recognizer, ShapeScript, Whisper, WhisperConfig, is_shape};

use super::{
    Clocks, Run, Speculations, audio::Audio, collect::Collected, process, wer::word_error_rate,
};
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
        parts.smaller = None; // what is measured is this model
        parts.policy = self.policy;
        parts.telemetry = telemetry;
        parts.coach = Coach::new(CoachConfig {
            mode: Mode::Practice,
            budget: Budget::Off,
            seed: session.coach.seed,
            ..CoachConfig::new(audio.lang)
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
            let script = text_of(script.concat());
            run.wer_to_script = word_error_rate(&script, &streamed);
            run.wer_whole_to_script = word_error_rate(&script, &whole);
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
    let mut text = String::new();
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
        text.push_str(&session.text());
        session.add_to(&mut run, audio.true_times());
    }
    run.peak_memory_mb = process::peak_mb();
    Ok((run, text))
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
        wer_whole_to_script: None,
        word_times_off_ms: Vec::new(),
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
