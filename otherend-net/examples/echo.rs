//! cargo run -p otherend-net --features tokio --example echo -- 127.0.0.1:8080
//!
//! The whole server of the course: says back every line behind a prefix, all limits on.

use otherend_net::core::{AnyBehaviour, Echo};
use otherend_net::{Server, ServerConfig};

#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8080".into())
        .parse()?;
    let echo = Echo::default();
    let server = Server::bind(&[address], ServerConfig::default(), move |_peer| {
        AnyBehaviour::Echo(echo.clone())
    })?;
    println!("listening on {}", server.addresses()[0]);
    server.serve()?;
    Ok(())
}
