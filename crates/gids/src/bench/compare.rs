//! Ratios: a report against an earlier one, and policies against each other.

use super::{
    Clock, NOTHING, P95_FROM, Percentiles, Report, Run,
    table::{counted, few_note, machine_line, mark, run_line},
};

/// The policy that the others are measured against.
const BASE_POLICY: &str = "speculative";

/// Ratios new / old for each run that both reports have; the others are named.
#[must_use]
pub fn compare(new: &Report, old: &Report) -> String {
    let mut out = format!(
        "new: gids {}, {}\nold: gids {}, {}\n",
        new.gids, new.started_at, old.gids, old.started_at
    );
    if new.machine != old.machine {
        out.push_str(&format!(
            "WARNING: measured on different machines; the ratios tell about both the machines and Gids.\n  new: {}\n  old: {}\n",
            machine_line(&new.machine),
            machine_line(&old.machine)
        ));
    }
    out.push_str("Ratios new / old: below 1, the new one is faster or needs less.\n");

    // The same run measured twice is compared in the order of measuring.
    let mut left: Vec<&Run> = old.runs.iter().collect();
    let mut only_new: Vec<&Run> = Vec::new();
    let mut few = false;
    for run in &new.runs {
        let Some(at) = left.iter().position(|old| key(old) == key(run)) else {
            only_new.push(run);
            continue;
        };
        let partner = left.remove(at);
        out.push_str(&format!("\n{}\n", run_line(run)));
        push_differences(&mut out, run, partner);
        few |= push_clocks(&mut out, run, partner);
        for (name, of) in MEASURES {
            out.push_str(&format!("  {name:<24}{:>6}\n", ratio(of(run), of(partner))));
        }
    }
    if !only_new.is_empty() || !left.is_empty() {
        out.push('\n');
    }
    for (runs, which) in [(&only_new, "new"), (&left, "old")] {
        for run in runs {
            out.push_str(&format!("only in the {which} report: {}\n", run_line(run)));
        }
    }
    push_few(&mut out, few);
    out
}

/// Ratios other / speculative for each model that was measured under several policies in one go.
#[must_use]
pub fn ratios(report: &Report) -> String {
    let mut out = format!("Ratios to \"{BASE_POLICY}\": below 1, the other policy is faster.\n");
    let mut few = false;
    let others: Vec<&Run> = report.runs.iter().filter(|run| run.policy != BASE_POLICY).collect();
    for run in &others {
        let base = report.runs.iter().find(|base| {
            base.policy == BASE_POLICY
                && (&base.model, &base.precision, base.threads)
                    == (&run.model, &run.precision, run.threads)
        });
        out.push_str(&format!("\n{}\n", run_line(run)));
        match base {
            Some(base) => {
                push_differences(&mut out, run, base);
                few |= push_clocks(&mut out, run, base);
            }
            None => out.push_str(&format!("  not measured under \"{BASE_POLICY}\"\n")),
        }
    }
    if others.is_empty() {
        return "No other policy was measured.\n".to_owned();
    }
    push_few(&mut out, few);
    out
}

/// What a measure is called, and how it is read from a run.
type Measure = (&'static str, fn(&Run) -> Option<f64>);

const MEASURES: [Measure; 3] = [
    ("real-time factor", Run::real_time_factor),
    ("CPU", Run::cpu_share),
    ("memory beyond the model", |run| Some(run.memory_beyond_model_mb())),
];

fn key(run: &Run) -> (&str, &str, &str, usize) {
    (&run.model, &run.precision, &run.policy, run.threads)
}

/// Says what else differs between runs that are compared: then a ratio may be no one's merit.
fn push_differences(out: &mut String, run: &Run, base: &Run) {
    if run.sources != base.sources || run.audio_s != base.audio_s {
        let heard =
            |run: &Run| format!("{:.1} s of {}", run.audio_s, counted(run.sources.len(), "source"));
        out.push_str(&format!("  NOTE: other audio: {}, not {}\n", heard(run), heard(base)));
    }
    if run.cue_end != base.cue_end {
        out.push_str(&format!(
            "  NOTE: the cue clock ends elsewhere: {}, not {}\n",
            run.cue_end, base.cue_end
        ));
    }
    if run.shape_only != base.shape_only {
        out.push_str("  NOTE: one of them has random weights of that shape\n");
    }
}

/// The clocks' ratios; true where one of them bears a mark.
fn push_clocks(out: &mut String, run: &Run, base: &Run) -> bool {
    let mut few = false;
    out.push_str("                   p50     p95\n");
    for clock in Clock::ALL {
        let [of_run, of_base] = [run, base].map(|run| Percentiles::of(run.clocks.of(clock)));
        let between = |value: fn(Percentiles) -> f32| {
            ratio(of_run.map(|p| f64::from(value(p))), of_base.map(|p| f64::from(value(p))))
        };
        let (p50, p95) = (between(|p| p.p50), between(|p| p.p95));
        let mark = match (of_run, of_base) {
            (Some(a), Some(b)) if p95 != NOTHING => mark(a.n.min(b.n), P95_FROM),
            _ => ' ',
        };
        few |= mark == '*';
        let line = format!("  {:<12}{p50:>8}{p95:>8}{mark}", clock.name());
        out.push_str(line.trim_end());
        out.push('\n');
    }
    few
}

fn push_few(out: &mut String, few: bool) {
    if few {
        out.push('\n');
        out.push_str(&few_note());
    }
}

/// How much larger `of` is than `base`; nothing where either is missing or a ratio would mean nothing.
fn ratio(of: Option<f64>, base: Option<f64>) -> String {
    match (of, base) {
        (Some(of), Some(base)) if base > 0.0 && of >= 0.0 => format!("{:.2}", of / base),
        _ => NOTHING.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sample;

    /// The words of the lines that begin with `name`.
    fn rows(text: &str, name: &str) -> Vec<String> {
        text.lines()
            .filter(|line| line.trim_start().starts_with(name))
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn runs_of_one_kind_are_compared() {
        let old = sample::report(vec![sample::run("window"), sample::run("final")]);
        let mut new = old.clone();
        new.runs.reverse();
        let run = &mut new.runs[0];
        run.clocks.capture.iter_mut().for_each(|ms| *ms *= 2.0);
        run.clocks.partial = vec![25.0, 95.0, 95.0];
        run.decode_s = 15.0;
        run.cpu_s = 75.0;
        run.peak_memory_mb = 42.5;
        let text = compare(&new, &old);
        assert_eq!(
            rows(&text, "demo"),
            ["demo q8_0, final, 2 threads", "demo q8_0, window, 2 threads"]
        );
        assert_eq!(rows(&text, "capture"), ["capture 2.00 2.00", "capture 1.00 1.00"]);
        // 95 / 100, and 95 / 190 of three measurements against twenty.
        assert_eq!(rows(&text, "partial"), ["partial 0.95 0.50*", "partial 1.00 1.00"]);
        assert_eq!(rows(&text, "final"), ["final 1.00 1.00*", "final 1.00 1.00*"]);
        assert_eq!(rows(&text, "cue"), ["cue – –", "cue – –"]);
        assert_eq!(rows(&text, "real"), ["real-time factor 0.50", "real-time factor 1.00"]);
        assert_eq!(rows(&text, "CPU"), ["CPU 1.50", "CPU 1.00"]);
        assert_eq!(
            rows(&text, "memory"),
            ["memory beyond the model 0.00", "memory beyond the model 1.00"]
        );
        assert!(text.ends_with(&few_note()), "{text}");
        for absent in ["only in", "WARNING", "NOTE"] {
            assert!(!text.contains(absent), "{text}");
        }
    }

    #[test]
    fn runs_without_partner_are_named() {
        let old = sample::report(vec![sample::run("final"), sample::run("window")]);
        let mut new = sample::report(vec![sample::run("final"), sample::run("window")]);
        new.runs[1].threads = 1;
        let text = compare(&new, &old);
        assert_eq!(
            rows(&text, "only"),
            [
                "only in the new report: demo q8_0, window, 1 thread",
                "only in the old report: demo q8_0, window, 2 threads"
            ]
        );
        assert_eq!(rows(&text, "capture").len(), 1);
    }

    #[test]
    fn what_else_differs_is_said() {
        let old = sample::report(vec![sample::run("final")]);
        let mut new = old.clone();
        new.machine.cpu = "Another CPU".to_owned();
        new.runs[0].sources.pop();
        new.runs[0].cue_end = "frame".to_owned();
        new.runs[0].shape_only = true;
        let text = compare(&new, &old);
        assert_eq!(rows(&text, "WARNING").len(), 1, "{text}");
        assert!(text.contains("new: CPU Another CPU") && text.contains("old: CPU Test CPU"));
        assert_eq!(
            rows(&text, "NOTE"),
            [
                "NOTE: other audio: 120.0 s of 1 source, not 120.0 s of 2 sources",
                "NOTE: the cue clock ends elsewhere: frame, not painter",
                "NOTE: one of them has random weights of that shape"
            ]
        );
    }

    #[test]
    fn policies_are_compared_with_speculating() {
        let mut window = sample::run("window");
        window.clocks.final_text = vec![750.0];
        let mut lone = sample::run("final");
        lone.model = "tiny".to_owned();
        let report = sample::report(vec![window, sample::run("speculative"), lone]);
        let text = ratios(&report);
        assert_eq!(rows(&text, "demo"), ["demo q8_0, window, 2 threads"]);
        assert_eq!(rows(&text, "final"), ["final 1.50 1.50*"]);
        assert_eq!(rows(&text, "partial"), ["partial 1.00 1.00"]);
        assert_eq!(rows(&text, "tiny"), ["tiny q8_0, final, 2 threads"]);
        assert_eq!(rows(&text, "not measured"), ["not measured under \"speculative\""]);
        let alone = sample::report(vec![sample::run("speculative")]);
        assert_eq!(ratios(&alone), "No other policy was measured.\n");
    }

    #[test]
    fn a_ratio_needs_two_numbers_that_have_one() {
        assert_eq!(ratio(Some(3.0), Some(2.0)), "1.50");
        for (of, base) in [(None, Some(1.0)), (Some(1.0), None), (Some(1.0), Some(0.0))] {
            assert_eq!(ratio(of, base), NOTHING);
        }
        assert_eq!(ratio(Some(-1.0), Some(1.0)), NOTHING);
    }
}
