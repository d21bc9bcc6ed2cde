//! The threads and what they share: the queue, the results, and who waits for them.

use std::collections::VecDeque;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use vioc_core::margins::MAX_WAIT_FOR_THREAD;

use super::Outcome;
use crate::classify::{not_begun, not_sent, unknown};
use crate::room::Room;
use crate::signals::AllBlocked;
use crate::{Done, Exchange, Job};

/// A pool thread only waits for reqwest's runtime thread, which does TLS on a stack of its own.
/// Measured need in a debug build: see `tests/footprint.rs`.
pub(super) const STACK: usize = 256 * 1024;

/// A thread without work for this long ends: an idle worker holds none.
pub(super) const IDLE_THREAD: Duration = Duration::from_secs(30);

pub(super) struct Shared {
    pub(super) work: Box<dyn Fn(&Job) -> Outcome + Send + Sync>,
    pub(super) notify: Box<dyn Fn() + Send + Sync>,
    pub(super) state: Mutex<State>,
    /// There is a job to take, or the pool is stopping.
    pub(super) job_ready: Condvar,
    /// Nothing is queued or running any more.
    pub(super) all_done: Condvar,
}

/// When a job was submitted, by both clocks: one stands still while the machine sleeps, the other may be set.
#[derive(Clone, Copy)]
pub(super) struct Submitted {
    pub(super) monotonic: Instant,
    pub(super) wall: SystemTime,
}

impl Submitted {
    pub(super) fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    pub(super) fn elapsed(self) -> Duration {
        self.monotonic
            .elapsed()
            .max(self.wall.elapsed().unwrap_or_default())
    }
}

#[derive(Default)]
pub(super) struct State {
    /// How many threads there may be.
    pub(super) threads: usize,
    pub(super) queue: VecDeque<(Submitted, Job)>,
    pub(super) running: usize,
    pub(super) done: Vec<Done>,
    pub(super) alive: usize,
    /// Threads waiting for a job, or just started and about to.
    pub(super) idle: usize,
    /// Numbers the threads' names.
    pub(super) started: usize,
    /// Why no new request is begun.
    pub(super) stopping: Option<&'static str>,
}

pub(super) fn unstarted(job: Job, exchange: Exchange) -> Done {
    Done {
        request_id: job.request_id,
        exchange,
        body: job.body,
        sent_for: Duration::ZERO,
        room: Room::default(),
        cut: None,
    }
}

impl Shared {
    /// A panic can not leave the state half changed, so a poisoned lock is as good as any.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds results, lets go of the lock, and tells whoever waits for them.
    pub(super) fn store(
        &self,
        mut state: MutexGuard<'_, State>,
        results: impl IntoIterator<Item = Done>,
    ) {
        let was_empty = state.done.is_empty();
        state.done.extend(results);
        let news = was_empty && !state.done.is_empty();
        if state.queue.is_empty() && state.running == 0 {
            self.all_done.notify_all();
        }
        drop(state);
        if news {
            // The closure is the caller's; its panic must cost neither a thread nor the caller.
            let _ = caught(|| (self.notify)());
        }
    }

    pub(super) fn start_thread(self: &Arc<Self>, name: String) -> bool {
        let shared = Arc::clone(self);
        let _blocked = AllBlocked::here();
        thread::Builder::new()
            .name(name)
            .stack_size(STACK)
            .spawn(move || shared.run_thread())
            .is_ok()
    }

    /// A thread that was counted could not be started. The others will get round to its job;
    /// without any other nobody would.
    pub(super) fn thread_missing(&self) {
        let mut state = self.lock();
        state.alive -= 1;
        state.idle -= 1;
        if state.alive > 0 {
            self.job_ready.notify_one();
            return;
        }
        let queued = mem::take(&mut state.queue);
        let done = queued
            .into_iter()
            .map(|(_, job)| unstarted(job, not_sent("no thread can be started")));
        self.store(state, done);
    }

    pub(super) fn run_thread(&self) {
        while let Some((submitted, job)) = self.next_job() {
            let started = Instant::now();
            let mut held = Held {
                shared: self,
                job: Some(job),
                outcome: None,
                started,
            };
            match submitted.elapsed() > MAX_WAIT_FOR_THREAD {
                true => held.outcome = Some(not_begun("waited too long for a thread").into()),
                false => held.run(),
            }
        }
    }

    /// The next job, or `None` if the calling thread is to end; it is then no longer counted.
    pub(super) fn next_job(&self) -> Option<(Submitted, Job)> {
        let started = Instant::now();
        let mut state = self.lock();
        loop {
            if state.alive > state.threads {
                state.idle -= 1;
                state.alive -= 1;
                // a job may have woken this one and no other
                self.job_ready.notify_one();
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                state.idle -= 1;
                state.running += 1;
                return Some(job);
            }
            let left = IDLE_THREAD.saturating_sub(started.elapsed());
            if state.stopping.is_some() || left.is_zero() {
                state.idle -= 1;
                state.alive -= 1;
                return None;
            }
            let woken = self.job_ready.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A job with a thread. Whatever ends its run, its result is stored when this is dropped.
pub(super) struct Held<'a> {
    pub(super) shared: &'a Shared,
    pub(super) job: Option<Job>,
    pub(super) outcome: Option<Outcome>,
    pub(super) started: Instant,
}

impl Held<'_> {
    pub(super) fn run(&mut self) {
        if let Some(job) = &self.job {
            let work = &self.shared.work;
            self.outcome = caught(|| work(job));
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Some(job) = self.job.take() else { return };
        // After a panic nobody knows how far the request got.
        let outcome = self
            .outcome
            .take()
            .unwrap_or_else(|| unknown("internal error").into());
        let done = Done {
            request_id: job.request_id,
            exchange: outcome.exchange,
            body: job.body,
            sent_for: self.started.elapsed(),
            room: outcome.room,
            cut: outcome.cut,
        };
        let mut state = self.shared.lock();
        state.running -= 1;
        match thread::panicking() {
            true => state.alive -= 1,
            false => state.idle += 1,
        }
        self.shared.store(state, [done]);
    }
}

/// The value, or `None` after a panic. Its payload is leaked, as dropping it may panic again.
pub(super) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(run))
        .map_err(mem::forget)
        .ok()
}
