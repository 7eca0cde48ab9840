use super::*;
use crate::{Hypothesis, Script};

const ID: SegmentId = SegmentId(3);
const START: SampleIdx = SampleIdx(1_000);
const STEP: Option<f32> = Some(500.0);

fn never(_channel: ChannelId, _until: SampleIdx) -> bool {
    false
}

/// One segment that is told in steps: so many ms of speech, or of silence.
struct Told {
    transcriber: Transcriber,
    script: Script,
    samples: u64,
    speech_end: u64,
}

impl Told {
    fn new(policy: Policy, texts: &[&str]) -> Self {
        let mut told = Self {
            transcriber: Transcriber::new(Guard::default(), policy),
            script: Script::of_texts(texts.iter().copied()),
            samples: 0,
            speech_end: 0,
        };
        let opened = SegmentEvent::Opened {
            id: ID,
            channel: ChannelId(1),
            start: START,
            speech_end: START,
            samples: Vec::new(),
        };
        assert_eq!(told.transcriber.push(opened, &mut told.script).unwrap(), None);
        told
    }

    fn grow(&mut self, ms: u64, level: f32) -> &mut Self {
        let samples = vec![level; super::ms(ms)];
        self.samples += samples.len() as u64;
        if level > 0.0 {
            self.speech_end = self.samples;
        }
        let speech_end = START + self.speech_end;
        let grown = SegmentEvent::Grown { id: ID, speech_end, samples };
        assert_eq!(self.transcriber.push(grown, &mut self.script).unwrap(), None);
        self
    }

    fn speak(&mut self, ms: u64) -> &mut Self {
        self.grow(ms, 0.1)
    }

    fn pause(&mut self, ms: u64) -> &mut Self {
        self.grow(ms, 0.0)
    }

    fn partial(&mut self) -> Option<Partial> {
        self.transcriber.partial(&mut self.script, STEP, &never).unwrap()
    }

    /// Stable words and the others.
    fn heard(&mut self) -> Option<(String, String)> {
        self.partial().map(|partial| (partial.stable_text(), partial.tail))
    }

    fn close(&mut self) -> Finished {
        let closed = SegmentEvent::Closed {
            id: ID,
            span: Span::new(START, START + self.samples),
            speech_start: START + 100,
            speech_end: START + self.speech_end,
            samples: Vec::new(),
        };
        self.transcriber.push(closed, &mut self.script).unwrap().unwrap()
    }
}

fn both(stable: &str, tail: &str) -> Option<(String, String)> {
    Some((stable.to_owned(), tail.to_owned()))
}

#[test]
fn a_segment_is_decoded_once_it_closes() {
    let mut told = Told::new(Policy::Final, &[" Goedemorgen. "]);
    assert_eq!(told.speak(600).pause(200).partial(), None);
    let finished = told.close();
    assert_eq!(finished.text, Ok("Goedemorgen.".to_owned()));
    assert_eq!((finished.span.len(), finished.channel), (12_800, ChannelId(1)));
    assert_eq!(finished.words.len(), 1);
}

#[test]
fn what_two_decodes_agree_on_is_stable() {
    let mut told = Told::new(Policy::Speculative, &["Ik", "Ik wil we", "Ik wil wel lopen"]);
    assert_eq!(told.speak(400).heard(), None, "too little to be worth a decode");
    assert_eq!(told.speak(200).heard(), both("", "Ik"));
    assert_eq!(told.speak(100).heard(), None);
    assert_eq!(told.speak(500).heard(), both("Ik", "wil we"));
    assert_eq!(told.speak(500).heard(), both("Ik wil", "wel lopen"));
    let stats = told.transcriber.speculations();
    assert_eq!((stats.made, stats.used, stats.aborted), (3, 2, 0));
}

#[test]
fn a_pause_makes_all_words_stable_and_the_final_text_free() {
    let mut told = Told::new(Policy::Speculative, &["Ik wil", "Ik wil wel."]);
    assert_eq!(told.speak(700).heard(), both("", "Ik wil"));
    assert_eq!(told.speak(200).pause(64).heard(), None, "that may be the t of a word");
    let partial = told.pause(40).partial().unwrap();
    assert_eq!((partial.stable_text().as_str(), partial.tail.as_str()), ("Ik wil wel.", ""));
    assert_eq!(partial.heard_out, Some(START + told.speech_end));
    assert_eq!(told.pause(96).heard(), None, "there is nothing new to hear");
    let left = told.script.left();
    assert_eq!(told.close().text, Ok("Ik wil wel.".to_owned()));
    assert_eq!(told.script.left(), left, "no further decode");
    let stats = told.transcriber.speculations();
    assert_eq!((stats.made, stats.used, stats.finals_for_free), (2, 1, 1));
}

#[test]
fn who_goes_on_after_a_pause_is_heard_again() {
    let mut told = Told::new(Policy::Speculative, &["Ik wil wel.", "Ik wil wel, maar niet nu."]);
    told.speak(700).pause(100).partial().unwrap();
    told.speak(300);
    assert_eq!(told.close().text, Ok("Ik wil wel, maar niet nu.".to_owned()));
}

#[test]
fn a_segment_that_was_cut_in_the_middle_of_speech_is_covered_to_its_end_or_decoded() {
    let mut told = Told::new(Policy::Speculative, &["Ik wil", "Ik wil wel"]);
    told.speak(700).partial().unwrap();
    assert_eq!(told.close().text, Ok("Ik wil".to_owned()));
    let mut told = Told::new(Policy::Speculative, &["Ik wil", "Ik wil wel"]);
    told.speak(700).partial().unwrap();
    told.speak(100);
    assert_eq!(told.close().text, Ok("Ik wil wel".to_owned()));
}

/// After a sentence that was heard alike twice only what follows is decoded.
#[test]
fn a_monologue_is_trimmed_at_sentence_ends() {
    let texts = ["Het is koud.", "Het is koud. Maar", "maar ik ga.", "Maar ik ga. Nu"];
    let mut told = Told::new(Policy::Speculative, &texts);
    assert_eq!(told.speak(5_000).pause(128).heard(), both("Het is koud.", ""));
    assert_eq!(told.speak(600).heard(), both("Het is koud.", "Maar"));
    let open = &told.transcriber.open[0];
    assert_eq!(open.trimmed, ms(5_064), "in the middle of the pause");
    assert_eq!(told.speak(600).pause(128).heard(), both("Het is koud. maar ik ga.", ""));
    let finished = told.pause(100).close();
    assert_eq!(finished.text, Ok("Het is koud. maar ik ga.".to_owned()));
    let ends: Vec<f64> = finished.words.iter().map(|word| word.end_s).collect();
    assert!(ends.is_sorted(), "{ends:?}");
    assert!(ends[2] <= 5.2 && ends[5] > 6.0, "{ends:?}");
}

#[test]
fn a_sentence_that_is_heard_otherwise_later_is_not_trimmed() {
    let texts = ["Het is koud.", "Het is kouder dan", "Het is kouder dan ik dacht."];
    let mut told = Told::new(Policy::Speculative, &texts);
    told.speak(5_000).pause(128).partial().unwrap();
    assert_eq!(told.speak(600).heard(), both("Het is", "kouder dan"));
    assert_eq!(told.transcriber.open[0].trimmed, 0);
    assert_eq!(told.pause(128).close().text, Ok("Het is kouder dan ik dacht.".to_owned()));
}

#[test]
fn an_aborted_decode_leaves_everything_as_it_was() {
    let mut told = Told::new(Policy::Speculative, &["Ik wil", "Ik wil wel"]);
    told.speak(700).partial().unwrap();
    told.speak(700);
    let seen = std::cell::Cell::new(None);
    let abort = |channel, until| {
        seen.set(Some((channel, until)));
        true
    };
    assert_eq!(told.transcriber.partial(&mut told.script, STEP, &abort).unwrap(), None);
    assert_eq!(seen.get(), Some((ChannelId(1), START + told.samples)));
    assert_eq!(told.transcriber.speculations().aborted, 1);
    assert_eq!(told.heard(), both("Ik wil", "wel"));
}

#[test]
fn no_step_means_no_partials() {
    let mut told = Told::new(Policy::Speculative, &["Ik wil wel"]);
    told.speak(2_000).pause(200);
    assert_eq!(told.transcriber.partial(&mut told.script, None, &never).unwrap(), None);
    assert_eq!(told.close().text, Ok("Ik wil wel".to_owned()));
}

#[test]
fn a_pause_comes_before_growth() {
    let mut told = Told::new(Policy::Speculative, &["Ja.", "Wat ik"]);
    told.speak(300).pause(100);
    let other = SegmentEvent::Opened {
        id: SegmentId(9),
        channel: ChannelId(0),
        start: START,
        speech_end: START,
        samples: Vec::new(),
    };
    told.transcriber.push(other, &mut told.script).unwrap();
    let (id, speech_end) = (SegmentId(9), START + 80_000);
    let grown = SegmentEvent::Grown { id, speech_end, samples: vec![0.1; 80_000] };
    told.transcriber.push(grown, &mut told.script).unwrap();
    assert_eq!(told.partial().unwrap().id, ID);
    assert_eq!(told.partial().unwrap().id, SegmentId(9));
}

#[test]
fn the_window_slides_over_the_last_seconds() {
    let texts = ["een", "een twee", "drie", "drie vier"];
    let mut told = Told::new(Policy::Window, &texts);
    assert_eq!(told.speak(2_500).heard(), both("", "een"));
    assert_eq!(told.speak(2_500).heard(), both("een", "twee"));
    // The window is full: what was heard stands as it is.
    assert_eq!(told.speak(500).heard(), both("een twee", "drie"));
    assert_eq!(told.transcriber.open[0].trimmed, ms(5_000));
    assert_eq!(told.pause(100).close().text, Ok("een twee drie vier".to_owned()));
}

#[test]
fn a_failed_decode_costs_one_segment() {
    let sure = |text: &str| {
        Some(Hypothesis { text: text.to_owned(), avg_logprob: -0.1, no_speech_prob: None })
    };
    let mut script = Script::new([None, sure("Ja.")]);
    let mut transcriber = Transcriber::default();
    let opened = |id| SegmentEvent::Opened {
        id,
        channel: ChannelId(0),
        start: START,
        speech_end: START,
        samples: vec![0.1; 8_000],
    };
    let closed = |id| SegmentEvent::Closed {
        id,
        span: Span::new(START, START + 8_000),
        speech_start: START,
        speech_end: START + 8_000,
        samples: Vec::new(),
    };
    transcriber.push(opened(ID), &mut script).unwrap();
    assert!(transcriber.push(closed(ID), &mut script).is_err());
    transcriber.push(opened(SegmentId(4)), &mut script).unwrap();
    let finished = transcriber.push(closed(SegmentId(4)), &mut script).unwrap().unwrap();
    assert_eq!(finished.text, Ok("Ja.".to_owned()));
}

#[test]
fn what_fails_is_not_tried_again_at_once_and_takes_no_words() {
    let mut told = Told::new(Policy::Speculative, &["Ik wil"]);
    assert_eq!(told.speak(600).heard(), both("", "Ik wil"));
    told.speak(600);
    let failed = told.transcriber.partial(&mut told.script, STEP, &never);
    assert!(failed.is_err(), "the script is at its end");
    assert_eq!(told.speak(300).heard(), None, "not before it has grown by a step");
    told.script = Script::of_texts(["Ik wil wel"]);
    assert_eq!(told.speak(300).heard(), both("Ik wil", "wel"));
}

#[test]
fn the_pre_roll_is_no_growth() {
    let mut script = Script::of_texts(["Ja."]);
    let mut transcriber = Transcriber::default();
    let samples = vec![0.1; ms(364)];
    let (id, channel, speech_end) = (ID, ChannelId(0), START + samples.len() as u64);
    let opened = SegmentEvent::Opened { id, channel, start: START, speech_end, samples };
    transcriber.push(opened, &mut script).unwrap();
    assert_eq!(transcriber.partial(&mut script, Some(192.0), &never).unwrap(), None);
    let grown = SegmentEvent::Grown { id, speech_end, samples: vec![0.0; PAUSE] };
    transcriber.push(grown, &mut script).unwrap();
    let partial = transcriber.partial(&mut script, Some(192.0), &never).unwrap().unwrap();
    assert_eq!(partial.stable_text(), "Ja.");
}

#[test]
fn words_that_turn_out_to_be_none_are_taken_back() {
    let mut told = Told::new(Policy::Speculative, &["Ja", "", ""]);
    assert_eq!(told.speak(600).heard(), both("", "Ja"));
    assert_eq!(told.speak(600).heard(), both("", ""));
    assert_eq!(told.speak(600).heard(), None, "that was told");
}

#[test]
fn a_dropped_segment_is_never_decoded() {
    let mut told = Told::new(Policy::Speculative, &[]); // would fail if asked
    told.speak(1_000);
    told.transcriber.push(SegmentEvent::Dropped { id: ID }, &mut told.script).unwrap();
    assert_eq!(told.partial(), None);
    let closed = SegmentEvent::Closed {
        id: ID,
        span: Span::new(START, START + 16_000),
        speech_start: START,
        speech_end: START,
        samples: Vec::new(),
    };
    assert_eq!(told.transcriber.push(closed, &mut told.script).unwrap(), None);
}

#[test]
fn silence_is_not_even_decoded() {
    let mut told = Told::new(Policy::Speculative, &[]);
    told.pause(1_000);
    assert_eq!(told.partial(), None);
    assert_eq!(told.close().text, Err(Rejection::TooQuiet));
}

#[test]
fn a_cut_keeps_what_was_heard_and_goes_on_behind_it() {
    let mut told = Told::new(
        Policy::Speculative,
        &["Ik wil wel. Je moet", "Je moet lopen.", "Je moet lopen."],
    );
    told.speak(2_000).heard();
    let at = START + ms(1_200) as u64;
    told.transcriber.cut(ID, at);
    told.transcriber.cut(ID, START + 10); // lies behind it: let be
    told.transcriber.cut(SegmentId(9), at);
    assert_eq!(told.speak(600).heard(), both("Ik wil wel.", "Je moet lopen."));
    let partial = told.pause(200).partial().unwrap();
    assert_eq!(partial.stable_text(), "Ik wil wel. Je moet lopen.");
    assert!(partial.stable[3].start_s >= at.as_secs(), "{partial:?}");
    let finished = told.close();
    assert_eq!(finished.text, Ok("Ik wil wel. Je moet lopen.".to_owned()));
    assert_eq!(finished.cut, Some(at));
}

#[test]
fn pieces_are_heard_apart() {
    let mut told = Told::new(Policy::Final, &["Ik wil", "Ik wil.", "", "Ga lopen."]);
    let finished = told.speak(1_500).pause(300).speak(1_500).close();
    let (a, b, c) = (START + 24_000, START + 28_800, START + 52_800);
    let pieces = [Span::new(START, a), Span::new(a, b), Span::new(a, b), Span::new(b, c)];
    assert_eq!(finished.cut, None);
    let heard = told.transcriber.apart(ID, &pieces, &mut told.script).unwrap();
    let text = |words: &Option<Vec<TimedWord>>| {
        words.as_ref().map(|words| joined(words.iter().map(|word| word.text.as_str())))
    };
    // Of silence nothing is even tried; the recogniser understands nothing of the third here.
    let texts: Vec<_> = heard.iter().map(text).collect();
    assert_eq!(texts[0].as_deref(), Some("Ik wil."));
    assert_eq!((&texts[1], &texts[2]), (&None, &None));
    let last = heard[3].as_ref();
    assert!(last.is_none_or(|words| words[0].start_s >= b.as_secs()), "{last:?}");
    assert_eq!(told.transcriber.apart(ID, &pieces, &mut told.script).unwrap(), [], "let go of");
}
