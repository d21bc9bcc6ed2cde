//! Which statements of the extension's PL/pgSQL functions have run, by plpgsql_check's profiler: `make coverage`.

use std::io::Write;
use std::path::PathBuf;

use postgres::{Client, NoTls};

use super::Cluster;

pub(super) const LIBRARIES: &str = "plpgsql,plpgsql_check";

/// `VIOC_COVERAGE` names the directory that clusters write to when they stop.
pub(super) fn directory() -> Option<PathBuf> {
    std::env::var_os("VIOC_COVERAGE")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// One line a statement and database: function, number, place, how often it ran, and the line of its source.
const STATEMENTS: &str = "select concat_ws(e'\\t', p.oid::regprocedure, s.stmtid, s.lineno, s.stmtname, s.exec_stmts, \
       btrim(split_part(p.prosrc, e'\\n', s.lineno))) \
     from pg_proc as p join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql' \
     cross join lateral coverage.plpgsql_profiler_function_statements_tb(p.oid::regprocedure) as s \
     where p.pronamespace = 'vioc'::regnamespace \
       and exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')";

/// Before [`STATEMENTS`]. Tests may have left names to be quoted, a role or a path.
const PREPARED: &str = "set plpgsql_check.profiler = off; set standard_conforming_strings = on; set quote_all_identifiers = off; \
     set search_path = pg_catalog; set statement_timeout = '1min'; set client_min_messages = warning; \
     create schema if not exists coverage; create extension if not exists plpgsql_check schema coverage";

/// What psql does before it rolls back a transaction in which clock.psql has put functions of its own in the place of the
/// extension's: what is known of them goes with them.
pub fn before_rollback(test: &str) -> Vec<String> {
    let Some(directory) = directory() else {
        return Vec::new();
    };
    let file = directory.join(format!("{test}.tsv"));
    vec![
        format!("reset session authorization; reset role; {PREPARED}"),
        format!("\\o '{}'", file.display()),
        format!("{STATEMENTS} and to_regprocedure('sim.now()') is not null"),
        "\\o".to_owned(),
    ]
}

impl Cluster {
    /// As far as it can be had: a standby, a database that refuses connections and one without the extension have none.
    pub(super) fn write_coverage(&self) {
        let Some(directory) = directory() else {
            return;
        };
        let lines = self.covered().unwrap_or_default();
        if lines.is_empty() {
            return;
        }
        let file = directory.join(format!("{}-{}.tsv", std::process::id(), self.port()));
        let written = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .and_then(|mut file| writeln!(file, "{}", lines.join("\n")));
        if let Err(error) = written {
            eprintln!("{}: {error}", file.display());
        }
    }

    fn covered(&self) -> Result<Vec<String>, postgres::Error> {
        let databases = self.config("postgres").connect(NoTls)?.query(
            "select datname::text from pg_database where datallowconn and not datistemplate",
            &[],
        )?;
        let found = databases.iter().flat_map(|row| {
            let client = self.config(row.get(0)).connect(NoTls);
            client.and_then(statements).unwrap_or_default()
        });
        Ok(found.collect())
    }
}

fn statements(mut client: Client) -> Result<Vec<String>, postgres::Error> {
    client.batch_execute(PREPARED)?;
    let rows = client.query(STATEMENTS, &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
