//! Where the time goes: PostgreSQL's own counters for functions and statements, the worker's included.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::site::{DATABASE, Site};

pub(super) fn switch_on(site: &Site) {
    site.cluster.set("track_functions", "all");
    site.cluster.set("pg_stat_statements.track", "all");
    site.run("create extension pg_stat_statements");
}

pub(super) fn reset(site: &Site) {
    site.run("select pg_stat_statements_reset(), pg_stat_reset(), pg_stat_clear_snapshot()");
}

/// What the worker was found waiting for, again and again.
pub(super) struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeMap<String, u32>>,
}

impl Sampler {
    pub(super) fn start(site: &Site) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let pid = site.cluster.worker_pid(DATABASE);
        let mut client = site.cluster.connect("postgres");
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = BTreeMap::new();
            let question = client
                .prepare(
                    "select coalesce(wait_event_type || ' ' || wait_event, 'running') \
                     from pg_stat_activity where pid = $1",
                )
                .expect("the question is well-formed");
            while !stopped.load(Ordering::Acquire) {
                for row in client.query(&question, &[&pid]).unwrap_or_default() {
                    *seen.entry(row.get(0)).or_default() += 1;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        Self { stop, thread }
    }

    fn end(self) -> String {
        self.stop.store(true, Ordering::Release);
        let seen = self.thread.join().unwrap_or_default();
        let all: u32 = seen.values().sum();
        let mut seen: Vec<(String, u32)> = seen.into_iter().collect();
        seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        seen.iter()
            .map(|(state, count)| {
                format!(
                    "{:>5.1} %  {state}\n",
                    f64::from(*count * 100) / f64::from(all)
                )
            })
            .collect()
    }
}

/// The dearest functions and statements. (Times of functions with `total` include what they call.)
pub(super) fn report(site: &Site, calls: usize, took: Duration, sampler: Sampler) -> String {
    let sampled = sampler.end();
    // Counters reach the shared memory at the end of a transaction, once a second at most.
    std::thread::sleep(Duration::from_secs(2));
    let functions = "select format('%9s %9s %9s  %s', calls, round(total_time), round(self_time), funcname) \
                     from pg_stat_user_functions where schemaname = 'vioc' or funcname like 'vioc%' \
                     order by self_time desc limit 20";
    let statements = "select format('%9s %9s %9s  %s', calls, round(total_exec_time), rows, \
                        left(regexp_replace(query, '\\s+', ' ', 'g'), 110)) \
                      from pg_stat_statements order by total_exec_time desc limit 20";
    let mut text = format!(
        "profile of {calls} calls in {:.2} s, with track_functions and pg_stat_statements on\n",
        took.as_secs_f64()
    );
    text += "\nthe worker\n";
    text += &sampled;
    for (head, statement) in [
        ("    calls  total ms   self ms  function", functions),
        ("    calls  total ms      rows  statement", statements),
    ] {
        text += &format!("\n{head}\n");
        for row in site
            .client()
            .query(statement, &[])
            .expect("the counters can be read")
        {
            text += row.get::<_, &str>(0);
            text += "\n";
        }
    }
    text
}
