//! Sessions that wait for a change.

use std::sync::atomic::{AtomicU64, Ordering};

use pgrx::prelude::*;

use super::Slot;

/// Tenants whose waiters are counted at the same time, per database; those of a further one only count for all.
pub(super) const SHARES: usize = 64;

impl Slot {
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Sleeps until the count differs from `seen` or the time is over. Interruptible.
    pub(crate) fn wait(&self, seen: u64, timeout_ms: i64) {
        let deadline = std::time::Instant::now()
            + std::time::Duration::from_millis(timeout_ms.max(0).unsigned_abs());
        // SAFETY: it was initialized with the segment. An error in between leaves the list at the end of the transaction.
        unsafe {
            pg_sys::ConditionVariablePrepareToSleep(self.changed.get());
            while self.changes() == seen {
                let left = deadline.saturating_duration_since(std::time::Instant::now());
                let left_ms = left.as_millis().try_into().unwrap_or(i64::MAX);
                if left_ms == 0
                    || pg_sys::ConditionVariableTimedSleep(
                        self.changed.get(),
                        left_ms,
                        pg_sys::PG_WAIT_EXTENSION,
                    )
                {
                    break;
                }
            }
            pg_sys::ConditionVariableCancelSleep();
        }
    }

    /// Takes a waiter's place, false if all are taken, or if this tenant (0 = a role of all, which need not share) has as many
    /// as it would leave to the others: one can have half of them, whatever roles it has, and one that has none finds one.
    pub(crate) fn enter(&self, most: u32, sharer: u32) -> bool {
        let mine = self.waiters_of(sharer);
        let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
        let is_free = self
            .waiters
            .fetch_update(order, failure, |waiters| {
                (mine < most.saturating_sub(waiters)).then_some(waiters + 1)
            })
            .is_ok();
        if is_free && sharer != 0 {
            let known = self.shares.iter().find(|it| count_of(it, sharer) > 0);
            let free = || self.shares.iter().find(|it| it.load(failure) == 0);
            if let Some(share) = known.or_else(free) {
                // another tenant that was faster there is not counted, nor is this one: the bound on all still holds
                let _ = share.fetch_update(order, failure, |it| {
                    (it == 0 || upper(it) == sharer)
                        .then(|| (u64::from(sharer) << 32) + (it & COUNT) + 1)
                });
            }
        }
        is_free
    }

    pub(crate) fn leave(&self, sharer: u32) {
        self.waiters.fetch_sub(1, Ordering::AcqRel);
        if let Some(share) = self.shares.iter().find(|it| count_of(it, sharer) > 0) {
            let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
            let _ = share.fetch_update(order, failure, |it| match it & COUNT {
                _ if upper(it) != sharer => None,
                0 | 1 => Some(0),
                _ => Some(it - 1),
            });
        }
    }

    fn waiters_of(&self, sharer: u32) -> u32 {
        match sharer {
            0 => 0,
            _ => self.shares.iter().map(|it| count_of(it, sharer)).sum(),
        }
    }
}

const COUNT: u64 = u32::MAX as u64;

fn upper(share: u64) -> u32 {
    (share >> 32) as u32
}

fn count_of(share: &AtomicU64, sharer: u32) -> u32 {
    let share = share.load(Ordering::Acquire);
    match upper(share) == sharer && sharer != 0 {
        true => (share & COUNT) as u32,
        false => 0,
    }
}
