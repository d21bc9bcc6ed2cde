//! Answers in, next calls out: one short transaction, after whose commit the calls are sent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use pgrx::prelude::*;
use vioc_core::margins::MAX_COMMIT;
use vioc_core::reply::{self, CreateAnswer, CreateVerdict};
use vioc_retell::{Job, Method, Secret, secrets};

use super::attach::{with_extension, with_extension_for_long};
use super::drain::json_array;
use super::flight::InFlight;
use super::queue::Claim;
use super::{Halt, Worker};
use crate::statements::{self, AccountKey, Claimable, Claimed};
use crate::tx::TxError;
use crate::{guc, session, shmem, signals};

/// Claimed ahead of the threads, as a multiple of them, if answers come that fast.
const AHEAD: usize = 8;
/// What is counted as answered lately is halved this often.
const RECENT: Duration = Duration::from_millis(100);

/// Answers that came in the last moments: how far ahead of the threads to claim.
pub(super) struct RecentAnswers {
    count: usize,
    since: Instant,
}

impl RecentAnswers {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            count: 0,
            since: now,
        }
    }

    pub(super) fn add(&mut self) {
        self.count += 1;
    }

    fn decay(&mut self) {
        if self.since.elapsed() > RECENT {
            self.since = Instant::now();
            self.count /= 2;
        }
    }
}

impl Worker {
    /// Returns how many answers and calls in all. If the answers cannot be recorded together they are recorded one by one,
    /// so that one that cannot be stored stays alone.
    pub(super) fn record_and_claim(&mut self) -> Result<usize, Halt> {
        let tried = self.answers.len().min(self.queue.at_a_time());
        let answers = (tried > 0).then(|| json_array(self.answers.range(..tried)));
        let room = self.room();
        let starts = self.recent_starts();
        let (id, lease, rate) = (self.id, self.http.lease(), self.recent_answers.count);
        let may_wait = !self.has_waited;
        let (statements, queue) = (&mut self.statements, &mut self.queue);
        let (began, began_at) = (Instant::now(), shmem::now_us());
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
            Ok((recorded, claim, priority.is_none()))
        });
        self.queue.looked(false);
        // without room: what makes some is an answer
        let (recorded, claim, is_empty) = match both {
            Ok(both) => both,
            Err(Halt::Failed(error)) => return Err(self.claim_failed(error).into()),
            Err(gone) => return Err(gone),
        };
        // by both clocks: one stands still while the machine sleeps, the other may be set
        let took = began.elapsed().max(Duration::from_micros(
            u64::try_from(shmem::now_us() - began_at).unwrap_or_default(),
        ));
        self.queue.looked(is_empty);
        self.queue
            .claimed(&claim, began.elapsed(), took > MAX_COMMIT);
        self.claimed += claim.calls.len();
        let moved = claim.moved + self.drop_recorded(tried, recorded);
        // not dialled: the claim may be on no standby, or what it was allowed by is no more
        let reason = match signals::is_requested() {
            true => Some("worker is stopping"),
            false => (took > MAX_COMMIT).then_some("its claim took too long to commit"),
        };
        match reason {
            Some(reason) => claim.calls.into_iter().for_each(|call| {
                self.give_back(&call, NotSent::by_us(reason));
            }),
            None => self.send(claim.calls),
        }
        self.slot.status.set_in_flight(self.flight.len());
        if self.claimed >= self.plan_again_at {
            // the plans are of a time when the tables were smaller
            self.plan_again_at *= 4;
            session::forget_plans();
            self.timers.warm_plans_soon();
        }
        Ok(moved)
    }

    /// Its transaction was rolled back.
    fn claim_failed(&mut self, error: TxError) -> TxError {
        let failed = self.queue.failed(error.is_systemic());
        self.record_one_by_one(None);
        if let Some(failed) = failed
            && failed.is_at_fault
        {
            fail_claim(failed.call, &error);
        }
        error
    }

    /// Of the first `tried` answers those that are `recorded` are done with; `None`: they were not tried after all. Returns
    /// how many, and one more if others are next.
    fn drop_recorded(&mut self, tried: usize, recorded: Option<Vec<i64>>) -> usize {
        self.has_waited = recorded.is_none();
        let (tried, recorded) = recorded.map_or((0, Vec::new()), |recorded| (tried, recorded));
        let is_all_tried = self.answers.len() == tried;
        // one that another session's lock keeps out goes to the end
        for _ in 0..tried {
            if let Some((call_id, answer)) = self.answers.pop_front()
                && !recorded.contains(&call_id)
            {
                self.answers.push_back((call_id, answer));
            }
        }
        // the others are next, unless what was tried is all in other sessions' hands: then a moment later
        let has_next = !is_all_tried && (self.has_waited || !recorded.is_empty());
        recorded.len() + usize::from(has_next)
    }

    /// How many more calls to claim: what the threads can take, and more only if answers come quickly, because a
    /// claimed call that waits for a thread wears out its lease.
    pub(super) fn room(&mut self) -> usize {
        if !self.http.is_open() || !self.is_clock_good() {
            return 0;
        }
        self.recent_answers.decay();
        // the others have look-ups
        let capacity = self.http.capacity();
        let threads = capacity.saturating_sub(self.flight.look_ups()).max(1);
        let ahead = self.recent_answers.count.clamp(threads, capacity * AHEAD);
        ahead.saturating_sub(self.flight.calls())
    }

    /// Calls in its hands.
    pub(super) fn held_calls(&self) -> Vec<i64> {
        let sent = self.flight.call_ids(self.http.lease());
        sent.chain(self.answers.iter().map(|(call_id, _)| *call_id))
            .collect()
    }

    fn recent_starts(&mut self) -> HashMap<AccountKey, i32> {
        self.starts.forget(Instant::now(), self.http.is_waiting());
        self.starts
            .counts()
            .map(|(account, starts)| (account, i32::try_from(starts).unwrap_or(i32::MAX)))
            .collect()
    }

    fn send(&mut self, calls: Vec<Claimed>) {
        let mut jobs = Vec::with_capacity(calls.len());
        for call in calls {
            let api_key = match self.key_for(&call) {
                Ok(key) => key,
                Err(answer) => {
                    self.give_back(&call, answer);
                    continue;
                }
            };
            let request_id = self.flight.add(InFlight::Call {
                tenant_id: call.tenant_id,
                call_id: call.call_id,
                since: Instant::now(),
            });
            self.starts
                .started(request_id, call.account(), Instant::now());
            jobs.push(Job {
                request_id,
                method: Method::Post,
                path: reply::CREATE_PATH.into(),
                body: Some(call.body),
                api_key,
            });
        }
        self.slot.status.count_posted(jobs.len());
        self.http.submit(jobs);
    }

    /// The key with which this call may be sent, or why it may not.
    fn key_for(&self, call: &Claimed) -> Result<Secret, NotSent> {
        if !self.http.is_open() {
            // the settings have changed since the claim
            return Err(NotSent::by_us("no connection pool"));
        }
        let key = match &call.api_key {
            Some(key) => secrets::resolve(key.expose(), &guc::secrets_dir()),
            None => Err("there is no key".to_owned()),
        };
        // as if Retell had refused the key: the credential is suspended, the queue is kept
        let key = key.map_err(|message| NotSent {
            verdict: CreateVerdict::RefusedConfig,
            http_status: Some(401),
            message,
        })?;
        if call.key_digest.as_deref() != Some(key.digest().as_slice()) {
            // a file's content is new since the claim: another workspace's, perhaps
            return Err(NotSent::by_us("its key changed while it was claimed"));
        }
        Ok(key)
    }

    /// Writes down an answer that Retell did not give.
    fn give_back(&mut self, call: &Claimed, why: NotSent) {
        let answer = CreateAnswer {
            verdict: why.verdict,
            retell_call_id: None,
            message: Some(why.message),
            retry_after_seconds: None,
            do_not_call: false,
            legacy_field: false,
        };
        let (tenant_id, call_id) = (call.tenant_id, call.call_id);
        self.answers.push_back((
            call_id,
            statements::answer_json(tenant_id, call_id, why.http_status, &answer),
        ));
    }
}

/// Why a claimed call was not sent.
struct NotSent {
    verdict: CreateVerdict,
    http_status: Option<u16>,
    message: String,
}

impl NotSent {
    fn by_us(message: &str) -> Self {
        Self {
            verdict: CreateVerdict::NotBegun,
            http_status: None,
            message: message.to_owned(),
        }
    }
}

/// Ends a call that fails whenever it is claimed alone, or puts it off where not even that can be committed.
fn fail_claim(call: Claimable, error: &TxError) {
    let text = format!("the call could not be claimed: SQLSTATE {}", error.sqlstate);
    for is_later in [false, true] {
        match with_extension(|| statements::fail_claim(call, &text, is_later)) {
            Ok(()) | Err(Halt::ExtensionGone) => return,
            Err(Halt::Failed(error)) => warning!(
                "vioconcierge: call {} could not be {}: {error}",
                call.call_id,
                if is_later { "put off" } else { "ended" }
            ),
        }
    }
}
