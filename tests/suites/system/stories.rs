//! What happens in a practice's week, told from outside: SQL, the phone and webhooks.

use retell_simulator::{Config, CreateFault, Script, Simulator};
use serde_json::json;
use vioc_tests::practice::{KEY, OWN_NUMBER, Practice, new_number};

fn live() -> Practice {
    let practice = Practice::open();
    go_live(&practice);
    practice
}

fn go_live(practice: &Practice) {
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
}

/// What pg_cron does every minute.
fn a_minute_passes(practice: &Practice) -> i32 {
    practice.ask("select vioc_enqueue_due()", &[])
}

/// Everything that has happened, and is planned, is so much earlier; appointments stay. Nothing is slept.
fn time_passes(practice: &Practice, by: &str) {
    practice.run(&format!(
        "set session_replication_role = replica;
         update vioc.contacts set next_call_at = next_call_at - interval '{by}', requested_time = requested_time - interval '{by}';
         update vioc.next_calls set next_call_at = next_call_at - interval '{by}';
         update vioc.calls set queued_at = queued_at - interval '{by}', due_at = due_at - interval '{by}', dispatching_at = dispatching_at - interval '{by}',
           first_posted_at = first_posted_at - interval '{by}', last_posted_at = last_posted_at - interval '{by}', placed_at = placed_at - interval '{by}',
           ongoing_at = ongoing_at - interval '{by}', ended_at = ended_at - interval '{by}', completed_at = completed_at - interval '{by}';
         update vioc.credentials set throttled_until = throttled_until - interval '{by}', unreachable_until = unreachable_until - interval '{by}', failed_at = failed_at - interval '{by}', probe_at = probe_at - interval '{by}';
         update vioc.tenants set probe_at = probe_at - interval '{by}'"
    ));
    // the worker looks again at once
    practice.run("select vioc_resume()");
}

/// Due now, by hand.
fn due_contact(practice: &Practice, phone: &str) -> i64 {
    let contact = practice.contact(phone);
    practice.run(&format!(
        "update vioc.contacts set call_at = now() - interval '1 minute' where id = {contact}"
    ));
    contact
}

fn dials_to(practice: &Practice, phone: &str) -> Vec<retell_simulator::Dial> {
    let mut dials = practice.retell.ledger();
    dials.retain(|it| it.to_number == phone);
    dials
}

fn refused(practice: &Practice, contact: i64, force: bool) -> String {
    let sql = format!("select vioc_call_contact({contact}, {force})");
    crate::told(&practice.connect().batch_execute(&sql).unwrap_err())
}

fn outcome_of_contact(practice: &Practice, contact: i64) -> (String, Option<String>, bool, bool) {
    let sql = "select status::text, last_outcome, next_call_at is not null, needs_review from vioc.contacts where id = $1";
    let row = practice.connect().query_one(sql, &[&contact]).unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

#[test]
fn stop_calling_said_to_the_practices_own_line_ends_every_call_to_that_number() {
    let practice = live();
    let sister = practice.new_tenant("Sister", "+12125550101", Some("key_of_the_sister_bbbb"));
    practice.run("update vioc.tenants set organisation = 'Bright Group'");
    let phone = new_number();
    let contact = practice.contact(&phone);
    let at_sister = practice.contact_of(sister, &phone);
    let held = practice.contact(&phone);
    // The queue waits, so that there is something to end.
    practice.run("update vioc.credentials set throttled_until = now() + interval '1 hour'");
    let calls = [contact, at_sister, held].map(|it| practice.call(it));
    let mut app = practice.connect();
    let mut transaction = app.transaction().unwrap();
    transaction
        .execute(
            "update vioc.contacts set special_instructions = 'x' where id = $1",
            &[&held],
        )
        .unwrap();

    // A patient rang the practice: Retell's call, none of ours. The carrier shows a national number.
    let body = json!({"event": "call_ended", "call": {"call_id": "call_of_somebody", "direction": "inbound", "agent_id": "agent_1",
        "from_number": phone.trim_start_matches("+1"), "to_number": OWN_NUMBER, "disconnection_reason": "user_requested_dnc"}});
    let answer = practice.webhook(body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());

    assert_eq!(practice.call_status(calls[0].id), "cancelled");
    for (call, contact) in [(&calls[0], contact), (&calls[1], at_sister)] {
        // the sister's follow by the worker
        practice.wait_for_call(call.id, &["cancelled"]);
        practice.wait_for_contact(contact, &["do_not_call"]);
        assert!(refused(&practice, contact, true).starts_with("VC001"));
    }
    // A row that the app held was left alone: the claim asks again.
    assert_eq!(practice.call_status(calls[2].id), "queued");
    transaction.commit().unwrap();
    practice.run("update vioc.credentials set throttled_until = null; select vioc_resume()");
    practice.wait_for_call(calls[2].id, &["cancelled"]);
    practice.wait_for_contact(held, &["do_not_call"]);
    assert!(dials_to(&practice, &phone).is_empty());

    // Taken back, with a reason: the steps ahead are made.
    practice.run(&format!(
        "select vioc_allow_call({sister}, '{phone}', 'asked for reminders again, by e-mail')"
    ));
    for contact in [contact, at_sister, held] {
        practice.wait_for_contact(contact, &["scheduled"]);
        let (status, _, is_planned, _) = outcome_of_contact(&practice, contact);
        assert_eq!((status.as_str(), is_planned), ("scheduled", true));
    }
}

#[test]
fn credit_gone_on_saturday_keeps_the_queue_until_monday_and_calls_nobody_about_sunday() {
    let practice = live();
    practice.retell.script(
        Script::any()
            .with_key(KEY)
            .create(CreateFault::status(402, "")),
    );
    let sunday = practice.contact(&new_number());
    let due: Vec<i64> = (0..4)
        .map(|_| due_contact(&practice, &new_number()))
        .collect();
    let first = practice.call(sunday);
    practice.wait_for(
        "the practice's key to be suspended",
        "select exists (select from vioc.tenant_status where tenant_id = 1 and suspended_at is not null and stopped_by <> '')",
    );
    assert_eq!(a_minute_passes(&practice), 0, "the due ones wait");
    let held: i64 = practice.ask(
        "select count(*) from vioc.due_contacts where held_by is not null",
        &[],
    );
    assert_eq!(held, 4, "and it is said why");

    // Monday: the account is filled up; Sunday's appointment is past.
    practice.run(&format!(
        "set session_replication_role = replica;
         update vioc.contacts set appointment_time = now() - interval '1 day' where id = {sunday};
         update vioc.calls set appointment_time = now() - interval '1 day' where id = {}",
        first.id
    ));
    practice.retell.clear_scripts();
    practice.run("select vioc_resume(1)");
    assert_eq!(a_minute_passes(&practice), 4);
    for contact in due {
        practice.wait_for_contact(contact, &["confirmed"]);
    }
    practice.wait_for_call(first.id, &["expired"]);
    assert_eq!(practice.dials(&first), 0);
    assert_eq!(practice.retell.ledger().len(), 4);
    let is_running: bool = practice.ask(
        "select stopped_by is null and calls_today = 4 and queued = 0 from vioc.tenant_status where tenant_id = 1",
        &[],
    );
    assert!(is_running);
}

#[test]
fn after_two_hours_without_retell_the_soonest_appointments_are_called_first_and_each_once() {
    let practice = Practice::open();
    practice.run("update vioc.credentials set max_concurrent_calls = 1");
    let gone = Simulator::start(Config::default()).unwrap();
    let (url, address) = (gone.url(), gone.address());
    gone.stop();
    practice.set("vioconcierge.api_base_url", &url);
    // The latest first, so that the order is not that of the queue.
    let calls: Vec<_> = (0..6)
        .map(|n| {
            let contact: i64 = practice.ask(
                "insert into vioc.contacts (tenant_id, name, phone, appointment_time) values ($1, 'Ann', $2, now() + interval '9 days' - $3 * interval '1 day') returning id",
                &[&practice.tenant, &new_number(), &f64::from(n)],
            );
            practice.call(contact)
        })
        .collect();
    let soon = practice.call(practice.contact(&new_number()));
    for _ in 0..4 {
        practice.wait_for(
            "Retell to be tried in vain",
            "select greatest(throttled_until, unreachable_until) > now() from vioc.credentials",
        );
        time_passes(&practice, "5 minutes"); // less than the 15 of a forced call, and of no consequence here
    }
    // Two hours later: one appointment is past by now. (Paused, so that no try is on its way meanwhile.)
    practice.run("select vioc_pause()");
    practice.wait_for(
        "no try to be on its way",
        "select not exists (select from vioc.calls where status = 'dispatching')",
    );
    practice.run(&format!(
        "set session_replication_role = replica;
         update vioc.contacts as ct set appointment_time = now() - interval '1 minute' from vioc.calls as c where c.id = {0} and ct.id = c.contact_id;
         update vioc.calls set appointment_time = now() - interval '1 minute' where id = {0}",
        soon.id
    ));
    let back = Simulator::start(Config {
        listen: address,
        ..Config::default()
    })
    .unwrap();
    time_passes(&practice, "1 minute");
    for call in &calls {
        practice.wait_for_call(call.id, &["completed"]);
    }
    practice.wait_for_call(soon.id, &["expired"]);
    let dialled: Vec<String> = back.ledger().into_iter().map(|it| it.session_id).collect();
    let expected: Vec<String> = calls.iter().rev().map(|it| it.session_id.clone()).collect();
    assert_eq!(dialled, expected);
    let attempts: i64 = practice.ask("select sum(attempts) from vioc.contacts", &[]);
    assert_eq!(attempts, 6, "what was in vain is no attempt");
    back.stop();
}

#[test]
fn an_import_of_twenty_thousand_old_contacts_rings_nobody() {
    let practice = Practice::open();
    practice.run(&format!(
        "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time)
         select {}, 'old-' || n, 'Contact ' || n, '+1' || (2012000000 + n), now() - interval '2 years' + n * interval '1 hour' from generate_series(1, 20000) as n",
        practice.tenant
    ));
    assert_eq!(a_minute_passes(&practice), 0, "it is not live");
    let ahead: i64 = practice.ask(
        "select count(*) from vioc.contacts where next_call_at between now() and now() + interval '6 days'",
        &[],
    );
    assert!((130..=150).contains(&ahead), "{ahead}: one an hour");
    let forecast: i64 = practice.ask(
        "select sum(calls)::bigint from vioc_go_live_forecast($1)",
        &[&practice.tenant],
    );
    assert!(
        (ahead..=ahead + 26).contains(&forecast),
        "{forecast} forecast, {ahead} planned in six days"
    );
    go_live(&practice);
    assert_eq!(
        a_minute_passes(&practice),
        0,
        "live: what is past stays past, what is ahead has its time"
    );
    // The barrier: whatever was queued would have gone before.
    let phone = new_number();
    let call = practice.call_number(&phone);
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.retell.ledger().len(), 1);
    assert_eq!(dials_to(&practice, &phone).len(), 1);
}
