//! A worker that has nothing to do.

use std::time::{Duration, Instant};

use super::backlog::drain;
use super::figure::Figure;
use super::process::{cpu_time, memory};
use super::row::{Findings, Row, Run};
use super::server::AnswerServer;
use super::site::{Plan, Site, TENANTS};

pub(super) const ROW: Row = Row {
    name: "idle",
    about: "processor, memory, transactions of a worker without work",
    any_dispatcher: true,
    run,
};

/// How long it is watched.
const WATCHED: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What it did before: its memory is that of a worker that has worked.
const CALLS: usize = 2000;

struct Idle {
    cpu: Duration,
    /// The oldest transaction or snapshot that was seen in one of its processes.
    oldest: Duration,
    /// Shares of the looks.
    in_transaction: f64,
    memory: f64,
}

fn run(run: &mut Run<'_>) -> Findings {
    let server = AnswerServer::start().expect("loopback has a free port");
    let site = Site::start(&server, Plan::due(CALLS + TENANTS), run.options);
    drain(&server, &site, CALLS);
    let pids = site.processes();
    assert!(!pids.is_empty(), "the dispatcher has processes (--worker)");
    // what is left to do after the last answer
    std::thread::sleep(Duration::from_secs(5));
    let repeats = run.repeat(|run| {
        let idle = watch(&site, &pids);
        run.say(&format!(
            "{:.1} ms on a processor, {:.1} MB, oldest transaction {:.1} ms",
            ms(idle.cpu),
            idle.memory,
            ms(idle.oldest)
        ));
        idle
    });
    let each = |value: fn(&Idle) -> f64| repeats.iter().map(value).collect::<Vec<f64>>();
    let seconds = WATCHED.as_secs();
    Findings {
        about: format!(
            "worker and launcher in {seconds} s without work, after {CALLS} calls, {TENANTS} tenants"
        ),
        figures: vec![
            // a thousandth of one processor
            Figure::new(
                format!("time on a processor in {seconds} s, ms"),
                0,
                each(|it| ms(it.cpu)),
            )
            .at_most(ms(WATCHED) / 1000.0),
            Figure::new(
                "oldest transaction or snapshot, ms",
                1,
                each(|it| ms(it.oldest)),
            )
            .at_most(100.0),
            Figure::new(
                "in a transaction, % of looks",
                2,
                each(|it| 100.0 * it.in_transaction),
            )
            .at_most(1.0),
            Figure::new("largest process's memory, MB", 1, each(|it| it.memory)).at_most(64.0),
        ],
        notes: vec![format!(
            "{} processes; memory: RssAnon + RssFile, without shared buffers; pg_stat_activity read every {} ms: xact_start, \
             backend_xid and backend_xmin of all of them",
            pids.len(),
            LOOK_EVERY.as_millis()
        )],
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn watch(site: &Site, pids: &[i32]) -> Idle {
    let mut client = site.cluster.connect("postgres");
    let question = client
        .prepare(
            "select coalesce(max(extract(epoch from clock_timestamp() - coalesce(xact_start, state_change))), 0)::float8, \
               count(*) > 0 \
             from pg_stat_activity \
             where pid = any ($1) \
               and (xact_start is not null or backend_xid is not null or backend_xmin is not null)",
        )
        .expect("the question is well-formed");
    let used = || pids.iter().map(|pid| cpu_time(*pid)).sum::<Duration>();
    let before = used();
    let began = Instant::now();
    let (mut oldest, mut looks, mut found) = (0.0_f64, 0, 0);
    while began.elapsed() < WATCHED {
        let row = client
            .query_one(&question, &[&pids])
            .expect("pg_stat_activity can be read");
        oldest = oldest.max(row.get(0));
        looks += 1;
        found += i32::from(row.get::<_, bool>(1));
        std::thread::sleep(LOOK_EVERY);
    }
    Idle {
        cpu: used().saturating_sub(before),
        oldest: Duration::from_secs_f64(oldest.max(0.0)),
        in_transaction: f64::from(found) / f64::from(looks),
        memory: pids.iter().map(|pid| memory(*pid)).fold(0.0, f64::max),
    }
}
