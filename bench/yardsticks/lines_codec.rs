//! cargo run --release --manifest-path bench/Cargo.toml --bin lines-codec -- PORT
//!
//! The line server that tokio's examples lead to: `LinesCodec`, a task a client, a write a line.
//! No limits, no deadlines, no counting; it answers as `otherend serve` does.

use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LinesCodec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).ok_or("give a port")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(answer(stream));
        }
    })
}

async fn answer(stream: TcpStream) {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(64 * 1024));
    while let Some(Ok(line)) = lines.next().await {
        if lines.send(format!("From server -> {line}")).await.is_err() {
            return;
        }
    }
}
