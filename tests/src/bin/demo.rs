//! `make demo`: the sample is called, and what came of it is on the screen.

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
