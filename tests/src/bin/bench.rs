//! `make bench`: throughput and latency on this machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("the benchmark is not written yet");
    ExitCode::FAILURE
}
