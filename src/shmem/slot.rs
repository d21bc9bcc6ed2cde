//! The slot of one served database.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, Ordering,
};

use pgrx::prelude::*;

use super::clocks::Clocks;
use super::status::WorkerStatus;
use super::waiters::SHARES;
use super::{alive, my_pid};

/// Tenants whose keys and agents Retell is to be asked about at a time: as many as are asked about at most.
const ASKED_TENANTS: usize = 100;

/// Calls that sessions wait for and Retell is to be asked about at a time; a further one waits for the next time.
const ASKED_CALLS: usize = 100;

/// Whose keys and agents Retell is to be asked about.
#[derive(Default)]
pub(crate) struct Asked {
    all: bool,
    tenants: Vec<i64>,
}

impl Asked {
    /// `None`: of no tenant; `Some(None)`: of all.
    pub(crate) fn tenants(&self) -> Option<Option<&[i64]>> {
        match (self.all, self.tenants.is_empty()) {
            (true, _) => Some(None),
            (false, true) => None,
            (false, false) => Some(Some(&self.tenants)),
        }
    }
}

/// With no free place (0) left it is put the next time.
fn put(places: &[AtomicI64], id: i64) {
    let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
    if !places.iter().any(|it| it.load(failure) == id) {
        let _ = places
            .iter()
            .any(|it| it.compare_exchange(0, id, order, failure).is_ok());
    }
}

fn take(places: &[AtomicI64]) -> Vec<i64> {
    let ids = places.iter().map(|it| it.swap(0, Ordering::AcqRel));
    ids.filter(|it| *it != 0).collect()
}

/// What a transaction has committed that the worker is woken for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Announced {
    Events,
    /// Calls to be sent or asked about, and whatever decides which. Its events are published, too.
    Work,
}

#[repr(C)]
pub(crate) struct Slot {
    worker_pid: AtomicI32,
    /// The worker has found the extension.
    is_serving: AtomicBool,
    /// The worker's latch, in shared memory for as long as the server runs: a stale one costs a spurious wake-up.
    latch: AtomicPtr<pg_sys::Latch>,
    /// Set by the session that committed work; cleared by the worker before it looks.
    woken: AtomicBool,
    /// The same of events alone; cleared by the worker before it publishes them.
    has_events: AtomicBool,
    /// Set by a session that is about to commit work.
    roused: AtomicBool,
    /// Set by vioc_doctor, also before its transaction ends: Retell is to be asked about keys and agents, of all tenants
    /// or of these (0 = a free place).
    asked: AtomicBool,
    asked_tenants: [AtomicI64; ASKED_TENANTS],
    /// Set by vioc_wait_for_call: Retell is to be asked about these calls at once (0 = a free place).
    asked_calls: [AtomicI64; ASKED_CALLS],
    /// Counts committed changes; what `vioc.wait_for_change` compares.
    pub(super) changes: AtomicU64,
    pub(super) waiters: AtomicU32,
    /// Whose these are, as far as they are of tenants that have a share: tenant in the upper half, count in the lower; 0 = free.
    pub(super) shares: [AtomicU64; SHARES],
    pub(super) changed: UnsafeCell<pg_sys::ConditionVariable>,
    /// The session that needs this database to itself (DROP DATABASE and the like); 0 = none.
    holder: AtomicI32,
    pub(crate) status: WorkerStatus,
    pub(crate) clocks: Clocks,
}

impl Slot {
    /// This process is the database's worker.
    pub(crate) fn enter_worker(&self) {
        // SAFETY: this process's own latch; it is in shared memory.
        let latch = unsafe { pg_sys::MyLatch };
        self.latch.store(latch, Ordering::Release);
        self.serves(false);
        self.worker_pid.store(my_pid(), Ordering::Release);
    }

    /// Whether this worker's database has the extension, and with it a share of what the server may send.
    pub(crate) fn serves(&self, is_serving: bool) {
        self.is_serving.store(is_serving, Ordering::Release);
    }

    pub(super) fn is_serving(&self) -> bool {
        self.is_serving.load(Ordering::Acquire) && self.has_worker()
    }

    /// This process leaves; a successor that is here already stays.
    pub(crate) fn leave_worker(&self) {
        let me = my_pid();
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
        let me = my_pid();
        let known = self.holder.load(Ordering::Acquire);
        alive(known).is_none_or(|holder| holder == me)
            && self
                .holder
                .compare_exchange(known, me, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    pub(crate) fn release(&self) {
        let me = my_pid();
        let (order, failure) = (Ordering::AcqRel, Ordering::Acquire);
        // another session's hold stays
        let _ = self.holder.compare_exchange(me, 0, order, failure);
    }

    /// Whether there was work since the last call.
    pub(crate) fn take_wake(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }

    /// Whether work is about to be committed, as of the last call.
    pub(crate) fn take_roused(&self) -> bool {
        self.roused.swap(false, Ordering::AcqRel)
    }

    /// Whether there is work now.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// A Call Now is being written down. After a while of sleep the processor's caches hold nothing of what it needs: the
    /// worker gets itself ready meanwhile. Announces nothing; a rollback costs that.
    pub(crate) fn rouse(&self) {
        if self.status.has_slept() && !self.roused.swap(true, Ordering::AcqRel) {
            self.set_latch();
        }
    }

    /// Whether there are events to be published.
    pub(crate) fn has_events(&self) -> bool {
        self.has_events.load(Ordering::Acquire)
    }

    /// They are being published: the next one wakes the worker again.
    pub(crate) fn take_events(&self) {
        self.has_events.store(false, Ordering::Release);
    }

    /// Has the worker ask Retell about keys and agents; unlike [`Slot::announce`] it waits for no commit.
    pub(crate) fn ask(&self, tenants: Option<Vec<i64>>) {
        match tenants {
            None => self.asked.store(true, Ordering::Release),
            Some(tenants) => tenants
                .into_iter()
                .for_each(|it| put(&self.asked_tenants, it)),
        }
        self.woken.store(true, Ordering::Release);
        self.set_latch();
    }

    /// Has the worker ask Retell about a call; like [`Slot::ask`] it waits for no commit.
    pub(crate) fn ask_about_call(&self, call_id: i64) {
        put(&self.asked_calls, call_id);
        self.woken.store(true, Ordering::Release);
        self.set_latch();
    }

    /// The calls that were asked about since the last call.
    pub(crate) fn take_asked_calls(&self) -> Vec<i64> {
        take(&self.asked_calls)
    }

    /// What was asked for since the last call.
    pub(crate) fn take_asked(&self) -> Asked {
        Asked {
            all: self.asked.swap(false, Ordering::AcqRel),
            tenants: take(&self.asked_tenants),
        }
    }

    /// Something was committed: work for the worker, or events alone. Runs in a commit callback: takes spinlocks at most,
    /// and cannot fail.
    pub(crate) fn announce(&self, what: Announced) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        let is_news = match what {
            Announced::Work => {
                self.woken.store(true, Ordering::Release);
                true
            }
            // the worker knows of others, and will publish these with them
            Announced::Events => !self.has_events.swap(true, Ordering::AcqRel),
        };
        if self.waiters.load(Ordering::Acquire) > 0 {
            // SAFETY: it was initialized with the segment; PostgreSQL itself protects what is in it.
            unsafe { pg_sys::ConditionVariableBroadcast(self.changed.get()) };
        }
        // SAFETY: this process's own latch.
        if is_news && self.latch.load(Ordering::Acquire) != unsafe { pg_sys::MyLatch } {
            self.set_latch();
        }
    }

    /// Wakes the worker, if there is one.
    fn set_latch(&self) {
        let latch = self.latch.load(Ordering::Acquire);
        if !latch.is_null() {
            // SAFETY: a worker's latch, in shared memory for as long as the server runs; a stale one costs a spurious
            // wake-up of another process.
            unsafe { pg_sys::SetLatch(latch) };
        }
    }
}
