//! SIGTERM in the worker: it drains before it ends, so the usual handler, which ends the process at the next interrupt
//! check, is not for it. One wait must end at once all the same: that of a commit for a synchronous standby that may
//! never come back. PostgreSQL ends it when the process is to die, so for the length of a commit it is.
//!
//! SIGINT is how pg_cancel_backend asks, and how PostgreSQL tells the process that its lock_timeout is over. Only the
//! second is for the worker: a cancelled commit would end its wait for a standby as if that had been heard.

use std::ptr::addr_of_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use pgrx::prelude::*;

unsafe extern "C" {
    /// utils/timeout.h, which pgrx has no binding for. It reads an array.
    safe fn get_timeout_indicator(id: std::ffi::c_int, reset: bool) -> bool;
}
/// The third of `TimeoutId` in PostgreSQL 15 to 18.
const LOCK_TIMEOUT: std::ffi::c_int = 2;

static REQUESTED: AtomicBool = AtomicBool::new(false);
static IN_COMMIT: AtomicBool = AtomicBool::new(false);

/// After pgrx's handlers, in place of those for SIGTERM and SIGINT.
pub(crate) fn attach() {
    unsafe {
        #[cfg(not(feature = "pg18"))]
        use pg_sys::pqsignal as handle;
        #[cfg(feature = "pg18")]
        use pg_sys::pqsignal_be as handle;
        handle(pg_sys::SIGTERM as i32, Some(on_sigterm));
        handle(pg_sys::SIGINT as i32, Some(on_sigint));
    }
}

/// Async-signal-safe: atomics, a flag of PostgreSQL's, a latch.
unsafe extern "C-unwind" fn on_sigterm(_signal: i32) {
    REQUESTED.store(true, Ordering::SeqCst);
    unsafe {
        if IN_COMMIT.load(Ordering::SeqCst) {
            addr_of_mut!(pg_sys::ProcDiePending).write_volatile(1);
        }
        pg_sys::SetLatch(pg_sys::MyLatch);
    }
}

/// Async-signal-safe, as above.
unsafe extern "C-unwind" fn on_sigint(_signal: i32) {
    unsafe {
        if get_timeout_indicator(LOCK_TIMEOUT, false) && !IN_COMMIT.load(Ordering::SeqCst) {
            addr_of_mut!(pg_sys::QueryCancelPending).write_volatile(1);
            addr_of_mut!(pg_sys::InterruptPending).write_volatile(1);
        }
        pg_sys::SetLatch(pg_sys::MyLatch);
    }
}

pub(crate) fn is_requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Commits the current transaction. When the process is asked to stop meanwhile, or was before, the commit does not
/// wait for a standby: it is on this server's disk, and perhaps nowhere else.
pub(crate) fn commit() {
    IN_COMMIT.store(true, Ordering::SeqCst);
    unsafe {
        // A lock that was got at the last moment is got.
        addr_of_mut!(pg_sys::QueryCancelPending).write_volatile(0);
        if is_requested() {
            addr_of_mut!(pg_sys::ProcDiePending).write_volatile(1);
        }
        pg_sys::CommitTransactionCommand();
    }
    settle();
}

/// Also after a commit that failed: the end is the worker's own to choose.
pub(crate) fn settle() {
    if IN_COMMIT.swap(false, Ordering::SeqCst) && is_requested() {
        unsafe { addr_of_mut!(pg_sys::ProcDiePending).write_volatile(0) };
    }
}
