//! Functions that SQL declares in `sql/native/`: argument conversion, one call each.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use pgrx::datum::{Time, Timestamp};
use pgrx::prelude::*;

use vioc_core::phone::Whereabouts;
use vioc_retell::{Secret, secrets};

use crate::clock::EPOCH_US;
use crate::{config, shared, steps, wake};

#[pg_extern(sql = false)]
fn wake_worker() {
    wake::on_commit();
}

#[pg_extern(sql = false)]
fn ask_worker(tenants: Option<Vec<i64>>) {
    if let Some(slot) = wake::slot_index().and_then(shared::slot) {
        slot.ask(tenants);
    }
}

thread_local! {
    static REFUSALS: RefCell<HashMap<String, i64>> = RefCell::default();
}

#[pg_extern(sql = false)]
fn carry_refusals(reason: &str, count: i64) -> i64 {
    REFUSALS.with_borrow_mut(|refusals| refusals.insert(reason.to_owned(), count).unwrap_or(0))
}

/// Of the loaded library, not of the SQL objects.
#[pg_extern(sql = false)]
fn library_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[pg_extern(sql = false)]
fn lock_extension() -> bool {
    crate::db::extension().is_some()
}

#[pg_extern(sql = false)]
fn worker_state() -> &'static str {
    if !shared::is_loaded() {
        return "not_preloaded";
    }
    match wake::slot_index().and_then(shared::slot) {
        None => "not_listed",
        Some(slot) if !slot.has_worker() => "no_worker",
        Some(slot) if slot.report.is_stuck() => "stuck",
        Some(slot) if slot.report.is_stopped() => "stopped",
        Some(_) => "ready",
    }
}

/// One row, none where no worker serves this database.
#[pg_extern(sql = false)]
#[allow(
    clippy::type_complexity,
    reason = "the macro reads the row's type here"
)]
fn worker_report() -> TableIterator<
    'static,
    (
        name!(pid, Option<i32>),
        name!(started_at, Option<TimestampWithTimeZone>),
        name!(woken_at, Option<TimestampWithTimeZone>),
        name!(in_flight, i64),
        name!(posted, i64),
        name!(placed, i64),
        name!(not_placed, i64),
        name!(problem, Option<String>),
        name!(problem_at, Option<TimestampWithTimeZone>),
        name!(capacity, i64),
        name!(settings_error, Option<String>),
        name!(retell_error, Option<String>),
        name!(retell_error_at, Option<TimestampWithTimeZone>),
    ),
> {
    let row = wake::slot_index().and_then(shared::slot).map(|slot| {
        let report = &slot.report;
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed).cast_signed();
        let (unreached, unreached_at) = report.unreached().unzip();
        (
            slot.worker_pid(),
            instant(&report.started_at),
            instant(&report.woken_at),
            report.in_flight.load(Ordering::Relaxed).into(),
            count(&report.posted),
            count(&report.placed),
            count(&report.not_placed),
            report.problem(),
            instant(&report.problem_at),
            report.capacity.load(Ordering::Relaxed).into(),
            report.settings(),
            unreached,
            unreached_at.and_then(|us| us.try_into().ok()),
        )
    });
    TableIterator::new(row)
}

/// What is known of the server's clock; nothing where no worker serves this database.
fn clocks() -> Option<&'static steps::Clocks> {
    Some(&wake::slot_index().and_then(shared::slot)?.clocks)
}

#[pg_extern(sql = false)]
fn clock_is_settled() -> bool {
    clocks().is_none_or(|it| it.known().is_settled(steps::now()))
}

#[pg_extern(sql = false)]
#[allow(
    clippy::type_complexity,
    reason = "the macro reads the row's type here"
)]
fn clock_report() -> TableIterator<
    'static,
    (
        name!(settled, bool),
        name!(agrees, bool),
        name!(stepped_by, Option<f64>),
        name!(stepped_ago, Option<f64>),
        name!(retell_ahead, Option<f64>),
    ),
> {
    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    let seconds = |us: i64| us as f64 / 1e6;
    let (now, clocks) = (steps::now(), clocks());
    let known = clocks.map(steps::Clocks::known).unwrap_or_default();
    let step = clocks.and_then(steps::Clocks::latest_step);
    TableIterator::once((
        known.is_settled(now),
        known.agrees(now),
        step.map(|(by, _)| seconds(by)),
        step.map(|(_, ago)| seconds(ago)),
        known.retell_ahead(now).map(seconds),
    ))
}

#[pg_extern(sql = false)]
fn show_progress(task: &str, done: i64, total: i64) {
    wake::show_progress(task, done, total);
}

#[pg_extern(sql = false)]
#[allow(
    clippy::type_complexity,
    reason = "the macro reads the row's type here"
)]
fn progress_report() -> TableIterator<
    'static,
    (
        name!(pid, i32),
        name!(task, String),
        name!(done, i64),
        name!(total, i64),
        name!(since, Option<TimestampWithTimeZone>),
    ),
> {
    let all = shared::Progress::all();
    TableIterator::new(all.into_iter().map(|(pid, task, it)| {
        let count = |it: &AtomicI64| it.load(Ordering::Relaxed);
        (
            pid,
            task,
            count(&it.done),
            count(&it.total),
            instant(&it.since),
        )
    }))
}

/// `None` for never.
fn instant(us: &AtomicI64) -> Option<TimestampWithTimeZone> {
    let us = us.load(Ordering::Relaxed);
    (us != 0).then(|| us.try_into().ok()).flatten()
}

#[pg_extern(sql = false)]
fn wait_for_change(seen: i64, timeout_ms: i32, role: pg_sys::Oid) -> i64 {
    wake::wait_for_change(seen, timeout_ms, role)
}

#[pg_extern(sql = false)]
fn lock_grants(role: pg_sys::Oid) {
    crate::db::lock_grants(role);
}

#[pg_extern(sql = false)]
fn is_own_transaction(xmin: pg_sys::TransactionId) -> bool {
    unsafe { pg_sys::TransactionIdIsCurrentTransactionId(xmin) }
}

/// Position of the key that signed the body, counted from 1; 0 = none. A key that cannot be read signs nothing.
#[pg_extern(sql = false)]
fn matching_key(
    body: Option<&str>,
    header: Option<&str>,
    keys: Option<Vec<Option<String>>>,
    now: Option<TimestampWithTimeZone>,
    hashes: Option<i64>,
) -> i32 {
    let (Some(body), Some(header), Some(now)) = (body, header, now) else {
        return 0;
    };
    let now_ms = unix_ms(now);
    let secrets_dir = config::secrets_dir();
    let is_signed_by =
        |key: &str| vioc_core::signature::verify(header, body.as_bytes(), &[key], now_ms);
    let (mut matching, mut hashed) = (0, 0);
    for (position, key) in (1..).zip(keys.unwrap_or_default()) {
        let key = key
            .map(Secret::from)
            .and_then(|key| secrets::resolve(key.expose(), &secrets_dir).ok());
        // every key is tried, whatever the earlier ones gave; one that cannot be read takes the same time
        let is_signed = is_signed_by(key.as_ref().map_or("unreadable", |key| key.expose()));
        if is_signed && key.is_some() && matching == 0 {
            matching = position;
        }
        hashed += 1;
    }
    if matching == 0 {
        for _ in hashed..hashes.unwrap_or_default() {
            std::hint::black_box(is_signed_by("none"));
        }
    }
    matching
}

#[pg_extern(sql = false)]
fn key_problem(key: &str) -> Option<String> {
    secrets::resolve(key, &config::secrets_dir()).err()
}

#[pg_extern(sql = false)]
fn key_digest(key: &str) -> Option<Vec<u8>> {
    let key = secrets::resolve(key, &config::secrets_dir()).ok()?;
    Some(key.digest().to_vec())
}

#[pg_extern(sql = false)]
fn normalize_phone(phone: Option<&str>, country: Option<&str>) -> String {
    vioc_core::phone::normalize(phone.unwrap_or_default(), country)
        .unwrap_or_else(|problem| problem.as_str().to_owned())
}

#[pg_extern(sql = false)]
fn phone_country(e164: &str) -> Option<String> {
    vioc_core::phone::country(e164)
}

#[pg_extern(sql = false)]
fn can_speak(locale: &str) -> bool {
    vioc_core::spoken::is_supported(locale)
}

#[pg_extern(sql = false)]
fn phone_zones(e164: &str) -> Vec<&'static str> {
    vioc_core::phone::time_zones(e164).to_vec()
}

#[pg_extern(sql = false)]
fn places_of(
    zone: Option<&str>,
    practice_zone: Option<&str>,
    number: Option<&str>,
) -> Option<Vec<String>> {
    let zones = Whereabouts::of(zone, number).zones(practice_zone?);
    Some(zones.into_iter().map(str::to_owned).collect())
}

#[pg_extern(sql = false)]
fn zones_of(
    zone: Option<&str>,
    practice_zone: Option<&str>,
    number: Option<&str>,
) -> Option<Vec<String>> {
    let zones = Whereabouts::of(zone, number).zones_of_hours(practice_zone?);
    Some(zones.into_iter().map(str::to_owned).collect())
}

#[pg_extern(sql = false)]
fn folded_name(name: &str) -> Option<String> {
    vioc_core::name::folded(name)
}

#[pg_extern(sql = false)]
fn lowered(text: &str) -> String {
    text.to_lowercase()
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
    is_copy && !unsafe { pg_sys::check_function_bodies }
}

#[pg_extern(sql = false)]
fn is_place(zone: &str) -> bool {
    vioc_core::phone::is_place(zone)
}

#[pg_extern(sql = false)]
fn is_country(code: &str) -> bool {
    vioc_core::phone::is_country(code)
}

#[pg_extern(sql = false)]
fn spellings(e164: &str) -> Vec<String> {
    vioc_core::phone::spellings(e164)
}

#[pg_extern(sql = false)]
fn one_spelling(e164: &str) -> String {
    vioc_core::phone::one_spelling(e164)
}

#[pg_extern(sql = false)]
fn spoken_date(local: Timestamp, locale: &str) -> Option<String> {
    Some(vioc_core::spoken::date(naive(local)?, locale))
}

#[pg_extern(sql = false)]
fn spoken_time(local: Timestamp, locale: &str) -> Option<String> {
    Some(vioc_core::spoken::time(naive(local)?, locale))
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
fn storable_json(json: &str) -> String {
    let copied = vioc_core::json_text::storable(json).and_then(|text| match text {
        Cow::Owned(text) => Ok(text),
        Cow::Borrowed(text) => {
            let mut copy = String::new();
            copy.try_reserve_exact(text.len())?;
            copy.push_str(text);
            Ok(copy)
        }
    });
    // an allocation that fails by itself would end the whole server
    copied.unwrap_or_else(|_| {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
            "out of memory for a body"
        );
    })
}

#[pg_extern(sql = false)]
fn parse_requested_time(
    text: &str,
    local_now: Timestamp,
    opens: Time,
    closes: Time,
) -> Option<String> {
    let wish = vioc_core::wish::parse(text, naive(local_now)?, clock(opens), clock(closes))?;
    Some(match wish {
        vioc_core::wish::Wish::Instant(instant) => instant.to_rfc3339(),
        vioc_core::wish::Wish::Local(local) => local.format("%Y-%m-%dT%H:%M:%S").to_string(),
    })
}

fn unix_ms(at: TimestampWithTimeZone) -> i64 {
    let us: pg_sys::TimestampTz = at.into();
    us.saturating_add(EPOCH_US).div_euclid(1000)
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
