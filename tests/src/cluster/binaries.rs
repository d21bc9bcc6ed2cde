//! Which PostgreSQL the tests run, and as whom.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The programs of one PostgreSQL installation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binaries {
    pg_config: PathBuf,
    bindir: PathBuf,
}

impl Binaries {
    /// `$PG_CONFIG`, else `pg_config` on the PATH, else the newest Debian installation.
    ///
    /// # Panics
    /// If there is no PostgreSQL.
    pub fn find() -> Self {
        let wanted =
            std::env::var_os("PG_CONFIG").map_or_else(|| PathBuf::from("pg_config"), PathBuf::from);
        std::iter::once(wanted)
            .chain(debian_installations())
            .find_map(Self::at)
            .expect("no PostgreSQL server programs found: run `make deps`, or set PG_CONFIG")
    }

    /// `None`: there is no server.
    pub fn at(pg_config: PathBuf) -> Option<Self> {
        let bindir = PathBuf::from(ask(&pg_config, "--bindir")?);
        bindir
            .join("initdb")
            .exists()
            .then_some(Self { pg_config, bindir })
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }

    pub fn directory(&self, option: &str) -> PathBuf {
        ask(&self.pg_config, option)
            .expect("pg_config answered before")
            .into()
    }

    /// Are this extension's files where this server looks for them?
    pub fn has_extension(&self, name: &str) -> bool {
        self.directory("--sharedir")
            .join("extension")
            .join(format!("{name}.control"))
            .exists()
    }

    pub fn has_library(&self, name: &str) -> bool {
        let directory = self.directory("--pkglibdir");
        ["so", "dylib"]
            .iter()
            .any(|ending| directory.join(format!("{name}.{ending}")).exists())
    }

    /// A client program, run as whoever runs the tests.
    pub fn client(&self, name: &str) -> Command {
        tidy(Command::new(self.program(name)))
    }

    /// A server program. PostgreSQL refuses to run as root, so root runs it as `postgres`.
    pub fn server(&self, name: &str) -> Command {
        as_server_user(self.program(name))
    }
}

/// Any program, run as the user that owns the clusters.
pub fn as_server_user(program: impl AsRef<OsStr>) -> Command {
    if !is_root() {
        return tidy(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--init-groups",
            "--",
        ])
        .arg(program);
    tidy(command)
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a command to its end.
///
/// # Panics
/// If it fails, with what it printed.
#[track_caller]
pub fn must_run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed ({})\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The environment of the tests must not decide what they see: no PG* variables, no locale, no working directory that
/// the server's user may not enter.
fn tidy(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("PG") || name.starts_with("LC_"))
        {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .current_dir("/");
    command
}

fn ask(pg_config: &Path, option: &str) -> Option<String> {
    let output = Command::new(pg_config).arg(option).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn debian_installations() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin/pg_config"),
            ))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, path)| path).collect()
}
