//! Writing down what is in hand: one by one, or the last before the end.

use super::*;

impl Worker {
    /// SIGTERM: nothing new is sent; answers on their way are waited for, within a bound, and written down. What is
    /// then still unanswered is looked up by the next worker.
    pub(super) fn drain(&mut self) {
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
    pub(super) fn record_the_last(&mut self) {
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

    /// Not after `until`.
    pub(super) fn record_one_by_one(&mut self, until: Option<Instant>) {
        self.statements = Statements::default();
        let mut waiting = false;
        for (call_id, answer) in std::mem::take(&mut self.answers) {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            // asked to stop meanwhile: `drain` is next
            waiting |= left.map_or_else(signals::is_requested, |left| left.is_zero());
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
}

/// Answers as `vioc.record_answers` takes them.
pub(super) fn json_array<'a>(answers: impl Iterator<Item = &'a (i64, String)>) -> String {
    let answers: Vec<&str> = answers.map(|(_, answer)| answer.as_str()).collect();
    format!("[{}]", answers.join(","))
}
