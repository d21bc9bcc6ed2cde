//! What a session can be asked about itself and its server.

use pgrx::prelude::*;

use crate::session;

#[pg_extern(sql = false)]
fn lock_extension() -> bool {
    session::extension().is_some()
}

#[pg_extern(sql = false)]
fn lock_grants(role: pg_sys::Oid) {
    session::lock_grants(role);
}

#[pg_extern(sql = false)]
fn is_own_transaction(xmin: pg_sys::TransactionId) -> bool {
    // SAFETY: reads this backend's own transaction state.
    unsafe { pg_sys::TransactionIdIsCurrentTransactionId(xmin) }
}

/// Where and when the base backup began that this server was started from: PostgreSQL keeps the label that it recovered by. No
/// right is needed to ask, and the backup's own name is not told.
#[pg_extern(sql = false)]
fn base_backup() -> Option<String> {
    // a server process works in the data directory
    let label = std::fs::read("backup_label.old").ok()?;
    let label = String::from_utf8_lossy(&label);
    let fact = |name: &str| label.lines().find_map(|line| line.strip_prefix(name));
    let (at, time) = (fact("START WAL LOCATION: ")?, fact("START TIME: ")?);
    Some(format!("{at}, {time}").replace('\0', ""))
}

/// Whether a procedure that calls this cannot commit.
#[pg_extern(sql = false)]
fn in_transaction_block() -> bool {
    // SAFETY: looks at this backend's innermost connection to SPI, that of the procedure which evaluates this.
    !unsafe { pg_sys::SPI_inside_nonatomic_context() }
}

/// A trigger fires below the portal of its statement; statements of functions have none of their own.
#[pg_extern(sql = false)]
fn is_restore() -> bool {
    // SAFETY: a backend has one thread; PostgreSQL keeps the portal while its statement runs.
    let is_copy = unsafe {
        pg_sys::ActivePortal
            .as_ref()
            .is_some_and(|portal| portal.commandTag == pg_sys::CommandTag::CMDTAG_COPY)
    };
    // SAFETY: a setting of this backend.
    is_copy && !unsafe { pg_sys::check_function_bodies }
}
