//! Runs the cases side by side: each is staged twice, once for `nc -v` and once for otherend.

use std::any::Any;
use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::host::Host;

/// Most cases wait; two cores carry this many.
const AT_ONCE: usize = 10;
/// What a diagnosis may take, its own deadline of 10 s and the start of the program.
const LONGEST: Duration = Duration::from_secs(11);

/// How much of what `nc` shows stands in the table, in characters.
const LONGEST_QUOTE: usize = 100;

/// A cause to stage.
#[derive(Clone)]
pub(crate) struct Case {
    /// What is wrong.
    pub(crate) name: &'static str,
    pub(crate) stage: fn() -> Staged,
    /// All the words of the verdict, in order.
    pub(crate) words: &'static [&'static str],
    pub(crate) works: bool,
}

/// A staged cause: where to stand, and what to ask.
pub(crate) struct Staged {
    /// Where the tools run.
    pub(crate) host: Host,
    /// What must live as long.
    _keep: Box<dyn Any>,
    /// What stands before the tool's name, as `setpriv …`.
    pub(crate) wrapper: Vec<&'static str>,
    pub(crate) nc: Vec<&'static str>,
    pub(crate) diagnose: Vec<&'static str>,
}

impl Staged {
    /// On this host, ask `HOST PORT` with nc and with otherend.
    pub(crate) fn ask(host: Host, keep: impl Any, address: [&'static str; 2]) -> Staged {
        Staged {
            host,
            _keep: Box::new(keep),
            wrapper: Vec::new(),
            nc: address.to_vec(),
            diagnose: address.to_vec(),
        }
    }

    /// On this host, ask whether it can be listened on.
    pub(crate) fn listen(host: Host, keep: impl Any, address: [&'static str; 2]) -> Staged {
        let [ip, port] = address;
        Staged {
            nc: vec!["-l", ip, port],
            diagnose: vec!["--listen", ip, port],
            ..Staged::ask(host, keep, address)
        }
    }

    /// With something more that must live as long.
    pub(crate) fn keeping(self, more: impl Any) -> Staged {
        Staged {
            _keep: Box::new((self._keep, more)),
            ..self
        }
    }

    /// With these flags for otherend as well.
    pub(crate) fn with(mut self, flags: &[&'static str]) -> Staged {
        self.diagnose.extend(flags);
        self
    }

    /// Run the tools behind another, as `setpriv …`.
    pub(crate) fn behind(mut self, wrapper: &[&'static str]) -> Staged {
        self.wrapper = wrapper.to_vec();
        self
    }
}

/// What came of a case.
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) nc: String,
    pub(crate) words: Vec<String>,
    pub(crate) says: String,
    pub(crate) took: Duration,
    expected: &'static [&'static str],
    works: (bool, bool),
    output: String,
}

impl Shown {
    /// What is wrong with it.
    pub(crate) fn complaint(&self) -> Option<String> {
        let mut wrong = Vec::new();
        if self.words != self.expected {
            wrong.push(format!("says {:?}, not {:?}", self.words, self.expected));
        }
        if self.works.0 != self.works.1 {
            wrong.push(format!("works is {}", self.works.0));
        }
        if !self.works.0 && !self.output.contains("\"mark\":\"bad\"") {
            wrong.push("fails, and no step is marked".to_owned());
        }
        if self.took > LONGEST {
            wrong.push(format!("took {:?}", self.took));
        }
        (!wrong.is_empty()).then(|| format!("{}: {}\n{}", self.name, wrong.join("; "), self.output))
    }
}

/// Run all cases; the results come in the same order.
pub(crate) fn all(cases: Vec<Case>) -> Vec<Shown> {
    let count = cases.len();
    let queue = Mutex::new(cases.into_iter().enumerate());
    let shown = Mutex::new(Vec::with_capacity(count));
    let work = || {
        loop {
            let next = queue.lock().expect("no worker panics while taking").next();
            let Some((index, case)) = next else {
                return;
            };
            let result = one(&case);
            shown
                .lock()
                .expect("no worker panics while giving")
                .push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(count) {
            scope.spawn(work);
        }
    });
    let mut shown = shown.into_inner().expect("all workers are done");
    shown.sort_by_key(|(index, _)| *index);
    shown.into_iter().map(|(_, shown)| shown).collect()
}

fn one(case: &Case) -> Shown {
    let nc = said_by_nc(&(case.stage)());
    let staged = (case.stage)();
    let started = Instant::now();
    let output = diagnose(&staged);
    let took = started.elapsed();
    let (works, words, says) = verdict(&output);
    Shown {
        name: case.name,
        nc,
        words,
        says,
        took,
        expected: case.words,
        works: (works, case.works),
        output: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    }
}

fn diagnose(staged: &Staged) -> Output {
    let otherend = env!("CARGO_BIN_EXE_otherend");
    let words: Vec<&str> = [
        &staged.wrapper[..],
        &[otherend, "diagnose", "--json"],
        &staged.diagnose,
    ]
    .concat();
    let mut command = staged.host.command(&words);
    command.stdin(Stdio::null()).output().expect("nsenter runs")
}

/// The last line of the output is the verdict.
fn verdict(output: &Output) -> (bool, Vec<String>, String) {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let verdict: serde_json::Value = serde_json::from_str(last).unwrap_or_default();
    let causes = verdict["causes"].as_array().cloned().unwrap_or_default();
    let of =
        |cause: &serde_json::Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
    let words = causes.iter().map(|cause| of(cause, "word")).collect();
    let says = causes
        .first()
        .map(|cause| of(cause, "says"))
        .unwrap_or_default();
    (verdict["works"] == true, words, says)
}

/// What `nc -v` says, with a line for the server and at most a few seconds.
fn said_by_nc(staged: &Staged) -> String {
    let nc = "printf 'HELLO\\n' | timeout 6 \"$@\" 2>&1 | head -c 300";
    let words: Vec<&str> = [
        &["sh", "-c", nc, "sh"][..],
        &staged.wrapper,
        &["nc", "-v", "-w", "4"],
        &staged.nc,
    ]
    .concat();
    let output = staged
        .host
        .command(&words)
        .stdin(Stdio::null())
        .output()
        .expect("nsenter runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join(" / ").chars().take(LONGEST_QUOTE).collect()
}
