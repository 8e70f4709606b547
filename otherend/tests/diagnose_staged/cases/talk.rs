//! Accepted, and then: nothing, an end, another protocol, a strange reply.

use std::time::Duration;

use super::{fails, served, served_here, works};
use crate::peers;
use crate::run::Case;

const EXPECTING: &[&str] = &["--say", "HELLO", "--expect", "250"];
const HELLO: &[&str] = &["--say", "HELLO"];

pub(super) const CASES: &[Case] = &[
    works("echoes lines", &[], || served(peers::echo).with(HELLO)),
    works(
        "accepts and is silent",
        &["silent", "server-stopped", "not-accepting"],
        || served(peers::silent),
    ),
    works("accepts and is silent, asked there", &["silent"], || {
        served_here(peers::silent)
    }),
    fails(
        "does not answer the line, asked there",
        &["silent", "slow"],
        || served_here(peers::silent).with(HELLO),
    ),
    works("answers after 2.5 s", &["slow"], || {
        served(|stream| peers::slow(stream, Duration::from_millis(2500))).with(EXPECTING)
    }),
    works("answers after 7 s", &["slow"], || {
        served(|stream| peers::slow(stream, Duration::from_secs(7))).with(EXPECTING)
    }),
    works("greets with 4,100 bytes", &[], || served(peers::talkative)),
    works("answers with a line of 300,000 bytes", &[], || {
        served(peers::long_line).with(HELLO)
    }),
    works("says lines for ever", &[], || served(peers::endless)),
    works("prompts", &["line-unfinished", "not-flushed"], || {
        served(peers::prompting)
    }),
    fails(
        "accepts and closes",
        &[
            "closes-at-once",
            "not-allowed",
            "server-full",
            "backend-down",
        ],
        || served(peers::closing),
    ),
    fails(
        "accepts and resets",
        &[
            "resets-at-once",
            "not-allowed",
            "server-full",
            "backend-down",
        ],
        || served(peers::resetting),
    ),
    works("SSH on the port", &["other-protocol"], || {
        served(peers::ssh)
    }),
    fails("SSH on the port, a line said", &["other-protocol"], || {
        served(peers::ssh).with(HELLO)
    }),
    fails("HTTP on the port", &["other-protocol"], || {
        served(peers::http).with(HELLO)
    }),
    works(
        "HTTP on the port, nothing said",
        &["other-protocol"],
        || served(peers::http),
    ),
    fails(
        "plain port spoken TLS, ends",
        &["plain-expected", "closes-at-once"],
        || served(peers::echo).with(&["--tls"]),
    ),
    fails(
        "replies are not flushed",
        &["not-flushed", "waits-for-end"],
        || served(peers::not_flushing).with(HELLO),
    ),
    fails(
        "reply never ends its line",
        &["line-unfinished", "not-flushed"],
        || served(peers::unfinished).with(HELLO),
    ),
    fails("server wants CR LF", &["crlf-expected"], || {
        served(peers::strict).with(HELLO)
    }),
    fails("another reply than expected", &["reply-differs"], || {
        served(peers::echo).with(&["--say", "HELLO", "--expect", "210"])
    }),
];
