//! How the worker sleeps, and what wakes it.

use std::time::Duration;

use pgrx::prelude::*;

/// The worker's sleep, by its name where this PostgreSQL lets extensions name theirs.
fn wait_event() -> u32 {
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    {
        static EVENT: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
        // SAFETY: PostgreSQL copies the name.
        let new = || unsafe { pg_sys::WaitEventExtensionNew(c"VioconciergeMain".as_ptr()) };
        *EVENT.get_or_init(new)
    }
    #[cfg(not(any(feature = "pg17", feature = "pg18")))]
    pg_sys::PG_WAIT_EXTENSION
}

/// How a pool thread wakes the main thread: an eventfd, because no PostgreSQL function may run off the main thread. What is
/// waited for is set up once: another descriptor might not be had just when it is needed.
pub(super) struct Event {
    fd: i32,
    set: *mut pg_sys::WaitEventSet,
}

impl Event {
    pub(super) fn new() -> Self {
        // SAFETY: makes a descriptor, and touches no memory.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            error!("vioconcierge: eventfd failed");
        }
        // SAFETY: in the worker's main thread; the set lives as long as the process.
        let set = unsafe {
            #[cfg(any(feature = "pg17", feature = "pg18"))]
            let set = pg_sys::CreateWaitEventSet(std::ptr::null_mut(), 3);
            #[cfg(not(any(feature = "pg17", feature = "pg18")))]
            let set = pg_sys::CreateWaitEventSet(pg_sys::TopMemoryContext, 3);
            let none = std::ptr::null_mut();
            let socket = pg_sys::WL_SOCKET_READABLE;
            pg_sys::AddWaitEventToSet(set, pg_sys::WL_LATCH_SET, -1, pg_sys::MyLatch, none);
            pg_sys::AddWaitEventToSet(set, pg_sys::WL_EXIT_ON_PM_DEATH, -1, none.cast(), none);
            pg_sys::AddWaitEventToSet(set, socket, fd, none.cast(), none);
            set
        };
        Self { fd, set }
    }

    pub(super) fn notifier(&self) -> impl Fn() + Send + Sync + use<> {
        let fd = self.fd;
        move || {
            let one: u64 = 1;
            // SAFETY: writes eight bytes that are there; the descriptor is open as long as the process.
            unsafe { libc::write(fd, (&raw const one).cast(), size_of::<u64>()) };
        }
    }

    /// Sleeps until a result is in, the latch is set or the time is over.
    pub(super) fn wait(&self, timeout: Duration) {
        let timeout = timeout.as_millis().try_into().unwrap_or(i64::MAX);
        // SAFETY: in the worker's main thread, with its own set and latch; one event and eight bytes are there to be
        // written to. All zeros are an event.
        unsafe {
            let mut event = std::mem::zeroed();
            pg_sys::WaitEventSetWait(self.set, timeout, &raw mut event, 1, wait_event());
            pg_sys::ResetLatch(pg_sys::MyLatch);
            let mut count: u64 = 0;
            libc::read(self.fd, (&raw mut count).cast(), size_of::<u64>());
        }
    }
}
