//! Clients that wait for their turn: to them the server looks silent, and it does not see them
//! itself before the client that it serves has left.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use otherend_diagnose::listeners;
use otherend_net::Handle;

use crate::output::human;
use crate::output::screen::{Remark, Screen};

/// How often is looked.
const EVERY: Duration = Duration::from_millis(500);

/// Tell of clients that wait at these addresses for as long as the server serves.
pub(super) fn watch(
    addresses: Vec<SocketAddr>,
    handle: Handle,
    screen: Screen,
) -> std::io::Result<()> {
    let thread = thread::Builder::new().name("waiting".into());
    let mut last = Snapshot::default();
    thread.spawn(move || {
        while !handle.is_stopping() {
            thread::sleep(EVERY);
            // Asked of the system and not of the server: who waits in the backlog has not been
            // accepted, so the server knows nothing of it.
            let open = handle.conversations();
            let served = open.first().map(|open| open.peer.number);
            // While nobody is served, nobody has to wait.
            let waiting = match served {
                Some(_) => addresses.iter().map(|at| listeners::waiting(*at)).sum(),
                None => 0,
            };
            if let Some(text) = last.next(waiting, served) {
                screen.remark(handle.now(), 0, &Remark::note("waiting", &text));
            }
        }
    })?;
    Ok(())
}

/// How many waited at the last look.
#[derive(Debug, Default)]
struct Snapshot {
    waiting: u32,
}

impl Snapshot {
    /// What there is to tell when so many wait while this conversation is `served`.
    fn next(&mut self, waiting: u32, served: Option<u64>) -> Option<String> {
        let before = std::mem::replace(&mut self.waiting, waiting);
        // Between two conversations nobody has to wait.
        let served = served.filter(|_| waiting > before)?;
        let clients = human::plural(u64::from(waiting), "client");
        let wait = if waiting == 1 { "waits" } else { "wait" };
        Some(format!("{clients} {wait} until conversation {served} ends"))
    }
}

#[cfg(test)]
mod tests {
    use super::Snapshot;

    #[test]
    fn more_who_wait_are_told_and_fewer_are_not() {
        let mut last = Snapshot::default();
        assert_eq!(last.next(0, Some(1)), None);
        let told = last.next(1, Some(1)).unwrap();
        assert_eq!(told, "1 client waits until conversation 1 ends");
        assert_eq!(last.next(1, Some(1)), None);
        let told = last.next(3, Some(1)).unwrap();
        assert_eq!(told, "3 clients wait until conversation 1 ends");
        assert_eq!(last.next(2, Some(2)), None);
        assert_eq!(last.next(3, None), None);
    }
}
