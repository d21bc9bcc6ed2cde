//! `make bench`: what vioconcierge does on this machine, against its targets.
//!
//! Figures of one machine at one hour: they are printed with both, with the load before each repeat, and where it can be
//! beside something else that the machine did in turn with it. Compare ratios rather than figures.

mod backlog;
mod before;
mod burst;
mod door;
mod enqueue;
mod figure;
mod flat;
mod hand;
mod history;
mod idle;
mod ingest;
mod latency;
mod machine;
mod options;
mod plain;
mod process;
mod profile;
mod report;
mod row;
mod server;
mod site;
mod slow;
mod steady;
mod unused;

use std::path::Path;

use crate::Cluster;
use crate::cluster::Binaries;
use options::Options;
use report::{Head, Section};
use row::{Row, Run};

/// In the order of the table.
const ROWS: &[Row] = &[
    backlog::ROW,
    burst::ROW,
    latency::IDLE,
    latency::TRICKLE,
    latency::BACKLOG,
    slow::PROVIDER,
    slow::NEIGHBOUR,
    idle::ROW,
    unused::ROW,
    steady::ROW,
    history::ROW,
    flat::ROW,
    enqueue::ROW,
    ingest::WEBHOOKS,
    ingest::BURST,
    door::ROW,
    before::WEBHOOK,
    before::WEBHOOKS,
    before::LONE_WEBHOOK,
    before::CALL_NOW,
    before::BACKLOG,
    before::ENQUEUE,
    before::WAL,
];

/// Where the table is left, in the root of the repository (not in version control).
const RESULTS: &str = "bench-results.txt";

/// Runs what the arguments ask for. `Err` is what to tell the user.
///
/// # Panics
/// If a run fails: then there is no figure.
pub fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let usage = options::usage(ROWS);
    let options =
        Options::parse(arguments, ROWS).map_err(|problem| format!("{problem}\n\n{usage}"))?;
    if options.help {
        print!("{usage}");
        return Ok(());
    }
    if options.other.call.is_none() && !Binaries::find().has_library("vioconcierge") {
        return Err("vioconcierge is not installed: run `make install` first".to_owned());
    }
    let head = head();
    let mut sections = Vec::new();
    for row in ROWS.iter().filter(|row| options.wants(row)) {
        let mut run = Run::new(row, &options);
        let findings = (row.run)(&mut run);
        sections.push(Section {
            row: row.name,
            findings,
            loads: run.loads,
        });
        // after every row: an hour's figures are not lost with the last one
        write(&report::text(&head, &options, &sections))?;
    }
    let mut text = report::text(&head, &options, &sections);
    if options.profile {
        text += "\n";
        text += &backlog::profile(&options);
    }
    print!("\n{text}");
    println!("\nAlso in {}", write(&text)?);
    Ok(())
}

/// Returns the place.
fn write(text: &str) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| RESULTS.into(), |root| root.join(RESULTS));
    let path = path.display().to_string();
    std::fs::write(&path, text).map_err(|error| format!("{path}: {error}"))?;
    Ok(path)
}

fn head() -> Head {
    let cluster = Cluster::builder().plain().start();
    let row = cluster
        .connect("postgres")
        .query_one(
            "select to_char(now(), 'YYYY-MM-DD HH24:MI \"UTC\"'), current_setting('server_version')",
            &[],
        )
        .expect("the server says what it is");
    Head {
        date: row.get(0),
        server_version: row.get(1),
    }
}
