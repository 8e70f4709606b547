//! Rules over every flag of every command, and a snapshot of every help text.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Arg, ArgAction, Command};

/// Every command with its full name, the program itself first.
fn commands() -> Vec<(String, Command)> {
    let mut program = super::command().term_width(100);
    program.build();
    let mut all = Vec::new();
    collect(String::new(), &program, &mut all);
    all
}

fn collect(parent: String, command: &Command, all: &mut Vec<(String, Command)>) {
    let name = format!("{parent}{}", command.get_name());
    all.push((name.clone(), command.clone()));
    for below in command.get_subcommands().filter(|c| c.get_name() != "help") {
        collect(format!("{name} "), below, all);
    }
}

/// Every flag that is ours, with its command.
fn flags() -> Vec<(String, String, Arg)> {
    let mut all = Vec::new();
    for (command, declared) in commands() {
        for arg in declared.get_arguments() {
            let builtin = [
                ArgAction::Help,
                ArgAction::HelpShort,
                ArgAction::HelpLong,
                ArgAction::Version,
            ];
            let builtin = builtin
                .iter()
                .any(|a| format!("{a:?}") == format!("{:?}", arg.get_action()));
            if let (Some(flag), false) = (arg.get_long(), builtin) {
                all.push((command.clone(), flag.to_owned(), arg.clone()));
            }
        }
    }
    all
}

/// The flags that break a rule, for one message about all of them.
#[track_caller]
fn none_breaks(rule: &str, breaks: impl Fn(&str, &Arg) -> bool) {
    let broken: Vec<String> = flags()
        .into_iter()
        .filter(|(_, flag, arg)| breaks(flag, arg))
        .map(|(command, flag, _)| format!("{command} --{flag}"))
        .collect();
    assert!(broken.is_empty(), "{rule}: {broken:?}");
}

#[test]
fn the_declarations_fit_together() {
    super::command().debug_assert();
}

#[test]
fn help_begins_with_a_short_sentence() {
    none_breaks("the first sentence has at most 70 characters", |_, arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let sentence = help.split(". ").next().unwrap_or_default();
        sentence.is_empty() || sentence.chars().count() > 70
    });
}

#[test]
fn units_stand_in_values_and_not_in_names() {
    const UNITS: [&str; 14] = [
        "ms", "millis", "s", "sec", "secs", "seconds", "min", "minutes", "hours", "bytes", "kb",
        "kib", "mb", "mib",
    ];
    none_breaks("a flag's name has no unit", |flag, _| {
        // `--seconds` of bench is how long, not a unit of something else.
        flag != "seconds" && flag.split('-').any(|part| UNITS.contains(&part))
    });
}

#[test]
fn letters_that_other_tools_disagree_on_are_not_used() {
    none_breaks("-c, -d, -i and -x mean too many things", |_, arg| {
        arg.get_short().is_some_and(|short| "cdix".contains(short))
    });
}

#[test]
fn every_flag_has_its_variable() {
    none_breaks("every flag can be set in the environment", |flag, arg| {
        let wanted = format!("OTHEREND_{}", flag.replace('-', "_").to_uppercase());
        arg.get_env().is_none_or(|name| name != wanted.as_str())
    });
}

#[test]
fn a_flag_means_the_same_in_every_command() {
    let mut meanings: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (command, flag, arg) in flags() {
        let meaning = format!(
            "{:?} {:?} {}",
            arg.get_short(),
            arg.get_value_names().unwrap_or_default(),
            arg.get_help().map(ToString::to_string).unwrap_or_default()
        );
        let uses = meanings.entry(flag).or_default();
        uses.entry(meaning).or_default().push(command);
    }
    meanings.retain(|_, uses| uses.len() > 1);
    assert!(
        meanings.is_empty(),
        "these flags differ between commands: {meanings:#?}"
    );
}

#[test]
fn a_letter_means_the_same_in_every_command() {
    let mut letters: BTreeMap<char, Vec<String>> = BTreeMap::new();
    for (_, flag, arg) in flags() {
        let names = arg
            .get_short()
            .map(|short| letters.entry(short).or_default());
        if let Some(names) = names.filter(|names| !names.contains(&flag)) {
            names.push(flag);
        }
    }
    letters.retain(|_, names| names.len() > 1);
    assert!(
        letters.is_empty(),
        "these letters have several meanings: {letters:?}"
    );
}

#[test]
fn every_command_shows_examples() {
    let lacking: Vec<String> = commands()
        .into_iter()
        .filter(|(_, command)| !command.has_subcommands())
        .filter(|(_, command)| {
            let after = command.get_after_long_help().or(command.get_after_help());
            let after = after.map(ToString::to_string);
            !after.is_some_and(|text| text.starts_with("Examples:\n  otherend "))
        })
        .map(|(name, _)| name)
        .collect();
    assert!(lacking.is_empty(), "no examples: {lacking:?}");
}

/// `SNAPSHOTS=overwrite cargo test -p otherend` accepts what the program says now.
#[test]
fn help_is_as_the_snapshots_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    for (name, mut command) in commands() {
        let short = command.render_help();
        let long = command.render_long_help();
        let shown = format!("$ {name} -h\n{short}\n$ {name} --help\n{long}");
        let file = folder.join(format!("{}.txt", name.replace(' ', "-")));
        let expected = snapbox::Data::read_from(&file, Some(snapbox::data::DataFormat::Text));
        snapbox::Assert::new()
            .action_env("SNAPSHOTS")
            .eq(shown, expected);
    }
}
