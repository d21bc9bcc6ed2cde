//! Answers in, next calls out.

use super::*;

impl Worker {
    /// One short transaction: answers in, next calls out; returns how many in all. The calls are sent when it has
    /// committed. If the answers cannot be recorded together they are recorded one by one, so that a poisoned one stays
    /// alone.
    pub(super) fn record_and_claim(&mut self) -> Result<Option<usize>, Failure> {
        let tried = self.answers.len().min(self.queue.at_a_time());
        let answers = (tried > 0).then(|| json_array(self.answers.range(..tried)));
        let room = self.room();
        let starts = self.recent_starts();
        let (id, lease, rate) = (self.id, self.lease(), self.recent_answers);
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
            u64::try_from(shmem::now_us() - began_at).unwrap_or_default(),
        ));
        self.queue
            .claimed(&claim, began.elapsed(), took > LONGEST_COMMIT);
        // not dialled: the claim may be on no standby, or what it was allowed by is no more
        let reason = match signals::is_requested() {
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
            session::forget_plans();
            self.rehearse_at = Instant::now();
        }
        Ok(Some(moved))
    }

    /// How many more calls to claim: what the threads can take, and more only if answers come quickly, because a
    /// claimed call that waits for a thread wears out its lease.
    pub(super) fn room(&mut self) -> usize {
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
    pub(super) fn held_calls(&self) -> Vec<i64> {
        let lease = self.lease();
        let sent = self.work.values().filter_map(|it| match it {
            Work::Call { call_id, since, .. } if since.elapsed() < lease => Some(*call_id),
            _ => None,
        });
        sent.chain(self.answers.iter().map(|(call_id, _)| *call_id))
            .collect()
    }

    pub(super) fn recent_starts(&mut self) -> HashMap<statements::Payer, i32> {
        let is_waiting = self.pool.iter().chain(&self.retired).any(Pool::is_waiting);
        self.starts.forget(Instant::now(), is_waiting);
        self.starts
            .counts()
            .map(|(payer, starts)| (payer, i32::try_from(starts).unwrap_or(i32::MAX)))
            .collect()
    }

    pub(super) fn send(&mut self, calls: Vec<statements::Claimed>) {
        let dir = guc::secrets_dir();
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
            let request_id = self.request_id(Work::Call {
                tenant_id: call.tenant_id,
                call_id: call.call_id,
                since: Instant::now(),
            });
            let payer = (call.tenant_id, call.credential_id);
            self.starts.started(request_id, payer, Instant::now());
            jobs.push(Job {
                request_id,
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
    pub(super) fn give_back(
        &mut self,
        call: statements::Claimed,
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
            statements::answer_json(call.tenant_id, call.call_id, http_status, &answer),
        ));
    }
}

/// Ends a call that fails whenever it is claimed alone, or puts it off where not even that can be committed.
pub(super) fn fail_claim(call: statements::Claimable, problem: &Failure) {
    let error = format!(
        "the call could not be claimed: SQLSTATE {}",
        problem.sqlstate
    );
    for is_later in [false, true] {
        match with_extension(|| statements::fail_claim(call, &error, is_later)) {
            Ok(_) => return,
            Err(problem) => warning!(
                "vioconcierge: call {} could not be {}: {problem}",
                call.call_id,
                if is_later { "put off" } else { "ended" }
            ),
        }
    }
}
