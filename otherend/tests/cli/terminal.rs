//! A real terminal, made for the test, with the program in it.

use std::process::Command;
use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{ControlCode, Eof, Expect, Session};
use tempfile::TempDir;

/// Somebody at a terminal in which the program runs.
pub(crate) struct Terminal {
    pub(crate) session: OsSession,
    home: TempDir,
}

impl Terminal {
    /// Start the program with these words; what it keeps is kept in `home`.
    pub(crate) fn start(words: &[&str], home: TempDir) -> Terminal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_otherend"));
        command.args(words);
        Terminal::running(command, home)
    }

    /// Start a command that starts the program.
    pub(crate) fn running(mut command: Command, home: TempDir) -> Terminal {
        command.env("TERM", "xterm").env("NO_COLOR", "1");
        command.env("XDG_STATE_HOME", home.path());
        let mut session = Session::spawn(command).expect("a terminal");
        session.set_expect_timeout(Some(Duration::from_secs(60)));
        Terminal { session, home }
    }

    /// Wait for this text; gives back what came before it.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> String {
        match self.session.expect(text) {
            Ok(found) => String::from_utf8_lossy(found.before()).into_owned(),
            Err(error) => panic!("waiting to see `{text}`: {error}"),
        }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.session.send(text).expect("the terminal takes keys");
    }

    pub(crate) fn presses(&mut self, key: ControlCode) {
        self.session.send(key).expect("the terminal takes keys");
    }

    /// The program ends with this exit code; gives back what it kept.
    #[track_caller]
    pub(crate) fn exits(mut self, code: i32) -> TempDir {
        self.session.expect(Eof).expect("the end of its output");
        let status = self.session.get_process().wait().expect("its status");
        assert!(
            matches!(status, WaitStatus::Exited(_, found) if found == code),
            "{status:?}"
        );
        self.home
    }
}
