//! Voice models in ONNX: the one that ships with Gids, and public ones.

use std::{fs, path::Path};

use ort::{
    environment::Environment,
    session::{Session, builder::GraphOptimizationLevel},
    value::TensorRef,
};
use serde::Deserialize;
use timeline::SAMPLE_RATE_HZ;

use crate::{
    SpeakersError, VoiceEmbedder, VoiceModel,
    features::{Features, HOP, Kind},
};

/// The description's file, beside the network of Gids' own model.
pub const SPEC_FILE: &str = "voice.json";
/// The network's file: features of windows → coordinates.
pub const NETWORK_FILE: &str = "voice.onnx";

/// Runs a voice model. One thread: a window takes a few milliseconds.
pub struct OnnxEmbedder {
    session: Session,
    features: Features,
    model: VoiceModel,
    /// Public models: the vectors are brought to length 1.
    unit: bool,
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
    /// of 16 kHz audio, one output of a vector a window. WeSpeaker's and 3D-Speaker's exports are such.
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
        let features = Features::new(kind);
        let ([input], [_]) = (session.inputs(), session.outputs()) else {
            return Err(broken(format!(
                "a voice model has one input and one output, this has {} and {}",
                session.inputs().len(),
                session.outputs().len()
            )));
        };
        let shape = input.dtype().tensor_shape().map(|shape| shape.to_vec()).unwrap_or_default();
        let width = features.width() as i64;
        if shape.len() != 3 || (shape[2] != width && shape[2] >= 0) {
            return Err(broken(format!(
                "its input is {shape:?}, where a voice model takes [windows, frames, {width}]"
            )));
        }
        let unit = model.is_none();
        let probe = model.unwrap_or_else(|| public_model(path, 0));
        let mut it = Self { session, features, model: probe, unit, input: Vec::new() };
        // A model of other shapes fails here and not in the first session.
        let silence = vec![1e-3; it.model.window];
        let vector =
            it.run(&[&silence, &silence]).map_err(|e| broken(e.to_string()))?.swap_remove(0);
        if unit {
            it.model = public_model(path, vector.len());
        }
        it.model.check(&vector)?;
        Ok(it)
    }

    fn run(&mut self, windows: &[&[f32]]) -> ort::Result<Vec<Vec<f32>>> {
        self.input.clear();
        let frames = Features::frames(windows.first().map_or(0, |window| window.len()));
        for window in windows {
            self.features.append(window, &mut self.input);
        }
        let shape = [windows.len(), frames, self.features.width()];
        let tensor = TensorRef::from_array_view((shape, &self.input[..]))?;
        let outputs = self.session.run(ort::inputs![tensor])?;
        let (shape, values) = outputs[0].try_extract_tensor::<f32>()?;
        if shape.len() != 2 || shape[0] != windows.len() as i64 || shape[1] < 1 {
            return Err(ort::Error::new(format!("not a vector a window but {shape:?}")));
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

/// The samples that give so many frames.
fn samples(frames: usize) -> usize {
    (frames.max(1) - 1) * HOP + SAMPLE_RATE_HZ as usize / 40
}

/// What is taken for granted of a public model of `dimension` values: of the square of a vector of length 1, taken in
/// 1.2 s, about half is the voice, and the other half what is said and chance. So it is for models with an
/// equal error rate of about 1 % on VoxCeleb, whose cosines are 0.5 to 0.7 within and 0.0 to 0.1 between voices.
fn public_model(path: &Path, dimension: usize) -> VoiceModel {
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
        window: samples(120),
        hop: 30 * HOP,
    }
}

fn unit_length(values: &[f32]) -> Vec<f32> {
    let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    values.iter().map(|v| v / norm).collect()
}
