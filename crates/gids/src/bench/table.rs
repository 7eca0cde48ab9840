//! The report as text for a terminal.

use std::fmt::Write as _;

use super::{Clock, Machine, NOTHING, P95_FROM, P99_FROM, Percentiles, Report, Run};

/// From here on the sources are counted, no longer named.
const SOURCES_NAMED: usize = 3;
/// Below this many milliseconds a decimal says something.
const WITH_DECIMAL_MS: f32 = 10.0;

/// Machine, runs, and what the clocks mean.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut out =
        format!("gids {}, {}\n{}\n", report.gids, report.started_at, machine_line(&report.machine));
    for run in &report.runs {
        out.push('\n');
        push_run(&mut out, run);
    }
    if report.runs.is_empty() {
        out.push_str("\nNo runs.\n");
    } else {
        out.push('\n');
        push_notes(&mut out, &report.runs);
    }
    out
}

/// The machine in one line.
pub(super) fn machine_line(machine: &Machine) -> String {
    let cores = match machine.cores {
        0 => "unknown cores".to_owned(),
        cores => counted(cores, "core"),
    };
    let memory = match machine.memory_mb {
        0 => "unknown memory".to_owned(),
        mb => format!("{:.1} GB of memory", mb as f64 / 1000.0),
    };
    format!("CPU {}, {cores}, {memory}, OS {}", machine.cpu, machine.os)
}

/// What was measured, in one line.
pub(super) fn run_line(run: &Run) -> String {
    let shape = if run.shape_only { " (random weights of that shape)" } else { "" };
    format!(
        "{} {}{shape}, {}, {}",
        run.model,
        run.precision,
        run.policy,
        counted(run.threads, "thread")
    )
}

/// How many of something there are.
pub(super) fn counted(n: usize, one: &str) -> String {
    if n == 1 { format!("{n} {one}") } else { format!("{n} {one}s") }
}

/// A mark for percentiles of fewer than `from` values, which are their maximum.
pub(super) fn mark(n: usize, from: usize) -> char {
    if n < from { '*' } else { ' ' }
}

fn push_run(out: &mut String, run: &Run) {
    let sources = if run.sources.is_empty() || run.sources.len() > SOURCES_NAMED {
        counted(run.sources.len(), "source")
    } else {
        run.sources.join(", ")
    };
    out.push_str(&format!(
        "{}: {:.1} s of audio ({sources}) in {:.1} s\n",
        run_line(run),
        run.audio_s,
        run.wall_s
    ));
    out.push_str("  ms                    n      p50      p95      p99      max\n");
    for clock in Clock::ALL {
        push_clock(out, run, clock);
    }
    for (name, value) in measures(run) {
        out.push_str(&format!("  {name:<17}{value}\n"));
    }
}

fn push_clock(out: &mut String, run: &Run, clock: Clock) {
    let name = match clock {
        Clock::Cue => format!("cue ({})", run.cue_end),
        _ => clock.name().to_owned(),
    };
    // The columns are two spaces apart, less the place of a mark. Writing to a String cannot fail.
    let line = match Percentiles::of(run.clocks.of(clock)) {
        Some(found) => {
            let (p95, p99) = (mark(found.n, P95_FROM), mark(found.n, P99_FROM));
            format!(
                "  {name:<14}{:>9} {:>8} {:>8}{p95}{:>8}{p99}{:>8}",
                found.n,
                milliseconds(found.p50),
                milliseconds(found.p95),
                milliseconds(found.p99),
                milliseconds(found.max)
            )
        }
        None => format!("  {name:<14}{:>9} {NOTHING:>8} {NOTHING:>8} {NOTHING:>8} {NOTHING:>8}", 0),
    };
    writeln!(out, "{line}").ok();
}

fn milliseconds(ms: f32) -> String {
    if ms.abs() < WITH_DECIMAL_MS { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

/// What a run came to besides its clocks: names and values.
fn measures(run: &Run) -> Vec<(&'static str, String)> {
    let of_a_core = |share: Option<f64>| {
        share.map_or(NOTHING.to_owned(), |share| format!("{:.1} % of one core", share * 100.0))
    };
    let factor = run.real_time_factor().map_or(NOTHING.to_owned(), |factor| {
        format!("{factor:.3} ({:.1} s in the speech model)", run.decode_s)
    });
    let made = &run.speculations;
    let percent = |rate: Option<f64>| {
        rate.map_or(NOTHING.to_owned(), |rate| format!("{:.1} %", rate * 100.0))
    };
    let mut rows = vec![
        ("real-time factor", factor),
        ("CPU", of_a_core(run.cpu_share())),
        ("CPU in silence", of_a_core(run.silence_cpu_share)),
        (
            "peak memory",
            format!(
                "{:.0} MB beyond the model file of {:.0} MB",
                run.memory_beyond_model_mb(),
                run.model_file_mb
            ),
        ),
        (
            "word times",
            Percentiles::of(&run.word_times_off_ms).map_or(NOTHING.to_owned(), |off| {
                format!("estimated; off by p50 {:.0} p95 {:.0} ms", off.p50, off.p95)
            }),
        ),
        ("lost samples", run.lost_samples.to_string()),
        (
            "speculations",
            format!(
                "{} made, {} used, {} wasted, {} aborted",
                made.made, made.used, made.wasted, made.aborted
            ),
        ),
        (
            "cues",
            format!(
                "{} in {} utterances, {} early, {} withdrawn",
                run.cues, run.utterances, run.cues_early, run.cues_withdrawn
            ),
        ),
        (
            "word error rate",
            format!(
                "{} against the script ({} when whole utterances are decoded at once), {} between the two",
                percent(run.wer_to_script),
                percent(run.wer_whole_to_script),
                percent(run.wer_to_whole)
            ),
        ),
    ];
    if !run.rungs.is_empty() {
        let rungs: Vec<String> =
            run.rungs.iter().map(|(rung, seconds)| format!("{rung} {seconds:.1} s")).collect();
        rows.push(("rungs", rungs.join(", ")));
    }
    rows
}

/// What the clocks, and the marks if there are any, mean.
fn push_notes(out: &mut String, runs: &[Run]) {
    for clock in [Clock::Capture, Clock::Partial, Clock::Final] {
        out.push_str(&format!("{:<14}{}\n", clock.name(), clock.span()));
    }
    let mut ends: Vec<&str> = Vec::new();
    for run in runs {
        if !ends.contains(&run.cue_end.as_str()) {
            ends.push(&run.cue_end);
        }
    }
    for end in ends {
        let name = format!("cue ({end})");
        let what = match end {
            "frame" => "its frame is presented",
            "painter" => "handed to the painter (no window)",
            other => other,
        };
        out.push_str(&format!("{name:<14}{}: {what}\n", Clock::Cue.span()));
    }
    let fewer = |from| {
        runs.iter().any(|run| {
            Clock::ALL.iter().any(|&clock| {
                let n = run.clocks.of(clock).len();
                n > 0 && n < from
            })
        })
    };
    if fewer(P99_FROM) {
        out.push_str(&few_note());
    }
}

/// What [`mark`] means.
pub(super) fn few_note() -> String {
    format!(
        "* too few measurements for a tail: p95 of fewer than {P95_FROM} and p99 of fewer than {P99_FROM} is their maximum\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sample;

    /// The words of the line that begins with `name`.
    fn row<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).split_whitespace().collect()
    }

    #[test]
    fn the_table_holds_what_was_measured() {
        let text = table(&sample::report(vec![sample::run("speculative")]));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "gids 0.1.0, 2026-07-01T09:30:00Z");
        assert_eq!(lines[1], "CPU Test CPU, 4 cores, 16.4 GB of memory, OS Test OS 1");
        assert_eq!(
            lines[3],
            "demo q8_0, speculative, 2 threads: 120.0 s of audio (a.flac, b.flac) in 125.0 s"
        );
        assert_eq!(row(&text, "capture"), ["capture", "100", "50", "95", "99", "100"]);
        assert_eq!(row(&text, "partial"), ["partial", "20", "100", "190", "200*", "200"]);
        assert_eq!(row(&text, "final"), ["final", "1", "500", "500*", "500*", "500"]);
        assert_eq!(row(&text, "cue (painter)"), ["cue", "(painter)", "0", "–", "–", "–", "–"]);
        let value = |name| row(&text, name).join(" ");
        assert_eq!(value("real-time"), "real-time factor 0.250 (30.0 s in the speech model)");
        assert_eq!(value("CPU  "), "CPU 40.0 % of one core");
        assert_eq!(value("CPU in"), "CPU in silence 2.1 % of one core");
        assert_eq!(value("peak"), "peak memory 108 MB beyond the model file of 42 MB");
        assert_eq!(value("word times"), "word times –");
        assert_eq!(value("lost"), "lost samples 7");
        assert_eq!(value("speculations"), "speculations 40 made, 28 used, 12 wasted, 3 aborted");
        assert_eq!(value("cues"), "cues 9 in 31 utterances, 2 early, 1 withdrawn");
        assert_eq!(
            value("word error"),
            "word error rate – against the script (– when whole utterances are decoded at once), 1.2 % between the two"
        );
        assert_eq!(value("rungs"), "rungs full 118.0 s, no partials 7.0 s");
    }

    #[test]
    fn columns_stand_under_their_names() {
        let text = table(&sample::report(vec![sample::run("final")]));
        let ends = |line: &str| -> Vec<usize> {
            let chars: Vec<char> = line.chars().chain([' ']).collect();
            let word = |c: char| !c.is_whitespace() && c != '*';
            (1..chars.len()).filter(|&i| word(chars[i - 1]) && !word(chars[i])).collect()
        };
        let lines: Vec<&str> = text.lines().skip(4).take(5).collect();
        for line in &lines[1..] {
            let (names, values) = (ends(lines[0]), ends(line));
            assert_eq!(values[values.len() - 5..], names[names.len() - 5..], "{text}");
        }
    }

    #[test]
    fn the_footnote_stands_where_a_mark_does() {
        let mut run = sample::run("final");
        assert!(table(&sample::report(vec![run.clone()])).ends_with(&few_note()));
        run.clocks.partial = run.clocks.capture.clone();
        run.clocks.final_text = run.clocks.capture.clone();
        assert!(!table(&sample::report(vec![run.clone()])).contains('*'));
        run.clocks.final_text.pop();
        assert!(table(&sample::report(vec![run])).ends_with(&few_note()));
    }

    #[test]
    fn small_numbers_have_a_decimal() {
        assert_eq!(
            [9.94, 10.0, 0.04, -3.0, 1234.5].map(milliseconds),
            ["9.9", "10", "0.0", "-3.0", "1234"]
        );
    }

    #[test]
    fn the_clocks_are_explained_with_their_ends() {
        let (mut window, headless) = (sample::run("final"), sample::run("final"));
        window.cue_end = "frame".to_owned();
        window.shape_only = true;
        let text = table(&sample::report(vec![headless.clone()]));
        for clock in Clock::ALL {
            assert!(text.contains(clock.span()), "{text}");
        }
        assert!(text.contains("handed to the painter"), "{text}");
        assert!(!text.contains("frame") && !text.contains("random weights"), "{text}");

        let text = table(&sample::report(vec![window, headless]));
        assert!(text.contains("handed to the painter"), "{text}");
        assert!(text.contains("its frame is presented"), "{text}");
        assert!(text.contains("demo q8_0 (random weights of that shape), final"), "{text}");
    }
}
