//! The words that the rules look at, checked and ready for look-up.

use std::collections::{BTreeMap, BTreeSet};

use timeline::Lang;

use crate::{
    dutch,
    error::Fault,
    phrases::Phrases,
    raw::{Limits, RawLexicon},
    text::Word,
};

/// The version of the format that this code reads.
pub(crate) const VERSION: u32 = 1;
/// Highest number of a ruler; the list of number words goes from 0 to it.
const RULER_MAX: usize = 10;

type Set = BTreeSet<String>;

/// How a need is told, and said back.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub heads: Phrases,
    /// Stands in for a head while the rest is turned round.
    pub stand_in: String,
    /// Stands behind the subject instead of it.
    pub said_back: String,
    /// The same, to look for.
    pub felt: Phrases,
}

#[derive(Debug, Clone)]
pub(crate) struct Lexicon {
    pub lang: Lang,
    pub limits: Limits,
    numbers: Vec<String>,
    an_numbers: Set,
    /// What clients say, for trying wordings out.
    pub samples: Vec<String>,
    pub subjects: Set,
    pub first: Set,
    pub second: Set,
    pub address_informal: Set,
    pub address_formal: Set,
    /// Objects that point to something said before.
    pub loose: Phrases,
    /// With these a bitter inference begins.
    pub infers: Set,
    /// Said of what would be, if.
    pub conditional: Set,
    /// Verbs of being and having.
    pub states: Set,
    /// "On the nights I work" is no sentence.
    pub relative_heads: Set,
    /// Words that point back alone, and name what they stand before: "dat schema".
    pub determining: Set,
    pub openers: Phrases,
    pub closers: Phrases,
    pub inline: Phrases,
    /// Said back they would belittle: "je hebt gewoon geen tijd".
    pub softeners: Set,
    /// Openers that stand for something where verb and subject follow: "zo voelt het".
    pub fronts: Set,
    /// With the word behind it no opener: "no more".
    pub not_openers: Phrases,
    /// With these a correction begins behind a comma: "meestal om vijf".
    pub trailing: Set,
    pub conjunctions: Set,
    pub resumptive: Set,
    pub points_back: Set,
    pub no_start: Set,
    pub takes_clause: Set,
    /// With these a clause begins without which the one before it is still true, or nearly.
    pub cut_before: Set,
    /// What is known or not, with a clause behind it: "weet niet of".
    pub thinks: Phrases,
    /// Behind one of these stands a thought as it was thought.
    pub quotes: Phrases,
    /// Words of how much and how often.
    pub amounts: Phrases,
    pub need: Need,
    pub run_on_subjects: Set,
    pub not_only_verbs: Set,
    pub subordinators: Set,
    pub dangling: Phrases,
    pub stranders: Set,
    pub determiners: Set,
    pub no_nouns: Set,
    pub third_subjects: Set,
    pub unfit: Phrases,
    pub advice: Phrases,
    pub light: Set,
    pub change: Phrases,
    pub sustain: Phrases,
    negations: Set,
    worry: Phrases,
    pub wants: Phrases,
    feelings: Set,
    /// What can be done, or will be.
    pub steps: Phrases,
    effort: Phrases,
    success: Phrases,
    pub contrast: Set,
    /// With these what was said before is taken back.
    pub takes_back: Set,
    /// What is thought, not felt.
    opinion: Set,
    pub asking: Phrases,
    pub telling: Set,
    pub asks_advice: Phrases,
    pub agree: Phrases,
    pub refuse: Phrases,
    pub objection_question: Set,
    pub yes_but: Phrases,
    pub planning_when: Set,
    pub planning: Set,
    pub agenda: Phrases,
    /// Behind words of death and violence nothing is "your choice".
    pub grave: Phrases,
    pub irregular: BTreeMap<String, [String; 3]>,
    pub present: Set,
    pub past: Set,
    pub auxiliaries: Set,
    pub plural: Set,
    pub third: Set,
    pub particles: Vec<String>,
    pub reflexive: Set,
    pub adverbs: Set,
    pub need_infinitive: Set,
    pub infinitive_endings: Vec<String>,
}

impl Lexicon {
    /// Checks a lexicon as it is written.
    pub(crate) fn new(lang: Lang, raw: RawLexicon) -> Result<Self, Fault> {
        check(lang, &raw)?;
        Ok(Self::from_raw(raw))
    }

    #[cfg(test)]
    pub(crate) fn builtin(lang: Lang) -> Result<Self, crate::CoachError> {
        crate::CoachPack::builtin(lang).map(|pack| pack.lexicon)
    }

    /// The number on a ruler that `word` is.
    pub(crate) fn number(&self, word: &Word) -> Option<u8> {
        // "Eén", as it is spelled at the start of a sentence.
        let lower = word.lower.replace("eé", "éé");
        let by_word = self.numbers.iter().position(|n| *n == lower);
        let by_digits = || word.lower.parse::<usize>().ok().filter(|n| *n <= RULER_MAX);
        by_word.or_else(by_digits).and_then(|n| u8::try_from(n).ok())
    }

    /// The word for `n`; its digits above ten.
    pub(crate) fn number_word(&self, n: u8) -> String {
        self.numbers.get(usize::from(n)).cloned().unwrap_or_else(|| n.to_string())
    }

    /// Whether `words` tell of a worry or fear that is not denied just before.
    pub(crate) fn tells_worry(&self, words: &[Word]) -> bool {
        let thought = words.iter().any(|w| self.opinion.contains(&w.lower));
        !thought && self.affirms(&self.worry, words)
    }

    /// Whether `words` tell how something is for the client: "gezellig", "a mess".
    pub(crate) fn tells_feeling(&self, words: &[Word]) -> bool {
        words.iter().any(|w| self.feelings.contains(&w.lower))
    }

    /// Whether `words` tell of an effort that was made, however it ended.
    pub(crate) fn tells_effort(&self, words: &[Word]) -> bool {
        self.affirms(&self.effort, words)
    }

    /// Whether `words` tell of something that went well once.
    pub(crate) fn tells_success(&self, words: &[Word]) -> bool {
        let denied = words.iter().any(|w| self.negations.contains(&w.lower));
        !denied && self.affirms(&self.success, words)
    }

    /// Whether `words` hold one of `phrases` that is not denied just before.
    fn affirms(&self, phrases: &Phrases, words: &[Word]) -> bool {
        let at = (0..words.len()).find(|&i| phrases.at_start(&words[i..]) > 0);
        at.is_some_and(|at| !words[..at].iter().any(|w| self.negations.contains(&w.lower)))
    }

    /// Whether the indefinite article before `n` is "an" (English).
    pub(crate) fn takes_an(&self, n: u8) -> bool {
        self.an_numbers.contains(&self.number_word(n))
    }

    /// Whether `word`, in lower case, is one of grammar or a known subject, and so no name.
    pub(crate) fn knows(&self, word: &str) -> bool {
        [&self.light, &self.no_nouns, &self.third_subjects, &self.first, &self.subordinators]
            .iter()
            .any(|set| set.contains(word))
    }

    /// Whether `word` can be a finite verb.
    pub(crate) fn is_finite(&self, word: &str) -> bool {
        let contracted =
            ["'re", "'ll", "'ve", "'m", "'d", "n't"].iter().any(|end| word.ends_with(end));
        contracted
            || self.irregular.contains_key(word)
            || [&self.third, &self.past, &self.present].iter().any(|set| set.contains(word))
    }

    fn from_raw(raw: RawLexicon) -> Self {
        let (clause, sides, answers, lists) = (raw.clause, raw.sides, raw.answers, raw.verbs.lists);
        Self {
            lang: raw.lang,
            limits: raw.limits,
            numbers: raw.numbers,
            an_numbers: set(raw.an_numbers),
            samples: raw.samples,
            subjects: set(raw.pronouns.subjects),
            first: set(raw.pronouns.first),
            second: set(raw.pronouns.second),
            address_informal: set(raw.pronouns.address_informal),
            address_formal: set(raw.pronouns.address_formal),
            loose: Phrases::new(&raw.pronouns.loose),
            infers: set(raw.pronouns.infers),
            conditional: set(raw.pronouns.conditional),
            states: set(raw.pronouns.states),
            relative_heads: set(raw.pronouns.relative_heads),
            determining: set(raw.pronouns.determining),
            openers: Phrases::new(&raw.trim.openers),
            closers: Phrases::new(&raw.trim.closers),
            inline: Phrases::new(&raw.trim.inline),
            softeners: set(raw.trim.softeners),
            fronts: set(raw.trim.fronts),
            not_openers: Phrases::new(&raw.trim.not_openers),
            trailing: set(raw.trim.trailing),
            conjunctions: set(clause.conjunctions),
            resumptive: set(clause.resumptive),
            points_back: set(clause.points_back),
            no_start: set(clause.no_start),
            takes_clause: set(clause.takes_clause),
            cut_before: set(clause.cut_before),
            thinks: Phrases::new(&clause.thinks),
            quotes: Phrases::new(&clause.quotes),
            amounts: Phrases::new(&clause.amounts),
            need: Need {
                heads: Phrases::new(&raw.need.heads),
                stand_in: raw.need.stand_in,
                felt: Phrases::new(std::slice::from_ref(&raw.need.said_back)),
                said_back: raw.need.said_back,
            },
            run_on_subjects: set(clause.run_on_subjects),
            not_only_verbs: set(clause.not_only_verbs),
            subordinators: set(clause.subordinators),
            dangling: Phrases::new(&clause.dangling),
            stranders: set(clause.stranders),
            determiners: set(clause.determiners),
            no_nouns: set(clause.no_nouns),
            third_subjects: set(clause.third_subjects),
            unfit: Phrases::new(&clause.unfit),
            advice: Phrases::new(&clause.advice),
            light: set(clause.light),
            change: Phrases::new(&sides.change),
            sustain: Phrases::new(&sides.sustain),
            negations: set(sides.negations),
            worry: Phrases::new(&sides.worry),
            wants: Phrases::new(&sides.wants),
            feelings: set(sides.feelings),
            steps: Phrases::new(&sides.steps),
            effort: Phrases::new(&sides.effort),
            success: Phrases::new(&sides.success),
            contrast: set(sides.contrast),
            takes_back: set(sides.takes_back),
            opinion: set(sides.opinion),
            asking: Phrases::new(&answers.asking),
            telling: set(answers.telling),
            asks_advice: Phrases::new(&answers.asks_advice),
            agree: Phrases::new(&answers.agree),
            refuse: Phrases::new(&answers.refuse),
            objection_question: set(answers.objection_question),
            yes_but: Phrases::new(&answers.yes_but),
            planning_when: set(answers.planning_when),
            planning: set(answers.planning),
            agenda: Phrases::new(&answers.agenda),
            grave: Phrases::new(&answers.grave),
            irregular: raw.verbs.irregular,
            past: set(lists.past),
            auxiliaries: set(lists.auxiliaries),
            plural: set(lists.plural),
            third: third(raw.lang, lists.third, &lists.present),
            present: set(lists.present),
            particles: lists.particles,
            reflexive: set(lists.reflexive),
            adverbs: set(lists.adverbs),
            need_infinitive: set(lists.need_infinitive),
            infinitive_endings: lists.infinitive_endings,
        }
    }
}

/// The third persons of a list, and in Dutch those that a rule makes of "ik" + …: "werk" → "werkt".
fn third(lang: Lang, list: Vec<String>, present: &[String]) -> Set {
    let stems = if lang == Lang::Nl { present } else { &[] };
    let made: Vec<_> = stems.iter().map(|stem| dutch::with_t(stem)).collect();
    list.into_iter().chain(made).collect()
}

fn set(list: Vec<String>) -> Set {
    list.into_iter().collect()
}

fn check(lang: Lang, raw: &RawLexicon) -> Result<(), Fault> {
    let fault = |key: &str, problem: String| Err(Fault::new(key, problem));
    if raw.lang != lang {
        return fault("lang", format!("is {}, but {lang} is wanted", raw.lang));
    }
    if raw.version != VERSION {
        return fault("version", format!("is {}, but this program reads {VERSION}", raw.version));
    }
    if raw.numbers.len() != RULER_MAX + 1 {
        return fault(
            "numbers",
            format!("holds {} words, but 0 to 10 are eleven", raw.numbers.len()),
        );
    }
    let limits = raw.limits;
    if limits.clause_min_words == 0 || limits.clause_max_words < limits.clause_min_words {
        return fault("limits.clause_max_words", "is less than clause_min_words".to_owned());
    }
    for (key, list) in [
        ("pronouns.first", &raw.pronouns.first),
        ("pronouns.second", &raw.pronouns.second),
        ("answers.agree", &raw.answers.agree),
        ("answers.refuse", &raw.answers.refuse),
        ("verbs.lists.present", &raw.verbs.lists.present),
        ("clause.advice", &raw.clause.advice),
        ("samples", &raw.samples),
    ] {
        if list.is_empty() {
            return fault(key, "is empty: list at least one word".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;

    #[test]
    fn numbers_by_word_and_digit() {
        let lexicon = Lexicon::builtin(Lang::Nl).unwrap();
        let found: Vec<_> =
            words("een zes of 7, geen 11").iter().filter_map(|w| lexicon.number(w)).collect();
        assert_eq!(found, [6, 7]); // "een" is the article
        assert_eq!(lexicon.number_word(4), "vier");
    }
}
