//! Which of the utterances so far come from the one voice, which from the other.
//!
//! Both voices' means are unknown and integrated out. With the precision-weighted means `y0`, `y1` of
//! the two groups and the variances `s0`, `s1` of these means, one voice would make the difference
//! `y0 − y1` vary by `s0 + s1` in each coordinate, two voices by `s0 + s1 + 2b` (`b`: variance
//! between voices). The logarithm of the ratio of the two densities is the evidence for the split;
//! whatever microphone and room add to both voices cancels out. The split with the greatest evidence,
//! plus what turn-taking and the words say, is kept.
//!
//! Everything is looked at anew with each utterance, so that early mistakes mend; it is
//! deterministic.

use crate::VoiceModel;

/// Log-odds that the next utterance is the other's: people take turns, but a pause within a turn
/// makes two utterances of it. Six in ten: weak on purpose, it is to decide about a "hm-m" only.
pub(crate) const CHANGE_LOG_ODDS: f32 = 0.4;
/// Under this much speech an utterance ("hm-m") moves no voice; it only gets the nearer one.
const LEAST_SPEECH_S: f32 = 0.5;
/// Weight of the words in telling voices apart: they decide only where the sound hardly does.
pub(crate) const ROLE_WEIGHT: f32 = 0.5;
/// Passes over all utterances per start; they settle in two or three.
const MOST_PASSES: usize = 6;
/// The only utterance so far is of the first voice, whoever's that is.
const ONLY_LOG_ODDS: f32 = 7.0;
/// Rounds of power iteration for the axis of the fresh start; only a start, so rough is enough.
const AXIS_ROUNDS: usize = 8;

/// An utterance as the partition sees it.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    /// Coordinates; empty where no voice was heard.
    pub values: Vec<f32>,
    /// Variance of each coordinate around the voice.
    pub noise_var: f32,
    /// Seconds of speech in it.
    pub speech_s: f32,
    /// Log-odds, limited, that a practitioner said the words.
    pub role_log_odds: f32,
}

impl Observation {
    /// Whether it may move the voices.
    pub(crate) fn counts(&self) -> bool {
        self.speech_s >= LEAST_SPEECH_S && !self.values.is_empty()
    }

    /// Nothing was heard.
    pub(crate) fn silence() -> Self {
        Self { values: Vec::new(), noise_var: 1.0, speech_s: 0.0, role_log_odds: 0.0 }
    }

    /// Both together, of one voice.
    pub(crate) fn joined(&self, other: &Self, model: &VoiceModel) -> Self {
        let speech_s = self.speech_s + other.speech_s;
        if self.values.is_empty() || other.values.is_empty() {
            return if self.values.is_empty() { other.clone() } else { self.clone() };
        }
        let share = self.speech_s / speech_s;
        let mixed = |(a, b): (&f32, &f32)| share * a + (1.0 - share) * b;
        let values = self.values.iter().zip(&other.values).map(mixed).collect();
        let role_log_odds = self.role_log_odds + other.role_log_odds;
        Self { values, noise_var: model.noise_var(speech_s), speech_s, role_log_odds }
    }
}

/// Precision-weighted sums of one voice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub precision: f32,
    pub weighted: Vec<f32>,
}

impl Group {
    pub(crate) fn add(&mut self, observation: &Observation, sign: f32) {
        let precision = sign / observation.noise_var;
        self.precision += precision;
        self.weighted.resize(observation.values.len(), 0.0);
        for (sum, x) in self.weighted.iter_mut().zip(&observation.values) {
            *sum += precision * x;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.precision < 1e-6
    }

    /// Logarithm of the density of something new under what is known of the voice, up to what is common to all voices;
    /// 0 where nothing was heard. The origin is the mean of the voices, of which each scatters by `between_var`.
    pub(crate) fn log_density(&self, between_var: &[f32], observation: &Observation) -> f32 {
        let coordinates = between_var.iter().zip(&observation.values).enumerate();
        let sum: f32 = coordinates
            .map(|(i, (between, x))| {
                let precision = self.precision + 1.0 / between;
                let mean = self.weighted.get(i).map_or(0.0, |w| w / precision);
                let var = 1.0 / precision + observation.noise_var;
                (x - mean).powi(2) / var + var.ln()
            })
            .sum();
        -0.5 * sum
    }
}

/// The utterances of a session and the voice, 0 or 1, of each.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    between_var: Vec<f32>,
    temper: f32,
    observations: Vec<Observation>,
    labels: Vec<u8>,
    groups: [Group; 2],
    role_sum: f32,
}

impl Partition {
    pub(crate) fn new(model: &VoiceModel) -> Self {
        Self {
            between_var: model.between_var.clone(),
            temper: model.temper,
            observations: Vec::new(),
            labels: Vec::new(),
            groups: Default::default(),
            role_sum: 0.0,
        }
    }

    /// Adds an utterance, looks at all of them anew, and gives its voice and the log-odds (≥ 0) for it.
    pub(crate) fn push(&mut self, observation: Observation) -> (u8, f32) {
        let last = self.observations.len();
        let label = self.labels.last().copied().unwrap_or(0);
        self.place(observation, label);
        self.settle(last);
        let mut best = self.clone();
        if let Some(mut fresh) = self.split_by_axis() {
            fresh.settle(0);
            fresh.align(&self.labels);
            if fresh.score() > best.score() + 1e-3 {
                best = fresh;
            }
        }
        *self = best;
        if last == 0 {
            return (self.labels[0], ONLY_LOG_ODDS);
        }
        let log_odds = -self.gain_of_flip(last);
        (self.labels[last], log_odds.max(0.0))
    }

    /// What [`Partition::push`] would most likely say of an utterance that is not over: it costs far less.
    pub(crate) fn guess(&self, observation: &Observation) -> (u8, f32) {
        let Some(last) = self.labels.last() else { return (0, ONLY_LOG_ODDS) };
        let log_odds = self.log_odds_of(observation) - sign(*last) * CHANGE_LOG_ODDS;
        (u8::from(log_odds < 0.0), log_odds.abs())
    }

    /// The voice of each utterance, by what is known now.
    pub(crate) fn labels(&self) -> impl Iterator<Item = u8> {
        self.labels.iter().copied()
    }

    /// The voice of the first utterance, by what is known now.
    pub(crate) fn first_voice(&self) -> u8 {
        self.labels.first().copied().unwrap_or(0)
    }

    /// Sum of the words' log-odds that voice 0 is the practitioner.
    pub(crate) fn role_log_odds(&self) -> f32 {
        self.role_sum
    }

    /// Tempered evidence that the two groups are two voices, sound only.
    pub(crate) fn two_voices_log_odds(&self) -> f32 {
        self.evidence(&self.groups)
    }

    /// Tempered evidence that the two are two voices, sound only.
    pub(crate) fn two_voices(model: &VoiceModel, sides: &[Observation; 2]) -> f32 {
        let partition = Self::new(model);
        let groups = sides.each_ref().map(|side| {
            let mut group = Group::default();
            group.add(side, 1.0);
            group
        });
        partition.evidence(&groups)
    }

    /// Whether both voices were heard for long enough to tell one from the other.
    pub(crate) fn knows_both(&self) -> bool {
        let [a, b] = &self.groups;
        !a.is_empty() && !b.is_empty()
    }

    /// Logarithm of how well something new goes with each voice, sound only, up to what is common to them.
    pub(crate) fn densities(&self, observation: &Observation) -> [f32; 2] {
        self.groups
            .each_ref()
            .map(|group| self.temper * group.log_density(&self.between_var, observation))
    }

    /// Whether nobody was heard for long enough yet to know them again.
    pub(crate) fn knows_none(&self) -> bool {
        self.groups.iter().all(Group::is_empty)
    }

    /// Log-odds (sound only) that voice 0 rather than voice 1 is heard in something new.
    fn log_odds_of(&self, observation: &Observation) -> f32 {
        let [zero, one] = self.densities(observation);
        zero - one
    }

    fn place(&mut self, observation: Observation, label: u8) {
        if observation.counts() {
            self.groups[usize::from(label)].add(&observation, 1.0);
        }
        self.role_sum += sign(label) * observation.role_log_odds;
        self.observations.push(observation);
        self.labels.push(label);
    }

    fn evidence(&self, groups: &[Group; 2]) -> f32 {
        let [a, b] = groups;
        if a.is_empty() || b.is_empty() {
            return 0.0;
        }
        let one = 1.0 / a.precision + 1.0 / b.precision;
        let sum: f32 = self
            .between_var
            .iter()
            .zip(a.weighted.iter().zip(&b.weighted))
            .map(|(between, (wa, wb))| {
                let difference = wa / a.precision - wb / b.precision;
                let two = one + 2.0 * between;
                difference * difference * (1.0 / one - 1.0 / two) - (two / one).ln()
            })
            .sum();
        0.5 * self.temper * sum
    }

    /// The role is unknown: both mappings count, so that only the contrast between the voices tells.
    fn words(&self, role_sum: f32) -> f32 {
        let half = (0.5 * ROLE_WEIGHT * role_sum).abs();
        // ln cosh, without overflow.
        half + (-2.0 * half).exp().ln_1p() - std::f32::consts::LN_2
    }

    fn turns(&self, index: usize, label: u8) -> f32 {
        let mut sum = 0.0;
        if index > 0 && self.labels[index - 1] != label {
            sum += CHANGE_LOG_ODDS;
        }
        if index + 1 < self.labels.len() && self.labels[index + 1] != label {
            sum += CHANGE_LOG_ODDS;
        }
        sum
    }

    /// What is won by giving utterance `index` to the other voice.
    fn gain_of_flip(&self, index: usize) -> f32 {
        let (label, observation) = (self.labels[index], &self.observations[index]);
        let turns = self.turns(index, 1 - label) - self.turns(index, label);
        let moved = self.role_sum - 2.0 * sign(label) * observation.role_log_odds;
        let words = self.words(moved) - self.words(self.role_sum);
        turns + words + self.sound_gain(index)
    }

    fn sound_gain(&self, index: usize) -> f32 {
        let (label, observation) = (usize::from(self.labels[index]), &self.observations[index]);
        if observation.values.is_empty() {
            return 0.0;
        }
        let mut groups = self.groups.clone();
        if observation.counts() {
            groups[label].add(observation, -1.0);
        }
        // With it in the one group, and with it in the other.
        let mut stay = groups.clone();
        stay[label].add(observation, 1.0);
        groups[1 - label].add(observation, 1.0);
        self.evidence(&groups) - self.evidence(&stay)
    }

    fn flip(&mut self, index: usize) {
        let label = self.labels[index];
        let observation = &self.observations[index];
        if observation.counts() {
            self.groups[usize::from(label)].add(observation, -1.0);
            self.groups[usize::from(1 - label)].add(observation, 1.0);
        }
        self.role_sum -= 2.0 * sign(label) * observation.role_log_odds;
        self.labels[index] = 1 - label;
    }

    /// Moves single utterances, first of all the one at `first`, until none wants to.
    fn settle(&mut self, first: usize) {
        let count = self.labels.len();
        for _ in 0..MOST_PASSES {
            let mut moved = false;
            for index in (first..count).chain(0..first) {
                if self.gain_of_flip(index) > 1e-4 {
                    self.flip(index);
                    moved = true;
                }
            }
            self.rebuild();
            if !moved {
                return;
            }
        }
    }

    /// The sums afresh: adding and taking away lets rounding errors grow.
    fn rebuild(&mut self) {
        self.groups = Default::default();
        self.role_sum = 0.0;
        for (observation, label) in self.observations.iter().zip(&self.labels) {
            if observation.counts() {
                self.groups[usize::from(*label)].add(observation, 1.0);
            }
            self.role_sum += sign(*label) * observation.role_log_odds;
        }
    }

    fn score(&self) -> f32 {
        let changes = self.labels.windows(2).filter(|w| w[0] != w[1]).count();
        self.evidence(&self.groups) + self.words(self.role_sum) + CHANGE_LOG_ODDS * changes as f32
    }

    fn exchanged(&self) -> Self {
        let mut other = self.clone();
        other.labels.iter_mut().for_each(|label| *label = 1 - *label);
        other.rebuild();
        other
    }

    /// All utterances split by the sign along the axis on which they differ most; `None` where too
    /// few count.
    fn split_by_axis(&self) -> Option<Self> {
        let heard: Vec<usize> =
            (0..self.labels.len()).filter(|i| self.observations[*i].counts()).collect();
        if heard.len() < 3 {
            return None;
        }
        let mut all = Group::default();
        heard.iter().for_each(|i| all.add(&self.observations[*i], 1.0));
        let mean: Vec<f32> = all.weighted.iter().map(|w| w / all.precision).collect();
        let along = |axis: &[f32], values: &[f32]| -> f32 {
            axis.iter().zip(values.iter().zip(&mean)).map(|(a, (x, m))| a * (x - m)).sum()
        };
        // From the utterance furthest from the mean, by evidence: weighted as it counts.
        let weight = |i: usize| 1.0 / self.observations[i].noise_var;
        let far = heard.iter().copied().max_by(|a, b| {
            let reach = |i: usize| {
                let values = &self.observations[i].values;
                weight(i) * values.iter().zip(&mean).map(|(x, m)| (x - m).powi(2)).sum::<f32>()
            };
            reach(*a).total_cmp(&reach(*b))
        })?;
        let start = &self.observations[far].values;
        let mut axis: Vec<f32> = start.iter().zip(&mean).map(|(x, m)| x - m).collect();
        for _ in 0..AXIS_ROUNDS {
            let mut next = vec![0.0; axis.len()];
            for i in &heard {
                let values = &self.observations[*i].values;
                let reach = weight(*i) * along(&axis, values);
                for (n, (x, m)) in next.iter_mut().zip(values.iter().zip(&mean)) {
                    *n += reach * (x - m);
                }
            }
            let norm = next.iter().map(|x| x * x).sum::<f32>().sqrt();
            if norm <= f32::MIN_POSITIVE {
                return None;
            }
            axis = next.into_iter().map(|x| x / norm).collect();
        }
        let mut fresh = self.clone();
        for i in heard {
            fresh.labels[i] = u8::from(along(&axis, &self.observations[i].values) < 0.0);
        }
        fresh.rebuild();
        Some(fresh)
    }

    /// Names the voices so that most of the speech keeps its name.
    fn align(&mut self, names: &[u8]) {
        let kept: f32 = self
            .observations
            .iter()
            .zip(self.labels.iter().zip(names))
            .map(|(o, (a, b))| if a == b { 1.0 / o.noise_var } else { -1.0 / o.noise_var })
            .sum();
        if kept < 0.0 {
            *self = self.exchanged();
        }
    }
}

/// Of voice 0 and 1 in sums of role log-odds.
fn sign(label: u8) -> f32 {
    if label == 0 { 1.0 } else { -1.0 }
}
