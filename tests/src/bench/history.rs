//! Does a claim cost more where much has happened, and much waits that may not be sent?

use std::time::Duration;

use postgres::Client;

use super::figure::Figure;
use super::hand::{BATCH, Hand, Now};
use super::row::{Findings, Row, Run};
use super::server::AnswerServer;
use super::site::{Plan, Site, TENANTS};

pub(super) const ROW: Row = Row {
    name: "history",
    about: "claiming beside millions of finished calls and a suspended tenant's queue",
    any_dispatcher: false,
    run,
};

/// Calls claimed in one measurement.
const CALLS: usize = 50 * BATCH;
const NOW: Now = 1.0;
/// Rows of one statement while loading.
const PIECE: usize = 250_000;

fn run(run: &mut Run<'_>) -> Findings {
    let (finished, waiting) = if run.options.full {
        (10_000_000, 1_000_000)
    } else {
        // a million unless told
        (50 * run.options.calls, 5 * run.options.calls)
    };
    let server = AnswerServer::start().expect("loopback has a free port");
    // once not measured: caches and plans; a batch too many each time; a batch for history to be made of, and a call left
    let due = (run.options.repeat + 1) * (CALLS + BATCH) + 2 * BATCH;
    let plan = Plan {
        by_hand: true,
        ..Plan::due(due)
    };
    let start = |load: &dyn Fn(&mut Client)| {
        let site = Site::start(&server, plan, run.options);
        let mut hand = Hand::new(&site);
        hand.queue(due, NOW);
        claim_and_finish(&mut hand);
        load(&mut site.client());
        site.run("vacuum analyze");
        // what the loading has left to be written is not the claims' cost
        site.run("checkpoint");
        hand.forget_plans();
        (site, hand)
    };
    let (with_site, mut with) = start(&|client| {
        load(client, finished, waiting, |text| run.say(text));
    });
    let (_without_site, mut without) = start(&|_| ());
    let size = with_site
        .client()
        .query_one(
            "select pg_size_pretty(pg_database_size(current_database()))",
            &[],
        )
        .expect("the size can be read")
        .get::<_, String>(0);
    for hand in [&mut with, &mut without] {
        claims(hand);
    }
    let pairs = run.interleave(|_| claims(&mut with), |_| claims(&mut without));
    Findings {
        about: format!(
            "claim_calls in batches of {BATCH}, {CALLS} calls a repeat, {TENANTS} tenants with a queue each; with {finished} \
             finished calls and {waiting} queued ones of one more tenant that is suspended ({size}), and with none of \
             both, in turn"
        ),
        figures: vec![
            Figure::new("with history, us/call", 0, pairs.a()),
            Figure::new("without, us/call", 0, pairs.b()),
            Figure::new("ratio", 2, pairs.ratios()).at_most(1.3),
        ],
        notes: vec![
            "the time of the statement, without its commit; every batch is recorded as placed and brought to its end by \
             webhooks before the next"
                .to_owned(),
        ],
    }
}

/// Microseconds a call.
fn claims(hand: &mut Hand) -> f64 {
    let mut took = Duration::ZERO;
    let mut claimed = 0;
    while claimed < CALLS {
        let (count, statement) = claim_and_finish(hand);
        assert!(count > 0, "every queued call can be claimed");
        took += statement;
        claimed += count;
    }
    took.as_secs_f64() * 1e6 / claimed as f64
}

/// A batch from the queue to its end; how many, and the time of the claim.
fn claim_and_finish(hand: &mut Hand) -> (usize, Duration) {
    let (calls, took) = hand.claim(NOW);
    hand.record(&calls, NOW);
    hand.finish(&calls, NOW);
    (calls.count(), took)
}

/// Copies of what real calls have left, made without triggers and foreign keys: as many rows through the extension's
/// functions would take hours.
fn load(client: &mut Client, finished: usize, waiting: usize, say: impl Fn(&str)) {
    client
        .batch_execute(
            "set session_replication_role = replica; set synchronous_commit = off; \
             create table bench.finished as select * from vioc.calls where status = 'completed' limit 1; \
             create table bench.waiting as select * from vioc.calls where status = 'queued' limit 1; \
             create table bench.contact as select c.* from vioc.contacts as c \
               join bench.waiting as w on c.tenant_id = w.tenant_id and c.id = w.contact_id",
        )
        .expect("the patterns can be kept");
    let suspended = client
        .query_one(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live, credential_id, \
               suspended_at, suspend_reason, probe_at) \
             select 'Suspended', time_zone, retell_agent_id, '+16465560000', true, credential_id, now(), 'bench', \
               now() + interval '1 day' \
             from vioc.tenants order by id limit 1 returning id::text",
            &[],
        )
        .unwrap_or_else(|error| panic!("a suspended tenant: {error:?}"))
        .get::<_, String>(0);
    let ages = "n % 300 * interval '1 day' + interval '2 days'";
    let practice = format!("1 + n % {TENANTS}");
    copy(
        client,
        "vioc.calls",
        "bench.finished",
        finished,
        Some(ages),
        &[
            ("tenant_id", practice.as_str()),
            ("id", "1000000000 + n"),
            ("contact_id", "1000000000 + n"),
            ("session_id", "gen_random_uuid()"),
            ("retell_call_id", "'call_history_' || n"),
            ("to_number", "'+1213' || (2000000 + n % 7000000)"),
        ],
        &say,
    );
    client
        .batch_execute(
            "insert into vioc.retell_calls (tenant_id, call_id, retell_call_id) \
             select c.tenant_id, c.id, c.retell_call_id from vioc.calls as c where c.id >= 1000000000",
        )
        .expect("Retell's ids can be copied");
    copy(
        client,
        "vioc.contacts",
        "bench.contact",
        waiting,
        None,
        &[
            ("tenant_id", suspended.as_str()),
            ("id", "2000000000 + n"),
            ("external_id", "'w' || n"),
            ("phone", "'+1214' || (2000000 + n)"),
            ("phone_e164", "'+1214' || (2000000 + n)"),
        ],
        &say,
    );
    copy(
        client,
        "vioc.calls",
        "bench.waiting",
        waiting,
        None,
        &[
            ("tenant_id", suspended.as_str()),
            ("id", "2000000000 + n"),
            ("contact_id", "2000000000 + n"),
            ("session_id", "gen_random_uuid()"),
            ("to_number", "'+1214' || (2000000 + n)"),
        ],
        &say,
    );
}

/// Rows 1 to `count` of a table, each the pattern's only row with some columns changed, and all its times earlier by `age`.
pub(super) fn copy(
    client: &mut Client,
    table: &str,
    pattern: &str,
    count: usize,
    age: Option<&str>,
    changed: &[(&str, &str)],
    say: &impl Fn(&str),
) {
    let columns = client
        .query(
            "select attname::text, atttypid = 'timestamptz'::regtype from pg_attribute \
             where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
            &[&table],
        )
        .expect("the columns can be read");
    let (names, values): (Vec<String>, Vec<String>) = columns
        .iter()
        .map(|row| {
            let (name, is_time): (String, bool) = (row.get(0), row.get(1));
            let change = changed.iter().find(|(column, _)| *column == name);
            let value = match (change, age) {
                (Some((_, value)), _) => (*value).to_owned(),
                (None, Some(age)) if is_time => format!("p.{name} - ({age})"),
                _ => format!("p.{name}"),
            };
            (name, value)
        })
        .unzip();
    for first in (1..=count).step_by(PIECE) {
        let last = count.min(first + PIECE - 1);
        let statement = format!(
            "insert into {table} ({}) overriding system value select {} \
             from {pattern} as p, generate_series({first}, {last}) as n",
            names.join(", "),
            values.join(", ")
        );
        client
            .batch_execute(&statement)
            .unwrap_or_else(|error| panic!("copies of {pattern}: {error:?}"));
        say(&format!("{table}: {last} of {count} loaded"));
    }
}
