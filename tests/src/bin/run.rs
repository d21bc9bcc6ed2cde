//! `make run`: PostgreSQL with pg_cron, the extension and its sample, and psql; all of it ends with psql.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use vioc_tests::Cluster;
use vioc_tests::cluster::Binaries;

const DATABASE: &str = "app";

/// The sample's tenant is simulated: no key, no Retell, no legal hours.
const SAMPLE: &str =
    "create extension pg_cron; create extension vioconcierge; select vioc_create_sample();";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("run: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether psql ended well. `Err` is what to tell the user.
fn run() -> Result<bool, String> {
    for (library, cure) in [("vioconcierge", "make install"), ("pg_cron", "make deps")] {
        if !Binaries::find().has_library(library) {
            return Err(format!("{library} is not installed: run `{cure}` first"));
        }
    }
    let cluster = Cluster::builder()
        .databases([DATABASE])
        .cron_database(DATABASE)
        .start();
    let output = cluster.psql(DATABASE, SAMPLE);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    println!("database     {}", cluster.url(DATABASE));
    println!(
        "             psql -h {} -p {} -U postgres {DATABASE}",
        cluster.socket_dir().display(),
        cluster.port()
    );
    println!("server log   {}", cluster.log_path().display());
    println!(
        "\nSample Dental has five contacts. Their calls are simulated and never leave the server. Try:"
    );
    for statement in String::from_utf8_lossy(&output.stdout).lines() {
        println!("  {statement}");
    }
    println!(
        "\nWhat each step means: docs/tutorial/1-first-call.md. \\q ends psql and removes the cluster.\n"
    );
    converse(&cluster)
}

/// psql on this terminal, or on whatever stdin is; `false` if it failed.
fn converse(cluster: &Cluster) -> Result<bool, String> {
    let mut psql = cluster.binaries().client("psql");
    psql.args(["-U", "postgres", "-d", DATABASE])
        .args(["-p", &cluster.port().to_string(), "-h"])
        .arg(cluster.socket_dir())
        // A pager would swallow the next statement that is pasted.
        .args(["-P", "pager=off"]);
    if let Ok(here) = std::env::current_dir() {
        psql.current_dir(here);
    }
    if !std::io::stdin().is_terminal() {
        psql.args(["-X", "-v", "ON_ERROR_STOP=1"]);
    }
    ignore_ctrl_c();
    let ended = psql
        .status()
        .map_err(|error| format!("psql does not start: {error}"))?;
    Ok(ended.success())
}

/// Ctrl-C reaches every process of the terminal. psql has its own use for it (it cancels a query), the server is in a
/// process group of its own, and this process must outlive both.
fn ignore_ctrl_c() {
    #[allow(unsafe_code, reason = "the standard library has no signals")]
    // SAFETY: SIG_IGN is no code that could run at a bad moment.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_IGN);
    }
}
