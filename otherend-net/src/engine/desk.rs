//! What a thread works with while it carries a conversation, and where that lies meanwhile (usually:
//! a buffer pool).
//!
//! A thread has nothing to do with its buffers while it waits. With a pair each, a hundred threads
//! with full buffers have 19 MB to go through in turn, which no processor keeps near; the few that
//! are not waiting share a few, and whoever comes next gets what was used last.

use std::sync::{Arc, Mutex};

use super::Buffers;
use crate::lock::lock;

/// So many lie on the shelf at most: threads that are at work at once, those among them that were
/// interrupted at it, and no whole crowd's.
const KEPT: usize = 16;

/// Buffers that nobody works with, last used last.
pub(crate) struct Shelf(Mutex<Vec<Buffers>>);

impl Shelf {
    /// With all that it keeps. Made one by one, whenever more threads than ever before are at work at
    /// once, they would come to lie in arenas of those threads, which the allocator keeps for good:
    /// the server would grow for hours, as if something leaked. The system gives what is touched only.
    pub(crate) fn new() -> Self {
        let all = std::iter::repeat_with(Buffers::new).take(KEPT);
        Shelf(Mutex::new(all.collect()))
    }
}

/// One thread's place to work.
#[derive(Default)]
pub(crate) struct Desk {
    buffers: Option<Buffers>,
    /// Where they lie while the thread waits; `None`: they stay here.
    shelf: Option<Arc<Shelf>>,
}

impl Desk {
    /// For one of many threads.
    pub(crate) fn beside(shelf: &Arc<Shelf>) -> Self {
        Desk {
            buffers: None,
            shelf: Some(Arc::clone(shelf)),
        }
    }

    /// The buffers, fetched or made if there are none here.
    pub(crate) fn buffers(&mut self) -> &mut Buffers {
        let shelf = self.shelf.as_deref();
        self.buffers.get_or_insert_with(|| {
            let used = shelf.and_then(|shelf| lock(&shelf.0).pop());
            used.unwrap_or_else(Buffers::new)
        })
    }

    /// The thread is about to wait.
    pub(crate) fn leave(&mut self) {
        let Some(shelf) = &self.shelf else { return };
        let Some(buffers) = self.buffers.take() else {
            return;
        };
        let mut shelf = lock(&shelf.0);
        if shelf.len() < KEPT {
            shelf.push(buffers);
        }
    }

    /// A panic left the buffers as nobody knows.
    pub(crate) fn discard(&mut self) {
        self.buffers = None;
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_next_gets_what_was_used_last() {
        let shelf = Arc::new(Shelf::new());
        let (mut one, mut two) = (Desk::beside(&shelf), Desk::beside(&shelf));
        one.buffers().input[0] = 1;
        two.buffers().input[0] = 2;
        two.leave();
        one.leave();
        assert_eq!(two.buffers().input[0], 1);
        assert_eq!(one.buffers().input[0], 2);
    }

    #[test]
    fn a_desk_by_itself_keeps_its_own() {
        let mut desk = Desk::default();
        desk.buffers().input[0] = 1;
        desk.leave();
        assert_eq!(desk.buffers().input[0], 1);
        desk.discard();
        assert_eq!(desk.buffers().input[0], 0);
    }

    #[test]
    fn a_crowd_leaves_few() {
        let shelf = Arc::new(Shelf::new());
        let mut crowd: Vec<_> = (0..2 * KEPT).map(|_| Desk::beside(&shelf)).collect();
        for desk in &mut crowd {
            desk.buffers();
        }
        drop(crowd);
        assert_eq!(lock(&shelf.0).len(), KEPT);
    }
}
