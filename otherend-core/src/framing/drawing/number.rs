//! Numbers in a frame: how long something is, as bytes or as digits.

use std::fmt;

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Number {
    /// So many bytes, the most significant first, or (`little`) last.
    Bytes { width: u8, little: bool },
    /// LEB128: seven bits a byte, the least significant first; the top bit says that more come.
    Varint,
    /// ASCII digits of this base; a `width` of 0: as many as it takes.
    Digits { base: u8, width: u8 },
}

/// What was read at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// This number, in so many bytes.
    Is(u64, usize),
    /// More bytes are needed to say.
    Short,
    /// That is no such number.
    No,
}

/// No number that fits has more digits: 2^64 in decimal.
const MOST_DIGITS: usize = 20;

impl Number {
    /// The names, for those who mistyped one.
    pub(crate) const NAMES: [&'static str; 14] = [
        "u8", "u16", "u24", "u32", "u64", "u16le", "u24le", "u32le", "u64le", "varint", "dec",
        "dec4", "hex", "hex4",
    ];

    pub(crate) fn named(name: &str) -> Option<Number> {
        let (plain, little) = match name.strip_suffix("le") {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        let width = match plain {
            "u8" => Some(1),
            "u16" => Some(2),
            "u24" => Some(3),
            "u32" => Some(4),
            "u64" => Some(8),
            _ => None,
        };
        if let Some(width) = width {
            return Some(Number::Bytes { width, little });
        }
        if name == "varint" {
            return Some(Number::Varint);
        }
        let (base, digits) = match (name.strip_prefix("dec"), name.strip_prefix("hex")) {
            (Some(digits), _) => (10, digits),
            (_, Some(digits)) => (16, digits),
            _ => return None,
        };
        let width = match digits {
            "" => 0,
            _ if digits.starts_with(['0', '+']) => return None,
            _ => digits.parse().ok()?,
        };
        (usize::from(width) <= MOST_DIGITS).then_some(Number::Digits { base, width })
    }

    /// How many bytes it takes, where that does not depend on the number.
    pub(crate) fn width(self) -> Option<usize> {
        match self {
            Number::Bytes { width, .. } => Some(usize::from(width)),
            Number::Varint | Number::Digits { width: 0, .. } => None,
            Number::Digits { width, .. } => Some(usize::from(width)),
        }
    }

    /// Its digits go on until something else comes.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Number::Digits { width: 0, .. })
    }

    /// The greatest number that can be written so.
    pub(crate) fn most(self) -> u64 {
        let power = |base: u64, of: u8| base.checked_pow(of.into()).map_or(u64::MAX, |n| n - 1);
        match self {
            Number::Bytes { width, .. } => power(256, width),
            Number::Varint | Number::Digits { width: 0, .. } => u64::MAX,
            Number::Digits { base, width } => power(base.into(), width),
        }
    }

    pub(crate) fn read(self, bytes: &[u8]) -> Read {
        match self {
            Number::Bytes { width, little } => read_bytes(bytes, width.into(), little),
            Number::Varint => read_varint(bytes),
            Number::Digits { base, width } => read_digits(bytes, base.into(), width.into()),
        }
    }

    /// Write a number that is not more than [`most`](Self::most).
    pub(crate) fn write(self, number: u64, out: &mut Vec<u8>) {
        match self {
            Number::Bytes { width, little } => {
                let width = usize::from(width);
                match little {
                    true => out.extend_from_slice(&number.to_le_bytes()[..width]),
                    false => out.extend_from_slice(&number.to_be_bytes()[8 - width..]),
                }
            }
            Number::Varint => write_varint(number, out),
            Number::Digits { base, width } => {
                let width = usize::from(width);
                let digits = match base {
                    16 => format!("{number:0width$X}"),
                    _ => format!("{number:0width$}"),
                };
                out.extend_from_slice(digits.as_bytes());
            }
        }
    }
}

fn read_bytes(bytes: &[u8], width: usize, little: bool) -> Read {
    let Some(bytes) = bytes.get(..width) else {
        return Read::Short;
    };
    let put = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
    let number = match little {
        true => bytes.iter().rev().fold(0, put),
        false => bytes.iter().fold(0, put),
    };
    Read::Is(number, width)
}

fn read_varint(bytes: &[u8]) -> Read {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * at as u32;
        // The tenth byte has room for one bit: 9 * 7 = 63.
        if shift > 63 || (shift == 63 && bits > 1) {
            return Read::No;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Read::Is(number, at + 1);
        }
    }
    Read::Short
}

fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_digits(bytes: &[u8], base: u32, width: usize) -> Read {
    let within = if width == 0 { MOST_DIGITS + 1 } else { width };
    let seen = &bytes[..bytes.len().min(within)];
    let digits = seen.iter().take_while(|b| char::from(**b).is_digit(base));
    let count = digits.count();
    if count < seen.len() && (width > 0 || count == 0) || count > MOST_DIGITS {
        return Read::No;
    }
    if count == seen.len() && (width == 0 || count < width) {
        return Read::Short;
    }
    let text = std::str::from_utf8(&seen[..count]).unwrap_or_default();
    match u64::from_str_radix(text, base) {
        Ok(number) => Read::Is(number, count),
        Err(_) => Read::No,
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Bytes { width, little } => {
                let le = if *little && *width > 1 { "le" } else { "" };
                write!(f, "u{}{le}", u32::from(*width) * 8)
            }
            Number::Varint => f.write_str("varint"),
            Number::Digits { base, width } => {
                f.write_str(if *base == 16 { "hex" } else { "dec" })?;
                match width {
                    0 => Ok(()),
                    _ => write!(f, "{width}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for name in Number::NAMES {
            let number = Number::named(name).expect(name);
            assert_eq!(number.to_string(), name);
            for value in [0, 1, 127, 128, 255, 256, 65_535, 9_999, u64::MAX] {
                if value > number.most() {
                    continue;
                }
                let mut written = Vec::new();
                number.write(value, &mut written);
                let length = written.len();
                assert!(number.width().is_none_or(|width| width == length), "{name}");
                for cut in 0..length {
                    assert_eq!(number.read(&written[..cut]), Read::Short, "{name} {value}");
                }
                written.push(b':');
                assert_eq!(number.read(&written), Read::Is(value, length), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        let read = |name: &str, bytes: &[u8]| Number::named(name).unwrap().read(bytes);
        assert_eq!(read("dec", b":"), Read::No);
        assert_eq!(read("dec", b"-1:"), Read::No);
        assert_eq!(read("dec4", b"12 "), Read::No);
        assert_eq!(read("dec", &[b'9'; 21]), Read::No);
        assert_eq!(read("dec", b"18446744073709551616:"), Read::No);
        assert_eq!(read("varint", &[0xff; 10]), Read::No);
        assert_eq!(read("varint", &[0x80; 11]), Read::No);
        assert_eq!(read("hex", b"fF\r"), Read::Is(255, 2));
        for name in [
            "u7", "u", "u8x", "dec0", "dec+4", "dec21", "hex-1", "", "le",
        ] {
            assert_eq!(Number::named(name), None, "{name}");
        }
    }
}
