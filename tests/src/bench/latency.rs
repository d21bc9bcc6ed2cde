//! "Call Now": from the statement that is sent to the database until Retell has the request.

use std::time::{Duration, Instant};

use postgres::SimpleQueryMessage;

use super::backlog;
use super::figure::{Figure, Samples, quantiles};
use super::row::{Findings, Row, Run};
use super::server::{AnswerServer, Watch};
use super::site::{PATIENCE, Plan, Site, TENANTS};

pub(super) const IDLE: Row = Row {
    name: "call-now-idle",
    about: "\"Call Now\", statement to wire, nothing else to do",
    any_dispatcher: true,
    run: |run| {
        let regime = if run.options.full {
            // as it was measured for the peers
            Regime::new(2300, 2700, 200)
        } else {
            Regime::new(500, 500, 100)
        };
        regime.run(run)
    },
};

pub(super) const TRICKLE: Row = Row {
    name: "call-now-trickle",
    about: "the same, now and then",
    any_dispatcher: true,
    run: |run| Regime::new(200, 1500, if run.options.full { 200 } else { 100 }).run(run),
};

pub(super) const BACKLOG: Row = Row {
    name: "call-now-backlog",
    about: "the same, while a backlog is being drained",
    any_dispatcher: true,
    run: during_a_backlog,
};

/// Samples that are not counted: plans, caches, the connection to the server.
pub(super) const WARM_UP: usize = 10;

/// How the statements follow each other.
struct Regime {
    /// The pause before a statement: from, to.
    pause: (Duration, Duration),
    samples: usize,
}

impl Regime {
    const fn new(from_ms: u64, to_ms: u64, samples: usize) -> Self {
        let pause = (Duration::from_millis(from_ms), Duration::from_millis(to_ms));
        Self { pause, samples }
    }

    fn run(&self, run: &mut Run<'_>) -> Findings {
        let server = AnswerServer::start().expect("loopback has a free port");
        let plan = Plan {
            on_request: run.options.repeat * self.samples + WARM_UP,
            ..Plan::due(0)
        };
        let site = Site::start(&server, plan, run.options);
        let mut caller = Caller::new(&server, &site, 1);
        for _ in 0..WARM_UP {
            caller.call_now();
        }
        let mut random = Random::new();
        let repeats = run.repeat(|_| {
            let taken = (0..self.samples).map(|_| {
                std::thread::sleep(random.between(self.pause));
                caller.call_now()
            });
            taken.collect::<Vec<Sample>>()
        });
        let (from, to) = self.pause;
        let apart = if from == to {
            format!("{}", from.as_secs_f64())
        } else {
            format!("{} to {}", from.as_secs_f64(), to.as_secs_f64())
        };
        Findings {
            about: format!(
                "`{}` sent, until the request arrives at the server, and until the statement is answered; one at a time, \
                 {apart} s apart, {} samples a repeat, {TENANTS} tenants, {WARM_UP} calls before it not counted",
                site.call_now(1),
                self.samples
            ),
            figures: figures(&repeats, 1.5, 5.0),
            notes: Vec::new(),
        }
    }
}

fn during_a_backlog(run: &mut Run<'_>) -> Findings {
    const MOST_SAMPLES: usize = 5000;
    let options = run.options;
    // by default a hundred thousand
    let calls = 5 * options.calls;
    let due = calls + TENANTS;
    let pause = (Duration::from_millis(10), Duration::from_millis(60));
    let mut random = Random::new();
    let repeats = run.repeat(|run| {
        let server = AnswerServer::start().expect("loopback has a free port");
        let plan = Plan {
            on_request: MOST_SAMPLES,
            ..Plan::due(due)
        };
        let site = Site::start(&server, plan, options);
        backlog::drain(&server, &site, TENANTS);
        let mut caller = Caller::new(&server, &site, due + 1);
        let mut client = site.client();
        let before = server.posts();
        let transaction = site.queue(&mut client, calls);
        let began = Instant::now();
        transaction.commit().expect("it is committed");
        let mut taken = Vec::new();
        while taken.len() < MOST_SAMPLES {
            std::thread::sleep(random.between(pause));
            let sample = caller.call_now();
            // those that came after the backlog's last request do not count
            if server.posts() - before >= (calls + taken.len()) as u64 {
                break;
            }
            taken.push(sample);
        }
        run.say(&format!(
            "{} samples in {:.1} s",
            taken.len(),
            began.elapsed().as_secs_f64()
        ));
        assert!(!taken.is_empty(), "the backlog outlasts one call");
        site.wait_until_placed(&mut client, began);
        taken
    });
    let counts: Vec<String> = repeats.iter().map(|it| it.len().to_string()).collect();
    Findings {
        about: format!(
            "the same for contacts that are not in it, the next 10 to 60 ms after the one before is there, while a backlog of {calls} calls is being drained; \
             a new cluster for each repeat"
        ),
        figures: figures(&repeats, 10.0, 50.0),
        notes: vec![format!("samples: {}", counts.join(", "))],
    }
}

/// The p50 and p99 that are asked for, in milliseconds.
pub(super) fn figures(repeats: &[Vec<Sample>], p50: f64, p99: f64) -> Vec<Figure> {
    let wire = each(repeats, |sample| sample.wire);
    let answer = each(repeats, |sample| sample.answer);
    let asked = [
        (0.5, Some(p50)),
        (0.9, None),
        (0.99, Some(p99)),
        (1.0, None),
    ];
    let mut figures = quantiles("statement to wire", &wire, &asked);
    figures.extend(quantiles(
        "the statement's answer",
        &answer,
        &[(0.5, None), (0.99, None)],
    ));
    figures
}

fn each(repeats: &[Vec<Sample>], of: impl Fn(&Sample) -> Duration) -> Vec<Samples> {
    repeats
        .iter()
        .map(|samples| Samples::new(samples.iter().map(&of)))
        .collect()
}

/// Both from the moment the statement is sent.
pub(super) struct Sample {
    /// Until the request is at the server.
    pub(super) wire: Duration,
    /// Until it is committed and the client knows it.
    answer: Duration,
}

pub(super) struct Caller<'a> {
    site: &'a Site,
    arrivals: Watch,
    client: postgres::Client,
    next_contact: usize,
}

impl<'a> Caller<'a> {
    /// Calls one contact after the other, from this on.
    pub(super) fn new(server: &AnswerServer, site: &'a Site, first_contact: usize) -> Self {
        Self {
            site,
            arrivals: server.watch_arrivals(),
            client: site.client(),
            next_contact: first_contact,
        }
    }

    /// One statement in a transaction of its own, as an application or psql sends it.
    pub(super) fn call_now(&mut self) -> Sample {
        let statement = self.site.call_now(self.next_contact);
        let sent = Instant::now();
        let answered = self
            .client
            .simple_query(&statement)
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        let answer = sent.elapsed();
        let call = call_id(&answered).unwrap_or(self.next_contact as u64);
        self.next_contact += 1;
        let arrived = self.arrivals.wait_for(call, PATIENCE);
        Sample {
            wire: arrived.duration_since(sent),
            answer,
        }
    }
}

/// What vioc_call_contact answers.
fn call_id(answered: &[SimpleQueryMessage]) -> Option<u64> {
    answered.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.try_get("call_id").ok()??.parse().ok(),
        _ => None,
    })
}

/// The same pauses in every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new() -> Self {
        Self(0x2545_F491_4F6C_DD1D)
    }

    pub(super) fn between(&mut self, (from, to): (Duration, Duration)) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        from + (to - from).mul_f64((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_within_their_bounds() {
        let bounds = (Duration::from_millis(200), Duration::from_millis(1500));
        let mut random = Random::new();
        let pauses: Vec<Duration> = (0..1000).map(|_| random.between(bounds)).collect();
        assert!(
            pauses
                .iter()
                .all(|pause| (bounds.0..=bounds.1).contains(pause))
        );
        assert!(
            pauses
                .iter()
                .any(|pause| *pause < Duration::from_millis(400))
        );
        assert!(
            pauses
                .iter()
                .any(|pause| *pause > Duration::from_millis(1300))
        );
    }
}
