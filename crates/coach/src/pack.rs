//! The wordings, checked at load.

use std::collections::BTreeMap;

use timeline::{Lang, Moment, Technique};

use crate::{
    error::Fault,
    lexicon::VERSION,
    raw::{RawPack, RawTechnique},
    state::Address,
};

/// What a glance can take in (docs/coaching.md).
const HEADLINE_MAX_WORDS: usize = 4;
const MARK_MAX_WORDS: usize = 2;
/// Fewer would repeat themselves within one session.
const MIN_WORDINGS: usize = 8;
const MIN_HEADLINES: usize = 4;

/// The techniques; each needs its wordings.
pub(crate) const TECHNIQUES: [Technique; 20] = [
    Technique::ReflectionSimple,
    Technique::ReflectionComplex,
    Technique::ReflectionDoubleSided,
    Technique::ReflectionAmplified,
    Technique::ShiftFocus,
    Technique::AgreeWithTwist,
    Technique::Autonomy,
    Technique::Reframe,
    Technique::Paradox,
    Technique::ScalingImportance,
    Technique::ScalingConfidence,
    Technique::ScalingFollowUp,
    Technique::EvokeChangeTalk,
    Technique::DevelopDiscrepancy,
    Technique::SupportSelfEfficacy,
    Technique::ExploreBothSides,
    Technique::Affirmation,
    Technique::AskPermission,
    Technique::Summary,
    Technique::Fallback,
];

#[derive(Debug, Clone)]
pub(crate) struct Pack {
    marks: BTreeMap<Moment, String>,
    techniques: BTreeMap<Technique, Wordings>,
    checking: Vec<String>,
    brisk: Vec<String>,
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
    /// Checks a pack as it is written.
    pub(crate) fn new(lang: Lang, raw: RawPack) -> Result<Self, Fault> {
        if raw.lang != lang {
            return Err(Fault::new("lang", format!("is {}, but {lang} is wanted", raw.lang)));
        }
        if raw.version != VERSION {
            let problem = format!("is {}, but this program reads {VERSION}", raw.version);
            return Err(Fault::new("version", problem));
        }
        for moment in Moment::ALL {
            let key = format!("moments.{}", moment.name());
            let mark = raw.moments.get(&moment).ok_or_else(|| Fault::new(&key, "is missing"))?;
            check_length(&key, mark, MARK_MAX_WORDS)?;
        }
        let mut techniques = BTreeMap::new();
        for technique in TECHNIQUES {
            let key = format!("techniques.{}", name_of(&technique));
            let found =
                raw.techniques.get(&technique).ok_or_else(|| Fault::new(&key, "is missing"))?;
            techniques.insert(technique, wordings(lang, &key, technique, found)?);
        }
        Ok(Self { marks: raw.moments, techniques, checking: raw.checking, brisk: raw.brisk })
    }

    /// Whether a wording asks back if it was understood.
    pub(crate) fn is_checking(&self, wording: &str) -> bool {
        self.checking.iter().any(|start| wording.starts_with(start.as_str()))
    }

    /// Whether a wording is too brisk for what weighs on somebody.
    pub(crate) fn is_brisk(&self, wording: &str) -> bool {
        self.brisk.iter().any(|start| wording.starts_with(start.as_str()))
    }

    pub(crate) fn mark(&self, moment: Moment) -> &str {
        self.marks.get(&moment).map_or("", String::as_str)
    }

    /// The wordings of `technique`; every technique has some.
    pub(crate) fn wordings(&self, technique: Technique) -> Option<&Wordings> {
        self.techniques.get(&technique)
    }
}

fn wordings(
    lang: Lang,
    key: &str,
    technique: Technique,
    raw: &RawTechnique,
) -> Result<Wordings, Fault> {
    let headlines_key = format!("{key}.headlines");
    enough(&headlines_key, &raw.headlines, MIN_HEADLINES)?;
    for headline in &raw.headlines {
        check_length(&headlines_key, headline, HEADLINE_MAX_WORDS)?;
    }
    let take = |name: &str, list: &Option<Vec<String>>| -> Result<Vec<String>, Fault> {
        let key = format!("{key}.{name}");
        let list = list.clone().ok_or_else(|| Fault::new(&key, "is missing"))?;
        enough(&key, &list, MIN_WORDINGS)?;
        if takes_clause(technique) {
            let plain: Vec<_> = list.iter().filter(|w| !w.contains('{')).cloned().collect();
            enough(&key, &plain, MIN_WORDINGS)?;
        }
        for wording in &list {
            check_placeholders(&key, wording, technique, name.ends_with("_low"))?;
        }
        Ok(list)
    };
    let (informal, formal) = match lang {
        Lang::Nl => (take("je", &raw.je)?, take("u", &raw.u)?),
        Lang::En => (take("you", &raw.you)?, take("you", &raw.you)?),
    };
    let pairs = |key: &str, a: usize, b: usize| {
        let problem = format!("holds {b} wordings, but its counterpart for \"je\" holds {a}");
        if a == b { Ok(()) } else { Err(Fault::new(key, problem)) }
    };
    pairs(&format!("{key}.u"), informal.len(), formal.len())?;
    let (informal_low, formal_low) = match (technique, lang) {
        (Technique::ScalingFollowUp, Lang::Nl) => {
            (take("je_low", &raw.je_low)?, take("u_low", &raw.u_low)?)
        }
        (Technique::ScalingFollowUp, Lang::En) => {
            (take("you_low", &raw.you_low)?, take("you_low", &raw.you_low)?)
        }
        _ => (Vec::new(), Vec::new()),
    };
    pairs(&format!("{key}.u_low"), informal_low.len(), formal_low.len())?;
    Ok(Wordings { headlines: raw.headlines.clone(), informal, formal, informal_low, formal_low })
}

/// Whether some wordings of a technique may hold the client's words, beside those that hold none.
pub(crate) fn takes_clause(technique: Technique) -> bool {
    technique == Technique::EvokeChangeTalk
}

fn enough(key: &str, list: &[String], least: usize) -> Result<(), Fault> {
    let distinct: std::collections::BTreeSet<_> = list.iter().collect();
    if list.len() < least || distinct.len() != list.len() {
        let problem =
            format!("holds {} different texts; at least {least} are needed", distinct.len());
        return Err(Fault::new(key, problem));
    }
    Ok(())
}

fn check_length(key: &str, text: &str, most: usize) -> Result<(), Fault> {
    let words = text.split_whitespace().count();
    if words == 0 || words > most {
        let problem = format!("\"{text}\" has {words} words; one to {most} are allowed");
        return Err(Fault::at(key, text, problem));
    }
    Ok(())
}

/// A wording holds the placeholders of its technique, and no other.
fn check_placeholders(
    key: &str,
    wording: &str,
    technique: Technique,
    low: bool,
) -> Result<(), Fault> {
    let fault = |problem: String| Err(Fault::at(key, wording, problem));
    let clause: &[&str] = &["clause", "Clause"];
    let sustain: &[&str] = &["sustain", "Sustain"];
    let change: &[&str] = &["change", "Change"];
    let needed: &[&[&str]] = match technique {
        Technique::ReflectionSimple
        | Technique::ReflectionComplex
        | Technique::AgreeWithTwist
        | Technique::Reframe
        | Technique::SupportSelfEfficacy => &[clause],
        Technique::ReflectionDoubleSided | Technique::DevelopDiscrepancy | Technique::Summary => {
            &[sustain, change]
        }
        Technique::ScalingFollowUp if low => &[&["higher"]],
        Technique::ScalingFollowUp => &[&["n"], &["lower"]],
        _ => &[],
    };
    let articles: &[&str] = match technique {
        Technique::ScalingFollowUp if low => &["higher_article"],
        Technique::ScalingFollowUp => &["n_article", "lower_article"],
        _ => &[],
    };
    let optional: &[&str] = if takes_clause(technique) { clause } else { &[] };
    let allowed: Vec<&str> =
        needed.iter().copied().flatten().chain(articles).chain(optional).copied().collect();
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
pub(crate) fn name_of(value: &(impl serde::Serialize + std::fmt::Debug)) -> String {
    toml::Value::try_from(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_else(|| format!("{value:?}"))
}
