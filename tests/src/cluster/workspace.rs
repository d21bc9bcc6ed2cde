//! Where the clusters of this process live, and how they disappear with it, whatever ends it.
//!
//! `/dev/shm/vioc-<uid>/<pid>-<start time>/` holds all clusters of one process; those that are to survive a power cut
//! (`fsync = on`), and all where there is little memory, are in `/tmp` instead. (A data directory is a thousand small
//! files: in memory they are there in a tenth of a second, on some disks in a second.) Three things clear them away:
//! each cluster's `Drop`; a reaper (a shell that waits for this process to close a pipe), for clusters in statics and
//! for Ctrl-C; and the next run, for a reaper that was killed too. `VIOC_KEEP=1` switches all three off.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, geteuid, getpid, kill_process, test_kill_process};

use super::binaries::{as_server_user, is_root, must_run};
use crate::wait::poll;

struct Workspace {
    directory: PathBuf,
    /// Held only so that the pipe closes when this process ends.
    _reaper: Option<Child>,
}

/// In memory, and on disk.
static WORKSPACES: [OnceLock<Workspace>; 2] = [OnceLock::new(), OnceLock::new()];
const BASES: [&str; 2] = ["/dev/shm", "/tmp"];
const MEMORY: usize = 0;
const DISK: usize = 1;
/// A cluster needs about 60 MB; the rest is for its tables, its WAL and the other clusters.
const ENOUGH: u64 = 3 << 30;

static NEXT: AtomicU32 = AtomicU32::new(1);

const KEPT: &str = "kept";

/// `VIOC_KEEP=1` leaves every cluster behind for a look.
pub(crate) fn keep() -> bool {
    std::env::var_os("VIOC_KEEP").is_some_and(|value| !value.is_empty() && value != "0")
}

/// A new directory that the server's user owns.
pub fn new_directory(durable: bool) -> PathBuf {
    let place = if durable || !has_room() { DISK } else { MEMORY };
    let workspace = &WORKSPACES[place].get_or_init(|| create(place)).directory;
    let directory = workspace.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    must_run(as_server_user("mkdir").arg(&directory));
    directory
}

/// Where logs of failed tests stay for a day.
pub(crate) fn kept_logs() -> PathBuf {
    let directory = base(DISK).join("logs");
    fs::create_dir_all(&directory).expect("the log directory can be made");
    directory
}

fn has_room() -> bool {
    rustix::fs::statvfs(BASES[MEMORY]).is_ok_and(|found| found.f_bavail * found.f_frsize >= ENOUGH)
}

fn create(place: usize) -> Workspace {
    let base = base(place);
    remove_leftovers(&base);
    let pid = getpid().as_raw_nonzero().get();
    let directory = base.join(format!("{pid}-{}", start_time(pid).unwrap_or_default()));
    fs::create_dir_all(&directory).expect("a directory for the clusters can be made");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))
        .expect("its mode can be set");
    if is_root() {
        must_run(Command::new("chown").arg("postgres:").arg(&directory));
    }
    if keep() {
        fs::write(directory.join(KEPT), "").expect("the mark can be written");
    }
    let reaper = (!keep()).then(|| start_reaper(&directory));
    Workspace {
        directory,
        _reaper: reaper,
    }
}

/// Short, because a unix socket's path has room for about 100 bytes.
fn base(place: usize) -> PathBuf {
    let uid = geteuid().as_raw();
    let path = Path::new(BASES[place]).join(format!("vioc-{uid}"));
    let made = fs::create_dir(&path);
    let found = fs::symlink_metadata(&path)
        .unwrap_or_else(|error| panic!("{}: {made:?}, {error}", path.display()));
    // These places are everybody's: what another user has put there under this name is not for us.
    assert!(
        found.is_dir() && found.uid() == uid,
        "{} belongs to somebody else",
        path.display()
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode can be set");
    path
}

/// Waits for the end of this process (the pipe closes), then stops its servers and removes their files.
fn start_reaper(directory: &Path) -> Child {
    let script = r#"
        while read -r _; do :; done
        for file in "$1"/*/data/postmaster.pid; do
            [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")" 2>/dev/null
        done
        tries=0
        until rm -rf "$1" 2>/dev/null || [ "$tries" -ge 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    "#;
    Command::new("/bin/sh")
        .args(["-c", script, "reaper"])
        .arg(directory)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0) // Ctrl-C on the terminal must not reach it
        .spawn()
        .expect("/bin/sh starts")
}

/// Clusters of earlier runs whose process is gone, and logs older than a day.
fn remove_leftovers(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some((pid, started)) = entry.file_name().to_str().and_then(|name| {
            let (pid, started) = name.split_once('-')?;
            Some((pid.parse::<i32>().ok()?, started.parse::<u64>().ok()?))
        }) else {
            continue;
        };
        if start_time(pid) == Some(started) || path.join(KEPT).exists() {
            continue;
        }
        for cluster in fs::read_dir(&path).into_iter().flatten().flatten() {
            stop_leftover(&cluster.path().join("data"));
        }
        // Another run may be clearing the same leftovers; whoever comes second finds nothing.
        let _ = fs::remove_dir_all(&path);
    }
    let day = Duration::from_secs(24 * 3600);
    for entry in fs::read_dir(base.join("logs"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let modified = entry
            .metadata()
            .and_then(|found| found.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH);
        if modified.elapsed().is_ok_and(|age| age > day) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Stops the server of a data directory, if it really is that directory's server and not a later owner of its pid.
fn stop_leftover(data: &Path) {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else {
        return;
    };
    let Some(pid) = text
        .lines()
        .next()
        .and_then(|line| line.parse().ok())
        .and_then(Pid::from_raw)
    else {
        return;
    };
    let command = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let needle = data.as_os_str().as_encoded_bytes();
    if !command.windows(needle.len()).any(|window| window == needle) {
        return;
    }
    let _ = kill_process(pid, Signal::QUIT);
    poll(Duration::from_secs(10), || {
        test_kill_process(pid).is_err().then_some(())
    });
}

/// A pid alone may have a new owner; with its start time it is unique. `None`: there is no such process.
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold blanks; the fields are counted behind it.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(19)?
        .parse()
        .ok()
}
