//! `otherend serve` as a process of its own, and a peer made of a socket.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Whatever takes longer than this hangs: a test fails then, and says where.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Served {
    /// The server, or the tool that runs it.
    child: Child,
    /// The server.
    pid: Pid,
    pub(crate) address: SocketAddr,
    pub(crate) stdout: BufReader<ChildStdout>,
}

/// Serve on a free port. What the server says is read by whoever looks at `stdout`.
pub(crate) fn serve(engine: &str, words: &[&str]) -> Served {
    serve_under(&[], engine, words).unwrap()
}

/// The same, run by a tool that is given these words. `None`: the tool cannot run it here.
pub(crate) fn serve_under(tool: &[&str], engine: &str, words: &[&str]) -> Option<Served> {
    let server = env!("CARGO_BIN_EXE_otherend");
    let mut command: Vec<&str> = tool.to_vec();
    command.extend([server, "serve", "127.0.0.1:0", "--engine", engine, "--json"]);
    command.extend(words);
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .env_remove("OTHEREND_ENGINE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let Some(address) = between(&line, "\"address\":\"", "\"") else {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    };
    let pid = server_of(&child);
    Some(Served {
        address: address.parse().unwrap(),
        child,
        pid,
        stdout,
    })
}

/// The child itself, or its own child when it is a tool that stays.
fn server_of(child: &Child) -> Pid {
    let own = child.id();
    let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
    let first = children.ok().and_then(|text| {
        let first = text.split_whitespace().next()?;
        first.parse().ok()
    });
    first
        .and_then(Pid::from_raw)
        .unwrap_or_else(|| Pid::from_child(child))
}

/// The time that a process has computed for, also one that has ended and that nobody has waited for.
pub(crate) fn computed(pid: Pid) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
    // 100 a second on every Linux that this runs on (USER_HZ).
    Duration::from_millis(ticks * 10)
}

/// What stands between `before` and `after` in `text`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

impl Served {
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Wait until it says a line that contains `text`; gives that line.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.stdout.read_line(&mut line).unwrap();
            assert!(count > 0, "it ended without saying {text}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// What it says from here on, a line at a time, until it ends.
    pub(crate) fn listen(&self) -> Receiver<String> {
        let stdout = self.stdout.get_ref().as_fd().try_clone_to_owned().unwrap();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(File::from(stdout)).lines();
            lines
                .map_while(Result::ok)
                .all(|line| tell.send(line).is_ok())
        });
        told
    }

    /// The number behind `name` in the report that it makes at its end.
    pub(crate) fn reported(report: &str, name: &str) -> u64 {
        let number = between(report, &format!("\"{name}\":"), ",");
        let number = number.or_else(|| between(report, &format!("\"{name}\":"), "}"));
        number
            .unwrap_or_else(|| panic!("no {name} in {report}"))
            .parse()
            .unwrap()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Wait for its end.
    pub(crate) fn ended_within(&mut self, limit: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(began.elapsed() < limit, "it still runs after {limit:?}");
            pace(Duration::from_millis(5));
        }
    }

    /// The most memory that it has had, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let pid = self.pid.as_raw_nonzero();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = between(&status, "VmHWM:", "kB").unwrap();
        peak.trim().parse().unwrap()
    }

    /// The address space that it has, in KiB.
    pub(crate) fn address_space(&self) -> u64 {
        let pid = self.pid.as_raw_nonzero();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let size = between(&status, "VmSize:", "kB").unwrap();
        size.trim().parse().unwrap()
    }

    /// The time that it has computed for.
    pub(crate) fn computed(&self) -> Duration {
        computed(self.pid)
    }

    /// The time that it computes for while so much passes.
    pub(crate) fn computed_in(&self, time: Duration) -> Duration {
        let before = self.computed();
        pace(time);
        self.computed() - before
    }

    pub(crate) fn connect(&self) -> RawPeer {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        RawPeer {
            stream: BufReader::new(stream),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A peer with nothing of otherend in it.
pub(crate) struct RawPeer {
    pub(crate) stream: BufReader<TcpStream>,
}

impl RawPeer {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next line with its end; empty at the end of the stream.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\n").as_bytes());
        self.line()
    }

    /// Is it let in and served? A refusal or a reset says no.
    pub(crate) fn is_served(&mut self) -> bool {
        let mut line = String::new();
        let stream = self.stream.get_mut();
        let said = stream.write_all(b"hello\n");
        let heard = said.and_then(|()| self.stream.read_line(&mut line));
        heard.is_ok() && line == "From server -> hello\n"
    }

    /// Send until the server takes no more; gives how many bytes it took.
    pub(crate) fn send_until_stuck(&mut self) -> usize {
        let stream = self.stream.get_mut();
        let limit = Some(Duration::from_millis(200));
        stream.set_write_timeout(limit).unwrap();
        let lines = b"a line that nobody reads the answer to\n".repeat(1000);
        let mut sent = 0;
        loop {
            match stream.write(&lines) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// The pace of a slow peer, or of looking again; never the only thing that is waited for.
pub(crate) fn pace(time: Duration) {
    std::thread::sleep(time);
}
