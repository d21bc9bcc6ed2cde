//! A cluster for measuring: PostgreSQL as it comes, on disk, with many practices that have nothing but work.

use std::cell::Cell;
use std::time::{Duration, Instant};

use postgres::{Client, Transaction};

use super::options::{Options, Other};
use super::server::{AnswerServer, CREATE_PATH};
use crate::Cluster;
use crate::cluster::{Binaries, Builder};
use crate::wait::wait_until;

pub(super) const DATABASE: &str = "bench";
/// How long a queue may take before something must be wrong.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
pub(super) const TENANTS: usize = 200;
/// The default of `vioconcierge.max_in_flight`.
pub(super) const IN_FLIGHT: usize = 32;

/// The harness saves time at durability's expense; here everything is PostgreSQL's own default. (`fsync` also puts the
/// cluster on disk and not in memory.)
const DEFAULTS: [(&str, &str); 5] = [
    ("fsync", "on"),
    ("shared_buffers", "128MB"),
    ("max_worker_processes", "8"),
    ("log_min_messages", "warning"),
    ("dynamic_shared_memory_type", "posix"),
];

/// A cluster with the benchmark's database.
pub(super) fn as_it_comes() -> Builder {
    as_it_comes_of(&Binaries::find())
}

/// With the build of vioconcierge that is installed there.
pub(super) fn as_it_comes_of(build: &Binaries) -> Builder {
    let builder = Cluster::builder()
        .binaries(build.clone())
        .databases([DATABASE]);
    DEFAULTS.iter().fold(builder, |builder, (name, value)| {
        builder.setting(name, value)
    })
}

pub(super) struct Site {
    pub(super) cluster: Cluster,
    other: Option<Other>,
    url: String,
    /// How many calls were queued.
    queued: Cell<usize>,
}

/// What a site is made with.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    /// Contacts that are due now; none is queued yet.
    pub(super) due: usize,
    /// Contacts that nobody but "Call Now" calls; their ids follow those of the due ones.
    pub(super) on_request: usize,
    /// Settings of the row; those of the options win.
    pub(super) settings: &'a [(&'a str, String)],
    /// vioconcierge.max_in_flight.
    pub(super) in_flight: usize,
    /// No worker: the row does what a worker does (see `hand.rs`).
    pub(super) by_hand: bool,
}

impl Plan<'_> {
    pub(super) const fn due(due: usize) -> Self {
        Self {
            due,
            on_request: 0,
            settings: &[],
            in_flight: IN_FLIGHT,
            by_hand: false,
        }
    }
}

impl Site {
    /// Its contacts are spread over [`TENANTS`] practices.
    pub(super) fn start(server: &AnswerServer, plan: Plan<'_>, options: &Options) -> Self {
        Self::start_of(&Binaries::find(), server, plan, options)
    }

    /// Of the build that is installed there.
    pub(super) fn start_of(
        build: &Binaries,
        server: &AnswerServer,
        plan: Plan<'_>,
        options: &Options,
    ) -> Self {
        let other = options.other.call.is_some().then(|| options.other.clone());
        let mut builder = as_it_comes_of(build);
        if let Some(other) = &other {
            builder = builder.preload(other.preload.as_deref().unwrap_or_default());
        } else {
            builder = builder
                .setting("vioconcierge.api_base_url", server.url())
                .setting("vioconcierge.legal_hours", "00:00-24:00");
        }
        if plan.by_hand {
            builder = builder.served([]);
        }
        if plan.in_flight != IN_FLIGHT {
            builder = builder.setting("vioconcierge.max_in_flight", plan.in_flight);
        }
        for (name, value) in plan.settings {
            builder = builder.setting(name, value);
        }
        for (name, value) in options.settings(plan.in_flight) {
            builder = builder.setting(name, value);
        }
        let site = Self {
            cluster: builder.start(),
            other,
            url: format!("{}{CREATE_PATH}", server.url()),
            queued: Cell::new(0),
        };
        if let Some(other) = &site.other {
            let prepare = site.with_url(other.prepare.as_deref().unwrap_or_default());
            site.run(&prepare);
        } else {
            site.cluster.create_extension(DATABASE);
            site.load(plan);
            if !plan.by_hand {
                site.cluster.worker_pid(DATABASE);
            }
        }
        site
    }

    pub(super) fn client(&self) -> Client {
        self.cluster.connect(DATABASE)
    }

    #[track_caller]
    pub(super) fn run(&self, script: &str) {
        self.client()
            .batch_execute(script)
            .unwrap_or_else(|error| panic!("{script}: {error:?}"));
    }

    fn load(&self, plan: Plan<'_>) {
        let Plan {
            due, on_request, ..
        } = plan;
        let contacts = due + on_request;
        self.run(&format!(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live) \
             select 'Practice ' || n, 'America/New_York', 'agent_bench', '+1646' || (5550000 + n), true \
             from generate_series(1, {TENANTS}) as n; \
             select vioc_set_credentials(t.id, 'key_bench_' || t.id) from vioc.tenants as t; \
             update vioc.credentials set max_concurrent_calls = 1000000, max_starts_per_second = 1000000;"
        ));
        self.run(&format!(
            "insert into vioc.contacts (tenant_id, external_id, name, patient_name, phone, appointment_time, \
               appointment_type, owner_name, special_instructions, call_at) \
             select 1 + n % {TENANTS}, 'p' || n, 'Contact ' || n, 'Patient ' || n, '+1212' || (5000000 + n), \
               date_trunc('hour', now()) + interval '1 day' + n % 600 * interval '1 minute', 'cleaning', \
               'Dr. Example', 'Please come ten minutes early and bring your insurance card.', \
               now() + case when n > {due} then interval '20 hours' else '0' end \
             from generate_series(1, {contacts}) as n;"
        ));
        // What autovacuum would have done by then to tables that are no news; the calls are.
        self.run(
            "vacuum analyze vioc.tenants, vioc.credentials, vioc.credential_keys, vioc.contacts",
        );
    }

    /// Queues `calls` of the due contacts in one transaction and returns once it is ready to be committed.
    pub(super) fn queue<'a>(&self, client: &'a mut Client, calls: usize) -> Transaction<'a> {
        let mut transaction = client.transaction().expect("a transaction begins");
        let before = self.queued.replace(self.queued.get() + calls);
        if let Some(other) = &self.other {
            for id in before + 1..=before + calls {
                let statement = self.call_of(other, id);
                transaction
                    .batch_execute(&statement)
                    .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
            }
            return transaction;
        }
        let wanted = i32::try_from(calls).expect("that many calls can be asked for");
        let queued: i32 = transaction
            .query_one("select vioc_enqueue_due($1)", &[&wanted])
            .unwrap_or_else(|error| panic!("queueing: {error:?}"))
            .get(0);
        assert_eq!(queued, wanted, "every contact is due and allowed");
        transaction
    }

    /// The statement of one "Call Now". Another dispatcher takes the contact's id as the call's.
    pub(super) fn call_now(&self, contact: usize) -> String {
        self.other.as_ref().map_or_else(
            || format!("select * from vioc_call_contact({contact})"),
            |other| self.call_of(other, contact),
        )
    }

    fn call_of(&self, other: &Other, id: usize) -> String {
        let statement = other.call.as_deref().unwrap_or_default();
        self.with_url(statement).replace("{id}", &id.to_string())
    }

    fn with_url(&self, statement: &str) -> String {
        statement.replace("{url}", &self.url)
    }

    /// Is an answer still to be stored? Asking must not cost what is measured.
    fn open_question(&self) -> Option<String> {
        match &self.other {
            // two index probes
            None => Some(
                "select exists (select from vioc.calls as c where c.in_queue) \
                 or exists (select from vioc.calls as c where c.in_progress and c.status = 'dispatching')"
                    .to_owned(),
            ),
            Some(other) => other.answered.as_deref().map(|answered| {
                let queued = self.queued.get();
                format!("select count(distinct id) < {queued} from ({answered}) as a (id)")
            }),
        }
    }

    /// The calls whose answers are stored, as another session sees it. `None`: nobody said how to ask.
    pub(super) fn answered_question(&self) -> Option<String> {
        self.other.as_ref().map_or_else(
            || Some("select id from vioc.calls where status = 'placed'".to_owned()),
            |other| other.answered.clone(),
        )
    }

    /// The dispatcher's own processes.
    pub(super) fn processes(&self) -> Vec<i32> {
        let pattern = match &self.other {
            None => "vioconcierge%",
            Some(other) => other.worker.as_deref().unwrap_or_default(),
        };
        let found = self.client().query(
            "select pid from pg_stat_activity where backend_type like $1",
            &[&pattern],
        );
        let found = found.expect("pg_stat_activity can be read");
        found.iter().map(|row| row.get(0)).collect()
    }

    /// Waits until every answer is stored, no two of one call alike. Returns the time from `since` until then.
    pub(super) fn wait_until_placed(&self, client: &mut Client, since: Instant) -> Duration {
        let Some(question) = self.open_question() else {
            return since.elapsed();
        };
        let open = client
            .prepare(&question)
            .expect("the question is well-formed");
        let took = wait_until("every answer to be stored", PATIENCE, || {
            let row = client.query_one(&open, &[]).expect("the database answers");
            (!row.get::<_, bool>(0)).then(|| since.elapsed())
        });
        if self.other.is_none() {
            let row = client
                .query_one(
                    "select count(*), count(distinct retell_call_id) filter (where status = 'placed') from vioc.calls",
                    &[],
                )
                .expect("the calls can be counted");
            assert_eq!(
                row.get::<_, i64>(0),
                row.get::<_, i64>(1),
                "calls, and their answers"
            );
        }
        took
    }
}
