//! cargo run -p otherend-net --example udp_echo
//!
//! An echo server for datagrams on 127.0.0.1:8080. Try it with `nc -u 127.0.0.1 8080`. It serves
//! until it is killed; see `graceful_stop` for a server that ends in order.
#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use otherend_net::core::{AnyBehaviour, Echo};
use otherend_net::{Server, ServerConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = "udp://127.0.0.1:8080".parse()?;
    let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
    let server = Server::bind(&[address], ServerConfig::default(), echo)?;
    println!("taking datagrams on {}", server.addresses()[0]);
    server.serve()?;
    Ok(())
}
