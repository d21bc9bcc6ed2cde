//! What comes in: Retell's webhooks, as PostgREST would hand them over, beside bare inserts of the same bodies.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use postgres::Client;

use super::figure::Figure;
use super::row::{Findings, Row, Run};
use super::site::{DATABASE, TENANTS, as_it_comes_of};
use crate::Cluster;
use crate::cluster::Binaries;
use crate::reports::{self, RECEIVE, Report};

pub(super) const WEBHOOKS: Row = Row {
    name: "webhooks",
    about: "webhooks verified, stored and applied, beside bare inserts of their bodies",
    any_dispatcher: false,
    run: webhooks,
};

pub(super) const BURST: Row = Row {
    name: "webhook-burst",
    about: "webhooks of one tenant at once, each twice",
    any_dispatcher: false,
    run: burst,
};

pub(super) const CLIENTS: usize = 8;
/// A call has three.
pub(super) const EVENTS: usize = 3;
pub(super) const BARE: &str =
    "insert into bodies (body) select $2::text::json where $1::text is not null";

fn start(tenants: usize) -> Cluster {
    start_of(&Binaries::find(), tenants)
}

/// Of the build that is installed there.
pub(super) fn start_of(build: &Binaries, tenants: usize) -> Cluster {
    let cluster = as_it_comes_of(build)
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        // nobody is called
        .setting("vioconcierge.api_base_url", "http://127.0.0.1:9")
        .start();
    cluster.create_extension(DATABASE);
    run(
        &mut cluster.connect(DATABASE),
        &format!(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) \
             select 'Practice ' || n, 'America/New_York', 'agent_bench', '+1646' || (5550000 + n) \
             from generate_series(1, {tenants}) as n; \
             select vioc_set_credentials(t.id, 'key_bench_' || t.id) from vioc.tenants as t; \
             create table bodies (id bigint generated always as identity primary key, body json);"
        ),
    );
    cluster
}

#[track_caller]
fn run(client: &mut Client, script: &str) {
    client
        .batch_execute(script)
        .unwrap_or_else(|error| panic!("{script}: {error:?}"));
}

/// `calls` new ones, their reports dealt out to the clients: each call's at one client, in their order.
pub(super) fn deal(cluster: &Cluster, tenants: usize, calls: usize) -> Vec<Vec<Report>> {
    let mut client = cluster.connect(DATABASE);
    reports::place_calls(&mut client, calls.div_ceil(tenants));
    let calls = reports::of_placed_calls(&mut client);
    let mut clients = vec![Vec::new(); CLIENTS];
    for (number, reports) in calls.into_iter().enumerate() {
        clients[number % CLIENTS].extend(reports);
    }
    clients
}

pub(super) fn count(clients: &[Vec<Report>]) -> usize {
    clients.iter().map(Vec::len).sum()
}

/// Nothing may have been lost, or the figure is worth nothing.
pub(super) fn check(cluster: &Cluster, webhooks: usize, duplicates: usize) {
    crate::wait_until("every webhook to be applied", Duration::from_secs(60), || {
        let row = cluster
            .connect(DATABASE)
            .query_one(
                "select count(*) filter (where state = 'applied'), count(*) filter (where state = 'duplicate'), \
                   count(*) filter (where state = 'new'), count(*), \
                   (select count(*) from vioc.calls where outcome = 'confirmed') * 3, \
                   (select deadlocks from pg_stat_database where datname = current_database()) \
                 from vioc.webhook_events",
                &[],
            )
            .expect("the inbox can be counted");
        let counts: [i64; 6] = std::array::from_fn(|column| row.get(column));
        (counts[2] == 0).then_some(counts)
    })
    .iter()
    .zip([webhooks, duplicates, 0, webhooks + duplicates, webhooks, 0])
    .for_each(|(found, wanted)| {
        assert_eq!(usize::try_from(*found), Ok(wanted), "applied, duplicates, left, all, of completed calls, deadlocks");
    });
}

fn webhooks(run: &mut Run<'_>) -> Findings {
    let calls = run.options.calls / EVENTS;
    let cluster = start(TENANTS);
    let connect = || cluster.connect(DATABASE);
    let dealt = RefCell::new(Vec::new());
    let received = Cell::new(0);
    let per_second =
        |clients: &[Vec<Report>], took: Duration| count(clients) as f64 / took.as_secs_f64();
    let pairs = run.interleave(
        |_| {
            let clients = deal(&cluster, TENANTS, calls);
            let (took, _) = reports::deliver(RECEIVE, connect, &clients);
            received.set(received.get() + count(&clients));
            check(&cluster, received.get(), 0);
            let rate = per_second(&clients, took);
            dealt.replace(clients);
            rate
        },
        |_| {
            let clients = dealt.borrow();
            let (took, _) = reports::deliver(BARE, connect, &clients);
            per_second(&clients, took)
        },
    );
    Findings {
        about: format!(
            "{} webhooks of 2 KB (a call's start, end and analysis) of {TENANTS} tenants, {CLIENTS} clients, a statement and a \
             transaction each: verified, stored, applied; and bare inserts of the same bodies, in turn",
            count(&dealt.borrow())
        ),
        figures: vec![
            Figure::new("webhooks/s", 0, pairs.a()),
            Figure::new("bare inserts/s", 0, pairs.b()),
            Figure::new("ratio", 3, pairs.ratios()).at_least(0.4),
        ],
        notes: Vec::new(),
    }
}

fn burst(run: &mut Run<'_>) -> Findings {
    let calls = run.options.calls / EVENTS;
    let webhooks = Cell::new(0);
    let measured = run.repeat(|run| {
        let cluster = start(1);
        let once = deal(&cluster, 1, calls);
        webhooks.set(count(&once));
        // the second one at another client, while the first is under way
        let twice: Vec<Vec<Report>> = (0..CLIENTS)
            .map(|number| {
                let other = &once[(number + 1) % CLIENTS];
                once[number]
                    .chunks(EVENTS)
                    .zip(other.chunks(EVENTS))
                    .flat_map(|(mine, theirs)| [mine, theirs].concat())
                    .chain(
                        other
                            .chunks(EVENTS)
                            .skip(once[number].len() / EVENTS)
                            .flatten()
                            .cloned(),
                    )
                    .chain(
                        once[number]
                            .chunks(EVENTS)
                            .skip(other.len() / EVENTS)
                            .flatten()
                            .cloned(),
                    )
                    .collect()
            })
            .collect();
        let (took, answered) = reports::deliver(RECEIVE, || cluster.connect(DATABASE), &twice);
        check(&cluster, webhooks.get(), webhooks.get());
        let tenth = answered.len() / 10;
        let first = answered[tenth - 1];
        let last = took - answered[answered.len() - tenth - 1];
        let growth = last.as_secs_f64() / first.as_secs_f64();
        let rate = answered.len() as f64 / took.as_secs_f64();
        run.say(&format!(
            "{rate:.0} webhooks/s, last tenth against first {growth:.2}"
        ));
        (rate, growth)
    });
    let (rates, growths): (Vec<f64>, Vec<f64>) = measured.into_iter().unzip();
    Findings {
        about: format!(
            "{} webhooks of one tenant, each twice, by {CLIENTS} clients; each had its effect once, no call was left without \
             its outcome, no deadlock",
            webhooks.get()
        ),
        figures: vec![
            Figure::new("webhooks/s", 0, rates),
            Figure::new("time of the last tenth, of the first", 2, growths).at_most(1.3),
        ],
        notes: Vec::new(),
    }
}
