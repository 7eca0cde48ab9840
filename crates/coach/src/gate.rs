//! Grammar and safety: what may not be suggested. A wrong-sounding sentence is worse than a generic one.

use timeline::Technique;

use crate::{
    lexicon::Lexicon,
    text::{Word, words},
    transform::Reject,
};

/// Longer words are recogniser noise; the longest common Dutch ones have about twenty letters.
const WORD_MAX_CHARS: usize = 24;

/// Checks the client's clause before it is turned.
pub(crate) fn check_source(clause: &[Word], lexicon: &Lexicon) -> Result<(), Reject> {
    if clause.len() < lexicon.limits.clause_min_words
        || clause.len() > lexicon.limits.clause_max_words
    {
        return Err(Reject::Size);
    }
    if clause.iter().any(|w| lexicon.second.contains(&w.lower)) {
        return Err(Reject::SecondPerson);
    }
    // "Die zie ik pas morgen", but "die uitslag ligt er".
    let points = clause.get(1).is_none_or(|w| {
        lexicon.is_finite(&w.lower)
            || lexicon.plural.contains(&w.lower)
            || lexicon.light.contains(&w.lower)
    });
    let starts_badly =
        clause.first().is_some_and(|w| lexicon.no_start.contains(&w.lower)) && points;
    // "Ik weet niet of het lukt" is not of the talk.
    let told = lexicon.thinks.removed(clause);
    if starts_badly || lexicon.unfit.within(&told) || lexicon.advice.within(clause) {
        return Err(Reject::Unfit);
    }
    if runs_on(clause, lexicon) {
        return Err(Reject::Garbled);
    }
    let stutters = clause.windows(2).any(|w| w[0].lower == w[1].lower);
    if stutters || clause.iter().any(|w| is_garbage(&w.lower)) || is_garbled(clause, lexicon) {
        return Err(Reject::Garbled);
    }
    if !clause.iter().any(|w| has_content(&w.lower, lexicon)) {
        return Err(Reject::Size);
    }
    Ok(())
}

/// Checks the turned clause against the one it came from.
pub(crate) fn check_clause(source: &[Word], turned: &str, lexicon: &Lexicon) -> Result<(), Reject> {
    let out = words(turned);
    if out.iter().any(|w| lexicon.first.contains(&w.lower)) {
        return Err(Reject::FirstPersonLeft);
    }
    // "Daar heb ik geen tijd voor" may end so, "… dat er" may not.
    let dangles = match lexicon.dangling.at_end(&out) {
        0 => false,
        1 => !out.iter().any(|w| lexicon.stranders.contains(&w.lower)),
        _ => true,
    };
    // "I smoked 30, 40, sometimes 50".
    let counts = matches!(&out[..], [.., verb, number]
        if number.lower.chars().all(|c| c.is_ascii_digit()) && lexicon.present.contains(&verb.lower));
    if dangles || counts || lacks_infinitive(&out, lexicon) {
        return Err(Reject::Unfinished);
    }
    if lexicon.advice.within(&out) {
        return Err(Reject::Unfit);
    }
    if is_garbled(&out, lexicon) {
        return Err(Reject::Garbled);
    }
    let kept = |word: &Word| out.iter().any(|w| w.lower == word.lower);
    let must_keep = source.iter().enumerate().filter(|(i, w)| {
        // "'k Heb" has its capital on the second word.
        let starts = *i == 0 || (*i == 1 && source[0].lower.starts_with('\''));
        let name = !starts && w.text.chars().next().is_some_and(char::is_uppercase);
        (name && !lexicon.first.contains(&w.lower)) || lexicon.number(w).is_some()
    });
    if must_keep.into_iter().all(|(_, w)| kept(w)) { Ok(()) } else { Err(Reject::NotFaithful) }
}

/// Checks a whole suggestion, made of a wording and what was put into it; says what is wrong with it.
pub(crate) fn check_sentence(
    sentence: &str,
    technique: Technique,
    lexicon: &Lexicon,
) -> Result<(), String> {
    let limits = lexicon.limits;
    let two_sides = matches!(
        technique,
        Technique::ReflectionDoubleSided | Technique::DevelopDiscrepancy | Technique::Summary
    );
    let most = match technique {
        Technique::Summary => limits.summary_max_words,
        Technique::ReflectionDoubleSided
        | Technique::DevelopDiscrepancy
        // What the client said, and a few words to it.
        | Technique::AgreeWithTwist
        | Technique::SupportSelfEfficacy
        | Technique::Reframe
        | Technique::EvokeChangeTalk
        | Technique::ReflectionComplex => limits.double_sided_max_words,
        _ => limits.sentence_max_words,
    };
    let count = sentence.split_whitespace().count();
    if count > most {
        return Err(format!("has {count} words; {most} can be said in one breath"));
    }
    let start = sentence.strip_prefix("'s ").unwrap_or(sentence);
    if !start.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()) {
        return Err("does not start with a capital".to_owned());
    }
    if !sentence.ends_with(['.', '?']) || sentence.ends_with("..") {
        return Err("does not end with a full stop or a question mark".to_owned());
    }
    if sentence.contains(['{', '}']) || sentence.contains("  ") || sentence.contains(" ,") {
        return Err("is not filled in well".to_owned());
    }
    let said = words(sentence);
    // The last resort is said to the practitioner.
    let told = lexicon.need.felt.removed(&said);
    if technique != Technique::Fallback && lexicon.advice.within(&told) {
        return Err("sounds like advice".to_owned());
    }
    if two_sides && said.iter().any(|word| lexicon.contrast.contains(&word.lower)) {
        return Err("takes back the first side with a \"but\"".to_owned());
    }
    Ok(())
}

fn has_content(word: &str, lexicon: &Lexicon) -> bool {
    !lexicon.light.contains(word)
        && !lexicon.first.contains(word)
        && !lexicon.irregular.contains_key(word)
        && !lexicon.auxiliaries.contains(word)
        && !lexicon.states.contains(word)
}

/// A word that no one says: no vowel, letters mixed with digits, a letter three times in a row.
fn is_garbage(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let vowel = word.chars().any(|c| "aeiouyáàäâéèëêíìïîóòöôúùüû".contains(c));
    let triple = word
        .as_bytes()
        .windows(3)
        .any(|w| w[0] == w[1] && w[1] == w[2] && w[0].is_ascii_alphabetic());
    let lone = letters == 1
        && digits == 0
        && !matches!(word, "u" | "i" | "a" | "o" | "'k" | "'s" | "'t" | "'m" | "'n");
    let voiceless = letters > 0
        && !vowel
        && !matches!(word, "m'n" | "'m" | "'n" | "mn" | "z'n" | "d'r" | "'k" | "'s" | "'t" | "tv");
    voiceless
        || (letters > 0 && digits > 0)
        || triple
        || lone
        || word.chars().count() > WORD_MAX_CHARS
}

/// Two words that do not follow one another in a sentence.
fn is_garbled(words: &[Word], lexicon: &Lexicon) -> bool {
    (1..words.len()).any(|i| {
        let (a, b) = (words[i - 1].lower.as_str(), words[i].lower.as_str());
        // "Ik steek er een op": there it is a pronoun.
        let counts = (i > 1 && a == "een" && words[i - 2].lower == "er")
            // Laundry.
            || (a, b) == ("de", "was");
        !counts && lexicon.determiners.contains(a) && lexicon.no_nouns.contains(b)
    })
}

/// A second sentence without anything that joins it: "ik had het druk het lukte niet".
fn runs_on(words: &[Word], lexicon: &Lexicon) -> bool {
    (2..words.len().saturating_sub(1)).any(|i| {
        let before = &words[i - 1].lower;
        let joined = lexicon.subordinators.contains(before)
            || lexicon.conjunctions.contains(before)
            || lexicon.present.contains(before)
            || lexicon.past.contains(before)
            || lexicon.third.contains(before)
            // "Zal ik het proberen".
            || lexicon.subjects.contains(before);
        !joined
            && lexicon.run_on_subjects.contains(&words[i].lower)
            && lexicon.third.contains(&words[i + 1].lower)
    })
}

/// "Je zou zo graag weer": a verb that asks for another one, which is not there.
fn lacks_infinitive(words: &[Word], lexicon: &Lexicon) -> bool {
    let Some(at) = words.iter().position(|w| {
        lexicon.need_infinitive.contains(&w.lower)
            || lexicon.need_infinitive.iter().any(|v| {
                lexicon.irregular.get(v).is_some_and(|forms| forms[..2].contains(&w.lower))
            })
    }) else {
        return false;
    };
    !words[at + 1..].iter().any(|w| {
        w.lower.chars().count() > 3
            && lexicon.infinitive_endings.iter().any(|e| w.lower.ends_with(e.as_str()))
    })
}
