//! Becoming the worker of a database, and forgetting an extension that is gone.

use super::*;

/// What the worker knows is of this extension: one that was dropped and created again is another.
pub(super) static EXTENSION: AtomicU32 = AtomicU32::new(0);

impl Worker {
    /// False: no extension here yet, or another worker is still leaving.
    pub(super) fn attach(&mut self) -> Result<bool, Failure> {
        if !self.is_locked {
            self.is_locked = tx::transaction(|| Ok(session::try_lock()))?;
            if !self.is_locked {
                return Ok(false);
            }
            self.slot.enter_worker(); // from here on CREATE EXTENSION wakes it
            self.slot.report.begin();
        }
        let is_first = !self.was_attached;
        if !self.follow_clock()? {
            self.forget_extension();
            return Ok(false);
        }
        let both = with_extension_for_long(|| {
            Ok((statements::attach(is_first)?, statements::file_settings()?))
        })?;
        let Some((standstill, lines)) = both else {
            self.forget_extension();
            return Ok(false);
        };
        self.lines = config_lines::judge(&lines);
        if let Some(reason) = standstill {
            log!("vioconcierge: nothing is sent from this database: {reason}");
        }
        self.was_attached = true;
        self.presence = Presence::Attached;
        self.slot.serves(true);
        Ok(true)
    }

    /// It was dropped, and with it everything that the answers are about; the next one counts from 1 again.
    pub(super) fn forget_extension(&mut self) {
        EXTENSION.store(pg_sys::InvalidOid.to_u32(), Ordering::Relaxed);
        self.presence = Presence::Waiting;
        self.slot.serves(false);
        self.was_attached = false;
        self.id = random_id();
        self.statements = Statements::default();
        self.work.clear();
        self.asking = 0;
        self.answers.clear();
        self.look_ups.clear();
        self.unmoved.clear();
        FOLLOWED.store(0, Ordering::Relaxed);
        self.slot.clocks.forget();
        self.queue.forget();
        self.told = 0;
    }
}

/// What went wrong, and who holds the lock if it was one that was waited for in vain.
pub(super) fn tell_with_holder(problem: &Failure) -> String {
    let holder = match problem.is_lock_timeout() {
        true => with_extension(statements::lock_holder)
            .ok()
            .flatten()
            .flatten(),
        false => None,
    };
    holder.map_or_else(|| problem.to_string(), |it| format!("{problem}: {it}"))
}

/// A transaction in which the extension is there; `None` if it is not, or is not the one that was there before. Not longer
/// than [`LONGEST_STATEMENT`]: calls and answers wait for it.
pub(super) fn with_extension<R>(body: impl FnOnce() -> SpiResult<R>) -> Result<Option<R>, Failure> {
    with_extension_for(Some(LONGEST_STATEMENT), body)
}

/// The same for calls and answers themselves, and for the worker's start, which take as long as they take.
pub(super) fn with_extension_for_long<R>(
    body: impl FnOnce() -> SpiResult<R>,
) -> Result<Option<R>, Failure> {
    with_extension_for(None, body)
}

pub(super) fn with_extension_for<R>(
    limit: Option<Duration>,
    body: impl FnOnce() -> SpiResult<R>,
) -> Result<Option<R>, Failure> {
    tx::transaction_within(limit, || {
        let Some(extension) = session::extension() else {
            return Ok(None);
        };
        let (none, this) = (pg_sys::InvalidOid.to_u32(), extension.to_u32());
        match EXTENSION.compare_exchange(none, this, Ordering::Relaxed, Ordering::Relaxed) {
            Err(known) if known != this => return Ok(None),
            _ => {}
        }
        let done = body()?;
        let followed = Known {
            difference: FOLLOWED.load(Ordering::Relaxed),
            ..Known::default()
        };
        if followed.step(clocks::now()).is_some() {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
                "the server's clock was set"
            );
        }
        Ok(Some(done))
    })
}
