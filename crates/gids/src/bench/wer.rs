//! The word error rate.

/// Words that have to be put in, taken out or replaced to make `heard` of `said`, by the words of `said`; case and
/// punctuation don't count. `None` where nothing was said.
#[must_use]
pub fn word_error_rate(said: &str, heard: &str) -> Option<f64> {
    let (said, heard) = (words(said), words(heard));
    if said.is_empty() {
        return None;
    }
    // One row of the table of edit distances.
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, a) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in heard.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    Some(row[heard.len()] as f64 / said.len() as f64)
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_words() {
        let rows = [
            ("Ik wil wel.", "ik wil wel", Some(0.0)),
            ("ik wil wel", "ik wel", Some(1.0 / 3.0)),
            ("ik wil wel", "ik wil nu wel", Some(1.0 / 3.0)),
            ("ik wil wel", "", Some(1.0)),
            ("ik wil wel", "jij zou wel", Some(2.0 / 3.0)),
            ("", "ik", None),
        ];
        for (said, heard, expected) in rows {
            assert_eq!(word_error_rate(said, heard), expected, "{said} / {heard}");
        }
    }
}
