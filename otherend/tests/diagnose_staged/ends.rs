//! Both ends together: what the server sees of a client that diagnoses, and of one whose answers
//! never reach it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::host::Host;
use crate::peers::{self, Names};

const OTHEREND: &str = env!("CARGO_BIN_EXE_otherend");

/// A server whose JSON Lines are read.
struct Server {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Server {
    fn start(host: &Host, address: &str) -> Server {
        let mut command = host.command(&[OTHEREND, "serve", "--json", address]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("nsenter runs");
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut server = Server {
            child,
            lines: Box::new(out.lines().map_while(Result::ok)),
        };
        server.event("listening");
        server
    }

    /// The next event of this name; it ends the test if there is none before the server ends.
    fn event(&mut self, name: &str) -> Value {
        let events = self
            .lines
            .by_ref()
            .map(|line| serde_json::from_str(&line).unwrap_or_default());
        let named = |event: &Value| event["event"] == name;
        events
            .into_iter()
            .find(named)
            .unwrap_or_else(|| panic!("no event {name}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The client asks the router, which translates both addresses: to the server, and as itself.
pub(crate) fn see_a_translation() {
    let (client, router, server) = Host::routed();
    router.run(&["sh", "-c", TRANSLATE]);
    let mut serving = Server::start(&server, "0.0.0.0:8080");
    let ask = [
        OTHEREND,
        "diagnose",
        "--json",
        "--two-ended",
        "10.77.1.1",
        "9090",
    ];
    let output = client.command(&ask).output().expect("nsenter runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let verdict: Value =
        serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_default();
    let other_end = &verdict["evidence"]["other_end"];
    assert_eq!(other_end["seen_to"], "10.77.2.2:8080", "{text}");
    assert_eq!(other_end["source_translated"], true, "{text}");
    assert_eq!(other_end["destination_translated"], true, "{text}");
    let arrived = serving.event("diagnosing");
    let said = arrived["text"].as_str().unwrap_or_default();
    assert!(
        said.contains("at 10.77.2.2:8080; 2 addresses are translated"),
        "{said}"
    );
    let heard = serving.event("diagnosing");
    assert_eq!(heard["text"], "diagnosing: our answers reach the peer");
}

const TRANSLATE: &str = "nft -f - <<'END'
table ip staged {
  chain there { type nat hook prerouting priority -100; tcp dport 9090 dnat to 10.77.2.2:8080; }
  chain back { type nat hook postrouting priority 100; oif \"wan\" masquerade; }
}
END";

/// A name whose first name server is silent has addresses that refuse: the reason that `connect`
/// gives is theirs.
pub(crate) fn connect_explains_what_it_tried() {
    let (client, server) = Host::pair();
    peers::second_names(&client, Names::Address([10, 77, 0, 2]));
    let connect = client.command(&[OTHEREND, "connect", "server.test", "8080"]);
    let output = { connect }.stdin(Stdio::null()).output();
    let output = output.expect("nsenter runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("connection refused"), "{said}");
    assert!(said.contains("not-listening: "), "{said}");
    assert!(!said.contains("resolver"), "{said}");
    drop(server);
}

/// The server has no way back: it sees the client arrive, and says that its answers are lost.
pub(crate) fn tell_lost_answers_from_none() {
    let (client, router, server) = Host::routed();
    server.ip("route del default");
    let mut serving = Server::start(&server, "0.0.0.0:8080");
    // Without a reverse path the packet would be dropped before anybody sees it.
    server.ip("route add default dev lo");
    let connecting = client.inside(|| {
        std::thread::spawn(|| {
            let address = "10.77.2.2:8080".parse().expect("an address");
            std::net::TcpStream::connect_timeout(&address, Duration::from_secs(8)).is_err()
        })
    });
    let unfinished = serving.event("unfinished");
    let said = unfinished["text"].as_str().unwrap_or_default();
    assert!(said.starts_with("10.77.1.2:"), "{said}");
    drop((serving, server, router));
    assert!(connecting.join().expect("the client ends"));
}
