//! `gids bench speakers`: who speaks when, against recordings of which that is known.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use capture::{ChannelMode, FileSource, Source as _};
use serde::Serialize;
use speakers::{Mode, Tracker, VoiceEmbedder};
use timeline::{SampleIdx, Speaker, VoiceId};

use crate::{
    command::enrol_recording,
    diarize::{Diarization, SpokenTurn, diarize},
    runtime,
    session_run::segmenters,
};

/// Steps in which speech time is shared out.
const STEP_S: f64 = 0.01;
/// A boundary is found when it is no further off.
const BOUNDARY_S: f64 = 0.3;
/// When the early decision is due, and for turns of which length.
const EARLY_S: f64 = 1.0;
const EARLY_LEAST_S: f64 = 1.5;

/// A turn as the RTTM file has it.
#[derive(Debug, Clone, PartialEq)]
struct TrueTurn {
    start_s: f64,
    end_s: f64,
    name: String,
}

/// Counts over recordings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Score {
    /// Seconds of speech of the two that were given to the right person.
    pub right_s: f64,
    /// To another.
    pub wrong_s: f64,
    /// To nobody.
    pub missed_s: f64,
    /// The better of the two mappings of voices to people, right and wrong.
    pub best_s: (f64, f64),
    /// Turns of over 1.5 s: rightly decided 1.0 s after their start, wrongly, not at all.
    pub early: (u32, u32, u32),
    /// Turns whose start was found within 300 ms, and all.
    pub boundaries: (u32, u32),
    /// Seconds of a third person's speech, and of these given to the practitioner.
    pub third_s: (f64, f64),
}

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The folder's name.
    pub condition: String,
    /// Whether the practitioner was enrolled.
    pub enrolled: bool,
    /// Recordings.
    pub recordings: u32,
    /// What was counted.
    #[serde(flatten)]
    pub score: Score,
    /// Milliseconds from the last sample of a segment to its turns: median, 99th percentile, worst.
    pub added_ms: (f64, f64, f64),
    /// Share of one core that the voice model takes while somebody talks.
    pub load: f64,
}

/// Measures on every recording in `folder` and its folders that has an RTTM file beside it: NAME.wav, NAME.rttm with the
/// names practitioner, client and other, and, for the enrolled measure, NAME.enrol.wav.
///
/// # Errors
/// There is no such recording, one is broken, or a model failed.
pub fn run(folder: &Path, told: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    let mut embedder = runtime::voice_model()?;
    let mut rows = Vec::new();
    for condition in folders(folder)? {
        let recordings = recordings(&condition)?;
        let name =
            condition.file_name().unwrap_or(condition.as_os_str()).to_string_lossy().into_owned();
        for enrolled in [true, false] {
            let mut row = Row {
                condition: name.clone(),
                enrolled,
                recordings: 0,
                score: Score::default(),
                added_ms: (0.0, 0.0, 0.0),
                load: 0.0,
            };
            let (mut added, mut listening, mut length_s) = (Vec::new(), Duration::ZERO, 0.0);
            for recording in &recordings {
                let voice = recording.with_extension("enrol.wav");
                if enrolled && !voice.is_file() {
                    continue;
                }
                told(&recording.display().to_string());
                let mode = if enrolled {
                    Mode::Enrolled(Box::new(enrol_recording(&voice, &mut embedder)?))
                } else {
                    Mode::Cluster
                };
                let truth = read_rttm(&recording.with_extension("rttm"))?;
                let found = listen(recording, mode, &mut embedder)?;
                row.recordings += 1;
                row.score.add(&score(&truth, &found, enrolled));
                added.extend(found.added.iter().map(|t| t.as_secs_f64() * 1e3));
                listening += found.listening;
                length_s += found.length.as_secs();
            }
            if row.recordings > 0 {
                added.sort_by(f64::total_cmp);
                let at = |share: f64| {
                    added
                        .get((share * (added.len().max(1) - 1) as f64) as usize)
                        .copied()
                        .unwrap_or(0.0)
                };
                row.added_ms = (at(0.5), at(0.99), at(1.0));
                row.load = listening.as_secs_f64() / length_s;
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// The folder, where recordings lie in it, else those in it.
fn folders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !recordings(folder)?.is_empty() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut folders = Vec::new();
    for entry in list(folder)? {
        if entry.is_dir() && !recordings(&entry)?.is_empty() {
            folders.push(entry);
        }
    }
    if folders.is_empty() {
        bail!(
            "{} holds no recording with an RTTM file beside it (talk.wav, talk.rttm)",
            folder.display()
        );
    }
    Ok(folders)
}

fn recordings(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = list(folder)?;
    files.retain(|path| {
        let sound = path.extension().is_some_and(|e| e == "wav" || e == "flac");
        sound && path.with_extension("rttm").is_file()
    });
    Ok(files)
}

fn list(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}

fn listen(
    recording: &Path,
    mode: Mode,
    embedder: &mut impl VoiceEmbedder,
) -> anyhow::Result<Diarization> {
    let mut source = FileSource::open(recording, ChannelMode::Mix)?;
    let tracker = Tracker::new(mode, embedder.model().clone())?;
    let segmenters = segmenters(source.channels())?;
    diarize(&mut source, segmenters, tracker, embedder, &mut |_| {})
}

fn read_rttm(path: &Path) -> anyhow::Result<Vec<TrueTurn>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut turns = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let turn = match fields[..] {
            ["SPEAKER", _, _, start, length, _, _, name, ..] => {
                start.parse::<f64>().ok().zip(length.parse::<f64>().ok()).map(
                    |(start_s, length_s)| TrueTurn {
                        start_s,
                        end_s: start_s + length_s,
                        name: name.to_owned(),
                    },
                )
            }
            _ => None,
        };
        turns.push(turn.with_context(|| {
            format!("{}: line {} is no SPEAKER line of RTTM", path.display(), number + 1)
        })?);
    }
    Ok(turns)
}

/// The person that the truth calls `name`, as a voice; `None` for a third one.
fn person(name: &str) -> Option<u8> {
    match name {
        "practitioner" => Some(0),
        "client" => Some(1),
        _ => None,
    }
}

fn score(truth: &[TrueTurn], found: &Diarization, enrolled: bool) -> Score {
    let mut score = Score::default();
    let turns = found.joined();
    let (mut straight_s, mut crossed_s) = (0.0, 0.0);
    let end_s = truth.iter().map(|turn| turn.end_s).fold(0.0, f64::max);
    for step in 0..(end_s / STEP_S) as u64 {
        let at_s = (step as f64 + 0.5) * STEP_S;
        let at = SampleIdx::from_secs(at_s);
        let speaking: Vec<&TrueTurn> =
            truth.iter().filter(|turn| turn.start_s <= at_s && at_s < turn.end_s).collect();
        let given = turns.iter().find(|turn| turn.span.start <= at && at < turn.span.end);
        let voice = given.map(|turn| turn.voice);
        let people: Vec<u8> = speaking.iter().filter_map(|turn| person(&turn.name)).collect();
        if people.is_empty() {
            if !speaking.is_empty() {
                score.third_s.0 += STEP_S;
                if given.is_some_and(|turn| is_practitioner(turn.voice, turn.speaker)) {
                    score.third_s.1 += STEP_S;
                }
            }
            continue;
        }
        let Some(VoiceId(voice)) = voice else {
            score.missed_s += STEP_S;
            continue;
        };
        if people.contains(&voice) {
            straight_s += STEP_S
        }
        if people.iter().any(|p| voice < 2 && *p == 1 - voice) {
            crossed_s += STEP_S
        }
        if people.contains(&voice) { score.right_s += STEP_S } else { score.wrong_s += STEP_S }
    }
    // Without an enrolment voice 0 is whoever spoke first.
    let crossed = !enrolled && crossed_s > straight_s;
    let whole_s = score.right_s + score.wrong_s;
    let best_s = if crossed { crossed_s } else { straight_s };
    score.best_s = (best_s, whole_s - best_s);
    let voice_of = |name: &str| person(name).map(|p| VoiceId(if crossed { 1 - p } else { p }));
    for turn in truth {
        let Some(voice) = voice_of(&turn.name) else { continue };
        score.boundaries.1 += 1;
        let starts = turns.iter().filter(|t| t.voice == voice).map(|t| t.span.start.as_secs());
        let near = |s: f64| (s - turn.start_s).abs() <= BOUNDARY_S;
        score.boundaries.0 += u32::from(starts.into_iter().any(near));
        if turn.end_s - turn.start_s <= EARLY_LEAST_S {
            continue;
        }
        match believed(found, turn.start_s) {
            Some(guess) if guess == voice => score.early.0 += 1,
            Some(_) => score.early.1 += 1,
            None => score.early.2 += 1,
        }
    }
    score
}

/// Whose turn that began at `start_s` is taken to be when the decision is due: by the guess at who is speaking, or, in a
/// pause, by the turn that has ended since.
fn believed(found: &Diarization, start_s: f64) -> Option<VoiceId> {
    // The block in which the instant lies has just been heard.
    let due = SampleIdx::from_secs(start_s + EARLY_S + 0.032);
    let start = SampleIdx::from_secs(start_s);
    let guess =
        found.guesses.iter().take_while(|(at, _)| *at <= due).last().and_then(|(_, it)| *it);
    let over = || {
        let known = |it: &&SpokenTurn| it.known_at <= due && it.span.end > start;
        found.turns.iter().rfind(known).map(|it| it.at_once)
    };
    guess.map(|guess| guess.voice).or_else(over)
}

fn is_practitioner(voice: VoiceId, speaker: Speaker) -> bool {
    voice != VoiceId::STRANGER && speaker == Speaker::Practitioner
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.right_s += other.right_s;
        self.wrong_s += other.wrong_s;
        self.missed_s += other.missed_s;
        self.best_s.0 += other.best_s.0;
        self.best_s.1 += other.best_s.1;
        self.early.0 += other.early.0;
        self.early.1 += other.early.1;
        self.early.2 += other.early.2;
        self.boundaries.0 += other.boundaries.0;
        self.boundaries.1 += other.boundaries.1;
        self.third_s.0 += other.third_s.0;
        self.third_s.1 += other.third_s.1;
    }
}

/// The table for the terminal.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:10} {:8} {:>4} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>16} {:>6}\n",
        "folder",
        "enrolled",
        "n",
        "right",
        "missed",
        "early",
        "(none)",
        "bounds",
        "third",
        "added ms 50/99/max",
        "load"
    );
    for row in rows {
        let score = &row.score;
        let (right, wrong) =
            if row.enrolled { (score.right_s, score.wrong_s) } else { score.best_s };
        let percent = |part: f64, whole: f64| {
            if whole > 0.0 { format!("{:.1} %", 100.0 * part / whole) } else { "-".to_owned() }
        };
        let (yes, no, none) = score.early;
        let early = f64::from(yes + no + none);
        writeln!(
            text,
            "{:10} {:8} {:4} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6.1}/{:4.1}/{:5.1} {:>6}",
            row.condition,
            if row.enrolled { "yes" } else { "no" },
            row.recordings,
            percent(right, right + wrong),
            percent(score.missed_s, right + wrong + score.missed_s),
            percent(f64::from(yes), early),
            percent(f64::from(none), early),
            percent(f64::from(score.boundaries.0), f64::from(score.boundaries.1)),
            percent(score.third_s.0 - score.third_s.1, score.third_s.0),
            row.added_ms.0,
            row.added_ms.1,
            row.added_ms.2,
            percent(row.load, 1.0),
        )
        .expect("a string takes all");
    }
    text
}

/// What the columns mean.
pub const LEGEND: &str = "right: speech time given to the right person, of all that was given to anybody (not enrolled: the better of the two \
mappings); missed: given to nobody; early: turns of over 1.5 s with the right speaker 1.0 s after their start (none: nobody was named yet); \
bounds: turns whose start is within 300 ms; third: a third person's time that is not given to the practitioner; added: from a segment's \
last sample to its turns; load: of one core, while the recording lasts.";

#[cfg(test)]
mod tests {
    use timeline::Span;

    use super::*;

    fn found(turns: &[(f64, f64, u8)]) -> Diarization {
        let turns = turns.iter().map(|(start_s, end_s, voice)| SpokenTurn {
            span: Span::from_secs(*start_s, *end_s),
            voice: VoiceId(*voice),
            speaker: if *voice == 0 { Speaker::Practitioner } else { Speaker::Client },
            confidence: 0.9,
            at_once: VoiceId(*voice),
            known_at: SampleIdx::from_secs(*end_s),
        });
        Diarization { turns: turns.collect(), ..Diarization::default() }
    }

    fn truth(turns: &[(f64, f64, &str)]) -> Vec<TrueTurn> {
        let turns = turns.iter().map(|(start_s, end_s, name)| TrueTurn {
            start_s: *start_s,
            end_s: *end_s,
            name: (*name).to_owned(),
        });
        turns.collect()
    }

    #[test]
    fn time_goes_to_the_right_the_wrong_or_nobody() {
        let truth = truth(&[(0.0, 2.0, "practitioner"), (2.0, 4.0, "client"), (4.0, 5.0, "other")]);
        let score = score(
            &truth,
            &found(&[(0.0, 2.5, 0), (2.5, 3.5, 1), (4.0, 4.4, 0), (4.4, 5.0, 2)]),
            true,
        );
        let near = |a: f64, b: f64| (a - b).abs() < 0.021;
        assert!(
            near(score.right_s, 3.0) && near(score.wrong_s, 0.5) && near(score.missed_s, 0.5),
            "{score:?}"
        );
        assert!(near(score.third_s.0, 1.0) && near(score.third_s.1, 0.4), "{score:?}");
        assert_eq!(score.boundaries, (1, 2));
    }

    #[test]
    fn without_an_enrolment_the_better_mapping_counts() {
        let truth = truth(&[(0.0, 3.0, "client"), (3.0, 4.0, "practitioner")]);
        let score = score(&truth, &found(&[(0.0, 3.0, 0), (3.0, 4.0, 1)]), false);
        assert!(score.best_s.0 > 3.9 && score.best_s.1 < 0.1, "{score:?}");
        assert_eq!(score.boundaries, (2, 2));
    }
}
