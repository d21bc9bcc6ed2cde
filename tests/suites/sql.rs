//! Runs each file of `tests/sql` as one test: pgTAP in a transaction that is rolled back.
//!
//! All files share one database, in which the extension and pgTAP exist and which no worker serves. psql runs them, so
//! `\set` and `\gset` work, and an error names the file and the line.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output, Stdio};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use vioc_tests::Cluster;
use vioc_tests::cluster::Binaries;
use vioc_tests::tap::Report;

const DATABASE: &str = "sql_tests";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two at a time: enough for two cores, few enough for a file that times something.
    arguments.test_threads.get_or_insert(2);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort_unstable();

    // Listing needs no server.
    let cluster = if arguments.list {
        None
    } else {
        match start() {
            Ok(cluster) => Some(Arc::new(cluster)),
            Err(message) => {
                eprintln!("{message}");
                return ExitCode::FAILURE;
            }
        }
    };
    let trials = files.into_iter().map(|file| {
        let name = file
            .strip_prefix(&root)
            .unwrap_or(&file)
            .with_extension("")
            .to_string_lossy()
            .replace('/', "::");
        let cluster = cluster.clone();
        Trial::test(name, move || {
            cluster.map_or(Ok(()), |cluster| run(&cluster, &file))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // The cluster ends here, not in a destructor that `exit` would skip.
    drop(cluster);
    conclusion.exit_code()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "sql") {
            files.push(path);
        }
    }
}

fn start() -> Result<Cluster, String> {
    let binaries = Binaries::find();
    for (extension, cure) in [("vioconcierge", "make install"), ("pgtap", "make deps")] {
        if !binaries.has_extension(extension) {
            let place = binaries.directory("--sharedir");
            return Err(format!(
                "{extension} is not installed in {}: run `{cure}` first",
                place.display()
            ));
        }
    }
    let cluster = Cluster::builder()
        .databases([DATABASE])
        .served([])
        .cron_database(DATABASE)
        .start();
    let script = format!(
        "create schema tap; create extension pgtap schema tap; create extension vioconcierge; \
         alter database {DATABASE} set search_path = public, tap; \
         alter database {DATABASE} set client_min_messages = warning;"
    );
    // By psql, which tells where in the install script an error is.
    let output = cluster.psql(DATABASE, &script);
    if output.status.success() {
        Ok(cluster)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn run(cluster: &Cluster, file: &Path) -> Result<(), Failed> {
    let mut psql = cluster.binaries().client("psql");
    psql.args([
        "-X",
        "-q",
        "-t",
        "-A",
        "-v",
        "ON_ERROR_STOP=1",
        "-U",
        "postgres",
        "-d",
        DATABASE,
    ]);
    psql.arg("-h")
        .arg(cluster.socket_dir())
        .args(["-p", &cluster.port().to_string()]);
    psql.args(["-c", "begin", "-f"])
        .arg(file)
        .args(["-c", "rollback"]);
    let output = psql
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("psql does not start: {error}"))?;
    judge(&output).map_err(|message| Failed::from(format!("{}\n{message}", file.display())))
}

fn judge(output: &Output) -> Result<(), String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    let verdict = Report::parse(&String::from_utf8_lossy(&output.stdout)).verdict();
    match (output.status.success(), verdict) {
        (true, Ok(())) => Ok(()),
        (true, Err(message)) => Err(format!("{message}\n{errors}")),
        // The error is what matters; failures before it often say why.
        (false, verdict) => Err(format!("{errors}{}", verdict.err().unwrap_or_default())),
    }
}
