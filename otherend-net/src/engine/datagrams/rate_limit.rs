//! A rate limit: of each kind of trouble it is said once a second at most that it is there, for whoever
//! sends datagrams can send them by the million.

use std::time::Duration;

use otherend_core::Time;

const EVERY: Duration = Duration::from_secs(1);

/// When each kind was last told of.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    told: Vec<(&'static str, Time)>,
}

impl RateLimit {
    /// This may be told of now.
    pub(super) fn allows(&mut self, now: Time, kind: &'static str) -> bool {
        match self.told.iter_mut().find(|(told, _)| *told == kind) {
            None => self.told.push((kind, now)),
            Some((_, last)) if now.since(*last) < EVERY => return false,
            Some((_, last)) => *last = now,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_once_a_second() {
        let mut limit = RateLimit::default();
        let at = |millis| Time::ZERO + Duration::from_millis(millis);
        let told: Vec<bool> = [0, 400, 999, 1000, 1500]
            .map(|millis| limit.allows(at(millis), "full"))
            .to_vec();
        assert_eq!(told, [true, false, false, true, false]);
        assert!(limit.allows(at(1500), "loop"));
    }
}
