//! Cues before the words are final.

mod common;

use coach::{Coach, CoachConfig, Heard, Mode, Settled};
use timeline::{Code, Lang, Moment, Span, Speaker, Strength};

const ADVICE: &str = "Je moet gewoon eerder opstaan.";

fn coach(mode: Mode) -> Coach {
    let config = CoachConfig { mode, seed: 7, ..CoachConfig::new(Lang::Nl) };
    Coach::new(config).expect("the built-in packs are sound")
}

/// From second `at` to `at + 2`.
fn said<'a>(at: f64, speaker: Speaker, codes: &'a [Code], reflex: f32, text: &'a str) -> Heard<'a> {
    let span = Span::from_secs(at, at + 2.0);
    Heard { id: "u9", speaker, span, text, codes, righting_reflex: reflex, firm: reflex > 0.7 }
}

fn advice(at: f64, reflex: f32) -> Heard<'static> {
    said(at, Speaker::Practitioner, &[Code::Advise], reflex, ADVICE)
}

fn no_time(coach: &mut Coach) {
    assert!(coach.push(&said(0.0, Speaker::Client, &[Code::Sustain], 0.0, "Geen tijd.")).is_none());
}

#[test]
fn a_preview_changes_nothing_and_is_soft() {
    let mut coach = coach(Mode::Normal);
    no_time(&mut coach);
    let before = coach.state().clone();
    let preview = coach.preview(&advice(3.0, 0.9), false).unwrap();
    assert_eq!(preview.cue.strength, Strength::Soft);
    assert_eq!(*coach.state(), before);
    let cue = coach.push(&advice(3.0, 0.9)).unwrap();
    assert_eq!(cue.strength, Strength::Firm);
    assert_eq!(cue.suggestion, preview.cue.suggestion);
}

#[test]
fn only_what_is_nearly_sure_comes_early() {
    let coach_after = |mode| {
        let mut coach = coach(mode);
        no_time(&mut coach);
        coach
    };
    let normal = coach_after(Mode::Normal);
    assert!(normal.preview(&advice(3.0, 0.74), true).is_none(), "it may turn out otherwise");
    assert!(normal.preview(&advice(3.0, 0.76), false).is_some());
    assert!(
        coach_after(Mode::Quiet).preview(&advice(3.0, 0.99), true).is_none(),
        "firm marks only"
    );
    let change = said(3.0, Speaker::Client, &[Code::ChangeDesire], 0.0, "Ik wil wel meer lopen.");
    let practice = coach(Mode::Practice);
    assert!(practice.preview(&change, false).is_none());
    let early = practice.preview(&change, true).unwrap();
    assert_eq!(early.cue.moment, Moment::ChangeTalkHeard);
}

/// A fact after change talk is a chance missed only if nothing else follows.
#[test]
fn what_more_words_may_mend_waits_for_the_end() {
    let mut coach = coach(Mode::Practice);
    let wish = said(0.0, Speaker::Client, &[Code::ChangeDesire], 0.0, "Ik wil wel meer lopen.");
    coach.push_silently(&wish); // a cue would count it as taken up
    let fact = said(30.0, Speaker::Practitioner, &[Code::GiveInfo], 0.0, "Dat is goed voor je.");
    assert!(coach.preview(&fact, true).is_none());
    assert_eq!(coach.push(&fact).unwrap().moment, Moment::MissedChangeTalk);
}

#[test]
fn the_final_words_confirm_and_the_budget_counts_it_once() {
    let mut coach = coach(Mode::Normal);
    no_time(&mut coach);
    let preview = coach.preview(&advice(3.0, 0.9), false).unwrap();
    let warning = said(3.0, Speaker::Practitioner, &[Code::Warn], 0.95, "Anders gaat het mis.");
    let settled = coach.settle(&warning, &preview, false);
    let (moment, strength, mark) = (Moment::Warning, Strength::Firm, "waarschuwing".to_owned());
    assert_eq!(settled, Settled::Confirmed { moment, strength, mark });
    assert_eq!(coach.state().shown.get(&Moment::Warning), Some(&1));
    assert!(coach.push(&advice(6.0, 0.9)).is_none(), "one mark for one turn");
}

#[test]
fn what_was_withdrawn_does_not_hide_what_follows() {
    let mut coach = coach(Mode::Normal);
    no_time(&mut coach);
    let preview = coach.preview(&advice(3.0, 0.9), false).unwrap();
    let question = [Code::QuestionOpen];
    let other = said(3.0, Speaker::Practitioner, &question, 0.0, "Wat zou je helpen?");
    assert_eq!(coach.settle(&other, &preview, false), Settled::Withdrawn { instead: None });
    let cue = coach.push(&advice(6.0, 0.9)).unwrap();
    assert_ne!(cue.suggestion, preview.cue.suggestion, "that sentence was seen already");
    // No utterance at all comes of it.
    let preview = coach.preview(&advice(60.0, 0.9), false).unwrap();
    coach.withdraw(&preview);
    assert!(coach.state().said.len() >= 3);
}

#[test]
fn what_turns_out_to_be_something_else_gets_its_own_cue() {
    let mut coach = coach(Mode::Practice);
    let wish = said(0.0, Speaker::Client, &[Code::ChangeDesire], 0.0, "Ik wil wel stoppen,");
    let preview = coach.preview(&wish, true).unwrap();
    let both = [Code::ChangeDesire, Code::Sustain];
    let text = "Ik wil wel stoppen, maar dat lukt me niet.";
    let Settled::Withdrawn { instead: Some(cue) } =
        coach.settle(&said(0.0, Speaker::Client, &both, 0.0, text), &preview, false)
    else {
        panic!("both sides are another moment")
    };
    assert_eq!(cue.moment, Moment::Ambivalence);
    assert_eq!(coach.state().last_cue.as_ref().unwrap().moment, Moment::Ambivalence);
}
