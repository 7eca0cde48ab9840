//! Voice models in ONNX: the one that ships with Gids, and public ones.

use std::{fs, path::Path};

use ort::{
    environment::Environment,
    session::{Session, builder::GraphOptimizationLevel},
    value::{TensorElementType, TensorRef},
};
use serde::Deserialize;
use timeline::SAMPLE_RATE_HZ;

use crate::{
    LEAST_WINDOW, SpeakersError, VoiceEmbedder, VoiceModel,
    features::{Features, HOP, Kind},
};

/// The description's file, beside the network of Gids' own model.
pub const SPEC_FILE: &str = "voice.json";
/// The network's file: features of windows → coordinates.
pub const NETWORK_FILE: &str = "voice.onnx";

/// Frames in a window of a public model: shorter ones tell voices apart less well, longer ones find turns later.
const PUBLIC_FRAMES: usize = 120;
/// A public model that takes fewer frames than this, and no other number, hears too little at a time.
const LEAST_FRAMES: usize = 60;

/// Runs a voice model. One thread: a window takes a few milliseconds.
pub struct OnnxEmbedder {
    session: Session,
    features: Features,
    model: VoiceModel,
    /// Public models: the vectors are brought to length 1.
    unit: bool,
    /// Whether windows may go through the network together: some were exported for one at a time.
    together: bool,
    /// The number of frames that the network takes, where it takes no other.
    frames: Option<usize>,
    input: Vec<f32>,
}

/// What training writes beside the network.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    name: String,
    features: Kind,
    window_frames: usize,
    hop_frames: usize,
    between_var: Vec<f32>,
    floor_var: f32,
    short_var: f32,
    temper: f32,
}

impl OnnxEmbedder {
    /// Loads Gids' own model from `folder`, which holds [`SPEC_FILE`] and [`NETWORK_FILE`]. The environment is the
    /// process's only one, made by the program (ort allows no second).
    ///
    /// # Errors
    /// [`SpeakersError::Model`] when a file is missing, damaged, or does not fit the other.
    pub fn load(folder: &Path, environment: &Environment) -> Result<Self, SpeakersError> {
        let path = folder.join(SPEC_FILE);
        let name = path.display().to_string();
        let broken = |what: String| SpeakersError::Model { name: name.clone(), what };
        let text = fs::read(&path).map_err(|e| broken(e.to_string()))?;
        let spec: Spec = serde_json::from_slice(&text).map_err(|e| broken(e.to_string()))?;
        let model = VoiceModel {
            name: spec.name,
            between_var: spec.between_var,
            floor_var: spec.floor_var,
            short_var: spec.short_var,
            temper: spec.temper,
            window: samples(spec.window_frames),
            hop: spec.hop_frames * HOP,
        };
        Self::open(&folder.join(NETWORK_FILE), environment, spec.features, Some(model))
    }

    /// Loads a public speaker-embedding model: one input of `[windows, frames, 80]` that takes Kaldi's log-mel features
    /// of 16 kHz audio, one output of a vector a window, whatever their names. WeSpeaker's and 3D-Speaker's exports are
    /// such.
    ///
    /// The two were trained with features that differ a little. A file whose metadata say `framework` is `3d-speaker`
    /// (sherpa-onnx writes it) gets 3D-Speaker's, any other one WeSpeaker's.
    ///
    /// A network that takes one window at a time gets them so; one that takes only so many frames gets windows of that
    /// length or ours, whichever is shorter, repeated until they fill it, which changes next to nothing for a network
    /// that takes means over time.
    ///
    /// # Errors
    /// [`SpeakersError::Model`] when the file is missing or no such model.
    pub fn import(path: &Path, environment: &Environment) -> Result<Self, SpeakersError> {
        Self::open(path, environment, Kind::KaldiFbank80, None)
    }

    fn open(
        path: &Path,
        environment: &Environment,
        kind: Kind,
        model: Option<VoiceModel>,
    ) -> Result<Self, SpeakersError> {
        let broken = |what: String| SpeakersError::Model { name: path.display().to_string(), what };
        if !path.is_file() {
            return Err(broken("there is no such file".to_owned()));
        }
        let session = session(environment, path).map_err(|e| broken(e.to_string()))?;
        let unit = model.is_none();
        let kind = if unit { public_kind(&session).map_err(broken)? } else { kind };
        let features = Features::new(kind);
        let (together, frames) = shape(&session, features.width()).map_err(broken)?;
        let first = match model {
            Some(model) => model,
            None if frames.is_some_and(|frames| frames < LEAST_FRAMES) => {
                return Err(broken(format!(
                    "it takes {} frames at a time and no other number, too few to tell voices apart; export it \
                     with a free number of frames",
                    frames.unwrap_or_default()
                )));
            }
            None => public_model(path, 0, frames),
        };
        let input = Vec::new();
        let mut it = Self { session, features, model: first, unit, together, frames, input };
        let dimension = it.try_out().map_err(broken)?;
        if unit {
            it.model = public_model(path, dimension, frames);
        } else {
            it.model.check(&vec![0.0; dimension])?;
        }
        Ok(it)
    }

    /// Runs the network on two sounds, so that one that does not work fails here and not in the first session. Gives
    /// the length of its vectors.
    fn try_out(&mut self) -> Result<usize, String> {
        let [dull, bright] = &two_sounds(self.model.window);
        let mut one = |sound: &[f32]| -> Result<Vec<f32>, String> {
            let vector = self.run_together(&[sound]).map_err(|e| e.to_string())?.swap_remove(0);
            match vector.iter().all(|v| v.is_finite()) {
                true => Ok(vector),
                false => Err("it gives values that are no numbers".to_owned()),
            }
        };
        let (a, b) = (one(dull)?, one(bright)?);
        // The end of a segment is shorter than a window.
        let short = one(&dull[..LEAST_WINDOW.min(dull.len())])?;
        if a.len() != b.len() || a.len() != short.len() {
            return Err("its vectors are not all of one length".to_owned());
        }
        if self.unit && far(&a, &b) < 1e-4 {
            return Err("it gives the same vector whatever it hears".to_owned());
        }
        // Some that say they take any number of windows fail with two, or mix them up.
        self.together = self.together
            && self.run_together(&[dull, bright]).is_ok_and(|pair| {
                pair.len() == 2 && far(&pair[0], &a) < 0.01 && far(&pair[1], &b) < 0.01
            });
        Ok(a.len())
    }

    fn run(&mut self, windows: &[&[f32]]) -> ort::Result<Vec<Vec<f32>>> {
        if self.together {
            return self.run_together(windows);
        }
        let mut vectors = Vec::with_capacity(windows.len());
        for window in windows {
            vectors.append(&mut self.run_together(&[window])?);
        }
        Ok(vectors)
    }

    fn run_together(&mut self, windows: &[&[f32]]) -> ort::Result<Vec<Vec<f32>>> {
        self.input.clear();
        let width = self.features.width();
        let own = Features::frames(windows.first().map_or(0, |window| window.len()));
        let frames = self.frames.unwrap_or(own);
        for window in windows {
            let first = self.input.len();
            self.features.append(window, &mut self.input);
            let wanted = first + frames * width;
            while self.input.len() < wanted && self.input.len() > first {
                let missing = wanted - self.input.len();
                self.input.extend_from_within(first..first + missing.min(own * width));
            }
            self.input.truncate(wanted);
        }
        let shape = [windows.len(), frames, width];
        let tensor = TensorRef::from_array_view((shape, &self.input[..]))?;
        let outputs = self.session.run(ort::inputs![tensor])?;
        let (shape, values) = outputs[0].try_extract_tensor::<f32>()?;
        if shape.len() != 2 || shape[0] != windows.len() as i64 || shape[1] < 1 {
            return Err(ort::Error::new(format!("it gives not a vector a window but {shape:?}")));
        }
        let vectors = values.chunks_exact(values.len() / windows.len());
        Ok(vectors.map(|v| if self.unit { unit_length(v) } else { v.to_vec() }).collect())
    }
}

impl VoiceEmbedder for OnnxEmbedder {
    fn model(&self) -> &VoiceModel {
        &self.model
    }

    fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError> {
        self.run(windows).map_err(|e| SpeakersError::Model {
            name: self.model.name.clone(),
            what: e.to_string(),
        })
    }
}

impl std::fmt::Debug for OnnxEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxEmbedder").field("model", &self.model.name).finish_non_exhaustive()
    }
}

fn session(environment: &Environment, path: &Path) -> ort::Result<Session> {
    Session::builder(environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .commit_from_file(path)
}

/// The features that a public model was trained with, from what its export says of itself.
fn public_kind(session: &Session) -> Result<Kind, String> {
    let metadata = session.metadata().map_err(|e| e.to_string())?;
    let rate = metadata.custom("sample_rate").and_then(|rate| rate.trim().parse::<u32>().ok());
    if let Some(rate) = rate.filter(|rate| *rate != SAMPLE_RATE_HZ) {
        return Err(format!("it was made for {rate} Hz, Gids listens at {SAMPLE_RATE_HZ} Hz"));
    }
    let framework = metadata.custom("framework").unwrap_or_default();
    Ok(match framework.trim().eq_ignore_ascii_case("3d-speaker") {
        true => Kind::PoveyFbank80,
        false => Kind::KaldiFbank80,
    })
}

/// Whether a network of features so wide takes several windows at once, and the number of frames that it takes, where
/// it takes no other. Its shapes say so, with -1 for any number.
fn shape(session: &Session, width: usize) -> Result<(bool, Option<usize>), String> {
    let ([input], [output]) = (session.inputs(), session.outputs()) else {
        return Err(format!(
            "a voice model has one input and one output, this has {} and {}",
            session.inputs().len(),
            session.outputs().len()
        ));
    };
    if input.dtype().tensor_type() != Some(TensorElementType::Float32) {
        return Err(format!(
            "its input is {}, where a voice model takes floating-point numbers of 32 bits",
            input.dtype()
        ));
    }
    let wanted = |what: String| {
        format!("its input is {what}, where a voice model takes [windows, frames, {width}]")
    };
    let shape = input.dtype().tensor_shape().map(|shape| shape.to_vec()).unwrap_or_default();
    let [windows, frames, bands] = shape[..] else { return Err(wanted(format!("{shape:?}"))) };
    // [windows, 80, any] is a network that wants its features the other way round.
    let free = bands < 0 && frames != width as i64;
    if bands != width as i64 && !free {
        return Err(wanted(format!("{shape:?}")));
    }
    if windows >= 0 && windows != 1 {
        return Err(format!("it takes {windows} windows at a time, no fewer"));
    }
    // Some were exported with any number of windows in and one vector out: the runtime warns at each call of more.
    let out = output.dtype().tensor_shape().map(|shape| shape.to_vec()).unwrap_or_default();
    let together = windows != 1 && out.first() != Some(&1);
    Ok((together, usize::try_from(frames).ok()))
}

/// Two noises that no voice model should take for one voice: a dull and a bright one.
fn two_sounds(samples: usize) -> [Vec<f32>; 2] {
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 8) as f32 / 16_777_216.0 - 0.5) * 0.1
    };
    let mut filtered = |keep: f32| {
        let mut last = 0.0;
        let next = |_| {
            last = keep * last + noise();
            last
        };
        (0..samples).map(next).collect()
    };
    [filtered(0.95), filtered(-0.5)]
}

/// How far two vectors are apart, for the length of the second.
fn far(a: &[f32], b: &[f32]) -> f32 {
    let squares = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
    let apart = squares(&mut a.iter().zip(b).map(|(a, b)| a - b));
    apart / squares(&mut b.iter().copied()).max(f32::MIN_POSITIVE)
}

/// The samples that give so many frames.
fn samples(frames: usize) -> usize {
    (frames.max(1) - 1) * HOP + SAMPLE_RATE_HZ as usize / 40
}

/// What is taken for granted of a public model of `dimension` values: of the square of a vector of length 1, taken in
/// 1.2 s, about half is the voice, and the other half what is said and chance. So it is for models with an
/// equal error rate of about 1 % on VoxCeleb, whose cosines are 0.5 to 0.7 within and 0.0 to 0.1 between voices.
fn public_model(path: &Path, dimension: usize, frames: Option<usize>) -> VoiceModel {
    /// Coordinates that say something of their own, of however many there are.
    const INDEPENDENT: f32 = 48.0;
    let each = 1.0 / dimension.max(1) as f32;
    let name =
        path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    VoiceModel {
        name,
        between_var: vec![0.55 * each; dimension],
        floor_var: 0.12 * each,
        short_var: 0.4 * each,
        temper: 0.5 * (INDEPENDENT * each).min(1.0),
        window: samples(frames.map_or(PUBLIC_FRAMES, |frames| frames.min(PUBLIC_FRAMES))),
        hop: 30 * HOP,
    }
}

fn unit_length(values: &[f32]) -> Vec<f32> {
    let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    values.iter().map(|v| v / norm).collect()
}
