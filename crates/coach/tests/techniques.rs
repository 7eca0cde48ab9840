//! Techniques, evidence, what became of a cue, the task of the conversation, and the switches.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use coach::{Budget, Coach, CoachConfig, Mode, News, Task};
use common::Talk;
use timeline::{Lang, Moment, Rule, Technique};

fn off(lang: Lang) -> Talk {
    Talk::new(lang, Mode::Practice, Budget::Off)
}

#[test]
fn an_effort_told_as_a_failure_is_reframed() {
    let mut talk = off(Lang::Nl);
    talk.c("sustain", "Ik heb het al drie keer geprobeerd.");
    let cue = talk.p("persuade", "Deze keer lukt het vast.").unwrap();
    assert_eq!(cue.technique, Technique::Reframe);
    assert!(cue.suggestion.starts_with("Je hebt het al drie keer geprobeerd"), "{cue:?}");
    // What was not even tried is no effort.
    let mut talk = off(Lang::Nl);
    talk.c("sustain", "Ik heb het nooit echt geprobeerd.");
    let cue = talk.p("persuade", "Deze keer lukt het vast.").unwrap();
    assert_ne!(cue.technique, Technique::Reframe, "{cue:?}");
}

#[test]
fn resistance_is_given_back_first_then_agreed_with_then_left() {
    let mut talk = off(Lang::Nl);
    let mut found = Vec::new();
    for said in
        ["Ja, maar ik werk tot zes uur.", "Ik ben in de avond kapot.", "Ik zie dat niet zitten."]
    {
        talk.c("change_desire", "Ik wil wel weer voetballen.");
        talk.p("advise", "Je kunt elke dag een half uur oefenen.");
        found.extend(talk.c("sustain,discord", said).map(|cue| (cue.moment, cue.technique)));
    }
    assert!(found.iter().all(|(moment, _)| *moment == Moment::YesBut), "{found:?}");
    let techniques: Vec<Technique> = found.iter().map(|(_, technique)| *technique).collect();
    assert_eq!(techniques[1..], [Technique::AgreeWithTwist, Technique::ShiftFocus]);
}

#[test]
fn a_success_is_asked_about_where_the_client_doubts() {
    let mut talk = off(Lang::Nl);
    talk.c("change_ability", "Vorig jaar heb ik drie maanden volgehouden.");
    talk.p("question_open", "Hoe gaat het nu?");
    talk.c("sustain", "Nou ja.");
    let cue = talk.p("reassure", "Dat komt vanzelf weer goed.").unwrap();
    assert_eq!(cue.technique, Technique::SupportSelfEfficacy, "{cue:?}");
    assert!(cue.suggestion.contains("drie maanden volgehouden"), "{cue:?}");
}

#[test]
fn a_goal_stands_beside_today() {
    let mut talk = off(Lang::En);
    talk.c("change_desire", "I want to play with my grandchildren.");
    talk.p("reflection_simple", "You want to play with them.");
    talk.c("sustain", "I never get off the couch.");
    talk.p("reflection_simple", "You stay on the couch.");
    talk.c("sustain", "I'm too tired after work.");
    talk.c("sustain", "I have no time for it.");
    talk.p("warn", "If you go on like this, you will not walk in five years.");
    let cue = talk.c("change_desire,sustain", "Well, you know.").unwrap();
    assert_eq!((cue.moment, cue.technique), (Moment::Ambivalence, Technique::DevelopDiscrepancy));
    assert!(
        cue.suggestion.contains("you want to play") || cue.suggestion.contains("You want to play")
    );
}

#[test]
fn minutes_of_talk_are_summed_up() {
    let mut talk = off(Lang::Nl);
    for (client, codes) in [
        ("Ik wil weer kunnen slapen.", "change_desire"),
        ("Ik heb geen tijd voor oefeningen.", "sustain"),
        ("Mijn werk is druk.", "neutral"),
        ("Ik zit veel.", "neutral"),
        ("Het is een lange rit.", "neutral"),
        ("Ik woon ver weg.", "neutral"),
    ] {
        talk.c(codes, client);
        talk.p("reflection_simple", "Dat hoor ik.");
        talk.wait(45.0);
    }
    talk.p("question_closed", "Werkt u morgen?");
    talk.p("question_closed", "Hebt u een auto?");
    let cue = talk.p("question_closed", "Is het ver?").unwrap();
    assert_eq!((cue.moment, cue.technique), (Moment::QuestionTrap, Technique::Summary), "{cue:?}");
    assert!(cue.suggestion.contains("geen tijd") && cue.suggestion.contains("slapen"), "{cue:?}");
}

#[test]
fn paradox_only_where_it_was_asked_for() {
    let found = |paradox: bool| {
        let config = CoachConfig { paradox, seed: 7, ..CoachConfig::new(Lang::Nl) };
        let config = CoachConfig { budget: Budget::Off, mode: Mode::Practice, ..config };
        let mut talk = off(Lang::Nl);
        talk.coach = Coach::new(config).unwrap();
        let mut found = Vec::new();
        for _ in 0..20 {
            talk.p("advise", "Ga elke dag wandelen.");
            found.extend(talk.c("sustain", "Nee hoor.").map(|cue| cue.technique));
        }
        found.contains(&Technique::Paradox)
    };
    assert!(found(true) && !found(false));
}

#[test]
fn a_cue_says_why() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "Ik heb geen tijd.");
    let cue = talk.p("advise", "Goed. Je moet elke dag oefenen.").unwrap();
    let evidence = cue.evidence.unwrap();
    assert_eq!((evidence.rule, evidence.because.as_deref()), (Rule::NoPermission, Some("u1")));
    assert_eq!(evidence.words, "Je moet elke dag oefenen");
    let cue = off_after_reflex();
    assert_eq!(cue.rule, Rule::AnsweredReflex);
    assert_eq!(cue.because.as_deref(), Some("u1"), "the act that is answered");
}

fn off_after_reflex() -> timeline::Evidence {
    let mut talk = off(Lang::Nl);
    talk.p("advise", "Je moet elke dag oefenen.");
    talk.c("sustain", "Ik heb daar geen tijd voor.").unwrap().evidence.unwrap()
}

#[test]
fn what_became_of_a_cue_is_told() {
    let mut talk = Talk::normal(Lang::Nl);
    assert!(talk.p("advise", "Je moet elke dag oefenen.").is_some()); // soft: nothing at stake
    assert_eq!(talk.coach.news(), []);
    talk.p("facilitate", "Hm-m.");
    talk.c("sustain", "Daar heb ik geen tijd voor.");
    let mark = "advies".to_owned();
    let firm = News::Firm { after: "u1".to_owned(), moment: Moment::UnsolicitedAdvice, mark };
    assert_eq!(talk.coach.news(), [firm]);
    talk.p("facilitate", "Hm-m.");
    assert_eq!(talk.coach.news(), [], "that is no answer yet");
    let technique = talk.coach.state().last_cue.as_ref().unwrap().technique;
    assert_eq!(technique, Technique::Autonomy);
    talk.p("autonomy", "Jij bepaalt of je er iets mee doet.");
    let answered =
        |by: &str, taken_up| News::Answered { after: "u1".to_owned(), by: by.to_owned(), taken_up };
    assert_eq!(talk.coach.news(), [answered("u5", true)]);
    talk.p("persuade", "Het is echt beter voor je.");
    assert_eq!(talk.coach.news(), [], "once");

    let mut talk = Talk::normal(Lang::Nl);
    talk.p("advise", "Je moet elke dag oefenen.");
    talk.c("neutral", "Hm.");
    talk.p("persuade", "Het is echt beter voor je.");
    assert_eq!(talk.coach.news(), [answered("u3", false)]);
}

#[test]
fn what_is_switched_off_is_never_shown() {
    let mut talk = off(Lang::Nl);
    let muted = [Moment::UnsolicitedAdvice].into_iter().collect();
    let config = CoachConfig { muted, budget: Budget::Off, ..CoachConfig::new(Lang::Nl) };
    talk.coach = Coach::new(config).unwrap();
    assert_eq!(talk.p("advise", "Je moet elke dag oefenen."), None);
    talk.c("neutral", "Hm.");
    assert!(talk.p("warn", "Anders kun je straks niet meer lopen.").is_some());
}

#[test]
fn the_task_follows_the_talk() {
    let mut talk = Talk::normal(Lang::Nl);
    let task = |talk: &Talk| talk.coach.state().task.clone();
    assert_eq!(task(&talk).task, Task::Engage);
    talk.p("structure", "Waar wil je het over hebben?");
    assert_eq!((task(&talk).task, task(&talk).by.as_deref()), (Task::Focus, Some("u1")));
    talk.c("change_desire", "Ik wil weer lopen.");
    assert_eq!(task(&talk).task, Task::Evoke);
    talk.p("question_open", "Wanneer ga je beginnen?");
    assert_eq!(task(&talk).task, Task::Evoke, "not ready");
    talk.c("change_commit", "Ik begin morgen.");
    talk.p("question_open", "Hoe pak je het plan aan?");
    assert_eq!(task(&talk).task, Task::Plan);
    talk.c("sustain", "Daar heb ik geen tijd voor.");
    assert_eq!(task(&talk).task, Task::Evoke);
    talk.c("discord", "Je luistert niet.");
    assert_eq!(task(&talk).task, Task::Engage);
}

#[test]
fn the_other_side_of_a_but_needs_no_word_of_its_own() {
    let mut talk = off(Lang::Nl);
    let said = "Ik wil er graag weer bij zitten. Maar ik zie mezelf al opstaan met een vlek.";
    let cue = talk.c("change_desire,sustain", said).unwrap();
    assert_eq!(cue.technique, Technique::ReflectionDoubleSided, "{cue:?}");
    let (sustain, change) = ("zelf al opstaan met een vlek", "je wilt er graag weer bij zitten");
    let at = |part: &str| cue.suggestion.find(part).unwrap_or_else(|| panic!("{cue:?}"));
    assert!(at(sustain) < at(change), "{cue:?}");
}

#[test]
fn two_clauses_joined_by_and_are_given_back_together() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "Ik slaap slecht en ik ben altijd moe.");
    let cue = talk.p("persuade", "Bewegen helpt daar echt bij.").unwrap();
    assert!(
        cue.suggestion.to_lowercase().contains("je slaapt slecht en je bent altijd moe"),
        "{cue:?}"
    );
}
