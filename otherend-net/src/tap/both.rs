//! Something for each of the two ends of a tapped connection.

use otherend_core::Role;

/// One for the client, one for the server.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Both<T> {
    pub(super) client: T,
    pub(super) server: T,
}

impl<T> Both<T> {
    pub(super) fn of(&self, role: Role) -> &T {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }

    pub(super) fn of_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    pub(super) fn all(&self, holds: impl Fn(&T) -> bool) -> bool {
        holds(&self.client) && holds(&self.server)
    }
}
