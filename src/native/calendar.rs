//! PostgreSQL's own time zones for `vioc_core::openings`, so that hours, plan and spoken dates have one idea of time,
//! which the system's tzdata renews. Functions that SQL declares in `sql/native/`.

use std::ffi::{CString, c_int, c_long};

use pgrx::prelude::*;
use vioc_core::openings::{Calendar, DaysOff, Offset, Rota, Week, Zone};

use super::EPOCH_US;

#[derive(Clone, Copy)]
struct PgZone(*const pg_sys::pg_tz);

impl PgZone {
    fn named(name: &str) -> Option<Self> {
        let name = CString::new(name).ok()?;
        // SAFETY: PostgreSQL copies the name, and keeps the zone for the life of the backend.
        let zone = unsafe { pg_sys::pg_tzset(name.as_ptr()) };
        (!zone.is_null()).then_some(Self(zone))
    }
}

impl Zone for PgZone {
    fn offset(&self, at: i64) -> Offset {
        let (mut seconds, mut next_seconds): (c_long, c_long) = (0, 0);
        let (mut is_dst, mut next_is_dst): (c_int, c_int) = (0, 0);
        let mut boundary: pg_sys::pg_time_t = 0;
        // SAFETY: writes to places of this frame; the zone is PostgreSQL's.
        let found = unsafe {
            pg_sys::pg_next_dst_boundary(
                &at,
                &mut seconds,
                &mut is_dst,
                &mut boundary,
                &mut next_seconds,
                &mut next_is_dst,
                self.0,
            )
        };
        Offset {
            seconds,
            until: if found == 1 { boundary } else { i64::MAX },
        }
    }
}

/// None if PostgreSQL does not know one of the zones: where the clock cannot be read no contact is called.
fn rota(
    zones: &Array<'_, &str>,
    week: Option<&Array<'_, i32>>,
    days_off: Option<&Array<'_, i32>>,
) -> Option<Rota<PgZone>> {
    Some(Rota {
        zones: zones
            .iter()
            .flatten()
            .map(PgZone::named)
            .collect::<Option<_>>()?,
        week: week.map(|week| {
            let minutes: Vec<i32> = week.iter().flatten().collect();
            let (pairs, _) = minutes.as_chunks::<2>();
            Week::new(
                &pairs
                    .iter()
                    .map(|&[opens, closes]| (opens, closes))
                    .collect::<Vec<_>>(),
            )
        }),
        days_off: DaysOff::new(
            days_off.map_or_else(Vec::new, |days| days.iter().flatten().collect()),
        ),
    })
}

fn calendar(
    zones: &Array<'_, &str>,
    legal_week: Option<&Array<'_, i32>>,
    week: Option<&Array<'_, i32>>,
    tenant_zone: &str,
    days_off: Option<&Array<'_, i32>>,
) -> Option<Calendar<PgZone>> {
    let mut rotas = vec![rota(zones, legal_week, None)?];
    if week.is_some() {
        rotas.push(rota(zones, week, None)?);
    }
    if let Some(days_off) = days_off {
        rotas.push(Rota {
            zones: vec![PgZone::named(tenant_zone)?],
            week: None,
            days_off: DaysOff::new(days_off.iter().flatten().collect()),
        });
    }
    Some(Calendar(rotas))
}

/// Whole seconds since 1970; none for the infinities.
fn seconds(at: TimestampWithTimeZone) -> Option<i64> {
    let us: pg_sys::TimestampTz = at.into();
    (us != i64::MIN && us != i64::MAX).then(|| us.saturating_add(EPOCH_US).div_euclid(1_000_000))
}

/// The instant, or the given one if that is the same second: what was asked about is answered exactly.
fn instant(found: i64, given: &[TimestampWithTimeZone]) -> Option<TimestampWithTimeZone> {
    if let Some(given) = given.iter().find(|given| seconds(**given) == Some(found)) {
        return Some(*given);
    }
    let us = found.checked_mul(1_000_000)?.checked_sub(EPOCH_US)?;
    TimestampWithTimeZone::try_from(us).ok()
}

#[pg_extern(sql = false)]
fn zone_or_utc(name: &str) -> &str {
    PgZone::named(name).map_or("UTC", |_| name)
}

#[pg_extern(sql = false)]
fn is_open(
    at: Option<TimestampWithTimeZone>,
    zones: Option<Array<'_, &str>>,
    week: Option<Array<'_, i32>>,
    days_off: Option<Array<'_, i32>>,
) -> bool {
    let (Some(at), Some(zones)) = (at.and_then(seconds), zones) else {
        return false;
    };
    rota(&zones, week.as_ref(), days_off.as_ref())
        .is_some_and(|rota| Calendar(vec![rota]).is_open(at))
}

#[pg_extern(sql = false)]
#[expect(
    clippy::too_many_arguments,
    reason = "SQL has no records without a table"
)]
fn next_change(
    to_open: Option<bool>,
    from: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    zones: Option<Array<'_, &str>>,
    legal_week: Option<Array<'_, i32>>,
    week: Option<Array<'_, i32>>,
    tenant_zone: Option<&str>,
    days_off: Option<Array<'_, i32>>,
) -> Option<TimestampWithTimeZone> {
    let calendar = calendar(
        &zones?,
        legal_week.as_ref(),
        week.as_ref(),
        tenant_zone?,
        days_off.as_ref(),
    )?;
    let from = from?;
    let from_s = seconds(from)?;
    // before p_until, to the second
    let until_s = until.and_then(seconds).unwrap_or(i64::MAX);
    let found = if to_open? {
        calendar.next_opening(from_s, until_s)
    } else {
        calendar.next_closing(from_s, until_s)
    }?;
    instant(found, &[from])
}

#[pg_extern(sql = false)]
#[expect(
    clippy::too_many_arguments,
    reason = "SQL has no records without a table"
)]
fn fit_step(
    step: Option<TimestampWithTimeZone>,
    planned: Option<TimestampWithTimeZone>,
    latest: Option<TimestampWithTimeZone>,
    zones: Option<Array<'_, &str>>,
    legal_week: Option<Array<'_, i32>>,
    week: Option<Array<'_, i32>>,
    tenant_zone: Option<&str>,
    days_off: Option<Array<'_, i32>>,
) -> Option<TimestampWithTimeZone> {
    let (step, planned, latest) = (step?, planned?, latest?);
    let calendar = calendar(
        &zones?,
        legal_week.as_ref(),
        week.as_ref(),
        tenant_zone?,
        days_off.as_ref(),
    )?;
    let found = calendar.fit(seconds(step)?, seconds(planned)?, seconds(latest)?)?;
    instant(found, &[step, planned])
}
