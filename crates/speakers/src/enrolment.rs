//! The practitioner's voice, stored as an embedding and never as audio.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
};

use serde::{Deserialize, Serialize};
use timeline::{ChannelId, SAMPLE_RATE_HZ, SampleIdx, SegmentEvent, SegmentId};

use crate::{
    EnrolmentError, Listener, SpeakersError, VoiceEmbedder, VoiceEvent, VoiceModel, Window,
    partition::Partition, turns::observation,
};

/// What a file of this kind says it is.
const FORMAT: &str = "gids-enrolment";
/// Of the file's format.
const VERSION: u32 = 1;
/// Speech that an enrolment needs.
const LEAST_SPEECH_S: f32 = 5.0;
/// RMS of the speech under which the recogniser suffers too.
const LEAST_LEVEL_DBFS: f32 = -50.0;
/// A sample this large counts as clipped.
const CLIPPED: f32 = 0.985;
/// Share of clipped samples from which the spectrum is bent audibly.
const MOST_CLIPPED: f32 = 0.005;
/// Speech over background.
const LEAST_SNR_DB: f32 = 8.0;
/// Length of the pieces that are compared to see whether one voice speaks.
const PIECE: usize = 2 * SAMPLE_RATE_HZ as usize;
/// 20 ms, the step of the level measurement.
const LEVEL_STEP: usize = SAMPLE_RATE_HZ as usize / 50;
/// Log-odds (sound only) for two voices from which a recording is refused. Twelve enrolments of four real speakers came to
/// 0; eleven of two of them, half and half, to 6 to 74.
const TWO_VOICES_LOG_ODDS: f32 = 5.0;

/// The practitioner's voice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    format: String,
    version: u32,
    model: String,
    values: Vec<f32>,
    speech_s: f32,
}

impl Enrolment {
    /// Makes an enrolment of about ten seconds of the practitioner reading aloud (mono, 16 kHz).
    ///
    /// # Errors
    /// [`SpeakersError::Enrolment`] when the recording is too short, too quiet, clipped, noisy or
    /// holds two voices; else what the embedder fails with.
    pub fn from_audio(
        samples: &[f32],
        embedder: &mut impl VoiceEmbedder,
    ) -> Result<Self, SpeakersError> {
        if let Some(index) = samples.iter().position(|x| !x.is_finite()) {
            return Err(SpeakersError::NotFinite { index });
        }
        check_level(samples)?;
        let windows = listen(samples, embedder)?;
        let heard: Vec<&Window> = windows.iter().filter(|w| !w.values.is_empty()).collect();
        let whole = observation(&heard, embedder.model());
        if whole.speech_s < LEAST_SPEECH_S {
            let got_s = whole.speech_s;
            return Err(EnrolmentError::TooShort { got_s, want_s: LEAST_SPEECH_S }.into());
        }
        check_one_voice(&heard, embedder.model())?;
        Ok(Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            model: embedder.model().name.clone(),
            values: whole.values,
            speech_s: whole.speech_s,
        })
    }

    /// The name of the voice model that it was made with.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Seconds of speech it was made of.
    #[must_use]
    pub fn speech_s(&self) -> f32 {
        self.speech_s
    }

    /// Writes it to `path`, readable by the owner only. What was there is replaced in one step.
    ///
    /// # Errors
    /// [`SpeakersError::File`] when it can't be written.
    pub fn save(&self, path: &Path) -> Result<(), SpeakersError> {
        let failed =
            |source| SpeakersError::File { action: "write", path: path.to_owned(), source };
        let text = serde_json::to_vec_pretty(self).map_err(|e| failed(e.into()))?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = Path::new(&beside);
        let written = create_private(beside).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(beside, path)).map_err(failed)
    }

    /// Reads an enrolment.
    ///
    /// # Errors
    /// [`SpeakersError::File`] when it can't be read, [`SpeakersError::Corrupt`] when it holds
    /// something else or is of another version.
    pub fn load(path: &Path) -> Result<Self, SpeakersError> {
        let text = fs::read(path).map_err(|source| SpeakersError::File {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let corrupt = |reason: String| SpeakersError::Corrupt { path: path.to_owned(), reason };
        let it: Self = serde_json::from_slice(&text).map_err(|e| corrupt(e.to_string()))?;
        if it.format != FORMAT {
            return Err(corrupt(format!("its format is \"{}\"", it.format)));
        }
        if it.version != VERSION {
            return Err(corrupt(format!(
                "its version is {}, this program reads {VERSION}",
                it.version
            )));
        }
        let sound = it.values.iter().chain([&it.speech_s]).all(|v| v.is_finite());
        if it.values.is_empty() || !sound || it.speech_s <= 0.0 {
            return Err(corrupt("it holds no voice".to_owned()));
        }
        Ok(it)
    }

    /// The voice, in the space of the given model; `None` when it was made with another one.
    pub(crate) fn values(&self, model: &VoiceModel) -> Option<&[f32]> {
        let fits = self.model == model.name && self.values.len() == model.dimension();
        fits.then_some(&self.values[..])
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // The mode is given at creation only: a left-over with another one must go first.
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}

fn check_level(samples: &[f32]) -> Result<(), EnrolmentError> {
    let mut levels: Vec<f32> = samples
        .chunks_exact(LEVEL_STEP)
        .map(|step| step.iter().map(|x| x * x).sum::<f32>() / LEVEL_STEP as f32)
        .collect();
    if levels.is_empty() {
        return Err(EnrolmentError::TooShort { got_s: 0.0, want_s: LEAST_SPEECH_S });
    }
    let clipped = samples.iter().filter(|x| x.abs() >= CLIPPED).count();
    let share = clipped as f32 / samples.len() as f32;
    if share > MOST_CLIPPED {
        return Err(EnrolmentError::Clipped { percent: 100.0 * share });
    }
    levels.sort_unstable_by(f32::total_cmp);
    // A reader pauses for a twentieth of the time at least and speaks for a quarter of it.
    let at = |percent: usize| levels[(levels.len() - 1) * percent / 100];
    let decibel = |power: f32| 10.0 * power.max(1e-12).log10();
    let level_dbfs = decibel(at(85));
    if level_dbfs < LEAST_LEVEL_DBFS {
        return Err(EnrolmentError::TooQuiet { level_dbfs });
    }
    let snr_db = level_dbfs - decibel(at(5));
    if snr_db < LEAST_SNR_DB {
        return Err(EnrolmentError::Noisy { snr_db });
    }
    Ok(())
}

/// The voice all along a recording.
fn listen(
    samples: &[f32],
    embedder: &mut impl VoiceEmbedder,
) -> Result<Vec<Window>, SpeakersError> {
    let mut events = Vec::new();
    let mut listener = Listener::new(embedder);
    let (id, start) = (SegmentId(0), SampleIdx::ZERO);
    let opened = SegmentEvent::Opened {
        id,
        channel: ChannelId(0),
        start,
        speech_end: start,
        samples: samples.to_vec(),
    };
    listener.push(&opened, &mut events)?;
    let heard = events.into_iter().filter_map(|event| match event {
        VoiceEvent::Heard { windows, .. } => Some(windows),
        VoiceEvent::Closed { .. } => None,
    });
    Ok(heard.flatten().collect())
}

fn check_one_voice(windows: &[&Window], model: &VoiceModel) -> Result<(), SpeakersError> {
    let mut partition = Partition::new(model);
    let apiece = (PIECE / model.hop).max(1);
    for piece in windows.chunks(apiece) {
        partition.push(observation(piece, model));
    }
    if partition.two_voices_log_odds() > TWO_VOICES_LOG_ODDS {
        return Err(EnrolmentError::ManyVoices.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
