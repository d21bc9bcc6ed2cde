//! Shared memory: one slot per served database, found by its position in `vioconcierge.databases`.
//!
//! Everything in it is an atomic or a condition variable, so that a commit callback, which must not fail, can use it.

use std::cell::UnsafeCell;
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering,
};

use pgrx::prelude::*;

use crate::steps::Clocks;

/// Most databases served by one cluster.
pub(crate) const SLOTS: usize = 64;

/// Tenants whose keys and agents Retell is to be asked about at a time: as many as are asked about at most.
const ASKED_TENANTS: usize = 100;

/// Roles whose waiters are counted at the same time, per database; those of a further one only count for all.
const SHARES: usize = 64;

/// Whose keys and agents Retell is to be asked about.
#[derive(Default)]
pub(crate) struct Asked {
    all: bool,
    tenants: Vec<i64>,
}

impl Asked {
    /// `None`: nobody's; `Some(None)`: everybody's.
    pub(crate) fn tenants(&self) -> Option<Option<&[i64]>> {
        match (self.all, self.tenants.is_empty()) {
            (true, _) => Some(None),
            (false, true) => None,
            (false, false) => Some(Some(&self.tenants)),
        }
    }
}

#[repr(C)]
pub(crate) struct Slot {
    worker_pid: AtomicI32,
    /// The worker has found the extension.
    is_serving: AtomicBool,
    /// The worker's latch, in shared memory for as long as the server runs: a stale one costs a spurious wake-up.
    latch: AtomicPtr<pg_sys::Latch>,
    /// Set by whoever committed work; cleared by the worker before it looks.
    woken: AtomicBool,
    /// Set by vioc_doctor, also before its transaction ends: Retell is to be asked about keys and agents, of all tenants
    /// or of these (0 = a free place).
    asked: AtomicBool,
    asked_tenants: [AtomicI64; ASKED_TENANTS],
    /// Counts committed changes; what `vioc.wait_for_change` compares.
    changes: AtomicU64,
    waiters: AtomicU32,
    /// Of whom these are, as far as they are of roles that have a share: role in the upper half, count in the lower; 0 = free.
    shares: [AtomicU64; SHARES],
    changed: UnsafeCell<pg_sys::ConditionVariable>,
    /// The session that needs this database to itself (DROP DATABASE and the like); 0 = none.
    holder: AtomicI32,
    pub(crate) report: Report,
    pub(crate) clocks: Clocks,
}

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
struct Line {
    version: AtomicU32,
    len: AtomicU32,
    bytes: [AtomicU8; LINE_BYTES],
}

impl Line {
    fn set(&self, text: &str) {
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

    fn get(&self) -> String {
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

pub(crate) fn now_us() -> i64 {
    unsafe { pg_sys::GetCurrentTimestamp() }
}

#[repr(C)]
struct Shared {
    slots: [Slot; SLOTS],
    progress: [Progress; PROGRESSES],
}

/// Sessions whose long work can be watched at the same time; a further one is not shown.
const PROGRESSES: usize = 32;

/// What a session is doing, for `vioc.progress`; written by that session only.
#[repr(C)]
pub(crate) struct Progress {
    /// Whose this is; 0 = nobody's.
    pid: AtomicI32,
    database: AtomicU32,
    pub(crate) since: AtomicI64,
    pub(crate) done: AtomicI64,
    pub(crate) total: AtomicI64,
    task: Line,
}

impl Progress {
    /// That of this session, taken if it has none yet.
    pub(crate) fn mine() -> Option<&'static Self> {
        let me = unsafe { pg_sys::MyProcPid };
        let all = &shared()?.progress;
        let mine = all.iter().find(|it| it.pid.load(Ordering::Acquire) == me);
        mine.or_else(|| all.iter().find(|it| it.take(me)))
    }

    fn take(&self, me: i32) -> bool {
        let known = self.pid.load(Ordering::Acquire);
        let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
        let is_mine =
            alive(known).is_none() && self.pid.compare_exchange(known, me, order, failure).is_ok();
        if is_mine {
            let database = unsafe { pg_sys::MyDatabaseId };
            self.database.store(database.into(), Ordering::Relaxed);
            self.since.store(now_us(), Ordering::Relaxed);
        }
        is_mine
    }

    pub(crate) fn show(&self, task: &str, done: i64, total: i64) {
        self.task.set(task);
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// The work is over. Atomics only: runs at the end of a transaction.
    pub(crate) fn end(&self) {
        self.pid.store(0, Ordering::Release);
    }

    /// Of the sessions of this database: pid, task, itself.
    pub(crate) fn all() -> Vec<(i32, String, &'static Self)> {
        let database: u32 = unsafe { pg_sys::MyDatabaseId }.into();
        let all = shared().map_or([].as_slice(), |it| it.progress.as_slice());
        let here = all
            .iter()
            .filter(|it| it.database.load(Ordering::Relaxed) == database);
        here.filter_map(|it| Some((alive(it.pid.load(Ordering::Acquire))?, it.task.get(), it)))
            .collect()
    }
}

static SHARED: AtomicPtr<Shared> = AtomicPtr::new(ptr::null_mut());
static mut PREVIOUS_REQUEST: pg_sys::shmem_request_hook_type = None;
static mut PREVIOUS_STARTUP: pg_sys::shmem_startup_hook_type = None;

pub(crate) fn init() {
    unsafe {
        PREVIOUS_REQUEST = pg_sys::shmem_request_hook;
        pg_sys::shmem_request_hook = Some(request);
        PREVIOUS_STARTUP = pg_sys::shmem_startup_hook;
        pg_sys::shmem_startup_hook = Some(startup);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn request() {
    unsafe {
        if let Some(previous) = PREVIOUS_REQUEST {
            previous();
        }
        pg_sys::RequestAddinShmemSpace(size_of::<Shared>());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn startup() {
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
        SHARED.store(shared, Ordering::Release);
    }
}

fn shared() -> Option<&'static Shared> {
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

impl Slot {
    /// This process is the database's worker.
    pub(crate) fn enter_worker(&self) {
        unsafe {
            self.latch.store(pg_sys::MyLatch, Ordering::Release);
            self.serves(false);
            self.worker_pid.store(pg_sys::MyProcPid, Ordering::Release);
        }
    }

    /// Whether this worker's database has the extension, and with it a share of what the server may send.
    pub(crate) fn serves(&self, is_serving: bool) {
        self.is_serving.store(is_serving, Ordering::Release);
    }

    fn is_serving(&self) -> bool {
        self.is_serving.load(Ordering::Acquire) && self.has_worker()
    }

    /// This process leaves; a successor that is here already stays.
    pub(crate) fn leave_worker(&self) {
        let me = unsafe { pg_sys::MyProcPid };
        let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
        if self
            .worker_pid
            .compare_exchange(me, 0, order, failure)
            .is_ok()
        {
            self.latch.store(ptr::null_mut(), Ordering::Release);
        }
    }

    pub(crate) fn has_worker(&self) -> bool {
        self.worker_pid().is_some()
    }

    pub(crate) fn worker_pid(&self) -> Option<i32> {
        alive(self.worker_pid.load(Ordering::Acquire))
    }

    /// The session that needs the database to itself, if there is one: no worker may start, and one that is there leaves.
    pub(crate) fn holder(&self) -> Option<i32> {
        alive(self.holder.load(Ordering::Acquire))
    }

    /// Takes the database for this session; false if another one has it.
    pub(crate) fn hold(&self) -> bool {
        let me = unsafe { pg_sys::MyProcPid };
        let known = self.holder.load(Ordering::Acquire);
        alive(known).is_none_or(|holder| holder == me)
            && self
                .holder
                .compare_exchange(known, me, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    pub(crate) fn release(&self) {
        let me = unsafe { pg_sys::MyProcPid };
        let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
        // somebody else's hold stays
        let _ = self.holder.compare_exchange(me, 0, order, failure);
    }

    /// Whether there was work since the last call.
    pub(crate) fn take_wake(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }

    /// Has the worker ask Retell about keys and agents; unlike [`Slot::announce`] it waits for no commit.
    pub(crate) fn ask(&self, tenants: Option<Vec<i64>>) {
        match tenants {
            None => self.asked.store(true, Ordering::Release),
            Some(tenants) => tenants.into_iter().for_each(|it| self.ask_of(it)),
        }
        unsafe {
            let latch = self.latch.load(Ordering::Acquire);
            if !latch.is_null() {
                pg_sys::SetLatch(latch);
            }
        }
    }

    /// With no place left it is asked about the next time.
    fn ask_of(&self, tenant_id: i64) {
        let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
        let places = &self.asked_tenants;
        if !places.iter().any(|it| it.load(failure) == tenant_id) {
            let _ = places
                .iter()
                .any(|it| it.compare_exchange(0, tenant_id, order, failure).is_ok());
        }
    }

    /// What was asked for since the last call.
    pub(crate) fn take_asked(&self) -> Asked {
        let tenants = self.asked_tenants.iter();
        Asked {
            all: self.asked.swap(false, Ordering::AcqRel),
            tenants: tenants
                .map(|it| it.swap(0, Ordering::AcqRel))
                .filter(|it| *it != 0)
                .collect(),
        }
    }

    /// Something was committed. Runs in a commit callback: takes spinlocks at most, and cannot fail.
    pub(crate) fn announce(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.woken.store(true, Ordering::Release);
        unsafe {
            if self.waiters.load(Ordering::Acquire) > 0 {
                pg_sys::ConditionVariableBroadcast(self.changed.get());
            }
            let latch = self.latch.load(Ordering::Acquire);
            if !latch.is_null() && latch != pg_sys::MyLatch {
                pg_sys::SetLatch(latch);
            }
        }
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Sleeps until the count differs from `seen` or the time is over. Interruptible.
    pub(crate) fn wait(&self, seen: u64, timeout_ms: i64) {
        let deadline = std::time::Instant::now()
            + std::time::Duration::from_millis(timeout_ms.max(0).unsigned_abs());
        unsafe {
            pg_sys::ConditionVariablePrepareToSleep(self.changed.get());
            while self.changes() == seen {
                let left = deadline.saturating_duration_since(std::time::Instant::now());
                let left_ms = left.as_millis().try_into().unwrap_or(i64::MAX);
                if left_ms == 0
                    || pg_sys::ConditionVariableTimedSleep(
                        self.changed.get(),
                        left_ms,
                        pg_sys::PG_WAIT_EXTENSION,
                    )
                {
                    break;
                }
            }
            pg_sys::ConditionVariableCancelSleep();
        }
    }

    /// Takes a waiter's place, false if all are taken, or if this role (0 = one that need not share) has as many as it
    /// would leave to the others: one role can have half of them, and whoever has none finds one.
    pub(crate) fn enter(&self, most: u32, role: u32) -> bool {
        let mine = self.waiters_of(role);
        let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
        let is_free = self
            .waiters
            .fetch_update(order, failure, |waiters| {
                (mine < most.saturating_sub(waiters)).then_some(waiters + 1)
            })
            .is_ok();
        if is_free && role != 0 {
            let known = self.shares.iter().find(|it| count_of(it, role) > 0);
            let free = || self.shares.iter().find(|it| it.load(failure) == 0);
            if let Some(share) = known.or_else(free) {
                // another role that was faster there is not counted, nor is this one: the bound on all still holds
                let _ = share.fetch_update(order, failure, |it| {
                    (it == 0 || upper(it) == role)
                        .then(|| (u64::from(role) << 32) + (it & COUNT) + 1)
                });
            }
        }
        is_free
    }

    pub(crate) fn leave(&self, role: u32) {
        self.waiters.fetch_sub(1, Ordering::AcqRel);
        if let Some(share) = self.shares.iter().find(|it| count_of(it, role) > 0) {
            let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
            let _ = share.fetch_update(order, failure, |it| match it & COUNT {
                _ if upper(it) != role => None,
                0 | 1 => Some(0),
                _ => Some(it - 1),
            });
        }
    }

    fn waiters_of(&self, role: u32) -> u32 {
        match role {
            0 => 0,
            _ => self.shares.iter().map(|it| count_of(it, role)).sum(),
        }
    }
}

const COUNT: u64 = u32::MAX as u64;

fn upper(share: u64) -> u32 {
    (share >> 32) as u32
}

fn count_of(share: &AtomicU64, role: u32) -> u32 {
    let share = share.load(Ordering::Acquire);
    match upper(share) == role && role != 0 {
        true => (share & COUNT) as u32,
        false => 0,
    }
}

/// The process, if there is still one.
fn alive(pid: i32) -> Option<i32> {
    (pid != 0 && unsafe { libc::kill(pid, 0) == 0 }).then_some(pid)
}
