//! Networks on the command line: `192.168.1.0/24`, `fe80::/10`, or one address.
//!
//! Whoever writes one means somebody: what can be read in two ways, or would fit nobody who can come,
//! is refused and not taken for a rule.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// The bits of an IPv6 address that stand before an IPv4 address mapped into it (RFC 4291 section
/// 2.5.5.2).
const MAPPED: u8 = 96;

/// Parse a network, or one address; for use as a clap value parser.
///
/// Bits behind the prefix may be set, as other tools take them. IPv4 written as IPv6
/// (`::ffff:10.0.0.0/104`) is meant as IPv4: who comes over IPv4 is known by that address, at a
/// listener for both, too.
pub(super) fn parse(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let (written, prefix) = match text.split_once('/') {
        Some((written, prefix)) => (written, Some(prefix)),
        None => (text, None),
    };
    // Of std, which takes neither leading zeros (octal to some) nor hex nor a part left out.
    let address: IpAddr = written.parse().map_err(|_| complaint(text, written))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix.map(|prefix| length(prefix, longest)) {
        None => longest,
        Some(Some(prefix)) => prefix,
        Some(None) => {
            let text = text.escape_debug();
            return Err(format!(
                "`{text}` is no network: behind the slash stands a number from 0 to {longest}"
            ));
        }
    };
    match address {
        IpAddr::V6(address) if in_dots(written) => ipv4_in_ipv6(text, address, prefix),
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => {
            ipv4_in_ipv6(text, address, prefix)
        }
        _ => IpNet::new(address, prefix).map_err(|_| complaint(text, written)),
    }
}

/// The length of a prefix: digits without a sign or a zero before them.
fn length(text: &str, longest: u8) -> Option<u8> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let length = text.parse().ok().filter(|_| plain)?;
    (length <= longest).then_some(length)
}

/// IPv4 was meant.
fn in_dots(written: &str) -> bool {
    written.contains('.')
}

fn ipv4_in_ipv6(text: &str, address: Ipv6Addr, prefix: u8) -> Result<IpNet, String> {
    let [.., a, b, c, d] = address.octets();
    let inside = Ipv4Addr::new(a, b, c, d);
    // One whole address of a translator (NAT64, as in 64:ff9b::192.0.2.1) is an IPv6 peer's own.
    let translated = address.to_ipv4().is_none();
    let prefix_inside = prefix.checked_sub(MAPPED);
    match (address.to_ipv4_mapped(), prefix_inside) {
        (Some(inside), Some(prefix)) => Ipv4Net::new(inside, prefix)
            .map(IpNet::V4)
            .map_err(|_| complaint(text, text)),
        _ if translated => IpNet::new(address.into(), prefix).map_err(|_| complaint(text, text)),
        _ => Err(format!(
            "`{}` fits nobody: write the IPv4 network itself, as in {inside}/{}",
            text.escape_debug(),
            prefix_inside.unwrap_or(32),
        )),
    }
}

fn complaint(text: &str, written: &str) -> String {
    let advice = match written.split_once('%') {
        Some((address, _)) if address.parse::<Ipv6Addr>().is_ok() => {
            "leave the interface behind % out, a rule holds on all of them"
        }
        _ if written.starts_with('[') => "leave the brackets and the port out",
        _ => "write an address, or one with a prefix as in 10.0.0.0/8",
    };
    format!("`{}` is no network: {advice}", text.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn are_meant_as(networks: &[(&str, &str)]) {
        for &(written, meant) in networks {
            let network = parse(written).map(|network| network.trunc().to_string());
            assert_eq!(network.as_deref(), Ok(meant), "{written}");
        }
    }

    #[track_caller]
    fn are_refused(texts: &[(&str, &str)]) {
        for &(written, why) in texts {
            let complaint = parse(written).expect_err(written);
            assert!(complaint.contains(why), "{written}: {complaint}");
        }
    }

    #[test]
    fn a_network_is_an_address_with_or_without_a_prefix() {
        are_meant_as(&[
            ("10.0.0.1", "10.0.0.1/32"),
            (" 10.0.0.1 ", "10.0.0.1/32"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::1", "::1/128"),
            ("::/0", "::/0"),
            ("0:0:0:0:0:0:0:1", "::1/128"),
            ("0000::0001", "::1/128"),
            ("FE80::1/10", "fe80::/10"),
            ("2001:db8::5/64", "2001:db8::/64"),
        ]);
    }

    #[test]
    fn ipv4_within_ipv6_is_meant_as_ipv4() {
        are_meant_as(&[
            ("::ffff:127.0.0.1", "127.0.0.1/32"),
            ("::FFFF:127.0.0.1", "127.0.0.1/32"),
            ("::ffff:7f00:1", "127.0.0.1/32"),
            ("0:0:0:0:0:ffff:7f00:0001", "127.0.0.1/32"),
            ("::ffff:127.0.0.1/128", "127.0.0.1/32"),
            ("::ffff:127.0.0.1/104", "127.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("64:ff9b::192.0.2.1", "64:ff9b::c000:201/128"),
            ("64:ff9b::/96", "64:ff9b::/96"),
        ]);
        are_refused(&[
            ("::ffff:0:0/95", "fits nobody"),
            (
                "::ffff:127.0.0.1/64",
                "write the IPv4 network itself, as in 127.0.0.1/32",
            ),
            ("::127.0.0.1", "as in 127.0.0.1/32"),
            ("::127.0.0.0/104", "as in 127.0.0.0/8"),
        ]);
    }

    #[test]
    fn what_others_read_otherwise_is_refused() {
        are_refused(&[
            ("127.1", "is no network"),
            ("010.0.0.1", "is no network"),
            ("10.0.0.01/8", "is no network"),
            ("0x7f.0.0.1", "is no network"),
            ("0x7f000001", "is no network"),
            ("2130706433", "is no network"),
            ("256.0.0.1", "is no network"),
            ("10.0.0.0/08", "a number from 0 to 32"),
            ("10.0.0.0/+8", "a number from 0 to 32"),
            ("10.0.0.0/33", "a number from 0 to 32"),
            ("10.0.0.0/", "a number from 0 to 32"),
            ("10.0.0.0/255.0.0.0", "a number from 0 to 32"),
            ("10.0.0.0/0x8", "a number from 0 to 32"),
            ("10.0.0.0/8/8", "a number from 0 to 32"),
            ("::1/129", "a number from 0 to 128"),
            ("::1/300", "a number from 0 to 128"),
        ]);
    }

    #[test]
    fn an_endpoint_or_a_name_is_refused() {
        are_refused(&[
            ("fe80::1%eth0", "leave the interface behind % out"),
            ("fe80::1%2/64", "leave the interface behind % out"),
            ("[::1]", "leave the brackets"),
            ("[::1]:80", "leave the brackets"),
            ("10.0.0.1:80", "is no network"),
            ("localhost", "is no network"),
            ("*", "is no network"),
            ("", "is no network"),
            ("/8", "is no network"),
            ("10.0.0.0-10.0.0.9", "is no network"),
            ("\u{ff11}0.0.0.1", "is no network"),
        ]);
    }
}
