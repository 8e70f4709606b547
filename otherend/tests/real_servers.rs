//! Real servers and their real clients: recorded through a tap, generalised, played, mocked.
//!
//! A test whose programs are not installed says so and passes, unless `OTHEREND_CI=1` demands
//! them. `OTHEREND_KEEP=1` writes what was recorded and generalised to `transcripts/`, where the
//! other tests read it too.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]

#[path = "cli/program.rs"]
mod program;

mod real_servers {
    mod case;
    mod mailbox;
    mod memcached;
    mod nats;
    mod redis;
    mod server;
    mod smtp;
}
