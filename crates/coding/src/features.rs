//! From text to feature hashes, exactly as `models/mi-coder/train/text.py` does it.
//!
//! The test vectors that training exports prove that both are the same. Change nothing here without
//! raising [`VERSION`] in both places and training again.

use std::collections::HashSet;

use timeline::Lang;

/// Version of the recipe; the model's description names the one that it was trained with.
pub const VERSION: u32 = 1;

/// Longer texts keep their beginning and their end: what an utterance does is mostly said there.
const HEAD_WORDS: usize = 192;
const TAIL_WORDS: usize = 64;
const CHAR_NGRAM_MIN: usize = 3;
const CHAR_NGRAM_MAX: usize = 5;
/// Upper ends of the length classes, in tokens.
const LENGTH_STEPS: [usize; 8] = [1, 2, 4, 7, 12, 20, 35, 60];
/// Words that are read as a number. "een" and "one" are left alone: mostly they are no numbers.
const NUMBER_WORDS: [&str; 20] = [
    "nul", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien", "zero", "two",
    "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];
const NUMBER: &str = "#";
const QUESTION_MARK: &str = "?";

/// Lower-case ASCII words, `#` for a number, `?` for a question mark; all else separates.
///
/// ```
/// use coding::features::tokens;
/// assert_eq!(tokens("Eén, of twéé keer? Don’t!"), ["een", "of", "#", "keer", "?", "dont"]);
/// assert!(tokens(" … 👍 你好").is_empty());
/// ```
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => word.push(c),
            // Recognisers write "don't", "dont" and "don’t": all become one. Combining accents go too.
            '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '\u{0300}'..='\u{036f}' => {}
            _ => match fold(c) {
                Some(plain) => word.push_str(plain),
                None => {
                    close(&mut word, &mut out);
                    if c == '?' {
                        out.push(QUESTION_MARK.to_owned());
                    }
                }
            },
        }
    }
    close(&mut word, &mut out);
    if out.len() > HEAD_WORDS + TAIL_WORDS {
        out.drain(HEAD_WORDS..out.len() - TAIL_WORDS);
    }
    out
}

/// CRC-32 of each feature of the tokens, each once, in order of appearance; empty for no tokens.
#[must_use]
pub fn hashes(lang: Lang, tokens: &[String]) -> Vec<u32> {
    let mut bag = Bag::new(lang);
    if tokens.is_empty() {
        return bag.order;
    }
    let length_class = LENGTH_STEPS.iter().filter(|&&step| tokens.len() > step).count();
    bag.add('n', &[&length_class.to_string()]);
    let padded: Vec<&str> =
        std::iter::once("^").chain(tokens.iter().map(String::as_str)).chain(["$"]).collect();
    for token in tokens {
        bag.add('w', &[token]);
    }
    for pair in padded.windows(2) {
        bag.add('b', &[pair[0], " ", pair[1]]);
    }
    for three in padded.windows(3) {
        bag.add('t', &[three[0], " ", three[1], " ", three[2]]);
    }
    for three in padded.windows(3) {
        bag.add('s', &[three[0], " ", three[2]]);
    }
    for token in tokens.iter().filter(|t| t.len() >= CHAR_NGRAM_MIN) {
        let framed = format!("<{token}>");
        for n in CHAR_NGRAM_MIN..=CHAR_NGRAM_MAX {
            for start in 0..(framed.len() + 1).saturating_sub(n) {
                bag.add('c', &[&framed[start..start + n]]); // tokens are ASCII: any cut is a char boundary
            }
        }
    }
    bag.order
}

fn close(word: &mut String, out: &mut Vec<String>) {
    if word.is_empty() {
        return;
    }
    let number = word.bytes().any(|b| b.is_ascii_digit()) || NUMBER_WORDS.contains(&word.as_str());
    out.push(if number { NUMBER.to_owned() } else { word.clone() });
    word.clear();
}

/// The plain letters of an accented one of the languages of Europe.
fn fold(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' => "a",
        'ç' | 'ć' | 'č' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'ī' => "i",
        'ñ' | 'ń' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' => "o",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' => "u",
        'ý' | 'ÿ' => "y",
        'š' | 'ś' => "s",
        'ž' | 'ź' | 'ż' => "z",
        'ł' => "l",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        _ => return None,
    })
}

/// Hashes in order of appearance.
struct Bag {
    lang: Lang,
    seen: HashSet<u32>,
    order: Vec<u32>,
}

impl Bag {
    fn new(lang: Lang) -> Self {
        Self { lang, seen: HashSet::new(), order: Vec::new() }
    }

    /// The feature's name is the language, its kind, and the parts one after the other.
    fn add(&mut self, kind: char, parts: &[&str]) {
        let mut crc = Crc32::default();
        crc.feed(self.lang.code().as_bytes());
        crc.feed(kind.encode_utf8(&mut [0; 4]).as_bytes());
        for part in parts {
            crc.feed(part.as_bytes());
        }
        let hash = crc.finish();
        if self.seen.insert(hash) {
            self.order.push(hash);
        }
    }
}

/// CRC-32 as zlib computes it: Python has it built in, and it needs no crate here.
struct Crc32(u32);

impl Default for Crc32 {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc32 {
    const TABLE: [u32; 256] = crc_table();

    fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let row = (self.0 as u8) ^ byte;
            self.0 = (self.0 >> 8) ^ Self::TABLE[usize::from(row)];
        }
    }

    fn finish(self) -> u32 {
        !self.0
    }
}

const fn crc_table() -> [u32; 256] {
    const POLYNOMIAL_REVERSED: u32 = 0xEDB8_8320;
    let mut table = [0; 256];
    let mut row = 0;
    while row < 256 {
        let mut value = row as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ POLYNOMIAL_REVERSED } else { value >> 1 };
            bit += 1;
        }
        table[row] = value;
        row += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_that_of_zlib() {
        let mut crc = Crc32::default();
        crc.feed(b"1234");
        crc.feed(b"56789");
        assert_eq!(crc.finish(), 0xCBF4_3926); // the check value of CRC-32/ISO-HDLC
    }

    #[test]
    fn case_punctuation_and_number_spelling_do_not_matter() {
        let plain = tokens("waarom een zes en geen vier ?");
        assert_eq!(tokens("Waarom een 6, en géén 4?"), plain);
        assert_eq!(plain, ["waarom", "een", "#", "en", "geen", "#", "?"]);
    }

    #[test]
    fn long_texts_keep_head_and_tail() {
        let text = (0..10_000).map(|i| format!("w{} ", ["a", "b", "c"][i % 3])).collect::<String>();
        assert_eq!(tokens(&text).len(), HEAD_WORDS + TAIL_WORDS);
    }

    #[test]
    fn no_text_has_no_features() {
        assert!(hashes(Lang::Nl, &tokens("  ... ")).is_empty());
        assert_ne!(hashes(Lang::Nl, &tokens("ja")), hashes(Lang::En, &tokens("ja")));
    }
}
