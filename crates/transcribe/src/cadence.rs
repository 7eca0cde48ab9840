//! How much work the machine can bear: the step of the speculations, and the ladder of what is given up.

use timeline::Rung;

/// The least growth of an open segment that is worth a decode, in milliseconds: six blocks, a short word.
const LEAST_STEP_MS: f32 = 192.0;
/// The share of the time that speculations may take: they leave room for what must not wait.
const SHARE: f32 = 0.5;
/// A running speculation delays the decode that the end of the words asks for, by half its length on average. Beyond
/// this, in milliseconds, speculations grow rarer with the square of what they take, so that this delay stays small.
const CHEAP_MS: f32 = 150.0;
/// How fast the measured time is followed: a quarter each time.
const FOLLOW: f32 = 0.25;

/// Says how much an open segment must grow before it is decoded again. No wall clock: told how long decodes took.
#[derive(Debug, Clone, Default)]
pub struct Cadence {
    decode_ms: Option<f32>,
}

impl Cadence {
    /// Takes in how long a decode of an open segment took, in milliseconds.
    pub fn observe(&mut self, decode_ms: f32) {
        let before = self.decode_ms.unwrap_or(decode_ms);
        self.decode_ms = Some(before + FOLLOW * (decode_ms - before));
    }

    /// Milliseconds of growth before the next speculation; `None`: none at all.
    #[must_use]
    pub fn step_ms(&self, rung: Rung) -> Option<f32> {
        let took = self.decode_ms.unwrap_or(0.0);
        let step = LEAST_STEP_MS.max(took / SHARE * (took / CHEAP_MS).max(1.0));
        match rung {
            Rung::Full => Some(step),
            Rung::FewerSpeculations => Some(2.0 * step),
            Rung::FinalsOnly | Rung::SmallerModel | Rung::TranscriptOnly => None,
        }
    }
}

/// Lag, in milliseconds, from which something has to be given up.
const TOO_LATE_MS: u32 = 1_500;
/// Lag at which it is not waited whether it passes.
const FAR_TOO_LATE_MS: u32 = 5_000;
/// Lag below which the machine keeps pace.
const IN_TIME_MS: u32 = 300;
/// Beats of being late before a step down.
const LATE_BEATS: u32 = 2;
/// Beats of keeping pace before a step up; doubled each time that a step up did not hold.
const CALM_BEATS: u32 = 10;
/// At most five minutes.
const MOST_CALM_BEATS: u32 = 300;

/// Goes down a rung when the transcript lags and up again when it no longer does. Pure: told the lag once a second.
#[derive(Debug, Clone)]
pub struct Ladder {
    rung: Rung,
    late: u32,
    calm: u32,
    calm_wanted: u32,
    /// Beats since the last step up, while it may still turn out wrong.
    since_up: Option<u32>,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { rung: Rung::Full, late: 0, calm: 0, calm_wanted: CALM_BEATS, since_up: None }
    }
}

impl Ladder {
    /// Where it stands.
    #[must_use]
    pub fn rung(&self) -> Rung {
        self.rung
    }

    /// Takes in the lag of this second, in milliseconds. `has_smaller` says whether there is a smaller model: without
    /// one, that rung is left out. Returns the new rung if it changed.
    pub fn beat(&mut self, lag_ms: u32, has_smaller: bool) -> Option<Rung> {
        self.since_up =
            self.since_up.map(|beats| beats + 1).filter(|beats| *beats < self.calm_wanted);
        if lag_ms >= TOO_LATE_MS {
            self.calm = 0;
            self.late += 1;
            if self.late >= LATE_BEATS || lag_ms >= FAR_TOO_LATE_MS {
                return self.down(has_smaller);
            }
        } else {
            self.late = 0;
            self.calm = if lag_ms <= IN_TIME_MS { self.calm + 1 } else { 0 };
            if self.calm >= self.calm_wanted {
                return self.up(has_smaller);
            }
        }
        None
    }

    fn down(&mut self, has_smaller: bool) -> Option<Rung> {
        self.late = 0;
        if self.since_up.take().is_some() {
            self.calm_wanted = (2 * self.calm_wanted).min(MOST_CALM_BEATS);
        }
        let rungs = Rung::ALL.into_iter();
        self.go(rungs
            .filter(|&rung| Self::exists(rung, has_smaller))
            .find(|&rung| rung > self.rung))
    }

    fn up(&mut self, has_smaller: bool) -> Option<Rung> {
        self.calm = 0;
        let rungs = Rung::ALL.into_iter().rev();
        let to =
            rungs.filter(|&rung| Self::exists(rung, has_smaller)).find(|&rung| rung < self.rung);
        if to.is_some() {
            self.since_up = Some(0);
        }
        self.go(to)
    }

    fn go(&mut self, to: Option<Rung>) -> Option<Rung> {
        self.rung = to?;
        to
    }

    fn exists(rung: Rung, has_smaller: bool) -> bool {
        has_smaller || rung != Rung::SmallerModel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_decodes_come_more_than_proportionally_rarer() {
        let step = |ms: f32| {
            let mut cadence = Cadence::default();
            cadence.observe(ms);
            cadence.step_ms(Rung::Full).unwrap()
        };
        assert_eq!(step(20.0), LEAST_STEP_MS);
        assert_eq!(step(150.0), 300.0);
        assert_eq!(step(300.0), 1_200.0);
        assert_eq!(step(1_500.0), 30_000.0); // longer than any segment: none
        let mut cadence = Cadence::default();
        assert_eq!(cadence.step_ms(Rung::FewerSpeculations), Some(2.0 * LEAST_STEP_MS));
        assert_eq!(cadence.step_ms(Rung::FinalsOnly), None);
        // One slow decode does not change the pace at once.
        cadence.observe(150.0);
        cadence.observe(750.0);
        assert_eq!(cadence.step_ms(Rung::Full), Some(1_200.0)); // as if it took 300 ms
    }

    fn beats(ladder: &mut Ladder, lag_ms: u32, count: u32) -> Vec<Rung> {
        (0..count).filter_map(|_| ladder.beat(lag_ms, false)).collect()
    }

    #[test]
    fn down_when_it_lags_and_up_again() {
        let mut ladder = Ladder::default();
        assert_eq!(ladder.beat(2_000, true), None, "one late second may pass");
        assert_eq!(ladder.beat(2_000, true), Some(Rung::FewerSpeculations));
        assert_eq!(ladder.beat(9_000, true), Some(Rung::FinalsOnly), "this will not pass");
        assert_eq!(ladder.beat(9_000, true), Some(Rung::SmallerModel));
        assert_eq!(ladder.beat(9_000, true), Some(Rung::TranscriptOnly));
        assert_eq!(ladder.beat(9_000, true), None, "there is nothing left to give up");
        let up = [Rung::SmallerModel, Rung::FinalsOnly, Rung::FewerSpeculations, Rung::Full];
        let seen: Vec<Rung> = (0..40).filter_map(|_| ladder.beat(0, true)).collect();
        assert_eq!(seen, up);
    }

    #[test]
    fn without_a_smaller_model_that_rung_is_left_out() {
        let mut ladder = Ladder::default();
        let down = [Rung::FewerSpeculations, Rung::FinalsOnly, Rung::TranscriptOnly];
        assert_eq!(beats(&mut ladder, 9_000, 5), down);
        assert_eq!(beats(&mut ladder, 0, 10), [Rung::FinalsOnly]);
    }

    #[test]
    fn a_step_up_that_does_not_hold_is_tried_more_rarely() {
        let mut ladder = Ladder::default();
        assert_eq!(beats(&mut ladder, 2_000, 2), [Rung::FewerSpeculations]);
        assert_eq!(beats(&mut ladder, 0, 10), [Rung::Full]);
        assert_eq!(beats(&mut ladder, 2_000, 2), [Rung::FewerSpeculations]);
        assert_eq!(beats(&mut ladder, 0, 19), []);
        assert_eq!(beats(&mut ladder, 0, 1), [Rung::Full]);
    }

    #[test]
    fn a_middling_lag_changes_nothing() {
        let mut ladder = Ladder::default();
        assert_eq!(beats(&mut ladder, 1_000, 500), []);
    }
}
