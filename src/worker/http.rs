//! The connection pool, and taking answers out of it.

use super::*;

impl Worker {
    /// Takes finished requests out of the pools.
    pub(super) fn collect(&mut self) {
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
            self.starts.answered(done.request_id, instant);
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
            match self.work.remove(&done.request_id) {
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
                        statements::answer_json(tenant_id, call_id, status, &answer),
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
    pub(super) fn renew_pool(&mut self) {
        // an equal share each of what the server may have on the wire
        let (all, most) = (guc::max_in_flight(), guc::most_in_flight());
        let share = (all / shmem::workers(self.slot)).clamp(1, most);
        let wanted = guc::retell();
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
        let pool = match (&self.lines.stops, guc::unusable_file()) {
            (Some(problem), _) => Err(problem.clone()),
            (None, Some(problem)) => Err(problem.to_owned()),
            (None, None) => Pool::new(
                wanted.clone(),
                share,
                guc::MOST_IN_FLIGHT.min(most),
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

    /// An answer of Retell was not read to its end, by our own doing.
    pub(super) fn tell_cut(&mut self, cut: Cut) {
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

    pub(super) fn report_capacity(&self) {
        let capacity = self.pool.as_ref().map_or(0, Pool::capacity);
        let capacity = capacity.try_into().unwrap_or(u32::MAX);
        let report = &self.slot.report;
        report.capacity.store(capacity, Ordering::Relaxed);
    }

    pub(super) fn report_flight(&self) {
        let in_flight = self.work.len().try_into().unwrap_or(u32::MAX);
        let report = &self.slot.report;
        report.in_flight.store(in_flight, Ordering::Relaxed);
    }
}
