//! Asking Retell about calls, and writing down what it said.

use super::*;

impl Worker {
    pub(super) fn claim_look_ups(&mut self) -> Result<Option<usize>, Failure> {
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

    pub(super) fn ask(&mut self, asked: Vec<LookUp>) {
        let asked_at = clocks::now().running;
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
                .map(|key| secrets::resolve(key.expose(), &guc::secrets_dir()))
            else {
                continue; // no key now
            };
            asked.key_digest = Some(key.digest().to_vec());
            let job = Job {
                request_id: 0,
                method: match asked.method.as_str() {
                    "GET" => Method::Get,
                    "DELETE" => Method::Delete,
                    _ => Method::Post,
                },
                path: asked.path.clone(),
                body: asked.body.clone(),
                api_key: key,
            };
            let request_id = self.request_id(Work::LookUp { asked, asked_at });
            self.asking += 1;
            if let Some(pool) = &self.pool {
                pool.submit(Job { request_id, ..job });
            }
        }
    }

    /// How many more questions may be on their way: half of the threads at most, so that a Retell that leaves them
    /// unanswered keeps no call from being made.
    pub(super) fn places_to_ask(&self) -> usize {
        let threads = self.pool.as_ref().map_or(0, Pool::capacity);
        (threads / 2)
            .max(threads.min(1))
            .saturating_sub(self.asking)
            .min(QUESTIONS_AT_A_TIME)
    }

    pub(super) fn is_asked(&self, wanted: &LookUp) -> bool {
        self.work.values().any(|it| {
            matches!(it, Work::LookUp { asked, .. }
                if (asked.call_id, &asked.kind) == (wanted.call_id, &wanted.kind))
        })
    }

    pub(super) fn record_look_ups(&mut self) {
        while !signals::is_requested()
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
                Ok(body) => {
                    with_extension(|| statements::record_look_up(&asked, asked_at, status, &body))
                }
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
}

/// A body as PostgreSQL can store it. It may be long: without memory for it nothing ends but this.
pub(super) fn text(body: &[u8]) -> Result<String, Failure> {
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
