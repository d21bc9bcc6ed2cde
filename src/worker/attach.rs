//! The extension of this database: becoming its worker, forgetting it when it is gone, and transactions in which it is there.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgrx::prelude::*;
use pgrx::spi::SpiResult;
use vioc_core::clocks::Known;
use vioc_core::config_lines;
use vioc_core::margins::MAX_STATEMENT;

use super::clock::FOLLOWED;
use super::{Halt, Presence, Worker, random_id};
use crate::session;
use crate::shmem::clocks;
use crate::statements::{self, Statements};
use crate::tx::{self, TxError};

/// What the worker knows is of this extension: one that was dropped and created again is another.
static EXTENSION: AtomicU32 = AtomicU32::new(0);

impl Worker {
    /// False: another worker is still leaving.
    pub(super) fn attach(&mut self) -> Result<bool, Halt> {
        if !self.is_locked {
            self.is_locked = tx::transaction(|| Ok(session::try_lock()))?;
            if !self.is_locked {
                return Ok(false);
            }
            self.slot.enter_worker(); // from here on CREATE EXTENSION wakes it
            self.slot.status.begin();
        }
        let is_first = !self.was_attached;
        self.follow_clock()?;
        let (not_serving_because, lines) = with_extension_for_long(|| {
            Ok((statements::attach(is_first)?, statements::file_settings()?))
        })?;
        self.http.lines = config_lines::judge(&lines);
        if let Some(reason) = not_serving_because {
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
        self.flight.forget();
        self.answers.clear();
        self.look_ups.clear();
        self.clock.forget();
        self.slot.clocks.forget();
        self.queue.forget();
        self.listeners.forget();
    }
}

/// What went wrong, and who holds the lock if it was one that was waited for in vain.
pub(super) fn describe(error: &TxError) -> String {
    let holder = match error.is_lock_timeout() {
        true => with_extension(statements::lock_holder).ok().flatten(),
        false => None,
    };
    holder.map_or_else(|| error.to_string(), |it| format!("{error}: {it}"))
}

/// A transaction in which the extension is there. Not longer than [`MAX_STATEMENT`]: calls and answers wait for it.
pub(super) fn with_extension<R>(body: impl FnOnce() -> SpiResult<R>) -> Result<R, Halt> {
    with_extension_for(Some(MAX_STATEMENT), body)
}

/// The same for calls and answers themselves, and for the worker's start, which take as long as they take.
pub(super) fn with_extension_for_long<R>(body: impl FnOnce() -> SpiResult<R>) -> Result<R, Halt> {
    with_extension_for(None, body)
}

pub(super) fn with_extension_for<R>(
    limit: Option<Duration>,
    body: impl FnOnce() -> SpiResult<R>,
) -> Result<R, Halt> {
    let done = tx::transaction_within(limit, || {
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
    });
    done?.ok_or(Halt::ExtensionGone)
}
