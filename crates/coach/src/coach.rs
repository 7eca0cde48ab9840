//! The coach itself: state, budget and suggestion put together.

use timeline::{Code, Cue, Moment, Rule, Span, Speaker, Strength};

use crate::{
    budget,
    choose::Chooser,
    config::{Budget, CoachConfig, Mode},
    error::CoachError,
    lexicon::Lexicon,
    moments::Observed,
    pack::Pack,
    packs::CoachPack,
    state::{CueAnswer, CueMemo, DialogueState},
    suggest::{Draft, Suggester},
    text::words,
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

/// The probability from which the beginning of an utterance is worth a cue, as far as a righting-reflex act goes: above
/// the coder's threshold for firm marks, since what follows may change it. At 0.75 none of 43 such beginnings (of 63
/// marked utterances in `assets/eval` and the roleplays) turned out otherwise, at 0.695 3 of 49, at 0.535 6 of 62; in the
/// practice conversations that the coder was trained on 1 of 262, 6 of 290 and 25 of 347.
pub const EARLY_REFLEX: f32 = 0.75;

/// A cue made from words that are not final.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The cue.
    pub cue: Cue,
    made_of: MadeOf,
}

/// What went into a suggestion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MadeOf {
    pub(crate) wording: String,
    /// The client's utterance whose words are in it.
    pub(crate) words_of: Option<String>,
    /// The client's clauses in it, as they were said back.
    pub(crate) clauses: Vec<String>,
}

/// What became of a preview.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// The final words show it too.
    Confirmed {
        /// Which moment they show: the same, or another righting-reflex act.
        moment: Moment,
        /// How sure.
        strength: Strength,
        /// The word for it.
        mark: String,
    },
    /// They don't.
    Withdrawn {
        /// The cue that they deserve instead, if any.
        instead: Option<Cue>,
    },
}

/// What became of an earlier cue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The client's answer bears out a soft mark: it is firm now.
    Firm {
        /// The utterance of the cue.
        after: String,
        /// Its moment.
        moment: Moment,
        /// The word for it.
        mark: String,
    },
    /// The practitioner's next act shows whether the suggestion was taken up.
    Answered {
        /// The utterance of the cue.
        after: String,
        /// The act.
        by: String,
        /// Whether it is of the kind that was suggested.
        taken_up: bool,
    },
}

fn memo_of(cue: &Cue, speaker: Speaker) -> CueMemo {
    CueMemo {
        after: cue.after.clone(),
        at: cue.at,
        moment: cue.moment,
        strength: cue.strength,
        technique: cue.technique,
        // After the client's words the practitioner's next act is the answer already.
        due: speaker == Speaker::Client,
        answer: None,
    }
}

/// Whether the one suggestion serves both.
fn is_kin(a: Moment, b: Moment) -> bool {
    a == b || (a.is_righting_reflex() && b.is_righting_reflex())
}

/// Keeps the state of one conversation and decides what to say.
#[derive(Debug, Clone)]
pub struct Coach {
    config: CoachConfig,
    pack: Pack,
    lexicon: Lexicon,
    state: DialogueState,
    news: Vec<News>,
}

impl Coach {
    /// A coach with the built-in pack at the start of a conversation.
    ///
    /// # Errors
    ///
    /// [`CoachError`] when the pack has a fault; it names the file and the key.
    pub fn new(config: CoachConfig) -> Result<Self, CoachError> {
        Ok(Self::with_pack(config, CoachPack::builtin(config.lang)?))
    }

    /// A coach with a pack, whose language counts.
    #[must_use]
    pub fn with_pack(config: CoachConfig, pack: CoachPack) -> Self {
        let config = CoachConfig { lang: pack.lang, ..config };
        let CoachPack { wordings, lexicon, .. } = pack;
        let state = DialogueState::default();
        Self { config, pack: wordings, lexicon, state, news: Vec::new() }
    }

    /// Takes in the next utterance, in the order of their ends, and gives the cue that is due, if any.
    ///
    /// [`Cue::at`] is the end of the utterance: where the words ended that show the moment.
    pub fn push(&mut self, heard: &Heard<'_>) -> Option<Cue> {
        let observed = self.take_in(heard);
        let decided = observed.as_ref().and_then(|found| self.decide(&self.state, found, heard));
        self.confirm(observed.as_ref());
        let (cue, made_of) = decided?;
        self.remember(memo_of(&cue, heard.speaker), made_of);
        Some(cue)
    }

    /// Takes in an utterance as [`push`](Self::push) does, without a cue: one that would come too late.
    pub fn push_silently(&mut self, heard: &Heard<'_>) {
        let observed = self.take_in(heard);
        self.confirm(observed.as_ref());
    }

    /// What became of earlier cues since this was asked last.
    pub fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    fn take_in(&mut self, heard: &Heard<'_>) -> Option<Observed> {
        let answered =
            |state: &DialogueState| state.last_cue.as_ref().is_some_and(|cue| cue.answer.is_some());
        let before = answered(&self.state);
        let observed = self.state.advance(heard, &self.lexicon);
        if !before
            && let Some(cue) = &self.state.last_cue
            && let Some(CueAnswer { by, taken_up }) = &cue.answer
        {
            let (after, by) = (cue.after.clone(), by.clone());
            self.news.push(News::Answered { after, by, taken_up: *taken_up });
        }
        observed
    }

    /// Makes the soft mark of an act firm that the client answers with a "yes, but".
    fn confirm(&mut self, observed: Option<&Observed>) {
        if observed.is_none_or(|found| found.rule != Rule::AnsweredReflex) {
            return;
        }
        if let Some(cue) = &mut self.state.last_cue
            && cue.moment.is_righting_reflex()
            && cue.strength == Strength::Soft
            && observed.is_some_and(|found| found.because.as_deref() == Some(&cue.after))
        {
            cue.strength = Strength::Firm;
            let mark = self.pack.mark(cue.moment).to_owned();
            self.news.push(News::Firm { after: cue.after.clone(), moment: cue.moment, mark });
        }
    }

    /// The cue that the words of an utterance deserve which is not over yet; changes nothing. Whether it was shown
    /// is told to [`settle`](Self::settle).
    ///
    /// A righting-reflex act is worth a cue before its end only where its probability is at least [`EARLY_REFLEX`];
    /// a client's "yes, but" or change talk only where a pause follows (`heard_out`). What more words would make
    /// something else (a fact after change talk may still be followed by a reflection) waits for the end. Always soft,
    /// and so never in quiet mode: final words decide.
    #[must_use]
    pub fn preview(&self, heard: &Heard<'_>, heard_out: bool) -> Option<Preview> {
        if self.config.mode == Mode::Quiet && self.config.budget == Budget::On {
            return None;
        }
        let mut state = self.state.clone();
        let mut observed = state.advance(heard, &self.lexicon)?;
        let early = match observed.moment {
            moment if moment.is_righting_reflex() => heard.righting_reflex >= EARLY_REFLEX,
            Moment::YesBut | Moment::ChangeTalkHeard | Moment::Ambivalence => heard_out,
            _ => false,
        };
        if !early {
            return None;
        }
        observed.strength = Strength::Soft;
        let (cue, made_of) = self.decide(&state, &observed, heard)?;
        Some(Preview { cue, made_of })
    }

    /// Takes in the final words of an utterance for which a preview was shown. `silent`: no other cue instead.
    pub fn settle(&mut self, heard: &Heard<'_>, shown: &Preview, silent: bool) -> Settled {
        let observed = self.take_in(heard);
        let mut memo = memo_of(&shown.cue, heard.speaker);
        match observed {
            Some(observed) if is_kin(observed.moment, memo.moment) => {
                (memo.moment, memo.strength) = (observed.moment, observed.strength);
                self.confirm(Some(&observed));
                self.remember(memo, shown.made_of.clone());
                let mark = self.pack.mark(observed.moment).to_owned();
                Settled::Confirmed { moment: observed.moment, strength: observed.strength, mark }
            }
            other => {
                self.withdraw(shown);
                let due = other.as_ref().filter(|_| !silent);
                let instead = due.and_then(|observed| self.decide(&self.state, observed, heard));
                self.confirm(other.as_ref());
                let instead = instead.map(|(cue, made_of)| {
                    self.remember(memo_of(&cue, heard.speaker), made_of);
                    cue
                });
                Settled::Withdrawn { instead }
            }
        }
    }

    /// Takes in that a preview was shown, and no utterance came of its words. Its wording is not used again; the
    /// budget does not count it, so that it cannot hide what the next words show.
    pub fn withdraw(&mut self, shown: &Preview) {
        self.state.said.push(shown.made_of.wording.clone());
    }

    fn remember(&mut self, memo: CueMemo, made_of: MadeOf) {
        self.state.remember_cue(memo, made_of);
    }

    /// The cue for what was observed, if one is due in `state`, and what it was made of.
    fn decide(
        &self,
        state: &DialogueState,
        observed: &Observed,
        heard: &Heard<'_>,
    ) -> Option<(Cue, MadeOf)> {
        if self.config.muted.contains(observed.moment) {
            return None;
        }
        let at = heard.span.end;
        let last = state.last_cue.as_ref();
        if !budget::allows(observed, at, last, self.config.mode, self.config.budget) {
            return None;
        }
        let said = words(heard.text);
        let turn = state.client_turns;
        let mut told = state.statements.iter().filter(|s| s.turn == turn).map(|s| words(&s.text));
        let grave = self.lexicon.grave.within(&said) || told.any(|t| self.lexicon.grave.within(&t));
        let rebuked = match observed.moment {
            Moment::Confronting | Moment::Warning => said,
            _ => Vec::new(),
        };
        let chooser = Chooser::new(state, &self.lexicon, rebuked, grave);
        let suggester = Suggester::new(state, &self.pack, &self.lexicon, &self.config, chooser);
        let draft = suggester.draft(observed.moment);
        let cue = Cue {
            at,
            after: heard.id.to_owned(),
            moment: observed.moment,
            strength: observed.strength,
            technique: draft.technique,
            mark: self.pack.mark(observed.moment).to_owned(),
            headline: draft.headline,
            suggestion: draft.sentence,
            lang: self.config.lang,
            source: draft.source.clone().unwrap_or_else(|| heard.id.to_owned()),
            evidence: Some(observed.evidence(heard, &self.lexicon)),
        };
        let Draft { wording, source, clauses, .. } = draft;
        Some((cue, MadeOf { wording, words_of: source, clauses }))
    }

    /// The state after the last utterance.
    #[must_use]
    pub fn state(&self) -> &DialogueState {
        &self.state
    }
}
