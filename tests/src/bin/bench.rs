//! `make bench`: what vioconcierge does on this machine, against its targets.

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
