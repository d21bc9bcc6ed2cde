//! Who speaks: the door between a public function and the private one behind it.
//!
//! PostgreSQL checks EXECUTE for `current_user`, and inside a `security definer` function `current_user` is the owner. So
//! each public function is a door: declared `language c`, not a definer. It notes the user whose right was checked, then
//! calls the function of the same name and argument types in `vioc`, a definer that has no EXECUTE right for any role.
//! [`caller`] is the user that the innermost open door noted. A session setting, `session_user` and the `role` setting
//! never count: PostgreSQL runs index expressions and materialized views as their owner inside other users' sessions.
//!
//! The private code finds tables and functions by name, with the owner's rights. So the door first keeps the extension from
//! being dropped until the transaction ends: while a call waits for a lock, the owner of the database could drop it by a
//! cascade, and put a schema `vioc` of its own in its place.

use std::ffi::CStr;

use pgrx::prelude::*;

/// Doors that can be open at once, each inside the one before: private code opens none.
const MOST_OPEN: usize = 64;

/// Arguments that a public function can have.
const MOST_ARGUMENTS: usize = 16;

#[derive(Clone, Copy)]
struct Visitor {
    user: pg_sys::Oid,
    /// The (sub)transaction in which the door was opened; its rollback closes the door.
    nest_level: i32,
}

static mut OPEN: usize = 0;
/// This transaction keeps the extension from being dropped.
static mut IS_KEPT: bool = false;
static mut VISITORS: [Visitor; MOST_OPEN] = [Visitor {
    user: pg_sys::InvalidOid,
    nest_level: 0,
}; MOST_OPEN];

/// PostgreSQL's own, without pgrx around it: neither can fail.
mod raw {
    use pgrx::pg_sys;
    unsafe extern "C-unwind" {
        pub(super) fn GetUserId() -> pg_sys::Oid;
        pub(super) fn GetCurrentTransactionNestLevel() -> i32;
    }
}

/// The transaction has ended.
pub(crate) fn close_all() {
    // SAFETY: a backend has one thread.
    unsafe {
        OPEN = 0;
        IS_KEPT = false;
    }
}

/// A subtransaction is rolled back: the doors that were opened in it are closed.
pub(crate) fn close_rolled_back() {
    // SAFETY: a backend has one thread, and OPEN never exceeds MOST_OPEN.
    unsafe {
        // the lock goes with the subtransaction that took it
        IS_KEPT = false;
        let level = raw::GetCurrentTransactionNestLevel();
        while OPEN > 0 && VISITORS[OPEN - 1].nest_level >= level {
            OPEN -= 1;
        }
    }
}

/// A call's information with room for its arguments, as `LOCAL_FCINFO` makes it.
#[repr(C)]
struct LocalCall {
    base: pg_sys::FunctionCallInfoBaseData,
    arguments: [pg_sys::NullableDatum; MOST_ARGUMENTS],
}

#[unsafe(no_mangle)]
#[doc(hidden)]
pub(crate) extern "C" fn pg_finfo_door_wrapper() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The C function of every public function.
///
/// An error of the private function jumps over this frame: pgrx's guard would catch it, raise it again and lose
/// SQLSTATEs that are not PostgreSQL's own. Nothing here has a destructor.
///
/// # Safety
/// PostgreSQL calls it.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C-unwind" fn door_wrapper(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: fcinfo is PostgreSQL's and valid for this call; its arguments are copied, as many as there are and as
    // `private_function` has found to fit; a backend has one thread.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        if !IS_KEPT {
            keep_extension();
            IS_KEPT = true;
        }
        if (*flinfo).fn_extra.is_null() {
            (*flinfo).fn_extra = private_function(flinfo).cast();
        }
        let private = (*flinfo).fn_extra.cast::<pg_sys::FmgrInfo>();
        let (Some(function), true) = ((*private).fn_addr, OPEN < MOST_OPEN) else {
            refuse();
            return pg_sys::Datum::null();
        };

        let count = (*fcinfo).nargs as usize;
        let mut call: LocalCall = std::mem::zeroed();
        let given = (&raw const (*fcinfo).args).cast::<pg_sys::NullableDatum>();
        std::ptr::copy_nonoverlapping(given, call.arguments.as_mut_ptr(), count);
        call.base.flinfo = private;
        call.base.context = (*fcinfo).context;
        call.base.resultinfo = (*fcinfo).resultinfo;
        // The caller's collation may hold any two texts for equal: the owner's code compares by the database's.
        if (*fcinfo).fncollation != pg_sys::InvalidOid {
            call.base.fncollation = pg_sys::DEFAULT_COLLATION_OID;
        }
        call.base.nargs = (*fcinfo).nargs;

        let depth = OPEN;
        VISITORS[depth] = Visitor {
            user: raw::GetUserId(),
            nest_level: raw::GetCurrentTransactionNestLevel(),
        };
        OPEN = depth + 1;
        let result = function(&raw mut call.base);
        OPEN = depth;
        (*fcinfo).isnull = call.base.isnull;
        result
    }
}

/// Before anything is found by name: what a door waits for later is a table of the extension's, and no other's.
#[pg_guard]
extern "C-unwind" fn keep_extension() {
    if crate::session::extension().is_none() {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
            "the extension vioconcierge has just been dropped"
        );
    }
}

/// The private function behind a door, to be called as long as `flinfo` lives.
#[pg_guard]
unsafe extern "C-unwind" fn private_function(
    flinfo: *mut pg_sys::FmgrInfo,
) -> *mut pg_sys::FmgrInfo {
    // SAFETY: catalog rows are read while they are pinned; the result is allocated where flinfo lives.
    unsafe {
        let door = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::PROCOID as i32,
            (*flinfo).fn_oid.into(),
        );
        if door.is_null() {
            error!("cache lookup failed for function {}", (*flinfo).fn_oid);
        }
        let door_row = pg_sys::GETSTRUCT(door).cast::<pg_sys::FormData_pg_proc>();
        let private = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            pg_sys::Datum::from(&raw const (*door_row).proname),
            pg_sys::Datum::from(&raw const (*door_row).proargtypes),
            pg_sys::get_namespace_oid(c"vioc".as_ptr(), false).into(),
        );
        let mut function = pg_sys::InvalidOid;
        if !private.is_null() {
            let row = pg_sys::GETSTRUCT(private).cast::<pg_sys::FormData_pg_proc>();
            // never one that another role has put there
            if (*row).proowner == (*door_row).proowner
                && (*row).prosecdef
                && !(*row).proisstrict
                && (*row).pronargs as usize <= MOST_ARGUMENTS
            {
                function = (*row).oid;
            }
            pg_sys::ReleaseSysCache(private);
        }
        let name = CStr::from_ptr((*door_row).proname.data.as_ptr())
            .to_string_lossy()
            .into_owned();
        pg_sys::ReleaseSysCache(door);
        if function == pg_sys::InvalidOid {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
                format!("{name} has no private function in schema vioc of the same owner"),
                "Both belong to the extension: drop extension vioconcierge; create extension vioconcierge;"
            );
        }
        let size = size_of::<pg_sys::FmgrInfo>();
        let info =
            pg_sys::MemoryContextAllocZero((*flinfo).fn_mcxt, size).cast::<pg_sys::FmgrInfo>();
        pg_sys::fmgr_info_cxt(function, info, (*flinfo).fn_mcxt);
        // the result's type may depend on the expression
        (*info).fn_expr = (*flinfo).fn_expr;
        info
    }
}

#[pg_guard]
extern "C-unwind" fn refuse() {
    ereport!(
        ERROR,
        PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX,
        "too many functions of vioconcierge call each other",
        "Look for a trigger or function of your own that calls itself."
    );
}

/// `vioc.caller`: the role whose EXECUTE right PostgreSQL checked at the innermost open door.
#[pg_extern(sql = false)]
fn caller() -> String {
    // SAFETY: the name is allocated in the current memory context.
    unsafe { CStr::from_ptr(pg_sys::GetUserNameFromId(visitor(), false)) }
        .to_string_lossy()
        .into_owned()
}

/// `vioc.caller_is_owner`: whether that role has the rights of the owner, who is the current user behind a door.
#[pg_extern(sql = false)]
fn caller_is_owner() -> bool {
    // SAFETY: both are roles; neither call keeps anything.
    unsafe { pg_sys::has_privs_of_role(visitor(), raw::GetUserId()) }
}

fn visitor() -> pg_sys::Oid {
    // SAFETY: a backend has one thread; OPEN is the number of visitors that are set.
    let user = unsafe {
        let open = OPEN;
        (open > 0).then(|| VISITORS[open - 1].user)
    };
    user.unwrap_or_else(|| {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            "a private function of vioconcierge was called directly",
            "Call a vioc_ function: select * from vioc_help();"
        );
    })
}
