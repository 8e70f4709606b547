//! Did you mean …? (usually: edit distance).

/// Nobody slips in more than this, and the time for a distance grows with both lengths.
const LONGEST: usize = 64;

/// The one of `words` that `typed` is most likely a slip of, if any is close enough.
pub(crate) fn nearest<'w>(
    typed: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    if typed.len() > LONGEST {
        return None;
    }
    let allowed = (typed.chars().count() / 3).clamp(1, 3);
    words
        .into_iter()
        .map(|word| (distance(typed, word), word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= allowed || is_start(typed, word))
        .map(|(_, word)| word)
}

/// `int` for `integer`, `conn` for `connect`.
fn is_start(typed: &str, word: &str) -> bool {
    typed.len() >= 2 && word.len() >= 2 && (word.starts_with(typed) || typed.starts_with(word))
}

/// How many letters must be added, dropped, changed or swapped with their neighbour; `Txt` is as
/// near to `text` as `txt` is.
fn distance(a: &str, b: &str) -> usize {
    strsim::osa_distance(&a.to_lowercase(), &b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        let kinds = ["int", "hex", "word", "text", "ip", "time", "uuid", "b64"];
        assert_eq!(nearest("itn", kinds), Some("int"));
        assert_eq!(nearest("integer", kinds), Some("int"));
        assert_eq!(nearest("Txt", kinds), Some("text"));
        assert_eq!(nearest("uid", kinds), Some("uuid"));
        assert_eq!(nearest("float", kinds), None);
    }

    #[test]
    fn nothing_is_near_to_nothing() {
        assert_eq!(nearest("", ["int"]), None);
        assert_eq!(nearest("int", []), None);
    }
}
