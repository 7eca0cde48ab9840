//! The codebook: what is said, coded (docs/codebook.md).

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::Speaker;

/// A behaviour code. The codes refine MITI 4.2.1 and MISC 2.5; an utterance may carry several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the field's terms; docs/codebook.md defines each")]
pub enum Code {
    QuestionOpen,
    QuestionClosed,
    QuestionScale,
    ReflectionSimple,
    ReflectionComplex,
    Summary,
    Affirm,
    Autonomy,
    SeekPermission,
    GiveInfo,
    AdvisePermission,
    Advise,
    Persuade,
    Warn,
    Confront,
    Reassure,
    Facilitate,
    Structure,
    ChangeDesire,
    ChangeAbility,
    ChangeReason,
    ChangeNeed,
    ChangeCommit,
    Sustain,
    Discord,
    ClientQuestion,
    Neutral,
}

impl Code {
    /// The codes of a practitioner's utterance, in the order of the codebook.
    pub const PRACTITIONER: [Self; 18] = [
        Self::QuestionOpen,
        Self::QuestionClosed,
        Self::QuestionScale,
        Self::ReflectionSimple,
        Self::ReflectionComplex,
        Self::Summary,
        Self::Affirm,
        Self::Autonomy,
        Self::SeekPermission,
        Self::GiveInfo,
        Self::AdvisePermission,
        Self::Advise,
        Self::Persuade,
        Self::Warn,
        Self::Confront,
        Self::Reassure,
        Self::Facilitate,
        Self::Structure,
    ];

    /// The codes of a client's utterance, in the order of the codebook.
    pub const CLIENT: [Self; 9] = [
        Self::ChangeDesire,
        Self::ChangeAbility,
        Self::ChangeReason,
        Self::ChangeNeed,
        Self::ChangeCommit,
        Self::Sustain,
        Self::Discord,
        Self::ClientQuestion,
        Self::Neutral,
    ];

    /// The codes that `speaker` can get.
    #[must_use]
    pub fn of(speaker: Speaker) -> &'static [Self] {
        match speaker {
            Speaker::Practitioner => &Self::PRACTITIONER,
            Speaker::Client => &Self::CLIENT,
        }
    }

    /// Whose code it is.
    #[must_use]
    pub fn speaker(self) -> Speaker {
        if Self::CLIENT.contains(&self) { Speaker::Client } else { Speaker::Practitioner }
    }

    /// Whether it belongs to the righting-reflex family.
    ///
    /// ```
    /// use timeline::Code;
    /// assert!(Code::Advise.is_righting_reflex());
    /// assert!(!Code::AdvisePermission.is_righting_reflex());
    /// ```
    #[must_use]
    pub fn is_righting_reflex(self) -> bool {
        matches!(self, Self::Advise | Self::Persuade | Self::Warn | Self::Confront | Self::Reassure)
    }

    /// Whether it is change talk (desire, ability, reason, need, commitment).
    #[must_use]
    pub fn is_change(self) -> bool {
        matches!(
            self,
            Self::ChangeDesire
                | Self::ChangeAbility
                | Self::ChangeReason
                | Self::ChangeNeed
                | Self::ChangeCommit
        )
    }

    /// Whether it is a question of the practitioner.
    #[must_use]
    pub fn is_question(self) -> bool {
        matches!(self, Self::QuestionOpen | Self::QuestionClosed | Self::QuestionScale)
    }

    /// Whether it is a reflection, a summary included.
    #[must_use]
    pub fn is_reflection(self) -> bool {
        matches!(self, Self::ReflectionSimple | Self::ReflectionComplex | Self::Summary)
    }

    /// The name in files: snake_case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QuestionOpen => "question_open",
            Self::QuestionClosed => "question_closed",
            Self::QuestionScale => "question_scale",
            Self::ReflectionSimple => "reflection_simple",
            Self::ReflectionComplex => "reflection_complex",
            Self::Summary => "summary",
            Self::Affirm => "affirm",
            Self::Autonomy => "autonomy",
            Self::SeekPermission => "seek_permission",
            Self::GiveInfo => "give_info",
            Self::AdvisePermission => "advise_permission",
            Self::Advise => "advise",
            Self::Persuade => "persuade",
            Self::Warn => "warn",
            Self::Confront => "confront",
            Self::Reassure => "reassure",
            Self::Facilitate => "facilitate",
            Self::Structure => "structure",
            Self::ChangeDesire => "change_desire",
            Self::ChangeAbility => "change_ability",
            Self::ChangeReason => "change_reason",
            Self::ChangeNeed => "change_need",
            Self::ChangeCommit => "change_commit",
            Self::Sustain => "sustain",
            Self::Discord => "discord",
            Self::ClientQuestion => "client_question",
            Self::Neutral => "neutral",
        }
    }

    /// The code of that name in files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::PRACTITIONER.into_iter().chain(Self::CLIENT).find(|code| code.name() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The expert-coded class of a practitioner's utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PractitionerClass {
    /// Any question.
    Question,
    /// Any reflection.
    Reflection,
    /// Information, advice, negotiation, options.
    Input,
    /// All else.
    Other,
}

/// The expert-coded class of a client's utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientClass {
    /// Change talk.
    Change,
    /// Neither side.
    Neutral,
    /// Sustain talk.
    Sustain,
}

/// The expert-coded coarse class of either speaker; serialised as the bare name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Coarse {
    /// Of a practitioner.
    Practitioner(PractitionerClass),
    /// Of a client.
    Client(ClientClass),
}

impl Coarse {
    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Practitioner(PractitionerClass::Question) => "question",
            Self::Practitioner(PractitionerClass::Reflection) => "reflection",
            Self::Practitioner(PractitionerClass::Input) => "input",
            Self::Practitioner(PractitionerClass::Other) => "other",
            Self::Client(ClientClass::Change) => "change",
            Self::Client(ClientClass::Neutral) => "neutral",
            Self::Client(ClientClass::Sustain) => "sustain",
        }
    }
}

/// The calibrated probability of each code of the speaker.
pub type CodeProbs = BTreeMap<Code, f32>;

/// What the coder says of one utterance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodedUtterance {
    /// The decision, main act first; never empty.
    pub codes: Vec<Code>,
    /// The expert-coded class.
    pub coarse: Coarse,
    /// Calibrated, one for each code of that speaker.
    pub probs: CodeProbs,
    /// Probability that any code of the righting-reflex family applies; 0 for a client.
    pub righting_reflex: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_serde_and_back() {
        for code in Code::PRACTITIONER.into_iter().chain(Code::CLIENT) {
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.name()));
            assert_eq!(Code::from_name(code.name()), Some(code));
        }
        assert_eq!(Code::from_name("advice"), None);
    }

    #[test]
    fn coarse_is_a_bare_name() {
        let coarse = Coarse::Practitioner(PractitionerClass::Input);
        assert_eq!(serde_json::to_string(&coarse).unwrap(), "\"input\"");
        assert_eq!(coarse.name(), "input");
        let back: Coarse = serde_json::from_str("\"sustain\"").unwrap();
        assert_eq!(back, Coarse::Client(ClientClass::Sustain));
    }
}
