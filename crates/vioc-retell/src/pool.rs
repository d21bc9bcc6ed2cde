//! Threads, queue and shutdown; knows nothing about HTTP.
//!
//! A job is in exactly one of three places: queued, with a thread, or done and not yet drained.
//! All three live under one lock, which is held for a few instructions only and never while a job
//! runs, so no method of [`Pool`] waits for the network.

mod threads;

use std::mem;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::classify::not_begun;
use crate::client::{Dates, Sender};
use crate::room::{Cut, Room};
use crate::{Done, Exchange, Job, PoolError, Settings};
use threads::{Shared, State, Submitted, unstarted};

/// Runs jobs in up to so many threads, started when needed.
pub struct Pool {
    shared: Arc<Shared>,
    dates: Arc<Dates>,
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

#[cfg(test)]
mod tests;
