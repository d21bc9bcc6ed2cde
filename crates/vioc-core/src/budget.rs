//! How much of the time work may take: a timer for work that may take one part in so many of it, and the size of batches.
//!
//! After work that took `d` the next is due `share * d` later, so the work takes less than 1/`share` of the time. Two bounds
//! hold whatever the work took: a pause is no shorter than `at_most_every` and no longer than `at_least_every`.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// When the work is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgeted {
    due: Instant,
    share: u32,
    at_most_every: Duration,
    at_least_every: Duration,
}

impl Budgeted {
    /// Due at once. The work then takes at most one part in `share` of the time.
    #[must_use]
    pub fn new(
        now: Instant,
        share: u32,
        at_most_every: Duration,
        at_least_every: Duration,
    ) -> Self {
        Self {
            due: now,
            share,
            at_most_every,
            at_least_every: at_least_every.max(at_most_every),
        }
    }

    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.due
    }

    #[must_use]
    pub fn due(&self) -> Instant {
        self.due
    }

    /// The work was done, from `began` to `ended`.
    pub fn done(&mut self, began: Instant, ended: Instant) {
        let took = ended.saturating_duration_since(began);
        let pause = took
            .saturating_mul(self.share)
            .clamp(self.at_most_every, self.at_least_every);
        self.put_off(ended, pause);
    }

    /// The next work is due so long after `now`, whatever the last one took.
    pub fn put_off(&mut self, now: Instant, pause: Duration) {
        // an end of time that does not exist is never
        self.due = now.checked_add(pause).unwrap_or(now + self.at_most_every);
    }
}

/// How many the next batch takes. The last one had room for `size`, did `done`, and `took` so long; it was to take `most`.
#[must_use]
pub fn next_batch(
    size: usize,
    done: usize,
    sizes: RangeInclusive<usize>,
    took: Duration,
    most: Duration,
) -> usize {
    let next = if took > most {
        size - size.div_ceil(4)
    } else if done >= size {
        size + size / 4 + 1
    } else {
        size
    };
    next.clamp(*sizes.start(), *sizes.end())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some instant")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_pause_is_a_multiple_of_the_work_within_its_bounds() {
        let now = Instant::now();
        for (took, expected) in [
            (Duration::ZERO, 1000 * MS),
            (MS, 1000 * MS),
            (10 * MS, 2000 * MS),
            (49 * MS, 9800 * MS),
            (51 * MS, 10_000 * MS),
            (3_600_000 * MS, 10_000 * MS),
        ] {
            let mut timer = Budgeted::new(now, 200, 1000 * MS, 10_000 * MS);
            assert!(timer.is_due(now));
            let ended = now + took;
            timer.done(now, ended);
            assert_eq!(timer.due(), ended + expected, "{took:?}");
            assert!(!timer.is_due(ended + expected - MS) && timer.is_due(ended + expected));
        }
    }

    #[test]
    fn work_that_is_put_off_is_due_then() {
        let now = Instant::now();
        let mut timer = Budgeted::new(now, 100, Duration::ZERO, Duration::MAX);
        timer.put_off(now, 50 * MS);
        assert!(!timer.is_due(now + 49 * MS) && timer.is_due(now + 50 * MS));
    }

    #[test]
    fn a_clock_that_seems_to_go_back_makes_no_pause_shorter() {
        let now = Instant::now();
        let mut timer = Budgeted::new(now, 100, 20 * MS, 10_000 * MS);
        timer.done(now + 5 * MS, now);
        assert_eq!(timer.due(), now + 20 * MS);
    }

    #[test]
    fn a_batch_shrinks_when_it_took_too_long_and_grows_when_it_was_full() {
        let ms = |count: u64| Duration::from_millis(count);
        for (size, done, took, expected) in [
            (64, 64, 5, 81),
            (64, 63, 5, 64),
            (64, 64, 20, 81),
            (64, 64, 21, 48),
            (64, 0, 21, 48),
            (33, 33, 21, 32),
            (250, 250, 1, 256),
            (256, 256, 1, 256),
            (32, 0, 21, 32),
        ] {
            let next = next_batch(size, done, 32..=256, ms(took), ms(20));
            assert_eq!(next, expected, "{size} {done} {took}");
        }
    }

    proptest! {
        /// Work of any length, as soon as it is due: its part of the time is at most 1/share.
        #[test]
        fn the_work_takes_no_more_than_its_share(
            share in 2u32..500,
            lengths in proptest::collection::vec(0u32..300, 1..50),
        ) {
            let began = Instant::now();
            let mut now = began;
            let mut timer = Budgeted::new(now, share, Duration::ZERO, Duration::from_secs(3600));
            let mut worked = Duration::ZERO;
            for length in lengths {
                now = now.max(timer.due());
                timer.done(now, now + length * MS);
                now += length * MS;
                worked += length * MS;
            }
            prop_assert!(worked * share <= timer.due() - began);
        }
    }
}
