//! Short stretches of bytes, copied and compared without a call.
//!
//! A line and the parts of a line are mostly shorter than 64 bytes, and calling `memcpy` or
//! `memcmp` for them costs more than the work: two overlapping accesses of a fixed size cover any
//! such length.

/// Copy `from` into `to`, which has the same length.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    let done = match from.len() {
        // Mostly a terminator.
        1 => copy_ends::<1>(to, from),
        2 => copy_ends::<2>(to, from),
        8..16 => copy_ends::<8>(to, from),
        16..32 => copy_ends::<16>(to, from),
        32..64 => copy_ends::<32>(to, from),
        _ => false,
    };
    if !done {
        to.copy_from_slice(from);
    }
}

#[inline]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    let Some(start) = to.first_chunk_mut::<N>() else {
        return false;
    };
    *start = *first;
    let Some(end) = to.last_chunk_mut::<N>() else {
        return false;
    };
    *end = *last;
    true
}

/// `a` and `b` are the same bytes.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            0..4 => a.iter().eq(b),
            4..8 => same_ends::<4>(a, b),
            8..16 => same_ends::<8>(a, b),
            16..32 => same_ends::<16>(a, b),
            32..64 => same_ends::<32>(a, b),
            _ => a == b,
        }
}

#[inline]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<N>() == b.first_chunk::<N>() && a.last_chunk::<N>() == b.last_chunk::<N>()
}

/// What stands between `before` and `after`, if `text` begins and ends with them.
#[inline]
pub(crate) fn between<'t>(text: &'t [u8], before: &[u8], after: &[u8]) -> Option<&'t [u8]> {
    let (head, rest) = text.split_at_checked(before.len())?;
    let (inside, tail) = rest.split_at_checked(rest.len().checked_sub(after.len())?)?;
    (same(tail, after) && same(head, before)).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_whole() {
        let from: Vec<u8> = (0..100).collect();
        for length in 0..from.len() {
            let mut to = vec![0xee; length];
            copy(&mut to, &from[..length]);
            assert_eq!(to, from[..length]);
        }
    }

    #[test]
    fn every_byte_of_every_length_is_compared() {
        let a: Vec<u8> = (0..100).collect();
        for length in 0..a.len() {
            let mut b = a[..length].to_vec();
            assert!(same(&a[..length], &b));
            assert!(!same(&a[..=length], &b));
            for at in 0..length {
                b[at] ^= 1;
                assert!(!same(&a[..length], &b), "byte {at} of {length}");
                b[at] ^= 1;
            }
        }
    }

    #[test]
    fn what_stands_between_is_never_part_of_both() {
        assert_eq!(between(b"ab-cd\n", b"ab", b"\n"), Some(&b"-cd"[..]));
        assert_eq!(between(b"ab\n", b"ab", b"\n"), Some(&b""[..]));
        assert_eq!(between(b"a-a", b"a-", b"-a"), None);
        assert_eq!(between(b"a", b"ab", b""), None);
        assert_eq!(between(b"ab\n", b"b", b"\n"), None);
        assert_eq!(between(b"ab\r", b"ab", b"\n"), None);
    }
}
