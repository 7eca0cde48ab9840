//! Whose voice it is, where the practitioner's is known: theirs, the client's, or a third one's.
//!
//! Each voice is a point whose place is unknown but for the spread of voices, and is integrated out. Of all the ways to
//! share the turns out among the three, the likeliest is sought by moving single turns, and by exchanging what two
//! voices were given: when all of a session sounds unlike the enrolment (another room, another microphone), only the
//! exchange tells which of two is nearer to it.

use crate::{
    VoiceModel,
    partition::{CHANGE_LOG_ODDS, Group, Observation, ROLE_WEIGHT},
};

/// The practitioner's, the client's, a third one's.
pub(crate) const VOICES: usize = 3;
/// Price of one more voice than the two that a session is about, in log-odds. A client whose voice changes (weeps, laughs,
/// whispers) is likelier than a third person.
const THIRD_PRICE: f32 = 12.0;
/// A third voice that has spoken for so many times as long as the client's is the client's, and the other way round.
const OUTSPOKEN: f32 = 1.5;
/// So many of the newest turns may still change their voice; older ones count, but stay.
const OPEN_TURNS: usize = 120;
/// Passes over them; they settle in one or two.
const MOST_PASSES: usize = 3;

/// The turns of a session and the voice of each.
#[derive(Debug, Clone)]
pub(crate) struct Gallery {
    between_var: Vec<f32>,
    temper: f32,
    enrolled: Observation,
    observations: Vec<Observation>,
    labels: Vec<u8>,
    groups: [Group; VOICES],
}

impl Gallery {
    /// `enrolled` is the practitioner's voice.
    pub(crate) fn new(model: &VoiceModel, enrolled: Observation) -> Self {
        let mut gallery = Self {
            between_var: model.between_var.clone(),
            temper: model.temper,
            enrolled,
            observations: Vec::new(),
            labels: Vec::new(),
            groups: Default::default(),
        };
        gallery.rebuild();
        gallery
    }

    /// Adds a turn, looks at the others anew, and gives its voice and the log-odds (≥ 0) that the practitioner speaks,
    /// or does not.
    pub(crate) fn push(&mut self, observation: Observation) -> (u8, f32) {
        let (voice, _) = self.guess(&observation);
        self.place(observation, voice);
        self.settle();
        self.exchange();
        let last = self.labels.len() - 1;
        let voice = self.labels[last];
        // By what the others say alone.
        let observation = self.take(last);
        self.labels.pop();
        self.observations.pop();
        let all = self.worth(&observation);
        self.place(observation, voice);
        (voice, practitioner_log_odds(all, voice))
    }

    /// What [`Gallery::push`] would most likely say of a turn that is not over.
    pub(crate) fn guess(&self, observation: &Observation) -> (u8, f32) {
        let all = self.worth(observation);
        let voice = best(all);
        (voice, practitioner_log_odds(all, voice))
    }

    /// Logarithm of how well a new observation goes with each voice, sound only, up to what is common to them.
    pub(crate) fn densities(&self, observation: &Observation) -> [f32; VOICES] {
        let third = if self.groups[2].is_empty() { THIRD_PRICE } else { 0.0 };
        let sound = self
            .groups
            .each_ref()
            .map(|group| self.temper * group.log_density(&self.between_var, observation));
        [sound[0], sound[1], sound[2] - third]
    }

    /// Whether the client was heard.
    pub(crate) fn knows_client(&self) -> bool {
        !self.groups[1].is_empty()
    }

    /// The voice of each turn, by what is known now.
    pub(crate) fn labels(&self) -> impl Iterator<Item = u8> {
        self.labels.iter().copied()
    }

    /// The same with the words, and with what turn-taking says.
    fn worth(&self, observation: &Observation) -> [f32; VOICES] {
        let mut all = self.densities(observation);
        all[0] += ROLE_WEIGHT * observation.role_log_odds;
        if let Some(last) = self.labels.last() {
            all[usize::from(*last)] -= CHANGE_LOG_ODDS;
        }
        // A sound too short to tell a voice by is not a new one's.
        if !observation.counts() && self.groups[2].is_empty() {
            all[2] = f32::NEG_INFINITY;
        }
        all
    }

    fn place(&mut self, observation: Observation, voice: u8) {
        if observation.counts() {
            self.groups[usize::from(voice)].add(&observation, 1.0);
        }
        self.observations.push(observation);
        self.labels.push(voice);
    }

    /// Takes a turn out of its group.
    fn take(&mut self, index: usize) -> Observation {
        let observation = self.observations[index].clone();
        if observation.counts() {
            self.groups[usize::from(self.labels[index])].add(&observation, -1.0);
        }
        observation
    }

    fn settle(&mut self) {
        let first = self.labels.len().saturating_sub(OPEN_TURNS);
        for _ in 0..MOST_PASSES {
            let mut moved = false;
            for index in (first..self.labels.len()).rev() {
                let observation = self.take(index);
                let mut all = self.densities(&observation);
                all[0] += ROLE_WEIGHT * observation.role_log_odds;
                let held = self.labels[index];
                all[usize::from(held)] += 1e-3;
                let voice = if observation.counts() || !self.groups[2].is_empty() {
                    best(all)
                } else {
                    best([all[0], all[1], f32::NEG_INFINITY])
                };
                moved |= voice != held;
                self.labels[index] = voice;
                if observation.counts() {
                    self.groups[usize::from(voice)].add(&observation, 1.0);
                }
            }
            // Adding and taking away lets rounding errors grow.
            self.rebuild();
            if !moved {
                return;
            }
        }
    }

    /// Gives what one voice has to another and the other way round, if that is likelier. Of the two that are not the
    /// practitioner's, the one that spoke for clearly longer is the client's.
    fn exchange(&mut self) {
        for (a, b) in [(0, 1), (0, 2)] {
            let mut other = self.clone();
            other.rename(a, b);
            if other.score() > self.score() + 1e-3 {
                *self = other;
            }
        }
        if self.speech_s(2) > OUTSPOKEN * self.speech_s(1) {
            self.rename(1, 2);
        }
    }

    fn speech_s(&self, voice: u8) -> f32 {
        let turns = self.labels.iter().zip(&self.observations);
        turns.filter(|(label, _)| **label == voice).map(|(_, turn)| turn.speech_s).sum()
    }

    fn rename(&mut self, a: u8, b: u8) {
        for label in &mut self.labels {
            *label = match *label {
                it if it == a => b,
                it if it == b => a,
                it => it,
            };
        }
        self.rebuild();
    }

    /// Logarithm of how likely all that was heard is, up to what is common to all ways of sharing out. What was said is
    /// left out: no number of misleading sentences overturns an enrolment.
    fn score(&self) -> f32 {
        let sound: f32 = self
            .groups
            .iter()
            .filter(|group| !group.is_empty())
            .map(|group| {
                let each = self.between_var.iter().zip(&group.weighted).map(|(between, w)| {
                    w * w / (group.precision + 1.0 / between)
                        - (1.0 + group.precision * between).ln()
                });
                each.sum::<f32>()
            })
            .sum();
        let third = if self.groups[2].is_empty() { 0.0 } else { THIRD_PRICE };
        0.5 * self.temper * sound - third
    }

    fn rebuild(&mut self) {
        self.groups = Default::default();
        self.groups[0].add(&self.enrolled, 1.0);
        for (observation, label) in self.observations.iter().zip(&self.labels) {
            if observation.counts() {
                self.groups[usize::from(*label)].add(observation, 1.0);
            }
        }
    }
}

fn best(all: [f32; VOICES]) -> u8 {
    if all[0] >= all[1] && all[0] >= all[2] { 0 } else { 1 + u8::from(all[2] > all[1]) }
}

/// For the practitioner where `voice` is theirs, else against.
fn practitioner_log_odds(all: [f32; VOICES], voice: u8) -> f32 {
    let log_odds = all[0] - all[1].max(all[2]);
    if voice == 0 { log_odds.max(0.0) } else { (-log_odds).max(0.0) }
}
