//! Which voice is the practitioner's.

use timeline::Speaker;

/// Log-odds that the first to speak is the practitioner: who opens the conversation usually leads it.
/// Weak: two telling sentences outweigh it.
const FIRST_SPEAKS_LOG_ODDS: f32 = 0.8;
/// One utterance's words count no more than this either way, so that one odd sentence flips nothing.
pub(crate) const MOST_LOG_ODDS: f32 = 1.5;
/// The other mapping must be this much likelier before the roles change: two clear sentences.
const HYSTERESIS_LOG_ODDS: f32 = 2.0;
/// Surer than this (0.98) one never gets from words alone.
const CEILING_LOG_ODDS: f32 = 4.0;
/// What an enrolment or the user says is as good as sure.
const KNOWN_LOG_ODDS: f32 = 7.0;

/// The mapping from voice (0, 1) to speaker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Roles {
    /// Guessed from what is said.
    Guessed {
        /// The voice taken for the practitioner's.
        practitioner: u8,
        /// Log-odds for it; negative within the hysteresis.
        log_odds: f32,
        /// The voice that spoke first, by what was known then.
        first: u8,
    },
    /// Known: by enrolment, by channel or because the user said so.
    Known {
        /// The practitioner's voice.
        practitioner: u8,
    },
}

impl Roles {
    /// Nothing was said yet.
    pub(crate) fn unknown() -> Self {
        Self::Guessed { practitioner: 0, log_odds: FIRST_SPEAKS_LOG_ODDS, first: 0 }
    }

    /// Takes in the sum of the (limited) log-odds of the words that voice 0 is the practitioner's,
    /// and which voice spoke first. Says whether the mapping changed.
    pub(crate) fn update(&mut self, words: f32, first: u8) -> bool {
        let Self::Guessed { practitioner, first: first_before, .. } = *self else {
            return false;
        };
        let prior = if first == 0 { FIRST_SPEAKS_LOG_ODDS } else { -FIRST_SPEAKS_LOG_ODDS };
        let for_zero = words + prior;
        let held = if practitioner == 0 { for_zero } else { -for_zero };
        // When the first utterance turns out to be the other voice's, nothing is worth holding on to.
        let hold = if first == first_before { HYSTERESIS_LOG_ODDS } else { 0.0 };
        let changed = held < -hold;
        *self = Self::Guessed {
            practitioner: if changed { 1 - practitioner } else { practitioner },
            log_odds: if changed { -held } else { held },
            first,
        };
        changed
    }

    /// The user says it is the other way round.
    pub(crate) fn swap(&mut self) {
        *self = Self::Known { practitioner: 1 - self.practitioner() };
    }

    pub(crate) fn speaker(self, voice: u8) -> Speaker {
        // A third voice is nobody's that matters; that it is not the practitioner's is.
        if voice == self.practitioner() { Speaker::Practitioner } else { Speaker::Client }
    }

    /// How likely the mapping is right, 0.5…1.
    pub(crate) fn confidence(self) -> f32 {
        let log_odds = match self {
            Self::Guessed { log_odds, .. } => log_odds.clamp(0.0, CEILING_LOG_ODDS),
            Self::Known { .. } => KNOWN_LOG_ODDS,
        };
        sigmoid(log_odds)
    }

    fn practitioner(self) -> u8 {
        match self {
            Self::Guessed { practitioner, .. } | Self::Known { practitioner } => practitioner,
        }
    }
}

/// Probability of log-odds.
pub(crate) fn sigmoid(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}
