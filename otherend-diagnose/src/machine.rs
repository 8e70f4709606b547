//! Step 5, this machine when it is the server: who listens on the port, on which address, whether
//! its process accepts, and what the firewall rules do.

use std::net::SocketAddr;
use std::time::SystemTime;

use crate::evidence::{AcceptQueue, Listening, LocalServer, Rules, ServerProcess};
use crate::firewall::{self, Direction, Packet, Ruleset};
use crate::listeners::{self, Listener, Protocol};
use crate::{slip, system};

/// What is known about a server on this machine that should answer at `asked`; `None` where the
/// system does not tell who listens.
pub(crate) fn look(asked: SocketAddr) -> Option<LocalServer> {
    let all = listeners::all().ok()?;
    let tcp = all
        .iter()
        .filter(|listener| listener.protocol == Protocol::Tcp);
    let (on_port, others): (Vec<&Listener>, Vec<&Listener>) =
        tcp.partition(|listener| listener.address.port() == asked.port());
    let text = asked.port().to_string();
    let near = |l: &&&Listener| slip::is_one(&l.address.port().to_string(), &text);
    let may_answer =
        |l: &&&Listener| l.address.ip().is_unspecified() || l.address.ip() == asked.ip();
    // A tap asks why its target is not there, and listens itself one slip away, as in `tap 9001 9000`:
    // nobody meant to pass on to that.
    let is_other = |l: &&&Listener| {
        let process = l.process.as_ref();
        process.is_none_or(|process| process.pid != std::process::id())
    };
    Some(LocalServer {
        listeners: on_port.into_iter().map(listening).collect(),
        nearby: others
            .iter()
            .filter(near)
            .filter(may_answer)
            .filter(is_other)
            .map(|l| listening(l))
            .collect(),
        rules: Rules::default(),
    })
}

/// A listener with what /proc says of its process.
pub(crate) fn listening(listener: &Listener) -> Listening {
    Listening {
        address: listener.address,
        process: listener.process.as_ref().map(process),
        queue: listener.backlog.map(|limit| AcceptQueue {
            waiting: listener.recv_q,
            limit,
        }),
    }
}

fn process(process: &listeners::Process) -> ServerProcess {
    let age = |since| SystemTime::now().duration_since(since).ok();
    ServerProcess {
        pid: process.pid,
        name: otherend_core::escaped(process.name.as_bytes()),
        state: system::state_of(process.pid),
        descriptors: system::descriptors_of(process.pid),
        age: process.since.and_then(age),
    }
}

/// What the rules do to a connection from this machine to a server on it.
pub(crate) fn rules_for_own(rules: &Result<Ruleset, String>, asked: SocketAddr) -> Rules {
    let packet = Packet {
        direction: Direction::In,
        source: Some(asked.ip()),
        destination: asked.ip(),
        port: asked.port(),
        interface: Some("lo".to_owned()),
    };
    rules_for(rules, &packet)
}

/// What the rules do to a packet.
pub(crate) fn rules_for(rules: &Result<Ruleset, String>, packet: &Packet) -> Rules {
    match rules {
        Ok(rules) => Rules {
            unreadable: None,
            incoming: firewall::judge(rules, packet),
        },
        Err(reason) => Rules {
            unreadable: Some(reason.clone()),
            incoming: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    #[cfg(target_os = "linux")]
    fn nobody_means_the_port_of_the_program_that_asks() {
        let ours = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = ours.local_addr().unwrap();
        // One digit is another one.
        let near = SocketAddr::from((own.ip(), own.port() ^ 1));
        assert!(slip::is_one(
            &own.port().to_string(),
            &near.port().to_string()
        ));
        let found = look(near).unwrap();
        assert!(found.nearby.iter().all(|near| near.address != own));
    }
}
