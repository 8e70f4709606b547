//! Numbers as bytes (usually: fixed-width fields): written in a file as people write numbers.

/// A number of a fixed width: two's complement or IEEE 754, the highest byte first unless it is `le`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binary {
    name: &'static str,
    form: Form,
    width: usize,
    little: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Unsigned,
    Signed,
    Float,
}

const fn binary(name: &'static str, form: Form, width: usize, little: bool) -> Binary {
    Binary {
        name,
        form,
        width,
        little,
    }
}

impl Binary {
    /// All of them, in the order of the documentation.
    pub const ALL: [Binary; 20] = [
        binary("u8", Form::Unsigned, 1, false),
        binary("u16", Form::Unsigned, 2, false),
        binary("u24", Form::Unsigned, 3, false),
        binary("u32", Form::Unsigned, 4, false),
        binary("u64", Form::Unsigned, 8, false),
        binary("u16le", Form::Unsigned, 2, true),
        binary("u24le", Form::Unsigned, 3, true),
        binary("u32le", Form::Unsigned, 4, true),
        binary("u64le", Form::Unsigned, 8, true),
        binary("i8", Form::Signed, 1, false),
        binary("i16", Form::Signed, 2, false),
        binary("i32", Form::Signed, 4, false),
        binary("i64", Form::Signed, 8, false),
        binary("i16le", Form::Signed, 2, true),
        binary("i32le", Form::Signed, 4, true),
        binary("i64le", Form::Signed, 8, true),
        binary("f32", Form::Float, 4, false),
        binary("f64", Form::Float, 8, false),
        binary("f32le", Form::Float, 4, true),
        binary("f64le", Form::Float, 8, true),
    ];

    /// Its name in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn width(self) -> usize {
        self.width
    }

    /// The bytes of a number as people write it, decimal or `0x…`; `None`: it is none, or has no
    /// room.
    pub(super) fn read(self, text: &str) -> Option<Vec<u8>> {
        let mut bytes = match self.form {
            Form::Float if self.width == 4 => text.parse::<f32>().ok()?.to_be_bytes().to_vec(),
            Form::Float => text.parse::<f64>().ok()?.to_be_bytes().to_vec(),
            Form::Unsigned | Form::Signed => {
                let number = match text.strip_prefix("0x") {
                    Some(digits) => i128::from(u64::from_str_radix(digits, 16).ok()?),
                    None => text.parse().ok()?,
                };
                let bits = 8 * self.width as u32;
                let fits = match self.form {
                    Form::Signed => (-(1i128 << (bits - 1))..1i128 << (bits - 1)).contains(&number),
                    _ => (0..1i128 << bits).contains(&number),
                };
                let all = number.to_be_bytes();
                fits.then(|| all[all.len() - self.width..].to_vec())?
            }
        };
        if self.little {
            bytes.reverse();
        }
        Some(bytes)
    }

    /// The number that these bytes are, in decimal; `None`: there are more or fewer of them.
    pub(super) fn shown(self, bytes: &[u8]) -> Option<String> {
        if bytes.len() != self.width {
            return None;
        }
        let mut bytes = bytes.to_vec();
        if self.little {
            bytes.reverse();
        }
        if self.form == Form::Float {
            return Some(match <[u8; 4]>::try_from(&bytes[..]) {
                Ok(single) => f32::from_be_bytes(single).to_string(),
                Err(_) => f64::from_be_bytes(bytes.try_into().ok()?).to_string(),
            });
        }
        let is_negative = self.form == Form::Signed && bytes[0] >= 0x80;
        let filling = if is_negative { 0xff } else { 0 };
        let mut all = [filling; 16];
        all[16 - self.width..].copy_from_slice(&bytes);
        Some(i128::from_be_bytes(all).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Binary {
        *Binary::ALL
            .iter()
            .find(|known| known.name == name)
            .expect(name)
    }

    #[test]
    fn numbers_are_the_bytes_that_the_field_has() {
        for (name, text, bytes, shown) in [
            ("u8", "17", &[17][..], "17"),
            ("u16", "0x006b", &[0, 0x6b], "107"),
            ("u16le", "107", &[0x6b, 0], "107"),
            ("u24", "65536", &[1, 0, 0], "65536"),
            ("i8", "-1", &[0xff], "-1"),
            ("i16le", "-2", &[0xfe, 0xff], "-2"),
            (
                "u64",
                "18446744073709551615",
                &[0xff; 8],
                "18446744073709551615",
            ),
            (
                "i64",
                "-9223372036854775808",
                &[0x80, 0, 0, 0, 0, 0, 0, 0],
                "-9223372036854775808",
            ),
            ("f32", "1.5", &[0x3f, 0xc0, 0, 0], "1.5"),
            ("f64le", "-0.25", &[0, 0, 0, 0, 0, 0, 0xd0, 0xbf], "-0.25"),
        ] {
            let kind = of(name);
            assert_eq!(kind.read(text).as_deref(), Some(bytes), "{name}");
            assert_eq!(kind.shown(bytes).as_deref(), Some(shown), "{name}");
        }
        for (name, text) in [
            ("u8", "256"),
            ("u8", "-1"),
            ("i8", "128"),
            ("u16", "x"),
            ("u16", ""),
        ] {
            assert_eq!(of(name).read(text), None, "{name} {text}");
        }
    }

    #[test]
    fn what_is_shown_is_read_again() {
        for kind in Binary::ALL {
            for seed in 0..200u8 {
                let bytes: Vec<u8> = (0..kind.width)
                    .map(|at| {
                        seed.wrapping_mul(37)
                            .wrapping_add((at as u8).wrapping_mul(91))
                    })
                    .collect();
                let shown = kind.shown(&bytes).expect("as many bytes");
                // Of numbers that are none there are many, and one way to write them.
                if shown != "NaN" {
                    assert_eq!(kind.read(&shown), Some(bytes), "{} {shown}", kind.name);
                }
            }
        }
    }
}
