//! The network adapters of this machine, and the addresses at which it can be reached.
//!
//! The only place that knows the `netdev` crate. What that leaves out on Linux, the adapters'
//! descriptions, is read from /sys.

#[cfg(target_os = "linux")]
mod sysfs;

mod reach;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netdev::interface::state::OperState;
use netdev::interface::types::InterfaceType;

pub use reach::{Reach, reachable_at};

/// One network adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interface {
    /// The system's number for it, the scope id of its link-local addresses.
    pub index: u32,
    /// The system's name for it: `eth0`, `en0`; on Windows the readable one.
    pub name: String,
    /// What it is, in words, where the system or its administrator says so.
    pub description: Option<String>,
    /// What kind of link it leads to.
    pub kind: Kind,
    /// Whether it works.
    pub state: State,
    /// Its hardware address as `02:fc:00:00:00:01`; none for adapters that have no such thing.
    pub mac: Option<String>,
    /// The largest packet in bytes.
    pub mtu: Option<u32>,
    /// Its addresses, IPv4 first.
    pub addresses: Vec<Address>,
    /// The routers to everywhere else, where this adapter leads to one.
    pub gateways: Vec<IpAddr>,
    /// Traffic to everywhere else leaves here.
    pub is_default: bool,
}

/// One address of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// How many of its bits name the network.
    pub prefix: u8,
    /// How far it means something.
    pub scope: Scope,
    /// The system warns of using it: duplicate, still being checked, or past its time.
    pub caution: Option<&'static str>,
}

/// What kind of link an adapter leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// This machine itself.
    Loopback,
    /// Ethernet, or what looks like it.
    Ethernet,
    /// IEEE 802.11.
    WiFi,
    /// A mobile network.
    Mobile,
    /// A bridge between other adapters.
    Bridge,
    /// A tunnel, as a VPN makes one.
    Tunnel,
    /// PPP or SLIP.
    PointToPoint,
    /// Anything else.
    Other,
}

/// Whether an adapter works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It carries traffic.
    Up,
    /// It is switched on, but nothing is at the other end of the cable or the radio.
    NoLink,
    /// It is switched off.
    Down,
}

/// How far an address means something, from near to far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// This machine (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3).
    Host,
    /// The machines on the same link (RFC 3927, RFC 4291 section 2.5.6).
    Link,
    /// A private network (RFC 1918, RFC 6598, RFC 4193).
    Private,
    /// Everywhere.
    Global,
}

/// Every adapter, those that are switched off included, in the order of their numbers.
///
/// # Errors
///
/// When the system tells of no adapter at all, not even of loopback.
pub fn list() -> io::Result<Vec<Interface>> {
    let mut found: Vec<Interface> = netdev::get_interfaces()
        .into_iter()
        .map(Interface::from)
        .collect();
    found.sort_by(|a, b| (a.index, &a.name).cmp(&(b.index, &b.name)));
    if found.is_empty() {
        let text = "the system tells of no network adapter";
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    Ok(found)
}

impl From<netdev::Interface> for Interface {
    fn from(found: netdev::Interface) -> Interface {
        let mut interface = Interface {
            index: found.index,
            kind: Kind::from(found.if_type),
            state: state(&found),
            mac: found
                .mac_addr
                .map(|mac| mac.to_string())
                .filter(|mac| mac != "00:00:00:00:00:00"),
            mtu: found.mtu,
            addresses: addresses(&found),
            gateways: gateways(&found),
            is_default: found.default,
            description: found.description,
            name: found.friendly_name.unwrap_or(found.name),
        };
        #[cfg(target_os = "linux")]
        sysfs::complete(&mut interface);
        if interface.addresses.iter().any(|a| a.ip.is_loopback()) {
            interface.kind = Kind::Loopback;
        }
        interface
    }
}

fn state(found: &netdev::Interface) -> State {
    match found.oper_state {
        _ if !found.is_up() => State::Down,
        OperState::Down | OperState::LowerLayerDown | OperState::NotPresent => State::NoLink,
        OperState::Dormant => State::NoLink,
        // Loopback and tunnels do not know; they are switched on, so they work.
        OperState::Up | OperState::Testing | OperState::Unknown => State::Up,
    }
}

fn addresses(found: &netdev::Interface) -> Vec<Address> {
    let v4 = found.ipv4.iter().map(|net| Address {
        ip: IpAddr::V4(net.addr()),
        prefix: net.prefix_len(),
        scope: Scope::of(IpAddr::V4(net.addr())),
        caution: None,
    });
    let v6 = found.ipv6.iter().enumerate().map(|(index, net)| Address {
        ip: IpAddr::V6(net.addr()),
        prefix: net.prefix_len(),
        scope: Scope::of(IpAddr::V6(net.addr())),
        caution: match found.ipv6_addr_flags.get(index) {
            Some(flags) if flags.duplicated => Some("duplicate"),
            Some(flags) if flags.tentative => Some("tentative"),
            Some(flags) if flags.deprecated => Some("deprecated"),
            _ => None,
        },
    });
    let mut all: Vec<Address> = v4.chain(v6).collect();
    all.sort_by_key(|address| (address.ip.is_ipv6(), std::cmp::Reverse(address.scope)));
    all
}

fn gateways(found: &netdev::Interface) -> Vec<IpAddr> {
    let Some(device) = &found.gateway else {
        return Vec::new();
    };
    let v4 = device.ipv4.iter().copied().map(IpAddr::V4);
    let v6 = device.ipv6.iter().copied().map(IpAddr::V6);
    v4.chain(v6).collect()
}

impl From<InterfaceType> for Kind {
    fn from(found: InterfaceType) -> Kind {
        match found {
            InterfaceType::Loopback => Kind::Loopback,
            InterfaceType::Wireless80211 | InterfaceType::PeerToPeerWireless => Kind::WiFi,
            InterfaceType::Wwan | InterfaceType::Wwanpp | InterfaceType::Wwanpp2 => Kind::Mobile,
            InterfaceType::Bridge => Kind::Bridge,
            InterfaceType::Tunnel | InterfaceType::ProprietaryVirtual => Kind::Tunnel,
            InterfaceType::Ppp | InterfaceType::Slip => Kind::PointToPoint,
            InterfaceType::Ethernet
            | InterfaceType::Ethernet3Megabit
            | InterfaceType::FastEthernetT
            | InterfaceType::FastEthernetFx
            | InterfaceType::GigabitEthernet => Kind::Ethernet,
            _ => Kind::Other,
        }
    }
}

impl Scope {
    /// How far `ip` means something.
    #[must_use]
    pub fn of(ip: IpAddr) -> Scope {
        match ip {
            _ if ip.is_loopback() => Scope::Host,
            IpAddr::V4(v4) if v4.is_link_local() => Scope::Link,
            IpAddr::V6(v6) if v6.is_unicast_link_local() => Scope::Link,
            IpAddr::V4(v4) if v4.is_private() || is_shared(v4) => Scope::Private,
            IpAddr::V6(v6) if is_unique_local(v6) => Scope::Private,
            _ => Scope::Global,
        }
    }

    /// A stable word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Scope::Host => "host",
            Scope::Link => "link",
            Scope::Private => "private",
            Scope::Global => "global",
        }
    }
}

/// 100.64.0.0/10, between a provider and its customers (RFC 6598).
fn is_shared(v4: Ipv4Addr) -> bool {
    matches!(v4.octets(), [100, 64..128, ..])
}

/// fc00::/7 (RFC 4193).
fn is_unique_local(v6: Ipv6Addr) -> bool {
    v6.segments()[0] & 0xfe00 == 0xfc00
}

impl Kind {
    /// A stable word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Kind::Loopback => "loopback",
            Kind::Ethernet => "ethernet",
            Kind::WiFi => "wifi",
            Kind::Mobile => "mobile",
            Kind::Bridge => "bridge",
            Kind::Tunnel => "tunnel",
            Kind::PointToPoint => "point-to-point",
            Kind::Other => "other",
        }
    }
}

impl State {
    /// A stable word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            State::Up => "up",
            State::NoLink => "no-link",
            State::Down => "down",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_listed_with_its_address() {
        let all = list().unwrap();
        let loopback = all.iter().find(|i| i.kind == Kind::Loopback).unwrap();
        let address = loopback.addresses.first().unwrap();
        assert_eq!(
            (address.to_string().as_str(), address.scope),
            ("127.0.0.1/8", Scope::Host)
        );
        assert_eq!((loopback.state, loopback.mac.as_deref()), (State::Up, None));
    }

    #[test]
    fn adapters_come_in_the_order_of_their_numbers() {
        let all = list().unwrap();
        assert!(all.is_sorted_by_key(|interface| interface.index));
    }

    #[test]
    fn scopes_follow_their_rfcs() {
        for (ip, scope) in [
            ("127.9.9.9", Scope::Host),
            ("::1", Scope::Host),
            ("169.254.1.1", Scope::Link),
            ("fe80::1", Scope::Link),
            ("10.0.0.1", Scope::Private),
            ("172.31.0.1", Scope::Private),
            ("192.168.1.65", Scope::Private),
            ("100.127.0.1", Scope::Private),
            ("fd00::2", Scope::Private),
            ("100.128.0.1", Scope::Global),
            ("8.8.8.8", Scope::Global),
            ("2001:db8::1", Scope::Global),
        ] {
            assert_eq!(Scope::of(ip.parse().unwrap()), scope, "for {ip}");
        }
    }
}
