//! `make demo`: a practice, a simulated Retell and a few calls, from start to end.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("the demo is not written yet");
    ExitCode::FAILURE
}
