//! What happens in a practice's week, told from outside: SQL, the phone and webhooks.

use std::time::Duration;

use retell_simulator::{
    Config, CreateFault, Fate, Script, Simulator, Timing, max_concurrent_to_one_number,
};
use serde_json::json;
use vioc_tests::practice::{KEY, OWN_NUMBER, Practice, new_number};
use vioc_tests::wait::LONG;

const A_LONG_TALK: Timing = Timing {
    ring: Duration::ZERO,
    talk: Duration::from_secs(60),
    analysis: Duration::from_millis(20),
    answer_delay: Duration::ZERO,
};

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
fn an_appointment_moved_twice_while_it_is_talked_about_is_called_about_again_as_it_now_is() {
    let practice = live();
    let phone = new_number();
    practice
        .retell
        .script(Script::to_number(&phone).times(1).timing(Timing {
            talk: Duration::from_millis(1500),
            ..A_LONG_TALK
        }));
    let contact = due_contact(&practice, &phone);
    assert_eq!(a_minute_passes(&practice), 1);
    practice.wait_for_contact(contact, &["calling"]);
    for days in [2, 4] {
        practice.run(&format!(
            "update vioc.contacts set appointment_time = appointment_time + interval '{days} days', call_at = null where id = {contact}"
        ));
    }
    practice.wait_for(
        "the call about the old time to end",
        "select bool_and(status = 'completed' and outcome = 'confirmed' or status = 'cancelled') from vioc.calls",
    );
    let (status, _, is_planned, _) = outcome_of_contact(&practice, contact);
    assert_eq!(
        (status.as_str(), is_planned),
        ("scheduled", true),
        "the new time is not confirmed"
    );
    let is_seen: bool = practice.ask("select count(*) = 1 from vioc.needs_review", &[]);
    assert!(is_seen, "a person sees what was said about the time before");
    let is_step: bool = practice.ask(
        "select next_call_at = ((appointment_time at time zone 'America/New_York') - interval '1 day') at time zone 'America/New_York' from vioc.contacts where id = $1",
        &[&contact],
    );
    assert!(is_step, "the plan goes by the newest time");

    time_passes(&practice, "9 days");
    assert_eq!(a_minute_passes(&practice), 1);
    practice.wait_for_contact(contact, &["confirmed"]);
    let dials = dials_to(&practice, &phone);
    assert_eq!(dials.len(), 2);
    let spoken: String = practice.ask(
        "select vioc.spoken_date(appointment_time at time zone 'America/New_York', 'en-US') from vioc.contacts where id = $1",
        &[&contact],
    );
    assert_eq!(
        dials[1].body["retell_llm_dynamic_variables"]["appointment_date"],
        spoken.as_str()
    );
}

#[test]
fn an_appointment_cancelled_while_it_is_talked_about_cuts_nobody_off() {
    let practice = Practice::open();
    let phone = new_number();
    practice
        .retell
        .script(Script::to_number(&phone).timing(Timing {
            talk: Duration::from_millis(1500),
            ..A_LONG_TALK
        }));
    let contact = practice.contact(&phone);
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["ongoing"]);
    practice.run(&format!(
        "update vioc.contacts set appointment_status = 'cancelled' where id = {contact}"
    ));
    practice.wait_for_call(call.id, &["completed"]);
    let stops = practice.retell.requests();
    assert!(!stops.iter().any(|it| it.path.starts_with("/v2/stop-call/")));
    assert_eq!(practice.contact_status(contact), "cancelled");
    let is_seen: bool = practice.ask(
        "select needs_review and review_reason <> '' from vioc.calls where id = $1",
        &[&call.id],
    );
    assert!(is_seen, "they talked about an appointment that is off");
}

#[test]
fn a_family_of_three_on_one_number_is_rung_one_after_the_other() {
    let practice = live();
    let phone = new_number();
    let family: Vec<i64> = ["Ann", "Ben", "Cleo"]
        .into_iter()
        .map(|child| {
            practice.ask(
                "insert into vioc.contacts (tenant_id, name, patient_name, phone, appointment_time, call_at) \
                 values ($1, 'Maria Jones', $2, $3, now() + interval '5 days', now() - interval '1 minute') returning id",
                &[&practice.tenant, &child, &phone],
            )
        })
        .collect();
    // Whoever is not called today is called tomorrow.
    for _ in 0..family.len() {
        a_minute_passes(&practice);
        practice.wait_for(
            "nobody to be on the phone",
            "select not exists (select from vioc.calls where status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'))
               and exists (select from vioc.calls where status = 'completed' and completed_at > now() - interval '12 hours')",
        );
        time_passes(&practice, "1 day");
    }
    for contact in &family {
        practice.wait_for_contact(*contact, &["confirmed"]);
    }
    let dials = dials_to(&practice, &phone);
    assert_eq!(dials.len(), 3, "once for each child");
    assert_eq!(max_concurrent_to_one_number(&dials), 1);
    let mut children: Vec<_> = dials
        .iter()
        .map(|it| it.body["retell_llm_dynamic_variables"]["patient_name"].to_string())
        .collect();
    children.sort_unstable();
    assert_eq!(children, [r#""Ann""#, r#""Ben""#, r#""Cleo""#]);
}

#[test]
fn who_asks_for_tomorrow_at_five_is_called_then_and_once() {
    let practice = live();
    // Five is in the afternoon, because that is when the practice calls.
    practice.run("insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select 1, n, '09:00', '18:00' from generate_series(1, 7) as n");
    let phone = new_number();
    practice.retell.script(
        Script::to_number(&phone)
            .times(1)
            .fate(Fate::callback("tomorrow at 5")),
    );
    let contact = practice.contact(&phone);
    practice.run(&format!("select vioc_call_contact({contact}, true)"));
    practice.wait_for_contact(contact, &["callback"]);
    let is_then: bool = practice.ask(
        "select next_call_at = ((now() at time zone 'America/New_York')::date + 1 + time '17:00') at time zone 'America/New_York' and requested_time = next_call_at and requested_text = 'tomorrow at 5' from vioc.contacts where id = $1",
        &[&contact],
    );
    assert!(is_then);
    assert_eq!(a_minute_passes(&practice), 0, "not before");
    practice.run("delete from vioc.calling_hours");
    // until a minute after the time that was asked for: an hour later it would be for a person
    let until: String = practice.ask(
        "select (requested_time - now() + interval '1 minute')::text from vioc.contacts where id = $1",
        &[&contact],
    );
    time_passes(&practice, &until);
    assert_eq!(a_minute_passes(&practice), 1);
    practice.wait_for_contact(contact, &["confirmed"]);
    assert_eq!(a_minute_passes(&practice), 0);
    assert_eq!(dials_to(&practice, &phone).len(), 2);
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
fn an_agents_tool_that_hears_stop_calling_opts_out_before_the_call_is_over() {
    let practice = Practice::open();
    let phone = new_number();
    let fate = Fate::completed().function("report", json!({"outcome": "stop_calling"}));
    practice
        .retell
        .script(Script::to_number(&phone).fate(fate).timing(Timing {
            talk: Duration::from_secs(3),
            ..A_LONG_TALK
        }));
    let contact = practice.contact(&phone);
    let other = practice.contact(&phone);
    let call = practice.call(contact);
    practice.wait_for(
        "the number to be on the list",
        "select exists (select from vioc.do_not_call where source = 'call')",
    );
    assert_eq!(practice.call_status(call.id), "ongoing");
    assert!(refused(&practice, other, true).starts_with("VC001"));
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.contact_status(contact), "do_not_call");
    assert_eq!(dials_to(&practice, &phone).len(), 1);
}

#[test]
fn a_machine_that_seems_to_confirm_confirms_nothing_and_is_tried_once_more() {
    let practice = live();
    let phone = new_number();
    practice
        .retell
        .script(Script::to_number(&phone).fate(Fate::voicemail_claiming_confirmed()));
    let contact = due_contact(&practice, &phone);
    assert_eq!(a_minute_passes(&practice), 1);
    practice.wait_until_settled();
    assert_eq!(
        outcome_of_contact(&practice, contact),
        ("scheduled".into(), Some("voicemail".into()), true, false)
    );
    assert_eq!(a_minute_passes(&practice), 0, "not at once");
    time_passes(&practice, "2 days");
    assert_eq!(a_minute_passes(&practice), 1);
    practice.wait_until_settled();
    let (status, outcome, _, _) = outcome_of_contact(&practice, contact);
    assert_eq!(
        (status.as_str(), outcome.as_deref()),
        ("scheduled", Some("voicemail")),
        "two tries, then the plan's next step"
    );
    let is_step: bool = practice.ask(
        "select next_call_at = ((appointment_time at time zone 'America/New_York') - interval '1 day') at time zone 'America/New_York' from vioc.contacts where id = $1",
        &[&contact],
    );
    assert!(is_step);
    assert_eq!(dials_to(&practice, &phone).len(), 2);
}

#[test]
fn a_wrong_number_is_left_alone_until_the_practice_writes_another() {
    let practice = live();
    let (wrong, right) = (new_number(), new_number());
    practice
        .retell
        .script(Script::to_number(&wrong).fate(Fate::wrong_number()));
    // Two appointments of one person, and a neighbour's.
    let contacts = [due_contact(&practice, &wrong), practice.contact(&wrong)];
    let neighbour: i64 = practice.ask(
        "insert into vioc.contacts (tenant_id, name, phone, appointment_time) values ($1, 'Bob', $2, now() + interval '3 days') returning id",
        &[&practice.tenant, &wrong],
    );
    assert_eq!(a_minute_passes(&practice), 1);
    for contact in contacts {
        practice.wait_for_contact(contact, &["wrong_number"]);
        assert!(refused(&practice, contact, true).starts_with("VC001"));
    }
    assert_eq!(practice.contact_status(neighbour), "scheduled");

    practice.run(&format!(
        "update vioc.contacts set phone = '{right}' where id = {}",
        contacts[0]
    ));
    assert_eq!(practice.contact_status(contacts[0]), "scheduled");
    let call = practice.call(contacts[0]);
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.contact_status(contacts[0]), "confirmed");
    assert_eq!(practice.contact_status(contacts[1]), "wrong_number");
    assert_eq!(dials_to(&practice, &wrong).len(), 1);
    assert_eq!(dials_to(&practice, &right).len(), 1);
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

#[test]
fn an_app_that_upserts_everything_every_minute_calls_everybody_once() {
    let practice = live();
    let upsert = format!(
        "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, call_at)
         select {}, 'A-' || n, 'Contact ' || n, '+1' || (2122000000 + n), date_trunc('day', now()) + interval '4 days', date_trunc('day', now()) from generate_series(1, 40) as n
         on conflict (tenant_id, external_id) do update
         set name = excluded.name, phone = excluded.phone, appointment_time = excluded.appointment_time, call_at = excluded.call_at",
        practice.tenant
    );
    for minute in 0..8 {
        practice.run(&upsert);
        let queued = a_minute_passes(&practice);
        assert_eq!(queued, if minute == 0 { 40 } else { 0 }, "minute {minute}");
    }
    practice.wait_until_settled();
    practice.run(&upsert);
    assert_eq!(a_minute_passes(&practice), 0);
    let confirmed: i64 = practice.ask(
        "select count(*) from vioc.contacts where status = 'confirmed' and attempts = 1",
        &[],
    );
    assert_eq!(confirmed, 40);
    assert!(practice.retell.wait_until_idle(LONG));
    assert_eq!(practice.retell.ledger().len(), 40);
}

#[test]
fn a_test_call_rings_the_practices_telephone_and_leaves_the_patient_alone() {
    let practice = live();
    let (own, phone) = (new_number(), new_number());
    practice.run(&format!(
        "update vioc.tenants set test_numbers = '{{{own}}}' where id = {}",
        practice.tenant
    ));
    practice
        .retell
        .script(Script::to_number(&own).fate(Fate::do_not_call()));
    let contact = practice.contact(&phone);
    let before: String = practice.ask(
        "select (to_jsonb(c) - 'last_attempt')::text from vioc.contacts as c where id = $1",
        &[&contact],
    );
    let test: i64 = practice.ask("select (vioc_test_call($1, $2)).call_id", &[&contact, &own]);
    practice.wait_for_call(test, &["completed"]);
    assert_eq!(practice.outcome(test).as_deref(), Some("do_not_call"));
    let after: String = practice.ask(
        "select (to_jsonb(c) - 'last_attempt')::text from vioc.contacts as c where id = $1",
        &[&contact],
    );
    assert_eq!(after, before);
    let listed: i64 = practice.ask("select count(*) from vioc.do_not_call", &[]);
    assert_eq!(listed, 0);
    assert_eq!(dials_to(&practice, &own).len(), 1);
    assert!(dials_to(&practice, &phone).is_empty());
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.contact_status(contact), "confirmed");
}
