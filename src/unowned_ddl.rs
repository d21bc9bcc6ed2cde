//! Statements by which a role that may not do them would stop everybody's calls.
//!
//! PostgreSQL asks for the lock of some statements before it asks whether the role may do them: CREATE RULE and TRIGGER,
//! foreign keys, partitions, DEPENDS ON EXTENSION, DROP EXTENSION. Such a request may wait for a transaction of the same
//! role, and all who come later wait behind it. COMMENT, CREATE STATISTICS, INHERIT and publications ask for a lock that
//! autovacuum holds, and PostgreSQL cancels it for them: asked again and again, no large table is ever vacuumed. A GRANT or REVOKE of what is not one's to give ends with a warning, and
//! until its transaction ends nobody else can give or take the object's rights. They are refused here, before they begin.
//!
//! A name without a schema may mean another object when PostgreSQL looks it up, if that was renamed meanwhile. So it is
//! ours if it can be ours.

use std::ffi::CStr;

use pgrx::prelude::*;

const REASON: &str = "PostgreSQL would wait for its lock before it refuses, and others would wait behind. If you mean an object of your own, write its schema.";

/// What PostgreSQL calls a privilege that nobody can have: only the owner may.
const OWNER_ONLY: pg_sys::AclMode = 0;

// As PostgreSQL's constants say; the type of a set of privileges is wider since version 16.
const TRIGGER: pg_sys::AclMode = 1 << pg_sys::ACL_TRIGGER.trailing_zeros();
const REFERENCES: pg_sys::AclMode = 1 << pg_sys::ACL_REFERENCES.trailing_zeros();

/// Options to grant are the upper half of an AclMode.
const GRANT_OPTIONS: pg_sys::AclMode = pg_sys::AclMode::MAX << (pg_sys::AclMode::BITS / 2);

/// Refuses what is described above. Almost every statement passes by its tag.
///
/// # Safety
/// `statement` is one of the parser's, and a transaction is open.
pub(crate) unsafe fn judge(statement: *mut pg_sys::Node, is_top_level: bool) {
    use pg_sys::NodeTag::{
        T_AlterExtensionContentsStmt, T_AlterObjectDependsStmt, T_AlterPublicationStmt,
        T_AlterTableStmt, T_CommentStmt, T_CreateForeignTableStmt, T_CreatePublicationStmt,
        T_CreateStatsStmt, T_CreateStmt, T_CreateTrigStmt, T_DropOwnedStmt, T_DropStmt,
        T_GrantStmt, T_RuleStmt,
    };
    // SAFETY: as said.
    unsafe {
        if matches!(
            (*statement).type_,
            T_AlterExtensionContentsStmt
                | T_AlterObjectDependsStmt
                | T_AlterPublicationStmt
                | T_AlterTableStmt
                | T_CommentStmt
                | T_CreateForeignTableStmt
                | T_CreatePublicationStmt
                | T_CreateStatsStmt
                | T_CreateStmt
                | T_CreateTrigStmt
                | T_DropOwnedStmt
                | T_DropStmt
                | T_GrantStmt
                | T_RuleStmt
        ) {
            judge_unowned(statement, is_top_level);
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn judge_unowned(statement: *mut pg_sys::Node, is_top_level: bool) {
    use pg_sys::NodeTag::{
        T_AlterExtensionContentsStmt, T_AlterObjectDependsStmt, T_AlterPublicationStmt,
        T_AlterTableStmt, T_CommentStmt, T_CreateForeignTableStmt, T_CreatePublicationStmt,
        T_CreateStatsStmt, T_CreateStmt, T_CreateTrigStmt, T_DropOwnedStmt, T_DropStmt,
        T_GrantStmt, T_RuleStmt,
    };
    // SAFETY: each node is cast to what its tag says.
    unsafe {
        let Some(role) = Stranger::here() else {
            return;
        };
        match (*statement).type_ {
            T_CreateTrigStmt => {
                let it = &*statement.cast::<pg_sys::CreateTrigStmt>();
                role.judge_relation(it.relation, TRIGGER);
            }
            T_RuleStmt => {
                let it = &*statement.cast::<pg_sys::RuleStmt>();
                role.judge_relation(it.relation, OWNER_ONLY);
            }
            T_CreateStmt | T_CreateForeignTableStmt => {
                // a foreign table begins with what a table has
                let it = &*statement.cast::<pg_sys::CreateStmt>();
                for parent in nodes::<pg_sys::RangeVar>(it.inhRelations) {
                    role.judge_relation(parent, OWNER_ONLY);
                }
                for node in nodes(it.tableElts).chain(nodes(it.constraints)) {
                    role.judge_part(node);
                }
            }
            T_AlterTableStmt => {
                let it = &*statement.cast::<pg_sys::AlterTableStmt>();
                for command in nodes::<pg_sys::AlterTableCmd>(it.cmds) {
                    role.judge_part((*command).def);
                }
            }
            T_CommentStmt => {
                let it = &*statement.cast::<pg_sys::CommentStmt>();
                role.judge_named(it.objtype, it.object);
            }
            // of an extension of its own
            T_AlterExtensionContentsStmt => {
                let it = &*statement.cast::<pg_sys::AlterExtensionContentsStmt>();
                role.judge_named(it.objtype, it.object);
            }
            T_CreateStatsStmt => {
                let it = &*statement.cast::<pg_sys::CreateStatsStmt>();
                for relation in nodes::<pg_sys::RangeVar>(it.relations) {
                    role.judge_relation(relation, OWNER_ONLY);
                }
            }
            T_CreatePublicationStmt => {
                let it = &*statement.cast::<pg_sys::CreatePublicationStmt>();
                role.judge_published(it.pubobjects);
            }
            T_AlterPublicationStmt => {
                let it = &*statement.cast::<pg_sys::AlterPublicationStmt>();
                role.judge_published(it.pubobjects);
            }
            T_AlterObjectDependsStmt => {
                let it = &*statement.cast::<pg_sys::AlterObjectDependsStmt>();
                role.judge_extension(it.extname);
                role.judge_relation(it.relation, OWNER_ONLY);
            }
            T_DropStmt => {
                let it = &*statement.cast::<pg_sys::DropStmt>();
                if it.removeType == pg_sys::ObjectType::OBJECT_EXTENSION {
                    for name in nodes::<pg_sys::String>(it.objects) {
                        role.judge_extension(name);
                    }
                }
            }
            // its own rights on our objects too; who makes roles may need it beside other statements
            T_DropOwnedStmt if !pg_sys::has_createrole_privilege(role.user) => {
                pg_sys::PreventInTransactionBlock(is_top_level, c"DROP OWNED".as_ptr());
            }
            T_GrantStmt => role.judge_grant(&*statement.cast::<pg_sys::GrantStmt>()),
            _ => {}
        }
    }
}

/// A role without the rights of who owns the extension, in a database that has it.
struct Stranger {
    user: pg_sys::Oid,
    schema: pg_sys::Oid,
}

impl Stranger {
    unsafe fn here() -> Option<Self> {
        // SAFETY: the catalog is read in a transaction; its row is pinned until it is released.
        unsafe {
            let user = pg_sys::GetUserId();
            let schema = pg_sys::get_namespace_oid(c"vioc".as_ptr(), true);
            if schema == pg_sys::InvalidOid {
                return None;
            }
            let key = pg_sys::Datum::from(schema);
            let row = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::NAMESPACEOID as i32, key);
            if row.is_null() {
                return None;
            }
            let owner = (*pg_sys::GETSTRUCT(row).cast::<pg_sys::FormData_pg_namespace>()).nspowner;
            pg_sys::ReleaseSysCache(row);
            (!pg_sys::has_privs_of_role(user, owner)).then_some(Self { user, schema })
        }
    }

    /// One of our tables or of PostgreSQL's own, which every statement of everybody reads.
    unsafe fn judge_relation(&self, relation: *mut pg_sys::RangeVar, right: pg_sys::AclMode) {
        // SAFETY: the parser's node, or null; the list is a copy.
        unsafe {
            let Some(relation) = relation.as_ref() else {
                return;
            };
            let catalogs = pg_sys::Oid::from_u32(pg_sys::PG_CATALOG_NAMESPACE);
            for (name, schema) in [(c"vioc", self.schema), (c"pg_catalog", catalogs)] {
                let may_be_there = if relation.schemaname.is_null() {
                    pgrx::PgList::<pg_sys::Oid>::from_pg(pg_sys::fetch_search_path(true))
                        .iter_oid()
                        .any(|it| it == schema)
                } else {
                    CStr::from_ptr(relation.schemaname) == name
                };
                if !may_be_there {
                    continue;
                }
                let oid = pg_sys::get_relname_relid(relation.relname, schema);
                if oid != pg_sys::InvalidOid && !self.has(oid, right) {
                    let relation = CStr::from_ptr(relation.relname).to_string_lossy();
                    refuse(&format!("{}.{relation}", name.to_string_lossy()));
                }
            }
        }
    }

    /// Whether the role has this right on a relation, or on some of its columns.
    unsafe fn has(&self, relation: pg_sys::Oid, right: pg_sys::AclMode) -> bool {
        let any = pg_sys::AclMaskHow::ACLMASK_ANY;
        let ok = pg_sys::AclResult::ACLCHECK_OK;
        // SAFETY: the catalog is read in a transaction.
        unsafe {
            right != OWNER_ONLY
                && (pg_sys::pg_class_aclcheck(relation, self.user, right) == ok
                    || pg_sys::pg_attribute_aclcheck_all(relation, self.user, right, any) == ok)
        }
    }

    /// A relation, or a column of one, that a statement names as an object of that kind.
    unsafe fn judge_named(&self, kind: pg_sys::ObjectType::Type, object: *mut pg_sys::Node) {
        use pg_sys::ObjectType::{
            OBJECT_COLUMN, OBJECT_FOREIGN_TABLE, OBJECT_INDEX, OBJECT_MATVIEW, OBJECT_SEQUENCE,
            OBJECT_TABLE, OBJECT_VIEW,
        };
        let parts_of_column = match kind {
            OBJECT_COLUMN => 1,
            OBJECT_TABLE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_FOREIGN_TABLE | OBJECT_INDEX
            | OBJECT_SEQUENCE => 0,
            _ => return,
        };
        // SAFETY: the name of such an object is a list of String nodes, of a column with the column's own at the end.
        unsafe {
            let mut names: Vec<_> = nodes::<pg_sys::String>(object.cast()).collect();
            names.truncate(names.len() - parts_of_column.min(names.len()));
            let mut relation: pg_sys::RangeVar = std::mem::zeroed();
            // before the schema there may be the database's name
            relation.relname = names.pop().map_or(std::ptr::null_mut(), |it| (*it).sval);
            relation.schemaname = names.pop().map_or(std::ptr::null_mut(), |it| (*it).sval);
            if !relation.relname.is_null() {
                self.judge_relation(&raw mut relation, OWNER_ONLY);
            }
        }
    }

    unsafe fn judge_published(&self, objects: *mut pg_sys::List) {
        // SAFETY: a list of PublicationObjSpec nodes, those of tables with one.
        unsafe {
            for object in nodes::<pg_sys::PublicationObjSpec>(objects) {
                if let Some(table) = (*object).pubtable.as_ref() {
                    self.judge_relation(table.relation, OWNER_ONLY);
                }
            }
        }
    }

    /// A column, a constraint, a partition or a parent that a statement adds to a table.
    unsafe fn judge_part(&self, part: *mut pg_sys::Node) {
        use pg_sys::NodeTag::{T_ColumnDef, T_Constraint, T_PartitionCmd, T_RangeVar};
        // SAFETY: the parser's node, or null, cast to what its tag says.
        unsafe {
            match part.as_ref().map(|it| it.type_) {
                Some(T_ColumnDef) => {
                    for constraint in nodes((*part.cast::<pg_sys::ColumnDef>()).constraints) {
                        self.judge_part(constraint);
                    }
                }
                Some(T_Constraint) => {
                    let table = (*part.cast::<pg_sys::Constraint>()).pktable;
                    self.judge_relation(table, REFERENCES);
                }
                Some(T_PartitionCmd) => {
                    let partition = (*part.cast::<pg_sys::PartitionCmd>()).name;
                    self.judge_relation(partition, OWNER_ONLY);
                }
                Some(T_RangeVar) => self.judge_relation(part.cast(), OWNER_ONLY),
                _ => {}
            }
        }
    }

    unsafe fn judge_extension(&self, name: *mut pg_sys::String) {
        // SAFETY: the parser's node.
        if unsafe { text(name) } == Some(c"vioconcierge") {
            refuse("extension vioconcierge");
        }
    }

    /// Each of those that name an object of ours; an option to grant, given by hand, counts.
    unsafe fn judge_grant(&self, grant: &pg_sys::GrantStmt) {
        use pg_sys::ObjectType::{
            OBJECT_FUNCTION, OBJECT_PROCEDURE, OBJECT_ROUTINE, OBJECT_SCHEMA, OBJECT_SEQUENCE,
            OBJECT_TABLE,
        };
        // SAFETY: the nodes of the list are what the kind of the target and of its objects say.
        unsafe {
            let is_whole_schema =
                grant.targtype == pg_sys::GrantTargetType::ACL_TARGET_ALL_IN_SCHEMA;
            match grant.objtype {
                _ if is_whole_schema => self.judge_schemas(grant.objects),
                OBJECT_SCHEMA => self.judge_schemas(grant.objects),
                OBJECT_TABLE | OBJECT_SEQUENCE => {
                    for relation in nodes::<pg_sys::RangeVar>(grant.objects) {
                        self.judge_relation(relation, GRANT_OPTIONS);
                    }
                }
                OBJECT_FUNCTION | OBJECT_PROCEDURE | OBJECT_ROUTINE => {
                    for function in nodes::<pg_sys::ObjectWithArgs>(grant.objects) {
                        self.judge_function((*function).objname);
                    }
                }
                _ => {}
            }
        }
    }

    unsafe fn judge_schemas(&self, names: *mut pg_sys::List) {
        // SAFETY: a list of String nodes.
        unsafe {
            if nodes::<pg_sys::String>(names).any(|it| text(it) == Some(c"vioc")) {
                refuse("schema vioc");
            }
        }
    }

    /// Public functions are in a schema of the operator's choice, so each of the name is looked at.
    unsafe fn judge_function(&self, names: *mut pg_sys::List) {
        // SAFETY: a list of String nodes; the catalog's rows are pinned until the list is released.
        unsafe {
            let mut names: Vec<_> = nodes::<pg_sys::String>(names).collect();
            let Some(name) = names.pop().and_then(|it| text(it)) else {
                return;
            };
            let schema = names.pop().and_then(|it| text(it));
            let extension = pg_sys::get_extension_oid(c"vioconcierge".as_ptr(), true);
            let found = pg_sys::SearchSysCacheList(
                pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
                1,
                name.as_ptr().into(),
                pg_sys::Datum::null(),
                pg_sys::Datum::null(),
            );
            let count = (*found).n_members as usize;
            let is_ours = (*found).members.as_slice(count).iter().any(|it| {
                let row = pg_sys::GETSTRUCT(&raw mut (**it).tuple);
                let row = &*row.cast::<pg_sys::FormData_pg_proc>();
                let lies_there = schema.is_none_or(|it| {
                    pg_sys::get_namespace_oid(it.as_ptr(), true) == row.pronamespace
                });
                lies_there
                    && extension != pg_sys::InvalidOid
                    && pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, row.oid)
                        == extension
            });
            pg_sys::ReleaseCatCacheList(found);
            if is_ours {
                refuse(&format!("function {}", name.to_string_lossy()));
            }
        }
    }
}

/// Names an object that is not the role's.
pub(crate) fn refuse(what: &str) {
    ereport!(
        ERROR,
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("must be owner of {what}"),
        REASON
    );
}

/// The nodes of one of the parser's lists, which all are of this kind.
unsafe fn nodes<T>(list: *mut pg_sys::List) -> impl Iterator<Item = *mut T> {
    // SAFETY: as said; null is an empty list.
    let list = unsafe { pgrx::PgList::<T>::from_pg(list) };
    (0..list.len()).filter_map(move |place| list.get_ptr(place))
}

unsafe fn text<'a>(name: *mut pg_sys::String) -> Option<&'a CStr> {
    // SAFETY: the parser's node, which lives as long as the statement.
    unsafe {
        let name = (*name).sval;
        (!name.is_null()).then(|| CStr::from_ptr(name))
    }
}
