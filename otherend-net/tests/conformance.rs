//! The promises, over real sockets: every case on every engine from one list.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

/// One test a case, engine and kind of stream, so that a failure names all three. `for_many` lists
/// the cases in which several conversations go on at once, which is not for the engine that has one
/// at a time. What stands behind `over_tcp` needs something that only TCP has: an address, a reset
/// that is heard, a packet that is lost.
macro_rules! on_engines {
    (
        for_all: $($case:ident)*; for_many: $($many:ident)*
        $(; over_tcp for_all: $($tcp:ident)*; for_many: $($tcp_many:ident)*)?
    ) => {
        on_engines! { @tcp $($case)* $($($tcp)*)?; $($many)* $($($tcp_many)*)? }
        mod single_unix {
            $(#[test] fn $case() {
                super::super::stage::over_unix(|| super::$case(otherend_net::Engine::Single));
            })*
        }
        mod threads_unix {
            $(#[test] fn $case() {
                super::super::stage::over_unix(|| super::$case(otherend_net::Engine::Threads));
            })*
            $(#[test] fn $many() {
                super::super::stage::over_unix(|| super::$many(otherend_net::Engine::Threads));
            })*
        }
        #[cfg(feature = "tokio")]
        mod tasks_unix {
            $(#[test] fn $case() {
                super::super::stage::over_unix(|| super::$case(otherend_net::Engine::Async));
            })*
            $(#[test] fn $many() {
                super::super::stage::over_unix(|| super::$many(otherend_net::Engine::Async));
            })*
        }
    };
    (@tcp $($case:ident)*; $($many:ident)*) => {
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
