//! A voice told by its sound alone: statistics of the short-time spectrum and of the pitch.
//!
//! The mean cepstrum carries the length and shape of the vocal tract (and the microphone, which both
//! voices of a session share), its spread the way of articulating, the pitch the vocal folds. A
//! linear map, fitted to recordings of many voices, turns these statistics into coordinates in which
//! utterances of one voice scatter equally in all directions (`train/fit_whitening.py`).

mod frames;

use serde::Deserialize;

use crate::{Embedding, SpeakersError, VoiceEmbedder, VoiceModel};
use frames::{Analyser, Analysis, CEPSTRA};

/// Statistics of a stretch of speech: log pitch and its spread, mean and spread of each coefficient.
const STATISTICS: usize = 2 + 2 * CEPSTRA;
/// Under this much speech (three frames) there is nothing to take statistics of.
const LEAST_FRAMES: usize = 3;
/// Fewer voiced frames than this say nothing of the pitch: the population's is taken.
const LEAST_VOICED_FRAMES: usize = 5;
/// Added to the spread of a coefficient before the logarithm: that of a steady vowel.
const SPREAD_FLOOR: f32 = 0.3;
/// Added to the spread of the log pitch before the logarithm: the step of the pitch estimate.
const PITCH_SPREAD_FLOOR: f32 = 0.02;
const WHITENING: &str = include_str!("whitening.json");

/// The embedder that needs no model file.
pub struct SpectralEmbedder {
    analyser: Analyser,
    whitening: Whitening,
    model: VoiceModel,
}

/// What `train/fit_whitening.py` writes.
#[derive(Deserialize)]
struct Whitening {
    name: String,
    mean: Vec<f32>,
    rows: Vec<Vec<f32>>,
    between_var: Vec<f32>,
    floor_var: f32,
    short_var: f32,
}

impl SpectralEmbedder {
    /// An embedder with the fitted map.
    #[must_use]
    pub fn new() -> Self {
        let whitening: Whitening = serde_json::from_str(WHITENING)
            .expect("the map is part of the program, and a test reads it");
        Self {
            analyser: Analyser::new(),
            model: VoiceModel {
                name: whitening.name.clone(),
                between_var: whitening.between_var.clone(),
                floor_var: whitening.floor_var,
                short_var: whitening.short_var,
            },
            whitening,
        }
    }

    /// The statistics of `samples` before the map, and the seconds of speech they were taken of;
    /// `None` where there is no speech. What the map is fitted to.
    pub fn statistics(&mut self, samples: &[f32]) -> Option<(Vec<f32>, f32)> {
        let analysis = self.analyser.analyse(samples);
        let pitch = (self.whitening.mean[0], self.whitening.mean[1]);
        statistics(&analysis, pitch).map(|values| (values, analysis.speech_s))
    }
}

impl Default for SpectralEmbedder {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceEmbedder for SpectralEmbedder {
    fn model(&self) -> &VoiceModel {
        &self.model
    }

    fn embed(&mut self, samples: &[f32]) -> Result<Embedding, SpeakersError> {
        if let Some(index) = samples.iter().position(|x| !x.is_finite()) {
            return Err(SpeakersError::NotFinite { index });
        }
        let Some((values, speech_s)) = self.statistics(samples) else {
            return Ok(Embedding::none());
        };
        let map = &self.whitening;
        let centred: Vec<f32> = values.iter().zip(&map.mean).map(|(v, m)| v - m).collect();
        let values =
            map.rows.iter().map(|row| row.iter().zip(&centred).map(|(w, c)| w * c).sum()).collect();
        Ok(Embedding::new(values, speech_s))
    }
}

fn statistics(analysis: &Analysis, default_pitch: (f32, f32)) -> Option<Vec<f32>> {
    let frames = &analysis.frames;
    if frames.len() < LEAST_FRAMES {
        return None;
    }
    let mut pitches: Vec<f32> = frames.iter().filter_map(|f| f.log_pitch).collect();
    let pitch = if pitches.len() < LEAST_VOICED_FRAMES {
        default_pitch
    } else {
        pitches.sort_unstable_by(f32::total_cmp);
        let at = |quarter: usize| pitches[(pitches.len() - 1) * quarter / 4];
        (at(2), (at(3) - at(1) + PITCH_SPREAD_FLOOR).ln())
    };
    let count = frames.len() as f32;
    let mut values = Vec::with_capacity(STATISTICS);
    values.extend([pitch.0, pitch.1]);
    let mean = |c: usize| frames.iter().map(|f| f.cepstra[c]).sum::<f32>() / count;
    let means: [f32; CEPSTRA] = std::array::from_fn(mean);
    values.extend(means);
    values.extend(means.iter().enumerate().map(|(c, mean)| {
        let var = frames.iter().map(|f| (f.cepstra[c] - mean).powi(2)).sum::<f32>() / count;
        (var.sqrt() + SPREAD_FLOOR).ln()
    }));
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Voice;

    fn embed(samples: &[f32]) -> Vec<f32> {
        SpectralEmbedder::new().embed(samples).unwrap().values().to_vec()
    }

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
    }

    #[test]
    fn two_voices_are_further_apart_than_two_sayings() {
        let said =
            |voice: Voice| (1..5).map(|seed| embed(&voice.say(3.0, seed))).collect::<Vec<_>>();
        // One differs in all, the other in the vocal tract alone.
        for other in [Voice::HIGH, Voice::LOW_BUT_SHORT_TRACT] {
            let (a, b) = (said(Voice::LOW), said(other));
            let mut within = 0.0f32;
            let mut between = f32::MAX;
            for i in 0..a.len() {
                for j in 0..a.len() {
                    within = within.max(distance(&a[i], &a[j])).max(distance(&b[i], &b[j]));
                    between = between.min(distance(&a[i], &b[j]));
                }
            }
            assert!(between > within, "{other:?}: {between} {within}");
        }
    }

    #[test]
    fn gain_and_shift_do_not_matter() {
        let samples = Voice::LOW.say(3.0, 1);
        let here = embed(&samples);
        let other = distance(&here, &embed(&Voice::HIGH.say(3.0, 1)));
        let quiet: Vec<f32> = samples.iter().map(|x| 0.1 * x).collect();
        assert!(distance(&here, &embed(&quiet)) < 1e-3 * other);
        let mut shifted = vec![0.0; 593];
        shifted.extend(&samples);
        assert!(distance(&here, &embed(&shifted)) < 0.02 * other);
    }

    #[test]
    fn silence_has_no_voice() {
        for len in [0, 1, 500, 16_000] {
            assert_eq!(SpectralEmbedder::new().embed(&vec![0.0; len]).unwrap(), Embedding::none());
        }
        assert!(SpectralEmbedder::new().embed(&[0.0, f32::INFINITY]).is_err());
    }

    #[test]
    fn pitch_is_found_in_hertz() {
        for (voice, hz) in [(Voice::LOW, 110.0f32), (Voice::HIGH, 205.0)] {
            let (values, _) = SpectralEmbedder::new().statistics(&voice.say(3.0, 1)).unwrap();
            assert!((values[0].exp() / hz - 1.0).abs() < 0.05, "{} for {hz}", values[0].exp());
        }
    }

    #[test]
    fn the_map_has_the_right_shape() {
        let embedder = SpectralEmbedder::new();
        assert_eq!(embedder.whitening.mean.len(), STATISTICS);
        assert_eq!(embedder.whitening.rows.len(), embedder.model.dimension());
        assert!(embedder.whitening.rows.iter().all(|row| row.len() == STATISTICS));
        assert!(embedder.model.between_var.iter().all(|v| *v > 0.0));
        assert!(embedder.model.floor_var > 0.0 && embedder.model.short_var > 0.0);
    }
}
