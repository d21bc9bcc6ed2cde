//! `vioc_wait_for_call`: Retell's answer for somebody who waits.

use std::time::{Duration, SystemTime};

use postgres::IsolationLevel;
use retell_simulator::{CreateFault, Fate, Script};
use vioc_tests::practice::{Practice, call_contact, new_number};

type Awaited = (String, Option<String>, Option<String>, Option<String>);

/// Status, Retell's id, outcome, error.
fn wait(
    client: &mut postgres::Client,
    call: i64,
    timeout: &str,
    until: &str,
) -> Result<Awaited, postgres::Error> {
    let sql = "select w.status, w.retell_call_id, w.outcome, w.error from vioc_wait_for_call($1, $2::text::interval, $3) as w";
    let row = client.query_one(sql, &[&call, &timeout, &until])?;
    Ok((row.get(0), row.get(1), row.get(2), row.get(3)))
}

/// Somebody waits in `vioc_wait_for_call`.
const SOMEBODY_WAITS: &str = "select count(*) = 1 from pg_stat_activity where query like '%vioc_wait_for_call%' and wait_event = 'Extension' and pid <> pg_backend_pid()";

#[test]
fn a_waiter_wakes_as_soon_as_retell_has_answered() {
    let practice = Practice::open();
    let delay = Duration::from_millis(600);
    practice.retell.script(
        Script::next(1)
            .create(CreateFault::answer_after(delay))
            .fate(Fate::no_answer())
            .timing(retell_simulator::Timing {
                ring: Duration::from_secs(60),
                ..Default::default()
            }),
    );
    let call = practice.call_number(&new_number());
    let (status, retell_call_id, _, error) =
        wait(&mut practice.connect(), call.id, "20 s", "placed").unwrap();
    let returned = SystemTime::now();
    assert_eq!(status, "placed");
    assert_eq!(error, None);
    assert_eq!(
        retell_call_id,
        Some(practice.retell.ledger()[0].call_id.clone())
    );
    let answered = practice.creates()[0].at + delay;
    let late = returned.duration_since(answered).unwrap();
    println!("{late:?} after the answer");
    assert!(late < Duration::from_millis(500), "{late:?}");
}

#[test]
fn a_waiter_until_finished_gets_the_outcome() {
    let practice = Practice::open();
    let call = practice.call_number(&new_number());
    let (status, _, outcome, _) =
        wait(&mut practice.connect(), call.id, "20 s", "finished").unwrap();
    assert_eq!(
        (status.as_str(), outcome.as_deref()),
        ("completed", Some("confirmed"))
    );
}

#[test]
fn a_waiter_until_finished_has_the_call_looked_up() {
    let practice = Practice::open();
    // Retell reports nothing
    practice.set("vioconcierge.webhook_base_url", "");
    let call = practice.call_number(&new_number());
    let (status, _, outcome, _) =
        wait(&mut practice.connect(), call.id, "30 s", "finished").unwrap();
    assert_eq!(
        (status.as_str(), outcome.as_deref()),
        ("completed", Some("confirmed"))
    );
    let timed_out = "select w.timed_out from vioc_wait_for_call($1, '1 s', 'finished') as w";
    assert!(!practice.ask::<bool>(timed_out, &[&call.id]));
}

#[test]
fn a_waiter_for_a_refused_call_gets_the_reason_at_once() {
    let practice = Practice::open();
    let fault = CreateFault::status(400, "request/body/to_number is not a valid number");
    practice.retell.script(Script::next(1).create(fault));
    let call = practice.call_number(&new_number());
    let (status, retell_call_id, outcome, error) =
        wait(&mut practice.connect(), call.id, "20 s", "placed").unwrap();
    assert_eq!(
        (status.as_str(), outcome.as_deref()),
        ("failed", Some("failed"))
    );
    assert_eq!(retell_call_id, None);
    assert!(error.unwrap().contains("to_number"));
}

#[test]
fn after_the_timeout_the_call_is_told_as_it_is() {
    let practice = Practice::open();
    practice
        .retell
        .script(Script::next(1).create(CreateFault::hang_before_creating()));
    let call = practice.call_number(&new_number());
    practice.wait_for_creates(1);
    let (status, retell_call_id, _, _) =
        wait(&mut practice.connect(), call.id, "200 ms", "placed").unwrap();
    assert_eq!((status.as_str(), retell_call_id), ("dispatching", None));
    practice.cancel(call.id);
    assert!(practice.ask::<bool>(
        "select cancel_requested_at is not null from vioc.calls",
        &[]
    ));
}

#[test]
fn waiting_where_nothing_can_be_seen_is_an_error_at_once() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let mut client = practice.connect();
    let mut transaction = client.transaction().unwrap();
    let call = call_contact(&mut transaction, contact);
    let error = transaction
        .query_one("select vioc_wait_for_call($1)", &[&call.id])
        .unwrap_err();
    assert!(crate::told(&error).starts_with("25000"), "{error:?}");
    transaction.rollback().unwrap();

    let call = practice.call(contact);
    for level in [IsolationLevel::RepeatableRead, IsolationLevel::Serializable] {
        let mut transaction = client
            .build_transaction()
            .isolation_level(level)
            .start()
            .unwrap();
        let error = transaction
            .query_one("select vioc_wait_for_call($1)", &[&call.id])
            .unwrap_err();
        assert!(crate::told(&error).starts_with("25000"), "{error:?}");
    }
    let error = client
        .query_one("select vioc_wait_for_call(999999)", &[])
        .unwrap_err();
    assert!(crate::told(&error).starts_with("PT404"), "{error:?}");
}

#[test]
fn a_waiter_can_be_cancelled_and_killed_and_gives_its_place_back() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_waiters", 1)
        .open();
    practice
        .retell
        .script(Script::next(1).create(CreateFault::hang_before_creating()));
    let call = practice.call_number(&new_number());
    practice.wait_for_creates(1);
    let mut client = practice.connect();
    client
        .batch_execute("set statement_timeout = '200ms'")
        .unwrap();
    for _ in 0..2 {
        let error = wait(&mut client, call.id, "20 s", "placed").unwrap_err();
        assert!(crate::told(&error).starts_with("57014"), "{error:?}");
    }

    let mut killed = practice.connect();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| wait(&mut killed, call.id, "20 s", "placed"));
        practice.wait_for("the waiter to wait", SOMEBODY_WAITS);
        practice.run(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where query like '%vioc_wait_for_call%' and wait_event = 'Extension'",
        );
        assert!(waiter.join().unwrap().is_err());
    });
    client.batch_execute("reset statement_timeout").unwrap();
    assert_eq!(
        wait(&mut client, call.id, "100 ms", "placed").unwrap().0,
        "dispatching"
    );
}

#[test]
fn one_waiter_more_than_allowed_is_told_so() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_waiters", 1)
        .open();
    practice
        .retell
        .script(Script::next(1).create(CreateFault::answer_after(Duration::from_secs(2))));
    let call = practice.call_number(&new_number());
    std::thread::scope(|scope| {
        let waiter =
            scope.spawn(|| wait(&mut practice.connect(), call.id, "20 s", "placed").unwrap());
        practice.wait_for("the waiter to wait", SOMEBODY_WAITS);
        let error = wait(&mut practice.connect(), call.id, "20 s", "placed").unwrap_err();
        let told = crate::told(&error);
        assert!(
            told.starts_with("53000") && told.contains("vioconcierge.max_waiters"),
            "{told}"
        );
        assert_ne!(waiter.join().unwrap().0, "dispatching");
    });
}

#[test]
fn many_waiters_for_many_calls_each_get_their_own_answer() {
    let practice = Practice::open();
    let contacts: Vec<_> = (0..16).map(|_| practice.contact(&new_number())).collect();
    std::thread::scope(|scope| {
        for contact in &contacts {
            scope.spawn(|| {
                let mut client = practice.connect();
                let call = call_contact(&mut client, *contact);
                let (_, retell_call_id, _, _) =
                    wait(&mut client, call.id, "20 s", "placed").unwrap();
                let dials = practice.retell.dials_for(&call.session_id);
                assert_eq!(dials.len(), 1);
                assert_eq!(retell_call_id.as_ref(), Some(&dials[0].call_id));
            });
        }
    });
}

#[test]
fn questions_that_retell_leaves_unanswered_keep_no_call_from_being_made() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_in_flight", 4)
        .open();
    let asked_about: Vec<_> = (0..12)
        .map(|_| practice.call_number(&new_number()))
        .collect();
    for call in &asked_about {
        practice.wait_for_call(call.id, &["completed"]);
    }
    practice
        .retell
        .script(Script::path("/v2/get-call/").answer(CreateFault::hang_before_creating()));
    // as if no webhook had come
    practice.run("update vioc.calls set status = 'placed', completed_at = null, outcome = null, look_up_at = now()");
    practice.wait_for(
        "questions to hang",
        "select in_flight >= 2 from vioc.worker_status",
    );
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for(
        "half of the threads to ask, and no more",
        "select in_flight = 2 from vioc.worker_status",
    );
}
