//! The first question, as the course's programs asked it: which address?

use std::io::{self, BufRead, IsTerminal, Write};

use otherend_net::Endpoint;

use crate::args::address;
use crate::exit::Failure;

/// Ask for an address on the terminal; blank means the default, and what is no address is
/// explained and asked again. Without a terminal the default is taken and said.
pub(crate) fn endpoint(question: &str) -> anyhow::Result<Endpoint> {
    let mut stderr = anstream::stderr();
    let default = Endpoint::DEFAULT;
    if !io::stdin().is_terminal() {
        writeln!(stderr, "* no terminal to ask on: {default}")?;
        return Ok(default);
    }
    let mut lines = io::stdin().lock();
    loop {
        write!(stderr, "{question} [{default}]: ")?;
        stderr.flush()?;
        // Bounded by the terminal: a line of it has at most 4095 bytes.
        let mut answer = Vec::new();
        if lines.read_until(b'\n', &mut answer)? == 0 {
            // The cursor still stands behind the question.
            writeln!(stderr)?;
            return Err(Failure::Usage("no address was given".into()).into());
        }
        match String::from_utf8_lossy(&answer).trim().parse() {
            Ok(endpoint) => return Ok(endpoint),
            Err(error) => {
                let complaint = address::complaint(&error, address::Over::TcpOrUdp);
                writeln!(stderr, "* {complaint}")?;
            }
        }
    }
}
