//! From a moment to a sentence: which technique, from which words, in which wording.

use timeline::{Code, Moment, SAMPLE_RATE_HZ, Technique};

use crate::{
    choose::Chooser,
    config::CoachConfig,
    gate,
    lexicon::Lexicon,
    pack::{Pack, TECHNIQUES},
    sayable::{Said, Shape},
    state::{DialogueState, Side, Statement},
    text::capitalised,
};

/// A number on a ruler can be gone on from for this long.
const RULER_SECS: u64 = 60;
/// From the number given to the one asked about: far enough down that there are reasons in between.
const RULER_STEP: u8 = 2;
/// So much sustain talk without any change talk before it is amplified.
const AMPLIFY_AFTER: usize = 3;

/// Of so many words a clause may be asked back whether it was understood.
const CHECKING_MIN_WORDS: usize = 9;
/// The wording that is nothing but the client's words.
const BARE: &str = "{Clause}.";

/// A suggestion, not yet a cue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub technique: Technique,
    pub headline: String,
    pub sentence: String,
    /// The wording before it was filled.
    pub wording: String,
    /// The client's utterance whose words are in it.
    pub source: Option<String>,
    /// Those words, as they are said back.
    pub clauses: Vec<String>,
}

pub(crate) struct Suggester<'a> {
    state: &'a DialogueState,
    pack: &'a Pack,
    lexicon: &'a Lexicon,
    chooser: Chooser<'a>,
    seed: u64,
    paradox: bool,
}

/// What goes into a wording.
struct Filling {
    slots: Vec<(String, String)>,
    source: Option<String>,
    clauses: Vec<String>,
    shape: Shape,
    /// It weighs on the client.
    weighs: bool,
    low: bool,
}

impl Filling {
    /// Of a wording without placeholders.
    fn none() -> Self {
        let (slots, clauses) = (Vec::new(), Vec::new());
        Self { slots, source: None, clauses, shape: Shape::Clause, weighs: false, low: false }
    }
}

impl<'a> Suggester<'a> {
    pub(crate) fn new(
        state: &'a DialogueState,
        pack: &'a Pack,
        lexicon: &'a Lexicon,
        config: &CoachConfig,
        chooser: Chooser<'a>,
    ) -> Self {
        Self { state, pack, lexicon, chooser, seed: config.seed, paradox: config.paradox }
    }

    /// The suggestion for `moment`: the first technique whose sentence passes, in the end the one without content.
    pub(crate) fn draft(&self, moment: Moment) -> Draft {
        let mut order = self.order(moment);
        order.push(Technique::Fallback);
        (0..order.len())
            .find_map(|i| self.attempt(order[i], order[..i].contains(&order[i])))
            // Only if a pack held no fallback at all, which its check at load rules out.
            .unwrap_or_else(|| Draft {
                technique: Technique::Fallback,
                headline: self.pack.mark(moment).to_owned(),
                sentence: String::new(),
                wording: String::new(),
                source: None,
                clauses: Vec::new(),
            })
    }

    fn order(&self, moment: Moment) -> Vec<Technique> {
        use Technique as T;
        let scale = self.unclear_ruler();
        let own_words = [
            T::ScalingFollowUp,
            T::Reframe,
            T::ReflectionDoubleSided,
            T::ReflectionComplex,
            T::SupportSelfEfficacy,
            T::ReflectionSimple,
        ];
        let times = self.state.shown.get(&moment).copied().unwrap_or_default();
        let (first, then): (&[T], &[T]) = match moment {
            Moment::UnsolicitedAdvice => (&own_words, &[T::Autonomy, T::AskPermission]),
            Moment::Persuading => (&own_words, &[T::Autonomy, T::ExploreBothSides]),
            // What the client wishes for weighs more than what the practitioner fears.
            Moment::Warning => (&own_words, &[T::DevelopDiscrepancy, T::Autonomy]),
            Moment::Confronting => (&own_words, &[T::Affirmation, T::Autonomy]),
            Moment::PrematureReassurance => (&own_words[3..], &[]),
            Moment::PrematurePlanning => (
                &[T::ScalingFollowUp, scale],
                &[T::Summary, T::ReflectionDoubleSided, T::ReflectionSimple],
            ),
            Moment::QuestionTrap => (
                &[T::Summary, T::ReflectionDoubleSided, T::ReflectionComplex, T::ReflectionSimple],
                &[],
            ),
            Moment::MissedChangeTalk => (
                &[T::ReflectionDoubleSided, T::EvokeChangeTalk, T::ReflectionSimple],
                &[T::EvokeChangeTalk],
            ),
            Moment::YesBut if self.is_stuck() => {
                let stuck: &[T] = if self.paradox {
                    &[T::ReflectionAmplified, T::Paradox, T::ShiftFocus, T::Autonomy]
                } else {
                    &[T::ReflectionAmplified, T::ShiftFocus, T::Autonomy]
                };
                (&own_words[1..], stuck)
            }
            // The first answer to resistance gives it back; the next ones move on from it.
            Moment::YesBut => match times % 3 {
                0 => (&own_words[1..], &[T::AgreeWithTwist, T::Autonomy]),
                1 => (
                    &[T::AgreeWithTwist, T::Reframe, T::ReflectionDoubleSided, T::ReflectionSimple],
                    &[T::Autonomy],
                ),
                _ => (&[T::ShiftFocus, T::Autonomy, T::ReflectionSimple], &[]),
            },
            // To ask for more, or to say it back: in turns.
            Moment::ChangeTalkHeard if times % 2 == 0 => (
                &[
                    T::ScalingFollowUp,
                    T::ReflectionComplex,
                    T::EvokeChangeTalk,
                    T::ReflectionSimple,
                ],
                &[T::EvokeChangeTalk],
            ),
            Moment::ChangeTalkHeard => (
                &[T::ScalingFollowUp, T::ReflectionSimple, T::EvokeChangeTalk],
                &[T::EvokeChangeTalk],
            ),
            Moment::Ambivalence => (
                &[T::ReflectionDoubleSided, T::DevelopDiscrepancy, T::ReflectionSimple],
                &[T::ExploreBothSides],
            ),
        };
        // The same moment again: the other of the moves without the client's words, so that it does not become a drone.
        let mut then = then.to_vec();
        if times % 2 == 1 && moment != Moment::YesBut {
            then.reverse();
        }
        first.iter().copied().chain(then).collect()
    }

    fn attempt(&self, technique: Technique, again: bool) -> Option<Draft> {
        let filling = match technique {
            Technique::ScalingFollowUp => self.ruler_filling()?,
            Technique::ReflectionDoubleSided => pair(self.chooser.two_sides()?),
            Technique::ReflectionComplex => reflection(self.chooser.worry()?),
            Technique::ReflectionSimple => reflection(self.chooser.best()?),
            Technique::Reframe => reflection(self.chooser.effort()?),
            Technique::SupportSelfEfficacy => reflection(self.chooser.success()?),
            Technique::AgreeWithTwist => reflection(self.chooser.stumbling_block()?),
            Technique::DevelopDiscrepancy => pair(self.chooser.discrepancy()?),
            Technique::Summary => pair(self.chooser.summary()?),
            // With the client's words before all else that is said of change, without them after it.
            Technique::EvokeChangeTalk if !again => reflection(self.chooser.wished()?),
            _ if !self.chooser.calls_for(technique) => return None,
            _ => Filling::none(),
        };
        self.worded(technique, filling)
    }

    /// The first wording that is not used up and fits.
    fn worded(&self, technique: Technique, filling: Filling) -> Option<Draft> {
        let wordings = self.pack.wordings(technique)?;
        let address = self.state.address();
        let sentences =
            if filling.low { wordings.low(address) } else { wordings.sentences(address) };
        let used = |w: &String| self.state.said.iter().rposition(|s| s == w);
        let mut order: Vec<usize> = (0..sentences.len())
            // No wording twice in a session; where all else fails there is but one thing to say.
            // The client's words alone have no wording.
            .filter(|&i| {
                let again = technique == Technique::Fallback || sentences[i] == BARE;
                again || used(&sentences[i]).is_none()
            })
            .filter(|&i| filling.slots.is_empty() != sentences[i].contains('{'))
            .filter(|&i| filling.slots.is_empty() || self.frames(&sentences[i], &filling))
            .collect();
        let times = self.state.said.iter().filter(|s| sentences.contains(s)).count();
        // In the order of the seed, of the last resort the one used longest ago.
        order.sort_by_key(|&i| {
            let rank = match () {
                () if technique == Technique::Fallback => {
                    used(&sentences[i]).map_or(0, |at| at + 1)
                }
                // The bare words every third time: with a "so" before them they sound less like a verdict.
                () if sentences[i] == BARE => {
                    if times % 3 == 2 {
                        0
                    } else {
                        2
                    }
                }
                () => 1,
            };
            (rank, self.shuffled(technique, i))
        });
        let (wording, sentence) =
            order.into_iter().map(|i| (&sentences[i], fill(&sentences[i], &filling.slots))).find(
                |(_, sentence)| gate::check_sentence(sentence, technique, self.lexicon).is_ok(),
            )?;
        let turn = self.shuffled(technique, 0) as usize % wordings.headlines.len() + times;
        Some(Draft {
            technique,
            headline: wordings.headlines[turn % wordings.headlines.len()].clone(),
            sentence,
            wording: wording.clone(),
            source: filling.source,
            clauses: filling.clauses,
        })
    }

    /// Whether a wording suits what is put into it: "if I follow you" before something that could be misunderstood, not before
    /// four plain words.
    fn frames(&self, wording: &str, filling: &Filling) -> bool {
        match filling.shape {
            Shape::Fragment => return wording == BARE,
            Shape::Intent if wording == BARE => return false,
            _ if filling.weighs && self.pack.is_brisk(wording) => return false,
            _ if !self.pack.is_checking(wording) => return true,
            _ => {}
        }
        let clause = filling.slots.iter().find(|(name, _)| name == "{clause}");
        clause.is_none_or(|(_, clause)| clause.split_whitespace().count() >= CHECKING_MIN_WORDS)
    }

    fn ruler_filling(&self) -> Option<Filling> {
        let ruler = self.state.ruler.as_ref()?;
        let latest = self.chooser.latest().any(|s| s.id == ruler.id);
        if ruler.followed_up || !latest || !self.is_within(ruler.at, RULER_SECS) {
            return None;
        }
        let low = ruler.number < RULER_STEP;
        let mut slots = number_slots("n", ruler.number, self.lexicon);
        slots.extend(if low {
            number_slots("higher", ruler.number + RULER_STEP, self.lexicon)
        } else {
            number_slots("lower", ruler.number - RULER_STEP, self.lexicon)
        });
        Some(Filling { slots, source: Some(ruler.id.clone()), low, ..Filling::none() })
    }

    /// Confidence where the client has a goal but doubts; importance else.
    fn unclear_ruler(&self) -> Technique {
        let wished = |s: &Statement| s.change.is_some_and(|code| code != Code::ChangeReason);
        if self.chooser.near().any(wished) {
            Technique::ScalingConfidence
        } else {
            Technique::ScalingImportance
        }
    }

    /// Whether there has been nothing but sustain talk for long.
    fn is_stuck(&self) -> bool {
        let sustain = self.state.statements.iter().filter(|s| s.side == Side::Sustain).count();
        let change =
            self.state.statements.iter().any(|s| matches!(s.side, Side::Change | Side::Both));
        sustain >= AMPLIFY_AFTER && !change
    }

    fn is_within(&self, at: timeline::SampleIdx, secs: u64) -> bool {
        self.state.now.since(at) <= secs * u64::from(SAMPLE_RATE_HZ)
    }

    /// A number that depends on nothing but the seed, the technique and the place in its list (SplitMix64).
    fn shuffled(&self, technique: Technique, index: usize) -> u64 {
        let place = TECHNIQUES.iter().position(|t| *t == technique).unwrap_or(TECHNIQUES.len());
        let mut z = self
            .seed
            .wrapping_add(((place * 64 + index + 1) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn reflection(said: Said<'_>) -> Filling {
    Filling {
        slots: clause_slots("clause", &said.turned),
        source: Some(said.statement.id.clone()),
        clauses: vec![said.turned],
        shape: said.shape,
        weighs: said.weighs,
        low: false,
    }
}

/// Sustain and change.
fn pair([sustain, change]: [Said<'_>; 2]) -> Filling {
    let newest = if sustain.statement.at > change.statement.at { &sustain } else { &change };
    let source = Some(newest.statement.id.clone());
    let mut slots = clause_slots("sustain", &sustain.turned);
    slots.extend(clause_slots("change", &change.turned));
    Filling { slots, source, clauses: vec![sustain.turned, change.turned], ..Filling::none() }
}

/// A wording with samples in its slots.
pub(crate) fn filled(wording: &str, one: &str, two: &str, lexicon: &Lexicon) -> String {
    let mut slots = clause_slots("clause", one);
    slots.extend(clause_slots("sustain", one));
    slots.extend(clause_slots("change", two));
    for (name, n) in [("n", 6), ("lower", 4), ("higher", 3)] {
        slots.extend(number_slots(name, n, lexicon));
    }
    fill(wording, &slots)
}

/// A clause as it stands in a sentence, and at its start.
fn clause_slots(name: &str, clause: &str) -> Vec<(String, String)> {
    let at_start = format!("{{{}}}", capitalised(name));
    vec![(at_start, capitalised(clause)), (format!("{{{name}}}"), clause.to_owned())]
}

/// A number and its article.
fn number_slots(name: &str, n: u8, lexicon: &Lexicon) -> Vec<(String, String)> {
    let article = if lexicon.takes_an(n) { "an" } else { "a" };
    vec![
        (format!("{{{name}}}"), lexicon.number_word(n)),
        (format!("{{{name}_article}}"), article.to_owned()),
    ]
}

fn fill(wording: &str, slots: &[(String, String)]) -> String {
    slots.iter().fold(wording.to_owned(), |text, (name, value)| text.replace(name.as_str(), value))
}
