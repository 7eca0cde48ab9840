//! `gids enrol` and `gids speakers`.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use capture::{ChannelMode, FileSource, MicSource, Poll, Source};
use speakers::Enrolment;
use timeline::{EventKind, Lang, Role, SAMPLE_RATE_HZ, Speaker, UtteranceEvent};

use crate::{
    cli::{Enrol, SessionArgs, SpeakersArgs},
    runtime,
    session_run::quiet_events,
};

/// Seconds of reading aloud; five of speech are needed.
const ENROL_S: u64 = 12;
/// A recording longer than this is no enrolment; its rest is not read.
const ENROL_MAX_S: usize = 120;
/// How long a microphone may give nothing at all.
const SILENT_DEVICE: Duration = Duration::from_secs(5);

/// Learns or forgets the practitioner's voice. What is stored is an embedding, never sound.
///
/// # Errors
/// See [`crate::command::run`].
pub fn enrol(args: &Enrol, lang: Lang) -> anyhow::Result<()> {
    let target = match &args.out {
        Some(path) => path.clone(),
        None => runtime::voice_file()?,
    };
    if args.delete {
        if !target.exists() {
            bail!("no voice is enrolled");
        }
        fs::remove_file(&target).with_context(|| format!("cannot delete {}", target.display()))?;
        eprintln!("deleted {}", target.display());
        return Ok(());
    }
    let samples = match &args.audio {
        Some(path) => read_recording(path)?,
        None => read_microphone(args.device.as_deref(), lang)?,
    };
    let enrolment = Enrolment::from_audio(&samples, &mut runtime::voice_model()?)?;
    enrolment.save(&target)?;
    eprintln!("enrolled: {} (numbers that describe the voice, no sound)", target.display());
    Ok(())
}

fn read_recording(path: &Path) -> anyhow::Result<Vec<f32>> {
    let mut source = FileSource::open(path, ChannelMode::Mix)?;
    let mut samples = Vec::new();
    let most = ENROL_MAX_S * SAMPLE_RATE_HZ as usize;
    while samples.len() < most {
        match source.poll()? {
            Poll::Block(block) => samples.extend_from_slice(&block.samples),
            Poll::End => break,
            Poll::Gap(_) | Poll::Pending => {}
        }
    }
    Ok(samples)
}

fn read_microphone(device: Option<&str>, lang: Lang) -> anyhow::Result<Vec<f32>> {
    let mut source = MicSource::open(device)?;
    eprintln!("{}", reading_text(lang));
    let wanted = (ENROL_S * u64::from(SAMPLE_RATE_HZ)) as usize;
    let mut samples = Vec::with_capacity(wanted);
    let mut heard = Instant::now();
    while samples.len() < wanted {
        match source.poll()? {
            Poll::Block(block) => {
                heard = Instant::now();
                samples.extend_from_slice(&block.samples);
            }
            Poll::End => break,
            Poll::Gap(_) => {}
            Poll::Pending if heard.elapsed() > SILENT_DEVICE => {
                bail!(
                    "the microphone {} gives no sound. Choose another: `gids devices`",
                    source.name()
                )
            }
            Poll::Pending => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    Ok(samples)
}

fn reading_text(lang: Lang) -> String {
    match lang {
        Lang::Nl => format!(
            "Lees dit in {ENROL_S} seconden rustig voor, zoals je in een gesprek praat:\n\
             „Vandaag wil ik vooral luisteren. Wat maakt dat je hier bent, en wat zou je graag anders zien?\n\
             We hoeven niets te overhaasten. Jij bepaalt wat er gebeurt, en ik denk met je mee.”"
        ),
        Lang::En => format!(
            "Read this aloud in {ENROL_S} seconds, the way you talk in a conversation:\n\
             \"Today I mostly want to listen. What brings you here, and what would you like to be different?\n\
             There is no need to hurry. You decide what happens, and I will think along with you.\""
        ),
    }
}

/// Prints who spoke when, as RTTM.
///
/// # Errors
/// See [`crate::command::run`].
pub fn speakers(args: &SpeakersArgs, lang: Lang) -> anyhow::Result<()> {
    let session = SessionArgs {
        model: args.model.clone(),
        mode: coach::Mode::Quiet,
        enrol: args.enrol.clone(),
        channels: args.channels,
        practitioner: args.practitioner,
        ..SessionArgs::plain(lang)
    };
    let source = super::listen::open_recording(&args.audio, args.channels)?;
    let name = args.audio.file_stem().map_or("stdin".into(), |stem| stem.to_string_lossy());
    let events = quiet_events(&session, source, &name)?;
    // The last word on who is who holds for the whole recording.
    let mut roles: Vec<Role> = Vec::new();
    let mut turns: Vec<&UtteranceEvent> = Vec::new();
    for event in &events {
        match &event.kind {
            EventKind::Roles { roles: latest } => roles.clone_from(latest),
            EventKind::Utterance(utterance) => turns.push(utterance),
            _ => {}
        }
    }
    let file = name.replace(char::is_whitespace, "_");
    let mut out = io::stdout().lock();
    for turn in turns {
        let speaker: Speaker = roles
            .iter()
            .find(|role| role.voice == turn.voice)
            .map_or(turn.speaker, |role| role.speaker);
        writeln!(
            out,
            "SPEAKER {file} 1 {:.3} {:.3} <NA> <NA> {} {:.3} <NA>",
            turn.start_s,
            turn.end_s - turn.start_s,
            speaker.name(),
            turn.confidence
        )?;
    }
    Ok(())
}
