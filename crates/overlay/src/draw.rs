//! The overlay as a function of its view.
//!
//! Open, from top to bottom: the state with the clock, who speaks, and the buttons; the level as a thin line; the cue (mark,
//! headline, suggestion) or, while there is none, the words that are heard; and at the foot what has
//! to be said besides (a fault, the demo model). Hidden: a bar with the state alone.

mod keys;
mod layout;
mod parts;

use egui::{
    Align2, CornerRadius, FontId, Pos2, Rect, Sense, Stroke, StrokeKind, Theme, ThemePreference,
    Ui, UiBuilder, Vec2, ViewportCommand, vec2,
};

use self::{
    layout::{CueLayout, FootLayout},
    parts::{button, icon_of, level_meter, speaking_now, speaking_width, text_line},
};
use crate::{
    Action, SessionView, Status, ThemeChoice, Visibility,
    icons::{Icon, draw_icon},
    palette::Palette,
    texts::Texts,
    view::Heard,
};

/// Sizes in points. The headline is read at arm's length (about 70 cm): 30 pt is an x-height of 20
/// minutes of arc on a 96-dpi screen, the least that the cue has to have is 28 pt.
pub(crate) mod size {
    pub(crate) const WIDTH: f32 = 520.0;
    pub(crate) const HEIGHT: f32 = 236.0;
    /// More than this is not taken from the screen: a longer suggestion is cut with an ellipsis.
    pub(crate) const MAX_HEIGHT: f32 = 344.0;
    pub(crate) const BAR: egui::Vec2 = egui::vec2(216.0, 40.0);
    pub(crate) const MARGIN: f32 = 18.0;
    pub(crate) const TOP_ROW: f32 = 28.0;
    /// The level meter with the space around it.
    pub(crate) const METER_ROW: f32 = 20.0;
    pub(crate) const STATUS_TEXT: f32 = 16.0;
    pub(crate) const SPEAKING_TEXT: f32 = 15.0;
    pub(crate) const MARK_TEXT: f32 = 17.0;
    pub(crate) const HEADLINE_TEXT: f32 = 31.0;
    pub(crate) const SUGGESTION_TEXT: f32 = 21.0;
    pub(crate) const HEARD_TEXT: f32 = 18.0;
    pub(crate) const FOOT_TEXT: f32 = 15.0;
}

/// Draws `view` into all of `ui`, and returns what the user did since the last frame. Dragging anywhere moves the
/// window. Belongs to the thread of the window.
#[must_use]
pub fn draw(ui: &mut Ui, view: &SessionView) -> Vec<Action> {
    let dark = is_dark(ui, view);
    let palette = Palette::of(dark);
    let texts = Texts::of(view.lang());
    let rect = ui.max_rect();
    style(ui, &palette);
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::ZERO, palette.background);
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, palette.line), StrokeKind::Inside);

    let mut actions = keys::pressed(ui, dark);
    match view.visibility() {
        Visibility::Hidden => draw_bar(ui, view, texts, &palette, &mut actions),
        Visibility::Open => draw_open(ui, view, texts, &palette, &mut actions),
    }
    actions
}

/// The size of the window, in points, in which all of `view` can be read.
#[must_use]
pub fn preferred_size(ctx: &egui::Context, view: &SessionView) -> Vec2 {
    if view.visibility() == Visibility::Hidden {
        return size::BAR;
    }
    let palette = Palette::of(true);
    let width = size::WIDTH - 2.0 * size::MARGIN;
    let top = size::MARGIN + size::TOP_ROW + size::METER_ROW;
    let cue = view
        .cue()
        .map_or(0.0, |cue| CueLayout::new(ctx, cue, view.detail(), &palette, width, None).height());
    let foot = FootLayout::new(ctx, view, Texts::of(view.lang()), &palette, width)
        .map_or(0.0, |foot| foot.height());
    let height = top + cue + foot + size::MARGIN;
    vec2(size::WIDTH, height.clamp(size::HEIGHT, size::MAX_HEIGHT).ceil())
}

/// Tells egui too, for its tooltips.
fn is_dark(ui: &Ui, view: &SessionView) -> bool {
    ui.ctx().set_theme(match view.theme() {
        ThemeChoice::System => ThemePreference::System,
        ThemeChoice::Light => ThemePreference::Light,
        ThemeChoice::Dark => ThemePreference::Dark,
    });
    ui.ctx().theme() == Theme::Dark
}

fn style(ui: &mut Ui, palette: &Palette) {
    let style = ui.style_mut();
    style.interaction.selectable_labels = false; // dragging the window is worth more
    style.spacing.item_spacing = Vec2::ZERO;
    style.visuals.override_text_color = Some(palette.text);
}

fn draw_bar(
    ui: &mut Ui,
    view: &SessionView,
    texts: &Texts,
    palette: &Palette,
    actions: &mut Vec<Action>,
) {
    let rect = ui.max_rect();
    let status = texts.status(view.status());
    let response = ui.interact(rect, ui.scope_id().with("bar"), Sense::click_and_drag());
    let label = format!("{}: {status}", texts.show);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    if response.drag_started() {
        ui.ctx().send_viewport_cmd(ViewportCommand::StartDrag);
    }
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.shrink(1.0), 0.0, palette.hover);
    }
    if response.clicked() {
        actions.push(Action::ToggleHide);
    }
    let icon_rect = Rect::from_center_size(
        Pos2::new(rect.left() + size::MARGIN + 9.0, rect.center().y),
        vec2(18.0, 18.0),
    );
    draw_icon(ui.painter(), icon_rect, icon_of(view.status()), color_of(view.status(), palette));
    let left = icon_rect.right() + 10.0;
    let room = rect.right() - size::MARGIN - left;
    let galley = layout::one_row(ui.ctx(), &status, size::STATUS_TEXT, palette.text, room);
    let at = Align2::LEFT_CENTER.anchor_size(Pos2::new(left, rect.center().y), galley.size());
    ui.painter().galley(at.min, galley, palette.text);
}

fn draw_open(
    ui: &mut Ui,
    view: &SessionView,
    texts: &Texts,
    palette: &Palette,
    actions: &mut Vec<Action>,
) {
    let rect = ui.max_rect();
    // First, so that the buttons lie over it.
    let background = ui.interact(rect, ui.scope_id().with("background"), Sense::drag());
    if background.drag_started() {
        ui.ctx().send_viewport_cmd(ViewportCommand::StartDrag);
    }
    let inner = rect.shrink(size::MARGIN);
    let top = Rect::from_min_size(inner.min, vec2(inner.width(), size::TOP_ROW));
    draw_top(ui, top, view, texts, palette, actions);
    let meter = Rect::from_center_size(
        Pos2::new(inner.center().x, top.bottom() + size::METER_ROW * 0.4),
        vec2(inner.width(), 2.0),
    );
    level_meter(ui, meter, view.level_dbfs(), texts.level, palette);

    let mut body = inner.with_min_y(top.bottom() + size::METER_ROW);
    if let Some(foot) = FootLayout::new(ui.ctx(), view, texts, palette, inner.width()) {
        body.max.y -= foot.height();
        foot.draw(ui, Pos2::new(inner.left(), body.bottom()), palette);
    }
    if let Some(cue) = view.cue() {
        let cue = CueLayout::new(
            ui.ctx(),
            cue,
            view.detail(),
            palette,
            body.width(),
            Some(body.height()),
        );
        let mut faded = ui.new_child(UiBuilder::new().max_rect(body));
        faded.set_opacity(view.cue_opacity());
        cue.draw(&mut faded, body.min, palette);
        let corner =
            Rect::from_min_size(Pos2::new(body.right() - 24.0, body.top() - 3.0), vec2(32.0, 28.0));
        if button(&mut faded, corner, Icon::Check, texts.dismiss, palette).clicked() {
            actions.push(Action::DismissCue);
        }
    } else {
        draw_idle(ui, body, view, texts, palette);
    }
}

/// State, clock, who speaks, and buttons.
fn draw_top(
    ui: &mut Ui,
    row: Rect,
    view: &SessionView,
    texts: &Texts,
    palette: &Palette,
    actions: &mut Vec<Action>,
) {
    let mut right = row.right() + 8.0; // so that the icon ends where the meter does
    let mut place = |gap: f32| {
        let rect =
            Rect::from_min_max(Pos2::new(right - 32.0, row.top()), Pos2::new(right, row.bottom()));
        right = rect.left() - gap;
        rect
    };
    // A miss beside "hide" must not end the session.
    let (quit, hide, pause) = (place(16.0), place(4.0), place(4.0));
    if !view.is_ended() {
        let (icon, label) = match view.is_listening() {
            false => (Icon::Play, texts.resume),
            true => (Icon::Pause, texts.pause),
        };
        if button(ui, pause, icon, label, palette).clicked() {
            actions.push(Action::TogglePause);
        }
    }
    if button(ui, hide, Icon::Hide, texts.hide, palette).clicked() {
        actions.push(Action::ToggleHide);
    }
    if button(ui, quit, Icon::Close, texts.quit, palette).clicked() {
        actions.push(Action::Quit);
    }

    let icon =
        Rect::from_center_size(Pos2::new(row.left() + 9.0, row.center().y), vec2(18.0, 18.0));
    draw_icon(ui.painter(), icon, icon_of(view.status()), color_of(view.status(), palette));
    let clock = layout::clock(view.clock_s());
    let clock_width =
        layout::one_row(ui.ctx(), &clock, size::STATUS_TEXT, palette.secondary, f32::INFINITY)
            .size()
            .x;
    let left = icon.right() + 10.0;
    let room = pause.left() - 24.0 - clock_width - left;
    let status = texts.status(view.status());
    let shown = text_line(
        ui,
        Pos2::new(left, row.center().y),
        &status,
        FontId::proportional(size::STATUS_TEXT),
        palette.text,
        room,
    );
    let (clock_gap, speaking_gap) = (14.0, 15.0);
    let mut end = shown.right();
    // Where a long state leaves no room for both, who speaks is worth more than the time. The button has air
    // around its icon.
    let beside = view
        .speaking()
        .map_or(0.0, |speaking| speaking_gap + speaking_width(ui.ctx(), speaking, texts));
    if end + clock_gap + clock_width + beside <= pause.left() - 4.0 {
        let shown = text_line(
            ui,
            Pos2::new(end + clock_gap, row.center().y),
            &clock,
            FontId::proportional(size::STATUS_TEXT),
            palette.secondary,
            clock_width + 1.0,
        );
        end = shown.right();
    }
    if let Some(speaking) = view.speaking() {
        let at = Pos2::new(end + speaking_gap, row.center().y);
        speaking_now(ui, at, pause.left() - at.x, speaking, texts, palette);
    }
}

/// What stands where a cue would: the words that are heard, or what can be done.
fn draw_idle(ui: &mut Ui, body: Rect, view: &SessionView, texts: &Texts, palette: &Palette) {
    let (label, text) = match view.heard() {
        _ if view.is_ended() => ("", texts.ended_body),
        _ if !view.is_listening() => ("", texts.paused_body),
        Heard::Partial(text) => (texts.hearing, text.as_str()),
        Heard::Said { voice, speaker, text } => (texts.who(*voice, *speaker), text.as_str()),
        Heard::Nothing => ("", texts.hints.as_str()),
    };
    let mut at = body.min;
    if !label.is_empty() {
        let shown = text_line(
            ui,
            Pos2::new(at.x, at.y + size::FOOT_TEXT * 0.7),
            label,
            FontId::proportional(size::FOOT_TEXT),
            palette.secondary,
            body.width(),
        );
        at.y = shown.bottom() + 4.0;
    }
    let galley = layout::last_rows(
        ui.ctx(),
        text,
        size::HEARD_TEXT,
        palette.secondary,
        vec2(body.width(), body.bottom() - at.y),
    );
    let rect = Rect::from_min_size(at, galley.size());
    ui.put(rect, egui::Label::new(galley));
}

fn color_of(status: Status, palette: &Palette) -> egui::Color32 {
    match status {
        Status::Listening | Status::RolesChanged => palette.accent,
        Status::Paused | Status::Ended => palette.secondary,
        Status::Fault
        | Status::LostAudio { .. }
        | Status::Lagging { .. }
        | Status::Reduced { .. } => palette.attention,
    }
}

#[cfg(test)]
mod tests;
