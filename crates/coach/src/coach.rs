//! The coach itself: state, budget and suggestion put together.

use timeline::{Code, Cue, Span, Speaker};

use crate::{
    budget,
    config::CoachConfig,
    error::CoachError,
    lexicon::Lexicon,
    pack::Pack,
    state::{CueMemo, DialogueState},
    suggest::Suggester,
};

/// One coded utterance, as the coach hears it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard<'a> {
    /// Its name; the cue refers to it.
    pub id: &'a str,
    /// Who speaks.
    pub speaker: Speaker,
    /// Where it lies on the session's clock.
    pub span: Span,
    /// The words, with or without punctuation.
    pub text: &'a str,
    /// The codes, the main one first.
    pub codes: &'a [Code],
    /// Probability of any righting-reflex code; 1.0 or 0.0 when the codes were given by hand.
    pub righting_reflex: f32,
    /// Whether that probability is above the coder's threshold for firm marks, or the codes were given.
    pub firm: bool,
}

/// Keeps the state of one conversation and decides what to say.
#[derive(Debug, Clone)]
pub struct Coach {
    config: CoachConfig,
    pack: Pack,
    lexicon: Lexicon,
    state: DialogueState,
}

impl Coach {
    /// A coach at the start of a conversation.
    ///
    /// # Errors
    ///
    /// [`CoachError`] when a built-in pack has a fault; it names the file and the key.
    pub fn new(config: CoachConfig) -> Result<Self, CoachError> {
        Ok(Self {
            config,
            pack: Pack::builtin(config.lang)?,
            lexicon: Lexicon::builtin(config.lang)?,
            state: DialogueState::default(),
        })
    }

    /// Takes in the next utterance, in the order of their ends, and gives the cue that is due, if any.
    ///
    /// [`Cue::at`] is the end of the utterance: where the words ended that show the moment.
    pub fn push(&mut self, heard: &Heard<'_>) -> Option<Cue> {
        let observed = self.state.advance(heard, &self.lexicon)?;
        let at = heard.span.end;
        let last = self.state.last_cue.as_ref();
        if !budget::allows(observed, at, last, self.config.mode, self.config.budget) {
            return None;
        }
        let suggester = Suggester::new(&self.state, &self.pack, &self.lexicon, self.config.seed);
        let draft = suggester.draft(observed.moment);
        let source = draft.source.unwrap_or_else(|| heard.id.to_owned());
        let memo = CueMemo {
            at,
            moment: observed.moment,
            strength: observed.strength,
            technique: draft.technique,
        };
        self.state.remember_cue(memo, draft.wording, &source);
        Some(Cue {
            at,
            after: heard.id.to_owned(),
            moment: observed.moment,
            strength: observed.strength,
            technique: draft.technique,
            mark: self.pack.mark(observed.moment).to_owned(),
            headline: draft.headline,
            suggestion: draft.sentence,
            lang: self.config.lang,
            source,
        })
    }

    /// The state after the last utterance.
    #[must_use]
    pub fn state(&self) -> &DialogueState {
        &self.state
    }
}
