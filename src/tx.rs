//! A transaction of the worker's own, whose error comes back as a value.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use pgrx::PgTryBuilder;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use pgrx::spi::SpiResult;

use crate::signals;

/// Why a transaction was rolled back: SQLSTATE and primary message; DETAIL and CONTEXT may show rows.
#[derive(Debug)]
pub(crate) struct TxError {
    pub(crate) sqlstate: String,
    pub(crate) message: String,
}

impl TxError {
    pub(crate) fn is_lock_timeout(&self) -> bool {
        self.sqlstate == "55P03"
    }

    /// Whether the same may succeed a moment later: a lock, a conflict, a resource, a stop.
    pub(crate) fn is_transient(&self) -> bool {
        ["40", "53", "55", "57"]
            .iter()
            .any(|class| self.sqlstate.starts_with(class))
    }

    /// Whether no call is at fault, although the same may fail again: as `vioc.claim_calls` judges.
    pub(crate) fn is_systemic(&self) -> bool {
        self.is_transient()
            || ["58", "XX"]
                .iter()
                .any(|class| self.sqlstate.starts_with(class))
    }
}

impl fmt::Display for TxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

/// Runs `body` in a transaction of its own. An error, returned or raised, rolls it back and comes back as a value; the
/// process goes on.
pub(crate) fn transaction<R>(body: impl FnOnce() -> SpiResult<R>) -> Result<R, TxError> {
    transaction_within(None, body)
}

/// The same, cancelled if `body` takes longer than `limit`; the commit takes as long as it takes.
pub(crate) fn transaction_within<R>(
    limit: Option<Duration>,
    body: impl FnOnce() -> SpiResult<R>,
) -> Result<R, TxError> {
    let body = AssertUnwindSafe(body);
    if let Some(limit) = limit {
        signals::cancel_after(limit);
    }
    let result = PgTryBuilder::new(AssertUnwindSafe(move || {
        // SAFETY: a background worker outside of a transaction, in a block that catches errors.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let result = run(body);
        signals::cancel_no_more();
        match &result {
            Ok(_) => {
                // SAFETY: the one that was pushed above; SPI has popped its own.
                unsafe { pg_sys::PopActiveSnapshot() };
                signals::commit();
            }
            Err(_) => abort(),
        }
        result.map_err(|error| TxError {
            sqlstate: "XX000".into(),
            message: error.to_string(),
        })
    }))
    .catch_others(|error| {
        signals::cancel_no_more();
        signals::settle();
        abort();
        Err(tx_error(&error))
    })
    .catch_rust_panic(|error| {
        signals::cancel_no_more();
        signals::settle();
        abort();
        Err(tx_error(&error))
    })
    .execute();
    // SAFETY: outside of a transaction. A background worker reports its own statistics, or autovacuum sees nothing.
    unsafe { pg_sys::pgstat_report_stat(false) };
    result
}

fn abort() {
    // SAFETY: in the process's main thread; without a transaction it does nothing.
    unsafe { pg_sys::AbortCurrentTransaction() };
}

/// Takes the closure out inside of the try block (edition 2024 would capture the field, which is not unwind safe).
fn run<R>(body: AssertUnwindSafe<impl FnOnce() -> R>) -> R {
    (body.0)()
}

fn tx_error(error: &CaughtError) -> TxError {
    match error {
        CaughtError::PostgresError(report)
        | CaughtError::ErrorReport(report)
        | CaughtError::RustPanic {
            ereport: report, ..
        } => TxError {
            sqlstate: sqlstate(report.sql_error_code() as i32),
            message: report.message().to_owned(),
        },
    }
}

/// Five characters out of PostgreSQL's packed form, six bits each.
fn sqlstate(packed: i32) -> String {
    (0..5)
        .map(|place| char::from(b'0' + u8::try_from((packed >> (6 * place)) & 0x3f).unwrap_or(0)))
        .collect()
}
