//! The client's clause, said back: "ik heb geen tijd" → "je hebt geen tijd".

use timeline::Lang;

use crate::{dutch, english, gate, lexicon::Lexicon, state::Address, text::Word};

/// Why a clause is not said back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reject {
    /// It speaks to or about the practitioner.
    SecondPerson,
    /// No pattern that the transform knows.
    NoPattern,
    /// The verb is unknown or ambiguous, so that its form cannot be made.
    UnknownVerb,
    /// First person words would be left.
    FirstPersonLeft,
    /// Too short, too long, or without content.
    Size,
    /// It breaks off, or asks for a verb that is not there.
    Unfinished,
    /// It looks misheard.
    Garbled,
    /// It would sound like advice, or be harsh or odd when said back.
    Unfit,
    /// A number or a name got lost.
    NotFaithful,
}

/// Turns the perspective of one clause and checks the result. Lower-case start, no full stop.
pub(crate) fn turn(words: &[Word], address: Address, lexicon: &Lexicon) -> Result<String, Reject> {
    gate::check_source(words, lexicon)?;
    let turned = match lexicon.lang {
        Lang::Nl => dutch::turn(words, address, lexicon)?,
        Lang::En => english::turn(words, lexicon)?,
    };
    gate::check_clause(words, &turned, lexicon)?;
    Ok(turned)
}

/// A clause that speaks of nobody here, as it is: "it gets to be four o'clock".
pub(crate) fn plain(words: &[Word], lexicon: &Lexicon) -> Option<String> {
    let first = words.iter().any(|w| lexicon.first.contains(&w.lower));
    if first || gate::check_source(words, lexicon).is_err() {
        return None;
    }
    let mut said: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    let start = words.first()?;
    // Only a name keeps its capital.
    if lexicon.knows(&start.lower) {
        said[0] = &start.lower;
    }
    Some(said.join(" "))
}

/// Turns words without a verb: "een pakje per dag, in het weekend wat meer".
pub(crate) fn fragment(
    words: &[Word],
    address: Address,
    lexicon: &Lexicon,
) -> Result<String, Reject> {
    gate::check_source(words, lexicon)?;
    let turned = match lexicon.lang {
        Lang::Nl => dutch::fragment(words, address, lexicon)?,
        Lang::En => english::fragment(words, lexicon)?,
    };
    gate::check_clause(words, &turned, lexicon)?;
    Ok(turned)
}

/// Turns "I need to …" and "ik moet …" into what the client feels the need of: said back as it stands it would be advice.
pub(crate) fn turn_need(
    words: &[Word],
    address: Address,
    lexicon: &Lexicon,
) -> Result<String, Reject> {
    let need = &lexicon.need;
    let head = need.heads.at_start(words);
    if head == 0 {
        return Err(Reject::NoPattern);
    }
    // A verb that behaves alike stands in for it.
    let stand_in = crate::text::words(&need.stand_in);
    let clause = [&stand_in, &words[head..]].concat();
    let turned = turn(&clause, address, lexicon)?;
    let all: Vec<&str> = turned.split_whitespace().collect();
    let subject = all.first().ok_or(Reject::NoPattern)?;
    let rest = all.get(stand_in.len()..).ok_or(Reject::NoPattern)?;
    let rest = match lexicon.lang {
        Lang::Nl => dutch::with_te(rest, lexicon).ok_or(Reject::NoPattern)?,
        Lang::En => rest.join(" "),
    };
    Ok(format!("{subject} {} {rest}", need.said_back))
}
