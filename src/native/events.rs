//! Triggers that tell the feed what became of a call or a contact. Native: each webhook fires two of them, and PL/pgSQL would
//! prepare their expressions anew in each transaction.

use std::cell::RefCell;

use pgrx::datum::{DatumWithOid, TryFromDatumError};
use pgrx::heap_tuple::PgHeapTuple;
use pgrx::prelude::*;
use pgrx::spi::OwnedPreparedStatement;
use pgrx::{AllocatedByPostgres, AllocatedByRust};
use vioc_core::outcome;

use crate::shmem::Announced;
use crate::{statements, xact};

type Row<'a> = PgHeapTuple<'a, AllocatedByPostgres>;
/// What a trigger after the fact returns.
type Nothing<'a> = Option<PgHeapTuple<'a, AllocatedByRust>>;

const INSERT: &str = "insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status, outcome) \
     values (pg_catalog.clock_timestamp(), $1, $2, $3, $4, $5, $6)";

const TYPES: [PgBuiltInOids; 6] = [
    PgBuiltInOids::INT8OID,
    PgBuiltInOids::INT8OID,
    PgBuiltInOids::INT8OID,
    PgBuiltInOids::TEXTOID,
    PgBuiltInOids::TEXTOID,
    PgBuiltInOids::TEXTOID,
];

thread_local! {
    static STATEMENT: RefCell<Option<OwnedPreparedStatement>> = const { RefCell::new(None) };
}

/// Being sent is not news, only what comes of it. Inserts are told by `queue_calls`, so that a restore tells nothing;
/// Retell's answers by `record_answers`, many at a time.
#[pg_trigger(sql = false)]
fn on_call_changed<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Nothing<'a>, Box<dyn std::error::Error>> {
    let (Some(old), Some(new)) = (trigger.old(), trigger.new()) else {
        return Ok(None);
    };
    let status: &str = column(&new, "status")?.unwrap_or_default();
    let before: &str = column(&old, "status")?.unwrap_or_default();
    if status == "dispatching" || (before == "dispatching" && status == "placed") {
        return Ok(None);
    }
    let result: Option<&str> = column(&new, "outcome")?;
    let result_before: Option<&str> = column(&old, "outcome")?;
    let is_news =
        status != before || result.map(outcome::known) != result_before.map(outcome::known);
    let is_review =
        column(&new, "needs_review")? == Some(true) && column(&old, "needs_review")? == Some(false);
    if !is_news && !is_review && result == result_before {
        return Ok(None);
    }
    let call: Option<i64> = column(&new, "id")?;
    let contact = column(&new, "contact_id")?;
    if is_news && status != "queued" {
        tell(&new, contact, call, "call", status, result)?;
    }
    if is_review {
        tell(&new, contact, call, "review", status, result)?;
    }
    xact::on_commit(Announced::Events);
    Ok(None)
}

/// A contact that is written anew is no news to the application that wrote it; `mark_calling` tells what it does itself.
#[pg_trigger(sql = false)]
fn on_contact_changed<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Nothing<'a>, Box<dyn std::error::Error>> {
    let Some(new) = trigger.new() else {
        return Ok(None);
    };
    let status: &str = column(&new, "status")?.unwrap_or_default();
    if status != "calling" {
        let result = column(&new, "last_outcome")?;
        tell(&new, column(&new, "id")?, None, "contact", status, result)?;
        xact::on_commit(Announced::Events);
    }
    Ok(None)
}

fn column<'a, T>(row: &'a Row<'_>, name: &str) -> Result<Option<T>, TryFromDatumError>
where
    T: FromDatum + IntoDatum + pgrx::datum::UnboxDatum<As<'a> = T> + 'a,
{
    row.get_by_name(name)
}

fn tell(
    row: &Row<'_>,
    contact: Option<i64>,
    call: Option<i64>,
    kind: &str,
    status: &str,
    result: Option<&str>,
) -> Result<(), Box<dyn std::error::Error>> {
    let arguments: [DatumWithOid<'_>; 6] = [
        column::<i64>(row, "tenant_id")?.into(),
        contact.into(),
        call.into(),
        kind.into(),
        status.into(),
        result.map(outcome::known).into(),
    ];
    STATEMENT.with_borrow_mut(|it| statements::rows(it, INSERT, &TYPES, &arguments, |_| Ok(())))?;
    Ok(())
}
