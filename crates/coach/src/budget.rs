//! How often the coach speaks.

use timeline::{Moment, SAMPLE_RATE_HZ, SampleIdx, Strength};

use crate::{
    config::{Budget, Mode},
    moments::Observed,
    state::CueMemo,
};

/// Between two cues: sparse two-word cues every 20 s are preferred over continuous ones (docs/coaching.md).
const NORMAL_GAP_SECS: u64 = 20;
/// Between two cues in quiet mode: one a minute.
const QUIET_GAP_SECS: u64 = 60;
/// A yes-but this soon after a firm mark only confirms what was shown already.
const CONFIRMED_SECS: u64 = 30;
/// A firm righting-reflex mark may follow a weaker cue this soon: a cue stays for 6 s, and 2 s of rest.
const REPLACE_GAP_SECS: u64 = 8;

/// Whether a cue for `observed`, which was shown at `at`, may be given.
pub(crate) fn allows(
    observed: &Observed,
    at: SampleIdx,
    last: Option<&CueMemo>,
    mode: Mode,
    budget: Budget,
) -> bool {
    if budget == Budget::Off {
        return true;
    }
    if !is_kind_shown(observed, mode) {
        return false;
    }
    let Some(last) = last else { return true };
    let gap = at.since(last.at);
    if observed.moment == Moment::YesBut
        && is_firm_reflex(last.moment, last.strength)
        && gap < secs(CONFIRMED_SECS)
    {
        return false;
    }
    let enough = match mode {
        Mode::Quiet => secs(QUIET_GAP_SECS),
        Mode::Normal | Mode::Practice if replaces(observed, last) => secs(REPLACE_GAP_SECS),
        Mode::Normal | Mode::Practice => secs(NORMAL_GAP_SECS),
    };
    gap >= enough
}

fn is_kind_shown(observed: &Observed, mode: Mode) -> bool {
    let for_practice = matches!(
        observed.moment,
        Moment::ChangeTalkHeard | Moment::Ambivalence | Moment::MissedChangeTalk
    );
    match mode {
        Mode::Quiet => observed.strength == Strength::Firm,
        Mode::Normal => !for_practice,
        Mode::Practice => true,
    }
}

/// A firm righting-reflex mark matters more than a soft one, a yes-but or a positive cue.
fn replaces(observed: &Observed, last: &CueMemo) -> bool {
    is_firm_reflex(observed.moment, observed.strength)
        && !is_firm_reflex(last.moment, last.strength)
}

fn is_firm_reflex(moment: Moment, strength: Strength) -> bool {
    moment.is_righting_reflex() && strength == Strength::Firm
}

fn secs(secs: u64) -> u64 {
    secs * u64::from(SAMPLE_RATE_HZ)
}
