//! The program on a machine whose network is known: in a network namespace of its own.
//!
//! Needs root, `ip` and `unshare`; says so and passes without root. With `OTHEREND_CI=1` in the
//! environment the tools must be there.
#![cfg(target_os = "linux")]

mod staged {
    mod connect;
    #[path = "../peers/installed.rs"]
    mod installed;
    mod interfaces;
    #[path = "../cli/program.rs"]
    mod program;
    mod stage;
}
