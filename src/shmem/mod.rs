//! Shared memory: one slot per served database, found by its position in `vioconcierge.databases`.
//!
//! What a commit callback uses is an atomic or a condition variable: it must not fail. Texts are read and written under a lock.

pub(crate) mod clocks;
mod progress;
mod slot;
mod status;
mod text;
mod waiters;

use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pgrx::prelude::*;

pub(crate) use progress::Progress;
pub(crate) use slot::{Announced, Asked, Slot};

/// Most databases served by one cluster.
pub(crate) const SLOTS: usize = 64;

#[repr(C)]
struct Shared {
    slots: [Slot; SLOTS],
    progress: [Progress; progress::PROGRESSES],
}

static SHARED: AtomicPtr<Shared> = AtomicPtr::new(ptr::null_mut());

static mut PREVIOUS_REQUEST: pg_sys::shmem_request_hook_type = None;

static mut PREVIOUS_STARTUP: pg_sys::shmem_startup_hook_type = None;

pub(crate) fn init() {
    // SAFETY: only _PG_init calls this, once, while the postmaster has one thread.
    unsafe {
        PREVIOUS_REQUEST = pg_sys::shmem_request_hook;
        pg_sys::shmem_request_hook = Some(request);
        PREVIOUS_STARTUP = pg_sys::shmem_startup_hook;
        pg_sys::shmem_startup_hook = Some(startup);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn request() {
    // SAFETY: the hook in which PostgreSQL takes requests; only `init` writes PREVIOUS_REQUEST.
    unsafe {
        if let Some(previous) = PREVIOUS_REQUEST {
            previous();
        }
        pg_sys::RequestAddinShmemSpace(size_of::<Shared>());
        text::request_lock();
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn startup() {
    // SAFETY: the segment is as large as `Shared`. The postmaster makes it before it has children; all zeros are valid for
    // everything in it but the condition variables, which are initialized.
    unsafe {
        if let Some(previous) = PREVIOUS_STARTUP {
            previous();
        }
        let mut found = false;
        let shared = pg_sys::ShmemInitStruct(
            c"vioconcierge".as_ptr(),
            size_of::<Shared>(),
            &raw mut found,
        )
        .cast::<Shared>();
        if !found {
            ptr::write_bytes(shared, 0, 1); // all-zero atomics
            for slot in &(*shared).slots {
                pg_sys::ConditionVariableInit(slot.changed.get());
            }
        }
        text::find_lock();
        SHARED.store(shared, Ordering::Release);
    }
}

fn shared() -> Option<&'static Shared> {
    // SAFETY: null, or the segment, which stays for as long as the server runs.
    unsafe { SHARED.load(Ordering::Acquire).as_ref() }
}

/// Whether the postmaster loaded this library.
pub(crate) fn is_loaded() -> bool {
    shared().is_some()
}

pub(crate) fn slot(index: usize) -> Option<&'static Slot> {
    shared()?.slots.get(index)
}

/// How many databases have a worker and the extension, that of this process included.
pub(crate) fn workers(mine: &Slot) -> usize {
    let others = shared().map_or(0, |it| {
        let others = it.slots.iter().filter(|slot| !ptr::eq(*slot, mine));
        others.filter(|slot| slot.is_serving()).count()
    });
    others + 1
}

pub(crate) fn now_us() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

/// The process, if there is still one.
fn alive(pid: i32) -> Option<i32> {
    // SAFETY: signal 0 is none; it only asks.
    (pid != 0 && unsafe { libc::kill(pid, 0) == 0 }).then_some(pid)
}

/// The process ID of this process.
pub(crate) fn my_pid() -> i32 {
    // SAFETY: PostgreSQL writes it once, when the process starts.
    unsafe { pg_sys::MyProcPid }
}
