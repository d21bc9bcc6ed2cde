//! A provider that takes its time.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::backlog::drain;
use super::figure::{Figure, Samples, quantiles};
use super::process::MemoryWatch;
use super::row::{Findings, Row, Run};
use super::server::{AnswerServer, call_id, lock, number};
use super::site::{PATIENCE, Plan, Site, TENANTS};

pub(super) const PROVIDER: Row = Row {
    name: "slow-provider",
    about: "every answer takes 300 ms, at several max_in_flight",
    any_dispatcher: true,
    run: provider,
};

pub(super) const NEIGHBOUR: Row = Row {
    name: "slow-neighbour",
    about: "half of all requests take 4 s: when the others' answers are stored",
    any_dispatcher: true,
    run: neighbour,
};

const IN_FLIGHT: [usize; 3] = [32, 128, 512];
const ANSWER: Duration = Duration::from_millis(300);
/// A queue is so many times what may be in flight: it takes this many answers' time at best.
const ROUNDS: usize = 30;

fn provider(run: &mut Run<'_>) -> Findings {
    let repeats = run.repeat(|run| IN_FLIGHT.map(|in_flight| at(run, in_flight)));
    let mut figures = Vec::new();
    for (place, in_flight) in IN_FLIGHT.into_iter().enumerate() {
        let of = |value: fn(&Rate) -> Option<f64>| -> Vec<f64> {
            repeats.iter().filter_map(|it| value(&it[place])).collect()
        };
        let name = format!("max_in_flight {in_flight}");
        figures.push(Figure::new(
            format!("{name}, calls/s"),
            0,
            of(|it| Some(it.per_second)),
        ));
        figures.push(
            Figure::new(
                format!("{name}, of {:.0}/s", possible(in_flight)),
                3,
                of(|it| Some(it.share)),
            )
            .at_least(0.9),
        );
        let memory = of(|it| it.memory);
        if !memory.is_empty() {
            let figure = Figure::new(format!("{name}, the worker's memory, MB"), 0, memory);
            figures.push(if in_flight == 512 {
                figure.at_most(160.0)
            } else {
                figure
            });
        }
    }
    Findings {
        about: format!(
            "every answer after {} ms; {ROUNDS} times max_in_flight calls of {TENANTS} tenants, from their commit until every \
             answer is stored, against max_in_flight / {} s",
            ANSWER.as_millis(),
            ANSWER.as_secs_f64()
        ),
        figures,
        notes: vec![
            "memory: the most of RssAnon + RssFile, that is without the shared buffers that it has touched (RssShmem)"
                .to_owned(),
        ],
    }
}

struct Rate {
    per_second: f64,
    share: f64,
    memory: Option<f64>,
}

fn possible(in_flight: usize) -> f64 {
    in_flight as f64 / ANSWER.as_secs_f64()
}

fn at(run: &Run<'_>, in_flight: usize) -> Rate {
    let server = AnswerServer::start_slow(|_| ANSWER).expect("loopback has a free port");
    let calls = ROUNDS * in_flight;
    let plan = Plan {
        settings: &[("vioconcierge.max_in_flight", in_flight.to_string())],
        ..Plan::due(calls + TENANTS)
    };
    let site = Site::start(&server, plan, &run.options.with_in_flight(in_flight));
    drain(&server, &site, TENANTS);
    let watches: Vec<MemoryWatch> = site
        .processes()
        .into_iter()
        .map(MemoryWatch::start)
        .collect();
    let took = drain(&server, &site, calls).took.as_secs_f64();
    let memory = watches.into_iter().map(MemoryWatch::end).reduce(f64::max);
    let per_second = calls as f64 / took;
    let share = per_second / possible(in_flight);
    run.say(&format!(
        "{in_flight} in flight: {per_second:.0} calls/s, {share:.3} of what is possible, {:.0} MB",
        memory.unwrap_or_default()
    ));
    Rate {
        per_second,
        share,
        memory,
    }
}

const SLOW_ANSWER: Duration = Duration::from_secs(4);
/// Half of them are fast.
const NEIGHBOURS: usize = 400;
/// How often another session looks what is stored.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Every second practice is served slowly; where bodies name no practice, every second call.
fn is_slow(body: &[u8]) -> bool {
    let number = [&b"\"tenant_id\""[..], b"\"call_id\""]
        .into_iter()
        .map(|name| number(body, name))
        .find(|number| *number > 0);
    number.is_some_and(|number| number % 2 == 1)
}

fn neighbour(run: &mut Run<'_>) -> Findings {
    let repeats = run.repeat(|run| {
        let delays = visible_after(run);
        let samples = Samples::new(delays);
        run.say(&format!("p99 {:.1} ms", samples.quantile(0.99)));
        samples
    });
    let mut figures = quantiles("fast answer to visible", &repeats, &[0.5, 0.9, 0.99, 1.0]);
    figures[2] = figures[2].clone().at_most(50.0);
    Findings {
        about: format!(
            "{NEIGHBOURS} calls of {TENANTS} tenants; every second tenant's answers take {} s, the others' come at once: from \
             the moment such an answer is written by the server until another session sees it stored",
            SLOW_ANSWER.as_secs()
        ),
        figures,
        notes: vec![format!(
            "server and session are in one process, with one clock; the session looks again {} ms after it has its last \
             answer, and what it finds counts as visible when the query has come back: the figures are a little too long, \
             never too short",
            LOOK_EVERY.as_millis()
        )],
    }
}

/// Of every fast call.
fn visible_after(run: &Run<'_>) -> Vec<Duration> {
    let fast = Arc::new(Mutex::new(HashSet::new()));
    let found_fast = Arc::clone(&fast);
    let server = AnswerServer::start_slow(move |body| {
        if is_slow(body) {
            return SLOW_ANSWER;
        }
        lock(&found_fast).insert(call_id(body));
        Duration::ZERO
    })
    .expect("loopback has a free port");
    let site = Site::start(&server, Plan::due(NEIGHBOURS), run.options);
    let question = site
        .answered_question()
        .expect("--answered says which calls are answered");
    let answers = server.watch_answers();
    let mut client = site.client();
    let stored = client
        .prepare(&question)
        .expect("the question is well-formed");
    let mut app = site.client();
    let queue = site.queue(&mut app, NEIGHBOURS);
    queue.commit().expect("it is committed");
    let began = Instant::now();
    let mut visible: BTreeMap<i64, Instant> = BTreeMap::new();
    while visible.len() < NEIGHBOURS {
        assert!(began.elapsed() < PATIENCE, "every call is answered");
        let rows = client.query(&stored, &[]).expect("the database answers");
        let now = Instant::now();
        for row in rows {
            visible.entry(row.get(0)).or_insert(now);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let fast = lock(&fast);
    let answered = answers.all().into_iter();
    answered
        .filter(|(call, _)| fast.contains(call))
        .map(|(call, written)| visible[&call.cast_signed()].saturating_duration_since(written))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_practice_is_slow_or_else_every_second_call() {
        let found = [
            r#"{"metadata": {"call_id": "2", "tenant_id": "3"}}"#,
            r#"{"metadata": {"call_id": "3", "tenant_id": "4"}}"#,
            r#"{"call_id": 5}"#,
            r#"{"call_id": 6}"#,
            "{}",
        ]
        .map(|body| is_slow(body.as_bytes()));
        assert_eq!(found, [true, false, true, false, false]);
    }
}
