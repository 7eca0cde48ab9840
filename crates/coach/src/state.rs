//! The state of the conversation, and its one transition function.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use timeline::{Code, Moment, SampleIdx, Speaker, Strength, Technique};

use crate::{
    coach::{Heard, MadeOf},
    lexicon::Lexicon,
    moments::{self, Observed},
    text::{Word, words},
    window::PermissionWindow,
};

/// Client statements that are remembered: some minutes of talk.
const STATEMENTS: usize = 12;
/// A number that follows a ruler's question is taken as its answer in an utterance up to this long.
const RULER_ANSWER_MAX_WORDS: usize = 14;

/// Everything the coach knows of the conversation so far. The same utterances give the same state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DialogueState {
    /// End of the last utterance.
    pub now: SampleIdx,
    /// Who spoke last.
    pub last_speaker: Option<Speaker>,
    /// How often the practitioner said "je" and its kin.
    pub informal_address: u32,
    /// How often the practitioner said "u" and its kin.
    pub formal_address: u32,
    /// Whether advice is welcome.
    pub window: PermissionWindow,
    /// The client's last statements, the newest last.
    pub statements: VecDeque<Statement>,
    /// How many turns the client has had.
    pub client_turns: u32,
    /// Whether the practitioner has asked something since the client's last turn.
    pub asked_since: bool,
    /// Whether the client's present turn answers a question.
    pub answers: bool,
    /// The last number on a ruler.
    pub ruler: Option<Ruler>,
    /// Whether the practitioner's last act was a scaling question.
    pub ruler_asked: bool,
    /// Closed questions in a row, without a reflection or an open question between them.
    pub closed_questions: u32,
    /// How far the client has come.
    pub readiness: Readiness,
    /// What the two are doing, as far as it can be told.
    pub task: TaskMemo,
    /// The righting-reflex act of the practitioner's present turn.
    pub reflex: Option<String>,
    /// When the practitioner summed up last.
    pub summed_up: SampleIdx,
    /// What the practitioner's present (or, while the client speaks, last) turn holds.
    pub turn: TurnMark,
    /// The last cue.
    pub last_cue: Option<CueMemo>,
    /// How often each moment was shown.
    pub shown: BTreeMap<Moment, u32>,
    /// The wordings used, in order.
    pub said: Vec<String>,
    /// The client's clauses that suggestions gave back, as they were said back.
    pub given: Vec<String>,
}

/// How the practitioner addresses the client, where the language has a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// Dutch "je"; English "you".
    Informal,
    /// Dutch "u".
    Formal,
}

/// Something that the client said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The utterance.
    pub id: String,
    /// When it ended.
    pub at: SampleIdx,
    /// The words.
    pub text: String,
    /// Which side it takes.
    pub side: Side,
    /// What kind of change talk it holds, if any: desire, ability, reason, need or commitment (DARN-CAT).
    pub change: Option<Code>,
    /// Whether it holds a worry or fear.
    pub worry: bool,
    /// Whether the practitioner has given it back.
    pub reflected: bool,
    /// Whether a suggestion has.
    pub suggested: bool,
    /// Which of the client's turns it is part of, counted from 1.
    pub turn: u32,
    /// Whether that turn answers a question.
    pub answers: bool,
}

/// The side that a statement takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// For change.
    Change,
    /// For staying the same.
    Sustain,
    /// Both in one breath.
    Both,
    /// Against the practitioner.
    Friction,
    /// Neither.
    Neutral,
}

/// A number that the client gave on a ruler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruler {
    /// 0 to 10.
    pub number: u8,
    /// The utterance.
    pub id: String,
    /// When.
    pub at: SampleIdx,
    /// Whether the practitioner went on from it.
    pub followed_up: bool,
}

/// How ready for change the client has sounded, at most, so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// No change talk yet.
    #[default]
    Unheard,
    /// Desire, ability, reason or need.
    Preparatory,
    /// Commitment.
    Committed,
}

/// What a conversation is for, just now. The tasks overlap and return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// To get into contact.
    #[default]
    Engage,
    /// To find together what it is about.
    Focus,
    /// To have the client say the reasons for change.
    Evoke,
    /// To plan how, once the client is ready.
    Plan,
}

/// The present task and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskMemo {
    /// Which one.
    pub task: Task,
    /// Since when.
    pub since: SampleIdx,
    /// The utterance that showed it; none at the start.
    pub by: Option<String>,
}

/// What a turn of the practitioner holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnMark {
    /// Nothing to mark.
    #[default]
    Clean,
    /// A righting-reflex act, without a cue so far (the budget, or the mode).
    Noted(Moment),
    /// A righting-reflex act that has its cue: the turn gets no second one.
    Shown(Moment),
}

/// What is remembered of a cue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CueMemo {
    /// The utterance that it belongs to.
    pub after: String,
    /// When.
    pub at: SampleIdx,
    /// Which moment.
    pub moment: Moment,
    /// How sure.
    pub strength: Strength,
    /// What was suggested.
    pub technique: Technique,
    /// Whether the client has spoken since, so that the practitioner's next act is an answer to it.
    pub due: bool,
    /// What became of it.
    pub answer: Option<CueAnswer>,
}

/// What became of a cue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CueAnswer {
    /// The act that decided it.
    pub by: String,
    /// Whether it was of the kind that was suggested.
    pub taken_up: bool,
}

impl DialogueState {
    /// How the client is addressed: as the practitioner mostly does; informally until there is evidence.
    #[must_use]
    pub fn address(&self) -> Address {
        if self.formal_address > self.informal_address {
            Address::Formal
        } else {
            Address::Informal
        }
    }

    /// Takes in one utterance and says which moment it shows: the one transition function.
    pub(crate) fn advance(&mut self, heard: &Heard<'_>, lexicon: &Lexicon) -> Option<Observed> {
        self.window = self.window.aged(heard.span.start);
        let said = words(heard.text);
        self.answer_cue(heard);
        let observed = match heard.speaker {
            Speaker::Practitioner => self.after_practitioner(heard, &said, lexicon),
            Speaker::Client => self.after_client(heard, &said, lexicon),
        };
        self.last_speaker = Some(heard.speaker);
        self.now = self.now.max(heard.span.end);
        observed
    }

    /// Takes in that a cue was shown, and what it was made of.
    pub(crate) fn remember_cue(&mut self, memo: CueMemo, made_of: MadeOf) {
        let MadeOf { wording, words_of, clauses } = made_of;
        self.said.push(wording);
        self.given.extend(clauses);
        *self.shown.entry(memo.moment).or_default() += 1;
        if memo.moment.is_righting_reflex() {
            self.turn = TurnMark::Shown(memo.moment);
        }
        let given_back = |id: &str| Some(id) == words_of.as_deref();
        if let Some(ruler) = self.ruler.as_mut().filter(|ruler| given_back(&ruler.id)) {
            ruler.followed_up = true;
        }
        self.last_cue = Some(memo);
        if let Some(statement) = self.statements.iter_mut().find(|s| given_back(&s.id)) {
            statement.suggested = true;
        }
    }

    fn after_practitioner(
        &mut self,
        heard: &Heard<'_>,
        said: &[Word],
        lexicon: &Lexicon,
    ) -> Option<Observed> {
        if self.last_speaker != Some(Speaker::Practitioner) {
            self.turn = TurnMark::Clean;
        }
        for word in said {
            self.informal_address += u32::from(lexicon.address_informal.contains(&word.lower));
            self.formal_address += u32::from(lexicon.address_formal.contains(&word.lower));
        }
        let has = |code| heard.codes.contains(&code);
        self.asked_since |= heard.codes.iter().any(|code| code.is_question());
        self.count_closed_question(heard.codes);
        let observed = moments::of_practitioner(self, heard, said, lexicon);
        self.window = self.window.after_practitioner(heard, lexicon);
        if has(Code::Summary) {
            self.summed_up = heard.span.end;
        }
        let plans = said.iter().any(|w| lexicon.planning.contains(&w.lower));
        if plans && self.readiness == Readiness::Committed {
            self.enter(Task::Plan, heard);
        } else if has(Code::QuestionScale) && self.task.task < Task::Evoke {
            self.enter(Task::Evoke, heard);
        } else if lexicon.agenda.within(said) && self.task.task != Task::Focus {
            self.enter(Task::Focus, heard);
        }
        if let Some(found) = &observed
            && found.moment.is_righting_reflex()
            && self.turn == TurnMark::Clean
        {
            self.turn = TurnMark::Noted(found.moment);
        }
        if observed.as_ref().is_some_and(|found| found.moment.is_righting_reflex()) {
            self.reflex = Some(heard.id.to_owned());
        }
        if heard.codes.iter().any(|c| c.is_reflection())
            && let Some(last) = self.statements.back_mut()
        {
            last.reflected = true;
        }
        self.ruler_asked = has(Code::QuestionScale);
        if has(Code::QuestionScale)
            && let Some(ruler) = &mut self.ruler
        {
            ruler.followed_up = true;
        }
        observed
    }

    fn after_client(
        &mut self,
        heard: &Heard<'_>,
        said: &[Word],
        lexicon: &Lexicon,
    ) -> Option<Observed> {
        if self.last_speaker != Some(Speaker::Client) {
            self.client_turns += 1;
            self.answers = std::mem::take(&mut self.asked_since);
        }
        let number = self.ruler_asked.then(|| number_in(said, lexicon)).flatten();
        let observed = moments::of_client(self, heard, said, number, lexicon);
        self.window = self.window.after_client(heard, lexicon);
        if matches!(observed, Some(Observed { moment: Moment::YesBut, .. })) {
            self.turn = TurnMark::Clean; // answered: one yes-but for one righting-reflex turn
        }
        if let Some(number) = number {
            self.ruler = Some(Ruler {
                number,
                id: heard.id.to_owned(),
                at: heard.span.end,
                followed_up: false,
            });
        }
        self.readiness = self.readiness.max(readiness_of(heard.codes));
        match side_of(heard.codes) {
            // Contact first.
            Side::Friction => self.enter(Task::Engage, heard),
            Side::Change | Side::Both if self.task.task < Task::Evoke => {
                self.enter(Task::Evoke, heard);
            }
            // A plan that meets resistance is no plan yet.
            Side::Sustain if self.task.task != Task::Evoke => self.enter(Task::Evoke, heard),
            _ => {}
        }
        if self.statements.len() == STATEMENTS {
            self.statements.pop_front();
        }
        self.statements.push_back(Statement {
            id: heard.id.to_owned(),
            at: heard.span.end,
            text: heard.text.to_owned(),
            side: side_of(heard.codes),
            change: heard.codes.iter().copied().find(|code| code.is_change()),
            worry: lexicon.tells_worry(said),
            reflected: false,
            suggested: false,
            turn: self.client_turns,
            answers: self.answers,
        });
        observed
    }

    fn enter(&mut self, task: Task, heard: &Heard<'_>) {
        if self.task.task != task {
            let by = Some(heard.id.to_owned());
            self.task = TaskMemo { task, since: heard.span.end, by };
        }
    }

    /// The practitioner's next act after a cue, what only keeps the client talking aside, is its answer. The rest of the
    /// turn in which it came may be one, but need not.
    fn answer_cue(&mut self, heard: &Heard<'_>) {
        let Some(cue) = self.last_cue.as_mut().filter(|cue| cue.answer.is_none()) else { return };
        if heard.speaker == Speaker::Client {
            cue.due |= heard.id != cue.after;
            return;
        }
        let acts = heard.codes.iter().any(|code| *code != Code::Facilitate);
        if heard.id == cue.after || heard.span.end <= cue.at || !acts {
            return;
        }
        let taken_up = heard.codes.iter().any(|code| is_of_kind(*code, cue.technique));
        if taken_up || cue.due {
            cue.answer = Some(CueAnswer { by: heard.id.to_owned(), taken_up });
        }
    }

    fn count_closed_question(&mut self, codes: &[Code]) {
        let breaks = |c: &Code| {
            c.is_reflection()
                || matches!(c, Code::QuestionOpen | Code::QuestionScale | Code::Affirm)
        };
        if codes.iter().any(breaks) {
            self.closed_questions = 0;
        } else if codes.contains(&Code::QuestionClosed) && !codes.contains(&Code::SeekPermission) {
            self.closed_questions += 1;
        }
    }
}

/// Whether an act is of the kind that a technique suggests.
fn is_of_kind(code: Code, technique: Technique) -> bool {
    match technique {
        Technique::ScalingImportance
        | Technique::ScalingConfidence
        | Technique::ScalingFollowUp => {
            matches!(code, Code::QuestionScale | Code::QuestionOpen)
        }
        Technique::EvokeChangeTalk | Technique::ExploreBothSides | Technique::ShiftFocus => {
            matches!(code, Code::QuestionOpen | Code::QuestionScale) || code.is_reflection()
        }
        Technique::SupportSelfEfficacy | Technique::AgreeWithTwist => {
            matches!(code, Code::QuestionOpen | Code::Affirm) || code.is_reflection()
        }
        Technique::Affirmation | Technique::Reframe => code == Code::Affirm || code.is_reflection(),
        // Its wordings ask how the client sees it.
        Technique::Autonomy => {
            matches!(code, Code::Autonomy | Code::QuestionOpen | Code::SeekPermission)
                || code.is_reflection()
        }
        Technique::AskPermission => code == Code::SeekPermission,
        Technique::ReflectionSimple
        | Technique::ReflectionComplex
        | Technique::ReflectionDoubleSided
        | Technique::ReflectionAmplified
        | Technique::DevelopDiscrepancy
        | Technique::Paradox
        | Technique::Summary
        | Technique::Fallback => code.is_reflection(),
    }
}

/// The one number in an answer to a ruler's question. Two numbers ("zes of zeven") are no answer to go on from.
fn number_in(said: &[Word], lexicon: &Lexicon) -> Option<u8> {
    if said.len() > RULER_ANSWER_MAX_WORDS {
        return None;
    }
    // "Zeven en een half" is no number to go on from.
    if said.iter().any(|w| matches!(w.lower.as_str(), "half" | "halve")) {
        return None;
    }
    let mut found: Vec<u8> = said.iter().filter_map(|w| lexicon.number(w)).collect();
    found.dedup();
    match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

fn readiness_of(codes: &[Code]) -> Readiness {
    if codes.contains(&Code::ChangeCommit) {
        Readiness::Committed
    } else if codes.iter().any(|c| c.is_change()) {
        Readiness::Preparatory
    } else {
        Readiness::Unheard
    }
}

pub(crate) fn side_of(codes: &[Code]) -> Side {
    let change = codes.iter().any(|c| c.is_change());
    let sustain = codes.contains(&Code::Sustain);
    match (change, sustain) {
        (true, true) => Side::Both,
        (true, false) => Side::Change,
        (false, true) => Side::Sustain,
        (false, false) if codes.contains(&Code::Discord) => Side::Friction,
        (false, false) => Side::Neutral,
    }
}
