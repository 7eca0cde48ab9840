//! Words and sentences of what was said, as a recogniser or a hand wrote them.

/// A word as it stands and in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    pub lower: String,
}

/// A sentence: its parts between commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub parts: Vec<Vec<Word>>,
    pub question: bool,
    /// It stands behind a colon.
    pub quoted: bool,
    /// It breaks off: "so I-".
    pub broken: bool,
}

impl Sentence {
    /// Nothing said yet.
    fn opened() -> Self {
        Self { parts: vec![Vec::new()], question: false, quoted: false, broken: false }
    }
}

/// The words of `text`, without punctuation.
pub(crate) fn words(text: &str) -> Vec<Word> {
    sentences(text).into_iter().flat_map(|s| s.parts).flatten().collect()
}

/// The sentences of `text`; a recogniser that writes no punctuation gives one.
pub(crate) fn sentences(text: &str) -> Vec<Sentence> {
    let mut out = Vec::new();
    let mut open = Sentence::opened();
    for raw in without_asides(text).replace(['’', '‘', '`'], "'").split_whitespace() {
        // "Ik vind-- dronken worden …": the speaker starts anew.
        if raw.len() > 2 && raw.ends_with("--") || raw == "--" {
            open.parts = vec![Vec::new()];
            continue;
        }
        // A dash between words parts like a comma; within a word it stays.
        if raw.chars().all(|c| matches!(c, '-' | '–' | '—')) {
            open.parts.push(Vec::new());
            continue;
        }
        let core = raw.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '%'));
        // "'s ochtends" and "'k" keep their apostrophe, quotation marks do not.
        let core = unstuttered(core.trim_end_matches('\''));
        if !core.is_empty()
            && let Some(part) = open.parts.last_mut()
        {
            part.push(Word { text: core.to_owned(), lower: core.to_lowercase() });
        }
        open.broken = raw.ends_with('-');
        let tail = &raw[raw.trim_end_matches(|c: char| !c.is_alphanumeric()).len()..];
        if tail.contains(['.', '!', '?', '…', ';', ':']) {
            open.question = tail.contains('?');
            close(&mut open, &mut out);
            open.quoted = tail.contains(':');
        } else if tail.contains([',', '—', '–']) {
            open.parts.push(Vec::new());
        }
    }
    close(&mut open, &mut out);
    out
}

/// The words joined by spaces.
#[cfg(test)]
pub(crate) fn join(words: &[Word]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// `text` with its first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    // "'s ochtends" has its capital on the next word: "'s Ochtends".
    let start = if text.starts_with("'s ") { 3 } else { 0 };
    let (head, tail) = text.split_at(start);
    let mut chars = tail.chars();
    match chars.next() {
        Some(first) => format!("{head}{}{}", first.to_uppercase(), chars.as_str()),
        None => head.to_owned(),
    }
}

fn close(open: &mut Sentence, out: &mut Vec<Sentence>) {
    let mut done = std::mem::replace(open, Sentence::opened());
    done.parts.retain(|part| !part.is_empty());
    if !done.parts.is_empty() {
        out.push(done);
    }
}

/// "I-I-I" and "abo-about": the word that the speaker was after.
fn unstuttered(word: &str) -> &str {
    let Some((begun, whole)) = word.rsplit_once('-') else { return word };
    let starts = |part: &str| {
        let (part, whole) = (part.to_lowercase(), whole.to_lowercase());
        !part.is_empty() && whole.starts_with(&part)
    };
    if begun.split('-').all(starts) { whole } else { word }
}

/// Without "(lacht)" and "[pause]", which transcripts put between the words.
fn without_asides(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_parts_and_questions() {
        let all = sentences("Ja, maar (zucht) ik werk. Wat raad je me aan? 's Avonds – soms");
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].parts.len(), 2);
        assert_eq!(join(&all[0].parts[1]), "maar ik werk");
        assert!(all[1].question && !all[0].question);
        assert_eq!(join(&all[2].parts[0]), "'s Avonds");
        assert_eq!(join(&words("zo'n 6,5 km")), "zo'n 6,5 km");
        assert!(sentences(" ... ").is_empty());
        assert_eq!(join(&words("I-I-I want abo-about a T-shirt")), "I want about a T-shirt");
    }

    #[test]
    fn capital_after_apostrophe_s() {
        assert_eq!(capitalised("'s ochtends ben je stijf"), "'s Ochtends ben je stijf");
        assert_eq!(capitalised("één keer"), "Één keer");
    }
}
