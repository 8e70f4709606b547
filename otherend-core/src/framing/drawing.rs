//! A frame as a drawing: so far the numbers and checksums that stand in one.

mod crcs;
mod number;
mod sum;
