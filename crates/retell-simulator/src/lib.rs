//! A local stand-in for Retell's API, for tests, demonstrations and rehearsals.
//!
//! It answers like Retell, lets the called person do what a test wants ([`Fate`]), goes wrong as
//! told ([`Script`]), sends signed webhooks, and keeps a ledger of every phone it rang ([`Dial`]).
//!
//! | a request | goes through |
//! | --- | --- |
//! | arrives | `server`, `connection`, `http` |
//! | is known and allowed | `api`, `validate`, or `create` for a new call |
//! | goes wrong as told | `script`, `fault`, `broken` |
//! | becomes a call | `call`, `life`, moved on by `timer` |
//! | is reported | `webhook` (what), `deliver` (how), `sign` |
//! | is remembered | `world`, `ledger`, shown by `admin` |
//!
//! ```
//! use retell_simulator::{Config, CreateFault, Fate, Script, Simulator};
//!
//! # fn main() -> std::io::Result<()> {
//! let retell = Simulator::start(Config::default())?;
//! retell.script(Script::to_number("+15550100001").fate(Fate::reason("dial_busy")));
//! retell.script(Script::next(1).create(CreateFault::hang_after_creating()));
//! // … point the program under test to retell.url() …
//! assert!(retell.dials_for("no such session").is_empty());
//! retell.stop();
//! # Ok(())
//! # }
//! ```

mod admin;
mod api;
mod broken;
mod call;
mod config;
mod connection;
mod create;
mod deliver;
mod fate;
mod fate_form;
mod fault;
mod http;
mod ledger;
mod life;
mod list;
mod reason;
mod script;
mod server;
mod sign;
mod timer;
mod validate;
mod webhook;
mod world;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use config::{ApiKey, Config, OverLimit, PhoneNumber, Timing};
pub use fate::{Fate, FunctionPost, LAST_DIGITS, Transfer};
pub use fault::{Answer, CreateFault, Creates, WebhookFault, WebhookTrouble};
pub use ledger::{
    Counters, Delivery, Dial, RequestLog, max_concurrent, max_concurrent_to_one_number,
    max_starts_per_second,
};
pub use reason::{REASONS, Reason};
pub use script::{Match, Script};
pub use sign::signature;
pub use world::Snapshot;

use server::Connections;
use world::Shared;

/// A running simulator; it stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    connections: Arc<Connections>,
    threads: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Listens, on a loopback address only.
    ///
    /// # Errors
    /// The address cannot be listened on, or is none of this machine alone.
    pub fn start(config: Config) -> io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            return Err(http::invalid(
                "the simulator listens on loopback addresses only",
            ));
        }
        let listener = TcpListener::bind(config.listen)?;
        let deliverers = config.webhook_threads.max(1);
        let mut simulator = Self {
            address: listener.local_addr()?,
            shared: Arc::new(Shared::new(config)),
            connections: Arc::default(),
            threads: Vec::new(),
        };
        let connections = Arc::clone(&simulator.connections);
        simulator.spawn("retell-accept", move |shared| {
            server::accept(shared, &listener, &connections);
        })?;
        simulator.spawn("retell-timer", |shared| {
            while let Some(tasks) = shared.timers.next() {
                life::perform(shared, tasks);
            }
        })?;
        for _ in 0..deliverers {
            simulator.spawn("retell-webhook", |shared| deliver::run(shared))?;
        }
        Ok(simulator)
    }

    fn spawn<F>(&mut self, name: &str, work: F) -> io::Result<()>
    where
        F: FnOnce(&Arc<Shared>) + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&shared))?;
        self.threads.push(thread);
        Ok(())
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every call that was created, oldest first.
    #[must_use]
    pub fn ledger(&self) -> Vec<Dial> {
        self.look(|now| now.dials().to_vec())
    }

    /// The calls of one session: more than one is a person rung twice.
    #[must_use]
    pub fn dials_for(&self, session_id: &str) -> Vec<Dial> {
        self.look(|now| {
            let of_session = now
                .dials()
                .iter()
                .filter(|dial| dial.session_id == session_id);
            of_session.cloned().collect()
        })
    }

    #[must_use]
    pub fn requests(&self) -> Vec<RequestLog> {
        self.look(|now| now.requests().to_vec())
    }

    /// Every attempt to deliver a webhook, in the order of their ends.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.look(|now| now.deliveries().to_vec())
    }

    #[must_use]
    pub fn counters(&self) -> Counters {
        self.look(|now| now.counters())
    }

    /// Sets its clock: so many milliseconds ahead of the machine's.
    pub fn set_clock(&self, ahead_ms: i64) {
        self.shared.set_clock(ahead_ms);
    }

    /// Seconds since it started, as the ledger counts them.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.shared.seconds()
    }

    pub fn script(&self, script: Script) {
        self.shared.add_scripts([script]);
    }

    /// Forgets everything: calls, scripts, keys, ledger. What is under way comes to nothing.
    pub fn clear(&self) {
        admin::clear(&self.shared);
    }

    /// Forgets the scripts and nothing else.
    pub fn clear_scripts(&self) {
        self.shared.lock().scripts.clear();
    }

    /// Looks at the ledger without copying it. `view` must not use the simulator.
    pub fn look<T>(&self, view: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        view(&Snapshot(&self.shared.lock()))
    }

    /// Waits until the condition holds, at most so long, and says whether it does. It is looked at
    /// again after every change; it must not use the simulator.
    pub fn wait_for(&self, holds: impl Fn(&Snapshot<'_>) -> bool, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        let mut world = self.shared.lock();
        loop {
            if holds(&Snapshot(&world)) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            world = self.shared.wait(world, deadline);
        }
    }

    /// Waits until every call has run its course and every webhook is delivered or given up.
    #[must_use]
    pub fn wait_until_idle(&self, at_most: Duration) -> bool {
        self.wait_for(|now| now.idle(), at_most)
    }

    /// Blocks until another thread or a signal ends the process.
    pub fn run_for_ever(&self) {
        while !self.shared.is_stopping() {
            thread::park();
        }
    }

    /// Closes every connection and listens no more. A webhook under way is not waited for.
    pub fn stop(self) {}
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.timers.stop();
        self.shared.outbox.stop();
        self.connections.shut_down();
        // Wakes the accepting thread; if that fails, it is not there any more.
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            // Delivery threads may be waiting for a receiver; they end by themselves.
            if thread.thread().name() != Some("retell-webhook") {
                let _ = thread.join();
            }
        }
        self.connections.shut_down();
    }
}
