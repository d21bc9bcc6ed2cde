//! Signatures, keys and bodies of webhooks.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use pgrx::prelude::*;
use vioc_retell::{Secret, secrets};

use super::EPOCH_US;
use crate::guc;

thread_local! {
    static REFUSALS: RefCell<HashMap<String, i64>> = RefCell::default();
}

#[pg_extern(sql = false)]
fn carry_refusals(reason: &str, count: i64) -> i64 {
    REFUSALS.with_borrow_mut(|refusals| refusals.insert(reason.to_owned(), count).unwrap_or(0))
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
    let secrets_dir = guc::secrets_dir();
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
    secrets::resolve(key, &guc::secrets_dir()).err()
}

#[pg_extern(sql = false)]
fn key_digest(key: &str) -> Option<Vec<u8>> {
    let key = secrets::resolve(key, &guc::secrets_dir()).ok()?;
    Some(key.digest().to_vec())
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

fn unix_ms(at: TimestampWithTimeZone) -> i64 {
    let us: pg_sys::TimestampTz = at.into();
    us.saturating_add(EPOCH_US).div_euclid(1000)
}

#[unsafe(no_mangle)]
#[doc(hidden)]
pub(crate) extern "C" fn pg_finfo_read_webhook_wrapper() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `vioc.read_webhook(body)`: a row of `vioc.webhook_content`, in the order of its columns.
///
/// # Safety
/// PostgreSQL calls it, with one text that is not null.
#[unsafe(no_mangle)]
#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn read_webhook_wrapper(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: the argument is a text, which lives as long as this call.
    let body = unsafe {
        let argument = (&raw const (*fcinfo).args).cast::<pg_sys::NullableDatum>();
        <&str>::from_datum((*argument).value, false)
    };
    let content = vioc_core::webhook::read(body.unwrap_or_default());
    let instant = |ms: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "no later than 2100")]
        let us = (ms * 1000.0).round() as i64;
        us - EPOCH_US
    };
    let columns = [
        content.kind.name().into_datum(),
        content.event.as_deref().into_datum(),
        content.is_inbound.into_datum(),
        content.tenant_id.into_datum(),
        content
            .session_id
            .map(|it| pgrx::Uuid::from_bytes(*it.as_bytes()))
            .into_datum(),
        content.retell_call_id.into_datum(),
        content.has_call.into_datum(),
        content.call_status.into_datum(),
        content.reason.into_datum(),
        content.started_ms.map(instant).into_datum(),
        content.ended_ms.map(instant).into_datum(),
        content.duration_ms.into_datum(),
        content.cost.into_datum(),
        content.recording_url.into_datum(),
        content.analysis.into_datum(),
    ];
    let mut values = columns.map(|it| it.unwrap_or(pg_sys::Datum::null()));
    let mut nulls = columns.map(|it| it.is_none());
    // SAFETY: the function is declared to return a composite type; the row has as many columns as that, of their types.
    unsafe {
        let mut descriptor = std::ptr::null_mut();
        pg_sys::get_call_result_type(fcinfo, std::ptr::null_mut(), &raw mut descriptor);
        if descriptor.is_null() || (*descriptor).natts as usize != columns.len() {
            error!("vioc.webhook_content is not what this library returns");
        }
        let descriptor = pg_sys::BlessTupleDesc(descriptor);
        let row = pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
        pg_sys::HeapTupleHeaderGetDatum((*row).t_data)
    }
}
