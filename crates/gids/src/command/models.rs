//! `gids models`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use timeline::Lang;
use transcribe::{ModelHeader, Whisper, WhisperConfig};

use crate::{cli::Models, runtime, said, session_run::sha256, terminal};

/// Lists, imports or verifies speech models.
///
/// # Errors
/// See [`crate::command::run`].
pub fn run(command: Models) -> anyhow::Result<()> {
    match command {
        Models::List => list(),
        Models::Import { file, not_default } => import(&file, !not_default),
        Models::Verify => verify(),
    }
}

fn installed() -> anyhow::Result<Vec<PathBuf>> {
    let mut models = runtime::imported_models()?;
    models.push(runtime::own_file(runtime::DEMO_MODEL)?);
    Ok(models)
}

fn list() -> anyhow::Result<()> {
    // A default that is gone is no reason not to show what there is.
    let used = runtime::model(None)
        .map_err(|error| terminal::line(&format!("gids: {}", said(&error))))
        .ok();
    let mut out = io::stdout().lock();
    for path in installed()? {
        let mark = if used.as_ref() == Some(&path) { "*" } else { " " };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match runtime::describe_model(&path) {
            Ok((description, _)) => writeln!(out, "{mark} {name}\t{description}")?,
            Err(error) => writeln!(out, "{mark} {name}\t(unusable: {error:#})")?,
        }
    }
    Ok(())
}

fn import(file: &Path, make_default: bool) -> anyhow::Result<()> {
    // Loaded once, so that a file that is cut off is found here and not in a session.
    let header = load(file)?;
    if header.is_demo() {
        bail!("{} is the demo model, which is always there", file.display());
    }
    let folder = runtime::models_dir()?;
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}: check its permissions", folder.display()))?;
    let name = file.file_name().context("the path names no file")?;
    let name = Path::new(name).with_extension("bin");
    let target = folder.join(&name);
    if target.exists() {
        bail!("{} is there already; delete it first to replace it", target.display());
    }
    // Under another name until it is whole: a copy that breaks off never looks like a model.
    let part = target.with_extension("part");
    let copied = fs::copy(file, &part)
        .and_then(|_bytes| fs::rename(&part, &target))
        .with_context(|| format!("cannot copy to {}: is the disk full?", target.display()));
    if copied.is_err() && part.exists() {
        fs::remove_file(&part).with_context(|| format!("cannot remove {}", part.display()))?;
    }
    copied?;
    let name = name.to_string_lossy();
    if make_default {
        runtime::set_default_model(&name)?;
    }
    let (description, _) = runtime::describe_model(&target)?;
    let role = if make_default { ", used from now on" } else { "" };
    eprintln!("imported {name}: {description}{role}");
    Ok(())
}

fn verify() -> anyhow::Result<()> {
    let mut broken = 0;
    let mut out = io::stdout().lock();
    for path in installed()? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match load(&path).and_then(|_header| sha256(&path)) {
            Ok(sum) => writeln!(out, "{sum}  {name}")?,
            Err(error) => {
                broken += 1;
                eprintln!("gids: {name}: {error:#}");
            }
        }
    }
    if broken > 0 {
        bail!("{broken} model(s) cannot be used; delete them and import them again");
    }
    Ok(())
}

fn load(path: &Path) -> anyhow::Result<ModelHeader> {
    // English, since every model knows it.
    let config = WhisperConfig { model: path.to_owned(), lang: Lang::En, threads: 1 };
    Ok(Whisper::load(&config)?.header().clone())
}
