//! What the extension costs those who do not use it.

use std::process::Command;

use super::figure::{Figure, Spread};
use super::row::{Findings, Pairs, Row, Run};
use super::site::{DATABASE, IN_FLIGHT, as_it_comes};
use crate::Cluster;
use crate::cluster::must_run;

pub(super) const ROW: Row = Row {
    name: "unused",
    about: "pgbench with the extension loaded but unused, and without",
    any_dispatcher: true,
    run,
};

const SCALE: &str = "5";
const CLIENTS: &str = "2";
const SECONDS: &str = "10";

fn run(run: &mut Run<'_>) -> Findings {
    let libraries = match &run.options.other.call {
        None => "vioconcierge",
        Some(_) => run.options.other.preload.as_deref().unwrap_or_default(),
    };
    let [with, without] = [libraries, ""].map(|libraries| start(libraries, run));
    let mut figures = Vec::new();
    for (name, script) in [("select only", "-S"), ("simple update", "-N")] {
        // caches and files as they will be
        for cluster in [&with, &without] {
            transactions_per_second(cluster, script);
        }
        let pairs = run.interleave(
            |_| transactions_per_second(&with, script),
            |_| transactions_per_second(&without, script),
        );
        figures.extend(compare(name, &pairs));
    }
    Findings {
        about: format!(
            "pgbench, scale {SCALE}, {CLIENTS} clients, {SECONDS} s each, with shared_preload_libraries = '{libraries}' (the \
             extension created in this database, which is served, but no call in it) and without any, in turn"
        ),
        figures,
        notes: vec![
            "noise: (max - min) / median of the runs without; the ratio is to be at least 1 - noise".to_owned(),
        ],
    }
}

fn compare(name: &str, pairs: &Pairs) -> [Figure; 4] {
    let without = Spread::of(&pairs.b());
    let noise = (without.max - without.min) / without.median;
    [
        Figure::new(format!("{name}, with, transactions/s"), 0, pairs.a()),
        Figure::new(format!("{name}, without, transactions/s"), 0, pairs.b()),
        Figure::new(format!("{name}, noise"), 3, vec![noise]),
        Figure::new(format!("{name}, ratio"), 3, pairs.ratios())
            .at_least(((1.0 - noise) * 1000.0).floor() / 1000.0),
    ]
}

fn start(libraries: &str, run: &Run<'_>) -> Cluster {
    let mut builder = as_it_comes().preload(libraries);
    for (name, value) in run.options.settings(IN_FLIGHT) {
        builder = builder.setting(name, value);
    }
    let cluster = builder.start();
    if libraries.contains("vioconcierge") {
        cluster.create_extension(DATABASE);
        cluster.worker_pid(DATABASE);
    }
    must_run(
        pgbench(&cluster)
            .args(["-i", "-q", "-s", SCALE])
            .arg(DATABASE),
    );
    cluster
}

fn pgbench(cluster: &Cluster) -> Command {
    let mut command = cluster.binaries().client("pgbench");
    command.arg("-h").arg(cluster.socket_dir()).args([
        "-p",
        &cluster.port().to_string(),
        "-U",
        "postgres",
    ]);
    command
}

fn transactions_per_second(cluster: &Cluster, script: &str) -> f64 {
    let mut command = pgbench(cluster);
    command
        .args([script, "-n", "-c", CLIENTS, "-j", CLIENTS, "-T", SECONDS])
        .arg(DATABASE);
    let output = must_run(&mut command);
    let text = String::from_utf8_lossy(&output.stdout);
    tps(&text).unwrap_or_else(|| panic!("pgbench says how fast it was:\n{text}"))
}

/// `tps = 1234.5 (without initial connection time)`
fn tps(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pgbench_is_understood() {
        let text = "number of failed transactions: 0 (0.000%)\ntps = 1234.500000 (without initial connection time)\n";
        assert_eq!(tps(text), Some(1234.5));
        assert_eq!(tps("pgbench: error"), None);
    }
}
