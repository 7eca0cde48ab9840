//! The clocks' distributions as an image.

use std::{error::Error, fs, io::BufWriter, path::Path};

use anyhow::{Context as _, anyhow, bail};
use plotters::{
    coord::Shift,
    prelude::*,
    style::{
        register_font,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Clock, Percentiles, Report, Run, table::counted};

/// Width of the image and height without the legend, in pixels.
const SIZE: (u32, u32) = (1500, 1100);
/// Height of the line over the panels, in pixels.
const HEAD: u32 = 50;
/// Height of a line of the legend, in pixels.
const LEGEND_LINE: u32 = 30;
/// Runs in a line of the legend.
const LEGEND_COLUMNS: usize = 3;
/// Measurements closer together, as a share of the panel's width, are drawn as one: audio blocks come in tens
/// of thousands.
const FINEST_STEP: f64 = 1.0 / 2000.0;
/// Steps narrower than this share of the panel's width are drawn as a slope: stairs of a pixel each would be
/// a ragged line.
const FINEST_STAIR: f64 = 1.0 / 200.0;
/// The font is registered under a name that viewers of the SVG know as well.
const FONT: &str = "sans-serif";
const TEXT: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// The colours of Okabe and Ito, which colour-blind people can tell apart; no yellow: too faint on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(0, 0, 0),
];

/// Whether a plot can be drawn into a file of that name.
///
/// # Errors
/// Where it has another extension.
pub fn check_plot(path: &Path) -> anyhow::Result<()> {
    format_of(path).map(|_format| ())
}

/// Draws each clock's cumulative distribution, a line for each run, into a `.svg` or `.png` file.
///
/// # Errors
/// Where the file has another extension or cannot be written.
pub fn plot(report: &Report, path: &Path) -> anyhow::Result<()> {
    let cannot_write = || format!("cannot write {}: check the folder", path.display());
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT)
        .map_err(|_| anyhow!("the font that is built in cannot be read"))?;
    let legend_lines = report.runs.len().div_ceil(LEGEND_COLUMNS).max(1) as u32;
    let size = (SIZE.0, SIZE.1 + legend_lines * LEGEND_LINE);
    match format_of(path)? {
        Format::Svg => {
            let mut text = String::new();
            draw(SVGBackend::with_string(&mut text, size).into_drawing_area(), report)?;
            fs::write(path, text).with_context(cannot_write)
        }
        Format::Png => {
            let mut pixels = vec![0; (size.0 * size.1 * 3) as usize];
            draw(BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area(), report)?;
            write_png(path, size, &pixels).with_context(cannot_write)
        }
    }
}

#[derive(Clone, Copy)]
enum Format {
    Svg,
    Png,
}

fn format_of(path: &Path) -> anyhow::Result<Format> {
    let extension = path.extension().and_then(|text| text.to_str()).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("svg") => Ok(Format::Svg),
        Some("png") => Ok(Format::Png),
        _ => bail!("cannot draw {}: the file's name must end in .svg or .png", path.display()),
    }
}

fn write_png(path: &Path, (width, height): (u32, u32), pixels: &[u8]) -> anyhow::Result<()> {
    let mut encoder = png::Encoder::new(BufWriter::new(fs::File::create(path)?), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    Ok(writer.finish()?)
}

fn draw<B>(root: DrawingArea<B, Shift>, report: &Report) -> anyhow::Result<()>
where
    B: DrawingBackend,
    B::ErrorType: Error + Send + Sync + 'static,
{
    root.fill(&WHITE)?;
    let (head, rest) = root.split_vertically(HEAD);
    let title = format!(
        "gids {} on {}: share of the measurements that took at most so long",
        report.gids, report.machine.cpu
    );
    head.draw_text(&title, &(FONT, 24).into_font().color(&TEXT), (20, 16))?;
    let (panels, legend) = rest.split_vertically(SIZE.1 - HEAD - LEGEND_LINE);
    for (area, clock) in panels.split_evenly((2, 2)).iter().zip(Clock::ALL) {
        draw_panel(area, clock, &report.runs)?;
    }
    draw_legend(&legend, &report.runs)?;
    root.present()?;
    Ok(())
}

fn draw_panel<B>(area: &DrawingArea<B, Shift>, clock: Clock, runs: &[Run]) -> anyhow::Result<()>
where
    B: DrawingBackend,
    B::ErrorType: Error + Send + Sync + 'static,
{
    let (head, body) = area.split_vertically(62);
    head.draw_text(clock.name(), &(FONT, 26).into_font().color(&TEXT), (20, 6))?;
    let span = clock.span();
    head.draw_text(span, &(FONT, 18).into_font().color(&TEXT), (20, 38))?;
    let widest = runs.iter().filter_map(|run| Percentiles::of(run.clocks.of(clock)));
    let Some(widest) = widest.map(|found| f64::from(found.p99)).reduce(f64::max) else {
        let (width, height) = body.dim_in_pixel();
        let style = (FONT, 24)
            .into_text_style(&body)
            .color(&TEXT)
            .pos(Pos::new(HPos::Center, VPos::Center));
        let middle = (width as i32 / 2, height as i32 / 2);
        return Ok(body.draw_text("not measured", &style, middle)?);
    };
    let end = round_up(widest);
    let mut chart = ChartBuilder::on(&body)
        .margin_right(30)
        .margin_left(10)
        .margin_top(8)
        .x_label_area_size(50)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..end, 0.0..100.0)?;
    let decimals = match end {
        end if end > 8.0 => 0,
        end if end > 0.8 => 1,
        _ => 2,
    };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style((FONT, 18).into_font().color(&TEXT))
        .x_desc("ms")
        .x_labels(8)
        .x_label_formatter(&|ms| format!("{ms:.decimals$}"))
        .y_labels(11)
        .y_label_formatter(&|share| format!("{share:.0} %"))
        .draw()?;
    for (run, colour) in runs.iter().zip(COLOURS.iter().cycle()) {
        let line = steps(run.clocks.of(clock), end);
        chart.draw_series(LineSeries::new(line, colour.stroke_width(3)))?;
    }
    Ok(())
}

fn draw_legend<B>(area: &DrawingArea<B, Shift>, runs: &[Run]) -> anyhow::Result<()>
where
    B: DrawingBackend,
    B::ErrorType: Error + Send + Sync + 'static,
{
    let column = (SIZE.0 as usize - 80) / LEGEND_COLUMNS;
    let style =
        (FONT, 20).into_text_style(area).color(&TEXT).pos(Pos::new(HPos::Left, VPos::Center));
    for ((at, name), colour) in names(runs).iter().enumerate().zip(COLOURS.iter().cycle()) {
        let x = (80 + at % LEGEND_COLUMNS * column) as i32;
        let y = (at / LEGEND_COLUMNS) as i32 * LEGEND_LINE as i32 + LEGEND_LINE as i32 / 2;
        area.draw(&PathElement::new([(x, y), (x + 40, y)], colour.stroke_width(3)))?;
        area.draw_text(name, &style, (x + 52, y))?;
    }
    Ok(())
}

/// Model, precision and policy; the threads where the runs differ in them.
fn names(runs: &[Run]) -> Vec<String> {
    let threads_differ = runs.windows(2).any(|pair| pair[0].threads != pair[1].threads);
    let name = |run: &Run| {
        let mut name = run.label();
        if threads_differ {
            name.push_str(&format!(", {}", counted(run.threads, "thread")));
        }
        name
    };
    runs.iter().map(name).collect()
}

/// Corners of the cumulative distribution between 0 and `end` milliseconds, in milliseconds and percent; from
/// the first measurement to the last, so that the lines do not hide each other along the edges.
fn steps(values: &[f32], end: f64) -> Vec<(f64, f64)> {
    let mut sorted: Vec<f64> = values.iter().map(|&ms| f64::from(ms).max(0.0)).collect();
    sorted.sort_by(f64::total_cmp);
    let inside = &sorted[..sorted.partition_point(|&ms| ms <= end)];
    let Some(&first) = inside.first() else {
        return Vec::new();
    };
    let mut at = (first, 0.0);
    let mut line = vec![at];
    for (i, &ms) in inside.iter().enumerate() {
        let next = inside.get(i + 1);
        // Of what falls on one place, only the last is a corner.
        if next.is_some_and(|&next| next == ms || next - at.0 < end * FINEST_STEP) {
            continue;
        }
        if ms - at.0 >= end * FINEST_STAIR {
            line.push((ms, at.1));
        }
        at = (ms, 100.0 * (i + 1) as f64 / sorted.len() as f64);
        line.push(at);
    }
    if inside.len() < sorted.len() {
        line.push((end, at.1));
    }
    line
}

/// The next number that reads well on an axis.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let nice = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
    // A hair of leave, so that 0.3 is not more than 3 × 0.1.
    nice.into_iter()
        .map(|nice| nice * power)
        .find(|&nice| nice >= value * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Clocks, sample};

    #[test]
    fn both_kinds_of_file_are_written() {
        let report = sample::report(vec![sample::run("speculative"), sample::run("window & co")]);
        let dir = tempfile::tempdir().unwrap();
        let svg = dir.path().join("plot.svg");
        plot(&report, &svg).unwrap();
        let text = fs::read_to_string(&svg).unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        for word in ["demo q8_0 speculative", "demo q8_0 window &amp; co", "#0072B2", "#D55E00"] {
            assert!(text.contains(word), "{word}");
        }
        // The cue's panel only.
        assert_eq!(text.matches("not measured").count(), 1);
        // A line and its legend for each run, in three panels.
        assert_eq!(text.matches("stroke=\"#0072B2\"").count(), 4);

        let png = dir.path().join("plot.PNG");
        plot(&report, &png).unwrap();
        let file = fs::File::open(&png).unwrap();
        let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        // The runs are alike, and the second is drawn over the first.
        let drawn = pixels.chunks(3).filter(|pixel| *pixel == [213, 94, 0]).count();
        assert!(drawn > 1000, "the second run's line: {drawn} pixels");
    }

    #[test]
    fn other_files_and_folders_that_are_none_are_refused() {
        let report = sample::report(vec![]);
        let dir = tempfile::tempdir().unwrap();
        for name in ["plot.pdf", "plot"] {
            let path = dir.path().join(name);
            let said = crate::said(&plot(&report, &path).unwrap_err());
            assert!(said.contains(".svg or .png") && !path.exists(), "{said}");
        }
        for name in ["none/plot.svg", "none/plot.png"] {
            let said = crate::said(&plot(&report, &dir.path().join(name)).unwrap_err());
            assert!(said.contains("check the folder"), "{said}");
        }
        plot(&report, &dir.path().join("empty.svg")).unwrap();
    }

    #[test]
    fn the_line_climbs_at_each_measurement() {
        let expected = [(1.0, 0.0), (1.0, 25.0), (3.0, 25.0), (3.0, 75.0), (5.0, 75.0)];
        assert_eq!(steps(&[3.0, 1.0, 9.0, 3.0], 5.0), expected);
        assert_eq!(steps(&[2.0, 4.0], 5.0), [(2.0, 0.0), (2.0, 50.0), (4.0, 50.0), (4.0, 100.0)]);
        assert_eq!(steps(&[-2.0], 5.0), [(0.0, 0.0), (0.0, 100.0)]);
        assert_eq!(steps(&[9.0], 5.0), []);
        assert_eq!(steps(&[], 5.0), []);
        let many: Vec<f32> = (0..50_000).map(|n| n as f32 / 1000.0).collect();
        let line = steps(&many, 50.0);
        assert!(line.len() < 5_000, "{}", line.len());
        let off = |(ms, share): &(f64, f64)| (ms * 2.0 - share).abs();
        assert!(line.iter().all(|corner| off(corner) < 0.2), "{line:?}");
    }

    #[test]
    fn axes_end_at_numbers_that_read_well() {
        for (value, end) in [
            (0.0, 1.0),
            (-3.0, 1.0),
            (7.2, 8.0),
            (100.0, 100.0),
            (101.0, 120.0),
            (0.3, 0.3),
            (890.0, 1000.0),
        ] {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}: {}", round_up(value));
        }
    }

    #[test]
    fn the_legend_tells_threads_where_they_differ() {
        let mut runs = vec![sample::run("final"), sample::run("window")];
        assert_eq!(names(&runs), ["demo q8_0 final", "demo q8_0 window"]);
        runs[1].threads = 1;
        assert_eq!(names(&runs), ["demo q8_0 final, 2 threads", "demo q8_0 window, 1 thread"]);
    }

    /// To look at: `GIDS_PLOT=plot.png cargo test -p gids --lib bench::plot -- --ignored`.
    #[test]
    #[ignore = "for the eye; checks nothing"]
    fn a_plot_to_look_at() {
        let path = std::env::var("GIDS_PLOT").unwrap();
        let spread = |n: usize, from: f32, wide: f32| -> Vec<f32> {
            let odd = |i: usize| (i * 7919 % n) as f32 / n as f32;
            (0..n).map(|i| from - wide * (1.0 - odd(i) * 0.999).ln()).collect()
        };
        let named = [
            ("demo", "speculative"),
            ("demo", "window"),
            ("demo", "final"),
            ("tiny", "speculative"),
            ("tiny", "window"),
        ];
        let runs =
            named.iter().zip([1.0, 1.6, 2.0, 2.8, 3.5]).map(|(&(model, policy), slow)| Run {
                model: model.to_owned(),
                clocks: Clocks {
                    capture: spread(40_000, 0.4 * slow, 0.8),
                    partial: spread(900, 250.0 * slow, 90.0 * slow),
                    final_text: spread(60, 120.0 * slow, 40.0 * slow),
                    cue: if std::env::var("GIDS_PLOT_CUE").is_ok() {
                        spread(9, 150.0 * slow, 80.0)
                    } else {
                        vec![]
                    },
                },
                ..sample::run(policy)
            });
        plot(&sample::report(runs.collect()), Path::new(&path)).unwrap();
    }
}
