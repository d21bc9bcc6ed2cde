//! What holds however many practices there are, and however much comes at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vioc_tests::cluster::Cluster;
use vioc_tests::practice::Practice;
use vioc_tests::reports::{self, RECEIVE};
use vioc_tests::wait::LONG;

/// What reads a practice's table over all practices, by the first column of the index that it goes by, and why.
const OVER_ALL_PRACTICES: [(&str, &str, &str); 15] = [
    (
        "numbers_to_share",
        "tenant_id",
        "the worker has organisations follow what one of them has learned",
    ),
    (
        "calls",
        "id",
        "a claim: one plan whatever the statistics say; the id is unique over all practices",
    ),
    (
        "calls",
        "session_id",
        "a webhook whose body does not name its practice",
    ),
    (
        "retell_calls",
        "retell_call_id",
        "a webhook without our ids",
    ),
    (
        "calls",
        "to_number",
        "what occupies a line: of a telephone, of a Retell workspace, of a worker that died",
    ),
    (
        "calls",
        "queued_at",
        "the worker's timer: forced and test calls that were not sent in time",
    ),
    (
        "calls",
        "look_up_at",
        "the worker's timer: what is to be asked at Retell",
    ),
    (
        "calls",
        "tenant_id",
        "the worker hops from practice to practice that has calls queued",
    ),
    (
        "contacts",
        "appointment_time",
        "the scheduler's timer: appointments that are past, or too close",
    ),
    (
        "webhook_events",
        "retell_call_id",
        "what the agent reported of a call that a contact made, before Retell named the telephone",
    ),
    (
        "webhook_events",
        "id",
        "the inbox: what has not been applied yet, whosever it is",
    ),
    (
        "contacts",
        "id",
        "a claim, as its call; promises that are late, each found by its tenant's next calls",
    ),
    (
        "events",
        "position",
        "the newest position of the feed, which listeners are told",
    ),
    (
        "grant_queue",
        "id",
        "what admins of some practices give, written down in order",
    ),
    (
        "new_events",
        "id",
        "the worker numbers the feed of all practices in one pass",
    ),
];

/// All of a call's life, by hand: planned, queued, claimed, answered, reported about, looked up. Two practices, so that a
/// missing condition has somebody else's rows to find.
const A_CALLS_LIFE: &str = r#"
begin;
\i 'PRACTICE'
select pg_temp.practice(null, 'America/Chicago') as other \gset
select /* own */ pg_temp.contact(t.id) from vioc.tenants as t, generate_series(1, 3);
set local enable_seqscan = off;
set local enable_bitmapscan = off;
load 'auto_explain';
set local auto_explain.log_min_duration = 0;
set local auto_explain.log_nested_statements = on;
set local auto_explain.log_verbose = on;
set local auto_explain.log_format = json;
-- to this session alone: the server's log holds no personal data
set local log_min_messages = panic;
set local client_min_messages = log;
set local vioc.writes_contacts = on;
update /* own */ vioc.contacts set next_call_at = now() where next_call_at is not null;
select /* own */ vioc.enqueue_due(100, 'test', now());
select /* own */ count(*) from pg_temp.claim();
select /* own */ pg_temp.answer(id, 'placed') from vioc.calls where status = 'dispatching' and tenant_id = :tenant;
select /* own */ pg_temp.answer(id, 'ambiguous') from vioc.calls where status = 'dispatching' and tenant_id = :other;
select /* own */ vioc.store_event(jsonb_build_object('event', e.event, 'call', jsonb_build_object('call_id', c.retell_call_id,
    'metadata', jsonb_build_object('tenant_id', c.tenant_id::text, 'session_id', c.session_id),
    'disconnection_reason', 'user_hangup', 'call_analysis', '{"custom_analysis_data": {"outcome": "confirmed"}}'::jsonb))::text,
  'webhook', c.credential_id, now())
from vioc.calls as c, unnest('{call_started,call_ended,call_analyzed}'::text[]) as e (event) where c.tenant_id = :tenant;
select /* own */ pg_temp.keys_of(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', c.retell_call_id,
    'metadata', jsonb_build_object('tenant_id', c.tenant_id::text, 'session_id', c.session_id))))
from vioc.calls as c where c.tenant_id = :tenant limit 1;
select /* own */ vioc.store_event(jsonb_build_object('session_id', c.session_id, 'outcome', 'confirmed')::text, 'ingest', null, now()) from vioc.calls as c;
select /* own */ vioc.store_event(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'not ours'))::text, 'webhook', null, now());
select /* own */ count(*) from vioc.claim_look_ups(10, now() + interval '10 minutes');
select /* own */ count(*) from vioc.claim_concurrency(10, now());
select /* own */ vioc.record_look_up(c.id, 'find', now(), 200, '{"items": []}', now()) from vioc.calls as c where c.tenant_id = :other;
select /* own */ vioc.milliseconds_to_work(1000, now());
select /* own */ vioc.run_timers(10, now());
select /* own */ count(*) from vioc.publish_events(100);
"#;

/// A scan of one of the practices' tables.
#[derive(Debug)]
struct Scan {
    table: String,
    /// Its own, and those of the joins above it.
    conditions: Vec<String>,
    alias: String,
    index: Option<String>,
}

impl Scan {
    fn mentions(&self, column: &str, operators: &[&str]) -> bool {
        let name = format!("{}.{column}", self.alias);
        self.conditions.iter().any(|condition| {
            condition.match_indices(&name).any(|(at, _)| {
                // (c.tenant_id = x), or (x = c.tenant_id), with a cast in between perhaps
                let after = condition[at + name.len()..].trim_start_matches(|it: char| {
                    it == ')' || it == ':' || it.is_alphanumeric() || it == '_'
                });
                let before = &condition[..at];
                operators.iter().any(|operator| {
                    after.starts_with(&format!(" {operator} "))
                        || before.ends_with(&format!(" {operator} "))
                })
            })
        })
    }

    fn carries_its_tenant(&self) -> bool {
        self.mentions("tenant_id", &["=", ">"])
    }
}

fn collect(node: &Value, above: &[String], tables: &BTreeSet<String>, scans: &mut Vec<Scan>) {
    let own: Vec<String> = node
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.ends_with(" Cond") || name.ends_with("Filter"))
        .map(|(_, condition)| condition.as_str().unwrap().to_owned())
        .collect();
    let conditions = [above, &own].concat();
    let kind = node["Node Type"].as_str().unwrap();
    if let Some(table) = node["Relation Name"].as_str()
        && kind.contains("Scan")
        && tables.contains(table)
    {
        scans.push(Scan {
            table: table.to_owned(),
            alias: node["Alias"].as_str().unwrap().to_owned(),
            index: node["Index Name"].as_str().map(str::to_owned),
            conditions: conditions.clone(),
        });
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        collect(child, &conditions, tables, scans);
    }
}

fn plans(messages: &str) -> Vec<Value> {
    messages
        .split("LOG:  duration:")
        .skip(1)
        .map(|part| {
            let json = &part[part.find('{').unwrap()..];
            serde_json::Deserializer::from_str(json)
                .into_iter()
                .next()
                .unwrap()
                .unwrap()
        })
        .collect()
}

/// The statements of a call's life, without those of the test, and their plans.
fn statements_of_a_calls_life(cluster: &Cluster) -> Vec<(String, Value)> {
    let setup = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/practice.psql");
    let script = A_CALLS_LIFE.replace("PRACTICE", setup);
    let output = cluster.psql("app", &script);
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}",
        &messages[messages.len().saturating_sub(3000)..]
    );
    plans(&messages)
        .into_iter()
        .map(|plan| {
            let text = plan["Query Text"].as_str().unwrap();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            (text, plan)
        })
        // the test's own, and those of practice.psql
        .filter(|(text, _)| {
            !["/* own */", "pg_temp", "p_verdict"]
                .iter()
                .any(|it| text.contains(it))
        })
        .collect()
}

#[test]
fn every_hot_statement_carries_its_tenant_but_for_a_few_that_are_about_all() {
    let cluster = Cluster::builder().databases(["app"]).served([]).start();
    cluster.create_extension("app");
    let tables: BTreeSet<String> = cluster
        .connect("app")
        .query(
            "select c.relname::text from pg_class as c join pg_attribute as a on a.attrelid = c.oid \
             where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r' and a.attname = 'tenant_id'",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let first_columns: BTreeMap<String, String> = cluster
        .connect("app")
        .query(
            // of an expression, the column that it is about
            "select i.indexrelid::regclass::text, regexp_replace(pg_get_indexdef(i.indexrelid, 1, true), '^.*\\(|[:)].*$|\\W', '', 'g') \
             from pg_index as i",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| (row.get::<_, String>(0).replace("vioc.", ""), row.get(1)))
        .collect();
    let mut kept = BTreeMap::<&str, usize>::new();
    let mut over_all = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut scans = Vec::new();
    for (text, plan) in statements_of_a_calls_life(&cluster) {
        let mut found = Vec::new();
        collect(&plan["Plan"], &[], &tables, &mut found);
        scans.extend(found.into_iter().map(|scan| (text.clone(), scan)));
    }
    for (text, scan) in &scans {
        if scan.mentions("ctid", &["="]) {
            // rows that this statement has found before
        } else if scan.carries_its_tenant() {
            *kept.entry(&scan.table).or_default() += 1;
        } else if let Some((table, column, _)) =
            OVER_ALL_PRACTICES.iter().find(|(table, column, _)| {
                let first = scan.index.as_ref().and_then(|it| first_columns.get(it));
                scan.table == *table && first.is_some_and(|it| it == column)
            })
        {
            over_all.insert((*table, *column));
        } else {
            wrong.push(format!("{scan:?}\n    {text}"));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "without tenant_id:\n{}", wrong.join("\n"));
    for table in [
        "calls",
        "contacts",
        "calling_hours",
        "blackout_dates",
        "webhook_events",
        "outcome_words",
    ] {
        assert!(kept.contains_key(table), "{table} was read: {kept:?}");
    }
    let listed: BTreeSet<_> = OVER_ALL_PRACTICES
        .iter()
        .map(|(table, column, _)| (*table, *column))
        .collect();
    assert_eq!(
        over_all, listed,
        "the list has what happens and nothing else"
    );
}

/// The tables that a plan reads from end to end.
fn whole_tables<'a>(node: &'a Value, tables: &mut Vec<&'a str>) {
    if node["Node Type"] == "Seq Scan" && node["Schema"] == "vioc" {
        tables.extend(node["Relation Name"].as_str());
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        whole_tables(child, tables);
    }
}

/// What is read as a whole all the same: table, a part of the statement, and why.
const WHOLE_TABLES: [(&str, &str, &str); 1] = [(
    "credentials",
    "retell_concurrency_asked_at",
    "whom to ask for lines, in a hundredth of the time at most",
)];

/// Sequential scans are off for the worker and for webhooks. Where one is the only way, its price of 10^10 drowns the
/// differences between all other plans (until PostgreSQL 17), and which of them is taken is chance.
#[test]
fn no_hot_statement_has_to_read_a_whole_table() {
    let cluster = Cluster::builder().databases(["app"]).served([]).start();
    cluster.create_extension("app");
    let statements = statements_of_a_calls_life(&cluster);
    let mut wrong: Vec<String> = statements
        .iter()
        .filter_map(|(text, plan)| {
            let mut tables = Vec::new();
            whole_tables(&plan["Plan"], &mut tables);
            tables.retain(|table| {
                !WHOLE_TABLES
                    .iter()
                    .any(|(listed, part, _)| table == listed && text.contains(part))
            });
            (!tables.is_empty()).then(|| format!("{tables:?}: {text}"))
        })
        .collect();
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_burst_of_webhooks_each_twice_loses_nothing_and_applies_each_once() {
    const CALLS: usize = 400;
    const CLIENTS: usize = 8;
    let practice = Practice::open();
    let mut client = practice.connect();
    reports::place_calls(&mut client, CALLS);
    let calls = reports::of_placed_calls(&mut client);
    assert_eq!(calls.len(), CALLS);
    // each call's reports in order at one client, and again at another one, at about the same time
    let clients: Vec<Vec<_>> = (0..CLIENTS)
        .map(|number| {
            calls
                .iter()
                .enumerate()
                .filter(|(n, _)| n % CLIENTS == number || (n + 1) % CLIENTS == number)
                .flat_map(|(_, reports)| reports.clone())
                .collect()
        })
        .collect();
    reports::deliver(RECEIVE, || practice.connect(), &clients);
    vioc_tests::wait::wait_until("what waited for a row to be applied", LONG, || {
        practice
            .ask::<bool>(
                "select not exists (select from vioc.webhook_events where state = 'new')",
                &[],
            )
            .then_some(())
    });
    let states: String = practice.ask(
        "select string_agg(format('%s %s %s', e.event, e.state, e.n), ', ' order by e.event, e.state) \
         from (select event, state, count(*) as n from vioc.webhook_events group by 1, 2) as e",
        &[],
    );
    assert_eq!(
        states,
        ["call_analyzed", "call_ended", "call_started"]
            .map(|event| format!("{event} applied {CALLS}, {event} duplicate {CALLS}"))
            .join(", ")
    );
    let ends: String = practice.ask(
        "select string_agg(distinct format('%s %s %s %s', c.status, c.outcome, ct.status, ct.attempts), ', ') \
         from vioc.calls as c join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id",
        &[],
    );
    assert_eq!(ends, "completed confirmed confirmed 1");
    let deadlocks: i64 = practice.ask(
        "select deadlocks from pg_stat_database where datname = current_database()",
        &[],
    );
    assert_eq!(deadlocks, 0);
}
