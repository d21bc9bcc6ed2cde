//! Runs each file of `tests/sql` as one test: pgTAP in a transaction that is rolled back.
//!
//! All files share one database, in which the extension and pgTAP exist and which no worker serves. psql runs them, so
//! `\set` and `\gset` work, and an error names the file and the line.
//!
//! A few files, the core, run once more in a database for each odd setting: what is stored and done must be the same.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output, Stdio};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use vioc_tests::Cluster;
use vioc_tests::cluster::{Binaries, coverage};
use vioc_tests::tap::Report;

const DATABASE: &str = "sql_tests";

/// Install, one call from end to end, outcomes, rules, plans, an opt-out by voice, and a restore.
const CORE: [&str; 7] = [
    "installation/the_core_is_the_same_in_every_session.sql",
    "outcome/the_first_that_applies_decides.sql",
    "hours/hours_are_kept_to_the_minute.sql",
    "plan/the_plan_keeps_calendar_days.sql",
    "opt_out/an_unmatched_opt_out_is_honoured.sql",
    "webhook/a_contact_who_calls_is_not_called_at_once.sql",
    "webhook/events_in_any_order_give_the_same_end.sql",
];

/// Each in a database of its own: what is about statistics, which others' rolled back rows change, what locks tables, and
/// what a second session commits.
const ALONE: [&str; 3] = [
    "dispatch/a_burst_after_quiet_is_claimed_like_any_queue.sql",
    "installation/an_owner_who_is_no_superuser_any_more.sql",
    "reconcile/what_another_session_holds_is_done_later.sql",
];

/// A database that is odd before the extension comes into it.
struct Odd {
    name: &'static str,
    /// Of CREATE DATABASE.
    options: &'static str,
    settings: &'static [&'static str],
    script: &'static str,
}

const ODD: [Odd; 6] = [
    Odd {
        name: "parser",
        options: "",
        settings: &[
            "standard_conforming_strings = off",
            "escape_string_warning = off",
            "backslash_quote = on",
            "quote_all_identifiers = on",
            "array_nulls = off",
            "transform_null_equals = on",
            "check_function_bodies = off",
        ],
        script: "",
    },
    Odd {
        name: "german",
        options: "",
        settings: &[
            "datestyle = 'German'",
            "intervalstyle = 'sql_standard'",
            "bytea_output = 'escape'",
            "extra_float_digits = -5",
            "timezone = 'Asia/Kathmandu'",
        ],
        script: "alter role postgres in database odd_german set timezone = 'America/St_Johns'",
    },
    Odd {
        name: "iso_8601",
        options: "",
        settings: &[
            "datestyle = 'SQL, DMY'",
            "intervalstyle = 'iso_8601'",
            "timezone = 'Pacific/Apia'",
            "xmlbinary = 'hex'",
        ],
        script: "",
    },
    Odd {
        name: "turkish",
        options: "template template0 encoding 'UTF8' locale_provider icu icu_locale 'tr-TR' locale 'C.UTF-8'",
        settings: &[],
        script: "",
    },
    Odd {
        name: "strict",
        options: "",
        settings: &[
            "default_transaction_isolation = 'serializable'",
            "default_transaction_deferrable = on",
            "statement_timeout = '60s'",
            "lock_timeout = '1s'",
            "idle_in_transaction_session_timeout = '30s'",
        ],
        script: "",
    },
    // Names that would win if any of the extension's code looked for its own by the caller's path.
    Odd {
        name: "hostile",
        options: "",
        settings: &["search_path = hostile, pg_catalog, public, tap"],
        script: "create schema hostile; create table hostile.contacts (x int); create table hostile.tenants (x int); create table hostile.calls (x int);
            do $do$ declare f text; begin
              foreach f in array array['starts_with(text, text)', 'btrim(text)', 'regexp_replace(text, text, text, text)', 'translate(text, text, text)',
                'is_open(timestamptz, text[], integer[], integer[])', 'settle_call(bigint, bigint, timestamptz)'] loop
                execute format('create function hostile.%s returns text language plpgsql as $$ begin raise exception ''hostile''; end $$', f);
              end loop;
            end $do$",
    },
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One at a time: each has what there is once, a key or a role, for itself until it is rolled back.
    arguments.test_threads.get_or_insert(1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort_unstable();

    // Listing needs no server.
    let cluster = if arguments.list {
        None
    } else {
        match start() {
            Ok(cluster) => Some(Arc::new(cluster)),
            Err(message) => {
                eprintln!("{message}");
                return ExitCode::FAILURE;
            }
        }
    };
    let trials = files.into_iter().map(|file| {
        let name = file
            .strip_prefix(&root)
            .unwrap_or(&file)
            .with_extension("")
            .to_string_lossy()
            .replace('/', "::");
        let cluster = cluster.clone();
        let alone = ALONE.iter().position(|it| file.ends_with(it));
        Trial::test(name, move || {
            let Some(cluster) = cluster else {
                return Ok(());
            };
            let Some(place) = alone else {
                return run(&cluster, DATABASE, &file);
            };
            let database = format!("alone_{place}");
            psql(&cluster, "postgres", &format!("create database {database}"))?;
            psql(&cluster, &database, &prepared(&database))?;
            psql(&cluster, &database, "create extension vioconcierge")?;
            run(&cluster, &database, &file)
        })
    });
    let odd = ODD.iter().map(|odd| {
        let (cluster, root) = (cluster.clone(), root.clone());
        Trial::test(format!("odd::{}", odd.name), move || {
            cluster.map_or(Ok(()), |cluster| run_core(&cluster, odd, &root))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.chain(odd).collect());
    // The cluster ends here, not in a destructor that `exit` would skip.
    drop(cluster);
    conclusion.exit_code()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "sql") {
            files.push(path);
        }
    }
}

fn start() -> Result<Cluster, String> {
    let binaries = Binaries::find();
    for (extension, cure) in [("vioconcierge", "make install"), ("pgtap", "make deps")] {
        if !binaries.has_extension(extension) {
            let place = binaries.directory("--sharedir");
            return Err(format!(
                "{extension} is not installed in {}: run `{cure}` first",
                place.display()
            ));
        }
    }
    let cluster = Cluster::builder()
        .databases([DATABASE])
        .served([])
        .cron_database(DATABASE)
        .start();
    psql(&cluster, DATABASE, &prepared(DATABASE))?;
    psql(&cluster, DATABASE, "create extension vioconcierge")?;
    Ok(cluster)
}

/// What the files need besides the extension.
fn prepared(database: &str) -> String {
    format!(
        "create schema tap; create extension pgtap schema tap; \
         alter database {database} set search_path = public, tap; \
         alter database {database} set client_min_messages = warning;"
    )
}

/// By psql, which tells where in the install script an error is.
fn psql(cluster: &Cluster, database: &str, script: &str) -> Result<(), String> {
    let output = cluster.psql(database, script);
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn run_core(cluster: &Cluster, odd: &Odd, root: &Path) -> Result<(), Failed> {
    let database = format!("odd_{}", odd.name);
    psql(
        cluster,
        "postgres",
        &format!("create database {database} {}", odd.options),
    )?;
    let settings: String = odd
        .settings
        .iter()
        .map(|setting| format!("alter database {database} set {setting};"))
        .collect();
    let script = format!("{}; {settings} {}", prepared(&database), odd.script);
    psql(cluster, &database, &script)?;
    psql(cluster, &database, "create extension vioconcierge")?;
    for file in CORE {
        run(cluster, &database, &root.join(file))?;
    }
    Ok(())
}

fn run(cluster: &Cluster, database: &str, file: &Path) -> Result<(), Failed> {
    let mut psql = cluster.binaries().client("psql");
    psql.args([
        "-X",
        "-q",
        "-t",
        "-A",
        "-v",
        "ON_ERROR_STOP=1",
        "-U",
        "postgres",
        "-d",
        database,
    ]);
    psql.arg("-h")
        .arg(cluster.socket_dir())
        .args(["-p", &cluster.port().to_string()]);
    psql.args(["-c", "begin", "-f"]).arg(file);
    let test = format!(
        "{database}-{}",
        file.display().to_string().replace('/', "-")
    );
    for command in coverage::before_rollback(&test) {
        psql.args(["-c", &command]);
    }
    psql.args(["-c", "rollback"]);
    let output = psql
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("psql does not start: {error}"))?;
    judge(&output).map_err(|message| Failed::from(format!("{}\n{message}", file.display())))
}

fn judge(output: &Output) -> Result<(), String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    let verdict = Report::parse(&String::from_utf8_lossy(&output.stdout)).verdict();
    match (output.status.success(), verdict) {
        (true, Ok(())) => Ok(()),
        (true, Err(message)) => Err(format!("{message}\n{errors}")),
        // The error is what matters; failures before it often say why.
        (false, verdict) => Err(format!("{errors}{}", verdict.err().unwrap_or_default())),
    }
}
