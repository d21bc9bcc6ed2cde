//! What pg_cron runs: does a call cost more to queue where there are millions of contacts, and whom does it keep waiting?

use std::cell::RefCell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::figure::{Figure, Samples, quantiles};
use super::process::MemoryWatch;
use super::row::{Findings, Row, Run};
use super::site::{DATABASE, as_it_comes_of};
use crate::Cluster;
use crate::cluster::Binaries;

pub(super) const ROW: Row = Row {
    name: "enqueue",
    about: "queueing who is due, of millions of contacts, while the app writes",
    any_dispatcher: false,
    run,
};

pub(super) const SMALL: usize = 100_000;
/// Of each practice; a tenth of them have their appointment ahead, a hundredth are due.
const CONTACTS: usize = 2_500;
/// As the job of `vioc_install_schedule` does it: each piece its own transaction.
const PIECE: i32 = 100;
/// Calls of one measurement: all that are due of the small one.
pub(super) const CALLS: usize = SMALL / 100;
/// Between two writes of the app.
const PAUSE: Duration = Duration::from_millis(2);

pub(super) fn start(build: &Binaries, contacts: usize) -> Cluster {
    let cluster = as_it_comes_of(build)
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        // listed, but nobody is called
        .setting("vioconcierge.api_base_url", "http://127.0.0.1:9")
        .setting("max_wal_size", "8GB")
        .start();
    cluster.create_extension(DATABASE);
    let practices = contacts / CONTACTS;
    // the key is not one of Retell's: the worker has nothing that it may send
    let load = format!(
        "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live) \
         select 'Practice ' || n, 'America/New_York', 'agent_bench', '+1646' || (5550000 + n), true \
         from generate_series(1, {practices}) as n; \
         select vioc_set_credentials(t.id, 'key_bench_' || t.id) from vioc.tenants as t; \
         update vioc.credentials set throttled_until = 'infinity'; \
         set session_replication_role = replica; \
         insert into vioc.contacts (tenant_id, external_id, name, patient_name, phone, phone_e164, appointment_time, \
           appointment_type, owner_name, special_instructions, status, next_call_at, planned_at, created_at) \
         select 1 + n % {practices}, 'p' || n, 'Contact ' || n, 'Patient ' || n, d.number, d.number, \
           case when m % 10 = 0 then date_trunc('hour', now()) + interval '1 day' + n % 6007 * interval '1 minute' \
             else date_trunc('hour', now()) - n % 500000 * interval '1 minute' end, \
           'cleaning', 'Dr. Example', 'Please come ten minutes early and bring your insurance card.', \
           case when m % 10 = 0 then 'scheduled' else 'confirmed' end, \
           case when m % 100 = 0 then now() - n % 6007 * interval '1 second' \
             when m % 10 = 0 then now() + n % 6007 * interval '1 minute' + interval '1 hour' end, \
           now() - interval '30 days', now() - interval '30 days' \
         from generate_series(1, {contacts}) as n, \
           lateral (select '+1212' || (2000000 + n % 7999999) as number, n / {practices} as m) as d; \
         insert into vioc.next_calls select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c \
           where c.next_call_at is not null order by c.tenant_id, c.next_call_at; \
         reset session_replication_role;"
    );
    let mut client = cluster.connect(DATABASE);
    for script in [load.as_str(), "vacuum analyze", "checkpoint"] {
        client
            .batch_execute(script)
            .unwrap_or_else(|error| panic!("loading: {error:?}"));
    }
    cluster
}

/// Queues `calls` in a session of its own, as pg_cron's are. Returns the time and the most memory that it took, in MB.
pub(super) fn queue(cluster: &Cluster, calls: usize) -> (Duration, f64) {
    let mut client = cluster.connect(DATABASE);
    let pid: i32 = client
        .query_one("select pg_backend_pid()", &[])
        .expect("a backend has a pid")
        .get(0);
    let memory = MemoryWatch::start(pid);
    let began = Instant::now();
    let mut queued = 0;
    while queued < calls {
        let piece: i32 = client
            .query_one("select vioc_enqueue_due($1)", &[&PIECE])
            .unwrap_or_else(|error| panic!("queueing: {error:?}"))
            .get(0);
        assert!(piece > 0, "{queued} of {calls} were due");
        queued += usize::try_from(piece).unwrap_or_default();
    }
    (began.elapsed(), memory.end())
}

pub(super) fn us_per_call(took: Duration, calls: usize) -> f64 {
    took.as_secs_f64() * 1e6 / calls as f64
}

/// A practice at a time: a look at all of millions would take longer than the run.
const DUE: &str = "select c.id from vioc.tenants as t cross join lateral ( \
    select n.contact_id as id from vioc.next_calls as n where n.tenant_id = t.id and n.next_call_at <= now() limit 20) as c \
    order by random() limit 20000";
const OTHERS: &str = "select c.id from vioc.contacts as c tablesample system (1) where c.next_call_at is null \
    order by random() limit 20000";

/// An app that writes one contact after the other, as long as `goes_on`; begins with everybody else.
fn write(cluster: &Cluster, whom: &str, ready: &Barrier, goes_on: &AtomicBool) -> Samples {
    let mut client = cluster.connect(DATABASE);
    let ids: Vec<i64> = client
        .query(whom, &[])
        .expect("contacts can be read")
        .iter()
        .map(|row| row.get(0))
        .collect();
    let statement = client
        .prepare(
            "update vioc.contacts set special_instructions = 'Please come early.' where id = $1",
        )
        .expect("the statement is well-formed");
    let mut samples = Vec::new();
    ready.wait();
    for id in ids.iter().cycle() {
        if !goes_on.load(Ordering::Acquire) {
            break;
        }
        let began = Instant::now();
        client
            .execute(&statement, &[id])
            .expect("an app may write its contacts");
        samples.push(began.elapsed());
        std::thread::sleep(PAUSE);
    }
    Samples::new(samples)
}

fn run(run: &mut Run<'_>) -> Findings {
    let large = if run.options.full {
        10_000_000
    } else {
        1_000_000
    };
    run.say(&format!("loading {large} contacts"));
    let cluster = start(&Binaries::find(), large);
    let memory = RefCell::new(Vec::new());
    let pairs = run.interleave(
        |_| {
            let (took, most) = queue(&cluster, CALLS);
            memory.borrow_mut().push(most);
            us_per_call(took, CALLS)
        },
        |_| us_per_call(queue(&start(&Binaries::find(), SMALL), CALLS).0, CALLS),
    );
    let mut on_due = Vec::new();
    let mut on_others = Vec::new();
    for _ in 0..run.options.repeat {
        let goes_on = AtomicBool::new(true);
        let ready = Barrier::new(3);
        std::thread::scope(|scope| {
            let due = scope.spawn(|| write(&cluster, DUE, &ready, &goes_on));
            let others = scope.spawn(|| write(&cluster, OTHERS, &ready, &goes_on));
            ready.wait();
            queue(&cluster, 2 * CALLS);
            goes_on.store(false, Ordering::Release);
            on_due.push(due.join().expect("the app's statements succeed"));
            on_others.push(others.join().expect("the app's statements succeed"));
        });
    }
    let mut figures = vec![
        Figure::new(format!("us per call, of {large} contacts"), 1, pairs.a()),
        Figure::new(format!("us per call, of {SMALL} contacts"), 1, pairs.b()),
        Figure::new("ratio", 2, pairs.ratios()).at_most(1.3),
        Figure::new("most memory of the session, MB", 0, memory.take()),
    ];
    for (what, repeats) in [
        ("app's write of a due contact", &on_due),
        ("app's write of another contact", &on_others),
    ] {
        figures.extend(quantiles(what, repeats, &[(0.5, None), (0.99, Some(10.0))]));
    }
    Findings {
        about: format!(
            "{CALLS} calls queued by vioc_enqueue_due, {PIECE} a transaction, in a new session; one contact in a hundred due, \
             {CONTACTS} contacts a practice; then {} more while an app writes contacts",
            2 * CALLS
        ),
        figures,
        notes: Vec::new(),
    }
}
