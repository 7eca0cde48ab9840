//! The keys, while the window has the focus.

use egui::{Event, Key, Ui};

use crate::{Action, ThemeChoice};

/// What was pressed since the last frame. A key that is held counts once.
pub(super) fn pressed(ui: &Ui, dark: bool) -> Vec<Action> {
    let focused = ui.ctx().memory(|memory| memory.focused());
    let keys: Vec<Key> = ui.input(|input| {
        input
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Key { key, pressed: true, repeat: false, modifiers, .. }
                    if !modifiers.ctrl && !modifiers.alt && !modifiers.command =>
                {
                    Some(*key)
                }
                _ => None,
            })
            .collect()
    });
    keys.into_iter()
        .filter_map(|key| match key {
            // Space presses the button that has the focus; without one it pauses.
            Key::Space if focused.is_some() => None,
            Key::P | Key::Space => Some(Action::TogglePause),
            Key::H => Some(Action::ToggleHide),
            Key::Escape | Key::D => Some(Action::DismissCue),
            Key::G => Some(Action::ToggleDetail),
            Key::W => Some(Action::ToggleWords),
            Key::R => Some(Action::SwapRoles),
            Key::L if dark => Some(Action::SetTheme(ThemeChoice::Light)),
            Key::L => Some(Action::SetTheme(ThemeChoice::Dark)),
            Key::Q => Some(Action::Quit),
            _ => None,
        })
        .collect()
}
