//! `initdb` takes most of a second, copying its result a tenth of that: it runs once per process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use super::binaries::{Binaries, as_server_user, must_run};
use super::workspace::new_directory;

type Key = (Binaries, Vec<String>);

static TEMPLATES: Mutex<BTreeMap<Key, PathBuf>> = Mutex::new(BTreeMap::new());

/// Data directories to copy from: one as `initdb` leaves it, and one more for each set of databases asked for.
///
/// The databases are made before the server starts for the first time, so that a worker finds the databases it is told
/// to serve. All copies share one *system identifier*; a test that needs another one takes [`ClusterTemplate::fresh`].
#[derive(Debug)]
pub struct ClusterTemplate;

impl ClusterTemplate {
    /// Puts a copy with these databases at `data`.
    pub(crate) fn copy(binaries: &Binaries, databases: &[String], data: &Path) {
        let mut databases = databases.to_vec();
        databases.sort_unstable();
        databases.dedup();
        // Held while a template is made: several tests start at once and want the same one.
        let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = (binaries.clone(), Vec::new());
        if !templates.contains_key(&plain) {
            let made = new_directory(false).join("data");
            initdb(binaries, &made);
            templates.insert(plain.clone(), made);
        }
        let wanted = (binaries.clone(), databases);
        if !templates.contains_key(&wanted) {
            let made = new_directory(false).join("data");
            clone_directory(&templates[&plain], &made);
            create_databases(binaries, &made, &wanted.1);
            templates.insert(wanted.clone(), made);
        }
        let source = templates[&wanted].clone();
        drop(templates);
        clone_directory(&source, data);
    }

    /// Runs `initdb` for this one, which gives it a system identifier of its own.
    pub(crate) fn fresh(binaries: &Binaries, databases: &[String], data: &Path) {
        initdb(binaries, data);
        create_databases(binaries, data, databases);
    }
}

fn initdb(binaries: &Binaries, data: &Path) {
    let mut initdb = binaries.server("initdb");
    initdb
        .args([
            "-A",
            "trust",
            "--no-sync",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-D",
        ])
        .arg(data);
    must_run(&mut initdb);
}

/// In single-user mode: no server to start and to stop.
fn create_databases(binaries: &Binaries, data: &Path, databases: &[String]) {
    if databases.is_empty() {
        return;
    }
    let mut single = binaries.server("postgres");
    single
        .arg("--single")
        .args(["-c", "fsync=off", "-j", "-D"])
        .arg(data)
        .arg("postgres");
    let mut child = single
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("postgres --single starts");
    let script: String = databases
        .iter()
        .map(|name| format!("create database {};\n\n", quote_ident(name)))
        .collect();
    let mut stdin = child.stdin.take().expect("it is piped");
    std::io::Write::write_all(&mut stdin, script.as_bytes())
        .expect("postgres --single reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("postgres --single ends");
    let messages = String::from_utf8_lossy(&output.stderr);
    let failed =
        !output.status.success() || messages.contains("ERROR:") || messages.contains("FATAL:");
    assert!(!failed, "creating {databases:?} failed\n{messages}");
}

fn clone_directory(from: &Path, to: &Path) {
    must_run(
        as_server_user("cp")
            .args(["-a", "--reflink=auto", "--"])
            .arg(from)
            .arg(to),
    );
}

pub(crate) fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(crate) fn quote_literal(text: &str) -> String {
    // With standard_conforming_strings a backslash is an ordinary character in SQL; configuration files escape it.
    format!("'{}'", text.replace('\'', "''"))
}
