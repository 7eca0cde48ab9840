//! Where in a segment the voice changes.
//!
//! The windows of a segment overlap; each gives evidence for the one voice or the other. The path through them with
//! the most evidence, less a price for each change, says who speaks when (Viterbi). While a voice of the session is
//! still unknown, the segment is split where its two sides differ the most, as long as they differ by more than
//! one voice does.

use timeline::{SampleIdx, Span};

use crate::{
    VoiceModel, Window,
    gallery::Gallery,
    listener::LEVEL_STEP,
    partition::{Observation, Partition},
};

/// Price of a change of voice within a segment, in log-odds.
const CHANGE_PRICE: f32 = 4.0;
/// Log-odds (sound only) for two voices from which a segment is split while a voice is unknown.
const SPLIT_LOG_ODDS: f32 = 6.0;
/// A side of a split holds at least so many windows.
const LEAST_WINDOWS: usize = 2;
/// A segment is split around a piece in its middle at so many places.
const MIDDLE_PLACES: usize = 24;
/// A change lies in the quietest place that is no further than this from where the windows put it: 150 ms.
const SNAP: u64 = 2_400;
/// What a place loses by lying at that distance: as much as being twice as loud.
const SNAP_PRICE: f32 = 1.0;
/// What sounds before the detector heard speech belongs to it if it is no more than 25 dB under the loud parts, 6 dB over the
/// quietest place there, and no further off than a stop consonant is silent, in steps of 10 ms. No more than half a second.
const ONSET_FLOOR: f32 = 0.003;
const ONSET_RISE: f32 = 4.0;
const ONSET_GAP: usize = 8;
const ONSET_MOST: usize = 50;
/// The quiet place is looked for with this many steps of 10 ms at a time.
const QUIET_STEPS: usize = 4;

/// What tells the voices apart.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// Each has an own channel.
    Channel,
    /// The practitioner's voice is known.
    Enrolled(Gallery),
    /// Nothing but what was heard in this session.
    Nothing(Partition),
}

impl Known {
    /// Whether both the practitioner and the client were heard for long enough to tell one from the other.
    fn knows_both(&self) -> bool {
        match self {
            Self::Channel => true,
            Self::Enrolled(gallery) => gallery.knows_client(),
            Self::Nothing(partition) => partition.knows_both(),
        }
    }

    /// Adds a turn, and gives its voice and the log-odds (≥ 0) for who that is taken for.
    pub(crate) fn push(&mut self, heard: Observation) -> (u8, f32) {
        match self {
            Self::Channel => (0, f32::INFINITY),
            Self::Enrolled(gallery) => gallery.push(heard),
            Self::Nothing(partition) => partition.push(heard),
        }
    }
}

/// A stretch with one voice.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub span: Span,
    /// The voice that it seems to be; `push` decides.
    pub voice: u8,
    pub heard: Observation,
}

/// What is known of a segment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    pub start: SampleIdx,
    pub windows: Vec<Window>,
    pub levels: Vec<f32>,
}

impl Trail {
    /// The stretches of `span`, in their order, each with one voice; they touch.
    pub(crate) fn stretches(&self, span: Span, model: &VoiceModel, known: &Known) -> Vec<Stretch> {
        let windows: Vec<&Window> = self.windows.iter().filter(|w| !w.values.is_empty()).collect();
        let voices = self.voices(&windows, model, known);
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut first = 0;
        let mut from = span.start;
        for last in 0..voices.len() {
            if voices.get(last + 1) == Some(&voices[last]) {
                continue;
            }
            let to = match windows.get(last + 1) {
                Some(next) => self.quietest(between(windows[last], next)).clamp(from, span.end),
                None => span.end,
            };
            let heard = observation(&windows[first..=last], model);
            stretches.push(Stretch { span: Span::new(from, to), voice: voices[first], heard });
            (first, from) = (last + 1, to);
        }
        // What lies before or behind the speech is no turn, nor what begins and ends in one quiet place.
        if span.is_empty() {
            stretches.truncate(1);
        }
        stretches.retain(|stretch| span.is_empty() || !stretch.span.is_empty());
        stretches.dedup_by(|next, kept| {
            let same = next.voice == kept.voice;
            if same {
                kept.span.end = next.span.end;
                kept.heard = kept.heard.joined(&next.heard, model);
            }
            same
        });
        if stretches.is_empty() {
            let heard = observation(&[], model);
            stretches.push(Stretch { span, voice: 0, heard });
        }
        stretches
    }

    /// Where what is said from `speech` on began to sound: a detector of speech is late where it begins softly.
    pub(crate) fn onset(&self, speech: SampleIdx) -> SampleIdx {
        let to = (speech.since(self.start) / LEVEL_STEP as u64) as usize;
        let from = to.saturating_sub(ONSET_MOST);
        let Some(before) = self.levels.get(from..to) else { return speech };
        let mut sorted = self.levels.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let loud = sorted.get(sorted.len() * 9 / 10).copied().unwrap_or_default();
        let quietest = before.iter().copied().fold(f32::INFINITY, f32::min);
        let least = (loud * ONSET_FLOOR).max(quietest * ONSET_RISE);
        let mut first = to;
        for i in (from..to).rev().filter(|i| self.levels[*i] >= least) {
            if first - i > ONSET_GAP {
                break;
            }
            first = i;
        }
        if first == to { speech } else { self.start + (first * LEVEL_STEP) as u64 }
    }

    fn voices(&self, windows: &[&Window], model: &VoiceModel, known: &Known) -> Vec<u8> {
        if windows.is_empty() {
            return Vec::new();
        }
        // While a voice is unknown, what differs within the segment introduces it.
        let mut learnt;
        let known = if known.knows_both() {
            known
        } else {
            learnt = known.clone();
            let mut pieces = Vec::new();
            split(0, windows, model, &mut pieces);
            let mut voices = vec![0; windows.len()];
            for (from, to) in pieces {
                voices[from..to].fill(learnt.push(observation(&windows[from..to], model)).0);
            }
            if !learnt.knows_both() {
                return voices;
            }
            &learnt
        };
        match known {
            Known::Channel => vec![0; windows.len()],
            Known::Enrolled(gallery) => path(windows, model, |heard| gallery.densities(heard)),
            Known::Nothing(partition) => path(windows, model, |heard| partition.densities(heard)),
        }
    }

    /// The quietest place near `at`.
    fn quietest(&self, at: SampleIdx) -> SampleIdx {
        let step = |at: u64| (at.saturating_sub(self.start.0) / LEVEL_STEP as u64) as usize;
        let (from, to) = (step(at.0.saturating_sub(SNAP)), step(at.0 + SNAP));
        let middle = step(at.0) as f32;
        let reach = (SNAP / LEVEL_STEP as u64) as f32;
        let cost = |i: usize| {
            let mean = self.levels[i..i + QUIET_STEPS].iter().sum::<f32>() / QUIET_STEPS as f32;
            let far = ((i + QUIET_STEPS / 2) as f32 - middle).abs() / reach;
            mean.max(1e-10).log2() + SNAP_PRICE * far
        };
        let places = from..to.min(self.levels.len().saturating_sub(QUIET_STEPS));
        places
            .min_by(|a, b| cost(*a).total_cmp(&cost(*b)))
            .map_or(at, |i| self.start + ((i + QUIET_STEPS / 2) * LEVEL_STEP) as u64)
    }
}

/// Where a change between two windows lies: half of either is the other's then.
fn between(a: &Window, b: &Window) -> SampleIdx {
    SampleIdx((a.span.start.0 + a.span.end.0 + b.span.start.0 + b.span.end.0) / 4)
}

/// What windows of one voice, which overlap, say together.
pub(crate) fn observation(windows: &[&Window], model: &VoiceModel) -> Observation {
    let mut values = vec![0.0; model.dimension()];
    let mut weight = 0.0;
    // A change is heard in the windows beside it: these count for less where there are others.
    let last = windows.len().saturating_sub(1);
    for (i, window) in windows.iter().enumerate() {
        let share =
            if i.min(last - i) == 0 && windows.len() > 3 { 0.5 } else { 1.0 } * window.speech_s;
        weight += share;
        values.iter_mut().zip(&window.values).for_each(|(sum, x)| *sum += share * x);
    }
    if weight <= 0.0 {
        return Observation::silence();
    }
    values.iter_mut().for_each(|sum| *sum /= weight);
    // Of overlapping windows only what the one before had not.
    let mut speech_s = windows[0].speech_s;
    for pair in windows.windows(2) {
        let new = pair[1].span.end.since(pair[0].span.end).min(pair[1].span.len());
        speech_s += pair[1].speech_s * new as f32 / pair[1].span.len().max(1) as f32;
    }
    Observation { noise_var: model.noise_var(speech_s), values, speech_s, role_log_odds: 0.0 }
}

/// The most likely voice of each window, by how well each goes with each voice.
fn path<const N: usize>(
    windows: &[&Window],
    model: &VoiceModel,
    densities: impl Fn(&Observation) -> [f32; N],
) -> Vec<u8> {
    // Windows overlap, so that each says only a part of its evidence anew.
    let anew = (model.hop as f32 / model.window as f32).min(1.0);
    // best[v]: the most evidence of a path that ends with voice v; back: the voice before.
    let mut best = [0.0_f32; N];
    let mut back: Vec<[u8; N]> = Vec::with_capacity(windows.len());
    for window in windows {
        let here = densities(&observation(&[window], model));
        let before = best;
        let mut from = [0_u8; N];
        for voice in 0..N {
            from[voice] = voice as u8;
            best[voice] = before[voice];
            for other in (0..N).filter(|other| *other != voice) {
                if before[other] - CHANGE_PRICE > best[voice] {
                    (from[voice], best[voice]) = (other as u8, before[other] - CHANGE_PRICE);
                }
            }
            best[voice] += anew * here[voice];
        }
        back.push(from);
    }
    let mut voice = (0..N).max_by(|a, b| best[*a].total_cmp(&best[*b])).unwrap_or(0) as u8;
    let mut voices = vec![voice; windows.len()];
    for i in (1..windows.len()).rev() {
        voice = back[i][usize::from(voice)];
        voices[i - 1] = voice;
    }
    voices
}

/// Splits windows (the first is number `from` of the segment) where what lies on one side, or between two places, is most
/// surely another voice than the rest.
fn split(from: usize, windows: &[&Window], model: &VoiceModel, out: &mut Vec<(usize, usize)>) {
    let count = windows.len();
    let mut best = (SPLIT_LOG_ODDS, None);
    let mut consider = |a: usize, b: usize| {
        let inside = observation(&windows[a..b], model);
        let rest: Vec<&Window> = windows[..a].iter().chain(&windows[b..]).copied().collect();
        let log_odds = Partition::two_voices(model, &[inside, observation(&rest, model)]);
        if log_odds > best.0 {
            best = (log_odds, Some((a, b)));
        }
    };
    for at in LEAST_WINDOWS..=count.saturating_sub(LEAST_WINDOWS) {
        consider(0, at);
    }
    // Pieces in the middle are many: in a long segment only every so many places are tried.
    let stride = count.div_ceil(MIDDLE_PLACES).max(1);
    for a in (LEAST_WINDOWS..count).step_by(stride) {
        for b in (a + LEAST_WINDOWS..=count.saturating_sub(LEAST_WINDOWS)).step_by(stride) {
            consider(a, b);
        }
    }
    match best.1 {
        Some((a, b)) => {
            for (first, last) in [(0, a), (a, b), (b, count)] {
                if first < last {
                    split(from + first, &windows[first..last], model, out);
                }
            }
        }
        None => out.push((from, from + count)),
    }
}
