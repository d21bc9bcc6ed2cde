//! This build beside an earlier one (`--before`), in turn: a ratio below 1 of a time, or above 1 of a rate, is better.
//!
//! Both are asked by the statements of today: the earlier build must know them.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postgres::Client;

use super::backlog::{self, drain, per_second, warm_up};
use super::enqueue;
use super::figure::{Figure, Samples};
use super::ingest::{self, BARE, CLIENTS, EVENTS, check, count, deal};
use super::latency::{Caller, Random, Sample};
use super::process::cpu_time;
use super::row::{Findings, Row, Run};
use super::server::AnswerServer;
use super::site::{DATABASE, Plan, Site, TENANTS};
use crate::Cluster;
use crate::cluster::Binaries;
use crate::reports::{RECEIVE, Report, deliver};

pub(super) const WEBHOOK: Row = Row {
    name: "before-webhook",
    about: "processor time of one webhook, of a bare insert, both builds (--before)",
    any_dispatcher: false,
    run: webhook,
};

pub(super) const WEBHOOKS: Row = Row {
    name: "before-webhooks",
    about: "webhooks by eight clients, both builds (--before)",
    any_dispatcher: false,
    run: webhooks,
};

pub(super) const LONE_WEBHOOK: Row = Row {
    name: "before-lone-webhook",
    about: "the worker's processor time for webhooks that come alone, both builds (--before)",
    any_dispatcher: false,
    run: lone_webhook,
};

pub(super) const CALL_NOW: Row = Row {
    name: "before-call-now",
    about: "\"Call Now\", statement to wire, both builds (--before)",
    any_dispatcher: false,
    run: call_now,
};

pub(super) const BACKLOG: Row = Row {
    name: "before-backlog",
    about: "a queue of many practices, both builds (--before)",
    any_dispatcher: false,
    run: a_backlog,
};

pub(super) const ENQUEUE: Row = Row {
    name: "before-enqueue",
    about: "queueing who is due, both builds (--before)",
    any_dispatcher: false,
    run: an_enqueue,
};

pub(super) const WAL: Row = Row {
    name: "before-wal",
    about: "write-ahead log of a call's life, both builds (--before)",
    any_dispatcher: false,
    run: wal,
};

/// This build and the earlier one.
fn builds(run: &Run<'_>) -> [Binaries; 2] {
    let before = run.options.before.clone();
    [
        Binaries::find(),
        before.expect("the row is left out without it"),
    ]
}

/// Clusters of both builds that receive webhooks.
struct Inboxes([(Cluster, AtomicUsize); 2]);

impl Inboxes {
    fn start(run: &Run<'_>) -> Self {
        Self(builds(run).map(|build| (ingest::start_of(&build, TENANTS), AtomicUsize::new(0))))
    }

    /// New webhooks of as many calls.
    fn deal(&self, which: usize, calls: usize) -> Vec<Vec<Report>> {
        deal(&self.0[which].0, TENANTS, calls)
    }

    fn connect(&self, which: usize) -> Client {
        self.0[which].0.connect(DATABASE)
    }

    fn check(&self, which: usize, more: usize) {
        let (cluster, received) = &self.0[which];
        let all = received.fetch_add(more, Ordering::Relaxed) + more;
        check(cluster, all, 0);
    }
}

/// Of this build, of the earlier one, and their ratio, pair by pair.
fn both(what: &str, digits: usize, now: Vec<f64>, before: Vec<f64>) -> [Figure; 3] {
    let ratios = now.iter().zip(&before).map(|(a, b)| a / b).collect();
    [
        Figure::new(format!("{what}, this build"), digits, now),
        Figure::new(format!("{what}, the earlier build"), digits, before),
        Figure::new(format!("{what}, ratio of the two"), 3, ratios),
    ]
}

/// Processor time of one backend that delivers these one after the other, in microseconds each.
fn cpu_of(mut client: Client, statement: &str, reports: &[Report]) -> f64 {
    let pid: i32 = client
        .query_one("select pg_backend_pid()", &[])
        .expect("a backend has a pid")
        .get(0);
    let statement = client
        .prepare(statement)
        .expect("the statement is well-formed");
    let before = cpu_time(pid);
    for report in reports {
        client
            .query(&statement, &[&report.headers, &report.body])
            .expect("a webhook is received");
    }
    (cpu_time(pid) - before).as_secs_f64() * 1e6 / reports.len() as f64
}

fn webhook(run: &mut Run<'_>) -> Findings {
    let calls = run.options.calls / EVENTS / 2;
    let inboxes = Inboxes::start(run);
    let one = |which: usize| {
        let reports = inboxes.deal(which, calls).concat();
        let webhook = cpu_of(inboxes.connect(which), RECEIVE, &reports);
        inboxes.check(which, reports.len());
        let bare = cpu_of(inboxes.connect(which), BARE, &reports);
        (webhook, webhook / bare)
    };
    let measured = run.repeat(|run| {
        let pair = [one(0), one(1)];
        run.say(&format!("{pair:.1?}"));
        pair
    });
    let each = |of: fn(&(f64, f64)) -> f64, which: usize| -> Vec<f64> {
        measured.iter().map(|it| of(&it[which])).collect()
    };
    let [now, before, ratio] = both(
        "of a bare insert",
        1,
        each(|it| it.1, 0),
        each(|it| it.1, 1),
    );
    let mut figures = vec![now.at_most(7.4), before, ratio];
    figures.extend(both("us", 0, each(|it| it.0, 0), each(|it| it.0, 1)));
    Findings {
        about: format!(
            "processor time of a backend for one webhook of 2 KB, of its processor time for a bare insert of the same body; the \
             mean of a call's start, end and analysis, {} of each build and repeat, one client",
            calls * EVENTS
        ),
        figures,
        notes: Vec::new(),
    }
}

fn webhooks(run: &mut Run<'_>) -> Findings {
    let calls = run.options.calls / EVENTS;
    let inboxes = Inboxes::start(run);
    let bare: [RefCell<Vec<f64>>; 2] = Default::default();
    let one = |which: usize| {
        let clients = inboxes.deal(which, calls);
        let rate = |statement: &str| {
            let (took, _) = deliver(statement, || inboxes.connect(which), &clients);
            per_second(count(&clients), took)
        };
        let received = rate(RECEIVE);
        inboxes.check(which, count(&clients));
        bare[which].borrow_mut().push(received / rate(BARE));
        received
    };
    let pairs = run.interleave(|_| one(0), |_| one(1));
    let [now, before, ratio] = both("of bare inserts", 3, bare[0].take(), bare[1].take());
    let mut figures = vec![now.at_least(0.18), before, ratio];
    figures.extend(both("webhooks/s", 0, pairs.a(), pairs.b()));
    Findings {
        about: format!(
            "{} webhooks of {TENANTS} tenants, {CLIENTS} clients, and bare inserts of the same bodies, by each build in turn",
            calls * EVENTS
        ),
        figures,
        notes: Vec::new(),
    }
}

fn lone_webhook(run: &mut Run<'_>) -> Findings {
    const CALLS: usize = 300;
    const APART: Duration = Duration::from_millis(20);
    let inboxes = Inboxes::start(run);
    let one = |which: usize| {
        let reports = inboxes.deal(which, CALLS).concat();
        let worker = inboxes.0[which].0.worker_pid(DATABASE);
        let mut client = inboxes.connect(which);
        let statement = client.prepare(RECEIVE).expect("it is well-formed");
        let before = cpu_time(worker);
        for report in &reports {
            std::thread::sleep(APART);
            client
                .query(&statement, &[&report.headers, &report.body])
                .expect("a webhook is received");
        }
        let used = cpu_time(worker) - before;
        inboxes.check(which, reports.len());
        used.as_secs_f64() * 1e6 / reports.len() as f64
    };
    let pairs = run.interleave(|_| one(0), |_| one(1));
    let [now, before, ratio] = both("us each", 0, pairs.a(), pairs.b());
    Findings {
        about: format!(
            "processor time of the worker, {} webhooks of {CALLS} calls {} ms apart, by each build in turn",
            CALLS * EVENTS,
            APART.as_millis()
        ),
        figures: vec![now.at_most(200.0), before, ratio],
        notes: vec!["what the worker does without a webhook in that time is part of it".to_owned()],
    }
}

fn call_now(run: &mut Run<'_>) -> Findings {
    const WARM_UP: usize = super::latency::WARM_UP;
    let samples = if run.options.full { 400 } else { 200 };
    let pause = (Duration::from_millis(200), Duration::from_millis(1500));
    let servers = [(); 2].map(|()| AnswerServer::start().expect("loopback has a free port"));
    let plan = Plan {
        on_request: run.options.repeat * samples + WARM_UP,
        ..Plan::due(0)
    };
    let [now, before] = builds(run);
    let sites = [
        Site::start_of(&now, &servers[0], plan, run.options),
        Site::start_of(&before, &servers[1], plan, run.options),
    ];
    let mut callers = [
        Caller::new(&servers[0], &sites[0], 1),
        Caller::new(&servers[1], &sites[1], 1),
    ];
    for caller in &mut callers {
        for _ in 0..WARM_UP {
            caller.call_now();
        }
    }
    let mut random = Random::new();
    let repeats = run.repeat(|_| {
        let mut taken: [Vec<Sample>; 2] = Default::default();
        // one call of each, the pause of both between them
        for _ in 0..samples {
            for (taken, caller) in taken.iter_mut().zip(&mut callers) {
                std::thread::sleep(random.between(pause) / 2);
                taken.push(caller.call_now());
            }
        }
        taken.map(|it| Samples::new(it.iter().map(|sample| sample.wire)))
    });
    let each = |which: usize, share: f64| -> Vec<f64> {
        repeats.iter().map(|it| it[which].quantile(share)).collect()
    };
    let mut figures = Vec::new();
    for (share, name, bound) in [(0.5, "p50, ms", 0.65), (0.99, "p99, ms", 0.75)] {
        let [now, before, ratio] = both(name, 2, each(0, share), each(1, share));
        figures.extend([now, before, ratio.at_most(bound)]);
    }
    Findings {
        about: format!(
            "`{}` sent, until the request arrives at the server, by each build in turn, 0.2 to 1.5 s apart, {samples} samples of each \
             a repeat, {TENANTS} tenants",
            sites[0].call_now(1)
        ),
        figures,
        notes: Vec::new(),
    }
}

fn a_backlog(run: &mut Run<'_>) -> Findings {
    let options = run.options;
    let calls = options.calls;
    let server = AnswerServer::start().expect("loopback has a free port");
    let [now, before] = builds(run);
    let one = |build: &Binaries| {
        let plan = Plan::due(calls + backlog::WARM_UP);
        let site = Site::start_of(build, &server, plan, options);
        warm_up(&server, &site);
        per_second(calls, drain(&server, &site, calls).took)
    };
    let pairs = run.interleave(|_| one(&now), |_| one(&before));
    let [now, before, ratio] = both("calls/s", 0, pairs.a(), pairs.b());
    Findings {
        about: format!(
            "{calls} calls of {TENANTS} tenants, from their common commit until every answer is stored, by each build in turn"
        ),
        figures: vec![now, before, ratio.at_least(1.0)],
        notes: Vec::new(),
    }
}

fn an_enqueue(run: &mut Run<'_>) -> Findings {
    use enqueue::{CALLS, SMALL, queue, start, us_per_call};
    let [now, before] = builds(run);
    let one = |build: &Binaries| us_per_call(queue(&start(build, SMALL), CALLS).0, CALLS);
    let pairs = run.interleave(|_| one(&now), |_| one(&before));
    let [now, before, ratio] = both("us per call", 1, pairs.a(), pairs.b());
    Findings {
        about: format!(
            "{CALLS} calls queued by vioc_enqueue_due of {SMALL} contacts, by each build in turn"
        ),
        figures: vec![now, before, ratio.at_most(0.8)],
        notes: Vec::new(),
    }
}

fn wal(run: &mut Run<'_>) -> Findings {
    let options = run.options;
    let calls = options.calls / 4;
    let server = AnswerServer::start().expect("loopback has a free port");
    // whole pages come as often as checkpoints, whatever the build
    let plan = Plan {
        settings: &[("full_page_writes", "off".to_owned())],
        ..Plan::due(calls + backlog::WARM_UP)
    };
    let inboxes = Inboxes::start(run);
    for (cluster, _) in &inboxes.0 {
        cluster.set("full_page_writes", "off");
    }
    let one = |which: usize, build: &Binaries| {
        let site = Site::start_of(build, &server, plan, options);
        warm_up(&server, &site);
        let placed = written(&site.cluster, || {
            drain(&server, &site, calls);
        });
        let reports = inboxes.deal(which, calls).concat();
        let mut client = inboxes.connect(which);
        let statement = client.prepare(RECEIVE).expect("it is well-formed");
        let reported = written(&inboxes.0[which].0, || {
            for report in &reports {
                client
                    .query(&statement, &[&report.headers, &report.body])
                    .expect("a webhook is received");
            }
        });
        inboxes.check(which, reports.len());
        (placed / calls as f64, reported / calls as f64)
    };
    let [now, before] = builds(run);
    let measured = run.repeat(|run| {
        let pair = [one(0, &now), one(1, &before)];
        run.say(&format!("{pair:.0?}"));
        pair
    });
    let each = |of: fn(&(f64, f64)) -> f64, which: usize| -> Vec<f64> {
        measured.iter().map(|it| of(&it[which])).collect()
    };
    let life = |it: &(f64, f64)| it.0 + it.1;
    let [now, before, ratio] = both("bytes a call", 0, each(life, 0), each(life, 1));
    let mut figures = vec![now, before, ratio.at_most(0.7)];
    figures.extend(both(
        "queued until placed",
        0,
        each(|it| it.0, 0),
        each(|it| it.0, 1),
    ));
    figures.extend(both(
        "three webhooks",
        0,
        each(|it| it.1, 0),
        each(|it| it.1, 1),
    ));
    Findings {
        about: format!(
            "write-ahead log of {calls} calls from vioc_enqueue_due until each answer is stored, and of the three webhooks of as \
             many, without whole pages, by each build in turn"
        ),
        figures,
        notes: Vec::new(),
    }
}

/// Bytes of write-ahead log meanwhile.
fn written(cluster: &Cluster, work: impl FnOnce()) -> f64 {
    let mut client = cluster.connect(DATABASE);
    let mut place = || -> f64 {
        client
            .query_one("select (pg_current_wal_insert_lsn() - '0/0')::float8", &[])
            .expect("the server says where its log ends")
            .get(0)
    };
    let before = place();
    work();
    place() - before
}
