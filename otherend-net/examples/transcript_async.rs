//! cargo run -p otherend-net --features tokio --example transcript_async
//!
//! In an async test: a transcript is the server for a client of yours, and the client for a server.

use std::sync::Arc;

use otherend_net::core::transcript::{Outcome, Plan, Transcript};
use otherend_net::play::{Mock, PlayOptions, play_async};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// In a test of yours: `include_bytes!("shop.talk")`.
const SHOP: &[u8] = b"\
otherend talk 1

C: BUY {{what:word=tea}}
S: 250 {{what}} is yours, order {{order:int=7}}
S! close
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = Arc::new(Plan::new(Transcript::parse(SHOP)?));

    // The client under test talks to a mock.
    let mock = Mock::start(Arc::clone(&plan))?;
    let mut client = BufReader::new(TcpStream::connect(mock.address()).await?);
    client.write_all(b"BUY coffee\n").await?;
    let mut answer = String::new();
    client.read_line(&mut answer).await?;
    assert_eq!(answer, "250 coffee is yours, order 7\n");
    drop(client);
    assert_eq!(mock.finish_async().await, []);

    // The server under test, here another mock, is checked line by line.
    let server = Mock::start(Arc::clone(&plan))?;
    let outcome = play_async(plan, server.address().into(), PlayOptions::default()).await?;
    assert_eq!(outcome, Outcome::Passed);
    Ok(())
}
