//! A session of hours in less time.

use std::sync::Arc;

use anyhow::bail;
use capture::ReplayDevice;
use timeline::{EventKind, Lang, SAMPLE_RATE_HZ};
use transcribe::Policy;

use super::{Percentiles, audio::Audio, collect::Collected, measure::Trial, process};
use crate::{
    cli::BenchSoak, command::bench::audios, runtime, telemetry::Telemetry, terminal::line,
    wire::Pace,
};

/// Minutes that are looked at together.
const STRETCH_MIN: f64 = 5.0;
/// The latest stretch may be that much slower than the first.
const MOST_DRIFT: f32 = 1.3;
/// What the session may hold more at its end than behind its first stretch, in MB: the coach remembers what was said,
/// the speakers' model a vector an utterance.
const MOST_GROWTH_MB: f64 = 20.0;

/// What one stretch came to.
struct Stretch {
    final_ms: Percentiles,
    held_mb: f64,
}

/// Runs the session, prints a line a stretch, and says whether anything grew, drifted or got lost.
///
/// # Errors
/// Something did; or as of any session.
pub fn run(args: &BenchSoak) -> anyhow::Result<()> {
    if !(args.minutes.is_finite() && args.minutes >= 2.0 * STRETCH_MIN) {
        bail!(
            "--minutes {}: give at least {}, to compare two stretches",
            args.minutes,
            2.0 * STRETCH_MIN
        );
    }
    let model = runtime::model(args.model.as_deref())?;
    let dutch: Vec<Audio> =
        audios(&[], None, None)?.into_iter().filter(|audio| audio.lang == Lang::Nl).collect();
    let samples = dutch.iter().flat_map(|audio| audio.samples.iter().copied()).collect();
    let audio = Audio {
        name: "soak".to_owned(),
        lang: Lang::Nl,
        samples: Arc::new(samples),
        script: None,
        exact: false,
    };
    let trial = Trial { model: &model, threads: None, policy: Policy::Speculative };
    let source = Box::new(audio.source().again_for(60.0 * args.minutes));
    let device = Box::new(ReplayDevice::new(source, args.speed)?);
    let telemetry = Arc::new(Telemetry::default());
    let running = trial.start(&audio, device, Pace::Live, telemetry, Box::new(|| {}))?;
    line(&format!(
        "gids: {:.0} minutes of talk at {} times the speed; at that speed a delay counts {} times",
        args.minutes, args.speed, args.speed
    ));
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut collected = Collected::default();
    for event in &running.events {
        collected.take(&event, running.clock.now_s());
        let over = 60.0 * STRETCH_MIN * (stretches.len() + 1) as f64;
        let ended = matches!(event.kind, EventKind::End(_));
        if (event.t_s >= over || ended)
            && let Some(final_ms) = Percentiles::of(&collected.final_ms())
        {
            let held_mb = process::held_mb();
            println!(
                "minute {:>4.0}: {} utterances, final p50 {:.0} p95 {:.0} ms of audio, {held_mb:.0} MB held",
                event.t_s / 60.0,
                final_ms.n,
                final_ms.p50,
                final_ms.p95
            );
            stretches.push(Stretch { final_ms, held_mb });
            collected = Collected::default();
        }
    }
    let summary = running.join()?;
    judge(&stretches, summary.lost_samples)
}

fn judge(stretches: &[Stretch], lost_samples: u64) -> anyhow::Result<()> {
    let (Some(first), Some(last)) = (stretches.first(), stretches.last()) else {
        bail!("nothing was understood, so nothing was measured");
    };
    let drift = last.final_ms.p50 / first.final_ms.p50.max(1.0);
    let grown = last.held_mb - first.held_mb;
    let lost_s = lost_samples as f64 / f64::from(SAMPLE_RATE_HZ);
    println!(
        "last stretch / first: p50 {drift:.2}; memory {grown:+.1} MB; audio lost {lost_s:.1} s"
    );
    let mut faults = Vec::new();
    if drift >= MOST_DRIFT {
        faults.push(format!("the latency drifted by {drift:.2} (allowed: {MOST_DRIFT})"));
    }
    if grown >= MOST_GROWTH_MB {
        faults.push(format!("memory grew by {grown:.1} MB (allowed: {MOST_GROWTH_MB})"));
    }
    if lost_samples > 0 {
        faults.push(format!(
            "{lost_s:.1} s of audio were lost: the machine is too slow for that speed"
        ));
    }
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(ms: f32, held_mb: f64) -> Stretch {
        Stretch { final_ms: Percentiles::of(&[ms]).unwrap(), held_mb }
    }

    #[test]
    fn what_grows_drifts_or_gets_lost_is_a_fault() {
        let steady = [stretch(400.0, 200.0), stretch(420.0, 205.0)];
        assert!(judge(&steady, 0).is_ok());
        let said = |stretches: &[Stretch], lost| judge(stretches, lost).unwrap_err().to_string();
        assert!(said(&steady, 16_000).contains("1.0 s of audio"));
        assert!(said(&[stretch(400.0, 200.0), stretch(600.0, 200.0)], 0).contains("1.50"));
        assert!(said(&[stretch(400.0, 200.0), stretch(400.0, 230.0)], 0).contains("30.0 MB"));
        assert!(said(&[], 0).contains("nothing"));
    }
}
