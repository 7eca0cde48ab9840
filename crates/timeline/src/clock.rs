//! The sample clock.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// The one sample rate behind the capture stage, in samples a second.
///
/// Whisper and Silero are both trained at it.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// An instant on the session's clock: how many samples passed since its start.
///
/// ```
/// use timeline::SampleIdx;
/// assert_eq!(SampleIdx::from_secs(1.5).as_secs(), 1.5);
/// assert_eq!(SampleIdx::from_secs(-1.0), SampleIdx::ZERO); // before the session there is no time
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SampleIdx(pub u64);

impl SampleIdx {
    /// The start of the session.
    pub const ZERO: Self = Self(0);

    /// The instant `secs` seconds after the start; what is negative or no number becomes the start.
    #[must_use]
    pub fn from_secs(secs: f64) -> Self {
        Self((secs * f64::from(SAMPLE_RATE_HZ)).round().max(0.0) as u64)
    }

    /// Seconds since the start.
    #[must_use]
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / f64::from(SAMPLE_RATE_HZ)
    }

    /// Samples from `earlier` to here; 0 when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for SampleIdx {
    type Output = Self;
    fn add(self, samples: u64) -> Self {
        Self(self.0 + samples)
    }
}

/// Saturates at the start of the session.
impl Sub<u64> for SampleIdx {
    type Output = Self;
    fn sub(self, samples: u64) -> Self {
        Self(self.0.saturating_sub(samples))
    }
}

/// A stretch of the session's clock, its end exclusive.
///
/// ```
/// use timeline::{SampleIdx, Span};
/// let span = Span::from_secs(1.0, 2.5);
/// assert_eq!(span.secs(), 1.5);
/// assert_eq!(span.overlap(Span::from_secs(2.0, 9.0)), 8_000);
/// assert_eq!(span.overlap(Span::from_secs(2.5, 9.0)), 0); // the end is exclusive
/// assert_eq!(Span::new(SampleIdx(5), SampleIdx(3)).len(), 0); // never negative
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// The first sample.
    pub start: SampleIdx,
    /// The sample after the last one.
    pub end: SampleIdx,
}

impl Span {
    /// The span from `start` to `end`; empty when `end` is not after `start`.
    #[must_use]
    pub fn new(start: SampleIdx, end: SampleIdx) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The span between two instants given in seconds.
    #[must_use]
    pub fn from_secs(start: f64, end: f64) -> Self {
        Self::new(SampleIdx::from_secs(start), SampleIdx::from_secs(end))
    }

    /// Samples in it.
    #[must_use]
    pub fn len(self) -> u64 {
        self.end.since(self.start)
    }

    /// Whether it holds no sample.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its length in seconds.
    #[must_use]
    pub fn secs(self) -> f64 {
        SampleIdx(self.len()).as_secs()
    }

    /// Samples that both spans hold.
    #[must_use]
    pub fn overlap(self, other: Self) -> u64 {
        self.end.min(other.end).since(self.start.max(other.start))
    }
}
