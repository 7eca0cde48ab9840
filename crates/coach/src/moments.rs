//! Which moment an utterance shows. Rules over codes, words and state; when in doubt, none.

use timeline::{Code, Moment, SAMPLE_RATE_HZ, Strength};

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

/// A moment that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Observed {
    pub moment: Moment,
    pub strength: Strength,
}

impl Observed {
    fn new(moment: Moment, firm: bool) -> Self {
        Self { moment, strength: if firm { Strength::Firm } else { Strength::Soft } }
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
        return Some(Observed::new(Moment::YesBut, true));
    }
    if has(Code::Discord) && lexicon.yes_but.at_start(said) > 0 {
        return Some(Observed::new(Moment::YesBut, false));
    }
    match side {
        Side::Both => Some(Observed::new(Moment::Ambivalence, false)),
        Side::Change => Some(Observed::new(Moment::ChangeTalkHeard, false)),
        // That it is a six and no zero is change talk, whatever else is said.
        _ if number.is_some_and(|n| n >= RULER_HOPE) => {
            Some(Observed::new(Moment::ChangeTalkHeard, false))
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
    let loaded = is_loaded(state);
    // An unsure coder, and nothing to be soothed: it may well have been praise.
    if code == Code::Reassure && !heard.firm && !loaded {
        return None;
    }
    let firm = heard.firm && loaded;
    Some(match code {
        Code::Persuade
            if is_planning(said, heard.text, lexicon) && state.readiness == Readiness::Unheard =>
        {
            Observed::new(Moment::PrematurePlanning, false)
        }
        Code::Persuade => Observed::new(Moment::Persuading, firm),
        Code::Warn => Observed::new(Moment::Warning, firm),
        Code::Confront => Observed::new(Moment::Confronting, heard.firm),
        Code::Reassure => Observed::new(Moment::PrematureReassurance, firm),
        _ => {
            // "Mag ik iets zeggen? Je moet …" in one breath: asked, but not waited for.
            let asked = heard.codes.contains(&Code::SeekPermission);
            Observed::new(Moment::UnsolicitedAdvice, firm && !asked)
        }
    })
}

/// "When do you start?" while the client has given no reason to think of starting.
fn planning_question(
    state: &DialogueState,
    heard: &Heard<'_>,
    said: &[Word],
    lexicon: &Lexicon,
) -> Option<Observed> {
    let asks = heard.codes.iter().any(|c| matches!(c, Code::QuestionClosed | Code::QuestionOpen));
    let resisted = state.statements.back().is_some_and(|s| s.side == Side::Sustain);
    (asks && resisted && state.readiness == Readiness::Unheard && is_planning_push(said, lexicon))
        .then(|| Observed::new(Moment::PrematurePlanning, false))
}

/// Whether the mark of this turn is so old that going on deserves another one. It also keeps one line that was
/// given to the wrong speaker, and so joined two turns, from hiding the second.
fn is_turn_mark_old(state: &DialogueState, heard: &Heard<'_>) -> bool {
    let old = TURN_MARK_SECS * u64::from(SAMPLE_RATE_HZ);
    state.last_cue.is_none_or(|cue| heard.span.end.since(cue.at) >= old)
}

fn question_trap(state: &DialogueState, heard: &Heard<'_>) -> Option<Observed> {
    let third = state.closed_questions > 0 && state.closed_questions.is_multiple_of(TRAP_QUESTIONS);
    (third && heard.codes.contains(&Code::QuestionClosed))
        .then(|| Observed::new(Moment::QuestionTrap, false))
}

/// Change talk that got no reflection, question or praise, but a fact or a matter of form.
fn missed_change_talk(state: &DialogueState, heard: &Heard<'_>) -> Option<Observed> {
    let given = state
        .statements
        .back()
        .is_some_and(|s| matches!(s.side, Side::Change | Side::Both) && !s.reflected);
    let passes_over = !heard.codes.is_empty()
        && heard.codes.iter().all(|c| matches!(c, Code::GiveInfo | Code::QuestionClosed));
    (given && passes_over && state.last_speaker == Some(timeline::Speaker::Client))
        .then(|| Observed::new(Moment::MissedChangeTalk, false))
}

/// Whether the client has just been against, of two minds, worried or cross.
fn is_loaded(state: &DialogueState) -> bool {
    state
        .statements
        .iter()
        .rev()
        .take(LOADED_STATEMENTS)
        .any(|s| s.worry || matches!(s.side, Side::Sustain | Side::Both | Side::Friction))
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
