//! The state machine over segment events.

use timeline::{ChannelId, SAMPLE_RATE_HZ, SampleIdx, SegmentEvent, SegmentId, Span};

use crate::{Guard, Recognizer, Rejection, TranscribeError, guard::has_words};

/// How much an open segment must have grown before a partial is worth a decode, in milliseconds.
///
/// The demo model decodes a 3 s segment in under 0.1 s on one core: at this step speculation takes
/// less than a fifth of it. The streaming issue makes the cadence adaptive.
pub const PARTIAL_STEP_MS: u64 = 600;

const PARTIAL_STEP_SAMPLES: u64 = PARTIAL_STEP_MS * SAMPLE_RATE_HZ as u64 / 1000;

/// The words of a segment that is still open. A later one replaces it.
#[derive(Debug, Clone, PartialEq)]
pub struct Partial {
    /// The open segment.
    pub id: SegmentId,
    /// Its channel.
    pub channel: ChannelId,
    /// The audio that was decoded.
    pub span: Span,
    /// The words, without any promise.
    pub text: String,
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
    /// The audio, for `speakers`; it goes no further.
    pub samples: Vec<f32>,
    /// The words, or why there are none to be trusted. An empty text means that nothing was understood.
    pub text: Result<String, Rejection>,
}

struct Open {
    id: SegmentId,
    channel: ChannelId,
    start: SampleIdx,
    samples: Vec<f32>,
    decoded: u64,
}

/// Collects the audio of open segments and decodes them with a borrowed recogniser.
///
/// One per pipeline, over all channels. Synchronous: a call lasts as long as the decode.
#[derive(Default)]
pub struct Transcriber {
    guard: Guard,
    open: Vec<Open>,
}

impl Transcriber {
    /// Starts without any open segment.
    #[must_use]
    pub fn new(guard: Guard) -> Self {
        Self { guard, open: Vec::new() }
    }

    /// Takes the next event; a closed segment is decoded and returned.
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
            SegmentEvent::Opened { id, channel, start, samples } => {
                self.open.push(Open { id, channel, start, samples, decoded: 0 });
                Ok(None)
            }
            SegmentEvent::Grown { id, samples } => {
                if let Some(open) = self.open.iter_mut().find(|open| open.id == id) {
                    open.samples.extend_from_slice(&samples);
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
                let text = decode(self.guard, &open.samples, recognizer)?;
                Ok(Some(Finished {
                    id,
                    channel: open.channel,
                    span,
                    speech_start,
                    speech_end,
                    samples: open.samples,
                    text,
                }))
            }
        }
    }

    /// Decodes the open segment that has grown most since its last partial, if any has grown by
    /// [`PARTIAL_STEP_MS`]. To be called only when no event is waiting.
    ///
    /// # Errors
    /// [`TranscribeError::Decode`]: there is no partial; the segment stays open.
    pub fn partial(
        &mut self,
        recognizer: &mut dyn Recognizer,
    ) -> Result<Option<Partial>, TranscribeError> {
        let Some(at) = self
            .open
            .iter()
            .enumerate()
            .filter(|(_, open)| open.samples.len() as u64 >= open.decoded + PARTIAL_STEP_SAMPLES)
            .max_by_key(|(_, open)| open.samples.len() as u64 - open.decoded)
            .map(|(at, _)| at)
        else {
            return Ok(None);
        };
        let guard = self.guard;
        let open = &mut self.open[at];
        open.decoded = open.samples.len() as u64;
        let text = decode(guard, &open.samples, recognizer)?;
        Ok(text.ok().filter(|text| !text.is_empty()).map(|text| Partial {
            id: open.id,
            channel: open.channel,
            span: Span::new(open.start, open.start + open.decoded),
            text,
        }))
    }
}

fn decode(
    guard: Guard,
    samples: &[f32],
    recognizer: &mut dyn Recognizer,
) -> Result<Result<String, Rejection>, TranscribeError> {
    if let Err(rejection) = guard.check_audio(samples) {
        return Ok(Err(rejection));
    }
    let hypothesis = recognizer.recognize(samples)?;
    if !has_words(&hypothesis.text) {
        return Ok(Ok(String::new()));
    }
    Ok(guard.check_text(&hypothesis, samples.len()).map(|()| hypothesis.text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hypothesis, Script};

    const ID: SegmentId = SegmentId(3);

    fn opened(samples: usize) -> SegmentEvent {
        SegmentEvent::Opened {
            id: ID,
            channel: ChannelId(1),
            start: SampleIdx(1_000),
            samples: vec![0.1; samples],
        }
    }

    fn closed(new: usize, total: u64) -> SegmentEvent {
        SegmentEvent::Closed {
            id: ID,
            span: Span::new(SampleIdx(1_000), SampleIdx(1_000 + total)),
            speech_start: SampleIdx(1_100),
            speech_end: SampleIdx(1_000 + total - 100),
            samples: vec![0.1; new],
        }
    }

    #[test]
    fn a_segment_is_decoded_once_it_closes() {
        let mut script = Script::of_texts([" Goedemorgen. "]);
        let mut transcriber = Transcriber::default();
        assert_eq!(transcriber.push(opened(4_000), &mut script).unwrap(), None);
        let grown = SegmentEvent::Grown { id: ID, samples: vec![0.1; 4_000] };
        assert_eq!(transcriber.push(grown, &mut script).unwrap(), None);
        let finished = transcriber.push(closed(2_000, 10_000), &mut script).unwrap().unwrap();
        assert_eq!(finished.text, Ok("Goedemorgen.".to_owned()));
        assert_eq!(finished.samples.len(), 10_000);
        assert_eq!(finished.channel, ChannelId(1));
    }

    #[test]
    fn a_failed_decode_costs_one_segment() {
        let sure = |text: &str| {
            Some(Hypothesis { text: text.to_owned(), avg_logprob: -0.1, no_speech_prob: None })
        };
        let mut script = Script::new([None, sure("Ja.")]);
        let mut transcriber = Transcriber::default();
        transcriber.push(opened(8_000), &mut script).unwrap();
        assert!(transcriber.push(closed(0, 8_000), &mut script).is_err());
        transcriber.push(opened(8_000), &mut script).unwrap();
        let finished = transcriber.push(closed(0, 8_000), &mut script).unwrap().unwrap();
        assert_eq!(finished.text, Ok("Ja.".to_owned()));
    }

    #[test]
    fn partials_wait_for_growth() {
        let mut script = Script::of_texts(["Ik", "Ik wil"]);
        let mut transcriber = Transcriber::default();
        transcriber.push(opened(4_800), &mut script).unwrap();
        assert_eq!(transcriber.partial(&mut script).unwrap(), None);
        let grow = |n| SegmentEvent::Grown { id: ID, samples: vec![0.1; n] };
        transcriber.push(grow(4_800), &mut script).unwrap();
        let partial = transcriber.partial(&mut script).unwrap().unwrap();
        assert_eq!((partial.text.as_str(), partial.span.len()), ("Ik", 9_600));
        transcriber.push(grow(9_000), &mut script).unwrap();
        assert_eq!(transcriber.partial(&mut script).unwrap(), None);
        transcriber.push(grow(600), &mut script).unwrap();
        assert_eq!(transcriber.partial(&mut script).unwrap().unwrap().text, "Ik wil");
    }

    #[test]
    fn a_dropped_segment_is_never_decoded() {
        let mut script = Script::default(); // would fail if asked
        let mut transcriber = Transcriber::default();
        transcriber.push(opened(16_000), &mut script).unwrap();
        transcriber.push(SegmentEvent::Dropped { id: ID }, &mut script).unwrap();
        assert_eq!(transcriber.push(closed(0, 16_000), &mut script).unwrap(), None);
        assert_eq!(transcriber.partial(&mut script).unwrap(), None);
    }

    #[test]
    fn silence_is_not_even_decoded() {
        let mut script = Script::default();
        let mut transcriber = Transcriber::default();
        let quiet = SegmentEvent::Opened {
            id: ID,
            channel: ChannelId(0),
            start: SampleIdx(1_000),
            samples: vec![0.0; 16_000],
        };
        transcriber.push(quiet, &mut script).unwrap();
        let finished = transcriber.push(closed(0, 16_000), &mut script);
        assert!(finished.is_ok()); // the script is empty and would fail
    }
}
