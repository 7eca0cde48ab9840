//! The small parts: a button, a line of text, the level meter.

use egui::{
    Color32, Context, FontId, Label, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo,
};

use super::{layout, size};
use crate::{
    Status,
    icons::{Icon, draw_icon},
    palette::Palette,
    texts::Texts,
    view::Speaking,
};

/// The level at the left end of the meter, in dBFS: below it a room is silent. The right end is 0.
const METER_FLOOR_DBFS: f32 = -60.0;

/// The side of a button's icon, in points.
const BUTTON_ICON: f32 = 16.0;

/// The side of the balloon beside who speaks, in points.
const SPEAKING_ICON: f32 = 15.0;
const AFTER_SPEAKING_ICON: f32 = 6.0;

/// A button without words; `label` is its tooltip and its name for a screen reader.
pub(super) fn button(
    ui: &mut Ui,
    rect: Rect,
    icon: Icon,
    label: &str,
    palette: &Palette,
) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(label), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if response.hovered() || response.is_pointer_button_down_on() {
        ui.painter().rect_filled(rect, 6.0, palette.hover);
    }
    if response.has_focus() {
        let stroke = Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect, 6.0, stroke, StrokeKind::Inside);
    }
    let color = if response.hovered() { palette.text } else { palette.secondary };
    let side = Rect::from_center_size(rect.center(), egui::Vec2::splat(BUTTON_ICON));
    draw_icon(ui.painter(), side, icon, color);
    response.on_hover_text(label)
}

/// One row of text whose left end is in the middle of its height at `at`; returns where it is.
pub(super) fn text_line(
    ui: &mut Ui,
    at: Pos2,
    text: &str,
    font: FontId,
    color: Color32,
    width: f32,
) -> Rect {
    let galley = layout::one_row(ui.ctx(), text, font.size, color, width);
    let rect = egui::Align2::LEFT_CENTER.anchor_size(at, galley.size());
    ui.put(rect, Label::new(galley));
    rect
}

/// How wide [`speaking_now`] is when nothing of it is cut.
pub(super) fn speaking_width(ctx: &Context, speaking: Speaking, texts: &Texts) -> f32 {
    let [who, _] = texts.speaking(speaking);
    let text = layout::one_row(ctx, &who, size::SPEAKING_TEXT, Color32::PLACEHOLDER, f32::INFINITY);
    SPEAKING_ICON + AFTER_SPEAKING_ICON + text.size().x
}

/// Who speaks, on one row from `at`, the middle of its left end, in `width`: not for sure with an empty balloon, a
/// question mark and less contrast.
pub(super) fn speaking_now(
    ui: &mut Ui,
    at: Pos2,
    width: f32,
    speaking: Speaking,
    texts: &Texts,
    palette: &Palette,
) {
    let (icon, color) = match speaking.sure {
        true => (Icon::Speaks, palette.text),
        false => (Icon::SeemsToSpeak, palette.secondary),
    };
    let [who, aloud] = texts.speaking(speaking);
    let side = Rect::from_center_size(
        Pos2::new(at.x + 0.5 * SPEAKING_ICON, at.y),
        egui::Vec2::splat(SPEAKING_ICON),
    );
    let left = side.right() + AFTER_SPEAKING_ICON;
    let galley = layout::one_row(ui.ctx(), &who, size::SPEAKING_TEXT, color, width - (left - at.x));
    let text = egui::Align2::LEFT_CENTER.anchor_size(Pos2::new(left, at.y), galley.size());
    let rect = side.union(text);
    let response = ui.interact(rect, ui.scope_id().with("speaking"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &aloud));
    draw_icon(ui.painter(), side, icon, color);
    ui.painter().galley(text.min, galley, color);
    response.on_hover_text(texts.speaking_hint);
}

/// A thin line that fills with the level.
pub(super) fn level_meter(ui: &mut Ui, rect: Rect, dbfs: f32, label: &str, palette: &Palette) {
    let part = ((dbfs - METER_FLOOR_DBFS) / -METER_FLOOR_DBFS).clamp(0.0, 1.0);
    let response = ui.interact(rect, ui.scope_id().with("level"), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Meter, true, label);
        info.value = Some(f64::from(dbfs.max(METER_FLOOR_DBFS)));
        info
    });
    ui.painter().rect_filled(rect, 1.0, palette.line);
    let filled = rect.with_max_x(egui::lerp(rect.x_range(), part));
    ui.painter().rect_filled(filled, 1.0, palette.meter);
}

/// The shape of a state.
pub(super) fn icon_of(status: Status) -> Icon {
    match status {
        Status::Listening => Icon::Listening,
        Status::RolesChanged => Icon::Swap,
        Status::Paused => Icon::Pause,
        Status::Lagging { .. } | Status::Reduced { .. } => Icon::Late,
        Status::LostAudio { .. } | Status::Fault => Icon::Attention,
        Status::Ended => Icon::Ended,
    }
}
