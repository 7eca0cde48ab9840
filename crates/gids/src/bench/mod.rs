//! Measuring a machine: sessions are run ([`measure`], [`window`], [`soak`], [`calibrate`]), and what they came to is
//! shown as a table, as CSV, as JSON, as a plot, and against an earlier report.

pub mod audio;
pub mod calibrate;
pub mod collect;
mod compare;
pub mod measure;
mod plot;
pub mod process;
mod report;
pub mod soak;
pub mod speakers;
mod table;
pub mod wer;
pub mod window;

pub use compare::{compare, ratios};
pub use plot::{check_plot, plot};
pub use report::{Clock, Clocks, Machine, Percentiles, Report, Run, Speculations, csv};
pub use table::table;

/// Fewest measurements whose 95th percentile by nearest rank is not their maximum.
pub const P95_FROM: usize = 20;
/// Fewest measurements whose 99th percentile by nearest rank is not their maximum.
pub const P99_FROM: usize = 100;

/// Stands where nothing was measured.
const NOTHING: &str = "–";

#[cfg(test)]
mod sample {
    //! Made-up reports for the tests.

    use super::{Clocks, Machine, Report, Run, Speculations};

    pub(super) fn report(runs: Vec<Run>) -> Report {
        Report {
            gids: "0.1.0".to_owned(),
            started_at: "2026-07-01T09:30:00Z".to_owned(),
            machine: Machine {
                cpu: "Test CPU".to_owned(),
                cores: 4,
                memory_mb: 16_384,
                os: "Test OS 1".to_owned(),
            },
            runs,
        }
    }

    /// Clocks: capture 1 to 100 ms, partial 10 to 200 ms in tens, final 500 ms once, no cue.
    pub(super) fn run(policy: &str) -> Run {
        Run {
            model: "demo".to_owned(),
            precision: "q8_0".to_owned(),
            shape_only: false,
            policy: policy.to_owned(),
            threads: 2,
            sources: vec!["a.flac".to_owned(), "b.flac".to_owned()],
            audio_s: 120.0,
            wall_s: 125.0,
            cue_end: "painter".to_owned(),
            clocks: Clocks {
                capture: (1..=100).map(|ms| ms as f32).collect(),
                partial: (1..=20).map(|ms| ms as f32 * 10.0).collect(),
                final_text: vec![500.0],
                cue: vec![],
            },
            decode_s: 30.0,
            cpu_s: 50.0,
            silence_cpu_share: Some(0.021),
            peak_memory_mb: 150.0,
            model_file_mb: 42.5,
            lost_samples: 7,
            utterances: 31,
            cues: 9,
            cues_withdrawn: 1,
            cues_early: 2,
            speculations: Speculations { made: 40, used: 28, wasted: 12, aborted: 3 },
            wer_to_whole: Some(0.0125),
            wer_to_script: None,
            wer_whole_to_script: None,
            word_times_off_ms: Vec::new(),
            rungs: vec![("full".to_owned(), 118.0), ("no partials".to_owned(), 7.0)],
        }
    }
}
