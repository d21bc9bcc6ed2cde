//! `make demo`: a practice, a simulated Retell and a few calls, from start to end.
//!
//! It is a claim too: each contact ends in the state its call has earned, else the demo fails.

mod people;
mod screen;
mod stage;
mod story;

use std::io::Write;
use std::time::Instant;

use screen::{Screen, Told};

/// How one contact came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub name: String,
    /// Of the only call, once decided.
    pub outcome: Option<String>,
    pub status: String,
    pub next_call: bool,
    pub needs_review: bool,
}

/// Plays the demo. `Err` is what to tell the user, for instance who is not in the state that the call has earned.
///
/// # Panics
/// If the cluster does not start or stop.
pub fn play(out: &mut dyn Write) -> Result<Vec<Ending>, String> {
    let began = Instant::now();
    let mut screen = Screen::new(out);
    let endings = perform(&mut screen)?;
    screen.say(&format!(
        "\nEverybody is as the call left them. It took {:.1} s; the cluster is removed.",
        began.elapsed().as_secs_f64()
    ))?;
    Ok(endings)
}

fn perform(screen: &mut Screen<'_>) -> Told<Vec<Ending>> {
    let stage = stage::Stage::set()?;
    story::tell(&stage, screen)
}
