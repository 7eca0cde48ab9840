use std::f32::consts::TAU;

use super::*;
use crate::scripted_model;

const LOW_HZ: f32 = 200.0;
const HIGH_HZ: f32 = 240.0;

/// Hears the pitch: 2 Hz make one step along the first coordinate.
struct Pitch(VoiceModel);

impl Pitch {
    fn new() -> Self {
        Self(scripted_model(2))
    }
}

impl VoiceEmbedder for Pitch {
    fn model(&self) -> &VoiceModel {
        &self.0
    }

    fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError> {
        Ok(windows.iter().map(|window| vec![(pitch_hz(window) - 220.0) / 2.0, 0.0]).collect())
    }
}

/// A step up through zero for each wave, over the time in which anything sounds.
fn pitch_hz(window: &[f32]) -> f32 {
    let spoken: Vec<&[f32]> = window.split(|x| *x == 0.0).filter(|piece| piece.len() > 1).collect();
    let waves =
        spoken.iter().flat_map(|piece| piece.windows(2)).filter(|w| w[0] < 0.0 && w[1] > 0.0);
    let samples: usize = spoken.iter().map(|piece| piece.len()).sum();
    waves.count() as f32 * SAMPLE_RATE_HZ as f32 / samples.max(1) as f32
}

/// Somebody reading: syllables of 160 ms with 40 ms of nothing between them.
fn read(pitch_hz: f32, secs: f32) -> Vec<f32> {
    let tone = |i: usize| {
        let at = TAU * pitch_hz * (i % 3_200) as f32 / SAMPLE_RATE_HZ as f32;
        // Never quite zero within a syllable: zero is where nothing sounds.
        if i % 3_200 < 2_560 { 0.3 * (at + 0.01).sin() } else { 0.0 }
    };
    (0..(secs * SAMPLE_RATE_HZ as f32) as usize).map(tone).collect()
}

fn enrol(samples: &[f32]) -> Result<Enrolment, SpeakersError> {
    Enrolment::from_audio(samples, &mut Pitch::new())
}

fn refusal(samples: &[f32]) -> EnrolmentError {
    match enrol(samples) {
        Err(SpeakersError::Enrolment(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_clean_voice_is_taken_and_its_vector_is_the_voice() {
    let model = scripted_model(2);
    let low = enrol(&read(LOW_HZ, 10.0)).unwrap();
    let high = enrol(&read(HIGH_HZ, 10.0)).unwrap();
    for (enrolment, want) in [(&low, -10.0), (&high, 10.0)] {
        let values = enrolment.values(&model).unwrap();
        assert!((values[0] - want).abs() < 4.0, "{values:?}");
        // Eight tenths are syllables.
        assert!((enrolment.speech_s() - 8.0).abs() < 0.5, "{}", enrolment.speech_s());
        assert_eq!(enrolment.model(), "scripted");
    }
    assert_eq!(low.values(&scripted_model(3)), None, "another dimension");
    let other = VoiceModel { name: "other".to_owned(), ..model };
    assert_eq!(low.values(&other), None, "another model");
}

#[test]
fn bad_recordings_are_refused_with_their_reason() {
    let good = read(LOW_HZ, 10.0);
    let scaled = |gain: f32| good.iter().map(|x| (x * gain).clamp(-1.0, 1.0)).collect::<Vec<_>>();
    let hum = |power: f32| (0..160_000).map(move |i| power * (i as f32 * 0.05).sin());
    let over_hum: Vec<f32> = good.iter().zip(hum(0.2)).map(|(x, hum)| x + hum).collect();
    let two = [read(LOW_HZ, 5.0), read(HIGH_HZ, 5.0)].concat();
    type Check = fn(&EnrolmentError) -> bool;
    let table: [(&str, Vec<f32>, Check); 9] = [
        ("nothing", Vec::new(), |e| matches!(e, EnrolmentError::TooShort { .. })),
        ("less than a window", good[..8_000].to_vec(), |e| {
            matches!(e, EnrolmentError::TooShort { .. })
        }),
        (
            "3 s",
            good[..48_000].to_vec(),
            |e| matches!(e, EnrolmentError::TooShort { got_s, .. } if (1.5..3.0).contains(got_s)),
        ),
        ("quiet", scaled(0.003), |e| matches!(e, EnrolmentError::TooQuiet { .. })),
        ("silent", scaled(0.0), |e| matches!(e, EnrolmentError::TooQuiet { .. })),
        ("clipped", scaled(20.0), |e| matches!(e, EnrolmentError::Clipped { .. })),
        ("hum", hum(0.1).collect(), |e| matches!(e, EnrolmentError::Noisy { .. })),
        ("over a hum", over_hum, |e| matches!(e, EnrolmentError::Noisy { .. })),
        ("two voices", two, |e| *e == EnrolmentError::ManyVoices),
    ];
    for (what, samples, right) in table {
        let error = refusal(&samples);
        assert!(right(&error), "{what}: {error:?}");
    }
}

#[test]
fn two_voices_in_turns_are_refused_too() {
    let turns: Vec<Vec<f32>> =
        (0..6).map(|i| read(if i % 2 == 0 { LOW_HZ } else { HIGH_HZ }, 2.0)).collect();
    assert_eq!(refusal(&turns.concat()), EnrolmentError::ManyVoices);
}

#[test]
fn a_broken_recording_is_no_bad_one() {
    for broken in [f32::NAN, f32::INFINITY] {
        let mut samples = read(LOW_HZ, 10.0);
        samples[70_001] = broken;
        assert!(matches!(enrol(&samples), Err(SpeakersError::NotFinite { index: 70_001 })));
    }
}

#[test]
fn a_broken_model_is_named() {
    struct Broken(VoiceModel, Vec<f32>);
    impl VoiceEmbedder for Broken {
        fn model(&self) -> &VoiceModel {
            &self.0
        }

        fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError> {
            Ok(vec![self.1.clone(); windows.len()])
        }
    }
    let good = read(LOW_HZ, 10.0);
    let with = |values: Vec<f32>| {
        Enrolment::from_audio(&good, &mut Broken(scripted_model(2), values)).unwrap_err()
    };
    assert!(matches!(with(vec![1.0]), SpeakersError::Dimension { want: 2, got: 1, .. }));
    assert!(matches!(with(vec![1.0, f32::NAN]), SpeakersError::Model { .. }));
}

#[test]
fn an_enrolment_survives_the_disk_and_is_the_owners_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("voice.json");
    // What a crash left behind is readable by all, and is no reason to fail.
    fs::write(folder.path().join("voice.json.new"), "half").unwrap();
    let enrolment = enrol(&read(LOW_HZ, 10.0)).unwrap();
    enrolment.save(&path).unwrap();
    enrolment.save(&path).unwrap(); // and once more over the first
    assert_eq!(Enrolment::load(&path).unwrap(), enrolment);
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files, std::slice::from_ref(&path));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let nowhere = folder.path().join("no such folder").join("voice.json");
    let error = enrolment.save(&nowhere).unwrap_err();
    assert!(matches!(error, SpeakersError::File { action: "write", .. }), "{error}");
}

#[test]
fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("voice.json");
    let missing = Enrolment::load(&path).unwrap_err();
    assert!(matches!(missing, SpeakersError::File { action: "read", .. }));
    assert!(missing.to_string().contains("voice.json"), "{missing}");
    let file = |format: &str, version: u32, values: &str, speech_s: &str| {
        format!(
            r#"{{"format":"{format}","version":{version},"model":"m","values":{values},"speech_s":{speech_s}}}"#
        )
    };
    fs::write(&path, file("gids-enrolment", 1, "[1.0]", "9.0")).unwrap();
    Enrolment::load(&path).unwrap();
    for text in [
        String::new(),
        "no json".to_owned(),
        r#"{"a":1}"#.to_owned(),
        file("gids-enrolment", 1, "[1.0]", "9.0").replace('}', r#","samples":[0.1]}"#),
        file("something-else", 1, "[1.0]", "9.0"),
        file("gids-enrolment", 2, "[1.0]", "9.0"),
        file("gids-enrolment", 1, "[]", "9.0"),
        file("gids-enrolment", 1, "[1e99]", "9.0"),
        file("gids-enrolment", 1, "[1.0]", "0.0"),
        file("gids-enrolment", 1, "[1.0]", "-1.0"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = Enrolment::load(&path).unwrap_err();
        assert!(matches!(error, SpeakersError::Corrupt { .. }), "{text}: {error}");
        assert!(error.to_string().contains("enrol again"), "{error}");
    }
}
