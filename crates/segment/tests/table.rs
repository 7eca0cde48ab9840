//! Scripted probabilities in, exact segments out.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

use segment::{Scripted, SegmentError, Segmenter, SegmenterConfig};
use timeline::{AudioBlock, BLOCK_LEN, ChannelId, Gap, SampleIdx, SegmentEvent, SegmentId, Span};

const BLOCK: u64 = BLOCK_LEN as u64;

/// The audio of sample `n`: loud, and different for every sample within four seconds.
fn sample(n: u64) -> f32 {
    0.1 + (n % 65_536) as f32 / 131_072.0
}

fn audio(span: Span) -> Vec<f32> {
    (span.start.0..span.end.0).map(sample).collect()
}

fn block(n: u64) -> AudioBlock {
    let start = SampleIdx(n * BLOCK);
    let samples = audio(Span::new(start, start + BLOCK));
    AudioBlock { channel: ChannelId(0), start, samples }
}

/// A closed segment in samples, or the number of a dropped one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Got {
    Closed { span: (u64, u64), speech: (u64, u64) },
    Dropped,
}

/// Checks all that must hold of any sequence of events, and returns what it comes to.
fn check(events: &[SegmentEvent], source: impl Fn(Span) -> Vec<f32>) -> Vec<Got> {
    let mut got = Vec::new();
    let mut open: Option<(SegmentId, SampleIdx, Vec<f32>)> = None;
    let (mut last_id, mut last_end) = (None, SampleIdx::ZERO);
    for event in events {
        match event {
            SegmentEvent::Opened { id, start, samples, .. } => {
                assert!(open.is_none(), "{id:?} opened inside of another");
                assert!(last_id < Some(*id), "ids rise");
                assert!(*start >= last_end, "{id:?} overlaps the one before");
                assert!(!samples.is_empty());
                last_id = Some(*id);
                open = Some((*id, *start, samples.clone()));
            }
            SegmentEvent::Grown { id, samples, .. } => {
                let (open_id, _, all) = open.as_mut().expect("grown without opened");
                assert_eq!(id, open_id);
                assert!(!samples.is_empty());
                all.extend(samples);
            }
            SegmentEvent::Closed { id, span, speech_start, speech_end, samples } => {
                let (open_id, start, mut all) = open.take().expect("closed without opened");
                assert_eq!((*id, span.start), (open_id, start));
                all.extend(samples);
                assert!(all == source(*span), "{id:?}: samples are not the source's over {span:?}");
                assert!(
                    span.start <= *speech_start
                        && speech_start < speech_end
                        && *speech_end <= span.end
                );
                last_end = span.end;
                got.push(Got::Closed {
                    span: (span.start.0, span.end.0),
                    speech: (speech_start.0, speech_end.0),
                });
            }
            SegmentEvent::Dropped { id } => {
                assert_eq!(open.take().map(|(open_id, ..)| open_id), Some(*id));
                got.push(Got::Dropped);
            }
        }
    }
    assert!(open.is_none(), "left open");
    got
}

fn run(config: SegmenterConfig, probs: &[f32]) -> (Vec<SegmentEvent>, Vec<Got>) {
    let detector = Scripted::new(probs);
    let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, config).unwrap();
    let mut events = Vec::new();
    for n in 0..probs.len() as u64 {
        segmenter.push(&block(n), &mut events).unwrap();
    }
    segmenter.finish(&mut events);
    let got = check(&events, audio);
    (events, got)
}

/// `"249 4~ 12."`: 24 blocks of speech (9 for 0.9, 5 for 0.5), 4 of murmur (0.4), 12 of silence (0.05).
/// The last character of a word is the kind, what stands before it the count.
fn probs(script: &str) -> Vec<f32> {
    let mut out = Vec::new();
    for word in script.split_whitespace() {
        let (count, kind) = word.split_at(word.len() - 1);
        let count = if count.is_empty() { 1 } else { count.parse().unwrap() };
        let prob = match kind {
            "~" => 0.4,
            "." => 0.05,
            digit => digit.parse::<f32>().unwrap() / 10.0,
        };
        out.extend(std::iter::repeat_n(prob, count));
    }
    out
}

fn closed(span: (u64, u64), speech_blocks: (u64, u64)) -> Got {
    Got::Closed { span, speech: (speech_blocks.0 * BLOCK, speech_blocks.1 * BLOCK) }
}

#[test]
fn scripted_probabilities_give_exact_segments() {
    let (pre, tail) = (4_800, 3_200); // 300 and 200 ms
    let rows: &[(&str, &str, &[Got])] = &[
        ("nothing", "", &[]),
        ("silence", "100.", &[]),
        ("murmur alone never opens", "100~", &[]),
        ("one block of speech is no onset", "10. 19 20.", &[]),
        ("two blocks open, but are too short to keep", "20. 29 20.", &[Got::Dropped]),
        (
            "five blocks are kept",
            "20. 59 20.",
            &[closed((20 * BLOCK - pre, 25 * BLOCK + tail), (20, 25))],
        ),
        (
            "pre-roll ends at the start of the source",
            "3. 109 20.",
            &[closed((0, 13 * BLOCK + tail), (3, 13))],
        ),
        ("speech from the first block", "109 20.", &[closed((0, 10 * BLOCK + tail), (0, 10))]),
        (
            "murmur goes on, and ends no speech",
            "20. 39 10~ 39 20.",
            &[closed((20 * BLOCK - pre, 36 * BLOCK + tail), (20, 36))],
        ),
        (
            "a pause of nine blocks (288 ms) splits nothing",
            "20. 109 9. 109 20.",
            &[closed((20 * BLOCK - pre, 49 * BLOCK + tail), (20, 49))],
        ),
        (
            "a pause of ten blocks (320 ms) splits, and the pre-roll starts where the tail ended",
            "20. 109 10. 109 20.",
            &[
                closed((20 * BLOCK - pre, 30 * BLOCK + tail), (20, 30)),
                closed((30 * BLOCK + tail, 50 * BLOCK + tail), (40, 50)),
            ],
        ),
        (
            "after seven seconds four blocks of silence close",
            "20. 2159 3. 109 4. 59 20.",
            &[
                closed((20 * BLOCK - pre, 252 * BLOCK), (20, 248)),
                closed((252 * BLOCK, 257 * BLOCK + tail), (252, 257)),
            ],
        ),
        (
            "a long pause: a whole pre-roll",
            "20. 109 30. 109 20.",
            &[
                closed((20 * BLOCK - pre, 30 * BLOCK + tail), (20, 30)),
                closed((60 * BLOCK - pre, 70 * BLOCK + tail), (60, 70)),
            ],
        ),
        (
            "the end of the source closes, with what there is",
            "20. 109",
            &[closed((20 * BLOCK - pre, 30 * BLOCK), (20, 30))],
        ),
        (
            "the end of the source inside the hang-over",
            "20. 109 3.",
            &[closed((20 * BLOCK - pre, 33 * BLOCK), (20, 30))],
        ),
        (
            "an onset broken by one block of silence starts anew",
            "20. 9 . 9 . 59 20.",
            &[closed((24 * BLOCK - pre, 29 * BLOCK + tail), (24, 29))],
        ),
        (
            "after a dropped one the next has what was not handed on",
            "20. 29 12. 109 20.",
            &[Got::Dropped, closed((22 * BLOCK + tail, 44 * BLOCK + tail), (34, 44))],
        ),
    ];
    for (name, script, want) in rows {
        let (_, got) = run(SegmenterConfig::default(), &probs(script));
        assert_eq!(got, *want, "{name}");
    }
}

/// 1 s at the longest, cut within its last half: few enough blocks to follow by eye.
fn short() -> SegmenterConfig {
    SegmenterConfig {
        longest_ms: 1_024, // 32 blocks
        cut_window_ms: 512,
        preroll_ms: 0,
        ..SegmenterConfig::default()
    }
}

#[test]
fn the_longest_segment_is_cut_at_the_best_dip() {
    let half = BLOCK / 2;
    // The window: blocks 16 to 31. The dip in block 8 is too early, the one in 20 the best.
    let (events, got) = run(short(), &probs("89 5 119 6 199 20."));
    assert_eq!(
        got,
        [
            Got::Closed { span: (0, 20 * BLOCK + half), speech: (0, 20 * BLOCK + half) },
            Got::Closed {
                span: (20 * BLOCK + half, 40 * BLOCK + 3_200),
                speech: (20 * BLOCK + half, 40 * BLOCK),
            },
        ]
    );
    // Nothing behind the place to cut was handed on before the cut.
    let closed = events.iter().position(|e| matches!(e, SegmentEvent::Closed { .. })).unwrap();
    assert!(matches!(&events[closed + 1], SegmentEvent::Opened { id: SegmentId(1), samples, .. }
        if samples.len() as u64 == 32 * BLOCK - 20 * BLOCK - half));
}

#[test]
fn a_pause_inside_the_window_is_the_best_dip() {
    let (_, got) = run(short(), &probs("209 4. 109 20."));
    let cut = 20 * BLOCK + BLOCK / 2; // the quietest of the four (the test's audio gets louder)
    assert_eq!(
        got,
        [
            Got::Closed { span: (0, cut), speech: (0, 20 * BLOCK) },
            Got::Closed { span: (cut, 34 * BLOCK + 3_200), speech: (24 * BLOCK, 34 * BLOCK) },
        ]
    );
}

#[test]
fn silence_at_the_longest_length_closes_without_a_rest() {
    let (_, got) = run(short(), &probs("289 20."));
    assert_eq!(got, [closed((0, 32 * BLOCK), (0, 28))]);
    let (_, got) = run(short(), &probs("309 20."));
    assert_eq!(got, [closed((0, 32 * BLOCK), (0, 30))]);
}

#[test]
fn endless_speech_is_cut_again_and_again_without_losing_a_sample() {
    let (_, got) = run(SegmenterConfig::default(), &[0.95; 3_000]);
    let spans: Vec<(u64, u64)> = got
        .iter()
        .map(|g| match g {
            Got::Closed { span, .. } => *span,
            Got::Dropped => panic!("dropped"),
        })
        .collect();
    assert!(spans.len() >= 8);
    assert_eq!((spans[0].0, spans[spans.len() - 1].1), (0, 3_000 * BLOCK));
    for pair in spans.windows(2) {
        assert_eq!(pair[0].1, pair[1].0);
        assert!(pair[0].1 - pair[0].0 <= 12 * 16_000);
    }
}

#[test]
fn what_is_below_the_level_gate_is_no_speech() {
    let detector = Scripted::new([0.99; 40]);
    let config = SegmenterConfig::default();
    let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, config).unwrap();
    let mut events = Vec::new();
    for n in 0..40 {
        let quiet = if n < 30 { 10_f32.powf(-61.0 / 20.0) } else { 0.0 };
        let samples = vec![quiet; BLOCK_LEN];
        let block = AudioBlock { channel: ChannelId(0), start: SampleIdx(n * BLOCK), samples };
        segmenter.push(&block, &mut events).unwrap();
    }
    segmenter.finish(&mut events);
    assert_eq!(events, []);
}

#[test]
fn a_gap_closes_what_is_open_and_no_pre_roll_reaches_over_it() {
    let detector = Scripted::new(probs("20. 109 109 20."));
    let config = SegmenterConfig::default();
    let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, config).unwrap();
    let mut events = Vec::new();
    for n in 0..30 {
        segmenter.push(&block(n), &mut events).unwrap();
    }
    // Blocks 30 to 49 are lost; the second time it is only seen from the next block's start.
    let gap = Gap { span: Span::new(SampleIdx(30 * BLOCK), SampleIdx(50 * BLOCK)) };
    segmenter.gap(&gap, &mut events);
    assert_eq!(segmenter.detector().resets(), 1);
    for n in (50..60).chain(70..80) {
        segmenter.push(&block(n), &mut events).unwrap();
    }
    assert_eq!(segmenter.detector().resets(), 2);
    segmenter.finish(&mut events);
    assert_eq!(
        check(&events, audio),
        [
            closed((20 * BLOCK - 4_800, 30 * BLOCK), (20, 30)),
            closed((50 * BLOCK, 60 * BLOCK), (50, 60))
        ]
    );
}

#[test]
fn ids_start_and_step_as_asked() {
    let detector = Scripted::new(probs("109 20. 109 20."));
    let config = SegmenterConfig::default();
    let mut segmenter = Segmenter::new(ChannelId(0), 1, 2, detector, config).unwrap();
    let mut events = Vec::new();
    for n in 0..60 {
        segmenter.push(&block(n), &mut events).unwrap();
    }
    let ids: Vec<u64> = events
        .iter()
        .filter_map(|e| if let SegmentEvent::Opened { id, .. } = e { Some(id.0) } else { None })
        .collect();
    assert_eq!(ids, [1, 3]);
}

#[test]
fn wrong_blocks_are_refused_and_change_nothing() {
    let detector = Scripted::new([0.9; 20]);
    let config = SegmenterConfig::default();
    let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, config).unwrap();
    let mut events = Vec::new();
    segmenter.push(&block(0), &mut events).unwrap();
    let other = AudioBlock { channel: ChannelId(1), ..block(1) };
    let short = AudioBlock { samples: vec![0.0; 100], ..block(1) };
    assert!(matches!(segmenter.push(&other, &mut events), Err(SegmentError::WrongChannel { .. })));
    assert!(matches!(
        segmenter.push(&short, &mut events),
        Err(SegmentError::BlockLength { len: 100 })
    ));
    assert!(matches!(segmenter.push(&block(0), &mut events), Err(SegmentError::OutOfOrder { .. })));
    segmenter.push(&block(1), &mut events).unwrap();
    assert!(matches!(events[..], [SegmentEvent::Opened { .. }]));
}

#[test]
fn a_failing_detector_is_an_error_and_the_next_block_goes_on() {
    let detector = Scripted::new([0.9; 20]).failing_at(10);
    let config = SegmenterConfig::default();
    let mut segmenter = Segmenter::new(ChannelId(0), 0, 1, detector, config).unwrap();
    let mut events = Vec::new();
    for n in 0..20 {
        let pushed = segmenter.push(&block(n), &mut events);
        assert_eq!(pushed.is_err(), n == 10);
    }
    segmenter.finish(&mut events);
    assert_eq!(check(&events, audio), [closed((0, 20 * BLOCK), (0, 20))]);
}

#[test]
fn random_scripts_keep_the_invariants() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for round in 0..200 {
        let config = SegmenterConfig {
            longest_ms: 1_500 + random(4) as u32 * 1_000,
            cut_window_ms: 300 + random(300) as u32,
            preroll_ms: random(400) as u32,
            onset_ms: random(4) as u32 * 32,
            hangover_ms: 200 + random(300) as u32,
            long_ms: random(3_000) as u32,
            long_hangover_ms: 64 + random(100) as u32,
            ..SegmenterConfig::default()
        };
        let count = 100 + random(600);
        let mut script = Vec::new();
        while (script.len() as u64) < count {
            let prob = [0.05, 0.4, 0.9, 0.99][random(4) as usize];
            script.extend(std::iter::repeat_n(prob, 1 + random(25) as usize));
        }
        let mut segmenter =
            Segmenter::new(ChannelId(0), 0, 1, Scripted::new(script), config.clone()).unwrap();
        let (mut events, mut gaps, mut n) = (Vec::new(), Vec::new(), 0);
        for _ in 0..count {
            if random(60) == 0 {
                let lost = 1 + random(20);
                let gap =
                    Gap { span: Span::new(SampleIdx(n * BLOCK), SampleIdx((n + lost) * BLOCK)) };
                gaps.push(gap.span);
                n += lost;
                if random(2) == 0 {
                    segmenter.gap(&gap, &mut events);
                }
            }
            segmenter.push(&block(n), &mut events).unwrap();
            n += 1;
        }
        segmenter.finish(&mut events);
        for got in check(&events, audio) {
            let Got::Closed { span, .. } = got else { continue };
            let span = Span::new(SampleIdx(span.0), SampleIdx(span.1));
            assert!(
                span.len() <= u64::from(config.longest_ms) * 16 + BLOCK,
                "round {round}: {span:?}"
            );
            assert!(gaps.iter().all(|gap| gap.overlap(span) == 0), "round {round}: over a gap");
        }
    }
}
