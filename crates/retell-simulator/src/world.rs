//! Everything the simulator knows, behind one lock that is never held during I/O.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::api::Reply;
use crate::call::Call;
use crate::config::{ApiKey, Config};
use crate::ledger::{Counters, Delivery, Dial, RequestLog, Rows};
use crate::script::{Script, Scripts};
use crate::timer::Timers;
use crate::webhook::Outbox;

/// Whose calls a key sees and with what it signs.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) org: Arc<str>,
    pub(crate) key: String,
    pub(crate) signing_key: Arc<str>,
}

impl Workspace {
    fn of(key: &ApiKey, all: &[ApiKey]) -> Self {
        let mut same_org = all.iter().filter(|it| it.org_name == key.org_name);
        let signing_key = key
            .webhook_key
            .as_ref()
            .or_else(|| same_org.find_map(|it| it.webhook_key.as_ref()))
            .unwrap_or(&key.key);
        Self {
            org: key.org_name.as_str().into(),
            key: key.key.clone(),
            signing_key: signing_key.as_str().into(),
        }
    }

    pub(crate) fn key_suffix(&self) -> String {
        key_suffix(&self.key)
    }
}

/// The last four characters of a key.
pub(crate) fn key_suffix(key: &str) -> String {
    let start = key
        .char_indices()
        .rev()
        .nth(3)
        .map_or(0, |(index, _)| index);
    key[start..].to_owned()
}

/// How much of its limits a workspace uses.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) live: u32,
    pub(crate) starts: VecDeque<Instant>,
}

#[derive(Debug)]
pub(crate) struct World {
    /// Counts `clear`s, so that nothing from before one comes back.
    pub(crate) epoch: u64,
    pub(crate) calls: HashMap<String, Call>,
    /// Ids in the order of creation.
    pub(crate) order: Vec<String>,
    /// Ids by `metadata.session_id`; may name calls that have another by now.
    pub(crate) sessions: HashMap<String, Vec<String>>,
    /// By workspace and idempotency key.
    pub(crate) keys: HashMap<(Arc<str>, String), (Instant, String)>,
    pub(crate) usage: HashMap<Arc<str>, Usage>,
    /// What update-agent changed, by workspace and agent.
    pub(crate) agents: HashMap<(Arc<str>, String), serde_json::Map<String, serde_json::Value>>,
    /// Workspace and number of Retell's contacts that say `do_not_call`.
    pub(crate) do_not_call: HashSet<(Arc<str>, String)>,
    pub(crate) scripts: Scripts,
    pub(crate) dials: Rows<Dial>,
    pub(crate) requests: Rows<RequestLog>,
    pub(crate) deliveries: Rows<Delivery>,
    pub(crate) counters: Counters,
    /// Calls that something is still going to happen to.
    pub(crate) unfinished: usize,
    /// Webhooks neither delivered nor given up.
    pub(crate) undelivered: usize,
}

impl World {
    fn new(keep_ledger: bool) -> Self {
        Self {
            epoch: 0,
            calls: HashMap::new(),
            order: Vec::new(),
            sessions: HashMap::new(),
            keys: HashMap::new(),
            usage: HashMap::new(),
            agents: HashMap::new(),
            do_not_call: HashSet::new(),
            scripts: Scripts::default(),
            dials: Rows::new(keep_ledger),
            requests: Rows::new(keep_ledger),
            deliveries: Rows::new(keep_ledger),
            counters: Counters::default(),
            unfinished: 0,
            undelivered: 0,
        }
    }

    /// The call of that id, if this workspace may see it.
    pub(crate) fn call(&self, org: &str, id: &str) -> Option<&Call> {
        self.calls
            .get(id)
            .filter(|call| &*call.org == org && call.visible())
    }

    pub(crate) fn remember_session(&mut self, session_id: &str, call_id: &str) {
        let ids = self.sessions.entry(session_id.to_owned()).or_default();
        if !ids.iter().any(|id| id == call_id) {
            ids.push(call_id.to_owned());
        }
    }

    pub(crate) fn clear(&mut self) {
        self.epoch += 1;
        self.calls.clear();
        self.order.clear();
        self.sessions.clear();
        self.keys.clear();
        self.usage.clear();
        self.do_not_call.clear();
        self.scripts.clear();
        self.dials.clear();
        self.requests.clear();
        self.deliveries.clear();
        self.counters = Counters::default();
        self.unfinished = 0;
        self.undelivered = 0;
    }
}

/// A consistent look at the ledger.
#[derive(Debug)]
pub struct Snapshot<'a>(pub(crate) &'a World);

impl Snapshot<'_> {
    #[must_use]
    pub fn dials(&self) -> &[Dial] {
        self.0.dials.all()
    }

    #[must_use]
    pub fn requests(&self) -> &[RequestLog] {
        self.0.requests.all()
    }

    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        self.0.deliveries.all()
    }

    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.counters
    }

    /// Nothing more is going to happen by itself: no call lives, no webhook is on its way.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.0.unfinished == 0 && self.0.undelivered == 0
    }
}

/// What all threads of a simulator share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) timers: Timers,
    pub(crate) outbox: Outbox,
    pub(crate) stopping: AtomicBool,
    world: Mutex<World>,
    changed: Condvar,
    /// Threads in `wait`: telling nobody costs a system call too.
    waiting: AtomicUsize,
    /// Whether there was ever a script; without one no request asks for its own.
    scripted: AtomicBool,
    workspaces: HashMap<String, Arc<Workspace>>,
    origin: Instant,
    id_seed: u64,
    id_count: AtomicU64,
    /// Milliseconds by which its clock is ahead of the machine's.
    clock_ahead_ms: AtomicI64,
    /// An answer that waits to be swapped with another, and where that one goes.
    swap: Mutex<Option<(Reply, Sender<Reply>)>>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        let workspaces = config
            .api_keys
            .iter()
            .map(|key| {
                (
                    key.key.clone(),
                    Arc::new(Workspace::of(key, &config.api_keys)),
                )
            })
            .collect();
        Self {
            timers: Timers::default(),
            outbox: Outbox::default(),
            stopping: AtomicBool::new(false),
            world: Mutex::new(World::new(config.keep_ledger)),
            changed: Condvar::new(),
            waiting: AtomicUsize::new(0),
            scripted: AtomicBool::new(false),
            workspaces,
            origin: Instant::now(),
            id_seed: RandomState::new().hash_one("retell"),
            id_count: AtomicU64::new(0),
            clock_ahead_ms: AtomicI64::new(0),
            swap: Mutex::default(),
            config,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The simulated Retell's clock: dates, signatures and the times of calls are by it.
    pub(crate) fn now(&self) -> SystemTime {
        let ahead = self.clock_ahead_ms.load(Ordering::SeqCst);
        let by = Duration::from_millis(ahead.unsigned_abs());
        match ahead < 0 {
            true => SystemTime::now() - by,
            false => SystemTime::now() + by,
        }
    }

    pub(crate) fn set_clock(&self, ahead_ms: i64) {
        self.clock_ahead_ms.store(ahead_ms, Ordering::SeqCst);
    }

    /// Tells those who wait that the world has changed. Who waits has said so under the lock, and
    /// the change was made under it too, so nobody is missed.
    pub(crate) fn notify(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_all();
        }
    }

    pub(crate) fn add_scripts(&self, scripts: impl IntoIterator<Item = Script>) {
        let mut world = self.lock();
        scripts
            .into_iter()
            .for_each(|script| world.scripts.add(script));
        self.scripted.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_scripted(&self) -> bool {
        self.scripted.load(Ordering::SeqCst)
    }

    /// Waits until something changes, at most until then.
    pub(crate) fn wait<'a>(
        &self,
        world: MutexGuard<'a, World>,
        deadline: Instant,
    ) -> MutexGuard<'a, World> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let woken = self.changed.wait_timeout(world, left);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(crate) fn workspace(&self, key: &str) -> Option<Arc<Workspace>> {
        if self.config.api_keys.is_empty() {
            return Some(Arc::new(Workspace::of(&ApiKey::new(key), &[])));
        }
        self.workspaces.get(key).cloned()
    }

    /// The answer of the next that swaps, or its own again if none comes within a second.
    pub(crate) fn swap(&self, own: Reply) -> Reply {
        const PATIENCE: Duration = Duration::from_secs(1);
        let waiting = || self.swap.lock().unwrap_or_else(PoisonError::into_inner);
        let mut partner = waiting();
        if let Some((theirs, to_them)) = partner.take() {
            return match to_them.send(own.clone()) {
                Ok(()) => theirs,
                Err(_) => own,
            };
        }
        let (to_us, from_partner) = mpsc::channel();
        *partner = Some((own.clone(), to_us));
        drop(partner);
        let theirs = from_partner.recv_timeout(PATIENCE);
        if theirs.is_err() {
            waiting().take();
        }
        theirs.unwrap_or(own)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.origin.elapsed().as_secs_f64()
    }

    /// `call_` and 27 hexadecimal digits.
    pub(crate) fn new_call_id(&self) -> String {
        let count = self.id_count.fetch_add(1, Ordering::Relaxed);
        let high = mixed(
            self.id_seed
                .wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        );
        let low = mixed(high ^ self.id_seed) >> 20;
        format!("call_{high:016x}{low:011x}")
    }

    pub(crate) fn say(&self, line: &str) {
        if let Some(log) = self.config.log {
            log(line);
        }
    }
}

/// A bijection on 64 bits (the finaliser of splitmix64), so that ids differ.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
