//! The postmaster as a child process of the tests: started, awaited and signalled directly, without `pg_ctl`, whose
//! polling would cost more than the start itself.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Stop;
use super::binaries::Binaries;
use super::clock::Clock;
use crate::wait::{LONG, poll, wait_until};

#[derive(Debug)]
pub(crate) struct Running {
    postmaster: Child,
}

enum Start {
    Ready(Running),
    /// The server ended again; what it logged.
    Ended(String),
}

impl Running {
    /// Returns once the server accepts connections. `Err` is what to tell the reader, with the server's own words.
    pub(crate) fn start(binaries: &Binaries, directory: &Path, port: u16) -> Result<Self, String> {
        let began = Instant::now();
        loop {
            match Self::try_start(binaries, directory, port)? {
                Start::Ready(running) => return Ok(running),
                // Children of a killed postmaster need a moment to notice that they are orphans.
                Start::Ended(log) if orphans(&log) && began.elapsed() < LONG => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Start::Ended(log) => return Err(format!("the server did not start\n{log}")),
            }
        }
    }

    fn try_start(binaries: &Binaries, directory: &Path, port: u16) -> Result<Start, String> {
        let data = directory.join("data");
        let path = directory.join("log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| error.to_string())?;
        let earlier = log.metadata().map_or(0, |found| found.len());
        let mut command = binaries.server("postgres");
        command.envs(Clock::environment(directory).into_iter().flatten());
        // Here and not in the configuration file, which a copy of this server would inherit.
        command
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(directory)
            .args(["-p", &port.to_string()]);
        let mut postmaster = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log)
            .process_group(0) // Ctrl-C on the terminal is for the tests, and for psql
            .spawn()
            .map_err(|error| format!("{command:?} does not start: {error}"))?;
        let pid = postmaster.id().to_string();
        let began = Instant::now();
        // Finer steps than `wait_until`: the start is a good part of a test's time.
        loop {
            if is_ready(&data.join("postmaster.pid"), &pid) {
                return Ok(Start::Ready(Self { postmaster }));
            }
            if postmaster
                .try_wait()
                .map_err(|error| error.to_string())?
                .is_some()
            {
                return Ok(Start::Ended(read_from(&path, earlier)));
            }
            if began.elapsed() > Duration::from_secs(60) {
                let _ = postmaster.kill();
                return Err(format!(
                    "the server was not ready after a minute\n{}",
                    read_from(&path, earlier)
                ));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[track_caller]
    pub(crate) fn stop(&mut self, mode: Stop) {
        let signal = match mode {
            Stop::Smart => Signal::TERM,
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        };
        self.signal(signal);
        wait_until(&format!("the server to stop ({mode:?})"), LONG, || {
            self.ended()
        });
    }

    /// For `Drop`, which must not panic.
    pub(crate) fn stop_quietly(&mut self, patience: Duration) {
        self.signal(Signal::QUIT);
        if poll(patience, || self.ended()).is_none() {
            self.signal(Signal::KILL);
            let _ = self.postmaster.wait();
        }
    }

    pub(crate) fn kill9(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.postmaster.wait();
    }

    fn ended(&mut self) -> Option<()> {
        self.postmaster.try_wait().ok().flatten().map(|_| ())
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.postmaster.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a pid is positive");
        // An error means that it has ended already.
        let _ = kill_process(pid, signal);
    }
}

/// A port that is free now and was not handed out by this process before. None that the system gives to whoever asks for any, such
/// as a client: while a server restarts, nobody takes its place.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 22_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        // test programs that run side by side begin at different places
        let place = std::process::id()
            .wrapping_mul(331)
            .wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + place % PORTS).expect("it is below 32768");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("there is no free port");
}

/// The last lines of a file.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = read_from(path, 0);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn read_from(path: &Path, offset: u64) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut bytes)
    });
    read.map_or_else(
        |error| error.to_string(),
        |_| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// The postmaster writes its state into the eighth line; a file left by a killed one has another pid in the first.
fn is_ready(pid_file: &Path, pid: &str) -> bool {
    let text = std::fs::read_to_string(pid_file).unwrap_or_default();
    let mut lines = text.lines();
    lines.next() == Some(pid)
        && lines
            .nth(6)
            .is_some_and(|state| state.trim_end() == "ready")
}

fn orphans(log: &str) -> bool {
    log.contains("pre-existing shared memory block") || log.contains("is still in use")
}
