//! A test run as JUnit's XML, which every CI reads.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::case::Played;
use crate::exit::Failure;
use crate::exit::file::unwritable;
use crate::output::terminal_text::tamed;

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
    let mut test = TestCase::new(tamed(file), status(case));
    test.set_classname(tamed(folder)).set_time(case.took);
    test
}

fn status(case: &Played) -> TestCaseStatus {
    let mut status = TestCaseStatus::success();
    if let Some(mismatch) = &case.mismatch {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(tamed(&mismatch.to_string()));
        status.set_description(tamed(&mismatch.render(&case.name)));
    } else if let Some(obstacle) = &case.obstacle {
        status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(tamed(&obstacle.text));
        if let Some(cause) = obstacle.cause {
            status.set_type(cause.to_string());
        }
    }
    status
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
        // XML has no way to write these, not even escaped; quick-junit would drop some, so that two
        // files get one name, and let others through.
        let mut hostile = case("a<b>&\"c\"\u{1b}]0;d\t\u{fffe}");
        hostile.obstacle = Some(Obstacle {
            cause: None,
            text: "]]><!--\0\u{ffff}\u{9b}1m".to_owned(),
        });
        let report = xml(&[hostile]);
        let name = r#"name="a&lt;b&gt;&amp;&quot;c&quot;\x1b]0;d\t\u{fffe}""#;
        assert!(report.contains(name), "{report}");
        let message = r#"message="]]&gt;&lt;!--\0\u{ffff}\u{9b}1m""#;
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
