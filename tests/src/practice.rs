//! A practice that is ready to call: database, worker, webhook front, simulated Retell, a tenant with a key.
//!
//! ```no_run
//! use vioc_tests::practice::Practice;
//!
//! let practice = Practice::open();
//! let contact = practice.contact("+12122000001");
//! let call = practice.call(contact);
//! practice.wait_for_call(call.id, &["completed"]);
//! assert_eq!(practice.contact_status(contact), "confirmed");
//! ```
//!
//! Every wait says what it waits for; when it is in vain it shows the row and the end of the server's log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use postgres::Client;
use postgres::types::{FromSqlOwned, ToSql};
use retell_simulator::{Config, RequestLog, Simulator, signature};

use crate::cluster::{self, Cluster};
use crate::front::Front;
use crate::http::{Request, Response};
use crate::wait::{LONG, poll, wait_until};

/// The database of a practice.
pub const APP: &str = "app";
/// The first tenant's key at Retell, which signs its webhooks too.
pub const KEY: &str = "key_of_the_first_tenant_aaaa";
/// The first tenant's number at Retell.
pub const OWN_NUMBER: &str = "+12125550100";
/// Where Retell posts to, below the front.
pub const WEBHOOK_PATH: &str = "/api/webhook/call-outcome";
/// The example is what sets up the front's roles here, so it cannot rot.
const ROLES: &str = include_str!("../../examples/postgrest/roles.sql");

/// Dropping it stops everything.
#[derive(Debug)]
pub struct Practice {
    pub front: Front,
    pub cluster: Cluster,
    pub retell: Simulator,
    /// The first tenant.
    pub tenant: i64,
}

/// Describes a [`Practice`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    retell: Config,
    cluster: cluster::Builder,
}

/// What `vioc_call_contact` returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub id: i64,
    pub session_id: String,
    pub status: String,
}

impl Builder {
    /// Changes how the simulated Retell behaves from the start.
    pub fn retell(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.retell);
        self
    }

    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.cluster = self.cluster.setting(name, value);
        self
    }

    pub fn cluster(mut self, change: impl FnOnce(cluster::Builder) -> cluster::Builder) -> Self {
        self.cluster = change(self.cluster);
        self
    }

    /// # Panics
    /// If something does not start.
    #[track_caller]
    pub fn open(self) -> Practice {
        let retell = Simulator::start(self.retell).expect("loopback has a free port");
        let cluster = self
            .cluster
            .setting("vioconcierge.api_base_url", retell.url())
            .start();
        Practice::over(cluster, retell)
    }
}

/// The webhook front of a database, with the roles of `examples/postgrest`.
#[track_caller]
pub fn front(cluster: &Cluster, database: &str) -> Front {
    cluster
        .connect(database)
        .batch_execute(ROLES)
        .expect("the example's roles can be made");
    Front::builder(cluster, database).nginx_paths().start()
}

/// A cluster as tests of calls want it: legal at any hour, quick to start calls.
pub fn cluster() -> cluster::Builder {
    Cluster::builder()
        .databases([APP])
        .setting("vioconcierge.legal_hours", "00:00-24:00")
}

/// A number that can be called, different for each `n`.
pub fn number(n: u32) -> String {
    format!("+1212{}", 2_000_000 + n)
}

/// A number that nobody else in this process was given.
pub fn new_number() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("+1646{}", 2_000_000 + NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The value of `X-Retell-Signature` for these bytes, so many milliseconds ago.
pub fn signed_ago(key: &str, body: &[u8], ms_ago: i64) -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    signature(
        key,
        body,
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX) - ms_ago,
    )
}

impl Practice {
    pub fn builder() -> Builder {
        Builder {
            retell: Config::default(),
            cluster: cluster(),
        }
    }

    #[track_caller]
    pub fn open() -> Self {
        Self::builder().open()
    }

    /// In a running cluster whose database [`APP`] has no extension yet.
    #[track_caller]
    pub fn over(cluster: Cluster, retell: Simulator) -> Self {
        cluster.create_extension(APP);
        let front = front(&cluster, APP);
        cluster.set("vioconcierge.webhook_base_url", &front.url());
        let mut practice = Self {
            front,
            cluster,
            retell,
            tenant: 0,
        };
        practice.wait_for("the worker to attach", "select exists (select from pg_locks as l join pg_database as d on d.oid = l.database where l.locktype = 'advisory' and l.classid = 1986621283 and l.objsubid = 3 and d.datname = current_database())");
        practice.tenant = practice.new_tenant("Smile Dental", OWN_NUMBER, Some(KEY));
        practice
    }

    #[track_caller]
    pub fn connect(&self) -> Client {
        self.cluster.connect(APP)
    }

    /// The first column of the only row.
    #[track_caller]
    pub fn ask<T: FromSqlOwned>(&self, sql: &str, arguments: &[&(dyn ToSql + Sync)]) -> T {
        let row = self.connect().query_one(sql, arguments);
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
            .get(0)
    }

    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.connect()
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Finished calls are twenty minutes older: the number has had its rest.
    #[track_caller]
    pub fn let_numbers_rest(&self) {
        let columns = [
            "queued_at",
            "dispatching_at",
            "first_posted_at",
            "last_posted_at",
            "placed_at",
            "ongoing_at",
            "ended_at",
            "completed_at",
        ];
        let back = columns.map(|it| format!("{it} = {it} - interval '20 minutes'"));
        self.run(&format!(
            "update vioc.calls set {} where status in ('completed', 'failed', 'cancelled')",
            back.join(", ")
        ));
    }

    /// A tenant whose pacing is out of the way; without a key it uses the fallback key.
    #[track_caller]
    pub fn new_tenant(&self, name: &str, own_number: &str, key: Option<&str>) -> i64 {
        let tenant = self.ask(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) \
             values ($1, 'America/New_York', 'agent_1', $2::text) returning id",
            &[&name, &own_number],
        );
        if let Some(key) = key {
            self.connect()
                .execute("select vioc_set_credentials($1, $2)", &[&tenant, &key])
                .expect("a key can be set");
        }
        self.run("update vioc.credentials set max_starts_per_second = 100000, max_concurrent_calls = 1000");
        tenant
    }

    /// A contact of the first tenant, with an appointment in three days and no call due.
    #[track_caller]
    pub fn contact(&self, phone: &str) -> i64 {
        self.contact_of(self.tenant, phone)
    }

    #[track_caller]
    pub fn contact_of(&self, tenant: i64, phone: &str) -> i64 {
        self.ask(
            "insert into vioc.contacts (tenant_id, name, phone, appointment_time, appointment_type, owner_name) \
             values ($1, 'Maria Jones', $2, now() + interval '3 days', 'check-up', 'Dr. Smith') returning id",
            &[&tenant, &phone],
        )
    }

    /// Contacts with numbers of their own, all due now.
    #[track_caller]
    pub fn due_contacts(&self, tenant: i64, count: i32) -> Vec<i64> {
        let sql = "insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) \
                   select $1::bigint, 'Contact ' || n, '+1917' || (2000000 + $1::bigint * 10000 + n), now() + interval '3 days', now() - interval '1 minute' \
                   from generate_series(1, $2) as n returning id";
        let rows = self.connect().query(sql, &[&tenant, &count]);
        let rows = rows.unwrap_or_else(|error| panic!("due contacts: {error:?}"));
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// "Call Now", committed.
    #[track_caller]
    pub fn call(&self, contact: i64) -> Queued {
        call_contact(&mut self.connect(), contact)
    }

    #[track_caller]
    pub fn call_number(&self, phone: &str) -> Queued {
        self.call(self.contact(phone))
    }

    #[track_caller]
    pub fn cancel(&self, call: i64) -> String {
        self.ask("select (vioc_cancel_call($1)).status", &[&call])
    }

    #[track_caller]
    pub fn call_status(&self, call: i64) -> String {
        self.ask(
            "select status::text from vioc.calls where id = $1",
            &[&call],
        )
    }

    #[track_caller]
    pub fn contact_status(&self, contact: i64) -> String {
        self.ask(
            "select status::text from vioc.contacts where id = $1",
            &[&contact],
        )
    }

    #[track_caller]
    pub fn outcome(&self, call: i64) -> Option<String> {
        self.ask("select outcome from vioc.calls where id = $1", &[&call])
    }

    /// Waits until the call has one of these statuses, and returns it.
    #[track_caller]
    pub fn wait_for_call(&self, call: i64, statuses: &[&str]) -> String {
        let sql = "select status::text, to_jsonb(c)::text from vioc.calls as c where id = $1";
        self.wait_for_row(
            &format!("call {call} to be {statuses:?}"),
            sql,
            call,
            statuses,
        )
    }

    /// Waits until the contact has one of these statuses, and returns it.
    #[track_caller]
    pub fn wait_for_contact(&self, contact: i64, statuses: &[&str]) -> String {
        let sql = "select status::text, to_jsonb(c)::text from vioc.contacts as c where id = $1";
        self.wait_for_row(
            &format!("contact {contact} to be {statuses:?}"),
            sql,
            contact,
            statuses,
        )
    }

    #[track_caller]
    fn wait_for_row(&self, what: &str, sql: &str, id: i64, statuses: &[&str]) -> String {
        let mut client = self.connect();
        let mut row = String::new();
        let found = poll(LONG, || {
            let found = client.query_one(sql, &[&id]).ok()?;
            row = found.get(1);
            let status: String = found.get(0);
            statuses.contains(&status.as_str()).then_some(status)
        });
        found.unwrap_or_else(|| {
            panic!(
                "waited in vain for {what}\n{row}\n--- requests to Retell\n{}--- {}",
                self.requests_seen(),
                self.cluster.log_tail(30)
            )
        })
    }

    /// Waits until the query's first column is true.
    #[track_caller]
    pub fn wait_for(&self, what: &str, sql: &str) {
        self.wait_at_most(what, LONG, sql);
    }

    #[track_caller]
    pub fn wait_at_most(&self, what: &str, at_most: Duration, sql: &str) {
        let mut client = None;
        wait_until(what, at_most, || {
            // The server may be away at the moment.
            if client.as_ref().is_none_or(Client::is_closed) {
                client = self.cluster.config(APP).connect(postgres::NoTls).ok();
            }
            let row = client.as_mut()?.query_one(sql, &[]).ok()?;
            row.get::<_, Option<bool>>(0)?.then_some(())
        });
    }

    /// Waits until nothing is queued, being sent, in doubt or going on.
    #[track_caller]
    pub fn wait_until_settled(&self) {
        self.wait_for(
            "all calls to be settled",
            "select not exists (select from vioc.calls where is_open)",
        );
    }

    /// Waits until Retell has received so many create requests.
    #[track_caller]
    pub fn wait_for_creates(&self, count: usize) -> Vec<RequestLog> {
        let arrived = self.retell.wait_for(
            |now| {
                now.requests()
                    .iter()
                    .filter(|request| is_create(request))
                    .count()
                    >= count
            },
            LONG,
        );
        assert!(
            arrived,
            "waited in vain for {count} create requests\n{}{}",
            self.requests_seen(),
            self.cluster.log_tail(30)
        );
        self.creates()
    }

    /// The create requests that Retell has received.
    pub fn creates(&self) -> Vec<RequestLog> {
        self.retell
            .requests()
            .into_iter()
            .filter(is_create)
            .collect()
    }

    pub fn dials(&self, call: &Queued) -> usize {
        self.retell.dials_for(&call.session_id).len()
    }

    fn requests_seen(&self) -> String {
        let requests = self.retell.requests();
        let line = |it: &RequestLog| {
            format!(
                "{:.3} {} {} {}\n",
                it.started,
                it.method,
                it.path,
                it.status_text()
            )
        };
        requests.iter().map(line).collect()
    }

    /// A webhook signed with the first tenant's key, as Retell would send it.
    #[track_caller]
    pub fn webhook(&self, body: impl Into<Vec<u8>>) -> Response {
        let body = body.into();
        let header = signed_ago(KEY, &body, 0);
        self.post(body, Some(&header))
    }

    /// A webhook with this signature header, or none.
    #[track_caller]
    pub fn post(&self, body: impl Into<Vec<u8>>, signature: Option<&str>) -> Response {
        let mut request = Request::post(WEBHOOK_PATH, body);
        if let Some(signature) = signature {
            request = request.header("X-Retell-Signature", signature);
        }
        self.front.send(&request)
    }

    /// Changes a setting and waits until the worker has it.
    #[track_caller]
    pub fn set(&self, name: &str, value: &str) {
        self.cluster.set(name, value);
    }
}

fn is_create(request: &RequestLog) -> bool {
    request.path == "/v2/create-phone-call"
}

/// "Call Now" in this session's transaction.
///
/// # Panics
/// If it is refused.
#[track_caller]
pub fn call_contact(client: &mut impl postgres::GenericClient, contact: i64) -> Queued {
    let sql = "select q.call_id, q.session_id::text, q.status from vioc_call_contact($1) as q";
    let row = client.query_one(sql, &[&contact]);
    let row = row.unwrap_or_else(|error| panic!("vioc_call_contact({contact}): {error:?}"));
    Queued {
        id: row.get(0),
        session_id: row.get(1),
        status: row.get(2),
    }
}

/// Breaks the extension, to see that a test notices: `VIOC_BREAK` is functions' name, what is replaced in their definition as
/// PostgreSQL shows it, and by what, separated by `|`.
///
/// # Panics
///
/// If nothing was replaced.
pub fn break_one(client: &mut Client) {
    let Ok(what) = std::env::var("VIOC_BREAK") else {
        return;
    };
    let mut parts = what.splitn(3, '|');
    let [name, from, to] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let find = "select pg_get_functiondef(p.oid) from pg_proc as p where p.pronamespace = 'vioc'::regnamespace and p.proname = $1";
    let mut is_broken = false;
    for row in client.query(find, &[&name]).expect("a function") {
        let definition: String = row.get(0);
        is_broken |= definition.contains(from);
        client
            .batch_execute(&definition.replace(from, to))
            .expect("a definition");
    }
    assert!(is_broken, "{name} has no {from}");
}

/// The statement by which a test does the worker's part: chooses and claims; rows are `(call_id, body, tenant_id)`. The arguments are
/// SQL expressions; no transaction may hold the rows.
#[must_use]
pub fn claim_calls(worker: &str, limit: usize, now: &str) -> String {
    format!(
        "select s.call_id, s.body, s.tenant_id, s.api_key
         from (
           select array_agg(c.tenant_id) as tenants, array_agg(c.call_id) as calls,
             array_agg(c.credential_id) as credentials
           from vioc.choose_calls({limit}, {now}) as c) as n
         cross join vioc.claim_calls({worker}, n.tenants, n.calls, n.credentials, '150 s', {now}) as s
         where s.body is not null"
    )
}
