//! The kinds of holes as the specification has them, written down a second time: what fits each of
//! them, and random values that do. Nothing here asks the library.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use otherend_core::transcript::{Kind, Pattern};
use proptest::prelude::*;

/// Every kind that has a name, and some regular expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fitting {
    Int,
    Hex,
    Word,
    Text,
    Ip,
    Time,
    Uuid,
    B64,
    /// Letters in angle brackets.
    Tag,
    /// A decimal fraction.
    Decimal,
    /// Two or three letters.
    Short,
}

pub(crate) const ALL: [Fitting; 11] = [
    Fitting::Int,
    Fitting::Hex,
    Fitting::Word,
    Fitting::Text,
    Fitting::Ip,
    Fitting::Time,
    Fitting::Uuid,
    Fitting::B64,
    Fitting::Tag,
    Fitting::Decimal,
    Fitting::Short,
];

impl Fitting {
    /// As a file has it between `:` and `=`.
    pub(crate) fn written(self) -> &'static str {
        match self {
            Fitting::Int => "int",
            Fitting::Hex => "hex",
            Fitting::Word => "word",
            Fitting::Text => "text",
            Fitting::Ip => "ip",
            Fitting::Time => "time",
            Fitting::Uuid => "uuid",
            Fitting::B64 => "b64",
            Fitting::Tag => "/<[a-z]*>/",
            Fitting::Decimal => r"/[0-9]+\.[0-9]+/",
            Fitting::Short => "/[a-z]{2,3}/",
        }
    }

    /// The library's name for it.
    pub(crate) fn kind(self) -> Kind {
        let written = self.written();
        let mut named = Kind::NAMED.into_iter();
        match named.find(|(name, _)| *name == written) {
            Some((_, kind)) => kind,
            None => Kind::Regex(Pattern::new(written.trim_matches('/')).unwrap()),
        }
    }

    /// All of `bytes` fits.
    pub(crate) fn takes(self, bytes: &[u8]) -> bool {
        let text = || std::str::from_utf8(bytes).unwrap_or("\n");
        match self {
            Fitting::Int => is_int(bytes),
            Fitting::Hex => all(bytes, 1.., |b| HEX.contains(&b)),
            Fitting::Word => all(bytes, 1.., |b| !matches!(b, 0..=32 | 127)),
            Fitting::Text => all(bytes, 0.., |b| b != b'\r' && b != b'\n'),
            Fitting::Ip => is_ip(text()),
            Fitting::Time => TIMES.contains(&shape(text())),
            Fitting::Uuid => {
                let groups: Vec<&[u8]> = bytes.split(|b| *b == b'-').collect();
                let lengths = groups.iter().map(|group| group.len());
                lengths.eq([8, 4, 4, 4, 12]) && groups.concat().iter().all(|b| HEX.contains(b))
            }
            Fitting::B64 => {
                let ends = [&b"=="[..], b"=", b""];
                let digits = ends.iter().find_map(|end| bytes.strip_suffix(*end));
                all(digits.unwrap(), 1.., |b| {
                    b.is_ascii_alphanumeric() || b"+/-_".contains(&b)
                })
            }
            Fitting::Tag => {
                let inside = bytes.strip_prefix(b"<").and_then(|b| b.strip_suffix(b">"));
                inside.is_some_and(|letters| all(letters, 0.., |b| b.is_ascii_lowercase()))
            }
            Fitting::Decimal => {
                let parts: Vec<&[u8]> = bytes.split(|b| *b == b'.').collect();
                parts.len() == 2 && parts.iter().all(|part| is_digits(part))
            }
            Fitting::Short => all(bytes, 2..=3, |b| b.is_ascii_lowercase()),
        }
    }

    /// Values that fit.
    pub(crate) fn values(self) -> BoxedStrategy<Vec<u8>> {
        let pattern = match self {
            Fitting::Int => "[-+]?[0-9]{1,5}",
            Fitting::Hex => "[0-9a-fA-F]{1,8}",
            Fitting::Word => "[!-~é]{1,6}",
            Fitting::Text => "[ -~é\t]{0,8}",
            Fitting::Ip => return ips().prop_map(String::into_bytes).boxed(),
            Fitting::Time => return times().prop_map(String::into_bytes).boxed(),
            Fitting::Uuid => "[0-9a-f]{8}-([0-9a-fA-F]{4}-){3}[0-9A-F]{12}",
            Fitting::B64 => "[a-zA-Z0-9+/_-]{1,8}={0,2}",
            Fitting::Tag => "<[a-z]{0,4}>",
            Fitting::Decimal => r"[0-9]{1,3}\.[0-9]{1,3}",
            Fitting::Short => "[a-z]{2,3}",
        };
        pattern.prop_map(String::into_bytes).boxed()
    }
}

const HEX: &[u8] = b"0123456789abcdefABCDEF";

fn all(bytes: &[u8], count: impl std::ops::RangeBounds<usize>, fits: fn(u8) -> bool) -> bool {
    count.contains(&bytes.len()) && bytes.iter().all(|b| fits(*b))
}

fn is_digits(bytes: &[u8]) -> bool {
    all(bytes, 1.., |b| b.is_ascii_digit())
}

fn is_int(bytes: &[u8]) -> bool {
    match bytes {
        [b'+' | b'-', digits @ ..] => is_digits(digits),
        digits => is_digits(digits),
    }
}

/// RFC 4291, section 2.2; four numbers as `inet_pton` has them.
fn is_ip(text: &str) -> bool {
    let Some((before, after)) = text.split_once("::") else {
        return is_ipv4(text) || groups(text, true) == Some(8);
    };
    // The gap stands for one group at least.
    let counts = [groups(before, false), groups(after, true)];
    matches!(counts, [Some(before), Some(after)] if before + after < 8)
}

fn is_ipv4(text: &str) -> bool {
    let numbers: Vec<&str> = text.split('.').collect();
    let is_number = |number: &&str| {
        let leads_with_zero = number.len() > 1 && number.starts_with('0');
        is_digits(number.as_bytes()) && !leads_with_zero && number.parse::<u8>().is_ok()
    };
    numbers.len() == 4 && numbers.iter().all(is_number)
}

/// How many groups of 16 bits `text` is; the last two may be an IPv4 address.
fn groups(text: &str, last: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut groups: Vec<&str> = text.split(':').collect();
    let ipv4 = last && groups.last().is_some_and(|group| is_ipv4(group));
    if ipv4 {
        groups.pop();
    }
    let is_group = |group: &&str| all(group.as_bytes(), 1..=4, |b| HEX.contains(&b));
    let all = groups.iter().all(is_group);
    all.then_some(groups.len() + 2 * usize::from(ipv4))
}

fn ips() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).to_string()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).to_string()),
        (any::<u8>(), 0..128u32)
            .prop_map(|(bits, shift)| Ipv6Addr::from(u128::from(bits) << shift).to_string()),
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).to_ipv6_mapped().to_string()),
    ]
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// What a date or time looks like: `0` for a digit, `M` for a month, `D` for a day, `Z` for a zone
/// by name, `c` for a comment, `f` for a fraction of a second, `?` for what is in none.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_one_of = |names: &[&str]| names.iter().any(|name| rest.starts_with(name));
        let fraction = rest[first.len_utf8()..].bytes();
        let fraction = fraction.take_while(u8::is_ascii_digit).count();
        let capitals = rest[first.len_utf8()..].bytes();
        let capitals = capitals.take_while(u8::is_ascii_uppercase).count();
        let (letter, length) = match first {
            '0'..='9' => ('0', 1),
            _ if is_one_of(&MONTHS) => ('M', 3),
            _ if is_one_of(&DAYS) => ('D', 3),
            _ if is_one_of(&["GMT", "UTC"]) => ('Z', 3),
            'Z' => ('Z', 1),
            '.' | ',' if fraction > 0 => ('f', 1 + fraction),
            '(' if (1..=5).contains(&capitals) && rest[1 + capitals..].starts_with(')') => {
                ('c', 2 + capitals)
            }
            ' ' | ',' | ':' | '/' | '-' | '+' | 'T' => (first, 1),
            _ => ('?', first.len_utf8()),
        };
        shape.push(letter);
        rest = &rest[length..];
    }
    shape
}

/// The shapes of all dates and times.
static TIMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let clocks = ["00:00", "00:00:00", "00:00:00f"];
    let mut times = HashSet::from(clocks.map(str::to_owned));
    iso_8601(&mut times, &clocks);
    rfc_5322(&mut times);
    for zone in ["", "Z", "+0000", "-0000"] {
        times.insert(format!("00000000T000000{zone}"));
    }
    for day in ["", "D "] {
        for date in ["M 00", "M 0", "M  0"] {
            for year in ["", " 0000"] {
                times.insert(format!("{day}{date} 00:00:00{year}"));
            }
        }
    }
    for zone in ["", " +0000", " -0000"] {
        times.insert(format!("00/M/0000:00:00:00{zone}"));
    }
    times
});

fn iso_8601(times: &mut HashSet<String>, clocks: &[&str]) {
    let zones = ["Z", "+00:00", "-00:00", "+0000", "-0000"];
    let apart = zones.map(|zone| format!(" {zone}"));
    let zones = [&[""], &zones[..], &apart.each_ref().map(String::as_str)].concat();
    for date in ["0000-00-00", "0000/00/00"] {
        times.insert(date.to_owned());
        for separator in ["T", " "] {
            for clock in clocks {
                for zone in &zones {
                    times.insert(format!("{date}{separator}{clock}{zone}"));
                }
            }
        }
    }
}

fn rfc_5322(times: &mut HashSet<String>) {
    let zones = ["", " Z", " +0000", " -0000", " +0000 c", " -0000 c"];
    for day in ["", "D, "] {
        for date in ["0 M 0000", "0-M-0000", "0 M-0000", "0-M 0000"] {
            for more in ["", "0"] {
                let date = format!("{day}{more}{date}");
                for clock in ["00:00", "00:00:00"] {
                    times.extend(zones.map(|zone| format!("{date} {clock}{zone}")));
                }
                times.insert(date);
            }
        }
    }
}

fn times() -> impl Strategy<Value = String> {
    // `@` is an hour and a minute.
    let patterns = [
        r"20[0-9]{2}-1[0-2]-[0-2][0-9](T@(:[0-5][0-9](\.[0-9]{3})?)?(Z|[+-]02:00)?)?",
        r"20[0-9]{2}/0[1-9]/[0-2][0-9] @:[0-5][0-9](,[0-9]{1,3})?( UTC)?",
        r"20[0-9]{2}1[0-2][0-2][0-9]T1[0-9]{5}Z?",
        r"((Mon|Sun), )?[1-9]{1,2} (Jan|May|Dec) 20[0-9]{2} @:00( GMT| [+-]0100( \(CET\))?)?",
        r"[0-2][0-9]-(Mar|Oct)-2026 @:[0-5][0-9] \+0000",
        r"((Tue|Sat) )?(Feb|Nov) [ 1-2][0-9] @:[0-5][0-9]( 20[0-9]{2})?",
        r"[0-2][0-9]/(Apr|Aug)/2026:@:[0-5][0-9]( -0330)?",
        r"@(:[0-5][0-9]([.,][0-9]{1,6})?)?",
    ];
    prop::sample::select(patterns.to_vec()).prop_flat_map(|pattern| {
        let pattern = pattern.replace('@', "[01][0-9]:[0-5][0-9]");
        prop::string::string_regex(&pattern).unwrap()
    })
}

#[test]
fn every_kind_with_a_name_is_here() {
    let mut written: Vec<&str> = ALL.iter().map(|kind| kind.written()).collect();
    written.retain(|name| !name.starts_with('/'));
    assert_eq!(written, Kind::NAMED.map(|(name, _)| name));
}

fn any_kind() -> impl Strategy<Value = Fitting> {
    prop::sample::select(&ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The two descriptions of a kind agree, also about what is not quite a value of it.
    #[test]
    fn the_library_takes_the_same(
        kind in any_kind(),
        (like, value) in any_kind().prop_flat_map(|like| (Just(like), like.values())),
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(&b"0aZ.:-+= /,\n"[..])],
    ) {
        prop_assert!(like.takes(&value), "{:?}", value);
        let mut longer = value.clone();
        longer.insert(at.index(value.len() + 1), byte);
        let mut other = value.clone();
        let mut shorter = value.clone();
        if !value.is_empty() {
            other[at.index(value.len())] = byte;
            shorter.remove(at.index(value.len()));
        }
        for value in [value, longer, other, shorter] {
            for kind in [kind, like] {
                let shown = value.escape_ascii();
                prop_assert_eq!(kind.takes(&value), kind.kind().fits(&value), "{:?}: {}", kind, shown);
            }
        }
    }
}
