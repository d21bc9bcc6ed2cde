//! Short texts in shared memory, which one lock protects: a reader never sees half of one.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pgrx::prelude::*;

/// A longer text is cut.
const MOST_BYTES: usize = 512;

/// PostgreSQL's lock for all of them: each is written seldom, and copied in a moment.
static LOCK: AtomicPtr<pg_sys::LWLock> = AtomicPtr::new(ptr::null_mut());
const TRANCHE: &std::ffi::CStr = c"vioconcierge";

/// In the hook that asks for shared memory.
pub(super) fn request_lock() {
    // SAFETY: PostgreSQL copies the name.
    unsafe { pg_sys::RequestNamedLWLockTranche(TRANCHE.as_ptr(), 1) };
}

/// In the hook that finds shared memory.
pub(super) fn find_lock() {
    // SAFETY: the tranche was asked for, with one lock; it lies in shared memory for as long as the server runs.
    let lock = unsafe { &raw mut (*pg_sys::GetNamedLWLockTranche(TRANCHE.as_ptr())).lock };
    LOCK.store(lock, Ordering::Release);
}

/// The lock is held while this lives; an error releases it as well (PostgreSQL does, for the whole process).
struct Held(*mut pg_sys::LWLock);

impl Held {
    fn take(mode: pg_sys::LWLockMode::Type) -> Self {
        let lock = LOCK.load(Ordering::Acquire);
        // SAFETY: who has a text has found shared memory, and with it the lock; no lock is taken inside of it.
        unsafe { pg_sys::LWLockAcquire(lock, mode) };
        Self(lock)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: this process took it.
        unsafe { pg_sys::LWLockRelease(self.0) };
    }
}

/// All zeros is the empty text, as in fresh shared memory.
#[repr(C)]
pub(super) struct Text(UnsafeCell<Content>);

#[repr(C)]
#[derive(Clone, Copy)]
struct Content {
    len: usize,
    bytes: [u8; MOST_BYTES],
}

impl Text {
    pub(super) fn set(&self, text: &str) {
        let text = &text[..text.floor_char_boundary(MOST_BYTES)];
        let _held = Held::take(pg_sys::LWLockMode::LW_EXCLUSIVE);
        // SAFETY: the lock keeps all others away.
        let content = unsafe { &mut *self.0.get() };
        content.len = text.len();
        content.bytes[..text.len()].copy_from_slice(text.as_bytes());
    }

    pub(super) fn get(&self) -> String {
        let held = Held::take(pg_sys::LWLockMode::LW_SHARED);
        // SAFETY: the lock keeps writers away.
        let content = unsafe { *self.0.get() };
        drop(held);
        let bytes = content.bytes.get(..content.len).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }
}
