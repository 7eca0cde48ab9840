//! The state machine from probabilities to segments.

use timeline::{AudioBlock, BLOCK_LEN, ChannelId, Gap, SampleIdx, SegmentEvent, SegmentId, Span};

use crate::{SegmentError, SegmenterConfig, SpeechDetector, config::samples, tape::Tape};

/// Finds the segments of one channel.
///
/// Invariants: an `Opened` is followed by one `Closed` or `Dropped` with the same id before the next `Opened`; the spans of
/// closed segments do not overlap and come in order; a segment's samples are the source's over its span, each once.
///
/// Silence behind speech is handed on at once, as far as `tail_ms` goes, so that a recogniser may work on the whole segment
/// while the hang-over still runs; what lies behind is handed on only if speech resumes.
///
/// Once a segment is `long_ms` long, a shorter silence closes it. One that still reaches `longest_ms` is cut where speech was least likely within the last `cut_window_ms`; for that, audio
/// behind the best place so far is held back while the segment is that long. The rest is the start of the next segment.
pub struct Segmenter<D> {
    channel: ChannelId,
    next_id: u64,
    id_step: u64,
    detector: D,
    config: SegmenterConfig,
    /// The end of what was heard; `None` before the first block.
    clock: Option<SampleIdx>,
    /// No segment may start before: the end of the last one, or of a gap.
    floor: SampleIdx,
    tape: Tape,
    state: State,
}

enum State {
    /// No speech; the tape holds what a pre-roll needs.
    Idle,
    /// Speech, but not for long enough yet.
    Onset { start: SampleIdx },
    /// The tape holds what of the segment was not handed on.
    Open(Segment),
}

struct Segment {
    id: SegmentId,
    start: SampleIdx,
    /// The start of the first block judged as speech.
    speech_start: SampleIdx,
    /// The end of the last block judged as speech.
    speech_end: SampleIdx,
    /// Samples in blocks judged as speech.
    speech: u64,
    /// What `speech` must reach for the segment to be kept.
    wanted: u64,
    /// The best place to cut so far, once the segment is long.
    dip: Option<Dip>,
}

#[derive(Clone, Copy)]
struct Dip {
    at: SampleIdx,
    score: f32,
    /// `speech_end` and `speech` of the segment if it ended there.
    speech_end: SampleIdx,
    speech: u64,
    /// Where speech goes on behind it, if it does.
    resumes: Option<SampleIdx>,
}

/// What a block turned out to be.
struct Heard {
    span: Span,
    kind: Kind,
    /// How bad a place to cut: see [`DB_PER_PROB`].
    score: f32,
}

#[derive(Clone, Copy)]
enum Kind {
    Speech,
    /// Enough to go on, not enough to begin.
    Murmur,
    Silence,
}

/// Where all blocks are surely speech their probabilities hardly differ, but their levels do: a block that is 20 dB
/// quieter is as good a place to cut as one that is less likely by 0.2.
const DB_PER_PROB: f32 = 100.0;

/// A level for blocks of pure zeros.
const SILENCE_DBFS: f32 = -120.0;

impl<D: SpeechDetector> Segmenter<D> {
    /// A segmenter for `channel` whose segments get the ids `first_id`, `first_id + id_step`, …, so that two channels
    /// can share the numbers.
    ///
    /// # Errors
    /// [`SegmentError::Config`] when `config` does not [validate](SegmenterConfig::validate).
    pub fn new(
        channel: ChannelId,
        first_id: u64,
        id_step: u64,
        detector: D,
        config: SegmenterConfig,
    ) -> Result<Self, SegmentError> {
        config.validate()?;
        Ok(Self {
            channel,
            next_id: first_id,
            id_step,
            detector,
            config,
            clock: None,
            floor: SampleIdx::ZERO,
            tape: Tape::default(),
            state: State::Idle,
        })
    }

    /// Hears the next block and appends what it means to `out`. A block that starts later than expected is a gap first.
    ///
    /// # Errors
    /// When the detector fails (the block then counts as silence for the clock's sake and the next may be pushed), or for
    /// a block of another length, channel or time than is due, which changes nothing.
    pub fn push(
        &mut self,
        block: &AudioBlock,
        out: &mut Vec<SegmentEvent>,
    ) -> Result<(), SegmentError> {
        self.check(block)?;
        let span = block.span();
        match self.clock {
            None => self.tape.restart(span.start),
            Some(clock) if span.start > clock => {
                self.gap(&Gap { span: Span::new(clock, span.start) }, out);
            }
            Some(_) => {}
        }
        let prob = self.detector.speech_prob(&block.samples);
        let level = level_dbfs(&block.samples);
        let kind = match prob {
            Ok(_) if level < self.config.level_gate_dbfs => Kind::Silence,
            Ok(prob) if prob >= self.config.onset_prob => Kind::Speech,
            Ok(prob) if prob >= self.config.offset_prob => Kind::Murmur,
            Ok(_) | Err(_) => Kind::Silence,
        };
        let score = *prob.as_ref().unwrap_or(&0.0) + level / DB_PER_PROB;
        self.tape.push(&block.samples);
        self.clock = Some(span.end);
        self.step(&Heard { span, kind, score }, out);
        prob.map(|_| ())
    }

    /// Audio was lost: what is open closes with what there is, and nothing reaches over the gap.
    pub fn gap(&mut self, gap: &Gap, out: &mut Vec<SegmentEvent>) {
        self.end_open(out);
        let start = self.clock.map_or(gap.span.end, |clock| clock.max(gap.span.end));
        self.clock = Some(start);
        self.floor = self.floor.max(start);
        self.tape.restart(start);
        self.detector.reset();
    }

    /// The source ended: what is open closes with what there is. Further blocks may follow, as after a gap.
    pub fn finish(&mut self, out: &mut Vec<SegmentEvent>) {
        self.end_open(out);
        self.detector.reset();
    }

    /// The detector, for tests and for a change of model.
    pub fn detector(&self) -> &D {
        &self.detector
    }

    fn check(&self, block: &AudioBlock) -> Result<(), SegmentError> {
        if block.channel != self.channel {
            return Err(SegmentError::WrongChannel { got: block.channel, own: self.channel });
        }
        if block.samples.len() != BLOCK_LEN {
            return Err(SegmentError::BlockLength { len: block.samples.len() });
        }
        match self.clock {
            Some(clock) if block.start < clock => {
                Err(SegmentError::OutOfOrder { got: block.start, clock })
            }
            _ => Ok(()),
        }
    }

    fn step(&mut self, heard: &Heard, out: &mut Vec<SegmentEvent>) {
        let state = std::mem::replace(&mut self.state, State::Idle);
        self.state = match (state, heard.kind) {
            (State::Idle, Kind::Speech) => self.begin(heard.span.start, heard, out),
            (State::Onset { start }, Kind::Speech) => self.begin(start, heard, out),
            (State::Idle | State::Onset { .. }, _) => State::Idle,
            (State::Open(segment), Kind::Speech | Kind::Murmur) => self.speak(segment, heard, out),
            (State::Open(segment), Kind::Silence) => self.pause(segment, heard, out),
        };
        if matches!(self.state, State::Idle) {
            let preroll = heard.span.end - samples(self.config.preroll_ms);
            self.tape.trim_before(preroll.max(self.floor));
        }
    }

    /// Speech since `start`: opens a segment if that is long enough.
    fn begin(&mut self, start: SampleIdx, heard: &Heard, out: &mut Vec<SegmentEvent>) -> State {
        let speech = heard.span.end.since(start);
        if speech < samples(self.config.onset_ms) {
            return State::Onset { start };
        }
        let preroll = start - samples(self.config.preroll_ms);
        self.tape.trim_before(preroll.max(self.floor));
        let wanted = samples(self.config.min_speech_ms);
        let heard = Span::new(start, heard.span.end);
        State::Open(self.open(heard, speech, wanted, out))
    }

    /// Opens a segment with all that is on the tape, whose speech so far lies within `heard`.
    fn open(
        &mut self,
        heard: Span,
        speech: u64,
        wanted: u64,
        out: &mut Vec<SegmentEvent>,
    ) -> Segment {
        let id = SegmentId(self.next_id);
        self.next_id += self.id_step;
        let start = self.tape.start();
        let samples = self.tape.take_until(SampleIdx(u64::MAX));
        let Span { start: speech_start, end: speech_end } = heard;
        out.push(SegmentEvent::Opened { id, channel: self.channel, start, speech_end, samples });
        Segment { id, start, speech_start, speech_end, speech, wanted, dip: None }
    }

    fn speak(&mut self, mut segment: Segment, heard: &Heard, out: &mut Vec<SegmentEvent>) -> State {
        segment.speech_end = heard.span.end;
        segment.speech += heard.span.len();
        self.look_for_dip(&mut segment, heard);
        if let Some(dip) = &mut segment.dip {
            dip.resumes.get_or_insert(heard.span.start.max(dip.at));
        }
        if heard.span.end.since(segment.start) >= samples(self.config.longest_ms)
            && let Some(dip) = segment.dip
        {
            return State::Open(self.cut(&segment, dip, out));
        }
        self.grow(&segment, heard.span.end, out);
        State::Open(segment)
    }

    fn pause(&mut self, mut segment: Segment, heard: &Heard, out: &mut Vec<SegmentEvent>) -> State {
        let silence = heard.span.end.since(segment.speech_end);
        let length = heard.span.end.since(segment.start);
        let is_long = length >= samples(self.config.long_ms);
        let hangover = if is_long { self.config.long_hangover_ms } else { self.config.hangover_ms };
        if silence >= samples(hangover) || length >= samples(self.config.longest_ms) {
            self.close(&segment, out);
            return State::Idle;
        }
        self.look_for_dip(&mut segment, heard);
        self.grow(&segment, segment.speech_end + samples(self.config.tail_ms), out);
        State::Open(segment)
    }

    /// Remembers the block if it lies in the window and is the best place to cut so far.
    fn look_for_dip(&self, segment: &mut Segment, heard: &Heard) {
        let window = samples(self.config.longest_ms) - samples(self.config.cut_window_ms);
        if heard.span.start.since(segment.start) < window {
            return;
        }
        if segment.dip.is_none_or(|best| heard.score <= best.score) {
            let at = heard.span.start + heard.span.len() / 2;
            segment.dip = Some(Dip {
                at,
                score: heard.score,
                speech_end: segment.speech_end.min(at),
                // Half of this block is behind the cut, if it was speech at all.
                speech: segment.speech - segment.speech_end.since(at),
                resumes: None,
            });
        }
    }

    /// Hands on what may be: up to `limit`, but not beyond the place where the segment may still be cut.
    fn grow(&mut self, segment: &Segment, limit: SampleIdx, out: &mut Vec<SegmentEvent>) {
        let limit = segment.dip.map_or(limit, |dip| limit.min(dip.at));
        let samples = self.tape.take_until(limit);
        if !samples.is_empty() {
            let Segment { id, speech_end, .. } = *segment;
            out.push(SegmentEvent::Grown { id, speech_end, samples });
        }
    }

    /// Ends the segment at `dip` and starts the next one there.
    fn cut(&mut self, segment: &Segment, dip: Dip, out: &mut Vec<SegmentEvent>) -> Segment {
        let samples = self.tape.take_until(dip.at);
        let span = Span::new(segment.start, dip.at);
        let Segment { id, speech_start, .. } = *segment;
        out.push(SegmentEvent::Closed {
            id,
            span,
            speech_start,
            speech_end: dip.speech_end,
            samples,
        });
        self.floor = dip.at;
        // The rest of a sentence is kept however short it is.
        let wanted = 1;
        let heard = Span::new(dip.resumes.unwrap_or(dip.at), segment.speech_end);
        self.open(heard, segment.speech - dip.speech, wanted, out)
    }

    fn close(&mut self, segment: &Segment, out: &mut Vec<SegmentEvent>) {
        let Segment { id, speech_start, speech_end, .. } = *segment;
        if segment.speech < segment.wanted {
            self.floor = self.tape.start();
            out.push(SegmentEvent::Dropped { id });
            return;
        }
        let samples = self.tape.take_until(speech_end + samples(self.config.tail_ms));
        self.floor = self.tape.start();
        let span = Span::new(segment.start, self.floor);
        out.push(SegmentEvent::Closed { id, span, speech_start, speech_end, samples });
    }

    fn end_open(&mut self, out: &mut Vec<SegmentEvent>) {
        if let State::Open(segment) = std::mem::replace(&mut self.state, State::Idle) {
            self.close(&segment, out);
        }
    }
}

fn level_dbfs(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|v| v * v).sum::<f32>() / samples.len() as f32;
    (10.0 * power.log10()).max(SILENCE_DBFS)
}
