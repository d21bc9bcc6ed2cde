//! Never twice, never lost: thousands of calls while the network, Retell, the worker and the server break.
//!
//! `make test-faults` runs it; `FAULT_ROUNDS=n` makes it longer, `FAULT_SEED=n` runs the same choices again (what
//! the machine makes of them is its own). The simulator's ledger of dials is the judge.

#![allow(clippy::unwrap_used, reason = "a test")]

mod failover;
mod findings;
mod ground;
mod people;
mod safeguards;
mod storm;

/// A number out of the environment, or its default.
pub(crate) fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}"))
    })
}

/// The seed of this run: told, or from the clock.
pub(crate) fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    from_environment("FAULT_SEED", now.unwrap_or_default().as_secs() % 1_000_000)
}
