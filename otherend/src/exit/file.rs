//! Files that cannot be used: which, what the system says, and what can be done (exit 2).

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use signal_hook::consts::SIGXFSZ;

use super::Failure;

/// Let a limit on the size of files (`ulimit -f`) be an error of whoever writes, as a full disk is,
/// and not the end of the program.
pub(crate) fn outlive_size_limit() {
    // That the signal came is of no interest, and without a handler all is as it always was.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// A file or folder that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::NotFound => "check the name, and the folder you are in",
        ErrorKind::PermissionDenied => "ask its owner, or read a copy of your own",
        ErrorKind::IsADirectory => "name a file in it",
        ErrorKind::InvalidData => "it is no text",
        _ => "",
    };
    let text = format!("cannot read {}: {}", path.display(), plain(error));
    advised(text, advice)
}

/// A file or folder that cannot be created or written.
pub(crate) fn unwritable(path: &Path, error: &Error) -> Failure {
    let text = format!("cannot write {}: {}", path.display(), plain(error));
    not_written(text, error)
}

/// Our own stdout cannot be written.
pub(crate) fn stdout_unwritable(error: &Error) -> Failure {
    not_written(format!("cannot write to stdout: {}", plain(error)), error)
}

/// The same, where `text` says already what could not be done and why.
pub(crate) fn not_written(text: String, error: &Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::NotFound => "create its folder first, or choose another",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "choose a place that you may write to"
        }
        ErrorKind::IsADirectory => "name a file in it",
        ErrorKind::AlreadyExists => "choose another name, or remove it",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room, or write elsewhere"
        }
        _ => "",
    };
    advised(text, advice)
}

fn advised(text: String, advice: &str) -> Failure {
    match advice {
        "" => Failure::Usage(text),
        advice => Failure::Usage(format!("{text}; {advice}")),
    }
}

/// What the system said, lower case and without its number.
pub(super) fn plain(error: &Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_cause_and_advice_are_said_without_a_number() {
        let missing = Path::new("/nowhere/x.talk");
        let error = std::fs::read(missing).unwrap_err();
        assert_eq!(
            unreadable(missing, &error).to_string(),
            "cannot read /nowhere/x.talk: no such file or directory; \
             check the name, and the folder you are in"
        );
        assert_eq!(
            unwritable(missing, &error).to_string(),
            "cannot write /nowhere/x.talk: no such file or directory; \
             create its folder first, or choose another"
        );
    }

    #[test]
    fn a_cause_without_advice_stands_alone() {
        let error = Error::other("Out of luck");
        let text = unreadable(Path::new("x"), &error).to_string();
        assert_eq!(text, "cannot read x: out of luck");
    }
}
