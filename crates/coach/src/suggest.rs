//! From a moment to a sentence: which technique, from which words, in which wording.

use timeline::{Code, Moment, SAMPLE_RATE_HZ, Technique};

use crate::{
    clause::clauses,
    config::CoachConfig,
    gate,
    lexicon::Lexicon,
    pack::{Pack, TECHNIQUES},
    state::{DialogueState, Side, Statement},
    text::{Word, capitalised},
    transform,
};

/// A statement older than this is no longer what the talk is about.
const STATEMENT_SECS: u64 = 120;
/// How many of the last statements a simple reflection may come from.
const REFLECT_LAST: usize = 4;
/// How many of the last statements the two sides may come from.
const SIDES_LAST: usize = 6;
/// A number on a ruler can be gone on from for this long.
const RULER_SECS: u64 = 60;
/// From the number given to the one asked about: far enough down that there are reasons in between.
const RULER_STEP: u8 = 2;
/// So much sustain talk without any change talk before it is amplified.
const AMPLIFY_AFTER: usize = 3;
/// A summary gathers so much talk at least: minutes, and statements of the client.
const SUMMARY_SECS: u64 = 180;
const SUMMARY_STATEMENTS: usize = 6;

/// A suggestion, not yet a cue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub technique: Technique,
    pub headline: String,
    pub sentence: String,
    /// The wording before it was filled.
    pub wording: String,
    /// The client's utterance whose words are in it.
    pub source: Option<String>,
}

pub(crate) struct Suggester<'a> {
    state: &'a DialogueState,
    pack: &'a Pack,
    lexicon: &'a Lexicon,
    seed: u64,
    paradox: bool,
}

/// What goes into a wording.
struct Filling {
    slots: Vec<(String, String)>,
    source: Option<String>,
    low: bool,
}

/// A clause said back, and how it was said.
struct Said<'a> {
    statement: &'a Statement,
    clause: Vec<Word>,
    turned: String,
}

impl<'a> Suggester<'a> {
    pub(crate) fn new(
        state: &'a DialogueState,
        pack: &'a Pack,
        lexicon: &'a Lexicon,
        config: &CoachConfig,
    ) -> Self {
        Self { state, pack, lexicon, seed: config.seed, paradox: config.paradox }
    }

    /// The suggestion for `moment`: the first technique whose sentence passes, in the end the one without content.
    pub(crate) fn draft(&self, moment: Moment) -> Draft {
        self.order(moment)
            .into_iter()
            .chain([Technique::Fallback])
            .find_map(|technique| self.attempt(technique))
            // Only if a pack held no fallback at all, which its check at load rules out.
            .unwrap_or_else(|| Draft {
                technique: Technique::Fallback,
                headline: self.pack.mark(moment).to_owned(),
                sentence: String::new(),
                wording: String::new(),
                source: None,
            })
    }

    fn order(&self, moment: Moment) -> Vec<Technique> {
        use Technique as T;
        let scale = self.unclear_ruler();
        let own_words = [
            T::ScalingFollowUp,
            T::Reframe,
            T::ReflectionDoubleSided,
            T::ReflectionComplex,
            T::ReflectionSimple,
        ];
        let times = self.state.shown.get(&moment).copied().unwrap_or_default();
        let (first, then): (&[T], &[T]) = match moment {
            Moment::UnsolicitedAdvice => {
                (&own_words, &[T::SupportSelfEfficacy, T::AskPermission, T::Autonomy])
            }
            Moment::Persuading => (&own_words, &[T::Autonomy, T::ExploreBothSides]),
            // What the client wishes for weighs more than what the practitioner fears.
            Moment::Warning => (&own_words, &[T::DevelopDiscrepancy, T::Autonomy, scale]),
            Moment::Confronting => (&own_words, &[T::Affirmation, T::Autonomy]),
            Moment::PrematureReassurance => (&own_words[3..], &[T::SupportSelfEfficacy]),
            Moment::PrematurePlanning => (
                &[T::ScalingFollowUp, scale],
                &[T::Summary, T::ReflectionDoubleSided, T::ReflectionSimple],
            ),
            Moment::QuestionTrap => (
                &[T::Summary, T::ReflectionDoubleSided, T::ReflectionComplex, T::ReflectionSimple],
                &[],
            ),
            Moment::MissedChangeTalk => {
                (&[T::ReflectionDoubleSided], &[T::EvokeChangeTalk, T::DevelopDiscrepancy])
            }
            Moment::YesBut if self.is_stuck() => {
                let stuck: &[T] = if self.paradox {
                    &[T::ReflectionAmplified, T::Paradox, T::ShiftFocus, T::Autonomy]
                } else {
                    &[T::ReflectionAmplified, T::ShiftFocus, T::Autonomy]
                };
                (&own_words[1..], stuck)
            }
            // The first answer to resistance gives it back; the next ones move on from it.
            Moment::YesBut => match times % 3 {
                0 => (&own_words[1..], &[T::AgreeWithTwist, T::Autonomy]),
                1 => (
                    &[T::AgreeWithTwist, T::Reframe, T::ReflectionDoubleSided, T::ReflectionSimple],
                    &[T::Autonomy],
                ),
                _ => (&[T::ShiftFocus, T::Autonomy, T::ReflectionSimple], &[]),
            },
            Moment::ChangeTalkHeard => {
                (&own_words[..1], &[T::SupportSelfEfficacy, T::EvokeChangeTalk])
            }
            Moment::Ambivalence => {
                (&own_words[2..3], &[T::DevelopDiscrepancy, T::ExploreBothSides])
            }
        };
        // The same moment again: the other of the moves without the client's words, so that it does not become a drone.
        let mut then = then.to_vec();
        if times % 2 == 1 && moment != Moment::YesBut {
            then.reverse();
        }
        first.iter().copied().chain(then).collect()
    }

    fn attempt(&self, technique: Technique) -> Option<Draft> {
        let filling = match technique {
            Technique::ScalingFollowUp => self.ruler_filling()?,
            Technique::ReflectionDoubleSided => self.two_sides()?,
            Technique::ReflectionComplex => self.reflection(self.worry()?),
            Technique::ReflectionSimple => self.reflection(self.best()?),
            Technique::Reframe => self.reflection(self.effort()?),
            Technique::SupportSelfEfficacy => self.reflection(self.success()?),
            Technique::AgreeWithTwist => self.reflection(self.stumbling_block()?),
            Technique::DevelopDiscrepancy => self.discrepancy()?,
            Technique::Summary => self.summary()?,
            _ => Filling { slots: Vec::new(), source: None, low: false },
        };
        self.worded(technique, filling)
    }

    /// The first wording that is not used up and fits.
    fn worded(&self, technique: Technique, filling: Filling) -> Option<Draft> {
        let wordings = self.pack.wordings(technique)?;
        let address = self.state.address();
        let sentences =
            if filling.low { wordings.low(address) } else { wordings.sentences(address) };
        let used = |w: &String| self.state.said.iter().rposition(|s| s == w);
        let mut order: Vec<usize> = (0..sentences.len())
            // No wording twice in a session; where all else fails there is but one thing to say.
            .filter(|&i| technique == Technique::Fallback || used(&sentences[i]).is_none())
            .collect();
        // In the order of the seed, of the last resort the one used longest ago.
        order.sort_by_key(|&i| {
            (used(&sentences[i]).map_or(0, |at| at + 1), self.shuffled(technique, i))
        });
        let (wording, sentence) =
            order.into_iter().map(|i| (&sentences[i], fill(&sentences[i], &filling.slots))).find(
                |(_, sentence)| gate::check_sentence(sentence, technique, self.lexicon).is_ok(),
            )?;
        let times = self.state.said.iter().filter(|s| sentences.contains(s)).count();
        let turn = self.shuffled(technique, 0) as usize % wordings.headlines.len() + times;
        Some(Draft {
            technique,
            headline: wordings.headlines[turn % wordings.headlines.len()].clone(),
            sentence,
            wording: wording.clone(),
            source: filling.source,
        })
    }

    fn ruler_filling(&self) -> Option<Filling> {
        let ruler = self.state.ruler.as_ref()?;
        if ruler.followed_up || !self.is_within(ruler.at, RULER_SECS) {
            return None;
        }
        let low = ruler.number < RULER_STEP;
        let mut slots = number_slots("n", ruler.number, self.lexicon);
        slots.extend(if low {
            number_slots("higher", ruler.number + RULER_STEP, self.lexicon)
        } else {
            number_slots("lower", ruler.number - RULER_STEP, self.lexicon)
        });
        Some(Filling { slots, source: Some(ruler.id.clone()), low })
    }

    fn reflection(&self, said: Said<'_>) -> Filling {
        Filling {
            slots: clause_slots("clause", &said.turned),
            source: Some(said.statement.id.clone()),
            low: false,
        }
    }

    /// The clause that best stands for what the client said last.
    fn best(&self) -> Option<Said<'a>> {
        let mut recent: Vec<(i32, &Statement)> = self
            .recent(REFLECT_LAST)
            .enumerate()
            .filter(|(age, s)| !s.reflected && (*age == 0 || s.side != Side::Neutral || s.worry))
            .map(|(age, s)| (weight(s) - age as i32, s))
            .collect();
        recent.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        recent.into_iter().find_map(|(_, statement)| {
            let takes_side = !matches!(statement.side, Side::Neutral | Side::Friction);
            let newest = self.state.statements.back().is_some_and(|s| s.id == statement.id);
            self.turned(statement)
                .into_iter()
                .filter(|said| (newest && takes_side) || !self.points_back(&said.clause))
                .max_by_key(|said| self.clause_score(said))
        })
    }

    /// A clause with a word of worry in it.
    fn worry(&self) -> Option<Said<'a>> {
        self.recent(REFLECT_LAST).filter(|s| s.worry && !s.reflected).find_map(|statement| {
            self.turned(statement).into_iter().find(|said| {
                !self.points_back(&said.clause) && self.lexicon.tells_worry(&said.clause)
            })
        })
    }

    /// A clause that tells of an effort, whose meaning is another one than the client gives it.
    fn effort(&self) -> Option<Said<'a>> {
        let disappointed =
            |s: &&Statement| matches!(s.side, Side::Sustain | Side::Both | Side::Friction);
        self.recent(REFLECT_LAST).filter(|s| !s.reflected).filter(disappointed).find_map(
            |statement| {
                self.turned(statement).into_iter().find(|said| {
                    // "Je bent gestopt" with a plan is an effort, "je hebt het niet geprobeerd" is none.
                    !self.points_back(&said.clause) && self.lexicon.tells_effort(&said.clause)
                })
            },
        )
    }

    /// A clause that tells of something that went well, while the client doubts.
    fn success(&self) -> Option<Said<'a>> {
        let doubts = self
            .recent(REFLECT_LAST)
            .any(|s| matches!(s.side, Side::Sustain | Side::Both) || s.worry);
        if !doubts {
            return None;
        }
        self.state.statements.iter().rev().filter(|s| !s.reflected).find_map(|statement| {
            self.turned(statement).into_iter().find(|said| {
                !self.points_back(&said.clause) && self.lexicon.tells_success(&said.clause)
            })
        })
    }

    /// What stands in the way, in the client's words.
    fn stumbling_block(&self) -> Option<Said<'a>> {
        let against = |s: &&Statement| matches!(s.side, Side::Sustain | Side::Both);
        self.recent(REFLECT_LAST).filter(|s| !s.reflected).filter(against).find_map(|statement| {
            self.turned(statement)
                .into_iter()
                .filter(|said| !self.points_back(&said.clause))
                .find(|said| self.has(&said.clause, &self.lexicon.sustain))
        })
    }

    /// A goal that the client named, and what stands apart from it.
    fn discrepancy(&self) -> Option<Filling> {
        let wished = |s: &&Statement| s.change.is_some_and(|code| code != Code::ChangeCommit);
        let goal = self.state.statements.iter().rev().filter(wished).find_map(|statement| {
            self.turned(statement).into_iter().find(|said| {
                !self.points_back(&said.clause)
                    && self.lexicon.wants.within(&said.clause)
                    && !self.has(&said.clause, &self.lexicon.sustain)
            })
        })?;
        // "En op dit moment: 's avonds …" has two times.
        let today =
            self.side(Side::Sustain).filter(|said| self.starts_with_subject(&said.clause))?;
        (today.turned != goal.turned).then(|| self.pair(&today, &goal))
    }

    /// Both sides after some minutes of talk.
    fn summary(&self) -> Option<Filling> {
        let least = SUMMARY_SECS * u64::from(SAMPLE_RATE_HZ);
        let since = self.state.statements.iter().filter(|s| s.at > self.state.summed_up).count();
        if self.state.now.since(self.state.summed_up) < least || since < SUMMARY_STATEMENTS {
            return None;
        }
        let newest = |side| {
            let all = self.state.statements.iter().rev();
            all.filter(|s| s.at > self.state.summed_up).find_map(|s| self.of_side(s, side))
        };
        let (sustain, change) = (newest(Side::Sustain)?, newest(Side::Change)?);
        (sustain.turned != change.turned).then(|| self.pair(&sustain, &change))
    }

    fn two_sides(&self) -> Option<Filling> {
        let sustain = self.side(Side::Sustain)?;
        let change = self.side(Side::Change)?;
        (sustain.turned != change.turned).then(|| self.pair(&sustain, &change))
    }

    fn pair(&self, sustain: &Said<'_>, change: &Said<'_>) -> Filling {
        let newest = if sustain.statement.at > change.statement.at { sustain } else { change };
        let mut slots = clause_slots("sustain", &sustain.turned);
        slots.extend(clause_slots("change", &change.turned));
        Filling { slots, source: Some(newest.statement.id.clone()), low: false }
    }

    /// The newest clause on `side`, Change or Sustain, that was not given back yet.
    fn side(&self, side: Side) -> Option<Said<'a>> {
        self.recent(SIDES_LAST).filter(|s| !s.reflected).find_map(|s| self.of_side(s, side))
    }

    /// A clause of `statement` on `side`. Its words must bear that out: where a statement holds both, they alone tell
    /// which clause is which.
    fn of_side(&self, statement: &'a Statement, side: Side) -> Option<Said<'a>> {
        if statement.side != side && statement.side != Side::Both {
            return None;
        }
        let (mine, other) = match side {
            Side::Change => (&self.lexicon.change, &self.lexicon.sustain),
            _ => (&self.lexicon.sustain, &self.lexicon.change),
        };
        self.turned(statement).into_iter().filter(|said| !self.points_back(&said.clause)).find(
            |said| {
                let clean = side != Side::Change || !self.has(&said.clause, other);
                self.has(&said.clause, mine) && clean
            },
        )
    }

    fn has(&self, clause: &[Word], set: &std::collections::BTreeSet<String>) -> bool {
        clause.iter().any(|w| set.contains(&w.lower))
    }

    fn starts_with_subject(&self, clause: &[Word]) -> bool {
        clause.first().is_some_and(|w| {
            self.lexicon.subjects.contains(&w.lower)
                || self.lexicon.third_subjects.contains(&w.lower)
        })
    }

    /// Whether the clause starts with a word like "dat", which points to something said just before.
    fn points_back(&self, clause: &[Word]) -> bool {
        clause.first().is_some_and(|w| self.lexicon.points_back.contains(&w.lower))
    }

    fn turned(&self, statement: &'a Statement) -> Vec<Said<'a>> {
        clauses(&statement.text, self.lexicon)
            .into_iter()
            .filter_map(|clause| {
                let turned = transform::turn(&clause, self.state.address(), self.lexicon).ok()?;
                Some(Said { statement, clause, turned })
            })
            .collect()
    }

    fn clause_score(&self, said: &Said<'_>) -> i32 {
        let has = |set| i32::from(self.has(&said.clause, set));
        let starts_with_subject = i32::from(
            said.clause.first().is_some_and(|w| self.lexicon.subjects.contains(&w.lower)),
        );
        let content = said.clause.iter().filter(|w| !self.lexicon.light.contains(&w.lower)).count();
        2 * has(&self.lexicon.sustain)
            + has(&self.lexicon.change)
            + 3 * i32::from(self.lexicon.tells_worry(&said.clause))
            + 2 * starts_with_subject
            + content.min(4) as i32
            - 3 * i32::from(self.points_back(&said.clause))
    }

    /// The last `most` statements that are fresh, the newest first.
    fn recent(&self, most: usize) -> impl Iterator<Item = &'a Statement> {
        let state = self.state;
        state.statements.iter().rev().take(most).take_while(move |s| {
            state.now.since(s.at) <= STATEMENT_SECS * u64::from(SAMPLE_RATE_HZ)
        })
    }

    /// Confidence where the client wants to but doubts; importance else.
    fn unclear_ruler(&self) -> Technique {
        let wants =
            self.state.statements.iter().any(|s| matches!(s.side, Side::Change | Side::Both));
        if wants { Technique::ScalingConfidence } else { Technique::ScalingImportance }
    }

    /// Whether there has been nothing but sustain talk for long.
    fn is_stuck(&self) -> bool {
        let sustain = self.state.statements.iter().filter(|s| s.side == Side::Sustain).count();
        let change =
            self.state.statements.iter().any(|s| matches!(s.side, Side::Change | Side::Both));
        sustain >= AMPLIFY_AFTER && !change
    }

    fn is_within(&self, at: timeline::SampleIdx, secs: u64) -> bool {
        self.state.now.since(at) <= secs * u64::from(SAMPLE_RATE_HZ)
    }

    /// A number that depends on nothing but the seed, the technique and the place in its list (SplitMix64).
    fn shuffled(&self, technique: Technique, index: usize) -> u64 {
        let place = TECHNIQUES.iter().position(|t| *t == technique).unwrap_or(TECHNIQUES.len());
        let mut z = self
            .seed
            .wrapping_add(((place * 64 + index + 1) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// How much a statement asks to be given back.
fn weight(statement: &Statement) -> i32 {
    let side = match statement.side {
        Side::Sustain | Side::Both => 6,
        Side::Friction | Side::Change => 4,
        Side::Neutral => 2,
    };
    side + if statement.worry { 3 } else { 0 }
}

/// A wording with samples in its slots.
pub(crate) fn filled(wording: &str, one: &str, two: &str, lexicon: &Lexicon) -> String {
    let mut slots = clause_slots("clause", one);
    slots.extend(clause_slots("sustain", one));
    slots.extend(clause_slots("change", two));
    for (name, n) in [("n", 6), ("lower", 4), ("higher", 3)] {
        slots.extend(number_slots(name, n, lexicon));
    }
    fill(wording, &slots)
}

/// A clause as it stands in a sentence, and at its start.
fn clause_slots(name: &str, clause: &str) -> Vec<(String, String)> {
    let at_start = format!("{{{}}}", capitalised(name));
    vec![(at_start, capitalised(clause)), (format!("{{{name}}}"), clause.to_owned())]
}

/// A number and its article.
fn number_slots(name: &str, n: u8, lexicon: &Lexicon) -> Vec<(String, String)> {
    let article = if lexicon.takes_an(n) { "an" } else { "a" };
    vec![
        (format!("{{{name}}}"), lexicon.number_word(n)),
        (format!("{{{name}_article}}"), article.to_owned()),
    ]
}

fn fill(wording: &str, slots: &[(String, String)]) -> String {
    slots.iter().fold(wording.to_owned(), |text, (name, value)| text.replace(name.as_str(), value))
}
