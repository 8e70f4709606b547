//! A transcript that is served: read again when its file changes, all or nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use otherend_core::transcript::{Options, Over, Plan};
use otherend_core::{AnyBehaviour, Script};

use super::files;
use crate::args::talk::PlayArgs;
use crate::exit::Failure;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// A file and what was last read from it.
pub(crate) struct Served {
    path: PathBuf,
    play: PlayArgs,
    strict: bool,
    /// What carries it.
    over: Over,
    /// For whoever comes now; those who are here keep what they began with.
    plan: Mutex<Arc<Plan>>,
}

/// What tells one state of a file from the next.
type Stamp = Option<(SystemTime, u64)>;

impl Served {
    /// Read the file for the first time.
    ///
    /// # Errors
    /// It cannot be read, is no transcript, or is none that a server can play.
    pub(crate) fn open(
        path: PathBuf,
        play: PlayArgs,
        strict: bool,
        over: Over,
    ) -> Result<Self, Failure> {
        let plan = Mutex::new(read(&path, &play, over)?);
        Ok(Served {
            path,
            play,
            strict,
            over,
            plan,
        })
    }

    /// How to name the file.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What is played for whoever comes now.
    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The behaviour for a peer: the transcript from its start.
    pub(crate) fn behaviour(&self) -> AnyBehaviour {
        let (strict, timing) = (self.strict, self.play.timing());
        // Reading has made sure that there is one connection.
        let script = Script::server(self.plan()).map(|script| {
            script.with(|options| Options {
                strict,
                timing,
                ..options
            })
        });
        script.map_or_else(
            |_| AnyBehaviour::Sink(otherend_core::Sink),
            |script| AnyBehaviour::Script(Box::new(script)),
        )
    }

    /// Read the file again whenever it changes, and `tell` how that went, until `over`.
    ///
    /// # Errors
    /// There is no thread left.
    pub(crate) fn follow(
        self: Arc<Self>,
        over: impl Fn() -> bool + Send + 'static,
        tell: impl Fn(&str) + Send + 'static,
    ) -> std::io::Result<()> {
        let thread = thread::Builder::new().name("transcript".into());
        let mut seen = self.stamp();
        thread.spawn(move || {
            while !over() {
                thread::sleep(EVERY);
                let stamp = self.stamp();
                if stamp != seen {
                    seen = stamp;
                    tell(&self.read_again());
                }
            }
        })?;
        Ok(())
    }

    fn stamp(&self) -> Stamp {
        let found = fs::metadata(&self.path).ok()?;
        Some((found.modified().ok()?, found.len()))
    }

    fn read_again(&self) -> String {
        match read(&self.path, &self.play, self.over) {
            Ok(plan) => {
                plan.take_over(&self.plan());
                *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
                format!("{} changed: new clients get what it says now", self.name())
            }
            Err(error) => format!(
                "{} changed and cannot be used, so what it said stays:\n{error}",
                self.name()
            ),
        }
    }
}

fn read(path: &Path, play: &PlayArgs, over: Over) -> Result<Arc<Plan>, Failure> {
    let file = files::read(path)?;
    let plan = play.plan(path, file.transcript)?;
    let unusable = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    if plan.over() != over {
        let text = match plan.over() {
            Over::Udp => "it is over UDP: add --udp",
            Over::Tcp => "it is over TCP: leave --udp out, or write `over udp` at its top",
        };
        return Err(unusable(text.to_owned()));
    }
    let plan = Arc::new(plan);
    Script::server(Arc::clone(&plan)).map_err(|error| {
        unusable(format!(
            "{error}; keep one of them (--record FOLDER/ gives each connection a file)"
        ))
    })?;
    Ok(plan)
}
