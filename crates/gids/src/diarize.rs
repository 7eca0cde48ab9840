//! Who speaks when in a recording, without a word of text: `gids speakers` and its benchmark.
//!
//! The same listener and tracker as in a session, fed block by block and asked as a session asks them.

use std::time::{Duration, Instant};

use capture::{Poll, Source};
use segment::{Segmenter, Silero};
use speakers::{Guess, Listener, Tracker, VoiceEmbedder};
use timeline::{AudioBlock, ChannelId, SampleIdx, SegmentEvent, SegmentId, Span, Speaker, VoiceId};

use crate::stage::CrossTalk;

/// A pause within a turn is no longer, in samples: 1 s. Who takes the floor rarely takes longer.
const SAME_TURN_PAUSE: u64 = 16_000;

/// A turn, as it is seen when the recording is over.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenTurn {
    /// Where it lies.
    pub span: Span,
    /// Whose voice it is.
    pub voice: VoiceId,
    /// Who that is taken for.
    pub speaker: Speaker,
    /// How sure that was when the turn was over, 0.5…1.
    pub confidence: f32,
    /// The voice that it was given when it was over; later ones may have changed the view.
    pub at_once: VoiceId,
    /// When that was: its segment had been heard to the end.
    pub known_at: SampleIdx,
}

/// What was found in a recording.
#[derive(Debug, Clone, Default)]
pub struct Diarization {
    /// The turns, in the order of their starts.
    pub turns: Vec<SpokenTurn>,
    /// What was believed while it was heard, by the end of the block that it was known with.
    pub guesses: Vec<(SampleIdx, Option<Guess>)>,
    /// For each segment how long it took, after its last sample, to know its turns.
    pub added: Vec<Duration>,
    /// The time that the voice model took in all.
    pub listening: Duration,
    /// The length of the recording.
    pub length: SampleIdx,
}

impl Diarization {
    /// The turns with what a voice says after a short pause counted to the same turn, unless the other speaks in between.
    #[must_use]
    pub fn joined(&self) -> Vec<SpokenTurn> {
        let mut joined: Vec<SpokenTurn> = Vec::new();
        for turn in self.turns.iter().filter(|turn| !turn.span.is_empty()) {
            match joined.last_mut() {
                Some(last)
                    if last.voice == turn.voice
                        && turn.span.start.since(last.span.end) <= SAME_TURN_PAUSE =>
                {
                    let (a, b) = (last.span.secs() as f32, turn.span.secs() as f32);
                    last.confidence = (a * last.confidence + b * turn.confidence) / (a + b);
                    last.span = Span::new(last.span.start, last.span.end.max(turn.span.end));
                }
                _ => joined.push(turn.clone()),
            }
        }
        joined
    }
}

/// Listens to all of `source`; `segmenters` has one for each of its channels. `progress` is told how far it is.
///
/// # Errors
/// The recording cannot be read, or a model failed.
pub fn diarize(
    source: &mut dyn Source,
    segmenters: Vec<Segmenter<Silero>>,
    tracker: Tracker,
    embedder: impl VoiceEmbedder,
    progress: &mut dyn FnMut(SampleIdx),
) -> anyhow::Result<Diarization> {
    let mut hearing = Hearing {
        segmenters,
        listener: Listener::new(embedder),
        tracker,
        open: Vec::new(),
        found: Diarization::default(),
        labelled: Vec::new(),
    };
    let mut first_of_pair: Option<AudioBlock> = None;
    let mut cross_talk = CrossTalk::default();
    loop {
        match source.poll()? {
            Poll::End => break,
            Poll::Pending => {}
            Poll::Gap(gap) => hearing.each(|segmenter, out| segmenter.gap(&gap, out))?,
            Poll::Block(block) if hearing.segmenters.len() == 2 => {
                match first_of_pair.take_if(|first| first.start == block.start) {
                    None => first_of_pair = Some(block),
                    Some(mut first) => {
                        let mut second = block;
                        cross_talk.reject(&mut first.samples, &mut second.samples);
                        hearing.block(&first)?;
                        hearing.block(&second)?;
                        progress(second.span().end);
                    }
                }
            }
            Poll::Block(block) => {
                hearing.block(&block)?;
                progress(block.span().end);
            }
        }
    }
    hearing.each(Segmenter::finish)?;
    Ok(hearing.finish())
}

struct Hearing<E> {
    segmenters: Vec<Segmenter<Silero>>,
    listener: Listener<E>,
    tracker: Tracker,
    open: Vec<(SegmentId, ChannelId)>,
    found: Diarization,
    /// The turns, by index, whose voice the tracker may think anew of.
    labelled: Vec<usize>,
}

impl<E: VoiceEmbedder> Hearing<E> {
    fn block(&mut self, block: &AudioBlock) -> anyhow::Result<()> {
        let mut events = Vec::new();
        if let Some(segmenter) = self.segmenters.get_mut(usize::from(block.channel.0)) {
            segmenter.push(block, &mut events)?;
        }
        let end = block.span().end;
        self.found.length = self.found.length.max(end);
        self.take(events)?;
        if self.segmenters.len() == 1 {
            let now = self.open.first().and_then(|(id, channel)| self.tracker.guess(*id, *channel));
            self.found.guesses.push((end, now));
        }
        Ok(())
    }

    fn each(
        &mut self,
        mut what: impl FnMut(&mut Segmenter<Silero>, &mut Vec<SegmentEvent>),
    ) -> anyhow::Result<()> {
        let mut events = Vec::new();
        self.segmenters.iter_mut().for_each(|segmenter| what(segmenter, &mut events));
        self.take(events)
    }

    fn take(&mut self, events: Vec<SegmentEvent>) -> anyhow::Result<()> {
        for event in events {
            if let SegmentEvent::Opened { id, channel, .. } = &event {
                self.open.push((*id, *channel));
            }
            let started = Instant::now();
            if self.tracker.listens() {
                let mut heard = Vec::new();
                self.listener.push(&event, &mut heard)?;
                heard.into_iter().for_each(|event| self.tracker.hear(event));
                self.found.listening += started.elapsed();
            }
            match event {
                SegmentEvent::Closed { id, span, speech_start, speech_end, .. } => {
                    self.close(id, Span::new(speech_start, speech_end), span.end);
                    self.found.added.push(started.elapsed());
                }
                SegmentEvent::Dropped { id } => self.open.retain(|(open, _)| *open != id),
                SegmentEvent::Opened { .. } | SegmentEvent::Grown { .. } => {}
            }
        }
        Ok(())
    }

    fn close(&mut self, id: SegmentId, speech: Span, known_at: SampleIdx) {
        let Some(at) = self.open.iter().position(|(open, _)| *open == id) else { return };
        let (_, channel) = self.open.swap_remove(at);
        for turn in self.tracker.turns(id, channel, speech) {
            let span = turn.span;
            let who = self.tracker.push(turn, 0.0);
            if self.tracker.listens() {
                self.labelled.push(self.found.turns.len());
            }
            self.found.turns.push(SpokenTurn {
                span,
                voice: who.voice,
                speaker: who.speaker,
                confidence: who.confidence,
                at_once: who.voice,
                known_at,
            });
        }
    }

    /// What came later may have told whose voice an earlier turn was.
    fn finish(mut self) -> Diarization {
        let roles = self.tracker.roles();
        for (turn, voice) in self.labelled.iter().zip(self.tracker.voices()) {
            let turn = &mut self.found.turns[*turn];
            turn.voice = voice;
            let role = roles.iter().find(|role| role.voice == voice);
            turn.speaker = role.map_or(turn.speaker, |role| role.speaker);
        }
        self.found.turns.sort_by_key(|turn| turn.span.start);
        self.found
    }
}
