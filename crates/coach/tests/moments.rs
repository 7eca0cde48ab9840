//! Moments, strengths, the budget, and what is suggested.

mod common;

use coach::{Budget, DialogueState, Mode};
use common::Talk;
use timeline::{Lang, Moment, Strength, Technique};

#[test]
fn one_mark_for_one_turn() {
    let mut talk = Talk::new(Lang::Nl, Mode::Normal, Budget::Off);
    talk.c("sustain", "Ik heb geen tijd.");
    assert!(talk.p("advise", "Je moet eerder opstaan.").is_some());
    assert!(talk.wait(10.0).p("warn", "Anders gaat het mis met je.").is_none());
    assert!(talk.wait(10.0).p("warn", "Dan val je straks nog uit.").is_some()); // a long lecture
    talk.c("neutral", "Hm.");
    assert!(talk.p("warn", "Anders gaat het echt mis met je.").is_some());
}

#[test]
fn normal_mode_keeps_twenty_seconds() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "Ik heb geen tijd.");
    assert!(talk.p("advise", "Je moet eerder opstaan.").is_some());
    talk.wait(8.0).c("neutral", "Tja.");
    assert!(talk.wait(2.0).p("warn", "Anders gaat het mis met je.").is_none());
    talk.wait(8.0).c("neutral", "Hm.");
    assert!(talk.p("warn", "Anders gaat het mis met je.").is_some());
}

#[test]
fn a_turn_held_back_by_the_budget_can_still_be_marked() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "Ik heb geen tijd.");
    assert!(talk.p("advise", "Je moet eerder opstaan.").is_some());
    talk.c("neutral", "Tja.");
    assert!(talk.p("advise", "Zet gewoon een wekker.").is_none());
    assert!(talk.wait(20.0).p("advise", "En zet hem dan ook meteen uit.").is_some());
}

#[test]
fn a_firm_reflex_may_follow_a_softer_cue_sooner() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "Ik heb geen tijd.");
    let soft = talk.p_unsure("advise", "Misschien eerder opstaan dan.").unwrap();
    assert_eq!(soft.strength, Strength::Soft);
    talk.wait(6.0).c("neutral", "Tja.");
    let firm = talk.p("confront", "Je wilt het gewoon niet horen.").unwrap();
    assert_eq!((firm.moment, firm.strength), (Moment::Confronting, Strength::Firm));
}

#[test]
fn quiet_mode_shows_firm_marks_once_a_minute() {
    let mut talk = Talk::new(Lang::Nl, Mode::Quiet, Budget::On);
    talk.c("sustain", "Ik heb geen tijd.");
    assert!(talk.p_unsure("advise", "Misschien eerder opstaan dan.").is_none());
    talk.c("neutral", "Tja.");
    assert!(talk.p("advise", "Je moet gewoon eerder opstaan.").is_some());
    talk.wait(30.0).c("neutral", "Tja.");
    assert!(talk.p("confront", "Dan ga je eerder naar bed.").is_none());
    talk.wait(30.0).c("neutral", "Tja.");
    assert!(talk.p("confront", "Dan ga je eerder naar bed.").is_some());
}

#[test]
fn advice_without_anything_at_stake_is_soft() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("neutral", "Ik werk in de bouw.");
    assert_eq!(talk.p("advise", "Je moet meer drinken.").unwrap().strength, Strength::Soft);
}

#[test]
fn positive_cues_belong_to_practice() {
    let say =
        |mode| Talk::new(Lang::Nl, mode, Budget::On).c("change_desire", "Ik wil weer wandelen.");
    assert!(say(Mode::Normal).is_none() && say(Mode::Quiet).is_none());
    let cue = say(Mode::Practice).unwrap();
    assert_eq!((cue.moment, cue.technique), (Moment::ChangeTalkHeard, Technique::EvokeChangeTalk));
}

#[test]
fn yes_but_confirms_a_soft_mark() {
    let mut talk = Talk::new(Lang::Nl, Mode::Quiet, Budget::On);
    talk.c("sustain", "Ik heb geen tijd.");
    assert!(talk.p_unsure("advise", "Misschien eerder opstaan dan.").is_none());
    let cue = talk.c("discord,sustain", "Ja, maar ik werk tot laat in de avond.").unwrap();
    assert_eq!((cue.moment, cue.strength), (Moment::YesBut, Strength::Firm));
    assert!(cue.suggestion.to_lowercase().contains("je werkt tot laat in de avond"), "{cue:?}");
}

#[test]
fn yes_but_after_a_firm_mark_adds_nothing() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "Ik heb geen tijd.");
    assert!(talk.p("advise", "Je moet gewoon eerder opstaan.").is_some());
    assert!(talk.wait(20.0).c("discord", "Ja, maar dat lukt mij niet.").is_none());
    assert!(talk.p("warn", "Dan gaat het straks echt mis met je.").is_some());
}

#[test]
fn sustain_talk_after_a_question_is_no_yes_but() {
    let mut talk = Talk::new(Lang::Nl, Mode::Normal, Budget::Off);
    talk.p("question_open", "Wat houdt je tegen?");
    assert!(talk.c("sustain", "Ik heb er geen tijd voor.").is_none());
    talk.p("reflection_simple", "Je hebt er geen tijd voor.");
    assert!(talk.c("sustain", "Nee, ik kom er niet aan toe.").is_none());
}

#[test]
fn the_third_closed_question_in_a_row() {
    let mut talk = Talk::normal(Lang::Nl);
    assert!(talk.p("question_closed", "Rook je?").is_none());
    talk.c("neutral", "Ja.");
    assert!(talk.p("question_closed", "Drink je?").is_none());
    talk.c("neutral", "Soms.");
    assert_eq!(talk.p("question_closed", "Sport je?").unwrap().moment, Moment::QuestionTrap);
    let mut sound = Talk::normal(Lang::Nl);
    sound.p("question_closed", "Rook je?");
    sound.p("question_closed", "Drink je?");
    sound.p("reflection_simple", "Je rookt en drinkt niet.");
    assert!(sound.p("question_closed", "Sport je?").is_none());
}

#[test]
fn planning_before_readiness() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "Ik zie er erg tegenop.");
    let cue = talk.p("persuade", "Kom, wanneer gaan we beginnen?").unwrap();
    assert_eq!((cue.moment, cue.strength), (Moment::PrematurePlanning, Strength::Soft));
    assert_eq!(cue.technique, Technique::ScalingImportance);
    let mut ready = Talk::normal(Lang::Nl);
    ready.c("change_commit", "Ik ga het doen.");
    assert!(ready.p("question_open", "Wanneer wil je beginnen?").is_none());
}

#[test]
fn reassurance_names_the_worry_instead() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("neutral", "Ik ben bang dat het nooit meer goed komt.");
    let cue = talk.p("reassure", "Ach, dat komt vanzelf goed.").unwrap();
    assert_eq!(
        (cue.moment, cue.technique),
        (Moment::PrematureReassurance, Technique::ReflectionComplex)
    );
    assert!(cue.suggestion.starts_with("Je bent bang dat het nooit meer goed komt"), "{cue:?}");
}

#[test]
fn both_sides_end_on_change_and_are_joined_by_and() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.p("question_open", "Wat zou u willen?");
    talk.c(
        "change_desire,sustain",
        "Ik zou wel weer willen voetballen. Maar sporten na het werk, dat zie ik niet zitten.",
    );
    let cue = talk.p("persuade", "Maar denk toch eens aan uw zoon.").unwrap();
    assert_eq!(cue.technique, Technique::ReflectionDoubleSided);
    let (sustain, change) = cue.suggestion.split_once(", en ").unwrap();
    assert!(
        sustain.to_lowercase().contains("sporten na het werk, dat ziet u niet zitten"),
        "{cue:?}"
    );
    assert!(change.ends_with("u zou wel weer willen voetballen."), "{cue:?}");
    assert_eq!(cue.source, "u2");
}

#[test]
fn follow_up_goes_down_from_the_number_given() {
    for (answer, wanted) in [
        ("Nou, ik denk een zes.", ["zes", "vier"]),
        ("7", ["zeven", "vijf"]),
        ("een 10 wel", ["tien", "acht"]),
    ] {
        let mut talk = Talk::new(Lang::Nl, Mode::Practice, Budget::On);
        talk.p("question_scale", "Hoe belangrijk is dit voor je, van nul tot tien?");
        let cue = talk.c("neutral", answer).unwrap();
        assert_eq!(cue.technique, Technique::ScalingFollowUp);
        assert!(wanted.iter().all(|w| cue.suggestion.contains(w)), "{cue:?}");
    }
}

#[test]
fn a_number_too_low_to_go_down_from() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.p("question_scale", "Hoeveel vertrouwen heb je erin, van nul tot tien?");
    talk.c("sustain", "Nul.");
    let cue = talk.p("confront", "Dat is wel erg weinig, zo kom je nergens.").unwrap();
    assert_eq!(cue.technique, Technique::ScalingFollowUp);
    assert!(cue.suggestion.contains("twee") && !cue.suggestion.contains("nul"), "{cue:?}");
}

#[test]
fn numbers_that_are_no_answer() {
    for answer in ["Zes of zeven.", "Ik heb twee kinderen en drie honden."] {
        let mut talk = Talk::new(Lang::Nl, Mode::Practice, Budget::On);
        talk.p("question_scale", "Hoe belangrijk is dit voor je, van nul tot tien?");
        assert!(talk.c("neutral", answer).is_none(), "{answer}");
    }
    let mut talk = Talk::new(Lang::Nl, Mode::Practice, Budget::On);
    talk.p("question_open", "Hoe gaat het?");
    assert!(talk.c("neutral", "Ik slaap zes uur.").is_none());
}

#[test]
fn english_articles_on_the_ruler() {
    let mut talk = Talk::new(Lang::En, Mode::Practice, Budget::On);
    talk.p("question_scale", "How important is this, from zero to ten?");
    let cue = talk.c("neutral", "I would say a ten.").unwrap();
    assert!(cue.suggestion.contains("an eight"), "{cue:?}");
}

#[test]
fn nothing_safe_to_say_back_gives_no_wrong_words() {
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "ik bent de xkrt en dan de");
    let advice = talk.p("advise", "Je moet meer lopen.").unwrap();
    assert!(
        [Technique::AskPermission, Technique::Autonomy].contains(&advice.technique),
        "{advice:?}"
    );
    let mut talk = Talk::normal(Lang::Nl);
    talk.c("sustain", "ik bent de xkrt en dan de");
    let reassured = talk.p("reassure", "Komt vanzelf goed.").unwrap();
    assert_eq!((reassured.technique, reassured.source.as_str()), (Technique::Fallback, "u2"));
}

#[test]
fn the_clients_words_are_given_back_once() {
    let mut talk = Talk::new(Lang::Nl, Mode::Normal, Budget::Off);
    talk.c("sustain", "Ik heb geen energie in de avond.");
    let first = talk.p("warn", "Dan wordt het alleen maar erger.").unwrap();
    assert!(first.suggestion.contains("geen energie"), "{first:?}");
    talk.c("neutral", "Tja.");
    let second = talk.p("confront", "Je wilt gewoon niet.").unwrap();
    assert!(!second.suggestion.contains("geen energie"), "{second:?}");
}

#[test]
fn no_wording_twice_while_others_remain() {
    let mut talk = Talk::new(Lang::Nl, Mode::Normal, Budget::Off);
    let mut said = Vec::new();
    for _ in 0..10 {
        talk.c("neutral", "Tja.");
        said.push(talk.p("advise", "Je moet meer lopen.").unwrap().suggestion);
    }
    let mut distinct = said.clone();
    distinct.sort();
    distinct.dedup();
    // Two techniques with five wordings each take turns.
    assert_eq!(distinct.len(), said.len(), "{said:#?}");
}

#[test]
fn the_same_seed_gives_the_same_cues_and_state() {
    let run = || {
        let mut talk = Talk::new(Lang::Nl, Mode::Practice, Budget::Off);
        let cues = vec![
            talk.c("change_desire,sustain", "Ik wil wel stoppen, maar het lukt me niet."),
            talk.p("advise", "Je moet gewoon pleisters nemen."),
            talk.c("discord", "Ja, maar die helpen mij niet."),
        ];
        (cues, talk.coach.state().clone())
    };
    assert_eq!(run(), run());
    let state = run().1;
    let json = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<DialogueState>(&json).unwrap(), state);
}

#[test]
fn odd_input_is_survived() {
    for lang in [Lang::Nl, Lang::En] {
        let mut talk = Talk::new(lang, Mode::Practice, Budget::Off);
        for text in [
            "",
            "   ",
            "...",
            "'",
            "'s",
            "ik",
            "I",
            "ik ik ik ik",
            "(lacht)",
            "((",
            "ik ben 😀 moe van alles",
            "é",
            "i'm",
            "ja, maar, en, of,",
        ] {
            for codes in ["sustain", "change_reason,sustain", "discord", "client_question", ""] {
                talk.c(codes, text);
                talk.p("advise", text);
                talk.p("question_scale", text);
                talk.p("reassure,warn", text);
            }
        }
    }
}
