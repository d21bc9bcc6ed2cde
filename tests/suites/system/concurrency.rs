//! Several at once: one call each all the same.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use retell_simulator::{Timing, max_concurrent_to_one_number, max_starts_per_second};
use vioc_tests::practice::{Practice, Queued, call_contact, new_number};
use vioc_tests::wait::LONG;

/// Calls stay open for as long as a test takes.
fn slow() -> Practice {
    let timing = Timing {
        ring: Duration::from_secs(300),
        ..Timing::default()
    };
    Practice::builder().retell(|it| it.timing = timing).open()
}

#[test]
fn two_sessions_that_call_the_same_contact_at_once_get_the_same_call() {
    let practice = slow();
    for _ in 0..10 {
        let contact = practice.contact(&new_number());
        let barrier = Barrier::new(2);
        let calls: Vec<Queued> = std::thread::scope(|scope| {
            let press = || {
                let mut client = practice.connect();
                barrier.wait();
                call_contact(&mut client, contact)
            };
            let threads = [scope.spawn(press), scope.spawn(press)];
            threads.map(|it| it.join().unwrap()).to_vec()
        });
        assert_eq!(calls[0].id, calls[1].id);
        practice.wait_for_call(calls[0].id, &["placed"]);
        assert_eq!(practice.dials(&calls[0]), 1);
    }
}

#[test]
fn eight_sessions_that_call_fifty_contacts_dial_each_once() {
    let practice = slow();
    let contacts: Vec<_> = (0..50).map(|_| practice.contact(&new_number())).collect();
    let calls: Vec<BTreeSet<i64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|session| {
                let (practice, contacts) = (&practice, &contacts);
                scope.spawn(move || {
                    let mut client = practice.connect();
                    let turned = contacts
                        .iter()
                        .cycle()
                        .skip(session * 6)
                        .take(contacts.len());
                    turned
                        .map(|contact| call_contact(&mut client, *contact).id)
                        .collect()
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(calls[0].len(), contacts.len());
    assert!(
        calls.iter().all(|it| *it == calls[0]),
        "every session got the same fifty calls"
    );
    practice.wait_for(
        "all to be placed",
        "select count(*) = 50 from vioc.calls where status = 'placed'",
    );
    let dials = practice.retell.ledger();
    assert_eq!(dials.len(), contacts.len());
    assert_eq!(max_concurrent_to_one_number(&dials), 1);
}

#[test]
fn four_sessions_that_enqueue_at_once_queue_each_due_contact_once() {
    let practice = Practice::open();
    let due = practice.due_contacts(practice.tenant, 200);
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    let barrier = Barrier::new(4);
    let queued: i32 = std::thread::scope(|scope| {
        let enqueue = || {
            let mut client = practice.connect();
            barrier.wait();
            client
                .query_one("select vioc_enqueue_due()", &[])
                .unwrap()
                .get::<_, i32>(0)
        };
        let threads = [0; 4].map(|_| scope.spawn(enqueue));
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    });
    // Whoever was held by another session is left for the next minute.
    let rest = practice.ask::<i32>("select vioc_enqueue_due()", &[]);
    assert_eq!(queued + rest, 200);
    practice.wait_until_settled();
    assert!(practice.retell.wait_until_idle(LONG));
    let called: Vec<i64> = practice.ask(
        "select array_agg(contact_id order by contact_id) from vioc.calls",
        &[],
    );
    assert_eq!(called, due);
    assert_eq!(practice.retell.ledger().len(), 200);
}

#[test]
fn two_contacts_with_one_number_are_called_one_after_the_other() {
    let practice = Practice::open();
    practice.run("update vioc.tenants set wait_after_conversation = '0'");
    let phone = new_number();
    let (first, second) = (practice.contact(&phone), practice.contact(&phone));
    let mut client = practice.connect();
    let mut transaction = client.transaction().unwrap();
    let calls = [
        call_contact(&mut transaction, first),
        call_contact(&mut transaction, second),
    ];
    transaction.commit().unwrap();
    practice.wait_for_call(calls[0].id, &["completed"]);
    // The other one waits 30 s for its turn: as if they were over.
    practice
        .run("update vioc.calls set due_at = now() where status = 'queued'; select vioc_resume()");
    practice.wait_for_call(calls[1].id, &["completed"]);
    let dials = practice.retell.ledger();
    assert_eq!(dials.len(), 2);
    assert_eq!(max_concurrent_to_one_number(&dials), 1);
}

#[test]
fn starts_per_second_and_concurrent_calls_stay_within_the_credentials_limits() {
    let practice = Practice::builder()
        .retell(|it| it.concurrency_limit = Some(3))
        .open();
    practice.run("update vioc.credentials set max_starts_per_second = 5, max_concurrent_calls = 3");
    practice.due_contacts(practice.tenant, 12);
    practice.run(&format!(
        "select vioc_go_live({}); select vioc_enqueue_due()",
        practice.tenant
    ));
    practice.wait_until_settled();
    let dials = practice.retell.ledger();
    assert_eq!(dials.len(), 12);
    // As claimed; on the wire one may overtake another's delay on a busy machine.
    let most: i64 = practice.ask(
        "select max((select count(*) from vioc.calls as o where o.first_posted_at >= c.first_posted_at and o.first_posted_at < c.first_posted_at + interval '1 s')) from vioc.calls as c",
        &[],
    );
    assert!(most <= 5, "{most} in a second");
    assert!(max_starts_per_second(&dials) <= 6);
    assert!(retell_simulator::max_concurrent(&dials) <= 3);
    // Nothing had to be refused by Retell for that.
    assert!(practice.creates().iter().all(|it| it.status == Some(201)));
}

#[test]
fn an_app_that_holds_a_contacts_row_delays_that_contact_alone() {
    let practice = Practice::open();
    let (held, free) = (
        practice.contact(&new_number()),
        practice.contact(&new_number()),
    );
    // Its credential is throttled for a moment, so that the call waits while the app takes the row.
    practice.run("update vioc.credentials set throttled_until = now() + interval '1 hour'");
    let held_call = practice.call(held);
    let mut app = practice.connect();
    let mut transaction = app.transaction().unwrap();
    transaction
        .execute(
            "update vioc.contacts set special_instructions = 'bring the card' where id = $1",
            &[&held],
        )
        .unwrap();
    practice.run("update vioc.credentials set throttled_until = null");
    let free_call = practice.call(free);
    practice.wait_for_call(free_call.id, &["completed"]);
    assert_eq!(practice.call_status(held_call.id), "queued");
    transaction.commit().unwrap();
    practice.wait_for_call(held_call.id, &["completed"]);
    let body = practice.retell.dials_for(&held_call.session_id)[0]
        .body
        .clone();
    assert_eq!(
        body["retell_llm_dynamic_variables"]["special_instructions"],
        "bring the card"
    );
}
