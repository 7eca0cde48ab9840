//! Makes the parts of a session, runs it, and shows it in a window or a terminal.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::SystemTime,
};

use anyhow::{Context as _, bail};
use capture::{Player, Source};
use coach::Budget;
use coding::Coder;
use crossbeam_channel::bounded;
use overlay::SessionView;
use segment::{Segmenter, SegmenterConfig, Silero};
use session::{FORMAT_VERSION, Journal, Store, rfc3339_utc};
use sha2::{Digest as _, Sha256};
use speakers::{Enrolment, Mode, Tracker, VoiceEmbedder as _};
use timeline::{ChannelId, EventKind, Lang, SampleIdx, SessionEvent, SessionHeader};
use transcribe::{Policy, Recognizer, Whisper, WhisperConfig};

use crate::{
    cli::{SessionArgs, Side},
    coaching, runtime, said,
    terminal::{
        Terminal, line,
        texts::{Texts, fill},
    },
    window::{self, WindowInputs, WindowWaker},
    wire::{Control, Pace, Parts, Running, Smaller, wire},
};

/// More threads than this hardly help an encoder of that size, and starve the rest of the machine.
const MAX_THREADS: usize = 4;

/// Where a session is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// The overlay.
    Window,
    /// Lines on stderr.
    Terminal,
}

/// A session that has a source and is not running yet.
pub struct Plan {
    /// The options.
    pub session: SessionArgs,
    /// Where the audio comes from.
    pub source: Box<dyn Source>,
    /// What to call it.
    pub source_name: String,
    /// How fast it is read.
    pub pace: Pace,
    /// Where it is shown.
    pub show: Show,
    /// Whether a replay is heard as well.
    pub sound: bool,
    /// Whether the consent step was passed; `None` where there is none.
    pub consent: Option<bool>,
}

/// Runs a session to its end.
///
/// # Errors
/// A part cannot be made, or a stage failed; what was journalled is on disk.
pub fn run(plan: Plan) -> anyhow::Result<()> {
    let Plan { session, source, source_name, pace, show, sound, consent } = plan;
    let interface = session.interface.unwrap_or(session.lang);
    let total = source.total();
    let model_path = runtime::model(session.model.as_deref())?;
    let texts = Texts::of(interface);
    let facts = runtime::describe_model(&model_path)?;
    let recognizer = Box::new(Whisper::load(&whisper_config(&session, &model_path))?);
    let outset = Outset { source, name: source_name, pace, consent, recognizer };
    let mut parts = make_parts(&session, outset, &model_path)?;
    if sound {
        parts.player = open_player(parts.source.channels(), texts);
    }
    let kept = session.keep.then(|| parts.header.id.clone());
    let threads = threads(&session);

    let waker = WindowWaker::default();
    let wake = waker.clone();
    let running = wire(parts, Box::new(move || wake.wake()))?;
    stop_on_ctrl_c(&running)?;
    let mut terminal = Terminal::new(interface, pace, total);
    terminal.say(&texts.model(&facts, threads));
    if show == Show::Window {
        let view = SessionView::new(interface, facts.is_demo());
        if let Err(error) = show_window(view, waker, &running, &mut terminal) {
            line(&fill(texts.session.no_window, &[("problem", &said(&error))]));
        } else {
            // Nobody is left to be told where the window was closed because the session had ended.
            running.control.send(Control::Stop).ok();
        }
    }
    terminal.run(&running.events);
    let summary = running.join();
    terminal.finish(summary.as_ref().ok(), kept.as_deref());
    let faults = summary?.faults;
    if faults > 0 {
        bail!(fill(texts.session.faults, &[("count", &faults)]));
    }
    Ok(())
}

/// Cues whose painting may wait to be counted; a session makes a few a minute.
const PRESENTED: usize = 64;

/// Runs the window until it is closed, or the session has ended.
fn show_window(
    view: SessionView,
    waker: WindowWaker,
    running: &Running,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let (presented_tx, presented_rx) = bounded(PRESENTED);
    let shown = window::run_window(
        view,
        WindowInputs {
            events: running.events.clone(),
            control: running.control.clone(),
            level: Arc::clone(&running.level),
            clock: Arc::clone(&running.clock),
            presented: presented_tx,
            waker,
            close_on_end: true,
        },
    );
    terminal.presented(presented_rx.try_iter().map(|(_at, ms)| ms));
    shown
}

/// Runs a recording as fast as possible and returns all events; shows nothing.
///
/// # Errors
/// As [`run`].
pub fn quiet_events(
    session: &SessionArgs,
    source: Box<dyn Source>,
    name: &str,
) -> anyhow::Result<Vec<SessionEvent>> {
    let model = runtime::model(session.model.as_deref())?;
    let recognizer = Box::new(Whisper::load(&whisper_config(session, &model))?);
    let name = name.to_owned();
    let outset = Outset { source, name, pace: Pace::Fast, consent: None, recognizer };
    let parts = make_parts(session, outset, &model)?;
    let running = wire(parts, Box::new(|| {}))?;
    let events: Vec<SessionEvent> = running.events.iter().collect();
    for event in &events {
        if let EventKind::Fault { stage, message } = &event.kind {
            line(&format!("gids: {stage}: {message}"));
        }
    }
    if running.join()?.faults > 0 {
        bail!("parts of the recording could not be used; each is said above");
    }
    Ok(events)
}

/// What a session begins with.
pub(crate) struct Outset {
    /// Where the audio comes from.
    pub source: Box<dyn Source>,
    /// What to call it.
    pub name: String,
    /// How fast it is read.
    pub pace: Pace,
    /// Whether the consent step was passed.
    pub consent: Option<bool>,
    /// The speech model, loaded.
    pub recognizer: Box<dyn Recognizer>,
}

/// How the speech model is loaded for a session.
pub(crate) fn whisper_config(session: &SessionArgs, model: &Path) -> WhisperConfig {
    WhisperConfig { model: model.to_owned(), lang: session.lang, threads: threads(session) }
}

/// Everything that is loaded or opened before the first sample is heard; `model` is the file of the speech model.
pub(crate) fn make_parts(
    session: &SessionArgs,
    outset: Outset,
    model: &Path,
) -> anyhow::Result<Parts> {
    let Outset { source, name: source_name, pace, consent, recognizer } = outset;
    let onnx = runtime::onnx()?;
    let segmenters = segmenters(source.channels())?;
    let coder_dir = runtime::coder()?;
    let coder = Coder::load(&coder_dir, onnx)?;
    let coach = coaching::coach(&session.coach, session.lang, Budget::On)?;
    let mode = speaker_mode(session, source.channels())?;
    let embedder = runtime::voice_model()?;
    let tracker = Tracker::new(mode, embedder.model().clone())?;
    let voices =
        if tracker.listens() { embedder.model().name.clone() } else { "by channel".to_owned() };
    let mut models = vec![
        (file_name(model), sha256(model)?),
        ("mi-coder".to_owned(), sha256(&coder_dir.join("mi-coder.onnx"))?),
    ];
    let smaller = runtime::smaller_model(model, session.lang)?;
    if let Some(smaller) = &smaller {
        models.push((file_name(smaller), sha256(smaller)?));
    }
    // The last thing before the first sample: this is its wall time.
    let now = SystemTime::now();
    let store = Store::new(runtime::sessions_dir()?);
    let header = SessionHeader {
        id: store.new_id(now),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        format: FORMAT_VERSION,
        started_at: rfc3339_utc(now),
        lang: session.lang,
        source: source_name,
        models,
        config: [
            coaching::settings(&session.coach),
            vec![
                ("threads".to_owned(), threads(session).to_string()),
                ("voices".to_owned(), voices),
            ],
        ]
        .concat(),
        consent,
    };
    let journals = open_journals(session, &store, &header)?;
    Ok(Parts {
        source,
        pace,
        player: None,
        segmenters,
        recognizer,
        smaller: smaller.map(|path| load_later(path, session.lang)),
        threads: threads(session),
        policy: Policy::default(),
        telemetry: Arc::default(),
        tracker,
        embedder: Box::new(embedder),
        coder,
        coach,
        journals,
        header,
    })
}

/// A segmenter for each channel of a source.
pub(crate) fn segmenters(channels: u8) -> anyhow::Result<Vec<Segmenter<Silero>>> {
    let (onnx, silero) = (runtime::onnx()?, runtime::silero()?);
    let segmenters = (0..channels).map(|channel| {
        let detector = Silero::load(onnx, &silero)?;
        let (first, step) = (u64::from(channel), u64::from(channels));
        Segmenter::new(ChannelId(channel), first, step, detector, SegmenterConfig::default())
    });
    Ok(segmenters.collect::<Result<Vec<_>, _>>()?)
}

/// How a model is loaded that is not needed yet.
fn load_later(model: PathBuf, lang: Lang) -> Smaller {
    let config = WhisperConfig { model, lang, threads: 1 };
    Box::new(move || Ok(Box::new(Whisper::load(&config)?)))
}

/// The loudspeaker, where there is one; a session does not depend on it.
fn open_player(channels: u8, texts: &Texts) -> Option<Player> {
    if channels != 1 {
        line(texts.session.channels_apart);
        return None;
    }
    let silent = |error| line(&fill(texts.session.no_player, &[("problem", &error)]));
    Player::open().map_err(silent).ok()
}

/// Who is whom: by channel, by the enrolled voice, or by telling two voices apart.
pub(crate) fn speaker_mode(session: &SessionArgs, channels: u8) -> anyhow::Result<Mode> {
    if channels == 2 {
        let practitioner = ChannelId(u8::from(session.practitioner == Side::Right));
        return Ok(Mode::ByChannel { practitioner });
    }
    let enrolled = runtime::voice_file()?;
    let voice = session
        .enrol
        .clone()
        .or_else(|| (!session.ignore_enrolled && enrolled.is_file()).then_some(enrolled));
    Ok(match voice {
        Some(path) => Mode::Enrolled(Box::new(Enrolment::load(&path)?)),
        None => Mode::Cluster,
    })
}

fn open_journals(
    session: &SessionArgs,
    store: &Store,
    header: &SessionHeader,
) -> anyhow::Result<Vec<Journal>> {
    let first = SessionEvent::new(SampleIdx::ZERO, EventKind::Session(header.clone()));
    let mut journals = Vec::new();
    if let Some(path) = &session.events {
        journals.push(if path == Path::new("-") {
            Journal::to_stdout(&first)?
        } else {
            Journal::create_events_file(path, &first)?
        });
    }
    if session.keep {
        journals.push(Journal::create(&store.path(&header.id)?, &first)?);
    }
    Ok(journals)
}

pub(crate) fn threads(session: &SessionArgs) -> usize {
    session.threads.or_else(runtime::calibrated_threads).unwrap_or_else(default_threads).max(1)
}

/// One core is left for the sound, the voice detection, the coach and the window.
pub(crate) fn default_threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_sub(1).clamp(1, MAX_THREADS)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// It cannot be read.
pub fn sha256(path: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(unreadable)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).with_context(unreadable)?;
        if read == 0 {
            return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hasher.update(&buffer[..read]);
    }
}

/// The first Ctrl-C ends the session in good order; the second one ends the program.
fn stop_on_ctrl_c(running: &Running) -> anyhow::Result<()> {
    let control = running.control.clone();
    let asked = std::sync::atomic::AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if asked.swap(true, std::sync::atomic::Ordering::Relaxed) {
            std::process::exit(130); // as a shell reports an interrupted program
        }
        // A session that is ending already needs no stop, and is let finish what was said.
        control.try_send(Control::Stop).ok();
    })
    .context("cannot listen for Ctrl-C")
}
