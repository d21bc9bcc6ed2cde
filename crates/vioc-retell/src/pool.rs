//! Threads, queue and shutdown; knows nothing about HTTP.
//!
//! A job is in exactly one of three places: queued, with a thread, or done and not yet drained.
//! All three live under one lock, which is held for a few instructions only and never while a job
//! runs, so no method of [`Pool`] waits for the network.

use std::collections::VecDeque;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::classify::{not_begun, not_sent, unknown};
use crate::client::{Dates, Sender};
use crate::room::{Cut, Room};
use crate::signals::AllBlocked;
use crate::{Done, Exchange, Job, PoolError, Settings};

/// A pool thread only waits for reqwest's runtime thread, which does TLS on a stack of its own.
/// Measured need in a debug build: see `tests/footprint.rs`.
const STACK: usize = 256 * 1024;

/// A thread without work for this long ends: an idle worker holds none.
const IDLE_THREAD: Duration = Duration::from_secs(30);

/// A job that waited longer for a thread is not begun: what allowed it (a lease, the hour, an opt-out) may have changed.
/// With the longest commit of a claim (src/worker.rs) less than the 30 s that a lease has to spare.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Runs jobs in up to so many threads, started when needed.
pub struct Pool {
    shared: Arc<Shared>,
    dates: Arc<Dates>,
}

struct Shared {
    work: Box<dyn Fn(&Job) -> Outcome + Send + Sync>,
    notify: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
    /// There is a job to take, or the pool is stopping.
    job_ready: Condvar,
    /// Nothing is queued or running any more.
    all_done: Condvar,
}

/// When a job was submitted, by both clocks: one stands still while the machine sleeps, the other may be set.
#[derive(Clone, Copy)]
struct Submitted {
    monotonic: Instant,
    wall: SystemTime,
}

impl Submitted {
    fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    fn elapsed(self) -> Duration {
        self.monotonic
            .elapsed()
            .max(self.wall.elapsed().unwrap_or_default())
    }
}

/// What one request came to, and what is known of it besides.
pub(crate) struct Outcome {
    pub(crate) exchange: Exchange,
    pub(crate) room: Room,
    pub(crate) cut: Option<Cut>,
}

impl From<Exchange> for Outcome {
    fn from(exchange: Exchange) -> Self {
        Self {
            exchange,
            room: Room::default(),
            cut: None,
        }
    }
}

#[derive(Default)]
struct State {
    /// How many threads there may be.
    threads: usize,
    queue: VecDeque<(Submitted, Job)>,
    running: usize,
    done: Vec<Done>,
    alive: usize,
    /// Threads waiting for a job, or just started and about to.
    idle: usize,
    /// Numbers the threads' names.
    started: usize,
    /// Why no new request is begun.
    stopping: Option<&'static str>,
}

impl Pool {
    /// Starts no thread but reqwest's own. Up to `most` threads may be allowed later ([`Pool::allow`]). `notify` is called from a pool thread (or from
    /// [`Pool::submit`] and [`Pool::begin_stop`]) when the list of results is no longer empty.
    pub fn new(
        settings: Settings,
        threads: usize,
        most: usize,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, PoolError> {
        let sender = Sender::new(settings, most)?;
        let dates = sender.dates();
        let mut pool = Self::with_work(threads, move |job| sender.send(job), notify)?;
        pool.dates = dates;
        Ok(pool)
    }

    fn with_work<O: Into<Outcome>>(
        threads: usize,
        work: impl Fn(&Job) -> O + Send + Sync + 'static,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, PoolError> {
        if threads == 0 {
            return Err(PoolError::NoThreads);
        }
        let shared = Arc::new(Shared {
            work: Box::new(move |job| work(job).into()),
            notify: Box::new(notify),
            state: Mutex::new(State {
                threads,
                ..State::default()
            }),
            job_ready: Condvar::new(),
            all_done: Condvar::new(),
        });
        Ok(Self {
            shared,
            dates: Arc::default(),
        })
    }

    /// Retell's clock by its newest answer (seconds since 1970), and when that answer came; each answer once.
    pub fn take_date(&self) -> Option<(i64, Instant)> {
        self.dates.take()
    }

    /// How many jobs can run at the same time.
    pub fn capacity(&self) -> usize {
        self.shared.lock().threads
    }

    /// Changes how many jobs can run at the same time. Requests on their way go on, and so do their connections.
    pub fn allow(&self, threads: usize) {
        self.shared.lock().threads = threads.max(1);
        // one that is too many ends now
        self.shared.job_ready.notify_all();
        // what waits for a thread may have one
        self.submit_all([]);
    }

    /// Jobs submitted and not yet drained.
    pub fn in_flight(&self) -> usize {
        let state = self.shared.lock();
        state.queue.len() + state.running + state.done.len()
    }

    /// Whether a job waits for a thread: it is not on its way yet.
    pub fn is_waiting(&self) -> bool {
        !self.shared.lock().queue.is_empty()
    }

    /// Queues a job and sees to it that there is a thread for it. Never blocks.
    pub fn submit(&self, job: Job) {
        self.submit_all([job]);
    }

    /// Queues jobs and sees to it that there are threads for them. Never blocks.
    ///
    /// Threads that died are replaced here: they are no longer counted, so there is room for new.
    pub fn submit_all(&self, jobs: impl IntoIterator<Item = Job>) {
        let mut state = self.shared.lock();
        if let Some(reason) = state.stopping {
            let done: Vec<Done> = jobs
                .into_iter()
                .map(|job| unstarted(job, not_begun(reason)))
                .collect();
            return self.shared.store(state, done);
        }
        let before = state.queue.len();
        let now = Submitted::now();
        state.queue.extend(jobs.into_iter().map(|job| (now, job)));
        let jobs = state.queue.len() - before;
        let short = state.queue.len().saturating_sub(state.idle);
        let new = short.min(state.threads.saturating_sub(state.alive));
        state.alive += new;
        state.idle += new;
        let first = state.started;
        state.started += new;
        drop(state);
        match jobs {
            0 => {}
            1 => self.shared.job_ready.notify_one(),
            // one call into the kernel, however many there are
            _ => self.shared.job_ready.notify_all(),
        }
        for number in first + 1..=first + new {
            if !self.shared.start_thread(format!("vioc-retell-{number}")) {
                self.shared.thread_missing();
            }
        }
    }

    /// All results so far, in the order in which they came in. Never blocks.
    pub fn drain(&self) -> Vec<Done> {
        mem::take(&mut self.shared.lock().done)
    }

    /// Waits until nothing is queued or running, at most for `deadline`; says whether that is so.
    /// The results are then still to be drained.
    pub fn wait_idle(&self, deadline: Duration) -> bool {
        let started = Instant::now();
        let mut state = self.shared.lock();
        loop {
            if state.queue.is_empty() && state.running == 0 {
                return true;
            }
            let left = deadline.saturating_sub(started.elapsed());
            if left.is_zero() {
                return false;
            }
            let woken = self.shared.all_done.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// No new request is begun: what is queued, or submitted later, comes back as
    /// [`Exchange::NotBegun`], with this reason. Requests on their way go on.
    pub fn begin_stop(&self, reason: &'static str) {
        let mut state = self.shared.lock();
        state.stopping = Some(reason);
        let queued = mem::take(&mut state.queue);
        self.shared.job_ready.notify_all();
        let done = queued
            .into_iter()
            .map(|(_, job)| unstarted(job, not_begun(reason)));
        self.shared.store(state, done);
    }

    /// Ends the pool without waiting: threads with a request on its way are left to themselves.
    /// Results not drained before are lost.
    pub fn stop(self) {}
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.begin_stop("worker is stopping");
    }
}

fn unstarted(job: Job, exchange: Exchange) -> Done {
    Done {
        ticket: job.ticket,
        exchange,
        body: job.body,
        sent_for: Duration::ZERO,
        room: Room::default(),
        cut: None,
    }
}

impl Shared {
    /// A panic can not leave the state half changed, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds results, lets go of the lock, and tells whoever waits for them.
    fn store(&self, mut state: MutexGuard<'_, State>, results: impl IntoIterator<Item = Done>) {
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

    fn start_thread(self: &Arc<Self>, name: String) -> bool {
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
    fn thread_missing(&self) {
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

    fn run_thread(&self) {
        while let Some((submitted, job)) = self.next_job() {
            let started = Instant::now();
            let mut held = Held {
                shared: self,
                job: Some(job),
                outcome: None,
                started,
            };
            match submitted.elapsed() > LONGEST_WAIT {
                true => held.outcome = Some(not_begun("waited too long for a thread").into()),
                false => held.run(),
            }
        }
    }

    /// The next job, or `None` if the calling thread is to end; it is then no longer counted.
    fn next_job(&self) -> Option<(Submitted, Job)> {
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
struct Held<'a> {
    shared: &'a Shared,
    job: Option<Job>,
    outcome: Option<Outcome>,
    started: Instant,
}

impl Held<'_> {
    fn run(&mut self) {
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
            ticket: job.ticket,
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
fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(run))
        .map_err(mem::forget)
        .ok()
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
