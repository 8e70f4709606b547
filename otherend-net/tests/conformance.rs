//! The promises, over real sockets: every case on every engine from one list.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

/// One test a case and engine, so that a failure names both. `for_many` lists the cases in which
/// several conversations go on at once, which is not for the engine that has one at a time.
macro_rules! on_engines {
    (for_all: $($case:ident)*; for_many: $($many:ident)*) => {
        mod single {
            $(#[test] fn $case() { super::$case(otherend_net::Engine::Single); })*
        }
        mod threads {
            $(#[test] fn $case() { super::$case(otherend_net::Engine::Threads); })*
            $(#[test] fn $many() { super::$many(otherend_net::Engine::Threads); })*
        }
        #[cfg(feature = "tokio")]
        mod tasks {
            $(#[test] fn $case() { super::$case(otherend_net::Engine::Async); })*
            $(#[test] fn $many() { super::$many(otherend_net::Engine::Async); })*
        }
    };
}

#[path = "conformance/actor.rs"]
mod actor;
#[path = "conformance/bad_peers.rs"]
mod bad_peers;
#[path = "conformance/crowd.rs"]
mod crowd;
#[cfg(target_os = "linux")]
#[path = "conformance/dead_peers.rs"]
mod dead_peers;
#[path = "conformance/door.rs"]
mod door;
#[path = "conformance/endings.rs"]
mod endings;
#[path = "conformance/floods.rs"]
mod floods;
#[path = "conformance/lines.rs"]
mod lines;
#[path = "conformance/panics.rs"]
mod panics;
#[path = "conformance/stage.rs"]
mod stage;
#[path = "conformance/stopping.rs"]
mod stopping;
#[path = "conformance/transcripts.rs"]
mod transcripts;
