//! Upgrades: an old installation and its scripts are what a fresh installation is, its data stays, and its worker goes on
//! calling meanwhile. For every script in `sql/`, and for a made-up one, so that this is tested before there is any.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use retell_simulator::{Config, Fate, Script, Simulator};
use vioc_tests::Cluster;
use vioc_tests::catalog::{catalog, differences};
use vioc_tests::cluster::Binaries;
use vioc_tests::practice::{APP, Practice, cluster, front, new_number};
use vioc_tests::release::{Scripts, Step, checksum};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `name = 'value'` or `name = "value"`.
fn value(file: &str, name: &str) -> String {
    let text = read(file);
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let found = lines.find(|(found, _)| found.trim() == name);
    let quoted = found.unwrap_or_else(|| panic!("{file} has no {name}")).1;
    quoted.trim().trim_matches(['\'', '"']).to_owned()
}

fn scripts() -> Scripts {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("sql")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if Step::of(&name).is_some() {
            files.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    Scripts {
        files,
        released: read("sql/released"),
        default_version: value("vioconcierge.control", "default_version"),
    }
}

#[test]
fn no_release_is_edited_and_none_is_out_of_reach() {
    let problems = scripts().problems();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_file_that_names_the_version_names_the_same() {
    let version = value("vioconcierge.control", "default_version");
    assert_eq!(value("Cargo.toml", "version"), version, "Cargo.toml");
    let meta: serde_json::Value = serde_json::from_str(&read("META.json")).unwrap();
    let provided = &meta["provides"]["vioconcierge"];
    assert_eq!(meta["version"], *version, "META.json");
    assert_eq!(provided["version"], *version, "META.json");
    let file = provided["file"].as_str().unwrap();
    assert!(root().join(file).exists(), "META.json: {file}");
    let heading = format!("\n## {version}");
    assert!(read("CHANGELOG.md").contains(&heading), "CHANGELOG.md");
}

/// A version that never is.
const NEXT: &str = "99.0.0";

/// What a next version might bring: what it is, and the statements. In an installation they stand before the marks
/// for dumps and the revocation of rights; an update must do those itself.
const NEWS: [(&str, &str); 7] = [
    (
        "column vioc.contacts.note_of_99",
        "alter table vioc.contacts add column note_of_99 text; \
         insert into vioc.grant_queue (role_name) select distinct a.role_name from vioc.access as a;",
    ),
    (
        "constraint note_is_short on vioc.contacts",
        "alter table vioc.contacts add constraint note_is_short check (length(note_of_99) < 200);",
    ),
    (
        "relation vioc.things_of_99",
        "create table vioc.things_of_99 (id bigint generated always as identity primary key, said text not null);",
    ),
    (
        "index vioc.things_of_99_said_idx",
        "create index things_of_99_said_idx on vioc.things_of_99 (said);",
    ),
    (
        "relation vioc.things_of_99",
        "comment on table vioc.things_of_99 is 'Made up.';",
    ),
    (
        "routine vioc.of_99(integer)",
        "create function vioc.of_99(p_n integer) returns integer language sql immutable set search_path = pg_catalog, pg_temp return p_n + 1;",
    ),
    (
        "relation vioc.dead_letters",
        "comment on view vioc.dead_letters is 'Said anew.';",
    ),
];
const UPDATES_OWN: [(&str, &str); 4] = [
    (
        "dumped vioc.things_of_99",
        "select pg_catalog.pg_extension_config_dump('vioc.things_of_99', '');",
    ),
    (
        "dumped vioc.things_of_99_id_seq",
        "select pg_catalog.pg_extension_config_dump('vioc.things_of_99_id_seq', '');",
    ),
    (
        "routine vioc.of_99(integer)",
        "revoke all on function vioc.of_99(integer) from public;",
    ),
    (
        "relation vioc.things_of_99",
        "alter table vioc.things_of_99 enable row level security; revoke all on type vioc.things_of_99 from public;",
    ),
];

/// This version's scripts and the made-up next one's, whose update lacks the statement of that number.
fn with_next(lacks: Option<usize>) -> Scripts {
    let mut scripts = scripts();
    let from = scripts.default_version.clone();
    let now = Step {
        from: None,
        to: from.clone(),
    };
    let news: Vec<&str> = NEWS.iter().map(|(_, sql)| *sql).collect();
    let installation = scripts.files[&now.file()].replacen(
        "\n-- dump.sql\n",
        &format!("\n{}\n-- dump.sql\n", news.join("\n")),
        1,
    );
    let update: Vec<&str> = statements()
        .enumerate()
        .filter(|(number, _)| Some(*number) != lacks)
        .map(|(_, (_, sql))| sql)
        .collect();
    for (step, text) in [
        (
            Step {
                from: None,
                to: NEXT.to_owned(),
            },
            installation,
        ),
        (
            Step {
                from: Some(from),
                to: NEXT.to_owned(),
            },
            update.join("\n"),
        ),
    ] {
        scripts.files.insert(step.file(), text);
    }
    scripts
}

fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    NEWS.into_iter().chain(UPDATES_OWN)
}

/// A PostgreSQL that has these scripts, with `version` as the default.
fn installation(scripts: &Scripts, version: &str) -> Binaries {
    let control = read("vioconcierge.control").replace(
        &format!("'{}'", scripts.default_version),
        &format!("'{version}'"),
    );
    let files = scripts
        .files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    Binaries::find().with_extension_files(files.chain([("vioconcierge.control", control.as_str())]))
}

/// A database for a fresh installation, which nobody serves.
const FRESH: &str = "fresh";

fn install(cluster: &Cluster, database: &str, version: &str) {
    let sql = format!("create extension vioconcierge version '{version}'");
    cluster.connect(database).batch_execute(&sql).unwrap();
}

fn update(cluster: &Cluster, database: &str, version: &str) {
    let sql = format!("alter extension vioconcierge update to '{version}'");
    let done = cluster.connect(database).batch_execute(&sql);
    done.unwrap_or_else(|error| panic!("{sql}: {error:?}\n{}", cluster.log_tail(20)));
}

/// Pacing, and the number that the worker gives an event when it gets to it.
const MOVING: &str = "array['next_start_at', 'position']";

/// Keeps every row of the extension's tables elsewhere.
const KEEP: &str = "create schema kept;
    do $$
    declare
      v_table record;
    begin
      for v_table in select relname from pg_class where relnamespace = 'vioc'::regnamespace and relkind = 'r' loop
        execute format('create table kept.%I as select to_jsonb(t) as row from vioc.%I as t', v_table.relname, v_table.relname);
      end loop;
    end
    $$";

/// Which kept rows are not there any more, whatever has been added to them.
fn lost_rows(practice: &Practice) -> Vec<String> {
    let mut client = practice.connect();
    let sql = "select relname::text from pg_class where relnamespace = 'kept'::regnamespace and relkind = 'r'";
    let tables = client.query(sql, &[]).unwrap();
    assert!(tables.len() > 10);
    let mut rows = 0;
    let mut lost = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!(
            "select k.row::text, exists (select from vioc.{table} as t where to_jsonb(t) - {MOVING} @> k.row - {MOVING}) from kept.{table} as k"
        );
        for row in client.query(&sql, &[]).unwrap() {
            rows += 1;
            if !row.get::<_, bool>(1) {
                lost.push(format!("vioc.{table}: {}", row.get::<_, String>(0)));
            }
        }
    }
    assert!(rows > 20, "only {rows} rows were kept");
    lost
}

/// Rows in the tables that an app and a practice fill, and calls that came to different ends.
fn fill(practice: &Practice) {
    let tenant = practice.tenant;
    practice.run(&format!(
        "insert into vioc.calling_hours (tenant_id, weekday, opens, closes) \
           select {tenant}, d, '00:00', '24:00' from generate_series(1, 7) as d; \
         insert into vioc.blackout_dates (tenant_id, day, yearly, reason) values ({tenant}, '2020-12-25', true, 'Christmas'); \
         insert into vioc.follow_up_rules (tenant_id, outcome, delays, max_attempts) values ({tenant}, 'no_answer', '{{3 hours}}', 2); \
         insert into vioc.outcome_words (tenant_id, word, outcome) values ({tenant}, 'will be there', 'confirmed'); \
         insert into vioc.agents (tenant_id, locale, retell_agent_id) values ({tenant}, 'es', 'agent_es'); \
         select vioc_do_not_call({tenant}, '+12125550199', 'by letter')"
    ));
    for fate in ["confirmed", "dial_no_answer", "voicemail"] {
        let fate = Fate::named(fate).unwrap();
        practice.retell.script(Script::next(1).fate(fate));
        let call = practice.call_number(&new_number());
        practice.wait_for_call(call.id, &["completed"]);
    }
    practice.wait_until_settled();
    practice.wait_for(
        "the worker to number all events",
        "select not exists (select from vioc.new_events)",
    );
}

/// A server that has these scripts, in which `from` is installed, used, and brought to `to` while a call goes on.
/// Returns how that differs from `to` installed afresh.
fn upgrade(scripts: &Scripts, from: &str, to: &str) -> Vec<String> {
    let mut config = Config::default();
    // Long enough for an update.
    config.timing.talk = Duration::from_secs(1);
    let retell = Simulator::start(config).unwrap();
    let cluster = cluster()
        .databases([FRESH])
        .served([APP])
        .binaries(installation(scripts, from))
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    let practice = Practice::over(cluster, retell);
    // The new library serves the old tables: a server is restarted before its databases are updated.
    fill(&practice);
    practice.run(KEEP);
    let contact = practice.contact(&new_number());
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["placed", "ongoing"]);
    let worker = practice.cluster.worker_pid(APP);
    update(&practice.cluster, APP, to);
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for_contact(contact, &["confirmed"]);
    let after = practice.call_number(&new_number());
    practice.wait_for_call(after.id, &["completed"]);
    for it in [&call, &after] {
        assert_eq!(practice.dials(it), 1);
    }
    assert_eq!(
        practice.cluster.worker_pid(APP),
        worker,
        "the same worker goes on"
    );
    let lost = lost_rows(&practice);
    assert!(
        lost.is_empty(),
        "rows were lost or changed:\n{}",
        lost.join("\n")
    );
    practice.run("drop schema kept cascade");
    practice.wait_for(
        "the worker to give the roles what is new",
        "select not exists (select from vioc.grant_queue)",
    );

    install(&practice.cluster, FRESH, to);
    // The same rights as the practice's front has.
    drop(front(&practice.cluster, FRESH));
    let fresh = catalog(&mut practice.cluster.connect(FRESH));
    let upgraded = catalog(&mut practice.connect());
    assert!(fresh.len() > 500, "{}", fresh.len());
    differences(&fresh, &upgraded)
}

#[test]
fn every_update_keeps_the_data_and_the_calls_and_ends_as_a_fresh_installation() {
    let real = scripts();
    let made_up = with_next(None);
    let updates = real.updates();
    let real = updates
        .iter()
        .map(|step| (&real, step.from.as_deref().unwrap(), step.to.as_str()));
    let now = made_up.default_version.as_str();
    for (scripts, from, to) in real.chain([(&made_up, now, NEXT)]) {
        let found = upgrade(scripts, from, to);
        assert!(
            found.is_empty(),
            "{from} brought to {to} is not {to}:\n{}",
            found.join("\n")
        );
    }
}

#[test]
fn whatever_an_update_forgets_is_found() {
    let complete = with_next(None);
    let from = complete.default_version.clone();
    let cluster = Cluster::builder()
        .databases(["old", FRESH])
        .served([])
        .binaries(installation(&complete, &from))
        .start();
    install(&cluster, FRESH, NEXT);
    let fresh = catalog(&mut cluster.connect(FRESH));
    install(&cluster, "old", &from);
    let directory = cluster.binaries().directory("--sharedir");
    let script = directory.join(format!("extension/vioconcierge--{from}--{NEXT}.sql"));
    let mut tried = 0;
    for (number, (name, sql)) in statements().enumerate() {
        // These are what later statements need, so nobody could forget them unnoticed.
        let needed = ["add column", "create table", "create function"];
        if needed.iter().any(|start| sql.contains(start)) {
            continue;
        }
        tried += 1;
        let step = Step {
            from: Some(from.clone()),
            to: NEXT.to_owned(),
        };
        std::fs::write(&script, &with_next(Some(number)).files[&step.file()]).unwrap();
        let mut client = cluster.connect("old");
        client.batch_execute("begin").unwrap();
        let update = format!("alter extension vioconcierge update to '{NEXT}'");
        client.batch_execute(&update).unwrap();
        let found = differences(&fresh, &catalog(&mut client));
        client.batch_execute("rollback").unwrap();
        assert!(
            found.iter().any(|it| it.starts_with(name)),
            "nobody missed: {sql}\n{found:#?}"
        );
    }
    assert!(tried >= 6);
}

#[test]
fn a_made_up_next_version_obeys_the_rules_of_releases() {
    let mut next = with_next(None);
    let now = Step {
        from: None,
        to: next.default_version.clone(),
    };
    if !next.releases().contains(&next.default_version) {
        let sum = checksum(&next.files[&now.file()]);
        next.released += &format!("{sum}  {}\n", now.file());
    }
    next.default_version = NEXT.to_owned();
    assert_eq!(next.problems(), [""; 0]);
    let update = Step {
        from: Some(now.to),
        to: NEXT.to_owned(),
    };
    next.files.remove(&update.file());
    assert_eq!(next.problems().len(), 1, "{:?}", next.problems());
}
