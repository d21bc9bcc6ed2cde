//! What a cluster is made of: databases, settings, libraries.

use std::path::Path;
use std::sync::Mutex;

use super::binaries::{Binaries, as_server_user, must_run};
use super::clock::Clock;
use super::server::{Running, free_port, tail};
use super::template::ClusterTemplate;
use super::workspace::new_directory;
use super::{Cluster, coverage};
use crate::wait::on_failure;

/// Describes a [`Cluster`]; [`Builder::start`] makes it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    databases: Vec<String>,
    served: Option<Vec<String>>,
    preload: String,
    settings: Vec<(String, String)>,
    own_identity: bool,
    clock: bool,
    binaries: Option<Binaries>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            databases: Vec::new(),
            served: None,
            preload: "pg_cron,vioconcierge".to_owned(),
            settings: Vec::new(),
            own_identity: false,
            clock: false,
            binaries: None,
        }
    }

    /// A server setting, as in postgresql.conf; of two with one name the later wins.
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// Databases to create, and to serve: they become `vioconcierge.databases`.
    pub fn databases<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.databases.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// What `vioconcierge.databases` says, if that is not all of [`Builder::databases`].
    pub fn served<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.served = Some(names.into_iter().map(str::to_owned).collect());
        self
    }

    /// Where pg_cron lives (`postgres` unless told).
    pub fn cron_database(self, name: &str) -> Self {
        self.setting("cron.database_name", name)
    }

    /// The libraries to preload, if not pg_cron and vioconcierge.
    pub fn preload(mut self, libraries: &str) -> Self {
        libraries.clone_into(&mut self.preload);
        self
    }

    /// PostgreSQL alone, for tests of the harness itself.
    pub fn plain(self) -> Self {
        self.preload("")
    }

    /// A system identifier of its own; otherwise the clusters of one process share one, being copies.
    pub fn own_identity(mut self) -> Self {
        self.own_identity = true;
        self
    }

    /// A time of day of its own: [`Cluster::clock`] sets it.
    pub fn clock(mut self) -> Self {
        self.clock = true;
        self
    }

    /// Another PostgreSQL than [`Binaries::find`] finds.
    pub fn binaries(mut self, binaries: Binaries) -> Self {
        self.binaries = Some(binaries);
        self
    }

    /// # Panics
    /// If the server does not start, with the end of its log.
    #[track_caller]
    pub fn start(self) -> Cluster {
        self.profiled().launched()
    }

    /// For `make coverage`.
    fn profiled(mut self) -> Self {
        if coverage::directory().is_some() && self.preload.contains("vioconcierge") {
            self.preload = format!("{},{}", self.preload, coverage::LIBRARIES);
            self.settings
                .push(("plpgsql_check.profiler".to_owned(), "on".to_owned()));
        }
        self
    }

    #[track_caller]
    fn launched(self) -> Cluster {
        let binaries = self.binaries.clone().unwrap_or_else(Binaries::find);
        self.insist_on_libraries(&binaries);
        let directory = new_directory(self.is_durable());
        let data = directory.join("data");
        if self.own_identity {
            ClusterTemplate::fresh(&binaries, &self.databases, &data);
        } else {
            ClusterTemplate::copy(&binaries, &self.databases, &data);
        }
        append_configuration(&data, &self.configuration());
        if self.clock {
            Clock::install(&directory);
        }
        Cluster::launch(binaries, &directory)
    }

    fn is_durable(&self) -> bool {
        let last = self.settings.iter().rev().find(|(name, _)| name == "fsync");
        last.is_some_and(|(_, value)| matches!(value.as_str(), "on" | "true" | "1" | "yes"))
    }

    fn configuration(&self) -> String {
        let served = self.served.as_ref().unwrap_or(&self.databases).join(",");
        let base = [
            ("shared_preload_libraries", self.preload.as_str()),
            ("cron.database_name", "postgres"),
            // Jobs run as workers: no connection, no password, no pg_hba.conf.
            ("cron.use_background_workers", "on"),
            ("vioconcierge.databases", &served),
            ("max_worker_processes", "32"),
            ("max_connections", "100"),
            ("shared_buffers", "16MB"),
            ("fsync", "off"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_min_messages", "info"),
            ("log_statement", "none"),
            ("log_line_prefix", "%m [%p] %b %q%u@%d "),
            ("listen_addresses", "127.0.0.1"),
            // Inside the data directory, so that a killed server leaves nothing in /dev/shm.
            ("dynamic_shared_memory_type", "mmap"),
            ("unix_socket_permissions", "0777"),
            ("cluster_name", "vioc-tests"),
        ];
        let own = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        // Without pg_cron they would be mere placeholders, which nobody's configuration has.
        let has_cron = self.preload.contains("pg_cron");
        base.into_iter()
            .filter(|(name, _)| has_cron || !name.starts_with("cron."))
            .chain(own)
            .map(|(name, value)| {
                format!(
                    "{name} = '{}'\n",
                    value.replace('\\', "\\\\").replace('\'', "''")
                )
            })
            .collect()
    }

    #[track_caller]
    fn insist_on_libraries(&self, binaries: &Binaries) {
        for library in self
            .preload
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let cure = match library {
                "vioconcierge" => "make install",
                "plpgsql_check" => "make coverage",
                _ => "make deps",
            };
            assert!(
                binaries.has_library(library),
                "{library} is not installed in {}: run `{cure}` first",
                binaries.directory("--pkglibdir").display()
            );
        }
    }
}

impl Cluster {
    /// Starts the server of a directory that has its `data`, on a port of its own.
    #[track_caller]
    pub(crate) fn launch(binaries: Binaries, directory: &Path) -> Self {
        let log = directory.join("log");
        let testimony = on_failure(move || format!("--- {}\n{}\n", log.display(), tail(&log, 40)));
        let mut attempts = 0;
        let (port, running) = loop {
            let port = free_port();
            attempts += 1;
            match Running::start(&binaries, directory, port) {
                Ok(running) => break (port, running),
                // Somebody was faster to take the port.
                Err(log) if attempts < 5 && log.contains("could not bind") => {}
                Err(log) => panic!("{log}"),
            }
        };
        Self {
            binaries,
            directory: directory.to_owned(),
            port,
            running: Mutex::new(Some(running)),
            _testimony: testimony,
        }
    }
}

/// By a shell that runs as the server's user: nobody else may write there.
pub(crate) fn append_configuration(data: &Path, text: &str) {
    let mut shell = as_server_user("/bin/sh");
    shell
        .args(["-c", r#"printf '%s' "$1" >> "$2""#, "append", text])
        .arg(data.join("postgresql.conf"));
    must_run(&mut shell);
}
