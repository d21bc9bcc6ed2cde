//! Timers, events and plans: everything that is neither a call nor an answer. Under load it waits, so that calls go first.

use std::time::{Duration, Instant};

use vioc_core::budget::Budgeted;

use super::attach::{with_extension, with_extension_for_long};
use super::{Halt, ONE_MS, Worker};
use crate::{statements, tx};

/// How often the timers of calls are looked at while there is work, but ...
pub(super) const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);
/// ... in at most one part in so many of the time, and ...
const UPKEEP_MAX_SHARE: u32 = 200;
/// ... not more seldom than this: one run that waited for a lock took long.
const UPKEEP_MAX_INTERVAL: Duration = Duration::from_secs(10);
/// Under load, everything but calls and answers waits at least this long.
const UPKEEP_GAP: Duration = Duration::from_millis(50);
/// Events are published at once, but those that follow wait this long for more: each time costs a transaction on disk.
const EVENTS_GAP: Duration = Duration::from_millis(100);
const UPKEEP_LIMIT: i32 = 100;
/// Finding out which credentials to ask about their concurrency looks at all of them.
const CONCURRENCY_MAX_SHARE: u32 = 100;
const EVENTS_LIMIT: usize = 1000;
/// After listeners could not be notified.
const NOTIFY_RETRY: Duration = Duration::from_secs(5);
/// How often instants that a wrong clock left too far ahead are looked for.
const BOUND_INTERVAL: Duration = Duration::from_secs(60);
/// Re-plans the claim statements this often while idle: ANALYZE invalidates cached plans, and autovacuum looks round this
/// often by default.
const WARM_PLANS_INTERVAL: Duration = Duration::from_secs(60);

pub(super) struct Timers {
    /// When there was time for anything but calls and answers.
    last_upkeep: Option<Instant>,
    /// When events were published last.
    published_at: Option<Instant>,
    calls: Budgeted,
    concurrency: Budgeted,
    bound_at: Instant,
    warm_plans_at: Instant,
}

impl Timers {
    pub(super) fn new(now: Instant) -> Self {
        let every = (UPKEEP_INTERVAL, UPKEEP_MAX_INTERVAL);
        Self {
            last_upkeep: None,
            published_at: None,
            calls: Budgeted::new(now, UPKEEP_MAX_SHARE, every.0, every.1),
            concurrency: Budgeted::new(now, CONCURRENCY_MAX_SHARE, Duration::ZERO, Duration::MAX),
            bound_at: now,
            warm_plans_at: now,
        }
    }

    /// How long upkeep still waits; zero: it is due.
    pub(super) fn until_upkeep(&self) -> Duration {
        rest_of(UPKEEP_GAP, self.last_upkeep)
    }

    /// How long events still wait for others to be published with.
    pub(super) fn until_events(&self) -> Duration {
        rest_of(EVENTS_GAP, self.published_at)
    }

    pub(super) fn warm_plans_soon(&mut self) {
        self.warm_plans_at = Instant::now();
    }
}

/// What is left of this gap.
fn rest_of(gap: Duration, last: Option<Instant>) -> Duration {
    last.map_or(Duration::ZERO, |at| gap.saturating_sub(at.elapsed()))
}

/// Who listens to `vioc_events`.
pub(super) struct Listeners {
    notified_position: i64,
    notify_not_before: Instant,
}

impl Listeners {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            notified_position: 0,
            notify_not_before: now,
        }
    }

    pub(super) fn forget(&mut self) {
        self.notified_position = 0;
    }
}

impl Worker {
    /// Whether there is more of it.
    pub(super) fn upkeep(&mut self) -> Result<bool, Halt> {
        self.timers.last_upkeep = Some(Instant::now());
        if self.queue.is_count_old() {
            let (statements, queue) = (&mut self.statements, &mut self.queue);
            with_extension(|| queue.count_slots_in_use(statements))?;
        }
        self.ask_concurrency()?;
        self.ask_for_doctor()?;
        let asked = self.claim_look_ups()?;
        let has_more_events = self.publish_events(false)?;
        self.run_timers()?;
        self.bound_instants()?;
        Ok(asked > 0 || has_more_events)
    }

    /// First these, which ask seldom, and leave places to the others.
    fn ask_concurrency(&mut self) -> Result<(), Halt> {
        let began = Instant::now();
        let places = self.places_to_ask().div_ceil(2);
        if places > 0 && self.timers.concurrency.is_due(began) {
            let statements = &mut self.statements;
            let asked = with_extension(|| statements.claim_concurrency(places))?;
            self.timers.concurrency.done(began, Instant::now());
            self.ask(asked);
        }
        Ok(())
    }

    /// Numbers what was committed, then notifies listeners, each in a transaction of its own. Returns whether there is more.
    /// `is_first`: as the first transaction after a sleep, which waits for a DROP EXTENSION that is under way.
    pub(super) fn publish_events(&mut self, is_first: bool) -> Result<bool, Halt> {
        self.timers.published_at = Some(Instant::now());
        self.slot.take_events();
        self.has_events = false;
        let statements = &mut self.statements;
        let publish = || statements.publish_events(EVENTS_LIMIT);
        let (newest, count) = match is_first {
            true => with_extension_for_long(publish)?,
            false => with_extension(publish)?,
        };
        if let Some(newest) = newest
            && newest > self.listeners.notified_position
            && self.listeners.notify_not_before <= Instant::now()
        {
            match tx::transaction(|| statements::notify(newest)) {
                Ok(()) => self.listeners.notified_position = newest,
                Err(error) => {
                    self.slot.status.set_last_error(&error.to_string());
                    self.listeners.notify_not_before = Instant::now() + NOTIFY_RETRY;
                }
            }
        }
        Ok(usize::try_from(count).is_ok_and(|count| count >= EVENTS_LIMIT))
    }

    fn run_timers(&mut self) -> Result<(), Halt> {
        let began = Instant::now();
        if !self.timers.calls.is_due(began) {
            return Ok(());
        }
        self.timers.calls.put_off(began, UPKEEP_INTERVAL); // also if it fails
        let held = self.held_calls();
        let has_more = with_extension(|| statements::run_timers(UPKEEP_LIMIT, &held))?;
        let ended = Instant::now();
        match has_more {
            // webhooks that had waited for another session's lock, many of them
            true => self.timers.calls.put_off(ended, UPKEEP_GAP),
            false => self.timers.calls.done(began, ended),
        }
        Ok(())
    }

    fn bound_instants(&mut self) -> Result<(), Halt> {
        if self.timers.bound_at <= Instant::now() {
            self.timers.bound_at = Instant::now() + BOUND_INTERVAL;
            if self.may_undo() {
                with_extension(statements::undo_clock_ahead)?;
            }
            with_extension(statements::bound_instants)?;
        }
        Ok(())
    }

    /// Publishes events, many at a time; returns how long there is nothing to do.
    pub(super) fn publish(&mut self) -> Result<Duration, Halt> {
        self.follow_clock()?;
        if self.timers.until_events().is_zero() {
            self.has_events = self.publish_events(true)?;
        }
        Ok(self.round_at.saturating_duration_since(Instant::now()) + ONE_MS)
    }

    /// So that the next Call Now does not wait for plans.
    pub(super) fn warm_plans(&mut self) -> Result<(), Halt> {
        if self.timers.warm_plans_at <= Instant::now() {
            self.rehearse(|| true)?;
            self.timers.warm_plans_at = Instant::now() + WARM_PLANS_INTERVAL;
        }
        Ok(())
    }

    /// A Call Now will be committed in a moment; returns how long there is nothing else to do. What goes wrong is said by the
    /// round that meets it again.
    pub(super) fn get_ready(&mut self) -> Result<Duration, Halt> {
        let slot = self.slot;
        match self.rehearse(|| !slot.is_woken()) {
            Err(Halt::ExtensionGone) => return Err(Halt::ExtensionGone),
            Ok(()) | Err(Halt::Failed(_)) => {}
        }
        Ok(self.round_at.saturating_duration_since(Instant::now()) + ONE_MS)
    }

    fn rehearse(&mut self, is_wanted: impl Fn() -> bool) -> Result<(), Halt> {
        let (id, lease) = (self.id, self.http.lease());
        let (statements, queue) = (&mut self.statements, &self.queue);
        with_extension(|| queue.rehearse(statements, id, lease, is_wanted))
    }
}
