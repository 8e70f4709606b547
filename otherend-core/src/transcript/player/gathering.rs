//! A turn of the peer that is heard to its end because it does not fit.

use crate::Time;

/// A turn that does not fit, while it is heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gathering {
    /// When it was found not to fit.
    pub(super) since: Time,
    /// When something was heard last.
    pub(super) heard: Time,
}
