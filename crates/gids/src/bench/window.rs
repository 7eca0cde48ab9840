//! The cue clock to the painted frame of a real window.

use std::{sync::Arc, time::Instant};

use capture::ReplayDevice;
use crossbeam_channel::bounded;
use overlay::SessionView;

use super::{
    Run,
    audio::Audio,
    collect::Collected,
    measure::{Trial, add_telemetry, blank},
    process,
};
use crate::{
    telemetry::Telemetry,
    window::{WindowInputs, WindowWaker, run_window},
    wire::Pace,
};

/// More cues than a recording has.
const PRESENTED: usize = 4_096;
/// More events than a recording has: none is dropped for want of a reader.
const EVENTS: usize = 1 << 20;

/// Measures one recording with a window. Has to be called on the main thread, once in a process.
///
/// # Errors
/// As of any session, and if no window can be opened.
pub fn run(trial: &Trial<'_>, audio: &Audio) -> anyhow::Result<Run> {
    let mut run = blank(trial, std::slice::from_ref(audio))?;
    process::reset_peak();
    let telemetry = Arc::new(Telemetry::recording());
    let device = Box::new(ReplayDevice::new(Box::new(audio.source()), 1.0)?);
    let waker = WindowWaker::default();
    let wake = waker.clone();
    let running = trial.start(
        audio,
        device,
        Pace::Live,
        Arc::clone(&telemetry),
        Box::new(move || wake.wake()),
    )?;
    let (cpu, begun) = (process::cpu_s(), Instant::now());
    // Each event is timed when it comes out, and goes on to the window.
    let (to_window, for_window) = bounded(EVENTS);
    let (from_session, clock, woken) =
        (running.events.clone(), Arc::clone(&running.clock), waker.clone());
    let timing = std::thread::Builder::new().name("timing".into()).spawn(move || {
        let mut collected = Collected::default();
        for event in &from_session {
            collected.take(&event, clock.now_s());
            // A window that was closed wants no more.
            to_window.send(event).ok();
            woken.wake();
        }
        collected
    })?;
    let (presented_tx, presented_rx) = bounded(PRESENTED);
    let shown = run_window(
        SessionView::new(audio.lang, run.model == "demo"),
        WindowInputs {
            events: for_window,
            control: running.control.clone(),
            level: Arc::clone(&running.level),
            clock: Arc::clone(&running.clock),
            presented: presented_tx,
            waker,
            close_on_end: true,
        },
    );
    let collected = timing.join();
    let summary = running.join()?;
    shown?;
    let mut collected = collected.map_err(|_panic| anyhow::anyhow!("the timing thread failed"))?;
    run.cpu_s = process::cpu_s() - cpu;
    run.wall_s = begun.elapsed().as_secs_f64();
    run.peak_memory_mb = process::peak_mb();
    run.cue_end = "frame".to_owned();
    run.lost_samples = summary.lost_samples;
    run.utterances = summary.utterances;
    run.cues = summary.cues;
    run.cues_withdrawn = summary.cues_withdrawn;
    add_telemetry(&mut run, &telemetry);
    for (at, ms) in presented_rx.try_iter() {
        collected.painted(at, at.as_secs() + f64::from(ms) / 1_000.0);
    }
    collected.add_to(&mut run, audio.true_times());
    Ok(run)
}
