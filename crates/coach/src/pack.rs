//! The wordings, checked at load.

use std::collections::BTreeMap;

use timeline::{Lang, Moment, Technique};

use crate::{
    error::CoachError,
    lexicon::VERSION,
    raw::{RawPack, RawTechnique},
    state::Address,
};

const NL: &str = include_str!("../../../assets/coach/nl.toml");
const EN: &str = include_str!("../../../assets/coach/en.toml");
/// What a glance can take in (docs/coaching.md).
const HEADLINE_MAX_WORDS: usize = 4;
const MARK_MAX_WORDS: usize = 2;
/// Fewer would repeat themselves within one session.
const MIN_WORDINGS: usize = 4;

/// Every moment needs a mark.
const MOMENTS: [Moment; 11] = [
    Moment::UnsolicitedAdvice,
    Moment::Persuading,
    Moment::Warning,
    Moment::Confronting,
    Moment::PrematureReassurance,
    Moment::PrematurePlanning,
    Moment::QuestionTrap,
    Moment::MissedChangeTalk,
    Moment::YesBut,
    Moment::ChangeTalkHeard,
    Moment::Ambivalence,
];

/// The techniques that this version of the coach uses; each needs its wordings.
pub(crate) const TECHNIQUES: [Technique; 12] = [
    Technique::ReflectionSimple,
    Technique::ReflectionComplex,
    Technique::ReflectionDoubleSided,
    Technique::ReflectionAmplified,
    Technique::Autonomy,
    Technique::ScalingImportance,
    Technique::ScalingConfidence,
    Technique::ScalingFollowUp,
    Technique::EvokeChangeTalk,
    Technique::ExploreBothSides,
    Technique::Affirmation,
    Technique::AskPermission,
];

#[derive(Debug, Clone)]
pub(crate) struct Pack {
    marks: BTreeMap<Moment, String>,
    techniques: BTreeMap<Technique, Wordings>,
}

#[derive(Debug, Clone)]
pub(crate) struct Wordings {
    pub headlines: Vec<String>,
    informal: Vec<String>,
    formal: Vec<String>,
    informal_low: Vec<String>,
    formal_low: Vec<String>,
}

impl Wordings {
    pub(crate) fn sentences(&self, address: Address) -> &[String] {
        match address {
            Address::Informal => &self.informal,
            Address::Formal => &self.formal,
        }
    }

    /// The sentences for a number too low to go down from.
    pub(crate) fn low(&self, address: Address) -> &[String] {
        match address {
            Address::Informal => &self.informal_low,
            Address::Formal => &self.formal_low,
        }
    }
}

impl Pack {
    /// The built-in pack of `lang`.
    pub(crate) fn builtin(lang: Lang) -> Result<Self, CoachError> {
        Self::parse(
            lang,
            match lang {
                Lang::Nl => NL,
                Lang::En => EN,
            },
        )
    }

    pub(crate) fn parse(lang: Lang, toml: &str) -> Result<Self, CoachError> {
        let raw: RawPack = toml::from_str(toml).map_err(|source| CoachError::Parse {
            file: format!("{lang}.toml"),
            source: Box::new(source),
        })?;
        let fault = |key: &str, problem: String| CoachError::key(lang, "", key, problem);
        if raw.lang != lang {
            return Err(fault("lang", format!("is {}, but {lang} is wanted", raw.lang)));
        }
        if raw.version != VERSION {
            let problem = format!("is {}, but this program reads {VERSION}", raw.version);
            return Err(fault("version", problem));
        }
        for moment in MOMENTS {
            let key = format!("moments.{}", name_of(&moment));
            let mark = raw.moments.get(&moment).ok_or_else(|| fault(&key, "is missing".into()))?;
            check_length(lang, &key, mark, MARK_MAX_WORDS)?;
        }
        let mut techniques = BTreeMap::new();
        for technique in TECHNIQUES.into_iter().chain([Technique::Fallback]) {
            let key = format!("techniques.{}", name_of(&technique));
            let found =
                raw.techniques.get(&technique).ok_or_else(|| fault(&key, "is missing".into()))?;
            techniques.insert(technique, wordings(lang, &key, technique, found)?);
        }
        Ok(Self { marks: raw.moments, techniques })
    }

    pub(crate) fn mark(&self, moment: Moment) -> &str {
        self.marks.get(&moment).map_or("", String::as_str)
    }

    /// The wordings of `technique`; `None` for one that this version does not use.
    pub(crate) fn wordings(&self, technique: Technique) -> Option<&Wordings> {
        self.techniques.get(&technique)
    }
}

fn wordings(
    lang: Lang,
    key: &str,
    technique: Technique,
    raw: &RawTechnique,
) -> Result<Wordings, CoachError> {
    let headlines_key = format!("{key}.headlines");
    enough(lang, &headlines_key, &raw.headlines)?;
    for headline in &raw.headlines {
        check_length(lang, &headlines_key, headline, HEADLINE_MAX_WORDS)?;
    }
    let take = |name: &str, list: &Option<Vec<String>>| -> Result<Vec<String>, CoachError> {
        let key = format!("{key}.{name}");
        let list = list.clone().ok_or_else(|| CoachError::key(lang, "", &key, "is missing"))?;
        enough(lang, &key, &list)?;
        for wording in &list {
            check_placeholders(lang, &key, wording, technique, name.ends_with("_low"))?;
        }
        Ok(list)
    };
    let (informal, formal) = match lang {
        Lang::Nl => (take("je", &raw.je)?, take("u", &raw.u)?),
        Lang::En => (take("you", &raw.you)?, take("you", &raw.you)?),
    };
    if informal.len() != formal.len() {
        let problem = format!("holds {} wordings, but `je` holds {}", formal.len(), informal.len());
        return Err(CoachError::key(lang, "", format!("{key}.u"), problem));
    }
    let (informal_low, formal_low) = match (technique, lang) {
        (Technique::ScalingFollowUp, Lang::Nl) => {
            (take("je_low", &raw.je_low)?, take("u_low", &raw.u_low)?)
        }
        (Technique::ScalingFollowUp, Lang::En) => {
            (take("you_low", &raw.you_low)?, take("you_low", &raw.you_low)?)
        }
        _ => (Vec::new(), Vec::new()),
    };
    Ok(Wordings { headlines: raw.headlines.clone(), informal, formal, informal_low, formal_low })
}

fn enough(lang: Lang, key: &str, list: &[String]) -> Result<(), CoachError> {
    let distinct: std::collections::BTreeSet<_> = list.iter().collect();
    if list.len() < MIN_WORDINGS || distinct.len() != list.len() {
        let problem =
            format!("needs at least {MIN_WORDINGS} different texts, has {}", distinct.len());
        return Err(CoachError::key(lang, "", key, problem));
    }
    Ok(())
}

fn check_length(lang: Lang, key: &str, text: &str, most: usize) -> Result<(), CoachError> {
    let words = text.split_whitespace().count();
    if words == 0 || words > most {
        let problem = format!("\"{text}\" has {words} words; one to {most} are allowed");
        return Err(CoachError::key(lang, "", key, problem));
    }
    Ok(())
}

/// A wording holds the placeholders of its technique, and no other.
fn check_placeholders(
    lang: Lang,
    key: &str,
    wording: &str,
    technique: Technique,
    low: bool,
) -> Result<(), CoachError> {
    let fault = |problem: String| Err(CoachError::key(lang, "", key, problem));
    let (allowed, needed): (&[&str], &[&[&str]]) = match technique {
        Technique::ReflectionSimple | Technique::ReflectionComplex => {
            (&["clause", "Clause"], &[&["clause", "Clause"]])
        }
        Technique::ReflectionDoubleSided => {
            (&["sustain", "Sustain", "change"], &[&["sustain", "Sustain"], &["change"]])
        }
        Technique::ScalingFollowUp if low => (&["higher", "higher_article"], &[&["higher"]]),
        Technique::ScalingFollowUp => {
            (&["n", "lower", "n_article", "lower_article"], &[&["n"], &["lower"]])
        }
        _ => (&[], &[]),
    };
    let mut found = Vec::new();
    let mut rest = wording;
    while let Some(open) = rest.find('{') {
        let Some(length) = rest[open..].find('}') else {
            return fault(format!("\"{wording}\" has a {{ without its }}"));
        };
        let name = &rest[open + 1..open + length];
        if !allowed.contains(&name) {
            return fault(format!(
                "\"{wording}\" has the placeholder {{{name}}}; allowed: {allowed:?}"
            ));
        }
        found.push(name);
        rest = &rest[open + length + 1..];
    }
    for group in needed {
        if !group.iter().any(|name| found.contains(name)) {
            return fault(format!("\"{wording}\" lacks one of the placeholders {group:?}"));
        }
    }
    Ok(())
}

/// The name of an enum's value in the pack.
fn name_of(value: &(impl serde::Serialize + std::fmt::Debug)) -> String {
    toml::Value::try_from(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_else(|| format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_packs_load() {
        for lang in [Lang::Nl, Lang::En] {
            let pack = Pack::builtin(lang).unwrap();
            assert!(MOMENTS.iter().all(|m| !pack.mark(*m).is_empty()));
        }
    }

    #[test]
    fn faults_name_the_key() {
        let message = |from: &str, to: &str| {
            assert!(NL.contains(from), "{from}");
            Pack::parse(Lang::Nl, &NL.replacen(from, to, 1)).unwrap_err().to_string()
        };
        let gone = message("warning = \"waarschuwing\"\n", "");
        assert!(gone.contains("`moments.warning`"), "{gone}");
        let long = message("\"Vraag toestemming\"", "\"Vraag nu eerst om toestemming\"");
        assert!(long.contains("`techniques.ask_permission.headlines`"), "{long}");
        let odd = message("Waarom een {n} en geen {lower}?", "Waarom een {m} en geen {lower}?");
        assert!(odd.contains("techniques.scaling_follow_up.je") && odd.contains("{m}"), "{odd}");
        let lacks = message("Dus {clause}.", "Dus dat.");
        assert!(lacks.contains("techniques.reflection_simple.je"), "{lacks}");
        let few = message("  \"Jij bepaalt of je er iets mee doet, en wanneer.\",\n", "");
        assert!(few.contains("techniques.autonomy.u") && few.contains("`je` holds 4"), "{few}");
        let line = message("version = 1", "version = ");
        assert!(line.contains("line"), "{line}");
    }
}
