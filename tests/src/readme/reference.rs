//! The reference of docs/, made from what the database says about itself: `comment on ...` for functions, tables and
//! columns, `vioc.rights()` for access, `pg_settings` for settings. `make docs` writes it, the test `readme` compares it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use postgres::{Client, Row};

use super::readme_blocks;

/// A page's text cut at the marks of its generated part: `<!-- reference: functions -->` and `<!-- /reference -->`.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What is generated.
    pub name: &'a str,
    /// Up to and with the opening mark and its line end.
    pub before: &'a str,
    pub reference: &'a str,
    /// From the closing mark on.
    pub after: &'a str,
}

impl<'a> Parts<'a> {
    /// `None` if a mark is missing.
    pub fn of(page: &'a str) -> Option<Self> {
        const OPEN: &str = "<!-- reference:";
        let open = page.find(OPEN)?;
        let name = open + OPEN.len();
        let close = name + page[name..].find("-->\n")?;
        let start = close + "-->\n".len();
        let end = start + page[start..].find("<!-- /reference -->")?;
        Some(Self {
            name: page[name..close].trim(),
            before: &page[..start],
            reference: &page[start..end],
            after: &page[end..],
        })
    }

    pub fn with(&self, reference: &str) -> String {
        format!("{}{reference}{}", self.before, self.after)
    }
}

/// A statement of another page that uses a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub statement: String,
    pub title: String,
    /// From docs/reference.
    pub link: String,
}

/// The first short statement with each function, of tutorials before others: path below docs/, and text.
pub fn examples<'a>(
    pages: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, Example> {
    let mut found = BTreeMap::new();
    let mut pages: Vec<_> = pages.into_iter().collect();
    pages.sort_by_key(|(path, _)| (!path.starts_with("tutorial/"), *path));
    for (path, text) in pages {
        let title = text.lines().find_map(|line| line.strip_prefix("# "));
        let blocks = readme_blocks(text);
        for block in blocks.iter().filter(|block| block.lang == "sql") {
            for statement in block.text.split_inclusive(";\n") {
                let lines = statement
                    .lines()
                    .map(|line| line.split("  --").next().unwrap_or(line).trim())
                    .filter(|line| !line.starts_with("--"));
                let statement = lines.collect::<Vec<_>>().join(" ").trim().to_owned();
                if statement.len() > 160 {
                    continue;
                }
                for (at, _) in statement.match_indices("vioc_") {
                    let name: String = statement[at..]
                        .chars()
                        .take_while(|it| it.is_ascii_lowercase() || *it == '_')
                        .collect();
                    if statement[at + name.len()..].starts_with('(') {
                        found.entry(name).or_insert_with(|| Example {
                            statement: statement.clone(),
                            title: title.unwrap_or(path).to_owned(),
                            link: format!("../{path}"),
                        });
                    }
                }
            }
        }
    }
    found
}

/// A part by its name, from a database that has the extension, on a server that has it preloaded; `None` if there is no
/// such part.
///
/// # Errors
/// The catalog cannot be read.
pub fn generate(
    part: &str,
    database: &mut Client,
    examples: &BTreeMap<String, Example>,
) -> Result<Option<String>, postgres::Error> {
    let mut text = "\n".to_owned();
    match part {
        "functions" => functions(database, examples, &mut text)?,
        "settings" => settings(database, &mut text)?,
        "statuses" => states(database, &mut text)?,
        "tables" => relations(database, false, &mut text)?,
        "views" => relations(database, true, &mut text)?,
        _ => return Ok(None),
    }
    Ok(Some(text))
}

fn functions(
    database: &mut Client,
    examples: &BTreeMap<String, Example>,
    text: &mut String,
) -> Result<(), postgres::Error> {
    let rows = database.query(FUNCTIONS, &[])?;
    let mut index = Table::new(["task", "functions"]);
    let mut tasks: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in &rows {
        let (task, name): (&str, &str) = (row.get("task"), row.get("name"));
        match tasks.last_mut().filter(|(last, _)| *last == task) {
            Some((_, names)) => names.push(name),
            None => tasks.push((task, vec![name])),
        }
    }
    for (task, names) in &tasks {
        let links = names.iter().map(|name| format!("[{name}](#{name})"));
        index.row([(*task).to_owned(), links.collect::<Vec<_>>().join(", ")]);
    }
    let _ = writeln!(text, "{}", index.0);
    for (task, names) in &tasks {
        let mut title = (*task).to_owned();
        title[..1].make_ascii_uppercase();
        let _ = writeln!(text, "## {title}\n");
        for row in rows.iter().filter(|row| names.contains(&row.get("name"))) {
            function(row, names, examples, text);
        }
    }
    Ok(())
}

fn function(row: &Row, siblings: &[&str], examples: &BTreeMap<String, Example>, text: &mut String) {
    let name: &str = row.get("name");
    let arguments = pieces(row, "arguments", "defaults", " default ").join(", ");
    let call = if row.get("is_procedure") { "call " } else { "" };
    let fields: &str = row.get("fields");
    let returns = match (fields, row.get("result")) {
        ("", "void") => String::new(),
        ("", scalar) => code(&short(scalar)),
        (_, "vioc.contacts") => "a row of [vioc.contacts](tables.md#vioccontacts)".to_owned(),
        (fields, _) => code(&short(fields)),
    };
    let comment = Comment::of(row.get("comment"));
    let _ = writeln!(
        text,
        "### {name}\n\n```text\n{call}{name}({arguments})\n```\n\n{}\n",
        escape(comment.description)
    );
    if !returns.is_empty() {
        let rows = if row.get("is_set") { "rows of " } else { "" };
        let _ = writeln!(text, "* **Returns**: {rows}{returns}");
    }
    let access: &str = row.get("access");
    let access = match (access, row.get("everywhere")) {
        ("", _) => "superusers".to_owned(),
        (access, true) => format!("{access}, with access to all tenants"),
        (access, _) => access.to_owned(),
    };
    let _ = writeln!(text, "* **Access**: {access}");
    if let Some(errors) = comment.errors {
        let _ = writeln!(text, "* **Errors**: {}", escape(errors));
    }
    if let Some(example) = examples.get(name) {
        let Example {
            statement,
            title,
            link,
        } = example;
        let _ = writeln!(
            text,
            "* **Example**: {} ([{title}]({link}))",
            code(statement)
        );
    }
    let named = comment.see_also.map(|names| {
        let names = names.split(", ").map(|name| name.trim_end_matches('.'));
        names.collect::<Vec<_>>()
    });
    let see_also: Vec<String> = named
        .unwrap_or_else(|| siblings.to_vec())
        .into_iter()
        .filter(|other| *other != name)
        .map(|other| match other.starts_with("vioc_") {
            true => format!("[{other}](#{other})"),
            false => other.to_owned(),
        })
        .collect();
    if !see_also.is_empty() {
        let _ = writeln!(text, "* **See also**: {}", see_also.join(", "));
    }
    text.push('\n');
}

/// What a function's comment says, by language.md: a summary, the rest, `Errors: ...`, `See also: ...`.
#[derive(Debug, PartialEq, Eq)]
struct Comment<'a> {
    description: &'a str,
    errors: Option<&'a str>,
    see_also: Option<&'a str>,
}

impl<'a> Comment<'a> {
    fn of(comment: &'a str) -> Self {
        let (rest, see_also) = match comment.split_once(" See also: ") {
            Some((rest, names)) => (rest, Some(names)),
            None => (comment, None),
        };
        let (description, errors) = match rest.split_once(" Errors: ") {
            Some((rest, errors)) => (rest, Some(errors)),
            None => (rest, None),
        };
        Self {
            description,
            errors,
            see_also,
        }
    }
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
    text.push_str(&table.0);
    text.push('\n');
    Ok(())
}

fn states(database: &mut Client, text: &mut String) -> Result<(), postgres::Error> {
    let mut table = Table::new(["column", "values", "meaning"]);
    for row in database.query(STATUSES, &[])? {
        let values: Vec<String> = row
            .get::<_, Vec<String>>("states")
            .iter()
            .map(|value| code(value))
            .collect();
        table.row([code(row.get("name")), values.join(", "), row.get("comment")]);
    }
    text.push_str(&table.0);
    text.push('\n');
    Ok(())
}

fn relations(database: &mut Client, views: bool, text: &mut String) -> Result<(), postgres::Error> {
    for relation in database.query(RELATIONS, &[&views])? {
        let columns = database.query(COLUMNS, &[&relation.get::<_, u32>("oid")])?;
        let _ = writeln!(
            text,
            "## {}\n\n{}\n\n{}",
            relation.get::<_, &str>("name"),
            escape(relation.get("comment")),
            table(&columns)
        );
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
  format_type(p.prorettype, null) as result,
  coalesce(r.access, '') as access, coalesce(r.everywhere, false) as everywhere, coalesce(h.task, 'others') as task
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
left join vioc.rights() as r on r.kind = 'function' and r.name = p.proname
left join (
  select h.task, h.function, h.place, min(h.place) over (partition by h.task) as task_place
  from vioc_help() with ordinality as h (task, function, summary, place)) as h on h.function = p.proname
where e.extname = 'vioconcierge'
order by h.task_place, h.place, p.proname collate \"C\"";

const SETTINGS: &str = "
select s.name, s.context, coalesce(s.boot_val, '') as boot_val, coalesce(s.unit, '') as unit, s.short_desc
from pg_settings as s
where s.name like 'vioconcierge.%'
order by s.name collate \"C\"";

/// Columns whose values a sentence of the database lists.
const STATUSES: &str = "
select format('%s.%s', l.relation, l.name) as name, col_description(l.relation, a.attnum) as comment,
  array(select m[1] from regexp_matches(substring(p.prosrc from format('[.]%s not in [(]([^)]*)[)]', l.name)), '''([a-z_]+)''', 'g') as m) as states
from (values
  ('status', 'vioc.calls'::regclass, 'vioc.is_possible_call'::regproc), ('review_code', 'vioc.calls', 'vioc.is_possible_call'),
  ('status', 'vioc.contacts', 'vioc.refuse_unstorable_contact'), ('next_call_reason', 'vioc.contacts', 'vioc.refuse_unstorable_contact')) as l (name, relation, sentences)
join pg_proc as p on p.oid = l.sentences
join pg_attribute as a on a.attrelid = l.relation and a.attname = l.name
order by 1";

/// First what an application works with, then the others.
const RELATIONS: &str = "
select c.oid, format('vioc.%s', c.relname) as name,
  coalesce(obj_description(c.oid, 'pg_class'), '') as comment
from pg_class as c
where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
  and (c.relkind in ('v', 'm')) = $1
order by array_position('{contacts,calls,tenants}', c.relname::text), c.relname collate \"C\"";

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
        let text = "a\n<!-- reference: tables -->\nold\n<!-- /reference -->\nb\n";
        let parts = Parts::of(text).unwrap();
        assert_eq!((parts.name, parts.reference), ("tables", "old\n"));
        assert_eq!(parts.with(parts.reference), text);
        assert_eq!(
            parts.with("new\n"),
            "a\n<!-- reference: tables -->\nnew\n<!-- /reference -->\nb\n"
        );
        assert!(Parts::of("<!-- reference: tables -->\n").is_none());
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

    #[test]
    fn a_comment_is_a_description_errors_and_what_else_to_see() {
        let comment = Comment::of("Does a. And b. Errors: PT404 no c. See also: vioc_a, vioc.b.");
        assert_eq!(
            comment,
            Comment {
                description: "Does a. And b.",
                errors: Some("PT404 no c."),
                see_also: Some("vioc_a, vioc.b."),
            }
        );
        assert_eq!(Comment::of("Does a.").errors, None);
    }

    #[test]
    fn an_example_is_the_first_statement_that_has_the_function() {
        let page = "# How\n```sql\nselect 1;\nselect vioc_pause(1,\n  'lunch');  -- today\n```\n";
        let found = examples([("b.md", page), ("tutorial/a.md", page)]);
        assert_eq!(
            found["vioc_pause"],
            Example {
                statement: "select vioc_pause(1, 'lunch');".to_owned(),
                title: "How".to_owned(),
                link: "../tutorial/a.md".to_owned(),
            }
        );
    }
}
