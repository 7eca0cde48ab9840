//! What of the client's statements can be said back, and how.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use timeline::{Code, Lang};

use crate::{
    apt::Apt,
    clause::{self, Clause, clauses},
    dutch, english,
    lexicon::Lexicon,
    state::{DialogueState, Side, Statement},
    text::{Word, words},
    transform,
};

/// So far behind the first word of a clause its verb stands.
const THIRD_WITHIN: usize = 4;
/// A clause about something else has so many words at least.
const THIRD: usize = 5;

/// A clause said back, and how it was said.
#[derive(Clone)]
pub(crate) struct Said<'a> {
    pub statement: &'a Statement,
    /// As the practitioner says it.
    pub turned: String,
    /// As the client said it.
    pub clause: Vec<Word>,
    /// How often a "but" stands before it in its statement.
    pub buts: usize,
    pub shape: Shape,
    /// It weighs on the client.
    pub weighs: bool,
    /// It stands for all of what was meant: no "but" takes it back, and no half of a sentence is left out.
    pub whole: bool,
    /// It is the first half of "X and Y", or holds only with what stands before it.
    pub halved: bool,
}

/// What a clause is, for the wordings that it fits into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Clause,
    /// Something that the client can or is going to do: bare, it would be an order.
    Intent,
    /// No verb, or the first word points back.
    Fragment,
}

pub(crate) struct Sayable<'a> {
    state: &'a DialogueState,
    lexicon: &'a Lexicon,
    pub apt: Apt<'a>,
    /// Several techniques look at the same statement.
    made: RefCell<BTreeMap<&'a str, Rc<[Said<'a>]>>>,
}

impl<'a> Sayable<'a> {
    pub(crate) fn new(state: &'a DialogueState, lexicon: &'a Lexicon, apt: Apt<'a>) -> Self {
        Self { state, lexicon, apt, made: RefCell::default() }
    }

    /// All that can be said back of `statement`: its clauses in order, then the pairs of them.
    pub(crate) fn of(&self, statement: &'a Statement) -> Rc<[Said<'a>]> {
        if let Some(made) = self.made.borrow().get(statement.id.as_str()) {
            return Rc::clone(made);
        }
        let made: Rc<[Said<'a>]> = self.make(statement).into();
        self.made.borrow_mut().insert(&statement.id, Rc::clone(&made));
        made
    }

    /// What stands for all of what was meant.
    pub(crate) fn whole(&self, statement: &'a Statement) -> Vec<Said<'a>> {
        self.of(statement).iter().filter(|said| said.whole).cloned().collect()
    }

    /// The same, but for what a suggestion gave back before.
    pub(crate) fn unsaid(&self, statement: &'a Statement) -> Vec<Said<'a>> {
        let mut whole = self.whole(statement);
        whole.retain(|said| self.is_new(&said.turned));
        whole
    }

    /// Whether no suggestion gave it back before.
    pub(crate) fn is_new(&self, turned: &str) -> bool {
        !self.state.given.iter().any(|given| given == turned)
    }

    /// A sentence without a verb, as it was said: "no more than eighteen a week".
    pub(crate) fn fragment(&self, statement: &'a Statement) -> Option<Said<'a>> {
        // Said of what will be done it would be an order, after a rebuke a tally.
        if statement.change == Some(Code::ChangeCommit) || !self.apt.rebuked.is_empty() {
            return None;
        }
        let mut all = clause::fragments(&statement.text, self.lexicon);
        // "Wel buiten": after the practitioner's act nobody knows who.
        if self.apt.at_once.is_none() {
            let counts = |w: &Word| {
                self.lexicon.number(w).is_some() || w.lower.chars().all(|c| c.is_ascii_digit())
            };
            all.retain(|words| words.iter().any(counts) || self.lexicon.amounts.within(words));
        }
        let turn = |words: Vec<Word>| {
            let turned = transform::fragment(&words, self.state.address(), self.lexicon).ok()?;
            self.is_new(&turned).then(|| said(statement, turned, words, Shape::Fragment))
        };
        all.into_iter().rev().find_map(turn)
    }

    fn make(&self, statement: &'a Statement) -> Vec<Said<'a>> {
        let all = self.clauses(statement);
        let mut buts = 0;
        let mut out = Vec::new();
        for (i, clause) in all.iter().enumerate() {
            if let Some(said) = self.single(clause, all.get(i + 1), statement) {
                out.push(Said { buts, ..said });
            }
            buts += usize::from(clause.before_but);
        }
        out.extend(all.windows(2).filter_map(|pair| self.pair(pair, statement)));
        out
    }

    fn clauses(&self, statement: &Statement) -> Vec<Clause> {
        let text = words(&statement.text);
        let mut all = clauses(&statement.text, self.lexicon);
        // "Dus ik verzin het": what the client takes the practitioner to think.
        if text.first().is_some_and(|w| self.lexicon.infers.contains(&w.lower)) {
            let next = all.iter().skip(1).position(|clause| clause.first);
            all.drain(..next.map_or(all.len(), |at| at + 1));
        }
        all
    }

    /// A clause alone. `next` is the one behind it.
    fn single(
        &self,
        clause: &Clause,
        next: Option<&Clause>,
        statement: &'a Statement,
    ) -> Option<Said<'a>> {
        let words = self.apt.standing_alone(&clause.words);
        if !self.apt.allows(&words, statement) {
            return None;
        }
        let address = self.state.address();
        let turned = transform::turn(&words, address, self.lexicon)
            .or_else(|reject| match statement.change {
                Some(Code::ChangeNeed) => transform::turn_need(&words, address, self.lexicon),
                _ => Err(reject),
            })
            .ok()?;
        let steps = matches!(statement.change, Some(Code::ChangeCommit | Code::ChangeAbility));
        // English says "you'll", which is no order; "you can" is leave.
        let thought = words.get(1..).is_some_and(|rest| self.lexicon.thinks.at_start(rest) > 0);
        let present =
            self.lexicon.lang == Lang::Nl && !thought && dutch::is_of_now(&words, self.lexicon);
        let shape = match () {
            // "Ik begrijp het zo: dan …" has nothing to point back to.
            () if self.apt.points_back(&words) => Shape::Fragment,
            () if steps && (present || turned.starts_with("you can ")) => Shape::Intent,
            () => Shape::Clause,
        };
        let turned = match self.lexicon.lang {
            Lang::En if steps => english::as_thought(turned),
            _ => turned,
        };
        let whole = self.is_whole(clause, &words, next);
        let told = said(statement, turned, words, shape);
        let weighs = told.weighs
            || self.lexicon.tells_feeling(&told.clause)
            || self.lexicon.sustain.within(&told.clause);
        Some(Said { whole, weighs, halved: clause.halved, ..told })
    }

    /// Whether `clause`, said as `words`, stands for all that was meant.
    fn is_whole(&self, clause: &Clause, words: &[Word], next: Option<&Clause>) -> bool {
        // "It" and "that" behind another clause of the sentence are what that one is about.
        let leans = (clause.joined_by.is_some() && self.apt.is_pronoun(words))
            || (!clause.first && self.apt.points_back(words));
        // "… en dat ging goed" is only how it was.
        let judged = next.is_some_and(|next| {
            let pronoun = self.apt.is_pronoun(&next.words) || self.apt.points_back(&next.words);
            pronoun && !self.fits(clause, next)
        });
        !clause.before_but && (!clause.halved || judged) && !leans
    }

    fn fits(&self, one: &Clause, two: &Clause) -> bool {
        one.words.len() + 1 + two.words.len() <= self.lexicon.limits.clause_max_words
    }

    /// A clause about somebody or something else, as it was said: "op 1 februari stond de fles weer op tafel".
    pub(crate) fn third(&self, statement: &'a Statement) -> Option<Said<'a>> {
        if matches!(statement.side, Side::Neutral | Side::Friction) {
            return None;
        }
        let all = self.clauses(statement);
        let third = |(i, clause): (usize, &Clause)| {
            let words = &clause.words;
            // In a statement for change it is only of something, if it does not tell.
            let tells = statement.side == Side::Sustain
                || self.lexicon.tells_feeling(words)
                || self.lexicon.sustain.within(words);
            if !tells
                || !self.is_third(words)
                || words.len() < THIRD
                || self.apt.is_pronoun(words)
                || !self.apt.stands_alone(words)
                || !self.is_whole(clause, words, all.get(i + 1))
            {
                return None;
            }
            let turned = transform::fragment(words, self.state.address(), self.lexicon).ok()?;
            self.is_new(&turned).then(|| said(statement, turned, words.clone(), Shape::Fragment))
        };
        all.iter().enumerate().rev().find_map(third)
    }

    /// "De fles stond op tafel", "Wim is niet van het minderen", "thuis gaat het goed".
    fn is_third(&self, words: &[Word]) -> bool {
        let verb = |w: &Word| {
            (self.lexicon.third.contains(&w.lower) || self.lexicon.past.contains(&w.lower))
                && !self.lexicon.plural.contains(&w.lower)
        };
        let [first, second, ..] = words else { return false };
        let opens = !self.lexicon.light.contains(&first.lower)
            && !self.lexicon.subordinators.contains(&first.lower)
            && !self.lexicon.is_finite(&first.lower)
            && verb(second);
        let subject = self.lexicon.third_subjects.contains(&first.lower);
        opens || (subject && words.iter().skip(1).take(THIRD_WITHIN).any(verb))
    }

    /// "X and Y", where each can be said back.
    fn pair(&self, pair: &[Clause], statement: &'a Statement) -> Option<Said<'a>> {
        let [one, two] = pair else { return None };
        // "Die uitslag ligt er, daar kan ik niet omheen".
        let leans = two.joined_by.is_none() && !two.first && self.apt.points_back(&two.words);
        let joint = match &two.joined_by {
            Some(word) if one.halved => format!(" {word} "),
            None if leans && !one.halved => ", ".to_owned(),
            _ => return None,
        };
        if one.before_but || two.before_but || two.halved || !self.fits(one, two) {
            return None;
        }
        let clause = [one.words.clone(), two.words.clone()].concat();
        if self.apt.hangs(&one.words, statement) || !self.apt.allows(&clause, statement) {
            return None;
        }
        let address = self.state.address();
        let turned = |clause: &Clause| transform::turn(&clause.words, address, self.lexicon).ok();
        // "It gets to be four o'clock and I have nothing": what the first one is about needs no turning.
        let verb = |w: &Word| self.lexicon.third.contains(&w.lower);
        let plain = || {
            let whole = one.words.iter().any(verb);
            whole.then(|| transform::plain(&one.words, self.lexicon)).flatten()
        };
        let halves = [turned(one).or_else(plain)?, turned(two)?];
        if !halves.iter().all(|half| self.is_new(half)) {
            return None;
        }
        let turned = halves.join(&joint);
        // Not one of two sides.
        Some(Said { halved: true, ..said(statement, turned, clause, Shape::Clause) })
    }
}

fn said(statement: &Statement, turned: String, clause: Vec<Word>, shape: Shape) -> Said<'_> {
    let weighs = statement.worry || !matches!(statement.side, Side::Change | Side::Neutral);
    Said { statement, turned, clause, buts: 0, shape, weighs, whole: true, halved: false }
}
