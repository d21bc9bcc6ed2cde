//! The worker of one database: record, claim, hand over, ask, tend, wait.
//!
//! It never waits for a row and holds no transaction while HTTP is in flight: results and new claims share one short
//! transaction, whose commit comes before anything is sent.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pgrx::bgworkers::{BackgroundWorker, SignalWakeFlags};
use pgrx::prelude::*;
use pgrx::spi::SpiResult;
use vioc_core::clocks::Known;
use vioc_core::config_lines::{self, Findings};
use vioc_core::pace::Pace;
use vioc_core::reply::{self, CreateAnswer, CreateVerdict, Exchange};
use vioc_retell::{Cut, Done, Job, Method, Pool, secrets};

use crate::db::{self, Failure, LookUp, Statements};
use crate::queue::{Claim, Queue};
use crate::{config, shared, steps, stop};

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

/// What the worker knows is of this extension: one that was dropped and created again is another.
static EXTENSION: AtomicU32 = AtomicU32::new(0);

/// The clock by which everything that waits was stamped (`vioc_core::clocks::Known::difference`): a transaction that meets
/// another one is rolled back.
static FOLLOWED: AtomicI64 = AtomicI64::new(0);

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vioconcierge_worker_main(argument: pg_sys::Datum) {
    let slot = unsafe { i32::from_datum(argument, false) }.unwrap_or(-1);
    stop::attach();
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP);
    BackgroundWorker::connect_worker_to_spi(Some(BackgroundWorker::get_extra()), None);
    stop::started();
    let Some(slot) = usize::try_from(slot).ok().and_then(shared::slot) else {
        return;
    };
    if slot.holder().is_some() {
        return; // being dropped, renamed or copied
    }
    MY_SLOT.store(argument.value() as i32, Ordering::Relaxed);
    unsafe { pg_sys::before_shmem_exit(Some(leave), pg_sys::Datum::from(0)) };
    db::set_session_defaults();

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
        .and_then(shared::slot)
    {
        slot.leave_worker();
    }
}

/// What a ticket stands for.
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
    slot: &'static shared::Slot,
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
    next_ticket: u64,
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
    pace: Pace<db::Payer>,
    tend_at: Instant,
    ask_for_lines_at: Instant,
    /// vioc_doctor waits for what Retell says.
    to_check: shared::Asked,
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
    fn new(slot: &'static shared::Slot) -> Self {
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
            next_ticket: 0,
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
            pace: Pace::default(),
            tend_at: now,
            ask_for_lines_at: now,
            to_check: shared::Asked::default(),
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
                && !stop::is_requested()
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
            stop::forget_cancel();
            pgrx::check_for_interrupts!();
            self.slot.report.beat();
            // asked to, or the database is wanted without sessions
            if stop::is_requested() || self.slot.holder().is_some() {
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
                    .store(shared::now_us(), Ordering::Relaxed);
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
                Err(_) if self.slot.clocks.known().step(steps::now()).is_some() => Duration::ZERO,
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

    /// It was dropped, and with it everything that the answers are about; the next one counts from 1 again.
    fn forget_extension(&mut self) {
        EXTENSION.store(pg_sys::InvalidOid.to_u32(), Ordering::Relaxed);
        self.presence = Presence::Waiting;
        self.slot.serves(false);
        self.was_attached = false;
        self.id = random_id();
        self.statements = Statements::default();
        self.work.clear();
        self.asking = 0;
        self.answers.clear();
        self.look_ups.clear();
        self.unmoved.clear();
        FOLLOWED.store(0, Ordering::Relaxed);
        self.slot.clocks.forget();
        self.queue.forget();
        self.told = 0;
    }

    /// Whatever waits goes on waiting for as long as it had left, when the server's clock was set; before anything is done
    /// by the new clock. False: the extension is gone.
    fn follow_clock(&mut self) -> Result<bool, Failure> {
        let now = steps::now();
        let known = self.slot.clocks.known();
        let by = known.step(now);
        if known.difference != 0 && by.is_none() {
            FOLLOWED.store(known.difference, Ordering::Relaxed);
            return self.move_held_calls();
        }
        let difference = now.wall.saturating_sub(now.running);
        let before = FOLLOWED.swap(difference, Ordering::Relaxed);
        let held = match with_extension(|| db::clock_stepped(by)) {
            Ok(Some(held)) => held,
            Ok(None) => return Ok(false),
            Err(problem) => {
                FOLLOWED.store(before, Ordering::Relaxed);
                return Err(problem);
            }
        };
        if let Some(by) = by {
            self.slot.clocks.stepped(by, now);
            log!(
                "vioconcierge: the server's clock was set by {} ms: what waits goes on waiting as before",
                by / 1000
            );
        }
        self.slot.clocks.follow(now);
        for call_id in held {
            let earlier = self.unmoved.get(&call_id).copied().unwrap_or(Some(0));
            let all = earlier.zip(by).map(|(earlier, by)| earlier + by);
            self.unmoved.insert(call_id, all);
        }
        self.queue.forget();
        self.ask_clock_at = Instant::now();
        Ok(true)
    }

    fn move_held_calls(&mut self) -> Result<bool, Failure> {
        for (call_id, by) in self.unmoved.clone() {
            match with_extension(|| db::move_call(call_id, by))? {
                None => return Ok(false),
                Some(true) => {
                    self.unmoved.remove(&call_id);
                }
                Some(false) => {}
            }
        }
        Ok(true)
    }

    /// Whether the server's clock allows to send: it is not contradicted by Retell's, which was heard or asked for.
    fn is_clock_good(&self) -> bool {
        let known = self.slot.clocks.known();
        let has_heard = known.retell[0] != 0
            || self
                .hear_clock_until
                .is_some_and(|until| until <= Instant::now());
        has_heard && known.agrees(steps::now())
    }

    /// Asks Retell for anything, because its answer has a date: before the first call, and while its clock and the server's
    /// differ. `None`: the extension is gone.
    fn ask_clock(&mut self) -> Result<Option<()>, Failure> {
        let known = self.slot.clocks.known();
        let now = steps::now();
        let is_first = known.retell[0] == 0 && self.hear_clock_until.is_none();
        if (!is_first && !known.is_doubtful(now)) || self.ask_clock_at > Instant::now() {
            return Ok(Some(()));
        }
        let statements = &mut self.statements;
        let asked = with_extension(|| match is_first && statements.most_urgent()?.is_none() {
            true => Ok(None),
            false => db::claim_clock().map(Some),
        })?;
        let Some(asked) = asked else {
            return Ok(None);
        };
        let Some(asked) = asked else {
            return Ok(Some(())); // no call waits
        };
        self.ask_clock_at = Instant::now()
            + match known.agrees(now) {
                true => ASK_CLOCK_AGAIN,
                false => ASK_CLOCK_EVERY,
            };
        if is_first {
            // without a key there is nothing to ask, nor to send
            let patience = if asked.is_empty() {
                Duration::ZERO
            } else {
                HEAR_CLOCK
            };
            self.hear_clock_until = Some(Instant::now() + patience);
        }
        self.ask(asked);
        Ok(Some(()))
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
        if stop::is_requested() {
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
            let Some(checks) = with_extension(|| db::claim_checks(places, ago, tenants))? else {
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
            let Some(has_more) = with_extension(|| db::tend(TENDED_AT_A_TIME, &held))? else {
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
            if with_extension(db::bound_instants)?.is_none() {
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
        let changes = [self.pace.next_change(), queue];
        let next = changes.into_iter().flatten().min();
        next.map_or(most, |at| {
            most.min(at.saturating_duration_since(Instant::now()) + ONE_MS)
        })
    }

    /// Numbers what was committed, then tells listeners, each in a transaction of its own. Returns whether there is
    /// more; `None`: the extension is gone.
    fn publish_events(&mut self) -> Result<Option<bool>, Failure> {
        let statements = &mut self.statements;
        let numbered = with_extension(|| statements.publish_events(EVENTS_AT_A_TIME))?;
        let Some(numbered) = numbered else {
            return Ok(None);
        };
        let (newest, count) = numbered.unzip();
        if let Some(newest) = newest
            && newest > self.told
            && self.tell_from <= Instant::now()
        {
            match db::transaction(|| db::notify(newest)) {
                Ok(()) => self.told = newest,
                Err(problem) => {
                    self.slot.report.complain(&problem.to_string());
                    self.tell_from = Instant::now() + NOTIFY_AGAIN;
                }
            }
        }
        Ok(Some(count.is_some_and(|count| {
            usize::try_from(count).is_ok_and(|count| count >= EVENTS_AT_A_TIME)
        })))
    }

    /// False: no extension here yet, or another worker is still leaving.
    fn attach(&mut self) -> Result<bool, Failure> {
        if !self.is_locked {
            self.is_locked = db::transaction(|| Ok(db::try_lock()))?;
            if !self.is_locked {
                return Ok(false);
            }
            self.slot.enter_worker(); // from here on CREATE EXTENSION wakes it
            self.slot.report.begin();
        }
        let is_first = !self.was_attached;
        if !self.follow_clock()? {
            self.forget_extension();
            return Ok(false);
        }
        let both = with_extension_for_long(|| Ok((db::attach(is_first)?, db::file_settings()?)))?;
        let Some((standstill, lines)) = both else {
            self.forget_extension();
            return Ok(false);
        };
        self.lines = config_lines::judge(&lines);
        if let Some(reason) = standstill {
            log!("vioconcierge: nothing is sent from this database: {reason}");
        }
        self.was_attached = true;
        self.presence = Presence::Attached;
        self.slot.serves(true);
        Ok(true)
    }

    /// One short transaction: answers in, next calls out; returns how many in all. The calls are sent when it has
    /// committed. If the answers cannot be recorded together they are recorded one by one, so that a poisoned one stays
    /// alone.
    fn record_and_claim(&mut self) -> Result<Option<usize>, Failure> {
        let tried = self.answers.len().min(self.queue.at_a_time());
        let answers = (tried > 0).then(|| json_array(self.answers.range(..tried)));
        let room = self.room();
        let starts = self.recent_starts();
        let (id, lease, rate) = (self.id, self.lease(), self.recent_answers);
        let may_wait = !self.has_waited;
        let (statements, queue) = (&mut self.statements, &mut self.queue);
        let (began, began_at) = (Instant::now(), shared::now_us());
        let both = with_extension_for_long(|| {
            let priority = match room {
                0 => None,
                _ => statements.most_urgent()?,
            };
            let recorded = match &answers {
                // Call Now does not wait for answers, but they never wait twice
                Some(_) if may_wait && priority > Some(0) => None,
                Some(answers) => Some(statements.record(id, answers)?),
                None => Some(Vec::new()),
            };
            let claim = match room {
                0 => Claim::default(),
                room => queue.claim(statements, id, lease, &starts, priority, room, rate)?,
            };
            Ok((recorded, claim))
        });
        let (recorded, claim) = match both {
            Ok(Some(both)) => both,
            Ok(None) => return Ok(None),
            Err(problem) => {
                let failed = self.queue.failed(problem.is_the_systems());
                self.record_one_by_one(None);
                if let Some(failed) = failed
                    && failed.is_at_fault
                {
                    fail_claim(failed.call, &problem);
                }
                return Err(problem);
            }
        };
        self.has_waited = recorded.is_none();
        let (tried, recorded) = recorded.map_or((0, Vec::new()), |recorded| (tried, recorded));
        let is_all_tried = self.answers.len() == tried;
        // one that somebody's lock keeps out goes to the end
        for _ in 0..tried {
            if let Some((call_id, answer)) = self.answers.pop_front()
                && !recorded.contains(&call_id)
            {
                self.answers.push_back((call_id, answer));
            }
        }
        self.claimed += claim.calls.len();
        // the others are next, unless what was tried is all in somebody's hands: then a moment later
        let has_next = !is_all_tried && (self.has_waited || !recorded.is_empty());
        let moved = recorded.len() + claim.moved + usize::from(has_next);
        // by both clocks: one stands still while the machine sleeps, the other may be set
        let took = began.elapsed().max(Duration::from_micros(
            u64::try_from(shared::now_us() - began_at).unwrap_or_default(),
        ));
        self.queue
            .claimed(&claim, began.elapsed(), took > LONGEST_COMMIT);
        // not dialled: the claim may be on no standby, or what it was allowed by is no more
        let reason = match stop::is_requested() {
            true => Some("worker is stopping"),
            false => (took > LONGEST_COMMIT).then_some("its claim took too long to commit"),
        };
        match reason {
            Some(reason) => claim.calls.into_iter().for_each(|call| {
                self.give_back(call, CreateVerdict::NotBegun, None, reason);
            }),
            None => self.send(claim.calls),
        }
        self.report_flight();
        if self.claimed >= self.plan_anew_at {
            // the plans are of a time when the tables were smaller
            self.plan_anew_at *= 4;
            db::forget_plans();
            self.rehearse_at = Instant::now();
        }
        Ok(Some(moved))
    }

    /// Not after `until`.
    fn record_one_by_one(&mut self, until: Option<Instant>) {
        self.statements = Statements::default();
        let mut waiting = false;
        for (call_id, answer) in std::mem::take(&mut self.answers) {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            // asked to stop meanwhile: `drain` is next
            waiting |= left.map_or_else(stop::is_requested, |left| left.is_zero());
            if waiting {
                self.answers.push_back((call_id, answer));
                continue;
            }
            let text = format!("[{answer}]");
            let (id, statements) = (self.id, &mut self.statements);
            match with_extension_for(left, || statements.record(id, &text)) {
                Ok(None) => return, // the extension is gone
                Ok(Some(recorded)) if recorded.contains(&call_id) => {}
                // held by somebody: bring it again
                Ok(Some(_)) => self.answers.push_back((call_id, answer)),
                // nothing is wrong with the answer: it is brought again, and so are the others
                Err(problem) if problem.is_of_the_moment() => {
                    self.answers.push_back((call_id, answer));
                    waiting = true;
                }
                // its lease will end and Retell will be asked
                Err(problem) => warning!(
                    "vioconcierge: the answer to call {call_id} could not be recorded: {problem}"
                ),
            }
        }
    }

    /// How many more calls to claim: what the threads can take, and more only if answers come quickly, because a
    /// claimed call that waits for a thread wears out its lease.
    fn room(&mut self) -> usize {
        let Some(pool) = &self.pool else {
            return 0;
        };
        if !self.is_clock_good() {
            return 0;
        }
        if self.recent_since.elapsed() > Duration::from_millis(100) {
            self.recent_since = Instant::now();
            self.recent_answers /= 2;
        }
        // the others have questions
        let threads = pool.capacity().saturating_sub(self.asking).max(1);
        let ahead = self.recent_answers.clamp(threads, pool.capacity() * AHEAD);
        ahead.saturating_sub(self.work.len() - self.asking)
    }

    /// Calls in its hands. One whose thread never came back is none after a lease's time.
    fn held_calls(&self) -> Vec<i64> {
        let lease = self.lease();
        let sent = self.work.values().filter_map(|it| match it {
            Work::Call { call_id, since, .. } if since.elapsed() < lease => Some(*call_id),
            _ => None,
        });
        sent.chain(self.answers.iter().map(|(call_id, _)| *call_id))
            .collect()
    }

    fn recent_starts(&mut self) -> HashMap<db::Payer, i32> {
        let is_waiting = self.pool.iter().chain(&self.retired).any(Pool::is_waiting);
        self.pace.forget(Instant::now(), is_waiting);
        self.pace
            .counts()
            .map(|(payer, starts)| (payer, i32::try_from(starts).unwrap_or(i32::MAX)))
            .collect()
    }

    fn send(&mut self, calls: Vec<db::Claimed>) {
        let dir = config::secrets_dir();
        let mut jobs = Vec::with_capacity(calls.len());
        for call in calls {
            if self.pool.is_none() {
                // the settings have changed since the claim
                self.give_back(call, CreateVerdict::NotBegun, None, "no connection pool");
                continue;
            }
            let key = match &call.api_key {
                Some(key) => secrets::resolve(key.expose(), &dir),
                None => Err("there is no key".to_owned()),
            };
            let key = match key {
                Ok(key) => key,
                Err(message) => {
                    // as if Retell had refused the key: the credential is suspended, the queue is kept
                    self.give_back(call, CreateVerdict::RefusedConfig, Some(401), &message);
                    continue;
                }
            };
            if call.key_digest.as_deref() != Some(key.digest().as_slice()) {
                // a file's content is new since the claim: another workspace's, perhaps
                self.give_back(
                    call,
                    CreateVerdict::NotBegun,
                    None,
                    "its key changed while it was claimed",
                );
                continue;
            }
            let ticket = self.ticket(Work::Call {
                tenant_id: call.tenant_id,
                call_id: call.call_id,
                since: Instant::now(),
            });
            let payer = (call.tenant_id, call.credential_id);
            self.pace.started(ticket, payer, Instant::now());
            jobs.push(Job {
                ticket,
                method: Method::Post,
                path: reply::CREATE_PATH.into(),
                body: Some(call.body),
                api_key: key,
            });
        }
        let posted = u64::try_from(jobs.len()).unwrap_or_default();
        self.slot.report.posted.fetch_add(posted, Ordering::Relaxed);
        if let Some(pool) = &self.pool {
            pool.submit_all(jobs);
        }
    }

    /// Writes down an answer that Retell did not give.
    fn give_back(
        &mut self,
        call: db::Claimed,
        verdict: CreateVerdict,
        http_status: Option<u16>,
        message: &str,
    ) {
        let answer = CreateAnswer {
            verdict,
            retell_call_id: None,
            message: Some(message.to_owned()),
            retry_after_seconds: None,
            do_not_call: false,
            legacy_field: false,
        };
        self.answers.push_back((
            call.call_id,
            db::answer_json(call.tenant_id, call.call_id, http_status, &answer),
        ));
    }

    fn lease(&self) -> Duration {
        config::lease(self.settings.as_ref())
    }

    fn report_capacity(&self) {
        let capacity = self.pool.as_ref().map_or(0, Pool::capacity);
        let capacity = capacity.try_into().unwrap_or(u32::MAX);
        let report = &self.slot.report;
        report.capacity.store(capacity, Ordering::Relaxed);
    }

    fn report_flight(&self) {
        let in_flight = self.work.len().try_into().unwrap_or(u32::MAX);
        let report = &self.slot.report;
        report.in_flight.store(in_flight, Ordering::Relaxed);
    }

    fn claim_look_ups(&mut self) -> Result<Option<usize>, Failure> {
        let places = self.places_to_ask();
        if places == 0 {
            return Ok(Some(0));
        }
        let statements = &mut self.statements;
        let Some(asked) = with_extension(|| statements.claim_look_ups(places))? else {
            return Ok(None);
        };
        let count = asked.len();
        self.ask(asked);
        Ok(Some(count))
    }

    fn ask(&mut self, asked: Vec<LookUp>) {
        let asked_at = steps::now().running;
        if self.pool.is_none() {
            return; // the next try is written down already
        }
        for mut asked in asked {
            if self.is_asked(&asked) {
                continue; // no second thread for the same question
            }
            let Some(Ok(key)) = asked
                .api_key
                .as_ref()
                .map(|key| secrets::resolve(key.expose(), &config::secrets_dir()))
            else {
                continue; // no key now
            };
            asked.key_digest = Some(key.digest().to_vec());
            let job = Job {
                ticket: 0,
                method: match asked.method.as_str() {
                    "GET" => Method::Get,
                    "DELETE" => Method::Delete,
                    _ => Method::Post,
                },
                path: asked.path.clone(),
                body: asked.body.clone(),
                api_key: key,
            };
            let ticket = self.ticket(Work::LookUp { asked, asked_at });
            self.asking += 1;
            if let Some(pool) = &self.pool {
                pool.submit(Job { ticket, ..job });
            }
        }
    }

    /// How many more questions may be on their way: half of the threads at most, so that a Retell that leaves them
    /// unanswered keeps no call from being made.
    fn places_to_ask(&self) -> usize {
        let threads = self.pool.as_ref().map_or(0, Pool::capacity);
        (threads / 2)
            .max(threads.min(1))
            .saturating_sub(self.asking)
            .min(QUESTIONS_AT_A_TIME)
    }

    fn is_asked(&self, wanted: &LookUp) -> bool {
        self.work.values().any(|it| {
            matches!(it, Work::LookUp { asked, .. }
                if (asked.call_id, &asked.kind) == (wanted.call_id, &wanted.kind))
        })
    }

    fn record_look_ups(&mut self) {
        while !stop::is_requested()
            && let Some((asked, asked_at, done)) = self.look_ups.pop_front()
        {
            if self.unmoved.contains_key(&asked.call_id) {
                continue; // nothing follows from its times yet; the next try is written down already
            }
            let (status, body) = match &done.exchange {
                Exchange::Response { status, body, .. } => {
                    (Some(i32::from(*status)), body.as_slice())
                }
                _ => (None, [].as_slice()),
            };
            let recorded = match text(body) {
                Ok(body) => with_extension(|| db::record_look_up(&asked, asked_at, status, &body)),
                Err(failure) => Err(failure),
            };
            match recorded {
                Ok(_) => {}
                Err(problem) if problem.is_of_the_moment() => {
                    // a lock is waited for once a round; the answer is kept, and the others come first
                    self.look_ups.push_back((asked, asked_at, done));
                    self.complain(tell_with_holder(&problem));
                    return;
                }
                Err(problem) => warning!(
                    "vioconcierge: what Retell said about call {} could not be recorded: {problem}",
                    asked.call_id
                ),
            }
        }
    }

    /// Takes finished requests out of the pools.
    fn collect(&mut self) {
        for pool in self.pool.iter().chain(&self.retired) {
            if let Some((date, since)) = pool.take_date() {
                let ago = i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX);
                self.slot.clocks.heard(date.saturating_mul(1_000_000), ago);
            }
        }
        let mut done: Vec<Done> = self.pool.as_ref().map(Pool::drain).unwrap_or_default();
        self.retired.retain(|pool| {
            done.extend(pool.drain());
            pool.in_flight() > 0
        });
        let (now, instant) = (chrono::Utc::now(), Instant::now());
        for done in done {
            self.pace.answered(done.ticket, instant);
            if let Some(cut) = done.cut {
                self.tell_cut(cut);
            }
            match &done.exchange {
                Exchange::Response { .. } => self.slot.report.answered(),
                Exchange::NotSent { reason } | Exchange::Unknown { reason } => {
                    self.slot.report.not_reached(reason);
                }
                Exchange::NotBegun { .. } => {}
            }
            match self.work.remove(&done.ticket) {
                Some(Work::Call {
                    tenant_id, call_id, ..
                }) => {
                    let answer = reply::classify_create(
                        &done.exchange,
                        done.body.as_deref().unwrap_or_default(),
                        now,
                    );
                    let status = match done.exchange {
                        Exchange::Response { status, .. } => Some(status),
                        _ => None,
                    };
                    self.recent_answers += 1;
                    let report = &self.slot.report;
                    let count = match answer.verdict {
                        CreateVerdict::Placed => &report.placed,
                        _ => &report.not_placed,
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                    self.answers.push_back((
                        call_id,
                        db::answer_json(tenant_id, call_id, status, &answer),
                    ));
                }
                Some(Work::LookUp { asked, asked_at }) => {
                    self.asking -= 1;
                    if self.hear_clock_until.is_some() {
                        self.hear_clock_until = Some(instant); // with or without a date
                    }
                    self.look_ups.push_back((asked, asked_at, done));
                }
                None => {}
            }
        }
        self.report_flight();
    }

    /// A changed setting means a new pool; the old one finishes what it has. Settings that cannot be used mean none: without
    /// a pool nothing is claimed, and nothing is asked.
    fn renew_pool(&mut self) {
        // an equal share each of what the server may have on the wire
        let (all, most) = (config::max_in_flight(), config::most_in_flight());
        let share = (all / shared::workers(self.slot)).clamp(1, most);
        let wanted = config::retell();
        if let Some(pool) = &self.pool
            && self.settings.as_ref() == Some(&wanted)
        {
            if pool.capacity() != share {
                // a worker of another database came or went: no reason to lose connections
                pool.allow(share);
                self.report_capacity();
            }
            return;
        }
        if self.pool_again_at > Instant::now() {
            return;
        }
        let pool = match (&self.lines.stops, config::unusable_file()) {
            (Some(problem), _) => Err(problem.clone()),
            (None, Some(problem)) => Err(problem.to_owned()),
            (None, None) => Pool::new(
                wanted.clone(),
                share,
                config::MOST_IN_FLIGHT.min(most),
                self.event.notifier(),
            )
            .map_err(|error| error.to_string()),
        };
        let report = &self.slot.report;
        let (pool, problem) = match pool {
            Ok(pool) => (Some(pool), None),
            Err(problem) => (None, Some(problem)),
        };
        report.set_settings(
            problem
                .as_ref()
                .or(self.lines.kept.as_ref())
                .map(String::as_str),
            problem.is_some(),
        );
        let is_open = pool.is_some();
        if let Some(old) = std::mem::replace(&mut self.pool, pool) {
            old.begin_stop("the settings were read again");
            self.retired.push(old);
        }
        self.report_capacity();
        self.settings = Some(wanted);
        if !is_open {
            // a line is read again at a reload; what it names (a file, a thread) may be there later
            self.pool_again_at = Instant::now() + POOL_AGAIN;
        }
        let problem = problem.or(self.lines.kept.clone()).unwrap_or_default();
        if self.pool_problem != problem {
            match problem.is_empty() {
                true => log!("vioconcierge: the settings can be used"),
                false => {
                    report.complain(&problem);
                    warning!("vioconcierge: {problem}");
                }
            }
            self.pool_problem = problem;
        }
    }

    /// SIGTERM: nothing new is sent; answers on their way are waited for, within a bound, and written down. What is
    /// then still unanswered is looked up by the next worker.
    fn drain(&mut self) {
        let deadline = Instant::now() + DRAIN;
        for pool in self.pool.iter().chain(&self.retired) {
            pool.begin_stop("worker is stopping");
        }
        for pool in self.pool.iter().chain(&self.retired) {
            pool.wait_idle(deadline.saturating_duration_since(Instant::now()));
        }
        self.collect();
        if self.presence == Presence::Attached {
            self.record_the_last();
        }
        for pool in self.pool.take().into_iter().chain(self.retired.drain(..)) {
            pool.stop();
        }
    }

    /// All answers in hand, many in a transaction, within a bound.
    fn record_the_last(&mut self) {
        let until = Instant::now() + RECORD_THE_LAST;
        while !self.answers.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let tried = self.answers.len().min(LAST_AT_A_TIME);
            let answers = json_array(self.answers.range(..tried));
            let (id, statements) = (self.id, &mut self.statements);
            // no time left is no time at all: no timeout would be none
            let recorded = match left.is_zero() {
                true => Ok(None),
                false => with_extension_for(Some(left), || statements.record(id, &answers)),
            };
            match recorded {
                Ok(None) => return,
                // what somebody holds is left to the next worker, as a call in doubt
                Ok(Some(_)) => drop(self.answers.drain(..tried)),
                Err(_) => return self.record_one_by_one(Some(until)),
            }
        }
    }

    fn ticket(&mut self, work: Work) -> u64 {
        self.next_ticket += 1;
        self.work.insert(self.next_ticket, work);
        self.next_ticket
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

    /// An answer of Retell was not read to its end, by our own doing.
    fn tell_cut(&mut self, cut: Cut) {
        let problem = match cut {
            Cut::TooLong => {
                "an answer of Retell was cut: it is longer than vioconcierge.max_body_size, or than any answer to a new call is"
            }
            Cut::NoRoom => {
                "an answer of Retell was cut: those that are not written down yet take all the memory that they may"
            }
        };
        self.slot.report.complain(problem);
        if self.tell_cut_from <= Instant::now() {
            self.tell_cut_from = Instant::now() + TELL_CUT_AGAIN;
            warning!("vioconcierge: {problem}");
        }
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

/// A body as PostgreSQL can store it. It may be long: without memory for it nothing ends but this.
fn text(body: &[u8]) -> Result<String, Failure> {
    let no_memory = |_| Failure {
        sqlstate: "53200".to_owned(),
        message: "out of memory".to_owned(),
    };
    let mut text = String::new();
    text.try_reserve_exact(body.len()).map_err(no_memory)?;
    for chunk in body.utf8_chunks() {
        let invalid = match chunk.invalid() {
            [] => "",
            _ => "\u{fffd}",
        };
        for part in chunk.valid().split('\0').chain([invalid]) {
            text.try_reserve(part.len()).map_err(no_memory)?;
            text.push_str(part);
        }
    }
    Ok(text)
}

/// Ends a call that fails whenever it is claimed alone, or puts it off where not even that can be committed.
fn fail_claim(call: db::Claimable, problem: &Failure) {
    let error = format!(
        "the call could not be claimed: SQLSTATE {}",
        problem.sqlstate
    );
    for is_later in [false, true] {
        match with_extension(|| db::fail_claim(call, &error, is_later)) {
            Ok(_) => return,
            Err(problem) => warning!(
                "vioconcierge: call {} could not be {}: {problem}",
                call.call_id,
                if is_later { "put off" } else { "ended" }
            ),
        }
    }
}

/// What went wrong, and who holds the lock if it was one that was waited for in vain.
fn tell_with_holder(problem: &Failure) -> String {
    let holder = match problem.is_lock_timeout() {
        true => with_extension(db::lock_holder).ok().flatten().flatten(),
        false => None,
    };
    holder.map_or_else(|| problem.to_string(), |it| format!("{problem}: {it}"))
}

/// Answers as `vioc.record_answers` takes them.
fn json_array<'a>(answers: impl Iterator<Item = &'a (i64, String)>) -> String {
    let answers: Vec<&str> = answers.map(|(_, answer)| answer.as_str()).collect();
    format!("[{}]", answers.join(","))
}

/// A transaction in which the extension is there; `None` if it is not, or is not the one that was there before. Not longer
/// than [`LONGEST_STATEMENT`]: calls and answers wait for it.
fn with_extension<R>(body: impl FnOnce() -> SpiResult<R>) -> Result<Option<R>, Failure> {
    with_extension_for(Some(LONGEST_STATEMENT), body)
}

/// The same for calls and answers themselves, and for the worker's start, which take as long as they take.
fn with_extension_for_long<R>(body: impl FnOnce() -> SpiResult<R>) -> Result<Option<R>, Failure> {
    with_extension_for(None, body)
}

fn with_extension_for<R>(
    limit: Option<Duration>,
    body: impl FnOnce() -> SpiResult<R>,
) -> Result<Option<R>, Failure> {
    db::transaction_within(limit, || {
        let Some(extension) = db::extension() else {
            return Ok(None);
        };
        let (none, this) = (pg_sys::InvalidOid.to_u32(), extension.to_u32());
        match EXTENSION.compare_exchange(none, this, Ordering::Relaxed, Ordering::Relaxed) {
            Err(known) if known != this => return Ok(None),
            _ => {}
        }
        let done = body()?;
        let followed = Known {
            difference: FOLLOWED.load(Ordering::Relaxed),
            ..Known::default()
        };
        if followed.step(steps::now()).is_some() {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
                "the server's clock was set"
            );
        }
        Ok(Some(done))
    })
}

/// What pg_stat_activity says: no personal data.
fn show(state: pg_sys::BackendState::Type, text: &str) {
    if let Ok(text) = std::ffi::CString::new(text) {
        unsafe { pg_sys::pgstat_report_activity(state, text.as_ptr()) };
    }
}

/// The worker's sleep, by its name where this PostgreSQL lets extensions name theirs.
fn wait_event() -> u32 {
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    {
        static EVENT: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
        *EVENT
            .get_or_init(|| unsafe { pg_sys::WaitEventExtensionNew(c"VioconciergeMain".as_ptr()) })
    }
    #[cfg(not(any(feature = "pg17", feature = "pg18")))]
    pg_sys::PG_WAIT_EXTENSION
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

/// How a pool thread wakes the main thread: an eventfd, because no PostgreSQL function may run off the main thread. What is
/// waited for is set up once: another descriptor might not be had just when it is needed.
struct Event {
    fd: i32,
    set: *mut pg_sys::WaitEventSet,
}

impl Event {
    fn new() -> Self {
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            error!("vioconcierge: eventfd failed");
        }
        // SAFETY: in the worker's main thread; the set lives as long as the process.
        let set = unsafe {
            #[cfg(any(feature = "pg17", feature = "pg18"))]
            let set = pg_sys::CreateWaitEventSet(std::ptr::null_mut(), 3);
            #[cfg(not(any(feature = "pg17", feature = "pg18")))]
            let set = pg_sys::CreateWaitEventSet(pg_sys::TopMemoryContext, 3);
            let none = std::ptr::null_mut();
            let socket = pg_sys::WL_SOCKET_READABLE;
            pg_sys::AddWaitEventToSet(set, pg_sys::WL_LATCH_SET, -1, pg_sys::MyLatch, none);
            pg_sys::AddWaitEventToSet(set, pg_sys::WL_EXIT_ON_PM_DEATH, -1, none.cast(), none);
            pg_sys::AddWaitEventToSet(set, socket, fd, none.cast(), none);
            set
        };
        Self { fd, set }
    }

    fn notifier(&self) -> impl Fn() + Send + Sync + use<> {
        let fd = self.fd;
        move || {
            let one: u64 = 1;
            unsafe { libc::write(fd, (&raw const one).cast(), size_of::<u64>()) };
        }
    }

    /// Sleeps until a result is in, the latch is set or the time is over.
    fn wait(&self, timeout: Duration) {
        let timeout = timeout.as_millis().try_into().unwrap_or(i64::MAX);
        unsafe {
            let mut event = std::mem::zeroed();
            pg_sys::WaitEventSetWait(self.set, timeout, &raw mut event, 1, wait_event());
            pg_sys::ResetLatch(pg_sys::MyLatch);
            let mut count: u64 = 0;
            libc::read(self.fd, (&raw mut count).cast(), size_of::<u64>());
        }
    }
}
