//! Whose rights a policy asks about: the current user's or, where a table is read through a view, the view's owner's.
//!
//! PostgreSQL checks the rights on a table for the owner of the view through which it is read, and applies the policies of
//! that role; but functions inside a policy see the current user. The planner knows the difference (`checkAsUser`), so the
//! policies call `vioc.tenants_read(access, column)`, which the planner's support function below replaces: it follows the
//! column to its table, and from there to the user whose rights were checked.

use std::hash::BuildHasher;

use pgrx::prelude::*;

/// Proves to `vioc.reader_tenants` that the planner, not a user, has asked about this role.
#[derive(Default)]
struct Prover(std::hash::RandomState);

impl Prover {
    fn proof(&self, access: &str, reader: pg_sys::Oid) -> i64 {
        self.0.hash_one((access, reader.to_u32())).cast_signed()
    }
}

thread_local! {
    /// Plans do not leave the backend; nor does this.
    static PROVER: Prover = Prover::default();
}

/// EXPLAIN shows the proof, so that a user may ask too: what is then found by name is the extension's, as behind a door.
#[pg_extern(sql = false)]
fn is_reader(access: &str, reader: pg_sys::Oid, proof: i64) -> bool {
    crate::session::extension().is_some() && PROVER.with(|it| it.proof(access, reader) == proof)
}

#[unsafe(no_mangle)]
#[doc(hidden)]
pub(crate) extern "C" fn pg_finfo_find_reader_wrapper() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The support function of `vioc.tenants_read`.
///
/// # Safety
/// The planner calls it.
#[unsafe(no_mangle)]
#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn find_reader_wrapper(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: a support function has one argument, a node; only the request to simplify is answered.
    unsafe {
        let argument = (&raw const (*fcinfo).args).cast::<pg_sys::NullableDatum>();
        let request = (*argument).value.cast_mut_ptr::<pg_sys::Node>();
        if request.is_null() || (*request).type_ != pg_sys::NodeTag::T_SupportRequestSimplify {
            return pg_sys::Datum::null();
        }
        let request = request.cast::<pg_sys::SupportRequestSimplify>();
        pg_sys::Datum::from(simplified((*request).root, (*request).fcall))
    }
}

/// `vioc.tenants_seen(access)` for the current user, else `vioc.reader_tenants(access, reader, proof)`.
unsafe fn simplified(
    root: *mut pg_sys::PlannerInfo,
    call: *mut pg_sys::FuncExpr,
) -> *mut pg_sys::Node {
    // SAFETY: the planner's own nodes, which live longer than this; the new ones are in its memory context.
    unsafe {
        let access = pg_sys::list_nth((*call).args, 0).cast::<pg_sys::Node>();
        let column = pg_sys::list_nth((*call).args, 1).cast::<pg_sys::Node>();
        let namespace = pg_sys::get_func_namespace((*call).funcid);
        let reader = reader_of(root, column, namespace);
        let (name, types) = match reader {
            None => (c"tenants_seen", &[pg_sys::TEXTOID][..]),
            Some(_) => (
                c"reader_tenants",
                &[pg_sys::TEXTOID, pg_sys::OIDOID, pg_sys::INT8OID][..],
            ),
        };
        let function = pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            1, // pg_proc.oid
            name.as_ptr().into(),
            pg_sys::buildoidvector(types.as_ptr(), types.len() as i32).into(),
            namespace.into(),
            pg_sys::Datum::null(),
        );
        let mut arguments = pg_sys::lappend(std::ptr::null_mut(), access.cast());
        if let Some(reader) = reader {
            let asked = constant_text(access);
            let proof = PROVER.with(|it| it.proof(&asked, reader));
            for (of_type, value, size) in [
                (pg_sys::OIDOID, pg_sys::Datum::from(reader), 4),
                (pg_sys::INT8OID, pg_sys::Datum::from(proof), 8),
            ] {
                let constant =
                    pg_sys::makeConst(of_type, -1, pg_sys::InvalidOid, size, value, false, true);
                arguments = pg_sys::lappend(arguments, constant.cast());
            }
        }
        pg_sys::makeFuncExpr(
            function,
            (*call).funcresulttype,
            arguments,
            pg_sys::InvalidOid,
            (*call).inputcollid,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        )
        .cast()
    }
}

/// The user, other than the current one, whose rights were checked on the table that this column is of: a table of ours, with
/// policies. A user may write the call too, and PostgreSQL plans parts of a query with another part's `root`, so that the
/// column may seem to be of anything, or of nothing.
unsafe fn reader_of(
    mut root: *mut pg_sys::PlannerInfo,
    column: *mut pg_sys::Node,
    namespace: pg_sys::Oid,
) -> Option<pg_sys::Oid> {
    // SAFETY: the planner's own nodes; places in its lists are compared with their lengths.
    unsafe {
        if (*column).type_ != pg_sys::NodeTag::T_Var {
            return None;
        }
        let column = column.cast::<pg_sys::Var>();
        for _ in 0..(*column).varlevelsup {
            if root.is_null() {
                break;
            }
            root = (*root).parent_root;
        }
        if root.is_null() {
            return None;
        }
        let query = (*root).parse;
        let table =
            nth((*query).rtable, i64::from((*column).varno))?.cast::<pg_sys::RangeTblEntry>();
        if (*table).rtekind != pg_sys::RTEKind::RTE_RELATION
            || (*table).securityQuals.is_null()
            || pg_sys::get_rel_namespace((*table).relid) != namespace
        {
            return None;
        }
        #[cfg(feature = "pg15")]
        let reader = (*table).checkAsUser;
        #[cfg(not(feature = "pg15"))]
        let reader = {
            let rights = nth((*query).rteperminfos, i64::from((*table).perminfoindex))?;
            (*rights.cast::<pg_sys::RTEPermissionInfo>()).checkAsUser
        };
        (reader != pg_sys::InvalidOid).then_some(reader)
    }
}

/// Of a list, counted from 1.
unsafe fn nth(list: *mut pg_sys::List, place: i64) -> Option<*mut std::ffi::c_void> {
    // SAFETY: a list is null or one of PostgreSQL's; the place is in it.
    unsafe {
        let length = list.as_ref().map_or(0, |it| i64::from(it.length));
        (1..=length)
            .contains(&place)
            .then(|| pg_sys::list_nth(list, (place - 1) as i32))
    }
}

/// The policies write the access as a constant.
unsafe fn constant_text(node: *mut pg_sys::Node) -> String {
    // SAFETY: a constant that is not null holds a text.
    unsafe {
        if (*node).type_ != pg_sys::NodeTag::T_Const {
            return String::new();
        }
        let constant = node.cast::<pg_sys::Const>();
        String::from_datum((*constant).constvalue, (*constant).constisnull).unwrap_or_default()
    }
}
