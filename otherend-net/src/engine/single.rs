//! `single`: one client at a time in the calling thread; the others wait their turn in the backlog.

use super::blocking;
use super::conversations::Conversations;
use super::desk::Desk;
use crate::accept::acceptor::Acceptor;

/// Serve until the server stops.
pub(crate) fn serve(acceptor: &mut Acceptor, conversations: &Conversations) {
    let mut desk = Desk::default();
    acceptor.run(&mut |stream, admitted| {
        if let Some(handler) = conversations.handler(&admitted.guest.peer) {
            blocking::carry(stream, admitted, conversations, handler, &mut desk);
        }
    });
}
