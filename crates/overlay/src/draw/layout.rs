//! Text laid out before it is drawn, so that the window knows how high it has to be.

use std::sync::Arc;

use egui::{
    Color32, Context, FontId, Galley, Label, Pos2, Rect, Ui, Vec2,
    text::{LayoutJob, TextFormat, TextWrapping},
    vec2,
};
use timeline::Strength;

use super::size;
use crate::{
    Detail, SessionView, ShownCue,
    icons::{Icon, draw_icon},
    palette::Palette,
    texts::Texts,
};

/// Of the size of the text: some air between the lines reads easier from afar.
const LINE_HEIGHT: f32 = 1.26;
const MARK_ICON: f32 = 17.0;
const AFTER_MARK: f32 = 1.0;
const AFTER_HEADLINE: f32 = 5.0;
/// The default font has one, light, weight: drawn twice, this many points apart, it is a bolder one.
const BOLD: f32 = 0.55;
const MEDIUM: f32 = 0.3;
/// Room for the button that takes the cue away.
const DISMISS: f32 = 36.0;
/// The foot's distance from what is above it.
const ABOVE_FOOT: f32 = 12.0;
/// A fault says what to do, but does not push the cue out of the window.
const FOOT_ROWS: usize = 2;

/// A cue, laid out.
pub(super) struct CueLayout {
    icon: Icon,
    mark: Arc<Galley>,
    headline: Arc<Galley>,
    suggestion: Option<Arc<Galley>>,
}

impl CueLayout {
    /// In `width`, and if `height` is given not higher: then the suggestion ends in an ellipsis.
    pub(super) fn new(
        ctx: &Context,
        cue: &ShownCue,
        detail: Detail,
        palette: &Palette,
        width: f32,
        height: Option<f32>,
    ) -> Self {
        let (icon, mark) = match (cue.positive, cue.strength) {
            (true, _) => (Icon::Positive, cue.mark.clone()),
            (false, Strength::Firm) => (Icon::Firm, cue.mark.clone()),
            // Likely, not sure: said with the mark's shape and with a question mark.
            (false, Strength::Soft) => (Icon::Soft, format!("{}?", cue.mark)),
        };
        let color = if cue.positive { palette.accent } else { palette.attention };
        let mark_room = width - MARK_ICON - 8.0 - DISMISS;
        let mark = one_row(ctx, &mark, size::MARK_TEXT, color, mark_room);
        let headline = rows(ctx, &cue.headline, size::HEADLINE_TEXT, palette.text, width, 2);
        let above = mark.size().y + AFTER_MARK + headline.size().y + AFTER_HEADLINE;
        let suggestion = (detail == Detail::Practice).then(|| {
            let lay_out =
                |most| rows(ctx, &cue.suggestion, size::SUGGESTION_TEXT, palette.text, width, most);
            let whole = lay_out(usize::MAX);
            let room = height.map_or(f32::INFINITY, |height| height - above);
            let fitting = rows_within(&whole, room);
            if fitting < whole.rows.len() { lay_out(fitting.max(1)) } else { whole }
        });
        Self { icon, mark, headline, suggestion }
    }

    pub(super) fn height(&self) -> f32 {
        let suggestion =
            self.suggestion.as_ref().map_or(0.0, |text| AFTER_HEADLINE + text.size().y);
        self.mark.size().y + AFTER_MARK + self.headline.size().y + suggestion
    }

    pub(super) fn draw(self, ui: &mut Ui, at: Pos2, palette: &Palette) {
        let mark_height = self.mark.size().y;
        let icon = Rect::from_min_size(at, vec2(MARK_ICON, mark_height));
        let color = self.mark.job.sections.first().map_or(palette.text, |s| s.format.color);
        draw_icon(ui.painter(), icon, self.icon, color);
        put(ui, Pos2::new(icon.right() + 8.0, at.y), self.mark);
        let headline_at = at + vec2(0.0, mark_height + AFTER_MARK);
        let below = headline_at + vec2(0.0, self.headline.size().y + AFTER_HEADLINE);
        put_bolder(ui, headline_at, self.headline, BOLD);
        if let Some(suggestion) = self.suggestion {
            put_bolder(ui, below, suggestion, MEDIUM);
        }
    }
}

/// What is said at the foot, laid out.
pub(super) struct FootLayout {
    icon: Icon,
    text: Arc<Galley>,
}

impl FootLayout {
    /// `None` if nothing has to be said.
    pub(super) fn new(
        ctx: &Context,
        view: &SessionView,
        texts: &Texts,
        palette: &Palette,
        width: f32,
    ) -> Option<Self> {
        let (icon, text, color) = match view.fault() {
            Some(fault) => (Icon::Attention, fault, palette.attention),
            None if view.demo_model() => (Icon::Info, texts.demo_model, palette.secondary),
            None => return None,
        };
        let text = rows(ctx, text, size::FOOT_TEXT, color, width - 24.0, FOOT_ROWS);
        Some(Self { icon, text })
    }

    pub(super) fn height(&self) -> f32 {
        ABOVE_FOOT + self.text.size().y
    }

    /// `at` is the top left corner, the space above included.
    pub(super) fn draw(self, ui: &mut Ui, at: Pos2, palette: &Palette) {
        let at = at + vec2(0.0, ABOVE_FOOT);
        let color = self.text.job.sections.first().map_or(palette.text, |s| s.format.color);
        let icon = Rect::from_min_size(at, vec2(16.0, line_height(size::FOOT_TEXT)));
        draw_icon(ui.painter(), icon, self.icon, color);
        put(ui, Pos2::new(icon.right() + 8.0, at.y), self.text);
    }
}

/// One row, cut with an ellipsis if it is wider than `width`.
pub(super) fn one_row(
    ctx: &Context,
    text: &str,
    points: f32,
    color: Color32,
    width: f32,
) -> Arc<Galley> {
    rows(ctx, text, points, color, width, 1)
}

/// The end of `text` in the rows that fit: of words that are heard the last ones count.
pub(super) fn last_rows(
    ctx: &Context,
    text: &str,
    points: f32,
    color: Color32,
    room: Vec2,
) -> Arc<Galley> {
    let whole = rows(ctx, text, points, color, room.x, usize::MAX);
    let most = rows_within(&whole, room.y).max(1);
    if whole.rows.len() <= most {
        return whole;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    // The first word from which on it fits; laying out is cached, and halving needs few tries.
    let (mut too_long, mut fits) = (0, words.len());
    let mut shown = one_row(ctx, "…", points, color, room.x);
    while too_long + 1 < fits {
        let from = usize::midpoint(too_long, fits);
        let end = format!("… {}", words[from..].join(" "));
        let galley = rows(ctx, &end, points, color, room.x, usize::MAX);
        if galley.rows.len() <= most {
            (fits, shown) = (from, galley);
        } else {
            too_long = from;
        }
    }
    shown
}

/// `mm:ss`, from an hour on `h:mm:ss`.
pub(super) fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// How many of the rows of `galley` end within `height`; a rounding error of half a point is no row.
fn rows_within(galley: &Galley, height: f32) -> usize {
    galley.rows.iter().take_while(|row| row.rect().bottom() <= height + 0.5).count()
}

fn rows(
    ctx: &Context,
    text: &str,
    points: f32,
    color: Color32,
    width: f32,
    most: usize,
) -> Arc<Galley> {
    let format = TextFormat {
        line_height: Some(line_height(points)),
        ..TextFormat::simple(FontId::proportional(points), color)
    };
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap = TextWrapping {
        max_width: width.max(1.0),
        max_rows: most,
        // Between words; a single row is cut where it is full.
        break_anywhere: most == 1,
        ..TextWrapping::default()
    };
    ctx.fonts_mut(|fonts| fonts.layout_job(job))
}

fn line_height(points: f32) -> f32 {
    (points * LINE_HEIGHT).round()
}

fn put(ui: &mut Ui, at: Pos2, galley: Arc<Galley>) {
    ui.put(Rect::from_min_size(at, galley.size()), Label::new(galley));
}

fn put_bolder(ui: &mut Ui, at: Pos2, galley: Arc<Galley>, by: f32) {
    let color = galley.job.sections.first().map_or(Color32::PLACEHOLDER, |s| s.format.color);
    ui.painter().galley(at + vec2(by, 0.0), Arc::clone(&galley), color);
    put(ui, at, galley);
}
