//! Advice inside a permission window is not marked; outside it is.

mod common;

use common::Talk;
use timeline::{Lang, Moment};

const ADVICE: &str = "Je kunt elke dag na het eten een kwartier lopen.";

fn after_client_sustain() -> Talk {
    let mut talk = Talk::normal(Lang::Nl);
    assert!(talk.c("sustain", "Ik heb er geen tijd voor.").is_none());
    talk
}

fn is_marked(talk: &mut Talk) -> bool {
    talk.p("advise", ADVICE).is_some_and(|cue| cue.moment == Moment::UnsolicitedAdvice)
}

#[test]
fn unasked_advice_is_marked() {
    assert!(is_marked(&mut after_client_sustain()));
}

#[test]
fn the_clients_question_opens() {
    let mut talk = after_client_sustain();
    talk.c("client_question", "Wat raad je mij aan?");
    assert!(!is_marked(&mut talk));
    assert!(!is_marked(&mut talk)); // it stays open for more of the answer
}

#[test]
fn a_question_in_anger_does_not_open() {
    let mut talk = after_client_sustain();
    talk.c("discord,client_question", "Dus u zegt dat ik niet meewerk?");
    assert!(is_marked(&mut talk));
}

#[test]
fn agreement_opens() {
    for yes in
        ["Ja hoor, graag.", "Prima.", "Oké, vertel.", "Dat mag.", "nou ja is goed", "Doe maar."]
    {
        let mut talk = after_client_sustain();
        talk.p("seek_permission", "Mag ik je er iets over vertellen?");
        talk.c("neutral", yes);
        assert!(!is_marked(&mut talk), "{yes}");
    }
}

#[test]
fn refusal_keeps_it_closed() {
    for no in [
        "Nee, liever niet.",
        "Ja, maar dat weet ik al.",
        "Dat hoeft niet.",
        "Liever niet eigenlijk.",
        "nou nee",
    ] {
        let mut talk = after_client_sustain();
        talk.p("seek_permission", "Mag ik je er iets over vertellen?");
        talk.c("neutral", no);
        assert!(is_marked(&mut talk), "{no}");
    }
}

#[test]
fn no_to_do_you_mind_agrees() {
    let mut talk = after_client_sustain();
    talk.p("seek_permission", "Vind je het erg als ik een paar dingen noem?");
    talk.c("neutral", "Nee hoor.");
    assert!(!is_marked(&mut talk));
}

#[test]
fn english_answers() {
    let advice = |answer: &str| {
        let mut talk = Talk::normal(Lang::En);
        talk.c("sustain", "I have no time for it.");
        talk.p("seek_permission", "Would it be all right if I shared an idea?");
        talk.c("neutral", answer);
        talk.p("advise", "You could walk after dinner every day.").is_some()
    };
    assert!(["Sure, go ahead.", "Yes please.", "Okay.", "Of course."].iter().all(|a| !advice(a)));
    assert!(["No, not really.", "I'd rather not.", "Not now."].iter().all(|a| advice(a)));
}

#[test]
fn advice_in_the_breath_of_the_question_is_marked_softly() {
    let mut talk = after_client_sustain();
    let cue = talk.p("seek_permission,advise", "Mag ik een tip geven? Ga elke dag lopen.").unwrap();
    assert_eq!(cue.strength, timeline::Strength::Soft);
}

#[test]
fn an_unheard_nod_is_given_the_benefit_of_the_doubt() {
    let mut waits = after_client_sustain();
    waits.p("seek_permission", "Mag ik je er iets over vertellen?");
    waits.wait(1.5);
    assert!(!is_marked(&mut waits));
    let mut rushes = after_client_sustain();
    rushes.p("seek_permission", "Mag ik je er iets over vertellen?");
    assert!(is_marked(&mut rushes));
}

#[test]
fn wording_that_leaves_it_to_the_client_opens() {
    let mut talk = after_client_sustain();
    assert!(talk.p("advise_permission", "Als je wilt, kun je kijken of lopen iets is.").is_none());
    assert!(!is_marked(&mut talk));
}

#[test]
fn it_closes_when_the_practitioner_becomes_directive() {
    let mut talk = after_client_sustain();
    talk.c("client_question", "Wat raad je mij aan?");
    let cue = talk.p("warn", "Als je niets doet, loop je straks met een stok.").unwrap();
    assert_eq!(cue.moment, Moment::Warning);
    talk.wait(30.0).c("neutral", "Tja.");
    assert!(is_marked(&mut talk));
}

#[test]
fn it_closes_when_the_talk_moves_on() {
    let mut talk = after_client_sustain();
    talk.c("client_question", "Wat raad je mij aan?");
    assert!(!is_marked(&mut talk));
    talk.p("question_open", "Hoe gaat het verder op je werk?");
    talk.c("sustain", "Ik heb het veel te druk.");
    assert!(is_marked(&mut talk));
}

#[test]
fn it_closes_when_the_client_resists() {
    let mut talk = after_client_sustain();
    talk.c("client_question", "Wat raad je mij aan?");
    assert!(!is_marked(&mut talk));
    talk.c("discord", "Ja, maar dat heb ik al gedaan.");
    talk.wait(10.0);
    assert!(is_marked(&mut talk));
}

#[test]
fn it_closes_after_three_minutes() {
    let mut talk = after_client_sustain();
    talk.c("client_question", "Wat raad je mij aan?");
    talk.wait(170.0);
    assert!(!is_marked(&mut talk));
    let mut late = after_client_sustain();
    late.c("client_question", "Wat raad je mij aan?");
    late.wait(185.0);
    assert!(is_marked(&mut late));
}

#[test]
fn a_short_answer_that_was_misheard_is_no_refusal() {
    let mut talk = after_client_sustain();
    talk.p("seek_permission", "Mag ik je er iets over vertellen?");
    talk.c("neutral", "ah oor gaag");
    assert!(!is_marked(&mut talk));
    let mut elsewhere = after_client_sustain();
    elsewhere.p("seek_permission", "Mag ik je er iets over vertellen?");
    elsewhere.c("neutral", "Mijn zus komt vanavond bij mij eten.");
    assert!(is_marked(&mut elsewhere));
}

#[test]
fn wording_counts_where_the_coder_missed_it() {
    let mut asked = after_client_sustain();
    asked.p("question_closed", "Mag ik je een paar ideeën noemen?");
    asked.c("neutral", "Ja, graag.");
    assert!(!is_marked(&mut asked));
    let mut client_asks = after_client_sustain();
    client_asks.c("neutral", "wat raad je mij aan");
    assert!(!is_marked(&mut client_asks));
    let mut other = after_client_sustain();
    other.p("question_closed", "Mag ik je knie even zien?");
    other.c("neutral", "Ja, graag.");
    assert!(is_marked(&mut other));
}
