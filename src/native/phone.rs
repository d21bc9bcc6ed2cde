//! Telephone numbers and where they are.

use pgrx::prelude::*;
use vioc_core::phone::Whereabouts;

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
fn phone_zones(e164: &str) -> Vec<&'static str> {
    vioc_core::phone::time_zones(e164).to_vec()
}

#[pg_extern(sql = false)]
fn places_of(
    zone: Option<&str>,
    tenant_zone: Option<&str>,
    number: Option<&str>,
) -> Option<Vec<String>> {
    let zones = Whereabouts::of(zone, number).zones(tenant_zone?);
    Some(zones.into_iter().map(str::to_owned).collect())
}

#[pg_extern(sql = false)]
fn zones_of(
    zone: Option<&str>,
    tenant_zone: Option<&str>,
    number: Option<&str>,
) -> Option<Vec<String>> {
    let zones = Whereabouts::of(zone, number).zones_of_hours(tenant_zone?);
    Some(zones.into_iter().map(str::to_owned).collect())
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
