//! Which moment an utterance shows. Rules over codes, words and state; when in doubt, none.

use timeline::{Code, Evidence, Moment, Rule, SAMPLE_RATE_HZ, Strength};

use crate::{
    coach::Heard,
    lexicon::Lexicon,
    state::{DialogueState, Readiness, Side, TurnMark, side_of},
    text::{Word, sentences},
};

/// Closed questions in a row that make a trap (docs/coaching.md).
const TRAP_QUESTIONS: u32 = 3;
/// One mark for one turn, up to this long: the gap of the normal budget.
const TURN_MARK_SECS: u64 = 20;
/// How many of the client's last statements make a righting-reflex act weigh heavier.
const LOADED_STATEMENTS: usize = 3;
/// Below it a number on a ruler is no change talk.
const RULER_HOPE: u8 = 2;

/// The longest quotation of the words that show a moment.
const QUOTED_WORDS: usize = 20;

/// A moment that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observed {
    pub moment: Moment,
    pub strength: Strength,
    pub rule: Rule,
    /// The earlier utterance that makes it weigh.
    pub because: Option<String>,
}

impl Observed {
    fn new(moment: Moment, firm: bool, rule: Rule) -> Self {
        let strength = if firm { Strength::Firm } else { Strength::Soft };
        Self { moment, strength, rule, because: None }
    }

    fn because(self, id: Option<&str>) -> Self {
        Self { because: id.map(str::to_owned), ..self }
    }

    /// What a report can tell of it.
    pub(crate) fn evidence(&self, heard: &Heard<'_>, lexicon: &Lexicon) -> Evidence {
        let tells = |said: &[Word]| match self.rule {
            Rule::NoPermission => lexicon.advice.within(said),
            Rule::PlanningPush | Rule::PlanningQuestion => {
                said.iter().any(|w| lexicon.planning.contains(&w.lower))
            }
            Rule::RulerNumber => said.iter().any(|w| lexicon.number(w).is_some()),
            Rule::Objection => lexicon.yes_but.within(said),
            _ => false,
        };
        let all: Vec<Vec<Word>> = sentences(heard.text)
            .into_iter()
            .map(|s| s.parts.into_iter().flatten().collect())
            .collect();
        let told = all.iter().find(|said| tells(said));
        let longest = || all.iter().max_by_key(|said| said.len());
        let words = told.or_else(longest).map(|said| {
            said.iter().take(QUOTED_WORDS).map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
        });
        let because = self.because.clone();
        Evidence { rule: self.rule, words: words.unwrap_or_default(), because }
    }
}

/// The moment that an utterance of the practitioner shows; `state` is the one before it.
pub(crate) fn of_practitioner(
    state: &DialogueState,
    heard: &Heard<'_>,
    said: &[Word],
    lexicon: &Lexicon,
) -> Option<Observed> {
    if matches!(state.turn, TurnMark::Shown(_)) && !is_turn_mark_old(state, heard) {
        return None; // one mark for one turn
    }
    righting_reflex(state, heard, said, lexicon)
        .or_else(|| planning_question(state, heard, said, lexicon))
        .or_else(|| question_trap(state, heard))
        .or_else(|| missed_change_talk(state, heard))
}

/// The moment that an utterance of the client shows; `number` is its answer to a ruler's question.
pub(crate) fn of_client(
    state: &DialogueState,
    heard: &Heard<'_>,
    said: &[Word],
    number: Option<u8>,
    lexicon: &Lexicon,
) -> Option<Observed> {
    let has = |code| heard.codes.contains(&code);
    let after_reflex = state.turn != TurnMark::Clean;
    let side = side_of(heard.codes);
    if after_reflex && (has(Code::Discord) || side == Side::Sustain) {
        let act = state.reflex.as_deref();
        return Some(Observed::new(Moment::YesBut, true, Rule::AnsweredReflex).because(act));
    }
    if has(Code::Discord) && lexicon.yes_but.at_start(said) > 0 {
        return Some(Observed::new(Moment::YesBut, false, Rule::Objection));
    }
    match side {
        Side::Both => Some(Observed::new(Moment::Ambivalence, false, Rule::BothSides)),
        Side::Change => Some(Observed::new(Moment::ChangeTalkHeard, false, Rule::ChangeTalk)),
        // That it is a six and no zero is change talk, whatever else is said.
        _ if number.is_some_and(|n| n >= RULER_HOPE) => {
            Some(Observed::new(Moment::ChangeTalkHeard, false, Rule::RulerNumber))
        }
        Side::Sustain | Side::Friction | Side::Neutral => None,
    }
}

fn righting_reflex(
    state: &DialogueState,
    heard: &Heard<'_>,
    said: &[Word],
    lexicon: &Lexicon,
) -> Option<Observed> {
    let permitted =
        state.window.permits(heard.span.start) || heard.codes.contains(&Code::AdvisePermission);
    let code = heard
        .codes
        .iter()
        .copied()
        .find(|c| c.is_righting_reflex() && !(permitted && *c == Code::Advise))?;
    let load = load(state);
    let loaded = load.is_some();
    // An unsure coder, and nothing to be soothed: it may well have been praise.
    if code == Code::Reassure && !heard.firm && !loaded {
        return None;
    }
    let firm = heard.firm && loaded;
    let observed = match code {
        Code::Persuade
            if is_planning(said, heard.text, lexicon) && state.readiness == Readiness::Unheard =>
        {
            Observed::new(Moment::PrematurePlanning, false, Rule::PlanningPush)
        }
        Code::Persuade => Observed::new(Moment::Persuading, firm, Rule::Act),
        Code::Warn => Observed::new(Moment::Warning, firm, Rule::Act),
        Code::Confront => Observed::new(Moment::Confronting, heard.firm, Rule::Act),
        Code::Reassure => Observed::new(Moment::PrematureReassurance, firm, Rule::WorryUnexplored),
        _ => {
            // "Mag ik iets zeggen? Je moet …" in one breath: asked, but not waited for.
            let asked = heard.codes.contains(&Code::SeekPermission);
            Observed::new(Moment::UnsolicitedAdvice, firm && !asked, Rule::NoPermission)
        }
    };
    Some(observed.because(load))
}

/// "When do you start?" while the client has given no reason to think of starting.
fn planning_question(
    state: &DialogueState,
    heard: &Heard<'_>,
    said: &[Word],
    lexicon: &Lexicon,
) -> Option<Observed> {
    let asks = heard.codes.iter().any(|c| matches!(c, Code::QuestionClosed | Code::QuestionOpen));
    let resisted = state.statements.back().filter(|s| s.side == Side::Sustain)?;
    (asks && state.readiness == Readiness::Unheard && is_planning_push(said, lexicon)).then(|| {
        Observed::new(Moment::PrematurePlanning, false, Rule::PlanningQuestion)
            .because(Some(&resisted.id))
    })
}

/// Whether the mark of this turn is so old that going on deserves another one. It also keeps one line that was
/// given to the wrong speaker, and so joined two turns, from hiding the second.
fn is_turn_mark_old(state: &DialogueState, heard: &Heard<'_>) -> bool {
    let old = TURN_MARK_SECS * u64::from(SAMPLE_RATE_HZ);
    state.last_cue.as_ref().is_none_or(|cue| heard.span.end.since(cue.at) >= old)
}

fn question_trap(state: &DialogueState, heard: &Heard<'_>) -> Option<Observed> {
    let third = state.closed_questions > 0 && state.closed_questions.is_multiple_of(TRAP_QUESTIONS);
    (third && heard.codes.contains(&Code::QuestionClosed))
        .then(|| Observed::new(Moment::QuestionTrap, false, Rule::ThirdClosedQuestion))
}

/// Change talk that got no reflection, question or praise, but a fact or a matter of form.
fn missed_change_talk(state: &DialogueState, heard: &Heard<'_>) -> Option<Observed> {
    let given = state
        .statements
        .back()
        .filter(|s| matches!(s.side, Side::Change | Side::Both))
        .filter(|s| !s.reflected && !s.suggested)?;
    let passes_over = !heard.codes.is_empty()
        && heard.codes.iter().all(|c| matches!(c, Code::GiveInfo | Code::QuestionClosed));
    (passes_over && state.last_speaker == Some(timeline::Speaker::Client)).then(|| {
        Observed::new(Moment::MissedChangeTalk, false, Rule::PassedOver).because(Some(&given.id))
    })
}

/// The newest statement in which the client was against, of two minds, worried or cross, if that is not long ago.
fn load(state: &DialogueState) -> Option<&str> {
    let mut last = state.statements.iter().rev().take(LOADED_STATEMENTS);
    last.find(|s| s.worry || matches!(s.side, Side::Sustain | Side::Both | Side::Friction))
        .map(|s| s.id.as_str())
}

/// Words of planning in a question, or with a "when": "wanneer ga je beginnen?", "shall we plan it in?".
fn is_planning(said: &[Word], text: &str, lexicon: &Lexicon) -> bool {
    let in_question = sentences(text)
        .iter()
        .filter(|s| s.question)
        .any(|s| s.parts.iter().flatten().any(|w| lexicon.planning.contains(&w.lower)));
    in_question || is_planning_push(said, lexicon)
}

/// "Wanneer ga je beginnen?": both words, since one alone asks for a fact ("wanneer begint de pijn?" is left,
/// and is let pass by asking for sustain talk before it).
fn is_planning_push(said: &[Word], lexicon: &Lexicon) -> bool {
    said.iter().any(|w| lexicon.planning.contains(&w.lower)) && asks_when(said, lexicon)
}

fn asks_when(said: &[Word], lexicon: &Lexicon) -> bool {
    said.iter().any(|w| lexicon.planning_when.contains(&w.lower))
}
