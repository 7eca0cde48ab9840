//! Cues: what the coach says, and why.

use serde::{Deserialize, Serialize};

use crate::{Lang, SampleIdx};

/// A moment of the conversation that the coach recognises (docs/coaching.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Advice that nobody asked for, outside a permission window.
    UnsolicitedAdvice,
    /// Arguing, convincing.
    Persuading,
    /// Threatening with bad consequences.
    Warning,
    /// Disagreeing, blaming, moralising.
    Confronting,
    /// Soothing before the worry was explored.
    PrematureReassurance,
    /// A planning push before there is readiness talk.
    PrematurePlanning,
    /// The third closed question in a row without a reflection.
    QuestionTrap,
    /// The client gave change talk, and the practitioner answered something else.
    MissedChangeTalk,
    /// The client answers a righting-reflex act with discord or sustain talk.
    YesBut,
    /// Change talk (a positive cue).
    ChangeTalkHeard,
    /// Change and sustain talk in one breath.
    Ambivalence,
}

impl Moment {
    /// All, in the order of docs/coaching.md.
    pub const ALL: [Self; 11] = [
        Self::UnsolicitedAdvice,
        Self::Persuading,
        Self::Warning,
        Self::Confronting,
        Self::PrematureReassurance,
        Self::PrematurePlanning,
        Self::QuestionTrap,
        Self::MissedChangeTalk,
        Self::YesBut,
        Self::ChangeTalkHeard,
        Self::Ambivalence,
    ];

    /// The name on the command line and in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnsolicitedAdvice => "unsolicited_advice",
            Self::Persuading => "persuading",
            Self::Warning => "warning",
            Self::Confronting => "confronting",
            Self::PrematureReassurance => "premature_reassurance",
            Self::PrematurePlanning => "premature_planning",
            Self::QuestionTrap => "question_trap",
            Self::MissedChangeTalk => "missed_change_talk",
            Self::YesBut => "yes_but",
            Self::ChangeTalkHeard => "change_talk_heard",
            Self::Ambivalence => "ambivalence",
        }
    }

    /// Whether it marks a righting-reflex act of the practitioner.
    #[must_use]
    pub fn is_righting_reflex(self) -> bool {
        matches!(
            self,
            Self::UnsolicitedAdvice
                | Self::Persuading
                | Self::Warning
                | Self::Confronting
                | Self::PrematureReassurance
                | Self::PrematurePlanning
        )
    }
}

/// How sure a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Likely; becomes firm when the client's answer confirms it.
    Soft,
    /// High precision.
    Firm,
}

/// What kind of sentence is suggested (docs/coaching.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the field's terms; docs/coaching.md defines each")]
pub enum Technique {
    ReflectionSimple,
    ReflectionComplex,
    ReflectionDoubleSided,
    ReflectionAmplified,
    ShiftFocus,
    AgreeWithTwist,
    Autonomy,
    Reframe,
    Paradox,
    ScalingImportance,
    ScalingConfidence,
    ScalingFollowUp,
    EvokeChangeTalk,
    DevelopDiscrepancy,
    SupportSelfEfficacy,
    ExploreBothSides,
    Affirmation,
    AskPermission,
    Summary,
    /// The content-free sentence, when the words allow no safe transformation.
    Fallback,
}

/// By which rule a moment was recognised (docs/coaching.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Advice while no permission window is open.
    NoPermission,
    /// The coder found the act itself: persuading, warning, confronting.
    Act,
    /// Soothing, while a worry was voiced and not explored.
    WorryUnexplored,
    /// Persuading with words of planning, while no readiness was heard.
    PlanningPush,
    /// A question after when to begin, right after sustain talk and without readiness.
    PlanningQuestion,
    /// The third closed question in a row.
    ThirdClosedQuestion,
    /// A fact or a matter of form right after change talk.
    PassedOver,
    /// Discord or sustain talk right after a righting-reflex act.
    AnsweredReflex,
    /// Discord that begins with "yes, but".
    Objection,
    /// Change talk by its code.
    ChangeTalk,
    /// A number above one on a ruler.
    RulerNumber,
    /// Change and sustain talk in one utterance.
    BothSides,
}

/// Why a cue was given: what a report can tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// By which rule.
    pub rule: Rule,
    /// The words that show it: a sentence of the utterance.
    pub words: String,
    /// The earlier utterance that makes it weigh: the client's, or the righting-reflex act that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// One cue: a mark, the next move in at most four words, and a sentence that can be said as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cue {
    /// When the words that show the moment ended.
    #[serde(skip)]
    pub at: SampleIdx,
    /// The utterance after which it comes.
    pub after: String,
    /// Which moment.
    pub moment: Moment,
    /// How sure.
    pub strength: Strength,
    /// What kind of sentence.
    pub technique: Technique,
    /// One word for the mark: "advies", "ja, maar".
    pub mark: String,
    /// The next move, at most four words: "Vraag toestemming".
    pub headline: String,
    /// The sayable sentence.
    pub suggestion: String,
    /// The language of the texts.
    pub lang: Lang,
    /// The client's utterance that the suggestion was made from; the one it comes after where none was.
    pub source: String,
    /// Why it was given; absent in journals of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}
