//! Finds what Gids needs on this machine: its own files, the ONNX runtime, models, the user's folder.
//!
//! Nothing here reaches a network.

use std::{
    env,
    fmt::{self, Display},
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use directories::ProjectDirs;
use ort::environment::Environment;
use speakers::{OnnxEmbedder, VoiceModel};
use timeline::{Lang, SAMPLE_RATE_HZ};
use transcribe::ModelHeader;

/// Where Gids' own files lie (`models/`, `assets/`), for a package that keeps them elsewhere.
const HOME_VAR: &str = "GIDS_HOME";
/// The user's folder: sessions, imported models, the practitioner's voice.
const DATA_VAR: &str = "GIDS_DATA_DIR";
/// ort's own variable for the library.
const ONNX_VAR: &str = "ORT_DYLIB_PATH";

/// Where `make setup` puts what it fetches.
const CACHE: &str = ".cache/runtime";
const SILERO: &str = "silero_vad_16k_op15.onnx";
/// The speech model that ships with Gids.
pub const DEMO_MODEL: &str = "models/demo-asr/ggml-demo.bin";
const CODER: &str = "models/mi-coder";
const VOICE_MODEL: &str = "models/voice";
const ROLEPLAYS: &str = "assets/roleplays";
/// Holds the name of the imported model that is used when none is named.
const DEFAULT_MODEL: &str = "default";
/// Where the best number of its threads is noted.
const THREADS: &str = "threads";

/// Finds one of Gids' own files: below `GIDS_HOME`, beside the program, in one of the folders above
/// it (a build in a checkout), in `share/gids` next to them, or in the current folder and above.
///
/// # Errors
/// It is nowhere; the message names the variable that helps.
pub fn own_file(relative: &str) -> anyhow::Result<PathBuf> {
    let mut roots = program_roots();
    if let Ok(here) = env::current_dir() {
        roots.extend(here.ancestors().map(Path::to_owned));
    }
    find(relative, roots)
}

/// As [`own_file`], but never in the current folder: code is not loaded from wherever one happens to be.
fn own_library(relative: &str) -> anyhow::Result<PathBuf> {
    find(relative, program_roots())
}

fn program_roots() -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = env::var_os(HOME_VAR).map(PathBuf::from).into_iter().collect();
    if let Ok(program) = env::current_exe() {
        roots.extend(program.ancestors().skip(1).take(5).map(Path::to_owned));
        roots.extend(program.ancestors().nth(2).map(|prefix| prefix.join("share/gids")));
    }
    roots
}

fn find(relative: &str, roots: Vec<PathBuf>) -> anyhow::Result<PathBuf> {
    roots.into_iter().map(|root| root.join(relative)).find(|path| path.exists()).with_context(|| {
        format!(
            "{relative} is not there. Run `make setup` in the Gids checkout, or set {HOME_VAR} to the folder that holds it"
        )
    })
}

/// The one environment of this process: the first call loads the ONNX runtime and makes it.
///
/// # Errors
/// The library is missing, broken or too old; the message says what to do.
pub fn onnx() -> anyhow::Result<&'static Environment> {
    static ENVIRONMENT: Mutex<Option<&'static Environment>> = Mutex::new(None);
    let mut environment = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = *environment {
        return Ok(environment);
    }
    // It lives as long as the process anyway: ort allows no second one.
    let made: &'static Environment = Box::leak(Box::new(start_onnx()?));
    *environment = Some(made);
    Ok(made)
}

fn start_onnx() -> anyhow::Result<Environment> {
    let library = onnx_library()?;
    // Never let ort look for the library itself: it panics where there is none.
    let builder = ort::init_from(&library).with_context(|| {
        format!("cannot use the ONNX runtime. Run `make setup`, or set {ONNX_VAR} to a libonnxruntime of version 1.24 or later")
    })?;
    builder.with_name("gids").build().context("the ONNX runtime does not start")
}

/// The shared library of the ONNX runtime.
///
/// # Errors
/// It is not there.
pub fn onnx_library() -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os(ONNX_VAR).filter(|value| !value.is_empty()) {
        let path = PathBuf::from(named);
        if !path.is_file() {
            bail!("{ONNX_VAR} names {}, and no file is there", path.display());
        }
        return Ok(path);
    }
    let name = format!("{}onnxruntime{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    if let Ok(beside) = own_library(&name) {
        return Ok(beside);
    }
    own_library(&format!("{CACHE}/{name}")).context("the ONNX runtime library is missing")
}

/// The voice activity model.
///
/// # Errors
/// It is not there.
pub fn silero() -> anyhow::Result<PathBuf> {
    own_file(SILERO)
        .or_else(|_not_beside| own_file(&format!("{CACHE}/{SILERO}")))
        .context("the voice activity model is missing")
}

/// The folder of the MI coder.
///
/// # Errors
/// It is not there.
pub fn coder() -> anyhow::Result<PathBuf> {
    own_file(CODER).context("the MI coder is missing")
}

/// The voice model to use: the imported one that is the default, else Gids' own.
///
/// # Errors
/// It is missing or broken.
pub fn voice_model() -> anyhow::Result<OnnxEmbedder> {
    match default_voice_model()? {
        Some(path) => imported_voice_model(&path),
        None => own_voice_model(),
    }
}

/// Gids' own voice model.
///
/// # Errors
/// It is missing or broken.
pub fn own_voice_model() -> anyhow::Result<OnnxEmbedder> {
    Ok(OnnxEmbedder::load(&own_voice_folder()?, onnx()?)?)
}

/// Where Gids' own voice model lies.
///
/// # Errors
/// It is missing.
pub fn own_voice_folder() -> anyhow::Result<PathBuf> {
    own_file(VOICE_MODEL).context("the voice model is missing")
}

/// The voice model in a file.
///
/// # Errors
/// There is none in it.
pub fn imported_voice_model(path: &Path) -> anyhow::Result<OnnxEmbedder> {
    Ok(OnnxEmbedder::import(path, onnx()?)?)
}

/// A bundled roleplay's recording.
///
/// # Errors
/// There is none of that name; the message lists those that there are.
pub fn roleplay(name: &str) -> anyhow::Result<PathBuf> {
    let folder = own_file(ROLEPLAYS).context("the bundled roleplays are missing")?;
    let path = folder.join(format!("{name}.flac"));
    if !path.is_file() {
        bail!("there is no roleplay \"{name}\"; there are: {}", roleplays()?.join(", "));
    }
    Ok(path)
}

/// The names of the bundled roleplays, sorted.
///
/// # Errors
/// The folder is missing or unreadable.
pub fn roleplays() -> anyhow::Result<Vec<String>> {
    let folder = own_file(ROLEPLAYS).context("the bundled roleplays are missing")?;
    let mut names: Vec<String> = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".flac").map(str::to_owned)
        })
        .collect();
    names.sort();
    Ok(names)
}

/// The user's folder; not made here.
///
/// # Errors
/// The system tells of no home folder.
pub fn user_dir() -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os(DATA_VAR).filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(named));
    }
    let dirs = ProjectDirs::from("", "", "gids").with_context(|| {
        format!("this system names no home folder. Set {DATA_VAR} to the folder for Gids' data")
    })?;
    Ok(dirs.data_dir().to_owned())
}

/// Stored sessions.
///
/// # Errors
/// As [`user_dir`].
pub fn sessions_dir() -> anyhow::Result<PathBuf> {
    Ok(user_dir()?.join("sessions"))
}

/// The practitioner's enrolled voice.
///
/// # Errors
/// As [`user_dir`].
pub fn voice_file() -> anyhow::Result<PathBuf> {
    Ok(user_dir()?.join("voice.json"))
}

/// Imported voice models.
///
/// # Errors
/// As [`user_dir`].
pub fn voice_models_dir() -> anyhow::Result<PathBuf> {
    Ok(models_dir()?.join("voice"))
}

/// The imported voice model that is used, if there is one.
///
/// # Errors
/// It was chosen and is gone, or its note is unreadable.
pub fn default_voice_model() -> anyhow::Result<Option<PathBuf>> {
    let Some((path, note)) = chosen(&voice_models_dir()?)? else { return Ok(None) };
    if !path.is_file() {
        bail!(
            "the voice model {} is gone. Import it again, or run `gids models use own` to use Gids' own \
             ({} names it)",
            path.display(),
            note.display()
        );
    }
    Ok(Some(path))
}

/// What the note of a folder with models names, and the note.
fn chosen(folder: &Path) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    let note = folder.join(DEFAULT_MODEL);
    if !note.exists() {
        return Ok(None);
    }
    let name =
        fs::read_to_string(&note).with_context(|| format!("cannot read {}", note.display()))?;
    Ok(Some((note.with_file_name(name.trim()), note)))
}

/// Notes the name of the model of a folder that is used, or that it is Gids' own.
fn choose(folder: &Path, name: Option<&str>) -> anyhow::Result<()> {
    let note = folder.join(DEFAULT_MODEL);
    match name {
        Some(name) => fs::write(&note, name),
        None if note.exists() => fs::remove_file(&note),
        None => Ok(()),
    }
    .with_context(|| format!("cannot write {}", note.display()))
}

/// Imported speech models.
///
/// # Errors
/// As [`user_dir`].
pub fn models_dir() -> anyhow::Result<PathBuf> {
    Ok(user_dir()?.join("models"))
}

/// The speech model to use: the named file or imported model, else the default import, else the demo model.
///
/// # Errors
/// The named one is nowhere.
pub fn model(choice: Option<&str>) -> anyhow::Result<PathBuf> {
    let folder = models_dir()?;
    if let Some(choice) = choice {
        if choice == "demo" {
            return own_file(DEMO_MODEL);
        }
        let candidates =
            [PathBuf::from(choice), folder.join(choice), folder.join(format!("ggml-{choice}.bin"))];
        let found = candidates.into_iter().find(|path| path.is_file());
        return found.with_context(|| {
            format!(
                "there is no speech model \"{choice}\": it is no file, and none of that name was imported. \
                 See `gids models list`, or run `gids models import FILE`"
            )
        });
    }
    match default_model()? {
        Some(path) => Ok(path),
        None => own_file(DEMO_MODEL),
    }
}

/// The imported model that is used when none is named, if there is one.
///
/// # Errors
/// It was chosen and is gone, or its note is unreadable.
pub fn default_model() -> anyhow::Result<Option<PathBuf>> {
    let Some((path, note)) = chosen(&models_dir()?)? else { return Ok(None) };
    if !path.is_file() {
        bail!(
            "the default speech model {} is gone. Import it again, or delete {}",
            path.display(),
            note.display()
        );
    }
    Ok(Some(path))
}

/// How many threads of the speech model were best on this machine, where `gids bench calibrate` was run.
#[must_use]
pub fn calibrated_threads() -> Option<usize> {
    let note = models_dir().ok()?.join(THREADS);
    fs::read_to_string(note).ok()?.trim().parse().ok()
}

/// Remembers how many threads of the speech model were best.
///
/// # Errors
/// The folder cannot be written.
pub fn set_default_threads(threads: usize) -> anyhow::Result<()> {
    let note = models_dir()?.join(THREADS);
    fs::write(&note, threads.to_string())
        .with_context(|| format!("cannot write {}", note.display()))
}

/// The imported speech models, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn imported_models() -> anyhow::Result<Vec<PathBuf>> {
    models_in(&models_dir()?, "bin")
}

/// The imported voice models, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn imported_voice_models() -> anyhow::Result<Vec<PathBuf>> {
    models_in(&voice_models_dir()?, "onnx")
}

fn models_in(folder: &Path, wanted: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut models = Vec::new();
    if folder.is_dir() {
        for entry in
            fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == wanted) {
                models.push(path);
            }
        }
    }
    models.sort();
    Ok(models)
}

/// The largest imported model that knows the language and is smaller than `model` in file and in width: what is left
/// where the machine is too slow for it. Never the demo model, which makes nonsense of real voices.
///
/// # Errors
/// As [`imported_models`].
pub fn smaller_model(model: &Path, lang: Lang) -> anyhow::Result<Option<PathBuf>> {
    let Ok(own) = ModelHeader::read(model) else { return Ok(None) };
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let smaller = imported_models()?.into_iter().filter(|path| {
        // One that cannot be read is no choice; `gids models list` says so.
        let known = ModelHeader::read(path).ok();
        known.is_some_and(|header| {
            let knows = lang == Lang::En || header.is_multilingual();
            knows && !header.is_demo() && header.audio_state < own.audio_state
        }) && length(path) < length(model)
    });
    Ok(smaller.max_by_key(|path| length(path)))
}

/// Makes an imported speech model the default.
///
/// # Errors
/// The folder cannot be written.
pub fn set_default_model(name: &str) -> anyhow::Result<()> {
    choose(&models_dir()?, Some(name))
}

/// Makes the demo model the default again.
///
/// # Errors
/// The folder cannot be written.
pub fn forget_default_model() -> anyhow::Result<()> {
    choose(&models_dir()?, None)
}

/// Makes an imported voice model the one that is used; without a name, Gids' own.
///
/// # Errors
/// The folder cannot be written.
pub fn set_default_voice_model(name: Option<&str>) -> anyhow::Result<()> {
    choose(&voice_models_dir()?, name)
}

/// One line about a voice model.
#[must_use]
pub fn describe_voice_model(model: &VoiceModel) -> String {
    let window_s = model.window as f64 / f64::from(SAMPLE_RATE_HZ);
    format!(
        "voice model \"{}\", {} values, windows of {window_s:.1} s",
        model.name,
        model.dimension()
    )
}

/// What a speech model is.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFacts {
    /// "tiny", "base", …
    pub size: String,
    /// Of its file, in MB (10⁶ bytes).
    pub megabytes: f64,
    /// What it understands.
    pub speech: ModelSpeech,
}

/// The speech that a model understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelSpeech {
    /// A few synthetic voices: the demo model.
    Synthetic,
    /// Many languages, Dutch and English among them.
    ManyLanguages,
    /// English only.
    English,
}

impl ModelFacts {
    /// Whether it is the demo model.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.speech == ModelSpeech::Synthetic
    }
}

/// One line, in English.
impl Display for ModelFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speech = match self.speech {
            ModelSpeech::Synthetic => {
                "synthetic Dutch and English voices only: for the demo and tests"
            }
            ModelSpeech::ManyLanguages => "Dutch, English and more",
            ModelSpeech::English => "English only",
        };
        write!(f, "{} ({:.0} MB), {speech}", self.size, self.megabytes)
    }
}

/// What the speech model in a file is.
///
/// # Errors
/// It is no readable model.
pub fn describe_model(path: &Path) -> anyhow::Result<ModelFacts> {
    let header = ModelHeader::read(path)?;
    let speech = if header.is_demo() {
        ModelSpeech::Synthetic
    } else if header.is_multilingual() {
        ModelSpeech::ManyLanguages
    } else {
        ModelSpeech::English
    };
    let megabytes = fs::metadata(path).map(|m| m.len() as f64 / 1e6).unwrap_or_default();
    Ok(ModelFacts { size: header.size_name().to_owned(), megabytes, speech })
}
