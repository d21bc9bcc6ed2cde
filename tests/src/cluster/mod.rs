//! A throwaway PostgreSQL server with pg_cron and vioconcierge preloaded.
//!
//! ```no_run
//! use vioc_tests::Cluster;
//!
//! let cluster = Cluster::builder().databases(["app"]).setting("vioconcierge.max_in_flight", "4").start();
//! cluster.create_extension("app");
//! let mut app = cluster.connect("app");
//! app.execute("select 1", &[]).unwrap();
//! ```
//!
//! Dropping it stops the server at once and removes it; a panicking test keeps its log and says where it is.

mod binaries;
mod builder;
mod clock;
pub mod coverage;
mod privacy;
mod relocated;
mod server;
mod standby;
mod template;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use postgres::{Client, NoTls};

pub use binaries::{Binaries, as_server_user, is_root, must_run};
pub use builder::Builder;
pub use clock::Clock;
pub use standby::Copy;
pub use template::ClusterTemplate;
pub use workspace::new_directory;

use crate::wait::{LONG, Testimony, wait_until};
use server::{Running, tail};
use template::{quote_ident, quote_literal};

/// How to stop a server; the names are those of `pg_ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Waits for the sessions to end.
    Smart,
    /// Ends the sessions, writes everything, stops.
    Fast,
    /// As a crash: recovery at the next start.
    Immediate,
}

/// A running (or stopped) server of its own, with everything it owns in one directory.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    directory: PathBuf,
    port: u16,
    running: Mutex<Option<Running>>,
    _testimony: Testimony,
}

/// A worker process of the extension, as `pg_stat_activity` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    pub pid: i32,
    pub backend_type: String,
    pub database: Option<String>,
}

impl Cluster {
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn socket_dir(&self) -> &Path {
        &self.directory
    }

    pub fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    pub fn log_path(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Its own time of day.
    ///
    /// # Panics
    /// If it was not built with [`Builder::clock`].
    #[track_caller]
    pub fn clock(&self) -> Clock {
        Clock::of(&self.directory).expect("the cluster was built with a clock")
    }

    /// The server's log up to now.
    pub fn log(&self) -> String {
        std::fs::read(self.log_path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The last lines of the server's log.
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.log_path(), lines)
    }

    /// How to connect, for a caller that wants to change it.
    pub fn config(&self, database: &str) -> postgres::Config {
        let mut config = postgres::Config::new();
        config
            .host_path(&self.directory)
            .port(self.port)
            .user("postgres")
            .dbname(database);
        config.application_name("vioc-tests").connect_timeout(LONG);
        config
    }

    /// A connection string over TCP for other programs.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port)
    }

    #[track_caller]
    pub fn connect(&self, database: &str) -> Client {
        self.connect_as(database, "postgres")
    }

    #[track_caller]
    pub fn connect_as(&self, database: &str, role: &str) -> Client {
        let connected = self.config(database).user(role).connect(NoTls);
        connected.unwrap_or_else(|error| {
            panic!(
                "connecting to {database} as {role}: {error:?}\n{}",
                self.log_tail(20)
            );
        })
    }

    /// Runs a script by psql, which stops at the first error.
    pub fn psql(&self, database: &str, script: &str) -> Output {
        let mut psql = self.binaries.client("psql");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-f",
            "-",
        ]);
        psql.arg("-h")
            .arg(self.socket_dir())
            .args(["-p", &self.port.to_string(), "-d", database]);
        let mut child = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        let script = script.to_owned();
        // From a thread: a long script and a long answer would block each other. psql may stop reading at an error.
        let writer =
            std::thread::spawn(move || std::io::Write::write_all(&mut stdin, script.as_bytes()));
        let output = child.wait_with_output().expect("psql ends");
        let _ = writer.join();
        output
    }

    /// Creates the extension in a database.
    #[track_caller]
    pub fn create_extension(&self, database: &str) {
        let done = self
            .connect(database)
            .batch_execute("create extension vioconcierge");
        done.unwrap_or_else(|error| {
            panic!(
                "create extension vioconcierge: {error:?}\n{}",
                self.log_tail(20)
            )
        });
    }

    /// `ALTER SYSTEM SET`, and waits until new sessions see it. (A worker gets its signal at the same moment.)
    #[track_caller]
    pub fn set(&self, name: &str, value: &str) {
        self.alter_system(&format!(
            "set {} = {}",
            quote_setting(name),
            quote_literal(value)
        ));
    }

    /// Takes a setting back to what the server was started with.
    #[track_caller]
    pub fn reset(&self, name: &str) {
        self.alter_system(&format!("reset {}", quote_setting(name)));
    }

    fn alter_system(&self, change: &str) {
        let done = self
            .connect("postgres")
            .batch_execute(&format!("alter system {change}"));
        done.unwrap_or_else(|error| panic!("alter system {change}: {error:?}"));
        self.reload();
    }

    /// Has the server read its configuration, and waits until new sessions see it.
    #[track_caller]
    pub fn reload(&self) {
        let loaded = || {
            let asked = self
                .connect("postgres")
                .query_one("select pg_conf_load_time()::text", &[]);
            asked
                .expect("the load time can be read")
                .get::<_, String>(0)
        };
        let before = loaded();
        self.connect("postgres")
            .batch_execute("select pg_reload_conf()")
            .expect("a superuser may reload");
        wait_until("the configuration to be reloaded", LONG, || {
            (loaded() != before).then_some(())
        });
    }

    /// The extension's processes.
    pub fn workers(&self) -> Vec<Worker> {
        let sql = "select pid, backend_type, datname::text from pg_stat_activity \
                   where backend_type like 'vioconcierge%' order by pid";
        let rows = self
            .connect("postgres")
            .query(sql, &[])
            .expect("pg_stat_activity can be read");
        rows.iter()
            .map(|row| Worker {
                pid: row.get(0),
                backend_type: row.get(1),
                database: row.get(2),
            })
            .collect()
    }

    /// The pid of the worker that serves a database, once there is one.
    #[track_caller]
    pub fn worker_pid(&self, database: &str) -> i32 {
        wait_until(
            &format!("a worker of vioconcierge in database {database}"),
            LONG,
            || {
                self.workers()
                    .into_iter()
                    .find(|worker| worker.database.as_deref() == Some(database))
                    .map(|w| w.pid)
            },
        )
    }

    /// Makes a standby take over, and waits until it accepts writes.
    #[track_caller]
    pub fn promote(&self) {
        let mut client = self.connect("postgres");
        client
            .batch_execute("select pg_promote(wait => false)")
            .expect("a standby can be promoted");
        wait_until("the standby to be promoted", LONG, || {
            let row = client.query_one("select pg_is_in_recovery()", &[]).ok()?;
            (!row.get::<_, bool>(0)).then_some(())
        });
    }

    #[track_caller]
    pub fn restart(&self, mode: Stop) {
        self.stop(mode);
        self.start();
    }

    /// Stops the server; does nothing if it is not running.
    #[track_caller]
    pub fn stop(&self, mode: Stop) {
        self.write_coverage();
        if let Some(mut running) = self.running().take() {
            running.stop(mode);
        }
    }

    /// Starts a stopped server.
    #[track_caller]
    pub fn start(&self) {
        let mut running = self.running();
        assert!(running.is_none(), "the server is running");
        *running = Some(
            Running::start(&self.binaries, &self.directory, self.port)
                .unwrap_or_else(|log| panic!("{log}")),
        );
    }

    /// The postmaster dies without a word, as by the kernel's out-of-memory killer. Its children end by themselves.
    #[track_caller]
    pub fn kill9_postmaster(&self) {
        self.running()
            .take()
            .expect("the server is running")
            .kill9();
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn keep_log(&self) {
        let name = self.directory.to_string_lossy().replace('/', "_");
        let kept = workspace::kept_logs().join(format!("{}.log", name.trim_start_matches('_')));
        if std::fs::copy(self.log_path(), &kept).is_ok() {
            eprintln!("the server's log: {}", kept.display());
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep_log();
        } else {
            // the log of every test: it runs at log_min_messages = info, log_statement = none
            let found = privacy::personal_lines(&self.log());
            if !found.is_empty() {
                self.keep_log();
                panic!(
                    "personal data or a key in the server's log:\n{}",
                    found.join("\n")
                );
            }
        }
        self.write_coverage();
        if let Some(mut running) = self.running().take() {
            running.stop_quietly(Duration::from_secs(10));
        }
        if workspace::keep() {
            eprintln!("VIOC_KEEP: the cluster is in {}", self.directory.display());
        } else {
            let _ = must_remove(&self.directory);
        }
    }
}

/// A child of the postmaster may still write its last file while the directory is removed.
fn must_remove(directory: &Path) -> Option<()> {
    crate::wait::poll(Duration::from_secs(5), || {
        match std::fs::remove_dir_all(directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => None,
            _ => Some(()),
        }
    })
}

fn quote_setting(name: &str) -> String {
    name.split('.')
        .map(quote_ident)
        .collect::<Vec<_>>()
        .join(".")
}
