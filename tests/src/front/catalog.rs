//! The functions PostgREST knows of, and which of them a request means.
//!
//! As PostgREST's schema cache it is read once and again on `NOTIFY pgrst`: a function made later is unknown until then.

use std::collections::BTreeSet;

use postgres::Client;

use super::failure::{Answer, refuse};

#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Empty for an unnamed one.
    pub(crate) name: String,
    /// As SQL writes it.
    pub(crate) type_name: String,
    pub(crate) required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    Void,
    Scalar,
    Composite,
}

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Returns,
    pub(crate) returns_set: bool,
    /// A result domain that is named as a media type (`create domain "text/html" as text`) is sent as it is.
    pub(crate) media_type: Option<String>,
    pub(crate) volatile: bool,
    /// A function-level `SET statement_timeout`, which PostgREST applies to the whole transaction.
    pub(crate) statement_timeout: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Catalog {
    functions: Vec<Function>,
}

const FUNCTIONS: &str = "
    select n.nspname::text, p.proname::text, p.proretset, p.provolatile = 'v', p.prorettype = 'void'::regtype,
           t.typtype = 'c' or coalesce(b.typtype = 'c', false) or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
           a.names, a.types, p.pronargdefaults::int,
           (select o.option_value from pg_options_to_table(p.proconfig) o where o.option_name = 'statement_timeout'),
           case when t.typtype = 'd' and t.typname ~ '^[^/ ]+/[^/ ]+$' then t.typname::text end
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_type t on t.oid = p.prorettype
    left join pg_type b on b.oid = t.typbasetype
    cross join lateral (
      select coalesce(array_agg(coalesce(p.proargnames[i], '') order by i), '{}') as names,
             coalesce(array_agg(format_type(type, null) order by i), '{}') as types
      from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as input (type, i)
      where coalesce(p.proargmodes[i], 'i') in ('i', 'b')
    ) a
    where n.nspname = any ($1) and p.prokind = 'f'
      and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    order by p.oid";

impl Catalog {
    pub(crate) fn load(client: &mut Client, schemas: &[String]) -> Result<Self, postgres::Error> {
        let rows = client.query(FUNCTIONS, &[&schemas])?;
        let functions = rows.iter().map(|row| {
            let names: Vec<String> = row.get(6);
            let types: Vec<String> = row.get(7);
            let first_default = names.len()
                - usize::try_from(row.get::<_, i32>(8))
                    .unwrap_or(0)
                    .min(names.len());
            let parameters = names.into_iter().zip(types).enumerate();
            Function {
                schema: row.get(0),
                name: row.get(1),
                returns_set: row.get(2),
                volatile: row.get(3),
                returns: match (row.get(4), row.get(5)) {
                    (true, _) => Returns::Void,
                    (_, true) => Returns::Composite,
                    _ => Returns::Scalar,
                },
                parameters: parameters
                    .map(|(i, (name, type_name))| Parameter {
                        name,
                        type_name,
                        required: i < first_default,
                    })
                    .collect(),
                statement_timeout: row.get(9),
                media_type: row.get(10),
            }
        });
        let callable = |function: &Function| {
            let unnamed = function
                .parameters
                .iter()
                .filter(|parameter| parameter.name.is_empty())
                .count();
            unnamed == 0 || function.parameters.len() == 1
        };
        Ok(Self {
            functions: functions.filter(callable).collect(),
        })
    }

    /// The function that takes these arguments; else the one with a single unnamed parameter of the body's type.
    pub(crate) fn find(&self, wanted: &Wanted<'_>) -> Answer<Function> {
        let fits = |matches: &dyn Fn(&Function) -> bool| {
            self.functions.iter().find(|function| {
                function.schema == wanted.schema
                    && function.name == wanted.name
                    && matches(function)
            })
        };
        fits(&|function| wanted.matches_by_name(function))
            .or_else(|| fits(&|function| wanted.matches_unnamed(function)))
            .cloned()
            .ok_or_else(|| self.unknown(wanted))
    }

    fn unknown(&self, wanted: &Wanted<'_>) -> Box<super::failure::Failure> {
        let keys: Vec<&str> = wanted.keys.iter().map(String::as_str).collect();
        let arguments = if keys.is_empty() {
            " without parameters".to_owned()
        } else {
            format!("({})", keys.join(", "))
        };
        let Wanted { schema, name, .. } = wanted;
        let failure = refuse(
            404,
            "PGRST202",
            format!("Could not find the function {schema}.{name}{arguments} in the schema cache"),
        );
        let known = self
            .functions
            .iter()
            .any(|function| function.schema == *schema && function.name == *name);
        if known {
            failure.with_hint("There is a function of this name with other parameters")
        } else {
            failure
        }
    }
}

/// What a request asks for.
pub(crate) struct Wanted<'a> {
    pub(crate) schema: &'a str,
    pub(crate) name: &'a str,
    pub(crate) keys: &'a BTreeSet<String>,
    /// The body's content type, for a POST.
    pub(crate) posted: Option<&'a str>,
}

impl Wanted<'_> {
    fn matches_by_name(&self, function: &Function) -> bool {
        let raw = self.posted.is_some_and(is_raw);
        if function.parameters.is_empty() {
            return self.keys.is_empty() && !raw;
        }
        let names = |required: bool| -> BTreeSet<&str> {
            let chosen = function
                .parameters
                .iter()
                .filter(|parameter| parameter.required == required);
            chosen.map(|parameter| parameter.name.as_str()).collect()
        };
        let optional = names(false);
        let given: BTreeSet<&str> = self.keys.iter().map(String::as_str).collect();
        let rest: BTreeSet<&str> = given.difference(&optional).copied().collect();
        rest == names(true)
    }

    fn matches_unnamed(&self, function: &Function) -> bool {
        let ([parameter], Some(kind)) = (&function.parameters[..], self.posted) else {
            return false;
        };
        parameter.name.is_empty()
            && matches!(
                (kind, parameter.type_name.as_str()),
                ("application/json", "json" | "jsonb")
                    | ("text/plain", "text")
                    | ("text/xml", "xml")
                    | ("application/octet-stream", "bytea")
            )
    }
}

/// Content types whose body has no keys.
pub(crate) fn is_raw(kind: &str) -> bool {
    matches!(kind, "text/plain" | "text/xml" | "application/octet-stream")
}
