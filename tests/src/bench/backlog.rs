//! How fast a queue is worked off: from the commit of all calls until the last answer is stored.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use postgres::Transaction;

use super::figure::Figure;
use super::options::Options;
use super::plain::{self, THREADS};
use super::profile;
use super::row::{Findings, Row, Run};
use super::server::AnswerServer;
use super::site::{PATIENCE, Plan, Site, TENANTS};

pub(super) const ROW: Row = Row {
    name: "backlog",
    about: "a queue of many practices, until every answer is stored",
    any_dispatcher: true,
    run,
};

/// Calls made before the clock starts: caches, plans and connections.
pub(super) const WARM_UP: usize = TENANTS;

fn run(run: &mut Run<'_>) -> Findings {
    let options = run.options;
    let calls = options.calls;
    let server = AnswerServer::start().expect("loopback has a free port");
    let bodies = RefCell::new(Vec::new());
    let queueing = RefCell::new(Vec::new());
    let pauses = RefCell::new(Vec::new());
    let pairs = run.interleave(
        |_| {
            let site = Site::start(&server, Plan::due(calls + WARM_UP), options);
            bodies.replace(warm_up(&server, &site));
            let drained = drain(&server, &site, calls);
            queueing.borrow_mut().push(drained.queueing.as_secs_f64());
            pauses
                .borrow_mut()
                .push(server.longest_pause().as_secs_f64());
            per_second(calls, drained.took)
        },
        // the server of the other half is gone
        |_| {
            plain::post(&server, &bodies.borrow(), WARM_UP);
            per_second(calls, plain::post(&server, &bodies.borrow(), calls))
        },
    );
    Findings {
        about: format!(
            "{calls} calls of {TENANTS} tenants, one credential each, from their common commit until every answer is stored; \
             and a plain reqwest client ({THREADS} threads) posting such bodies to the same server, in turn"
        ),
        figures: vec![
            Figure::new("queue, calls/s", 0, pairs.a()).at_least(10_000.0),
            Figure::new("plain client, POST/s", 0, pairs.b()),
            Figure::new("ratio", 3, pairs.ratios()).at_least(0.2),
            Figure::new("longest pause between two requests, s", 2, pauses.take()),
            Figure::new("queueing before that, s", 2, queueing.take()),
        ],
        notes: Vec::new(),
    }
}

/// Works a little queue off, and returns what was posted.
pub(super) fn warm_up(server: &AnswerServer, site: &Site) -> Vec<Vec<u8>> {
    server.keep_bodies();
    drain(server, site, WARM_UP);
    server.take_bodies()
}

/// A queue that was worked off.
pub(super) struct Drained {
    /// Making the calls, before the clock starts.
    queueing: Duration,
    pub(super) took: Duration,
}

/// Queues `calls` and waits until they are placed.
pub(super) fn drain(server: &AnswerServer, site: &Site, calls: usize) -> Drained {
    let mut client = site.client();
    let began = Instant::now();
    let transaction = site.queue(&mut client, calls);
    drain_of(server, site, transaction, calls, began.elapsed())
}

/// Commits a transaction that has queued `calls`, which took `queueing`, and waits until they are placed.
pub(super) fn drain_of(
    server: &AnswerServer,
    site: &Site,
    transaction: Transaction<'_>,
    calls: usize,
    queueing: Duration,
) -> Drained {
    let mut client = site.client();
    let posts_before = server.posts();
    server.longest_pause();
    let started = Instant::now();
    transaction.commit().expect("it is committed");
    let wanted = calls as u64;
    // The server's own count first, because asking it costs nothing.
    while server.posts() - posts_before < wanted && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = site.wait_until_placed(&mut client, started);
    // As many POSTs as calls, and as many different answers stored: nobody was dialled twice.
    assert_eq!(
        server.posts() - posts_before,
        wanted,
        "one POST for each call"
    );
    Drained { queueing, took }
}

/// One more queue with PostgreSQL's own measuring switched on, which costs time: its result is where the time goes.
pub(super) fn profile(options: &Options) -> String {
    let calls = options.calls;
    let server = AnswerServer::start().expect("loopback has a free port");
    let plan = Plan {
        settings: &[(
            "shared_preload_libraries",
            "pg_cron,vioconcierge,pg_stat_statements".to_owned(),
        )],
        ..Plan::due(calls + WARM_UP)
    };
    let site = Site::start(&server, plan, options);
    profile::switch_on(&site);
    warm_up(&server, &site);
    profile::reset(&site);
    let sampler = profile::Sampler::start(&site);
    let drained = drain(&server, &site, calls);
    profile::report(&site, calls, drained.took, sampler)
}

pub(super) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
