//! The PostgreSQL side of vioconcierge: settings, shared memory, the worker, and the few functions that SQL cannot be.
//!
//! The SQL is in `sql/` and is no business of this crate: `tools/assemble-sql` puts it together. Decisions are pure
//! functions of `vioc-core`; HTTP is `vioc-retell`, whose threads cannot name PostgreSQL.
#![allow(unsafe_code)] // pgrx's macros and PostgreSQL's C interface

mod api;
mod clock;
mod config;
mod db;
mod detach;
mod door;
mod errand;
mod launcher;
mod queue;
mod shared;
mod stop;
mod wake;
mod worker;

use pgrx::prelude::*;

pgrx::pg_module_magic!(name, version);

/// Loaded by the postmaster (`shared_preload_libraries`): everything. Loaded by one backend, because a function was
/// called in a server that does not preload it: settings with their defaults only; nothing can be dialled there.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    let preloading = unsafe { pg_sys::process_shared_preload_libraries_in_progress };
    config::init(preloading);
    door::init();
    if preloading {
        shared::init();
        // pg_upgrade starts both servers: nobody may dial then, nor hold a database
        if !unsafe { pg_sys::IsBinaryUpgrade } {
            launcher::init();
            detach::init();
        }
    }
}
