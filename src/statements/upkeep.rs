//! What the worker does besides sending: start, timers, clock, events.

use std::time::Duration;

use pgrx::prelude::*;
use pgrx::spi::SpiResult;
use vioc_core::config_lines::Line;

use super::{Statements, limit_of, required, rows, value};
use crate::{guc, session};

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
            // a line that cannot be read at all has neither; one that is no file's has no file
            let name = row.get::<String>(1)?.unwrap_or_default();
            let value = row.get::<String>(2)?.unwrap_or_default();
            let error = row
                .get::<String>(3)?
                .map(|error| guc::problem(&name, &value).map_or(error, str::to_owned));
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

/// Who holds what the last statement waited for in vain.
pub(crate) fn lock_holder() -> SpiResult<Option<String>> {
    Spi::get_one("select vioc.lock_holder()")
}

/// Tells listeners how far the events go. In a transaction of its own, which waits for no other: a queue full of unread
/// notifications, or a session whose commit hangs, fails this and nothing else.
pub(crate) fn notify(position: i64) -> SpiResult<()> {
    session::set_for_transaction(&[(c"lock_timeout", c"100ms"), (c"synchronous_commit", c"off")]);
    Spi::run_with_args(
        "select pg_catalog.pg_notify('vioc_events', $1::pg_catalog.text)",
        &[position.into()],
    )
}

impl Statements {
    /// Gives committed events their positions, at most `limit`; returns the newest position, if there is any, and how
    /// many were given.
    pub(crate) fn publish_events(&mut self, limit: usize) -> SpiResult<(Option<i64>, i64)> {
        let numbered = rows(
            &mut self.publish_events,
            "select newest, events from vioc.publish_events($1)",
            &[pg_sys::BuiltinOid::INT4OID],
            &[limit_of(limit).into()],
            |row| Ok((row.get(1)?, required(row, 2)?)),
        )?;
        numbered
            .into_iter()
            .next()
            .ok_or(spi::Error::InvalidPosition)
    }

    /// How long nothing is due, at most `most`.
    pub(crate) fn sleep(&mut self, most: Duration) -> SpiResult<Duration> {
        let ms = rows(
            &mut self.sleep,
            "select vioc.milliseconds_to_work($1, pg_catalog.clock_timestamp())",
            &[pg_sys::BuiltinOid::INT4OID],
            &[i32::try_from(most.as_millis()).unwrap_or(i32::MAX).into()],
            |row| required::<i32>(row, 1),
        )?;
        let ms = ms.into_iter().next().ok_or(spi::Error::InvalidPosition)?;
        Ok(Duration::from_millis(ms.unsigned_abs().into()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for centuries")]
pub(super) fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

/// The server's clock was set (`None`: by how much is not known). Returns the calls that could not follow yet.
pub(crate) fn clock_stepped(by: Option<i64>, is_sure: bool) -> SpiResult<Vec<i64>> {
    value(
        "select vioc.clock_stepped(pg_catalog.make_interval(secs => $1), pg_catalog.clock_timestamp(), $2)",
        &[by.map(seconds).into(), is_sure.into()],
    )
}

/// One of those; whether it has followed now.
pub(crate) fn move_call(call_id: i64, by: Option<i64>) -> SpiResult<bool> {
    let held: Vec<i64> = value(
        "select vioc.move_calls(array[$1], pg_catalog.make_interval(secs => $2), pg_catalog.clock_timestamp())",
        &[call_id.into(), by.map(seconds).into()],
    )?;
    Ok(held.is_empty())
}

/// What a clock ahead has done goes on by the right one.
pub(crate) fn undo_clock_ahead() -> SpiResult<()> {
    Spi::run("select vioc.undo_clock_ahead(pg_catalog.clock_timestamp())")
}

pub(crate) fn bound_instants() -> SpiResult<()> {
    Spi::run("select vioc.bound_instants(pg_catalog.clock_timestamp())")
}

/// Whether there are more events to be applied.
pub(crate) fn run_timers(limit: i32, held: &[i64]) -> SpiResult<bool> {
    value(
        "select vioc.run_timers($1, pg_catalog.clock_timestamp(), $2)",
        &[limit.into(), held.to_vec().into()],
    )
}
