//! Prints the statistics of recordings, for `train/fit_whitening.py`:
//! `statistics WINDOW_S FOLDER…`, each folder holding one folder of recordings (16 kHz) per voice.
//! One JSON array a line: voice, file, seconds of speech, statistics.

mod common;

use std::{error::Error, io::Write, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let window_s: f32 = args.next().ok_or("give WINDOW_S and FOLDER…")?.parse()?;
    let window = (window_s * timeline::SAMPLE_RATE_HZ as f32) as usize;
    let mut embedder = speakers::SpectralEmbedder::new();
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for folder in args {
        for (voice, files) in common::voices(Path::new(&folder))? {
            for file in files {
                for part in common::read(&file)?.chunks(window) {
                    if let Some((values, speech_s)) = embedder.statistics(part) {
                        let line = (&voice, &file, speech_s, values);
                        writeln!(out, "{}", serde_json::to_string(&line)?)?;
                    }
                }
            }
        }
    }
    Ok(())
}
