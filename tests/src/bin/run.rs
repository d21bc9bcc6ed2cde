//! `make run`: a cluster to play with, a simulated Retell, the webhook's front, and psql. It all ends with psql.

use std::io::IsTerminal as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use retell_simulator::{Config, Simulator, Timing};
use vioc_tests::cluster::Binaries;
use vioc_tests::{Cluster, Front};

const DATABASE: &str = "practice";
/// The example is what sets up the roles here, so it cannot rot.
const ROLES: &str = include_str!("../../../examples/postgrest/roles.sql");

fn main() -> ExitCode {
    if !Binaries::find().has_library("vioconcierge") {
        eprintln!("vioconcierge is not installed: run `make install` first");
        return ExitCode::FAILURE;
    }
    let simulator = match start_simulator() {
        Ok(simulator) => simulator,
        Err(error) => {
            eprintln!("the simulated Retell does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let cluster = Cluster::builder()
        .databases([DATABASE])
        .cron_database(DATABASE)
        .setting("vioconcierge.api_base_url", simulator.url())
        .start();
    let front = run_script(
        &cluster,
        "create extension pg_cron; create extension vioconcierge;",
    )
    .then(|| {
        run_script(&cluster, ROLES)
            .then(|| Front::builder(&cluster, DATABASE).nginx_paths().start())
    })
    .flatten();
    if let Some(front) = &front {
        cluster.set("vioconcierge.webhook_base_url", &front.url());
    }
    println!("database     {}", cluster.url(DATABASE));
    println!(
        "             psql -h {} -p {} -U postgres {DATABASE}",
        cluster.socket_dir().display(),
        cluster.port()
    );
    println!("server log   {}", cluster.log_path().display());
    println!(
        "Retell       {} (simulated; any key is accepted)",
        simulator.url()
    );
    println!(
        "webhooks     {}",
        front
            .as_ref()
            .map_or("no front: see the errors above".to_owned(), Front::url)
    );
    println!("\\q ends psql and removes everything\n");
    converse(&cluster)
}

/// Slow enough to watch: two seconds of ringing, five of talk.
fn start_simulator() -> std::io::Result<Simulator> {
    let timing = Timing {
        ring: Duration::from_secs(2),
        talk: Duration::from_secs(5),
        analysis: Duration::from_secs(1),
        ..Timing::default()
    };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Simulator::start(Config {
        listen,
        timing,
        fate_by_number: true,
        ..Config::default()
    })
}

/// `false`, and the errors on the terminal, if it fails.
fn run_script(cluster: &Cluster, script: &str) -> bool {
    let output = cluster.psql(DATABASE, script);
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// psql on this terminal. Ctrl-C there cancels a query: the server is in a process group of its own.
fn converse(cluster: &Cluster) -> ExitCode {
    let mut psql = cluster.binaries().client("psql");
    psql.args([
        "-U",
        "postgres",
        "-d",
        DATABASE,
        "-p",
        &cluster.port().to_string(),
        "-h",
    ])
    .arg(cluster.socket_dir());
    if let Ok(here) = std::env::current_dir() {
        psql.current_dir(here);
    }
    if !std::io::stdin().is_terminal() {
        psql.args(["-X", "-v", "ON_ERROR_STOP=1"]);
    }
    match psql.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("psql does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
