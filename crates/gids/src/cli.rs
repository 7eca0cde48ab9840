//! The command line: names, options, examples.

use std::path::PathBuf;

use capture::ChannelMode;
use clap::{Args, Parser, Subcommand, ValueEnum};
use coach::{Mode, Moments};
use session::Format;
use timeline::Lang;

/// Live coaching in Motivational Interviewing, on your own machine.
#[derive(Debug, Parser)]
#[command(name = "gids", version, arg_required_else_help = true, propagate_version = true)]
#[command(
    after_help = "Start with: gids demo\n\nExit codes: 0 ok, 1 failed, 2 wrong usage. Nothing leaves this machine."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Speech language: nl or en [default: nl, or what a recording's name starts with: "en-visit.wav"].
    #[arg(long, global = true)]
    pub lang: Option<Lang>,
}

/// The commands, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play a bundled roleplay through the whole pipeline at real-time speed.
    #[command(after_help = "Example: gids demo --lang en")]
    Demo(Demo),
    /// Coach a roleplay at the microphone.
    #[command(after_help = "Example: gids live --keep --mode practice")]
    Live(Live),
    /// Send a recording through the same pipeline, as fast as possible or at real-time speed.
    #[command(after_help = "Example: gids replay session.wav --headless --events events.jsonl")]
    Replay(Replay),
    /// Code utterances from text.
    #[command(
        after_help = "Examples: gids code utterances.jsonl > coded.jsonl; gids code --evaluate gold.jsonl"
    )]
    Code(Code),
    /// Give cues for a transcript.
    #[command(after_help = "Example: gids coach utterances.jsonl --budget off")]
    Coach(CoachFile),
    /// Say who spoke when, as RTTM.
    #[command(after_help = "Example: gids speakers session.wav --enrol voice.json > session.rttm")]
    Speakers(SpeakersArgs),
    /// Learn the practitioner's voice from a recording of ten seconds or more, or from the microphone.
    #[command(after_help = "Example: gids enrol my-voice.wav")]
    Enrol(Enrol),
    /// List, show or delete stored sessions.
    #[command(subcommand, after_help = "Example: gids sessions list")]
    Sessions(Sessions),
    /// Write a session's transcript to stdout.
    #[command(after_help = "Example: gids export last --format md > transcript.md")]
    Export(Export),
    /// List, import, choose or verify speech and voice models.
    #[command(subcommand, after_help = "Example: gids models import ggml-base-q8_0.bin")]
    Models(Models),
    /// Measure this machine: latency, endurance, and which speech model it can bear.
    #[command(subcommand, after_help = "Example: gids bench latency --plot latency.svg")]
    Bench(Bench),
    /// List microphones.
    #[command(after_help = "Example: gids devices")]
    Devices,
    /// Check everything, and say what to do about each finding.
    #[command(after_help = "Example: gids doctor")]
    Doctor,
}

/// What every session takes.
#[derive(Debug, Clone, Args)]
pub struct SessionArgs {
    /// Speech language, from the global option.
    #[arg(skip)]
    pub lang: Lang,
    /// Language of the overlay; the speech language unless given.
    #[arg(long)]
    pub interface: Option<Lang>,
    /// Speech model: a ggml file, the name of an imported one, or "demo".
    #[arg(long)]
    pub model: Option<String>,
    /// Threads of the speech model; what calibrating found best unless given, else one less than the cores, at most four.
    #[arg(long)]
    pub threads: Option<usize>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened: its fields carry the help")]
    pub coach: CoachArgs,
    /// No window: cues in the terminal.
    #[arg(long)]
    pub headless: bool,
    /// Write every event to FILE as JSON lines; "-" is stdout.
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Keep the session (text only) for `gids export`.
    #[arg(long)]
    pub keep: bool,
    /// The practitioner's voice, from `gids enrol`; the enrolled one unless given.
    #[arg(long, value_name = "VOICE")]
    pub enrol: Option<PathBuf>,
    /// Guess who is who, though a voice is enrolled.
    #[arg(long, conflicts_with = "enrol")]
    pub ignore_enrolled: bool,
    /// Two-channel sound: one speaker each (split), together (mix), or decide by listening (auto).
    #[arg(long, default_value = "auto")]
    pub channels: ChannelMode,
    /// The practitioner's side, where the channels are kept apart.
    #[arg(long, value_enum, default_value_t = Side::Left)]
    pub practitioner: Side,
}

/// How the coach is set up.
#[derive(Debug, Clone, Args)]
pub struct CoachArgs {
    /// How much to say: quiet, normal or practice.
    #[arg(long, default_value = "normal")]
    pub mode: Mode,
    /// Moments that are never shown, with commas between them; a wrong name lists them.
    #[arg(long, value_name = "MOMENTS", default_value = "", hide_default_value = true)]
    pub without: Moments,
    /// Now and then suggest siding with not changing, where nothing else has helped.
    #[arg(long)]
    pub paradox: bool,
    /// A pack of your own: wordings of your profession or house style, words to listen for.
    #[arg(long, value_name = "FILE")]
    pub pack: Option<PathBuf>,
    /// Choose wordings by this number, so that a session can be repeated.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Default for CoachArgs {
    fn default() -> Self {
        Self {
            mode: Mode::Normal,
            without: Moments::default(),
            paradox: false,
            pack: None,
            seed: 1,
        }
    }
}

impl SessionArgs {
    /// A session of a recording that is nobody's in particular, without a window: nothing is kept, and a voice counts
    /// only if it is named.
    #[must_use]
    pub fn plain(lang: Lang) -> Self {
        Self {
            lang,
            interface: None,
            model: None,
            threads: None,
            coach: CoachArgs::default(),
            headless: true,
            events: None,
            keep: false,
            enrol: None,
            ignore_enrolled: true,
            channels: ChannelMode::Auto,
            practitioner: Side::Left,
        }
    }
}

/// One of two channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The first channel.
    Left,
    /// The second channel.
    Right,
}

/// `gids demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which roleplay; a wrong name lists them.
    #[arg(long)]
    pub roleplay: Option<String>,
    /// How much to say: quiet, normal or practice.
    #[arg(long, default_value = "normal")]
    pub mode: Mode,
    /// No window: cues in the terminal.
    #[arg(long)]
    pub headless: bool,
    /// Do not play the sound.
    #[arg(long)]
    pub mute: bool,
}

/// `gids live`.
#[derive(Debug, Args)]
pub struct Live {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened: its fields carry the help")]
    pub session: SessionArgs,
    /// The microphone, as `gids devices` names it.
    #[arg(long)]
    pub device: Option<String>,
    /// Everybody in the room has agreed: do not ask.
    #[arg(long)]
    pub consent: bool,
}

/// `gids replay`.
#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened: its fields carry the help")]
    pub session: SessionArgs,
    /// WAV, FLAC, MP3, OGG or M4A; "-" reads WAV from stdin.
    pub audio: PathBuf,
    /// At the speed at which it was spoken, with latencies.
    #[arg(long)]
    pub realtime: bool,
    /// Play the sound as well (with --realtime).
    #[arg(long, requires = "realtime")]
    pub sound: bool,
}

/// `gids code`.
#[derive(Debug, Args)]
pub struct Code {
    /// Utterances as JSON lines; "-" is stdin.
    pub file: PathBuf,
    /// Take FILE for coded utterances (each with its "codes"), and print how well the coder agrees with them.
    #[arg(long)]
    pub evaluate: bool,
    /// Print utterances per second, and what one takes, to stderr.
    #[arg(long)]
    pub stats: bool,
}

/// `gids coach`.
#[derive(Debug, Args)]
pub struct CoachFile {
    /// Utterances as JSON lines; "-" is stdin.
    #[arg(required_unless_present = "check_pack")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened: its fields carry the help")]
    pub coach: CoachArgs,
    /// "off" shows every cue that would be made if there were no limit per minute.
    #[arg(long, value_enum, default_value_t = BudgetArg::On)]
    pub budget: BudgetArg,
    /// Print what became of each cue too: whether the client's answer bore it out, whether it was taken up.
    #[arg(long)]
    pub news: bool,
    /// Check a pack of your own, and try every wording in it with words of clients.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "pack"])]
    pub check_pack: Option<PathBuf>,
}

/// Whether cues are limited per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BudgetArg {
    /// As in a session.
    On,
    /// Every cue.
    Off,
}

/// `gids speakers`.
#[derive(Debug, Args)]
pub struct SpeakersArgs {
    /// WAV, FLAC, MP3, OGG or M4A; "-" reads WAV from stdin.
    pub audio: PathBuf,
    /// The practitioner's voice, from `gids enrol`.
    #[arg(long, value_name = "VOICE")]
    pub enrol: Option<PathBuf>,
    /// Transcribe as well: what is said tells who is the practitioner where no voice is enrolled.
    #[arg(long)]
    pub roles: bool,
    /// Speech model for --roles.
    #[arg(long, requires = "roles")]
    pub model: Option<String>,
    /// Two-channel sound: split, mix or auto.
    #[arg(long, default_value = "auto")]
    pub channels: ChannelMode,
    /// The practitioner's side, where the channels are kept apart.
    #[arg(long, value_enum, default_value_t = Side::Left)]
    pub practitioner: Side,
}

/// `gids enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// The recording; ten seconds at the microphone without it.
    pub audio: Option<PathBuf>,
    /// The microphone, as `gids devices` names it.
    #[arg(long)]
    pub device: Option<String>,
    /// Where to write the voice; Gids' own folder unless given.
    #[arg(long, value_name = "VOICE")]
    pub out: Option<PathBuf>,
    /// Forget the enrolled voice.
    #[arg(long, conflicts_with_all = ["audio", "device", "out"])]
    pub delete: bool,
}

/// `gids sessions`.
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// A line for each stored session.
    List,
    /// A session's transcript as text; "last" is the newest.
    Show {
        /// The session.
        session: String,
    },
    /// Delete everything of a session.
    Delete {
        /// The session.
        session: String,
    },
    /// Delete all sessions.
    Purge {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// `gids export`.
#[derive(Debug, Args)]
pub struct Export {
    /// A stored session, "last", or an events file.
    pub session: String,
    /// txt, md, srt, vtt, json or csv.
    #[arg(long)]
    pub format: Format,
    /// Write to FILE instead of stdout.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `gids models`.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// A line for each speech and voice model; a star marks those in use.
    List,
    /// Copy a Whisper model in ggml format or a voice model in ONNX into Gids' folder and make it the default.
    ///
    /// A voice model tells the speakers apart: speaker-embedding networks of WeSpeaker or 3D-Speaker (16 kHz, 80 log-mel
    /// bands), which take the place of Gids' own. `gids models use own` goes back to that. An enrolled voice belongs to
    /// the model it was enrolled with: run `gids enrol` again after a change.
    Import {
        /// The ggml-*.bin or *.onnx file.
        file: PathBuf,
        /// Do not make it the default.
        #[arg(long)]
        not_default: bool,
    },
    /// Make a model the default that is there already.
    #[command(after_help = "Example: gids models use own")]
    Use {
        /// A name of `gids models list`; "own" is Gids' own voice model, "demo" its own speech model.
        name: String,
    },
    /// Load each model and print its SHA-256.
    Verify,
}

/// `gids bench`.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// The four clocks on recordings played at real-time speed.
    #[command(
        after_help = "Examples: gids bench latency; gids bench latency --policy speculative,window,final --plot latency.svg"
    )]
    Latency(BenchLatency),
    /// Find the best installed speech model that keeps the promise on this machine, and use it from now on.
    #[command(after_help = "Example: gids bench calibrate")]
    Calibrate(BenchCalibrate),
    /// Write a model file of true shape with random weights: it costs what the real one costs, and knows no words.
    #[command(
        after_help = "Example: gids bench shapes --size base --precision q8_0 --out shape-base-q8_0.bin"
    )]
    Shapes(BenchShapes),
    /// A session of hours in less time: nothing may grow, drift or get lost.
    #[command(after_help = "Example: gids bench soak --minutes 60 --speed 6")]
    Soak(BenchSoak),
    /// Who speaks when, on recordings of which that is known (NAME.wav, NAME.rttm, NAME.enrol.wav).
    #[command(after_help = "Example: gids bench speakers dialogues/ --json speakers.json")]
    Speakers(BenchSpeakers),
}

/// `gids bench speakers`.
#[derive(Debug, Args)]
pub struct BenchSpeakers {
    /// Recordings with an RTTM file beside each (names practitioner, client, other), or folders of such. Where NAME.enrol.wav
    /// holds the practitioner's voice, it is measured with an enrolment as well.
    pub folder: PathBuf,
    /// Write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `gids bench latency`.
#[derive(Debug, Args)]
pub struct BenchLatency {
    /// Recordings; the bundled roleplays unless given. A transcript beside one (talk.jsonl for talk.wav) is its script.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub audio: Vec<PathBuf>,
    /// Speech models: files (also shapes), names of imported ones, or "demo"; the one in use unless given.
    #[arg(long, value_delimiter = ',')]
    pub model: Vec<String>,
    /// When open segments are decoded: speculative, window, final; several are compared.
    #[arg(long, value_delimiter = ',', default_value = "speculative")]
    pub policy: Vec<PolicyArg>,
    /// Threads of the speech model; what calibrating found best unless given, else one less than the cores, at most four.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Measure to the painted frame of a window; for one recording, model and policy.
    #[arg(long)]
    pub window: bool,
    /// Only the first so many seconds of each recording.
    #[arg(long, value_name = "SECONDS")]
    pub first: Option<f64>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write every measurement as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draw how the clocks are distributed; .svg or .png.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Print the ratios to an earlier report.
    #[arg(long, value_name = "OLD.json")]
    pub compare: Option<PathBuf>,
}

/// When open segments are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyArg {
    /// As they grow and as soon as a pause begins: what Gids does.
    Speculative,
    /// Every 500 ms the last 5 s, as whisper.cpp's stream example.
    Window,
    /// Once they are closed.
    Final,
}

/// `gids bench calibrate`.
#[derive(Debug, Args)]
pub struct BenchCalibrate {
    /// Measure and say what would be chosen; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds of speech for each trial.
    #[arg(long, default_value_t = 45.0)]
    pub seconds: f64,
}

/// `gids bench shapes`.
#[derive(Debug, Args)]
pub struct BenchShapes {
    /// tiny, base, small or large-v3-turbo.
    #[arg(long)]
    pub size: transcribe::ShapeSize,
    /// f16, q8_0 or q5_1.
    #[arg(long, default_value = "q8_0")]
    pub precision: transcribe::ShapePrecision,
    /// The file to write; shape-SIZE-PRECISION.bin unless given.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `gids bench soak`.
#[derive(Debug, Args)]
pub struct BenchSoak {
    /// Minutes of talk.
    #[arg(long, default_value_t = 60.0)]
    pub minutes: f64,
    /// How much faster than real time.
    #[arg(long, default_value_t = 6.0)]
    pub speed: f64,
    /// Speech model; the one in use unless given.
    #[arg(long)]
    pub model: Option<String>,
}
