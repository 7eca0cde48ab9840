//! From the audio of segments to voices in windows.

use timeline::{ChannelId, SampleIdx, SegmentEvent, SegmentId, Span};

use crate::{SpeakersError, VoiceEmbedder, embedding::LEAST_WINDOW};

/// 10 ms: a step of the level.
pub(crate) const LEVEL_STEP: usize = 160;
/// A step further than this under the loudest ones of its window is a pause, as a ratio of powers: 25 dB.
const PAUSE: f32 = 0.003;
/// Power under which nothing is speech: −80 dBFS, under the noise of any microphone.
const SILENCE: f32 = 1e-8;
/// A window with less speech than this says nothing of a voice.
const LEAST_SPEECH_S: f32 = 0.15;
/// More windows than this are not looked at in one call: what the model needs for them stays in the cache.
const MOST_AT_ONCE: usize = 16;

/// The voice in a stretch of audio.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Where it lies on the session's clock.
    pub span: Span,
    /// The voice as a point in the space of the embedder's model; empty where too little speech was heard.
    pub values: Vec<f32>,
    /// Seconds of speech in it.
    pub speech_s: f32,
}

/// What was heard of the voices in a segment. Holds no audio.
#[derive(Debug, Clone, PartialEq)]
pub enum VoiceEvent {
    /// A segment is open, or has grown.
    Heard {
        /// The segment.
        id: SegmentId,
        /// Its channel.
        channel: ChannelId,
        /// The segment so far.
        span: Span,
        /// Windows that are complete since the event before, in their order.
        windows: Vec<Window>,
        /// Mean power of each 10 ms that is complete since the event before.
        levels: Vec<f32>,
    },
    /// Nothing more will come of this segment.
    Closed {
        /// The segment.
        id: SegmentId,
        /// Whether it was no speech after all.
        dropped: bool,
    },
}

/// Cuts the audio of open segments into overlapping windows and hears the voice in each. Synchronous; keeps no more
/// audio than a window of each channel.
pub struct Listener<E> {
    embedder: E,
    open: Vec<Open>,
}

struct Open {
    id: SegmentId,
    channel: ChannelId,
    start: SampleIdx,
    /// Samples heard so far.
    heard: usize,
    /// The audio from `heard - tail.len()` on.
    tail: Vec<f32>,
    /// Where the next window starts, counted from `start`.
    next: usize,
    /// Levels given so far.
    levels: usize,
}

impl<E: VoiceEmbedder> Listener<E> {
    /// A listener for a new session.
    pub fn new(embedder: E) -> Self {
        Self { embedder, open: Vec::new() }
    }

    /// Hears what the segmenter says, and appends what it means to `out`.
    ///
    /// # Errors
    /// [`SpeakersError::NotFinite`] for broken audio, and whatever the embedder fails with.
    pub fn push(
        &mut self,
        event: &SegmentEvent,
        out: &mut Vec<VoiceEvent>,
    ) -> Result<(), SpeakersError> {
        match event {
            SegmentEvent::Opened { id, channel, start, samples, .. } => {
                self.open.push(Open {
                    id: *id,
                    channel: *channel,
                    start: *start,
                    heard: 0,
                    tail: Vec::new(),
                    next: 0,
                    levels: 0,
                });
                self.grow(*id, samples, false, out)
            }
            SegmentEvent::Grown { id, samples, .. } => self.grow(*id, samples, false, out),
            SegmentEvent::Closed { id, samples, .. } => {
                let grown = self.grow(*id, samples, true, out);
                self.open.retain(|open| open.id != *id);
                out.push(VoiceEvent::Closed { id: *id, dropped: false });
                grown
            }
            SegmentEvent::Dropped { id } => {
                self.open.retain(|open| open.id != *id);
                out.push(VoiceEvent::Closed { id: *id, dropped: true });
                Ok(())
            }
        }
    }

    fn grow(
        &mut self,
        id: SegmentId,
        samples: &[f32],
        last: bool,
        out: &mut Vec<VoiceEvent>,
    ) -> Result<(), SpeakersError> {
        let Some(open) = self.open.iter_mut().find(|open| open.id == id) else { return Ok(()) };
        if let Some(index) = samples.iter().position(|x| !x.is_finite()) {
            return Err(SpeakersError::NotFinite { index: open.heard + index });
        }
        open.tail.extend_from_slice(samples);
        open.heard += samples.len();
        let (windows, levels) = (open.windows(&mut self.embedder, last)?, open.new_levels());
        let span = Span::new(open.start, open.start + open.heard as u64);
        open.forget();
        out.push(VoiceEvent::Heard { id, channel: open.channel, span, windows, levels });
        Ok(())
    }
}

impl Open {
    /// The windows that are complete; at the end of a segment that is shorter than a window, all of it.
    fn windows(
        &mut self,
        embedder: &mut impl VoiceEmbedder,
        last: bool,
    ) -> Result<Vec<Window>, SpeakersError> {
        let (length, hop) = (embedder.model().window, embedder.model().hop);
        let mut spans = Vec::new();
        while self.next + length <= self.heard {
            spans.push((self.next, self.next + length));
            self.next += hop;
        }
        if last && self.next == 0 && self.heard >= LEAST_WINDOW {
            spans.push((0, self.heard));
            self.next = hop;
        }
        let mut windows = Vec::with_capacity(spans.len());
        for some in spans.chunks(MOST_AT_ONCE) {
            self.embed(some, embedder, &mut windows)?;
        }
        Ok(windows)
    }

    fn embed(
        &self,
        spans: &[(usize, usize)],
        embedder: &mut impl VoiceEmbedder,
        out: &mut Vec<Window>,
    ) -> Result<(), SpeakersError> {
        let speech: Vec<f32> =
            spans.iter().map(|(from, to)| speech_s(self.audio(*from, *to))).collect();
        let spoken = || spans.iter().zip(&speech).filter(|(_, s)| **s >= LEAST_SPEECH_S);
        let audio: Vec<&[f32]> = spoken().map(|((from, to), _)| self.audio(*from, *to)).collect();
        let mut vectors =
            if audio.is_empty() { Vec::new() } else { embedder.embed(&audio)? }.into_iter();
        for ((from, to), speech_s) in spans.iter().zip(speech) {
            let values = if speech_s >= LEAST_SPEECH_S {
                let values = vectors.next().unwrap_or_default();
                embedder.model().check(&values)?;
                values
            } else {
                Vec::new()
            };
            let span = Span::new(self.start + *from as u64, self.start + *to as u64);
            out.push(Window { span, values, speech_s });
        }
        Ok(())
    }

    fn audio(&self, from: usize, to: usize) -> &[f32] {
        let first = self.heard - self.tail.len();
        &self.tail[from - first..to - first]
    }

    fn new_levels(&mut self) -> Vec<f32> {
        let all = self.heard / LEVEL_STEP;
        let levels = (self.levels..all)
            .map(|step| power(self.audio(step * LEVEL_STEP, (step + 1) * LEVEL_STEP)))
            .collect();
        self.levels = all;
        levels
    }

    /// Audio that no window and no level will need.
    fn forget(&mut self) {
        let needed = self.next.min(self.levels * LEVEL_STEP);
        let first = self.heard - self.tail.len();
        self.tail.drain(..needed.saturating_sub(first).min(self.tail.len()));
    }
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32
}

/// Seconds in which anything sounds like speech.
pub(crate) fn speech_s(samples: &[f32]) -> f32 {
    let levels: Vec<f32> = samples.chunks_exact(LEVEL_STEP).map(power).collect();
    let mut sorted = levels.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let Some(loud) = sorted.get(sorted.len() * 19 / 20) else { return 0.0 };
    let least = (loud * PAUSE).max(SILENCE);
    0.01 * levels.iter().filter(|level| **level >= least).count() as f32
}

#[cfg(test)]
mod tests;
