//! What is measured with: recordings in memory, with what is said in them.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use capture::{CaptureError, ChannelMode, FileSource, Poll, Source};
use serde::Deserialize;
use timeline::{
    AudioBlock, BLOCK_LEN, ChannelId, Lang, SAMPLE_RATE_HZ, SampleIdx, Span, TimedWord,
};
use transcribe::place_words;

/// A recording in memory.
#[derive(Debug, Clone)]
pub struct Audio {
    /// The file's name without its ending.
    pub name: String,
    /// What is spoken.
    pub lang: Lang,
    /// 16 kHz mono.
    pub samples: Arc<Vec<f32>>,
    /// Its transcript, where one lies beside it; with the true places of the words if the transcript tells them.
    pub script: Option<Vec<TimedWord>>,
    /// Whether the transcript tells where each word lies; else that is an estimate.
    pub exact: bool,
}

/// A line of a transcript, as `gids coach` reads it.
#[derive(Debug, Deserialize)]
struct Line {
    text: String,
    start_s: Option<f64>,
    end_s: Option<f64>,
    /// Where each word lies, where that is known.
    #[serde(default)]
    words: Vec<TimedWord>,
}

impl Audio {
    /// Reads a recording, its first `first_s` seconds at most, and the transcript `NAME.jsonl` beside it.
    ///
    /// # Errors
    /// It cannot be read, or the transcript beside it is none.
    pub fn read(path: &Path, lang: Lang, first_s: Option<f64>) -> anyhow::Result<Self> {
        let mut source = FileSource::open(path, ChannelMode::Mix)?;
        let most = first_s.map_or(usize::MAX, |s| (s * f64::from(SAMPLE_RATE_HZ)) as usize);
        let mut samples = Vec::new();
        while samples.len() < most {
            match source.poll()? {
                Poll::Block(block) => samples.extend(block.samples),
                Poll::Gap(_) | Poll::Pending => {}
                Poll::End => break,
            }
        }
        samples.truncate(most);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let beside = path.with_extension("jsonl");
        let script = if beside.is_file() { Some(script(&beside, &samples)?) } else { None };
        let (script, exact) = script.map_or((None, false), |(words, exact)| (Some(words), exact));
        Ok(Self { name, lang, samples: Arc::new(samples), script, exact })
    }

    /// Nobody speaks, for so many seconds; the faint noise of a room, so that no stage is spared.
    #[must_use]
    pub fn silence(lang: Lang, seconds: f64) -> Self {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32 * 0.001 // −70 dBFS
        };
        let count = (seconds * f64::from(SAMPLE_RATE_HZ)) as usize;
        let samples = (0..count).map(|_| noise()).collect();
        let samples = Arc::new(samples);
        Self { name: "silence".to_owned(), lang, samples, script: None, exact: false }
    }

    /// Length, in seconds.
    #[must_use]
    pub fn secs(&self) -> f64 {
        self.samples.len() as f64 / f64::from(SAMPLE_RATE_HZ)
    }

    /// Where the words truly lie, if that is known.
    #[must_use]
    pub fn true_times(&self) -> Option<&[TimedWord]> {
        self.script.as_deref().filter(|_| self.exact)
    }

    /// As a source.
    #[must_use]
    pub fn source(&self) -> Memory {
        Memory { name: self.name.clone(), samples: Arc::clone(&self.samples), at: 0, until: None }
    }
}

/// The words of a transcript, and whether it tells itself where they lie.
fn script(path: &Path, samples: &[f32]) -> anyhow::Result<(Vec<TimedWord>, bool)> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut words, mut exact) = (Vec::new(), true);
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = || format!("{}, line {}: no line of a transcript", path.display(), number + 1);
        let line: Line = serde_json::from_str(line).with_context(wrong)?;
        let (Some(start_s), Some(end_s)) = (line.start_s, line.end_s) else {
            bail!("{}: it has no start_s and end_s; add them, or move the file", wrong());
        };
        let at = |secs: f64| (SampleIdx::from_secs(secs).0 as usize).min(samples.len());
        if end_s * f64::from(SAMPLE_RATE_HZ) > samples.len() as f64 {
            break; // behind the first seconds that were asked for
        }
        let (start, end) = (at(start_s), at(end_s).max(at(start_s)));
        if !line.words.is_empty() {
            words.extend(line.words);
            continue;
        }
        exact = false;
        words.extend(place_words(&line.text, &samples[start..end], SampleIdx(start as u64)));
    }
    Ok((words, exact))
}

/// A recording in memory as a source.
pub struct Memory {
    name: String,
    samples: Arc<Vec<f32>>,
    at: usize,
    /// Starts again from its beginning until so many samples were given.
    until: Option<usize>,
}

impl Memory {
    /// Over and over, for so many seconds.
    #[must_use]
    pub fn again_for(mut self, seconds: f64) -> Self {
        self.until = Some((seconds * f64::from(SAMPLE_RATE_HZ)) as usize);
        self
    }
}

impl Source for Memory {
    fn poll(&mut self) -> Result<Poll, CaptureError> {
        let end = self.until.unwrap_or(self.samples.len());
        if self.at >= end || self.samples.is_empty() {
            return Ok(Poll::End);
        }
        let length = self.samples.len();
        let sample = |at: usize| if at < end { self.samples[at % length] } else { 0.0 };
        let samples = (self.at..self.at + BLOCK_LEN).map(sample).collect();
        let start = SampleIdx(self.at as u64);
        self.at += BLOCK_LEN;
        Ok(Poll::Block(AudioBlock { channel: ChannelId(0), start, samples }))
    }

    fn channels(&self) -> u8 {
        1
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn total(&self) -> Option<Span> {
        let end = self.until.unwrap_or(self.samples.len());
        Some(Span::new(SampleIdx::ZERO, SampleIdx(end as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut source: Memory) -> Vec<f32> {
        let mut samples = Vec::new();
        while let Poll::Block(block) = source.poll().unwrap() {
            assert_eq!(block.start.0, samples.len() as u64);
            samples.extend(block.samples);
        }
        samples
    }

    #[test]
    fn a_recording_can_start_again() {
        let samples: Vec<f32> = (0..1_000).map(|n| n as f32).collect();
        let audio = Audio {
            name: "count".to_owned(),
            lang: Lang::Nl,
            samples: Arc::new(samples),
            script: None,
            exact: false,
        };
        let once = all(audio.source());
        assert_eq!((once.len(), once[999], once[1_000]), (1_024, 999.0, 0.0));
        let again = all(audio.source().again_for(0.2));
        assert_eq!(
            (again.len(), again[999], again[1_000], again[3_199]),
            (3_584, 999.0, 0.0, 199.0)
        );
        assert_eq!(again[3_200], 0.0, "and silence to the end of the block");
    }

    #[test]
    fn the_script_lies_beside_the_recording() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.jsonl");
        let samples = vec![0.1; 32_000];
        fs::write(&path, "{\"text\": \"Ja nee\", \"start_s\": 0.5, \"end_s\": 1.5}\n\n").unwrap();
        let (words, exact) = script(&path, &samples).unwrap();
        assert_eq!((words.len(), exact), (2, false));
        assert!(words[0].start_s >= 0.5 && words[1].end_s <= 1.5, "{words:?}");
        let timed = r#"{"text": "Ja", "start_s": 0.5, "end_s": 1.5, "words": [{"text": "Ja", "start_s": 0.6, "end_s": 1.1}]}"#;
        fs::write(&path, timed).unwrap();
        let (words, exact) = script(&path, &samples).unwrap();
        assert!(exact && words[0].end_s == 1.1, "{words:?}");
        fs::write(&path, "{\"text\": \"Ja nee\"}\n").unwrap();
        let error = script(&path, &samples).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("start_s"), "{error}");
        fs::write(&path, "nonsense\n").unwrap();
        assert!(script(&path, &samples).is_err());
    }
}
