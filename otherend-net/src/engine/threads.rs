//! `threads`: one thread for each client.

use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use super::{Buffers, blocking};
use crate::accept::Acceptor;
use crate::conversations::Conversations;
use crate::registry::Admitted;

/// Room for a behaviour of some depth; the buffers are not on the stack.
const STACK: usize = 256 * 1024;

/// Serve until the server stops.
pub(crate) fn serve(acceptor: &mut Acceptor, conversations: &Arc<Conversations>) {
    acceptor.run(&mut |stream, admitted| start(stream, admitted, Arc::clone(conversations)));
}

fn start(stream: TcpStream, admitted: Admitted, conversations: Arc<Conversations>) {
    let shared = Arc::clone(&admitted.shared);
    let name = format!("peer {}", admitted.member.peer.number);
    // `thread::spawn` would panic when there are no threads left.
    let started = thread::Builder::new()
        .name(name)
        .stack_size(STACK)
        .spawn(move || blocking::carry(stream, admitted, &conversations, &mut Buffers::new()));
    if let Err(error) = started {
        shared.accept_failed(&error);
    }
}
