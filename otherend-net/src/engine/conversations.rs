//! What all conversations of one server have in common, and how one begins.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use otherend_core::{Conversation, Handler, Settings};

use crate::hub::admitted::Admitted;
use crate::peer::Peer;

/// Makes the handler of one conversation.
pub(crate) type MakeHandler = dyn Fn(&Peer) -> Handler + Send + Sync;

/// Begins a conversation with each peer that was let in.
pub(crate) struct Conversations {
    pub(crate) settings: Arc<Settings>,
    pub(crate) make_handler: Box<MakeHandler>,
}

impl Conversations {
    /// Who speaks with somebody new; asked in the order in which they come. `None`: making it
    /// panicked, and there is no conversation.
    pub(crate) fn handler(&self, peer: &Peer) -> Option<Handler> {
        catch_unwind(AssertUnwindSafe(|| (self.make_handler)(peer))).ok()
    }

    /// The conversation with somebody new, watched if somebody watches.
    pub(crate) fn begin(&self, admitted: &Admitted, handler: Handler) -> Conversation {
        let (hub, peer) = (&admitted.hub, &admitted.guest.peer);
        let settings = Arc::clone(&self.settings);
        let conversation = Conversation::new(settings, handler, hub.clock.now());
        match hub.watchers.observer(peer) {
            Some(observer) => conversation.observed(observer),
            None => conversation,
        }
    }
}
