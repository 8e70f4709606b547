//! A test run as JUnit's XML, which every CI reads.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::case::Played;
use crate::exit::Failure;
use crate::exit::file::unwritable;

/// Write the report over whatever `file` holds.
pub(super) fn write(file: &Path, played: &[Played]) -> Result<(), Failure> {
    let text = report(played).to_string().map_err(io::Error::other);
    text.and_then(|text| fs::write(file, text))
        .map_err(|error| unwritable(file, &error))
}

fn report(played: &[Played]) -> Report {
    let took: Duration = played.iter().map(|case| case.took).sum();
    let mut suite = TestSuite::new("otherend play");
    suite.set_time(took);
    suite.add_test_cases(played.iter().map(test_case));
    let mut report = Report::new("otherend play");
    report.set_time(took);
    report.add_test_suite(suite);
    report
}

fn test_case(case: &Played) -> TestCase {
    let (folder, file) = case.name.rsplit_once('/').unwrap_or(("", &case.name));
    let mut test = TestCase::new(allowed(file), status(case));
    test.set_classname(allowed(folder)).set_time(case.took);
    test
}

fn status(case: &Played) -> TestCaseStatus {
    let mut status = TestCaseStatus::success();
    if let Some(mismatch) = &case.mismatch {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(allowed(&mismatch.to_string()));
        status.set_description(allowed(&mismatch.render(&case.name)));
    } else if let Some(obstacle) = &case.obstacle {
        status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(allowed(&obstacle.text));
        if let Some(cause) = obstacle.cause {
            status.set_type(cause.to_string());
        }
    }
    status
}

/// Text without what XML has no way to write, not even escaped.
///
/// quick-junit drops control characters and what an escape sequence would swallow, so two files
/// could get one name; and it lets U+FFFE and U+FFFF through, which make a file that no parser takes.
fn allowed(text: &str) -> String {
    text.replace(
        |c: char| matches!(c, '\u{fffe}' | '\u{ffff}') || (c.is_control() && c != '\n'),
        "\u{fffd}",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::play::case::Obstacle;

    fn case(name: &str) -> Played {
        Played {
            name: name.to_owned(),
            took: Duration::from_millis(250),
            mismatch: None,
            obstacle: None,
            updated: false,
        }
    }

    fn xml(played: &[Played]) -> String {
        report(played).to_string().unwrap()
    }

    #[test]
    fn hostile_names_and_messages_stay_xml() {
        let mut hostile = case("a<b>&\"c\"\u{1b}]0;d\t\u{fffe}");
        hostile.obstacle = Some(Obstacle {
            cause: None,
            text: "]]><!--\0\u{ffff}\u{9b}1m".to_owned(),
        });
        let report = xml(&[hostile]);
        let name = "name=\"a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}]0;d\u{fffd}\u{fffd}\"";
        assert!(report.contains(name), "{report}");
        let message = "message=\"]]&gt;&lt;!--\u{fffd}\u{fffd}\u{fffd}1m\"";
        assert!(report.contains(message), "{report}");
    }

    #[test]
    fn a_run_is_a_suite() {
        assert_eq!(
            xml(&[case("tests/a.talk"), case("b.talk")]),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="otherend play" tests="2" skipped="0" failures="0" errors="0" time="0.500">
    <testsuite name="otherend play" tests="2" skipped="0" errors="0" failures="0" time="0.500">
        <testcase name="a.talk" classname="tests" time="0.250"/>
        <testcase name="b.talk" classname="" time="0.250"/>
    </testsuite>
</testsuites>
"#
        );
    }
}
