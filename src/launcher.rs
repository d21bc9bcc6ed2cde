//! The launcher: a static worker without a database of its own that keeps one worker running for each existing
//! database of `vioconcierge.databases`.
//!
//! The workers are dynamic and never restarted by the postmaster, because that would go on for ever when a database
//! is dropped; the launcher looks first whether the database is there.

use std::time::{Duration, Instant};

use pgrx::bgworkers::{
    BackgroundWorker, BackgroundWorkerBuilder, DynamicBackgroundWorker, SignalWakeFlags,
};
use pgrx::prelude::*;

use crate::{guc, shmem, tx};

/// How often a missing database, or a worker that could not be started, is looked at again.
const POLL: Duration = Duration::from_secs(5);
/// How often it is looked whether a session that needs the database to itself has done with it.
const HELD: Duration = Duration::from_millis(200);
const FIRST_RESTART: Duration = Duration::from_millis(500);
const LONGEST_RESTART: Duration = Duration::from_secs(30);
/// A worker that ran this long was well: its next restart is quick again.
const HEALTHY: Duration = Duration::from_secs(60);

pub(crate) fn init() {
    BackgroundWorkerBuilder::new("vioconcierge launcher")
        .set_type("vioconcierge launcher")
        .set_library("vioconcierge")
        .set_function("vioconcierge_launcher_main")
        .enable_spi_access()
        .set_restart_time(Some(Duration::from_secs(1)))
        .load();
    // The phone library reads its tables at first use; here the backends inherit them (18 ms once instead of each).
    let _ = vioc_core::phone::country("+18769261234");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    Missing,
    /// Not even that is known.
    Unreadable,
    NoSlot,
    Running,
}

/// One served database.
struct Served {
    name: String,
    slot: usize,
    worker: Option<DynamicBackgroundWorker>,
    state: State,
    started: Instant,
    retry_at: Instant,
    restart: Duration,
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vioconcierge_launcher_main(_argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    BackgroundWorker::connect_worker_to_spi(None, None);

    let now = Instant::now();
    let mut databases: Vec<Served> = (0..)
        .zip(guc::databases())
        .map(|(slot, name)| Served {
            name,
            slot,
            worker: None,
            state: State::Unknown,
            started: now,
            retry_at: now,
            restart: FIRST_RESTART,
        })
        .collect();

    loop {
        for database in &mut databases {
            database.look_after();
        }
        let now = Instant::now();
        let wait = databases
            .iter()
            .filter(|database| database.worker.is_none())
            .map(|database| database.retry_at.saturating_duration_since(now))
            .fold(POLL, Duration::min)
            .max(Duration::from_millis(10));
        if !BackgroundWorker::wait_latch(Some(wait)) {
            break;
        }
        pgrx::check_for_interrupts!();
        if BackgroundWorker::sighup_received() {
            // SAFETY: in the main thread of a process with PostgreSQL's settings.
            unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
            // A reload may have corrected what was wrong: a worker that kept failing is tried at once.
            for database in &mut databases {
                database.retry_at = Instant::now();
                database.restart = FIRST_RESTART;
            }
        }
    }
    // SAFETY: nothing of this frame is needed any more. 0 would tell the postmaster to forget the launcher for good.
    unsafe { pg_sys::proc_exit(1) };
}

impl Served {
    fn look_after(&mut self) {
        let now = Instant::now();
        if self
            .worker
            .as_ref()
            .is_some_and(|worker| !is_running(worker))
        {
            self.worker = None;
            if self.started.elapsed() > HEALTHY {
                self.restart = FIRST_RESTART;
            }
            self.retry_at = now + self.restart;
            self.restart = (self.restart * 2).min(LONGEST_RESTART);
        }
        if self.worker.is_some() || self.retry_at > now {
            return;
        }
        let Some(slot) = shmem::slot(self.slot) else {
            return;
        };
        if slot.holder().is_some() {
            self.retry_at = now + HELD; // it is being dropped, renamed or copied
            return;
        }
        self.retry_at = now + POLL;
        if slot.has_worker() {
            return; // an earlier launcher's worker goes on
        }
        let exists = match tx::transaction(|| Ok(exists(&self.name))) {
            Ok(exists) => exists,
            Err(error) => {
                slot.status.set_last_error(&error.to_string());
                if self.state != State::Unreadable {
                    self.state = State::Unreadable;
                    warning!("vioconcierge: the list of databases cannot be read: {error}");
                }
                return;
            }
        };
        if !exists {
            if self.state != State::Missing {
                self.state = State::Missing;
                log!(
                    "vioconcierge: database \"{}\" of vioconcierge.databases does not exist; it will be served when it does",
                    self.name
                );
            }
            return;
        }
        let started = BackgroundWorkerBuilder::new(&format!("vioconcierge worker: {}", self.name))
            .set_type("vioconcierge worker")
            .set_library("vioconcierge")
            .set_function("vioconcierge_worker_main")
            .set_argument(i32::try_from(self.slot).ok().into_datum())
            .set_extra(&self.name)
            .set_notify_pid(shmem::my_pid())
            .enable_spi_access()
            .set_restart_time(None)
            .load_dynamic();
        match started {
            Ok(worker) => {
                self.worker = Some(worker);
                self.state = State::Running;
                self.started = now;
            }
            Err(_) if self.state != State::NoSlot => {
                self.state = State::NoSlot;
                slot.status
                    .set_last_error("no background worker is free: raise max_worker_processes");
                ereport!(
                    WARNING,
                    PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                    format!(
                        "vioconcierge: no background worker is free for database \"{}\"",
                        self.name
                    ),
                    "Raise max_worker_processes and restart."
                );
            }
            Err(_) => {}
        }
    }
}

fn is_running(worker: &DynamicBackgroundWorker) -> bool {
    use pgrx::bgworkers::BackgroundWorkerStatus::{NotYetStarted, Started};
    matches!(worker.pid(), Ok(_) | Err(Started | NotYetStarted))
}

/// Looks through pg_database as the autovacuum launcher does: without a database there is neither SQL nor an index to
/// use. Needs a transaction.
fn exists(database: &str) -> bool {
    // SAFETY: in a transaction; the tuple's row is pg_database's and is read before the next one is fetched.
    unsafe {
        let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let relation = pg_sys::table_open(pg_sys::DatabaseRelationId, lock);
        let scan = pg_sys::table_beginscan_catalog(relation, 0, std::ptr::null_mut());
        let mut found = false;
        loop {
            let tuple = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
            if tuple.is_null() {
                break;
            }
            let row = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_database>();
            let name = std::ffi::CStr::from_ptr((*row).datname.data.as_ptr());
            found |= name.to_bytes() == database.as_bytes();
        }
        pg_sys::table_endscan(scan);
        pg_sys::table_close(relation, lock);
        found
    }
}
