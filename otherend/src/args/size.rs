//! Sizes on the command line: `512`, `64k`, `1m`, `2g`; the units are powers of 1024.

/// Parse a size in bytes; for use as a clap value parser.
pub(crate) fn parse(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = match unit {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        _ => return Err(complaint(text)),
    };
    let number: usize = number.parse().map_err(|_| complaint(text))?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| format!("{number}{unit} is more than this machine can address"))
}

/// The same for a limit: one of nothing at all would refuse everybody.
pub(crate) fn parse_limit(text: &str) -> Result<usize, String> {
    match parse(text)? {
        0 => Err("write at least 1".to_owned()),
        limit => Ok(limit),
    }
}

fn complaint(text: &str) -> String {
    let text = text.escape_debug();
    format!("`{text}` is no size: write bytes, or a number with k, m or g, as in 64k")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        assert_eq!(parse("512"), Ok(512));
        assert_eq!(parse("64k"), Ok(65_536));
        assert_eq!(parse("1M"), Ok(1_048_576));
        assert_eq!(parse(" 2g "), Ok(2_147_483_648));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse_limit("0"), Err("write at least 1".to_owned()));
    }

    #[test]
    fn anything_else_is_explained() {
        for text in [
            "",
            "k",
            "-1",
            "1.5m",
            "64kb",
            "64 k",
            "99999999999999999999",
        ] {
            assert!(
                parse(text).unwrap_err().contains("is no size"),
                "for `{text}`"
            );
        }
        assert!(
            parse("99999999999999g")
                .unwrap_err()
                .contains("is more than")
        );
    }
}
