//! The end of a transaction: one callback, registered once per backend.

use std::cell::Cell;

use pgrx::prelude::*;

use crate::shmem::{self, Announced, Progress};
use crate::{door, guc};

thread_local! {
    /// This session's slot, once looked up: a session never changes its database.
    static SLOT: Cell<Option<Option<usize>>> = const { Cell::new(None) };
    /// The slot whose worker is woken if this transaction commits, and for what.
    static WAKES: Cell<Option<(usize, Announced)>> = const { Cell::new(None) };
    static SHOWS: Cell<Option<&'static Progress>> = const { Cell::new(None) };
}

pub(crate) fn init() {
    // SAFETY: called once, by _PG_init; both callbacks live as long as the library.
    unsafe {
        pg_sys::RegisterXactCallback(Some(transaction_ended), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(subtransaction_ended), std::ptr::null_mut());
    }
}

/// After the commit record: it must be unable to fail (`Slot::announce` is).
#[pg_guard]
unsafe extern "C-unwind" fn transaction_ended(
    event: pg_sys::XactEvent::Type,
    _argument: *mut std::ffi::c_void,
) {
    use pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PREPARE};
    if !matches!(
        event,
        XACT_EVENT_ABORT | XACT_EVENT_COMMIT | XACT_EVENT_PREPARE
    ) {
        return;
    }
    door::close_all();
    if let Some(progress) = SHOWS.take() {
        progress.end();
    }
    // a prepared transaction is no longer this session's: the one that commits it does not wake the worker, which looks
    // by itself
    if let Some((index, what)) = WAKES.take()
        && event == XACT_EVENT_COMMIT
        && let Some(slot) = shmem::slot(index)
    {
        slot.announce(what);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn subtransaction_ended(
    event: pg_sys::SubXactEvent::Type,
    _own: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _argument: *mut std::ffi::c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        door::close_rolled_back();
    }
}

/// The slot of this session's database; `None` if it is not served. Needs a transaction the first time.
pub(crate) fn slot_index() -> Option<usize> {
    if !shmem::is_loaded() {
        return None;
    }
    if let Some(known) = SLOT.get() {
        return known;
    }
    // SAFETY: in a transaction, as said; the name is a C string, which is copied.
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

/// Wakes the worker and all waiters when, and only if, this transaction commits.
pub(crate) fn on_commit(what: Announced) {
    if let Some(index) = slot_index() {
        let before = WAKES.get().map_or(what, |(_, before)| before);
        WAKES.set(Some((index, what.max(before))));
    }
}

/// Shows how far this session's work is, until its transaction ends.
pub(crate) fn show_progress(task: &str, done: i64, total: i64) {
    if let Some(progress) = Progress::mine() {
        progress.show(task, done, total);
        SHOWS.set(Some(progress));
    }
}
