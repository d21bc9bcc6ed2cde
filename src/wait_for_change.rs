//! `vioc.wait_for_change`: waiting for what the worker does.

use std::cell::Cell;

use pgrx::prelude::*;

use crate::xact::slot_index;
use crate::{guc, shmem};

thread_local! {
    /// Slot, and the tenant that it is counted for.
    static WAITS_IN: Cell<Option<(usize, u32)>> = const { Cell::new(None) };
    static CLEANS_UP: Cell<bool> = const { Cell::new(false) };
}

/// Gives the waiter's place back however the wait ends: by return or error (drop), or by a FATAL that unwinds nothing
/// (exit callback).
struct Place;

impl Place {
    fn take(index: usize, sharer: u32) -> Option<Self> {
        if !CLEANS_UP.replace(true) {
            // SAFETY: the callback is a function of this library, which stays loaded.
            unsafe { pg_sys::before_shmem_exit(Some(leave_at_exit), pg_sys::Datum::from(0)) };
        }
        let is_free = shmem::slot(index).is_some_and(|slot| slot.enter(guc::max_waiters(), sharer));
        is_free.then(|| {
            WAITS_IN.set(Some((index, sharer)));
            Self
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    if let Some((index, sharer)) = WAITS_IN.take()
        && let Some(slot) = shmem::slot(index)
    {
        slot.leave(sharer);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn leave_at_exit(_code: i32, _argument: pg_sys::Datum) {
    leave();
}

/// `vioc.wait_for_change`: the change count, after it has changed or the time is over.
pub(crate) fn wait_for_change(seen: i64, timeout_ms: i32, sharer: pg_sys::Oid) -> i64 {
    let Some((index, slot)) = slot_index().and_then(|index| Some((index, shmem::slot(index)?)))
    else {
        if timeout_ms > 0 {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "this database is not served by a worker, so that nothing will change",
                "See vioconcierge.databases."
            );
        }
        return 0;
    };
    if timeout_ms > 0 {
        let Some(_place) = Place::take(index, sharer.to_u32()) else {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES,
                "too many sessions wait for calls",
                "Ask again later, or raise vioconcierge.max_waiters."
            );
        };
        slot.wait(seen.cast_unsigned(), timeout_ms.into());
    }
    slot.changes().cast_signed()
}
