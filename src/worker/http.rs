//! The connection pool of the settings in force, and answers out of it.

use std::time::{Duration, Instant};

use pgrx::prelude::*;
use vioc_core::config_lines::Findings;
use vioc_core::reply::{self, CreateVerdict, Exchange};
use vioc_retell::{Cut, Done, Job, Pool, Settings};

use super::Worker;
use super::flight::InFlight;
use super::wake::Event;
use crate::{guc, shmem, statements};

/// After the connection pool could not be made.
const POOL_RETRY: Duration = Duration::from_secs(5);
/// The log says so often, at most, that an answer was cut.
const LOG_CUT_INTERVAL: Duration = Duration::from_secs(60);

pub(super) struct Http {
    pool: Option<Pool>,
    /// Pools of earlier settings, until their last answer is in.
    retired: Vec<Pool>,
    /// Those that the pool has, or that have made none.
    settings: Option<Settings>,
    retry_at: Instant,
    last_problem: String,
    /// What is wrong with the lines of the configuration files.
    pub(super) lines: Findings,
    log_cut_not_before: Instant,
}

impl Http {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            pool: None,
            retired: Vec::new(),
            settings: None,
            retry_at: now,
            last_problem: String::new(),
            lines: Findings::default(),
            log_cut_not_before: now,
        }
    }

    fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.pool.iter().chain(&self.retired)
    }

    pub(super) fn is_open(&self) -> bool {
        self.pool.is_some()
    }

    /// How many requests can be on their way at the same time; 0 without a pool.
    pub(super) fn capacity(&self) -> usize {
        self.pool.as_ref().map_or(0, Pool::capacity)
    }

    /// By the settings that the pool really has, not by those that it will get.
    pub(super) fn lease(&self) -> Duration {
        guc::lease(self.settings.as_ref())
    }

    /// Whether a request waits for a thread: it is not on its way yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.pools().any(Pool::is_waiting)
    }

    pub(super) fn submit(&self, jobs: impl IntoIterator<Item = Job>) {
        if let Some(pool) = &self.pool {
            pool.submit_all(jobs);
        }
    }

    /// The settings were read again.
    pub(super) fn reload(&mut self) {
        self.settings = None;
        self.retry_at = Instant::now();
    }

    /// A changed setting means a new pool; the old one finishes what it has. Settings that cannot be used mean none: without
    /// a pool nothing is claimed, and nothing is asked.
    pub(super) fn renew(&mut self, slot: &shmem::Slot, event: &Event) {
        // an equal share each of what the server may have on the wire
        let (all, most) = (guc::max_in_flight(), guc::most_in_flight());
        let share = (all / shmem::workers(slot)).clamp(1, most);
        let wanted = guc::retell();
        if let Some(pool) = &self.pool
            && self.settings.as_ref() == Some(&wanted)
        {
            if pool.capacity() != share {
                // a worker of another database came or went: no reason to lose connections
                pool.allow(share);
                slot.status.set_capacity(share);
            }
            return;
        }
        if self.retry_at > Instant::now() {
            return;
        }
        let (pool, problem) = match self.open(&wanted, share, most, event) {
            Ok(pool) => (Some(pool), None),
            Err(problem) => (None, Some(problem)),
        };
        let said = problem.as_ref().or(self.lines.kept.as_ref());
        slot.status
            .set_settings(said.map(String::as_str), problem.is_some());
        let said = said.cloned().unwrap_or_default();
        if pool.is_none() {
            // a line is read again at a reload; what it names (a file, a thread) may be there later
            self.retry_at = Instant::now() + POOL_RETRY;
        }
        if let Some(old) = std::mem::replace(&mut self.pool, pool) {
            old.begin_stop("the settings were read again");
            self.retired.push(old);
        }
        slot.status.set_capacity(self.capacity());
        self.settings = Some(wanted);
        self.log_problem(slot, said);
    }

    fn open(
        &self,
        wanted: &Settings,
        share: usize,
        most: usize,
        event: &Event,
    ) -> Result<Pool, String> {
        if let Some(problem) = &self.lines.stops {
            return Err(problem.clone());
        }
        if let Some(problem) = guc::unusable_file() {
            return Err(problem.to_owned());
        }
        let most = guc::MOST_IN_FLIGHT.min(most);
        Pool::new(wanted.clone(), share, most, event.notifier()).map_err(|error| error.to_string())
    }

    /// Once per problem.
    fn log_problem(&mut self, slot: &shmem::Slot, problem: String) {
        if self.last_problem == problem {
            return;
        }
        match problem.is_empty() {
            true => log!("vioconcierge: the settings can be used"),
            false => {
                slot.status.set_last_error(&problem);
                warning!("vioconcierge: {problem}");
            }
        }
        self.last_problem = problem;
    }

    /// Retell's clock by its newest answers, and when those came.
    fn take_dates(&self) -> impl Iterator<Item = (i64, Instant)> {
        self.pools().filter_map(Pool::take_date)
    }

    fn take_done(&mut self) -> Vec<Done> {
        let mut done: Vec<Done> = self.pool.as_ref().map(Pool::drain).unwrap_or_default();
        self.retired.retain(|pool| {
            done.extend(pool.drain());
            pool.in_flight() > 0
        });
        done
    }

    /// Nothing new is sent; answers on their way are waited for, within a bound.
    pub(super) fn begin_stop(&self, wait: Duration) {
        let deadline = Instant::now() + wait;
        for pool in self.pools() {
            pool.begin_stop("worker is stopping");
        }
        for pool in self.pools() {
            pool.wait_idle(deadline.saturating_duration_since(Instant::now()));
        }
    }

    pub(super) fn stop(&mut self) {
        for pool in self.pool.take().into_iter().chain(self.retired.drain(..)) {
            pool.stop();
        }
    }

    /// An answer of Retell was not read to its end, by our own doing.
    fn report_cut(&mut self, slot: &shmem::Slot, cut: Cut) {
        let problem = match cut {
            Cut::TooLong => {
                "an answer of Retell was cut: it is longer than vioconcierge.max_body_size, or than any answer to a new call is"
            }
            Cut::NoRoom => {
                "an answer of Retell was cut: those that are not written down yet take all the memory that they may"
            }
        };
        slot.status.set_last_error(problem);
        if self.log_cut_not_before <= Instant::now() {
            self.log_cut_not_before = Instant::now() + LOG_CUT_INTERVAL;
            warning!("vioconcierge: {problem}");
        }
    }
}

impl Worker {
    /// Takes finished requests out of the pools.
    pub(super) fn collect(&mut self) {
        for (date, since) in self.http.take_dates() {
            let ago = i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX);
            self.slot.clocks.heard(date.saturating_mul(1_000_000), ago);
        }
        let now = Instant::now();
        for done in self.http.take_done() {
            self.starts.answered(done.request_id, now);
            if let Some(cut) = done.cut {
                self.http.report_cut(self.slot, cut);
            }
            match &done.exchange {
                Exchange::Response { .. } => self.slot.status.answered(),
                Exchange::NotSent { reason } | Exchange::Unknown { reason } => {
                    self.slot.status.not_reached(reason);
                }
                Exchange::NotBegun { .. } => {}
            }
            match self.flight.take(done.request_id) {
                Some(InFlight::Call {
                    tenant_id, call_id, ..
                }) => self.keep_answer(tenant_id, call_id, &done),
                Some(InFlight::LookUp { asked, asked_at }) => {
                    self.clock.answered(now);
                    self.look_ups.push_back((asked, asked_at, done));
                }
                None => {}
            }
        }
        self.slot.status.set_in_flight(self.flight.len());
    }

    fn keep_answer(&mut self, tenant_id: i64, call_id: i64, done: &Done) {
        let body = done.body.as_deref().unwrap_or_default();
        let answer = reply::classify_create(&done.exchange, body, chrono::Utc::now());
        let http_status = match done.exchange {
            Exchange::Response { status, .. } => Some(status),
            _ => None,
        };
        self.recent_answers.add();
        self.slot
            .status
            .count_answer(answer.verdict == CreateVerdict::Placed);
        self.answers.push_back((
            call_id,
            statements::answer_json(tenant_id, call_id, http_status, &answer),
        ));
    }
}
