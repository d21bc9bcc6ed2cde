//! Every statement the worker issues. Each is one call of a SQL function; the transitions are in `sql/functions/`.

use std::collections::HashMap;
use std::ffi::CStr;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use pgrx::PgTryBuilder;
use pgrx::datum::{DatumWithOid, Interval};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use pgrx::spi::{OwnedPreparedStatement, SpiHeapTupleData, SpiResult};
use vioc_core::config_lines::Line;
use vioc_core::reply::CreateAnswer;
use vioc_retell::Secret;

use crate::{steps, stop};

/// Why a transaction was rolled back: SQLSTATE and primary message; DETAIL and CONTEXT may show rows.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) sqlstate: String,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn is_lock_timeout(&self) -> bool {
        self.sqlstate == "55P03"
    }

    /// Whether the same may succeed a moment later: a lock, a conflict, a resource, a stop.
    pub(crate) fn is_of_the_moment(&self) -> bool {
        ["40", "53", "55", "57"]
            .iter()
            .any(|class| self.sqlstate.starts_with(class))
    }
}

impl Failure {
    /// Whether no call is at fault, although the same may fail again: as `vioc.claim_calls` judges.
    pub(crate) fn is_the_systems(&self) -> bool {
        self.is_of_the_moment()
            || ["58", "XX"]
                .iter()
                .any(|class| self.sqlstate.starts_with(class))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

/// Runs `body` in a transaction of its own. An error, returned or raised, rolls it back and comes back as a value; the
/// process goes on.
pub(crate) fn transaction<R>(body: impl FnOnce() -> SpiResult<R>) -> Result<R, Failure> {
    transaction_within(None, body)
}

/// The same, cancelled if `body` takes longer than `limit`; the commit takes as long as it takes.
pub(crate) fn transaction_within<R>(
    limit: Option<Duration>,
    body: impl FnOnce() -> SpiResult<R>,
) -> Result<R, Failure> {
    let body = AssertUnwindSafe(body);
    if let Some(limit) = limit {
        stop::cancel_after(limit);
    }
    let result = PgTryBuilder::new(AssertUnwindSafe(move || {
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let result = run(body);
        stop::cancel_no_more();
        unsafe {
            if result.is_ok() {
                pg_sys::PopActiveSnapshot();
                stop::commit();
            } else {
                pg_sys::AbortCurrentTransaction();
            }
        }
        result.map_err(|error| Failure {
            sqlstate: "XX000".into(),
            message: error.to_string(),
        })
    }))
    .catch_others(|error| {
        stop::cancel_no_more();
        stop::settle();
        unsafe { pg_sys::AbortCurrentTransaction() };
        Err(failure(&error))
    })
    .catch_rust_panic(|error| {
        stop::cancel_no_more();
        stop::settle();
        unsafe { pg_sys::AbortCurrentTransaction() };
        Err(failure(&error))
    })
    .execute();
    // a background worker reports its own statistics, or autovacuum sees nothing
    unsafe { pg_sys::pgstat_report_stat(false) };
    result
}

/// Takes the closure out inside of the try block (edition 2024 would capture the field, which is not unwind safe).
fn run<R>(body: AssertUnwindSafe<impl FnOnce() -> R>) -> R {
    (body.0)()
}

fn failure(error: &CaughtError) -> Failure {
    match error {
        CaughtError::PostgresError(report)
        | CaughtError::ErrorReport(report)
        | CaughtError::RustPanic {
            ereport: report, ..
        } => Failure {
            sqlstate: sqlstate(report.sql_error_code() as i32),
            message: report.message().to_owned(),
        },
    }
}

/// Five characters out of PostgreSQL's packed form, six bits each.
fn sqlstate(packed: i32) -> String {
    (0..5)
        .map(|place| char::from(b'0' + u8::try_from((packed >> (6 * place)) & 0x3f).unwrap_or(0)))
        .collect()
}

/// Names are PostgreSQL's own, whatever the database's owner has set.
pub(crate) const OWN_NAMES: (&CStr, &CStr) = (c"search_path", c"pg_catalog, pg_temp");

/// What the worker's session needs, whatever the server's or the role's settings say.
pub(crate) fn set_session_defaults() {
    set_session(&[
        // ALTER DATABASE ... SET role would leave it without its rights, or triggers without effect
        (c"role", c"none"),
        (c"session_replication_role", c"origin"),
        (c"standard_conforming_strings", c"on"),
        (c"quote_all_identifiers", c"off"),
        // compiling a plan takes longer than any of them runs
        (c"jit", c"off"),
        // everything it looks up has an index; a plan made while a table was small must not scan it when it is large
        (c"enable_seqscan", c"off"),
        // nor read a tenant's whole queue to sort it, where the index has the order
        (c"enable_bitmapscan", c"off"),
        OWN_NAMES,
        // the same few statements for ever: planned once
        (c"plan_cache_mode", c"force_generic_plan"),
        (c"application_name", c"vioconcierge"),
        (c"idle_session_timeout", c"0"),
        (c"statement_timeout", c"0"),
        // it waits for no row, but others may hold a table, or a row that nobody thought of: everybody's calls wait meanwhile
        (c"lock_timeout", c"200ms"),
        (c"transaction_timeout", c"0"),
        (c"default_transaction_isolation", c"read committed"),
        (c"default_transaction_read_only", c"off"),
        (c"row_security", c"off"),
    ]);
}

pub(crate) fn set_session(settings: &[(&CStr, &CStr)]) {
    for (name, value) in settings {
        unsafe {
            // transaction_timeout is of PostgreSQL 17
            if pg_sys::GetConfigOption(name.as_ptr(), true, false).is_null() {
                continue;
            }
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_SUSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
    }
}

/// The statements, those inside of SQL functions too, are planned again when they are next run.
pub(crate) fn forget_plans() {
    unsafe { pg_sys::ResetPlanCache() };
}

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

/// What counts against limits, by tenant and credential.
#[derive(Default, Clone, Copy)]
pub(crate) struct Used {
    /// Starts that Retell may see in the same second as the next one.
    pub(crate) starts: i32,
    /// Calls in progress.
    pub(crate) lines: i32,
}

/// A tenant and the credential of its calls.
pub(crate) type Payer = (i64, i64);

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

/// The extension, if it is installed in this database; it then stays until the transaction ends. Needs one.
///
/// DROP EXTENSION locks the extension and then its tables; who does the same never deadlocks with it.
pub(crate) fn extension() -> Option<pg_sys::Oid> {
    unsafe {
        let name = c"vioconcierge".as_ptr();
        let extension = pg_sys::get_extension_oid(name, true);
        if extension == pg_sys::InvalidOid {
            return None;
        }
        let mode = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        pg_sys::LockDatabaseObject(pg_sys::ExtensionRelationId, extension, 0, mode);
        // dropped while this waited?
        (pg_sys::get_extension_oid(name, true) == extension).then_some(extension)
    }
}

/// Whether this session got (and now keeps) the lock that makes it the database's only worker: an advisory lock of a kind
/// that SQL cannot take, or any login could keep the worker away.
pub(crate) fn try_lock() -> bool {
    const VIOC: u32 = u32::from_be_bytes(*b"vioc");
    lock(VIOC, 1, true, true)
}

/// Keeps other transactions from changing the rights of this role until this one ends; waits as long as `lock_timeout` says.
pub(crate) fn lock_grants(role: pg_sys::Oid) {
    lock(role.to_u32(), 2, false, false);
}

/// Takes an advisory lock of a kind that SQL cannot take, for the session or the transaction; false if it is taken and not
/// to be waited for.
fn lock(key: u32, what: u32, is_for_session: bool, is_only_tried: bool) -> bool {
    // SQL has 1 (keys of one bigint) and 2 (of two integers)
    const OUR_KIND: u16 = 3;
    // SAFETY: the tag lives as long as the call; a wait ends by an error, as in any statement.
    unsafe {
        let tag = pg_sys::LOCKTAG {
            locktag_field1: pg_sys::MyDatabaseId.to_u32(),
            locktag_field2: key,
            locktag_field3: what,
            locktag_field4: OUR_KIND,
            locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
            locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
        };
        let mode = pg_sys::ExclusiveLock as pg_sys::LOCKMODE;
        let outcome = pg_sys::LockAcquire(&raw const tag, mode, is_for_session, is_only_tried);
        outcome != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }
}

/// Why nothing may be sent, if so.
pub(crate) fn attach(is_first: bool) -> SpiResult<Option<String>> {
    Spi::get_one_with_args(
        "select vioc.attach_worker($1, pg_catalog.clock_timestamp())",
        &[is_first.into()],
    )
}

/// What the configuration files say about us now, and what is in force. Parameters may be written in any case.
pub(crate) fn file_settings() -> SpiResult<Vec<Line>> {
    const LINES: &str = "select distinct on (pg_catalog.lower(f.name)) pg_catalog.lower(f.name), f.setting, f.error, f.sourcefile, f.sourceline, s.setting, s.source = 'command line' \
        from pg_catalog.pg_file_settings as f left join pg_catalog.pg_settings as s on s.name = pg_catalog.lower(f.name) \
        where pg_catalog.lower(f.name) like 'vioconcierge.%' or f.name is null \
        order by pg_catalog.lower(f.name), f.seqno desc";
    Spi::connect(|client| {
        let rows = client.select(LINES, None, &[])?;
        rows.map(|row| {
            // a line that cannot be read at all has neither
            let name = row.get::<String>(1)?.unwrap_or_default();
            let value = row.get::<String>(2)?.unwrap_or_default();
            let error = row
                .get::<String>(3)?
                .map(|error| crate::config::problem(&name, &value).map_or(error, str::to_owned));
            Ok(Line {
                error,
                file: row.get(4)?.unwrap_or_default(),
                line: row.get(5)?.unwrap_or_default(),
                in_force: row.get(6)?,
                is_overridden: row.get(7)?.unwrap_or_default(),
                name,
                value,
            })
        })
        .collect()
    })
}

/// Statements of the hot path, planned once.
#[derive(Default)]
pub(crate) struct Statements {
    most_urgent: Option<OwnedPreparedStatement>,
    lines: Option<OwnedPreparedStatement>,
    choose: Option<OwnedPreparedStatement>,
    claim: Option<OwnedPreparedStatement>,
    record: Option<OwnedPreparedStatement>,
    look_ups: Option<OwnedPreparedStatement>,
    concurrency: Option<OwnedPreparedStatement>,
    sleep: Option<OwnedPreparedStatement>,
    publish_events: Option<OwnedPreparedStatement>,
}

/// Prepares on first use, then executes.
fn rows<T>(
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
    let value = row.get(column)?;
    if value.is_none() {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            format!("column {column} of a statement of the worker is null")
        );
    }
    value.ok_or(spi::Error::InvalidPosition)
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

/// Who holds what the last statement waited for in vain.
pub(crate) fn lock_holder() -> SpiResult<Option<String>> {
    Spi::get_one("select vioc.lock_holder()")
}

/// Says to who listens how far the events go. In a transaction of its own, which waits for nobody: a queue full of
/// unread notifications, or somebody whose commit hangs, fails this and nothing else.
pub(crate) fn notify(position: i64) -> SpiResult<()> {
    Spi::run("set local lock_timeout = '100ms'")?;
    Spi::run("set local synchronous_commit = off")?;
    Spi::run_with_args(
        "select pg_catalog.pg_notify('vioc_events', $1::pg_catalog.text)",
        &[position.into()],
    )
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
    pub(crate) fn slots_in_use(&mut self) -> SpiResult<Vec<(Payer, i32)>> {
        rows(
            &mut self.lines,
            "select tenant_id, credential_id, calls from vioc.slots_in_use()",
            &[],
            &[],
            |row| {
                let payer = (required(row, 1)?, required(row, 2)?);
                Ok((payer, required(row, 3)?))
            },
        )
    }

    /// Which calls may be sent next; `without` those that were held a moment ago.
    pub(crate) fn choose(
        &mut self,
        limit: usize,
        is_only_urgent: bool,
        without: &[i64],
        used: &HashMap<Payer, Used>,
    ) -> SpiResult<Vec<Claimable>> {
        let column = |of: fn(&Payer) -> i64| used.keys().map(of).collect::<Vec<_>>();
        let count = |of: fn(&Used) -> i32| used.values().map(of).collect::<Vec<_>>();
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
                i32::try_from(limit).unwrap_or(i32::MAX).into(),
                is_only_urgent.into(),
                without.to_vec().into(),
                column(|payer| payer.0).into(),
                column(|payer| payer.1).into(),
                count(|used| used.starts).into(),
                count(|used| used.lines).into(),
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

    /// Calls whose answer is now written down (or no longer ours); the others are held by somebody else.
    pub(crate) fn record(&mut self, worker: uuid::Uuid, answers: &str) -> SpiResult<Vec<i64>> {
        let worker = pgrx::Uuid::from_bytes(*worker.as_bytes());
        let recorded = rows(
            &mut self.record,
            "select r from pg_catalog.unnest(vioc.record_answers($1, $2::pg_catalog.jsonb, pg_catalog.clock_timestamp())) as r",
            &[pg_sys::BuiltinOid::UUIDOID, pg_sys::BuiltinOid::TEXTOID],
            &[worker.into(), answers.into()],
            |row| row.get(1),
        )?;
        Ok(recorded.into_iter().flatten().collect())
    }

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

    /// Gives committed events their positions, at most `limit`; returns the newest position there is and how many were given.
    pub(crate) fn publish_events(&mut self, limit: usize) -> SpiResult<Option<(i64, i64)>> {
        let numbered = rows(
            &mut self.publish_events,
            "select newest, events from vioc.publish_events($1)",
            &[pg_sys::BuiltinOid::INT4OID],
            &[i32::try_from(limit).unwrap_or(i32::MAX).into()],
            |row| Ok((row.get::<i64>(1)?, row.get::<i64>(2)?)),
        )?;
        let newest = numbered.into_iter().next();
        Ok(newest.and_then(|(newest, events)| Some((newest?, events?))))
    }

    /// How long nothing is due, at most `most`.
    pub(crate) fn sleep(&mut self, most: Duration) -> SpiResult<Duration> {
        let ms = rows(
            &mut self.sleep,
            "select vioc.milliseconds_to_work($1, pg_catalog.clock_timestamp())",
            &[pg_sys::BuiltinOid::INT4OID],
            &[i32::try_from(most.as_millis()).unwrap_or(i32::MAX).into()],
            |row| row.get::<i32>(1),
        )?;
        let ms = ms.into_iter().flatten().next().unwrap_or(1000);
        Ok(Duration::from_millis(ms.unsigned_abs().into()))
    }
}

/// What Retell said about a call; `asked_at` by the clock that is never set.
pub(crate) fn record_look_up(
    asked: &LookUp,
    asked_at: i64,
    http_status: Option<i32>,
    body: &str,
) -> SpiResult<()> {
    let ago = steps::now().running.saturating_sub(asked_at).max(0);
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

#[expect(clippy::cast_precision_loss, reason = "exact for centuries")]
fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

/// The server's clock was set (`None`: by how much is not known). Returns the calls that could not follow yet.
pub(crate) fn clock_stepped(by: Option<i64>) -> SpiResult<Vec<i64>> {
    let held: Option<Vec<i64>> = Spi::get_one_with_args(
        "select vioc.clock_stepped(pg_catalog.make_interval(secs => $1), pg_catalog.clock_timestamp())",
        &[by.map(seconds).into()],
    )?;
    Ok(held.unwrap_or_default())
}

/// One of those; whether it has followed now.
pub(crate) fn move_call(call_id: i64, by: Option<i64>) -> SpiResult<bool> {
    let held: Option<Vec<i64>> = Spi::get_one_with_args(
        "select vioc.move_calls(array[$1], pg_catalog.make_interval(secs => $2), pg_catalog.clock_timestamp())",
        &[call_id.into(), by.map(seconds).into()],
    )?;
    Ok(held.unwrap_or_default().is_empty())
}

pub(crate) fn bound_instants() -> SpiResult<()> {
    Spi::run("select vioc.bound_instants(pg_catalog.clock_timestamp())")
}

/// Any question, for the date of its answer.
pub(crate) fn claim_clock() -> SpiResult<Vec<LookUp>> {
    look_ups(
        &mut None,
        "select * from vioc.claim_clock($1, pg_catalog.clock_timestamp())",
        1,
    )
}

/// Whether there are more events to be applied.
pub(crate) fn tend(limit: i32, held: &[i64]) -> SpiResult<bool> {
    let has_more = Spi::get_one_with_args(
        "select vioc.run_timers($1, pg_catalog.clock_timestamp(), $2)",
        &[limit.into(), held.to_vec().into()],
    )?;
    Ok(has_more.unwrap_or_default())
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
