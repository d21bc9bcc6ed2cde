//! DROP DATABASE, ALTER DATABASE ... RENAME or SET TABLESPACE, and CREATE DATABASE ... TEMPLATE need a database without
//! sessions, and the worker is one. A utility hook has it leave first, keeps it away until the statement is done, and
//! lets the launcher start it again. DROP EXTENSION takes the pg_cron jobs with it.

use std::ffi::CStr;
use std::time::{Duration, Instant};

use pgrx::pg_guard;
use pgrx::prelude::*;

use crate::{guc, shmem};

/// A worker drains for three seconds at most; PostgreSQL itself then waits five more for the sessions to be gone.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

static mut PREVIOUS: pg_sys::ProcessUtility_hook_type = None;

pub(crate) fn init() {
    // SAFETY: only _PG_init calls this, once, while the postmaster has one thread.
    unsafe {
        PREVIOUS = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(process_utility);
    }
}

/// PostgreSQL's own, without pgrx around it.
mod raw {
    use pgrx::pg_sys;
    unsafe extern "C-unwind" {
        #[allow(clippy::too_many_arguments, reason = "PostgreSQL's")]
        pub(super) fn standard_ProcessUtility(
            statement: *mut pg_sys::PlannedStmt,
            query: *const std::ffi::c_char,
            read_only_tree: bool,
            context: pg_sys::ProcessUtilityContext::Type,
            parameters: pg_sys::ParamListInfo,
            environment: *mut pg_sys::QueryEnvironment,
            receiver: *mut pg_sys::DestReceiver,
            completion: *mut pg_sys::QueryCompletion,
        );
    }
}

/// Almost every statement just passes by. It must do so without pgrx's guard, which would catch its error, raise it
/// again, and know PostgreSQL's SQLSTATEs only: `call` and `do` would turn PT404 or VC001 into XX000. Nothing here has a
/// destructor, so PostgreSQL's error may jump over this frame.
#[allow(clippy::too_many_arguments, reason = "PostgreSQL's")]
unsafe extern "C-unwind" fn process_utility(
    statement: *mut pg_sys::PlannedStmt,
    query: *const std::ffi::c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    receiver: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    use pg_sys::NodeTag::{
        T_AlterDatabaseStmt, T_CreatedbStmt, T_DropStmt, T_DropdbStmt, T_RenameStmt,
    };
    // SAFETY: PostgreSQL calls the hook with a statement and arguments that are valid for the call; they are passed on as
    // they came.
    unsafe {
        let is_top_level = context == pg_sys::ProcessUtilityContext::PROCESS_UTILITY_TOPLEVEL;
        crate::unowned_ddl::judge((*statement).utilityStmt, is_top_level);
        let pass = match (*(*statement).utilityStmt).type_ {
            T_DropdbStmt | T_RenameStmt | T_AlterDatabaseStmt | T_CreatedbStmt => {
                process_database_statement
            }
            T_DropStmt => {
                before_drop((*statement).utilityStmt.cast());
                PREVIOUS.unwrap_or(raw::standard_ProcessUtility)
            }
            _ => PREVIOUS.unwrap_or(raw::standard_ProcessUtility),
        };
        pass(
            statement,
            query,
            read_only_tree,
            context,
            parameters,
            environment,
            receiver,
            completion,
        );
    }
}

/// DROP EXTENSION vioconcierge: the jobs first, in the same transaction, for a role that may drop it. What drops it by a
/// cascade is not seen here; then the jobs find that it is not there, and do nothing.
#[pg_guard]
unsafe extern "C-unwind" fn before_drop(statement: *mut pg_sys::DropStmt) {
    // Run with the session's search_path, which the owner of the database sets: every name is qualified.
    const MAY_DROP: &str = "select pg_catalog.pg_has_role(e.extowner, 'usage') \
        from pg_catalog.pg_extension as e where e.extname operator(pg_catalog.=) 'vioconcierge'";
    const DROP_JOBS: &str = "select vioc.drop_cron_jobs()";
    // SAFETY: the statement is a DropStmt, whose objects are a list; those of DROP EXTENSION are String nodes.
    let is_ours = unsafe {
        (*statement).removeType == pg_sys::ObjectType::OBJECT_EXTENSION
            && pgrx::PgList::<pg_sys::Node>::from_pg((*statement).objects)
                .iter_ptr()
                .any(|name| {
                    // a String node on its own
                    let name = (*name.cast::<pg_sys::String>()).sval;
                    !name.is_null() && CStr::from_ptr(name) == c"vioconcierge"
                })
    };
    if is_ours && matches!(Spi::get_one::<bool>(MAY_DROP), Ok(Some(true))) {
        // without a result, whatever came of it: it has said so itself
        let _ = Spi::run(DROP_JOBS);
    }
}

#[pg_guard]
#[allow(clippy::too_many_arguments, reason = "PostgreSQL's")]
unsafe extern "C-unwind" fn process_database_statement(
    statement: *mut pg_sys::PlannedStmt,
    query: *const std::ffi::c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    receiver: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: as in `process_utility`; the previous hook's error passes through a guard, so that the reservation is dropped.
    unsafe {
        // until the statement is done, or has failed
        let _reservation = database_needing_no_sessions((*statement).utilityStmt)
            .and_then(|database| DatabaseReservation::take(&database));
        match PREVIOUS {
            Some(previous) => pg_sys::ffi::pg_guard_ffi_boundary(|| {
                previous(
                    statement,
                    query,
                    read_only_tree,
                    context,
                    parameters,
                    environment,
                    receiver,
                    completion,
                );
            }),
            None => pg_sys::standard_ProcessUtility(
                statement,
                query,
                read_only_tree,
                context,
                parameters,
                environment,
                receiver,
                completion,
            ),
        }
    }
}

/// The database that a statement needs without sessions, if the caller may do that to it.
unsafe fn database_needing_no_sessions(statement: *mut pg_sys::Node) -> Option<String> {
    use pg_sys::NodeTag::{T_AlterDatabaseStmt, T_CreatedbStmt, T_DropdbStmt, T_RenameStmt};
    // SAFETY: the caller has a statement of the parser's; each is cast to what its tag says.
    let name = unsafe {
        match (*statement).type_ {
            T_DropdbStmt => text((*statement.cast::<pg_sys::DropdbStmt>()).dbname),
            T_RenameStmt => {
                let rename = &*statement.cast::<pg_sys::RenameStmt>();
                (rename.renameType == pg_sys::ObjectType::OBJECT_DATABASE)
                    .then(|| text(rename.subname))
                    .flatten()
            }
            T_AlterDatabaseStmt => {
                let alter = &*statement.cast::<pg_sys::AlterDatabaseStmt>();
                option(alter.options, c"tablespace").and_then(|_| text(alter.dbname))
            }
            T_CreatedbStmt => {
                let create = &*statement.cast::<pg_sys::CreatedbStmt>();
                option(create.options, c"template").and_then(|it| {
                    let name = pg_sys::defGetString(it);
                    text(name)
                })
            }
            _ => None,
        }
    }?;
    if may_reserve(&name) {
        return Some(name);
    }
    // whoever connects would wait behind it; who makes a copy may have a right to that
    // SAFETY: as above.
    if unsafe { (*statement).type_ } != T_CreatedbStmt && is_database(&name) {
        crate::unowned_ddl::refuse(&format!("database {name}"));
    }
    None
}

fn is_database(name: &str) -> bool {
    let name = std::ffi::CString::new(name);
    // SAFETY: the catalog is read in a transaction; the name is a C string.
    name.is_ok_and(|it| unsafe {
        pg_sys::get_database_oid(it.as_ptr(), true) != pg_sys::InvalidOid
    })
}

unsafe fn text(name: *const std::ffi::c_char) -> Option<String> {
    // SAFETY: the caller's name is null or a C string, which is copied.
    unsafe { (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned()) }
}

unsafe fn option(options: *mut pg_sys::List, name: &CStr) -> Option<*mut pg_sys::DefElem> {
    // SAFETY: a list of the parser's, of DefElem nodes.
    unsafe {
        let options = pgrx::PgList::<pg_sys::DefElem>::from_pg(options);
        options.iter_ptr().find(|it| {
            let it = &**it;
            !it.defname.is_null() && !it.arg.is_null() && CStr::from_ptr(it.defname) == name
        })
    }
}

/// A role that has no right to such a statement must not stop the calls by trying.
fn may_reserve(database: &str) -> bool {
    let Ok(name) = std::ffi::CString::new(database) else {
        return false;
    };
    // SAFETY: within a statement, so in a transaction: the catalog can be read; the row is pinned until it is released.
    unsafe {
        let caller = pg_sys::GetUserId();
        if pg_sys::superuser_arg(caller) {
            return true;
        }
        let oid = pg_sys::get_database_oid(name.as_ptr(), true);
        let key = pg_sys::Datum::from(oid);
        let row = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::DATABASEOID as i32, key);
        if row.is_null() {
            return false;
        }
        let owner = (*pg_sys::GETSTRUCT(row).cast::<pg_sys::FormData_pg_database>()).datdba;
        pg_sys::ReleaseSysCache(row);
        pg_sys::has_privs_of_role(caller, owner)
    }
}

/// A served database without its worker, for as long as this lives (or its session: see `Slot::holder`).
struct DatabaseReservation(&'static shmem::Slot);

impl DatabaseReservation {
    fn take(database: &str) -> Option<Self> {
        let index = guc::databases()
            .iter()
            .position(|served| served == database)?;
        let slot = shmem::slot(index)?;
        let reservation = slot.hold().then_some(Self(slot))?;
        reservation.wait_for_worker_to_leave();
        Some(reservation)
    }

    /// In vain if it takes too long: then PostgreSQL says who is still there.
    fn wait_for_worker_to_leave(&self) {
        let started = Instant::now();
        let mut asked = None;
        while let Some(pid) = self.0.worker_pid() {
            if started.elapsed() > LONGEST_WAIT {
                return;
            }
            if asked != Some(pid) {
                // SAFETY: a signal to a process of this server; one that is gone makes it an error, which says nothing.
                unsafe { libc::kill(pid, libc::SIGTERM) };
                asked = Some(pid);
            }
            pgrx::check_for_interrupts!();
            let flags = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
            // SAFETY: this process waits for its own latch.
            unsafe {
                pg_sys::WaitLatch(pg_sys::MyLatch, flags as i32, 10, pg_sys::PG_WAIT_EXTENSION);
                pg_sys::ResetLatch(pg_sys::MyLatch);
            }
        }
    }
}

impl Drop for DatabaseReservation {
    fn drop(&mut self) {
        self.0.release();
    }
}
