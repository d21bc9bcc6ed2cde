//! `make bench`: throughput and latency on this machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    match vioc_tests::bench::run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}
