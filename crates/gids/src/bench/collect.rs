//! What the events of a session say, by the instants at which they came out.

use std::collections::{BTreeMap, HashMap};

use timeline::{EventKind, Rung, SampleIdx, SessionEvent, TimedWord, UtteranceEvent};

use super::Run;

/// A word that was heard is no word that was said farther off: a "de" in another sentence. The estimates are far better.
const FARTHEST_S: f64 = 1.0;
/// Speech ends at a word; the voice activity model is not farther off.
const NEAREST_S: f64 = 0.4;

/// Takes the time of each event. Where the true places of the words are known, the clocks run from them; else from the
/// session's own estimates.
#[derive(Debug, Default)]
pub struct Collected {
    /// Every final word, in order.
    words: Vec<HeardWord>,
    finals: Vec<Told>,
    cues: Vec<Told>,
    early: u64,
    text: String,
    rungs: BTreeMap<Rung, f64>,
    /// Partials of segments that are not closed.
    open: HashMap<u64, Open>,
    newest: Option<u64>,
}

#[derive(Debug)]
struct HeardWord {
    key: String,
    /// From when on it stood in the partials as it was in the end.
    stood_s: f64,
    /// Where it ends, as estimated.
    end_s: f64,
}

/// Something that came out at `now_s` because words had been spoken until `at_s`, the last of which is `word`.
#[derive(Debug)]
struct Told {
    now_s: f64,
    at_s: f64,
    word: Option<usize>,
}

#[derive(Debug, Default)]
struct Open {
    start_s: f64,
    end_s: f64,
    seen: Vec<Seen>,
    /// Cues made from so many of its words; the other number is theirs in `cues`.
    cues: Vec<(usize, usize)>,
}

/// The stable words at an instant.
#[derive(Debug)]
struct Seen {
    at_s: f64,
    words: Vec<String>,
}

impl Collected {
    /// Takes in an event that came out at `now_s` on the session's clock.
    pub fn take(&mut self, event: &SessionEvent, now_s: f64) {
        match &event.kind {
            EventKind::Partial { segment, start_s, text, stable_words } => {
                let words = text.split_whitespace().take(*stable_words).map(key).collect();
                let open = self.open.entry(*segment).or_default();
                (open.start_s, open.end_s) = (*start_s, event.t_s);
                open.seen.push(Seen { at_s: now_s, words });
                self.newest = Some(*segment);
            }
            EventKind::Utterance(utterance) => self.utterance(utterance, now_s),
            EventKind::Cue(cue) => {
                // A final cue comes right behind its utterance.
                let word = self.words.len().checked_sub(1).filter(|_| !cue.provisional);
                self.cues.push(Told { now_s, at_s: cue.at_s, word });
                if cue.provisional {
                    self.early += 1;
                    let open = self.newest.and_then(|segment| self.open.get_mut(&segment));
                    if let Some(open) = open
                        && let Some(seen) = open.seen.last()
                    {
                        open.cues.push((seen.words.len(), self.cues.len() - 1));
                    }
                }
            }
            EventKind::Status { rung, .. } => *self.rungs.entry(*rung).or_default() += 1.0,
            _ => {}
        }
    }

    fn utterance(&mut self, utterance: &UtteranceEvent, now_s: f64) {
        self.text.push_str(&utterance.text);
        self.text.push(' ');
        let segment = self
            .open
            .iter()
            .filter(|(_, open)| (open.start_s..open.end_s).contains(&utterance.start_s))
            .max_by(|a, b| a.1.start_s.total_cmp(&b.1.start_s))
            .map(|(segment, _)| *segment);
        let open = segment.and_then(|segment| self.open.remove(&segment)).unwrap_or_default();
        // Segments from before it came to nothing.
        self.open.retain(|_, open| open.start_s > utterance.start_s);
        let first = self.words.len();
        for (n, word) in utterance.words.iter().enumerate() {
            let key = key(&word.text);
            let stood = open.seen.iter().rev().take_while(|s| s.words.get(n) == Some(&key)).last();
            let stood_s = stood.map_or(now_s, |seen| seen.at_s);
            self.words.push(HeardWord { key, stood_s, end_s: word.end_s });
        }
        for (words, cue) in open.cues {
            self.cues[cue].word =
                (1..=utterance.words.len()).contains(&words).then(|| first + words - 1);
        }
        self.finals.push(Told { now_s, at_s: utterance.end_s, word: None });
    }

    /// The final text of the session.
    #[must_use]
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// The clock `final` by the session's own estimates, in milliseconds.
    #[must_use]
    pub fn final_ms(&self) -> Vec<f32> {
        self.finals.iter().map(|told| ms(told.now_s - told.at_s)).collect()
    }

    /// Takes in when the frame with a cue was painted: on the session's clock, with where the cue's words ended.
    pub fn painted(&mut self, at: SampleIdx, now_s: f64) {
        // The first frame that shows it; a later cue has a later place.
        let at_s = at.as_secs();
        if let Some(cue) = self.cues.iter_mut().find(|cue| (cue.at_s - at_s).abs() < 1e-3) {
            cue.now_s = now_s;
        }
    }

    /// Adds the session to a run; `truth` tells where the words truly lie.
    pub fn add_to(self, run: &mut Run, truth: Option<&[TimedWord]>) {
        let ends = truth.map(|truth| self.true_ends(truth));
        // A word that was not understood has no true place. The clock of words leaves it out; a cue's then runs from
        // the word that ends nearest to where the session took it to be, as that of a final text does: its last word
        // need not be the last one that was spoken.
        let nearest = |at_s: f64| truth.and_then(|truth| nearest_end(truth, at_s)).unwrap_or(at_s);
        let of_cue = |told: &Told| {
            let known = ends.as_ref().and_then(|ends| ends[told.word?]);
            ms(told.now_s - known.unwrap_or_else(|| nearest(told.at_s)))
        };
        run.clocks.final_text.extend(self.finals.iter().map(|t| ms(t.now_s - nearest(t.at_s))));
        run.clocks.cue.extend(self.cues.iter().map(of_cue));
        for (n, word) in self.words.iter().enumerate() {
            match ends.as_ref().map(|ends| ends[n]) {
                None => run.clocks.partial.push(ms(word.stood_s - word.end_s)),
                Some(Some(end_s)) => {
                    run.clocks.partial.push(ms(word.stood_s - end_s));
                    run.word_times_off_ms.push(ms(word.end_s - end_s).abs());
                }
                Some(None) => {}
            }
        }
        run.cues_early += self.early;
        for (rung, seconds) in self.rungs {
            match run.rungs.iter_mut().find(|(name, _)| name == rung.name()) {
                Some((_, sum)) => *sum += seconds,
                None => run.rungs.push((rung.name().to_owned(), seconds)),
            }
        }
    }

    /// The true end of each word that was understood: the most words that are the same, in order, and about when they
    /// were heard.
    fn true_ends(&self, truth: &[TimedWord]) -> Vec<Option<f64>> {
        let said: Vec<String> = truth.iter().map(|word| key(&word.text)).collect();
        let (rows, columns) = (self.words.len(), said.len());
        let same = |row: usize, column: usize| {
            let word = &self.words[row];
            word.key == said[column] && (word.end_s - truth[column].end_s).abs() <= FARTHEST_S
        };
        let mut common = vec![0_u32; (rows + 1) * (columns + 1)];
        let at = |row: usize, column: usize| row * (columns + 1) + column;
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                common[at(row, column)] = if same(row, column) {
                    common[at(row + 1, column + 1)] + 1
                } else {
                    common[at(row + 1, column)].max(common[at(row, column + 1)])
                };
            }
        }
        let mut ends = vec![None; rows];
        let (mut row, mut column) = (0, 0);
        while row < rows && column < columns {
            if same(row, column) {
                ends[row] = Some(truth[column].end_s);
                (row, column) = (row + 1, column + 1);
            } else if common[at(row + 1, column)] >= common[at(row, column + 1)] {
                row += 1;
            } else {
                column += 1;
            }
        }
        ends
    }
}

/// The end of the word that ends nearest to `at_s`, if one does at all.
fn nearest_end(truth: &[TimedWord], at_s: f64) -> Option<f64> {
    let distance = |end_s: &f64| (end_s - at_s).abs();
    let ends = truth.iter().map(|word| word.end_s);
    ends.filter(|end_s| distance(end_s) <= NEAREST_S)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

fn ms(seconds: f64) -> f32 {
    (seconds * 1_000.0) as f32
}

fn key(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use timeline::{Cue, CueEvent, Lang, Moment, Speaker, Strength, Technique, VoiceId};

    use super::*;
    use crate::bench::sample;

    fn partial(segment: u64, text: &str, stable_words: usize) -> EventKind {
        EventKind::Partial { segment, start_s: 1.0, text: text.to_owned(), stable_words }
    }

    fn word(text: &str, end_s: f64) -> TimedWord {
        TimedWord { text: text.to_owned(), start_s: 1.0, end_s }
    }

    fn cue(at_s: f64, provisional: bool) -> EventKind {
        let cue = Cue {
            at: SampleIdx::from_secs(at_s),
            after: "u1".to_owned(),
            moment: Moment::Persuading,
            strength: Strength::Soft,
            technique: Technique::Fallback,
            mark: String::new(),
            headline: String::new(),
            suggestion: String::new(),
            lang: Lang::Nl,
            source: "u1".to_owned(),
            evidence: None,
        };
        EventKind::Cue(CueEvent { at_s, cue, provisional, taken_up: None, latency_ms: None })
    }

    fn take(collected: &mut Collected, kind: EventKind, now_s: f64) {
        collected.take(&SessionEvent::new(SampleIdx::from_secs(now_s), kind), now_s);
    }

    /// "wil" was "wou" for a while; a cue came after two words, another at the end.
    fn session() -> Collected {
        let mut collected = Collected::default();
        take(&mut collected, partial(4, "Ik wil", 1), 2.0);
        take(&mut collected, partial(4, "Ik wou wel", 2), 2.5);
        take(&mut collected, partial(4, "Ik wil wel", 2), 3.0);
        take(&mut collected, cue(2.25, true), 3.0);
        let utterance = UtteranceEvent {
            id: "u1".to_owned(),
            speaker: Speaker::Client,
            confidence: 1.0,
            voice: VoiceId(0),
            start_s: 1.2,
            end_s: 2.75,
            text: "Ik wil wel.".to_owned(),
            words: vec![word("Ik", 1.5), word("wil", 2.0), word("wel.", 2.75)],
        };
        take(&mut collected, EventKind::Utterance(utterance), 3.25);
        take(&mut collected, cue(2.75, false), 3.25);
        for rung in [Rung::Full, Rung::Full, Rung::FinalsOnly] {
            take(&mut collected, EventKind::Status { lag_ms: 0, rung }, 4.0);
        }
        collected
    }

    fn measured(truth: Option<&[TimedWord]>) -> Run {
        let mut run = sample::run("speculative");
        (run.clocks, run.rungs, run.cues_early) = (super::super::Clocks::default(), Vec::new(), 0);
        session().add_to(&mut run, truth);
        run
    }

    #[test]
    fn without_the_truth_the_estimates_count() {
        let run = measured(None);
        assert_eq!(run.clocks.partial, [500.0, 1_000.0, 500.0]);
        assert_eq!(run.clocks.final_text, [500.0]);
        assert_eq!(run.clocks.cue, [750.0, 500.0]);
        assert_eq!(run.cues_early, 1);
        assert_eq!(run.rungs, [("full".to_owned(), 2.0), ("finals_only".to_owned(), 1.0)]);
        assert!(run.word_times_off_ms.is_empty());
    }

    #[test]
    fn with_the_truth_the_clocks_run_from_it() {
        let truth = [word("Ja,", 0.5), word("ik", 1.25), word("wil", 1.75), word("wel!", 2.5)];
        let run = measured(Some(&truth));
        assert_eq!(run.clocks.partial, [750.0, 1_250.0, 750.0]);
        assert_eq!(run.clocks.final_text, [750.0]);
        assert_eq!(run.clocks.cue, [1_250.0, 750.0], "from the end of \"wil\", and of \"wel\"");
        assert_eq!(run.word_times_off_ms, [250.0, 250.0, 250.0]);
    }

    #[test]
    fn a_word_that_was_misheard_has_no_true_place() {
        let run = measured(Some(&[word("Ik", 1.25), word("vil", 1.75), word("wel", 2.5)]));
        assert_eq!(run.clocks.partial, [750.0, 750.0]);
        assert_eq!(
            run.clocks.cue,
            [500.0, 750.0],
            "the early one from the word nearest to its estimate"
        );
    }

    #[test]
    fn a_segment_that_came_to_nothing_is_not_taken_for_a_later_one() {
        let mut collected = Collected::default();
        take(&mut collected, partial(3, "Ik", 1), 1.5);
        collected.utterance(
            &UtteranceEvent {
                id: "u1".to_owned(),
                speaker: Speaker::Client,
                confidence: 1.0,
                voice: VoiceId(0),
                start_s: 90.0,
                end_s: 90.5,
                text: "Ik.".to_owned(),
                words: vec![word("Ik.", 90.5)],
            },
            91.0,
        );
        assert_eq!(collected.words[0].stood_s, 91.0);
        assert!(collected.open.is_empty());
    }

    #[test]
    fn a_painted_cue_counts_from_its_frame() {
        let mut collected = session();
        collected.painted(SampleIdx::from_secs(2.25), 3.5);
        collected.painted(SampleIdx::from_secs(9.0), 9.5);
        let mut run = sample::run("speculative");
        run.clocks.cue.clear();
        collected.add_to(&mut run, None);
        assert_eq!(run.clocks.cue, [1_250.0, 500.0]);
    }
}
