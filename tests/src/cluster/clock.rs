//! A clock of its own for a server: `clock.c` preloaded, and the file that says how far it is from the machine's.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::binaries::must_run;

/// The time of day of a [`super::Cluster`] that was built with a clock.
#[derive(Debug)]
pub struct Clock(File);

const FILE: &str = "clock";
const LIBRARY: &str = "clock.so";

/// Where the offsets are in the file, as `clock.c` reads them.
const WALL: u64 = 0;
const ALL: u64 = 8;
const RATE: u64 = 16;
const SINCE: u64 = 24;

impl Clock {
    /// Compiles the library into the directory of a cluster.
    ///
    /// # Panics
    /// If there is no C compiler.
    pub(crate) fn install(directory: &Path) {
        let file = directory.join(FILE);
        std::fs::write(&file, [0; 32]).expect("the cluster's directory can be written");
        must_run(
            Command::new("cc")
                .args(["-std=c11", "-O1", "-shared", "-fPIC", "-o"])
                .arg(directory.join(LIBRARY))
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cluster/clock/clock.c")),
        );
    }

    /// What a server in this directory is started with, if it has a clock.
    pub(crate) fn environment(directory: &Path) -> Option<[(&'static str, PathBuf); 2]> {
        let library = directory.join(LIBRARY);
        library.exists().then(|| {
            [
                ("LD_PRELOAD", library),
                ("VIOC_TEST_CLOCK", directory.join(FILE)),
            ]
        })
    }

    pub(crate) fn of(directory: &Path) -> Option<Self> {
        let path = directory.join(FILE);
        let file = File::options().read(true).write(true).open(path).ok()?;
        Some(Self(file))
    }

    /// Sets the time of day: so many seconds ahead of the machine's.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn set(&self, ahead_s: i64) {
        self.write(RATE, 0);
        self.write(WALL, ahead_s * 1_000_000_000);
    }

    /// Sets the time of day by so many seconds.
    ///
    /// # Panics
    /// If the file cannot be read or written.
    pub fn step(&self, by_s: i64) {
        self.write(WALL, self.read(WALL) + by_s * 1_000_000_000);
    }

    /// Time passes, by every clock.
    ///
    /// # Panics
    /// If the file cannot be read or written.
    pub fn pass(&self, time: Duration) {
        let passed = i64::try_from(time.as_nanos()).expect("a few centuries at most");
        self.write(ALL, self.read(ALL) + passed);
    }

    /// From now on the time of day runs fast by so many seconds a second; slow if negative.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn run_fast(&self, by: f64) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        self.write(SINCE, now.tv_sec * 1_000_000_000 + now.tv_nsec);
        #[expect(clippy::cast_possible_truncation, reason = "a small number")]
        self.write(RATE, (by * 1e9) as i64);
    }

    fn read(&self, place: u64) -> i64 {
        let mut bytes = [0; 8];
        self.0
            .read_exact_at(&mut bytes, place)
            .expect("the clock can be read");
        i64::from_ne_bytes(bytes)
    }

    fn write(&self, place: u64, value: i64) {
        self.0
            .write_all_at(&value.to_ne_bytes(), place)
            .expect("the clock can be set");
    }
}
