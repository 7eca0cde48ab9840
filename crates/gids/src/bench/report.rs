//! The report: what was measured, on what machine; as JSON and as CSV.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// What is written where the machine does not tell.
const UNKNOWN: &str = "unknown";

/// What one call of `gids bench latency` measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// Version of Gids.
    pub gids: String,
    /// When the first run began (RFC 3339, UTC).
    pub started_at: String,
    /// On what it was measured.
    pub machine: Machine,
    /// One for each model, precision and policy, in the order they were measured.
    pub runs: Vec<Run>,
}

/// The computer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's name for itself.
    pub cpu: String,
    /// Threads that can run at once; 0: unknown.
    pub cores: usize,
    /// Main memory in MB (of 1,000,000 bytes); 0: unknown.
    pub memory_mb: u64,
    /// Name and version of the operating system.
    pub os: String,
}

/// What was measured with one model under one policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    /// Name of the speech model: "demo", "tiny", ...
    pub model: String,
    /// What its weights are stored as: "q8_0", ...
    pub precision: String,
    /// Random weights of the model's true shape: its times hold, its text means nothing.
    pub shape_only: bool,
    /// When the final text is decoded: "speculative", "window" or "final".
    pub policy: String,
    /// Threads of the speech model.
    pub threads: usize,
    /// The recordings, by name.
    pub sources: Vec<String>,
    /// Length of the recordings together, in seconds.
    pub audio_s: f64,
    /// How long the run took, in seconds.
    pub wall_s: f64,
    /// Where the cue's clock ends: "frame" (on the screen) or "painter" (headless: handed to the painter).
    pub cue_end: String,
    /// The four clocks, in milliseconds.
    pub clocks: Clocks,
    /// Time in the speech model, in seconds.
    pub decode_s: f64,
    /// CPU time of the process, all threads together, in seconds.
    pub cpu_s: f64,
    /// CPU seconds per second while nobody speaks; 1: one core is busy.
    pub silence_cpu_share: Option<f64>,
    /// Most memory held at any time, in MB (of 1,000,000 bytes).
    pub peak_memory_mb: f64,
    /// Size of the speech model's file, in MB (of 1,000,000 bytes).
    pub model_file_mb: f64,
    /// Samples of 16 kHz that were lost between the device and the pipeline.
    pub lost_samples: u64,
    /// Utterances with text.
    pub utterances: u64,
    /// Cues given.
    pub cues: u64,
    /// Cues that were taken back.
    pub cues_withdrawn: u64,
    /// Cues that were given before the final text.
    pub cues_early: u64,
    /// What became of speculative decodes.
    pub speculations: Speculations,
    /// Word error rate of the streamed finals against decoding whole utterances at once; 1: all words.
    pub wer_to_whole: Option<f64>,
    /// Word error rate of the streamed finals against the script; 1: all words.
    pub wer_to_script: Option<f64>,
    /// The word error rate of whole utterances decoded at once against the script, 0 to 1.
    #[serde(default)]
    pub wer_whole_to_script: Option<f64>,
    /// How far the estimated end of each word is from its true one, in milliseconds; empty where that is unknown.
    #[serde(default)]
    pub word_times_off_ms: Vec<f32>,
    /// Seconds on each rung of the degradation ladder, by the rung's name.
    pub rungs: Vec<(String, f64)>,
}

/// How many decodes were begun before it was sure that the utterance had ended, and what became of them.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Speculations {
    /// Begun.
    pub made: u64,
    /// Gave stable words, or became the final text.
    pub used: u64,
    /// Thrown away.
    pub wasted: u64,
    /// Broken off before they were done.
    pub aborted: u64,
}

/// Measurements of the four clocks in milliseconds, in the order they were made; see [`Clock::span`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Clocks {
    /// Of each block.
    pub capture: Vec<f32>,
    /// Of each word that a partial showed.
    pub partial: Vec<f32>,
    /// Of each utterance.
    #[serde(rename = "final")]
    pub final_text: Vec<f32>,
    /// Of each cue.
    pub cue: Vec<f32>,
}

impl Clocks {
    /// The measurements of one clock in milliseconds.
    #[must_use]
    pub fn of(&self, clock: Clock) -> &[f32] {
        match clock {
            Clock::Capture => &self.capture,
            Clock::Partial => &self.partial,
            Clock::Final => &self.final_text,
            Clock::Cue => &self.cue,
        }
    }
}

/// One of the four clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clock {
    /// See [`Clock::span`].
    Capture,
    /// See [`Clock::span`].
    Partial,
    /// See [`Clock::span`].
    Final,
    /// See [`Clock::span`].
    Cue,
}

impl Clock {
    /// All four, in data-flow order.
    pub const ALL: [Self; 4] = [Self::Capture, Self::Partial, Self::Final, Self::Cue];

    /// What it is called in every output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Partial => "partial",
            Self::Final => "final",
            Self::Cue => "cue",
        }
    }

    /// From where to where it runs.
    #[must_use]
    pub fn span(self) -> &'static str {
        match self {
            Self::Capture => "sample due at the device to its block leaves the ring as 16 kHz mono",
            Self::Partial => "end of the spoken word to the word stands in a stable partial",
            Self::Final => "last speech of the utterance to its final text",
            Self::Cue => "end of the words that show the moment to the cue",
        }
    }
}

/// Percentiles by nearest rank, in the unit of the values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// How many values there are.
    pub n: usize,
    /// The median.
    pub p50: f32,
    /// No more than 5 % of the values are larger.
    pub p95: f32,
    /// No more than 1 % of the values are larger.
    pub p99: f32,
    /// The largest value.
    pub max: f32,
}

impl Percentiles {
    /// Of `values` in any order; `None` where there are none.
    #[must_use]
    pub fn of(values: &[f32]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f32::total_cmp);
        let max = *sorted.last()?;
        // In whole numbers: 0.95 × 20 must not become the 20th rank by a rounding error.
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted[rank.saturating_sub(1)]
        };
        Some(Self { n: sorted.len(), p50: at(50), p95: at(95), p99: at(99), max })
    }
}

impl Run {
    /// Seconds in the speech model per second of audio; `None` without audio.
    #[must_use]
    pub fn real_time_factor(&self) -> Option<f64> {
        (self.audio_s > 0.0).then(|| self.decode_s / self.audio_s)
    }

    /// CPU seconds per second over the whole run; 1: one core is busy. `None` for a run that took no time.
    #[must_use]
    pub fn cpu_share(&self) -> Option<f64> {
        (self.wall_s > 0.0).then(|| self.cpu_s / self.wall_s)
    }

    /// Peak memory less the size of the model's file, in MB; below 0 where the file was never held whole.
    #[must_use]
    pub fn memory_beyond_model_mb(&self) -> f64 {
        self.peak_memory_mb - self.model_file_mb
    }

    /// Model, precision and policy, in words.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} {} {}", self.model, self.precision, self.policy)
    }
}

impl Report {
    /// As JSON for people and programs.
    ///
    /// # Errors
    /// Never for the fields there are now.
    pub fn to_json(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string_pretty(self).context("cannot write the report")?;
        text.push('\n');
        Ok(text)
    }

    /// From what [`Report::to_json`] wrote.
    ///
    /// # Errors
    /// Where the text is no such report.
    pub fn from_json(text: &str) -> anyhow::Result<Self> {
        serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .context("not a JSON report of `gids bench latency`")
    }

    /// From a file.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no such report.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(path)
            .with_context(|| format!("cannot read {}: check the path", path.display()))?;
        // Bytes that are no text (a plot, say) are no report either: one message says so.
        Self::from_json(&String::from_utf8_lossy(&bytes))
            .with_context(|| format!("{} cannot be used", path.display()))
    }
}

impl Machine {
    /// This computer, as far as it tells.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name", ':'),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mb: memory_mb(&read("/proc/meminfo")),
            os: field(&read("/etc/os-release"), "PRETTY_NAME", '='),
        }
    }
}

/// The first value of `key` in lines of key, separator and value.
fn field(text: &str, key: &str, separator: char) -> String {
    text.lines()
        .filter_map(|line| line.split_once(separator))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The kernel's "kB" are of 1024 bytes.
fn memory_mb(meminfo: &str) -> u64 {
    let total = field(meminfo, "MemTotal", ':');
    let kib: Option<u64> =
        total.strip_suffix("kB").and_then(|number| number.trim_end().parse().ok());
    kib.map_or(0, |kib| kib * 1024 / 1_000_000)
}

/// One line for each measurement, under a line of names; `n` counts from 1 within run and clock.
#[must_use]
pub fn csv(report: &Report) -> String {
    let mut out = "model,precision,policy,threads,clock,n,ms\n".to_owned();
    for run in &report.runs {
        let [model, precision, policy] =
            [&run.model, &run.precision, &run.policy].map(|text| quoted(text));
        for clock in Clock::ALL {
            for (ms, n) in run.clocks.of(clock).iter().zip(1..) {
                let (threads, clock) = (run.threads, clock.name());
                // Writing to a String cannot fail.
                writeln!(out, "{model},{precision},{policy},{threads},{clock},{n},{ms}").ok();
            }
        }
    }
    out
}

/// A CSV field (RFC 4180), in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sample;

    fn one_to(n: usize) -> Vec<f32> {
        // Backwards: the order must not matter.
        (1..=n).rev().map(|value| value as f32).collect()
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        assert_eq!(Percentiles::of(&[]), None);
        for (n, p50, p95, p99) in [
            (1, 1.0, 1.0, 1.0),
            (2, 1.0, 2.0, 2.0),
            (19, 10.0, 19.0, 19.0),
            (20, 10.0, 19.0, 20.0),
            (99, 50.0, 95.0, 99.0),
            (100, 50.0, 95.0, 99.0),
            (101, 51.0, 96.0, 100.0),
        ] {
            let expected = Percentiles { n, p50, p95, p99, max: n as f32 };
            assert_eq!(Percentiles::of(&one_to(n)), Some(expected));
        }
    }

    #[test]
    fn the_named_limits_are_where_a_percentile_leaves_the_maximum() {
        let of = |n| Percentiles::of(&one_to(n)).unwrap();
        assert_eq!(of(crate::bench::P95_FROM - 1).p95, of(crate::bench::P95_FROM - 1).max);
        assert!(of(crate::bench::P95_FROM).p95 < of(crate::bench::P95_FROM).max);
        assert_eq!(of(crate::bench::P99_FROM - 1).p99, of(crate::bench::P99_FROM - 1).max);
        assert!(of(crate::bench::P99_FROM).p99 < of(crate::bench::P99_FROM).max);
    }

    #[test]
    fn shares_are_per_second() {
        let mut run = sample::run("final");
        assert_eq!(run.real_time_factor(), Some(0.25));
        assert_eq!(run.cpu_share(), Some(0.4));
        assert_eq!(run.memory_beyond_model_mb(), 107.5);
        (run.audio_s, run.wall_s) = (0.0, 0.0);
        assert_eq!((run.real_time_factor(), run.cpu_share()), (None, None));
    }

    #[test]
    fn csv_has_a_line_for_each_measurement() {
        let mut run = sample::run("final");
        run.model = "my, \"own\" model".to_owned();
        run.clocks = Clocks {
            capture: vec![1.5],
            partial: vec![],
            final_text: vec![20.0, 3.25],
            cue: vec![],
        };
        assert_eq!(
            csv(&sample::report(vec![run])),
            "model,precision,policy,threads,clock,n,ms\n\
             \"my, \"\"own\"\" model\",q8_0,final,2,capture,1,1.5\n\
             \"my, \"\"own\"\" model\",q8_0,final,2,final,1,20\n\
             \"my, \"\"own\"\" model\",q8_0,final,2,final,2,3.25\n"
        );
        assert_eq!(quoted("two\nlines"), "\"two\nlines\"");
    }

    #[test]
    fn json_comes_back_as_it_was() {
        let report = sample::report(vec![sample::run("final"), sample::run("window")]);
        let text = report.to_json().unwrap();
        assert!(text.contains("\"final\": [\n"), "the clock's name is \"final\": {text}");
        assert_eq!(Report::from_json(&text).unwrap(), report);

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("old.json");
        fs::write(&path, &text).unwrap();
        assert_eq!(Report::read(&path).unwrap(), report);
    }

    #[test]
    fn what_is_no_report_is_said_to_be_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("old.json");
        for nonsense in [&b"{\"gids\": 1}"[..], b"", b"model,precision\n", b"\x89PNG\xff"] {
            fs::write(&path, nonsense).unwrap();
            let said = crate::said(&Report::read(&path).unwrap_err());
            assert!(said.contains("old.json cannot be used"), "{said}");
            assert!(said.contains("not a JSON report of `gids bench latency`"), "{said}");
        }
        let said = crate::said(&Report::read(&dir.path().join("none.json")).unwrap_err());
        assert!(said.contains("none.json: check the path"), "{said}");
    }

    #[test]
    fn the_machine_is_read_from_the_kernels_files() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A CPU: fast\nmodel name\t: Another\n";
        assert_eq!(field(cpuinfo, "model name", ':'), "A CPU: fast");
        assert_eq!(field("PRETTY_NAME=\"An OS 12\"\n", "PRETTY_NAME", '='), "An OS 12");
        assert_eq!(field("Hardware : board\n", "model name", ':'), "unknown");
        assert_eq!(memory_mb("MemTotal:       16000000 kB\nMemFree: 1 kB\n"), 16_384);
        assert_eq!(memory_mb("nothing"), 0);
        assert!(Machine::here().cores > 0);
    }
}
