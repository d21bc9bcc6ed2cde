//! The worker of one database: record, claim, send, look up, upkeep, wait.
//!
//! It never waits for a row and holds no transaction while HTTP is in flight: results and new claims share one short
//! transaction, whose commit comes before anything is sent.
//!
//! | file | duty |
//! | --- | --- |
//! | `mod` | start, the loop, what one round does and in which order |
//! | `attach` | the extension of this database, and transactions in which it is there |
//! | `dispatch` | answers in, next calls out, in one transaction |
//! | `queue` | which calls are claimed next, and how many at a time |
//! | `flight` | requests that have no answer yet |
//! | `look_ups` | what Retell is asked about calls and credentials |
//! | `upkeep` | timers, events, plans: all that is neither a call nor an answer |
//! | `clock` | the server's clock against a running one and Retell's |
//! | `http` | the connection pool, and answers out of it |
//! | `drain` | the end: answers in hand are written down within a bound |
//! | `wake` | how the worker sleeps |

mod attach;
mod clock;
mod dispatch;
mod drain;
mod flight;
mod http;
mod look_ups;
mod queue;
mod upkeep;
mod wake;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use pgrx::bgworkers::{BackgroundWorker, SignalWakeFlags};
use pgrx::prelude::*;
use vioc_core::margins::IDLE_POLL;
use vioc_core::start_window::StartWindow;
use vioc_retell::Done;

use crate::shmem::clocks;
use crate::statements::{AccountKey, LookUp, Statements};
use crate::tx::TxError;
use crate::{session, shmem, signals};
use attach::{describe, with_extension};
use clock::ClockWatch;
use dispatch::RecentAnswers;
use flight::Flight;
use http::Http;
use look_ups::DoctorRequest;
use queue::Queue;
use upkeep::{Listeners, Timers, UPKEEP_INTERVAL};
use wake::Event;

const AFTER_AN_ERROR: Duration = Duration::from_secs(1);
const ONE_MS: Duration = Duration::from_millis(1);
const ARENAS: i32 = 2;

/// Slot of the worker in this process, for the exit callback.
static MY_SLOT: AtomicI32 = AtomicI32::new(-1);

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vioconcierge_worker_main(argument: pg_sys::Datum) {
    // SAFETY: the launcher has made the datum of an i32.
    let slot = unsafe { i32::from_datum(argument, false) }.unwrap_or(-1);
    signals::attach();
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP);
    BackgroundWorker::connect_worker_to_spi(Some(BackgroundWorker::get_extra()), None);
    signals::started();
    let Some(slot) = usize::try_from(slot).ok().and_then(shmem::slot) else {
        return;
    };
    if slot.holder().is_some() {
        return; // being dropped, renamed or copied
    }
    MY_SLOT.store(argument.value() as i32, Ordering::Relaxed);
    // SAFETY: the callback is a function of this library, which stays loaded.
    unsafe { pg_sys::before_shmem_exit(Some(leave), pg_sys::Datum::from(0)) };
    session::set_session_defaults();

    // SAFETY: before any thread is there. An arena for each of them would reserve more memory than all of them use, which
    // counts where the memory of a process is limited.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
    let mut worker = Worker::new(slot);
    worker.run();
    worker.drain();
    // SAFETY: nothing of this frame is needed any more. The launcher starts the next worker; 0 or 1 is the same to it,
    // 1 says that this was not the end of the work.
    unsafe { pg_sys::proc_exit(1) };
}

#[pg_guard]
unsafe extern "C-unwind" fn leave(_code: i32, _argument: pg_sys::Datum) {
    if let Some(slot) = usize::try_from(MY_SLOT.load(Ordering::Relaxed))
        .ok()
        .and_then(shmem::slot)
    {
        slot.leave_worker();
    }
}

/// Why a round ends before its end.
enum Halt {
    /// It is not there, or is not the one that was there before.
    ExtensionGone,
    Failed(TxError),
}

impl From<TxError> for Halt {
    fn from(error: TxError) -> Self {
        Self::Failed(error)
    }
}

/// Whether this process may work in its database.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Presence {
    /// No extension, or another worker holds the lock: look again at the idle poll.
    Waiting,
    Attached,
}

struct Worker {
    slot: &'static shmem::Slot,
    /// Fences its leases against those of any other worker, ever.
    id: uuid::Uuid,
    event: Event,
    http: Http,
    presence: Presence,
    is_locked: bool,
    was_attached: bool,
    statements: Statements,
    flight: Flight,
    /// Answers to write down, by call; kept until the transaction that does has committed.
    answers: VecDeque<(i64, String)>,
    /// Whether the answers had to wait for Call Now the last time.
    has_waited: bool,
    recent_answers: RecentAnswers,
    look_ups: VecDeque<(LookUp, i64, Done)>,
    doctor: DoctorRequest,
    clock: ClockWatch,
    timers: Timers,
    listeners: Listeners,
    /// Starts that Retell may see in the same second as the next one.
    starts: StartWindow<AccountKey>,
    queue: Queue,
    /// Calls claimed so far, and at how many the statements are planned again.
    claimed: usize,
    plan_again_at: usize,
    /// When the next round is due, if nothing but events wakes it.
    round_at: Instant,
    /// Events are to be published.
    has_events: bool,
    /// After an error, whatever wakes it.
    rest_until: Option<Instant>,
    last_error: String,
}

impl Worker {
    fn new(slot: &'static shmem::Slot) -> Self {
        let now = Instant::now();
        Self {
            slot,
            id: random_id(),
            event: Event::new(),
            http: Http::new(now),
            presence: Presence::Waiting,
            is_locked: false,
            was_attached: false,
            statements: Statements::default(),
            flight: Flight::default(),
            answers: VecDeque::new(),
            has_waited: false,
            recent_answers: RecentAnswers::new(now),
            look_ups: VecDeque::new(),
            doctor: DoctorRequest::new(now),
            clock: ClockWatch::new(now),
            timers: Timers::new(now),
            listeners: Listeners::new(now),
            starts: StartWindow::default(),
            queue: Queue::new(),
            claimed: 0,
            plan_again_at: 64,
            round_at: now,
            has_events: false,
            rest_until: None,
            last_error: String::new(),
        }
    }

    /// Until it is asked to stop, or the database is wanted without sessions.
    fn run(&mut self) {
        let mut wait = Duration::ZERO;
        loop {
            if !wait.is_zero() {
                self.show_waiting();
            }
            self.event.wait(wait);
            if let Some(rest) = self.rest_until
                && !self.is_to_end()
            {
                wait = rest.saturating_duration_since(Instant::now());
                if !wait.is_zero() {
                    pgrx::check_for_interrupts!();
                    continue; // woken by a commit, which changes nothing about the error
                }
            }
            self.rest_until = None;
            show(pg_sys::BackendState::STATE_RUNNING, "vioconcierge: working");
            signals::forget_cancel();
            pgrx::check_for_interrupts!();
            self.slot.status.beat();
            if self.is_to_end() {
                return;
            }
            if BackgroundWorker::sighup_received() {
                self.reload();
            }
            let is_roused = self.slot.take_roused();
            let is_woken = self.slot.take_wake();
            self.has_events |= self.slot.has_events();
            if is_woken || self.has_events {
                self.slot.status.woken();
            }
            self.collect();
            let has_nothing_else = !is_woken && self.has_nothing_else();
            let is_for_events = self.has_events && has_nothing_else;
            let is_for_call_now = is_roused && has_nothing_else && !self.has_events;
            let done = match (is_for_events, is_for_call_now) {
                (true, _) => self.publish(),
                (_, true) => self.get_ready(),
                _ => self.round(),
            };
            wait = match done {
                Ok(wait) => {
                    if !self.last_error.is_empty() {
                        log!("vioconcierge: the worker goes on");
                        self.last_error.clear();
                    }
                    wait
                }
                Err(halt) => self.after(halt),
            };
            if !is_for_events && !is_for_call_now {
                self.round_at = Instant::now() + wait;
            }
            // what this worker's own transactions have announced
            self.has_events |= self.slot.has_events();
            if self.has_events && self.presence == Presence::Attached {
                wait = wait.min(self.timers.until_events().max(ONE_MS));
            }
        }
    }

    /// Whether a round would find nothing to do: most webhooks bring events alone.
    fn has_nothing_else(&self) -> bool {
        self.presence == Presence::Attached
            && self.round_at > Instant::now()
            && self.answers.is_empty()
            && self.look_ups.is_empty()
            && self.queue.is_empty()
    }

    fn is_to_end(&self) -> bool {
        signals::is_requested() || self.slot.holder().is_some()
    }

    fn reload(&mut self) {
        // SAFETY: in the main thread of a process with PostgreSQL's settings.
        unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
        self.presence = Presence::Waiting; // the fallback key may be new
        self.http.reload(); // and so may certificates
    }

    /// How long to wait after a round that came to no end.
    fn after(&mut self, halt: Halt) -> Duration {
        match halt {
            Halt::ExtensionGone => {
                let was_here = self.presence == Presence::Attached;
                self.forget_extension();
                match was_here {
                    true => Duration::ZERO, // it may be there again
                    false => IDLE_POLL,
                }
            }
            // rolled back because of that: done again by the new clock
            Halt::Failed(_) if self.slot.clocks.known().step(clocks::now()).is_some() => {
                Duration::ZERO
            }
            Halt::Failed(error) => {
                self.set_last_error(describe(&error));
                self.rest_until = Some(Instant::now() + AFTER_AN_ERROR);
                // a plan may be stale (extension dropped and created again)
                self.statements = Statements::default();
                AFTER_AN_ERROR
            }
        }
    }

    /// Everything there is to do now; returns how long there is nothing.
    fn round(&mut self) -> Result<Duration, Halt> {
        if self.presence == Presence::Waiting && !self.attach()? {
            return Ok(IDLE_POLL);
        }
        self.follow_clock()?;
        self.http.renew(self.slot, &self.event);
        self.work()
    }

    fn work(&mut self) -> Result<Duration, Halt> {
        // what goes wrong there keeps nothing else from being done
        let (moved, dispatched) = match self.record_and_claim() {
            Ok(moved) => (moved, Ok(())),
            Err(Halt::Failed(error)) => (0, Err(error)),
            Err(gone) => return Err(gone),
        };
        let has_more_look_ups = self.record_look_ups();
        if signals::is_requested() {
            return Ok(Duration::ZERO); // nothing new is begun
        }
        self.ask_clock()?;
        let is_busy = moved > 0 || has_more_look_ups || (self.queue.has_more() && self.room() > 0);
        let until_upkeep = self.timers.until_upkeep();
        if !until_upkeep.is_zero() {
            dispatched?;
            return Ok(match is_busy {
                true => Duration::ZERO, // there may be more
                false => self.until_change(until_upkeep + ONE_MS),
            });
        }
        let has_more = self.upkeep()?;
        dispatched?;
        if is_busy || has_more {
            return Ok(Duration::ZERO);
        }
        self.warm_plans()?;
        let is_idle = self.flight.is_empty() && self.answers.is_empty() && self.is_clock_good();
        let most = if is_idle { IDLE_POLL } else { UPKEEP_INTERVAL };
        let sleep = with_extension(|| self.statements.sleep(most))?;
        Ok(self.until_change(sleep))
    }

    /// Until a start that stops counting, or a call that is no longer held, may make room for the next one; at most `most`.
    fn until_change(&mut self, most: Duration) -> Duration {
        // without room the queue is not looked at, and an answer makes some
        let queue = match self.room() {
            0 => None,
            _ => self.queue.next_change(),
        };
        let changes = [self.starts.next_change(), queue];
        let next = changes.into_iter().flatten().min();
        next.map_or(most, |at| {
            most.min(at.saturating_duration_since(Instant::now()) + ONE_MS)
        })
    }

    /// For pg_stat_activity.
    fn show_waiting(&self) {
        let text = match (self.presence == Presence::Attached, self.flight.len()) {
            (false, _) => "vioconcierge: waiting for the extension".to_owned(),
            (true, 0) => "vioconcierge: waiting".to_owned(),
            (true, count) => format!("vioconcierge: waiting for {count} answers"),
        };
        show(pg_sys::BackendState::STATE_IDLE, &text);
    }

    /// Logged once per error, not once per second.
    fn set_last_error(&mut self, error: String) {
        self.slot.status.set_last_error(&error);
        if self.last_error != error {
            warning!("vioconcierge: {error}");
            self.last_error = error;
        }
    }
}

/// What pg_stat_activity says: no personal data.
fn show(state: pg_sys::BackendState::Type, text: &str) {
    if let Ok(text) = std::ffi::CString::new(text) {
        // SAFETY: PostgreSQL copies the text.
        unsafe { pg_sys::pgstat_report_activity(state, text.as_ptr()) };
    }
}

fn random_id() -> uuid::Uuid {
    let mut bytes = [0u8; 16];
    // SAFETY: fills the array.
    if !unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) } {
        // zeros would be the id of another worker, too
        error!("vioconcierge: the system gives no random numbers");
    }
    uuid::Uuid::from_bytes(bytes)
}
