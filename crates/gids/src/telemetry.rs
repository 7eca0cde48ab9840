//! What a session measures of itself beside its events.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use transcribe::Speculations;

/// Shared by the stages; each figure has one writer. Reading never waits for longer than a push to a list.
#[derive(Debug, Default)]
pub struct Telemetry {
    /// The newest value of the clock `capture`: the bits of an `f32`, in milliseconds.
    capture_ms: AtomicU32,
    /// All of them, for a benchmark: a session of hours has half a million.
    all_capture_ms: Option<Mutex<Vec<f32>>>,
    decode_us: AtomicU64,
    speculations: Mutex<Speculations>,
}

impl Telemetry {
    /// One that remembers every value of the clock `capture`.
    #[must_use]
    pub fn recording() -> Self {
        Self { all_capture_ms: Some(Mutex::default()), ..Self::default() }
    }

    /// A block has left the ring `ms` after its last sample was due. The listening thread's.
    pub(crate) fn captured(&self, ms: f32) {
        self.capture_ms.store(ms.to_bits(), Ordering::Relaxed);
        if let Some(all) = &self.all_capture_ms {
            all.lock().unwrap_or_else(PoisonError::into_inner).push(ms);
        }
    }

    /// The speech model has worked. The transcribing thread's.
    pub(crate) fn decoded(&self, took: Duration, speculations: Speculations) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.decode_us.fetch_add(us, Ordering::Relaxed);
        *self.speculations.lock().unwrap_or_else(PoisonError::into_inner) = speculations;
    }

    /// The clock `capture` of the newest block, in milliseconds.
    #[must_use]
    pub fn capture_ms(&self) -> f32 {
        f32::from_bits(self.capture_ms.load(Ordering::Relaxed))
    }

    /// All values of the clock `capture`, in milliseconds; none unless it was made to remember them.
    #[must_use]
    pub fn all_capture_ms(&self) -> Vec<f32> {
        let all = self.all_capture_ms.as_ref();
        all.map_or_else(Vec::new, |all| all.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Time spent in the speech model, in seconds.
    #[must_use]
    pub fn decode_s(&self) -> f64 {
        self.decode_us.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// What became of the speculations.
    #[must_use]
    pub fn speculations(&self) -> Speculations {
        *self.speculations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
