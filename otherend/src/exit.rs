//! Exit codes, decided in one place: 0 as hoped, 1 network trouble, 2 usage or file trouble,
//! 3 the conversation did not match, 4 timed out. A closed stdout pipe is success.

pub(crate) mod caught;
pub(crate) mod file;
pub(crate) mod signals;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use otherend_diagnose::CauseKind;

use crate::output::stdio;
use crate::output::terminal_text::tamed;
use crate::system::errors::is_not_open_for_this;

/// An error that knows its exit code; anything else that reaches `main` is network trouble.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A flag, a file or a folder is not usable (exit 2).
    Usage(String),
    /// The conversation did not match its transcript; what differs was already shown (exit 3).
    Mismatch(String),
    /// It does not work, and why was already shown (this exit code).
    Shown(u8),
    /// The time allowed ran out (exit 4).
    TimedOut(String),
    /// It could not connect or listen (exit 1; 4 if nobody answered in time).
    Unreached {
        /// What failed, in the first line, and why.
        text: String,
        /// The words of the causes that fit, the likeliest first, as `otherend diagnose` has them.
        causes: Vec<CauseKind>,
        /// Nobody refused: the time ran out.
        timed_out: bool,
    },
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Usage(text)
            | Failure::Mismatch(text)
            | Failure::TimedOut(text)
            | Failure::Unreached { text, .. } => f.write_str(text),
            Failure::Shown(_) => f.write_str("it does not work"),
        }
    }
}

impl std::error::Error for Failure {}

/// Say what went wrong on stderr and choose the exit code.
pub(crate) fn report(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    if let Some(Failure::Shown(code)) = error.downcast_ref() {
        return ExitCode::from(*code);
    }
    // `otherend … | head`: whoever reads has enough, and that is no trouble of ours.
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    let error = match error.downcast_ref() {
        Some(full) if is_of_stdout(full) => file::stdout_unwritable(full).into(),
        _ => error,
    };
    let text = match error.downcast_ref() {
        Some(error) => file::plain(error),
        None => format!("{error:#}"),
    };
    complain(&text);
    ExitCode::from(code(&error))
}

/// Say on stderr what went wrong.
pub(crate) fn complain(text: &str) {
    // A file's name or a part of what it holds may stand in it, whoever wrote them.
    let text = tamed(text);
    // A stderr that is gone must not turn an error into a panic.
    let _ = writeln!(stdio::stderr(), "otherend: {text}");
}

fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Usage(_)) => 2,
        Some(Failure::Mismatch(_)) => 3,
        Some(Failure::TimedOut(_)) => 4,
        Some(Failure::Unreached { timed_out, .. }) if *timed_out => 4,
        Some(Failure::Unreached { .. }) => 1,
        Some(Failure::Shown(code)) => *code,
        None => 1,
    }
}

/// Every other file is named where it is written; what reaches `main` bare is stdout's.
fn is_of_stdout(error: &std::io::Error) -> bool {
    use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let full = matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge);
    // Opened for reading only.
    full || is_not_open_for_this(error)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}
