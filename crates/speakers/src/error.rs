//! What can go wrong, by what the caller can do about it.

use std::path::PathBuf;

/// Why a voice could not be worked with.
#[derive(Debug, thiserror::Error)]
pub enum SpeakersError {
    /// A sample is not a number: the source is broken, and every result after it would be too.
    #[error("the audio holds a value that is no number (sample {index}): check the recording")]
    NotFinite {
        /// The first such sample.
        index: usize,
    },
    /// An embedder gave a vector of the wrong length.
    #[error(
        "the voice model \"{model}\" gave {got} values where it promises {want}: it is damaged or \
         of another version; fetch it again"
    )]
    Dimension {
        /// The embedder.
        model: String,
        /// Its promise.
        want: usize,
        /// What came.
        got: usize,
    },
    /// The enrolment was made with another embedder.
    #[error(
        "this enrolment was made with the voice model \"{enrolled}\", but \"{current}\" is in use: enrol again"
    )]
    OtherModel {
        /// The embedder that made the enrolment.
        enrolled: String,
        /// The embedder in use.
        current: String,
    },
    /// The recording is no good as an enrolment; the user can record again.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
    /// The file could not be read or written.
    #[error("cannot {action} the enrolment {}: {source}", path.display())]
    File {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file holds no enrolment.
    #[error("{} is no enrolment of Gids, or it is damaged ({reason}): delete it and enrol again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A voice model cannot be used.
    #[error("the voice model {name} cannot be used: {what}")]
    Model {
        /// Its file or name.
        name: String,
        /// What is wrong with it.
        what: String,
    },
}

/// Why a recording is no good as an enrolment.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EnrolmentError {
    /// Too little speech.
    #[error(
        "only {got_s:.1} s of speech were heard, {want_s:.0} s are needed: read the whole text aloud"
    )]
    TooShort {
        /// Seconds of speech found.
        got_s: f32,
        /// Seconds needed.
        want_s: f32,
    },
    /// Too quiet.
    #[error(
        "the voice is too quiet ({level_dbfs:.0} dBFS): come closer to the microphone or turn its level up"
    )]
    TooQuiet {
        /// Level of the speech.
        level_dbfs: f32,
    },
    /// Too loud.
    #[error(
        "{percent:.1} % of the samples are clipped: turn the microphone's level down or move away from it"
    )]
    Clipped {
        /// Share of the samples at full scale.
        percent: f32,
    },
    /// Noise.
    #[error(
        "the background is too loud (only {snr_db:.0} dB under the voice): find a quieter place"
    )]
    Noisy {
        /// Speech over background.
        snr_db: f32,
    },
    /// Two voices.
    #[error("more than one voice seems to be in the recording: let only the practitioner speak")]
    ManyVoices,
}
