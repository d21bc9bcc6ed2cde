//! The README is a program: its `sql` blocks run in order on a fresh cluster with its settings, and whatever else it
//! names must exist. Its reference part is what the database says about itself.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use postgres::Client;
use retell_simulator::{Config, Simulator};
use vioc_tests::practice::{APP, cluster, front};
use vioc_tests::readme::prose::{Found, anchors, code_spans, links};
use vioc_tests::readme::reference::{Parts, generate};
use vioc_tests::readme::{Block, readme_blocks};
use vioc_tests::wait::LONG;
use vioc_tests::{Cluster, Front, wait_until};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What people wrote of the README: without the generated part.
fn handwritten() -> String {
    let readme = read("README.md");
    Parts::of(&readme).expect("the reference's marks").with("")
}

fn blocks(lang: &str) -> Vec<Block> {
    let mut blocks = readme_blocks(&read("README.md"));
    blocks.retain(|block| block.lang == lang);
    blocks
}

#[test]
fn every_block_says_its_language() {
    for block in readme_blocks(&read("README.md")) {
        let known = ["sql", "conf", "sh", "text"].contains(&block.lang.as_str());
        assert!(
            known && block.info.is_empty(),
            "README.md, line {}: nobody knows what to do with a block of `{} {}`",
            block.line,
            block.lang,
            block.info
        );
    }
}

#[test]
fn its_sql_runs_in_order_with_its_settings_and_makes_one_call() {
    let settings: Vec<(String, String)> = blocks("conf").iter().flat_map(settings_of).collect();
    assert!(!settings.is_empty());
    let retell = Simulator::start(Config::default()).unwrap();
    // Nothing but what a reader sets: not what the harness adds, without which pg_cron would need a password.
    let untouched = Cluster::builder()
        .databases([APP])
        .setting("cron.use_background_workers", "off");
    let cluster = settings
        .iter()
        .fold(untouched, |cluster, (name, value)| {
            cluster.setting(name, value)
        })
        .start();
    let sql = "select current_setting('cron.use_background_workers')";
    let row = cluster.connect(APP).query_one(sql, &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), "on");
    for (name, value) in &settings {
        let sql =
            "select setting from pg_settings where name = $1 and source = 'configuration file'";
        let row = cluster.connect(APP).query_opt(sql, &[name]).unwrap();
        let known = row.map(|row| row.get::<_, String>(0));
        assert_eq!(known.as_ref(), Some(value), "the server's {name}");
    }

    let mut webhooks: Option<Front> = None;
    let mut calls_now = 0;
    for block in blocks("sql") {
        let removes = block.text.contains("drop extension");
        if removes {
            has_a_schedule_that_works(&cluster);
            has_rights_that_suffice(&cluster);
        }
        let text = block.text.replace("http://127.0.0.1:9000", &retell.url());
        let output = cluster.psql(APP, &text);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "README.md, the block in line {}:\n{}\n{shown}{}",
            block.line,
            block.text,
            String::from_utf8_lossy(&output.stderr)
        );
        if block.text.contains("create extension vioconcierge") {
            // The text goes on with webhooks only later; here Retell's must arrive from the first call on.
            let front = webhooks.insert(front(&cluster, APP));
            cluster.set("vioconcierge.webhook_base_url", &front.url());
        }
        if block.text.contains("pg_reload_conf") {
            cluster.reload(); // the reader is not as fast as this test
        }
        if removes {
            has_nothing_left(&cluster);
        }
        if block.text.contains("call vioc_call_contact_now(") {
            calls_now += 1;
            let dials = retell.ledger();
            assert_eq!(dials.len(), 1, "{dials:?}");
            assert!(
                shown.contains(&dials[0].call_id),
                "{shown} does not show {}",
                dials[0].call_id
            );
            // The next block is not run by somebody who is still on the phone.
            wait_until("the first call to be over", LONG, || {
                let sql =
                    "select from vioc.calls where status = 'completed' and outcome = 'confirmed'";
                cluster.connect(APP).query_opt(sql, &[]).unwrap()
            });
        }
    }
    assert_eq!(calls_now, 1);
    let dials = retell.ledger();
    assert_eq!(dials.len(), 1, "{dials:?}");
    assert_eq!(dials[0].to_number, "+12125550101");
}

/// After "Remove".
fn has_nothing_left(cluster: &Cluster) {
    let ours = "select (select count(*) from pg_proc where proname like 'vioc\\_%') \
                  + (select count(*) from pg_namespace where nspname = 'vioc')";
    let jobs = "select count(*) from cron.job";
    for sql in [ours, jobs] {
        let left: i64 = cluster.connect(APP).query_one(sql, &[]).unwrap().get(0);
        assert_eq!(left, 0, "{sql}");
    }
}

/// `name = 'value'   # comment`
fn settings_of(block: &Block) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (name, value) = line
            .split_once('=')
            .unwrap_or_else(|| panic!("README.md, line {}: {line}", block.line));
        let value = value.trim();
        let value = match value.strip_prefix('\'') {
            Some(quoted) => quoted.split('\'').next(),
            None => value.split('#').next(),
        };
        (name.trim().to_owned(), value.unwrap().trim().to_owned())
    };
    let text = block.text.lines().map(str::trim);
    text.filter(|text| !text.is_empty() && !text.starts_with('#'))
        .map(line)
        .collect()
}

/// The jobs are there, and what they run does run.
fn has_a_schedule_that_works(cluster: &Cluster) {
    let sql = "select jobname, command, database from cron.job where active order by jobname";
    let jobs = cluster.connect(APP).query(sql, &[]).unwrap();
    let names: Vec<&str> = jobs.iter().map(|job| job.get(0)).collect();
    assert_eq!(
        names,
        [
            "vioconcierge enqueue app",
            "vioconcierge purge app",
            "vioconcierge trim app"
        ]
    );
    for job in &jobs {
        cluster
            .connect(job.get(2))
            .batch_execute(job.get(1))
            .unwrap();
    }
}

/// The role of "Rights" can do what it is said to be for.
fn has_rights_that_suffice(cluster: &Cluster) {
    let as_reception = |sql: &str| {
        let script = format!("set role reception;\n{sql}");
        let output = cluster.psql(APP, &script);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), message)
    };
    for allowed in [
        "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) \
         values (1, 'A-1', 'Bo Day', '212 555 0103', now() + interval '5 days') \
         on conflict (tenant_id, external_id) do update set name = excluded.name;",
        "update vioc.contacts set appointment_status = 'cancelled' where external_id = 'A-1';",
        "select * from vioc_explain_contact(1);",
        "select * from vioc.call_history; select * from vioc.needs_review;",
        "begin; update vioc.contacts set appointment_status = 'booked', consent_at = now() where external_id = 'A-1'; \
         select * from vioc_call_contact((select id from vioc.contacts where external_id = 'A-1'), force => true); rollback;",
        "select w.* from (select min(h.call_id) as call_id from vioc.call_history as h) as h, vioc_wait_for_call(h.call_id) as w;",
        "select vioc_delete_contact(c.id) from vioc.contacts as c where c.external_id = 'A-1';",
    ] {
        let (done, message) = as_reception(allowed);
        assert!(done, "as reception: {allowed}\n{message}");
    }
    for forbidden in [
        "select * from vioc.credential_keys;",
        "select vioc_set_credentials(1, 'key_of_somebody');",
        "select vioc_pause();",
        "select vioc_pause(2);",
        "update vioc.calls set outcome = null;",
        "insert into vioc.tenants (company_name, time_zone) values ('x', 'Africa/Abidjan');",
    ] {
        let (done, message) = as_reception(forbidden);
        assert!(
            !done
                && (message.contains("permission denied")
                    || message.contains("this concerns all tenants")
                    || message.contains("there is no tenant 2")),
            "as reception: {forbidden}\n{message}"
        );
    }
}

#[test]
fn its_make_targets_exist() {
    let makefile = read("Makefile");
    let phony = makefile
        .lines()
        .find_map(|line| line.strip_prefix(".PHONY:"));
    let targets: BTreeSet<&str> = phony.unwrap().split_whitespace().collect();
    let shown = blocks("sh").into_iter().flat_map(|block| {
        let lines = block.text.lines().map(str::to_owned).collect::<Vec<_>>();
        lines.into_iter().map(move |line| (block.line, line))
    });
    let named = code_spans(&handwritten())
        .into_iter()
        .map(|span| (span.line, span.text));
    let mut seen = 0;
    for (line, command) in shown.chain(named) {
        let mut words = command.split_whitespace();
        if words.next() != Some("make") {
            continue;
        }
        let named = words.take_while(|word| *word != "#");
        for target in named.filter(|word| !word.contains('=')) {
            seen += 1;
            assert!(
                targets.contains(target),
                "README.md, line {line}: the Makefile has no target {target}"
            );
        }
    }
    assert!(seen > 3);
}

const PAGES: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "RELEASING.md",
    "docker/README.md",
    "examples/retell-agent/README.md",
    "examples/postgrest/README.md",
    "examples/nginx/README.md",
];

#[test]
fn links_and_paths_lead_somewhere() {
    for page in PAGES {
        let text = read(page);
        let here = root().join(page).parent().unwrap().to_owned();
        for Found { line, text: target } in links(&text) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let linked = match file {
                "" => Some(text.clone()),
                file if file.ends_with(".md") => std::fs::read_to_string(here.join(file)).ok(),
                file => here.join(file).exists().then(String::new),
            };
            let found = linked.is_some_and(|linked| {
                anchor.is_empty() || anchors(&linked).iter().any(|known| known == anchor)
            });
            assert!(found, "{page}, line {line}: {target} leads nowhere");
        }
        // Paths in backticks: from the root of the repository.
        for Found { line, text: path } in code_spans(&text) {
            let is_path = ["examples/", "tests/", "sql/", "src/", "crates/", "tools/"]
                .iter()
                .any(|start| path.starts_with(start))
                && !path.contains(['*', ' ']);
            assert!(
                !is_path || root().join(&path).exists(),
                "{page}, line {line}: there is no {path}"
            );
        }
    }
}

/// A cluster with the extension, for questions to its catalog.
fn catalog() -> (Cluster, Client) {
    let cluster = cluster().start();
    cluster.create_extension(APP);
    let client = cluster.connect(APP);
    (cluster, client)
}

fn names(client: &mut Client, sql: &str) -> BTreeSet<String> {
    let rows = client.query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const FUNCTIONS: &str = "select p.proname::text from pg_proc as p where p.pronamespace = 'public'::regnamespace and p.proname like 'vioc\\_%'";
const SETTINGS: &str = "select name from pg_settings where name like 'vioconcierge.%'";
const RELATIONS: &str = "select 'vioc.' || relname from pg_class where relnamespace = 'vioc'::regnamespace and relkind in ('r', 'v', 'p', 'm')";
const PRIVATE: &str = "select 'vioc.' || proname from pg_proc where pronamespace = 'vioc'::regnamespace \
    union all select 'vioc.' || typname from pg_type where typnamespace = 'vioc'::regnamespace";

#[test]
fn the_names_in_the_text_exist() {
    let (_cluster, mut client) = catalog();
    let known: BTreeSet<String> = [FUNCTIONS, SETTINGS, RELATIONS, PRIVATE]
        .iter()
        .flat_map(|sql| names(&mut client, sql))
        .collect();
    let readme = handwritten();
    let others = PAGES[1..].iter().map(|page| (*page, read(page)));
    for (page, text) in others.chain([("README.md", readme)]) {
        for (number, line) in (1..).zip(text.lines()) {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric() && !"_.-/".contains(c));
            let ours = words
                .map(|word| word.trim_end_matches(['.', '-']))
                .filter(|word| {
                    ["vioc_", "vioconcierge.", "vioc."]
                        .iter()
                        .any(|start| word.len() > start.len() && word.starts_with(start))
                });
            for name in ours.filter(|name| !name.ends_with(".conf") && !name.ends_with(".control"))
            {
                assert!(
                    known.contains(name),
                    "{page}, line {number}: there is no {name}"
                );
            }
        }
    }
}

#[test]
fn the_reference_is_complete_and_as_generated() {
    let (_cluster, mut client) = catalog();
    let readme = read("README.md");
    let reference = Parts::of(&readme).unwrap().reference;
    let generated = generate(&mut client).unwrap();
    let difference = (1..)
        .zip(reference.lines().zip(generated.lines()))
        .find(|(_, (old, new))| old != new);
    assert!(
        reference == generated,
        "the reference part of README.md is not what the database says: run `make docs`\n{difference:#?}"
    );

    // By other questions than the generator's, so that it cannot leave something out.
    for sql in [FUNCTIONS, SETTINGS, RELATIONS] {
        for name in names(&mut client, sql) {
            assert!(reference.contains(&name), "{name} is not in the reference");
        }
    }
    let columns = "select table_schema || '.' || table_name, array_agg(column_name::text) \
         from information_schema.columns as c \
         where table_schema = 'vioc' and exists ( \
           select from pg_class as r where r.relkind in ('r', 'v', 'p', 'm') and r.oid = format('%I.%I', table_schema, table_name)::regclass) \
         group by 1";
    for row in client.query(columns, &[]).unwrap() {
        let relation: String = row.get(0);
        let heading = format!("#### {relation}\n");
        let start = reference.find(&heading).expect(&heading) + heading.len();
        let section = reference[start..].split("\n#").next().unwrap();
        for column in row.get::<_, Vec<String>>(1) {
            assert!(
                section.contains(&format!("`{column}`")),
                "{relation}.{column} is not in the reference"
            );
        }
    }
}
