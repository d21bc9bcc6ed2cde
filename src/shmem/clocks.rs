//! Reading the clocks that `vioc_core::clocks` compares, and what the worker knows of them in shared memory.

use std::sync::atomic::{AtomicI64, Ordering};

use vioc_core::clocks::{Known, Now};

use super::now_us;

/// Zero in fresh shared memory: nothing is known. Written by the worker only.
#[repr(C)]
pub(crate) struct Clocks {
    difference: AtomicI64,
    stepped_at: AtomicI64,
    stepped_by: AtomicI64,
    retell: [AtomicI64; 2],
}

pub(crate) fn now() -> Now {
    Now {
        wall: now_us(),
        running: running_us(),
    }
}

/// Microseconds of a clock that is never set. Unlike Rust's `Instant` it also runs while the machine sleeps.
fn running_us() -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes one timespec, which is there.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

impl Clocks {
    pub(crate) fn known(&self) -> Known {
        let read = |it: &AtomicI64| it.load(Ordering::Acquire);
        Known {
            difference: read(&self.difference),
            stepped_at: read(&self.stepped_at),
            retell: [read(&self.retell[0]), read(&self.retell[1])],
        }
    }

    /// The latest step, and how long ago that was, in microseconds.
    pub(crate) fn latest_step(&self) -> Option<(i64, i64)> {
        let at = self.stepped_at.load(Ordering::Acquire);
        (at != 0).then(|| {
            let by = self.stepped_by.load(Ordering::Acquire);
            (by, running_us().saturating_sub(at))
        })
    }

    /// Everything waits by the clock as it is at `now`.
    pub(crate) fn follow(&self, now: Now) {
        let difference = now.wall.saturating_sub(now.running);
        self.difference.store(difference, Ordering::Release);
    }

    /// The clock was set; seen before it is followed, so that no reader finds it settled in between.
    pub(crate) fn stepped(&self, by: i64, now: Now) {
        self.stepped_by.store(by, Ordering::Release);
        self.stepped_at.store(now.running.max(1), Ordering::Release);
    }

    pub(crate) fn forget(&self) {
        self.difference.store(0, Ordering::Release);
    }

    /// Retell's clock, microseconds since 1970, as it was so long ago.
    pub(crate) fn heard(&self, retell_us: i64, ago_us: i64) {
        let since_2000 = retell_us.saturating_sub(crate::native::EPOCH_US);
        let difference = since_2000.saturating_sub(running_us().saturating_sub(ago_us));
        let earlier = self.retell[0].swap(difference, Ordering::AcqRel);
        self.retell[1].store(earlier, Ordering::Release);
    }
}
