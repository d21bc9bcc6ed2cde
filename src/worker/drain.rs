//! Writing answers down one by one, or the last ones before the end.

use std::time::{Duration, Instant};

use pgrx::prelude::*;
use vioc_core::margins::{DRAIN, RECORD_LAST_ANSWERS};

use super::attach::with_extension_for;
use super::{Halt, Presence, Worker};
use crate::signals;
use crate::statements::Statements;

const LAST_ANSWERS_LIMIT: usize = 500;

impl Worker {
    /// SIGTERM: nothing new is sent; answers on their way are waited for, within a bound, and written down. What is
    /// then still unanswered is looked up by the next worker.
    pub(super) fn drain(&mut self) {
        self.http.begin_stop(DRAIN);
        self.collect();
        if self.presence == Presence::Attached {
            self.record_the_last();
        }
        self.http.stop();
    }

    /// All answers in hand, many in a transaction, within a bound.
    fn record_the_last(&mut self) {
        let until = Instant::now() + RECORD_LAST_ANSWERS;
        while !self.answers.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return; // as a limit it would be none
            }
            let tried = self.answers.len().min(LAST_ANSWERS_LIMIT);
            let answers = json_array(self.answers.range(..tried));
            let (id, statements) = (self.id, &mut self.statements);
            match with_extension_for(Some(left), || statements.record(id, &answers)) {
                // what another session holds is left to the next worker, as an unconfirmed call
                Ok(_) => drop(self.answers.drain(..tried)),
                Err(Halt::ExtensionGone) => return,
                Err(Halt::Failed(_)) => return self.record_one_by_one(Some(until)),
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
            waiting |= left.map_or_else(signals::is_requested, |left: Duration| left.is_zero());
            if waiting {
                self.answers.push_back((call_id, answer));
                continue;
            }
            let text = format!("[{answer}]");
            let (id, statements) = (self.id, &mut self.statements);
            match with_extension_for(left, || statements.record(id, &text)) {
                Err(Halt::ExtensionGone) => return,
                Ok(recorded) if recorded.contains(&call_id) => {}
                // held by another session: bring it again
                Ok(_) => self.answers.push_back((call_id, answer)),
                // nothing is wrong with the answer: it is brought again, and so are the others
                Err(Halt::Failed(error)) if error.is_transient() => {
                    self.answers.push_back((call_id, answer));
                    waiting = true;
                }
                // its lease will end and Retell will be asked
                Err(Halt::Failed(error)) => warning!(
                    "vioconcierge: the answer to call {call_id} could not be recorded: {error}"
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
