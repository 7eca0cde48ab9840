//! `gids bench`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, bail};
use session::rfc3339_utc;
use timeline::Lang;
use transcribe::{Policy, is_shape, write_shape};

use super::recording_lang;
use crate::{
    bench::{
        Machine, Report,
        audio::Audio,
        calibrate, check_plot, compare, csv,
        measure::{self, Trial},
        plot, ratios, soak, speakers, table, window,
    },
    cli::{Bench, BenchLatency, BenchShapes, BenchSpeakers, PolicyArg},
    runtime,
    terminal::line,
};

/// Measures this machine.
///
/// # Errors
/// See [`crate::command::run`].
pub fn run(command: Bench, given: Option<Lang>) -> anyhow::Result<()> {
    match command {
        Bench::Latency(args) => latency(&args, given),
        Bench::Calibrate(args) => calibrate::run(&args),
        Bench::Shapes(args) => shapes(&args),
        Bench::Soak(args) => soak::run(&args),
        Bench::Speakers(args) => who_speaks(&args),
    }
}

fn latency(args: &BenchLatency, given: Option<Lang>) -> anyhow::Result<()> {
    // What would fail at the end fails before minutes of measuring.
    if let Some(path) = &args.plot {
        check_plot(path)?;
    }
    let old = args.compare.as_deref().map(Report::read).transpose()?;
    if args.first.is_some_and(|first| !(first.is_finite() && first >= 5.0)) {
        bail!("--first takes seconds, at least 5");
    }
    let models = models(&args.model)?;
    let mut audios = audios(&args.audio, given, args.first)?;
    for model in &models {
        if is_shape(model)? {
            give_scripts(&mut audios)?;
            break;
        }
    }
    let mut report = Report {
        gids: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: rfc3339_utc(SystemTime::now()),
        machine: Machine::here(),
        runs: Vec::new(),
    };
    if args.window {
        let ([model], [audio], [policy]) = (&models[..], &audios[..], &args.policy[..]) else {
            bail!("--window measures one recording, one model and one policy: name one of each");
        };
        let trial = Trial { model, threads: args.threads, policy: policy_of(*policy) };
        report.runs.push(window::run(&trial, audio)?);
    } else {
        let length: f64 = audios.iter().map(Audio::secs).sum();
        for model in &models {
            for policy in &args.policy {
                let trial = Trial { model, threads: args.threads, policy: policy_of(*policy) };
                line(&format!("gids: {length:.0} s of talk with {} ...", model.display()));
                report.runs.push(measure::run(&trial, &audios)?);
            }
        }
    }
    print!("{}", table(&report));
    print!("{}", ratios(&report));
    if let Some(old) = &old {
        print!("{}", compare(&report, old));
    }
    if let Some(path) = &args.json {
        write(path, &report.to_json()?)?;
    }
    if let Some(path) = &args.csv {
        write(path, &csv(&report))?;
    }
    if let Some(path) = &args.plot {
        plot(&report, path)?;
    }
    Ok(())
}

fn who_speaks(args: &BenchSpeakers) -> anyhow::Result<()> {
    let rows = speakers::run(&args.folder, &mut |name| line(&format!("gids: {name} ...")))?;
    print!("{}", speakers::table(&rows));
    println!("{}", speakers::LEGEND);
    if let Some(path) = &args.json {
        write(path, &serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

fn policy_of(policy: PolicyArg) -> Policy {
    match policy {
        PolicyArg::Speculative => Policy::Speculative,
        PolicyArg::Window => Policy::Window,
        PolicyArg::Final => Policy::Final,
    }
}

fn models(named: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    if named.is_empty() {
        return Ok(vec![runtime::model(None)?]);
    }
    named.iter().map(|name| runtime::model(Some(name))).collect()
}

/// The recordings that were named, or the bundled ones.
pub(crate) fn audios(
    named: &[PathBuf],
    given: Option<Lang>,
    first_s: Option<f64>,
) -> anyhow::Result<Vec<Audio>> {
    let bundled = if named.is_empty() {
        runtime::roleplays()?.iter().map(|name| runtime::roleplay(name)).collect()
    } else {
        Ok(Vec::new())
    }?;
    let paths = named.iter().chain(&bundled);
    paths.map(|path| Audio::read(path, recording_lang(given, path), first_s)).collect()
}

/// A model of random weights says what it is given. Where no transcript lies beside a recording, the model in use
/// listens to it first.
fn give_scripts(audios: &mut [Audio]) -> anyhow::Result<()> {
    for audio in audios.iter_mut().filter(|audio| audio.script.is_none()) {
        let model = runtime::model(None)?;
        let trial = Trial { model: &model, threads: None, policy: Policy::Final };
        let words = measure::whole_words(&trial, audio)?;
        if words.is_empty() {
            bail!(
                "nothing was understood in {}: put its transcript beside it as {}.jsonl",
                audio.name,
                audio.name
            );
        }
        audio.script = Some(words);
    }
    Ok(())
}

fn shapes(args: &BenchShapes) -> anyhow::Result<()> {
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("shape-{}-{}.bin", args.size, args.precision)));
    // Never a real model: that may have taken hours to download.
    if out.exists() && !is_shape(&out).unwrap_or(false) {
        bail!("{} exists and is no shape: choose another name with --out", out.display());
    }
    let template = runtime::own_file(runtime::DEMO_MODEL)?;
    let bytes = write_shape(args.size, args.precision, &template, &out)?;
    line(&format!(
        "{} ({:.0} MB): random numbers in the shape of {}. Use it with gids bench latency --model {}",
        out.display(),
        bytes as f64 / 1e6,
        args.size,
        out.display()
    ));
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
