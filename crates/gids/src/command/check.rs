//! `gids devices` and `gids doctor`.

use std::{
    fs,
    io::{self, Write as _},
};

use anyhow::bail;
use coding::Coder;
use segment::Silero;
use speakers::VoiceEmbedder as _;
use timeline::Lang;
use transcribe::{Whisper, WhisperConfig};

use crate::runtime;

/// A line for each microphone.
///
/// # Errors
/// The sound system does not answer, or there is no microphone.
pub fn devices() -> anyhow::Result<()> {
    let devices = capture::input_devices()?;
    if devices.is_empty() {
        bail!("no microphone was found. Plug one in, or check that the sound server runs");
    }
    let mut out = io::stdout().lock();
    for device in devices {
        let mark = if device.is_default { "*" } else { " " };
        writeln!(
            out,
            "{mark} {}\t{} Hz\t{} channel(s)\t{}",
            device.name, device.rate_hz, device.channels, device.host
        )?;
    }
    Ok(())
}

enum Finding {
    Good(String),
    Warn(String),
    Bad(String),
}

/// Checks everything that a session needs.
///
/// # Errors
/// At least one check failed.
pub fn doctor() -> anyhow::Result<()> {
    let onnx = runtime::onnx();
    let mut findings = vec![(
        "onnx runtime",
        check(runtime::onnx_library().and_then(|path| {
            onnx.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
            Ok(path.display().to_string())
        })),
    )];
    if let Ok(onnx) = onnx {
        findings.push((
            "voice activity",
            check(runtime::silero().and_then(|path| {
                Silero::load(onnx, &path)?;
                Ok(path.display().to_string())
            })),
        ));
        findings.push((
            "mi coder",
            check(runtime::coder().and_then(|path| {
                Coder::load(&path, onnx)?;
                Ok(path.display().to_string())
            })),
        ));
    }
    findings.push((
        "voice model",
        check(runtime::voice_model().map(|embedder| embedder.model().name.clone())),
    ));
    findings.push(("speech model", speech_model()));
    findings.push(("roleplays", check(runtime::roleplays().map(|names| names.join(", ")))));
    findings.push(("data folder", check(data_folder())));
    findings.push(("enrolled voice", enrolled()));
    findings.push(("microphone", microphone()));

    let mut out = io::stdout().lock();
    let mut bad = 0;
    for (name, finding) in findings {
        let (mark, text) = match finding {
            Finding::Good(text) => ("ok  ", text),
            Finding::Warn(text) => ("note", text),
            Finding::Bad(text) => {
                bad += 1;
                ("FAIL", text)
            }
        };
        writeln!(out, "{mark}  {name:<15} {text}")?;
    }
    drop(out);
    if bad > 0 {
        bail!("{bad} check(s) failed; each line above says what to do");
    }
    Ok(())
}

fn check(result: anyhow::Result<String>) -> Finding {
    match result {
        Ok(text) => Finding::Good(text),
        Err(error) => Finding::Bad(format!("{error:#}")),
    }
}

fn speech_model() -> Finding {
    let loaded = runtime::model(None).and_then(|path| {
        let facts = runtime::describe_model(&path)?;
        Whisper::load(&WhisperConfig { model: path.clone(), lang: Lang::En, threads: 1 })?;
        Ok((format!("{}: {facts}", path.display()), facts.is_demo()))
    });
    match loaded {
        Ok((text, true)) => Finding::Warn(format!(
            "{text}. It makes nonsense of real voices: get a Whisper model (ggml-*.bin) and run `gids models import FILE`"
        )),
        Ok((text, false)) => Finding::Good(text),
        Err(error) => Finding::Bad(format!("{error:#}")),
    }
}

/// Whether a session could be kept: writes and removes a file.
fn data_folder() -> anyhow::Result<String> {
    let folder = runtime::user_dir()?;
    let probe = folder.join(".probe");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&probe, b"probe"))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| {
            anyhow::anyhow!(
                "{} cannot be written ({error}): free some space, or set GIDS_DATA_DIR to another folder",
                folder.display()
            )
        })?;
    Ok(folder.display().to_string())
}

fn enrolled() -> Finding {
    let voice = match runtime::voice_file() {
        Ok(path) => path,
        Err(error) => return Finding::Bad(format!("{error:#}")),
    };
    if !voice.exists() {
        return Finding::Warn(
            "none: Gids guesses who is the practitioner. `gids enrol` makes it sure".to_owned(),
        );
    }
    check(speakers::Enrolment::load(&voice).map_err(Into::into).and_then(|enrolment| {
        // A broken voice model has a line of its own.
        if let Ok(embedder) = runtime::voice_model()
            && embedder.model().name != enrolment.model()
        {
            bail!(
                "{} was made with the voice model \"{}\", but \"{}\" is in use: run `gids enrol` again",
                voice.display(),
                enrolment.model(),
                embedder.model().name
            );
        }
        Ok(voice.display().to_string())
    }))
}

fn microphone() -> Finding {
    match capture::input_devices() {
        Ok(devices) => {
            let default = devices.iter().find(|device| device.is_default).or(devices.first());
            default.map_or_else(
                || Finding::Warn("none: `gids demo` and `gids replay` work without one".to_owned()),
                |device| Finding::Good(format!("{} ({} Hz)", device.name, device.rate_hz)),
            )
        }
        Err(error) => {
            Finding::Warn(format!("{error} (`gids demo` and `gids replay` work without one)"))
        }
    }
}
