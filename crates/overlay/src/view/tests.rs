use timeline::{Cue, EndSummary, SampleIdx, SessionHeader, Technique, UtteranceEvent};

use super::*;

/// A cue whose words ended at `at_s`.
pub(crate) fn cue_event(after: &str, at_s: f64, suggestion: &str) -> SessionEvent {
    SessionEvent {
        t_s: at_s,
        kind: EventKind::Cue(CueEvent {
            at_s,
            cue: Cue {
                at: SampleIdx::from_secs(at_s),
                after: after.to_owned(),
                moment: Moment::UnsolicitedAdvice,
                strength: Strength::Firm,
                technique: Technique::AskPermission,
                mark: "advies".to_owned(),
                headline: "Vraag toestemming".to_owned(),
                suggestion: suggestion.to_owned(),
                lang: Lang::Nl,
                source: after.to_owned(),
                evidence: None,
            },
            provisional: false,
            taken_up: None,
            latency_ms: None,
        }),
    }
}

pub(crate) fn event(t_s: f64, kind: EventKind) -> SessionEvent {
    SessionEvent { t_s, kind }
}

pub(crate) fn said(t_s: f64, voice: u8, text: &str) -> SessionEvent {
    event(
        t_s,
        EventKind::Utterance(UtteranceEvent {
            id: "u1".to_owned(),
            speaker: Speaker::Practitioner,
            confidence: 0.9,
            voice: VoiceId(voice),
            start_s: t_s - 1.0,
            end_s: t_s,
            text: text.to_owned(),
            words: Vec::new(),
        }),
    )
}

/// At `t_s` voice `voice` is taken to be speaking in `segment`.
pub(crate) fn speaking(t_s: f64, segment: u64, voice: u8, confidence: f32) -> SessionEvent {
    let speaker = if voice == 0 { Speaker::Practitioner } else { Speaker::Client };
    let voice = VoiceId(voice);
    event(t_s, EventKind::Speaking { segment, start_s: t_s - 1.0, voice, speaker, confidence })
}

/// Words of `segment`; none take back what was shown of it.
pub(crate) fn partial(t_s: f64, segment: u64, text: &str) -> SessionEvent {
    let stable_words = text.split_whitespace().count();
    let text = text.to_owned();
    event(t_s, EventKind::Partial { segment, start_s: t_s - 1.0, text, stable_words })
}

/// The voice, the speaker and whether that is sure.
fn speaks(view: &SessionView) -> Option<(u8, Speaker, bool)> {
    view.speaking().map(|now| (now.voice.0, now.speaker, now.sure))
}

fn view() -> SessionView {
    SessionView::new(Lang::Nl, false)
}

#[test]
fn a_cue_stands_six_seconds_and_fades_at_the_end() {
    let mut view = view();
    view.tick(20.0);
    view.reduce(&cue_event("u1", 19.5, "Mag ik iets vertellen?"));
    assert_eq!(view.cue().map(|cue| cue.headline.as_str()), Some("Vraag toestemming"));
    for (now_s, opacity) in [(20.0, 1.0), (25.3, 1.0), (25.7, 0.5)] {
        view.tick(now_s);
        assert!((view.cue_opacity() - opacity).abs() < 0.01, "at {now_s}");
    }
    view.tick(26.0);
    assert_eq!(view.cue(), None);
    assert_eq!(view.cue_opacity(), 0.0);
}

#[test]
fn a_cue_older_than_ten_seconds_is_never_shown() {
    let mut view = view();
    view.tick(30.0);
    view.reduce(&cue_event("u1", 19.9, "Te laat."));
    assert_eq!(view.cue(), None);
    view.reduce(&cue_event("u2", 20.1, "Nog net."));
    assert!(view.cue().is_some());
}

#[test]
fn a_newer_cue_takes_the_place_and_its_own_six_seconds() {
    let mut view = view();
    view.reduce(&cue_event("u1", 10.0, "Een."));
    view.reduce(&cue_event("u2", 14.0, "Twee."));
    view.tick(17.0);
    assert_eq!(view.cue().map(|cue| cue.after.as_str()), Some("u2"));
    view.tick(20.0);
    assert_eq!(view.cue(), None);
}

#[test]
fn a_clock_that_is_set_back_leaves_a_cue_its_time() {
    let mut view = view();
    view.tick(100.0);
    view.reduce(&cue_event("u1", 99.0, "Een."));
    view.tick(102.0);
    view.tick(42.0); // a pause of a minute was taken out
    view.tick(45.9);
    assert!(view.cue().is_some());
    view.tick(46.0);
    assert_eq!(view.cue(), None);
    view.reduce(&cue_event("u2", 46.0, "Twee."));
    assert!(view.cue().is_some());
}

#[test]
fn pause_is_said_and_undone() {
    let mut view = view();
    view.tick(5.0);
    view.apply(&Action::TogglePause);
    assert_eq!(view.status(), Status::Paused);
    view.reduce(&event(5.1, EventKind::Paused { paused: true })); // the program confirms
    assert_eq!(view.status(), Status::Paused);
    view.tick(60.0);
    assert_eq!(view.clock_s(), 5.0); // stands still
    view.reduce(&event(5.2, EventKind::Paused { paused: false }));
    view.tick(5.2);
    assert_eq!((view.status(), view.clock_s()), (Status::Listening, 5.2));
}

#[test]
fn the_level_is_silent_while_nothing_is_heard() {
    let mut view = view();
    view.set_level(-20.0);
    assert_eq!(view.level_dbfs(), -20.0);
    view.apply(&Action::TogglePause);
    assert_eq!(view.level_dbfs(), SILENT_DBFS);
    view.apply(&Action::TogglePause);
    view.set_level(f32::NAN);
    assert_eq!(view.level_dbfs(), SILENT_DBFS);
}

#[test]
fn lag_is_said_without_flicker() {
    let mut view = view();
    for (lag_ms, said) in
        [(1_500, false), (1_501, true), (1_200, true), (1_000, false), (1_400, false)]
    {
        view.reduce(&event(1.0, EventKind::Status { lag_ms, rung: Rung::Full }));
        let expected = if said { Status::Lagging { lag_ms } } else { Status::Listening };
        assert_eq!(view.status(), expected);
    }
}

#[test]
fn lost_audio_adds_up_and_is_said_for_a_while() {
    let mut view = view();
    view.reduce(&event(10.0, EventKind::Gap { start_s: 9.0, end_s: 9.5 }));
    view.reduce(&event(12.0, EventKind::Gap { start_s: 11.0, end_s: 11.75 }));
    assert_eq!(view.status(), Status::LostAudio { seconds: 1.25 });
    view.tick(19.9);
    assert_eq!(view.status(), Status::LostAudio { seconds: 1.25 });
    view.tick(20.0);
    assert_eq!(view.status(), Status::Listening);
}

#[test]
fn a_fault_stays_until_it_is_taken_away() {
    let mut view = view();
    let message = "De microfoon is weg. Sluit hem weer aan.".to_owned();
    view.reduce(&event(1.0, EventKind::Fault { stage: "capture".to_owned(), message }));
    view.reduce(&cue_event("u1", 2.0, "Een."));
    view.tick(500.0);
    assert_eq!(view.status(), Status::Fault);
    view.apply(&Action::DismissCue);
    assert_eq!((view.status(), view.fault()), (Status::Listening, None));
}

#[test]
fn dismissing_takes_the_cue_before_the_fault() {
    let mut view = view();
    let fault = EventKind::Fault { stage: "capture".to_owned(), message: "Weg.".to_owned() };
    view.reduce(&event(1.0, fault));
    view.reduce(&cue_event("u1", 2.0, "Een."));
    view.apply(&Action::DismissCue);
    assert_eq!(view.cue(), None);
    assert_eq!(view.fault(), Some("Weg."));
}

#[test]
fn the_last_words_follow_the_roles() {
    let mut view = view();
    view.reduce(&event(
        1.0,
        EventKind::Partial { segment: 0, start_s: 0.0, text: "Ik".to_owned(), stable_words: 1 },
    ));
    assert_eq!(view.heard(), &Heard::Partial("Ik".to_owned()));
    for (stable_words, shown) in [(0, "…"), (1, "Ik …"), (2, "Ik wil"), (9, "Ik wil")] {
        let text = "Ik wil".to_owned();
        let kind = EventKind::Partial { segment: 0, start_s: 0.0, text, stable_words };
        view.reduce(&event(1.0, kind));
        assert_eq!(view.heard(), &Heard::Partial(shown.to_owned()), "what may change is not shown");
    }
    view.reduce(&said(2.0, 1, "Ik wil wel."));
    let roles = vec![Role { voice: VoiceId(1), speaker: Speaker::Client }];
    view.reduce(&event(2.1, EventKind::Roles { roles }));
    assert!(matches!(view.heard(), Heard::Said { speaker: Speaker::Client, .. }));
    // A cough that was taken for speech.
    let kind = |text: &str| EventKind::Partial {
        segment: 1,
        start_s: 2.5,
        text: text.to_owned(),
        stable_words: 1,
    };
    view.reduce(&event(3.0, kind("Ja")));
    view.reduce(&event(3.1, kind("")));
    assert!(matches!(view.heard(), Heard::Said { speaker: Speaker::Client, .. }));
    view.apply(&Action::ToggleWords);
    assert_eq!(view.heard(), &Heard::Nothing);
}

#[test]
fn nothing_follows_the_end() {
    let mut view = view();
    view.reduce(&event(30.0, EventKind::End(EndSummary::default())));
    view.apply(&Action::TogglePause);
    view.reduce(&event(30.0, EventKind::Paused { paused: true }));
    view.tick(99.0);
    assert!(view.is_ended());
    assert_eq!((view.status(), view.clock_s()), (Status::Ended, 30.0));
}

#[test]
fn it_is_drawn_no_more_often_than_something_moves() {
    let mut view = view();
    assert!((view.repaint_after_s() - 1.0 / LEVEL_HZ).abs() < 1e-9);
    view.reduce(&cue_event("u1", 10.0, "Een."));
    view.tick(15.5);
    assert!((view.repaint_after_s() - 1.0 / FADE_HZ).abs() < 1e-9);
    view.tick(16.0);
    view.apply(&Action::TogglePause);
    assert_eq!(view.repaint_after_s(), 1.0);
    view.apply(&Action::ToggleHide);
    assert_eq!(view.repaint_after_s(), 1.0);
}

#[test]
fn a_header_and_codes_change_nothing() {
    let before = view();
    let mut after = view();
    after.reduce(&event(
        0.0,
        EventKind::Session(SessionHeader {
            id: "s".to_owned(),
            version: "0".to_owned(),
            format: 1,
            started_at: String::new(),
            lang: Lang::En,
            source: String::new(),
            models: Vec::new(),
            config: Vec::new(),
            consent: None,
        }),
    ));
    assert_eq!(before, after);
}

#[test]
fn a_provisional_cue_is_borne_out_or_fades() {
    let mut view = SessionView::new(Lang::Nl, false);
    let mut soft = cue_event("u1", 1.0, "Wat denk je zelf?");
    if let EventKind::Cue(cue) = &mut soft.kind {
        (cue.cue.strength, cue.provisional) = (Strength::Soft, true);
    }
    view.reduce(&soft);
    let confirmed = |after: &str| {
        let (moment, strength) = (Moment::Warning, Strength::Firm);
        let (after, mark) = (after.to_owned(), "waarschuwing".to_owned());
        event(1.5, EventKind::CueConfirmed { after, moment, strength, mark })
    };
    view.reduce(&confirmed("u7"));
    assert_eq!(view.cue().unwrap().strength, Strength::Soft, "that was another cue");
    view.reduce(&confirmed("u1"));
    let cue = view.cue().unwrap();
    assert_eq!((cue.strength, cue.mark.as_str()), (Strength::Firm, "waarschuwing"));
    assert_eq!(view.cue_opacity(), 1.0);
    view.reduce(&event(2.0, EventKind::CueWithdrawn { after: "u7".to_owned() }));
    assert_eq!(view.cue_opacity(), 1.0);
    view.reduce(&event(2.0, EventKind::CueWithdrawn { after: "u1".to_owned() }));
    view.tick(2.3);
    assert!((view.cue_opacity() - 0.5).abs() < 0.01, "it fades: {}", view.cue_opacity());
    view.tick(2.7);
    assert!(view.cue().is_none());
}

#[test]
fn a_slow_machine_is_said() {
    let mut view = SessionView::new(Lang::Nl, false);
    view.reduce(&event(1.0, EventKind::Status { lag_ms: 400, rung: Rung::FinalsOnly }));
    assert_eq!(view.status(), Status::Reduced { rung: Rung::FinalsOnly });
    view.reduce(&event(2.0, EventKind::Status { lag_ms: 2_000, rung: Rung::FinalsOnly }));
    assert_eq!(view.status(), Status::Lagging { lag_ms: 2_000 });
    view.reduce(&event(3.0, EventKind::Status { lag_ms: 0, rung: Rung::Full }));
    assert_eq!(view.status(), Status::Listening);
}

#[test]
fn who_speaks_is_shown_until_the_words_are_final() {
    let mut view = view();
    assert_eq!(speaks(&view), None);
    view.reduce(&speaking(3.0, 0, 0, 0.6));
    assert_eq!(speaks(&view), Some((0, Speaker::Practitioner, false)));
    view.reduce(&speaking(3.4, 0, 1, 0.7));
    assert_eq!(speaks(&view), Some((1, Speaker::Client, true)), "the last word on it counts");
    view.reduce(&partial(4.0, 0, "Ik wil"));
    assert!(view.speaking().is_some());
    // It was the other one after all, and the voice was last heard in the silence behind the words.
    view.reduce(&said(3.1, 0, "Ik wil wel."));
    assert_eq!(speaks(&view), None);
}

#[test]
fn late_words_of_the_turn_before_do_not_end_this_one() {
    let mut view = view();
    view.reduce(&speaking(3.0, 0, 0, 0.9));
    view.reduce(&speaking(6.0, 1, 1, 0.9));
    view.reduce(&said(4.0, 0, "Hoe gaat het?"));
    assert_eq!(speaks(&view), Some((1, Speaker::Client, true)));
    view.reduce(&said(4.2, 1, "Goed."));
    assert_eq!(speaks(&view), Some((1, Speaker::Client, true)));
    view.reduce(&said(8.0, 1, "Ik ben moe."));
    assert_eq!(speaks(&view), None);
}

#[test]
fn of_two_channels_the_one_who_goes_on_is_shown_again() {
    let mut view = view();
    view.reduce(&speaking(3.0, 0, 0, 0.9));
    view.reduce(&speaking(8.0, 1, 1, 0.9));
    assert_eq!(speaks(&view), Some((1, Speaker::Client, true)));
    view.reduce(&said(8.5, 1, "Hm."));
    assert_eq!(speaks(&view), Some((0, Speaker::Practitioner, true)));
    // Of an utterance of the other's that was too short for anybody to be told.
    view.reduce(&said(9.5, 1, "Ja."));
    assert_eq!(speaks(&view), None);
    view.reduce(&partial(10.0, 0, "En verder"));
    assert_eq!(speaks(&view), Some((0, Speaker::Practitioner, true)));
    view.reduce(&said(11.0, 0, "En verder?"));
    assert_eq!(speaks(&view), None);
}

#[test]
fn nobody_speaks_where_there_were_no_words_nor_in_a_pause_nor_after_the_end() {
    let mut view = view();
    view.reduce(&speaking(3.0, 4, 1, 0.9));
    view.reduce(&partial(3.2, 2, ""));
    assert!(view.speaking().is_some(), "that was another segment");
    view.reduce(&partial(3.2, 4, ""));
    assert_eq!(speaks(&view), None);
    view.reduce(&speaking(5.0, 6, 1, 0.9));
    view.apply(&Action::TogglePause);
    view.reduce(&speaking(5.2, 6, 0, 0.9)); // on its way when the key was pressed
    assert_eq!(speaks(&view), None);
    view.apply(&Action::TogglePause);
    assert_eq!(speaks(&view), None);
    view.reduce(&speaking(9.0, 8, 1, 0.9));
    assert!(view.speaking().is_some());
    let mut deaf = view.clone();
    deaf.tick(9.0 + TURN_LOST_S);
    assert_eq!(speaks(&deaf), None, "the event that ended the turn was lost");
    view.reduce(&event(10.0, EventKind::End(EndSummary::default())));
    assert_eq!(speaks(&view), None);
}

#[test]
fn roles_change_for_the_past_and_for_now_and_that_is_said() {
    let mut view = view();
    view.reduce(&said(2.0, 0, "Ik wil wel."));
    view.reduce(&speaking(4.0, 1, 1, 0.9));
    let asked = view.clone();
    view.apply(&Action::SwapRoles);
    assert_eq!(view, asked, "the program has to do it");
    let role = |voice, speaker| Role { voice: VoiceId(voice), speaker };
    let roles = vec![role(0, Speaker::Client), role(1, Speaker::Practitioner)];
    view.reduce(&event(5.0, EventKind::Roles { roles }));
    assert!(matches!(view.heard(), Heard::Said { speaker: Speaker::Client, .. }));
    assert_eq!(speaks(&view), Some((1, Speaker::Practitioner, true)));
    assert_eq!(view.status(), Status::RolesChanged);
    view.tick(8.9);
    assert_eq!(view.status(), Status::RolesChanged);
    view.tick(9.0);
    assert_eq!(view.status(), Status::Listening);
}

#[test]
fn a_swap_in_a_pause_is_said_and_it_stays_a_pause() {
    let mut view = view();
    view.tick(5.0);
    view.apply(&Action::TogglePause);
    view.reduce(&event(5.0, EventKind::Roles { roles: Vec::new() }));
    assert_eq!((view.status(), view.is_listening()), (Status::RolesChanged, false));
    view.tick(9.0);
    assert_eq!(view.status(), Status::Paused);
}
