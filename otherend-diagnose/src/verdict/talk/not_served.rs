//! The kernel accepted in the server's name, and perhaps nobody serves: the process is stopped,
//! hangs, or has no descriptor left.

use std::net::SocketAddr;

use super::super::who;
use super::{list_listeners, refused};
use crate::cause::{Cause, CauseKind};
use crate::evidence::{Evidence, Listening, ServerProcess, Talk, Target, TlsAnswer};

/// What fits when a server that accepted does not speak.
pub(super) fn causes(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    let spoke = matches!(talk.tls, Some(TlsAnswer::NotTls | TlsAnswer::Ended));
    if spoke || evidence.other_end.is_some() {
        // It answered something: its process runs.
        return Vec::new();
    }
    // The kernel completes the handshake (listen(2)): "accepted" says that a socket listens, and
    // nothing about its process. On this machine the queue tells, from outside nothing does.
    match listening(evidence, target) {
        Some(listening) if listening.queue.is_some() => at(target.address, listening, talk),
        _ => from_outside(evidence.asked.port),
    }
}

/// The same, only where this machine shows it.
pub(super) fn here(evidence: &Evidence, target: &Target, talk: &Talk) -> Vec<Cause> {
    let listening = listening(evidence, target);
    listening.map_or_else(Vec::new, |listening| at(target.address, listening, talk))
}

/// The server on this machine that accepted the connection, when it can be seen.
fn listening<'a>(evidence: &'a Evidence, target: &Target) -> Option<&'a Listening> {
    let here = super::super::is_local(target);
    let listeners = &evidence.machine.as_ref().filter(|_| here)?.listeners;
    let asked = target.address.ip();
    let covers = |listening: &&Listening| refused::covers(listening.address.ip(), asked);
    // An IPv6 listener may take IPv4 as well.
    listeners.iter().find(covers).or(listeners.first())
}

fn at(asked: SocketAddr, listening: &Listening, talk: &Talk) -> Vec<Cause> {
    // That only our second connection waits means that the first was served.
    let second = u32::from(talk.second);
    let waiting = listening.queue.map_or(0, |queue| queue.waiting);
    let waiting = waiting.saturating_sub(second);
    let wait = match waiting {
        1 => "a connection waits to be accepted: this one".to_owned(),
        count => format!("{count} connections wait to be accepted, this one among them"),
    };
    match &listening.process {
        Some(process) if process.is_stopped() => vec![stopped(process).because(wait)],
        _ if waiting == 0 => Vec::new(),
        Some(process) => vec![busy(process).because(wait).because(who(listening))],
        None => hidden(asked, &wait, listening),
    }
}

fn stopped(process: &ServerProcess) -> Cause {
    let ServerProcess { name, pid, .. } = process;
    let says = format!("the server's process {name} (pid {pid}) is stopped");
    Cause::certain(CauseKind::ServerStopped, says)
        .because(format!(
            "its state is {} (stopped)",
            process.state.unwrap_or('T')
        ))
        .remedy(format!(
            "let it go on: fg in its terminal, or kill -CONT {pid}"
        ))
}

/// The process runs, and does not accept.
fn busy(process: &ServerProcess) -> Cause {
    match process.descriptors {
        Some((used, limit)) if used >= limit => {
            let says = "the server has no descriptor left to accept with";
            Cause::certain(CauseKind::ServerNoDescriptors, says)
                .because(format!(
                    "it uses {used} descriptors, and its limit is {limit}"
                ))
                .remedy("raise its limit (ulimit -n, LimitNOFILE), or find what it does not close")
        }
        _ => {
            let says = "the server's process does not accept: it hangs or is busy";
            Cause::certain(CauseKind::NotAccepting, says)
                .remedy("see what it does: its log, a stack trace")
        }
    }
}

/// The process is another user's: that it does not accept is seen, and not why.
fn hidden(asked: SocketAddr, wait: &str, listening: &Listening) -> Vec<Cause> {
    let says = "the server's process does not accept: it hangs, is busy, or has no descriptors";
    let stopped = "the server's process is stopped (Ctrl-Z, SIGSTOP, a debugger)";
    let check = format!("sudo otherend diagnose {asked} says which");
    vec![
        Cause::likely(CauseKind::NotAccepting, says)
            .because(wait)
            .because(who(listening))
            .check(&check)
            .remedy("see what it does: its log, a stack trace"),
        Cause::likely(CauseKind::ServerStopped, stopped)
            .because(wait)
            .check(check)
            .remedy("let it go on: fg in its terminal, or kill -CONT PID"),
    ]
}

/// From another machine it cannot be seen whether anybody serves.
fn from_outside(port: u16) -> Vec<Cause> {
    let kernel = "the operating system accepts a connection for the server, even when its process \
        does nothing";
    let stopped = "the server's process is stopped (Ctrl-Z, SIGSTOP, a debugger)";
    let hangs = "the server's process hangs and does not accept";
    vec![
        Cause::possible(CauseKind::ServerStopped, stopped)
            .because(kernel)
            .check(format!(
                "{} names its PID; ps -o pid,stat,comm -p PID shows T",
                list_listeners(port)
            ))
            .remedy("let it go on: fg, or kill -CONT PID"),
        Cause::possible(CauseKind::NotAccepting, hangs)
            .because(kernel)
            .check(format!("{} shows a Recv-Q above 0", list_listeners(port)))
            .remedy("see what the server does: its log, a stack trace, its descriptors"),
    ]
}
