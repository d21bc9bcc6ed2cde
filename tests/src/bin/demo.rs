//! `make demo`: a practice, a simulated Retell and a few calls, from start to end.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic has printed its message by then, and everything was dropped, and so removed, on its way here.
    let played = std::panic::catch_unwind(|| vioc_tests::demo::play(&mut std::io::stdout()));
    match played {
        Ok(Ok(_)) => ExitCode::SUCCESS,
        Ok(Err(problem)) => {
            eprintln!("\nThe demo failed: {problem}");
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE,
    }
}
