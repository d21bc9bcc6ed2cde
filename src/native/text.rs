//! Words: names, spoken dates, times asked for, identifiers.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use pgrx::datum::{Time, Timestamp};
use pgrx::prelude::*;

use super::EPOCH_US;

#[pg_extern(sql = false)]
fn can_speak(locale: &str) -> bool {
    vioc_core::date_words::is_supported(locale)
}

#[pg_extern(sql = false)]
fn folded_name(name: &str) -> Option<String> {
    vioc_core::name::folded(name)
}

#[pg_extern(sql = false)]
fn lowered(text: &str) -> String {
    text.to_lowercase()
}

#[pg_extern(sql = false)]
fn spoken_date(local: Timestamp, locale: &str) -> Option<String> {
    Some(vioc_core::date_words::date(naive(local)?, locale))
}

#[pg_extern(sql = false)]
fn spoken_time(local: Timestamp, locale: &str) -> Option<String> {
    Some(vioc_core::date_words::time(naive(local)?, locale))
}

#[pg_extern(sql = false)]
fn session_id(row_id: pgrx::Uuid, attempt: i32) -> pgrx::Uuid {
    let row_id = uuid::Uuid::from_bytes(*row_id.as_bytes());
    let session_id = vioc_core::session::session_id(row_id, attempt);
    pgrx::Uuid::from_bytes(*session_id.as_bytes())
}

#[pg_extern(sql = false)]
fn url_part(text: &str) -> String {
    vioc_core::url::segment(text)
}

#[pg_extern(sql = false)]
fn parse_requested_time(
    text: &str,
    local_now: Timestamp,
    opens: Time,
    closes: Time,
) -> Option<String> {
    let time =
        vioc_core::callback_time::parse(text, naive(local_now)?, clock(opens), clock(closes))?;
    Some(match time {
        vioc_core::callback_time::CallbackTime::Instant(instant) => instant.to_rfc3339(),
        vioc_core::callback_time::CallbackTime::Local(local) => {
            local.format("%Y-%m-%dT%H:%M:%S").to_string()
        }
    })
}

/// `None` for infinity and for years that chrono cannot hold.
fn naive(local: Timestamp) -> Option<NaiveDateTime> {
    let us: pg_sys::Timestamp = local.into();
    if us == i64::MAX || us == i64::MIN {
        return None;
    }
    chrono::DateTime::from_timestamp_micros(us.checked_add(EPOCH_US)?).map(|at| at.naive_utc())
}

/// 24:00 is the last moment of the day.
fn clock(time: Time) -> NaiveTime {
    let us: pg_sys::TimeADT = time.into();
    NaiveTime::from_num_seconds_from_midnight_opt((us / 1_000_000).try_into().unwrap_or(0), 0)
        .or_else(|| {
            NaiveDate::MIN
                .and_hms_opt(23, 59, 59)
                .map(|last| last.time())
        })
        .unwrap_or_default()
}
