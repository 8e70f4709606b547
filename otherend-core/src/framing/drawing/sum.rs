//! Checksums in a frame: checked when it is heard, put on when it is said.

use std::fmt;

use super::crcs::NamedCrc;
use super::number::{Number, Read};

/// A checksum, how it is written, and what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    algorithm: Algorithm,
    form: Number,
    /// Of the frame from its first byte; else from behind the literals that start it.
    pub(crate) of_all_before: bool,
}

#[derive(Clone)]
enum Algorithm {
    /// All bytes combined by exclusive or.
    Xor,
    /// All bytes added up, modulo 256.
    Sum8,
    /// The negative of `sum8`: with it all bytes add up to 0 (Modbus ASCII).
    Lrc,
    Crc(NamedCrc),
}

impl Algorithm {
    fn named(name: &str) -> Option<Algorithm> {
        match name {
            "xor" => Some(Algorithm::Xor),
            "sum8" => Some(Algorithm::Sum8),
            "lrc" => Some(Algorithm::Lrc),
            _ => NamedCrc::find(name).map(Algorithm::Crc),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Algorithm::Xor | Algorithm::Sum8 | Algorithm::Lrc => 1,
            Algorithm::Crc(crc) => crc.bytes(),
        }
    }

    fn of(&self, bytes: &[u8]) -> u64 {
        let added = || bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        match self {
            Algorithm::Xor => bytes.iter().fold(0, |sum, byte| sum ^ byte).into(),
            Algorithm::Sum8 => added().into(),
            Algorithm::Lrc => added().wrapping_neg().into(),
            Algorithm::Crc(crc) => crc.of(bytes),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Algorithm::Xor => f.write_str("xor"),
            Algorithm::Sum8 => f.write_str("sum8"),
            Algorithm::Lrc => f.write_str("lrc"),
            Algorithm::Crc(crc) => crc.fmt(f),
        }
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Algorithm {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Algorithm {}

impl Sum {
    /// What `{sum:…}` says behind its colon.
    ///
    /// The error is the word that is wrong, and what could stand there.
    pub(crate) fn parse(text: &str) -> Result<Sum, (&str, String)> {
        let (words, of_all_before) = match text.strip_suffix(" of all-before") {
            Some(words) => (words, true),
            None => (text, false),
        };
        let mut words = words.split(' ').filter(|word| !word.is_empty());
        let name = words.next().unwrap_or_default();
        let algorithm = Algorithm::named(name).ok_or_else(|| (name, unknown(name)))?;
        let width = algorithm.bytes() as u8;
        let mut form = Number::Bytes {
            width,
            little: false,
        };
        for word in words {
            form = match (word, Number::named(word)) {
                ("le", _) => Number::Bytes {
                    width,
                    little: true,
                },
                (_, Some(digits @ Number::Digits { width: 1.., .. })) => digits,
                _ => return Err((word, "use le, hex2 (so many digits) or dec3".to_owned())),
            };
            if form.most() < algorithm.of_most() {
                let room = format!("too few digits for {algorithm}, which has {width} bytes");
                return Err((word, room));
            }
        }
        Ok(Sum {
            algorithm,
            form,
            of_all_before,
        })
    }

    /// How many bytes it takes.
    pub(crate) fn width(&self) -> usize {
        self.form.width().unwrap_or_default()
    }

    /// Is what stands at the start of `written` the sum of `bytes`?
    pub(crate) fn is_right(&self, bytes: &[u8], written: &[u8]) -> bool {
        matches!(self.form.read(written), Read::Is(sum, _) if sum == self.algorithm.of(bytes))
    }

    /// Write the sum of `bytes`; the bits of `flipped` are others.
    pub(crate) fn write(&self, bytes: &[u8], flipped: u64, out: &mut Vec<u8>) {
        self.form.write(self.algorithm.of(bytes) ^ flipped, out);
    }
}

impl Algorithm {
    /// The greatest sum there can be.
    fn of_most(&self) -> u64 {
        let width = self.bytes() as u8;
        Number::Bytes {
            width,
            little: false,
        }
        .most()
    }
}

fn unknown(name: &str) -> String {
    let near = NamedCrc::nearest(&name.to_ascii_lowercase());
    let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    format!("use xor, sum8, lrc or a name of the CRC catalogue, as crc-16/modbus{near}")
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{sum:{}", self.algorithm)?;
        match self.form {
            Number::Bytes { little: false, .. } => {}
            Number::Bytes { little: true, .. } => f.write_str(" le")?,
            digits => write!(f, " {digits}")?,
        }
        f.write_str(if self.of_all_before {
            " of all-before}"
        } else {
            "}"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sum: &str, of: &[u8]) -> Vec<u8> {
        let sum = Sum::parse(sum).unwrap();
        let mut out = Vec::new();
        sum.write(of, 0, &mut out);
        assert!(sum.is_right(of, &out) && out.len() == sum.width());
        out
    }

    #[test]
    fn sums_are_those_of_the_field() {
        // NMEA 0183, the example of every receiver's manual.
        let position = b"GPGLL,5300.97914,N,00259.98174,E,125926,A";
        assert_eq!(written("xor hex2", position), b"28");
        // Modbus RTU, read holding registers: CRC low byte first.
        let request = [0x11, 0x03, 0x00, 0x6b, 0x00, 0x03];
        assert_eq!(written("crc-16/modbus le", &request), [0x76, 0x87]);
        // Modbus ASCII of the same.
        assert_eq!(written("lrc hex2", &request), b"7E");
        assert_eq!(written("sum8 dec3", b"a"), b"097");
        assert_eq!(written("crc-32", b"123456789"), [0xcb, 0xf4, 0x39, 0x26]);
    }

    #[test]
    fn what_is_no_sum_is_said_by_its_word() {
        let wrong = |text| Sum::parse(text).unwrap_err().0;
        assert_eq!(wrong("crc-16/modbsu le"), "crc-16/modbsu");
        assert_eq!(wrong("xor hexx"), "hexx");
        assert_eq!(wrong("crc-32 hex4"), "hex4");
        assert!(
            Sum::parse("crc-16/modbsu")
                .unwrap_err()
                .1
                .contains("crc-16/modbus?")
        );
    }
}
