//! The perspective transform for English: the verb changes only with "be", so that the work is in
//! recognising what is a clause at all.

use crate::{lexicon::Lexicon, text::Word, transform::Reject};

/// Most words before the subject: "in the evening".
const FRONT_MAX_WORDS: usize = 5;
/// How far the verb may stand behind a third-person subject.
const THIRD_REACH: usize = 3;

/// Turns one clause; see [`crate::transform::turn`] for what is checked besides.
pub(crate) fn turn(words: &[Word], lexicon: &Lexicon) -> Result<String, Reject> {
    check_start(words, lexicon)?;
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    // Set while the verb of an "I" is awaited: only then "am" and "was" change.
    let mut awaiting = false;
    for (i, word) in words.iter().enumerate() {
        let lower = word.lower.as_str();
        if awaiting {
            if lexicon.adverbs.contains(lower) && !ends_group(words, i) {
                out.push(word.text.clone());
                continue;
            }
            out.push(verb_form(lower, lexicon).ok_or(Reject::UnknownVerb)?);
            awaiting = false;
            continue;
        }
        // "I'd like us to": not all of "us" is "you".
        if lower == "us" && words.iter().any(|w| w.lower != "we" && is_subject(&w.lower, lexicon)) {
            return Err(Reject::NoPattern);
        }
        if let Some(subject) = subject(lower) {
            if i > 0 && words[i - 1].lower == "and" {
                return Err(Reject::NoPattern); // "my wife and I"
            }
            let begun = is_subject(&words[0].lower, lexicon)
                || lexicon.run_on_subjects.contains(&words[0].lower);
            if i > 0 && begun && !joins(&words[i - 1].lower, lexicon) {
                return Err(Reject::Garbled); // "I did it once I just forget": two sentences run together
            }
            out.push(subject.to_owned());
            awaiting = true;
        } else if let Some([contracted, ..]) =
            lexicon.irregular.get(lower).filter(|_| lexicon.first.contains(lower))
        {
            out.push(contracted.clone());
        } else {
            out.push(object(lower).map_or_else(|| word.text.clone(), str::to_owned));
        }
    }
    if awaiting {
        return Err(Reject::Unfinished);
    }
    lower_start(&mut out, words, lexicon);
    Ok(out.join(" "))
}

/// "You could do the grapes" would be advice: it is what the client thinks.
pub(crate) fn as_thought(turned: String) -> String {
    let hedged = ["you could probably ", "you could maybe "];
    let possible = ["you could ", "you might "].iter().any(|start| turned.starts_with(start))
        && !hedged.iter().any(|start| turned.starts_with(start));
    if possible { format!("you think {turned}") } else { turned }
}

/// Turns words without a verb.
pub(crate) fn fragment(words: &[Word], lexicon: &Lexicon) -> Result<String, Reject> {
    if words.iter().any(|w| subject(&w.lower).is_some() || lexicon.irregular.contains_key(&w.lower))
    {
        return Err(Reject::NoPattern);
    }
    let said = |w: &Word| object(&w.lower).map_or_else(|| w.text.clone(), str::to_owned);
    Ok(words.iter().map(said).collect::<Vec<_>>().join(" "))
}

/// The clause starts with its subject, or with a short phrase and then the subject, or has a third person
/// with the client in it.
fn check_start(words: &[Word], lexicon: &Lexicon) -> Result<(), Reject> {
    let first = words.first().ok_or(Reject::NoPattern)?.lower.as_str();
    // "My sister-in-law's came out": something of hers, which is not named.
    let unnamed = |pair: &[Word]| {
        pair[0].lower.ends_with("'s")
            && !lexicon.third.contains(&pair[0].lower)
            && lexicon.third.contains(&pair[1].lower)
    };
    if words.windows(2).any(unnamed) {
        return Err(Reject::Garbled);
    }
    let third_verb = lexicon.third_subjects.contains(first)
        && (lexicon.third.contains(first)
            || words.iter().skip(1).take(THIRD_REACH).any(|w| lexicon.third.contains(&w.lower))
            // "My kids text me".
            || words.iter().skip(2).take(THIRD_REACH - 1).any(|w| lexicon.present.contains(&w.lower)));
    // "My eyes shut then I can go on": two sentences run together.
    let runs_on = |pair: &[Word]| pair[0].lower == "then" && is_subject(&pair[1].lower, lexicon);
    if words.windows(2).skip(1).any(runs_on) {
        return Err(Reject::Garbled);
    }
    let speaks_of_client = words.iter().any(|w| lexicon.first.contains(&w.lower));
    if third_verb {
        let of_client = lexicon.sustain.within(words)
            || lexicon.tells_worry(words)
            || lexicon.tells_feeling(words);
        return if speaks_of_client || of_client { Ok(()) } else { Err(Reject::NoPattern) };
    }
    let subject_at = words
        .iter()
        .take(FRONT_MAX_WORDS + 1)
        .position(|w| is_subject(&w.lower, lexicon))
        .ok_or(Reject::NoPattern)?;
    let front = &words[..subject_at];
    // "When I have a drink I want a cigarette": its other half follows.
    let mut subjects = words.iter().enumerate().filter(|(_, w)| is_subject(&w.lower, lexicon));
    let other = subjects.nth(1).is_some_and(|(at, _)| at > subject_at + 2 && at + 2 < words.len());
    // "On the nights I work".
    if !other
        && front.iter().any(|w| w.lower == "the")
        && front.iter().any(|w| lexicon.relative_heads.contains(&w.lower))
    {
        return Err(Reject::NoPattern);
    }
    let verb_in_front =
        front.iter().any(|w| lexicon.third.contains(&w.lower) || w.lower == "don't");
    // "if I had more time" is half a sentence; "after dinner I snack" is a whole one.
    let half = front.len() == 1 && lexicon.subordinators.contains(first) && !other;
    if verb_in_front || half { Err(Reject::NoPattern) } else { Ok(()) }
}

fn is_subject(word: &str, lexicon: &Lexicon) -> bool {
    subject(word).is_some()
        || (lexicon.first.contains(word) && lexicon.irregular.contains_key(word))
}

/// Whether a second "I" may follow: "when I", "I wish I".
fn joins(word: &str, lexicon: &Lexicon) -> bool {
    lexicon.subordinators.contains(word)
        || lexicon.present.contains(word)
        || lexicon.takes_clause.contains(word)
}

fn subject(word: &str) -> Option<&'static str> {
    matches!(word, "i" | "we").then_some("you")
}

fn object(word: &str) -> Option<&'static str> {
    Some(match word {
        "me" | "us" => "you",
        "my" | "our" => "your",
        "mine" | "ours" => "yours",
        "myself" => "yourself",
        "ourselves" => "yourselves",
        _ => return None,
    })
}

/// "did" and "do" are adverbs only before another verb: "I do want", but "I did it".
fn ends_group(words: &[Word], i: usize) -> bool {
    matches!(words[i].lower.as_str(), "did" | "do" | "like")
}

fn verb_form(verb: &str, lexicon: &Lexicon) -> Option<String> {
    match lexicon.irregular.get(verb) {
        Some([second, ..]) => Some(second.clone()),
        None => lexicon.present.contains(verb).then(|| verb.to_owned()),
    }
}

/// A name at the start keeps its capital; a word that the lexicon knows, or one of grammar, does not.
fn lower_start(out: &mut [String], words: &[Word], lexicon: &Lexicon) {
    if let (Some(start), Some(word)) = (out.first_mut(), words.first())
        && (words.iter().skip(1).any(|w| is_subject(&w.lower, lexicon))
            || lexicon.knows(&word.lower))
    {
        *start = start.to_lowercase();
    }
}
