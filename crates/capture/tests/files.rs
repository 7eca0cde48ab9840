//! Recordings of every kind, and of no kind.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

use std::{fs, path::Path};

use capture::{CaptureError, ChannelMode, ErrorKind, FileSource, Poll, Source};
use hound::{SampleFormat, WavSpec, WavWriter};
use tempfile::TempDir;
use timeline::{BLOCK_LEN, ChannelId, SampleIdx};

const RATES: [u32; 6] = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000];

/// Everything the source gives: its channels, and the error that it may end with.
fn read_all(source: &mut FileSource) -> (Vec<Vec<f32>>, Option<CaptureError>) {
    let mut channels = vec![Vec::new(); usize::from(source.channels())];
    let mut turn = 0;
    loop {
        match source.poll() {
            Ok(Poll::Block(block)) => {
                assert_eq!(block.channel, ChannelId(turn), "channels take turns");
                let channel = &mut channels[usize::from(turn)];
                assert_eq!(block.start, SampleIdx(channel.len() as u64), "no hole in time");
                assert_eq!(block.samples.len(), BLOCK_LEN);
                assert!(block.samples.iter().all(|v| (-1.0..=1.0).contains(v)));
                channel.extend(block.samples);
                turn = (turn + 1) % source.channels();
            }
            Ok(Poll::End) => return (channels, None),
            Ok(other) => panic!("a file says {other:?}"),
            Err(e) => {
                assert_eq!(source.poll().unwrap(), Poll::End, "an error is said once");
                return (channels, Some(e));
            }
        }
    }
}

fn read(path: &Path, mode: ChannelMode) -> Vec<Vec<f32>> {
    let (channels, error) = read_all(&mut FileSource::open(path, mode).unwrap());
    assert!(error.is_none(), "{error:?}");
    channels
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Half of full scale, with soft edges (5 ms) so that no filter rings: 1 kHz from `from` to `to`.
fn burst(rate: u32, secs: f64, from: f64, to: f64) -> Vec<f64> {
    (0..(secs * f64::from(rate)) as usize)
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            let edge = ((t - from).min(to - t) / 0.005).clamp(0.0, 1.0);
            0.5 * edge * (std::f64::consts::TAU * 1_000.0 * (t - from)).sin()
        })
        .collect()
}

fn write_wav(path: &Path, rate: u32, bits: u16, channels: &[&[f64]]) {
    let float = bits == 33; // hound's spec has no room for "32-bit float" in a number of bits
    let spec = WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate,
        bits_per_sample: if float { 32 } else { bits },
        sample_format: if float { SampleFormat::Float } else { SampleFormat::Int },
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for n in 0..channels[0].len() {
        for channel in channels {
            if float {
                writer.write_sample(channel[n] as f32).unwrap();
            } else {
                let full = (1_i64 << (bits - 1)) as f64;
                writer.write_sample((channel[n] * full).round().min(full - 1.0) as i32).unwrap();
            }
        }
    }
    writer.finalize().unwrap();
}

/// Where the sound starts and ends (a quarter of its peak), in seconds, and its level in the middle in dBFS.
fn measure(samples: &[f32]) -> (f64, f64, f64) {
    let loud = |v: &&f32| v.abs() > 0.125;
    let first = samples.iter().position(|v| loud(&v)).expect("there is sound");
    let last = samples.len() - samples.iter().rev().position(|v| loud(&v)).unwrap();
    let quarter = (last - first) / 4;
    let middle = &samples[first + quarter..last - quarter];
    let power = middle.iter().map(|v| f64::from(v * v)).sum::<f64>() / middle.len() as f64;
    (first as f64 / 16_000.0, last as f64 / 16_000.0, 10.0 * power.log10())
}

/// What the burst itself measures at 16 kHz.
fn expected(from: f64, to: f64) -> (f64, f64, f64) {
    let ideal: Vec<f32> = burst(16_000, to + 0.2, from, to).iter().map(|v| *v as f32).collect();
    measure(&ideal)
}

fn assert_same(what: &str, got: (f64, f64, f64), want: (f64, f64, f64), within_s: f64) {
    assert!((got.0 - want.0).abs() <= within_s, "{what}: starts at {} not {}", got.0, want.0);
    assert!((got.1 - want.1).abs() <= within_s, "{what}: ends at {} not {}", got.1, want.1);
    assert!((got.2 - want.2).abs() <= 0.5, "{what}: {} dBFS not {}", got.2, want.2);
}

#[test]
fn wav_of_any_rate_width_and_channels_keeps_time_and_level() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tone.wav");
    for rate in RATES {
        for bits in [8, 16, 24, 32, 33] {
            let early = burst(rate, 1.0, 0.2, 0.4);
            write_wav(&path, rate, bits, &[&early]);
            let mono = read(&path, ChannelMode::Auto);
            let name = format!("{rate} Hz, {bits} bits");
            assert_eq!(mono[0].len(), 16_000_usize.div_ceil(BLOCK_LEN) * BLOCK_LEN, "{name}");
            assert_same(&name, measure(&mono[0]), expected(0.2, 0.4), 0.001);

            let late = burst(rate, 1.0, 0.6, 0.8);
            write_wav(&path, rate, bits, &[&early, &late]);
            let split = read(&path, ChannelMode::Split);
            assert_same(&name, measure(&split[0]), expected(0.2, 0.4), 0.001);
            assert_same(&name, measure(&split[1]), expected(0.6, 0.8), 0.001);

            write_wav(&path, rate, bits, &[&early, &early]);
            let mixed = read(&path, ChannelMode::Mix);
            assert_eq!(mixed.len(), 1);
            assert_same(&name, measure(&mixed[0]), expected(0.2, 0.4), 0.001);
        }
    }
}

#[test]
fn the_total_is_known_beforehand() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.wav");
    write_wav(&path, 44_100, 16, &[&vec![0.1; 44_101]]);
    let mut source = FileSource::open(&path, ChannelMode::Auto).unwrap();
    assert_eq!((source.name(), source.total().unwrap().len()), ("x.wav", 16_001));
    assert_eq!(read_all(&mut source).0[0].len(), 16_384);
}

#[test]
fn compressed_formats_keep_time_and_level() {
    let want = |from: f64, to: f64| (from, to, -9.03);
    for (name, within_s) in [
        ("mono-22k.mp3", 0.03),
        ("mono-44k.ogg", 0.005),
        ("mono-44k.m4a", 0.06),
        ("alaw-8k.wav", 0.002),
    ] {
        let got = read(&data(name), ChannelMode::Auto);
        assert_eq!(got.len(), 1, "{name}");
        assert_same(name, measure(&got[0]), want(0.3, 0.5), within_s);
    }
    let flac = read(&data("stereo-16k.flac"), ChannelMode::Split);
    assert_same("FLAC left", measure(&flac[0]), want(0.1, 0.3), 0.001);
    assert_same("FLAC right", measure(&flac[1]), want(0.4, 0.6), 0.001);
}

#[test]
fn the_name_does_not_matter_the_content_does() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("really-flac.wav");
    fs::copy(data("stereo-16k.flac"), &path).unwrap();
    assert_eq!(read(&path, ChannelMode::Mix).len(), 1);
}

#[test]
fn auto_splits_two_speakers_and_mixes_a_stereo_room() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("talk.wav");
    let (left, right) = (burst(16_000, 6.0, 0.5, 2.5), burst(16_000, 6.0, 3.0, 5.0));
    write_wav(&path, 16_000, 16, &[&left, &right]);
    assert_eq!(read(&path, ChannelMode::Auto).len(), 2);
    let room: Vec<f64> = left.iter().zip(&right).map(|(l, r)| l + 0.5 * r).collect();
    let other: Vec<f64> = left.iter().zip(&right).map(|(l, r)| 0.5 * l + r).collect();
    write_wav(&path, 16_000, 16, &[&room, &other]);
    assert_eq!(read(&path, ChannelMode::Auto).len(), 1);
    // From a stream as well, where it cannot be opened twice.
    write_wav(&path, 16_000, 16, &[&left, &right]);
    let bytes = fs::read(&path).unwrap();
    let source = FileSource::from_reader("-", &bytes[..], ChannelMode::Auto).unwrap();
    assert_eq!((source.channels(), source.name()), (2, "-"));
}

#[test]
fn mixing_never_clips_and_takes_any_number_of_channels() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("six.wav");
    let loud = vec![0.999; 16_000];
    write_wav(&path, 16_000, 16, &[&loud[..]; 6]);
    let mixed = read(&path, ChannelMode::Auto);
    assert!(mixed[0][..16_000].iter().all(|v| (v - 0.999).abs() < 1e-3));
}

#[test]
fn a_truncated_wav_gives_what_is_there_and_then_says_what_is_missing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cut.wav");
    write_wav(&path, 48_000, 16, &[&burst(48_000, 4.0, 0.2, 0.4)]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..44 + 48_000 * 2 + 1]).unwrap();
    let (got, error) = read_all(&mut FileSource::open(&path, ChannelMode::Auto).unwrap());
    assert_same("cut", measure(&got[0]), expected(0.2, 0.4), 0.001);
    assert_eq!(got[0].len(), 16_384);
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Partial);
    assert_eq!(
        error.to_string(),
        "cut.wav is cut off: 3.0 s of the 4.0 s that its header promises are missing. What is there was read; copy the file again for the rest."
    );
}

#[test]
fn a_truncated_flac_says_so_too() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cut.flac");
    let bytes = fs::read(data("stereo-16k.flac")).unwrap();
    fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let (got, error) = read_all(&mut FileSource::open(&path, ChannelMode::Split).unwrap());
    assert!(!got[0].is_empty());
    assert!(matches!(error, Some(CaptureError::Truncated { .. })), "{error:?}");
}

#[test]
fn what_is_no_number_becomes_silence_and_is_counted() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("nan.wav");
    let mut samples = burst(48_000, 1.0, 0.2, 0.4);
    samples[30_000] = f64::NAN;
    samples[30_001] = f64::INFINITY;
    samples[40_000] = 7.0; // beyond full scale: limited, no error
    write_wav(&path, 48_000, 33, &[&samples]);
    let mut source = FileSource::open(&path, ChannelMode::Auto).unwrap();
    let (got, error) = read_all(&mut source);
    assert!(error.is_none());
    assert_eq!(source.invalid_samples(), 2);
    assert!((measure(&got[0]).0 - expected(0.2, 0.4).0).abs() < 0.001);
}

#[test]
fn what_is_no_recording_is_said_in_so_many_words() {
    let folder = TempDir::new().unwrap();
    let make = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let wav = {
        let path = folder.path().join("ok.wav");
        write_wav(&path, 16_000, 16, &[&vec![0.1; 100]]);
        fs::read(path).unwrap()
    };
    let mut odd_rate = wav.clone();
    odd_rate[24..28].copy_from_slice(&100_u32.to_le_bytes());
    let cases = [
        (make("empty.wav", b""), "is empty"),
        (make("text.wav", b"Dear diary, today I recorded nothing."), "is no audio file"),
        (make("text.mp3", b"Dear diary, today I recorded nothing."), "is no audio file"),
        (make("header.wav", &wav[..44]), "is cut off"),
        (make("half-a-header.wav", &wav[..30]), "holds no sound"),
        (make("noise.mp3", &[0xFF; 5_000]), "is no audio file"),
        (make("zeros.flac", &[b"fLaC".as_slice(), &[0; 100]].concat()), ""),
        (make("rate.wav", &odd_rate), "sample rate of 100 Hz"),
        (folder.path().to_owned(), "is a folder"),
        (folder.path().join("none.wav"), "does not exist"),
    ];
    for (path, said) in cases {
        let error = FileSource::open(&path, ChannelMode::Auto)
            .map_or_else(Some, |mut source| read_all(&mut source).1)
            .unwrap_or_else(|| panic!("{} was read", path.display()));
        let text = error.to_string();
        assert!(text.contains(said), "{}: {text}", path.display());
        assert!(text.ends_with('.') && text.matches(". ").count() >= 1, "says what to do: {text}");
    }
    let stdin = FileSource::from_reader("-", &b""[..], ChannelMode::Auto).unwrap_err();
    assert!(matches!(stdin, CaptureError::Empty { .. }));
}
