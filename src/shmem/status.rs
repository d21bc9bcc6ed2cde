//! What a worker says about itself; read by `vioc.worker_status`.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use vioc_core::margins::STUCK_AFTER;

use super::now_us;
use super::text::Text;

/// What the worker has done since it started; the last problem outlives it. Written by the worker, and by the
/// launcher while there is none; read by `vioc.worker_status`.
#[repr(C)]
pub(crate) struct WorkerStatus {
    /// Microseconds of PostgreSQL's clock; 0 = never.
    pub(crate) started_at: AtomicI64,
    pub(crate) woken_at: AtomicI64,
    pub(crate) error_at: AtomicI64,
    pub(crate) in_flight: AtomicU32,
    /// Create requests handed to the pool, and what came of them.
    pub(crate) posted: AtomicU64,
    pub(crate) placed: AtomicU64,
    pub(crate) not_placed: AtomicU64,
    /// Requests that may be on their way at the same time.
    pub(crate) capacity: AtomicU32,
    error: Text,
    /// What is wrong with the settings; empty: nothing.
    settings: Text,
    /// Because of them nothing is sent.
    is_stopped: AtomicBool,
    /// Why Retell was not reached the last time; 0 = the last request was answered.
    unreached_at: AtomicI64,
    unreached: Text,
    /// When the worker last went round, by a clock that is never set.
    beat_at_ms: AtomicI64,
}

/// For so long after a round the worker is as quick as it gets.
const AWAKE: Duration = Duration::from_millis(20);

/// Milliseconds of a clock that all processes share and is never set.
fn monotonic_ms() -> i64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills the struct.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

impl WorkerStatus {
    /// A worker starts: its counts begin at nothing.
    pub(crate) fn begin(&self) {
        self.started_at.store(now_us(), Ordering::Relaxed);
        self.woken_at.store(0, Ordering::Relaxed);
        self.in_flight.store(0, Ordering::Relaxed);
        self.answered();
        self.beat();
        for count in [&self.posted, &self.placed, &self.not_placed] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// SQLSTATE and primary message only.
    pub(crate) fn set_last_error(&self, error: &str) {
        self.error.set(error);
        self.error_at.store(now_us(), Ordering::Release);
    }

    pub(crate) fn woken(&self) {
        self.woken_at.store(now_us(), Ordering::Relaxed);
    }

    pub(crate) fn set_capacity(&self, capacity: usize) {
        let capacity = u32::try_from(capacity).unwrap_or(u32::MAX);
        self.capacity.store(capacity, Ordering::Relaxed);
    }

    pub(crate) fn set_in_flight(&self, requests: usize) {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.in_flight.store(requests, Ordering::Relaxed);
    }

    /// So many create requests were handed to the pool.
    pub(crate) fn count_posted(&self, count: usize) {
        self.posted.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// What came of one of them.
    pub(crate) fn count_answer(&self, is_placed: bool) {
        let count = match is_placed {
            true => &self.placed,
            false => &self.not_placed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_settings(&self, problem: Option<&str>, is_stopped: bool) {
        self.settings.set(problem.unwrap_or_default());
        self.is_stopped.store(is_stopped, Ordering::Release);
    }

    pub(crate) fn settings(&self) -> Option<String> {
        Some(self.settings.get()).filter(|it| !it.is_empty())
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// A request did not reach Retell, or its answer did not come.
    pub(crate) fn not_reached(&self, reason: &str) {
        self.unreached.set(reason);
        self.unreached_at.store(now_us(), Ordering::Release);
    }

    pub(crate) fn answered(&self) {
        self.unreached_at.store(0, Ordering::Release);
    }

    pub(crate) fn unreached(&self) -> Option<(String, i64)> {
        let at = self.unreached_at.load(Ordering::Acquire);
        (at != 0).then(|| (self.unreached.get(), at))
    }

    /// The worker goes round.
    pub(crate) fn beat(&self) {
        self.beat_at_ms.store(monotonic_ms(), Ordering::Release);
    }

    /// Whether its last round was a while ago.
    pub(crate) fn has_slept(&self) -> bool {
        monotonic_ms() - self.beat_at_ms.load(Ordering::Acquire) > AWAKE.as_millis() as i64
    }

    pub(crate) fn is_stuck(&self) -> bool {
        monotonic_ms() - self.beat_at_ms.load(Ordering::Acquire) > STUCK_AFTER.as_millis() as i64
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        (self.error_at.load(Ordering::Acquire) != 0).then(|| self.error.get())
    }
}
