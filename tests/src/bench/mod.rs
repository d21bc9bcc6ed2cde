//! `make bench`: how fast a backlog is worked off, and how soon "Call Now" is a request on the wire.
//!
//! Figures of one machine at one hour: they are printed with both, with the load before each run, and beside what a
//! plain HTTP client does there at the same time. Compare ratios rather than figures.

mod backlog;
mod latency;
mod machine;
mod options;
mod plain;
mod profile;
mod report;
mod server;
mod site;

use std::path::Path;

use crate::Cluster;
use crate::cluster::Binaries;
use options::{Only, Options, USAGE};
use report::Report;

/// Where the table is left, in the root of the repository (not in version control).
const RESULTS: &str = "bench-results.txt";

/// Runs what the arguments ask for. `Err` is what to tell the user.
///
/// # Panics
/// If a run fails: then there is no figure.
pub fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let options = Options::parse(arguments).map_err(|problem| format!("{problem}\n\n{USAGE}"))?;
    if options.help {
        print!("{USAGE}");
        return Ok(());
    }
    if !Binaries::find().has_library("vioconcierge") {
        return Err("vioconcierge is not installed: run `make install` first".to_owned());
    }
    let (date, server_version) = when_and_what();
    let backlog = if options.wants(Only::Backlog) {
        backlog::run(&options)
    } else {
        Vec::new()
    };
    let latency = if options.wants(Only::Latency) {
        latency::run(&options)
    } else {
        Vec::new()
    };
    let report = Report {
        date,
        server_version,
        options: &options,
        backlog: &backlog,
        latency: &latency,
    };
    let mut text = report.text();
    if options.profile {
        text += "\n";
        text += &backlog::profile(&options);
    }
    print!("\n{text}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| RESULTS.into(), |root| root.join(RESULTS));
    std::fs::write(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("\nAlso in {}", path.display());
    Ok(())
}

fn when_and_what() -> (String, String) {
    let cluster = Cluster::builder().plain().start();
    let row = cluster
        .connect("postgres")
        .query_one(
            "select to_char(now(), 'YYYY-MM-DD HH24:MI \"UTC\"'), current_setting('server_version')",
            &[],
        )
        .expect("the server says what it is");
    (row.get(0), row.get(1))
}
