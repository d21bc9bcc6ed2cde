//! Which calls the worker sends next: chosen many at a time, claimed few at a time.
//!
//! Choosing looks at every tenant whose calls wait, so it is done for many calls at once. Claiming is one short transaction
//! after the other, so that a Call Now never waits long for its turn: before each, those are looked for first.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use pgrx::spi::SpiResult;
use vioc_core::budget::{Budgeted, next_batch};

use crate::statements::{AccountKey, Answer, Claimable, Claimed, Statements, Usage};

/// Chosen calls are claimed within this time, or chosen anew: limits and turns are of the moment of choosing.
const FRESH: Duration = Duration::from_millis(250);
/// A call that another session held is left out for so long, so that it does not stand in the way of its tenant's others.
const HELD: Duration = Duration::from_millis(100);
/// What one transaction may take while there is more to do; and while Call Now is in use, for so long after each.
const TRANSACTION: Duration = Duration::from_millis(20);
const SHORT_TRANSACTION: Duration = Duration::from_millis(7);
const CALL_NOW_IN_USE: Duration = Duration::from_secs(60);
const FEWEST: usize = 32;
const MOST: usize = 256;
/// Chosen ahead at most, if calls go out that fast.
const CHOSEN: usize = 1024;
/// Counting the concurrency slots in use takes at most one part in so many of the time, but ...
const COUNT_MAX_SHARE: u32 = 100;
/// ... not more seldom than this, should one count have been held up.
const COUNT_MAX_INTERVAL: Duration = Duration::from_secs(2);
/// For how long a count serves while no call waits for a slot.
const COUNTED: Duration = Duration::from_secs(10);

/// A call that was in a claim that failed or took too long is claimed alone for so long.
const SUSPECTED: Duration = Duration::from_secs(600);
/// How often a call may fail alone before it is the call's own fault.
const MOST_FAILURES: u32 = 2;
/// After it failed alone it is left out for so long, so that the others go on.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);
/// ... and after its claim took too long.
const AFTER_A_LONG_CLAIM: Duration = Duration::from_secs(300);

pub(crate) struct Queue {
    chosen: VecDeque<Claimable>,
    chosen_at: Instant,
    /// Calls that are left out, and until when.
    held: Vec<(i64, Instant)>,
    /// What the transaction under way tries to claim.
    trying: Vec<Claimable>,
    /// Calls that are claimed alone: since when, and how often each has failed alone.
    suspects: HashMap<i64, (Instant, u32)>,
    /// Calls in progress as counted, and what was claimed since; `None` before they were counted.
    slots: Option<HashMap<AccountKey, i32>>,
    counted_at: Instant,
    /// When they may be counted again, and whether a call waits for that.
    count: Budgeted,
    is_to_count: bool,
    at_a_time: usize,
    /// The latest Call Now.
    urgent_at: Option<Instant>,
    /// No call could be claimed at the last look.
    is_empty: bool,
}

/// What a claim brought.
#[derive(Default)]
pub(crate) struct Claim {
    pub(crate) calls: Vec<Claimed>,
    /// Calls that left the queue or wait in it for another reason now.
    pub(crate) moved: usize,
    held: Vec<i64>,
}

/// A call whose claim failed alone.
pub(crate) struct Failed {
    pub(crate) call: Claimable,
    /// Often enough to be the call's own fault.
    pub(crate) is_at_fault: bool,
}

impl Queue {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            chosen: VecDeque::new(),
            chosen_at: now,
            held: Vec::new(),
            trying: Vec::new(),
            suspects: HashMap::new(),
            slots: None,
            counted_at: now,
            count: Budgeted::new(now, COUNT_MAX_SHARE, Duration::ZERO, COUNT_MAX_INTERVAL),
            is_to_count: false,
            at_a_time: FEWEST,
            urgent_at: None,
            is_empty: false,
        }
    }

    /// Whether no call waited at the last look, or there was no room for one: a slot that gets free changes nothing. What is
    /// queued since is announced.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// What the last look has found, committed.
    pub(crate) fn looked(&mut self, is_empty: bool) {
        self.is_empty = is_empty;
    }

    /// How many calls, or answers, one transaction takes.
    pub(crate) fn at_a_time(&self) -> usize {
        self.at_a_time
    }

    /// Whether calls are chosen but not claimed yet.
    pub(crate) fn has_more(&self) -> bool {
        !self.chosen.is_empty()
    }

    /// When there may be more to claim although nothing else happens: calls that were held, slots not counted yet.
    pub(crate) fn next_change(&self) -> Option<Instant> {
        let held = self.held.iter().map(|(_, until)| *until).min();
        let counted = self.is_to_count.then_some(self.count.due());
        held.into_iter().chain(counted).min()
    }

    /// Settings, limits or the tables are not what they were.
    pub(crate) fn forget(&mut self) {
        self.chosen.clear();
        self.slots = None;
        self.count.put_off(Instant::now(), Duration::ZERO);
    }

    /// Claims the next calls, at most `room`. `priority`: the highest that waits ([`Statements::most_urgent`]); `rate`:
    /// calls that went out lately. In the caller's transaction; if that fails, [`Queue::failed`] is to follow, otherwise
    /// [`Queue::claimed`].
    #[allow(
        clippy::too_many_arguments,
        reason = "each is another thing of the worker's"
    )]
    pub(crate) fn claim(
        &mut self,
        statements: &mut Statements,
        worker: uuid::Uuid,
        lease: Duration,
        starts: &HashMap<AccountKey, i32>,
        priority: Option<i32>,
        room: usize,
        rate: usize,
    ) -> SpiResult<Claim> {
        let Some(priority) = priority else {
            self.chosen.clear();
            self.held.clear();
            self.is_to_count = false;
            return Ok(Claim::default());
        };
        self.held.retain(|(_, until)| *until > Instant::now());
        self.suspects
            .retain(|_, (since, _)| since.elapsed() < SUSPECTED);
        if self.chosen_at.elapsed() > FRESH {
            self.chosen.clear();
        }
        let is_counted =
            (self.slots.is_none() || self.is_to_count) && self.count_slots_in_use(statements)?;
        let urgent = match priority > 0 {
            true => self.choose(statements, starts, self.at_a_time, true)?,
            false => Vec::new(),
        };
        if !urgent.is_empty() {
            // these take room that the others were promised
            self.chosen = urgent.into();
            self.urgent_at = Some(Instant::now());
        } else if !self.has_more() {
            let limit = room.max(rate.min(CHOSEN));
            let mut chosen = self.choose(statements, starts, limit, false)?;
            // there may be more slots than by the last count
            self.is_to_count = chosen.is_empty() && !is_counted;
            // all of them go within a moment: a credential's together, whose row is then written once
            chosen.sort_by_key(|call| call.credential_id);
            self.chosen = chosen.into();
            self.chosen_at = Instant::now();
        }
        let count = self.chosen.len().min(room).min(self.at_a_time);
        if count == 0 {
            return Ok(Claim::default());
        }
        let count = self.before_a_suspect(count);
        self.trying = self.chosen.drain(..count).collect();
        let answers = statements.claim(worker, lease, &self.trying)?;
        let (mut calls, mut held, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for answer in answers {
            match answer {
                Answer::Claimed(call) => calls.push(call),
                Answer::Held(call_id) => held.push(call_id),
                Answer::Left(call_id) => left.push(call_id),
            }
        }
        for call in self.trying.iter().rev() {
            if left.contains(&call.call_id) {
                self.chosen.push_front(*call);
            }
        }
        Ok(Claim {
            moved: count - held.len() - left.len(),
            calls,
            held,
        })
    }

    /// How many of the next `count` calls go together: a suspect goes alone.
    fn before_a_suspect(&self, count: usize) -> usize {
        let is_suspect = |call: &Claimable| self.suspects.contains_key(&call.call_id);
        match self.chosen.iter().take(count).position(is_suspect) {
            Some(place) => place.max(1),
            None => count,
        }
    }

    /// The transaction of the claim failed: its calls are claimed alone from now on. Returns the one that was alone already.
    /// `is_transient`: the same may succeed a moment later, so that no call is at fault.
    pub(crate) fn failed(&mut self, is_transient: bool) -> Option<Failed> {
        self.forget();
        self.suspect(!is_transient, AFTER_A_FAILURE)
    }

    /// Who was claimed in company is claimed alone from now on; who was alone is left out for a while.
    fn suspect(&mut self, counts: bool, left_out: Duration) -> Option<Failed> {
        let now = Instant::now();
        let trying = std::mem::take(&mut self.trying);
        if let [call] = trying.as_slice()
            && let Some((_, failures)) = self.suspects.get_mut(&call.call_id)
        {
            *failures += u32::from(counts);
            self.held.push((call.call_id, now + left_out));
            return Some(Failed {
                call: *call,
                is_at_fault: *failures >= MOST_FAILURES,
            });
        }
        for call in trying {
            self.suspects.insert(call.call_id, (now, 0));
        }
        None
    }

    /// The claim is committed, in a transaction that took so long; too long: nothing of it is sent, and what it was of is
    /// claimed alone.
    pub(crate) fn claimed(&mut self, claim: &Claim, took: Duration, is_too_long: bool) {
        match is_too_long {
            true => drop(self.suspect(false, AFTER_A_LONG_CLAIM)),
            false => {
                for call in self.trying.drain(..) {
                    self.suspects.remove(&call.call_id);
                }
            }
        }
        let until = Instant::now() + HELD;
        self.held
            .extend(claim.held.iter().map(|call_id| (*call_id, until)));
        if let Some(slots) = &mut self.slots {
            for call in &claim.calls {
                *slots.entry(call.account()).or_default() += 1;
            }
        }
        let is_in_use = |at: Instant| at.elapsed() < CALL_NOW_IN_USE;
        let most = match self.urgent_at.is_some_and(is_in_use) {
            true => SHORT_TRANSACTION,
            false => TRANSACTION,
        };
        self.at_a_time = next_batch(self.at_a_time, claim.moved, FEWEST..=MOST, took, most);
    }

    /// Claims nothing and drops what it chooses, by the same statements: the next Call Now waits neither for their plans nor, if it comes
    /// at once, for memory. In the caller's transaction. `is_wanted`: whether to go on.
    pub(crate) fn rehearse(
        &self,
        statements: &mut Statements,
        worker: uuid::Uuid,
        lease: Duration,
        is_wanted: impl Fn() -> bool,
    ) -> SpiResult<()> {
        // what takes longest first
        statements.claim(worker, lease, &[])?;
        if is_wanted() {
            statements.most_urgent()?;
            self.choose(statements, &HashMap::new(), 1, true)?;
        }
        Ok(())
    }

    fn choose(
        &self,
        statements: &mut Statements,
        starts: &HashMap<AccountKey, i32>,
        limit: usize,
        is_only_urgent: bool,
    ) -> SpiResult<Vec<Claimable>> {
        let mut usage: HashMap<AccountKey, Usage> = HashMap::new();
        for (account, slots) in self.slots.iter().flatten() {
            usage.entry(*account).or_default().slots = *slots;
        }
        for (account, starts) in starts {
            usage.entry(*account).or_default().starts = *starts;
        }
        let held: Vec<i64> = self.held.iter().map(|(call_id, _)| *call_id).collect();
        statements.choose(limit, is_only_urgent, &held, &usage)
    }

    /// Whether the slots in use are to be counted although no call waits for one: calls that Retell has and this database
    /// had lost are more than were claimed.
    pub(crate) fn is_count_old(&self) -> bool {
        self.counted_at.elapsed() > COUNTED
    }

    /// Counts the concurrency slots in use if it is time to. In the caller's transaction. As seldom as can be before a claim, because it
    /// takes the longer the more there are: a count that is not new has too many, as a rule, and when that leaves nothing to
    /// claim they are counted anew.
    pub(crate) fn count_slots_in_use(&mut self, statements: &mut Statements) -> SpiResult<bool> {
        let began = Instant::now();
        if !self.count.is_due(began) {
            return Ok(false);
        }
        self.slots = Some(statements.slots_in_use()?.into_iter().collect());
        self.counted_at = Instant::now();
        self.count.done(began, self.counted_at);
        Ok(true)
    }
}
