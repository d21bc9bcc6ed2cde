//! Several at once: one call each all the same.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use retell_simulator::{
    CreateFault, Script, Timing, max_concurrent_to_one_number, max_starts_per_second,
};
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
    // Not two hours later, which is another rule's concern.
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
    // The other one waits for its turn, and then for the number's rest of 15 minutes: as if they were over.
    practice.let_numbers_rest();
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
    // On the wire, however long each was on its way.
    assert!(max_starts_per_second(&dials) <= 5);
    assert!(retell_simulator::max_concurrent(&dials) <= 3);
    // Nothing had to be refused by Retell for that.
    assert!(practice.creates().iter().all(|it| it.status == Some(201)));
}

#[test]
fn starts_that_are_slow_on_their_way_meet_at_retell_within_the_limit_all_the_same() {
    let practice = Practice::open();
    practice.run("update vioc.credentials set max_starts_per_second = 8");
    // Every third answer takes its time, and with it the knowledge that the request has arrived.
    for n in 0..20 {
        let slow = Script::next(1).create(CreateFault::answer_after(Duration::from_millis(n * 37)));
        practice.retell.script(slow);
    }
    practice.due_contacts(practice.tenant, 30);
    practice.run(&format!(
        "select vioc_go_live({}); select vioc_enqueue_due()",
        practice.tenant
    ));
    // Something else keeps the machine busy.
    let until = Instant::now() + Duration::from_secs(5);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            });
        }
        practice.wait_until_settled();
    });
    let dials = practice.retell.ledger();
    assert_eq!(dials.len(), 30);
    let most = max_starts_per_second(&dials);
    assert!(most <= 8, "{most} in a second");
}

#[test]
fn retells_lines_are_asked_for_and_kept_before_it_has_to_refuse() {
    // Ten lines; three calls of others, which have two reserved lines: seven are ours.
    let practice = Practice::builder()
        .retell(|it| {
            it.concurrency_limit = Some(10);
            it.other_calls = 3;
            it.reserved_inbound = 2;
            it.timing.ring = Duration::from_secs(300);
        })
        .open();
    // The first call brings an answer, in which it may or may not be counted. A moment later it surely is.
    let first = practice.call_number(&new_number());
    practice.wait_for_call(first.id, &["placed"]);
    practice.wait_for(
        "the first answer",
        "select bool_and(retell_concurrency_at is not null) from vioc.credentials",
    );
    practice.run(
        "update vioc.calls set last_posted_at = last_posted_at - interval '1 minute';
         update vioc.credentials set retell_concurrency_asked_at = null",
    );
    practice.wait_for(
        "Retell to say how many lines it has",
        "select (retell_concurrency_limit, retell_reserved_inbound, retell_other_calls) = (10, 2, 3) from vioc.credentials where retell_concurrency_at is not null",
    );
    practice.due_contacts(practice.tenant, 20);
    practice.run(&format!(
        "select vioc_go_live({}); select vioc_enqueue_due()",
        practice.tenant
    ));
    practice.wait_for(
        "seven calls to be made",
        "select count(*) = 7 from vioc.calls where status = 'placed'",
    );
    // The barrier: the worker has looked again, and nothing more went out.
    practice.run("select vioc_pause(1); select vioc_resume(1)");
    practice.wait_for(
        "the rest to wait",
        "select count(*) = 14 from vioc.calls where status = 'queued'",
    );
    let creates = practice.creates();
    assert_eq!(creates.len(), 7);
    assert!(creates.iter().all(|it| it.status == Some(201)));
    let asked = practice.retell.requests();
    let asked = asked.iter().filter(|it| it.path == "/get-concurrency");
    assert!(
        asked.count() <= 3,
        "at most every half minute, and once for the test"
    );
}

#[test]
fn one_practice_with_a_hundred_thousand_calls_holds_up_none_of_nine_with_ten_each() {
    let practice = Practice::builder()
        .retell(|it| it.timing = Timing::INSTANT)
        .open();
    // One workspace, equal practices; the large one's appointments are the sooner ones.
    let small: Vec<i64> = (0..9)
        .map(|n| {
            let own_number = format!("+12125550{}", 200 + n);
            practice.new_tenant("Small", &own_number, Some(vioc_tests::practice::KEY))
        })
        .collect();
    practice
        .run("update vioc.credentials set max_starts_per_second = 40, max_concurrent_calls = 20");
    practice.run("select vioc_pause()");
    practice.run(&format!(
        "insert into vioc.contacts (tenant_id, name, phone, appointment_time)
         select {0}, 'Contact ' || n, '+1' || (2012000000 + n), now() + interval '2 days' + n * interval '1 s' from generate_series(1, 100000) as n;
         insert into vioc.contacts (tenant_id, name, phone, appointment_time)
         select t, 'Contact ' || n, '+1' || (2022000000 + t * 100 + n), now() + interval '9 days' from unnest(array{1:?}::bigint[]) as t, generate_series(1, 10) as n;
         select count(*) from (select vioc.queue_calls(array_agg(c.tenant_id), array_agg(c.id), 'test', false, 0::smallint, now()) from vioc.contacts as c) as q;
         analyze vioc.calls; analyze vioc.contacts",
        practice.tenant, small
    ));
    practice.run("select vioc_resume()");
    practice.wait_at_most(
        "the nine to be served",
        LONG,
        "select count(*) = 90 from vioc.calls where tenant_id > 1 and status = 'completed'",
    );
    let dials = practice.retell.ledger();
    let of_the_large = |dials: &[retell_simulator::Dial]| {
        dials
            .iter()
            .filter(|it| it.from_number == vioc_tests::practice::OWN_NUMBER)
            .count()
    };
    let last_small = dials
        .iter()
        .rposition(|it| it.from_number != vioc_tests::practice::OWN_NUMBER)
        .unwrap();
    let until_then = of_the_large(&dials[..last_small]);
    assert!(
        (9..=12).contains(&until_then),
        "the large one had its own turns, and no more: {until_then}"
    );
    // It goes on, alone, at the credential's rate.
    practice.wait_for(
        "the large one to go on",
        "select count(*) >= 60 from vioc.calls where tenant_id = 1 and status = 'completed'",
    );
    let dials = practice.retell.ledger();
    assert!(of_the_large(&dials) >= 60);
    let most = max_starts_per_second(&dials);
    assert!(most <= 40, "{most} in a second");
    assert!(retell_simulator::max_concurrent(&dials) <= 20);
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
