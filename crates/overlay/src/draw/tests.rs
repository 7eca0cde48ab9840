//! By the accessibility tree: what a screen reader is told is what is drawn.

use egui::{Key, Rect, pos2, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use timeline::{EndSummary, EventKind, Lang, Role, Rung, SessionEvent, Speaker, Strength, VoiceId};

use super::*;
use crate::{
    Detail,
    palette::DARK,
    view::tests::{cue_event, event, partial, said, speaking},
};

/// The harness draws in a frame with this margin.
const HARNESS_MARGIN: f32 = 8.0;

const SUGGESTION: &str = "Mag ik je vertellen wat andere mensen helpt?";

/// The longest suggestions: a sentence with 15 words of the client's in both halves.
const LONGEST: [(Lang, &str); 2] = [
    (
        Lang::Nl,
        "Aan de ene kant past het oefenen gewoon echt helemaal niet in je drukke week met de kinderen \
         en de nachtdiensten, en aan de andere kant zou je heel graag weer zonder pijn met je kleinzoon \
         op het voetbalveld willen staan.",
    ),
    (
        Lang::En,
        "On the one hand the exercises just don't fit into your busy week with the children and the \
         night shifts, and on the other hand you would really love to stand on the football field with \
         your grandson again without any pain.",
    ),
];

/// A view and all that was done to it.
struct State {
    view: SessionView,
    actions: Vec<Action>,
}

fn harness_of(view: SessionView, size: Vec2) -> Harness<'static, State> {
    let outer = size + Vec2::splat(2.0 * HARNESS_MARGIN);
    Harness::builder().with_size(outer).build_ui_state(
        |ui, state: &mut State| {
            for action in draw(ui, &state.view) {
                state.view.apply(&action);
                state.actions.push(action);
            }
        },
        State { view, actions: Vec::new() },
    )
}

fn harness(view: SessionView) -> Harness<'static, State> {
    let mut harness = harness_of(view, vec2(size::WIDTH, size::HEIGHT));
    harness.run();
    harness
}

fn view_with(events: &[SessionEvent]) -> SessionView {
    let mut view = SessionView::new(Lang::Nl, false);
    for event in events {
        view.reduce(event);
    }
    view
}

#[test]
fn a_cue_shows_mark_headline_and_suggestion() {
    let harness = harness(view_with(&[cue_event("u1", 10.0, SUGGESTION)]));
    for text in ["Luistert", "00:10", "advies", "Vraag toestemming", SUGGESTION] {
        harness.get_by_label(text);
    }
}

#[test]
fn a_glance_leaves_the_suggestion_out() {
    let mut harness = harness(view_with(&[cue_event("u1", 10.0, SUGGESTION)]));
    harness.key_press(Key::G);
    harness.run();
    assert_eq!(harness.state().view.detail(), Detail::Glance);
    harness.get_by_label("Vraag toestemming");
    assert!(harness.query_by_label(SUGGESTION).is_none());
}

#[test]
fn a_soft_mark_is_a_question() {
    let mut soft = cue_event("u1", 10.0, SUGGESTION);
    if let EventKind::Cue(cue) = &mut soft.kind {
        cue.cue.strength = Strength::Soft;
    }
    harness(view_with(&[soft])).get_by_label("advies?");
}

#[test]
fn a_cue_is_dismissed_by_key_and_by_click() {
    for key in [Some(Key::D), Some(Key::Escape), None] {
        let mut harness = harness(view_with(&[cue_event("u1", 10.0, SUGGESTION)]));
        match key {
            Some(key) => harness.key_press(key),
            None => harness.get_by_label("Weg (D)").click(),
        }
        harness.run();
        assert_eq!(harness.state().actions, [Action::DismissCue], "{key:?}");
        assert!(harness.query_by_label("Vraag toestemming").is_none(), "{key:?}");
    }
}

#[test]
fn pause_is_toggled_by_key_and_by_click() {
    let mut harness = harness(view_with(&[]));
    harness.key_press(Key::Space);
    harness.run();
    harness.get_by_label("Pauze");
    harness.get_by_label("Gids luistert niet mee. Ga verder met P of spatie.");
    harness.get_by_label("Ga verder (P)").click();
    harness.run();
    harness.get_by_label("Luistert");
    harness.key_press(Key::P);
    harness.run();
    harness.get_by_label("Pauze");
    assert_eq!(harness.state().actions, [Action::TogglePause; 3]);
}

#[test]
fn space_on_a_focused_button_only_presses_it() {
    let mut harness = harness(view_with(&[]));
    harness.get_by_label("Verberg (H)").focus();
    harness.run();
    harness.key_press(Key::Space);
    harness.run();
    assert_eq!(harness.state().actions, [Action::ToggleHide]);
}

#[test]
fn a_held_key_counts_once_and_shortcuts_of_others_do_not() {
    let mut harness = harness(view_with(&[]));
    harness.key_down(Key::P);
    harness.run();
    harness.key_down(Key::P); // the keyboard repeats it
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::CTRL, Key::Q);
    harness.run();
    assert_eq!(harness.state().actions, [Action::TogglePause]);
}

#[test]
fn hidden_it_is_a_bar_with_the_state_and_no_words() {
    let mut view =
        view_with(&[said(9.0, 0, "Dit moet je doen."), cue_event("u1", 10.0, SUGGESTION)]);
    view.apply(&Action::ToggleHide);
    let mut harness = harness_of(view, size::BAR);
    harness.run();
    assert!(harness.query_by_label("Vraag toestemming").is_none());
    assert!(harness.query_by_label_contains("Dit moet je doen").is_none());
    let bar = harness.get_by_label("Toon Gids (H): Luistert");
    assert_eq!(bar.accesskit_node().role(), egui::Role::Button);
    bar.click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::ToggleHide]);
    assert_eq!(harness.state().view.visibility(), Visibility::Open);
    harness.key_press(Key::H);
    harness.run();
    harness.get_by_label("Toon Gids (H): Luistert");
}

#[test]
fn lag_gap_and_fault_are_said_in_words() {
    let lag =
        harness(view_with(&[event(1.0, EventKind::Status { lag_ms: 3_200, rung: Rung::Full })]));
    lag.get_by_label("Loopt 3,2 s achter");
    let gap = harness(view_with(&[event(5.0, EventKind::Gap { start_s: 1.0, end_s: 2.5 })]));
    gap.get_by_label("1,5 s geluid gemist");
    let message = "De microfoon is weg. Sluit hem weer aan.".to_owned();
    let fault = EventKind::Fault { stage: "capture".to_owned(), message: message.clone() };
    let fault = harness(view_with(&[event(1.0, fault)]));
    fault.get_by_label("Storing");
    fault.get_by_label(&message);
    let ended = harness(view_with(&[event(9.0, EventKind::End(EndSummary::default()))]));
    ended.get_by_label("Afgelopen");
    assert!(ended.query_by_label("Pauzeer (P)").is_none());
}

#[test]
fn every_state_has_a_shape_of_its_own_that_is_not_another_colour() {
    let states = [
        Status::Ended,
        Status::Paused,
        Status::Fault,
        Status::Lagging { lag_ms: 2_000 },
        Status::RolesChanged,
        Status::Listening,
    ];
    for (index, state) in states.iter().enumerate() {
        for other in &states[..index] {
            assert_ne!(icon_of(*state), icon_of(*other), "{state:?} and {other:?}");
        }
    }
    // These two share the triangle, and their words differ.
    for lang in [Lang::Nl, Lang::En] {
        let texts = Texts::of(lang);
        let lost = texts.status(Status::LostAudio { seconds: 1.0 });
        assert_ne!(lost, texts.status(Status::Fault));
    }
}

#[test]
fn the_demo_model_is_said_all_the_time() {
    for (lang, text) in [
        (Lang::Nl, "Demomodel: alleen voor demo en tests"),
        (Lang::En, "Demo model: for the demo and tests only"),
    ] {
        let mut view = SessionView::new(lang, true);
        harness(view.clone()).get_by_label(text);
        view.reduce(&cue_event("u1", 10.0, SUGGESTION));
        harness(view).get_by_label(text);
    }
}

#[test]
fn english_is_english() {
    let mut view = SessionView::new(Lang::En, false);
    view.reduce(&event(1.0, EventKind::Status { lag_ms: 3_200, rung: Rung::Full }));
    let harness = harness(view);
    harness.get_by_label("3.2 s behind");
    for button in ["Pause (P)", "Hide (H)", "Quit (Q)"] {
        harness.get_by_label(button);
    }
}

#[test]
fn the_theme_is_switched_from_what_is_seen() {
    let mut harness = harness(view_with(&[]));
    harness.key_press(Key::L);
    harness.run();
    let first = harness.state().view.theme();
    assert_ne!(first, ThemeChoice::System);
    harness.key_press(Key::L);
    harness.run();
    let second = harness.state().view.theme();
    assert!(second != first && second != ThemeChoice::System);
}

#[test]
fn the_longest_suggestion_wraps_and_stays_inside() {
    for (lang, suggestion) in LONGEST {
        let mut view = SessionView::new(lang, true);
        let message = "Het schrijven naar het journaal lukt niet: de schijf is vol. ".repeat(4);
        view.reduce(&event(9.0, EventKind::Fault { stage: "s".to_owned(), message }));
        view.reduce(&cue_event("u1", 10.0, suggestion));
        let wanted = preferred_size(&harness(view.clone()).ctx, &view);
        assert!(wanted.y > size::HEIGHT && wanted.y <= size::MAX_HEIGHT, "{wanted:?}");
        // Also where a window manager does not let it grow.
        for size in [wanted, vec2(size::WIDTH, size::HEIGHT)] {
            let mut harness = harness_of(view.clone(), size);
            harness.run();
            let corner = pos2(HARNESS_MARGIN, HARNESS_MARGIN);
            let inside = Rect::from_min_size(corner, size).shrink(1.0);
            let shown = harness.get_by_label(suggestion).rect();
            assert!(inside.contains_rect(shown), "{shown:?} in {inside:?}");
            let least_rows = if size == wanted { 4.0 } else { 1.0 };
            assert!(shown.height() > least_rows * size::SUGGESTION_TEXT, "{shown:?}");
            let foot = harness.get_by_label_contains("de schijf is vol").rect();
            assert!(inside.contains_rect(foot), "{foot:?} in {inside:?}");
            assert!(shown.bottom() <= foot.top(), "{shown:?} covers {foot:?}");
        }
    }
}

#[test]
fn a_long_headline_and_one_endless_word_stay_inside() {
    let mut endless = cue_event("u1", 10.0, &"zorgverzekeraar".repeat(40));
    if let EventKind::Cue(cue) = &mut endless.kind {
        cue.cue.headline =
            "Verantwoordelijkheidsgevoel onderzoeken zonder waardeoordeel".to_owned();
        cue.cue.mark = "een heel lang merk ".repeat(9);
    }
    let harness = harness(view_with(&[endless]));
    let inside =
        Rect::from_min_size(pos2(HARNESS_MARGIN, HARNESS_MARGIN), vec2(size::WIDTH, size::HEIGHT));
    for part in ["een heel lang merk", "Verantwoordelijkheidsgevoel", "zorgverzekeraar"] {
        let shown = harness.get_by_label_contains(part).rect();
        assert!(inside.contains_rect(shown), "{part}: {shown:?} in {inside:?}");
    }
}

#[test]
fn of_long_speech_the_last_words_are_shown() {
    let speech = format!("{}en dan het einde.", "een heel lang verhaal ".repeat(60));
    let harness = harness(view_with(&[said(20.0, 1, &speech)]));
    harness.get_by_label("Behandelaar");
    let shown = harness.get_by_label_contains("en dan het einde.");
    let text = shown.accesskit_node().label().or(shown.value()).unwrap_or_default();
    assert!(text.starts_with("… "), "{text}");
    let bottom = HARNESS_MARGIN + size::HEIGHT;
    assert!(shown.rect().bottom() <= bottom, "{:?}", shown.rect());
}

#[test]
fn without_a_cue_it_is_as_small_as_it_can_be() {
    let view = view_with(&[]);
    let harness = harness(view.clone());
    assert_eq!(preferred_size(&harness.ctx, &view), vec2(size::WIDTH, size::HEIGHT));
    let short = view_with(&[cue_event("u1", 10.0, SUGGESTION)]);
    assert_eq!(preferred_size(&harness.ctx, &short), vec2(size::WIDTH, size::HEIGHT));
    let mut hidden = view;
    hidden.apply(&Action::ToggleHide);
    assert_eq!(preferred_size(&harness.ctx, &hidden), size::BAR);
}

#[test]
fn the_text_is_large_enough_at_arm_s_length() {
    const { assert!(size::HEADLINE_TEXT >= 28.0 && size::SUGGESTION_TEXT >= 20.0) };
}

#[test]
fn who_speaks_is_read_and_read_aloud_in_both_languages() {
    let names = [
        (Lang::Nl, "Spreekt nu", ["Behandelaar", "Cliënt", "Iemand anders"]),
        (Lang::En, "Speaking now", ["Practitioner", "Client", "Someone else"]),
    ];
    for (lang, now, names) in names {
        for (voice, name) in (0u8..).zip(names) {
            for (confidence, doubt) in [(0.9, ""), (0.7, ""), (0.69, "?")] {
                let mut view = SessionView::new(lang, false);
                view.reduce(&speaking(3.0, 0, voice, confidence));
                let harness = harness(view.clone());
                let label = format!("{now}: {name}{doubt}");
                let shown = harness.get_by_label(&label);
                assert_eq!(shown.accesskit_node().role(), egui::Role::Label);
                let [read, _] = Texts::of(lang).speaking(view.speaking().unwrap());
                assert_eq!(read, format!("{name}{doubt}"));
            }
        }
    }
}

#[test]
fn who_speaks_stays_beside_a_cue_and_hidden_it_is_not_shown() {
    let mut view = view_with(&[speaking(9.0, 0, 1, 0.9), cue_event("u1", 10.0, SUGGESTION)]);
    harness(view.clone()).get_by_label("Spreekt nu: Cliënt");
    view.apply(&Action::ToggleHide);
    let mut hidden = harness_of(view.clone(), size::BAR);
    hidden.run();
    assert!(hidden.query_by_label_contains("Spreekt nu").is_none());
    view.apply(&Action::ToggleHide);
    view.apply(&Action::ToggleWords); // who speaks is none of the words
    view.reduce(&partial(10.1, 0, "Ik weet"));
    harness(view.clone()).get_by_label("Spreekt nu: Cliënt");
    view.reduce(&said(11.0, 1, "Ik weet het niet."));
    assert!(harness(view).query_by_label_contains("Spreekt nu").is_none());
}

#[test]
fn who_speaks_has_room_beside_every_state() {
    let states = [
        EventKind::Status { lag_ms: 12_300, rung: Rung::Full },
        EventKind::Status { lag_ms: 0, rung: Rung::FinalsOnly },
        EventKind::Status { lag_ms: 0, rung: Rung::TranscriptOnly },
        EventKind::Gap { start_s: 1.0, end_s: 13.5 },
        EventKind::Roles { roles: Vec::new() },
    ];
    for lang in [Lang::Nl, Lang::En] {
        for state in &states {
            for voice in 0..3 {
                let mut view = SessionView::new(lang, false);
                view.reduce(&speaking(4_000.0, 0, voice, 0.6)); // the clock shows hours
                view.reduce(&event(4_001.0, state.clone()));
                let harness = harness(view.clone());
                let shown = harness.get_by_label_contains(if lang == Lang::Nl {
                    "Spreekt nu"
                } else {
                    "Speaking now"
                });
                let texts = Texts::of(lang);
                let pause = harness.get_by_label(texts.pause).rect();
                let rect = shown.rect();
                assert!(rect.right() <= pause.left(), "{state:?}: {rect:?} covers {pause:?}");
                let status = texts.status(view.status());
                let clock = layout::clock(view.clock_s()); // gives way to it
                for other in [&status, &clock] {
                    let other = harness.query_by_label(other).map_or(Rect::NOTHING, |o| o.rect());
                    assert!(rect.left() > other.right(), "{state:?}: {rect:?} covers {other:?}");
                }
                let [read, _] = texts.speaking(view.speaking().unwrap());
                let whole = layout::one_row(
                    &harness.ctx,
                    &read,
                    size::SPEAKING_TEXT,
                    DARK.text,
                    f32::INFINITY,
                );
                let needed = whole.size().x + 15.0 + 5.0;
                assert!(rect.width() >= needed, "{state:?}: {read} is cut: {rect:?}, {needed}");
            }
        }
    }
}

#[test]
fn roles_are_swapped_by_key_and_said() {
    let mut harness = harness(view_with(&[said(2.0, 0, "Ik wil wel.")]));
    harness.get_by_label("Behandelaar");
    harness.key_press(Key::R);
    harness.run();
    assert_eq!(harness.state().actions, [Action::SwapRoles]);
    let roles = vec![Role { voice: VoiceId(0), speaker: Speaker::Client }];
    harness.state_mut().view.reduce(&event(3.0, EventKind::Roles { roles }));
    harness.run();
    harness.get_by_label("Cliënt");
    harness.get_by_label("Rollen gewisseld");
    // In a pause as well, and it can still be ended.
    harness.key_press(Key::P);
    harness.run();
    harness.get_by_label("Rollen gewisseld");
    harness.get_by_label("Ga verder (P)");
}

#[test]
fn a_third_person_s_words_are_not_the_clients() {
    harness(view_with(&[said(2.0, 2, "Koffie?")])).get_by_label("Iemand anders");
}
