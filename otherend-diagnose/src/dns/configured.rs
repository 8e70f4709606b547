//! What the system's resolver is told in /etc/resolv.conf: whom to ask, and for which names.

use std::iter;
use std::net::{Ipv4Addr, SocketAddr};

use otherend_net::endpoint::{Endpoint, Family};
use resolv_conf::{Config, ScopedIp};

/// The configuration, as far as lookups by hand need it.
pub(crate) struct Configured {
    pub(crate) servers: Vec<SocketAddr>,
    search: Vec<String>,
    /// A name with so many dots is asked for as it is before the search domains are tried.
    ndots: usize,
}

impl Configured {
    /// From /etc/resolv.conf; without one, the system asks this machine itself (resolv.conf(5)).
    pub(crate) fn read() -> Configured {
        Configured::parse(&std::fs::read("/etc/resolv.conf").unwrap_or_default())
    }

    fn parse(text: &[u8]) -> Configured {
        // A line that makes no sense is passed over, as the C library does.
        let (mut config, _) = Config::parse_with_errors(text);
        config.glibc_normalize();
        let mut servers: Vec<SocketAddr> = config.nameservers.iter().filter_map(address).collect();
        if servers.is_empty() {
            servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
        }
        let domains = config.get_last_search_or_domain();
        let domains = domains.map(|domain| domain.trim_matches('.').to_owned());
        Configured {
            servers,
            search: domains.filter(|domain| !domain.is_empty()).collect(),
            ndots: usize::try_from(config.ndots).unwrap_or(usize::MAX),
        }
    }

    /// The names that are asked for one after the other, until one has addresses.
    ///
    /// With `search a.test b.test` and `ndots:1`, `server` becomes `server.a.test`,
    /// `server.b.test`, `server`; `www.server` is asked for as it is first, and `server.` only so.
    pub(crate) fn names(&self, name: &str) -> Vec<String> {
        let as_it_is = iter::once(name.to_owned());
        if name.ends_with('.') {
            return as_it_is.collect();
        }
        let searched = self.search.iter().map(|domain| format!("{name}.{domain}"));
        match name.matches('.').count() >= self.ndots {
            true => as_it_is.chain(searched).collect(),
            false => searched.chain(as_it_is).collect(),
        }
    }
}

/// A server's address; one such as `fe80::1%eth0` is on the link of that interface.
fn address(server: &ScopedIp) -> Option<SocketAddr> {
    let text = match server {
        ScopedIp::V4(_) => format!("{server}:53"),
        ScopedIp::V6(..) => format!("[{server}]:53"),
    };
    let endpoint: Endpoint = text.parse().ok()?;
    endpoint.resolve(Family::Any, true).ok()?.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, name: &str) -> Vec<String> {
        Configured::parse(text.as_bytes()).names(name)
    }

    fn servers(text: &str) -> Vec<String> {
        let servers = Configured::parse(text.as_bytes()).servers;
        servers.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn the_first_three_servers_are_asked_or_else_this_machine() {
        let text = "# comment\nnonsense\nnameserver 192.0.2.53\nnameserver ::1 # here\n";
        assert_eq!(servers(text), ["192.0.2.53:53", "[::1]:53"]);
        assert_eq!(servers(""), ["127.0.0.1:53"]);
        let many = "nameserver 192.0.2.1\n".repeat(4);
        assert_eq!(servers(&many).len(), 3);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_server_on_a_link_keeps_its_interface() {
        assert_eq!(servers("nameserver fe80::1%lo\n"), ["[fe80::1%1]:53"]);
    }

    #[test]
    fn a_short_name_is_looked_for_in_every_search_domain() {
        let text = "domain old.test\nsearch lan.test other.test.\n";
        let expected = ["server.lan.test", "server.other.test", "server"];
        assert_eq!(names(text, "server"), expected);
        assert_eq!(names("domain lan.test\n", "a"), ["a.lan.test", "a"]);
        assert_eq!(names("", "server"), ["server"]);
        assert_eq!(names(text, "server."), ["server."]);
    }

    #[test]
    fn dots_decide_whether_a_name_is_tried_as_it_is_first() {
        let text = "search lan.test\noptions ndots:2\n";
        assert_eq!(names(text, "a.b"), ["a.b.lan.test", "a.b"]);
        assert_eq!(names(text, "a.b.c"), ["a.b.c", "a.b.c.lan.test"]);
    }
}
