//! The server's clock was set, or Retell's contradicts it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use pgrx::prelude::*;
use vioc_core::clocks::SETTLING_US;

use super::attach::with_extension;
use super::{Halt, Worker};
use crate::shmem::clocks;
use crate::statements;

/// Retell is asked what time it is so often while its clock and the server's differ; and sooner, to hear it a second time.
const ASK_CLOCK_EVERY: Duration = Duration::from_secs(60);
const ASK_CLOCK_AGAIN: Duration = Duration::from_secs(5);
/// The first call after the server's start waits so long for Retell's clock, at most.
const HEAR_CLOCK: Duration = Duration::from_secs(5);
/// For so long after the worker began or the clock was set, what a clock ahead has done is undone: rows may be held.
const UNDO_FOR: Duration = Duration::from_secs(25 * 60);
/// After so long the clock is believed without Retell's.
const BELIEVE_AFTER: Duration = Duration::from_micros(SETTLING_US.unsigned_abs());

/// The clock by which everything that waits was stamped (`vioc_core::clocks::Known::difference`): a transaction that meets
/// another one is rolled back.
pub(super) static FOLLOWED: AtomicI64 = AtomicI64::new(0);

pub(super) struct ClockWatch {
    /// Open calls that another session held when the clock was set, and by how much (`None`: not known): their times are
    /// of the old clock.
    unmoved: HashMap<i64, Option<i64>>,
    ask_at: Instant,
    /// When the worker began, or the clock was set.
    new_since: Instant,
    /// Until when the first call waits for Retell's clock, once Retell was asked; `None`: not asked yet.
    hear_until: Option<Instant>,
}

impl ClockWatch {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            unmoved: HashMap::new(),
            ask_at: now,
            new_since: now,
            hear_until: None,
        }
    }

    pub(super) fn forget(&mut self) {
        self.unmoved.clear();
        FOLLOWED.store(0, Ordering::Relaxed);
    }

    /// An answer has come, with or without a date.
    pub(super) fn answered(&mut self, now: Instant) {
        if self.hear_until.is_some() {
            self.hear_until = Some(now);
        }
    }

    /// Whether the times of this call are of the old clock.
    pub(super) fn is_unmoved(&self, call_id: i64) -> bool {
        self.unmoved.contains_key(&call_id)
    }
}

impl Worker {
    /// What waits goes on waiting for as long as it had left, when the server's clock was set; before anything is done by
    /// the new clock.
    pub(super) fn follow_clock(&mut self) -> Result<(), Halt> {
        let now = clocks::now();
        let known = self.slot.clocks.known();
        let by = known.step(now);
        if known.difference != 0 && by.is_none() {
            FOLLOWED.store(known.difference, Ordering::Relaxed);
            return self.move_held_calls();
        }
        let difference = now.wall.saturating_sub(now.running);
        let before = FOLLOWED.swap(difference, Ordering::Relaxed);
        let is_sure = known.is_confirmed(now);
        let held = with_extension(|| statements::clock_stepped(by, is_sure))
            .inspect_err(|_| FOLLOWED.store(before, Ordering::Relaxed))?;
        if let Some(by) = by {
            self.slot.clocks.stepped(by, now);
            log!(
                "vioconcierge: the server's clock was set by {} ms: what waits goes on waiting as before",
                by / 1000
            );
        }
        self.slot.clocks.follow(now);
        for call_id in held {
            let unmoved = &mut self.clock.unmoved;
            let earlier = unmoved.get(&call_id).copied().unwrap_or(Some(0));
            let all = earlier.zip(by).map(|(earlier, by)| earlier + by);
            unmoved.insert(call_id, all);
        }
        self.queue.forget();
        self.clock.ask_at = Instant::now();
        self.clock.new_since = Instant::now();
        Ok(())
    }

    /// Whether what a clock ahead has done may be undone by this one.
    pub(super) fn may_undo(&self) -> bool {
        let (known, now) = (self.slot.clocks.known(), clocks::now());
        let since = self.clock.new_since.elapsed();
        since < UNDO_FOR
            && (known.is_confirmed(now) || since >= BELIEVE_AFTER && known.is_settled(now))
    }

    fn move_held_calls(&mut self) -> Result<(), Halt> {
        for (call_id, by) in self.clock.unmoved.clone() {
            if with_extension(|| statements::move_call(call_id, by))? {
                self.clock.unmoved.remove(&call_id);
            }
        }
        Ok(())
    }

    /// Whether the server's clock allows to send: it is not contradicted by Retell's, which was heard or asked for.
    pub(super) fn is_clock_good(&self) -> bool {
        let known = self.slot.clocks.known();
        let has_heard = known.retell[0] != 0
            || self
                .clock
                .hear_until
                .is_some_and(|until| until <= Instant::now());
        has_heard && known.agrees(clocks::now())
    }

    /// Asks Retell for anything, because its answer has a date: before the first call, and while its clock and the server's
    /// differ.
    pub(super) fn ask_clock(&mut self) -> Result<(), Halt> {
        let known = self.slot.clocks.known();
        let now = clocks::now();
        let is_first = known.retell[0] == 0 && self.clock.hear_until.is_none();
        if (!is_first && !known.is_doubtful(now)) || self.clock.ask_at > Instant::now() {
            return Ok(());
        }
        let queue = &mut self.statements;
        let asked = with_extension(|| match is_first && queue.most_urgent()?.is_none() {
            true => Ok(None),
            false => statements::claim_clock().map(Some),
        })?;
        let Some(asked) = asked else {
            return Ok(()); // no call waits
        };
        self.clock.ask_at = Instant::now()
            + match known.agrees(now) {
                true => ASK_CLOCK_AGAIN,
                false => ASK_CLOCK_EVERY,
            };
        if is_first {
            // without a key there is nothing to ask, nor to send
            let patience = match asked.is_empty() {
                true => Duration::ZERO,
                false => HEAR_CLOCK,
            };
            self.clock.hear_until = Some(Instant::now() + patience);
        }
        self.ask(asked);
        Ok(())
    }
}
