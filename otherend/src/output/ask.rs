//! The first question, as the course's programs asked it: which address?

use std::io::{Read, Write};

use otherend_net::Endpoint;

use crate::args::address;
use crate::exit::Failure;
use crate::output::stdio;

/// Ask for an address on the terminal; blank means the default, and what is no address is
/// explained and asked again. Without a terminal the default is taken and said.
pub(crate) fn endpoint(question: &str) -> anyhow::Result<Endpoint> {
    let mut stderr = stdio::stderr();
    let default = Endpoint::DEFAULT;
    if !stdio::stdin().is_terminal() {
        writeln!(stderr, "* no terminal to ask on: {default}")?;
        return Ok(default);
    }
    loop {
        write!(stderr, "{question} [{default}]: ")?;
        stderr.flush()?;
        // A terminal gives one line at a time, of at most 4095 bytes: what is typed ahead is left to
        // whoever reads next.
        let mut answer = vec![0; 4096];
        let length = stdio::stdin().read(&mut answer)?;
        answer.truncate(length);
        if length == 0 {
            // The cursor still stands behind the question.
            writeln!(stderr)?;
            return Err(Failure::Usage("no address was given".into()).into());
        }
        match String::from_utf8_lossy(&answer).trim().parse() {
            Ok(endpoint) => return Ok(endpoint),
            Err(error) => {
                let complaint = address::complaint(&error, address::Transports::TcpOrUdp);
                writeln!(stderr, "* {complaint}")?;
            }
        }
    }
}
