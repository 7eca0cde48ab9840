//! Silero's voice detector, version 6, for 16 kHz (MIT licence), through ONNX Runtime.

use std::path::Path;

use ort::{
    environment::Environment,
    inputs,
    session::{Session, builder::GraphOptimizationLevel},
    value::TensorRef,
};
use timeline::{BLOCK_LEN, SAMPLE_RATE_HZ};

use crate::{SegmentError, SpeechDetector};

/// Samples of the block before that the model wants in front of each block.
const CONTEXT_LEN: usize = 64;

/// The recurrent state: two layers, one stream, 128 cells.
const STATE_SHAPE: [usize; 3] = [2, 1, 128];
const STATE_LEN: usize = 2 * 128;

const INPUT_LEN: usize = CONTEXT_LEN + BLOCK_LEN;
const INPUT_SHAPE: [usize; 2] = [1, INPUT_LEN];

/// The model with the state of one channel. One thread computes: a block takes 0.1 ms, less than it takes to wake another.
pub struct Silero {
    session: Session,
    /// Context, then the block.
    input: [f32; INPUT_LEN],
    state: [f32; STATE_LEN],
}

impl Silero {
    /// Loads `silero_vad_16k_op15.onnx`. The environment is the process's only one, made by the program (ort allows no
    /// second).
    ///
    /// # Errors
    /// [`SegmentError::ModelMissing`] when there is no such file, [`SegmentError::ModelBroken`] when it is no such
    /// model.
    pub fn load(environment: &Environment, path: &Path) -> Result<Self, SegmentError> {
        if !path.is_file() {
            return Err(SegmentError::ModelMissing { path: path.to_owned() });
        }
        let broken = |what: String| SegmentError::ModelBroken { path: path.to_owned(), what };
        let session = open(environment, path).map_err(|e| broken(e.to_string()))?;
        for name in ["input", "state", "sr"] {
            if !session.inputs().iter().any(|input| input.name() == name) {
                return Err(broken(format!("it has no input \"{name}\"")));
            }
        }
        for name in ["output", "stateN"] {
            if !session.outputs().iter().any(|output| output.name() == name) {
                return Err(broken(format!("it has no output \"{name}\"")));
            }
        }
        let mut silero = Self { session, input: [0.0; INPUT_LEN], state: [0.0; STATE_LEN] };
        // A model of other shapes fails here and not in the first session.
        silero.run().map_err(|e| broken(e.to_string()))?;
        silero.reset();
        Ok(silero)
    }

    fn run(&mut self) -> ort::Result<f32> {
        let rate = [i64::from(SAMPLE_RATE_HZ)];
        let outputs = self.session.run(inputs![
            "input" => TensorRef::from_array_view((INPUT_SHAPE, &self.input[..]))?,
            "state" => TensorRef::from_array_view((STATE_SHAPE, &self.state[..]))?,
            "sr" => TensorRef::from_array_view(([0_usize; 0], &rate[..]))?,
        ])?;
        let (_, probs) = outputs["output"].try_extract_tensor::<f32>()?;
        let (_, state) = outputs["stateN"].try_extract_tensor::<f32>()?;
        if state.len() != STATE_LEN {
            return Err(ort::Error::new(format!("a state of {} values", state.len())));
        }
        self.state.copy_from_slice(state);
        match probs {
            [prob] if (0.0..=1.0).contains(prob) => Ok(*prob),
            other => Err(ort::Error::new(format!("no single probability but {other:?}"))),
        }
    }
}

fn open(environment: &Environment, path: &Path) -> ort::Result<Session> {
    Session::builder(environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .commit_from_file(path)
}

impl SpeechDetector for Silero {
    fn speech_prob(&mut self, block: &[f32]) -> Result<f32, SegmentError> {
        if block.len() != BLOCK_LEN {
            return Err(SegmentError::BlockLength { len: block.len() });
        }
        self.input[CONTEXT_LEN..].copy_from_slice(block);
        let prob = self.run().map_err(|e| SegmentError::Detector { what: e.to_string() });
        self.input.copy_within(BLOCK_LEN.., 0);
        prob
    }

    fn reset(&mut self) {
        self.input.fill(0.0);
        self.state.fill(0.0);
    }
}

impl std::fmt::Debug for Silero {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Silero").finish_non_exhaustive()
    }
}
