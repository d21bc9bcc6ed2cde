//! What is known of the worker, of clocks and of long work.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use pgrx::prelude::*;

use crate::shmem::{self, Announced, clocks};
use crate::{wait_for_change, xact};

#[pg_extern(sql = false)]
fn wake_worker() {
    xact::on_commit(Announced::Work);
}

#[pg_extern(sql = false)]
fn rouse_worker() {
    if let Some(slot) = xact::slot_index().and_then(shmem::slot) {
        slot.rouse();
    }
}

#[pg_extern(sql = false)]
fn announce_events() {
    xact::on_commit(Announced::Events);
}

#[pg_extern(sql = false)]
fn ask_worker(tenants: Option<Vec<i64>>) {
    if let Some(slot) = xact::slot_index().and_then(shmem::slot) {
        slot.ask(tenants);
    }
}

#[pg_extern(sql = false)]
fn ask_about_call(call_id: i64) {
    if let Some(slot) = xact::slot_index().and_then(shmem::slot) {
        slot.ask_about_call(call_id);
    }
}

/// Of the loaded library, not of the SQL objects.
#[pg_extern(sql = false)]
fn library_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[pg_extern(sql = false)]
fn worker_state() -> &'static str {
    if !shmem::is_loaded() {
        return "not_preloaded";
    }
    match xact::slot_index().and_then(shmem::slot) {
        None => "not_listed",
        Some(slot) if !slot.has_worker() => "no_worker",
        Some(slot) if slot.status.is_stuck() => "stuck",
        Some(slot) if slot.status.is_stopped() => "stopped",
        Some(_) => "ready",
    }
}

/// One row, none where no worker serves this database.
#[pg_extern(sql = false)]
#[allow(
    clippy::type_complexity,
    reason = "the macro reads the row's type here"
)]
fn worker_report() -> TableIterator<
    'static,
    (
        name!(pid, Option<i32>),
        name!(started_at, Option<TimestampWithTimeZone>),
        name!(woken_at, Option<TimestampWithTimeZone>),
        name!(in_flight, i64),
        name!(posted, i64),
        name!(placed, i64),
        name!(not_placed, i64),
        name!(problem, Option<String>),
        name!(problem_at, Option<TimestampWithTimeZone>),
        name!(capacity, i64),
        name!(settings_error, Option<String>),
        name!(retell_error, Option<String>),
        name!(retell_error_at, Option<TimestampWithTimeZone>),
    ),
> {
    let row = xact::slot_index().and_then(shmem::slot).map(|slot| {
        let status = &slot.status;
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed).cast_signed();
        let (unreached, unreached_at) = status.unreached().unzip();
        (
            slot.worker_pid(),
            instant(&status.started_at),
            instant(&status.woken_at),
            status.in_flight.load(Ordering::Relaxed).into(),
            count(&status.posted),
            count(&status.placed),
            count(&status.not_placed),
            status.last_error(),
            instant(&status.error_at),
            status.capacity.load(Ordering::Relaxed).into(),
            status.settings(),
            unreached,
            unreached_at.and_then(|us| us.try_into().ok()),
        )
    });
    TableIterator::new(row)
}

/// What is known of the server's clock; nothing where no worker serves this database.
fn clocks() -> Option<&'static clocks::Clocks> {
    Some(&xact::slot_index().and_then(shmem::slot)?.clocks)
}

#[pg_extern(sql = false)]
fn clock_is_settled() -> bool {
    clocks().is_none_or(|it| it.known().is_settled(clocks::now()))
}

#[pg_extern(sql = false)]
#[allow(
    clippy::type_complexity,
    reason = "the macro reads the row's type here"
)]
fn clock_report() -> TableIterator<
    'static,
    (
        name!(settled, bool),
        name!(agrees, bool),
        name!(stepped_by, Option<f64>),
        name!(stepped_ago, Option<f64>),
        name!(retell_ahead, Option<f64>),
    ),
> {
    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    let seconds = |us: i64| us as f64 / 1e6;
    let (now, clocks) = (clocks::now(), clocks());
    let known = clocks.map(clocks::Clocks::known).unwrap_or_default();
    let step = clocks.and_then(clocks::Clocks::latest_step);
    TableIterator::once((
        known.is_settled(now),
        known.agrees(now),
        step.map(|(by, _)| seconds(by)),
        step.map(|(_, ago)| seconds(ago)),
        known.retell_ahead(now).map(seconds),
    ))
}

#[pg_extern(sql = false)]
fn show_progress(task: &str, done: i64, total: i64) {
    xact::show_progress(task, done, total);
}

#[pg_extern(sql = false)]
#[allow(
    clippy::type_complexity,
    reason = "the macro reads the row's type here"
)]
fn progress_report() -> TableIterator<
    'static,
    (
        name!(pid, i32),
        name!(task, String),
        name!(done, i64),
        name!(total, i64),
        name!(since, Option<TimestampWithTimeZone>),
    ),
> {
    let all = shmem::Progress::all();
    TableIterator::new(all.into_iter().map(|(pid, task, it)| {
        let count = |it: &AtomicI64| it.load(Ordering::Relaxed);
        (
            pid,
            task,
            count(&it.done),
            count(&it.total),
            instant(&it.since),
        )
    }))
}

/// `None` for never.
fn instant(us: &AtomicI64) -> Option<TimestampWithTimeZone> {
    let us = us.load(Ordering::Relaxed);
    (us != 0).then(|| us.try_into().ok()).flatten()
}

#[pg_extern(sql = false)]
fn wait_for_change(seen: i64, timeout_ms: i32, sharer: pg_sys::Oid) -> i64 {
    wait_for_change::wait_for_change(seen, timeout_ms, sharer)
}
