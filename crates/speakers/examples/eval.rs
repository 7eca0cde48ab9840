//! Measures who-speaks on recordings at hand (all 16 kHz, WAV or FLAC):
//!
//! - `eval dialogues FOLDER [SNR_DB]`: FOLDER holds one folder of recordings per voice. Every pair of
//!   voices gives dialogues (turns of 1–15 s, some back-channels), with the first half of each
//!   voice's recordings left to the enrolment. With SNR_DB white noise is added.
//! - `eval roleplays FOLDER`: each recording in FOLDER with a `.jsonl` beside it that holds
//!   `speaker`, `start_s` and `end_s` a line.
//!
//! - `eval enrolments FOLDER`: how many enrolments of one voice are refused, and how many of two.
//!
//! Printed else: the share of the speech time with the right speaker, and time spent per utterance.

mod common;

use std::{error::Error, path::Path, time::Instant};

use serde::Deserialize;
use speakers::{Enrolment, Mode, SpectralEmbedder, Tracker, UtteranceAudio};
use timeline::{ChannelId, SAMPLE_RATE_HZ, SampleIdx, Span, Speaker};

const RATE: usize = SAMPLE_RATE_HZ as usize;
const DIALOGUES_PER_PAIR: u64 = 6;
const TURNS: usize = 24;
const ENROLMENT_S: usize = 12;

/// An utterance whose speaker is known.
struct Known {
    samples: Vec<f32>,
    speaker: Speaker,
}

/// Seconds of speech, in all and right; the slowest utterance.
#[derive(Default, Clone, Copy)]
struct Score {
    all_s: f64,
    right_s: f64,
    /// The better of the two mappings: what the voices alone are worth.
    voices_s: f64,
    slowest_ms: f64,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.all_s += other.all_s;
        self.right_s += other.right_s;
        self.voices_s += other.voices_s;
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
    }

    fn print(&self, name: &str) {
        println!(
            "{name:42} speaker {:5.1} %  voices {:5.1} %  slowest {:4.1} ms",
            100.0 * self.right_s / self.all_s,
            100.0 * self.voices_s / self.all_s,
            self.slowest_ms
        );
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["dialogues", folder] => dialogues(Path::new(folder), None),
        ["dialogues", folder, snr_db] => dialogues(Path::new(folder), Some(snr_db.parse()?)),
        ["roleplays", folder] => roleplays(Path::new(folder)),
        ["enrolments", folder] => enrolments(Path::new(folder)),
        _ => Err("give: dialogues FOLDER [SNR_DB], roleplays FOLDER, or enrolments FOLDER".into()),
    }
}

/// `words`: log-odds given for a practitioner's utterance (minus that for a client's), as a coder
/// of the text would.
fn run(known: &[Known], mode: Mode, words: f32) -> Result<Score, Box<dyn Error>> {
    let mut tracker = Tracker::new(mode, SpectralEmbedder::new());
    let (mut score, mut same, mut crossed, mut at) = (Score::default(), 0.0, 0.0, SampleIdx::ZERO);
    let mut given = Vec::new();
    for utterance in known {
        let span = Span::new(at, at + utterance.samples.len() as u64);
        at = span.end + RATE as u64 / 2;
        let log_odds = if utterance.speaker == Speaker::Practitioner { words } else { -words };
        let audio = UtteranceAudio { channel: ChannelId(0), span, samples: &utterance.samples };
        let started = Instant::now();
        let it = tracker.push(&audio, log_odds)?;
        score.slowest_ms = score.slowest_ms.max(started.elapsed().as_secs_f64() * 1e3);
        given.push((it.voice, utterance.speaker, span.secs()));
    }
    // By the roles at the end, since a change holds for the past too.
    let roles = tracker.roles();
    for (voice, speaker, secs) in given {
        score.all_s += secs;
        if roles.iter().any(|r| r.voice == voice && r.speaker == speaker) {
            score.right_s += secs;
        }
        let first = voice.0 == 0;
        if first == (speaker == Speaker::Practitioner) { same += secs } else { crossed += secs }
    }
    score.voices_s = f64::max(same, crossed);
    Ok(score)
}

/// Twelve seconds of one voice, from several places in its recordings, and six of each of two.
fn enrolments(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut voices = Vec::new();
    for (_, files) in common::voices(folder)? {
        let audio = files.iter().map(|f| common::read(f)).collect::<Result<Vec<_>, _>>()?;
        voices.push(audio.concat());
    }
    let refused = |read: &[f32]| Enrolment::from_audio(read, &mut SpectralEmbedder::new()).is_err();
    let (mut one, mut two) = ((0, 0), (0, 0));
    for (i, a) in voices.iter().enumerate() {
        for read in a.chunks_exact(ENROLMENT_S * RATE) {
            one = (one.0 + usize::from(refused(read)), one.1 + 1);
        }
        for b in voices.iter().skip(i + 1) {
            let half = ENROLMENT_S * RATE / 2;
            for (x, y) in a.chunks_exact(half).zip(b.chunks_exact(half)).step_by(3) {
                two = (two.0 + usize::from(refused(&[x, y].concat())), two.1 + 1);
            }
        }
    }
    println!("refused: {} of {} with one voice, {} of {} with two", one.0, one.1, two.0, two.1);
    Ok(())
}

fn dialogues(folder: &Path, snr_db: Option<f32>) -> Result<(), Box<dyn Error>> {
    let mut voices = Vec::new();
    for (name, files) in common::voices(folder)? {
        let audio = files.iter().map(|f| common::read(f)).collect::<Result<Vec<_>, _>>()?;
        voices.push((name, audio));
    }
    if voices.len() < 2 {
        return Err("two voices at least are needed for a dialogue".into());
    }
    let (mut enrolled, mut cluster, mut worst) = (Score::default(), Score::default(), Vec::new());
    for a in 0..voices.len() {
        for b in (0..voices.len()).filter(|b| *b != a) {
            let (mut pair_enrolled, mut pair_cluster) = (Score::default(), Score::default());
            let half = voices[a].1.len() / 2;
            let mut read: Vec<f32> = voices[a].1[..half].concat();
            read.truncate(ENROLMENT_S * RATE);
            for seed in 0..DIALOGUES_PER_PAIR {
                let mut rng = Rng(1 + seed + 1_000 * (a * voices.len() + b) as u64);
                let known = dialogue(&voices[a].1[half..], &voices[b].1, snr_db, &mut rng);
                let mode = Mode::Enrolled(Box::new(enrol(&read)?));
                pair_enrolled.add(run(&known, mode, 0.0)?);
                pair_cluster.add(run(&known, Mode::Cluster, 0.7)?);
            }
            let name = format!("{} + {}", voices[a].0, voices[b].0);
            worst.push((
                pair_cluster.voices_s / pair_cluster.all_s,
                name,
                pair_cluster,
                pair_enrolled,
            ));
            enrolled.add(pair_enrolled);
            cluster.add(pair_cluster);
        }
    }
    worst.sort_by(|x, y| x.0.total_cmp(&y.0));
    for (_, name, pair_cluster, pair_enrolled) in worst.iter().take(12) {
        pair_cluster.print(&format!("{name}, not enrolled"));
        pair_enrolled.print(&format!("{name}, enrolled"));
    }
    enrolled.print("ALL enrolled");
    cluster.print("ALL not enrolled");
    Ok(())
}

fn enrol(read: &[f32]) -> Result<Enrolment, Box<dyn Error>> {
    Ok(Enrolment::from_audio(read, &mut SpectralEmbedder::new())?)
}

/// Turns of 1–15 s, cut from the recordings of both; each sixth one is a back-channel of 0.3–0.8 s;
/// a quarter of the turns goes on after a pause, as a further utterance.
fn dialogue(a: &[Vec<f32>], b: &[Vec<f32>], snr_db: Option<f32>, rng: &mut Rng) -> Vec<Known> {
    let mut known = Vec::new();
    let mut speaker = if rng.below(2) == 0 { Speaker::Practitioner } else { Speaker::Client };
    while known.len() < TURNS {
        let recordings = if speaker == Speaker::Practitioner { a } else { b };
        let recording = &recordings[rng.below(recordings.len())];
        let secs = match rng.below(6) {
            0 => 0.3 + 0.5 * rng.unit(),
            1 | 2 => 4.0 + 11.0 * rng.unit(),
            _ => 1.0 + 3.0 * rng.unit(),
        };
        let len = ((secs * RATE as f32) as usize).min(recording.len());
        let from = rng.below(recording.len() - len + 1);
        let mut samples = recording[from..from + len].to_vec();
        if let Some(snr_db) = snr_db {
            let power = recording.iter().map(|x| x * x).sum::<f32>() / recording.len() as f32;
            let amplitude = (3.0 * power).sqrt() * 10f32.powf(-snr_db / 20.0);
            samples.iter_mut().for_each(|x| *x += amplitude * (2.0 * rng.unit() - 1.0));
        }
        known.push(Known { samples, speaker });
        if rng.below(4) != 0 {
            speaker = speaker.other();
        }
    }
    known
}

#[derive(Deserialize)]
struct Line {
    speaker: Speaker,
    start_s: f64,
    end_s: f64,
}

fn roleplays(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (mut blind, mut total, mut count) = (Score::default(), Score::default(), 0);
    for file in common::list(folder)? {
        let truth = file.with_extension("jsonl");
        if file.extension().is_none_or(|e| e != "flac" && e != "wav") || !truth.exists() {
            continue;
        }
        let audio = common::read(&file)?;
        let mut known = Vec::new();
        for line in std::fs::read_to_string(&truth)?.lines() {
            let line: Line = serde_json::from_str(line)?;
            let at = |s: f64| SampleIdx::from_secs(s).0.min(audio.len() as u64) as usize;
            let samples = audio[at(line.start_s)..at(line.end_s)].to_vec();
            known.push(Known { samples, speaker: line.speaker });
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (without, with) = (run(&known, Mode::Cluster, 0.0)?, run(&known, Mode::Cluster, 0.7)?);
        without.print(&format!("{name}, words unknown"));
        with.print(&format!("{name}, words telling"));
        blind.add(without);
        total.add(with);
        count += 1;
    }
    if count == 0 {
        return Err(format!("{}: no recording with a .jsonl beside it", folder.display()).into());
    }
    blind.print("ALL words unknown");
    total.print("ALL words telling");
    Ok(())
}

/// xorshift64*: the same dialogues on every machine.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
}
