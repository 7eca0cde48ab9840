//! The state machine over segment events.

use std::collections::VecDeque;

use timeline::{ChannelId, SAMPLE_RATE_HZ, SampleIdx, SegmentEvent, SegmentId, Span, TimedWord};

use crate::{
    Guard, Recognizer, Rejection, Stretch, TranscribeError,
    guard::has_words,
    words::{self, Word},
};

/// Silence after which what was said counts as heard out: the words are stable, and a cue need not wait for the end of
/// the segment. Long enough that no word is cut in the middle: stop consonants are silent for 50 to 80 ms.
pub const PAUSE_MS: u64 = 96;

/// A segment is not trimmed before it is that long: what was said just before helps to understand what follows.
const TRIM_FROM_MS: u64 = 5_000;

/// The audio of so many closed segments is kept: what two people said in one may be asked for apart, as long as whoever
/// reads the words is not further behind than that.
pub const CLOSED_KEPT: usize = 20;

/// The policy `window`: a step and a length like those of whisper.cpp's `stream` example.
const WINDOW_STEP_MS: u64 = 500;
const WINDOW_LEN_MS: u64 = 5_000;

const PAUSE: usize = ms(PAUSE_MS);
const TRIM_FROM: usize = ms(TRIM_FROM_MS);
const WINDOW_STEP: usize = ms(WINDOW_STEP_MS);
const WINDOW_LEN: usize = ms(WINDOW_LEN_MS);

const fn ms(ms: u64) -> usize {
    (ms * SAMPLE_RATE_HZ as u64 / 1_000) as usize
}

/// When open segments are decoded, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// As they grow, and as soon as a pause begins; what covers all that was said becomes the final text.
    #[default]
    Speculative,
    /// Every 500 ms the last 5 s, as whisper.cpp's `stream` example does: for comparison.
    Window,
    /// Only once they are closed: for comparison.
    Final,
}

/// The words of a segment that is still open. A later one replaces it.
#[derive(Debug, Clone, PartialEq)]
pub struct Partial {
    /// The open segment.
    pub id: SegmentId,
    /// Its channel.
    pub channel: ChannelId,
    /// The audio that they were heard in, from the start of the segment.
    pub span: Span,
    /// The words on which two decodes agreed, or that were heard out, with the best estimate of where they lie.
    pub stable: Vec<TimedWord>,
    /// The words behind them, without any promise.
    pub tail: String,
    /// Whether a pause follows, so that all of it was heard out: the end of the last word then.
    pub heard_out: Option<SampleIdx>,
}

impl Partial {
    /// The stable words as a text.
    #[must_use]
    pub fn stable_text(&self) -> String {
        joined(self.stable.iter().map(|word| word.text.as_str()))
    }
}

/// A closed segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The segment.
    pub id: SegmentId,
    /// Its channel.
    pub channel: ChannelId,
    /// All of its audio on the clock.
    pub span: Span,
    /// Where speech began within it, pre-roll excluded.
    pub speech_start: SampleIdx,
    /// Where speech ended within it, hang-over excluded.
    pub speech_end: SampleIdx,
    /// The words, or why there are none to be trusted. An empty text means that nothing was understood.
    pub text: Result<String, Rejection>,
    /// The words with the best estimate of where they lie; empty where there is no text.
    pub words: Vec<TimedWord>,
    /// Where it was [cut](Transcriber::cut) while it was open, if it was.
    pub cut: Option<SampleIdx>,
}

/// What became of the decodes of open segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Speculations {
    /// Begun.
    pub made: u64,
    /// Of these: gave stable words, or became a final text.
    pub used: u64,
    /// Of these: were not worth finishing.
    pub aborted: u64,
    /// Closed segments whose text was there already.
    pub finals_for_free: u64,
}

/// Collects the audio of open segments and decodes them with a borrowed recogniser.
///
/// One per pipeline, over all channels. Synchronous: a call lasts as long as the decode.
#[derive(Default)]
pub struct Transcriber {
    guard: Guard,
    policy: Policy,
    open: Vec<Open>,
    closed: VecDeque<Closed>,
    stats: Speculations,
}

/// The audio of a closed segment.
struct Closed {
    id: SegmentId,
    start: SampleIdx,
    samples: Vec<f32>,
}

struct Open {
    id: SegmentId,
    channel: ChannelId,
    start: SampleIdx,
    speech_end: SampleIdx,
    samples: Vec<f32>,
    /// Growth is counted from here at least: the pre-roll is no speech, and what could not be decoded once is not
    /// tried again at once.
    tried: usize,
    /// Before this index the words are settled: a sentence ended there, in a pause, and was heard alike twice.
    trimmed: usize,
    settled: Vec<Word>,
    settled_spans: Vec<(usize, usize)>,
    /// The newest decode of what lies behind.
    heard: Option<Heard>,
    /// How many words were told as stable.
    told: usize,
    /// The place where to trim once the words before it are heard alike again.
    sentence_end: Option<SentenceEnd>,
    /// Where another voice began.
    cut: Option<usize>,
}

/// A decode from `Open::trimmed` on.
struct Heard {
    until: usize,
    words: Vec<Word>,
    rejected: Option<Rejection>,
    /// It made no words stable so far.
    unused: bool,
}

struct SentenceEnd {
    /// In the middle of the pause.
    at: usize,
    /// Words before it, counted from `Open::trimmed`.
    words: usize,
}

impl Open {
    fn at(&self, index: usize) -> SampleIdx {
        self.start + index as u64
    }

    fn index(&self, at: SampleIdx) -> usize {
        usize::try_from(at.since(self.start)).unwrap_or(usize::MAX).min(self.samples.len())
    }

    fn heard_until(&self) -> usize {
        self.heard.as_ref().map_or(self.trimmed, |heard| heard.until)
    }

    /// Where the words so far end for sure, if a pause has begun.
    fn pause(&self) -> Option<usize> {
        let heard_out = self.index(self.speech_end) + PAUSE;
        (self.samples.len() >= heard_out).then_some(heard_out)
    }

    /// A pause has begun, and what was said before it is not all decoded.
    fn waits_in_pause(&self) -> bool {
        let seen = self.heard_until().max(self.tried);
        self.pause().is_some_and(|heard_out| seen < heard_out)
    }

    /// How much there is that no decode has seen.
    fn grown(&self) -> usize {
        self.samples.len() - self.heard_until().max(self.tried)
    }

    fn timed(&self, words: &[Word], spans: &[(usize, usize)]) -> Vec<TimedWord> {
        words::timed(words, spans, self.start)
    }

    /// The words from `Open::trimmed` on with their places.
    fn spans(&self, words: &[Word], until: usize) -> Vec<(usize, usize)> {
        words::spans(words, &self.samples[self.trimmed..until], self.trimmed)
    }

    /// Settles the first `count` words behind `trimmed`, which end before `at`.
    fn settle(&mut self, count: usize, at: usize) {
        let Some(mut heard) = self.heard.take() else { return };
        let behind = heard.words.split_off(count);
        let spans = words::spans(&heard.words, &self.samples[self.trimmed..at], self.trimmed);
        self.settled.append(&mut heard.words);
        self.settled_spans.extend(spans);
        self.trimmed = at;
        heard.words = behind;
        self.heard = Some(heard);
    }
}

impl Transcriber {
    /// Starts without any open segment.
    #[must_use]
    pub fn new(guard: Guard, policy: Policy) -> Self {
        Self { guard, policy, ..Self::default() }
    }

    /// What became of the speculations so far.
    #[must_use]
    pub fn speculations(&self) -> Speculations {
        self.stats
    }

    /// Takes the next event; of a closed segment the text is returned, decoded now if no speculation covers it.
    ///
    /// Events of a segment that was never opened, or was dropped, are ignored.
    ///
    /// # Errors
    /// [`TranscribeError::Decode`]: this segment is lost, the next one may be pushed.
    pub fn push(
        &mut self,
        event: SegmentEvent,
        recognizer: &mut dyn Recognizer,
    ) -> Result<Option<Finished>, TranscribeError> {
        match event {
            SegmentEvent::Opened { id, channel, start, speech_end, samples } => {
                self.open.push(Open {
                    id,
                    channel,
                    start,
                    speech_end,
                    tried: samples.len(),
                    samples,
                    trimmed: 0,
                    settled: Vec::new(),
                    settled_spans: Vec::new(),
                    heard: None,
                    told: 0,
                    sentence_end: None,
                    cut: None,
                });
                Ok(None)
            }
            SegmentEvent::Grown { id, speech_end, samples } => {
                if let Some(open) = self.open.iter_mut().find(|open| open.id == id) {
                    open.samples.extend_from_slice(&samples);
                    open.speech_end = speech_end;
                }
                Ok(None)
            }
            SegmentEvent::Dropped { id } => {
                self.open.retain(|open| open.id != id);
                Ok(None)
            }
            SegmentEvent::Closed { id, span, speech_start, speech_end, samples } => {
                let Some(at) = self.open.iter().position(|open| open.id == id) else {
                    return Ok(None);
                };
                let mut open = self.open.swap_remove(at);
                open.samples.extend_from_slice(&samples);
                open.speech_end = speech_end;
                self.finish(open, span, speech_start, recognizer).map(Some)
            }
        }
    }

    /// Decodes the open segment that most needs it, if any does: one in which a pause has begun first, then one
    /// that has grown by `step_ms` since it was decoded last (`None`: nothing is decoded). To be called only when no
    /// event is waiting. `abort` is asked while it runs whether the audio of that channel up to that instant is still
    /// worth it.
    ///
    /// An empty partial takes back what was told before.
    ///
    /// # Errors
    /// [`TranscribeError::Decode`]: there is no partial; the segment stays open.
    pub fn partial(
        &mut self,
        recognizer: &mut dyn Recognizer,
        step_ms: Option<f32>,
        abort: &dyn Fn(ChannelId, SampleIdx) -> bool,
    ) -> Result<Option<Partial>, TranscribeError> {
        let (step, pauses) = match self.policy {
            Policy::Final => return Ok(None),
            Policy::Window => (Some(WINDOW_STEP), false),
            Policy::Speculative => {
                (step_ms.map(|step| (step * SAMPLE_RATE_HZ as f32 / 1_000.0) as usize), true)
            }
        };
        let Some(step) = step else { return Ok(None) };
        let at = self.open.iter().position(|open| pauses && open.waits_in_pause()).or_else(|| {
            (0..self.open.len())
                .filter(|&at| self.open[at].grown() >= step)
                .max_by_key(|&at| self.open[at].grown())
        });
        let Some(at) = at else { return Ok(None) };
        let until = self.open[at].samples.len();
        if self.policy == Policy::Window {
            self.slide_window(at, until);
        }
        let open = &self.open[at];
        let (channel, end) = (open.channel, open.at(until));
        self.stats.made += 1;
        let decoded = decode(self.guard, open, until, recognizer, &|| abort(channel, end));
        if decoded.is_err() {
            self.open[at].tried = until;
        }
        let Some((words, rejected)) = decoded? else {
            self.stats.aborted += 1;
            return Ok(None);
        };
        Ok(self.take_in(at, Heard { until, words, rejected, unused: true }))
    }

    /// Another voice begins at `at` in an open segment: what was heard before it stays as it is, and what follows is
    /// decoded without it. A segment that is not open, and a place that was not decoded yet or lies behind an earlier
    /// one, are let be.
    pub fn cut(&mut self, id: SegmentId, at: SampleIdx) {
        let Some(open) = self.open.iter_mut().find(|open| open.id == id) else { return };
        let index = open.index(at);
        let heard_until = open.heard_until();
        if index <= open.trimmed || index >= heard_until || self.policy == Policy::Window {
            return;
        }
        if let Some(heard) = &open.heard {
            let spans = open.spans(&heard.words, heard_until);
            open.settle(spans.iter().filter(|(a, b)| a + b <= 2 * index).count(), index);
        }
        // What is left was heard together with the other voice.
        open.heard = None;
        open.sentence_end = None;
        open.cut = Some(index);
    }

    /// Decodes each of `pieces` of a closed segment by itself. Gives the words of each, `None` where nothing was understood
    /// or is to be trusted; nothing at all where the segment is older than the last [`CLOSED_KEPT`] or was asked for
    /// before.
    ///
    /// # Errors
    /// [`TranscribeError::Decode`]: none of them was heard.
    pub fn apart(
        &mut self,
        id: SegmentId,
        pieces: &[Span],
        recognizer: &mut dyn Recognizer,
    ) -> Result<Vec<Option<Vec<TimedWord>>>, TranscribeError> {
        let Some(at) = self.closed.iter().position(|closed| closed.id == id) else {
            return Ok(Vec::new());
        };
        let Some(Closed { start, samples, .. }) = self.closed.remove(at) else {
            return Ok(Vec::new());
        };
        let index = |at: SampleIdx| {
            usize::try_from(at.since(start)).unwrap_or(usize::MAX).min(samples.len())
        };
        let mut heard = |piece: &Span| {
            let (from, to) = (index(piece.start), index(piece.end));
            let stretch = Stretch { start: start + from as u64, samples: &samples[from..to] };
            let words = hear(self.guard, &stretch, to, recognizer, &|| false)?;
            let (words, _) = words.unwrap_or_default();
            let spans = words::spans(&words, stretch.samples, from);
            Ok((!words.is_empty()).then(|| words::timed(&words, &spans, start)))
        };
        pieces.iter().map(&mut heard).collect()
    }

    /// What is older than the window is settled as it was heard last, in the middle of a word or not.
    fn slide_window(&mut self, at: usize, until: usize) {
        let open = &mut self.open[at];
        if until - open.trimmed > WINDOW_LEN {
            let (count, end) = open.heard.as_ref().map_or((0, until), |h| (h.words.len(), h.until));
            if open.heard.is_some() {
                open.settle(count, end);
            } else {
                open.trimmed = end;
            }
        }
    }

    /// Compares a decode with the one before: what both agree on is stable.
    fn take_in(&mut self, at: usize, mut heard: Heard) -> Option<Partial> {
        let open = &mut self.open[at];
        let mut agreed = 0;
        if let Some(before) = &open.heard {
            agreed = words::agreement(&before.words, &heard.words);
            for (word, known) in heard.words.iter_mut().zip(&before.words[..agreed]) {
                word.by = known.by.min(before.until);
            }
        }
        // The decode right behind it has to hear it alike: later ones may count other words.
        let sentence_end = open.sentence_end.take().filter(|end| end.words <= agreed);
        let heard_out = open.pause().is_some_and(|pause| heard.until >= pause);
        let stable = if heard_out { heard.words.len() } else { agreed };
        if self.policy == Policy::Speculative && heard_out && open.sentence_end.is_none() {
            let pause = open.index(open.speech_end);
            let long = heard.until - open.trimmed >= TRIM_FROM;
            if long && heard.words.last().is_some_and(Word::ends_sentence) {
                let at = pause + (heard.until - pause) / 2;
                open.sentence_end = Some(SentenceEnd { at, words: heard.words.len() });
            }
        }
        let told_before = open.heard.as_ref().is_some_and(|before| !before.words.is_empty());
        if heard.words.is_empty() && open.settled.is_empty() && !told_before {
            open.heard = Some(heard);
            return None;
        }
        let until = heard.until;
        let spans = open.spans(&heard.words, until);
        let mut told = open.timed(&open.settled, &open.settled_spans);
        told.extend(open.timed(&heard.words[..stable], &spans));
        let tail = joined(heard.words[stable..].iter().map(|word| word.text.as_str()));
        if told.len() > open.told {
            heard.unused = false;
            self.stats.used += 1;
        }
        open.told = told.len();
        open.heard = Some(heard);
        // Only now: the partial counts its words from where the segment was trimmed before.
        if let Some(SentenceEnd { at, words }) = sentence_end {
            open.settle(words, at);
            if let Some(next) = &mut open.sentence_end {
                next.words = next.words.saturating_sub(words);
            }
        }
        Some(Partial {
            id: open.id,
            channel: open.channel,
            span: Span::new(open.start, open.at(until)),
            stable: told,
            tail,
            heard_out: heard_out.then_some(open.speech_end),
        })
    }

    fn finish(
        &mut self,
        mut open: Open,
        span: Span,
        speech_start: SampleIdx,
        recognizer: &mut dyn Recognizer,
    ) -> Result<Finished, TranscribeError> {
        let until = open.samples.len();
        // A segment that was cut in the middle of speech has no silence at its end.
        let enough = open.pause().unwrap_or(until);
        let heard = match open.heard.take() {
            Some(heard) if self.policy != Policy::Window && heard.until >= enough => {
                self.stats.used += u64::from(heard.unused);
                self.stats.finals_for_free += 1;
                heard
            }
            _ => {
                let decoded = decode(self.guard, &open, until, recognizer, &|| false)?;
                let (words, rejected) = decoded.unwrap_or_default();
                Heard { until, words, rejected, unused: false }
            }
        };
        let text = joined(open.settled.iter().chain(&heard.words).map(|word| word.text.as_str()));
        let spans = open.spans(&heard.words, heard.until);
        let mut words = open.timed(&open.settled, &open.settled_spans);
        words.extend(open.timed(&heard.words, &spans));
        let text = match heard.rejected {
            Some(rejection) if open.settled.is_empty() => Err(rejection),
            _ => Ok(text),
        };
        let finished = Finished {
            id: open.id,
            channel: open.channel,
            span,
            speech_start,
            speech_end: open.speech_end,
            text,
            words,
            cut: open.cut.map(|at| open.at(at)),
        };
        if self.closed.len() == CLOSED_KEPT {
            self.closed.pop_front();
        }
        self.closed.push_back(Closed { id: open.id, start: open.start, samples: open.samples });
        Ok(finished)
    }
}

/// The words of a decode, and why they are not believed.
type Believed = (Vec<Word>, Option<Rejection>);

/// Decodes from where the segment was trimmed to `until`.
fn decode(
    guard: Guard,
    open: &Open,
    until: usize,
    recognizer: &mut dyn Recognizer,
    abort: &dyn Fn() -> bool,
) -> Result<Option<Believed>, TranscribeError> {
    let samples = &open.samples[open.trimmed..until];
    let stretch = Stretch { start: open.at(open.trimmed), samples };
    hear(guard, &stretch, until, recognizer, abort)
}

/// Decodes a stretch whose last sample is the segment's `until`; `None` if it was aborted.
fn hear(
    guard: Guard,
    stretch: &Stretch<'_>,
    until: usize,
    recognizer: &mut dyn Recognizer,
    abort: &dyn Fn() -> bool,
) -> Result<Option<Believed>, TranscribeError> {
    if let Err(rejection) = guard.check_audio(stretch.samples) {
        return Ok(Some((Vec::new(), Some(rejection))));
    }
    let Some(hypothesis) = recognizer.recognize(stretch, abort)? else { return Ok(None) };
    if !has_words(&hypothesis.text) {
        return Ok(Some((Vec::new(), None)));
    }
    Ok(Some(match guard.check_text(&hypothesis, stretch.samples.len()) {
        Ok(()) => (words::split(&hypothesis.text, until), None),
        Err(rejection) => (Vec::new(), Some(rejection)),
    }))
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
