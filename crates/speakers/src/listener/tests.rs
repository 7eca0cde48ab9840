use super::*;
use crate::{ScriptedEmbedder, VoiceModel, scripted_model};

const ONE: SegmentId = SegmentId(1);
const START: SampleIdx = SampleIdx(1_000);
const WINDOW: u64 = 12_800;

/// Hears something that depends on all of the audio, and remembers how many windows it was given at a time.
struct Ear {
    model: VoiceModel,
    calls: Vec<usize>,
}

impl Ear {
    fn new() -> Self {
        Self { model: scripted_model(2), calls: Vec::new() }
    }
}

impl VoiceEmbedder for Ear {
    fn model(&self) -> &VoiceModel {
        &self.model
    }

    fn embed(&mut self, windows: &[&[f32]]) -> Result<Vec<Vec<f32>>, SpeakersError> {
        self.calls.push(windows.len());
        let one = |window: &&[f32]| {
            let mean = window.iter().sum::<f32>() / window.len() as f32;
            let crossings = window.windows(2).filter(|w| (w[0] < 0.0) != (w[1] < 0.0)).count();
            vec![mean, crossings as f32]
        };
        Ok(windows.iter().map(one).collect())
    }
}

/// Sound of which no two windows are alike.
fn sound(samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|i| {
            let t = i as f32 / 16_000.0;
            0.2 + 0.1 * t.sin() + 0.3 * (900.0 * t + 300.0 * t * t).sin()
        })
        .collect()
}

fn opened(id: SegmentId, channel: ChannelId, samples: &[f32]) -> SegmentEvent {
    SegmentEvent::Opened { id, channel, start: START, speech_end: START, samples: samples.to_vec() }
}

fn grown(id: SegmentId, samples: &[f32]) -> SegmentEvent {
    SegmentEvent::Grown { id, speech_end: START, samples: samples.to_vec() }
}

fn closed(id: SegmentId, samples: &[f32]) -> SegmentEvent {
    SegmentEvent::Closed {
        id,
        span: Span::new(START, START),
        speech_start: START,
        speech_end: START,
        samples: samples.to_vec(),
    }
}

/// What is heard of one segment, all in all.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    windows: Vec<Window>,
    levels: Vec<f32>,
    span: Option<Span>,
    closed: Option<bool>,
}

fn of(id: SegmentId, events: &[VoiceEvent]) -> Heard {
    let mut all = Heard::default();
    for event in events {
        match event {
            VoiceEvent::Heard { id: of, span, windows, levels, .. } if *of == id => {
                assert_eq!(all.closed, None, "nothing is heard of what is closed");
                all.windows.extend(windows.iter().cloned());
                all.levels.extend(levels);
                all.span = Some(*span);
            }
            VoiceEvent::Closed { id: of, dropped } if *of == id => all.closed = Some(*dropped),
            VoiceEvent::Heard { .. } | VoiceEvent::Closed { .. } => {}
        }
    }
    all
}

/// A segment that comes in pieces of `chunk` samples.
fn listen(samples: &[f32], chunk: usize) -> Heard {
    let mut listener = Listener::new(Ear::new());
    let mut out = Vec::new();
    let mut push = |event: &SegmentEvent| listener.push(event, &mut out).expect("sound audio");
    push(&opened(ONE, ChannelId(0), &[]));
    samples.chunks(chunk).for_each(|some| push(&grown(ONE, some)));
    push(&closed(ONE, &[]));
    of(ONE, &out)
}

#[test]
fn windows_lie_a_hop_apart_and_a_short_segment_is_one() {
    let table: [(usize, &[(u64, u64)]); 7] = [
        (3_999, &[]),
        (4_000, &[(0, 4_000)]),
        (12_799, &[(0, 12_799)]),
        (12_800, &[(0, WINDOW)]),
        (15_999, &[(0, WINDOW)]),
        (16_000, &[(0, WINDOW), (3_200, 3_200 + WINDOW)]),
        (19_300, &[(0, WINDOW), (3_200, 3_200 + WINDOW), (6_400, 6_400 + WINDOW)]),
    ];
    for (samples, want) in table {
        let heard = listen(&sound(samples), 1_000);
        let want: Vec<Span> =
            want.iter().map(|(from, to)| Span::new(START + *from, START + *to)).collect();
        let spans: Vec<Span> = heard.windows.iter().map(|window| window.span).collect();
        assert_eq!(spans, want, "{samples} samples");
        assert!(heard.windows.iter().all(|w| (w.speech_s - w.span.secs() as f32).abs() < 0.015));
        assert_eq!(heard.levels.len(), samples / LEVEL_STEP);
        assert_eq!(heard.span, Some(Span::new(START, START + samples as u64)));
        assert_eq!(heard.closed, Some(false));
    }
}

#[test]
fn a_short_segment_is_not_heard_before_it_is_over() {
    let mut listener = Listener::new(Ear::new());
    let mut out = Vec::new();
    listener.push(&opened(ONE, ChannelId(0), &sound(12_799)), &mut out).unwrap();
    assert_eq!(of(ONE, &out).windows, []);
    listener.push(&grown(ONE, &[0.1]), &mut out).unwrap();
    assert_eq!(of(ONE, &out).windows.len(), 1);
    // Closing adds nothing where a window was heard.
    listener.push(&closed(ONE, &[0.1]), &mut out).unwrap();
    assert_eq!(of(ONE, &out).windows.len(), 1);
}

#[test]
fn it_does_not_matter_in_which_pieces_audio_comes() {
    let samples = sound(50_001);
    let whole = listen(&samples, samples.len());
    assert_eq!(whole.windows.len(), 12);
    assert!(whole.windows.windows(2).all(|w| w[0].values != w[1].values), "each is another");
    for chunk in [97, 159, 160, 512, 3_200, 3_201, 12_800, 17_777] {
        assert_eq!(listen(&samples, chunk), whole, "{chunk} samples at a time");
    }
}

#[test]
fn the_vector_is_that_of_the_window() {
    let samples = sound(20_000);
    let heard = listen(&samples, 777);
    let alone: Vec<&[f32]> =
        heard.windows.iter().enumerate().map(|(i, _)| &samples[i * 3_200..][..12_800]).collect();
    let want = Ear::new().embed(&alone).unwrap();
    assert_eq!(heard.windows.iter().map(|w| w.values.clone()).collect::<Vec<_>>(), want);
}

#[test]
fn a_level_is_the_mean_power_of_10_ms() {
    let mut samples = vec![0.5; 160];
    samples.extend([0.1, -0.1].repeat(80));
    samples.extend([0.0; 160]);
    samples.extend([0.9; 159]); // not complete
    let levels = listen(&samples, 100).levels;
    assert_eq!(levels.len(), 3);
    for (level, want) in levels.iter().zip([0.25, 0.01, 0.0]) {
        assert!((level - want).abs() < 1e-6, "{levels:?}");
    }
}

#[test]
fn a_window_with_hardly_any_speech_says_nothing_of_a_voice() {
    // The embedder has one vector only: it must not be asked about the pause.
    let mut listener = Listener::new(ScriptedEmbedder::new(vec![vec![1.0, 2.0]]));
    let mut samples = sound(12_800);
    samples.extend(vec![0.0; 32_000]);
    samples.drain(..12_800 - 1_600); // 100 ms of sound, which is less than a syllable
    let mut out = Vec::new();
    listener.push(&opened(ONE, ChannelId(0), &samples), &mut out).unwrap();
    listener.push(&closed(ONE, &[]), &mut out).unwrap();
    let two = SegmentId(2);
    listener.push(&opened(two, ChannelId(0), &sound(12_800)), &mut out).unwrap();
    let pause = of(ONE, &out).windows;
    assert_eq!(pause.len(), 7);
    assert!(pause.iter().all(|w| w.values.is_empty() && w.speech_s < LEAST_SPEECH_S));
    assert_eq!(of(two, &out).windows[0].values, [1.0, 2.0]);
}

#[test]
fn broken_audio_is_named_by_its_place_in_the_segment() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut listener = Listener::new(Ear::new());
        let mut out = Vec::new();
        listener.push(&opened(ONE, ChannelId(0), &[0.1; 100]), &mut out).unwrap();
        listener.push(&grown(ONE, &[0.1; 50]), &mut out).unwrap();
        let mut samples = [0.1; 20];
        samples[7] = broken;
        let error = listener.push(&closed(ONE, &samples), &mut out).unwrap_err();
        assert!(matches!(error, SpeakersError::NotFinite { index: 157 }), "{error}");
        // Whoever waits for the end of the segment does not wait for ever.
        assert_eq!(of(ONE, &out).closed, Some(false));
        assert!(listener.open.is_empty());
    }
}

#[test]
fn a_broken_model_is_an_error() {
    let mut short = Listener::new(ScriptedEmbedder::new(vec![vec![1.0, 2.0], vec![1.0]]));
    let mut out = Vec::new();
    let error = short.push(&opened(ONE, ChannelId(0), &sound(16_000)), &mut out).unwrap_err();
    assert!(matches!(error, SpeakersError::Dimension { want: 2, got: 1, .. }), "{error}");
    let mut broken = Listener::new(ScriptedEmbedder::new(vec![vec![1.0, f32::NAN]]));
    let error = broken.push(&opened(ONE, ChannelId(0), &sound(12_800)), &mut out).unwrap_err();
    assert!(matches!(error, SpeakersError::Model { .. }), "{error}");
}

#[test]
fn what_is_dropped_is_forgotten() {
    let mut listener = Listener::new(Ear::new());
    let mut out = Vec::new();
    listener.push(&opened(ONE, ChannelId(0), &sound(9_000)), &mut out).unwrap();
    listener.push(&SegmentEvent::Dropped { id: ONE }, &mut out).unwrap();
    let heard = of(ONE, &out);
    assert_eq!((heard.windows.len(), heard.closed), (0, Some(true)));
    assert!(listener.open.is_empty());
    // What comes late for it is no error and says nothing.
    let before = out.len();
    listener.push(&grown(ONE, &sound(20_000)), &mut out).unwrap();
    assert_eq!(out.len(), before);
}

#[test]
fn two_segments_at_once_do_not_mix() {
    let two = SegmentId(2);
    let (first, second) = (sound(40_000), sound(47_000)[7_000..].to_vec());
    let mut listener = Listener::new(Ear::new());
    let mut out = Vec::new();
    let mut push = |event: &SegmentEvent| listener.push(event, &mut out).unwrap();
    push(&opened(ONE, ChannelId(0), &[]));
    push(&opened(two, ChannelId(1), &[]));
    for (a, b) in first.chunks(1_111).zip(second.chunks(1_111)) {
        push(&grown(ONE, a));
        push(&grown(two, b));
    }
    push(&closed(two, &[]));
    push(&closed(ONE, &[]));
    assert_eq!(of(ONE, &out), listen(&first, 40_000));
    assert_eq!(of(two, &out), listen(&second, 40_000));
    for event in &out {
        if let VoiceEvent::Heard { id, channel, .. } = event {
            assert_eq!(u64::from(channel.0) + 1, id.0);
        }
    }
}

#[test]
fn no_more_audio_is_kept_than_a_window() {
    for chunk in [100, 512, 5_000] {
        let mut listener = Listener::new(Ear::new());
        let mut out = Vec::new();
        listener.push(&opened(ONE, ChannelId(0), &[]), &mut out).unwrap();
        let samples = sound(chunk);
        for _ in 0..200_000 / chunk {
            listener.push(&grown(ONE, &samples), &mut out).unwrap();
            assert!(listener.open[0].tail.len() <= WINDOW as usize);
        }
    }
}

#[test]
fn a_long_piece_is_heard_a_few_windows_at_a_time() {
    let mut ear = Ear::new();
    let mut out = Vec::new();
    let mut listener = Listener::new(&mut ear);
    listener.push(&opened(ONE, ChannelId(0), &sound(160_000)), &mut out).unwrap();
    assert_eq!(of(ONE, &out).windows.len(), 47);
    assert_eq!(ear.calls.iter().sum::<usize>(), 47);
    assert!(ear.calls.iter().all(|count| (1..=MOST_AT_ONCE).contains(count)), "{:?}", ear.calls);
}
