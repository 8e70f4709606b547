//! Names: three different failures, and one that works for some.

use super::{fails, works};
use crate::host::Host;
use crate::peers::{self, Names};
use crate::run::{Case, Staged};

pub(super) const CASES: &[Case] = &[
    fails("name does not exist", &["name-unknown"], || {
        named(Names::Code(3))
    }),
    fails("resolver silent", &["resolver-silent"], || {
        named(Names::Silent)
    }),
    fails("resolver not there", &["resolver-silent"], no_resolver),
    fails("resolver fails (SERVFAIL)", &["resolver-failed"], || {
        named(Names::Code(2))
    }),
    works(
        "first resolver silent, second answers",
        &["resolver-slow"],
        second_answers,
    ),
    works("resolver slow (4 s)", &["resolver-slow"], || {
        by_name(Names::Slow([10, 77, 0, 2]))
    }),
    fails("name, and -n", &["lookup-off"], || {
        named(Names::Address([10, 77, 0, 2])).with(&["-n"])
    }),
    fails(
        "name without an IPv6 address, -6",
        &["name-no-family"],
        no_ipv6,
    ),
    works(
        "name gives ::1 first, server on 127.0.0.1",
        &["family-mismatch"],
        localhost,
    ),
    works("name found, server there", &[], || {
        by_name(Names::Address([10, 77, 0, 2]))
    }),
];

fn named(names: Names) -> Staged {
    let host = Host::alone();
    peers::names(&host, names);
    Staged::ask(host, (), ["server.test", "8080"])
}

fn no_resolver() -> Staged {
    let host = Host::alone();
    host.resolvers(&["127.0.0.1"]);
    Staged::ask(host, (), ["server.test", "8080"])
}

fn no_ipv6() -> Staged {
    named(Names::Address([10, 77, 0, 2])).with(&["-6"])
}

fn localhost() -> Staged {
    let host = Host::alone();
    peers::serve(host.listen("127.0.0.1:8080"), peers::echo);
    Staged::ask(host, (), ["localhost", "8080"]).with(&["--say", "HELLO", "--expect", "HELLO"])
}

fn second_answers() -> Staged {
    let (client, server) = Host::pair();
    peers::second_names(&client, Names::Address([10, 77, 0, 2]));
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    Staged::ask(client, server, ["server.test", "8080"]).with(&["--say", "HELLO"])
}

fn by_name(names: Names) -> Staged {
    let (client, server) = Host::pair();
    peers::names(&client, names);
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    Staged::ask(client, server, ["server.test", "8080"]).with(&["--say", "HELLO"])
}
