//! Which starts still count against a limit per second, as Retell may see them.
//!
//! Between our deciding to start a call and Retell's receiving it lie a commit, a thread, a connection and the network, and
//! each takes longer at one time than at another: starts that leave a second apart may arrive together. What is known is
//! that a request arrived before it was answered. So a start counts until one second after its answer, and an unanswered
//! one as if it had been answered [`LONGEST_WAY`] after it was begun. If no request is on its way longer than that, any
//! `limit + 1` starts that are allowed by this count arrive within no window of one second, however their ways differ.
//!
//! Proof: let the last of them be allowed at `t`; it arrives at `t` or later. One that arrived less than a second before it
//! was answered later than `t - 1 s`, or not at all, and therefore counted at `t`; so `limit` of them counted.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Longer than a request should be on its way to Retell, its connection included. It costs speed only where answers
/// come late: a limit of L is then used to L / 1.5.
pub const LONGEST_WAY: Duration = Duration::from_millis(500);

const WINDOW: Duration = Duration::from_secs(1);

/// Starts, by who has a limit. `request_id` is the caller's number of a start.
#[derive(Debug)]
pub struct StartWindow<Who> {
    unanswered: HashMap<u64, Start<Who>>,
    /// In the order in which they stop counting.
    answered: VecDeque<Start<Who>>,
    counts: HashMap<Who, u32>,
}

#[derive(Debug)]
struct Start<Who> {
    who: Who,
    counts_until: Instant,
}

impl<Who> Default for StartWindow<Who> {
    fn default() -> Self {
        Self {
            unanswered: HashMap::new(),
            answered: VecDeque::new(),
            counts: HashMap::new(),
        }
    }
}

impl<Who: Copy + Eq + Hash> StartWindow<Who> {
    pub fn started(&mut self, request_id: u64, who: Who, now: Instant) {
        let counts_until = now + LONGEST_WAY + WINDOW;
        let start = Start { who, counts_until };
        if self.unanswered.insert(request_id, start).is_none() {
            *self.counts.entry(who).or_default() += 1;
        }
    }

    /// Nothing, if the start counts no more. `now` never goes back.
    pub fn answered(&mut self, request_id: u64, now: Instant) {
        if let Some(start) = self.unanswered.remove(&request_id) {
            self.answered.push_back(Start {
                who: start.who,
                counts_until: now + WINDOW,
            });
        }
    }

    /// Forgets what counts no more. While requests wait for a thread (`is_waiting`) those without an answer may not have
    /// been begun: they go on counting.
    pub fn forget(&mut self, now: Instant, is_waiting: bool) {
        while let Some(start) = self.answered.pop_front_if(|it| it.counts_until <= now) {
            discount(&mut self.counts, start.who);
        }
        if !is_waiting {
            let counts = &mut self.counts;
            self.unanswered.retain(|_, start| {
                let stays = start.counts_until > now;
                if !stays {
                    discount(counts, start.who);
                }
                stays
            });
        }
    }

    /// How many starts count, by whom.
    pub fn counts(&self) -> impl Iterator<Item = (Who, u32)> {
        self.counts.iter().map(|(who, count)| (*who, *count))
    }

    /// When the first of them stops counting, if nothing is answered until then.
    pub fn next_change(&self) -> Option<Instant> {
        let unanswered = self.unanswered.values().map(|it| it.counts_until).min();
        let answered = self.answered.front().map(|it| it.counts_until);
        unanswered.into_iter().chain(answered).min()
    }
}

fn discount<Who: Eq + Hash>(counts: &mut HashMap<Who, u32>, who: Who) {
    if let Some(count) = counts.get_mut(&who) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&who);
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some instant")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn count(window: &StartWindow<u8>, who: u8) -> u32 {
        window
            .counts()
            .find(|it| it.0 == who)
            .map_or(0, |(_, count)| count)
    }

    #[test]
    fn a_start_counts_until_a_second_after_its_answer() {
        let (mut window, now) = (StartWindow::default(), Instant::now());
        window.started(1, 7, now);
        window.started(2, 7, now);
        window.started(3, 8, now);
        window.answered(1, now + 20 * MS);
        window.forget(now + 1019 * MS, false);
        assert_eq!((count(&window, 7), count(&window, 8)), (2, 1));
        assert_eq!(window.next_change(), Some(now + 1020 * MS));
        window.forget(now + 1020 * MS, false);
        assert_eq!((count(&window, 7), count(&window, 8)), (1, 1));
        assert_eq!(window.next_change(), Some(now + 1500 * MS));
    }

    #[test]
    fn a_start_without_an_answer_counts_for_a_second_and_a_half() {
        let (mut window, now) = (StartWindow::default(), Instant::now());
        window.started(1, 7, now);
        window.forget(now + 1499 * MS, false);
        assert_eq!(count(&window, 7), 1);
        window.forget(now + 1500 * MS, true);
        assert_eq!(count(&window, 7), 1, "it may still be waiting for a thread");
        window.forget(now + 1500 * MS, false);
        assert_eq!(count(&window, 7), 0);
        assert_eq!(window.next_change(), None);
        window.answered(1, now + 2000 * MS);
        assert_eq!(window.next_change(), None);
    }

    proptest! {
        /// A greedy starter, ways of any length up to the longest: Retell never sees more than the limit in a second.
        #[test]
        fn whatever_the_ways_no_second_has_more_arrivals_than_the_limit(
            limit in 1u32..12,
            ways in proptest::collection::vec((0u32..500, 0u32..3000), 1..200),
            step in 1u32..90,
        ) {
            let began = Instant::now();
            let mut window = StartWindow::default();
            let mut arrivals = Vec::new();
            let mut answers: Vec<(Instant, u64)> = Vec::new();
            let mut ways = (0u64..).zip(ways).peekable();
            let mut now = began;
            while ways.peek().is_some() {
                answers.sort_unstable();
                while answers.first().is_some_and(|it| it.0 <= now) {
                    let (_, request_id) = answers.remove(0);
                    window.answered(request_id, now); // noticed late, as the worker does
                }
                window.forget(now, false);
                while count(&window, 0) < limit {
                    let Some((request_id, (there, back))) = ways.next() else { break };
                    window.started(request_id, 0, now);
                    arrivals.push(now + there * MS);
                    answers.push((now + (there + back) * MS, request_id));
                }
                now += step * MS;
            }
            arrivals.sort_unstable();
            for (first, next) in arrivals.iter().zip(arrivals.iter().skip(limit as usize)) {
                prop_assert!(*next - *first >= WINDOW, "{:?}", *next - *first);
            }
        }

        /// What is counted is what was started and not forgotten, and in the end nothing.
        #[test]
        fn nothing_is_counted_for_ever(starts in proptest::collection::vec((0u8..4, any::<bool>()), 0..100)) {
            let mut now = Instant::now();
            let mut window = StartWindow::default();
            for (request_id, (who, is_answered)) in (0u64..).zip(&starts) {
                window.started(request_id, *who, now);
                now += 7 * MS;
                if *is_answered {
                    window.answered(request_id, now);
                }
            }
            let total: u32 = window.counts().map(|it| it.1).sum();
            prop_assert_eq!(total as usize, starts.len());
            window.forget(now + 1500 * MS, false);
            prop_assert_eq!(window.counts().count(), 0);
            prop_assert_eq!(window.next_change(), None);
        }
    }
}
