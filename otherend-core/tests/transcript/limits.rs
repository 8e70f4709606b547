//! How large a file may be: each limit is reached, and passed by one.

use otherend_core::transcript::{Limits, ParseError, Plan, SetError, Transcript, Wrong, WrongText};

const HEAD: &str = "otherend talk 1\n";

fn parse(lines: &str) -> Result<Transcript, ParseError> {
    Transcript::parse(format!("{HEAD}{lines}").as_bytes())
}

/// With `lines` all is well; with these others the file is refused at a line and a column.
#[track_caller]
fn ends_at(lines: &str, too_many: &str, place: (usize, usize), wrong: &Wrong) {
    assert!(parse(lines).is_ok(), "{}", parse(lines).unwrap_err());
    let error = parse(too_many).unwrap_err();
    assert_eq!((error.line, error.column), place, "{error}");
    assert_eq!(error.wrong, *wrong);
    // What is shown is short, however long the line is.
    let source = format!("{HEAD}{too_many}");
    let screen = error.render("x.talk", source.as_bytes());
    assert!(screen.len() < 1000, "{}", screen.len());
    assert!(screen.contains("^"), "{screen}");
}

#[test]
fn a_line_as_it_is_written() {
    let line = |length: usize| format!("# {}\nC: a\n", "x".repeat(length - 2));
    let place = (2, Limits::LINE + 1);
    let (good, bad) = (line(Limits::LINE), line(Limits::LINE + 1));
    ends_at(&good, &bad, place, &Wrong::LongLine);
    let error = Transcript::parse("x".repeat(2 * Limits::LINE).as_bytes()).unwrap_err();
    assert_eq!((error.line, error.wrong), (1, Wrong::LongLine));
}

#[test]
fn a_line_with_its_values_filled_in() {
    let large = "x".repeat(Limits::LINE / 8);
    let by_let = |more: &str| {
        let references = "{{a}}".repeat(8);
        format!("let a = {large}\nC: {references}{more}\n")
    };
    ends_at(&by_let(""), &by_let("y"), (3, 44), &Wrong::FilledLine);
    let by_hole = |more: &str| {
        format!(
            "C: {{{{a:text={large}}}}}\nS: {}{more}\n",
            "{{a}}".repeat(8)
        )
    };
    ends_at(
        &by_hole(""),
        &by_hole("y{{a}}"),
        (3, 44),
        &Wrong::FilledLine,
    );
    let in_rule = |more: &str| {
        format!(
            "on C: {{{{a:text={large}}}}}\nS: {}{more}\n",
            "{{a}}".repeat(8)
        )
    };
    ends_at(&in_rule(""), &in_rule("{{a}}"), (3, 44), &Wrong::FilledLine);
}

/// In a rule a name is first that of the rule's hole, elsewhere that of the script's.
#[test]
fn a_reference_is_as_long_as_what_it_says() {
    let large = "x".repeat(Limits::LINE / 2);
    let lines = |script: &str, rule: &str| {
        format!(
            "C: {{{{a:text={script}}}}}\n\non C: {{{{a:text={rule}}}}}\nS: {{{{a}}}}{{{{a}}}}y\n"
        )
    };
    assert!(parse(&lines(&large, "")).is_ok());
    let error = parse(&lines("", &large)).unwrap_err();
    assert_eq!((error.line, error.wrong), (5, Wrong::FilledLine));
}

#[test]
fn all_lines_with_their_values_filled_in() {
    let lines = |count: usize, last: &str| {
        let value = "x".repeat(Limits::LINE / 2 - 1);
        format!("let a = {value}\n{}{last}", "C: {{a}}\n".repeat(count))
    };
    // Each line has its end.
    let count = Limits::FILLED / (Limits::LINE / 2);
    let wrong = Wrong::FilledFile(Limits::default());
    let place = (count + 3, 1);
    ends_at(
        &lines(count, "S! close\n"),
        &lines(count, "C. y\n"),
        place,
        &wrong,
    );
    let more = format!("{HEAD}{}", lines(count, "C. y\n"));
    let limits = Limits::filled(Limits::FILLED + 1);
    assert!(Transcript::parse_within(more.as_bytes(), limits).is_ok());
    let error = parse(&lines(count, "C# 00\n")).unwrap_err();
    assert_eq!(error.wrong, wrong);
    let less = format!("{HEAD}C: abc\nC: de\n");
    let error = Transcript::parse_within(less.as_bytes(), Limits::filled(6)).unwrap_err();
    assert_eq!(
        (error.line, error.wrong.to_string()),
        (
            3,
            "with their values filled in the lines up to here have more than 6 B".to_owned()
        )
    );
}

#[test]
fn values_that_are_set_count_as_those_of_the_file() {
    let plan = |lines: &str, limits: Limits, length: usize| {
        let file = format!("{HEAD}{lines}");
        let transcript = Transcript::parse_within(file.as_bytes(), limits).unwrap();
        let value = ("a".to_owned(), vec![b'x'; length]);
        Plan::with_values(transcript, &[value]).map(|_| ())
    };
    let lines = "let a = y\nC: {{a}}\nS: {{a}}{{a}}\n";
    let limits = Limits::default();
    assert_eq!(plan(lines, limits, Limits::LINE / 2), Ok(()));
    let error = plan(lines, limits, Limits::LINE / 2 + 1);
    assert_eq!(error, Err(SetError::LongLine(4)));
    let limits = Limits::filled(10);
    let error = plan("C: {{a:text=}}\nS: {{a}}\nC: {{a}}\n", limits, 3);
    assert_eq!(error, Err(SetError::LongFile(4, limits)));
    let text = error.unwrap_err().to_string();
    assert_eq!(
        text,
        "with these values the lines up to 4 have more than 10 B"
    );
}

#[test]
fn steps_rules_and_lets() {
    let lines =
        |steps: usize, last: &str| format!("let a = b\non other\n\n{}{last}", "C:\n".repeat(steps));
    let steps = Limits::STEPS - 2;
    let wrong = Wrong::TooMany("1,000,000 steps, rules and `let`s");
    ends_at(
        &lines(steps, "#\n\n+1s\n"),
        &lines(steps, "S! close\n"),
        (steps + 5, 1),
        &wrong,
    );
}

#[test]
fn lines_of_any_kind() {
    let lines = |count: usize| "\n".repeat(count);
    let wrong = Wrong::TooMany("4,000,000 lines");
    let place = (Limits::LINES + 1, 1);
    ends_at(
        &lines(Limits::LINES - 1),
        &lines(Limits::LINES),
        place,
        &wrong,
    );
}

#[test]
fn holes_and_references() {
    let lines = |lines: usize, last: &str| {
        format!(
            "{}{last}",
            format!("C: {}\n", "{{_:int=1}}".repeat(1000)).repeat(lines)
        )
    };
    let count = Limits::HOLES / 1000;
    let wrong = Wrong::TooMany("2,000,000 holes and references");
    ends_at(
        &lines(count, "C: b\n"),
        &lines(count, "C: {{_:int=1}}\n"),
        (count + 2, 1),
        &wrong,
    );
}

#[test]
fn a_whole_file() {
    let line = format!("#{}\n", "x".repeat(Limits::LINE - 2));
    let all = Limits::FILE / line.len();
    let lines = |more: &str| format!("{}{more}", line.repeat(all - 1));
    let place = (all + 1, 1);
    let more = "#".repeat(line.len() - HEAD.len() + 1);
    ends_at(&lines("#"), &lines(&more), place, &Wrong::LongFile);
}

#[test]
fn regular_expressions_that_are_large() {
    let lines = |count: usize| -> String {
        (0..count)
            .map(|number| format!("C: {{{{_:/{number}|\\w{{5}}/={number}}}}}\n"))
            .collect()
    };
    let error = parse(&lines(300)).unwrap_err();
    assert_eq!(
        error.wrong,
        Wrong::Text(WrongText::TooManyRegexes),
        "{error}"
    );
    assert_eq!(error.column, 8);
    // The same ones are made once.
    let same = lines(1).repeat(10_000);
    assert!(parse(&same).is_ok());
}
