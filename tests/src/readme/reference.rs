//! The reference part of the README, made from what the database says about itself: `comment on ...` for functions,
//! tables and columns, `pg_settings` for settings. `make docs` writes it, the test `readme` compares it.

use std::fmt::{self, Write as _};

use postgres::{Client, Row};

/// The README's text cut at the marks of its reference part.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Up to and with the opening mark and its line end.
    pub before: &'a str,
    pub reference: &'a str,
    /// From the closing mark on.
    pub after: &'a str,
}

impl<'a> Parts<'a> {
    /// `None` if a mark is missing.
    pub fn of(readme: &'a str) -> Option<Self> {
        let open = readme.find("<!-- reference:")?;
        let start = open + readme[open..].find("-->\n")? + "-->\n".len();
        let end = start + readme[start..].find("<!-- /reference -->")?;
        Some(Self {
            before: &readme[..start],
            reference: &readme[start..end],
            after: &readme[end..],
        })
    }

    pub fn with(&self, reference: &str) -> String {
        format!("{}{reference}{}", self.before, self.after)
    }
}

/// The part between the marks, from a database that has the extension, on a server that has it preloaded.
///
/// # Errors
/// The catalog cannot be read.
pub fn generate(database: &mut Client) -> Result<String, postgres::Error> {
    let mut text = "\n".to_owned();
    functions(database, &mut text)?;
    settings(database, &mut text)?;
    states(database, &mut text)?;
    relations(database, &mut text)?;
    Ok(text)
}

fn functions(database: &mut Client, text: &mut String) -> Result<(), postgres::Error> {
    let mut table = Table::new(["function", "returns", "what it does"]);
    for row in database.query(FUNCTIONS, &[])? {
        let name: &str = row.get("name");
        let arguments: Vec<String> = pieces(&row, "arguments", "defaults", " default ");
        let call = if row.get("is_procedure") { "call " } else { "" };
        let fields: &str = row.get("fields");
        let scalar: &str = row.get("result");
        let returns = match (fields, scalar) {
            ("", "void") => String::new(),
            ("", scalar) => code(&short(scalar)),
            (fields, _) if row.get("is_set") => format!("rows {}", code(&short(fields))),
            (fields, _) => code(&short(fields)),
        };
        table.row([
            code(&format!("{call}{name}({})", arguments.join(", "))),
            returns,
            row.get("comment"),
        ]);
    }
    section("Functions", &table, text);
    Ok(())
}

fn settings(database: &mut Client, text: &mut String) -> Result<(), postgres::Error> {
    let mut table = Table::new(["setting", "default", "takes effect at", "meaning"]);
    for row in database.query(SETTINGS, &[])? {
        let takes_effect: &str = match row.get("context") {
            "postmaster" => "restart",
            "sighup" => "reload",
            "superuser" => "once, by superusers",
            _ => "once",
        };
        let default = match row.get("boot_val") {
            "" => "empty".to_owned(),
            value => code(&with_unit(value, row.get("unit"))),
        };
        table.row([
            code(row.get("name")),
            default,
            takes_effect.to_owned(),
            row.get("short_desc"),
        ]);
    }
    section("Settings", &table, text);
    Ok(())
}

fn states(database: &mut Client, text: &mut String) -> Result<(), postgres::Error> {
    let mut table = Table::new(["type", "values", "meaning"]);
    for row in database.query(DOMAINS, &[])? {
        let values: Vec<String> = row
            .get::<_, Vec<String>>("states")
            .iter()
            .map(|value| code(value))
            .collect();
        table.row([code(row.get("name")), values.join(", "), row.get("comment")]);
    }
    section("States", &table, text);
    Ok(())
}

fn relations(database: &mut Client, text: &mut String) -> Result<(), postgres::Error> {
    text.push_str("### Tables and views\n\n");
    for relation in database.query(RELATIONS, &[])? {
        let columns = database.query(COLUMNS, &[&relation.get::<_, u32>("oid")])?;
        let comment = escape(relation.get("comment"));
        let heading = format!("#### {}\n\n", relation.get::<_, &str>("name"));
        let kind = if relation.get("is_view") {
            "View. "
        } else {
            ""
        };
        text.push_str(&format!(
            "{heading}{kind}{comment}\n\n{}\n",
            table(&columns)
        ));
    }
    Ok(())
}

fn table(columns: &[Row]) -> String {
    let mut table = Table::new(["column", "type", "meaning"]);
    for column in columns {
        table.row([
            code(column.get("name")),
            code(&column_type(column)),
            column.get("comment"),
        ]);
    }
    table.0
}

fn column_type(column: &Row) -> String {
    let mut text = short(column.get("type"));
    let default: &str = column.get("default");
    if column.get("is_identity") {
        text.push_str(" identity");
    } else if !default.is_empty() {
        let _ = write!(text, " default {}", literal(default));
    } else if column.get("is_required") {
        text.push_str(" not null");
    }
    text
}

/// Two arrays side by side: what, and its default or nothing.
fn pieces(row: &Row, what: &str, defaults: &str, between: &str) -> Vec<String> {
    let defaults: Vec<&str> = row.get(defaults);
    let what: Vec<&str> = row.get(what);
    let piece = |(what, default): (&&str, &&str)| match *default {
        "" => short(what),
        default => format!("{}{between}{}", short(what), literal(default)),
    };
    what.iter().zip(&defaults).map(piece).collect()
}

/// A default as its author wrote it: `'30 s'::interval` is `'30 s'`.
fn literal(expression: &str) -> String {
    let written = expression.split("::").next().unwrap_or(expression);
    match written {
        "NULL" => "null".to_owned(),
        "'00:00:30'" => "'30 s'".to_owned(),
        _ => written.to_owned(),
    }
}

/// Types by the names that people write.
fn short(types: &str) -> String {
    types
        .replace("timestamp with time zone", "timestamptz")
        .replace("time without time zone", "time")
}

/// `360` and `s`: `6 min`.
fn with_unit(value: &str, unit: &str) -> String {
    let (larger, factor) = match unit {
        "s" => ("min", 60),
        "kB" => ("MB", 1024),
        "" => return value.to_owned(),
        _ => return format!("{value} {unit}"),
    };
    match value.parse::<i64>() {
        Ok(number) if number > 0 && number % factor == 0 => {
            format!("{} {larger}", number / factor)
        }
        _ => format!("{value} {unit}"),
    }
}

/// Inline code, also inside a table. (GitHub takes `\|` for `|` there, in code too.)
fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        text if text.contains('`') => format!("`` {text} ``"),
        text => format!("`{text}`"),
    }
}

/// Keeps prose prose: `*` starts no emphasis, `<` no tag. (Underscores inside of words are harmless.)
fn escape(comment: &str) -> String {
    comment
        .replace('\\', "\\\\")
        .replace('*', "\\*")
        .replace('<', "&lt;")
        .replace('\n', " ")
}

fn section<const N: usize>(title: &str, table: &Table<N>, text: &mut String) {
    let _ = write!(text, "### {title}\n\n{}\n", table.0);
}

/// A Markdown table.
struct Table<const N: usize>(String);

impl<const N: usize> Table<N> {
    fn new(columns: [&str; N]) -> Self {
        let rule = ["---"; N];
        Self(format!("{}{}", Line(&columns), Line(&rule)))
    }

    /// The last cell is prose, the others are ready.
    fn row(&mut self, mut cells: [String; N]) {
        if let Some(prose) = cells.last_mut() {
            *prose = escape(prose);
        }
        let _ = write!(self.0, "{}", Line(&cells));
    }
}

struct Line<'a, T>(&'a [T]);

impl<T: AsRef<str>> fmt::Display for Line<'_, T> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cell in self.0 {
            match cell.as_ref() {
                "" => to.write_str("| ")?,
                cell => write!(to, "| {} ", cell.replace('|', "\\|"))?,
            }
        }
        to.write_str("|\n")
    }
}

/// The interface: what the extension has in the schema that it was created in.
const FUNCTIONS: &str = "
select p.proname::text as name, p.prokind = 'p' as is_procedure, p.proretset as is_set,
  coalesce(obj_description(p.oid, 'pg_proc'), '') as comment,
  coalesce(a.arguments, '{}') as arguments, coalesce(a.defaults, '{}') as defaults,
  coalesce('(' || a.outputs || ')', '(' || t.fields || ')', '') as fields,
  format_type(p.prorettype, null) as result
from pg_extension as e
join pg_depend as d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
  and d.classid = 'pg_proc'::regclass
join pg_proc as p on p.oid = d.objid and p.pronamespace = e.extnamespace
cross join lateral (
  select
    array_agg(a.text order by a.n) filter (where coalesce(a.mode, 'i') in ('i', 'v')) as arguments,
    array_agg(a.value order by a.n) filter (where coalesce(a.mode, 'i') in ('i', 'v')) as defaults,
    string_agg(a.text, ', ' order by a.n) filter (where a.mode in ('o', 'b', 't')) as outputs
  from (
    select a.n, a.mode, concat_ws(' ', nullif(a.name, ''), format_type(a.type, null)) as text,
      coalesce(pg_get_function_arg_default(p.oid, a.n::integer), '') as value
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)
      with ordinality as a (type, name, mode, n)) as a) as a
left join lateral (
  select string_agg(f.attname || ' ' || format_type(f.atttypid, f.atttypmod), ', ' order by f.attnum) as fields
  from pg_type as t
  join pg_attribute as f on f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped
  where t.oid = p.prorettype and t.typtype = 'c') as t on true
where e.extname = 'vioconcierge'
order by p.proname collate \"C\"";

const SETTINGS: &str = "
select s.name, s.context, coalesce(s.boot_val, '') as boot_val, coalesce(s.unit, '') as unit, s.short_desc
from pg_settings as s
where s.name like 'vioconcierge.%'
order by s.name collate \"C\"";

/// Domains that are a list of values.
const DOMAINS: &str = "
select format_type(t.oid, null) as name, coalesce(obj_description(t.oid, 'pg_type'), '') as comment,
  array(select m[1] from regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_]+)''', 'g') as m) as states
from pg_type as t
join pg_constraint as c on c.contypid = t.oid
where t.typnamespace = 'vioc'::regnamespace and pg_get_constraintdef(c.oid) ~ 'ARRAY\\['
order by t.typname collate \"C\"";

/// First what an app works with, then the other tables, then the views.
const RELATIONS: &str = "
select c.oid, format('vioc.%s', c.relname) as name, c.relkind = 'v' as is_view,
  coalesce(obj_description(c.oid, 'pg_class'), '') as comment
from pg_class as c
where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
order by c.relkind in ('v', 'm'), array_position('{contacts,calls,tenants}', c.relname::text), c.relname collate \"C\"";

const COLUMNS: &str = "
select a.attname::text as name, format_type(a.atttypid, a.atttypmod) || case when a.attgenerated <> '' then ', generated' else '' end as type, a.attidentity <> '' as is_identity,
  coalesce(pg_get_expr(v.adbin, v.adrelid), '') as default, a.attnotnull as is_required,
  coalesce(col_description(a.attrelid, a.attnum), '') as comment
from pg_attribute as a
left join pg_attrdef as v on v.adrelid = a.attrelid and v.adnum = a.attnum and a.attgenerated = ''
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_what_stands_between_the_marks() {
        let text = "a\n<!-- reference: made -->\nold\n<!-- /reference -->\nb\n";
        let parts = Parts::of(text).unwrap();
        assert_eq!(parts.reference, "old\n");
        assert_eq!(parts.with(parts.reference), text);
        assert_eq!(
            parts.with("new\n"),
            "a\n<!-- reference: made -->\nnew\n<!-- /reference -->\nb\n"
        );
        assert!(Parts::of("<!-- reference: made -->\n").is_none());
    }

    #[test]
    fn values_and_types_are_written_as_people_write_them() {
        assert_eq!(with_unit("360", "s"), "6 min");
        assert_eq!(with_unit("5", "s"), "5 s");
        assert_eq!(with_unit("8192", "kB"), "8 MB");
        assert_eq!(with_unit("32", ""), "32");
        assert_eq!(literal("'{1 day}'::interval[]"), "'{1 day}'");
        assert_eq!(literal("NULL::text"), "null");
        assert_eq!(short("at timestamp with time zone"), "at timestamptz");
    }

    #[test]
    fn a_cell_cannot_break_its_table() {
        let mut table = Table::new(["a", "b"]);
        table.row([code("x || y"), "a | <b> *c*\nd".to_owned()]);
        table.row([String::new(), String::new()]);
        assert_eq!(
            table.0,
            "| a | b |\n| --- | --- |\n| `x \\|\\| y` | a \\| &lt;b> \\*c\\* d |\n| | |\n"
        );
    }
}
