use std::{f32::consts::TAU, path::PathBuf, time::Instant};

use timeline::{Lang, SampleIdx, TimedWord};

use super::*;
use crate::{Recognizer as _, ShapeScript, Stretch, Whisper, WhisperConfig};

const SIZES: [ShapeSize; 4] =
    [ShapeSize::Tiny, ShapeSize::Base, ShapeSize::Small, ShapeSize::LargeV3Turbo];
const PRECISIONS: [ShapePrecision; 3] =
    [ShapePrecision::F16, ShapePrecision::Q8_0, ShapePrecision::Q5_1];

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/demo-asr/ggml-demo.bin")
}

/// Whether the published model's size is met: the marker is nine bytes longer than "!".
fn is_written_as_large_as(size: ShapeSize, precision: ShapePrecision, published: u64) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("shape.bin");
    let bytes = write_shape(size, precision, &demo(), &out).unwrap();
    assert_eq!(bytes, fs::metadata(&out).unwrap().len());
    assert_eq!(bytes, published + 9, "{size} {precision}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
    assert_eq!(layout::check(&out).unwrap(), Ok(()));
    assert!(is_shape(&out).unwrap());
    if size == ShapeSize::Tiny {
        runs(&out, "tiny");
    }
}

fn runs(model: &Path, size_name: &str) {
    let config = WhisperConfig { model: model.to_owned(), lang: Lang::Nl, threads: 1 };
    let refused = Whisper::load(&config).err().unwrap().to_string();
    assert!(refused.contains("random numbers"), "{refused}");
    let word = |text: &str, start_s: f64| TimedWord {
        text: text.to_owned(),
        start_s,
        end_s: start_s + 0.3,
    };
    let words = vec![word("Je", 2.1), word("moet", 2.4), word("gaan.", 2.7), word("Nee.", 3.2)];
    let mut whisper = Whisper::load_shape(&config, &ShapeScript { words }).unwrap();
    assert_eq!(whisper.header().size_name(), size_name);
    let tone: Vec<f32> = (0..16_000).map(|at| 0.3 * (at as f32 * TAU / 40.0).sin()).collect();
    let mut heard = |start_s: f64, samples: &[f32]| {
        let stretch = Stretch { start: SampleIdx::from_secs(start_s), samples };
        whisper.recognize(&stretch, &|| false).unwrap().unwrap().text
    };
    // What has not ended is not heard, nor what was said before.
    assert_eq!(heard(2.0, &tone), "Je moet");
    assert_eq!(heard(2.3, &tone), "moet gaan.");
    assert_eq!(heard(5.0, &tone), "");
}

#[test]
fn tiny_in_f16() {
    is_written_as_large_as(ShapeSize::Tiny, ShapePrecision::F16, 77_691_713);
}

#[test]
fn tiny_in_q8_0() {
    is_written_as_large_as(ShapeSize::Tiny, ShapePrecision::Q8_0, 43_537_433);
}

#[test]
fn tiny_in_q5_1() {
    is_written_as_large_as(ShapeSize::Tiny, ShapePrecision::Q5_1, 32_152_673);
}

#[test]
fn base_is_as_large_as_published() {
    is_written_as_large_as(ShapeSize::Base, ShapePrecision::F16, 147_951_465);
    is_written_as_large_as(ShapeSize::Base, ShapePrecision::Q8_0, 81_768_585);
}

#[test]
fn the_same_weights_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let written = ["a.bin", "b.bin"].map(|name| {
        let out = folder.path().join(name);
        write_shape(ShapeSize::Tiny, ShapePrecision::Q5_1, &demo(), &out).unwrap();
        fs::read(out).unwrap()
    });
    assert!(written[0] == written[1]);
    // A shape is a template as good as any.
    let out = folder.path().join("c.bin");
    write_shape(ShapeSize::Tiny, ShapePrecision::Q5_1, &folder.path().join("a.bin"), &out).unwrap();
    assert!(fs::read(out).unwrap() == written[0]);
}

#[test]
fn a_model_with_words_is_no_shape() {
    assert!(!is_shape(&demo()).unwrap());
    // A right head, and nothing or garbage behind it.
    let folder = tempfile::tempdir().unwrap();
    for filler in [0, 0x5a, 0xff] {
        let mut bytes = fs::read(demo()).unwrap();
        bytes[HEAD_LEN as usize..].fill(filler);
        let path = folder.path().join("garbage.bin");
        fs::write(&path, bytes).unwrap();
        assert!(!is_shape(&path).unwrap());
    }
    let text = is_shape(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").as_path());
    assert!(matches!(text, Err(TranscribeError::NotAModel { .. })));
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    // Longer than any file system's names, but not with ".part": only the renaming fails.
    let too_long = format!("{}.{}", "a".repeat(240), "b".repeat(20));
    for out in [folder.path().join(too_long), folder.path().join("missing/shape.bin"), "/".into()] {
        let error = write_shape(ShapeSize::Tiny, ShapePrecision::Q5_1, &demo(), &out).unwrap_err();
        assert!(matches!(error, TranscribeError::Write { .. }), "{error}");
        assert!(error.to_string().contains("--out"), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_template_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.part");
    fs::copy(demo(), &template).unwrap();
    for out in ["./template.part", "template.bin"] {
        let out = folder.path().join(out);
        let error = write_shape(ShapeSize::Tiny, ShapePrecision::F16, &template, &out).unwrap_err();
        assert!(matches!(error, TranscribeError::Config(_)), "{error}");
    }
    assert_eq!(fs::read(&template).unwrap(), fs::read(demo()).unwrap());
}

#[test]
fn calculated_filters_are_those_of_real_models() {
    let template = Template::read(&demo()).unwrap();
    let stored = template.filters.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
    let calculated = mel::filters(80);
    assert_eq!(stored.len(), calculated.len());
    for (stored, calculated) in stored.zip(calculated) {
        assert!((stored - calculated).abs() < 1e-7, "{stored} {calculated}");
    }
    // Wide enough that every one of the 128 hears something.
    assert!(mel::filters(128).chunks(SPECTRUM_BINS as usize).all(|f| f.iter().sum::<f32>() > 0.0));
}

#[test]
fn names_are_read_back() {
    for size in SIZES {
        assert_eq!(size.name().parse(), Ok(size));
    }
    for precision in PRECISIONS {
        assert_eq!(precision.name().parse(), Ok(precision));
    }
    assert!("Tiny".parse::<ShapeSize>().unwrap_err().to_string().contains("large-v3-turbo"));
    assert!("f32".parse::<ShapePrecision>().unwrap_err().to_string().contains("q8_0"));
}

/// Gigabytes: `cargo test --release -p transcribe -- --ignored --nocapture every_size`.
#[test]
#[ignore = "writes up to 1.6 GB"]
fn every_size_runs() {
    for size in SIZES {
        for precision in PRECISIONS {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("shape.bin");
            let start = Instant::now();
            let bytes = write_shape(size, precision, &demo(), &out).unwrap();
            println!("{size} {precision}: {bytes} bytes in {:.1?}", start.elapsed());
            assert!(is_shape(&out).unwrap());
            runs(&out, if size == ShapeSize::LargeV3Turbo { "large-turbo" } else { size.name() });
        }
    }
}
