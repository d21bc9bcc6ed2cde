//! The server's clock was set, or Retell's contradicts it.

use super::*;

/// The clock by which everything that waits was stamped (`vioc_core::clocks::Known::difference`): a transaction that meets
/// another one is rolled back.
pub(super) static FOLLOWED: AtomicI64 = AtomicI64::new(0);

impl Worker {
    /// Whatever waits goes on waiting for as long as it had left, when the server's clock was set; before anything is done
    /// by the new clock. False: the extension is gone.
    pub(super) fn follow_clock(&mut self) -> Result<bool, Failure> {
        let now = clocks::now();
        let known = self.slot.clocks.known();
        let by = known.step(now);
        if known.difference != 0 && by.is_none() {
            FOLLOWED.store(known.difference, Ordering::Relaxed);
            return self.move_held_calls();
        }
        let difference = now.wall.saturating_sub(now.running);
        let before = FOLLOWED.swap(difference, Ordering::Relaxed);
        let held = match with_extension(|| statements::clock_stepped(by)) {
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

    pub(super) fn move_held_calls(&mut self) -> Result<bool, Failure> {
        for (call_id, by) in self.unmoved.clone() {
            match with_extension(|| statements::move_call(call_id, by))? {
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
    pub(super) fn is_clock_good(&self) -> bool {
        let known = self.slot.clocks.known();
        let has_heard = known.retell[0] != 0
            || self
                .hear_clock_until
                .is_some_and(|until| until <= Instant::now());
        has_heard && known.agrees(clocks::now())
    }

    /// Asks Retell for anything, because its answer has a date: before the first call, and while its clock and the server's
    /// differ. `None`: the extension is gone.
    pub(super) fn ask_clock(&mut self) -> Result<Option<()>, Failure> {
        let known = self.slot.clocks.known();
        let now = clocks::now();
        let is_first = known.retell[0] == 0 && self.hear_clock_until.is_none();
        if (!is_first && !known.is_doubtful(now)) || self.ask_clock_at > Instant::now() {
            return Ok(Some(()));
        }
        let statements = &mut self.statements;
        let asked = with_extension(|| match is_first && statements.most_urgent()?.is_none() {
            true => Ok(None),
            false => statements::claim_clock().map(Some),
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
}
