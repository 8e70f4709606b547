//! cargo run -p otherend-net --example graceful_stop
//!
//! Stops a server in the middle of a conversation: the line that has begun is finished and
//! answered, the idle peer is closed at once, and the report tells both.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use otherend_net::core::{AnyBehaviour, Echo, EndReason};
use otherend_net::{Client, ConnectOptions, Engine, Received, Server, ServerConfig};

#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = ServerConfig::default();
    config.engine = Engine::Threads;
    config.drain_timeout = Duration::from_secs(5);
    let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
    let server = Server::bind(&["127.0.0.1:0".parse()?], config, echo)?.start()?;
    let address = server.addresses()[0].clone();

    let mut idle = Client::connect(&address, &ConnectOptions::default())?;
    idle.say(b"here")?;
    let answer = Received::Line(b"From server -> here".to_vec());
    assert_eq!(idle.receive(), answer);
    let mut busy = TcpStream::connect(&address)?;
    busy.write_all(b"here\none last ques")?;
    let mut answer = [0; 20];
    busy.read_exact(&mut answer)?;

    // A handle lists who is here, speaks to one, closes one, and stops all, from any thread.
    let handle = server.handle();
    handle.drain();
    assert_eq!(idle.receive(), Received::Ended(EndReason::PeerFinished));
    busy.write_all(b"tion\n")?;
    let mut heard = String::new();
    busy.read_to_string(&mut heard)?;
    assert_eq!(heard, "From server -> one last question\n");
    drop(busy);

    let report = server.drain();
    println!(
        "{} finished, {} idle, {} cut off",
        report.finished, report.idle_closed, report.aborted
    );
    Ok(())
}
