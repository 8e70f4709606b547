//! `threads`: one thread for each client.

use std::sync::{Arc, Mutex};
use std::thread;

use super::blocking;
use super::conversations::Conversations;
use super::desk::{Desk, Shelf};
use crate::accept::acceptor::Acceptor;
use crate::accept::doorstep::tell;
use crate::hub::admitted::Admitted;
use crate::stream::Stream;

/// Room for a behaviour of some depth; the buffers are not on the stack.
const STACK: usize = 256 * 1024;

/// Serve until the server stops.
pub(crate) fn serve(acceptor: &mut Acceptor, conversations: &Arc<Conversations>) {
    let shelf = Arc::new(Shelf::new());
    acceptor.run(&mut |stream, admitted| {
        let Some(handler) = conversations.handler(&admitted.guest.peer) else {
            return;
        };
        let (conversations, shelf) = (Arc::clone(conversations), Arc::clone(&shelf));
        start(stream, admitted, move |stream, admitted| {
            let mut desk = Desk::beside(&shelf);
            blocking::carry(stream, admitted, &conversations, handler, &mut desk);
        });
    });
}

/// Let `carry` run in a thread of its own. Without one the peer is told that the server is full.
pub(crate) fn start(
    stream: Stream,
    admitted: Admitted,
    carry: impl FnOnce(Stream, Admitted) + Send + 'static,
) {
    let hub = Arc::clone(&admitted.hub);
    let name = format!("peer {}", admitted.guest.peer.number);
    // What a thread that does not start was given is gone: the stream is fetched by who needs it.
    let kept = Arc::new(Mutex::new(Some(stream)));
    let fetch = |kept: &Mutex<Option<Stream>>| kept.lock().ok()?.take();
    let inside = Arc::clone(&kept);
    // `thread::spawn` would panic when there are no threads left.
    let started = thread::Builder::new()
        .name(name)
        .stack_size(STACK)
        .spawn(move || {
            if let Some(stream) = fetch(&inside) {
                carry(stream, admitted);
            }
        });
    if let Err(error) = started {
        hub.accept_failed(&error);
        hub.counters.refused(hub.full);
        if let Some(stream) = fetch(&kept) {
            tell(&stream, hub.full.line());
        }
    }
}
