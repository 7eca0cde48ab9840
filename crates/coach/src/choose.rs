//! Which of the client's words a suggestion is made of.
//!
//! What the client said last, and nothing that has been talked past since: a true sentence from three turns ago shows that
//! nobody listened.

use timeline::{Code, SAMPLE_RATE_HZ, Speaker, Technique};

use crate::{
    apt::Apt,
    clause::{self, Clause, clauses},
    lexicon::Lexicon,
    phrases::Phrases,
    state::{DialogueState, Side, Statement},
    text::{Word, words},
    transform,
};

/// A statement older than this is no longer what the talk is about.
const STATEMENT_SECS: u64 = 120;
/// With fewer words of content a turn says so little that the one before it still counts.
const THIN_TURN: usize = 4;
/// A summary gathers so much talk at least: minutes, and statements of the client.
const SUMMARY_SECS: u64 = 180;
const SUMMARY_STATEMENTS: usize = 6;
/// With more words of content the client has named both sides.
const BOTH_TOLD: usize = 10;
/// So many words of content in the client's last turn make it openness that can be named.
const DISCLOSURE: usize = 8;

/// A clause said back, and how it was said.
pub(crate) struct Said<'a> {
    pub statement: &'a Statement,
    pub turned: String,
    clause: Vec<Word>,
    /// How many a "but" stands before it in its statement.
    buts: usize,
    pub shape: Shape,
}

/// What a clause is, for the wordings that it fits into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Clause,
    /// Something that the client is going to do: bare, it would be an order.
    Intent,
    /// No verb.
    Fragment,
}

pub(crate) struct Chooser<'a> {
    state: &'a DialogueState,
    lexicon: &'a Lexicon,
    apt: Apt<'a>,
}

impl<'a> Chooser<'a> {
    pub(crate) fn new(
        state: &'a DialogueState,
        lexicon: &'a Lexicon,
        rebuked: Vec<Word>,
        grave: bool,
    ) -> Self {
        let at_once = (state.last_speaker == Some(Speaker::Client)).then_some(state.client_turns);
        Self { state, lexicon, apt: Apt { lexicon, rebuked, grave, at_once } }
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
        fresh()
            .filter(change)
            .chain(fresh().filter(|s| !change(s)))
            .find_map(|statement| self.unsaid(statement).max_by_key(|said| self.score(said)))
            .or_else(|| fresh().find_map(|statement| self.fragment(statement)))
    }

    /// A sentence without a verb, as it was said: "no more than eighteen a week".
    fn fragment(&self, statement: &'a Statement) -> Option<Said<'a>> {
        let all = clause::fragments(&statement.text, self.lexicon);
        let said = |words: Vec<Word>| {
            let turned = transform::fragment(&words, self.state.address(), self.lexicon).ok()?;
            let shape = Shape::Fragment;
            self.is_new(&turned).then_some(Said {
                statement,
                turned,
                clause: words,
                buts: 0,
                shape,
            })
        };
        all.into_iter().rev().find_map(said)
    }

    /// What the client wishes for or complains of: there is more of that to draw out.
    pub(crate) fn wished(&self) -> Option<Said<'a>> {
        let wishes = |s: &&Statement| {
            let drawn = [Code::ChangeDesire, Code::ChangeReason, Code::ChangeNeed];
            s.side == Side::Change && s.change.is_some_and(|code| drawn.contains(&code))
        };
        let fresh = self.latest().take_while(|s| !s.reflected && !s.worry);
        let points_back = |said: &Said<'_>| self.apt.points_back(&said.clause);
        fresh.filter(wishes).find_map(|s| {
            self.unsaid(s).filter(|said| !points_back(said)).max_by_key(|said| self.score(said))
        })
    }

    /// A clause with a word of worry in it.
    pub(crate) fn worry(&self) -> Option<Said<'a>> {
        let worried = self.near().filter(|s| s.worry && !s.reflected);
        worried.flat_map(|s| self.unsaid(s)).find(|said| self.lexicon.tells_worry(&said.clause))
    }

    /// A clause that tells of an effort, whose meaning is another one than the client gives it.
    pub(crate) fn effort(&self) -> Option<Said<'a>> {
        let disappointed = |s: &&Statement| matches!(s.side, Side::Sustain | Side::Both);
        let statements = self.near().filter(|s| !s.reflected).filter(disappointed);
        statements.flat_map(|s| self.unsaid(s)).find(|said| self.lexicon.tells_effort(&said.clause))
    }

    /// A clause that tells of something that went well, while the client doubts.
    pub(crate) fn success(&self) -> Option<Said<'a>> {
        let doubts = self.latest().any(|s| s.worry || matches!(s.side, Side::Sustain | Side::Both));
        let statements = doubts.then(|| self.last_turns(2)).into_iter().flatten();
        let told = statements.filter(|s| !s.reflected && s.side != Side::Friction);
        told.flat_map(|s| self.whole(s)).find(|said| self.lexicon.tells_success(&said.clause))
    }

    /// What stands in the way, in the client's words.
    pub(crate) fn stumbling_block(&self) -> Option<Said<'a>> {
        let against = |s: &&Statement| matches!(s.side, Side::Sustain | Side::Both);
        let statements = self.near().filter(|s| !s.reflected).filter(against);
        statements.flat_map(|s| self.unsaid(s)).find(|said| self.is_sustain(said))
    }

    /// Sustain and change, the newest of either in the client's last two turns.
    pub(crate) fn two_sides(&self) -> Option<[Said<'a>; 2]> {
        let fresh = || self.last_turns(2).filter(|s| !s.reflected);
        let sustain = fresh().find_map(|s| self.sustain_of(s))?;
        let change = fresh().find_map(|s| self.change_of(s))?;
        let new = self.is_new(&sustain.turned) || self.is_new(&change.turned);
        if new { differ(sustain, change) } else { None }
    }

    /// What stands apart from a goal that the client named at any time, and the goal.
    pub(crate) fn discrepancy(&self) -> Option<[Said<'a>; 2]> {
        let today = self.near().filter(|s| !s.reflected).find_map(|s| self.sustain_of(s))?;
        // "En op dit moment: 's avonds …" has two times; "dat ga je niet beloven" is of another thing.
        let first = today.clause.first()?;
        let subject = !self.apt.hangs(&today.clause, today.statement)
            && (self.lexicon.subjects.contains(&first.lower)
                || self.lexicon.third_subjects.contains(&first.lower));
        let wished = |s: &&Statement| s.change == Some(Code::ChangeDesire);
        let goals = self.state.statements.iter().rev().filter(wished);
        let mut goals = goals.flat_map(|s| self.whole(s));
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
                let asks = s.text.contains('?') || number || self.content(&said) < THIN_TURN;
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
            Technique::Autonomy => !self.apt.grave && newest.is_none_or(|s| s.side != Side::Change),
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

    /// The clauses of `statement` that can be said back and stand for all of what was meant.
    fn whole(&self, statement: &'a Statement) -> impl Iterator<Item = Said<'a>> {
        // "It" and "that" behind another clause of the sentence are what that one is about.
        let leans = |clause: &Clause| {
            let follows = clause.joined_by.is_some() && self.apt.is_pronoun(&clause.words);
            follows || (!clause.first && self.apt.points_back(&clause.words))
        };
        let single = self.turned(statement, move |clause| {
            !clause.before_but && !clause.halved && !leans(clause)
        });
        single.chain(self.pairs(statement))
    }

    /// "X and Y", where each can be said back.
    fn pairs(&self, statement: &'a Statement) -> Vec<Said<'a>> {
        let all = self.clauses(statement);
        let pair = |pair: &[Clause]| {
            let [one, two] = pair else { return None };
            let joined_by = two.joined_by.as_ref()?;
            let words = one.words.len() + 1 + two.words.len();
            let whole = one.halved && !one.before_but && !two.before_but && !two.halved;
            if !whole || words > self.lexicon.limits.clause_max_words {
                return None;
            }
            let clause = [one.words.clone(), two.words.clone()].concat();
            if self.apt.hangs(&one.words, statement) || !self.apt.allows(&clause, statement) {
                return None;
            }
            let turned = |clause: &Clause| {
                transform::turn(&clause.words, self.state.address(), self.lexicon).ok()
            };
            // "It gets to be four o'clock and I have nothing": what the first one is about needs no turning.
            let plain = |clause: &Clause| transform::plain(&clause.words, self.lexicon);
            let halves = [turned(one).or_else(|| plain(one))?, turned(two)?];
            let turned = halves.join(&format!(" {joined_by} "));
            let new = halves.iter().all(|half| self.is_new(half));
            new.then_some(Said { statement, turned, clause, buts: 0, shape: Shape::Clause })
        };
        all.windows(2).filter_map(pair).collect()
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
            let alone = |said: &Said<'_>| {
                !self.apt.hangs(&said.clause, statement) && !self.apt.points_back(&said.clause)
            };
            self.turned(statement, |clause| !clause.halved).filter(alone).collect()
        } else {
            Vec::new()
        }
    }

    /// Whether no suggestion gave it back before.
    fn is_new(&self, turned: &str) -> bool {
        !self.state.given.iter().any(|given| given == turned)
    }

    /// What [`whole`](Self::whole) gives, but for what a suggestion gave back before.
    fn unsaid(&self, statement: &'a Statement) -> impl Iterator<Item = Said<'a>> {
        self.whole(statement).filter(|said| self.is_new(&said.turned))
    }

    fn is_change(&self, said: &Said<'_>) -> bool {
        let changes =
            self.lexicon.change.within(&said.clause) || self.lexicon.wants.within(&said.clause);
        changes && !self.is_sustain(said)
    }

    fn turned(
        &self,
        statement: &'a Statement,
        wanted: impl Fn(&Clause) -> bool,
    ) -> impl Iterator<Item = Said<'a>> {
        let mut buts = 0;
        let mut out = Vec::new();
        for clause in self.clauses(statement) {
            if let Some(said) = wanted(&clause).then(|| self.said(&clause, statement)).flatten() {
                out.push(Said { buts, ..said });
            }
            buts += usize::from(clause.before_but);
        }
        out.into_iter()
    }

    fn clauses(&self, statement: &Statement) -> Vec<Clause> {
        // "Dus ik verzin het": what the client takes the practitioner to think.
        let said = words(&statement.text);
        let bitter = said.first().is_some_and(|w| self.lexicon.infers.contains(&w.lower));
        if bitter { Vec::new() } else { clauses(&statement.text, self.lexicon) }
    }

    fn said(&self, clause: &Clause, statement: &'a Statement) -> Option<Said<'a>> {
        let words = &self.apt.standing_alone(&clause.words);
        if !self.apt.allows(words, statement) {
            return None;
        }
        let address = self.state.address();
        let turned = transform::turn(words, address, self.lexicon)
            .or_else(|reject| match statement.change {
                Some(Code::ChangeNeed) => transform::turn_need(words, address, self.lexicon),
                _ => Err(reject),
            })
            .ok()?;
        let intends = statement.change == Some(Code::ChangeCommit);
        let shape = if intends { Shape::Intent } else { Shape::Clause };
        Some(Said { statement, turned, clause: words.clone(), buts: 0, shape })
    }

    fn is_sustain(&self, said: &Said<'_>) -> bool {
        self.lexicon.sustain.within(&said.clause)
    }

    fn content(&self, said: &[Word]) -> usize {
        said.iter().filter(|w| !self.lexicon.light.contains(&w.lower)).count()
    }

    fn score(&self, said: &Said<'_>) -> i32 {
        let has = |list: &Phrases| i32::from(list.within(&said.clause));
        let wants = i32::from(self.lexicon.wants.within(&said.clause));
        let first = said.clause.first();
        let subject = first.is_some_and(|w| self.lexicon.subjects.contains(&w.lower));
        2 * has(&self.lexicon.sustain)
            + has(&self.lexicon.change).max(2 * wants)
            + 5 * i32::from(self.lexicon.tells_worry(&said.clause))
            + 2 * i32::from(self.lexicon.tells_feeling(&said.clause))
            + 2 * i32::from(subject)
            - 2 * i32::from(self.apt.points_back(&said.clause))
            + self.content(&said.clause).min(4) as i32
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
