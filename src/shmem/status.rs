//! What a worker says about itself.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::now_us;

/// What the worker has done since it started; the last problem outlives it. Written by the worker, and by the
/// launcher while there is none; read by `vioc.worker_status`.
#[repr(C)]
pub(crate) struct Report {
    /// Microseconds of PostgreSQL's clock; 0 = never.
    pub(crate) started_at: AtomicI64,
    pub(crate) woken_at: AtomicI64,
    pub(crate) problem_at: AtomicI64,
    pub(crate) in_flight: AtomicU32,
    /// Create requests handed to the pool, and what came of them.
    pub(crate) posted: AtomicU64,
    pub(crate) placed: AtomicU64,
    pub(crate) not_placed: AtomicU64,
    /// Requests that may be on their way at the same time.
    pub(crate) capacity: AtomicU32,
    problem: Line,
    /// What is wrong with the settings; empty: nothing.
    settings: Line,
    /// Because of them nothing is sent.
    is_stopped: AtomicBool,
    /// Why Retell was not reached the last time; 0 = the last request was answered.
    unreached_at: AtomicI64,
    unreached: Line,
    /// When the worker last went round, by a clock that nobody sets.
    beat_at_ms: AtomicI64,
}

/// A worker goes round every five seconds at least, and waits ten for a lock.
const STUCK_AFTER_MS: i64 = 30_000;

/// Milliseconds of a clock that all processes share and nobody sets.
fn monotonic_ms() -> i64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills the struct.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

const LINE_BYTES: usize = 512;

/// A text with one writer: odd `version` while it is being written, and who reads meanwhile reads again.
#[repr(C)]
pub(super) struct Line {
    version: AtomicU32,
    len: AtomicU32,
    bytes: [AtomicU8; LINE_BYTES],
}

impl Line {
    pub(super) fn set(&self, text: &str) {
        let mut end = text.len().min(LINE_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.version.fetch_add(1, Ordering::AcqRel);
        for (place, byte) in self.bytes.iter().zip(&text.as_bytes()[..end]) {
            place.store(*byte, Ordering::Relaxed);
        }
        self.len
            .store(u32::try_from(end).unwrap_or(0), Ordering::Relaxed);
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn get(&self) -> String {
        let mut text = String::new();
        // a writer is done in a moment; one that died in between leaves an odd version
        for _ in 0..1000 {
            let before = self.version.load(Ordering::Acquire);
            let len = (self.len.load(Ordering::Relaxed) as usize).min(LINE_BYTES);
            let bytes: Vec<u8> = self.bytes[..len]
                .iter()
                .map(|byte| byte.load(Ordering::Relaxed))
                .collect();
            text = String::from_utf8_lossy(&bytes).into_owned();
            if before.is_multiple_of(2) && self.version.load(Ordering::Acquire) == before {
                break;
            }
            std::hint::spin_loop();
        }
        text
    }
}

impl Report {
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
    pub(crate) fn complain(&self, problem: &str) {
        self.problem.set(problem);
        self.problem_at.store(now_us(), Ordering::Release);
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

    pub(crate) fn is_stuck(&self) -> bool {
        monotonic_ms() - self.beat_at_ms.load(Ordering::Acquire) > STUCK_AFTER_MS
    }

    pub(crate) fn problem(&self) -> Option<String> {
        (self.problem_at.load(Ordering::Acquire) != 0).then(|| self.problem.get())
    }
}
