//! How times, endpoints and lists are written in a diagnosis.

use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// `40 µs`, `0.4 ms`, `12 ms` or `3.1 s`.
pub(crate) fn duration(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    match millis {
        m if m < 0.1 => format!("{} µs", time.as_micros()),
        m if m < 10.0 => format!("{m:.1} ms"),
        m if m < 1000.0 => format!("{m:.0} ms"),
        m => format!("{:.1} s", m / 1000.0),
    }
}

/// `40 s`, `12 min`, `3 h` or `2 days`: for how long something runs.
pub(crate) fn age(time: Duration) -> String {
    match time.as_secs() {
        s if s < 60 => format!("{s} s"),
        s if s < 3600 => format!("{} min", s / 60),
        s if s < 48 * 3600 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86400),
    }
}

/// `IPv4` or `IPv6`.
pub(crate) fn family(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(_) => "IPv6",
    }
}

/// The command that shows and changes the routes of an address's family.
pub(crate) fn ip_route(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "ip route",
        IpAddr::V6(_) => "ip -6 route",
    }
}

/// How an address is asked for on its link (RFC 826, RFC 4861).
pub(crate) fn link_question(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "ARP",
        IpAddr::V6(_) => "neighbour discovery",
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub(crate) fn endpoint(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: Display>(items: &[T]) -> String {
    joined(items, "and")
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn list_or<T: Display>(items: &[T]) -> String {
    joined(items, "or")
}

fn joined<T: Display>(items: &[T], word: &str) -> String {
    let words: Vec<String> = items.iter().map(T::to_string).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {word} {last}", before.join(", ")),
    }
}

/// The first line of what a peer said, cut at 60 characters, fit for any screen.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let blank = |line: &&[u8]| line.trim_ascii().is_empty();
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let line = lines.find(|line| !blank(line)).unwrap_or_default();
    let line = line.trim_ascii_end();
    let shown = match std::str::from_utf8(line) {
        Ok(_) => otherend_core::escaped(line),
        Err(_) => line.escape_ascii().to_string(),
    };
    match shown.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &shown[..end]),
        None => shown,
    }
}

/// What the system said, lower case and without Rust's `(os error 98)`.
pub(crate) fn system_error(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_two_or_three_digits() {
        assert_eq!(duration(Duration::from_micros(41)), "41 µs");
        assert_eq!(duration(Duration::from_micros(412)), "0.4 ms");
        assert_eq!(duration(Duration::from_millis(12)), "12 ms");
        assert_eq!(duration(Duration::from_millis(3058)), "3.1 s");
    }

    #[test]
    fn an_excerpt_carries_no_control_characters() {
        assert_eq!(excerpt(b"\r\n\x1b[31mred\x07\r\nmore"), "\\x1b[31mred\\x07");
        assert_eq!(excerpt(b"\x16\x03\xfeo"), "\\x16\\x03\\xfeo");
    }

    #[test]
    fn lists_end_with_and() {
        assert_eq!(list(&[1, 2, 3]), "1, 2 and 3");
        assert_eq!(list_or(&[1, 2]), "1 or 2");
        assert_eq!(list::<u8>(&[]), "");
    }
}
