//! Where the time goes: PostgreSQL's own counters for functions and statements, the worker's included.

use std::time::Duration;

use super::site::Site;

pub(super) fn switch_on(site: &Site) {
    site.cluster.set("track_functions", "all");
    site.cluster.set("pg_stat_statements.track", "all");
    run(site, "create extension pg_stat_statements");
}

pub(super) fn reset(site: &Site) {
    run(
        site,
        "select pg_stat_statements_reset(), pg_stat_reset(), pg_stat_clear_snapshot()",
    );
}

fn run(site: &Site, statement: &str) {
    site.client()
        .batch_execute(statement)
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
}

/// The dearest functions and statements. (Times of functions with `total` include what they call.)
pub(super) fn report(site: &Site, calls: usize, took: Duration) -> String {
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
