//! Voice models in ONNX on the real runtime. Needs the files of `make setup`, and says so when they are not there.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use ort::environment::Environment;
use speakers::{LEAST_WINDOW, OnnxEmbedder, SpeakersError, VoiceEmbedder as _};

/// One for the process: ort allows no second.
static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let library = std::env::var_os("ORT_DYLIB_PATH").map_or_else(cached_library, PathBuf::from);
    ort::init_from(&library)
        .expect("ONNX Runtime loads: run `make setup`")
        .build()
        .expect("one environment")
});

fn cached_library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join(".cache/runtime/libonnxruntime.so"))
        .find(|path| path.exists())
        .expect("libonnxruntime.so is not in .cache/runtime: run `make setup`")
}

/// A model that `data/make.py` made.
fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn import(name: &str) -> OnnxEmbedder {
    OnnxEmbedder::import(&data(name), &ENVIRONMENT).unwrap()
}

/// A hum with its overtones and some noise, other for each seed.
fn sound(seed: u32, samples: usize) -> Vec<f32> {
    let mut state = seed;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    };
    let step = 0.03 + 0.01 * seed as f32;
    let hum = |i: usize| (1..9).map(|k| (step * (k * i) as f32).sin() / k as f32).sum::<f32>();
    (0..samples).map(|i| 0.1 * hum(i) * (i as f32 * 0.002).sin() + 0.02 * noise()).collect()
}

fn near(a: &[Vec<f32>], b: &[Vec<f32>], most: f32) -> bool {
    let pairs = || a.iter().flatten().zip(b.iter().flatten());
    a.len() == b.len()
        && pairs().count() == a.iter().map(Vec::len).sum::<usize>()
        && pairs().all(|(a, b)| (a - b).abs() < most)
}

/// Three windows of each of these lengths, as the model gives them.
fn heard(embedder: &mut OnnxEmbedder, samples: usize) -> Vec<Vec<f32>> {
    let sounds: Vec<Vec<f32>> = (1..4).map(|seed| sound(seed, samples)).collect();
    let windows: Vec<&[f32]> = sounds.iter().map(Vec::as_slice).collect();
    embedder.embed(&windows).unwrap()
}

#[test]
fn a_public_model_hears_voices_as_directions() {
    let mut embedder = import("tiny.onnx");
    let model = embedder.model().clone();
    assert_eq!((model.name.as_str(), model.dimension()), ("tiny", 16));
    // 120 frames of 10 ms, and what the last one has more: 1.2 s, and the next 0.3 s later.
    assert_eq!((model.window, model.hop), (19_440, 4_800));

    let vectors = heard(&mut embedder, model.window);
    for vector in &vectors {
        assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4, "{vector:?}");
    }
    assert!(!near(&vectors[..1], &vectors[1..2], 0.02), "two sounds are two voices");

    let loud: Vec<f32> = sound(1, model.window).iter().map(|x| x * 3.0).collect();
    let quiet = sound(1, model.window);
    let both = embedder.embed(&[&loud, &quiet]).unwrap();
    assert!(near(&both[..1], &both[1..], 1e-3), "{both:?}");
    assert_eq!(heard(&mut embedder, LEAST_WINDOW).len(), 3);
}

#[test]
fn one_window_at_a_time_gives_the_same_as_several() {
    let mut together = import("tiny.onnx");
    for name in ["one-at-a-time.onnx", "one-in-truth.onnx"] {
        let mut single = import(name);
        for samples in [together.model().window, LEAST_WINDOW] {
            let (wanted, got) = (heard(&mut together, samples), heard(&mut single, samples));
            assert!(near(&wanted, &got, 1e-4), "{name}: {wanted:?} {got:?}");
        }
    }
}

#[test]
fn a_fixed_number_of_frames_is_filled_by_repeating_the_window() {
    let (mut free, mut long) = (import("tiny.onnx"), import("fixed-240.onnx"));
    assert_eq!(long.model().window, free.model().window);
    // Twice the window has the same mean.
    let window = free.model().window;
    assert!(near(&heard(&mut free, window), &heard(&mut long, window), 1e-4));
    // 24 frames, ten times.
    let short = LEAST_WINDOW + 160;
    assert!(near(&heard(&mut free, short), &heard(&mut long, short), 1e-4));

    let mut less = import("fixed-100.onnx");
    let window = less.model().window;
    assert_eq!(window, 16_240);
    assert!(near(&heard(&mut free, window), &heard(&mut less, window), 1e-4));
    assert_eq!(heard(&mut less, LEAST_WINDOW).len(), 3);
}

#[test]
fn a_model_of_3d_speaker_gets_its_own_features() {
    let (mut plain, mut other) = (import("tiny.onnx"), import("tiny-3d-speaker.onnx"));
    let window = plain.model().window;
    let (plain, other) = (heard(&mut plain, window), heard(&mut other, window));
    // The same network, nearly the same features.
    assert!(near(&plain, &other, 0.2) && !near(&plain, &other, 1e-3), "{plain:?} {other:?}");
}

#[test]
fn gids_own_kind_is_loaded_with_its_description() {
    let mut own = OnnxEmbedder::load(&data("own"), &ENVIRONMENT).unwrap();
    let model = own.model().clone();
    assert_eq!((model.name.as_str(), model.dimension(), model.hop), ("test-own", 16, 3_200));
    assert_eq!(heard(&mut own, model.window).len(), 3);
    assert!(OnnxEmbedder::load(&data("."), &ENVIRONMENT).is_err());
}

#[test]
fn what_is_no_voice_model_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let whole = fs::read(data("tiny.onnx")).unwrap();
    let cut = made("cut.onnx", &whole[..whole.len() / 2]);
    let text = made("text.onnx", b"This is no network.\n");
    let empty = made("empty.onnx", b"");
    let coder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/mi-coder/mi-coder-ngrams.onnx");
    for (path, wanted) in [
        (data("none.onnx"), "no such file"),
        (data("wide-64.onnx"), "64]"),
        (data("turned.onnx"), "80, -1]"),
        (data("fixed-20.onnx"), "20 frames"),
        (data("8-khz.onnx"), "8000 Hz"),
        (data("deaf.onnx"), "whatever it hears"),
        (coder, "cannot be used"),
        (cut, "cannot be used"),
        (text, "cannot be used"),
        (empty, "cannot be used"),
    ] {
        let error = OnnxEmbedder::import(&path, &ENVIRONMENT).unwrap_err();
        assert!(matches!(error, SpeakersError::Model { .. }));
        assert!(error.to_string().contains(wanted), "{}: {error}", path.display());
    }
}

/// What training heard in a window of a synthetic voice (`models/voice/train/export.py`), features and all.
#[test]
fn the_own_model_hears_what_training_heard() {
    #[derive(serde::Deserialize)]
    struct Vectors {
        samples: Vec<i16>,
        coordinates: Vec<f32>,
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/voice");
    let text = fs::read(folder.join("test-vectors.json")).unwrap();
    let vectors: Vectors = serde_json::from_slice(&text).unwrap();
    let samples: Vec<f32> = vectors.samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let mut embedder = OnnxEmbedder::load(&folder, &ENVIRONMENT).unwrap();
    assert_eq!(samples.len(), embedder.model().window);
    let heard = embedder.embed(&[&samples]).unwrap().swap_remove(0);
    let largest = vectors.coordinates.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    for (got, want) in heard.iter().zip(&vectors.coordinates) {
        assert!((got - want).abs() < 0.01 * largest, "{heard:?}\n{:?}", vectors.coordinates);
    }
    // However loud.
    let quiet: Vec<f32> = samples.iter().map(|s| 0.01 * s).collect();
    let again = embedder.embed(&[&quiet]).unwrap().swap_remove(0);
    assert!(heard.iter().zip(&again).all(|(a, b)| (a - b).abs() < 0.01 * largest));
}
