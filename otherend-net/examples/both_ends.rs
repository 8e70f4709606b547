//! cargo run -p otherend-net --features tokio --example both_ends
//!
//! Both ends in one process: over loopback with an async client, and in memory without a socket,
//! where a link of your making and a clock turned by hand decide what happens.

use std::sync::Arc;
use std::time::Duration;

use otherend_net::core::{AnyBehaviour, Conversation, Echo, EndReason, Settings, Sink, Time};
use otherend_net::{AsyncClient, ConnectOptions, Received, Server, ServerConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    over_loopback().await?;
    in_memory();
    Ok(())
}

async fn over_loopback() -> Result<(), Box<dyn std::error::Error>> {
    let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
    let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?.start()?;
    let mut client =
        AsyncClient::connect(&server.addresses()[0], &ConnectOptions::default()).await?;
    client.say(b"hello").await?;
    assert_eq!(
        client.receive().await,
        Received::Line(b"From server -> hello".to_vec())
    );
    client.finish_saying();
    assert_eq!(
        client.receive().await,
        Received::Ended(EndReason::PeerFinished)
    );
    Ok(())
}

fn in_memory() {
    let start = Time::ZERO;
    let (serving, saying) = (Arc::new(Settings::server()), Arc::new(Settings::client()));
    let mut server = Conversation::new(serving, AnyBehaviour::Echo(Echo::default()), start);
    let mut client = Conversation::new(saying, AnyBehaviour::Sink(Sink), start);
    client.say(start, b"hello");
    server.receive(start, client.unsent());
    assert_eq!(server.unsent(), b"From server -> hello\n");
    server.sent(start, server.unsent().len());

    // Eleven minutes pass in no time.
    server.tick(start + Duration::from_secs(660));
    assert_eq!(server.unsent(), b"ERR idle\n");
    assert_eq!(server.reason(), Some(EndReason::Idle));
}
