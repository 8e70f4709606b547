//! What this machine's firewall rules do to a TCP connection: the first rule that stops it.
//!
//! Rules are read through `nft` and `iptables-save`, which want root. Conditions that cannot be
//! judged from here (rates, marks, sets of other types) make a hit uncertain, never certain.

mod iptables;
mod judge;
mod nft;

use std::io::ErrorKind;
use std::net::IpAddr;
use std::process::{Command, Stdio};

pub(crate) use judge::judge;

/// All rules of this machine that could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ruleset {
    /// Chains in the order in which the kernel goes through them.
    chains: Vec<Chain>,
}

/// A chain of rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chain {
    /// Family and table, as `inet filter`; a jump stays in its table.
    table: String,
    name: String,
    /// Where in a packet's way it stands; `None` for one that is only jumped to.
    hook: Option<String>,
    priority: i64,
    drops_by_default: bool,
    rules: Vec<Rule>,
}

/// A rule: when all conditions hold, the action is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    conditions: Vec<Condition>,
    action: Action,
    /// As the tool prints it.
    text: String,
    /// The command that removes it, when that removes nothing else.
    undo: Option<String>,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Accept,
    Drop,
    Reject,
    Jump(String),
    Goto(String),
    Return,
    /// Counts, logs, marks: the next rule decides.
    Nothing,
}

/// A condition; `negated` turns it round.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    test: Test,
    negated: bool,
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// The destination port is in one of these ranges.
    Port(Vec<(u16, u16)>),
    /// The transport protocol is one of these.
    Protocol(Vec<String>),
    Source(Vec<ipnet::IpNet>),
    Destination(Vec<ipnet::IpNet>),
    /// The interface it came in by is one of these; a trailing `*` stands for anything.
    ArrivesBy(Vec<String>),
    LeavesBy(Vec<String>),
    /// The connection is in one of these states.
    State(Vec<String>),
    /// Anything else.
    Unjudged,
}

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// It arrives for a server here.
    In,
    /// It is sent by a client here.
    Out,
}

/// The first packet of a TCP connection, as far as it is known.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) direction: Direction,
    /// `None`: any machine outside.
    pub(crate) source: Option<IpAddr>,
    pub(crate) destination: IpAddr,
    pub(crate) port: u16,
    /// `None`: any interface but loopback.
    pub(crate) interface: Option<String>,
}

/// The rules of this machine.
///
/// # Errors
///
/// Why they cannot be read, as the end of a sentence.
pub(crate) fn read() -> Result<Ruleset, String> {
    // Both, for rules may stand in both: iptables-legacy has tables of its own. iptables-nft writes
    // into nftables, so its rules may be met twice, which changes no verdict.
    let nft = nft::read();
    let iptables = iptables::read();
    match (nft, iptables) {
        (Ok(mut nft), Ok(iptables)) => {
            nft.chains.extend(iptables.chains);
            Ok(nft)
        }
        (Ok(rules), Err(_)) | (Err(_), Ok(rules)) => Ok(rules),
        (Err(nft), Err(_)) => Err(nft),
    }
}

/// What a tool prints; it is looked for where ordinary users' PATH does not lead, too.
fn output_of(tool: &str, arguments: &[&str]) -> Result<String, String> {
    for program in [tool.to_owned(), format!("/usr/sbin/{tool}")] {
        let output = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        match output {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("{tool}: {error}")),
            Ok(output) if output.status.success() => {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            Ok(output) => return Err(complaint(tool, &output.stderr)),
        }
    }
    Err(format!("{tool} is not installed"))
}

fn complaint(tool: &str, stderr: &[u8]) -> String {
    let said = crate::phrase::excerpt(stderr);
    if said.contains("ermitted") || said.contains("ermission") || said.contains("root") {
        return "that needs root".to_owned();
    }
    format!("{tool}: {said}")
}
