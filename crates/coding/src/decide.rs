//! From probabilities to codes.

use std::collections::BTreeMap;

use timeline::{ClientClass, Coarse, Code, CodeProbs, CodedUtterance, PractitionerClass, Speaker};

use crate::{
    RightingReflexThresholds,
    spec::{Answer, Spec},
};

/// Codes of which one utterance gets only the likeliest: a reflection is simple, complex or a summary,
/// and the codebook gives a scaling question no other question code.
const EXCLUSIVE: [&[Code]; 2] = [
    &[Code::QuestionOpen, Code::QuestionClosed, Code::QuestionScale],
    &[Code::ReflectionSimple, Code::ReflectionComplex, Code::Summary],
];

/// The decision for one utterance.
pub(crate) fn decide(spec: &Spec, speaker: Speaker, answer: &Answer) -> CodedUtterance {
    let probs: CodeProbs =
        Code::of(speaker).iter().copied().zip(answer.codes.iter().copied()).collect();
    let coarse = coarse_of(speaker, &answer.classes);
    let codes =
        choose(&probs, coarse, answer.righting_reflex, &spec.thresholds, spec.righting_reflex);
    CodedUtterance { codes, coarse, probs, righting_reflex: answer.righting_reflex }
}

/// What a text without any word is: nothing was said.
pub(crate) fn nothing_said(speaker: Speaker) -> CodedUtterance {
    let (code, coarse) = match speaker {
        Speaker::Practitioner => (Code::Facilitate, Coarse::Practitioner(PractitionerClass::Other)),
        Speaker::Client => (Code::Neutral, Coarse::Client(ClientClass::Neutral)),
    };
    let probs = Code::of(speaker).iter().map(|&c| (c, f32::from(u8::from(c == code)))).collect();
    CodedUtterance { codes: vec![code], coarse, probs, righting_reflex: 0.0 }
}

/// Codes over their thresholds, main act first. The righting-reflex family is decided as a family: at
/// or over `reflex.soft` its likeliest code is among them, below none is.
fn choose(
    probs: &CodeProbs,
    coarse: Coarse,
    righting_reflex: f32,
    thresholds: &BTreeMap<Code, f32>,
    reflex: RightingReflexThresholds,
) -> Vec<Code> {
    let marked = righting_reflex >= reflex.soft;
    let margin = |code: &Code| probs[code] / thresholds[code];
    let allowed = |code: &Code| marked || !code.is_righting_reflex();
    let mut codes: Vec<Code> =
        probs.keys().filter(|code| margin(code) >= 1.0 && allowed(code)).copied().collect();
    for group in EXCLUSIVE {
        let best = best_of(group.iter().filter(|code| codes.contains(code)), probs);
        codes.retain(|code| !group.contains(code) || Some(*code) == best);
    }
    if marked && !codes.iter().any(|code| code.is_righting_reflex()) {
        codes.extend(best_of(probs.keys().filter(|code| code.is_righting_reflex()), probs));
    }
    if codes.iter().any(|code| !is_filler(*code)) {
        codes.retain(|code| !is_filler(*code));
    }
    if codes.is_empty() {
        let fitting = probs.keys().filter(|code| allowed(code) && class_of(**code) == coarse);
        codes.extend(best_of(fitting, probs));
    }
    codes.sort_by(|a, b| {
        // A marked reflex is what the utterance is about, whatever else it does.
        let fits = |code: &Code| code.is_righting_reflex() || class_of(*code) == coarse;
        fits(b).cmp(&fits(a)).then(probs[b].total_cmp(&probs[a]))
    });
    codes
}

fn best_of<'a>(codes: impl Iterator<Item = &'a Code>, probs: &CodeProbs) -> Option<Code> {
    codes.max_by(|a, b| probs[a].total_cmp(&probs[b])).copied()
}

/// Codes that are given only when nothing else applies.
fn is_filler(code: Code) -> bool {
    matches!(code, Code::Facilitate | Code::Neutral)
}

fn coarse_of(speaker: Speaker, classes: &[f32]) -> Coarse {
    let best = (0..classes.len()).max_by(|&a, &b| classes[a].total_cmp(&classes[b])).unwrap_or(0);
    match speaker {
        Speaker::Practitioner => Coarse::Practitioner(match best {
            0 => PractitionerClass::Question,
            1 => PractitionerClass::Reflection,
            2 => PractitionerClass::Input,
            _ => PractitionerClass::Other,
        }),
        Speaker::Client => Coarse::Client(match best {
            0 => ClientClass::Change,
            1 => ClientClass::Neutral,
            _ => ClientClass::Sustain,
        }),
    }
}

/// The class that experts mostly gave to utterances of this code (counted in the training data).
pub(crate) fn class_of(code: Code) -> Coarse {
    use Code as C;
    match code {
        C::QuestionOpen | C::QuestionClosed | C::QuestionScale | C::SeekPermission => {
            Coarse::Practitioner(PractitionerClass::Question)
        }
        C::ReflectionSimple | C::ReflectionComplex | C::Summary | C::Affirm => {
            Coarse::Practitioner(PractitionerClass::Reflection)
        }
        C::Autonomy | C::GiveInfo | C::AdvisePermission => {
            Coarse::Practitioner(PractitionerClass::Input)
        }
        C::Advise | C::Persuade | C::Warn | C::Confront | C::Reassure => {
            Coarse::Practitioner(PractitionerClass::Input)
        }
        C::Facilitate | C::Structure => Coarse::Practitioner(PractitionerClass::Other),
        C::ChangeDesire | C::ChangeAbility | C::ChangeReason | C::ChangeNeed | C::ChangeCommit => {
            Coarse::Client(ClientClass::Change)
        }
        C::Sustain => Coarse::Client(ClientClass::Sustain),
        C::Discord | C::ClientQuestion | C::Neutral => Coarse::Client(ClientClass::Neutral),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFLEX: RightingReflexThresholds = RightingReflexThresholds { soft: 0.5, firm: 0.8 };
    const INPUT: Coarse = Coarse::Practitioner(PractitionerClass::Input);
    const QUESTION: Coarse = Coarse::Practitioner(PractitionerClass::Question);
    const OTHER: Coarse = Coarse::Practitioner(PractitionerClass::Other);

    /// The decision when all thresholds are 0.4 and every code not named has probability 0.01.
    fn chosen(named: &[(Code, f32)], coarse: Coarse, righting_reflex: f32) -> Vec<Code> {
        let mut probs: CodeProbs = Code::PRACTITIONER.iter().map(|&c| (c, 0.01)).collect();
        probs.extend(named.iter().copied());
        let thresholds = Code::PRACTITIONER.iter().map(|&c| (c, 0.4)).collect();
        choose(&probs, coarse, righting_reflex, &thresholds, REFLEX)
    }

    #[test]
    fn the_family_is_decided_as_a_family() {
        let likely = [(Code::Advise, 0.9), (Code::Warn, 0.2)];
        assert_eq!(chosen(&likely, INPUT, 0.6), [Code::Advise]);
        // Below soft none of the family is given, however likely the single code seems.
        assert!(!chosen(&likely, INPUT, 0.49).iter().any(|c| c.is_righting_reflex()));
        // At soft the likeliest one is given, even below its own threshold.
        assert_eq!(chosen(&[(Code::Warn, 0.2)], INPUT, 0.5), [Code::Warn]);
    }

    #[test]
    fn the_act_of_the_expert_class_comes_first() {
        let two = [(Code::ReflectionComplex, 0.8), (Code::QuestionOpen, 0.6)];
        assert_eq!(chosen(&two, QUESTION, 0.0), [Code::QuestionOpen, Code::ReflectionComplex]);
    }

    #[test]
    fn one_kind_of_question_and_filler_only_alone() {
        let many = [(Code::QuestionScale, 0.9), (Code::QuestionOpen, 0.7), (Code::Facilitate, 0.6)];
        assert_eq!(chosen(&many, QUESTION, 0.0), [Code::QuestionScale]);
        assert_eq!(chosen(&[(Code::Facilitate, 0.6)], OTHER, 0.0), [Code::Facilitate]);
    }

    #[test]
    fn there_is_always_a_code() {
        assert_eq!(chosen(&[(Code::QuestionClosed, 0.3)], QUESTION, 0.0), [Code::QuestionClosed]);
        assert_eq!(chosen(&[(Code::Advise, 0.39)], INPUT, 0.1).len(), 1);
        assert_eq!(nothing_said(Speaker::Client).codes, [Code::Neutral]);
        assert_eq!(nothing_said(Speaker::Practitioner).probs[&Code::Facilitate], 1.0);
    }

    #[test]
    fn classes_follow_the_order_of_the_heads() {
        assert_eq!(coarse_of(Speaker::Practitioner, &[0.1, 0.2, 0.6, 0.1]), INPUT);
        assert_eq!(
            coarse_of(Speaker::Client, &[0.1, 0.2, 0.7]),
            Coarse::Client(ClientClass::Sustain)
        );
    }
}
