//! `--allow` and `--deny`, however the network is written, under every command that listens.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use super::program::otherend;
use super::tap::listening;

/// What a client from 127.0.0.1 hears.
fn visit(address: &str) -> String {
    let mut peer = TcpStream::connect(address).expect("it listens");
    // Who is turned away may not be heard any more.
    let _ = peer.write_all(b"a\n");
    let _ = peer.shutdown(Shutdown::Write);
    let mut heard = Vec::new();
    let _ = peer.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

#[test]
fn a_network_means_the_same_however_it_is_written() {
    let target = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = target.local_addr().expect("bound").to_string();
    for network in [
        "127.0.0.1",
        "127.0.0.1/32",
        "127.9.9.9/8",
        "10.0.0.0/8,127.0.0.0/8",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:127.0.0.0/104",
        "0:0:0:0:0:ffff:7f00:0001/128",
        "::ffff:0:0/96",
    ] {
        for (engine, flag) in [
            ("async", "--deny"),
            ("threads", "--allow"),
            ("single", "--deny"),
        ] {
            let words = ["serve", "127.0.0.1:0", "--engine", engine, flag, network];
            let mut server = otherend(&words).start();
            let heard = visit(&listening(&mut server));
            assert_eq!(
                heard.starts_with("From server -> a"),
                flag == "--allow",
                "{words:?}: {heard}"
            );
        }
        let words = ["tap", "127.0.0.1:0", &to, "--deny", network];
        let mut tap = otherend(&words).start();
        let address = listening(&mut tap);
        visit(&address);
        tap.stdout_with("turned away");
    }
}

#[test]
fn what_would_fit_nobody_is_refused() {
    for command in [&["serve", ":0"][..], &["tap", ":0", ":9"]] {
        for flag in ["--allow", "--deny"] {
            for (network, advice) in [
                ("127.1", "write an address"),
                ("0177.0.0.1", "write an address"),
                ("0x7f000001", "write an address"),
                (
                    "::127.0.0.1",
                    "write the IPv4 network itself, as in 127.0.0.1/32",
                ),
                ("::ffff:127.0.0.1/64", "write the IPv4 network itself"),
                ("fe80::1%lo/64", "leave the interface"),
                ("127.0.0.1/33", "a number from 0 to 32"),
            ] {
                let words = [command, &[flag, network]].concat();
                otherend(&words).run().exited(2).complained(advice);
            }
        }
    }
}
