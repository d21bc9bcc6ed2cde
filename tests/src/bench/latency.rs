//! "Call Now": from the statement that is sent to the database until Retell has the request.

use std::time::{Duration, Instant};

use super::machine::load;
use super::options::Options;
use super::server::AnswerServer;
use super::site::Site;

/// How the statements follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Regime {
    pub(super) name: &'static str,
    /// The pause before a statement: from, to.
    pub(super) pause: (Duration, Duration),
    pub(super) samples: usize,
}

impl Regime {
    const fn new(name: &'static str, from_ms: u64, to_ms: u64, samples: usize) -> Self {
        let pause = (Duration::from_millis(from_ms), Duration::from_millis(to_ms));
        Self {
            name,
            pause,
            samples,
        }
    }

    pub(super) fn all(full: bool) -> [Self; 2] {
        if full {
            [
                Self::new("idle", 2300, 2700, 200),
                Self::new("trickle", 200, 1500, 200),
            ]
        } else {
            [
                Self::new("idle", 500, 500, 40),
                Self::new("trickle", 200, 1500, 40),
            ]
        }
    }
}

pub(super) struct Latency {
    pub(super) regime: Regime,
    pub(super) load: String,
    /// From the statement to the request at the server.
    pub(super) arrival: Samples,
    /// From the statement to its own answer, that is, until it is committed and the client knows it.
    pub(super) answer: Samples,
}

/// In milliseconds, ascending.
pub(super) struct Samples(Vec<f64>);

impl Samples {
    fn new(durations: impl Iterator<Item = Duration>) -> Self {
        let mut samples: Vec<f64> = durations.map(|it| it.as_secs_f64() * 1000.0).collect();
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// The smallest sample that is not below `share` of all.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let count = self.0.len();
        let rank = (share * count as f64).ceil() as usize;
        self.0[rank.clamp(1, count) - 1]
    }
}

pub(super) fn run(options: &Options) -> Vec<Latency> {
    let server = AnswerServer::start().expect("loopback has a free port");
    let regimes = Regime::all(options.full);
    let samples: usize = regimes.iter().map(|regime| regime.samples).sum();
    let site = Site::start(&server, samples + WARM_UP, &options.settings);
    let mut caller = Caller {
        arrivals: server.watch(),
        client: site.client(),
        next_contact: 1,
    };
    for _ in 0..WARM_UP {
        caller.call_now();
    }
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    regimes
        .into_iter()
        .map(|regime| {
            let load = load();
            let samples: Vec<Sample> = (0..regime.samples)
                .map(|_| {
                    std::thread::sleep(random.between(regime.pause));
                    caller.call_now()
                })
                .collect();
            let arrival = Samples::new(samples.iter().map(|sample| sample.arrival));
            eprintln!(
                "latency {}: p50 {:.2} ms, max {:.2} ms; load before {load}",
                regime.name,
                arrival.quantile(0.5),
                arrival.quantile(1.0),
            );
            Latency {
                regime,
                load,
                arrival,
                answer: Samples::new(samples.iter().map(|sample| sample.answer)),
            }
        })
        .collect()
}

/// Samples that are not counted: plans, caches, the connection to the server.
pub(super) const WARM_UP: usize = 10;

/// Both from the moment the statement is sent.
struct Sample {
    arrival: Duration,
    answer: Duration,
}

struct Caller {
    arrivals: std::sync::mpsc::Receiver<Instant>,
    client: postgres::Client,
    next_contact: i64,
}

impl Caller {
    /// One statement in a transaction of its own, as an application or psql sends it.
    fn call_now(&mut self) -> Sample {
        let statement = format!("select * from vioc_call_contact({})", self.next_contact);
        self.next_contact += 1;
        let sent = Instant::now();
        self.client
            .simple_query(&statement)
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        let answer = sent.elapsed();
        let arrived = self
            .arrivals
            .recv_timeout(Duration::from_secs(30))
            .expect("the call reaches the server");
        Sample {
            arrival: arrived.duration_since(sent),
            answer,
        }
    }
}

/// The same pauses in every run.
struct Random(u64);

impl Random {
    fn between(&mut self, (from, to): (Duration, Duration)) -> Duration {
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
    fn a_quantile_is_one_of_the_samples() {
        let samples = Samples::new((1..=40).rev().map(Duration::from_millis));
        let found = [0.0, 0.5, 0.9, 0.99, 1.0].map(|share| samples.quantile(share));
        assert_eq!(found, [1.0, 20.0, 36.0, 40.0, 40.0]);
    }

    #[test]
    fn pauses_stay_within_their_bounds() {
        let bounds = (Duration::from_millis(200), Duration::from_millis(1500));
        let mut random = Random(1);
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
