//! The perspective transform for Dutch.
//!
//! Three kinds of main clause are turned; all else is refused, since a wrong sentence is worse than none:
//! subject first ("ik heb het druk"), inversion ("dan ben ik moe"), and a third person with the client in it
//! ("het lukt me niet"). Within them, verb-final clauses with "ik" are turned too ("als ik opsta").

use crate::{
    lexicon::Lexicon,
    state::Address,
    text::{self, Word},
    transform::Reject,
};

/// Most words before the verb in an inversion: "in de zomer", "sporten na het werk dat".
const FRONT_MAX_WORDS: usize = 6;
/// So far in a subordinator may stand that begins the first of two clauses: "op de avonden dat".
const SUBORDINATOR_WITHIN: usize = 3;

/// Turns one clause; see [`crate::transform::turn`] for what is checked besides.
pub(crate) fn turn(words: &[Word], address: Address, lexicon: &Lexicon) -> Result<String, Reject> {
    let turner = Turner { lexicon, address };
    // "Die nachten, dat is een ramp".
    if let Some(at) = taken_up_at(words, lexicon) {
        let mut front = Vec::new();
        turner.map_into(&words[..at], &Scope::default(), &mut front)?;
        return Ok(format!(
            "{} {}",
            lowered(&front.join(" ")),
            turn(&words[at..], address, lexicon)?
        ));
    }
    let first = words.first().ok_or(Reject::NoPattern)?.lower.as_str();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let (rest, scope) = if is_ik(first) {
        let verb = words.get(1).ok_or(Reject::NoPattern)?;
        out.push(turner.subject().to_owned());
        out.push(turner.before_subject_form(&verb.lower).ok_or(Reject::UnknownVerb)?);
        (2, Scope { after_ik: true, verb: verb.lower.clone() })
    } else if is_we(first) {
        let verb = words.get(1).ok_or(Reject::NoPattern)?;
        if !lexicon.plural.contains(&verb.lower) {
            return Err(Reject::UnknownVerb);
        }
        out.push(turner.plural_subject()?.to_owned());
        out.push(verb.lower.clone());
        (2, Scope { after_ik: false, verb: verb.lower.clone() })
    } else if let Some((start, at)) = after_subordinate_at(words, lexicon) {
        // "Toen ik zwanger was, ben ik gestopt."
        turner.map_into(&words[..start], &Scope::default(), &mut out)?;
        out.push(words[start].lower.clone());
        let front = &words[start + 1..at - 1];
        let taken = 1 + turner.map_verb_final(&front[1..], &mut out)?;
        if taken != front.len() {
            return Err(Reject::NoPattern);
        }
        if let Some(last) = out.last_mut() {
            last.push(',');
        }
        let verb = &words[at - 1].lower;
        out.push(turner.after_subject_form(verb).ok_or(Reject::UnknownVerb)?);
        out.push(turner.subject().to_owned());
        (at + 1, Scope { after_ik: true, verb: verb.clone() })
    } else if let Some(at) = inversion_at(words, lexicon) {
        // "Uiteindelijk ben ik": broken off.
        if at + 1 == words.len() {
            return Err(Reject::Unfinished);
        }
        let verb = &words[at - 1].lower;
        turner.map_into(&words[..at - 1], &Scope::default(), &mut out)?;
        if is_we(&words[at].lower) {
            out.push(verb.clone());
            out.push(turner.plural_subject()?.to_owned());
        } else {
            out.push(turner.after_subject_form(verb).ok_or(Reject::UnknownVerb)?);
            out.push(turner.subject().to_owned());
        }
        (at + 1, Scope { after_ik: true, verb: verb.clone() })
    } else {
        let at = third_verb_at(words, lexicon).ok_or(Reject::NoPattern)?;
        // "Dat schema is niet te doen": of the client without a word of them.
        let of_client = words.iter().any(|w| lexicon.first.contains(&w.lower));
        let sided = lexicon.sustain.within(words) || lexicon.change.within(words);
        let tells = sided || lexicon.tells_worry(words) || lexicon.tells_feeling(words);
        if !of_client && !tells {
            return Err(Reject::NoPattern);
        }
        turner.map_into(&words[..=at], &Scope::default(), &mut out)?;
        let scope = Scope { after_ik: false, verb: words[at].lower.clone() };
        // "Het lukt me gewoon niet".
        let me = words.get(at + 1).filter(|w| matches!(w.lower.as_str(), "me" | "mij"));
        let behind = at + 1 + usize::from(me.is_some());
        let softened = words.get(behind).is_some_and(|w| lexicon.softeners.contains(&w.lower));
        if softened {
            turner.map_into(&words[at + 1..behind], &scope, &mut out)?;
            (behind + 1, scope)
        } else {
            (at + 1, scope)
        }
    };
    // "Je hebt gewoon geen tijd" belittles what the client said of themselves.
    let softened =
        words.get(rest).is_some_and(|w| scope.after_ik && lexicon.softeners.contains(&w.lower));
    turner.map_into(&words[rest + usize::from(softened)..], &scope, &mut out)?;
    // "'s Ochtends" has its capital on the second word.
    let initial = usize::from(out.first().is_some_and(|w| w.starts_with('\'')));
    if let Some(word) = out.get_mut(initial) {
        *word = lowered(word);
    }
    Ok(out.join(" "))
}

/// Turns words without a verb.
pub(crate) fn fragment(
    words: &[Word],
    address: Address,
    lexicon: &Lexicon,
) -> Result<String, Reject> {
    let mut out = Vec::new();
    Turner { lexicon, address }.map_into(words, &Scope::default(), &mut out)?;
    Ok(out.join(" "))
}

/// Whether its "ik" has its verb in the present.
pub(crate) fn is_of_now(words: &[Word], lexicon: &Lexicon) -> bool {
    let at = words.iter().position(|w| is_ik(&w.lower));
    let verb = at.and_then(|at| words.get(if at == 0 { 1 } else { at - 1 }));
    verb.is_some_and(|w| is_present(&w.lower, lexicon))
}

/// "Word ik onuitstaanbaar": the verb, and then "ik".
pub(crate) fn is_inverted(words: &[Word], lexicon: &Lexicon) -> bool {
    let [verb, subject, _, ..] = words else { return false };
    is_ik(&subject.lower) && is_first_person(&verb.lower, lexicon)
}

/// Where a third person takes up what stands before a comma.
fn taken_up_at(words: &[Word], lexicon: &Lexicon) -> Option<usize> {
    let at = 1 + words.iter().position(|w| w.text.ends_with(','))?;
    let [subject, verb, ..] = words.get(at..)? else { return None };
    let takes_up = lexicon.resumptive.contains(&subject.lower);
    (takes_up && lexicon.third.contains(&verb.lower)).then_some(at)
}

/// Where the subordinator and the second "ik" stand in "(de avonden) dat ik niet drink slaap ik slecht": that one behind two
/// finite verbs, the end of the one clause and the start of the other.
fn after_subordinate_at(words: &[Word], lexicon: &Lexicon) -> Option<(usize, usize)> {
    let start = (0..=SUBORDINATOR_WITHIN).find(|&i| {
        let here = words.get(i).is_some_and(|w| lexicon.subordinators.contains(&w.lower));
        here && words.get(i + 1).is_some_and(|w| is_ik(&w.lower))
    })?;
    let clean = words[..start].iter().all(|w| !is_first_person(&w.lower, lexicon));
    let second = words[start + 2..].iter().position(|w| is_ik(&w.lower))?;
    let at = start + 2 + second;
    let turner = Turner { lexicon, address: Address::Informal };
    let before = turner.split_particle(&words[at - 2].lower).1;
    let verbs = is_first_person(&words[at - 1].lower, lexicon) && is_first_person(before, lexicon);
    (clean && second >= 2 && verbs).then_some((start, at))
}

/// Where "ik" (or "we") stands when the clause has its verb before it: "dan ben ik …" gives 2.
pub(crate) fn inversion_at(words: &[Word], lexicon: &Lexicon) -> Option<usize> {
    let first = words.first()?;
    // "toen lag ik daar" is a main clause, "toen ik daar lag" is none.
    let may_front = matches!(first.lower.as_str(), "toen" | "sinds" | "tot")
        || lexicon.resumptive.contains(&first.lower);
    if lexicon.subordinators.contains(&first.lower) && !may_front {
        return None;
    }
    let at =
        words.iter().take(FRONT_MAX_WORDS + 2).position(|w| is_ik(&w.lower) || is_we(&w.lower))?;
    let verb = &words.get(at.checked_sub(1)?)?.lower;
    let front = &words[..at - 1];
    let known = if is_ik(&words[at].lower) {
        is_first_person(verb, lexicon)
    } else {
        lexicon.plural.contains(verb)
    };
    // A finite verb in front belongs to another clause.
    let clean = front.iter().all(|w| !is_certain_verb(&w.lower, lexicon));
    (known && !front.is_empty() && clean).then_some(at)
}

/// "Toen ben ik gestopt" → "ik ben gestopt": it no longer hangs on the words before it.
pub(crate) fn uninverted(words: &[Word], lexicon: &Lexicon) -> Option<Vec<Word>> {
    let [front, verb, subject, rest @ ..] = words else { return None };
    let moves = front.lower == "toen" && is_ik(&subject.lower);
    // "Toen ben ik er maar mee gestopt" sounds like a reproach.
    let resigned = rest.iter().any(|w| w.lower == "maar");
    if !moves || resigned || !is_first_person(&verb.lower, lexicon) || rest.is_empty() {
        return None;
    }
    let mut out = vec![subject.clone(), verb.clone()];
    out.extend_from_slice(rest);
    Some(out)
}

/// What stands before the part that is being mapped.
#[derive(Default)]
struct Scope {
    /// The subject is "ik", so that "me" is most likely reflexive.
    after_ik: bool,
    /// The finite verb as the client said it.
    verb: String,
}

struct Turner<'a> {
    lexicon: &'a Lexicon,
    address: Address,
}

impl Turner<'_> {
    fn subject(&self) -> &'static str {
        match self.address {
            Address::Informal => "je",
            Address::Formal => "u",
        }
    }

    /// "we" of the client and others. Said to somebody addressed as "u" there is no safe plural.
    fn plural_subject(&self) -> Result<&'static str, Reject> {
        match self.address {
            Address::Informal => Ok("jullie"),
            Address::Formal => Err(Reject::NoPattern),
        }
    }

    /// The form behind "je" or "u": "heb" → "hebt", "loop" → "loopt", "had" → "had".
    fn before_subject_form(&self, verb: &str) -> Option<String> {
        if let Some([second, ..]) = self.lexicon.irregular.get(verb) {
            return Some(second.clone());
        }
        if is_past(verb, self.lexicon) {
            return Some(verb.to_owned());
        }
        self.lexicon.present.contains(verb).then(|| with_t(verb))
    }

    /// The form before "je" ("heb je", "loop je") or before "u" ("hebt u", "loopt u").
    fn after_subject_form(&self, verb: &str) -> Option<String> {
        match self.address {
            Address::Formal => self.before_subject_form(verb),
            Address::Informal => match self.lexicon.irregular.get(verb) {
                Some([_, inverted, _]) => Some(inverted.clone()),
                None => is_first_person(verb, self.lexicon).then(|| verb.to_owned()),
            },
        }
    }

    /// Maps what is neither the subject nor the finite verb of the main clause.
    fn map_into(&self, words: &[Word], scope: &Scope, out: &mut Vec<String>) -> Result<(), Reject> {
        let mut i = 0;
        let mut in_subordinate = false;
        while i < words.len() {
            let word = &words[i];
            in_subordinate |= self.lexicon.subordinators.contains(&word.lower);
            // "je zou weer schrok voetballen": a main clause has one finite verb.
            if !scope.verb.is_empty() && !in_subordinate && self.is_second_finite(&word.lower) {
                return Err(Reject::Garbled);
            }
            let after_subordinator =
                i > 0 && self.lexicon.subordinators.contains(&words[i - 1].lower);
            if is_ik(&word.lower) {
                // "Fitter dan ik".
                if i + 1 == words.len() && i > 0 && words[i - 1].lower == "dan" {
                    out.push(if self.address == Address::Formal { "u" } else { "jij" }.to_owned());
                    break;
                }
                if !after_subordinator {
                    return Err(Reject::NoPattern);
                }
                i += 1 + self.map_verb_final(&words[i + 1..], out)?;
                continue;
            }
            // "en til stenen": a second verb of the same "ik", whose form would have to change too.
            let behind_conjunction =
                i > 0 && self.lexicon.conjunctions.contains(&words[i - 1].lower);
            if behind_conjunction && scope.after_ik && is_present(&word.lower, self.lexicon) {
                return Err(Reject::UnknownVerb);
            }
            // Behind "dat" and its kin somebody else may be the subject.
            let scope = if in_subordinate { &Scope::default() } else { scope };
            out.push(self.pronoun(words, i, scope, after_subordinator)?);
            i += 1;
        }
        Ok(())
    }

    fn is_second_finite(&self, word: &str) -> bool {
        let verb = self.lexicon.irregular.contains_key(word)
            || self.lexicon.past.contains(word)
            || matches!(word, "is" | "heeft" | "bent" | "hebt");
        verb && !self.lexicon.not_only_verbs.contains(word)
    }

    /// Maps "ik … V" behind a subordinator; `words` start after "ik". Gives how many words it took.
    fn map_verb_final(&self, words: &[Word], out: &mut Vec<String>) -> Result<usize, Reject> {
        // "Als ik me alleen voel": "alleen" joins two clauses only where the first one is whole.
        let end = (0..words.len())
            .filter(|&i| self.lexicon.conjunctions.contains(&words[i].lower))
            .find(|&i| self.final_verb_at(&words[..i]).is_some())
            .unwrap_or(words.len());
        let region = &words[..end];
        let verb_at = self.final_verb_at(region).ok_or(Reject::UnknownVerb)?;
        let (particle, stem) = self.split_particle(&region[verb_at].lower);
        let form = self.before_subject_form(stem).ok_or(Reject::UnknownVerb)?;
        out.push(self.subject().to_owned());
        let scope = Scope { after_ik: true, verb: stem.to_owned() };
        for i in 0..region.len() {
            if i == verb_at {
                out.push(format!("{particle}{form}"));
            } else if is_ik(&region[i].lower) || is_we(&region[i].lower) {
                return Err(Reject::NoPattern);
            } else {
                out.push(self.pronoun(region, i, &scope, false)?);
            }
        }
        Ok(end)
    }

    /// The finite verb of "… ik [region]": the one auxiliary, or else the last word.
    fn final_verb_at(&self, region: &[Word]) -> Option<usize> {
        // "De was" is a noun.
        let noun = |i: usize| i > 0 && self.lexicon.determiners.contains(&region[i - 1].lower);
        let mut auxiliaries = (0..region.len())
            .filter(|&i| self.lexicon.auxiliaries.contains(&region[i].lower) && !noun(i));
        match (auxiliaries.next(), auxiliaries.next()) {
            (Some(one), None) => Some(one),
            (Some(_), Some(_)) => None,
            (None, _) => {
                let last = region.len().checked_sub(1)?;
                let (_, stem) = self.split_particle(&region[last].lower);
                is_first_person(stem, self.lexicon).then_some(last)
            }
        }
    }

    /// "opsta" → ("op", "sta"); a verb without particle gives ("", verb).
    fn split_particle<'w>(&self, verb: &'w str) -> (&'w str, &'w str) {
        if is_first_person(verb, self.lexicon) {
            return ("", verb);
        }
        for particle in &self.lexicon.particles {
            if let Some(stem) = verb.strip_prefix(particle.as_str())
                && is_first_person(stem, self.lexicon)
            {
                return verb.split_at(particle.len());
            }
        }
        ("", verb)
    }

    /// Whether the "me" at `i` is no "mijn": nothing follows it that could be somebody's, or a verb stands before it.
    fn is_object(&self, words: &[Word], i: usize) -> bool {
        let before = i.checked_sub(1).is_some_and(|i| self.lexicon.third.contains(&words[i].lower));
        before
            || words.get(i + 1).is_none_or(|next| {
                let next = next.lower.as_str();
                self.lexicon.third.contains(next)
                    || self.lexicon.light.contains(next)
                    || self.lexicon.particles.iter().any(|particle| particle == next)
            })
    }

    fn pronoun(
        &self,
        words: &[Word],
        i: usize,
        scope: &Scope,
        after_subordinator: bool,
    ) -> Result<String, Reject> {
        let formal = self.address == Address::Formal;
        let by_address = |je: &'static str, u: &'static str| if formal { u } else { je };
        let mapped = match words[i].lower.as_str() {
            "me" if formal && scope.after_ik => {
                if !self.lexicon.reflexive.contains(&scope.verb) {
                    return Err(Reject::NoPattern);
                }
                "zich"
            }
            // "me moeder" for "mijn moeder" would need "uw".
            "me" if formal && i > 0 && !self.is_object(words, i) => return Err(Reject::NoPattern),
            "me" => by_address("je", "u"),
            // Right behind subject and verb it is reflexive: "dan heb ik mij ingespannen".
            "mij" if scope.after_ik && i == 0 => by_address("je", "zich"),
            "mij" => by_address("jou", "u"),
            "mijn" | "m'n" | "mn" => by_address("je", "uw"),
            "mezelf" | "mijzelf" => by_address("jezelf", "uzelf"),
            "we" | "wij" if after_subordinator => self.plural_subject()?,
            "we" | "wij" => return Err(Reject::NoPattern),
            "ons" | "onze" => self.plural_subject()?,
            _ => words[i].text.as_str(),
        };
        Ok(mapped.to_owned())
    }
}

/// The finite verb of a clause whose subject is a third person: "het lukt", "mijn moeder loopt".
fn third_verb_at(words: &[Word], lexicon: &Lexicon) -> Option<usize> {
    let first = words.first()?.lower.as_str();
    if !lexicon.third_subjects.contains(first) {
        return None;
    }
    let reach = match first {
        // "Bij mij zit het in de focus."
        "bij" if words.get(1).is_some_and(|w| w.lower == "mij") => 2..=2,
        "bij" => return None,
        "een" => 2..=4, // "een vriendin van mij is"
        "mijn" | "m'n" | "mn" | "de" | "onze" | "ons" | "zo'n" => 2..=3,
        "het" | "dat" | "dit" | "die" => 1..=2,
        _ => 1..=1,
    };
    let verb = |w: &Word| lexicon.third.contains(&w.lower) || lexicon.past.contains(&w.lower);
    reach.into_iter().find(|&i| words.get(i).is_some_and(verb))
}

fn is_ik(word: &str) -> bool {
    matches!(word, "ik" | "'k")
}

/// "Ik moet er wat aan doen", said back without the "moet", which would be the practitioner's: `words` start behind it.
/// Wants its infinitive, and puts "te" before it.
pub(crate) fn with_te(words: &[&str], lexicon: &Lexicon) -> Option<String> {
    // "Er wat aan doen" has no clause in it, "doen wat je wilt" has.
    let joins = |pair: &[&str]| {
        lexicon.subordinators.contains(pair[0]) && matches!(pair[1], "je" | "u" | "jullie")
    };
    if words.contains(&"te") || words.windows(2).any(joins) {
        return None;
    }
    // "Met roken stoppen": a noun there.
    let noun = |i: usize| i > 0 && lexicon.dangling.at_end(&text::words(words[i - 1])) > 0;
    let whole = |i: usize| lexicon.plural.contains(words[i]) && !noun(i);
    let parted = |i: usize| {
        let mut particles = lexicon.particles.iter();
        particles.find_map(|p| {
            words[i].strip_prefix(p.as_str()).filter(|verb| lexicon.plural.contains(*verb))
        })
    };
    let at = (0..words.len()).find(|&i| whole(i) || parted(i).is_some())?;
    let verb = match parted(at) {
        Some(verb) if !whole(at) => {
            format!("{} te {verb}", words[at].strip_suffix(verb).unwrap_or_default())
        }
        _ => format!("te {}", words[at]),
    };
    let mut out: Vec<&str> = words[..at].to_vec();
    out.push(&verb);
    out.extend(&words[at + 1..]);
    Some(out.join(" "))
}

fn is_we(word: &str) -> bool {
    matches!(word, "we" | "wij")
}

fn is_first_person(verb: &str, lexicon: &Lexicon) -> bool {
    is_present(verb, lexicon) || is_past(verb, lexicon)
}

fn is_present(verb: &str, lexicon: &Lexicon) -> bool {
    lexicon.irregular.contains_key(verb) || lexicon.present.contains(verb)
}

fn is_past(verb: &str, lexicon: &Lexicon) -> bool {
    lexicon.past.contains(verb) || weak_stem(verb, lexicon)
}

/// Whether it is a weak past tense of a known verb: "voelde", "werkte", "zette".
fn weak_stem(verb: &str, lexicon: &Lexicon) -> bool {
    ["de", "te"]
        .iter()
        .any(|ending| verb.strip_suffix(ending).is_some_and(|stem| lexicon.present.contains(stem)))
}

/// A word that is a finite verb and hardly ever a noun.
fn is_certain_verb(word: &str, lexicon: &Lexicon) -> bool {
    lexicon.irregular.contains_key(word) || matches!(word, "is" | "heeft" | "zou" | "had" | "was")
}

/// The second and third person of a stem: "werk" → "werkt".
pub(crate) fn with_t(stem: &str) -> String {
    if stem.ends_with('t') { stem.to_owned() } else { format!("{stem}t") }
}

fn lowered(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => format!("{}{}", first.to_lowercase(), chars.as_str()),
        None => String::new(),
    }
}
