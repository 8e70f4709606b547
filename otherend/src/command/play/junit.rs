//! A test run as JUnit's XML, which every CI reads.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::case::{Ending, Played};
use crate::exit::Failure;
use crate::exit::file::unwritable;

/// Write the report over whatever `file` holds.
pub(super) fn write(file: &Path, played: &[Played]) -> Result<(), Failure> {
    fs::write(file, report(played)).map_err(|error| unwritable(file, &error))
}

fn report(played: &[Played]) -> String {
    let count = |counts: fn(Ending) -> bool| {
        let those = played.iter().filter(|case| counts(case.ending()));
        those.count()
    };
    let took: Duration = played.iter().map(|case| case.took).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<testsuite name=\"otherend play\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">",
        played.len(),
        count(|ending| matches!(ending, Ending::Differed | Ending::Silent)),
        count(|ending| ending == Ending::NotPlayed),
        took.as_secs_f64(),
    );
    for case in played {
        let (folder, file) = case.name.rsplit_once('/').unwrap_or(("", &case.name));
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(folder),
            escaped(file),
            case.took.as_secs_f64(),
        );
        out.push_str(&result(case));
    }
    out.push_str("</testsuite>\n");
    out
}

/// How it ended, to the end of its element.
fn result(case: &Played) -> String {
    match (&case.mismatch, &case.obstacle) {
        (Some(mismatch), _) => format!(
            ">\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n",
            escaped(&mismatch.to_string()),
            escaped(&mismatch.render(&case.name)),
        ),
        (None, Some(obstacle)) => {
            let cause = obstacle.cause.map(|word| format!(" type=\"{word}\""));
            format!(
                ">\n    <error{} message=\"{}\"/>\n  </testcase>\n",
                cause.unwrap_or_default(),
                escaped(&obstacle.text),
            )
        }
        (None, None) => "/>\n".to_owned(),
    }
}

/// Text as XML has it. What is shown of peers holds no control characters; file names may.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            other if other.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_escaped() {
        assert_eq!(
            escaped("a<b>&\"c\"\n\u{1b}"),
            "a&lt;b&gt;&amp;&quot;c&quot;\n\u{fffd}"
        );
    }

    #[test]
    fn a_run_is_a_suite() {
        let case = |name: &str| Played {
            name: name.to_owned(),
            took: Duration::from_millis(250),
            mismatch: None,
            obstacle: None,
            updated: false,
        };
        assert_eq!(
            report(&[case("tests/a.talk"), case("b.talk")]),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <testsuite name=\"otherend play\" tests=\"2\" failures=\"0\" errors=\"0\" time=\"0.500\">\n\
            \x20 <testcase classname=\"tests\" name=\"a.talk\" time=\"0.250\"/>\n\
            \x20 <testcase classname=\"\" name=\"b.talk\" time=\"0.250\"/>\n\
            </testsuite>\n"
        );
    }
}
