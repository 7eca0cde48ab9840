//! The tables of clauses: `tests/data/{nl,en}_clauses.tsv`.

use timeline::Lang;

use crate::{
    clause::{Clause, clauses},
    lexicon::Lexicon,
    state::Address,
    transform::{turn, turn_need},
};

const NL: &str = include_str!("../tests/data/nl_clauses.tsv");
const EN: &str = include_str!("../tests/data/en_clauses.tsv");

/// The first clause of `text` that can be said back; as for the coach, one with a word of the client before others.
fn said_back(text: &str, address: Address, lexicon: &Lexicon) -> Option<String> {
    let all = clauses(text, lexicon);
    let own = |clause: &&Clause| clause.words.iter().any(|w| lexicon.first.contains(&w.lower));
    let said = |clause: &Clause| turn(&clause.words, address, lexicon).ok();
    let first = all.iter().filter(own).find_map(said);
    first.or_else(|| all.iter().find_map(said))
}

fn check(table: &str, lang: Lang, addresses: &[Address]) -> usize {
    let lexicon = Lexicon::builtin(lang).unwrap();
    let mut faults = Vec::new();
    let mut rows = 0;
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 1 + addresses.len(), "{line}");
        rows += 1;
        for (address, wanted) in addresses.iter().zip(&cells[1..]) {
            let got = said_back(cells[0], *address, &lexicon).unwrap_or_else(|| "-".to_owned());
            if got != *wanted {
                let why: Vec<_> = clauses(cells[0], &lexicon)
                    .iter()
                    .map(|c| turn(&c.words, *address, &lexicon))
                    .collect();
                faults.push(format!("{}\n  want {wanted}\n  got  {got}   {why:?}", cells[0]));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    rows
}

#[test]
fn dutch_table() {
    assert!(check(NL, Lang::Nl, &[Address::Informal, Address::Formal]) >= 200);
}

#[test]
fn english_table() {
    assert!(check(EN, Lang::En, &[Address::Informal]) >= 110);
}

#[test]
fn a_need_gets_its_te() {
    let lexicon = Lexicon::builtin(Lang::Nl).unwrap();
    let said = |text: &str| {
        let all = clauses(text, &lexicon);
        all.iter().find_map(|c| turn_need(&c.words, Address::Formal, &lexicon).ok())
    };
    let need = |rest: &str| Some(format!("u vindt het nodig om {rest}"));
    assert_eq!(said("Ik moet er echt wat aan doen."), need("er echt wat aan te doen"));
    assert_eq!(said("Ik moet afvallen."), need("af te vallen"));
    assert_eq!(said("Ik moet stoppen met roken."), need("te stoppen met roken"));
    assert_eq!(said("Ik moet nu echt meer gaan bewegen."), need("meer te gaan bewegen"));
    // Where no infinitive can be found, or one clause hangs on another.
    assert_eq!(said("Ik moet om zes uur op."), None);
    assert_eq!(said("Ik moet doen wat ik wil."), None);
}
