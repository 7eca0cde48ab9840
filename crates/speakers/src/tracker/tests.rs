use super::*;
use crate::{Window, scripted_model};

/// A voice as a point, or nobody's: a pause.
type Voice = Option<[f32; 4]>;

const A: Voice = Some([5.0, 5.0, 0.0, 0.0]);
const B: Voice = Some([-5.0, -5.0, 0.0, 0.0]);
/// A third voice: far from both, and a little nearer to A.
const C: Voice = Some([2.0, 2.0, 12.0, 12.0]);
/// A and B at once.
const BOTH: Voice = Some([0.0, 0.0, 0.0, 0.0]);
const PAUSE: Voice = None;

const HZ: f64 = 16_000.0;
const ROOM: ChannelId = ChannelId(0);
const LOUD: f32 = 0.01;
const QUIET: f32 = 1e-7;

/// Who speaks in a segment, one after the other, and for how many seconds.
type Script<'a> = &'a [(Voice, f64)];

/// How a script sounds.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Windows lie this far from their voice in each coordinate, at most.
    scatter: f32,
    /// 60 ms at so many seconds into the segment are quiet, besides the pauses.
    dip_s: Option<f64>,
    /// Whether the segment is over: one that is shorter than a window is then heard all the same.
    over: bool,
}

const PLAIN: Room = Room { scatter: 0.0, dip_s: None, over: true };

/// Numbers that look random and are the same each time (Knuth's constants).
struct Random(u64);

impl Random {
    /// 0…1.
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.next()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[(self.next() * all.len() as f64) as usize]
    }
}

/// What the listener would say of a segment: windows of the length and the hop of the scripted model, each with the mix
/// of the voices in it by their share of the time.
fn heard(id: u64, start: SampleIdx, script: Script, room: Room) -> VoiceEvent {
    let model = scripted_model(4);
    let secs: f64 = script.iter().map(|(_, secs)| secs).sum();
    let length = (secs * HZ).round() as u64;
    let (window, hop) = (model.window as u64, model.hop as u64);
    let mut spans = Vec::new();
    while spans.len() as u64 * hop + window <= length {
        let from = spans.len() as u64 * hop;
        spans.push((from, from + window));
    }
    if spans.is_empty() && room.over && length >= crate::LEAST_WINDOW as u64 {
        spans.push((0, length));
    }
    let mut random = Random(id);
    let mut windows = Vec::new();
    for (from, to) in spans {
        let (mut sum, mut spoken) = ([0.0_f64; 4], 0.0);
        let mut at = 0.0;
        for (voice, secs) in script {
            let share = ((at + secs) * HZ).min(to as f64) - (at * HZ).max(from as f64);
            if let (Some(voice), true) = (voice, share > 0.0) {
                spoken += share;
                sum.iter_mut().zip(voice).for_each(|(sum, x)| *sum += share * f64::from(*x));
            }
            at += secs;
        }
        let speech_s = (spoken / HZ) as f32;
        let mut mixed =
            |sum: f64| (sum / spoken) as f32 + room.scatter * random.between(-1.0, 1.0) as f32;
        let values = if speech_s < 0.15 { Vec::new() } else { sum.map(&mut mixed).to_vec() };
        let span = Span::new(start + from, start + to);
        windows.push(Window { span, values, speech_s });
    }
    let levels = (0..length / 160).map(|step| level(0.01 * step as f64, script, room)).collect();
    let span = Span::new(start, start + length);
    VoiceEvent::Heard { id: SegmentId(id), channel: ROOM, span, windows, levels }
}

fn level(at_s: f64, script: Script, room: Room) -> f32 {
    let mut until_s = 0.0;
    let voice = script.iter().find_map(|(voice, secs)| {
        until_s += secs;
        (at_s < until_s).then_some(*voice)
    });
    let dip = room.dip_s.is_some_and(|dip_s| (at_s + 0.005 - dip_s).abs() < 0.03);
    if dip || voice.flatten().is_none() { QUIET } else { LOUD }
}

/// A session in which scripts are said, one segment after the other.
struct Talk {
    tracker: Tracker,
    id: u64,
    at: SampleIdx,
}

impl Talk {
    fn new(mode: Mode) -> Self {
        let tracker = Tracker::new(mode, scripted_model(4)).expect("an enrolment of this model");
        Self { tracker, id: 0, at: SampleIdx(32_000) }
    }

    fn cluster() -> Self {
        Self::new(Mode::Cluster)
    }

    fn enrolled() -> Self {
        Self::new(Mode::Enrolled(enrolment("[5.0,5.0,0.0,0.0]", "scripted")))
    }

    /// Both voices have been heard, A's first.
    fn acquainted() -> Self {
        let mut talk = Self::cluster();
        assert_eq!(voices(&[talk.one(A, 3.0), talk.one(B, 3.0)]), [0, 1]);
        talk
    }

    /// A segment is heard; where its speech lies.
    fn hear(&mut self, script: Script, room: Room) -> Span {
        self.id += 1;
        let event = heard(self.id, self.at, script, room);
        let VoiceEvent::Heard { span, .. } = &event else { panic!("heard") };
        let span = *span;
        self.at = span.end + 8_000;
        self.tracker.hear(event);
        span
    }

    /// The turns of a segment that is over.
    fn turns(&mut self, script: Script, room: Room) -> Vec<Turn> {
        let span = self.hear(script, room);
        let id = SegmentId(self.id);
        assert!(!self.tracker.is_complete(id));
        self.tracker.hear(VoiceEvent::Closed { id, dropped: false });
        assert!(self.tracker.is_complete(id));
        let turns = self.tracker.turns(id, ROOM, span);
        assert!(!self.tracker.is_complete(id), "forgotten");
        turns
    }

    /// The turns of a segment as seconds into it, and their voices.
    fn cut(&mut self, script: Script, room: Room) -> Vec<(f64, u8)> {
        let start = self.at;
        let turns = self.turns(script, room);
        let ends = turns.iter().map(|turn| SampleIdx(turn.span.end.since(start)).as_secs());
        ends.zip(&turns).map(|(end_s, turn)| (end_s, turn.voice().0)).collect()
    }

    /// All of the turns of a segment, in which nothing telling is said.
    fn say(&mut self, script: Script) -> Vec<Attribution> {
        let turns = self.turns(script, PLAIN);
        turns.into_iter().map(|turn| self.tracker.push(turn, 0.0)).collect()
    }

    /// A segment with one turn.
    fn one(&mut self, voice: Voice, secs: f64) -> Attribution {
        self.line(voice, secs, 0.0)
    }

    fn line(&mut self, voice: Voice, secs: f64, role_log_odds: f32) -> Attribution {
        let mut turns = self.turns(&[(voice, secs)], PLAIN);
        assert_eq!(turns.len(), 1, "one voice");
        self.tracker.push(turns.remove(0), role_log_odds)
    }

    /// The guess at a segment that is still open.
    fn guess(&mut self, script: Script) -> Option<Guess> {
        self.hear(script, Room { over: false, ..PLAIN });
        let id = SegmentId(self.id);
        let guess = self.tracker.guess(id, ROOM);
        self.tracker.forget(id);
        guess
    }
}

fn voices(attributions: &[Attribution]) -> Vec<u8> {
    attributions.iter().map(|a| a.voice.0).collect()
}

fn enrolment(values: &str, model: &str) -> Box<Enrolment> {
    let text = format!(
        r#"{{"format":"gids-enrolment","version":1,"model":"{model}","values":{values},"speech_s":9.0}}"#
    );
    Box::new(serde_json::from_str(&text).expect("an enrolment"))
}

fn in_turns(count: usize) -> impl Iterator<Item = Voice> {
    (0..count).map(|i| if i % 2 == 0 { A } else { B })
}

// Which voice, and whose.

#[test]
fn two_voices_alternate_and_the_first_is_the_practitioner() {
    let mut talk = Talk::cluster();
    let all: Vec<Attribution> = in_turns(4).map(|voice| talk.one(voice, 2.0)).collect();
    assert_eq!(voices(&all), [0, 1, 0, 1]);
    assert_eq!(all[0].speaker, Speaker::Practitioner);
    assert_eq!(all[1].speaker, Speaker::Client);
    assert!(all.iter().all(|a| (0.5..=1.0).contains(&a.confidence) && a.roles_changed.is_none()));
    assert_eq!(talk.tracker.voices(), [0, 1, 0, 1].map(VoiceId));
}

#[test]
fn the_same_voice_twice_is_one_voice() {
    let near_a = Some([4.2, 5.6, 0.5, -0.4]);
    let mut talk = Talk::cluster();
    let all = [talk.one(A, 2.0), talk.one(near_a, 3.0), talk.one(B, 2.0)];
    assert_eq!(voices(&all), [0, 0, 1]);
}

#[test]
fn an_early_mistake_mends_and_names_stay() {
    let between = Some([1.2, 0.8, 0.0, 0.0]);
    let near_b = Some([-1.0, -1.2, 0.0, 0.0]);
    let mut talk = Talk::cluster();
    let mut all = vec![talk.one(A, 3.0), talk.one(between, 0.6)];
    all.extend((0..6).map(|i| talk.one(if i % 2 == 0 { near_b } else { A }, 4.0)));
    // Whatever it was called at first, in the end it goes with the voice that it is nearer to.
    assert_eq!(talk.tracker.voices(), [0, 1, 1, 0, 1, 0, 1, 0].map(VoiceId));
    assert_eq!(voices(&all)[2..], [1, 0, 1, 0, 1, 0]);
}

#[test]
fn a_back_channel_gets_the_nearer_voice_and_moves_none() {
    let hm = Some([-1.0, -3.0, 9.0, 9.0]);
    let mut talk = Talk::acquainted();
    for _ in 0..20 {
        assert_eq!(talk.one(hm, 0.3).voice, VoiceId(1));
    }
    let after = talk.guess(&[(B, 2.0)]);
    let last = talk.one(B, 3.0);
    assert_eq!(last.voice, VoiceId(1));
    // As if the twenty had never been, but for the turn-taking: the last of them was B's too.
    let mut plain = Talk::acquainted();
    let (guess, sure) = (plain.guess(&[(B, 2.0)]), plain.one(B, 3.0));
    assert_eq!(after.map(|g| (g.voice, g.confidence)), guess.map(|g| (g.voice, g.confidence)));
    assert!((last.confidence - sure.confidence).abs() < 0.01);
}

#[test]
fn silence_is_no_error_and_follows_the_turns() {
    let mut talk = Talk::cluster();
    let all: Vec<Attribution> = [PAUSE, A, B, PAUSE].map(|voice| talk.one(voice, 2.0)).to_vec();
    assert_eq!(all[3].voice, all[1].voice, "the other's turn");
    assert!(all[3].confidence < 0.6, "{}", all[3].confidence);
}

#[test]
fn too_short_a_sound_gets_a_speaker_too() {
    let mut talk = Talk::acquainted();
    let short = talk.one(A, 0.1); // not even a window
    assert!((0.5..0.6).contains(&short.confidence), "{}", short.confidence);
    assert_eq!(voices(&[talk.one(A, 2.0), talk.one(B, 2.0)]), [0, 1]);
}

#[test]
fn the_words_change_the_roles_but_one_line_does_not() {
    let mut talk = Talk::cluster();
    // The client opens: "it hurts" (-), "what brings you here?" (+), …
    let words = [-9.0, 0.5, -1.5, 1.5, -1.5, 1.5];
    let all: Vec<Attribution> =
        in_turns(6).zip(words).map(|(voice, words)| talk.line(voice, 2.0, words)).collect();
    assert_eq!(all[0].roles_changed, None, "one odd line, however odd");
    assert_eq!(all[0].speaker, Speaker::Practitioner);
    let changes: Vec<&[Role]> = all.iter().filter_map(|a| a.roles_changed.as_deref()).collect();
    let want = [
        Role { voice: VoiceId(0), speaker: Speaker::Client },
        Role { voice: VoiceId(1), speaker: Speaker::Practitioner },
    ];
    assert_eq!(changes, [&want[..]]);
    assert_eq!(talk.tracker.roles(), want);
    assert_eq!(all[5].speaker, Speaker::Practitioner);
    assert!(all[5].confidence > 0.9);
    assert_eq!(all[5].voice, VoiceId(1));
}

#[test]
fn words_that_are_no_number_say_nothing() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut talk = Talk::cluster();
        let all: Vec<Attribution> =
            in_turns(6).map(|voice| talk.line(voice, 2.0, broken)).collect();
        assert_eq!(voices(&all), [0, 1, 0, 1, 0, 1]);
        assert!(all.iter().all(|a| a.roles_changed.is_none() && a.confidence.is_finite()));
    }
}

#[test]
fn a_swap_by_the_user_stands() {
    let mut talk = Talk::cluster();
    talk.line(A, 2.0, 1.0);
    talk.line(B, 2.0, -1.0);
    let roles = talk.tracker.swap();
    assert_eq!(roles[0], Role { voice: VoiceId(0), speaker: Speaker::Client });
    for (i, voice) in in_turns(6).enumerate() {
        let after = talk.line(voice, 2.0, if i % 2 == 0 { 1.5 } else { -1.5 });
        assert_eq!(after.roles_changed, None);
        assert_eq!(after.speaker, if i % 2 == 0 { Speaker::Client } else { Speaker::Practitioner });
    }
    assert_eq!(talk.guess(&[(A, 2.0)]).map(|guess| guess.speaker), Some(Speaker::Client));
    assert_eq!(talk.tracker.swap()[0].speaker, Speaker::Practitioner);
}

#[test]
fn a_long_session_stays_right() {
    // A regular scatter, as wide as the model says (variance 0.75), the same all through a segment.
    let scatter = |i: usize, d: usize| ((i * 7 + d * 13) % 11) as f32 / 11.0 * 2.8 - 1.4;
    let mut talk = Talk::cluster();
    let all: Vec<Attribution> = (0..400)
        .map(|i| {
            let centre = if i % 3 == 0 { A } else { B }.expect("a voice");
            let voice = std::array::from_fn(|d| 0.4 * centre[d] + scatter(i, d));
            talk.one(Some(voice), 2.0)
        })
        .collect();
    // Whichever name A has: its own, and not the other's.
    let name = all[399].voice;
    let right = all.iter().enumerate().filter(|(i, a)| (a.voice == name) == (i % 3 == 0)).count();
    assert!(right >= 392, "{right} of 400");
    // The role of the first to speak stays with A, or has moved along with it.
    let practitioner =
        talk.tracker.roles().into_iter().find(|r| r.speaker == Speaker::Practitioner);
    assert_eq!(practitioner.map(|role| role.voice), Some(name));
}

// Turns within a segment.

#[test]
fn one_change_is_found_wherever_it_lies() {
    for acquainted in [true, false] {
        for (first, second, names) in [(A, B, [0, 1]), (B, A, [1, 0])] {
            // Unknown voices are named as they come.
            let names = if acquainted { names } else { [0, 1] };
            for step in 0..=20 {
                let at_s = 1.0 + 0.05 * f64::from(step);
                let script = [(first, at_s), (second, 3.5 - at_s)];
                for (dip_s, most_s) in [(None, 0.15), (Some(at_s), 0.03)] {
                    let mut talk = if acquainted { Talk::acquainted() } else { Talk::cluster() };
                    let room = Room { scatter: 0.5, dip_s, over: true };
                    let turns = talk.cut(&script, room);
                    let what = format!("{acquainted}, at {at_s}, dip {dip_s:?}: {turns:?}");
                    assert_eq!(turns.iter().map(|t| t.1).collect::<Vec<_>>(), names, "{what}");
                    assert!((turns[0].0 - at_s).abs() <= most_s, "{what}");
                    assert!((turns[1].0 - 3.5).abs() < 1e-3, "{what}");
                }
            }
        }
    }
}

#[test]
fn the_turns_of_a_first_segment_keep_their_names() {
    let mut talk = Talk::cluster();
    assert_eq!(voices(&talk.say(&[(A, 2.0), (B, 2.0)])), [0, 1]);
    assert_eq!(voices(&[talk.one(B, 2.0), talk.one(A, 2.0)]), [1, 0]);
    // One voice was heard alone before: the other is new within the segment.
    let mut talk = Talk::cluster();
    talk.one(A, 3.0);
    assert_eq!(voices(&talk.say(&[(B, 2.0), (A, 2.0)])), [1, 0]);
}

#[test]
fn three_turns_are_found_in_one_segment() {
    let table = [
        (Talk::acquainted(), 2.0, 1.5),
        (Talk::acquainted(), 2.0, 1.0),
        (Talk::acquainted(), 1.0, 4.0),
        (Talk::cluster(), 1.5, 3.0),
        (Talk::cluster(), 2.0, 1.5),
        (Talk::enrolled(), 1.5, 3.0),
        (Talk::enrolled(), 2.0, 1.5),
    ];
    for (mut talk, outer_s, inner_s) in table {
        let script = [(A, outer_s), (B, inner_s), (A, outer_s)];
        let turns = talk.cut(&script, Room { scatter: 0.5, ..PLAIN });
        assert_eq!(turns.iter().map(|turn| turn.1).collect::<Vec<_>>(), [0, 1, 0], "{turns:?}");
        assert!((turns[0].0 - outer_s).abs() <= 0.15, "{turns:?}");
        assert!((turns[1].0 - outer_s - inner_s).abs() <= 0.15, "{turns:?}");
    }
}

/// No window holds a back-channel of half a second alone, so that it cannot be told from a doubtful place within the
/// other's turn: that turn stays whole. Of a second there is a window or two with nobody else in it.
#[test]
fn a_sound_that_is_shorter_than_a_window_does_not_break_a_turn() {
    for (secs, count) in [(0.2, 1), (0.5, 1), (1.0, 3), (1.2, 3)] {
        for step in 0..8 {
            let script = [(A, 2.0 + 0.05 * f64::from(step)), (B, secs), (A, 2.0)];
            let turns = Talk::acquainted().cut(&script, PLAIN);
            assert_eq!(turns.len(), count, "{script:?}: {turns:?}");
            assert_eq!(turns[0].1, 0);
        }
    }
}

#[test]
fn one_voice_is_never_split_however_it_scatters() {
    // What is said differs from one fifth of a second to the next, and four of these make a window: so the windows
    // scatter as widely as the model says, and those that overlap scatter together.
    let model = scripted_model(4);
    let width = (3.0 * 4.0 * model.noise_var(0.8)).sqrt();
    for seed in 0..200 {
        let mut random = Random(seed);
        let mut script: Vec<(Voice, f64)> = Vec::new();
        for _ in 0..60 {
            let off = |x: f32| x + width * random.between(-1.0, 1.0) as f32;
            script.push((A.map(|a| a.map(off)), 0.2));
        }
        for mut talk in [Talk::acquainted(), Talk::cluster(), Talk::enrolled()] {
            let turns = talk.cut(&script, PLAIN);
            assert_eq!(turns.len(), 1, "seed {seed}: {turns:?}");
            assert_eq!(turns[0].1, 0);
        }
    }
}

#[test]
fn a_change_lies_in_the_quiet_place_beside_it_but_no_further() {
    // Who stops speaking lets the last word ring, and who starts breathes in first.
    for (off_s, want_s) in [(-0.08, 1.92), (-0.05, 1.95), (0.05, 2.05), (0.08, 2.08)] {
        let room = Room { dip_s: Some(2.0 + off_s), ..PLAIN };
        for mut talk in [Talk::acquainted(), Talk::cluster()] {
            let turns = talk.cut(&[(A, 2.0), (B, 2.0)], room);
            assert_eq!(turns.len(), 2);
            assert!((turns[0].0 - want_s).abs() < 0.03, "{off_s}: {turns:?}");
        }
    }
    // A breath within a turn is none of its business.
    for off_s in [-0.6, 0.6] {
        let room = Room { dip_s: Some(2.0 + off_s), ..PLAIN };
        let turns = Talk::acquainted().cut(&[(A, 2.0), (B, 2.0)], room);
        assert_eq!(turns.len(), 2);
        assert!((turns[0].0 - 2.0).abs() <= 0.15, "{off_s}: {turns:?}");
    }
}

#[test]
fn speech_at_once_gives_one_change() {
    for mut talk in [Talk::acquainted(), Talk::cluster()] {
        let turns = talk.cut(&[(A, 2.0), (BOTH, 0.6), (B, 2.0)], Room { scatter: 0.3, ..PLAIN });
        assert_eq!(turns.iter().map(|turn| turn.1).collect::<Vec<_>>(), [0, 1], "{turns:?}");
        assert!((1.85..=2.75).contains(&turns[0].0), "{turns:?}");
    }
}

#[test]
fn nothing_heard_is_one_turn() {
    let mut talk = Talk::acquainted();
    let speech = Span::from_secs(50.0, 52.0);
    // Nothing is known of the segment: the thread that hears is behind, or there was an error.
    let mut turns = talk.tracker.turns(SegmentId(999), ROOM, speech);
    assert_eq!(turns.len(), 1);
    assert_eq!(turns[0].span, speech);
    let attribution = talk.tracker.push(turns.remove(0), 0.0);
    assert!((0.5..0.6).contains(&attribution.confidence));
    // Nothing but a pause.
    assert_eq!(talk.cut(&[(PAUSE, 3.0)], PLAIN).len(), 1);
    // No speech at all.
    let none = Span::from_secs(60.0, 60.0);
    assert_eq!(talk.tracker.turns(SegmentId(999), ROOM, none)[0].span, none);
}

#[test]
fn windows_without_speech_are_passed_over() {
    for mut talk in [Talk::acquainted(), Talk::cluster()] {
        let turns =
            talk.cut(&[(PAUSE, 1.0), (A, 2.0), (PAUSE, 1.4), (B, 2.0), (PAUSE, 1.0)], PLAIN);
        assert_eq!(turns.iter().map(|turn| turn.1).collect::<Vec<_>>(), [0, 1], "{turns:?}");
        assert!((2.9..=4.5).contains(&turns[0].0), "in the pause: {turns:?}");
        // Behind a pause of one speaker comes the same.
        let same = talk.cut(&[(A, 2.0), (PAUSE, 1.4), (A, 2.0)], PLAIN);
        assert_eq!(same.len(), 1, "{same:?}");
    }
}

#[test]
fn what_changes_outside_the_speech_is_no_turn() {
    // The segment holds more than its speech: pre-roll before it and hang-over behind it, where the other may be heard.
    let script = [(B, 1.0), (A, 3.0), (B, 1.0)];
    let mut talk = Talk::acquainted();
    let span = talk.hear(&script, PLAIN);
    let speech = Span::new(span.start + 20_000, span.end - 20_000);
    let turns = talk.tracker.turns(SegmentId(talk.id), ROOM, speech);
    assert_eq!(turns.len(), 1, "{turns:?}");
    assert_eq!((turns[0].span, turns[0].voice()), (speech, VoiceId(0)));
}

#[test]
fn turns_touch_and_cover_the_speech_whatever_is_said() {
    let mut random = Random(7);
    let mut talk = Talk::cluster();
    for round in 0..600 {
        if round % 20 == 0 {
            talk = if round % 40 == 0 { Talk::cluster() } else { Talk::enrolled() };
        }
        let lines = 1 + (random.next() * 6.0) as usize;
        let script: Vec<(Voice, f64)> = (0..lines)
            .map(|_| (random.of(&[A, A, B, B, C, BOTH, PAUSE]), random.between(0.05, 2.5)))
            .collect();
        let dip_s = (random.next() < 0.5).then(|| random.between(0.0, 5.0));
        let room =
            Room { scatter: random.between(0.0, 3.0) as f32, dip_s, over: random.next() < 0.9 };
        let segment = talk.hear(&script, room);
        let id = SegmentId(talk.id);
        if let Some(guess) = talk.tracker.guess(id, ROOM) {
            assert!((0.5..=1.0).contains(&guess.confidence), "{guess:?}");
            assert!(segment.start <= guess.since && guess.since < segment.end, "{guess:?}");
        }
        let off =
            |random: &mut Random, most_s: f64| (random.between(-0.1, most_s).max(0.0) * HZ) as u64;
        let start = segment.start + off(&mut random, 0.8);
        let speech = Span::new(start, segment.end - off(&mut random, 0.8));
        let turns = talk.tracker.turns(id, ROOM, speech);
        let what = format!("round {round}: {script:?} {room:?} {speech:?} {turns:?}");
        // It may have begun softly before it was taken for speech.
        let early = speech.start.since(turns[0].span.start);
        assert!(turns[0].span.start <= speech.start && early <= (0.51 * HZ) as u64, "{what}");
        assert!(turns[0].span.start >= segment.start, "{what}");
        assert_eq!(turns[turns.len() - 1].span.end, speech.end, "{what}");
        for pair in turns.windows(2) {
            assert_eq!(pair[0].span.end, pair[1].span.start, "{what}");
            assert_ne!(pair[0].voice(), pair[1].voice(), "{what}");
        }
        assert!(turns.iter().all(|turn| speech.is_empty() || !turn.span.is_empty()), "{what}");
        for turn in turns {
            let attribution = talk.tracker.push(turn, random.between(-3.0, 3.0) as f32);
            assert!((0.5..=1.0).contains(&attribution.confidence), "{what}");
            assert!(attribution.voice.0 <= 2);
        }
    }
}

#[test]
fn a_turn_around_a_back_channel_is_one_turn() {
    let mut talk = Talk::acquainted();
    let turns = talk.turns(&[(A, 2.0), (B, 1.0), (A, 3.0)], PLAIN);
    let [first, _, last] = &turns[..] else { panic!("{turns:?}") };
    let whole = talk.tracker.join(first, last);
    assert_eq!(whole.span, Span::new(first.span.start, last.span.end));
    assert_eq!(whole.voice(), first.voice());
    let alone = talk.tracker.push(first.clone(), 0.0);
    let attribution = talk.tracker.push(whole, 0.0);
    assert_eq!((attribution.voice, attribution.speaker), (VoiceId(0), Speaker::Practitioner));
    assert!(attribution.confidence >= alone.confidence - 0.05);
    // With a turn in which nothing was heard, it is the other one.
    let silent = talk.turns(&[(PAUSE, 1.0)], PLAIN).remove(0);
    let joined = talk.tracker.join(&silent, last);
    assert_eq!(talk.tracker.push(joined, 0.0).voice, VoiceId(0));
}

// A guess while the turn goes on.

#[test]
fn a_guess_waits_for_a_second_of_the_turn() {
    let mut talk = Talk::acquainted();
    assert_eq!(talk.tracker.guess(SegmentId(999), ROOM), None, "an unknown segment");
    for (voice, name, speaker) in [(A, 0, Speaker::Practitioner), (B, 1, Speaker::Client)] {
        assert_eq!(talk.guess(&[(voice, 0.5)]), None);
        assert_eq!(talk.guess(&[(PAUSE, 3.0)]), None, "nobody speaks");
        let start = talk.at;
        let guess = talk.guess(&[(voice, 1.0)]).unwrap();
        assert_eq!((guess.voice, guess.speaker), (VoiceId(name), speaker));
        assert_eq!(guess.since, start);
        // A guess takes nothing in: the next one is the same.
        let again = talk.guess(&[(voice, 1.0)]).unwrap();
        assert_eq!((again.voice, again.confidence), (guess.voice, guess.confidence));
    }
    assert_eq!(talk.tracker.voices().len(), 2);
}

#[test]
fn a_guess_follows_a_change_within_a_second() {
    for step in 0..8 {
        let at_s = 2.0 + 0.05 * f64::from(step);
        for (first, second, name) in [(A, B, 1), (B, A, 0)] {
            let mut talk = Talk::acquainted();
            let start_s = talk.at.as_secs();
            let guess = talk.guess(&[(first, at_s), (second, 1.0)]).unwrap();
            assert_eq!(guess.voice, VoiceId(name), "{at_s}");
            assert!((guess.since.as_secs() - start_s - at_s).abs() <= 0.15, "{at_s}: {guess:?}");
        }
    }
}

#[test]
fn a_guess_in_the_first_segment_knows_that_another_speaks_now() {
    let mut talk = Talk::cluster();
    let guess = talk.guess(&[(A, 2.0)]).unwrap();
    assert_eq!((guess.voice, guess.speaker), (VoiceId(0), Speaker::Practitioner));
    let guess = talk.guess(&[(A, 2.0), (B, 2.0)]).unwrap();
    assert_eq!((guess.voice, guess.speaker), (VoiceId(1), Speaker::Client));
    // As soon as the first voice is known, too.
    talk.one(A, 3.0);
    let guess = talk.guess(&[(A, 2.0), (B, 2.0)]).unwrap();
    assert_eq!((guess.voice, guess.speaker), (VoiceId(1), Speaker::Client));
    assert_eq!(talk.guess(&[(B, 2.0)]).map(|guess| guess.voice), Some(VoiceId(1)));
}

#[test]
fn a_guess_between_the_voices_is_less_sure() {
    let mut talk = Talk::acquainted();
    // The user says who is who, so that only the voice is in doubt.
    talk.tracker.swap();
    let mut sure = |x: f32| talk.guess(&[(Some([x, x, 0.0, 0.0]), 2.0)]).unwrap().confidence;
    let (near, less, between) = (sure(5.0), sure(0.6), sure(0.05));
    assert!(near > less && less > between, "{near} {less} {between}");
    assert!(near > 0.95 && between < 0.8, "{near} {between}");
}

// With the practitioner's voice known.

#[test]
fn an_enrolment_tells_who_speaks_from_the_first_turn_on() {
    use Speaker::{Client, Practitioner};
    let mode = || Mode::Enrolled(enrolment("[5.2,4.9,0.1,0.0]", "scripted"));
    let mut talk = Talk::new(mode());
    assert_eq!(talk.guess(&[(B, 1.0)]).map(|guess| guess.speaker), Some(Client));
    assert_eq!(talk.guess(&[(A, 1.0)]).map(|guess| guess.speaker), Some(Practitioner));
    let all = [B, A, B, A].map(|voice| talk.one(voice, 2.0));
    assert_eq!(all.each_ref().map(|a| a.speaker), [Client, Practitioner, Client, Practitioner]);
    assert_eq!(voices(&all), [1, 0, 1, 0]);
    // And so within the first segment.
    let all = Talk::new(mode()).say(&[(B, 2.0), (A, 2.0)]);
    assert_eq!(all.iter().map(|a| a.speaker).collect::<Vec<_>>(), [Client, Practitioner]);
}

#[test]
fn words_do_not_outweigh_an_enrolment() {
    let mut talk = Talk::enrolled();
    for voice in in_turns(6) {
        let wrong = if voice == A { -1.5 } else { 1.5 };
        let attribution = talk.line(voice, 2.0, wrong);
        let right = if voice == A { Speaker::Practitioner } else { Speaker::Client };
        assert_eq!((attribution.speaker, attribution.roles_changed), (right, None));
    }
}

#[test]
fn an_enrolment_from_another_room_still_names_the_nearer_voice() {
    // Room and microphone move both voices by the same.
    let shift = |v: Voice| v.map(|v| [v[0] - 3.0, v[1] - 3.0, v[2], v[3]]);
    let mut talk = Talk::enrolled();
    let all: Vec<Attribution> =
        (0..8).map(|i| talk.one(shift(if i % 2 == 0 { B } else { A }), 2.0)).collect();
    assert_eq!(voices(&all)[2..], [1, 0, 1, 0, 1, 0]);
}

#[test]
fn an_enrolment_of_another_model_is_an_error() {
    for (values, model) in [("[5.0,5.0,0.0,0.0]", "other"), ("[5.0]", "scripted")] {
        let made = Tracker::new(Mode::Enrolled(enrolment(values, model)), scripted_model(4));
        let error = made.err().expect("refused");
        assert!(matches!(error, SpeakersError::OtherModel { .. }));
        assert!(error.to_string().contains("enrol again"));
    }
}

#[test]
fn a_third_voice_is_not_the_practitioners_and_moves_none() {
    let mut talk = Talk::enrolled();
    talk.one(A, 3.0);
    (0..4).for_each(|_| drop(talk.one(B, 9.0)));
    let before = (talk.guess(&[(A, 2.0)]), talk.guess(&[(B, 2.0)]));
    let guess = talk.guess(&[(C, 2.0)]).unwrap();
    assert_eq!((guess.voice, guess.speaker), (VoiceId::STRANGER, Speaker::Client));
    assert_eq!(guess.confidence, 0.5);
    for _ in 0..5 {
        let stranger = talk.one(C, 3.0);
        assert_eq!((stranger.voice, stranger.speaker), (VoiceId::STRANGER, Speaker::Client));
        assert_eq!((stranger.confidence, stranger.roles_changed), (0.5, None));
    }
    assert_eq!(talk.tracker.voices(), [0, 1, 1, 1, 1, 2, 2, 2, 2, 2].map(VoiceId));
    let after = (talk.guess(&[(A, 2.0)]), talk.guess(&[(B, 2.0)]));
    for (before, after) in [(before.0, after.0), (before.1, after.1)] {
        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!(after.voice, before.voice);
        assert!(after.confidence > 0.9, "{after:?}");
    }
    let roles = talk.tracker.roles();
    assert_eq!(roles.len(), 3);
    assert_eq!(roles[2], Role { voice: VoiceId::STRANGER, speaker: Speaker::Client });
}

/// A trainer opens the roleplay; from the moment that the client has said more than the trainer, the client is the client.
#[test]
fn of_two_others_the_one_who_says_more_is_the_client() {
    let mut talk = Talk::enrolled();
    talk.one(C, 3.0);
    talk.one(A, 3.0);
    assert_eq!(talk.one(B, 2.0).voice, VoiceId::STRANGER);
    assert_eq!(voices(&[talk.one(B, 4.0), talk.one(A, 2.0), talk.one(B, 2.0)]), [1, 0, 1]);
    assert_eq!(talk.one(C, 2.0).voice, VoiceId::STRANGER);
    assert_eq!(talk.tracker.voices(), [2, 0, 1, 1, 0, 1, 2].map(VoiceId));
}

#[test]
fn nobody_is_a_stranger_without_an_enrolment() {
    let mut talk = Talk::acquainted();
    assert!(talk.one(C, 3.0).voice != VoiceId::STRANGER);
}

// By channel.

#[test]
fn by_channel_no_voice_is_needed() {
    let mode = Mode::ByChannel { practitioner: ChannelId(1) };
    let mut tracker = Tracker::new(mode, scripted_model(4)).unwrap();
    assert!(!tracker.listens());
    assert!(tracker.is_complete(SegmentId(1)));
    let speech = Span::from_secs(1.0, 9.0);
    for (channel, voice, speaker) in [(0, 1, Speaker::Client), (1, 0, Speaker::Practitioner)] {
        let channel = ChannelId(channel);
        let guess = tracker.guess(SegmentId(1), channel).unwrap();
        assert_eq!((guess.voice, guess.speaker), (VoiceId(voice), speaker));
        assert!(guess.confidence > 0.99);
        let mut turns = tracker.turns(SegmentId(1), channel, speech);
        assert_eq!(turns.len(), 1);
        assert_eq!(turns[0].span, speech);
        let attribution = tracker.push(turns.remove(0), -1.0);
        assert_eq!((attribution.voice, attribution.speaker), (VoiceId(voice), speaker));
        assert!(attribution.confidence > 0.99);
    }
    assert_eq!(tracker.swap().len(), 2);
    assert_eq!(tracker.guess(SegmentId(1), ChannelId(1)).unwrap().speaker, Speaker::Client);
}

#[test]
fn a_dropped_segment_is_forgotten() {
    let mut talk = Talk::acquainted();
    talk.hear(&[(A, 2.0)], PLAIN);
    let id = SegmentId(talk.id);
    assert!(talk.tracker.guess(id, ROOM).is_some());
    talk.tracker.hear(VoiceEvent::Closed { id, dropped: true });
    assert!(talk.tracker.guess(id, ROOM).is_none());
    assert!(!talk.tracker.is_complete(id));
    assert!(talk.tracker.open.is_empty());
    assert_eq!(talk.tracker.voices().len(), 2);
}

#[test]
fn two_segments_at_once_do_not_mix() {
    let mut talk = Talk::acquainted();
    talk.hear(&[(A, 2.0)], PLAIN);
    talk.hear(&[(B, 2.0)], PLAIN);
    let voice = |id: u64| talk.tracker.guess(SegmentId(id), ROOM).map(|guess| guess.voice);
    assert_eq!(voice(talk.id - 1), Some(VoiceId(0)));
    assert_eq!(voice(talk.id), Some(VoiceId(1)));
}
