//! Icons, drawn rather than taken from a font: they are the same on every machine, and each state has a
//! shape of its own, so that colour is never needed to tell them apart.

use std::f32::consts::TAU;

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

/// What an icon means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    /// A dot in a ring.
    Listening,
    /// Two bars.
    Pause,
    /// A triangle to the right.
    Play,
    /// A clock.
    Late,
    /// A triangle with an exclamation mark.
    Attention,
    /// A square.
    Ended,
    /// A line at the bottom.
    Hide,
    /// A cross.
    Close,
    /// A tick.
    Check,
    /// A filled diamond: a mark that is sure.
    Firm,
    /// An empty diamond: a mark that is likely.
    Soft,
    /// An arrow up: something good.
    Positive,
    /// A circled i.
    Info,
    /// A filled balloon: who speaks, for sure.
    Speaks,
    /// An empty balloon: who seems to speak.
    SeemsToSpeak,
    /// An arrow to the right above one to the left.
    Swap,
}

/// Draws `icon` in the middle of `rect`, as large as its shorter side.
pub(crate) fn draw_icon(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let center = rect.center();
    let unit = rect.width().min(rect.height()) / 16.0; // icons are designed on a grid of 16
    let at = |x: f32, y: f32| center + vec2(x, y) * unit;
    let stroke = Stroke::new((1.6 * unit).max(1.2), color);
    let line = |points: &[Pos2]| painter.add(Shape::line(points.to_vec(), stroke));
    match icon {
        Icon::Listening => {
            painter.circle_filled(center, 3.0 * unit, color);
            painter.circle_stroke(center, 6.0 * unit, stroke);
        }
        Icon::Pause => {
            for x in [-3.0, 3.0] {
                let bar = Rect::from_center_size(at(x, 0.0), vec2(2.6, 10.0) * unit);
                painter.rect_filled(bar, 0.8 * unit, color);
            }
        }
        Icon::Play => {
            let points = vec![at(-3.5, -5.0), at(5.0, 0.0), at(-3.5, 5.0)];
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        Icon::Late => {
            painter.circle_stroke(center, 6.0 * unit, stroke);
            line(&[at(0.0, -3.6), at(0.0, 0.0), at(2.6, 1.6)]);
        }
        Icon::Attention => {
            let corners = vec![at(0.0, -6.0), at(6.6, 5.6), at(-6.6, 5.6)];
            painter.add(Shape::closed_line(corners, stroke));
            line(&[at(0.0, -2.0), at(0.0, 1.6)]);
            painter.circle_filled(at(0.0, 3.6), 0.9 * unit, color);
        }
        Icon::Ended => {
            let square = Rect::from_center_size(center, vec2(9.0, 9.0) * unit);
            painter.rect_filled(square, 1.2 * unit, color);
        }
        Icon::Hide => {
            line(&[at(-5.0, 4.0), at(5.0, 4.0)]);
        }
        Icon::Close => {
            line(&[at(-4.2, -4.2), at(4.2, 4.2)]);
            line(&[at(-4.2, 4.2), at(4.2, -4.2)]);
        }
        Icon::Check => {
            line(&[at(-5.2, 0.2), at(-1.4, 4.0), at(5.4, -4.2)]);
        }
        Icon::Firm => {
            painter.add(Shape::convex_polygon(diamond(center, 6.0 * unit), color, Stroke::NONE));
        }
        Icon::Soft => {
            painter.add(Shape::closed_line(diamond(center, 5.4 * unit), stroke));
        }
        Icon::Positive => {
            line(&[at(0.0, 6.0), at(0.0, -5.0)]);
            line(&[at(-4.4, -1.0), at(0.0, -5.4), at(4.4, -1.0)]);
        }
        Icon::Info => {
            painter.circle_stroke(center, 6.0 * unit, stroke);
            painter.circle_filled(at(0.0, -2.8), 0.9 * unit, color);
            line(&[at(0.0, -0.4), at(0.0, 3.4)]);
        }
        Icon::Speaks => {
            let body = Rect::from_min_max(at(-6.6, -5.6), at(6.6, 3.0));
            painter.rect_filled(body, 2.4 * unit, color);
            let tail = vec![at(-3.8, 2.6), at(0.4, 2.6), at(-3.8, 6.4)];
            painter.add(Shape::convex_polygon(tail, color, Stroke::NONE));
        }
        Icon::SeemsToSpeak => {
            let outline = [
                (-4.4, -5.0),
                (4.4, -5.0),
                (6.0, -3.4),
                (6.0, 0.8),
                (4.4, 2.4),
                (0.2, 2.4),
                (-3.4, 5.6),
                (-3.4, 2.4),
                (-4.4, 2.4),
                (-6.0, 0.8),
                (-6.0, -3.4),
            ];
            let points = outline.iter().map(|(x, y)| at(*x, *y)).collect();
            painter.add(Shape::closed_line(points, stroke));
        }
        Icon::Swap => {
            line(&[at(-6.0, -3.0), at(6.0, -3.0)]);
            line(&[at(3.0, -6.0), at(6.0, -3.0), at(3.0, 0.0)]);
            line(&[at(6.0, 3.6), at(-6.0, 3.6)]);
            line(&[at(-3.0, 0.6), at(-6.0, 3.6), at(-3.0, 6.6)]);
        }
    }
}

fn diamond(center: Pos2, radius: f32) -> Vec<Pos2> {
    (0..4)
        .map(|corner| {
            let (sin, cos) = (corner as f32 * TAU / 4.0).sin_cos();
            pos2(center.x + radius * cos, center.y + radius * sin)
        })
        .collect()
}
