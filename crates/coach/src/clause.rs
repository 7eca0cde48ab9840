//! Finds the clauses of a client's utterance that may stand alone.

use crate::{
    dutch,
    lexicon::Lexicon,
    text::{self, Sentence, Word, sentences},
};
use timeline::Lang;

/// The longest correction behind a comma.
const TRAILING_MAX_WORDS: usize = 4;
/// Longest left-dislocated part: "sporten na het werk, dat zie ik niet zitten".
const DISLOCATED_MAX_WORDS: usize = 5;

/// So far into a part its finite verb stands.
const VERB_WITHIN: usize = 4;
/// So far into a clause its subordinator and the subject behind it stand.
const SUBORDINATE_WITHIN: usize = 5;

/// A clause and what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    pub words: Vec<Word>,
    /// A "but" takes it back, at once or at the start of the next sentence.
    pub before_but: bool,
    /// It is the first half of "X and Y": what it is about may come with Y.
    pub halved: bool,
    /// The conjunction between it and the clause before it, in the same sentence.
    pub joined_by: Option<String>,
    /// Nothing stands before it in its sentence.
    pub first: bool,
}

/// The clauses of `text` in order, fillers and false starts trimmed. Questions are left out: turned round
/// they would be questions about the client; so is what is quoted behind a colon.
pub(crate) fn clauses(text: &str, lexicon: &Lexicon) -> Vec<Clause> {
    let mut out: Vec<Clause> = Vec::new();
    for sentence in sentences(text) {
        // Only what follows at once is taken back by it.
        let mut fresh = true;
        let left_out = sentence.question || sentence.quoted;
        let (broken, before) = (sentence.broken, out.len());
        for part in parts(sentence, lexicon) {
            let mut contrast = part.contrast;
            let (tied, opened) = (part.tied, out.len());
            for piece in split_at_conjunctions(&part.words, lexicon) {
                contrast |= piece
                    .joined_by
                    .as_ref()
                    .is_some_and(|word| lexicon.takes_back.contains(&word.lower));
                let joined_by = piece.joined_by.map(|word| word.lower);
                if let Some(before) = out.last_mut() {
                    before.before_but |= std::mem::take(&mut contrast);
                    before.halved |= joined_by.is_some() && !fresh;
                }
                let first = std::mem::take(&mut fresh);
                let words = trimmed(piece.words, lexicon);
                // "Ik kan het... ik kan het niet meer": begun, broken off and begun anew.
                let anew =
                    |before: &mut Clause| joined_by.is_none() && is_begun(&before.words, &words);
                if let Some(begun) = out.pop_if(anew) {
                    // What it took back, this one does.
                    if !words.is_empty() && !left_out {
                        out.push(Clause { words, ..begun });
                    }
                    continue;
                }
                if !words.is_empty() && !left_out {
                    let halved = tied && out.len() == opened;
                    out.push(Clause { words, before_but: false, halved, joined_by, first });
                }
            }
        }
        if broken && out.len() > before {
            out.pop();
        }
    }
    out
}

/// The sentences of `text` without a verb that tell something: "no more than eighteen a week".
pub(crate) fn fragments(text: &str, lexicon: &Lexicon) -> Vec<Vec<Word>> {
    let whole = |sentence: &Sentence| !sentence.question && !sentence.quoted && !sentence.broken;
    let joined = |sentence: Sentence| {
        let mut words: Vec<Word> = Vec::new();
        for part in sentence.parts {
            let part = trimmed(lexicon.inline.removed(&part), lexicon);
            if let Some(last) = words.last_mut().filter(|_| !part.is_empty()) {
                last.text.push(',');
            }
            words.extend(part);
        }
        words
    };
    // "Eighteen drinks": a noun there.
    let noun = |before: &Word| {
        lexicon.determiners.contains(&before.lower)
            || lexicon.number(before).is_some()
            || before.lower.chars().all(|c| c.is_ascii_digit())
    };
    let tells = |words: &Vec<Word>| {
        let verb = |i: usize| lexicon.is_finite(&words[i].lower) && !(i > 0 && noun(&words[i - 1]));
        !(0..words.len()).any(verb)
            && (lexicon.sustain.within(words)
                || lexicon.tells_feeling(words)
                || words.iter().any(|w| lexicon.number(w).is_some()))
    };
    sentences(text).into_iter().filter(whole).map(joined).filter(tells).collect()
}

/// Whether `text` begins with a "but".
pub(crate) fn starts_against(text: &str, lexicon: &Lexicon) -> bool {
    let said = text::words(text);
    said[..leading(&said, lexicon)].iter().any(|w| lexicon.takes_back.contains(&w.lower))
}

/// What stands between commas.
struct Part {
    words: Vec<Word>,
    /// It begins with a "but", perhaps behind a "ja".
    contrast: bool,
    /// It holds only where the part before it does, which is too long to be said with it.
    tied: bool,
}

/// The parts between commas; one that is taken up again ("…, dat zie ik niet zitten") stays with its clause.
fn parts(sentence: Sentence, lexicon: &Lexicon) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    let mut filled = false;
    let mut thought = false;
    for part in sentence.parts {
        // "Dan denk ik, straks maak ik het kapot": said as it was thought.
        if thought {
            break;
        }
        thought = part.len() > 2 && lexicon.quotes.at_end(&part) > 0;
        // First the fillers: "zeg maar" is no "but".
        let part = lexicon.inline.removed(&part);
        let start = &part[..leading(&part, lexicon)];
        let contrast = start.iter().any(|w| lexicon.takes_back.contains(&w.lower));
        let part = trimmed(part.clone(), lexicon);
        // "Het zijn niet echt, zeg maar, goeie vrienden".
        let filler =
            part.is_empty() && start.iter().all(|w| !lexicon.takes_back.contains(&w.lower));
        if filler {
            filled = !out.is_empty();
            continue;
        }
        let goes_on = std::mem::take(&mut filled)
            && start.is_empty()
            && !has_verb_in_front(&part, lexicon)
            && !part.iter().any(|w| lexicon.subjects.contains(&w.lower));
        let takes_up = part.len() > 2
            && lexicon.resumptive.contains(&part[0].lower)
            && (dutch::inversion_at(&part, lexicon) == Some(2)
                // "Drie jaar geleden, die praat nog niet": not what stands before it.
                || (part[0].lower == "dat" && lexicon.third.contains(&part[1].lower)));
        // "Om vier uur, meestal om vijf": without it something else is said.
        let corrects = part.len() <= TRAILING_MAX_WORDS
            && part.first().is_some_and(|w| lexicon.trailing.contains(&w.lower))
            && !part
                .iter()
                .any(|w| lexicon.subjects.contains(&w.lower) || lexicon.third.contains(&w.lower));
        // "Als ik niet loop, word ik onuitstaanbaar": half a sentence before the comma.
        let completes = match lexicon.lang {
            Lang::Nl => dutch::is_inverted(&part, lexicon),
            Lang::En => {
                let subject = part.first().is_some_and(|w| lexicon.subjects.contains(&w.lower));
                part.len() > 2 && subject && start.is_empty()
            }
        };
        // "Kom ik, kom ik moeilijk in slaap": begun, and begun anew.
        let begun = out.pop_if(|before| is_begun(&before.words, &part));
        let contrast = contrast || begun.is_some_and(|begun| begun.contrast);
        let completes = completes
            && out.last().is_some_and(|before| starts_subordinate(&before.words, lexicon));
        let fits = |before: &[Word]| before.len() + part.len() <= lexicon.limits.clause_max_words;
        match out.last_mut() {
            Some(Part { words: before, .. }) if goes_on && !before.is_empty() && fits(before) => {
                before.extend(part)
            }
            Some(Part { words: before, .. })
                if (takes_up && is_dislocated(before, lexicon))
                    || (corrects && !before.is_empty())
                    || (completes && fits(before)) =>
            {
                // The comma goes with the word before it, so that it is said and written.
                if let Some(last) = before.last_mut() {
                    last.text.push(',');
                }
                before.extend(part);
            }
            _ => out.push(Part { words: part, contrast, tied: completes }),
        }
    }
    out
}

fn has_verb_in_front(part: &[Word], lexicon: &Lexicon) -> bool {
    part.iter().take(VERB_WITHIN).any(|w| lexicon.third.contains(&w.lower))
}

/// "Als ik niet loop", "on the nights when I don't drink".
fn starts_subordinate(part: &[Word], lexicon: &Lexicon) -> bool {
    // "If matron told them".
    let first = part.first().is_some_and(|w| lexicon.subordinators.contains(&w.lower));
    if lexicon.lang == Lang::En && first && has_verb_in_front(part, lexicon) {
        return true;
    }
    let front = part.len().min(SUBORDINATE_WITHIN);
    let [before, at] = [0, 1].map(|from| part[..front].iter().skip(from));
    let joint = before.zip(at).position(|(word, subject)| {
        lexicon.subordinators.contains(&word.lower) && lexicon.subjects.contains(&subject.lower)
    });
    let verbs = [&lexicon.subjects, &lexicon.third, &lexicon.past];
    joint.is_some_and(|at| {
        !part[..at].iter().any(|w| verbs.iter().any(|set| set.contains(&w.lower)))
    })
}

/// Whether `part` begins as `begun` does, and goes on.
fn is_begun(begun: &[Word], part: &[Word]) -> bool {
    !begun.is_empty()
        && begun.len() < part.len()
        && begun.iter().zip(part).all(|(a, b)| a.lower == b.lower)
}

fn is_dislocated(part: &[Word], lexicon: &Lexicon) -> bool {
    (1..=DISLOCATED_MAX_WORDS).contains(&part.len())
        && !part
            .iter()
            .any(|w| lexicon.first.contains(&w.lower) || lexicon.third.contains(&w.lower))
        // "Die nachten".
        && (part.len() == 2 || !lexicon.subordinators.contains(&part[0].lower))
}

/// A piece of a part, and the conjunction between it and the one before.
struct Piece {
    words: Vec<Word>,
    joined_by: Option<Word>,
}

fn split_at_conjunctions(words: &[Word], lexicon: &Lexicon) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut joined_by = None;
    for i in 1..words.len() {
        if i > start && starts_anew(&words[i..], lexicon) {
            out.push(Piece { words: words[start..i].to_vec(), joined_by: joined_by.take() });
            start = i;
        }
        if lexicon.conjunctions.contains(&words[i].lower)
            && i > start
            && starts_clause(&words[i + 1..], lexicon)
        {
            out.push(Piece { words: words[start..i].to_vec(), joined_by: joined_by.take() });
            joined_by = Some(words[i].clone());
            start = i + 1;
        }
    }
    out.push(Piece { words: words[start..].to_vec(), joined_by });
    out
}

/// "… dan ga ik nog koken": a new clause without a conjunction. "Dat" may take up what stands before it.
fn starts_anew(words: &[Word], lexicon: &Lexicon) -> bool {
    let Some(first) = words.first() else { return false };
    lexicon.lang == Lang::Nl
        && lexicon.points_back.contains(&first.lower)
        && !lexicon.resumptive.contains(&first.lower)
        && dutch::inversion_at(words, lexicon) == Some(2)
}

fn starts_clause(words: &[Word], lexicon: &Lexicon) -> bool {
    let rest = &words[leading(words, lexicon)..];
    let Some(first) = rest.first() else { return false };
    // "Geef maar een folder mee" has no second clause.
    let subject = lexicon.first.contains(&first.lower)
        || (lexicon.third_subjects.contains(&first.lower) && has_verb_in_front(rest, lexicon));
    // "En toen is het in het water gevallen".
    let third = || {
        lexicon.points_back.contains(&first.lower)
            && rest.get(1).is_some_and(|w| lexicon.third.contains(&w.lower))
    };
    let inverted = || dutch::inversion_at(rest, lexicon).is_some() || third();
    subject || (lexicon.lang == Lang::Nl && inverted())
}

/// How many words at the start are fillers and connectives.
fn leading(words: &[Word], lexicon: &Lexicon) -> usize {
    let mut at = 0;
    loop {
        // "I don't know if I can" is the point.
        let point = words.get(at + 1..).is_some_and(|rest| lexicon.thinks.at_start(rest) > 0);
        // "No more than ten" is less than "more than ten", and "zo voelt het" says how.
        let front = lexicon.lang == Lang::Nl
            && words.get(at).is_some_and(|w| lexicon.fronts.contains(&w.lower))
            && words.get(at + 1).is_some_and(|w| lexicon.is_finite(&w.lower));
        if point || front || lexicon.not_openers.at_start(&words[at..]) > 0 {
            return at;
        }
        match lexicon.openers.at_start(&words[at..]) {
            0 => return at,
            n => at += n,
        }
    }
}

fn trimmed(words: Vec<Word>, lexicon: &Lexicon) -> Vec<Word> {
    let mut words = words[leading(&words, lexicon)..].to_vec();
    loop {
        match lexicon.closers.at_end(&words) {
            0 => break,
            n => words.truncate(words.len() - n),
        }
    }
    words.dedup_by(|b, a| a.lower == b.lower);
    // "Het houdt me tegen en—": broken off behind a whole clause.
    let hangs_on = |w: &mut Word| {
        lexicon.conjunctions.contains(&w.lower)
            && lexicon.dangling.at_end(std::slice::from_ref(w)) > 0
    };
    while words.pop_if(hangs_on).is_some() {}
    without_false_start(words, lexicon)
}

/// "ik wil ik kan dat niet": the client starts anew with the same subject, within three words.
fn without_false_start(words: Vec<Word>, lexicon: &Lexicon) -> Vec<Word> {
    let Some(first) = words.first() else { return words };
    if !lexicon.subjects.contains(&first.lower) {
        return words;
    }
    match (2..=3).rev().find(|&i| words.get(i).is_some_and(|w| w.lower == first.lower)) {
        // "als ik kom ik ..." does not start with the subject; "ik weet dat ik" has its subordinator.
        Some(i)
            if !lexicon.subordinators.contains(&words[i - 1].lower)
                && !lexicon.takes_clause.contains(&words[i - 1].lower) =>
        {
            words[i..].to_vec()
        }
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::join;

    fn found(text: &str, lang: Lang) -> Vec<String> {
        let lexicon = Lexicon::builtin(lang).unwrap();
        clauses(text, &lexicon).iter().map(|c| join(&c.words)).collect()
    }

    #[test]
    fn dutch_clauses() {
        let nl = |text| found(text, Lang::Nl);
        assert_eq!(
            nl("Ja, maar ik ben om zes uur al de deur uit. En in de avond ben ik kapot."),
            ["ik ben om zes uur al de deur uit", "in de avond ben ik kapot"]
        );
        assert_eq!(
            nl("Maar sporten na het werk, dat zie ik niet zitten."),
            ["sporten na het werk, dat zie ik niet zitten"]
        );
        assert_eq!(nl("ja maar ik eh ik heb geen tijd hoor"), ["ik heb geen tijd"]);
        assert_eq!(nl("ik wil ik kan dat niet"), ["ik kan dat niet"]);
        assert_eq!(
            nl("ik wil wel stoppen maar het lukt me niet"),
            ["ik wil wel stoppen", "het lukt me niet"]
        );
        assert_eq!(
            nl("meestal rond half zeven dan ga ik nog koken"),
            ["meestal rond half zeven", "dan ga ik nog koken"]
        );
        assert_eq!(nl("Ik hou van koken en bakken"), ["Ik hou van koken en bakken"]);
        assert!(nl("Wat raadt u mij aan?").is_empty());
    }

    #[test]
    fn english_clauses() {
        let en = |text| found(text, Lang::En);
        assert_eq!(
            en("Yeah, but I have two small children. There is no quiet time."),
            ["I have two small children", "There is no quiet time"]
        );
        assert_eq!(en("well um i want to but i can't"), ["i want to", "i can't"]);
        assert_eq!(en("I I just forget it, you know"), ["I just forget it"]);
    }

    #[test]
    fn what_is_taken_back_is_marked() {
        let lexicon = Lexicon::builtin(Lang::Nl).unwrap();
        let marks = |text| -> Vec<(String, bool, bool)> {
            let all = clauses(text, &lexicon);
            all.iter().map(|c| (join(&c.words), c.before_but, c.halved)).collect()
        };
        let of = |words: &str, but, half| (words.to_owned(), but, half);
        assert_eq!(
            marks("Ik wil wel stoppen, maar het lukt me niet."),
            [of("Ik wil wel stoppen", true, false), of("het lukt me niet", false, false)]
        );
        assert_eq!(
            marks("Ik doe ze 's ochtends. Maar ik merk er niks van."),
            [of("Ik doe ze 's ochtends", true, false), of("ik merk er niks van", false, false)]
        );
        assert_eq!(
            marks("Ik wil wel stoppen. Maar, eh, ik, ik heb geen tijd."),
            [of("Ik wil wel stoppen", true, false), of("ik heb geen tijd", false, false)]
        );
        assert!(marks("Dan denk ik, straks maak ik het kapot.").is_empty());
        assert_eq!(
            marks("Ik werd wakker en ik was mezelf."),
            [of("Ik werd wakker", false, true), of("ik was mezelf", false, false)]
        );
        assert_eq!(
            marks("Ik word niet meer om vier uur wakker, meestal om vijf."),
            [of("Ik word niet meer om vier uur wakker, meestal om vijf", false, false)]
        );
        assert_eq!(
            marks("Dan zeg ik: ik heb er geen tijd voor."),
            [of("Dan zeg ik", false, false)]
        );
    }
}
