//! The worker of one database: record, claim, hand over, ask, tend, wait.
//!
//! It never waits for a row and holds no transaction while HTTP is in flight: results and new claims share one short
//! transaction, whose commit comes before anything is sent.

mod attach;
mod clock;
mod dispatch;
mod drain;
mod http;
mod look_ups;
mod queue;
mod upkeep;
mod wake;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pgrx::bgworkers::{BackgroundWorker, SignalWakeFlags};
use pgrx::prelude::*;
use pgrx::spi::SpiResult;
use vioc_core::clocks::Known;
use vioc_core::config_lines::{self, Findings};
use vioc_core::reply::{self, CreateAnswer, CreateVerdict, Exchange};
use vioc_core::start_window::StartWindow;
use vioc_retell::{Cut, Done, Job, Method, Pool, secrets};

use crate::shmem::clocks;
use crate::statements::{self, LookUp, Statements};
use crate::tx::{self, Failure};
use crate::{guc, session, shmem, signals};
use attach::{tell_with_holder, with_extension, with_extension_for, with_extension_for_long};
use clock::FOLLOWED;
use drain::json_array;
use queue::{Claim, Queue};
use wake::Event;

/// The net under a lost wake-up, and the pace of timers that nothing wakes.
const IDLE_POLL: Duration = Duration::from_secs(5);
/// While there is work: how often its timers are looked at, in at most one part in so many of the time, but not too seldom
/// (one that waited for a lock took long).
const TEND_EVERY: Duration = Duration::from_secs(1);
const TENDING: u32 = 200;
const TEND_AT_LEAST: Duration = Duration::from_secs(10);
/// Finding out whom to ask for lines looks at every credential: in at most one part in so many of the time.
const ASKING_FOR_LINES: u32 = 100;
const AFTER_AN_ERROR: Duration = Duration::from_secs(1);
/// At shutdown: how long answers on their way are waited for.
/// (DROP DATABASE WITH (FORCE) gives a session five seconds.)
const DRAIN: Duration = Duration::from_secs(3);
/// ... and how long writing them down may take.
const RECORD_THE_LAST: Duration = Duration::from_millis(1500);
const LAST_AT_A_TIME: usize = 500;
const ONE_MS: Duration = Duration::from_millis(1);
const QUESTIONS_AT_A_TIME: usize = 32;
const EVENTS_AT_A_TIME: usize = 1000;
const TENDED_AT_A_TIME: i32 = 100;
/// How often there is time for anything but answers and calls, at most.
const ASIDE_EVERY: Duration = Duration::from_millis(50);
/// How often an idle worker sees to it that its plans are there: the tables' statistics, when they change, void them.
/// (As often as autovacuum, which makes them, looks round by default.)
const REHEARSE_EVERY: Duration = Duration::from_secs(60);
const ARENAS: i32 = 2;
/// After listeners could not be told.
const NOTIFY_AGAIN: Duration = Duration::from_secs(5);
/// Claimed ahead of the threads, as a multiple of them, if answers come that fast.
const AHEAD: usize = 8;
/// A claim whose commit took longer is not sent: what allowed it (the hour, an opt-out) may have changed. With the longest
/// wait for a thread (pool.rs) less than the 30 s that a lease has to spare.
const LONGEST_COMMIT: Duration = Duration::from_secs(12);
/// What is neither a claim nor an answer is given up after so long (statement timeout).
const LONGEST_STATEMENT: Duration = Duration::from_secs(10);
/// How often instants that a wrong clock left too far ahead are looked for.
const BOUND_EVERY: Duration = Duration::from_secs(60);
/// Retell is asked what time it is so often while its clock and the server's differ; and sooner, to hear it a second time.
const ASK_CLOCK_EVERY: Duration = Duration::from_secs(60);
const ASK_CLOCK_AGAIN: Duration = Duration::from_secs(5);
/// The first call after the server's start waits so long for Retell's clock, at most.
const HEAR_CLOCK: Duration = Duration::from_secs(5);
/// The log says so often, at most, that an answer was cut.
const TELL_CUT_AGAIN: Duration = Duration::from_secs(60);
/// After the connection pool could not be made.
const POOL_AGAIN: Duration = Duration::from_secs(5);

/// Slot of the worker in this process, for the exit callback.
static MY_SLOT: AtomicI32 = AtomicI32::new(-1);

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vioconcierge_worker_main(argument: pg_sys::Datum) {
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
    unsafe { pg_sys::before_shmem_exit(Some(leave), pg_sys::Datum::from(0)) };
    session::set_session_defaults();

    // SAFETY: before any thread is there. An arena for each of them would reserve more memory than all of them use, which
    // counts where the memory of a process is limited.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
    let mut worker = Worker::new(slot);
    worker.run();
    worker.drain();
    // the launcher starts the next one; 0 or 1 is the same to it, 1 says that this was not the end of the work
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

/// What a request_id stands for.
enum Work {
    Call {
        tenant_id: i64,
        call_id: i64,
        since: Instant,
    },
    LookUp {
        asked: LookUp,
        /// By the clock that is never set (`steps`).
        asked_at: i64,
    },
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
    pool: Option<Pool>,
    settings: Option<vioc_retell::Settings>,
    pool_again_at: Instant,
    pool_problem: String,
    /// What is wrong with the lines of the configuration files.
    lines: Findings,
    /// Pools of earlier settings, until their last answer is in.
    retired: Vec<Pool>,
    presence: Presence,
    is_locked: bool,
    was_attached: bool,
    statements: Statements,
    work: HashMap<u64, Work>,
    /// How many of these are questions.
    asking: usize,
    next_request_id: u64,
    /// Whether the answers had to wait for Call Now the last time.
    has_waited: bool,
    /// Answers to write down, by call; kept until the transaction that does has committed.
    answers: VecDeque<(i64, String)>,
    look_ups: VecDeque<(LookUp, i64, Done)>,
    /// Open calls that another session held when the clock was set, and by how much (`None`: not known): their times are
    /// of the old clock.
    unmoved: HashMap<i64, Option<i64>>,
    bound_at: Instant,
    ask_clock_at: Instant,
    /// Until when the first call waits for Retell's clock, once Retell was asked; `None`: not asked yet.
    hear_clock_until: Option<Instant>,
    /// After an error, whatever wakes it.
    rest_until: Option<Instant>,
    /// Answers that came in the last moments: how far ahead of the threads to claim.
    recent_answers: usize,
    recent_since: Instant,
    /// Starts that Retell may see in the same second as the next one, by tenant and credential.
    starts: StartWindow<statements::Payer>,
    tend_at: Instant,
    ask_for_lines_at: Instant,
    /// vioc_doctor waits for what Retell says.
    to_check: shmem::Asked,
    to_check_since: Instant,
    /// When what does not concern the next calls was done last.
    aside: Instant,
    rehearse_at: Instant,
    /// The position that listeners have been told, and from when on to tell them a newer one.
    told: i64,
    tell_from: Instant,
    queue: Queue,
    /// Calls claimed so far, and at how many the statements are planned anew.
    claimed: usize,
    plan_anew_at: usize,
    last_problem: String,
    tell_cut_from: Instant,
}

impl Worker {
    fn new(slot: &'static shmem::Slot) -> Self {
        let now = Instant::now();
        Self {
            slot,
            id: random_id(),
            event: Event::new(),
            pool: None,
            settings: None,
            pool_again_at: now,
            pool_problem: String::new(),
            lines: Findings::default(),
            retired: Vec::new(),
            presence: Presence::Waiting,
            is_locked: false,
            was_attached: false,
            statements: Statements::default(),
            work: HashMap::new(),
            asking: 0,
            next_request_id: 0,
            has_waited: false,
            answers: VecDeque::new(),
            look_ups: VecDeque::new(),
            unmoved: HashMap::new(),
            bound_at: now,
            ask_clock_at: now,
            hear_clock_until: None,
            rest_until: None,
            recent_answers: 0,
            recent_since: now,
            starts: StartWindow::default(),
            tend_at: now,
            ask_for_lines_at: now,
            to_check: shmem::Asked::default(),
            to_check_since: Instant::now(),
            aside: now - ASIDE_EVERY,
            rehearse_at: now,
            told: 0,
            tell_from: now,
            queue: Queue::new(),
            claimed: 0,
            plan_anew_at: 64,
            last_problem: String::new(),
            tell_cut_from: now,
        }
    }

    fn run(&mut self) {
        let mut wait = Duration::ZERO;
        loop {
            if !wait.is_zero() {
                self.show_waiting();
            }
            self.event.wait(wait);
            if let Some(rest) = self.rest_until
                && !signals::is_requested()
                && self.slot.holder().is_none()
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
            self.slot.report.beat();
            // asked to, or the database is wanted without sessions
            if signals::is_requested() || self.slot.holder().is_some() {
                return;
            }
            if BackgroundWorker::sighup_received() {
                unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
                self.presence = Presence::Waiting; // the fallback key may be new
                self.settings = None; // and so may certificates
                self.pool_again_at = Instant::now();
            }
            if self.slot.take_wake() {
                self.slot
                    .report
                    .woken_at
                    .store(shmem::now_us(), Ordering::Relaxed);
            }
            self.collect();
            wait = match self.round() {
                Ok(wait) => {
                    if !self.last_problem.is_empty() {
                        log!("vioconcierge: the worker goes on");
                        self.last_problem.clear();
                    }
                    wait
                }
                // rolled back because of that: done again by the new clock
                Err(_) if self.slot.clocks.known().step(clocks::now()).is_some() => Duration::ZERO,
                Err(problem) => {
                    self.complain(tell_with_holder(&problem));
                    self.rest_until = Some(Instant::now() + AFTER_AN_ERROR);
                    // a plan may be stale (extension dropped and created again)
                    self.statements = Statements::default();
                    AFTER_AN_ERROR
                }
            };
        }
    }

    /// Everything there is to do now; returns how long there is nothing.
    fn round(&mut self) -> Result<Duration, Failure> {
        if self.presence == Presence::Waiting && !self.attach()? {
            return Ok(IDLE_POLL);
        }
        if !self.follow_clock()? {
            self.forget_extension();
            return Ok(Duration::ZERO);
        }
        self.renew_pool();
        let Some(sleep) = self.work()? else {
            self.forget_extension();
            return Ok(Duration::ZERO); // it may be there again
        };
        Ok(sleep)
    }

    /// `None`: the extension is gone.
    fn work(&mut self) -> Result<Option<Duration>, Failure> {
        // what goes wrong there keeps nothing else from being done
        let (moved, failure) = match self.record_and_claim() {
            Ok(None) => return Ok(None),
            Ok(Some(moved)) => (moved, Ok(())),
            Err(problem) => (0, Err(problem)),
        };
        self.record_look_ups();
        if signals::is_requested() {
            return Ok(Some(Duration::ZERO)); // nothing new is begun
        }
        if self.ask_clock()?.is_none() {
            return Ok(None);
        }
        let is_busy = moved > 0 || (self.queue.has_more() && self.room() > 0);
        let until_aside = ASIDE_EVERY.saturating_sub(self.aside.elapsed());
        if !until_aside.is_zero() {
            failure?;
            // busy: there may be more
            return Ok(Some(match is_busy {
                true => Duration::ZERO,
                false => self.until_change(until_aside + ONE_MS),
            }));
        }
        self.aside = Instant::now();
        if self.queue.is_count_old() {
            let (statements, queue) = (&mut self.statements, &mut self.queue);
            if with_extension(|| queue.count_lines(statements))?.is_none() {
                return Ok(None);
            }
        }
        let began = Instant::now();
        // first these, which ask seldom, and leave places to the others
        let places = self.places_to_ask().div_ceil(2);
        if places > 0 && began >= self.ask_for_lines_at {
            let statements = &mut self.statements;
            let lines = with_extension(|| statements.claim_concurrency(places))?;
            let Some(lines) = lines else {
                return Ok(None);
            };
            self.ask_for_lines_at = Instant::now() + began.elapsed() * ASKING_FOR_LINES;
            self.ask(lines);
        }
        // one question after the other: each ends, whatever Retell's speed and how often the doctor is called
        if self.to_check.tenants().is_none() {
            self.to_check = self.slot.take_asked();
            self.to_check_since = Instant::now();
        }
        let places = self.places_to_ask();
        if places > 0 && self.to_check.tenants().is_some() {
            // also if it fails: the doctor asks again
            let asked = std::mem::take(&mut self.to_check);
            let tenants = asked.tenants().flatten();
            let ago = self.to_check_since.elapsed();
            let Some(checks) = with_extension(|| statements::claim_checks(places, ago, tenants))?
            else {
                return Ok(None);
            };
            if checks.len() == places {
                self.to_check = asked;
            }
            self.ask(checks);
        }
        let Some(asked) = self.claim_look_ups()? else {
            return Ok(None);
        };
        let Some(has_more_events) = self.publish_events()? else {
            return Ok(None);
        };
        let began = Instant::now();
        if began >= self.tend_at {
            self.tend_at = began + TEND_EVERY; // also if it fails
            let held = self.held_calls();
            let Some(has_more) = with_extension(|| statements::tend(TENDED_AT_A_TIME, &held))?
            else {
                return Ok(None);
            };
            self.tend_at = Instant::now()
                + match has_more {
                    // webhooks that had waited for somebody's lock, many of them
                    true => ASIDE_EVERY,
                    false => (began.elapsed() * TENDING).clamp(TEND_EVERY, TEND_AT_LEAST),
                };
        }
        if self.bound_at <= Instant::now() {
            self.bound_at = Instant::now() + BOUND_EVERY;
            if with_extension(statements::bound_instants)?.is_none() {
                return Ok(None);
            }
        }
        failure?;
        if is_busy || asked > 0 || has_more_events {
            return Ok(Some(Duration::ZERO));
        }
        if self.rehearse_at <= Instant::now() {
            let (id, lease) = (self.id, self.lease());
            let (statements, queue) = (&mut self.statements, &self.queue);
            if with_extension(|| queue.rehearse(statements, id, lease))?.is_none() {
                return Ok(None);
            }
            self.rehearse_at = Instant::now() + REHEARSE_EVERY;
        }
        let most = if self.work.is_empty() && self.answers.is_empty() && self.is_clock_good() {
            IDLE_POLL
        } else {
            TEND_EVERY
        };
        let sleep = with_extension(|| self.statements.sleep(most))?;
        Ok(sleep.map(|sleep| self.until_change(sleep)))
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

    fn lease(&self) -> Duration {
        guc::lease(self.settings.as_ref())
    }

    fn request_id(&mut self, work: Work) -> u64 {
        self.next_request_id += 1;
        self.work.insert(self.next_request_id, work);
        self.next_request_id
    }

    /// For pg_stat_activity.
    fn show_waiting(&self) {
        let text = match (self.presence == Presence::Attached, self.work.len()) {
            (false, _) => "vioconcierge: waiting for the extension".to_owned(),
            (true, 0) => "vioconcierge: waiting".to_owned(),
            (true, count) => format!("vioconcierge: waiting for {count} answers"),
        };
        show(pg_sys::BackendState::STATE_IDLE, &text);
    }

    /// Once per problem, not once per second.
    fn complain(&mut self, problem: String) {
        self.slot.report.complain(&problem);
        if self.last_problem != problem {
            warning!("vioconcierge: {problem}");
            self.last_problem = problem;
        }
    }
}

/// What pg_stat_activity says: no personal data.
fn show(state: pg_sys::BackendState::Type, text: &str) {
    if let Ok(text) = std::ffi::CString::new(text) {
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
