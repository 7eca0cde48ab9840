//! The real detector on real recordings. Needs the files of `make setup`, and says so when they are not there.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Instant,
};

use capture::{ChannelMode, FileSource, Poll, Source};
use ort::environment::Environment;
use segment::{SegmentError, Segmenter, SegmenterConfig, Silero, SpeechDetector};
use timeline::{BLOCK_LEN, ChannelId, SampleIdx, SegmentEvent, Span};

/// One for the process: ort allows no second.
static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let library = std::env::var_os("ORT_DYLIB_PATH")
        .map_or_else(|| cached("libonnxruntime.so"), PathBuf::from);
    ort::init_from(&library)
        .expect("ONNX Runtime loads: run `make setup`")
        .build()
        .expect("one environment")
});

/// A file of `.cache/runtime` in this folder or one above.
fn cached(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join(".cache/runtime").join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is not in .cache/runtime: run `make setup`"))
}

fn silero() -> Silero {
    Silero::load(&ENVIRONMENT, &cached("silero_vad_16k_op15.onnx")).unwrap()
}

#[test]
fn tells_speech_from_tones_noise_and_silence() {
    let mut detector = silero();
    let mut seed = 1_u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / 16_777_216.0 - 0.5
    };
    let tone = |n: usize| (n as f32 * 0.17).sin() * 0.3;
    let sounds: [(&str, Vec<f32>); 3] = [
        ("silence", vec![0.0; 16_000]),
        ("noise", (0..16_000).map(|_| noise() * 0.1).collect()),
        ("a tone", (0..16_000).map(tone).collect()),
    ];
    for (name, sound) in sounds {
        detector.reset();
        let probs: Vec<f32> =
            sound.chunks_exact(BLOCK_LEN).map(|b| detector.speech_prob(b).unwrap()).collect();
        let speech = probs.iter().filter(|p| **p >= 0.5).count();
        assert!(speech <= 3, "{name}: {probs:?}");
    }
}

#[test]
fn a_reset_makes_it_say_the_same_again() {
    let mut detector = silero();
    let blocks: Vec<Vec<f32>> = (0..20)
        .map(|b| (0..BLOCK_LEN).map(|n| ((b * 37 + n * n) % 101) as f32 / 200.0).collect())
        .collect();
    let mut run = || -> Vec<f32> {
        detector.reset();
        blocks.iter().map(|b| detector.speech_prob(b).unwrap()).collect()
    };
    assert_eq!(run(), run());
}

#[test]
fn missing_and_broken_models_are_told_apart() {
    let folder = std::env::temp_dir().join(format!("gids-silero-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let missing = Silero::load(&ENVIRONMENT, &folder.join("none.onnx")).unwrap_err();
    assert!(matches!(missing, SegmentError::ModelMissing { .. }), "{missing}");
    let text = folder.join("text.onnx");
    std::fs::write(&text, "this is no model").unwrap();
    let broken = Silero::load(&ENVIRONMENT, &text).unwrap_err();
    assert!(matches!(broken, SegmentError::ModelBroken { .. }), "{broken}");
    let whole = std::fs::read(cached("silero_vad_16k_op15.onnx")).unwrap();
    let half = folder.join("half.onnx");
    std::fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let broken = Silero::load(&ENVIRONMENT, &half).unwrap_err();
    assert!(matches!(broken, SegmentError::ModelBroken { .. }), "{broken}");
    std::fs::remove_dir_all(&folder).unwrap();
}

struct Utterance {
    id: String,
    speaker: String,
    span: Span,
}

fn roleplays() -> BTreeMap<PathBuf, Vec<Utterance>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/roleplays");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "flac") {
            continue;
        }
        let script = std::fs::read_to_string(path.with_extension("jsonl")).unwrap();
        let utterances = script.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            let secs = |key: &str| line[key].as_f64().unwrap();
            let span = Span::from_secs(secs("start_s"), secs("end_s"));
            Utterance { id: text("id"), speaker: text("speaker"), span }
        });
        let utterances = utterances.collect();
        found.insert(path, utterances);
    }
    found
}

struct Found {
    span: Span,
    speech: Span,
    /// What had been heard when it was said to be closed.
    closed_at: SampleIdx,
}

fn segments(path: &Path, detector: Silero) -> (Vec<Found>, usize, f64) {
    let config = SegmenterConfig::default();
    let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, config).unwrap();
    let mut source = FileSource::open(path, ChannelMode::Auto).unwrap();
    assert_eq!(source.channels(), 1);
    let (mut found, mut events, mut blocks, mut secs) = (Vec::new(), Vec::new(), 0, 0.0);
    let mut clock = SampleIdx::ZERO;
    let mut note = |events: &mut Vec<SegmentEvent>, closed_at| {
        for event in events.drain(..) {
            if let SegmentEvent::Closed { span, speech_start, speech_end, .. } = event {
                found.push(Found { span, speech: Span::new(speech_start, speech_end), closed_at });
            }
        }
    };
    while let Poll::Block(block) = source.poll().unwrap() {
        let before = Instant::now();
        segmenter.push(&block, &mut events).unwrap();
        secs += before.elapsed().as_secs_f64();
        blocks += 1;
        clock = block.span().end;
        note(&mut events, clock);
    }
    segmenter.finish(&mut events);
    note(&mut events, clock);
    (found, blocks, secs)
}

/// Every utterance is covered to within 60 ms at its edges (breath and decay below the detector's notice), no segment
/// holds two speakers, and the hang-over is as long as it is set.
#[test]
fn roleplays_are_covered_and_no_segment_holds_two_speakers() {
    let roleplays = roleplays();
    assert!(roleplays.len() >= 3, "the recordings are in assets/roleplays");
    for (path, script) in roleplays {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (found, blocks, secs) = segments(&path, silero());
        let (mut covered, mut spoken, mut worst) = (0, 0, 0);
        for utterance in &script {
            let within: u64 = found.iter().map(|f| f.span.overlap(utterance.span)).sum();
            covered += within;
            spoken += utterance.span.len();
            let missed = utterance.span.len() - within;
            worst = worst.max(missed);
            assert!(
                missed <= 960,
                "{name} {}: {missed} samples of {:?}",
                utterance.id,
                utterance.span
            );
        }
        for segment in &found {
            let mut speakers: Vec<&str> = script
                .iter()
                .filter(|u| u.span.overlap(segment.span) > 320)
                .map(|u| u.speaker.as_str())
                .collect();
            speakers.dedup();
            assert!(speakers.len() <= 1, "{name}: {:?} holds {speakers:?}", segment.span);
            assert!(
                segment.closed_at.since(segment.speech.end) <= 16 * 384,
                "{name}: {:?}",
                segment.span
            );
        }
        let lengths: Vec<f64> = found.iter().map(|f| f.span.secs()).collect();
        println!(
            "{name}: {} utterances, {} segments of {:.1} to {:.1} s, {:.2} % covered, at worst {} ms missed; {:.3} ms a block",
            script.len(),
            found.len(),
            lengths.iter().copied().fold(f64::MAX, f64::min),
            lengths.iter().copied().fold(0.0, f64::max),
            100.0 * covered as f64 / spoken as f64,
            worst / 16,
            secs * 1_000.0 / blocks as f64,
        );
    }
}
