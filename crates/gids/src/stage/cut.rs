//! Gives each turn of a segment its words.

use speakers::{Tracker, Turn};
use timeline::{Span, TimedWord};
use transcribe::ends_sentence;

/// The times of words are estimates, and a change of voice is known to about as much: a sentence that ends within this
/// many seconds of it ends the turn.
const SENTENCE_REACH_S: f64 = 0.4;
/// A back-channel ("hm-m", "ja ja", "right") is no longer than this, in seconds and in words.
const BACK_CHANNEL_S: f64 = 0.9;
const BACK_CHANNEL_WORDS: usize = 2;

/// A turn with its words, and what the other put in without ending it.
pub(super) struct Spoken {
    pub turn: Turn,
    pub words: Vec<TimedWord>,
}

/// Joins what back-channels of the other have cut in pieces; they come behind it.
pub(super) fn join_around_back_channels(tracker: &Tracker, turns: Vec<Spoken>) -> Vec<Spoken> {
    let mut out: Vec<Spoken> = Vec::with_capacity(turns.len());
    // The turn that may go on, and the back-channel that was put in since.
    let (mut main, mut aside) = (None::<usize>, None::<usize>);
    for turn in turns {
        let goes_on = match (main, aside) {
            (Some(main), Some(_)) => out[main].turn.voice() == turn.turn.voice(),
            _ => false,
        };
        if let (true, Some(main)) = (goes_on, main) {
            out[main].turn = tracker.join(&out[main].turn, &turn.turn);
            out[main].words.extend(turn.words);
            aside = None;
            continue;
        }
        let asked = |before: &Spoken| before.words.last().is_some_and(|w| w.text.contains('?'));
        let short =
            turn.turn.span.secs() <= BACK_CHANNEL_S && turn.words.len() <= BACK_CHANNEL_WORDS;
        let answer = main.is_some_and(|main| asked(&out[main]));
        out.push(turn);
        let this = Some(out.len() - 1);
        if short && main.is_some() && aside.is_none() && !answer {
            aside = this
        } else {
            (main, aside) = (this, None)
        }
    }
    out
}

/// The words of each of `turns`, which are of one segment. A word is whose turn its middle lies in.
pub(super) fn cut(words: &[TimedWord], turns: &[Turn]) -> Vec<Vec<TimedWord>> {
    let mut shares = vec![Vec::new(); turns.len()];
    if turns.len() < 2 {
        shares.first_mut().into_iter().for_each(|all| *all = words.to_vec());
        return shares;
    }
    let last = turns.len() - 1;
    let mut first = 0;
    for (n, turn) in turns.iter().enumerate() {
        let to = if n == last { words.len() } else { place(words, first, turn.span.end.as_secs()) };
        shares[n].extend_from_slice(&words[first..to]);
        first = to;
    }
    shares
}

/// What is decoded by itself for each of `turns`, which are those of `segment`: the silence at its ends too, which the turns
/// leave out.
pub(super) fn pieces(segment: Span, turns: &[Turn]) -> Vec<Span> {
    let mut pieces: Vec<Span> = turns.iter().map(|turn| turn.span).collect();
    if let Some(first) = pieces.first_mut() {
        first.start = segment.start.min(first.end);
    }
    if let Some(last) = pieces.last_mut() {
        last.end = segment.end.max(last.start);
    }
    pieces
}

/// The words of turns of one segment: what was heard in each by itself, and where that is nothing, what was heard there in
/// the whole segment, less what a neighbour has already.
pub(super) fn best_of(
    whole: Vec<Vec<TimedWord>>,
    apart: Vec<Option<Vec<TimedWord>>>,
) -> Vec<Vec<TimedWord>> {
    if apart.len() != whole.len() || apart.iter().all(Option::is_none) {
        return whole;
    }
    let same = |a: Option<&TimedWord>, b: Option<&TimedWord>| match (a, b) {
        (Some(a), Some(b)) => key(a) == key(b),
        _ => false,
    };
    let mut best = Vec::with_capacity(whole.len());
    for (i, mut words) in whole.into_iter().enumerate() {
        let neighbour = |n: Option<usize>| n.and_then(|n| apart.get(n)).and_then(Option::as_ref);
        if let Some(heard) = &apart[i] {
            words.clone_from(heard);
        } else {
            let (before, behind) = (neighbour(i.checked_sub(1)), neighbour(Some(i + 1)));
            if same(before.and_then(|b| b.last()), words.first()) {
                words.remove(0);
            }
            if same(behind.and_then(|b| b.first()), words.last()) {
                words.pop();
            }
        }
        best.push(words);
    }
    best
}

fn key(word: &TimedWord) -> String {
    word.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The index of the first word, from `first` on, that is behind a change at `at_s`.
fn place(words: &[TimedWord], first: usize, at_s: f64) -> usize {
    let middle = |word: &TimedWord| 0.5 * (word.start_s + word.end_s);
    let nearest = first + words[first..].iter().take_while(|word| middle(word) < at_s).count();
    let far = |i: usize| (words[i - 1].end_s - at_s).abs();
    (first + 1..=words.len())
        .filter(|i| ends_sentence(&words[i - 1].text))
        .filter(|i| far(*i) <= SENTENCE_REACH_S)
        .min_by(|a, b| far(*a).total_cmp(&far(*b)))
        .unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<TimedWord> {
        text.split(' ')
            .enumerate()
            .map(|(i, text)| TimedWord {
                text: text.to_owned(),
                start_s: i as f64 * 0.5,
                end_s: i as f64 * 0.5 + 0.4,
            })
            .collect()
    }

    #[test]
    fn a_change_lies_behind_the_word_whose_middle_it_has_passed() {
        let rows = [(0.9, 2), (0.1, 0), (1.15, 2), (1.25, 3), (9.0, 4)];
        for (at_s, expected) in rows {
            assert_eq!(place(&words("een twee drie vier"), 0, at_s), expected, "{at_s}");
        }
    }

    #[test]
    fn a_sentence_that_ends_near_it_ends_the_turn() {
        assert_eq!(place(&words("Dat wil ik. Ja maar"), 0, 1.1), 3);
        assert_eq!(place(&words("Dat wil ik. Ja maar"), 0, 1.7), 3);
        assert_eq!(place(&words("Dat wil ik. Ja maar"), 0, 1.95), 4, "too far");
        assert_eq!(place(&words("Dat wil ik. Ja maar"), 3, 1.2), 3, "never back");
    }

    fn text(shares: &[Vec<TimedWord>]) -> Vec<String> {
        let joined = |words: &Vec<TimedWord>| {
            words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        shares.iter().map(joined).collect()
    }

    #[test]
    fn what_was_heard_apart_is_better() {
        let whole = || vec![words("Ik wil we"), words("Ja, Je"), words("moet lopen")];
        let apart = vec![Some(words("Ik wil wel.")), None, Some(words("Je moet lopen."))];
        assert_eq!(text(&best_of(whole(), apart)), ["Ik wil wel.", "Ja,", "Je moet lopen."]);
        assert_eq!(best_of(whole(), vec![None, None, None]), whole());
        assert_eq!(best_of(whole(), Vec::new()), whole(), "the answer never came");
    }
}
