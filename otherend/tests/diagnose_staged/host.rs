//! A host: a network namespace with its own /sys and /etc/resolv.conf, for as long as it is held.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Keeps the namespaces alive: it ends when its stdin does, which is when this test does.
const HOLDER: &str = "mount -t sysfs sysfs /sys && ip link set lo up && echo ready && exec cat";

/// A machine of its own.
pub(crate) struct Host {
    holder: Child,
}

/// A program that runs on a host until it is dropped.
pub(crate) struct Running {
    child: Child,
}

impl Host {
    /// A host with nothing but loopback.
    pub(crate) fn alone() -> Host {
        let mut holder = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", HOLDER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs");
        let mut line = String::new();
        let out = holder.stdout.take().expect("stdout is piped");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("the holder speaks");
        assert_eq!(line, "ready\n", "the namespace could not be set up");
        let host = Host { holder };
        // As most distributions set it.
        host.sysctl("net.ipv4.ping_group_range", "0 2147483647");
        host
    }

    /// Two hosts on one cable: 10.77.0.1 (the client) and 10.77.0.2 (the server), both /24.
    pub(crate) fn pair() -> (Host, Host) {
        let (client, server) = (Host::alone(), Host::alone());
        cable([
            (&client, "eth0", "10.77.0.1/24"),
            (&server, "eth0", "10.77.0.2/24"),
        ]);
        (client, server)
    }

    /// A client 10.77.1.2, a router 10.77.1.1 and 10.77.2.1, a server 10.77.2.2.
    pub(crate) fn routed() -> (Host, Host, Host) {
        let (client, router, server) = (Host::alone(), Host::alone(), Host::alone());
        cable([
            (&client, "eth0", "10.77.1.2/24"),
            (&router, "lan", "10.77.1.1/24"),
        ]);
        cable([
            (&server, "eth0", "10.77.2.2/24"),
            (&router, "wan", "10.77.2.1/24"),
        ]);
        router.sysctl("net.ipv4.ip_forward", "1");
        client.ip("route add default via 10.77.1.1");
        server.ip("route add default via 10.77.2.1");
        (client, router, server)
    }

    fn pid(&self) -> String {
        self.holder.id().to_string()
    }

    /// A command that will run on this host.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid(), "--net", "--mount", "--"])
            .args(words)
            .env("PATH", path());
        command
    }

    /// Run a command to its end, which must be a good one.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let output = self.command(words).output().expect("nsenter runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        output
    }

    /// `ip` with these words.
    pub(crate) fn ip(&self, words: &str) {
        let words: Vec<&str> = ["ip"].into_iter().chain(words.split(' ')).collect();
        self.run(&words);
    }

    /// Set a variable of this host's network.
    pub(crate) fn sysctl(&self, name: &str, value: &str) {
        self.run(&["sysctl", "-q", "-w", &format!("{name}={value}")]);
    }

    /// Rules in one chain: `hook` is `input`, `output` or `forward`.
    pub(crate) fn firewall(&self, hook: &str, rules: &str) {
        self.firewall_with_policy(hook, "accept", rules);
    }

    /// The same with a policy of its own.
    pub(crate) fn firewall_with_policy(&self, hook: &str, policy: &str, rules: &str) {
        let table = format!(
            "table inet staged {{ chain {hook} {{ type filter hook {hook} priority 0; policy \
                {policy};\n{rules}\n}}\n}}\n"
        );
        let mut nft = self
            .command(&["nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("nft runs");
        let stdin = nft.stdin.as_mut().expect("stdin is piped");
        stdin.write_all(table.as_bytes()).expect("nft reads");
        assert!(
            nft.wait().is_ok_and(|status| status.success()),
            "nft refuses:\n{table}"
        );
    }

    /// Names are asked for at these addresses, in this order.
    pub(crate) fn resolvers(&self, addresses: &[&str]) {
        let write = "f=$(mktemp) && printf 'nameserver %s\\n' \"$@\" > $f && mount --bind $f \
            /etc/resolv.conf && rm $f";
        self.run(&[&["sh", "-c", write, "sh"], addresses].concat());
    }

    /// Listen on this host, in this process.
    pub(crate) fn listen(&self, address: &str) -> TcpListener {
        let address = address.to_owned();
        self.inside(move || {
            TcpListener::bind(&address).unwrap_or_else(|e| panic!("{address}: {e}"))
        })
    }

    /// Do something in a thread that is on this host.
    pub(crate) fn inside<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> T {
        let namespace = File::open(format!("/proc/{}/ns/net", self.pid())).expect("the host lives");
        let thread = thread::spawn(move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("root may enter");
            what()
        });
        thread.join().expect("the staging works")
    }

    /// Start a program and wait until it has printed a line with this text on stdout or stderr.
    pub(crate) fn start(&self, words: &[&str], ready: &str) -> Running {
        let mut command = self.command(&["sh", "-c", "exec \"$@\" 2>&1", "sh"]);
        let child = command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut running = Running {
            child: child.expect("nsenter runs"),
        };
        let out = running.child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains(ready)),
            "{words:?} does not say \"{ready}\""
        );
        // What it says later must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        running
    }
}

impl Running {
    /// Its process, which nsenter and the shell have become.
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }
}

/// A cable with two ends: at which host, the interface's name, its address.
fn cable(ends: [(&Host, &str, &str); 2]) {
    let [(here, name, _), (there, other_name, _)] = ends;
    let made = Command::new("ip")
        .args(["link", "add", name, "netns", &here.pid(), "type", "veth"])
        .args(["peer", "name", other_name, "netns", &there.pid()])
        .status();
    let made = made.is_ok_and(|status| status.success());
    assert!(made, "no cable could be made");
    for (host, name, address) in ends {
        host.ip(&format!("addr add {address} dev {name}"));
        host.ip(&format!("link set {name} up"));
    }
}

/// Everything that ordinary users' PATH may lack.
fn path() -> String {
    format!(
        "{}:/usr/sbin:/sbin",
        std::env::var("PATH").unwrap_or_default()
    )
}

impl Drop for Host {
    fn drop(&mut self) {
        // An end of its stdin would end it as well; this does not wait for it.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
