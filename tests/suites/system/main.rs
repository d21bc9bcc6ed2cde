//! The whole system: a real server, a real worker, webhooks over real sockets, a simulated Retell.

#![allow(clippy::unwrap_used, reason = "a test")]

mod attacks;
mod cancel;
mod clock;
mod concurrency;
mod copies;
mod cron;
mod doctor;
mod events;
mod examples;
mod faults;
mod first_call;
mod front_desk;
mod hostages;
mod privacy;
mod process;
mod proxy;
mod scale;
mod server_life;
mod settings;
mod stories;
mod waiting;
mod webhooks;
mod workers;

use std::error::Error as _;

/// SQLSTATE, message, detail and hint of a failed statement, one per line.
pub(crate) fn told(error: &postgres::Error) -> String {
    let Some(error) = error
        .source()
        .and_then(|it| it.downcast_ref::<postgres::error::DbError>())
    else {
        return error.to_string();
    };
    format!(
        "{}\n{}\n{}\n{}",
        error.code().code(),
        error.message(),
        error.detail().unwrap_or_default(),
        error.hint().unwrap_or_default()
    )
}
