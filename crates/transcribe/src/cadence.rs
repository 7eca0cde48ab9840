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
    /// Takes in that a decode was aborted after so many milliseconds: a whole one takes longer.
    pub fn observe_aborted(&mut self, at_least_ms: f32) {
        if self.decode_ms.is_none_or(|known| known < at_least_ms) {
            self.observe(at_least_ms);
        }
    }

    /// Takes in how long a decode took, in milliseconds.
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

/// Lag, in milliseconds, from which something has to be given up. The overlay tells of a lag from 1.5 s on; a model that
/// takes two seconds for a sentence is slow, but its cues are better than none.
const TOO_LATE_MS: u32 = 2_500;
/// Lag at which it is not waited whether it passes.
const FAR_TOO_LATE_MS: u32 = 6_000;
/// Lag below which the machine keeps pace.
const IN_TIME_MS: u32 = 300;
/// What a late second counts (one in time takes one off again), and where it is enough: two late ones in a row, or one
/// in three. The beats that wait for a decode of seconds come together behind it, and only the first one is late.
const LATE_COUNTS: u32 = 3;
const LATE_ENOUGH: u32 = 5;
/// Seconds of work in time before a step up; doubled each time that a step up did not hold, halved when one did.
const CALM_BEATS: u32 = 8;
/// At most so many.
const MOST_CALM_BEATS: u32 = 240;

/// Goes down a rung when the transcript lags and up again when it no longer does. Pure: told the lag once a second.
#[derive(Debug, Clone)]
pub struct Ladder {
    rung: Rung,
    late: u32,
    calm: u32,
    calm_wanted: u32,
    /// Seconds of work since the last step up, while it may still turn out wrong.
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

    /// Takes in the lag of this second, in milliseconds. `worked` says whether anything was decoded in it: that a machine
    /// keeps pace with silence tells nothing. `has_smaller` says whether there is a smaller model: without one, that rung
    /// is left out. Returns the new rung if it changed.
    pub fn beat(&mut self, lag_ms: u32, worked: bool, has_smaller: bool) -> Option<Rung> {
        if lag_ms >= TOO_LATE_MS {
            self.calm = 0;
            self.late += LATE_COUNTS;
            if self.late >= LATE_ENOUGH || lag_ms >= FAR_TOO_LATE_MS {
                return self.down(has_smaller);
            }
            return None;
        }
        if !worked {
            return None;
        }
        if lag_ms <= IN_TIME_MS {
            self.late = self.late.saturating_sub(1);
        }
        self.since_up = self.since_up.map(|beats| beats + 1);
        if self.since_up.is_some_and(|beats| beats >= self.calm_wanted) {
            self.since_up = None; // it held
            self.calm_wanted = (self.calm_wanted / 2).max(CALM_BEATS);
        }
        self.calm = if lag_ms <= IN_TIME_MS { self.calm + 1 } else { self.calm.saturating_sub(1) };
        if self.calm >= self.calm_wanted { self.up(has_smaller) } else { None }
    }

    /// The rung that was just taken cannot be had: the next one, without a smaller model.
    pub fn pass_over(&mut self) -> Option<Rung> {
        self.down(false)
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
        (0..count).filter_map(|_| ladder.beat(lag_ms, true, false)).collect()
    }

    #[test]
    fn down_when_it_lags_and_up_again() {
        let mut ladder = Ladder::default();
        assert_eq!(ladder.beat(3_000, true, true), None, "one late second may pass");
        assert_eq!(ladder.beat(3_000, true, true), Some(Rung::FewerSpeculations));
        assert_eq!(ladder.beat(9_000, true, true), Some(Rung::FinalsOnly), "this will not pass");
        assert_eq!(ladder.beat(9_000, true, true), Some(Rung::SmallerModel));
        assert_eq!(ladder.beat(9_000, true, true), Some(Rung::TranscriptOnly));
        assert_eq!(ladder.beat(9_000, true, true), None, "there is nothing left to give up");
        let up = [Rung::SmallerModel, Rung::FinalsOnly, Rung::FewerSpeculations, Rung::Full];
        let seen: Vec<Rung> = (0..60).filter_map(|_| ladder.beat(0, true, true)).collect();
        assert_eq!(seen, up);
    }

    #[test]
    fn without_a_smaller_model_that_rung_is_left_out() {
        let mut ladder = Ladder::default();
        let down = [Rung::FewerSpeculations, Rung::FinalsOnly, Rung::TranscriptOnly];
        assert_eq!(beats(&mut ladder, 9_000, 5), down);
        assert_eq!(beats(&mut ladder, 0, CALM_BEATS + 4), [Rung::FinalsOnly]);
        let mut ladder = Ladder::default();
        for _ in 0..3 {
            ladder.beat(9_000, true, true);
        }
        assert_eq!(ladder.rung(), Rung::SmallerModel);
        assert_eq!(ladder.pass_over(), Some(Rung::TranscriptOnly), "it could not be loaded");
    }

    /// Decodes of 3.4 s: the beats that waited for one say 3.3, 2.3, 1.3 and 0.3 s.
    #[test]
    fn a_decode_of_seconds_is_late_though_the_beats_behind_it_are_less_so() {
        let mut ladder = Ladder::default();
        let lags = [3_300, 2_300, 1_300, 300].into_iter().cycle().take(5);
        let down: Vec<Rung> = lags.filter_map(|lag| ladder.beat(lag, true, false)).collect();
        assert_eq!(down, [Rung::FewerSpeculations]);
        // One late second in a while is none.
        let mut ladder = Ladder::default();
        let lags = [3_300, 0, 0, 0, 0].into_iter().cycle().take(50);
        assert_eq!(lags.filter_map(|lag| ladder.beat(lag, true, false)).count(), 0);
    }

    #[test]
    fn silence_is_no_evidence() {
        let mut ladder = Ladder::default();
        beats(&mut ladder, 3_000, 2);
        assert_eq!((0..500).filter_map(|_| ladder.beat(0, false, false)).count(), 0);
        assert_eq!(ladder.rung(), Rung::FewerSpeculations);
    }

    #[test]
    fn a_step_up_that_does_not_hold_is_tried_more_rarely_and_one_that_holds_is_forgiven() {
        let mut ladder = Ladder::default();
        assert_eq!(beats(&mut ladder, 3_000, 2), [Rung::FewerSpeculations]);
        assert_eq!(beats(&mut ladder, 0, CALM_BEATS), [Rung::Full]);
        assert_eq!(beats(&mut ladder, 3_000, 2), [Rung::FewerSpeculations]);
        assert_eq!(beats(&mut ladder, 0, 2 * CALM_BEATS - 1), []);
        assert_eq!(beats(&mut ladder, 0, 1), [Rung::Full]);
        assert_eq!(beats(&mut ladder, 0, 2 * CALM_BEATS), [], "it holds");
        assert_eq!(ladder.calm_wanted, CALM_BEATS);
    }

    #[test]
    fn a_middling_lag_changes_nothing() {
        let mut ladder = Ladder::default();
        assert_eq!(beats(&mut ladder, 1_000, 500), []);
    }

    #[test]
    fn an_aborted_decode_only_ever_raises_the_estimate() {
        let mut cadence = Cadence::default();
        cadence.observe_aborted(300.0);
        assert_eq!(cadence.step_ms(Rung::Full), Some(1_200.0));
        cadence.observe_aborted(20.0);
        assert_eq!(cadence.step_ms(Rung::Full), Some(1_200.0));
    }
}
