//! Wall time on the session's clock.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use timeline::{SAMPLE_RATE_HZ, SampleIdx};

/// How fast the anchor may move back to a later value, in parts per million: twice the drift of a
/// cheap sound card's crystal, so that a session of hours stays in step with the device.
const DRIFT_PPM: i64 = 100;

/// Ties the sample clock to wall time, so that latencies can be told.
///
/// Shared by all threads; reading it is two atomic loads. Until the first block was seen, sample 0 is
/// now.
#[derive(Debug)]
pub struct SessionClock {
    origin: Instant,
    /// Nanoseconds after `origin` at which sample 0 was spoken.
    anchor_ns: AtomicI64,
}

impl SessionClock {
    /// A clock whose sample 0 is spoken now.
    #[must_use]
    pub fn start() -> Self {
        Self { origin: Instant::now(), anchor_ns: AtomicI64::new(0) }
    }

    /// Says that sample 0 is spoken now.
    pub fn restart(&self) {
        self.anchor_ns.store(self.now_ns(), Ordering::Relaxed);
    }

    /// Says that all until `end` was heard by now. A device hands its samples over late, never early,
    /// so the earliest anchor ever seen is the truest; it is let go slowly to follow the drift of the
    /// device's own clock. Called by the listening thread for each block of `block_len` samples.
    pub fn observe(&self, end: SampleIdx, block_len: usize) {
        let seen = self.now_ns() - samples_ns(end.0);
        let anchor = self.anchor_ns.load(Ordering::Relaxed);
        let allowed = samples_ns(block_len as u64) * DRIFT_PPM / 1_000_000;
        self.anchor_ns.store(seen.min(anchor + allowed), Ordering::Relaxed);
    }

    /// Moves all instants by the length of a pause.
    pub fn shift(&self, pause: Duration) {
        self.anchor_ns
            .fetch_add(i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX / 2), Ordering::Relaxed);
    }

    /// Milliseconds since the sample was spoken; negative when it lies ahead.
    #[must_use]
    pub fn ms_since(&self, at: SampleIdx) -> f32 {
        (self.session_ns() - samples_ns(at.0)) as f32 / 1e6
    }

    /// How long until the sample is spoken; zero when it was already.
    #[must_use]
    pub fn until(&self, at: SampleIdx) -> Duration {
        let ns = samples_ns(at.0) - self.session_ns();
        Duration::from_nanos(u64::try_from(ns).unwrap_or(0))
    }

    /// Seconds since sample 0.
    #[must_use]
    pub fn now_s(&self) -> f64 {
        self.session_ns() as f64 / 1e9
    }

    fn now_ns(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }

    fn session_ns(&self) -> i64 {
        self.now_ns() - self.anchor_ns.load(Ordering::Relaxed)
    }
}

fn samples_ns(samples: u64) -> i64 {
    const NS_PER_SAMPLE: i64 = 1_000_000_000 / SAMPLE_RATE_HZ as i64; // 62,500: exact at 16 kHz
    i64::try_from(samples).unwrap_or(i64::MAX / NS_PER_SAMPLE).saturating_mul(NS_PER_SAMPLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_block_does_not_move_the_clock() {
        let clock = SessionClock::start();
        // The first block says that second 10 was heard by now; one that comes late says less.
        clock.observe(SampleIdx::from_secs(10.0), 512);
        let before = clock.now_s();
        assert!(before >= 10.0);
        clock.observe(SampleIdx::from_secs(9.0), 512);
        assert!(clock.now_s() >= before);
        assert!(clock.until(SampleIdx::from_secs(9.5)).is_zero());
        assert!(clock.ms_since(SampleIdx::from_secs(9.0)) >= 1000.0);
    }

    #[test]
    fn a_pause_is_no_lag() {
        let clock = SessionClock::start();
        clock.shift(Duration::from_secs(5));
        assert!(clock.now_s() < -4.0);
        assert!(clock.until(SampleIdx::ZERO) > Duration::from_secs(4));
    }
}
