//! What Retell is asked about calls it has or may have, and what it said.

use std::time::Duration;

use pgrx::prelude::*;
use pgrx::spi::{OwnedPreparedStatement, SpiHeapTupleData, SpiResult};
use vioc_retell::{Method, Secret};

use super::upkeep::seconds;
use super::{Statements, limit_of, required, rows};
use crate::shmem::clocks;

/// What Retell is asked or told, by the names that `vioc.claim_look_ups` and its like give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiRequest {
    /// list-calls by our session id.
    Find,
    /// get-call.
    Get,
    /// stop-call.
    Stop,
    /// delete-call.
    Delete,
    /// list-calls of a whole credential, after a failover.
    List,
    Concurrency,
    Key,
    Agent,
}

impl ApiRequest {
    const ALL: [Self; 8] = [
        Self::Find,
        Self::Get,
        Self::Stop,
        Self::Delete,
        Self::List,
        Self::Concurrency,
        Self::Key,
        Self::Agent,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Get => "get",
            Self::Stop => "stop",
            Self::Delete => "delete",
            Self::List => "recall",
            Self::Concurrency => "concurrency",
            Self::Key => "key",
            Self::Agent => "agent",
        }
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::Find | Self::Stop | Self::List => Method::Post,
            Self::Delete => Method::Delete,
            Self::Get | Self::Concurrency | Self::Key | Self::Agent => Method::Get,
        }
    }

    /// A name that SQL gives and this library does not know is an error: the two are of different versions.
    fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == name);
        found.unwrap_or_else(|| {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("the worker knows no request to Retell named {name}")
            );
        })
    }
}

/// One request about a call, or about a credential, whose id is then in place of the call's.
pub(crate) struct LookUp {
    pub(crate) call_id: i64,
    pub(crate) request: ApiRequest,
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
        &[limit_of(limit).into()],
        read_look_up,
    )
}

fn read_look_up(row: &SpiHeapTupleData<'_>) -> SpiResult<LookUp> {
    Ok(LookUp {
        call_id: required(row, 1)?,
        request: ApiRequest::named(&required::<String>(row, 2)?),
        path: required(row, 3)?,
        body: row.get(4)?,
        api_key: row.get::<String>(5)?.map(Secret::from),
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
            limit_of(limit).into(),
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
        "select vioc.record_look_up($1, $2, n.at - pg_catalog.make_interval(secs => $3), $4, $5, n.at, $6) \
         from pg_catalog.clock_timestamp() as n (at)",
        &[
            asked.call_id.into(),
            asked.request.as_str().into(),
            seconds(ago).into(),
            http_status.into(),
            body.into(),
            asked.key_digest.as_deref().into(),
        ],
    )
}

/// Calls that sessions wait for are asked about now.
pub(crate) fn hasten_look_ups(calls: &[i64]) -> SpiResult<()> {
    Spi::run_with_args(
        "select vioc.hasten_look_ups($1, pg_catalog.clock_timestamp())",
        &[calls.to_vec().into()],
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
