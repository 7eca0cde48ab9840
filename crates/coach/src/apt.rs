//! Which of the client's clauses may be said back, here and now.

use timeline::Lang;

use crate::{
    dutch,
    lexicon::Lexicon,
    state::{Side, Statement},
    text::{Word, words},
};

/// So far into a clause its finite verb stands.
const VERB_WITHIN: usize = 3;
/// A clause of so few words needs one that tells.
const SHORT_CLAUSE: usize = 3;
/// The same, where it is of being or having.
const SHORT_FACT: usize = 5;
/// A fact of so many words is worth saying back; so many where it is of being or having.
const FACT: usize = 5;
const LONG_FACT: usize = 7;
/// In so few words one thing is told.
pub(crate) const ONE_THING: usize = 16;
/// A shorter word is no sign that two sentences are of the same thing.
const TELLING_CHARS: usize = 5;

pub(crate) struct Apt<'a> {
    pub lexicon: &'a Lexicon,
    /// The practitioner's words that go against something the client did.
    pub rebuked: Vec<Word>,
    /// Somebody has just spoken of death or violence.
    pub grave: bool,
    /// The client's turn, where it is only just over: what points back there still does.
    pub at_once: Option<u32>,
}

impl Apt<'_> {
    /// Whether `clause` of `statement` may be said back.
    pub(crate) fn allows(&self, clause: &[Word], statement: &Statement) -> bool {
        let fresh = self.at_once == Some(statement.turn);
        // "Dan begin ik daarmee" hangs on two things.
        let hangs = self.hangs(clause, statement);
        let twice = self.points_back(clause) && self.is_loose(clause);
        (!hangs || (fresh && !twice))
            && !self.is_rebuked(clause)
            && !self.is_bare_fact(clause, statement)
    }

    /// The clause, so that it can be said later than at once: "toen ben ik gestopt" → "ik ben gestopt". One that is too long
    /// without the clause at its end.
    pub(crate) fn standing_alone(&self, clause: &[Word]) -> Vec<Word> {
        let moved = (self.at_once.is_none() && self.lexicon.lang == Lang::Nl)
            .then(|| dutch::uninverted(clause, self.lexicon));
        let mut clause = moved.flatten().unwrap_or_else(|| clause.to_vec());
        // "… en als ik thuiskom": what that is of comes behind it.
        let opens = (FACT - 1..clause.len().saturating_sub(1)).find(|&i| {
            self.lexicon.conjunctions.contains(&clause[i].lower)
                && self.lexicon.subordinators.contains(&clause[i + 1].lower)
        });
        clause.truncate(opens.unwrap_or(clause.len()));
        if clause.len() > self.lexicon.limits.clause_max_words {
            let cut = clause.iter().rposition(|w| self.lexicon.cut_before.contains(&w.lower));
            clause.truncate(cut.filter(|at| *at >= FACT).unwrap_or(clause.len()));
        }
        clause
    }

    /// Whether it needs something that was said before it: "dan lig ik wakker", "ik doe ze 's ochtends", "I'd get a rash".
    /// In an answer the question says what "ze" are.
    pub(crate) fn hangs(&self, clause: &[Word], statement: &Statement) -> bool {
        let Some(first) = clause.first() else { return true };
        // "Dat durf ik niet" is of what is talked about all along.
        let judges = self.lexicon.resumptive.contains(&first.lower)
            && matches!(statement.side, Side::Sustain | Side::Both)
            && (self.lexicon.sustain.within(clause) || self.lexicon.tells_feeling(clause));
        let loose = !statement.answers && self.is_loose(clause);
        (self.points_back(clause) && !judges) || loose || self.lacks_if(clause)
    }

    /// Whether it can be said beside any other clause.
    pub(crate) fn stands_alone(&self, clause: &[Word]) -> bool {
        // "Toen het terugkwam, gaf ik het op" has two parts of its own.
        let parted = clause.first().is_some_and(|w| self.lexicon.subordinators.contains(&w.lower));
        !parted && !self.points_back(clause) && !self.is_loose(clause) && !self.lacks_if(clause)
    }

    /// "Ze", "dat niet", and a "that" at the end.
    fn is_loose(&self, clause: &[Word]) -> bool {
        let ends = clause.last().is_some_and(|w| self.lexicon.determining.contains(&w.lower));
        ends || clause.get(1..).is_some_and(|rest| self.lexicon.loose.within(rest))
    }

    /// "I'd get a rash" needs its "if" or "when".
    fn lacks_if(&self, clause: &[Word]) -> bool {
        clause.iter().any(|w| self.lexicon.conditional.contains(&w.lower))
            && !self.lexicon.wants.within(clause)
            && !clause.iter().any(|w| self.lexicon.subordinators.contains(&w.lower))
    }

    /// Whether it starts with a pronoun for something that was named before it.
    pub(crate) fn is_pronoun(&self, clause: &[Word]) -> bool {
        clause.first().is_some_and(|w| self.lexicon.run_on_subjects.contains(&w.lower))
    }

    /// Whether its first word points to something said before: "dan", "dat".
    pub(crate) fn points_back(&self, clause: &[Word]) -> bool {
        let Some(first) = clause.first() else { return false };
        let second = clause.get(1);
        // "Toen ik klein was, …" brings it along.
        let brings = self.lexicon.subordinators.contains(&first.lower)
            && second.is_some_and(|w| self.lexicon.subjects.contains(&w.lower));
        // "Dat schema is …" names it.
        let names = second.is_some_and(|w| {
            let lower = w.lower.as_str();
            ![&self.lexicon.third, &self.lexicon.past, &self.lexicon.present]
                .iter()
                .any(|verbs| verbs.contains(lower))
                && !self.lexicon.irregular.contains_key(lower)
                && self.lexicon.determining.contains(&first.lower)
        });
        self.lexicon.points_back.contains(&first.lower) && !brings && !names
    }

    /// Whether it only tells what somebody is or has, takes no side at all, or says next to nothing: "ik ben fotograaf",
    /// "I've a cool bag", "I leave it".
    fn is_bare_fact(&self, clause: &[Word], statement: &Statement) -> bool {
        let tells = self.lexicon.sustain.within(clause)
            || self.lexicon.change.within(clause)
            || self.lexicon.wants.within(clause)
            || self.lexicon.tells_worry(clause)
            || self.lexicon.tells_feeling(clause)
            || self.lexicon.tells_effort(clause)
            || self.lexicon.tells_success(clause)
            || (matches!(statement.side, Side::Change | Side::Both)
                && self.lexicon.steps.within(clause));
        if tells {
            return false;
        }
        let own = clause.first().is_some_and(|w| self.lexicon.subjects.contains(&w.lower));
        let sided = match statement.side {
            Side::Neutral => false,
            Side::Friction => own,
            // "I came home from a club": of much that is told there, not what speaks for change.
            Side::Change | Side::Both => own && words(&statement.text).len() <= ONE_THING,
            Side::Sustain => true,
        };
        // "Ik ben de oudste".
        let states =
            clause.iter().take(VERB_WITHIN).any(|w| self.lexicon.states.contains(&w.lower));
        if sided {
            return clause.len() <= if states { SHORT_FACT } else { SHORT_CLAUSE };
        }
        // A fact, of the client themselves, that is more than a label: "ik ben fotograaf" is one.
        let least = if states { LONG_FACT } else { FACT };
        !own || clause.len() < least
    }

    /// Whether it is of what the practitioner has just gone against.
    fn is_rebuked(&self, clause: &[Word]) -> bool {
        let telling = |w: &&Word| {
            w.lower.chars().count() >= TELLING_CHARS && !self.lexicon.light.contains(&w.lower)
        };
        let mut told = clause.iter().filter(telling);
        told.any(|w| self.rebuked.iter().any(|r| r.lower == w.lower))
    }
}
