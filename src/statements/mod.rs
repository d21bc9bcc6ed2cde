//! Every statement the worker issues. Each is one call of a SQL function; the transitions are in SQL.

mod look_ups;
mod upkeep;

use std::collections::HashMap;
use std::time::Duration;

use pgrx::datum::{DatumWithOid, Interval};
use pgrx::prelude::*;
use pgrx::spi::{OwnedPreparedStatement, SpiHeapTupleData, SpiResult};
use vioc_core::reply::CreateAnswer;
use vioc_retell::Secret;

pub(crate) use look_ups::{LookUp, claim_checks, claim_clock, hasten_look_ups, record_look_up};
pub(crate) use upkeep::{
    attach, bound_instants, clock_stepped, file_settings, lock_holder, move_call, notify,
    run_timers, undo_clock_ahead,
};

/// A call that may be sent next.
#[derive(Clone, Copy)]
pub(crate) struct Claimable {
    pub(crate) tenant_id: i64,
    pub(crate) call_id: i64,
    pub(crate) credential_id: i64,
}

/// A call to be sent, leased to this worker.
pub(crate) struct Claimed {
    pub(crate) tenant_id: i64,
    pub(crate) call_id: i64,
    pub(crate) credential_id: i64,
    /// Without one it is not sent.
    pub(crate) api_key: Option<Secret>,
    /// Of the key with which it may be sent, and no other.
    pub(crate) key_digest: Option<Vec<u8>>,
    pub(crate) body: String,
}

/// What became of a call that was to be claimed, if it did not leave the queue otherwise.
pub(crate) enum Answer {
    Claimed(Claimed),
    /// Another session holds a row of it.
    Held(i64),
    /// For the next claim: the bodies of this one are large enough.
    Left(i64),
}

/// What counts against limits.
#[derive(Default, Clone, Copy)]
pub(crate) struct Usage {
    /// Starts that Retell may see in the same second as the next one.
    pub(crate) starts: i32,
    /// Calls in progress.
    pub(crate) slots: i32,
}

/// A tenant and the credential of its calls: what limits are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AccountKey {
    pub(crate) tenant_id: i64,
    pub(crate) credential_id: i64,
}

impl Claimed {
    pub(crate) fn account(&self) -> AccountKey {
        AccountKey {
            tenant_id: self.tenant_id,
            credential_id: self.credential_id,
        }
    }
}

/// Statements of the hot path, planned once.
#[derive(Default)]
pub(crate) struct Statements {
    most_urgent: Option<OwnedPreparedStatement>,
    slots: Option<OwnedPreparedStatement>,
    choose: Option<OwnedPreparedStatement>,
    claim: Option<OwnedPreparedStatement>,
    record: Option<OwnedPreparedStatement>,
    look_ups: Option<OwnedPreparedStatement>,
    concurrency: Option<OwnedPreparedStatement>,
    sleep: Option<OwnedPreparedStatement>,
    publish_events: Option<OwnedPreparedStatement>,
}

/// Prepares on first use, then executes.
pub(crate) fn rows<T>(
    statement: &mut Option<OwnedPreparedStatement>,
    text: &str,
    types: &[pg_sys::BuiltinOid],
    arguments: &[DatumWithOid<'_>],
    read: impl Fn(&SpiHeapTupleData<'_>) -> SpiResult<T>,
) -> SpiResult<Vec<T>> {
    Spi::connect_mut(|client| {
        if statement.is_none() {
            let types: Vec<PgOid> = types.iter().map(|oid| (*oid).into()).collect();
            *statement = Some(client.prepare_mut(text, &types)?.keep());
        }
        let Some(statement) = statement.as_ref() else {
            return Ok(Vec::new());
        };
        client
            .update(statement, None, arguments)?
            .map(|row| read(&row))
            .collect()
    })
}

/// A column that is never null. Read as 0 or as an empty key, a null would be acted upon.
fn required<T: IntoDatum + FromDatum>(row: &SpiHeapTupleData<'_>, column: usize) -> SpiResult<T> {
    Ok(row.get(column)?.unwrap_or_else(|| is_null(column)))
}

/// The value of a statement that gives one row with one column, which is never null.
fn value<T: IntoDatum + FromDatum>(text: &str, arguments: &[DatumWithOid<'_>]) -> SpiResult<T> {
    let value = Spi::get_one_with_args(text, arguments)?;
    Ok(value.unwrap_or_else(|| is_null(1)))
}

fn is_null(column: usize) -> ! {
    ereport!(
        ERROR,
        PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        format!("column {column} of a statement of the worker is null")
    );
}

/// How many rows are asked for.
fn limit_of(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

/// Ends a call that could not be claimed, or puts it off.
pub(crate) fn fail_claim(call: Claimable, error: &str, is_later: bool) -> SpiResult<()> {
    Spi::run_with_args(
        "select vioc.fail_claim($1, $2, $3, $4, pg_catalog.clock_timestamp())",
        &[
            call.tenant_id.into(),
            call.call_id.into(),
            error.into(),
            is_later.into(),
        ],
    )
}

fn interval(duration: Duration) -> Option<Interval> {
    Interval::from_seconds(duration.as_secs_f64()).into()
}

impl Statements {
    /// The highest priority in the queue, if anything is there.
    pub(crate) fn most_urgent(&mut self) -> SpiResult<Option<i32>> {
        let priority = rows(
            &mut self.most_urgent,
            "select vioc.most_urgent()",
            &[],
            &[],
            |row| row.get::<i32>(1),
        )?;
        Ok(priority.into_iter().flatten().next())
    }

    /// Calls in progress.
    pub(crate) fn slots_in_use(&mut self) -> SpiResult<Vec<(AccountKey, i32)>> {
        rows(
            &mut self.slots,
            "select tenant_id, credential_id, calls from vioc.slots_in_use()",
            &[],
            &[],
            |row| {
                let account = AccountKey {
                    tenant_id: required(row, 1)?,
                    credential_id: required(row, 2)?,
                };
                Ok((account, required(row, 3)?))
            },
        )
    }

    /// Which calls may be sent next; `without` those that were held a moment ago.
    pub(crate) fn choose(
        &mut self,
        limit: usize,
        is_only_urgent: bool,
        without: &[i64],
        usage: &HashMap<AccountKey, Usage>,
    ) -> SpiResult<Vec<Claimable>> {
        let column = |of: fn(&AccountKey) -> i64| usage.keys().map(of).collect::<Vec<_>>();
        let count = |of: fn(&Usage) -> i32| usage.values().map(of).collect::<Vec<_>>();
        rows(
            &mut self.choose,
            "select tenant_id, call_id, credential_id \
             from vioc.choose_calls($1, pg_catalog.clock_timestamp(), $2, $3, $4, $5, $6, $7)",
            &[
                pg_sys::BuiltinOid::INT4OID,
                pg_sys::BuiltinOid::BOOLOID,
                pg_sys::BuiltinOid::INT8ARRAYOID,
                pg_sys::BuiltinOid::INT8ARRAYOID,
                pg_sys::BuiltinOid::INT8ARRAYOID,
                pg_sys::BuiltinOid::INT4ARRAYOID,
                pg_sys::BuiltinOid::INT4ARRAYOID,
            ],
            &[
                limit_of(limit).into(),
                is_only_urgent.into(),
                without.to_vec().into(),
                column(|account| account.tenant_id).into(),
                column(|account| account.credential_id).into(),
                count(|usage| usage.starts).into(),
                count(|usage| usage.slots).into(),
            ],
            |row| {
                Ok(Claimable {
                    tenant_id: required(row, 1)?,
                    call_id: required(row, 2)?,
                    credential_id: required(row, 3)?,
                })
            },
        )
    }

    /// Tries to lease `calls` to this worker.
    pub(crate) fn claim(
        &mut self,
        worker: uuid::Uuid,
        lease: Duration,
        calls: &[Claimable],
    ) -> SpiResult<Vec<Answer>> {
        let worker = pgrx::Uuid::from_bytes(*worker.as_bytes());
        let column = |of: fn(&Claimable) -> i64| calls.iter().map(of).collect::<Vec<_>>();
        rows(
            &mut self.claim,
            "select tenant_id, call_id, credential_id, api_key, body, key_digest \
             from vioc.claim_calls($1, $2, $3, $4, $5, pg_catalog.clock_timestamp())",
            &[
                pg_sys::BuiltinOid::UUIDOID,
                pg_sys::BuiltinOid::INT8ARRAYOID,
                pg_sys::BuiltinOid::INT8ARRAYOID,
                pg_sys::BuiltinOid::INT8ARRAYOID,
                pg_sys::BuiltinOid::INTERVALOID,
            ],
            &[
                worker.into(),
                column(|call| call.tenant_id).into(),
                column(|call| call.call_id).into(),
                column(|call| call.credential_id).into(),
                interval(lease).into(),
            ],
            |row| {
                let call_id = required(row, 2)?;
                Ok(match (row.get(5)?, row.get::<i64>(3)?) {
                    (None, None) => Answer::Left(call_id),
                    (None, Some(_)) => Answer::Held(call_id),
                    (Some(body), _) => Answer::Claimed(Claimed {
                        tenant_id: required(row, 1)?,
                        call_id,
                        credential_id: required(row, 3)?,
                        api_key: row.get::<String>(4)?.map(Secret::from),
                        body,
                        key_digest: row.get(6)?,
                    }),
                })
            },
        )
    }

    /// Calls whose answer is now written down (or no longer ours); the others are held by another session.
    pub(crate) fn record(&mut self, worker: uuid::Uuid, answers: &str) -> SpiResult<Vec<i64>> {
        let worker = pgrx::Uuid::from_bytes(*worker.as_bytes());
        rows(
            &mut self.record,
            "select r from pg_catalog.unnest(vioc.record_answers($1, $2::pg_catalog.jsonb, pg_catalog.clock_timestamp())) as r",
            &[pg_sys::BuiltinOid::UUIDOID, pg_sys::BuiltinOid::TEXTOID],
            &[worker.into(), answers.into()],
            |row| required(row, 1),
        )
    }
}

/// One answer as `vioc.record_answers` takes it: JSON.
pub(crate) fn answer_json(
    tenant_id: i64,
    call_id: i64,
    http_status: Option<u16>,
    answer: &CreateAnswer,
) -> String {
    #[derive(serde::Serialize)]
    struct Answer<'a> {
        tenant_id: i64,
        call_id: i64,
        verdict: &'a str,
        http_status: Option<u16>,
        retell_call_id: Option<&'a str>,
        message: Option<&'a str>,
        retry_after: Option<u32>,
        do_not_call: bool,
        legacy_field: bool,
    }
    let answer = Answer {
        tenant_id,
        call_id,
        verdict: answer.verdict.as_str(),
        http_status,
        retell_call_id: answer.retell_call_id.as_deref(),
        message: answer.message.as_deref(),
        retry_after: answer.retry_after_seconds,
        do_not_call: answer.do_not_call,
        legacy_field: answer.legacy_field,
    };
    serde_json::to_string(&answer).unwrap_or_default() // strings and numbers can always be written
}
