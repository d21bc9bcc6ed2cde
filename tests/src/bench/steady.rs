//! Hours of work: does anything grow that should not?

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use postgres::Client;

use super::figure::Figure;
use super::hand::{Calls, Hand, Now};
use super::row::{Findings, Row, Run};
use super::server::AnswerServer;
use super::site::{Plan, Site, TENANTS};

pub(super) const ROW: Row = Row {
    name: "steady",
    about: "hours of calls through the tables: bloat, and the cost of a claim",
    any_dispatcher: false,
    run,
};

/// Calls that become due together.
const STEP: usize = 100;
/// Steps that a call lasts: there are always a thousand in progress.
const LASTS: usize = 10;
/// The extension's time: 200 calls/s, for hours.
const SECONDS_A_STEP: Now = 0.5;
/// Steps between the worker's timers.
const TEND_EVERY: usize = 10;
const PARTS: usize = 10;
/// What counts as flat, as for claiming with history.
const FLAT: f64 = 1.3;

fn run(run: &mut Run<'_>) -> Findings {
    let calls = if run.options.full {
        2_000_000
    } else {
        // a hundred thousand unless told
        5 * run.options.calls
    };
    let work = run.once(|run| {
        let server = AnswerServer::start().expect("loopback has a free port");
        let plan = Plan {
            // more often than once a minute, because hours pass in minutes here
            settings: &[("autovacuum_naptime", "5s".to_owned())],
            by_hand: true,
            ..Plan::due(0)
        };
        let site = Site::start(&server, plan, run.options);
        work(run, &site, calls)
    });
    findings(&work)
}

/// What a tenth of all calls cost, and how large everything was at its end.
#[derive(Default)]
struct Part {
    queue: Duration,
    claim: Duration,
    record: Duration,
    webhooks: Duration,
    control: Duration,
    /// Bytes of each table (its heap) and index.
    sizes: BTreeMap<String, i64>,
}

struct Work {
    /// Calls of a part.
    calls: usize,
    parts: Vec<Part>,
    /// Tables and indexes that hold what is being worked on, and not an entry or more for every call there ever was.
    hot: BTreeSet<String>,
}

fn work(run: &Run<'_>, site: &Site, calls: usize) -> Work {
    let mut hand = Hand::new(site);
    let steps = calls / STEP / PARTS;
    let mut in_progress: VecDeque<Calls> = VecDeque::new();
    let mut step = 0;
    let parts = (1..=PARTS).map(|number| {
        let mut part = Part::default();
        for _ in 0..steps {
            let now = step as Now * SECONDS_A_STEP;
            new_contacts(hand.app(), step, now);
            part.queue += hand.queue(STEP, now);
            let mut claimed = Calls::default();
            while claimed.count() < STEP {
                let (batch, took) = hand.claim(now);
                assert!(batch.count() > 0, "every queued call can be claimed");
                part.claim += took;
                part.record += hand.record(&batch, now);
                claimed.append(batch);
            }
            in_progress.push_back(claimed);
            if in_progress.len() > LASTS
                && let Some(oldest) = in_progress.pop_front()
            {
                part.webhooks += hand.finish(&oldest, now);
            }
            if step % TEND_EVERY == 0 {
                hand.tend(now);
            }
            part.control += hand.control();
            step += 1;
        }
        part.sizes = sizes(hand.app());
        run.say(&format!(
            "{} of {calls} calls, {:.0} us for each claim",
            number * steps * STEP,
            micros(part.claim, steps * STEP)
        ));
        part
    });
    let parts = parts.collect();
    let hot = hot(hand.app(), calls);
    Work {
        calls: steps * STEP,
        parts,
        hot,
    }
}

fn micros(took: Duration, calls: usize) -> f64 {
    took.as_secs_f64() * 1e6 / calls as f64
}

/// Their numbers are as good as random, as those of a practice's patients are: 7919 and 7999993 are primes.
fn new_contacts(app: &mut Client, step: usize, now: Now) {
    let first = i32::try_from(step * STEP).expect("it fits");
    let last = first + i32::try_from(STEP).expect("it fits") - 1;
    app.execute(
        &format!(
            "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, appointment_type, \
               owner_name, call_at) \
             select 1 + n % {TENANTS}, 's' || n, 'Contact ' || n, '+1212' || (2000000 + (n::bigint * 7919) % 7999993), \
               bench.at($3) + interval '26 hours', 'cleaning', 'Dr. Example', bench.at($3) \
             from generate_series($1::integer, $2::integer) as n"
        ),
        &[&first, &last, &now],
    )
    .unwrap_or_else(|error| panic!("new contacts: {error:?}"));
}

/// All tables and indexes of the extension, whatever they are called: name, table, condition of a partial index, bytes.
const RELATIONS: &str = "\
    select c.relname::text, t.oid::regclass::text, coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'), \
      pg_relation_size(c.oid) \
    from pg_class as c \
    left join pg_index as i on i.indexrelid = c.oid \
    join pg_class as t on t.oid = coalesce(i.indrelid, c.oid) \
    where t.relnamespace = 'vioc'::regnamespace and t.relkind in ('r', 'm') and c.relkind in ('r', 'm', 'i')";

fn sizes(client: &mut Client) -> BTreeMap<String, i64> {
    let relations = client.query(RELATIONS, &[]);
    let relations = relations.expect("the catalog can be read");
    relations
        .iter()
        .map(|row| (row.get(0), row.get(3)))
        .collect()
}

/// What has entries for less than a twentieth of all calls: a partial index of queued calls, a queue's table, the
/// practices. Counted, not known by name.
fn hot(client: &mut Client, calls: usize) -> BTreeSet<String> {
    let few = calls / 20;
    let relations = client.query(RELATIONS, &[]);
    let relations = relations.expect("the catalog can be read");
    relations
        .iter()
        .filter(|row| {
            let (table, condition): (&str, &str) = (row.get(1), row.get(2));
            // one more than few is enough to know
            let is_hot = format!(
                "select count(*) <= {few} from (select from only {table} where {condition} limit {few} + 1) as e"
            );
            let row = client.query_one(&is_hot, &[]);
            row.unwrap_or_else(|error| panic!("{is_hot}: {error:?}"))
                .get(0)
        })
        .map(|row| row.get(0))
        .collect()
}

fn findings(work: &Work) -> Findings {
    let Work { calls, parts, hot } = work;
    let (first, last) = (&parts[0], &parts[parts.len() - 1]);
    let cost = |of: fn(&Part) -> Duration| -> Vec<f64> {
        parts.iter().map(|part| micros(of(part), *calls)).collect()
    };
    let bytes = |part: &Part, is_hot: bool| -> f64 {
        let sizes = part.sizes.iter();
        let of_these = sizes.filter(|(name, _)| hot.contains(*name) == is_hot);
        of_these.map(|(_, bytes)| *bytes).sum::<i64>() as f64
    };
    let megabytes = parts
        .iter()
        .map(|part| bytes(part, true) / f64::from(1 << 20));
    let growth = parts
        .windows(2)
        .map(|pair| (bytes(&pair[1], false) - bytes(&pair[0], false)) / *calls as f64);
    let ratio = |of: &dyn Fn(&Part) -> f64| vec![of(last) / of(first)];
    Findings {
        about: format!(
            "{} calls of {TENANTS} tenants through the real SQL functions, without HTTP, the time an argument: {STEP} due \
             every {SECONDS_A_STEP} s, {} in progress; enqueue_due, claim_calls (32 at a time), record_answers, two \
             webhooks each; done once, median, min and max are those of its tenths",
            calls * parts.len(),
            STEP * LASTS
        ),
        figures: vec![
            Figure::new("claim, us/call", 0, cost(|it| it.claim)),
            Figure::new("control, us/call", 0, cost(|it| it.control)),
            Figure::new(
                "claim / control, last tenth against first",
                2,
                ratio(&|it| it.claim.as_secs_f64() / it.control.as_secs_f64()),
            )
            .at_most(FLAT),
            Figure::new("hot tables and indexes, MB", 1, megabytes.collect()),
            Figure::new(
                "hot tables and indexes, last against first",
                2,
                ratio(&|it| bytes(it, true)),
            )
            .at_most(FLAT),
            Figure::new("all others, bytes more a call", 0, growth.collect()),
            Figure::new("recording an answer, us/call", 0, cost(|it| it.record)),
            Figure::new("queueing, us/call", 0, cost(|it| it.queue)),
            Figure::new("two webhooks, us/call", 0, cost(|it| it.webhooks)),
        ],
        notes: vec![
            format!(
                "hot: every table and index of the extension with entries for fewer than a twentieth of the calls, by \
                 count; kB after the first and the last tenth: {}",
                each_hot(work)
            ),
            "control: a statement that reads no table, after every step in the claims' session: the machine's own changes"
                .to_owned(),
            "autovacuum_naptime 5s, because hours pass in minutes; else as PostgreSQL and the tables have it".to_owned(),
        ],
    }
}

/// Without the many small ones that stay as they are.
fn each_hot(Work { parts, hot, .. }: &Work) -> String {
    let (first, last) = (&parts[0].sizes, &parts[parts.len() - 1].sizes);
    let mut sizes: Vec<(&String, i64, i64)> = hot
        .iter()
        .map(|name| (name, first[name] / 1024, last[name] / 1024))
        .filter(|(_, first, last)| *last > 64 || last > first)
        .collect();
    sizes.sort_by_key(|(_, _, last)| std::cmp::Reverse(*last));
    let each: Vec<String> = sizes
        .iter()
        .map(|(name, first, last)| format!("{name} {first} -> {last}"))
        .collect();
    each.join(", ")
}
