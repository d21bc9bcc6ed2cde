//! The harness of vioconcierge: everything a whole-system test needs around the extension.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`cluster`] | a throwaway PostgreSQL server, started in a fraction of a second |
//! | [`wait`] | waiting for a state instead of sleeping |
//! | [`practice`] | all of these together with a simulated Retell: ready to call |
//! | [`front`] | an HTTP front that speaks to the database as PostgREST does |
//! | [`http`] | the little HTTP client and server parts the above and the tests use |
//! | [`tunnel`] | a proxy with the simulated Retell, over TLS, behind it |
//! | [`browser`] | a headless Chromium that loads and clicks |
//! | [`tap`] | reading what pgTAP prints |
//! | [`readme`] | the code blocks of a Markdown file |
//! | [`demo`] | what `make demo` shows |
//! | [`reports`] | Retell's reports about many calls at once |
//! | [`catalog`], [`release`] | what an upgrade must come to, and the rules of releases |
//! | [`bench`] | what `make bench` runs |
//!
//! This package links no PostgreSQL symbol: it talks to a running server from outside, exactly as an application does.

pub mod bench;
pub mod browser;
pub mod catalog;
pub mod cluster;
pub mod demo;
pub mod front;
pub mod http;
pub mod practice;
pub mod readme;
pub mod release;
pub mod reports;
pub mod tap;
pub mod tunnel;
pub mod wait;

pub use cluster::{Cluster, Stop};
pub use front::Front;
pub use wait::wait_until;
