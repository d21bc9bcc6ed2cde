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
