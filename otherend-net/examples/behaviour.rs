//! cargo run -p otherend-net --example behaviour
//!
//! A behaviour of your own: greets, counts the lines of each peer, and ends at the third.

use otherend_net::core::{AnyBehaviour, Behaviour, Flow, Replies};
use otherend_net::{Engine, Server, ServerConfig};

struct ThreeLines {
    heard: u32,
}

impl Behaviour for ThreeLines {
    fn on_open(&mut self, replies: &mut Replies<'_>) -> Flow {
        replies.message(b"220 you may say three lines");
        Flow::Continue
    }

    fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
        self.heard += 1;
        replies.prefixed(format!("{}: ", self.heard).as_bytes(), line);
        if self.heard == 3 {
            replies.message(b"221 that was all");
            return Flow::FinishAfterReplies;
        }
        Flow::Continue
    }
}

#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = ServerConfig::default();
    config.engine = Engine::Threads;
    let counting = |_peer: &_| AnyBehaviour::custom(ThreeLines { heard: 0 });
    let server = Server::bind(&["127.0.0.1:8080".parse()?], config, counting)?;
    println!("listening on {}", server.addresses()[0]);
    server.serve()?;
    Ok(())
}
