//! The storm is worth something only if it can fail: each safeguard is removed, one at a time, and somebody is dialled twice.

use std::time::Duration;

use retell_simulator::{CreateFault, Script};
use vioc_tests::practice::{Practice, new_number};
use vioc_tests::wait::LONG;

use crate::findings::dialled_twice;
use crate::people::{Mix, RECONCILE};
use crate::storm::{Storm, Strike, practice};

/// Later than what a busy machine needs to look a call up twice and to send it again.
const LATE: Duration = Duration::from_secs(40);

/// Replaces a piece of a function's text; the piece must be there.
fn change(practice: &Practice, function: &str, from: &str, to: &str) {
    let text: String = practice.ask(
        "select pg_get_functiondef(p.oid) from pg_proc as p where p.proname = $1 and p.pronamespace = 'vioc'::regnamespace",
        &[&function],
    );
    assert!(text.contains(from), "{function} has changed: {text}");
    practice.run(&text.replace(from, to));
}

/// On a server that prefers speed: commits are durable only if somebody asks for it. The app does, for what it queues.
fn speedy() -> Practice {
    practice(3).setting("synchronous_commit", "off").open()
}

/// Rounds of calls that Retell creates late, until somebody is dialled twice: most need two or three, none may need all.
fn is_dialled_twice_without(name: &str, strikes: &[Strike], remove: impl FnOnce(&Practice)) {
    const ROUNDS: usize = 60;
    let seed = crate::seed();
    let practice = speedy();
    remove(&practice);
    let mut storm = Storm::over(practice, Mix::LateCreations, seed);
    let mut rounds = 0;
    for strike in strikes.iter().cycle().take(ROUNDS) {
        storm.round(Some(*strike));
        rounds += 1;
        if !dialled_twice(&storm.practice.retell.ledger()).is_empty() {
            break;
        }
    }
    let retell = &storm.practice.retell;
    let is_twice = retell.wait_for(|now| !dialled_twice(now.dials()).is_empty(), 2 * LONG);
    let twice = dialled_twice(&retell.ledger());
    println!(
        "without {name}: {} dialled twice after {rounds} of {ROUNDS} rounds (seed {seed})",
        twice.len()
    );
    assert!(
        is_twice,
        "without {name} nobody was dialled twice: the storm proves nothing about it (FAULT_SEED={seed})"
    );
}

#[test]
fn with_all_of_them_nobody_is_although_the_server_prefers_speed() {
    let seed = crate::seed();
    let mut storm = Storm::over(speedy(), Mix::LateCreations, seed);
    for _ in 0..12 {
        storm.round(Some(Strike::KillPostmaster));
    }
    storm.settle();
    let twice = dialled_twice(&storm.practice.retell.ledger());
    assert!(twice.is_empty(), "FAULT_SEED={seed}: {twice:?}");
}

#[test]
fn without_the_lease_somebody_is_dialled_twice() {
    // A dead worker's calls are taken for never sent.
    is_dialled_twice_without(
        "the lease",
        &[Strike::KillWorker, Strike::KillPostmaster],
        |practice| {
            change(
                practice,
                "expire_leases",
                "perform vioc.mark_unconfirmed(v_call, 'the worker ended while the call was being sent', p_now)",
                "perform vioc.requeue_call(v_call, 'taken for never sent', p_now, p_now)",
            );
        },
    );
}

#[test]
fn without_the_durable_claim_somebody_is_dialled_twice() {
    is_dialled_twice_without("the durable claim", &[Strike::KillPostmaster], |practice| {
        change(
            practice,
            "claim_calls",
            "if current_setting('synchronous_commit') in ('off', 'local') then\n    perform set_config('synchronous_commit', 'on', true);\n  end if;",
            "perform set_config('synchronous_commit', 'off', true);",
        );
    });
}

/// One call that Retell creates so late that it is sent again before.
fn is_dialled_twice_if_late(
    name: &str,
    reconcile: u64,
    late: CreateFault,
    change: impl FnOnce(&Practice),
) {
    let practice = practice(3)
        .setting("vioconcierge.reconcile_after", reconcile)
        .open();
    change(&practice);
    let number = new_number();
    practice
        .retell
        .script(Script::to_number(&number).times(1).create(late));
    practice.call_number(&number);
    let is_twice = practice
        .retell
        .wait_for(|now| !dialled_twice(now.dials()).is_empty(), 4 * LONG);
    assert!(is_twice, "without {name} nobody was dialled twice");
}

#[test]
fn without_the_key_somebody_is_dialled_twice() {
    // Retell knows the key from the start, and makes the call when it has been looked for twice and sent again.
    is_dialled_twice_if_late(
        "the key",
        RECONCILE.as_secs(),
        CreateFault::create_late(LATE),
        |practice| {
            change(
                practice,
                "request_body",
                "\"idempotency_key\"",
                "\"other_key\"",
            )
        },
    );
}

#[test]
fn without_the_look_up_delay_somebody_is_dialled_twice() {
    // Retell knows neither call nor key when it is asked first; a minute later it would.
    is_dialled_twice_if_late(
        "the look-up delay",
        60,
        CreateFault::create_late_unkeyed(LATE),
        |practice| {
            change(
                practice,
                "record_look_up",
                "p_asked_at >= v_call.unconfirmed_at",
                "p_asked_at >= v_call.unconfirmed_at - interval '1 hour'",
            );
        },
    );
}
