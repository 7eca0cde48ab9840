//! What the streaming part needs of a speech model.

use std::collections::VecDeque;

use timeline::SampleIdx;

use crate::TranscribeError;

/// What a speech model makes of a stretch of audio.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hypothesis {
    /// The words; empty when nothing was understood.
    pub text: String,
    /// Mean natural log-probability of the tokens; 0 for an empty text.
    pub avg_logprob: f32,
    /// The model's own probability that nobody speaks, where it can be had.
    pub no_speech_prob: Option<f32>,
}

/// A stretch of audio to be decoded.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    /// Its first sample on the session's clock.
    pub start: SampleIdx,
    /// 16 kHz mono in −1.0…1.0, at most 30 s.
    pub samples: &'a [f32],
}

/// Whether a decode that is running is not worth finishing any more. Asked now and then while it runs, on the thread
/// that runs it; has to answer at once.
pub type Abort<'a> = &'a dyn Fn() -> bool;

/// A speech model, its language pinned when it was made.
pub trait Recognizer: Send {
    /// Decodes a stretch; `None` if it was aborted.
    ///
    /// # Errors
    /// [`TranscribeError::Decode`]: the audio is lost, the recogniser stays usable.
    fn recognize(
        &mut self,
        stretch: &Stretch<'_>,
        abort: Abort<'_>,
    ) -> Result<Option<Hypothesis>, TranscribeError>;

    /// From the next call on, uses that many threads, where it can.
    fn set_threads(&mut self, _threads: usize) {}
}

/// A recogniser that reads from a script: one entry a call, in order, and fails where the entry is
/// `None` or the script has ended. For tests of everything behind the speech model.
#[derive(Debug, Default)]
pub struct Script {
    lines: VecDeque<Option<Hypothesis>>,
}

impl Script {
    /// Plays `lines` in order.
    pub fn new(lines: impl IntoIterator<Item = Option<Hypothesis>>) -> Self {
        Self { lines: lines.into_iter().collect() }
    }

    /// Plays texts that a sure model would give.
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(texts.into_iter().map(|text| {
            Some(Hypothesis { text: text.to_owned(), avg_logprob: -0.1, no_speech_prob: None })
        }))
    }

    /// How many entries were not asked for yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.lines.len()
    }
}

impl Recognizer for Script {
    /// Aborted before it looks at the script, so that an aborted call costs no entry.
    fn recognize(
        &mut self,
        stretch: &Stretch<'_>,
        abort: Abort<'_>,
    ) -> Result<Option<Hypothesis>, TranscribeError> {
        if abort() {
            return Ok(None);
        }
        self.lines.pop_front().flatten().map(Some).ok_or_else(|| TranscribeError::Decode {
            seconds: stretch.samples.len() as f32 / timeline::SAMPLE_RATE_HZ as f32,
            what: "the script says so".to_owned(),
        })
    }
}
