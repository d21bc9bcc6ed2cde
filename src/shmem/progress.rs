//! How far the long work of sessions is.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, Ordering};

use pgrx::prelude::*;

use super::text::Text;
use super::{alive, my_pid, now_us, shared};

/// Sessions whose long work can be watched at the same time; a further one is not shown.
pub(super) const PROGRESSES: usize = 32;

/// What a session is doing, for `vioc.progress`; written by that session only.
#[repr(C)]
pub(crate) struct Progress {
    /// The session that this is of; 0 = none.
    pid: AtomicI32,
    database: AtomicU32,
    pub(crate) since: AtomicI64,
    pub(crate) done: AtomicI64,
    pub(crate) total: AtomicI64,
    task: Text,
}

impl Progress {
    /// That of this session, taken if it has none yet.
    pub(crate) fn mine() -> Option<&'static Self> {
        let me = my_pid();
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
            let database = my_database();
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
        let database: u32 = my_database().into();
        let all = shared().map_or([].as_slice(), |it| it.progress.as_slice());
        let here = all
            .iter()
            .filter(|it| it.database.load(Ordering::Relaxed) == database);
        here.filter_map(|it| Some((alive(it.pid.load(Ordering::Acquire))?, it.task.get(), it)))
            .collect()
    }
}

fn my_database() -> pg_sys::Oid {
    // SAFETY: PostgreSQL writes it once, when the process has its database.
    unsafe { pg_sys::MyDatabaseId }
}
