//! What Retell is asked about calls it has or may have, and what it said.

use std::time::Duration;

use pgrx::prelude::*;
use pgrx::spi::{OwnedPreparedStatement, SpiHeapTupleData, SpiResult};
use vioc_retell::Secret;

use super::{Statements, required, rows, seconds};
use crate::shmem::clocks;

/// A question about a call (or the wish to stop it), or about a credential, whose id is then in place of the call's.
pub(crate) struct LookUp {
    pub(crate) tenant_id: Option<i64>,
    pub(crate) call_id: i64,
    pub(crate) kind: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    pub(crate) api_key: Option<Secret>,
    /// Of the key that was in hand when it was asked.
    pub(crate) key_digest: Option<Vec<u8>>,
}

/// Reads what Retell is to be asked.
fn look_ups(
    statement: &mut Option<OwnedPreparedStatement>,
    text: &str,
    limit: usize,
) -> SpiResult<Vec<LookUp>> {
    rows(
        statement,
        text,
        &[pg_sys::BuiltinOid::INT4OID],
        &[i32::try_from(limit).unwrap_or(i32::MAX).into()],
        read_look_up,
    )
}

fn read_look_up(row: &SpiHeapTupleData<'_>) -> SpiResult<LookUp> {
    Ok(LookUp {
        tenant_id: row.get(1)?,
        call_id: required(row, 2)?,
        kind: required(row, 3)?,
        method: required(row, 4)?,
        path: required(row, 5)?,
        body: row.get(6)?,
        api_key: row.get::<String>(7)?.map(Secret::from),
        key_digest: None,
    })
}

/// Which keys and agents to ask Retell about, for vioc_doctor; of these tenants, or of all.
/// `ago`: when the doctor asked.
pub(crate) fn claim_checks(
    limit: usize,
    ago: Duration,
    tenants: Option<&[i64]>,
) -> SpiResult<Vec<LookUp>> {
    rows(
        &mut None,
        "select * from vioc.claim_checks($1, pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $3), \
           pg_catalog.clock_timestamp(), $2)",
        &[
            pg_sys::BuiltinOid::INT4OID,
            pg_sys::BuiltinOid::INT8ARRAYOID,
            pg_sys::BuiltinOid::FLOAT8OID,
        ],
        &[
            i32::try_from(limit).unwrap_or(i32::MAX).into(),
            tenants.map(<[i64]>::to_vec).into(),
            ago.as_secs_f64().into(),
        ],
        read_look_up,
    )
}

impl Statements {
    pub(crate) fn claim_look_ups(&mut self, limit: usize) -> SpiResult<Vec<LookUp>> {
        look_ups(
            &mut self.look_ups,
            "select * from vioc.claim_look_ups($1, pg_catalog.clock_timestamp())",
            limit,
        )
    }

    /// Whose lines to ask Retell about.
    pub(crate) fn claim_concurrency(&mut self, limit: usize) -> SpiResult<Vec<LookUp>> {
        look_ups(
            &mut self.concurrency,
            "select * from vioc.claim_concurrency($1, pg_catalog.clock_timestamp())",
            limit,
        )
    }
}

/// What Retell said about a call; `asked_at` by the clock that is never set.
pub(crate) fn record_look_up(
    asked: &LookUp,
    asked_at: i64,
    http_status: Option<i32>,
    body: &str,
) -> SpiResult<()> {
    let ago = clocks::now().running.saturating_sub(asked_at).max(0);
    Spi::run_with_args(
        "select vioc.record_look_up($1, $2, $3, n.at - pg_catalog.make_interval(secs => $4), $5, $6, n.at, $7) \
         from pg_catalog.clock_timestamp() as n (at)",
        &[
            asked.tenant_id.into(),
            asked.call_id.into(),
            asked.kind.as_str().into(),
            seconds(ago).into(),
            http_status.into(),
            body.into(),
            asked.key_digest.as_deref().into(),
        ],
    )
}

/// Any question, for the date of its answer.
pub(crate) fn claim_clock() -> SpiResult<Vec<LookUp>> {
    look_ups(
        &mut None,
        "select * from vioc.claim_clock($1, pg_catalog.clock_timestamp())",
        1,
    )
}
