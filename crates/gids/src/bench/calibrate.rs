//! Which speech model this machine can bear.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use timeline::Lang;
use transcribe::{ModelHeader, Policy, ShapePrecision, ShapeSize, write_shape};

use super::{
    Percentiles, Run,
    audio::Audio,
    measure::{self, Trial},
};
use crate::{cli::BenchCalibrate, runtime, session_run::default_threads, terminal::line};

/// The promise: from the end of the words to the cue.
const PROMISE_MS: f32 = 1_000.0;
/// The roleplay that is listened to: what the model makes of it does not matter, its length does.
const ROLEPLAY: &str = "nl-stramme-knie";
/// The precision that is fastest on processors.
const PRECISION: ShapePrecision = ShapePrecision::Q8_0;

/// How one model did with one number of threads.
struct Result {
    threads: usize,
    run: Run,
}

/// Tries the imported models from small to large, and sets the largest that keeps the promise as the default. Where
/// none is imported, says which size is worth fetching.
///
/// # Errors
/// Not even the smallest keeps the promise; or as of any session.
pub fn run(args: &BenchCalibrate) -> anyhow::Result<()> {
    if !(args.seconds.is_finite() && args.seconds >= 20.0) {
        bail!("--seconds {}: give at least 20", args.seconds);
    }
    let audio = Audio::read(&runtime::roleplay(ROLEPLAY)?, Lang::Nl, Some(args.seconds))?;
    let models = by_size(runtime::imported_models()?);
    if models.is_empty() {
        return recommend(&audio);
    }
    let mut best: Option<(PathBuf, usize)> = None;
    for model in &models {
        let results = try_model(model, &audio)?;
        match fastest(&results) {
            Some(result) => best = Some((model.clone(), result.threads)),
            None => break, // larger ones are slower still
        }
    }
    let Some((model, threads)) = best else {
        bail!(
            "no imported speech model keeps {PROMISE_MS:.0} ms on this machine as busy as it is. Close other programs and try again, import a smaller one, or a q8_0 version"
        );
    };
    let name = model.file_name().unwrap_or_default().to_string_lossy().into_owned();
    println!("best: {name} with {threads} thread(s)");
    if args.dry_run {
        return Ok(());
    }
    runtime::set_default_model(&name)?;
    runtime::set_default_threads(threads)?;
    line(&format!("gids: {name} with {threads} thread(s) is used from now on"));
    Ok(())
}

/// Which size to fetch, from models of random weights.
fn recommend(audio: &Audio) -> anyhow::Result<()> {
    line("gids: no speech model is imported; trying the sizes that there are, with random weights");
    let folder = runtime::user_dir()?.join("calibrate");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let tried = try_shapes(&folder, audio);
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("cannot remove {}", folder.display()))?;
    match tried? {
        Some(size) => println!(
            "best: fetch ggml-{size}-{PRECISION}.bin, then run gids models import FILE and gids bench calibrate"
        ),
        None => bail!(
            "not even {}-{PRECISION} keeps {PROMISE_MS:.0} ms on this machine as busy as it is: close other programs and try again",
            ShapeSize::Tiny
        ),
    }
    Ok(())
}

fn try_shapes(folder: &Path, audio: &Audio) -> anyhow::Result<Option<ShapeSize>> {
    let template = runtime::own_file(runtime::DEMO_MODEL)?;
    let mut best = None;
    for size in [ShapeSize::Tiny, ShapeSize::Base, ShapeSize::Small, ShapeSize::LargeV3Turbo] {
        let file = folder.join(format!("{size}.bin"));
        write_shape(size, PRECISION, &template, &file)?;
        if fastest(&try_model(&file, audio)?).is_none() {
            break;
        }
        best = Some(size);
    }
    Ok(best)
}

/// With one thread, and with as many as are the default: on a busy machine one can be faster than two.
fn try_model(model: &Path, audio: &Audio) -> anyhow::Result<Vec<Result>> {
    let mut counts = vec![1, default_threads()];
    counts.dedup();
    let mut results = Vec::new();
    for threads in counts {
        let trial = Trial { model, threads: Some(threads), policy: Policy::Speculative };
        let run = measure::clocks(&trial, std::slice::from_ref(audio))?;
        let p95 = Percentiles::of(&run.clocks.final_text).map(|p| p.p95);
        println!(
            "{} {}, {threads} thread(s): final p95 {}, real-time factor {:.2}{}",
            run.model,
            run.precision,
            p95.map_or_else(|| "unknown".to_owned(), |ms| format!("{ms:.0} ms")),
            run.decode_s / run.audio_s,
            if keeps_promise(&run) { "" } else { ": too slow" }
        );
        results.push(Result { threads, run });
    }
    Ok(results)
}

/// The one with the shortest delays of those that keep the promise.
fn fastest(results: &[Result]) -> Option<&Result> {
    let p95 = |result: &Result| Percentiles::of(&result.run.clocks.final_text).map(|p| p.p95);
    results
        .iter()
        .filter(|result| keeps_promise(&result.run))
        .min_by(|a, b| p95(a).unwrap_or(f32::MAX).total_cmp(&p95(b).unwrap_or(f32::MAX)))
}

/// Final words in time, nothing lost, and nothing given up for it.
fn keeps_promise(run: &Run) -> bool {
    let in_time = Percentiles::of(&run.clocks.final_text).is_some_and(|p| p.p95 <= PROMISE_MS);
    let full = run.rungs.iter().all(|(rung, _)| rung == timeline::Rung::Full.name());
    in_time && full && run.lost_samples == 0
}

fn by_size(mut models: Vec<PathBuf>) -> Vec<PathBuf> {
    // One that cannot be read, or knows English only, is none to choose; `gids models list` says so.
    models.retain(|model| {
        ModelHeader::read(model).is_ok_and(|header| header.is_multilingual() && !header.is_demo())
    });
    models.sort_by_key(|model| std::fs::metadata(model).map_or(0, |metadata| metadata.len()));
    models
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sample;

    fn result(threads: usize, final_ms: f32, rung: &str, lost_samples: u64) -> Result {
        let mut run = sample::run("speculative");
        run.clocks.final_text = vec![final_ms];
        run.rungs = vec![(rung.to_owned(), 10.0)];
        run.lost_samples = lost_samples;
        Result { threads, run }
    }

    #[test]
    fn the_fastest_that_keeps_the_promise() {
        let chosen = |results: &[Result]| fastest(results).map(|result| result.threads);
        assert_eq!(chosen(&[result(1, 700.0, "full", 0), result(2, 500.0, "full", 0)]), Some(2));
        assert_eq!(chosen(&[result(1, 700.0, "full", 0), result(2, 1_200.0, "full", 0)]), Some(1));
        assert_eq!(chosen(&[result(1, 700.0, "finals_only", 0)]), None);
        assert_eq!(chosen(&[result(1, 700.0, "full", 1)]), None);
        assert_eq!(chosen(&[]), None);
    }
}
