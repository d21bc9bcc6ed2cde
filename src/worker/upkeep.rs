//! What is done besides calls and answers.

use super::*;

impl Worker {
    /// Numbers what was committed, then tells listeners, each in a transaction of its own. Returns whether there is
    /// more; `None`: the extension is gone.
    pub(super) fn publish_events(&mut self) -> Result<Option<bool>, Failure> {
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
            match tx::transaction(|| statements::notify(newest)) {
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
}
