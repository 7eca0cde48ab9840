//! Who says whether a block is speech.

use crate::SegmentError;

/// Tells speech from everything else, block by block; keeps what it needs of the blocks before.
pub trait SpeechDetector: Send {
    /// The probability, 0…1, that `block` (the next [`BLOCK_LEN`](timeline::BLOCK_LEN) samples) is speech.
    ///
    /// # Errors
    /// When the detector fails; the next block may be tried.
    fn speech_prob(&mut self, block: &[f32]) -> Result<f32, SegmentError>;

    /// Forgets what came before: the next block does not follow the last one.
    fn reset(&mut self);
}

impl<D: SpeechDetector + ?Sized> SpeechDetector for Box<D> {
    fn speech_prob(&mut self, block: &[f32]) -> Result<f32, SegmentError> {
        (**self).speech_prob(block)
    }

    fn reset(&mut self) {
        (**self).reset();
    }
}

/// A detector for tests: says what it was told to, whatever the audio.
///
/// ```
/// use segment::{Scripted, SpeechDetector};
/// let mut detector = Scripted::new([0.9, 0.1]).failing_at(1);
/// assert_eq!(detector.speech_prob(&[])?, 0.9);
/// assert!(detector.speech_prob(&[]).is_err()); // the second block fails …
/// assert_eq!(detector.speech_prob(&[])?, 0.0); // … and behind the script there is silence
/// # Ok::<(), segment::SegmentError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Scripted {
    probs: Vec<f32>,
    next: usize,
    failing_at: Option<usize>,
    resets: usize,
}

impl Scripted {
    /// Answers with `probs` in turn, then with 0.
    #[must_use]
    pub fn new(probs: impl Into<Vec<f32>>) -> Self {
        Self { probs: probs.into(), ..Self::default() }
    }

    /// Fails on block `n`, counted from 0.
    #[must_use]
    pub fn failing_at(self, n: usize) -> Self {
        Self { failing_at: Some(n), ..self }
    }

    /// How often it was reset. The script goes on all the same.
    #[must_use]
    pub fn resets(&self) -> usize {
        self.resets
    }
}

impl SpeechDetector for Scripted {
    fn speech_prob(&mut self, _block: &[f32]) -> Result<f32, SegmentError> {
        let now = self.next;
        self.next += 1;
        if self.failing_at == Some(now) {
            return Err(SegmentError::Detector {
                what: format!("scripted to fail on block {now}"),
            });
        }
        Ok(self.probs.get(now).copied().unwrap_or(0.0))
    }

    fn reset(&mut self) {
        self.resets += 1;
    }
}
