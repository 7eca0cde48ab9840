//! The client's own words: what is given back where, and in which shape.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use coach::{Budget, Mode};
use common::Talk;
use timeline::{Lang, Technique};

fn practice(lang: Lang) -> Talk {
    Talk::new(lang, Mode::Practice, Budget::Off)
}

/// What is suggested after the client said `text` and the practitioner gave advice.
fn after_advice(lang: Lang, codes: &str, text: &str) -> (Technique, String) {
    let mut talk = practice(lang);
    talk.c(codes, text);
    let advice = if lang == Lang::Nl { "Je kunt meer wandelen." } else { "Just walk more." };
    let cue = talk.p("advise", advice).unwrap();
    (cue.technique, cue.suggestion)
}

#[test]
fn a_need_is_said_back_without_a_must() {
    let mut talk = practice(Lang::Nl);
    talk.p("question_open", "Hoe kijk je ernaar?");
    let cue = talk.c("change_need", "Ik moet er echt wat aan doen.").unwrap();
    assert!(cue.suggestion.contains("e vindt het nodig om er echt wat aan te doen"), "{cue:?}");
    let mut talk = practice(Lang::Nl);
    let cue = talk.c("change_need", "Ik moet nu echt afvallen van de dokter.").unwrap();
    assert!(!cue.suggestion.contains("moet"), "{cue:?}");
    let mut talk = practice(Lang::En);
    let cue = talk.c("change_need", "I've got to do something about it.").unwrap();
    assert!(cue.suggestion.contains("ou feel you need to do something about it"), "{cue:?}");
    // Of something else that has to be done there is no need to change.
    let (technique, said) = after_advice(Lang::En, "sustain", "I have to be at work at six.");
    assert_eq!(technique, Technique::Autonomy, "{said}");
}

#[test]
fn words_without_a_verb_are_said_as_they_are() {
    let (_, said) = after_advice(Lang::En, "neutral", "Um, no more than 18 drinks a week.");
    assert_eq!(said, "No more than 18 drinks a week.");
    let (_, said) =
        after_advice(Lang::Nl, "neutral", "Een pakje per dag, in het weekend niet minder.");
    assert_eq!(said, "Een pakje per dag, in het weekend niet minder.");
    // A hedge is part of it, and a sound is no answer.
    let (_, said) = after_advice(Lang::Nl, "neutral", "Misschien een acht, voor de kleine.");
    assert_eq!(said, "Misschien een acht, voor de kleine.");
    let (technique, said) = after_advice(Lang::Nl, "neutral", "Hm, ja.");
    assert_eq!(technique, Technique::Autonomy, "{said}");
}

#[test]
fn what_is_said_of_others_stays_as_it_is() {
    let (_, said) = after_advice(Lang::Nl, "sustain", "Wim is niet zo van het minderen.");
    assert_eq!(said, "Wim is niet zo van het minderen.");
    let (_, said) = after_advice(Lang::En, "sustain", "Carol's doing nights at the care home.");
    assert!(!said.contains("doing nights"), "a contraction may be of somebody's: {said}");
}

#[test]
fn what_points_back_is_said_at_once_or_not_at_all() {
    let mut talk = practice(Lang::Nl);
    talk.p("question_open", "En het dansen?");
    let cue = talk.c("change_desire", "Eh, dat mis ik wel.").unwrap();
    assert!(cue.suggestion.starts_with("Dat mis je wel"), "{cue:?}");
    let (_, said) = after_advice(Lang::Nl, "change_desire", "Eh, dat mis ik wel.");
    assert!(!said.contains("mis"), "{said}");
    // What happened then stands on its own; what would happen then does not.
    let (_, said) = after_advice(Lang::Nl, "sustain", "Toen ben ik er steeds niet aan begonnen.");
    assert!(said.ends_with("je bent er steeds niet aan begonnen."), "{said}");
    let (_, said) = after_advice(Lang::Nl, "sustain", "Dan lig ik tot drie uur wakker.");
    assert!(!said.contains("wakker"), "{said}");
}

#[test]
fn what_is_decided_on_does_not_sound_like_an_order() {
    let mut talk = practice(Lang::Nl);
    let cue = talk.c("change_commit", "Ik bel morgen de sportschool.").unwrap();
    assert!(cue.suggestion.contains(" je belt morgen de sportschool"), "{cue:?}");
    let mut talk = practice(Lang::En);
    let cue = talk.c("change_ability", "I could do the first hour.").unwrap();
    assert!(cue.suggestion.contains("ou think you could do the first hour"), "{cue:?}");
}

#[test]
fn a_clause_is_suggested_once_and_its_statement_again() {
    let mut talk = practice(Lang::Nl);
    let text = "Ik zie ertegenop om weer te beginnen. Ik heb ook geen tijd voor de sportschool.";
    talk.c("sustain", text);
    let first = talk.p("advise", "Je kunt meer wandelen.").unwrap();
    talk.wait(40.0);
    let second = talk.p("warn", "Anders gaat het mis met je hart.").unwrap();
    let both = [&first.suggestion, &second.suggestion].map(|s| s.to_lowercase());
    assert!(both.iter().any(|s| s.contains("je ziet ertegenop")), "{both:?}");
    assert!(both.iter().any(|s| s.contains("geen tijd voor de sportschool")), "{both:?}");
}

#[test]
fn no_choice_is_offered_over_words_of_death() {
    let mut talk = practice(Lang::Nl);
    talk.c("sustain", "Ik zie het niet meer zitten. Een eind aan mijn leven, dat is het beste.");
    let cue = talk.p("persuade", "Maar denk toch eens aan je moeder.").unwrap();
    assert_ne!(cue.technique, Technique::Autonomy, "{cue:?}");
}
