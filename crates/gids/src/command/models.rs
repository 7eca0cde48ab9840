//! `gids models`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use speakers::{Enrolment, NETWORK_FILE, OnnxEmbedder, VoiceEmbedder as _};
use timeline::Lang;
use transcribe::{ModelHeader, Whisper, WhisperConfig};

use crate::{cli::Models, runtime, said, session_run::sha256, terminal};

/// The name of Gids' own voice model in these commands, whatever its version.
const OWN_VOICE: &str = "own";
/// The name of Gids' own speech model, as in `--model demo`.
const DEMO: &str = "demo";

/// Lists, imports, chooses or verifies speech and voice models.
///
/// # Errors
/// See [`crate::command::run`].
pub fn run(command: Models) -> anyhow::Result<()> {
    match command {
        Models::List => list(),
        Models::Import { file, not_default } if is_onnx(&file) => import_voice(&file, !not_default),
        Models::Import { file, not_default } => import(&file, !not_default),
        Models::Use { name } => use_model(&name),
        Models::Verify => verify(),
    }
}

fn is_onnx(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}

fn installed() -> anyhow::Result<Vec<PathBuf>> {
    let mut models = runtime::imported_models()?;
    models.push(runtime::own_file(runtime::DEMO_MODEL)?);
    Ok(models)
}

/// The voice models; none for Gids' own, which comes last.
fn installed_voices() -> anyhow::Result<Vec<Option<PathBuf>>> {
    Ok(runtime::imported_voice_models()?.into_iter().map(Some).chain([None]).collect())
}

fn voice_name(path: Option<&Path>) -> String {
    path.map_or_else(|| OWN_VOICE.to_owned(), file_name)
}

fn load_voice(path: Option<&Path>) -> anyhow::Result<OnnxEmbedder> {
    path.map_or_else(runtime::own_voice_model, runtime::imported_voice_model)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn list() -> anyhow::Result<()> {
    // A default that is gone is no reason not to show what there is.
    let tell = |error: anyhow::Error| terminal::line(&format!("gids: {}", said(&error)));
    let used = runtime::model(None).map_err(tell).ok();
    let used_voice = runtime::default_voice_model().map_err(tell).ok();
    let mut out = io::stdout().lock();
    let mut line = |used: bool, name: String, description: anyhow::Result<String>| {
        let mark = if used { "*" } else { " " };
        match description {
            Ok(description) => writeln!(out, "{mark} {name}\t{description}"),
            Err(error) => writeln!(out, "{mark} {name}\t(unusable: {})", said(&error)),
        }
    };
    for path in installed()? {
        let description = runtime::describe_model(&path).map(|facts| facts.to_string());
        line(used.as_ref() == Some(&path), file_name(&path), description)?;
    }
    for path in installed_voices()? {
        let description = load_voice(path.as_deref())
            .map(|embedder| runtime::describe_voice_model(embedder.model()));
        line(used_voice.as_ref() == Some(&path), voice_name(path.as_deref()), description)?;
    }
    Ok(())
}

fn import(file: &Path, make_default: bool) -> anyhow::Result<()> {
    // Loaded once, so that a file that is cut off is found here and not in a session.
    let header = load(file)?;
    if header.is_demo() {
        bail!("{} is the demo model, which is always there", file.display());
    }
    let target = copy_into(&runtime::models_dir()?, file, "bin", |_copy| Ok(()))?;
    let name = file_name(&target);
    if make_default {
        runtime::set_default_model(&name)?;
    }
    let description = runtime::describe_model(&target)?;
    let role = if make_default { ", used from now on" } else { "" };
    eprintln!("imported {name}: {description}{role}");
    Ok(())
}

fn import_voice(file: &Path, make_default: bool) -> anyhow::Result<()> {
    // Loading runs it, so that what is no voice model is found here and not in a session.
    runtime::imported_voice_model(file)?;
    let target = copy_into(&runtime::voice_models_dir()?, file, "onnx", |copy| {
        runtime::imported_voice_model(copy).map(drop).with_context(|| {
            format!(
                "{} works where it is and its copy does not: if its weights lie in a file of their own, save it with \
                 them inside",
                file.display()
            )
        })
    })?;
    let name = file_name(&target);
    if make_default {
        runtime::set_default_voice_model(Some(&name))?;
    }
    let embedder = runtime::imported_voice_model(&target)?;
    let role = if make_default { ", used from now on" } else { "" };
    eprintln!("imported {name}: {}{role}", runtime::describe_voice_model(embedder.model()));
    if make_default {
        tell_of_enrolment(&embedder);
    }
    Ok(())
}

/// Copies a file into a folder of models; `check` has the last word before it counts as one.
fn copy_into(
    folder: &Path,
    file: &Path,
    extension: &str,
    check: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let name = file.file_name().context("the path names no file")?;
    // The name is noted as text where it becomes the default.
    name.to_str().with_context(|| format!("{} has no readable name", file.display()))?;
    let target = folder.join(name).with_extension(extension);
    if target.exists() {
        bail!("{} is there already; delete it first to replace it", target.display());
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make {}: check its permissions", folder.display()))?;
    // Under another name until it is whole: a copy that breaks off never looks like a model.
    let part = target.with_extension("part");
    let full = || format!("cannot copy to {}: is the disk full?", target.display());
    let copied = fs::copy(file, &part)
        .with_context(full)
        .and_then(|_bytes| check(&part))
        .and_then(|()| fs::rename(&part, &target).with_context(full));
    if copied.is_err() && part.exists() {
        fs::remove_file(&part).with_context(|| format!("cannot remove {}", part.display()))?;
    }
    copied.map(|()| target)
}

fn use_model(name: &str) -> anyhow::Result<()> {
    if name == OWN_VOICE {
        return use_voice(None);
    }
    let demo = runtime::own_file(runtime::DEMO_MODEL)?;
    if name == DEMO || name == file_name(&demo) {
        runtime::forget_default_model()?;
        eprintln!("{DEMO}: {}, used from now on", runtime::describe_model(&demo)?);
        return Ok(());
    }
    let speech = |path: &PathBuf| {
        let file = file_name(path);
        file == name || file == format!("ggml-{name}.bin")
    };
    let voice = |path: &PathBuf| {
        let file = file_name(path);
        file == name || file == format!("{name}.onnx")
    };
    let speech = runtime::imported_models()?.into_iter().find(speech);
    let voice = runtime::imported_voice_models()?.into_iter().find(voice);
    match (speech, voice) {
        (Some(speech), Some(voice)) => bail!(
            "\"{name}\" is a speech model and a voice model; say {} or {}",
            file_name(&speech),
            file_name(&voice)
        ),
        (Some(path), None) => {
            load(&path)?;
            let name = file_name(&path);
            runtime::set_default_model(&name)?;
            eprintln!("{name}: {}, used from now on", runtime::describe_model(&path)?);
            Ok(())
        }
        (None, Some(path)) => use_voice(Some(&path)),
        (None, None) => bail!(
            "no model \"{name}\" was imported. See `gids models list`, or run `gids models import FILE`"
        ),
    }
}

fn use_voice(path: Option<&Path>) -> anyhow::Result<()> {
    let embedder = load_voice(path)?;
    let name = voice_name(path);
    runtime::set_default_voice_model(path.is_some().then_some(&name))?;
    eprintln!("{name}: {}, used from now on", runtime::describe_voice_model(embedder.model()));
    tell_of_enrolment(&embedder);
    Ok(())
}

/// An enrolment is worth nothing to another model: better said now than when the next session refuses it.
fn tell_of_enrolment(embedder: &OnnxEmbedder) {
    let enrolment = runtime::voice_file().ok().and_then(|path| Enrolment::load(&path).ok());
    if let Some(other) = enrolment.filter(|it| it.model() != embedder.model().name) {
        eprintln!(
            "your voice was enrolled with the voice model \"{}\": run `gids enrol` again",
            other.model()
        );
    }
}

fn verify() -> anyhow::Result<()> {
    let mut broken = 0;
    let mut out = io::stdout().lock();
    let mut line = |name: String, sum: anyhow::Result<String>| -> io::Result<()> {
        match sum {
            Ok(sum) => writeln!(out, "{sum}  {name}")?,
            Err(error) => {
                broken += 1;
                eprintln!("gids: {name}: {}", said(&error));
            }
        }
        Ok(())
    };
    for path in installed()? {
        line(file_name(&path), load(&path).and_then(|_header| sha256(&path)))?;
    }
    for path in installed_voices()? {
        let sum = load_voice(path.as_deref()).and_then(|_embedder| match &path {
            Some(path) => sha256(path),
            None => sha256(&runtime::own_voice_folder()?.join(NETWORK_FILE)),
        });
        line(voice_name(path.as_deref()), sum)?;
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
