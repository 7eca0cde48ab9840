//! A language's pack: wordings and lexicon, built in or with what a user adds to them.

use serde::Deserialize;
use timeline::{Lang, Technique};
use toml::{Table, Value};

use crate::{
    clause::clauses,
    error::{CoachError, Fault},
    gate,
    lexicon::Lexicon,
    pack::{Pack, TECHNIQUES, name_of},
    raw::{RawLexicon, RawPack},
    state::Address,
    suggest::filled,
    transform,
};

const NL: [&str; 2] = [
    include_str!("../../../assets/coach/nl/wordings.toml"),
    include_str!("../../../assets/coach/nl/lexicon.toml"),
];
const EN: [&str; 2] = [
    include_str!("../../../assets/coach/en/wordings.toml"),
    include_str!("../../../assets/coach/en/lexicon.toml"),
];

/// What the coach says in one language, and the words that it looks at.
#[derive(Debug, Clone)]
pub struct CoachPack {
    pub(crate) lang: Lang,
    pub(crate) wordings: Pack,
    pub(crate) lexicon: Lexicon,
    name: Option<String>,
}

/// What a user adds: a profession, a house style.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    lang: Lang,
    version: u32,
    name: String,
    #[serde(default)]
    moments: Table,
    #[serde(default)]
    techniques: Table,
    #[serde(default)]
    lexicon: Table,
}

/// What [`CoachPack::check`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackReport {
    /// Sentences that were made: each wording with each of the clauses that the pack gives for it.
    pub sentences: usize,
    /// Of these, those that the coach would not say, with the reason; where one stands for many, the first.
    pub refused: Vec<String>,
}

impl CoachPack {
    /// The built-in pack of `lang`.
    ///
    /// # Errors
    /// [`CoachError`] when it has a fault; it names the file, the line and the key.
    pub fn builtin(lang: Lang) -> Result<Self, CoachError> {
        let texts = builtin_texts(lang);
        let wordings: RawPack = parse(&builtin_file(lang, 0), texts[0])?;
        let lexicon: RawLexicon = parse(&builtin_file(lang, 1), texts[1])?;
        let wordings = Pack::new(lang, wordings)
            .map_err(|fault| located(fault, &builtin_file(lang, 0), texts[0]))?;
        let lexicon = Lexicon::new(lang, lexicon)
            .map_err(|fault| located(fault, &builtin_file(lang, 1), texts[1]))?;
        Ok(Self { lang, wordings, lexicon, name: None })
    }

    /// The built-in pack with what `text`, the contents of `file`, adds: `[moments]` and the lists of `[techniques.…]`
    /// take the place of the built-in ones, the lists of `[lexicon.…]` are added to them.
    ///
    /// # Errors
    /// [`CoachError`] when it has a fault; it names the line and the key.
    pub fn with_own(file: &str, text: &str) -> Result<Self, CoachError> {
        let own: Own = parse(file, text)?;
        let lang = own.lang;
        let texts = builtin_texts(lang);
        if own.version != crate::lexicon::VERSION {
            let problem =
                format!("is {}, but this program reads {}", own.version, crate::lexicon::VERSION);
            return Err(located(Fault::new("version", problem), file, text));
        }
        let mut wordings: Table = parse(&builtin_file(lang, 0), texts[0])?;
        let mut lexicon: Table = parse(&builtin_file(lang, 1), texts[1])?;
        for (section, added) in [("moments", own.moments), ("techniques", own.techniques)] {
            put(
                &mut wordings,
                Table::from_iter([(section.to_owned(), Value::Table(added))]),
                false,
            );
        }
        put(&mut lexicon, own.lexicon, true);
        // What is wrong now was brought in by the user's file.
        let wordings = RawPack::deserialize(wordings).map_err(|e| unplaced(&e, file, text))?;
        let lexicon = RawLexicon::deserialize(lexicon).map_err(|e| unplaced(&e, file, text))?;
        let wordings = Pack::new(lang, wordings).map_err(|fault| located(fault, file, text))?;
        let lexicon = Lexicon::new(lang, lexicon).map_err(|mut fault| {
            fault.key = format!("lexicon.{}", fault.key);
            located(fault, file, text)
        })?;
        Ok(Self { lang, wordings, lexicon, name: Some(own.name) })
    }

    /// Its language.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// The name that a user's own pack gives itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Makes every sentence that the wordings give with the lexicon's sample clauses, and says which of them the coach
    /// would refuse.
    #[must_use]
    pub fn check(&self) -> PackReport {
        let addresses: &[Address] = match self.lang {
            Lang::Nl => &[Address::Informal, Address::Formal],
            Lang::En => &[Address::Informal],
        };
        let mut report = PackReport { sentences: 0, refused: Vec::new() };
        for &address in addresses {
            let samples: Vec<String> = self
                .lexicon
                .samples
                .iter()
                .filter_map(|said| {
                    let mut found = clauses(said, &self.lexicon).into_iter();
                    found.find_map(|clause| {
                        transform::turn(&clause.words, address, &self.lexicon).ok()
                    })
                })
                .collect();
            for technique in TECHNIQUES {
                let Some(wordings) = self.wordings.wordings(technique) else { continue };
                let all = wordings.sentences(address).iter().chain(wordings.low(address));
                for wording in all {
                    self.try_wording(technique, wording, &samples, &mut report);
                }
            }
        }
        report
    }

    fn try_wording(
        &self,
        technique: Technique,
        wording: &str,
        samples: &[String],
        report: &mut PackReport,
    ) {
        let mut faults = Vec::new();
        let tries = if wording.contains('{') { samples.len() } else { 1 };
        for i in 0..tries {
            let (one, two) = (&samples[i % samples.len()], &samples[(i + 1) % samples.len()]);
            let sentence = filled(wording, one, two, &self.lexicon);
            report.sentences += 1;
            if let Err(why) = gate::check_sentence(&sentence, technique, &self.lexicon) {
                faults.push(format!("{}: \"{sentence}\" {why}", name_of(&technique)));
            }
        }
        // A clause that is too long is no fault of the wording; if hardly any fits, it is.
        if 4 * faults.len() >= 3 * tries {
            report.refused.extend(faults.into_iter().next());
        }
    }
}

fn builtin_texts(lang: Lang) -> [&'static str; 2] {
    match lang {
        Lang::Nl => NL,
        Lang::En => EN,
    }
}

fn builtin_file(lang: Lang, which: usize) -> String {
    let name = if which == 0 { "wordings" } else { "lexicon" };
    format!("assets/coach/{lang}/{name}.toml")
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, CoachError> {
    toml::from_str(text)
        .map_err(|source| CoachError::Parse { file: file.to_owned(), source: Box::new(source) })
}

/// Puts `added` into `table`: lists are replaced, or (`append`) added to.
fn put(table: &mut Table, added: Table, append: bool) {
    for (key, value) in added {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(added)) => put(inner, added, append),
            (Some(Value::Array(list)), Value::Array(added)) if append => list.extend(added),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

/// A fault with the file and the line that it stands in.
fn located(fault: Fault, file: &str, text: &str) -> CoachError {
    let Fault { key, problem, text: about } = fault;
    let line = line_of(text, &key, about.as_deref());
    CoachError::Key { file: file.to_owned(), line, key, problem }
}

/// A fault of which only the name of the key is known: "unknown field `chnge`, expected …".
fn unplaced(error: &toml::de::Error, file: &str, text: &str) -> CoachError {
    let problem = error.message().to_owned();
    let key = problem.split('`').nth(1).unwrap_or_default().to_owned();
    located(Fault::new(&key, problem), file, text)
}

/// The line, from 1, of `about` below the key's table; that of the key; that of its table.
fn line_of(text: &str, key: &str, about: Option<&str>) -> Option<usize> {
    let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
    let trimmed = || text.lines().map(str::trim).zip(1..);
    let start = if table.is_empty() {
        0
    } else {
        let header = format!("[{table}]");
        trimmed().find(|(line, _)| *line == header).map_or(0, |(_, number)| number)
    };
    let below = || trimmed().skip(start);
    let of_about = about.and_then(|about| {
        let quoted = format!("\"{about}\"");
        below().find(|(line, _)| line.contains(&quoted))
    });
    let is_key = |line: &str| {
        let header = line.trim_matches(['[', ']']);
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
            || (line.starts_with('[') && (header == key || header.ends_with(&format!(".{name}"))))
    };
    let of_key = || below().find(|(line, _)| is_key(line));
    of_about.or_else(of_key).map(|(_, number)| number).or((start > 0).then_some(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_packs_load_and_say_what_may_be_said() {
        for lang in [Lang::Nl, Lang::En] {
            let pack = CoachPack::builtin(lang).unwrap();
            let report = pack.check();
            assert!(report.sentences > 1_000, "{}", report.sentences);
            assert!(report.refused.is_empty(), "{}", report.refused.join("\n"));
        }
    }

    fn own(rest: &str) -> Result<CoachPack, String> {
        let text = format!("lang = \"nl\"\nversion = 1\nname = \"Praktijk\"\n{rest}");
        CoachPack::with_own("own.toml", &text).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_own_pack_replaces_wordings_and_adds_words() {
        let rest = "[moments]\nwarning = \"dreigen\"\n[lexicon.sides]\nchange = [\"fysiek\"]\n";
        let pack = own(rest).unwrap();
        assert_eq!(pack.wordings.mark(timeline::Moment::Warning), "dreigen");
        assert_eq!(pack.wordings.mark(timeline::Moment::YesBut), "ja, maar");
        let change = |text| pack.lexicon.change.within(&crate::text::words(text));
        assert!(change("fysiek") && change("ik wil"));
        assert_eq!(pack.name(), Some("Praktijk"));
    }

    #[test]
    fn faults_name_file_line_and_key() {
        let few =
            "[techniques.autonomy]\nheadlines = [\"a\", \"b\", \"c\", \"d\"]\nje = [\"Een.\"]\n";
        let slot = few
            .replace("\"Een.\"", "\n\"Een {clause}.\",\n\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"");
        let long = "[techniques.autonomy]\nheadlines = [\"a\", \"b\", \"c\",\n\"een twee drie vier vijf\"]\n";
        let rows = [
            (few, vec!["own.toml", "line 6", "techniques.autonomy.je", "at least 8"]),
            (&slot, vec!["line 7", "{clause}"]),
            (long, vec!["line 6", "headlines", "5 words"]),
            ("[moments]\nwarnung = \"x\"\n", vec!["line 5", "warnung"]),
            ("[lexicon.sides]\nchnge = [\"x\"]\n", vec!["line 5", "chnge"]),
            ("[moment]\n", vec!["line 4", "moment"]),
            ("[moments]\nwarning = \"een twee drie\"\n", vec!["line 5", "3 words"]),
            ("[moments\n", vec!["line 4"]),
        ];
        for (text, wanted) in rows {
            let message = own(text).expect_err(text);
            for part in wanted {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
        let wrong = CoachPack::with_own("o", "lang = \"nl\"\nversion = 9\nname = \"x\"\n");
        let wrong = wrong.expect_err("a later version").to_string();
        assert!(wrong.contains("line 2") && wrong.contains("version"), "{wrong}");
    }

    #[test]
    fn a_wording_that_cannot_be_said_is_found() {
        let je = |text: &str| {
            let rest: Vec<String> =
                (1..8).map(|i| format!("\"Jij kiest zelf wat je doet, {i}.\"")).collect();
            format!("\"{text}\", {}", rest.join(", "))
        };
        let text = format!(
            "[techniques.autonomy]\nje = [{}]\nu = [{}]\n",
            je("Je moet het zelf weten."),
            je("U bepaalt")
        );
        let report = own(&text).unwrap().check();
        assert_eq!(report.refused.len(), 2, "{:?}", report.refused);
    }
}
