//! From a committing transaction to the worker.

use std::cell::Cell;

use pgrx::prelude::*;
use pgrx::{PgXactCallbackEvent, register_xact_callback};

use crate::{guc, shmem};

thread_local! {
    /// This session's slot, once looked up: a session never changes its database.
    static SLOT: Cell<Option<Option<usize>>> = const { Cell::new(None) };
    static IS_ARMED: Cell<bool> = const { Cell::new(false) };
    static SHOWS: Cell<bool> = const { Cell::new(false) };
}

/// The slot of this session's database; `None` if it is not served. Needs a transaction the first time.
pub(crate) fn slot_index() -> Option<usize> {
    if !shmem::is_loaded() {
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
    let index = name.and_then(|name| guc::databases().iter().position(|known| *known == name));
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
        if let Some(slot) = shmem::slot(index) {
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
    let Some(progress) = shmem::Progress::mine() else {
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
