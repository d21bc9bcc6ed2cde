//! Each behaviour of the simulator over a real socket. Nothing here sleeps to synchronise: tests
//! wait for what the ledger or the receiver says.

mod admin;
mod binary;
mod calls;
mod create;
mod fates;
mod faults;
mod limits;
mod support;
mod webhooks;
