//! A real server and a real client of it, and what otherend must make of their conversation.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::Signal;

use super::server::{Server, find};
use crate::program::{Running, otherend};

/// No client takes nearly as many seconds.
const PATIENCE: &str = "30";

/// A server, a client, and how to tell that the client is satisfied.
pub(super) struct Case {
    /// The kept transcript is `transcripts/NAME.talk`.
    pub(super) name: &'static str,
    /// What must be installed.
    pub(super) server_program: &'static str,
    pub(super) client_program: &'static str,
    pub(super) server: fn() -> Server,
    /// Run the client and give what it printed; it must succeed.
    pub(super) client: fn(SocketAddr) -> String,
    /// What a satisfied client prints.
    pub(super) prints: &'static [&'static str],
    /// The secrets that the recording does not have, as `NAME=VALUE`.
    pub(super) set: &'static [&'static str],
}

impl Case {
    /// Tap the real pair, generalise the recording, play it against the server, be the server.
    pub(super) fn goes_all_round(&self) {
        if !installed(&[self.server_program, self.client_program]) {
            return;
        }
        let server = (self.server)();
        // Without anything in between, so that a server is past its first time.
        self.satisfied((self.client)(server.address));
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join(format!("{}.talk", self.name));
        self.record(server.address, &file);
        self.generalise(&file);
        let address = server.address.to_string();
        let words = ["play".to_owned(), text(&file), address];
        let set = self.set.iter().flat_map(|set| ["--set", set]);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(set).collect();
        otherend(&words).run().exited(0).said("ok     ");
        drop(server);
        self.is_served_from(&file);
        if std::env::var_os("OTHEREND_KEEP").is_some() {
            // Not a copy: only its owner may read a recording.
            let text = fs::read(&file).expect("the recording");
            fs::write(self.kept(), text).expect("the kept file");
        }
    }

    /// The kept transcript satisfies the client.
    pub(super) fn is_kept(&self) {
        if installed(&[self.client_program]) {
            // Only seen when it fails.
            eprintln!("kept from Debian 12; for other programs, record anew: OTHEREND_KEEP=1");
            self.is_served_from(&self.kept());
        }
    }

    fn kept(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts");
        folder.join(format!("{}.talk", self.name))
    }

    fn satisfied(&self, printed: String) {
        let mut rest = &printed[..];
        for text in self.prints {
            let Some((_, after)) = rest.split_once(text) else {
                panic!("`{text}` is not next in what the client printed:\n{printed}");
            };
            rest = after;
        }
    }

    fn record(&self, server: SocketAddr, file: &Path) {
        let words = ["tap", "0", &server.to_string(), "--record", &text(file)];
        let mut tap = otherend(&words).start();
        self.satisfied((self.client)(listening(&mut tap)));
        tap.stdout_with("1 * ended after ");
        stop(tap);
    }

    fn generalise(&self, file: &Path) {
        let words = ["talk", "generalise", "--write", &text(file)];
        otherend(&words).run().succeeded();
        let words = ["talk", "lint", &text(file)];
        otherend(&words).run().succeeded();
    }

    /// The client cannot tell a mock from the server; every line of the file is used.
    fn is_served_from(&self, file: &Path) {
        let mut mock = otherend(&["serve", "0", "--talk", &text(file)]).start();
        self.satisfied((self.client)(listening(&mut mock)));
        mock.stdout_with("1 * left after ");
        let shown = stop(mock);
        assert!(!shown.contains("unexpected"), "{shown}");
        assert!(!shown.contains("never reached"), "{shown}");
    }
}

/// Run a client to its end; what it printed.
pub(super) fn run(program: &str, words: &[&str], input: &str) -> String {
    talk(program, words, &[("", input)])
}

/// Run a client and type: each text once it has printed a line that contains what stands before it.
pub(super) fn talk(program: &str, words: &[&str], turns: &[(&str, &str)]) -> String {
    let mut client = Typed::start(program, words);
    for (after, text) in turns {
        client.turn(after, text);
    }
    client.end()
}

/// A client that somebody types into.
pub(super) struct Typed {
    client: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    printed: String,
}

impl Typed {
    pub(super) fn start(program: &str, words: &[&str]) -> Self {
        let mut client = Command::new("timeout")
            .args([PATIENCE, program])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("looked for before");
        Typed {
            input: client.stdin.take().expect("a pipe"),
            output: BufReader::new(client.stdout.take().expect("a pipe")),
            client,
            printed: String::new(),
        }
    }

    /// Type `text` once it has printed a line that contains `after`, if that is anything.
    pub(super) fn turn(&mut self, after: &str, text: &str) {
        while !after.is_empty() {
            let start = self.printed.len();
            let count = self.output.read_line(&mut self.printed).expect("text");
            assert!(count > 0, "no `{after}` in\n{}", self.printed);
            if self.printed[start..].contains(after) {
                break;
            }
        }
        // A client that has ended does not read: its exit code tells.
        let typed = self.input.write_all(text.as_bytes());
        let _ = typed.and_then(|()| self.input.flush());
    }

    /// Type the end; all that it printed. It must succeed.
    pub(super) fn end(self) -> String {
        let Typed {
            client,
            input,
            mut output,
            mut printed,
        } = self;
        drop(input);
        while matches!(output.read_line(&mut printed), Ok(1..)) {}
        let outcome = client.wait_with_output().expect("its end");
        let complaint = String::from_utf8_lossy(&outcome.stderr);
        let status = outcome.status;
        assert!(status.success(), "{status}\n{printed}\n{complaint}");
        printed
    }
}

/// Where the program listens.
fn listening(program: &mut Running) -> SocketAddr {
    let line = program.stdout_with("listening on ");
    let address = line.rsplit(' ').next().expect("an address");
    address.trim().parse().expect("an address")
}

/// Stop it as Ctrl-C does; what it showed.
fn stop(program: Running) -> String {
    program.signal(Signal::INT);
    program.wait().succeeded().stdout
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// All of these are there; else that is said, or demanded.
fn installed(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs
        .iter()
        .filter(|name| find(name).is_none())
        .collect();
    let demanded = std::env::var_os("OTHEREND_CI").is_some_and(|value| value == "1");
    assert!(
        missing.is_empty() || !demanded,
        "not installed: {missing:?}"
    );
    if !missing.is_empty() {
        eprintln!("skipped: not installed: {missing:?}");
    }
    missing.is_empty()
}
