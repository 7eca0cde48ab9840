//! Which of the client's words a suggestion is made of.
//!
//! What the client said last, and nothing that has been talked past since: a true sentence from three turns ago shows that
//! nobody listened.

use timeline::{Code, SAMPLE_RATE_HZ, Speaker, Technique};

use crate::{
    apt::{Apt, ONE_THING},
    clause,
    lexicon::Lexicon,
    phrases::Phrases,
    sayable::{Said, Sayable},
    state::{DialogueState, Side, Statement},
    text::{Word, words},
};

/// A statement older than this is no longer what the talk is about.
const STATEMENT_SECS: u64 = 120;
/// With fewer words of content a turn says so little that the one before it still counts.
const THIN_TURN: usize = 4;
/// With fewer there is nothing to ask after.
const LEAST: usize = 2;
/// A summary gathers so much talk at least: minutes, and statements of the client.
const SUMMARY_SECS: u64 = 180;
const SUMMARY_STATEMENTS: usize = 6;
/// With more words of content the client has named both sides.
const BOTH_TOLD: usize = 10;
/// So many words say enough.
const LONG: usize = 12;
/// So many words of content in the client's last turn make it openness that can be named.
const DISCLOSURE: usize = 8;

pub(crate) struct Chooser<'a> {
    state: &'a DialogueState,
    lexicon: &'a Lexicon,
    sayable: Sayable<'a>,
}

impl<'a> Chooser<'a> {
    pub(crate) fn new(
        state: &'a DialogueState,
        lexicon: &'a Lexicon,
        rebuked: Vec<Word>,
        grave: bool,
    ) -> Self {
        let at_once = (state.last_speaker == Some(Speaker::Client)).then_some(state.client_turns);
        let apt = Apt { lexicon, rebuked, grave, at_once };
        Self { state, lexicon, sayable: Sayable::new(state, lexicon, apt) }
    }

    /// The statements of the client's last turn, the newest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &'a Statement> {
        let state = self.state;
        state.statements.iter().rev().take_while(move |s| {
            s.turn == state.client_turns && state.now.since(s.at) <= seconds(STATEMENT_SECS)
        })
    }

    /// The same, and those of the turn before where the last one says little more than yes to it.
    pub(crate) fn near(&self) -> impl Iterator<Item = &'a Statement> {
        let content: usize = self.latest().map(|s| self.content(&words(&s.text))).sum();
        // A "ja, superveel" says more of the same.
        let sided = self.latest().any(|s| !matches!(s.side, Side::Neutral | Side::Friction));
        let back = u32::from(content < THIN_TURN && sided);
        self.last_turns(1 + back)
    }

    fn last_turns(&self, count: u32) -> impl Iterator<Item = &'a Statement> {
        let state = self.state;
        state.statements.iter().rev().take_while(move |s| {
            s.turn + count > state.client_turns && state.now.since(s.at) <= seconds(STATEMENT_SECS)
        })
    }

    /// The clause that best stands for what the client said last: change talk is never passed over.
    pub(crate) fn best(&self) -> Option<Said<'a>> {
        let change = |s: &&Statement| matches!(s.side, Side::Change | Side::Both);
        // What came before something that was given back already is past.
        // A "but" takes back what was said before it.
        let mut taken_back = false;
        let standing: Vec<_> = self
            .near()
            .take_while(|s| {
                let stands = !s.reflected && !taken_back;
                taken_back |= clause::starts_against(&s.text, self.lexicon);
                stands
            })
            .collect();
        let fresh = || standing.iter().copied();
        let latest = || fresh().filter(|s| s.turn == self.state.client_turns);
        fresh()
            .filter(change)
            .chain(fresh().filter(|s| !change(s)))
            .find_map(|statement| {
                self.sayable.unsaid(statement).into_iter().max_by_key(|said| self.score(said))
            })
            .or_else(|| latest().find_map(|statement| self.sayable.third(statement)))
            .or_else(|| latest().find_map(|statement| self.sayable.fragment(statement)))
    }

    /// What the client wishes for or complains of: there is more of that to draw out.
    pub(crate) fn wished(&self) -> Option<Said<'a>> {
        let wishes = |s: &&Statement| {
            let drawn = [Code::ChangeDesire, Code::ChangeReason, Code::ChangeNeed];
            s.side == Side::Change && s.change.is_some_and(|code| drawn.contains(&code))
        };
        let fresh = self.latest().take_while(|s| !s.reflected && !s.worry);
        // "Tell me more" of what is wished for or felt; of a fact it would be an interrogation.
        let tells = |said: &Said<'_>| {
            let own = said.clause.iter().any(|w| self.lexicon.subjects.contains(&w.lower));
            own && (self.lexicon.wants.within(&said.clause)
                || self.lexicon.tells_feeling(&said.clause))
        };
        fresh.filter(wishes).find_map(|s| {
            let all = self.sayable.unsaid(s).into_iter().filter(tells);
            all.max_by_key(|said| self.score(said))
        })
    }

    /// A clause with a word of worry in it.
    pub(crate) fn worry(&self) -> Option<Said<'a>> {
        let worried = self.near().filter(|s| s.worry && !s.reflected);
        worried
            .flat_map(|s| self.sayable.unsaid(s))
            .find(|said| self.lexicon.tells_worry(&said.clause))
    }

    /// A clause that tells of an effort, whose meaning is another one than the client gives it.
    pub(crate) fn effort(&self) -> Option<Said<'a>> {
        // Where more is told, the effort may be the least of it.
        let short = |s: &&Statement| words(&s.text).len() <= ONE_THING;
        let disappointed =
            |s: &&Statement| matches!(s.side, Side::Sustain | Side::Both) && short(s);
        let statements = self.near().filter(|s| !s.reflected).filter(disappointed);
        statements
            .flat_map(|s| self.sayable.unsaid(s))
            .find(|said| self.lexicon.tells_effort(&said.clause))
    }

    /// A clause that tells of something that went well, while the client doubts.
    pub(crate) fn success(&self) -> Option<Said<'a>> {
        let doubts = self.latest().any(|s| s.worry || matches!(s.side, Side::Sustain | Side::Both));
        let statements = doubts.then(|| self.last_turns(2)).into_iter().flatten();
        let told = statements.filter(|s| !s.reflected && s.side != Side::Friction);
        told.flat_map(|s| self.sayable.whole(s))
            .find(|said| self.lexicon.tells_success(&said.clause))
    }

    /// What stands in the way, in the client's words.
    pub(crate) fn stumbling_block(&self) -> Option<Said<'a>> {
        let against = |s: &&Statement| matches!(s.side, Side::Sustain | Side::Both);
        let statements = self.near().filter(|s| !s.reflected).filter(against);
        statements.flat_map(|s| self.sayable.unsaid(s)).find(|said| self.is_sustain(said))
    }

    /// Sustain and change, the newest of either in the client's last two turns.
    pub(crate) fn two_sides(&self) -> Option<[Said<'a>; 2]> {
        let fresh = || self.last_turns(2).filter(|s| !s.reflected);
        let sustain = fresh().find_map(|s| self.sustain_of(s))?;
        let change = fresh().find_map(|s| self.change_of(s))?;
        let new = self.sayable.is_new(&sustain.turned) || self.sayable.is_new(&change.turned);
        if new { differ(sustain, change) } else { None }
    }

    /// What stands apart from a goal that the client named at any time, and the goal.
    pub(crate) fn discrepancy(&self) -> Option<[Said<'a>; 2]> {
        // What was said just now comes before what stands apart from it.
        if self.latest().any(|s| !self.sayable.unsaid(s).is_empty()) {
            return None;
        }
        let today = self.near().filter(|s| !s.reflected).find_map(|s| self.sustain_of(s))?;
        // "En op dit moment: 's avonds …" has two times; "dat ga je niet beloven" is of another thing.
        let first = today.clause.first()?;
        let subject = !self.sayable.apt.hangs(&today.clause, today.statement)
            && (self.lexicon.subjects.contains(&first.lower)
                || self.lexicon.third_subjects.contains(&first.lower));
        let wished = |s: &&Statement| s.change == Some(Code::ChangeDesire);
        let goals = self.state.statements.iter().rev().filter(wished);
        let mut goals = goals.flat_map(|s| self.sayable.whole(s));
        let goal =
            goals.find(|said| self.lexicon.wants.within(&said.clause) && !self.is_sustain(said))?;
        if subject { differ(today, goal) } else { None }
    }

    /// Both sides after some minutes of talk.
    pub(crate) fn summary(&self) -> Option<[Said<'a>; 2]> {
        let state = self.state;
        let since = || state.statements.iter().rev().filter(|s| s.at > state.summed_up);
        if state.now.since(state.summed_up) < seconds(SUMMARY_SECS)
            || since().count() < SUMMARY_STATEMENTS
        {
            return None;
        }
        let sustain = since().find_map(|s| self.sustain_of(s))?;
        let change = since().find_map(|s| self.change_of(s))?;
        differ(sustain, change)
    }

    /// Whether there is something for a technique without the client's words to take hold of.
    pub(crate) fn calls_for(&self, technique: Technique) -> bool {
        let newest = self.state.statements.back();
        let has = |wanted: fn(&Statement) -> bool| self.latest().any(wanted);
        match technique {
            // "What would that give you?" after a wish, not after a complaint that is a reason.
            Technique::EvokeChangeTalk => self.latest().any(|s| {
                let said = words(&s.text);
                let number = said.iter().any(|w| self.lexicon.number(w).is_some());
                let asks = s.text.contains('?') || number || self.content(&said) < LEAST;
                !asks && s.change.is_some_and(|code| code != Code::ChangeReason)
                    || (!asks && s.change.is_some() && self.lexicon.wants.within(&words(&s.text)))
            }),
            Technique::ExploreBothSides => {
                // Who has named both at length is not asked for them.
                let told: usize = self.latest().map(|s| self.content(&words(&s.text))).sum();
                if told > BOTH_TOLD {
                    return false;
                }
                has(|s| s.side == Side::Both)
                    || (has(|s| s.side == Side::Change) && has(|s| s.side == Side::Sustain))
            }
            // Over change talk it would sound like giving up.
            Technique::Autonomy => {
                // Who asks something wants an answer.
                let asks = newest.is_some_and(|s| s.text.contains('?'));
                !asks && !self.sayable.apt.grave && newest.is_none_or(|s| s.side != Side::Change)
            }
            Technique::AskPermission => newest
                .is_none_or(|s| s.side != Side::Friction && s.change != Some(Code::ChangeCommit)),
            Technique::Affirmation => {
                let sided = |s: &&Statement| !matches!(s.side, Side::Friction | Side::Neutral);
                let open = self.latest().filter(sided);
                open.map(|s| self.content(&words(&s.text))).sum::<usize>() >= DISCLOSURE
            }
            _ => true,
        }
    }

    /// A clause of the side of sustain talk. Its words tell; in a statement of both sides also that it is the one, of two
    /// around a "but", that wishes for nothing.
    fn sustain_of(&self, statement: &'a Statement) -> Option<Said<'a>> {
        let all = self.sided(statement, Side::Sustain);
        let change = all.iter().find(|said| self.is_change(said)).map(|said| said.buts);
        let apart = |said: &&Said<'_>| change.is_none_or(|buts| buts != said.buts);
        let told = all.iter().position(|said| self.is_sustain(said) && apart(&said));
        let other = || {
            let change = change.filter(|_| statement.side == Side::Both)?;
            all.iter().position(|said| said.buts != change && !self.is_change(said))
        };
        let at = told.or_else(other)?;
        all.into_iter().nth(at)
    }

    fn change_of(&self, statement: &'a Statement) -> Option<Said<'a>> {
        self.sided(statement, Side::Change).into_iter().find(|said| self.is_change(said))
    }

    /// The clauses of a statement that takes `side`, or both.
    fn sided(&self, statement: &'a Statement, side: Side) -> Vec<Said<'a>> {
        if statement.side == side || statement.side == Side::Both {
            // The other side comes before it, so that it has to stand alone.
            let alone = |said: &Said<'_>| self.sayable.apt.stands_alone(&said.clause);
            let all = self.sayable.of(statement);
            all.iter().filter(|said| !said.halved && alone(said)).cloned().collect()
        } else {
            Vec::new()
        }
    }

    fn is_change(&self, said: &Said<'_>) -> bool {
        // What others want is no change talk.
        let own = said.clause.iter().any(|w| self.lexicon.subjects.contains(&w.lower));
        let changes =
            self.lexicon.change.within(&said.clause) || self.lexicon.wants.within(&said.clause);
        let changes = changes && own;
        changes && !self.is_sustain(said)
    }

    fn is_sustain(&self, said: &Said<'_>) -> bool {
        self.lexicon.sustain.within(&said.clause)
    }

    fn content(&self, said: &[Word]) -> usize {
        said.iter().filter(|w| !self.lexicon.light.contains(&w.lower)).count()
    }

    fn score(&self, said: &Said<'_>) -> i32 {
        let has = |list: &Phrases| i32::from(list.within(&said.clause));
        // What speaks against change is the point only of a statement that does.
        let (against, for_change) = match said.statement.side {
            Side::Change => (0, 2),
            Side::Both => (1, 2),
            _ => (2, 1),
        };
        let steps = i32::from(said.statement.side == Side::Change) * 2 * has(&self.lexicon.steps);
        let wants = i32::from(self.lexicon.wants.within(&said.clause));
        let first = said.clause.first();
        let subject = first.is_some_and(|w| self.lexicon.subjects.contains(&w.lower));
        against * has(&self.lexicon.sustain)
            + for_change * has(&self.lexicon.change).max(2 * wants)
            + steps
            + 5 * i32::from(self.lexicon.tells_worry(&said.clause))
            + 2 * i32::from(self.lexicon.tells_feeling(&said.clause))
            + 2 * i32::from(subject)
            - 2 * i32::from(self.sayable.apt.points_back(&said.clause))
            + self.content(&said.clause).min(4) as i32
            // In blind readings nine words and more were found good far more often than five.
            + said.clause.len().min(LONG) as i32 / 3
    }
}

/// Two clauses, if they are two sides: what stands in one statement without a "but" is one.
fn differ<'a>(one: Said<'a>, two: Said<'a>) -> Option<[Said<'a>; 2]> {
    let apart = one.statement.id != two.statement.id || one.buts != two.buts;
    (apart && one.turned != two.turned).then_some([one, two])
}

fn seconds(secs: u64) -> u64 {
    secs * u64::from(SAMPLE_RATE_HZ)
}
