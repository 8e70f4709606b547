//! When the lines that are still unanswered were said: lines said together are one entry.

use std::collections::VecDeque;

/// Moments are nanoseconds since the start.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    batches: VecDeque<Batch>,
}

#[derive(Debug, Clone, Copy)]
struct Batch {
    said_at: u64,
    lines: u64,
}

impl InFlight {
    /// `lines` more were said.
    #[inline]
    pub(crate) fn push(&mut self, said_at: u64, lines: u64) {
        match self.batches.back_mut() {
            Some(last) if last.said_at == said_at => last.lines += lines,
            _ => self.batches.push_back(Batch { said_at, lines }),
        }
    }

    /// The `lines` oldest were answered: `each` is told when how many of them were said.
    #[inline]
    pub(crate) fn answered(&mut self, lines: u64, mut each: impl FnMut(u64, u64)) {
        let mut left = lines;
        while left > 0 {
            let Some(oldest) = self.batches.front_mut() else {
                return;
            };
            let taken = oldest.lines.min(left);
            oldest.lines -= taken;
            left -= taken;
            each(oldest.said_at, taken);
            if oldest.lines == 0 {
                self.batches.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(in_flight: &mut InFlight, lines: u64) -> Vec<(u64, u64)> {
        let mut seen = Vec::new();
        in_flight.answered(lines, |said_at, lines| seen.push((said_at, lines)));
        seen
    }

    #[test]
    fn answers_go_to_the_oldest_lines() {
        let mut in_flight = InFlight::default();
        in_flight.push(10, 2);
        in_flight.push(20, 3);
        in_flight.push(20, 1);
        assert_eq!(answered(&mut in_flight, 1), [(10, 1)]);
        assert_eq!(answered(&mut in_flight, 3), [(10, 1), (20, 2)]);
        assert_eq!(answered(&mut in_flight, 2), [(20, 2)]);
        assert_eq!(answered(&mut in_flight, 1), []);
    }
}
