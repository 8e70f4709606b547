//! Bodies that are escaped, so that what ends them cannot stand in them.

use crate::framing::drawing::Body;

/// RFC 1055: the end of a frame, and what stands for it and for the escape itself.
mod slip {
    pub(super) const END: u8 = 0xc0;
    pub(super) const ESC: u8 = 0xdb;
    pub(super) const ESC_END: u8 = 0xdc;
    pub(super) const ESC_ESC: u8 = 0xdd;
}

/// Append what `written` means to `out`. `false`: it holds an escape that there is not.
pub(super) fn unescape(body: Body, written: &[u8], out: &mut Vec<u8>) -> bool {
    match body {
        Body::Plain | Body::Fixed(_) => {
            out.extend_from_slice(written);
            true
        }
        Body::Slip => unslip(written, out),
        Body::Cobs => uncobs(written, out),
        Body::Dot => {
            undot(written, out);
            true
        }
    }
}

/// Append `body` as it is written to `out`.
pub(super) fn escape(kind: Body, body: &[u8], out: &mut Vec<u8>) {
    match kind {
        Body::Plain | Body::Fixed(_) => out.extend_from_slice(body),
        Body::Slip => {
            for byte in body {
                match *byte {
                    slip::END => out.extend_from_slice(&[slip::ESC, slip::ESC_END]),
                    slip::ESC => out.extend_from_slice(&[slip::ESC, slip::ESC_ESC]),
                    byte => out.push(byte),
                }
            }
        }
        Body::Cobs => cobs(body, out),
        Body::Dot => {
            for line in body.split_inclusive(|b| *b == b'\n') {
                if line.starts_with(b".") {
                    out.push(b'.');
                }
                out.extend_from_slice(line);
            }
        }
    }
}

fn unslip(written: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bytes = written.iter();
    while let Some(byte) = bytes.next() {
        let meant = match *byte {
            slip::ESC => match bytes.next() {
                Some(&slip::ESC_END) => slip::END,
                Some(&slip::ESC_ESC) => slip::ESC,
                _ => return false,
            },
            byte => byte,
        };
        out.push(meant);
    }
    true
}

/// Each block begins with how far it is to the next zero, which is not written.
///
/// ```text
/// 11 22 00 33      becomes   03 11 22 02 33
/// 254 others       become    ff and they: a block of ff has no zero behind it
/// ```
fn cobs(body: &[u8], out: &mut Vec<u8>) {
    let mut code_at = out.len();
    out.push(1);
    for (at, byte) in body.iter().enumerate() {
        if *byte != 0 {
            out.push(*byte);
            out[code_at] += 1;
        }
        // A full block at the very end needs no other one behind it.
        let is_full = out[code_at] == 0xff && at + 1 < body.len();
        if *byte == 0 || is_full {
            code_at = out.len();
            out.push(1);
        }
    }
}

fn uncobs(written: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = written;
    while let Some((code, behind)) = rest.split_first() {
        let length = usize::from(*code) - usize::from(*code > 0);
        let Some((block, behind)) = behind.split_at_checked(length) else {
            return false;
        };
        out.extend_from_slice(block);
        rest = behind;
        if *code < 0xff && !rest.is_empty() {
            out.push(0);
        }
    }
    !written.is_empty()
}

fn undot(written: &[u8], out: &mut Vec<u8>) {
    for line in written.split_inclusive(|b| *b == b'\n') {
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn both_ways(kind: Body, body: &[u8], written: &[u8]) {
        let mut out = Vec::new();
        escape(kind, body, &mut out);
        assert_eq!(out, written);
        let mut back = Vec::new();
        assert!(unescape(kind, written, &mut back));
        assert_eq!(back, body);
    }

    #[test]
    fn slip_is_that_of_rfc_1055() {
        both_ways(Body::Slip, b"a\xc0b\xdbc", b"a\xdb\xdcb\xdb\xddc");
        both_ways(Body::Slip, b"", b"");
        assert!(!unescape(Body::Slip, b"a\xdb", &mut Vec::new()));
        assert!(!unescape(Body::Slip, b"\xdba", &mut Vec::new()));
    }

    #[test]
    fn cobs_is_that_of_its_paper() {
        both_ways(Body::Cobs, b"", &[1]);
        both_ways(Body::Cobs, &[0], &[1, 1]);
        both_ways(Body::Cobs, &[0, 0], &[1, 1, 1]);
        both_ways(
            Body::Cobs,
            &[0x11, 0x22, 0, 0x33],
            &[3, 0x11, 0x22, 2, 0x33],
        );
        both_ways(Body::Cobs, &[0x11, 0, 0, 0], &[2, 0x11, 1, 1, 1]);
        let long: Vec<u8> = (1..=254).collect();
        both_ways(Body::Cobs, &long, &[&[0xff], &long[..]].concat());
        let longer: Vec<u8> = (1..=255).collect();
        both_ways(
            Body::Cobs,
            &longer,
            &[&[0xff], &longer[..254], &[2, 0xff]].concat(),
        );
        let zero_behind = [&long[..], &[0]].concat();
        both_ways(
            Body::Cobs,
            &zero_behind,
            &[&[0xff], &long[..], &[1, 1]].concat(),
        );
        assert!(!unescape(Body::Cobs, &[5, 1, 2], &mut Vec::new()));
        assert!(!unescape(Body::Cobs, &[], &mut Vec::new()));
    }

    #[test]
    fn dots_are_those_of_rfc_5321() {
        both_ways(Body::Dot, b"a\r\n.\r\n..b\r\n", b"a\r\n..\r\n...b\r\n");
        both_ways(Body::Dot, b".", b"..");
    }
}
