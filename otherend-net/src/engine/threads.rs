//! `threads`: one thread for each client.

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
    acceptor.run(&mut |stream, admitted| {
        let conversations = Arc::clone(conversations);
        start(admitted, move |admitted| {
            blocking::carry(stream, admitted, &conversations, &mut Buffers::new());
        });
    });
}

/// Let `carry` run in a thread of its own.
pub(crate) fn start(admitted: Admitted, carry: impl FnOnce(Admitted) + Send + 'static) {
    let shared = Arc::clone(&admitted.shared);
    let name = format!("peer {}", admitted.member.peer.number);
    // `thread::spawn` would panic when there are no threads left.
    let started = thread::Builder::new()
        .name(name)
        .stack_size(STACK)
        .spawn(move || carry(admitted));
    if let Err(error) = started {
        shared.accept_failed(&error);
    }
}
