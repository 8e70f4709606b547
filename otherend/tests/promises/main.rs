//! The promises that only a whole process can keep: memory, descriptors, signals, the screen.
//!
//! Each runs the program once for each engine. Where a tool (`prlimit`, `strace`) or a right is
//! missing, a test says so and passes; with `OTHEREND_CI=1` in the environment the tools must be
//! there.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

/// One test a case and engine, so that a failure names both.
macro_rules! on_engines {
    ($($case:ident)*) => {
        mod single {
            $(#[test] fn $case() { super::$case("single"); })*
        }
        mod threads {
            $(#[test] fn $case() { super::$case("threads"); })*
        }
        mod tasks {
            $(#[test] fn $case() { super::$case("async"); })*
        }
    };
}

mod crowds;
mod descriptors;
mod faults;
#[path = "../peers/installed.rs"]
mod installed;
mod memory;
mod pauses;
mod screen;
mod served;
mod soak;
mod stop;
mod transcripts;
