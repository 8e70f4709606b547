//! What happens at a server's door.

use std::io;

use otherend_core::Address;

use super::Refusal;

/// Something that happened before a conversation could begin.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// A peer was turned away with one line.
    Refused {
        /// Where it came from.
        address: &'a Address,
        /// Why.
        refusal: Refusal,
    },
    /// A connection could not be accepted or carried; the next attempt comes by itself.
    AcceptFailed {
        /// What the system said.
        error: &'a io::Error,
    },
    /// A reply to somebody did not leave; see [`Stats::withheld`](crate::Stats::withheld).
    Withheld {
        /// To whom it was.
        address: &'a Address,
        /// What the system said; `None`: it would have been longer than what was asked.
        error: Option<&'a io::Error>,
    },
    /// A connection reached itself and was closed.
    SelfConnect {
        /// Its address, on both ends.
        address: &'a Address,
    },
}

/// A [`Notice`] with all that belongs to it, for watchers that look later.
#[derive(Debug)]
pub struct OwnedNotice(Kept);

/// One variant for each of [`Notice`]'s, which says what they mean.
#[derive(Debug)]
enum Kept {
    Refused(Address, Refusal),
    AcceptFailed(io::Error),
    Withheld(Address, Option<io::Error>),
    SelfConnect(Address),
}

impl OwnedNotice {
    /// The notice, as it was.
    #[must_use]
    pub fn as_notice(&self) -> Notice<'_> {
        match &self.0 {
            &Kept::Refused(ref address, refusal) => Notice::Refused { address, refusal },
            Kept::AcceptFailed(error) => Notice::AcceptFailed { error },
            Kept::Withheld(address, error) => Notice::Withheld {
                address,
                error: error.as_ref(),
            },
            Kept::SelfConnect(address) => Notice::SelfConnect { address },
        }
    }
}

impl From<&Notice<'_>> for OwnedNotice {
    fn from(notice: &Notice<'_>) -> Self {
        OwnedNotice(match *notice {
            Notice::Refused { address, refusal } => Kept::Refused(address.clone(), refusal),
            Notice::AcceptFailed { error } => Kept::AcceptFailed(same(error)),
            Notice::Withheld { address, error } => Kept::Withheld(address.clone(), error.map(same)),
            Notice::SelfConnect { address } => Kept::SelfConnect(address.clone()),
        })
    }
}

/// An error that says the same: none can be copied.
fn same(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_happened() {
        let address = &Address::Unnamed;
        let error = &io::Error::from_raw_os_error(24);
        let all = [
            Notice::Refused {
                address,
                refusal: Refusal::Full,
            },
            Notice::AcceptFailed { error },
            Notice::Withheld {
                address,
                error: Some(error),
            },
            Notice::SelfConnect { address },
        ];
        for notice in all {
            let kept = OwnedNotice::from(&notice);
            assert_eq!(format!("{:?}", kept.as_notice()), format!("{notice:?}"));
        }
    }
}
