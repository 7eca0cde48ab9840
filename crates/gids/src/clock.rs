//! Wall time on the session's clock.

use std::{
    sync::atomic::{AtomicI64, AtomicU32, Ordering},
    time::{Duration, Instant},
};

use timeline::{SAMPLE_RATE_HZ, SampleIdx};

/// How fast the anchor may move back to a later value, in parts per million: twice the drift of a
/// cheap sound card's crystal, so that a session of hours stays in step with the device.
const DRIFT_PPM: i64 = 100;

/// A device that stalls (it was switched, or the system slept) loses time without a word: the sample clock
/// stands still meanwhile. Blocks that come this late, without a backlog, for so long in a row mean that.
const STALLED_NS: i64 = 500_000_000;
const STALLED_BLOCKS: u32 = 62; // 2 s

/// Ties the sample clock to wall time, so that latencies can be told.
///
/// Shared by all threads; reading it is two atomic loads. Until the first block was seen, sample 0 is
/// now.
#[derive(Debug)]
pub struct SessionClock {
    origin: Instant,
    /// Nanoseconds after `origin` at which sample 0 was spoken.
    anchor_ns: AtomicI64,
    /// Late blocks in a row; the listening thread's own.
    late_blocks: AtomicU32,
}

impl SessionClock {
    /// A clock whose sample 0 is spoken now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
            anchor_ns: AtomicI64::new(0),
            late_blocks: AtomicU32::new(0),
        }
    }

    /// Says that sample 0 is spoken now.
    pub fn restart(&self) {
        self.anchor_ns.store(self.now_ns(), Ordering::Relaxed);
    }

    /// Says that all until `end` was heard by now. A device hands its samples over late, never early,
    /// so the earliest anchor ever seen is the truest; it is let go slowly to follow the drift of the
    /// device's own clock. `caught_up` says that nothing else was waiting, so that a late block means a
    /// device that lost time, which the clock then follows. Called by the listening thread for each block
    /// of `block_len` samples.
    pub fn observe(&self, end: SampleIdx, block_len: usize, caught_up: bool) {
        let seen = self.now_ns() - samples_ns(end.0);
        let anchor = self.anchor_ns.load(Ordering::Relaxed);
        let allowed = samples_ns(block_len as u64) * DRIFT_PPM / 1_000_000;
        let late = seen - anchor > STALLED_NS;
        let in_a_row = match (late, caught_up) {
            (false, _) => 0,
            (true, false) => self.late_blocks.load(Ordering::Relaxed),
            (true, true) => self.late_blocks.load(Ordering::Relaxed) + 1,
        };
        let lost_time = in_a_row >= STALLED_BLOCKS;
        self.late_blocks.store(if lost_time { 0 } else { in_a_row }, Ordering::Relaxed);
        let next = if lost_time { seen } else { seen.min(anchor + allowed) };
        self.anchor_ns.store(next, Ordering::Relaxed);
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
        clock.observe(SampleIdx::from_secs(10.0), 512, true);
        let before = clock.now_s();
        assert!(before >= 10.0);
        clock.observe(SampleIdx::from_secs(9.0), 512, true);
        // By no more than the drift that is followed: 100 ppm of a block.
        assert!(clock.now_s() > before - 1e-4);
        assert!(clock.until(SampleIdx::from_secs(9.5)).is_zero());
        assert!(clock.ms_since(SampleIdx::from_secs(9.0)) > 999.0);
    }

    #[test]
    fn a_device_that_lost_time_is_followed() {
        let clock = SessionClock::start();
        clock.observe(SampleIdx::from_secs(60.0), 512, true);
        // Twelve seconds were lost: from now on every block comes that late.
        for block in 0..STALLED_BLOCKS {
            assert!(clock.now_s() > 59.0, "not before block {block}");
            clock.observe(SampleIdx::from_secs(48.0), 512, true);
        }
        assert!(clock.now_s() < 49.0);
    }

    #[test]
    fn a_backlog_is_no_lost_time() {
        let clock = SessionClock::start();
        clock.observe(SampleIdx::from_secs(60.0), 512, true);
        for _ in 0..10 * STALLED_BLOCKS {
            clock.observe(SampleIdx::from_secs(55.0), 512, false);
        }
        assert!(clock.now_s() > 59.0);
    }

    #[test]
    fn a_pause_is_no_lag() {
        let clock = SessionClock::start();
        clock.shift(Duration::from_secs(5));
        assert!(clock.now_s() < -4.0);
        assert!(clock.until(SampleIdx::ZERO) > Duration::from_secs(4));
    }
}
