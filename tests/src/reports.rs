//! Retell's reports about many calls, signed and ready to be delivered by several clients at once: for the test of a
//! burst, and for the benchmark.

use std::time::{Duration, Instant};

use postgres::Client;
use serde_json::json;

use crate::practice::signed_ago;

/// What PostgREST does with a webhook, in one statement.
pub const RECEIVE: &str = "select vioc_receive_webhook($2::text::json) \
     from (select set_config('request.headers', $1, true) offset 0) as h";

/// A signed body, and the request's headers as PostgREST passes them on.
#[derive(Clone, Debug)]
pub struct Report {
    pub headers: String,
    pub body: String,
}

/// Makes `calls` contacts of each practice and a call of each that Retell has accepted, as the worker leaves it.
pub fn place_calls(client: &mut Client, calls: usize) {
    client
        .batch_execute(&format!(
            "set local vioc.writes_contacts = on; insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) \
             select t.id, 'Contact ' || n, '+1212' || 2000000 + (t.id * 10007 + n) % 7999999, \
               date_trunc('hour', now()) + interval '2 days', now() + interval '1 day' \
             from vioc.tenants as t, generate_series(1, {calls}) as n; \
             with queued as ( \
               update vioc.contacts as c set status = 'calling', last_attempt = c.last_attempt + 1, next_call_at = null \
               where c.status = 'scheduled' returning c.*) \
             insert into vioc.calls (tenant_id, contact_id, session_id, status, retell_call_id, attempt, requested_by, due_at, \
               to_number, from_number, agent, appointment_time, contact_status_before, credential_id, \
               first_posted_at, last_posted_at, sends, dispatching_at, placed_at, look_up_at) \
             select c.tenant_id, c.id, gen_random_uuid(), 'placed', \
               'call_' || md5(c.id::text), c.last_attempt, 'reports', now(), c.phone_e164, t.retell_agent_number, \
               t.retell_agent_id, c.appointment_time, 'scheduled', t.credential_id, now(), now(), 1, now(), now(), \
               now() + interval '1 hour' \
             from queued as c join vioc.tenants as t on t.id = c.tenant_id; \
             analyze vioc.contacts, vioc.calls;"
        ))
        .unwrap_or_else(|error| panic!("placing calls: {error:?}"));
}

/// Of each placed call: it started, it ended, and it was analysed (the person confirmed); bodies of 2 KB.
pub fn of_placed_calls(client: &mut Client) -> Vec<[Report; 3]> {
    let calls = client
        .query(
            "select c.tenant_id, c.contact_id, c.id, c.session_id::text, c.retell_call_id, c.to_number::text, \
               c.from_number::text, k.key \
             from vioc.calls as c join vioc.credential_keys as k on k.credential_id = c.credential_id \
             where c.status = 'placed' order by c.id",
            &[],
        )
        .expect("the placed calls can be read");
    calls
        .iter()
        .map(|row| {
            let key: String = row.get(7);
            let mut call = json!({
                "call_id": row.get::<_, String>(4), "call_type": "phone_call", "agent_id": "agent_1",
                "call_status": "ongoing", "direction": "outbound",
                "to_number": row.get::<_, String>(5), "from_number": row.get::<_, Option<String>>(6),
                "start_timestamp": 1_768_000_000_000_i64,
                "metadata": {
                    "tenant_id": row.get::<_, i64>(0).to_string(), "contact_id": row.get::<_, i64>(1).to_string(),
                    "call_id": row.get::<_, i64>(2).to_string(), "session_id": row.get::<_, String>(3),
                },
            });
            ["call_started", "call_ended", "call_analyzed"].map(|event| {
                if event != "call_started" {
                    call["call_status"] = json!("ended");
                    call["end_timestamp"] = json!(1_768_000_060_000_i64);
                    call["duration_ms"] = json!(60_000);
                    call["disconnection_reason"] = json!("user_hangup");
                    call["transcript"] = json!("Agent: Will you come? User: Yes, I will. ".repeat(20));
                }
                if event == "call_analyzed" {
                    call["call_analysis"] = json!({
                        "call_summary": "The person will come.", "in_voicemail": false, "call_successful": true,
                        "custom_analysis_data": {"appointment_action": "confirmed"},
                    });
                }
                let mut document = json!({"event": event, "call": call});
                let missing = 2048_usize.saturating_sub(document.to_string().len() + 12);
                document["filler"] = json!("x".repeat(missing));
                let body = document.to_string();
                // written as if four minutes from now: it holds for nine
                let signature = signed_ago(&key, body.as_bytes(), -240_000);
                let headers = json!({"x-retell-signature": signature, "content-type": "application/json"});
                Report { headers: headers.to_string(), body }
            })
        })
        .collect()
}

/// Delivers each client's reports in their order, all clients at once, by `statement` ($1 headers, $2 body). Returns the
/// time of the whole, and when each was answered, since the beginning, in order of the answers.
pub fn deliver(
    statement: &str,
    connect: impl Fn() -> Client + Sync,
    clients: &[Vec<Report>],
) -> (Duration, Vec<Duration>) {
    let barrier = std::sync::Barrier::new(clients.len() + 1);
    let (began, mut answered) = std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter()
            .map(|reports| {
                scope.spawn(|| {
                    let mut client = connect();
                    let statement = client
                        .prepare(statement)
                        .expect("the statement is well-formed");
                    barrier.wait();
                    reports
                        .iter()
                        .map(|report| {
                            client
                                .query(&statement, &[&report.headers, &report.body])
                                .unwrap_or_else(|error| panic!("a webhook: {error:?}"));
                            Instant::now()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        barrier.wait();
        let began = Instant::now();
        let answered: Vec<Instant> = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no client fails"))
            .collect();
        (began, answered)
    });
    answered.sort_unstable();
    let answered: Vec<Duration> = answered
        .iter()
        .map(|it| it.saturating_duration_since(began))
        .collect();
    (answered.last().copied().unwrap_or_default(), answered)
}
