//! Is a queue that comes after quiet worked off as fast as one that comes at the start? The statistics say "nothing is queued".

use std::cell::RefCell;
use std::time::Instant;

use super::backlog::{Drained, WARM_UP, drain, drain_of, per_second, warm_up};
use super::figure::Figure;
use super::row::{Findings, Row, Run};
use super::server::AnswerServer;
use super::site::{Plan, Site, TENANTS};

pub(super) const ROW: Row = Row {
    name: "burst",
    about: "queues that come after quiet, five in a row, by vioc_enqueue_due and by Call Now",
    any_dispatcher: false,
    run,
};

/// Queues in a row, without a restart.
const ROUNDS: usize = 5;

fn run(run: &mut Run<'_>) -> Findings {
    let options = run.options;
    // a long one has one round: the next ones would have no contacts
    let (calls, rounds) = if options.full {
        (10 * options.calls, 1)
    } else {
        (options.calls, ROUNDS)
    };
    let server = AnswerServer::start().expect("loopback has a free port");
    let start = |on_request: usize| {
        let plan = Plan {
            on_request,
            ..Plan::due(rounds * calls + WARM_UP)
        };
        let site = Site::start(&server, plan, options);
        warm_up(&server, &site);
        site
    };
    let backlog = RefCell::new(Vec::new());
    let pairs = run.interleave(
        |run| {
            backlog
                .borrow_mut()
                .push(per_second(options.calls, drain(&server, &start(0), options.calls).took));
            let site = start(0);
            slowest(run, "enqueued", &site, calls, rounds, || {
                drain(&server, &site, calls)
            })
        },
        |run| {
            let site = start(rounds * calls);
            let mut first = rounds * calls + WARM_UP + 1;
            slowest(run, "Call Now", &site, calls, rounds, || {
                let began = Instant::now();
                let mut client = site.client();
                let mut transaction = client.transaction().expect("a transaction begins");
                let pressed: i64 = transaction
                    .query_one(
                        &format!(
                            "select count(q.call_id) from generate_series({first}::bigint, {}) as n, vioc_call_contact(n) as q",
                            first + calls - 1
                        ),
                        &[],
                    )
                    .expect("every contact may be called")
                    .get(0);
                assert_eq!(pressed, calls as i64, "each is queued");
                first += calls;
                drain_of(&server, &site, transaction, calls, began.elapsed())
            })
        },
    );
    let backlog = backlog.take();
    let of_backlog = |rates: Vec<f64>| rates.iter().zip(&backlog).map(|(a, b)| a / b).collect();
    Findings {
        about: format!(
            "the tables analyzed while nothing is queued, then {calls} calls of {TENANTS} tenants at once, the slowest of {rounds} in a \
             row; and the backlog of {} in a cluster of its own, in turn",
            options.calls
        ),
        figures: vec![
            Figure::new("enqueued, of the backlog's rate", 2, of_backlog(pairs.a())).at_least(0.9),
            Figure::new("Call Now, of the backlog's rate", 2, of_backlog(pairs.b())).at_least(0.9),
            Figure::new("enqueued, calls/s", 0, pairs.a()),
            Figure::new("Call Now, calls/s", 0, pairs.b()),
            Figure::new("backlog, calls/s", 0, backlog),
        ],
        notes: Vec::new(),
    }
}

/// Calls per second of the slowest round.
fn slowest(
    run: &Run<'_>,
    what: &str,
    site: &Site,
    calls: usize,
    rounds: usize,
    mut round: impl FnMut() -> Drained,
) -> f64 {
    (0..rounds)
        .map(|_| {
            site.run("analyze");
            let rate = per_second(calls, round().took);
            run.say(&format!("{what}: {rate:.0}/s"));
            rate
        })
        .fold(f64::INFINITY, f64::min)
}
