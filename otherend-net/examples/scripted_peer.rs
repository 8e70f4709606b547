//! cargo run -p otherend-net --example scripted_peer
//!
//! The other end of a client under test: says fixed answers to fixed lines, and tells afterwards
//! what it was asked. In a test of yours this stands in place of the real server.

use std::sync::mpsc;

use otherend_net::core::{AnyBehaviour, Behaviour, Flow, Replies};
use otherend_net::{Client, ConnectOptions, Engine, Received, Server, ServerConfig};

/// What to answer to which line; anything else is an error that the client sees.
const SCRIPT: [(&[u8], &[u8]); 2] = [(b"PING", b"PONG"), (b"TIME", b"12:00")];

struct Scripted {
    asked: mpsc::Sender<String>,
}

impl Behaviour for Scripted {
    fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
        // Nobody may be listening any more: the test is over.
        let _ = self.asked.send(String::from_utf8_lossy(line).into_owned());
        match SCRIPT.iter().find(|(question, _)| *question == line) {
            Some((_, answer)) => replies.message(answer),
            None => replies.prefixed(b"ERR not in the script: ", line),
        }
        Flow::Continue
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (asked, questions) = mpsc::channel();
    let scripted = move |_: &_| {
        AnyBehaviour::custom(Scripted {
            asked: asked.clone(),
        })
    };
    let mut config = ServerConfig::default();
    config.engine = Engine::Single;
    // Port 0: tests can run side by side.
    let server = Server::bind(&["127.0.0.1:0".parse()?], config, scripted)?.start()?;

    // The client under test.
    let mut client = Client::connect(&server.addresses()[0], &ConnectOptions::default())?;
    client.say(b"PING")?;
    assert_eq!(client.receive(), Received::Line(b"PONG".to_vec()));
    client.say(b"DATE")?;
    assert_eq!(
        client.receive(),
        Received::Line(b"ERR not in the script: DATE".to_vec())
    );

    // What it asked. Dropping the server stops it.
    assert_eq!(questions.try_iter().collect::<Vec<_>>(), ["PING", "DATE"]);
    Ok(())
}
