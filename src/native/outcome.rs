//! What the way a call ended says.

use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn outcome_of_reason(reason: Option<&str>) -> &'static str {
    vioc_core::outcome::of_reason(reason)
}

#[pg_extern(sql = false)]
fn has_connected(reason: Option<&str>, ongoing_at: Option<TimestampWithTimeZone>) -> bool {
    vioc_core::outcome::has_connected(reason, ongoing_at.is_some())
}

#[pg_extern(sql = false)]
fn known_outcome(outcome: &str) -> &str {
    vioc_core::outcome::known(outcome)
}
