//! The one place that knows the operating system: waiting, waking, limits, memory, the clock.

pub(crate) mod bell;
pub(crate) mod clock;
pub(crate) mod errors;
pub(crate) mod files;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod poll;
