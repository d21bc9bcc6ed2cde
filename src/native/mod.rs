//! Functions that SQL declares in `sql/`: argument conversion, one call each.

mod calendar;
mod events;
mod outcome;
mod phone;
mod session;
mod status;
mod text;
mod webhook;

/// Microseconds between 1970-01-01 and PostgreSQL's epoch, 2000-01-01.
pub(crate) const EPOCH_US: i64 = 946_684_800_000_000;
