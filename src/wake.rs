//! From a committing transaction to the worker, and waiting for what it does.

use std::cell::Cell;

use pgrx::prelude::*;
use pgrx::{PgXactCallbackEvent, register_xact_callback};

use crate::{config, shared};

thread_local! {
    /// This session's slot, once looked up: a session never changes its database.
    static SLOT: Cell<Option<Option<usize>>> = const { Cell::new(None) };
    static IS_ARMED: Cell<bool> = const { Cell::new(false) };
    /// Slot, and the role that it is counted for.
    static WAITS_IN: Cell<Option<(usize, u32)>> = const { Cell::new(None) };
    static CLEANS_UP: Cell<bool> = const { Cell::new(false) };
    static SHOWS: Cell<bool> = const { Cell::new(false) };
}

/// The slot of this session's database; `None` if it is not served. Needs a transaction the first time.
pub(crate) fn slot_index() -> Option<usize> {
    if !shared::is_loaded() {
        return None;
    }
    if let Some(known) = SLOT.get() {
        return known;
    }
    let name = unsafe {
        let name = pg_sys::get_database_name(pg_sys::MyDatabaseId);
        (!name.is_null()).then(|| {
            std::ffi::CStr::from_ptr(name)
                .to_string_lossy()
                .into_owned()
        })
    };
    let index = name.and_then(|name| config::databases().iter().position(|known| *known == name));
    SLOT.set(Some(index));
    index
}

/// Wakes the worker and all waiters when, and only if, this transaction commits. Once per transaction.
pub(crate) fn on_commit() {
    let Some(index) = slot_index() else {
        return; // not served: nobody to wake
    };
    if IS_ARMED.replace(true) {
        return;
    }
    // runs after the commit record: it must be unable to fail (Slot::announce is)
    register_xact_callback(PgXactCallbackEvent::Commit, move || {
        IS_ARMED.set(false);
        if let Some(slot) = shared::slot(index) {
            slot.announce();
        }
    });
    // a prepared transaction is no longer this session's; whoever commits it does not wake the worker, which looks
    // by itself
    for event in [PgXactCallbackEvent::Abort, PgXactCallbackEvent::Prepare] {
        register_xact_callback(event, || IS_ARMED.set(false));
    }
}

/// Shows how far this session's work is, until its transaction ends.
pub(crate) fn show_progress(task: &str, done: i64, total: i64) {
    let Some(progress) = shared::Progress::mine() else {
        return;
    };
    progress.show(task, done, total);
    if SHOWS.replace(true) {
        return;
    }
    for event in [
        PgXactCallbackEvent::Commit,
        PgXactCallbackEvent::Abort,
        PgXactCallbackEvent::Prepare,
    ] {
        register_xact_callback(event, move || {
            SHOWS.set(false);
            progress.end();
        });
    }
}

/// Gives the waiter's place back however the wait ends: by return or error (drop), or by a FATAL that unwinds nothing
/// (exit callback).
struct Place;

impl Place {
    fn take(index: usize, role: u32) -> Option<Self> {
        if !CLEANS_UP.replace(true) {
            unsafe { pg_sys::before_shmem_exit(Some(leave_at_exit), pg_sys::Datum::from(0)) };
        }
        let is_free =
            shared::slot(index).is_some_and(|slot| slot.enter(config::max_waiters(), role));
        is_free.then(|| {
            WAITS_IN.set(Some((index, role)));
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
    if let Some((index, role)) = WAITS_IN.take()
        && let Some(slot) = shared::slot(index)
    {
        slot.leave(role);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn leave_at_exit(_code: i32, _argument: pg_sys::Datum) {
    leave();
}

/// `vioc.wait_for_change`: the change count, after it has changed or the time is over.
pub(crate) fn wait_for_change(seen: i64, timeout_ms: i32, role: pg_sys::Oid) -> i64 {
    let Some((index, slot)) = slot_index().and_then(|index| Some((index, shared::slot(index)?)))
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
        let Some(_place) = Place::take(index, role.to_u32()) else {
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
