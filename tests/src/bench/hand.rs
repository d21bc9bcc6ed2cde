//! The worker's and the app's statements by hand: no worker, no HTTP, the time an argument.

use std::time::{Duration, Instant};

use postgres::Client;

use super::site::Site;
use crate::practice::claim_calls;

/// As the worker's session has them (`src/session.rs`): they decide how its statements are planned.
const SESSION: &str = "set jit = off; set enable_seqscan = off; set enable_bitmapscan = off; \
    set search_path = pg_catalog, pg_temp; set plan_cache_mode = force_generic_plan";
const WORKER: &str = "00000000-0000-0000-0000-00000000beec";
/// Calls of one claim: as many as the worker has room for by default.
pub(super) const BATCH: usize = 32;

/// The extension's time: seconds after the start of the run.
pub(super) type Now = f64;

pub(super) struct Hand {
    worker: Client,
    app: Client,
    claimed: usize,
    plan_anew_at: usize,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    tenants: Vec<i64>,
    ids: Vec<i64>,
}

impl Calls {
    pub(super) fn count(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn append(&mut self, mut others: Self) {
        self.tenants.append(&mut others.tenants);
        self.ids.append(&mut others.ids);
    }
}

impl Hand {
    pub(super) fn new(site: &Site) -> Self {
        let mut worker = site.client();
        worker
            .batch_execute(SESSION)
            .expect("the settings are known");
        let mut app = site.client();
        // the beginning of time, for both sessions
        app.batch_execute(
            "create schema bench; create table bench.began as select now() as at; \
             create function bench.at(seconds float8) returns timestamptz language sql stable \
               as 'select b.at + pg_catalog.make_interval(secs => seconds) from bench.began as b'",
        )
        .expect("a schema can be made");
        // the fallback credential and the marker, as a worker does when it starts
        worker
            .batch_execute("select vioc.attach_worker(true, bench.at(0)), vioc.installation_id()")
            .expect("a worker can attach");
        Self {
            worker,
            app,
            claimed: 0,
            plan_anew_at: 64,
        }
    }

    pub(super) fn app(&mut self) -> &mut Client {
        &mut self.app
    }

    /// Queues `calls` of the contacts that are due.
    pub(super) fn queue(&mut self, calls: usize, now: Now) -> Duration {
        let wanted = i32::try_from(calls).expect("that many calls can be asked for");
        let (queued, took): (i32, _) = timed(&mut self.app, |client| {
            client
                .query_one(
                    "select vioc.enqueue_due($1, 'bench', bench.at($2))",
                    &[&wanted, &now],
                )
                .unwrap_or_else(|error| panic!("queueing: {error:?}"))
                .get(0)
        });
        assert_eq!(queued, wanted, "every contact is due and allowed");
        took
    }

    /// One claim, and how long its statement took; its commit, which waits for the disk, comes after.
    pub(super) fn claim(&mut self, now: Now) -> (Calls, Duration) {
        let mut transaction = self.worker.transaction().expect("a transaction begins");
        let began = Instant::now();
        let rows = transaction
            .query(
                &claim_calls(&format!("'{WORKER}'"), BATCH, "bench.at($1)"),
                &[&now],
            )
            .unwrap_or_else(|error| panic!("claiming: {error:?}"));
        let took = began.elapsed();
        transaction.commit().expect("it is committed");
        self.claimed += rows.len();
        if self.claimed >= self.plan_anew_at {
            // as the worker does
            self.plan_anew_at *= 4;
            self.forget_plans();
        }
        let calls = Calls {
            tenants: rows.iter().map(|row| row.get(2)).collect(),
            ids: rows.iter().map(|row| row.get(0)).collect(),
        };
        (calls, took)
    }

    pub(super) fn forget_plans(&mut self) {
        self.worker
            .batch_execute("discard plans")
            .expect("plans can be discarded");
    }

    /// Retell has placed them all.
    pub(super) fn record(&mut self, calls: &Calls, now: Now) -> Duration {
        let answers: Vec<serde_json::Value> = calls
            .tenants
            .iter()
            .zip(&calls.ids)
            .map(|(tenant, call)| {
                serde_json::json!({
                    "tenant_id": tenant, "call_id": call, "verdict": "placed", "http_status": 201,
                    "retell_call_id": format!("call_bench_{call}"), "message": null, "retry_after": null,
                    "do_not_call": false, "legacy_field": false,
                })
            })
            .collect();
        let answers = serde_json::Value::Array(answers);
        let (recorded, took): (Vec<i64>, _) = timed(&mut self.worker, |client| {
            client
                .query_one(
                    &format!("select vioc.record_answers('{WORKER}', $1, bench.at($2))"),
                    &[&answers, &now],
                )
                .unwrap_or_else(|error| panic!("recording: {error:?}"))
                .get(0)
        });
        assert_eq!(recorded.len(), calls.count(), "every answer is recorded");
        took
    }

    /// Always the same work of a processor: what it takes longer, the machine is slower.
    pub(super) fn control(&mut self) -> Duration {
        let (_, took) = timed(&mut self.worker, |client| {
            client
                .query_one("select sum(n) from generate_series(1, 100000) as n", &[])
                .expect("numbers can be added")
        });
        took
    }

    /// What else the worker does in a while.
    pub(super) fn tend(&mut self, now: Now) {
        self.worker
            .execute(
                "select vioc.run_timers(100, bench.at($1)), (select count(*) from vioc.publish_events(100000))",
                &[&now],
            )
            .unwrap_or_else(|error| panic!("tending: {error:?}"));
    }

    /// The webhooks of calls that were confirmed: call_ended and call_analyzed, all of one kind in one transaction.
    pub(super) fn finish(&mut self, calls: &Calls, now: Now) -> Duration {
        let (state, took) = timed(&mut self.app, |client| {
            for event in ["call_ended", "call_analyzed"] {
                client
                    .execute(WEBHOOKS, &[&calls.tenants, &calls.ids, &event, &now])
                    .unwrap_or_else(|error| panic!("{event}: {error:?}"));
            }
            client
                .query_one(
                    "select count(*) filter (where c.status = 'completed' and c.outcome = 'confirmed') \
                     from vioc.calls as c where c.id = any ($1)",
                    &[&calls.ids],
                )
                .expect("the calls can be counted")
        });
        assert_eq!(
            state.get::<_, i64>(0),
            i64::try_from(calls.count()).expect("it fits"),
            "every call is completed"
        );
        took
    }
}

/// One event of each of these calls, as Retell would send it.
const WEBHOOKS: &str = "\
    select vioc.store_event(jsonb_build_object('event', $3::text, 'call', jsonb_build_object( \
        'call_id', c.retell_call_id, 'agent_id', c.agent, 'direction', 'outbound', 'from_number', c.from_number, \
        'to_number', c.to_number, 'call_status', 'ended', 'metadata', jsonb_build_object('session_id', c.session_id), \
        'start_timestamp', floor(extract(epoch from bench.at($4) - interval '50 seconds') * 1000), \
        'end_timestamp', floor(extract(epoch from bench.at($4)) * 1000), \
        'duration_ms', 50000, 'disconnection_reason', 'agent_hangup', \
        'call_analysis', jsonb_build_object('call_summary', 'The appointment was confirmed.', 'in_voicemail', false, \
          'custom_analysis_data', jsonb_build_object('appointment_action', 'confirmed'))))::text, \
      'webhook', c.credential_id, bench.at($4)) \
    from unnest($1::bigint[], $2::bigint[]) as p (tenant_id, id) \
    join vioc.calls as c on c.tenant_id = p.tenant_id and c.id = p.id";

fn timed<T>(client: &mut Client, work: impl FnOnce(&mut Client) -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work(client);
    (result, began.elapsed())
}
