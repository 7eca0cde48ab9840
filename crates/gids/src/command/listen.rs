//! `gids demo`, `gids live`, `gids replay`: one session, three sources.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use capture::{ChannelMode, FileSource, MicSource, Source};
use timeline::Lang;

use crate::{
    cli::{CoachArgs, Demo, Live, Replay, SessionArgs},
    runtime,
    session_run::{Plan, Show, run},
    terminal::{self, texts::Texts},
    wire::Pace,
};

/// The roleplay that walks through all that Gids does.
const DEMO_NL: &str = "nl-stramme-knie";
const DEMO_EN: &str = "en-stiff-shoulder";

/// Plays a bundled roleplay at real-time speed.
///
/// # Errors
/// See [`crate::command::run`].
pub fn demo(args: Demo, lang: Lang) -> anyhow::Result<()> {
    let name = args.roleplay.unwrap_or_else(|| {
        match lang {
            Lang::Nl => DEMO_NL,
            Lang::En => DEMO_EN,
        }
        .to_owned()
    });
    // A roleplay says its language by its name.
    let lang = name.get(..2).and_then(|code| code.parse().ok()).unwrap_or(lang);
    let audio = runtime::roleplay(&name)?;
    let session = SessionArgs {
        model: Some("demo".to_owned()),
        coach: CoachArgs { mode: args.mode, ..CoachArgs::default() },
        headless: args.headless,
        ..SessionArgs::plain(lang)
    };
    let source = FileSource::open(&audio, ChannelMode::Auto)?;
    run(Plan {
        show: show(&session, true),
        sound: !args.mute,
        source: Box::new(source),
        source_name: name,
        pace: Pace::RealTime,
        consent: None,
        session,
    })
}

/// A recording through the pipeline.
///
/// # Errors
/// See [`crate::command::run`].
pub fn replay(mut args: Replay, lang: Lang) -> anyhow::Result<()> {
    args.session.lang = lang;
    let source = open_recording(&args.audio, args.session.channels)?;
    run(Plan {
        show: show(&args.session, args.realtime),
        sound: args.sound,
        source,
        source_name: args.audio.display().to_string(),
        pace: if args.realtime { Pace::RealTime } else { Pace::Fast },
        consent: None,
        session: args.session,
    })
}

/// A microphone session, after the consent step.
///
/// # Errors
/// See [`crate::command::run`].
pub fn live(mut args: Live, lang: Lang) -> anyhow::Result<()> {
    args.session.lang = lang;
    let lang = args.session.interface.unwrap_or(args.session.lang);
    if args.session.channels == ChannelMode::Split {
        bail!("a microphone is heard as one channel; --channels split is for recordings");
    }
    // What would fail later fails before anybody is asked for consent.
    let model = runtime::model(args.session.model.as_deref())?;
    if runtime::describe_model(&model)?.is_demo() {
        terminal::line(terminal::demo_model_warning(lang));
    }
    if !args.consent {
        ask_consent(lang, args.session.keep)?;
    }
    let source = MicSource::open(args.device.as_deref())?;
    let source_name = source.name().to_owned();
    run(Plan {
        show: show(&args.session, true),
        sound: false,
        source: Box::new(source),
        source_name,
        pace: Pace::Live,
        consent: Some(true),
        session: args.session,
    })
}

/// A file, or WAV on stdin.
pub(super) fn open_recording(
    audio: &Path,
    channels: ChannelMode,
) -> anyhow::Result<Box<dyn Source>> {
    if audio == Path::new("-") {
        let stdin = FileSource::from_reader("stdin", Box::new(io::stdin()), channels)?;
        return Ok(Box::new(stdin));
    }
    Ok(Box::new(FileSource::open(audio, channels)?))
}

fn show(session: &SessionArgs, wants_window: bool) -> Show {
    if wants_window && !session.headless && has_display() { Show::Window } else { Show::Terminal }
}

fn has_display() -> bool {
    if cfg!(any(target_os = "macos", target_os = "windows")) {
        return true;
    }
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The consent step: nobody is listened to who was not told.
fn ask_consent(lang: Lang, keep: bool) -> anyhow::Result<()> {
    let texts = &Texts::of(lang).consent;
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        bail!(texts.nobody_there);
    }
    eprint!("{}", terminal::consent_question(lang, keep));
    io::stderr().flush().context("cannot write to the terminal")?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).context("cannot read the answer")?;
    if terminal::agrees(&answer) {
        return Ok(());
    }
    bail!(texts.refused)
}
