//! The PostgreSQL side of vioconcierge: settings, shared memory, the worker, and the few functions that SQL cannot be.
//!
//! The SQL is in `sql/` and is no business of this crate: `tools/assemble-sql` puts it together. Decisions are pure
//! functions of `vioc-core`; HTTP is `vioc-retell`, whose threads cannot name PostgreSQL.
//!
//! | module | holds |
//! | --- | --- |
//! | `guc` | the settings, and what they may say |
//! | `shmem` | shared memory: a slot per served database, the status of its worker, clocks, waiters, progress |
//! | `launcher` | keeps one worker running for each served database |
//! | `worker` | the worker: its loop and its duties, a file each |
//! | `statements` | every statement of the worker, and the rows that it reads |
//! | `tx` | a transaction of the worker's, whose error is a value |
//! | `session` | the settings and locks of the worker's session, the identity of the extension |
//! | `signals` | SIGTERM and SIGINT in the worker, also during a commit |
//! | `native` | functions that SQL declares |
//! | `door` | which user's rights were checked when a public function was called |
//! | `reader` | which user's rights a policy asks about |
//! | `xact` | what the end of a transaction sets off: it wakes the worker |
//! | `wait_for_change` | sessions that wait for what the worker does |
//! | `unowned_ddl` | statements by which a role that may not do them would stop everybody's calls |
//! | `database_ddl` | DROP DATABASE and the like, which need a database without sessions |
#![allow(unsafe_code)] // pgrx's macros and PostgreSQL's C interface

use pgrx::prelude::*;

mod database_ddl;
mod door;
mod guc;
mod launcher;
mod native;
mod reader;
mod session;
mod shmem;
mod signals;
mod statements;
mod tx;
mod unowned_ddl;
mod wait_for_change;
mod worker;
mod xact;

#[cfg(not(panic = "unwind"))]
compile_error!("an error of PostgreSQL is a panic here: it must unwind, or it ends the server");

pgrx::pg_module_magic!(name, version);

/// Loaded by the postmaster (`shared_preload_libraries`): everything. Loaded by one backend, because a function was
/// called in a server that does not preload it: settings with their defaults only; nothing can be dialled there.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    forget_backtraces();
    // SAFETY: a flag of PostgreSQL's.
    let preloading = unsafe { pg_sys::process_shared_preload_libraries_in_progress };
    guc::init(preloading);
    xact::init();
    if preloading {
        shmem::init();
        // pg_upgrade starts both servers: no call may be made then, and no database held
        // SAFETY: a flag of PostgreSQL's.
        if !unsafe { pg_sys::IsBinaryUpgrade } {
            launcher::init();
            database_ddl::init();
        }
    }
}

/// Whether errors carry a backtrace is decided by the environment when the first one is asked for, and then for good: it is
/// asked for here, so that RUST_BACKTRACE in the server's environment brings none into errors and logs.
fn forget_backtraces() {
    const NAME: &str = "RUST_LIB_BACKTRACE";
    let before = std::env::var_os(NAME);
    // SAFETY: while a library is loaded this process has no other thread that reads the environment.
    unsafe { std::env::set_var(NAME, "0") };
    drop(std::backtrace::Backtrace::capture());
    // SAFETY: as above.
    unsafe {
        match before {
            Some(value) => std::env::set_var(NAME, value),
            None => std::env::remove_var(NAME),
        }
    }
}
