//! SIGTERM in the worker: it drains before it ends, so the usual handler, which ends the process at the next interrupt
//! check, is not for it. One wait must end at once all the same: that of a commit for a synchronous standby that may
//! never come back. PostgreSQL ends it when the process is to die, so for the length of a commit it is.
//!
//! PostgreSQL ends that wait by itself when the postmaster has died, and leaves it to the next interrupt check to end the
//! process. Before that the worker would send what it has just claimed, while the standby may be serving already.
//!
//! SIGINT cancels a statement, and is how lock_timeout makes itself felt. During a commit only the latter is heard (a NOTIFY
//! takes its lock there); pg_cancel_backend would end the wait for a synchronous standby as if that had answered.

use std::ptr::addr_of_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgrx::prelude::*;

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// Until the worker is connected there is nothing to drain, and what connecting waits for ends at once.
static IS_STARTING: AtomicBool = AtomicBool::new(true);
static IN_COMMIT: AtomicBool = AtomicBool::new(false);

unsafe extern "C-unwind" {
    /// Of `utils/timeout.h`, which pgrx does not bind: whether this timeout has gone off.
    fn get_timeout_indicator(timeout: i32, reset: bool) -> bool;
    fn enable_timeout_after(timeout: i32, delay_ms: i32);
    fn disable_timeout(timeout: i32, keep_indicator: bool);
}
/// `TimeoutId`s, the same numbers in PostgreSQL 15 to 18.
const LOCK_TIMEOUT: i32 = 2;
const STATEMENT_TIMEOUT: i32 = 3;

/// Before the signals are let through, and before pgrx's handlers, which do that: one that came between would be lost.
pub(crate) fn attach() {
    // SAFETY: the handlers are async-signal-safe and stay loaded.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        {
            pg_sys::pqsignal(pg_sys::SIGTERM as i32, Some(on_sigterm));
            pg_sys::pqsignal(pg_sys::SIGINT as i32, Some(on_sigint));
        }
        #[cfg(feature = "pg18")]
        {
            pg_sys::pqsignal_be(pg_sys::SIGTERM as i32, Some(on_sigterm));
            pg_sys::pqsignal_be(pg_sys::SIGINT as i32, Some(on_sigint));
        }
    }
}

/// The worker is connected. Asked to stop meanwhile it goes on to its own end, which is near.
pub(crate) fn started() {
    IS_STARTING.store(false, Ordering::SeqCst);
    if is_requested() {
        // SAFETY: a flag that only this process writes.
        unsafe { addr_of_mut!(pg_sys::ProcDiePending).write_volatile(0) };
    }
}

/// What was interrupted may be about to read errno.
fn keeping_errno(body: impl FnOnce()) {
    // SAFETY: a place of this thread's own.
    unsafe {
        let place = libc::__errno_location();
        let errno = *place;
        body();
        *place = errno;
    }
}

/// Async-signal-safe: atomics, flags of PostgreSQL's, a latch.
unsafe extern "C-unwind" fn on_sigint(_signal: i32) {
    // SAFETY: as said.
    keeping_errno(|| unsafe {
        if !IN_COMMIT.load(Ordering::SeqCst) || get_timeout_indicator(LOCK_TIMEOUT, false) {
            addr_of_mut!(pg_sys::QueryCancelPending).write_volatile(1);
            addr_of_mut!(pg_sys::InterruptPending).write_volatile(1);
        }
        pg_sys::SetLatch(pg_sys::MyLatch);
    });
}

/// PostgreSQL's own statement timeout, which only sessions with a client start by themselves.
pub(crate) fn cancel_after(limit: Duration) {
    let ms = limit.as_millis().try_into().unwrap_or(i32::MAX);
    // SAFETY: the timeout is registered for every process with a database (InitPostgres).
    unsafe { enable_timeout_after(STATEMENT_TIMEOUT, ms) };
}

/// Before the commit, which is not to be cancelled, and after an error.
pub(crate) fn cancel_no_more() {
    // SAFETY: as above; one that is not active stays so.
    unsafe { disable_timeout(STATEMENT_TIMEOUT, false) };
}

/// Between transactions there is nothing to cancel.
pub(crate) fn forget_cancel() {
    // SAFETY: a flag that only this process writes.
    unsafe { addr_of_mut!(pg_sys::QueryCancelPending).write_volatile(0) };
}

/// Async-signal-safe as well.
unsafe extern "C-unwind" fn on_sigterm(_signal: i32) {
    REQUESTED.store(true, Ordering::SeqCst);
    // SAFETY: as said.
    keeping_errno(|| unsafe {
        if IS_STARTING.load(Ordering::SeqCst) {
            addr_of_mut!(pg_sys::ProcDiePending).write_volatile(1);
            addr_of_mut!(pg_sys::InterruptPending).write_volatile(1);
        }
        if IN_COMMIT.load(Ordering::SeqCst) {
            addr_of_mut!(pg_sys::ProcDiePending).write_volatile(1);
        }
        pg_sys::SetLatch(pg_sys::MyLatch);
    });
}

pub(crate) fn is_requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Commits the current transaction. When the process is asked to stop meanwhile, or was before, the commit does not
/// wait for a standby: it is on this server's disk, and perhaps nowhere else. Does not return when the postmaster has died
/// meanwhile.
pub(crate) fn commit() {
    IN_COMMIT.store(true, Ordering::SeqCst);
    forget_cancel(); // one that came before it is too late too
    // SAFETY: the caller has a transaction; the flags are of this process.
    unsafe {
        if is_requested() {
            addr_of_mut!(pg_sys::ProcDiePending).write_volatile(1);
        }
        pg_sys::CommitTransactionCommand();
        if addr_of_mut!(pg_sys::ProcDiePending).read_volatile() != 0 && !is_requested() {
            pg_sys::proc_exit(1);
        }
    }
    settle();
}

/// Also after a commit that failed: the end is the worker's own to choose.
pub(crate) fn settle() {
    if IN_COMMIT.swap(false, Ordering::SeqCst) && is_requested() {
        // SAFETY: a flag that only this process writes.
        unsafe { addr_of_mut!(pg_sys::ProcDiePending).write_volatile(0) };
    }
}
