//! How fast a queue is worked off: from the commit of all calls until the last answer is stored.

use std::time::{Duration, Instant};

use super::machine::load;
use super::options::Options;
use super::server::AnswerServer;
use super::site::{PATIENCE, Site, TENANTS};
use super::{plain, profile};

/// Calls made before the clock starts: caches, plans and connections.
const WARM_UP: usize = TENANTS;

/// One repeat: the queue, and the plain client right after it.
pub(super) struct Run {
    pub(super) load: String,
    /// Making the calls (`vioc_enqueue_due`), before the clock starts.
    pub(super) queueing: Duration,
    pub(super) calls_per_second: f64,
    /// Between two requests: a worker with work never waits.
    pub(super) longest_pause: Duration,
    pub(super) posts_per_second: f64,
}

impl Run {
    pub(super) fn ratio(&self) -> f64 {
        self.calls_per_second / self.posts_per_second
    }
}

pub(super) fn run(options: &Options) -> Vec<Run> {
    let repeat = options.repeat;
    let server = AnswerServer::start().expect("loopback has a free port");
    (1..=repeat)
        .map(|number| {
            let run = once(&server, options);
            eprintln!(
                "backlog {number}/{repeat}: queued in {:.1} s, {:.0} calls/s, longest pause {:.2} s; plain client {:.0} POST/s; \
                 ratio {:.3}; load before {}",
                run.queueing.as_secs_f64(),
                run.calls_per_second,
                run.longest_pause.as_secs_f64(),
                run.posts_per_second,
                run.ratio(),
                run.load,
            );
            run
        })
        .collect()
}

fn once(server: &AnswerServer, options: &Options) -> Run {
    let calls = options.calls;
    let site = Site::start(server, calls + WARM_UP, &options.settings);
    let bodies = warm_up(server, &site);
    let load = load();
    let (queueing, took) = drain(server, &site, calls);
    let longest_pause = server.longest_pause();
    // On the same machine in the same minute, but not at the same time.
    site.cluster.stop(crate::Stop::Fast);
    plain::post(server, &bodies, WARM_UP);
    let plain = plain::post(server, &bodies, calls);
    Run {
        load,
        queueing,
        calls_per_second: per_second(calls, took),
        longest_pause,
        posts_per_second: per_second(calls, plain),
    }
}

/// Works a little queue off, and returns what was posted.
fn warm_up(server: &AnswerServer, site: &Site) -> Vec<Vec<u8>> {
    server.keep_bodies();
    let mut client = site.client();
    Site::queue(&mut client, WARM_UP)
        .commit()
        .expect("it is committed");
    site.wait_until_placed(&mut client, WARM_UP, Instant::now());
    server.take_bodies()
}

fn drain(server: &AnswerServer, site: &Site, calls: usize) -> (Duration, Duration) {
    let mut client = site.client();
    let posts_before = server.posts();
    server.longest_pause();
    let began = Instant::now();
    let transaction = Site::queue(&mut client, calls);
    let queueing = began.elapsed();
    let started = Instant::now();
    transaction.commit().expect("it is committed");
    let wanted = calls as u64;
    // The server's own count first, because asking it costs nothing.
    while server.posts() - posts_before < wanted && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = site.wait_until_placed(&mut client, calls + WARM_UP, started);
    // As many POSTs as calls, and as many different answers stored: nobody was dialled twice.
    assert_eq!(
        server.posts() - posts_before,
        wanted,
        "one POST for each call"
    );
    (queueing, took)
}

/// One more queue with PostgreSQL's own measuring switched on, which costs time: its result is where the time goes.
pub(super) fn profile(options: &Options) -> String {
    let calls = options.calls;
    let server = AnswerServer::start().expect("loopback has a free port");
    let mut settings = options.settings.clone();
    settings.push((
        "shared_preload_libraries".to_owned(),
        "pg_cron,vioconcierge,pg_stat_statements".to_owned(),
    ));
    let site = Site::start(&server, calls + WARM_UP, &settings);
    profile::switch_on(&site);
    warm_up(&server, &site);
    profile::reset(&site);
    let sampler = profile::Sampler::start(&site);
    let (_, took) = drain(&server, &site, calls);
    profile::report(&site, calls, took, sampler)
}

fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
