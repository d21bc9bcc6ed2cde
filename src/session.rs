//! What the worker's session needs: settings, locks that SQL cannot take, the identity of the extension.

use std::ffi::CStr;
use std::sync::atomic::{AtomicU32, Ordering};

use pgrx::prelude::*;

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
        // it waits for no row, but others may hold a table, or a row it did not expect to be held: all calls wait meanwhile
        (c"lock_timeout", c"200ms"),
        (c"transaction_timeout", c"0"),
        (c"default_transaction_isolation", c"read committed"),
        (c"default_transaction_read_only", c"off"),
        (c"row_security", c"off"),
        // an UPDATE of the worker's is no object mapper's save (sql/util/saved_rows.sql)
        (c"vioc.saved_table", c""),
    ]);
}

pub(crate) fn set_session(settings: &[(&CStr, &CStr)]) {
    for (name, value) in settings {
        // SAFETY: names and values are C strings, which PostgreSQL copies.
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

/// The same until the transaction ends.
pub(crate) fn set_for_transaction(settings: &[(&CStr, &CStr)]) {
    for (name, value) in settings {
        // SAFETY: in a transaction; names and values are C strings, which PostgreSQL copies.
        unsafe {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_SUSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_LOCAL,
                true,
                0,
                false,
            );
        }
    }
}

/// The statements, those inside of SQL functions too, are planned again when they are next run.
pub(crate) fn forget_plans() {
    // SAFETY: only marks plans; those in use are held by who uses them.
    unsafe { pg_sys::ResetPlanCache() };
}

/// The one that was there the last time.
static EXTENSION: AtomicU32 = AtomicU32::new(0);

/// The extension, if it is installed in this database; it then stays until the transaction ends. Needs one.
///
/// DROP EXTENSION locks the extension and then its tables; who does the same never deadlocks with it.
pub(crate) fn extension() -> Option<pg_sys::Oid> {
    let name = c"vioconcierge".as_ptr();
    // each look reads the catalog
    // SAFETY: in a transaction, as said; the name is a C string.
    let find = || unsafe { pg_sys::get_extension_oid(name, true) };
    let known = pg_sys::Oid::from(EXTENSION.load(Ordering::Relaxed));
    if known != pg_sys::InvalidOid {
        lock_extension(known);
        if find() == known {
            return Some(known);
        }
    }
    let extension = find();
    EXTENSION.store(extension.to_u32(), Ordering::Relaxed);
    if extension == pg_sys::InvalidOid {
        return None;
    }
    lock_extension(extension);
    // dropped while this waited?
    (find() == extension).then_some(extension)
}

fn lock_extension(extension: pg_sys::Oid) {
    let mode = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: in a transaction; a wait ends by an error, as in any statement.
    unsafe { pg_sys::LockDatabaseObject(pg_sys::ExtensionRelationId, extension, 0, mode) };
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
