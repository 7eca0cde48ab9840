//! The cost of each stage on one core, on a bundled roleplay.
//!
//! `make bench` measures; `cargo test --benches` runs each once, so that they stay right.

use std::path::{Path, PathBuf};

use capture::{ChannelMode, FileSource, LiveBlocks, Poll, Source as _, callback_ring};
use coach::{Budget, Coach, CoachConfig, Heard};
use coding::{CodeInput, Coder};
use divan::{Bencher, black_box, counter::ItemsCount};
use gids::runtime;
use overlay::SessionView;
use segment::{Segmenter, SegmenterConfig, Silero, SpeechDetector as _};
use speakers::{Listener, Tracker, VoiceEmbedder as _};
use timeline::{
    AudioBlock, ChannelId, Code, Cue, CueEvent, EventKind, Lang, Moment, SampleIdx, SegmentEvent,
    SegmentId, SessionEvent, Span, Speaker, Strength, Technique,
};
use transcribe::{Recognizer as _, Stretch, Whisper, WhisperConfig};

fn main() {
    divan::main();
}

fn asset(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(relative)
}

/// The first 30 s of a Dutch roleplay.
fn blocks() -> Vec<AudioBlock> {
    let path = asset("assets/roleplays/nl-stramme-knie.flac");
    let mut source = FileSource::open(&path, ChannelMode::Mix).expect("the roleplay is there");
    let mut blocks = Vec::new();
    while let Poll::Block(block) = source.poll().expect("the roleplay is readable") {
        blocks.push(block);
        if blocks.len() as f64 * 0.032 >= 30.0 {
            break;
        }
    }
    blocks
}

/// The audio of the first segments, as the pipeline cuts them.
fn segments() -> Vec<Vec<f32>> {
    let onnx = onnx();
    let detector = Silero::load(onnx, &runtime::silero().expect("make setup was run"))
        .expect("the model loads");
    let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, SegmenterConfig::default())
        .expect("the defaults are valid");
    let mut events = Vec::new();
    for block in blocks() {
        segmenter.push(&block, &mut events).expect("the detector runs");
    }
    segmenter.finish(&mut events);
    let mut segments = Vec::new();
    let mut open: Vec<f32> = Vec::new();
    for event in events {
        match event {
            SegmentEvent::Opened { samples, .. } => open = samples,
            SegmentEvent::Grown { samples, .. } => open.extend(samples),
            SegmentEvent::Closed { samples, .. } => {
                open.extend(samples);
                segments.push(std::mem::take(&mut open));
            }
            SegmentEvent::Dropped { .. } => open.clear(),
        }
    }
    segments
}

fn onnx() -> &'static ort::environment::Environment {
    runtime::onnx().expect("make setup was run")
}

/// One callback of a microphone at 48 kHz: 10 ms.
#[divan::bench]
fn capture_callback(bencher: Bencher<'_, '_>) {
    let (mut writer, mut reader) = callback_ring(1, 48_000);
    let callback = vec![0.25_f32; 480];
    let mut drained = Vec::with_capacity(480);
    writer.write(&callback);
    reader.read(&mut drained, 480);
    assert_eq!(drained, callback);
    bencher.bench_local(|| {
        writer.write(black_box(&callback));
        drained.clear();
        reader.read(&mut drained, 480);
    });
}

/// One block of 32 ms.
#[divan::bench]
fn voice_activity_block(bencher: Bencher<'_, '_>) {
    let mut detector = Silero::load(onnx(), &runtime::silero().expect("make setup was run"))
        .expect("the model loads");
    let blocks = blocks();
    let probs: Vec<f32> = blocks
        .iter()
        .map(|block| detector.speech_prob(&block.samples).expect("the detector runs"))
        .collect();
    assert!(probs.iter().any(|&p| p > 0.9) && probs.iter().any(|&p| p < 0.1));
    let mut next = blocks.iter().cycle();
    bencher
        .bench_local(|| next.next().map(|block| detector.speech_prob(black_box(&block.samples))));
}

/// From a device at 48 kHz to the probability of speech: 32 ms through the ring, the rate converter and the detector.
#[divan::bench]
fn resample_and_voice_activity(bencher: Bencher<'_, '_>) {
    let (mut writer, reader) = callback_ring(1, 48_000);
    let mut live = LiveBlocks::new(reader, 48_000, "bench").expect("the rate is common");
    let mut detector = Silero::load(onnx(), &runtime::silero().expect("make setup was run"))
        .expect("the model loads");
    // A tone: what it is does not change what it takes.
    let callback: Vec<f32> = (0..1_536).map(|n| 0.1 * (n as f32 * 0.06).sin()).collect();
    let mut heard = || {
        writer.write(black_box(&callback));
        let mut blocks = 0;
        while let Poll::Block(block) = live.poll().expect("it converts") {
            detector.speech_prob(&block.samples).expect("the detector runs");
            blocks += 1;
        }
        blocks
    };
    let blocks: u32 = (0..100).map(|_| heard()).sum();
    assert!((98..=100).contains(&blocks), "{blocks} blocks of 100");
    bencher.bench_local(heard);
}

/// Mel spectrogram and encoder of 5 s with the demo model, one thread: a decode that is aborted before its first token.
#[divan::bench(sample_count = 20)]
fn mel_and_encode_5_s(bencher: Bencher<'_, '_>) {
    let mut whisper = demo();
    let samples: Vec<f32> =
        blocks().into_iter().flat_map(|block| block.samples).take(80_000).collect();
    let mut encode = || {
        let stretch = Stretch { start: SampleIdx::ZERO, samples: black_box(&samples) };
        whisper.recognize(&stretch, &|| true).expect("it encodes")
    };
    assert_eq!(encode(), None, "aborted");
    bencher.bench_local(encode);
}

/// The same 5 s to the last token; the difference is that of its tokens.
#[divan::bench(sample_count = 20)]
fn decode_5_s(bencher: Bencher<'_, '_>) {
    let mut whisper = demo();
    let samples: Vec<f32> =
        blocks().into_iter().flat_map(|block| block.samples).take(80_000).collect();
    let text = decode(&mut whisper, &samples);
    assert!(text.to_lowercase().contains("goedemorgen"), "{text}");
    bencher.bench_local(|| decode(&mut whisper, black_box(&samples)));
}

/// The final decode of one segment with the demo model, one thread.
#[divan::bench(sample_count = 20)]
fn transcribe_segment(bencher: Bencher<'_, '_>) {
    let mut whisper = demo();
    let segments = segments();
    let text: Vec<String> = segments.iter().map(|segment| decode(&mut whisper, segment)).collect();
    assert!(text.join(" ").to_lowercase().contains("knie"), "{text:?}");
    let mut next = segments.iter().cycle();
    bencher.bench_local(|| next.next().map(|segment| decode(&mut whisper, black_box(segment))));
}

fn demo() -> Whisper {
    let model = asset(runtime::DEMO_MODEL);
    Whisper::load(&WhisperConfig { model, lang: Lang::Nl, threads: 1 })
        .expect("the demo model loads")
}

fn decode(whisper: &mut Whisper, samples: &[f32]) -> String {
    let stretch = Stretch { start: SampleIdx::ZERO, samples };
    let heard = whisper.recognize(&stretch, &|| false).expect("it decodes");
    heard.expect("nothing aborts it").text
}

/// The voice in one window; there are 6.7 a second of speech.
#[divan::bench]
fn voice_window(bencher: Bencher<'_, '_>) {
    let mut embedder = runtime::voice_model().expect("the voice model is in the checkout");
    let length = embedder.model().window;
    let segments = segments();
    let windows: Vec<&[f32]> =
        segments.iter().filter_map(|segment| segment.get(..length)).collect();
    let mut next = windows.iter().cycle();
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench_local(|| next.next().map(|window| embedder.embed(black_box(&[*window]))));
}

/// The turns of a segment, by what was heard of its voices, and whose they are: in a talk of ten minutes.
#[divan::bench]
fn turns_of_a_segment(bencher: Bencher<'_, '_>) {
    let mut embedder = runtime::voice_model().expect("the voice model is in the checkout");
    let tracker = Tracker::new(speakers::Mode::Cluster, embedder.model().clone());
    let mut tracker = tracker.expect("there is no enrolment to refuse");
    let mut listener = Listener::new(&mut embedder);
    let (channel, mut heard) = (ChannelId(0), Vec::new());
    let mut segments = Vec::new();
    for (i, samples) in self::segments().into_iter().enumerate() {
        let (id, start) = (SegmentId(i as u64), SampleIdx::ZERO);
        let span = Span::new(start, start + samples.len() as u64);
        let opened = SegmentEvent::Opened { id, channel, start, speech_end: span.end, samples };
        listener.push(&opened, &mut heard).expect("it is heard");
        segments.push((id, span, std::mem::take(&mut heard)));
    }
    let mut next = segments.iter().cycle();
    let mut one = || {
        let (id, span, heard) = next.next().expect("a recording has segments");
        heard.iter().for_each(|event| tracker.hear(event.clone()));
        let turns = tracker.turns(*id, channel, *span);
        turns.into_iter().map(|turn| tracker.push(turn, 0.0).voice).last()
    };
    assert!((0..150).all(|_| one().is_some()));
    bencher.counter(ItemsCount::new(1_u32)).bench_local(one);
}

/// One utterance.
#[divan::bench]
fn code_utterance(bencher: Bencher<'_, '_>) {
    let dir = runtime::coder().expect("the coder is in the checkout");
    let mut coder = Coder::load(&dir, onnx()).expect("the coder loads");
    let advice = CodeInput {
        speaker: Speaker::Practitioner,
        lang: Lang::Nl,
        text: "Je moet gewoon elke dag een half uur wandelen.",
    };
    assert!(coder.code(&advice).expect("it codes").righting_reflex > 0.5);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| coder.code(black_box(&advice)));
}

/// Two turns: the client's and the advice that gets a cue.
#[divan::bench]
fn coach_two_turns(bencher: Bencher<'_, '_>) {
    let config = CoachConfig { budget: Budget::Off, seed: 1, ..CoachConfig::new(Lang::Nl) };
    let fresh = || Coach::new(config).expect("the packs are valid");
    let turns = |coach: &mut Coach| {
        let mut heard = Heard {
            id: "u1",
            speaker: Speaker::Client,
            span: Span::new(SampleIdx(0), SampleIdx(32_000)),
            text: "Ik heb er gewoon geen tijd voor.",
            codes: &[Code::Sustain],
            righting_reflex: 0.0,
            firm: false,
        };
        coach.push(&heard);
        heard = Heard {
            id: "u2",
            speaker: Speaker::Practitioner,
            span: Span::new(SampleIdx(40_000), SampleIdx(80_000)),
            text: "Je moet gewoon elke dag een half uur wandelen.",
            codes: &[Code::Advise],
            righting_reflex: 1.0,
            firm: true,
        };
        coach.push(&heard)
    };
    assert!(turns(&mut fresh()).is_some());
    // By reference: to drop a coach with its lexicon takes longer than the turns.
    bencher.with_inputs(fresh).bench_local_refs(|coach| turns(black_box(coach)));
}

fn cue_event() -> SessionEvent {
    let cue = Cue {
        at: SampleIdx::from_secs(3.0),
        after: "u1".to_owned(),
        moment: Moment::UnsolicitedAdvice,
        strength: Strength::Firm,
        technique: Technique::ReflectionDoubleSided,
        mark: "advies".to_owned(),
        headline: "Beide kanten".to_owned(),
        suggestion: "Het past slecht in je dag, en ergens wil je het wel.".to_owned(),
        lang: Lang::Nl,
        source: "u1".to_owned(),
        evidence: None,
    };
    let event = CueEvent { at_s: 3.0, cue, provisional: false, taken_up: None, latency_ms: None };
    SessionEvent::new(SampleIdx::from_secs(3.2), EventKind::Cue(event))
}

/// An event into the state of the overlay.
#[divan::bench]
fn reduce_partial(bencher: Bencher<'_, '_>) {
    let mut view = SessionView::new(Lang::Nl, false);
    let kind = EventKind::Partial {
        segment: 0,
        start_s: 1.0,
        text: "Je moet gewoon elke dag een half uur wandelen.".to_owned(),
        stable_words: 7,
    };
    let partial = SessionEvent::new(SampleIdx::from_secs(2.0), kind);
    let before = view.clone();
    view.reduce(&partial);
    assert_ne!(view, before);
    bencher.bench_local(|| view.reduce(black_box(&partial)));
}

/// One frame with a cue, laid out and cut into triangles; what the graphics card does is not in it.
#[divan::bench]
fn overlay_frame(bencher: Bencher<'_, '_>) {
    let context = egui::Context::default();
    let mut view = SessionView::new(Lang::Nl, false);
    view.reduce(&cue_event());
    let frame = || {
        let output = context.run_ui(egui::RawInput::default(), |ui| {
            black_box(overlay::draw(ui, black_box(&view)));
        });
        context.tessellate(output.shapes, output.pixels_per_point).len()
    };
    frame(); // the first one makes the letters
    assert!(frame() > 0);
    bencher.bench_local(frame);
}
