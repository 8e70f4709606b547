//! Starts the program in a folder of its own and reads like the sentence that is tested.
//!
//! [`otherend`] prepares, [`Program::run`] waits for the end, [`Program::start`] leaves it running.
//! Nothing of the caller's environment that the program looks at reaches it. [`program`] prepares
//! another program in the same way.

#![allow(dead_code, reason = "each step is used by some of the commands' tests")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// No step of a test takes nearly as long; a test that hangs ends here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Prepare to start the program with these words.
pub(crate) fn otherend(words: &[&str]) -> Program {
    program(env!("CARGO_BIN_EXE_otherend"), words)
}

/// Prepare to start any program with these words.
pub(crate) fn program(name: &str, words: &[&str]) -> Program {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut command = Command::new(name);
    command.args(words).current_dir(folder.path());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("OTHEREND_") || name.starts_with("CLICOLOR") || name == "NO_COLOR" {
            command.env_remove(&*name);
        }
    }
    command.env("HOME", folder.path());
    command
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CONFIG_HOME");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Program {
        command,
        folder,
        input: Vec::new(),
    }
}

/// The program before its start.
pub(crate) struct Program {
    command: Command,
    folder: TempDir,
    input: Vec<u8>,
}

impl Program {
    /// The folder it is started in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Set a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    /// Put a file into its folder.
    pub(crate) fn file(self, name: &str, text: &str) -> Program {
        std::fs::write(self.folder.path().join(name), text).expect("a file for the test");
        self
    }

    /// What [`run`](Self::run) writes to its standard input before it closes that.
    pub(crate) fn input(mut self, text: impl Into<Vec<u8>>) -> Program {
        self.input = text.into();
        self
    }

    /// Its stdout takes nothing, as on a full disk.
    #[cfg(target_os = "linux")]
    pub(crate) fn on_full_stdout(mut self) -> Program {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        self.command.stdout(full.expect("a device of Linux"));
        self
    }

    /// Let it read this in place of what the test says.
    pub(crate) fn on_stdin(mut self, from: impl Into<Stdio>) -> Program {
        self.command.stdin(from);
        self
    }

    /// Let it write there in place of what the test reads.
    pub(crate) fn on_stdout(mut self, to: impl Into<Stdio>) -> Program {
        self.command.stdout(to);
        self
    }

    /// The same with its stderr.
    pub(crate) fn on_stderr(mut self, to: impl Into<Stdio>) -> Program {
        self.command.stderr(to);
        self
    }

    /// Start it, give it its input, and wait for its end.
    #[track_caller]
    pub(crate) fn run(mut self) -> Outcome {
        let input = std::mem::take(&mut self.input);
        let mut running = self.start();
        running.say_bytes(&input);
        running.finish_saying();
        running.wait()
    }

    /// Run it, then look into its folder.
    #[track_caller]
    pub(crate) fn run_and<T>(mut self, look: impl FnOnce() -> T) -> (Outcome, T) {
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        let outcome = self.run();
        let seen = look();
        drop(folder);
        (outcome, seen)
    }

    /// Run it, then read a file of its folder.
    #[track_caller]
    pub(crate) fn run_and_read(self, file: &Path) -> (Outcome, String) {
        self.run_and(|| std::fs::read_to_string(file).expect("a file"))
    }

    /// Start it and leave it running.
    #[track_caller]
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().expect("the program starts");
        Running {
            shown: format!("{:?}", self.command),
            input: child.stdin.take(),
            stdout: child.stdout.take().map_or_else(nothing, lines_of),
            stderr: child.stderr.take().map_or_else(nothing, lines_of),
            heard: [String::new(), String::new()],
            child,
            folder: self.folder,
        }
    }
}

/// The program while it runs; it is killed when this goes.
pub(crate) struct Running {
    shown: String,
    child: Child,
    input: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// What came on stdout and stderr so far.
    heard: [String; 2],
    folder: TempDir,
}

impl Running {
    /// The folder it was started in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Wait for a line on stdout that contains `text`.
    #[track_caller]
    pub(crate) fn stdout_with(&mut self, text: &str) -> String {
        wait_for(&self.shown, &self.stdout, &mut self.heard[0], text)
    }

    /// Wait for a line on stderr that contains `text`.
    #[track_caller]
    pub(crate) fn stderr_with(&mut self, text: &str) -> String {
        wait_for(&self.shown, &self.stderr, &mut self.heard[1], text)
    }

    /// Write a line to its standard input.
    pub(crate) fn say(&mut self, line: &str) {
        self.say_bytes(format!("{line}\n").as_bytes());
    }

    /// Write bytes to its standard input. One that has ended does not read them: no error.
    pub(crate) fn say_bytes(&mut self, bytes: &[u8]) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(bytes).and_then(|()| input.flush());
        }
    }

    /// Close its standard input.
    pub(crate) fn finish_saying(&mut self) {
        self.input = None;
    }

    /// Its process number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Send it a signal.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("it still runs");
    }

    /// Close the reading end of its stdout at its next line, as `head` does.
    #[must_use]
    pub(crate) fn without_stdout(mut self) -> Running {
        self.stdout = mpsc::channel().1;
        self
    }

    /// The same, and wait for its end.
    #[track_caller]
    pub(crate) fn close_stdout(self) -> Outcome {
        self.without_stdout().wait()
    }

    /// Close its standard input and wait for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Outcome {
        self.finish_saying();
        self.wait_with_open_input()
    }

    /// Wait for its end, which must come though its standard input does not end.
    #[track_caller]
    pub(crate) fn wait_with_open_input(mut self) -> Outcome {
        let [mut stdout, mut stderr] = std::mem::take(&mut self.heard);
        rest_of(&self.shown, &self.stdout, &mut stdout);
        rest_of(&self.shown, &self.stderr, &mut stderr);
        // Both pipes have ended, so the process is about to.
        let status = self.child.wait().expect("an exit status");
        Outcome {
            shown: self.shown.clone(),
            code: status.code(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program after its end.
#[derive(Debug)]
pub(crate) struct Outcome {
    shown: String,
    /// Its exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// It ended with 0 and had no complaint.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Outcome {
        assert!(self.stderr.is_empty(), "{self}");
        self.exited(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn exited(self, code: i32) -> Outcome {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Its stdout contains this.
    #[track_caller]
    pub(crate) fn said(self, text: &str) -> Outcome {
        assert!(self.stdout.contains(text), "no `{text}` in stdout: {self}");
        self
    }

    /// Its stderr contains this.
    #[track_caller]
    pub(crate) fn complained(self, text: &str) -> Outcome {
        assert!(self.stderr.contains(text), "no `{text}` in stderr: {self}");
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Outcome {
            shown,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "{shown}\n= exit {code:?}\n= stdout\n{stdout}\n= stderr\n{stderr}"
        )
    }
}

/// The lines of a pipe, read by a thread so that the program never waits for the test.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (lines, received) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
            if lines
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
            line.clear();
        }
    });
    received
}

/// The lines of what is no pipe of the test.
fn nothing() -> Receiver<String> {
    mpsc::channel().1
}

#[track_caller]
fn wait_for(shown: &str, lines: &Receiver<String>, heard: &mut String, text: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => {
                heard.push_str(&line);
                if line.contains(text) {
                    return line;
                }
            }
            Err(error) => panic!("{shown}: waiting for `{text}`: {error}; heard\n{heard}"),
        }
    }
}

#[track_caller]
fn rest_of(shown: &str, lines: &Receiver<String>, heard: &mut String) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => heard.push_str(&line),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
            Err(timeout) => panic!("{shown}: waiting for the end: {timeout}; heard\n{heard}"),
        }
    }
}
