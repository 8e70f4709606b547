//! One observer made of several.

use otherend_core::{Event, Observer, Time, Wants, Watched};

/// Tells each of several observers what it wants, in one order, and lets go of those that are done.
pub(super) struct FanOut {
    all: Vec<Watched>,
}

impl FanOut {
    /// All of `observers` as one; one alone stays itself, and none is none.
    pub(super) fn over(mut observers: Vec<Box<dyn Observer>>) -> Option<Box<dyn Observer>> {
        match observers.len() {
            0 | 1 => observers.pop(),
            _ => {
                let all = observers.into_iter().map(Some).map(Watched::by).collect();
                Some(Box::new(FanOut { all }))
            }
        }
    }
}

impl Observer for FanOut {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        for watched in &mut self.all {
            watched.tell(now, event);
        }
    }

    fn wants(&self) -> Wants {
        // What any of them wants is built, once, and told only to those that want it: a recorder
        // beside a counter gets bytes, and the counter does not.
        let wants = self.all.iter().map(Watched::wants);
        wants.fold(Wants::default(), Wants::or)
    }

    fn on_pause(&mut self) {
        self.all.retain_mut(|watched| {
            watched.pause();
            !watched.is_by_nobody()
        });
    }

    fn is_done(&self) -> bool {
        self.all.is_empty()
    }

    fn deadline(&self) -> Option<Time> {
        self.all.iter().filter_map(Watched::deadline).min()
    }

    fn tick(&mut self, now: Time) {
        for watched in &mut self.all {
            watched.tick(now);
        }
    }
}
