//! From a moment to a sentence: which technique, from which words, in which wording.

use timeline::{Moment, SAMPLE_RATE_HZ, Technique};

use crate::{
    clause::clauses,
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
}

/// What goes into a wording.
struct Filling {
    slots: Vec<(&'static str, String)>,
    source: Option<String>,
    low: bool,
    most_words: usize,
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
        seed: u64,
    ) -> Self {
        Self { state, pack, lexicon, seed }
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
            T::ReflectionDoubleSided,
            T::ReflectionComplex,
            T::ReflectionSimple,
        ];
        let (first, then): (&[T], &[T]) = match moment {
            Moment::UnsolicitedAdvice => (&own_words, &[T::AskPermission, T::Autonomy]),
            Moment::Persuading => (&own_words, &[T::Autonomy, T::ExploreBothSides]),
            Moment::Warning => (&own_words, &[T::Autonomy, scale]),
            Moment::Confronting => (&own_words, &[T::Affirmation, T::Autonomy]),
            Moment::PrematureReassurance => (&own_words[2..], &[]),
            Moment::PrematurePlanning => (&[T::ScalingFollowUp, scale], &own_words[1..]),
            Moment::QuestionTrap => (&own_words[1..], &[]),
            Moment::MissedChangeTalk => (&own_words[1..2], &[T::EvokeChangeTalk]),
            Moment::YesBut if self.is_stuck() => {
                (&own_words[1..], &[T::ReflectionAmplified, T::Autonomy])
            }
            Moment::YesBut => (&own_words[1..], &[T::Autonomy]),
            Moment::ChangeTalkHeard => (&own_words[..1], &[T::EvokeChangeTalk]),
            Moment::Ambivalence => (&own_words[1..2], &[T::ExploreBothSides]),
        };
        // The same moment again: the other kind of move first, so that the advice does not become a drone.
        let again = self.state.shown.get(&moment).is_some_and(|n| n % 2 == 1);
        if again && moment != Moment::PrematureReassurance {
            let (telling, plain): (Vec<T>, Vec<T>) = first
                .iter()
                .partition(|t| matches!(t, T::ScalingFollowUp | T::ReflectionDoubleSided));
            telling.into_iter().chain(then.iter().rev().copied()).chain(plain).collect()
        } else {
            [first, then].concat()
        }
    }

    fn attempt(&self, technique: Technique) -> Option<Draft> {
        let filling = match technique {
            Technique::ScalingFollowUp => self.ruler_filling()?,
            Technique::ReflectionDoubleSided => self.two_sides()?,
            Technique::ReflectionComplex => self.reflection(self.worry()?),
            Technique::ReflectionSimple => self.reflection(self.best()?),
            _ => Filling {
                slots: Vec::new(),
                source: None,
                low: false,
                most_words: self.lexicon.limits.sentence_max_words,
            },
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
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        // Unused ones first, in the order of the seed; then the one used longest ago.
        order.sort_by_key(|&i| {
            (used(&sentences[i]).map_or(0, |at| at + 1), self.shuffled(technique, i))
        });
        let (wording, sentence) = order
            .into_iter()
            .map(|i| (&sentences[i], fill(&sentences[i], &filling.slots)))
            .find(|(_, sentence)| gate::fits(sentence, filling.most_words))?;
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
        let article = |n| if self.lexicon.takes_an(n) { "an" } else { "a" }.to_owned();
        let mut slots = Vec::new();
        let mut put = |name, article_name, n| {
            slots.push((name, self.lexicon.number_word(n)));
            slots.push((article_name, article(n)));
        };
        put("{n}", "{n_article}", ruler.number);
        if low {
            put("{higher}", "{higher_article}", ruler.number + RULER_STEP);
        } else {
            put("{lower}", "{lower_article}", ruler.number - RULER_STEP);
        }
        Some(Filling {
            slots,
            source: Some(ruler.id.clone()),
            low,
            most_words: self.lexicon.limits.sentence_max_words,
        })
    }

    fn reflection(&self, said: Said<'_>) -> Filling {
        Filling {
            slots: vec![("{Clause}", capitalised(&said.turned)), ("{clause}", said.turned)],
            source: Some(said.statement.id.clone()),
            low: false,
            most_words: self.lexicon.limits.sentence_max_words,
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

    fn two_sides(&self) -> Option<Filling> {
        let sustain = self.side(Side::Sustain)?;
        let change = self.side(Side::Change)?;
        if sustain.turned == change.turned {
            return None;
        }
        let newest = if sustain.statement.at > change.statement.at { &sustain } else { &change };
        Some(Filling {
            source: Some(newest.statement.id.clone()),
            slots: vec![
                ("{Sustain}", capitalised(&sustain.turned)),
                ("{sustain}", sustain.turned),
                ("{change}", change.turned),
            ],
            low: false,
            most_words: self.lexicon.limits.double_sided_max_words,
        })
    }

    /// The newest clause on `side`, Change or Sustain. Its words must bear that out: where a statement holds
    /// both, they alone tell which clause is which.
    fn side(&self, side: Side) -> Option<Said<'a>> {
        let (mine, other) = match side {
            Side::Change => (&self.lexicon.change, &self.lexicon.sustain),
            _ => (&self.lexicon.sustain, &self.lexicon.change),
        };
        let has = |said: &Said<'_>, set: &std::collections::BTreeSet<String>| {
            said.clause.iter().any(|w| set.contains(&w.lower))
        };
        self.recent(SIDES_LAST).filter(|s| s.side == side || s.side == Side::Both).find_map(
            |statement| {
                self.turned(statement)
                    .into_iter()
                    .filter(|said| !self.points_back(&said.clause))
                    .find(|said| {
                        let clean = side != Side::Change || !has(said, other);
                        has(said, mine) && clean
                    })
            },
        )
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
        let has = |set: &std::collections::BTreeSet<String>| {
            i32::from(said.clause.iter().any(|w| set.contains(&w.lower)))
        };
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

fn fill(wording: &str, slots: &[(&'static str, String)]) -> String {
    slots.iter().fold(wording.to_owned(), |text, (name, value)| text.replace(name, value))
}
