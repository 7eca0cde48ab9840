//! `gids enrol` and `gids speakers`.

use std::{
    fmt::Display,
    fs,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use capture::{ChannelMode, FileSource, MicSource, Poll, Source};
use speakers::{Enrolment, EnrolmentError, Mode, SpeakersError, Tracker, VoiceEmbedder};
use timeline::{
    AudioBlock, BLOCK_LEN, ChannelId, EventKind, Lang, Role, SAMPLE_RATE_HZ, SampleIdx,
    SegmentEvent, Speaker, UtteranceEvent, VoiceId,
};

use crate::{
    cli::{CoachArgs, Enrol, SessionArgs, SpeakersArgs},
    diarize::diarize,
    runtime,
    session_run::{quiet_events, segmenters, speaker_mode},
    terminal::{
        self,
        texts::{Texts, fill},
    },
};

/// Seconds of reading aloud; five of speech are needed.
const ENROL_S: u64 = 12;
/// Seconds between the first and the last sound of each stretch of speech, the pauses between words included.
const ENROL_LEAST_S: f32 = 5.0;
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
    let texts = Texts::of(lang);
    let file: &dyn Display = &target.display();
    if args.delete {
        if !target.exists() {
            bail!(texts.enrol.nothing_to_delete);
        }
        fs::remove_file(&target)
            .with_context(|| fill(texts.enrol.cannot_delete, &[("file", file)]))?;
        terminal::line(&fill(texts.enrol.deleted, &[("file", file)]));
        return Ok(());
    }
    // Before anybody reads aloud for nothing.
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(|| {
            fill(texts.enrol.cannot_make_folder, &[("folder", &folder.display())])
        })?;
    }
    let samples = match &args.audio {
        Some(path) => read_recording(path)?,
        None => read_microphone(args.device.as_deref(), texts)?,
    };
    let enrolment = check_speech(&samples)
        .and_then(|()| Ok(Enrolment::from_audio(&samples, &mut runtime::voice_model()?)?))
        .map_err(|error| in_words(error, texts))?;
    enrolment.save(&target)?;
    terminal::line(&fill(texts.enrol.enrolled, &[("file", file)]));
    Ok(())
}

/// An enrolment that does not do is said in the user's language; anything else stays as it is.
fn in_words(error: anyhow::Error, texts: &Texts) -> anyhow::Error {
    let found = match error.downcast_ref() {
        Some(SpeakersError::Enrolment(found)) => Some(found),
        _ => error.downcast_ref::<EnrolmentError>(),
    };
    found.map(|found| anyhow!(texts.enrolment_error(found))).unwrap_or(error)
}

/// The voice in a recording, as `gids enrol` takes it.
///
/// # Errors
/// The recording is broken, or no good as an enrolment.
pub(crate) fn enrol_recording(
    path: &Path,
    embedder: &mut impl VoiceEmbedder,
) -> anyhow::Result<Enrolment> {
    let samples = read_recording(path)?;
    let enrolment = check_speech(&samples)
        .and_then(|()| Enrolment::from_audio(&samples, embedder).map_err(Into::into));
    enrolment.with_context(|| format!("{} does not do as an enrolment", path.display()))
}

/// Music and machines are no voice, though they have one in the eyes of a voice model.
fn check_speech(samples: &[f32]) -> anyhow::Result<()> {
    let mut segmenter = segmenters(1)?.pop().context("there is no channel")?;
    let mut events = Vec::new();
    for (i, samples) in samples.chunks_exact(BLOCK_LEN).enumerate() {
        let start = SampleIdx((i * BLOCK_LEN) as u64);
        let block = AudioBlock { channel: ChannelId(0), start, samples: samples.to_vec() };
        segmenter.push(&block, &mut events)?;
    }
    segmenter.finish(&mut events);
    let speech = events.iter().map(|event| match event {
        SegmentEvent::Closed { speech_start, speech_end, .. } => speech_end.since(*speech_start),
        _ => 0,
    });
    let got_s = SampleIdx(speech.sum()).as_secs() as f32;
    if got_s < ENROL_LEAST_S {
        return Err(EnrolmentError::TooShort { got_s, want_s: ENROL_LEAST_S }.into());
    }
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

fn read_microphone(device: Option<&str>, texts: &Texts) -> anyhow::Result<Vec<f32>> {
    let mut source = MicSource::open(device)?;
    terminal::line(&fill(texts.enrol.reading, &[("seconds", &ENROL_S)]));
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
                bail!(fill(texts.enrol.no_sound, &[("name", &source.name())]))
            }
            Poll::Pending => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    Ok(samples)
}

/// Prints who spoke when, as RTTM.
///
/// # Errors
/// See [`crate::command::run`].
pub fn speakers(args: &SpeakersArgs, lang: Lang) -> anyhow::Result<()> {
    let mut source = super::listen::open_recording(&args.audio, args.channels)?;
    let name = args.audio.file_stem().map_or("stdin".into(), |stem| stem.to_string_lossy());
    if args.roles {
        return roles(args, lang, source, &name);
    }
    let session = SessionArgs {
        enrol: args.enrol.clone(),
        practitioner: args.practitioner,
        ..SessionArgs::plain(lang)
    };
    let embedder = runtime::voice_model()?;
    let mode = speaker_mode(&session, source.channels())?;
    let named = !matches!(mode, Mode::Cluster);
    let tracker = Tracker::new(mode, embedder.model().clone())?;
    let segmenters = segmenters(source.channels())?;
    let progress = terminal::progress(source.total());
    let found = diarize(source.as_mut(), segmenters, tracker, embedder, &mut |at| {
        progress.set_position(at.as_secs() as u64);
    })?;
    progress.finish_and_clear();
    if found.turns.is_empty() {
        bail!(
            "no speech was heard in {:.0} s: is it the right recording, and loud enough?",
            found.length.as_secs()
        );
    }
    if found.turns.iter().all(|turn| turn.voice == found.turns[0].voice) {
        terminal::line("gids: only one voice was heard");
    }
    let lines = found.joined().into_iter().map(|turn| Line {
        start_s: turn.span.start.as_secs(),
        end_s: turn.span.end.as_secs(),
        name: match (turn.voice, named) {
            (VoiceId::STRANGER, _) => "other".to_owned(),
            (_, true) => turn.speaker.name().to_owned(),
            (VoiceId(voice), false) => format!("speaker_{}", voice + 1),
        },
        confidence: turn.confidence,
    });
    write_rttm(&name, lines)
}

/// The same with the words, which tell who is who where no voice is enrolled: it takes the speech model's time.
fn roles(
    args: &SpeakersArgs,
    lang: Lang,
    source: Box<dyn Source>,
    name: &str,
) -> anyhow::Result<()> {
    let session = SessionArgs {
        model: args.model.clone(),
        coach: CoachArgs { mode: coach::Mode::Quiet, ..CoachArgs::default() },
        enrol: args.enrol.clone(),
        channels: args.channels,
        practitioner: args.practitioner,
        ..SessionArgs::plain(lang)
    };
    let events = quiet_events(&session, source, name)?;
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
    let lines = turns.into_iter().map(|turn| {
        let role = roles.iter().find(|role| role.voice == turn.voice);
        let speaker: Speaker = role.map_or(turn.speaker, |role| role.speaker);
        let stranger = turn.voice == VoiceId::STRANGER;
        Line {
            start_s: turn.start_s,
            end_s: turn.end_s,
            name: if stranger { "other".to_owned() } else { speaker.name().to_owned() },
            confidence: turn.confidence,
        }
    });
    write_rttm(name, lines)
}

/// A line of RTTM.
struct Line {
    start_s: f64,
    end_s: f64,
    name: String,
    confidence: f32,
}

fn write_rttm(recording: &str, lines: impl Iterator<Item = Line>) -> anyhow::Result<()> {
    let recording = recording.replace(char::is_whitespace, "_");
    let mut out = io::stdout().lock();
    for Line { start_s, end_s, name, confidence } in lines {
        let length_s = end_s - start_s;
        writeln!(
            out,
            "SPEAKER {recording} 1 {start_s:.3} {length_s:.3} <NA> <NA> {name} {confidence:.3} <NA>"
        )?;
    }
    Ok(())
}
