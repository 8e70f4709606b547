//! cargo run -p otherend-net --example transcript
//!
//! A transcript as the mock server of one test, and as the client that checks a server.

use std::sync::Arc;

use otherend_net::core::transcript::{Outcome, Plan, Transcript};
use otherend_net::play::{Mock, PlayOptions, play};
use otherend_net::{Client, ConnectOptions, Received};

/// In a test of yours: `include_bytes!("shop.talk")`.
const SHOP: &[u8] = b"\
otherend talk 1
eol      crlf

C: BUY {{what:word=tea}}
S: 250 {{what}} is yours, order {{order:int=7}}
S! close
";

#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = Arc::new(Plan::new(Transcript::parse(SHOP)?));

    // The client under test talks to a mock.
    let mock = Mock::start(Arc::clone(&plan))?;
    let mut client = Client::connect(mock.address(), &ConnectOptions::default())?;
    client.say(b"BUY coffee")?;
    let answer = b"250 coffee is yours, order 7".to_vec();
    assert_eq!(client.receive(), Received::Line(answer));
    drop(client);
    assert_eq!(mock.finish(), []);

    // The server under test, here another mock, is checked line by line.
    let server = Mock::start(Arc::clone(&plan))?;
    match play(plan, &server.address().into(), &PlayOptions::default())? {
        Outcome::Passed => println!("the server does as the transcript says"),
        Outcome::Failed(mismatch) => println!("{}", mismatch.render("shop.talk")),
    }
    Ok(())
}
