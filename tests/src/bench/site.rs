//! A cluster for measuring: PostgreSQL as it comes, on disk, with many practices that have nothing but work.

use std::time::{Duration, Instant};

use postgres::Client;

use super::server::AnswerServer;
use crate::Cluster;
use crate::wait::wait_until;

pub(super) const DATABASE: &str = "bench";
/// How long a queue may take before something must be wrong.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
pub(super) const TENANTS: usize = 200;

/// The harness saves time at durability's expense; here everything is PostgreSQL's own default. (`fsync` also puts the
/// cluster on disk and not in memory.)
const DEFAULTS: [(&str, &str); 5] = [
    ("fsync", "on"),
    ("shared_buffers", "128MB"),
    ("max_worker_processes", "8"),
    ("log_min_messages", "warning"),
    ("dynamic_shared_memory_type", "posix"),
];

pub(super) struct Site {
    pub(super) cluster: Cluster,
}

impl Site {
    /// `contacts` of them, all due now, spread over [`TENANTS`] practices; none is queued yet.
    pub(super) fn start(
        server: &AnswerServer,
        contacts: usize,
        settings: &[(String, String)],
    ) -> Self {
        let mut builder = Cluster::builder()
            .databases([DATABASE])
            .setting("vioconcierge.api_base_url", server.url())
            .setting("vioconcierge.legal_hours", "00:00-24:00");
        for (name, value) in DEFAULTS {
            builder = builder.setting(name, value);
        }
        for (name, value) in settings {
            builder = builder.setting(name, value);
        }
        let cluster = builder.start();
        cluster.create_extension(DATABASE);
        let site = Self { cluster };
        site.load(contacts);
        site
    }

    pub(super) fn client(&self) -> Client {
        self.cluster.connect(DATABASE)
    }

    fn load(&self, contacts: usize) {
        let practices = format!(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live) \
             select 'Practice ' || n, 'America/New_York', 'agent_bench', '+1646' || (5550000 + n), true \
             from generate_series(1, {TENANTS}) as n; \
             select vioc_set_credentials(t.id, 'key_bench_' || t.id) from vioc.tenants as t; \
             update vioc.credentials set max_concurrent_calls = 1000000, max_starts_per_second = 1000000;"
        );
        let people = format!(
            "insert into vioc.contacts (tenant_id, external_id, name, patient_name, phone, appointment_time, \
               appointment_type, owner_name, special_instructions, call_at) \
             select 1 + n % {TENANTS}, 'p' || n, 'Contact ' || n, 'Patient ' || n, '+1212' || (5000000 + n), \
               date_trunc('hour', now()) + interval '1 day' + n % 600 * interval '1 minute', 'cleaning', \
               'Dr. Example', 'Please come ten minutes early and bring your insurance card.', now() \
             from generate_series(1, {contacts}) as n;"
        );
        let mut client = self.client();
        // What autovacuum would have done by then to tables that are no news; the calls are.
        let settle =
            "vacuum analyze vioc.tenants, vioc.credentials, vioc.credential_keys, vioc.contacts";
        for script in [practices.as_str(), people.as_str(), settle] {
            client
                .batch_execute(script)
                .unwrap_or_else(|error| panic!("loading the benchmark's data: {error:?}"));
        }
        self.cluster.worker_pid(DATABASE);
    }

    /// Queues `calls` of the due contacts in one transaction and returns once it is ready to be committed.
    pub(super) fn queue<'a>(client: &'a mut Client, calls: usize) -> postgres::Transaction<'a> {
        let mut transaction = client.transaction().expect("a transaction begins");
        let wanted = i32::try_from(calls).expect("that many calls can be asked for");
        let queued: i32 = transaction
            .query_one("select vioc_enqueue_due($1)", &[&wanted])
            .unwrap_or_else(|error| panic!("queueing: {error:?}"))
            .get(0);
        assert_eq!(queued, wanted, "every contact is due and allowed");
        transaction
    }

    /// Waits until `calls` are placed in all, with as many answers of the server, no two alike.
    /// Returns the time from `since` until then.
    pub(super) fn wait_until_placed(
        &self,
        client: &mut Client,
        calls: usize,
        since: Instant,
    ) -> Duration {
        // Two index probes: asking must not cost what is measured.
        let open = client
            .prepare(
                "select exists (select from vioc.calls as c where c.in_queue) \
                 or exists (select from vioc.calls as c where c.in_progress and c.status = 'dispatching')",
            )
            .expect("the question is well-formed");
        let took = wait_until("every answer to be stored", PATIENCE, || {
            let row = client.query_one(&open, &[]).expect("the database answers");
            (!row.get::<_, bool>(0)).then(|| since.elapsed())
        });
        let row = client
            .query_one(
                "select count(*), count(distinct retell_call_id) filter (where status = 'placed') from vioc.calls",
                &[],
            )
            .expect("the calls can be counted");
        let wanted = i64::try_from(calls).expect("it fits");
        assert_eq!(
            (row.get::<_, i64>(0), row.get::<_, i64>(1)),
            (wanted, wanted)
        );
        took
    }
}
