//! What a role of one tenant may hold open, and that nobody else's calls, webhooks, jobs and grants wait for it.

use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use vioc_tests::practice::{APP, KEY, Practice, call_contact, new_number};

use crate::told;

/// A neighbour's Call Now is at Retell, a job or a grant has returned, in this time (the machine runs other tests beside).
const SOON: Duration = Duration::from_secs(4);

/// A session of this role in a transaction that is left open.
fn held(practice: &Practice, role: &str, statements: &str) -> Client {
    let mut client = practice.connect();
    client
        .batch_execute(&format!("set role {role}; begin; {statements}"))
        .unwrap_or_else(|error| panic!("{statements}: {}", told(&error)));
    client
}

fn within<R>(what: &str, body: impl FnOnce() -> R) -> R {
    let began = Instant::now();
    let result = body();
    let took = began.elapsed();
    assert!(took < SOON, "{what} took {took:?}");
    result
}

/// A contact of this tenant.
fn contact(practice: &Practice, tenant: i64, due: bool) -> i64 {
    practice.ask(
        "insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) \
         values ($1, 'Ann Jones', $2, now() + interval '3 days', case when $3 then now() - interval '1 minute' end) returning id",
        &[&tenant, &new_number(), &due],
    )
}

/// Calls of the neighbours are made and decided, the job runs, and their admin gives rights.
fn others_go_on(practice: &Practice, neighbours: &[i64], what: &str) {
    for tenant in neighbours {
        let mut client = practice.connect();
        client
            .batch_execute(&format!("set role operator_{tenant}"))
            .unwrap();
        let contact = contact(practice, *tenant, false);
        let before = practice.creates().len();
        let call = within(what, || {
            let call = call_contact(&mut client, contact);
            practice.wait_for_creates(before + 1);
            call
        });
        practice.wait_for_call(call.id, &["completed"]);

        // pg_cron's job: the neighbour's due contact is called, whatever the first tenant's would wait for
        let due = self::contact(practice, *tenant, true);
        within(what, || practice.run("select vioc_enqueue_due()"));
        practice.wait_for(
            "the due contact to be called",
            &format!("select exists (select from vioc.calls where contact_id = {due} and status = 'completed')"),
        );
        within(what, || practice.run("select vioc_purge()"));

        // and whatever else they ask for
        within(what, || {
            client
                .batch_execute(&format!(
                    "select from vioc_explain_contact({contact}); select vioc_preview_call({contact}); \
                     select vioc_do_not_call({tenant}, '{other}'), vioc_allow_call({tenant}, '{other}', 'by letter'); \
                     select from vioc.tenant_status; select from vioc_events(); select from vioc.metrics",
                    other = new_number(),
                ))
                .unwrap_or_else(|error| panic!("{what}: {}", told(&error)));
        });
        within(what, || practice.run("select from vioc_doctor()"));
        within(what, || {
            practice.run(&format!("select vioc_go_live({tenant})"));
        });
        within(what, || {
            practice.run("select vioc_receive_webhook('{\"event\": \"call_ended\"}')");
        });

        let role = format!("helper_{}", new_number().trim_start_matches('+'));
        practice.run(&format!("create role {role}"));
        let mut admin = practice.connect();
        admin
            .batch_execute(&format!("set role admin_{tenant}"))
            .unwrap();
        within(what, || {
            let sql = format!("select vioc_grant('{role}', 'viewer', {tenant})");
            admin
                .batch_execute(&sql)
                .unwrap_or_else(|error| panic!("{what}: {}", told(&error)));
        });
        practice.wait_for(
            "the rights to be given",
            &format!("select has_table_privilege('{role}', 'vioc.calls', 'select')"),
        );
    }
}

#[test]
fn whatever_a_tenant_holds_others_are_called_and_given_rights() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_waiters", 4)
        .setting("max_prepared_transactions", 4)
        .open();
    let partner = practice.new_tenant("Partner", "+12125550101", Some(KEY));
    let stranger = practice.new_tenant("Stranger", "+12125550102", Some("key_of_the_other_bbbb"));
    practice.run("update vioc.credentials set max_starts_per_second = 1000; update vioc.tenants set live = true");
    for tenant in [1, partner, stranger] {
        for access in ["viewer", "operator", "admin", "webhook", "ingest"] {
            practice.run(&format!(
                "create role {access}_{tenant}; select vioc_grant('{access}_{tenant}', '{access}', {tenant})"
            ));
        }
    }
    practice.run("create role helper_of_1");
    let neighbours = [partner, stranger];
    // partner shares opt-outs with the first tenant, and has a contact at the numbers that are opted out and allowed below
    practice.run(&format!(
        "update vioc.tenants set organisation = 'Group' where id in (1, {partner})"
    ));
    let shared = ["+12125557654", "+12125557655", "+12125557656"].map(|phone| -> i64 {
        practice.ask(
            "insert into vioc.contacts (tenant_id, name, phone, appointment_time) \
             values ($1, 'Bob Stone', $2, now() + interval '3 days') returning id",
            &[&partner, &phone],
        )
    });
    practice.run("select vioc_do_not_call(1, '+12125557655')");
    // the third has been opted out by partner itself, and by what a call said
    practice.run(&format!(
        "select vioc_do_not_call({partner}, '+12125557656'); \
         insert into vioc.number_facts (tenant_id, phone, kind, call_id) values ({partner}, '+12125557656', 'in_review', 4711)"
    ));
    let status_of = |contact: i64, status: &str| {
        practice.wait_for(
            "the other location to follow",
            &format!("select exists (select from vioc.contacts where id = {contact} and status = '{status}')"),
        );
    };
    status_of(shared[1], "do_not_call");

    // every row that it may lock; one more is due, which the job would have to wait for
    contact(&practice, 1, true);
    let (first, second) = (contact(&practice, 1, true), contact(&practice, 1, false));
    let rows = [
        held(
            &practice,
            "admin_1",
            "select from vioc.tenants for update; select from vioc.calling_hours for update",
        ),
        held(
            &practice,
            "operator_1",
            &format!("select from vioc.contacts where id = {first} for update"),
        ),
    ];
    others_go_on(&practice, &neighbours, "its rows locked");
    drop(rows);

    // every function
    let placed = practice.call_number(&new_number());
    practice.wait_for_call(placed.id, &["placed", "ongoing", "ended", "completed"]);
    let report = format!(
        "select vioc_ingest_outcome(jsonb_build_object('event', 'call_ended', 'session_id', '{}', 'call', '{{\"disconnection_reason\": \"no_valid_payment\"}}'::jsonb))",
        placed.session_id
    );
    let mut calls = [
        held(
            &practice,
            "operator_1",
            "select vioc_resume(1); select vioc_pause(1); select vioc_resume(1)",
        ),
        held(
            &practice,
            "operator_1",
            &format!("select vioc_call_contact({second})"),
        ),
        held(
            &practice,
            "admin_1",
            "select vioc_grant('helper_of_1', 'operator', 1)",
        ),
        held(&practice, "ingest_1", &report),
        held(
            &practice,
            "operator_1",
            "select vioc_do_not_call(1, '+12125557654'); select vioc_allow_call(1, '+12125557655', 'by letter'), vioc_allow_call(1, '+12125557656', 'by letter'); listen vioc_events",
        ),
        held(
            &practice,
            "viewer_1",
            "declare c cursor for select * from vioc.call_history; fetch c; select pg_advisory_xact_lock(1)",
        ),
    ];
    others_go_on(&practice, &neighbours, "its functions called");
    // nor rows of the other location's contacts
    for contact in shared {
        within("another location's contact", || {
            practice.run(&format!(
                "update vioc.contacts set special_instructions = 'call soon' where id = {contact}"
            ));
        });
    }
    // whose patient says it once more: it is not waited for, and outlives what the first one allows
    for said in [
        format!("select vioc_do_not_call({partner}, '+12125557656')"),
        "select vioc.end_review(4711, now())".to_owned(),
    ] {
        within("another location's opt-out", || {
            practice.run(&format!(
                "set lock_timeout = '2s'; {said}; reset lock_timeout"
            ))
        });
    }
    calls[4].batch_execute("commit").unwrap();
    let lists: Vec<i64> = practice.ask(
        "select array_agg(tenant_id) from vioc.do_not_call where phone = '+12125557656'",
        &[],
    );
    assert_eq!(lists, [partner]);
    assert!(practice.ask::<bool>("select not exists (select from vioc.number_facts)", &[]));
    status_of(shared[0], "do_not_call");
    status_of(shared[1], "scheduled");
    status_of(shared[2], "do_not_call");
    drop(calls);

    // rows of an earlier role of the same name, which both take away
    practice.run("create role again; select vioc_grant('again', 'webhook', 1); drop owned by again; drop role again; create role again");
    let again = held(
        &practice,
        "admin_1",
        "select vioc_grant('again', 'viewer', 1)",
    );
    let mut admin = practice.connect();
    within("a role made again", || {
        admin
            .batch_execute(&format!(
                "set role admin_{stranger}; set lock_timeout = '1s'; select vioc_grant('again', 'viewer', {stranger})"
            ))
            .unwrap_or_else(|error| panic!("{}", told(&error)));
    });
    drop(again);

    let keys = held(
        &practice,
        "admin_1",
        &format!(
            "select vioc_set_credentials(1, '{KEY}'); select vioc_revoke('helper_of_1', 'operator', 1)"
        ),
    );
    others_go_on(&practice, &neighbours, "its key given again");
    drop(keys);

    // with no session at all
    contact(&practice, 1, true);
    let mut prepared = held(
        &practice,
        "admin_1",
        "select from vioc.tenants for update; select vioc_grant('helper_of_1', 'viewer', 1)",
    );
    prepared
        .batch_execute("prepare transaction 'forgotten'")
        .unwrap();
    others_go_on(&practice, &neighbours, "a prepared transaction");
    practice.run("rollback prepared 'forgotten'");
}

/// PostgreSQL asks for some locks before it asks for the right. Such a request waits for a transaction of the same tenant, and
/// everybody else would wait behind it (src/unowned_ddl.rs).
#[test]
fn nobody_waits_behind_what_a_tenant_may_not_do() {
    let practice = Practice::open();
    let partner = practice.new_tenant("Partner", "+12125550101", Some(KEY));
    practice.run("update vioc.credentials set max_starts_per_second = 1000; update vioc.tenants set live = true");
    for access in ["operator", "admin"] {
        practice.run(&format!(
            "create role {access}_{partner}; select vioc_grant('{access}_{partner}', '{access}', {partner})"
        ));
    }
    practice.run("create role viewer_1; create schema viewer_1 authorization viewer_1; select vioc_grant('viewer_1', 'viewer', 1)");
    let prepared = [
        "create table viewer_1.parted (id bigint) partition by range (id)",
        "create index parted_id on viewer_1.parted (id)",
        "create function viewer_1.f() returns trigger language plpgsql as 'begin return new; end'",
    ];
    for statement in prepared {
        practice.run(&format!("set role viewer_1; {statement}; reset role"));
    }
    // it holds the extension, reads of the tables and, by the analysis of what it may not do, writes of them
    let _open = held(
        &practice,
        "viewer_1",
        "select from vioc_events(); select from vioc.calls; select from vioc.contacts; select from pg_class; \
         prepare one as delete from vioc.calls; prepare two as delete from vioc.contacts",
    );
    let asked = [
        "drop extension vioconcierge",
        "alter function viewer_1.f() depends on extension vioconcierge",
        "create rule r as on insert to vioc.calls do nothing",
        "create trigger t before insert on vioc.contacts for each row execute function viewer_1.f()",
        "create temp table t (id bigint references vioc.tenants)",
        "alter table viewer_1.parted attach partition vioc.contacts default",
        "alter index viewer_1.parted_id attach partition vioc.calls_pkey",
        "create rule r as on insert to pg_class do nothing",
    ];
    let waiting: Vec<_> = asked
        .map(|statement| {
            let mut client = practice.connect();
            let pid: i32 = client
                .query_one("select pg_backend_pid()", &[])
                .unwrap()
                .get(0);
            client.batch_execute("set role viewer_1").unwrap();
            (
                pid,
                std::thread::spawn(move || {
                    client
                        .batch_execute(statement)
                        .map_err(|error| told(&error))
                }),
            )
        })
        .into_iter()
        .collect();
    others_go_on(&practice, &[partner], "what is refused");
    for (pid, thread) in waiting {
        practice.run(&format!("select pg_cancel_backend({pid})"));
        let error = thread.join().unwrap().unwrap_err();
        assert!(error.starts_with("42501"), "{error}");
    }

    // nor does it keep rights from being given
    for statement in [
        "grant select on vioc.calls to viewer_1",
        "revoke usage on schema vioc from viewer_1",
        "grant execute on function vioc_events to viewer_1",
        "drop owned by viewer_1",
    ] {
        let mut client = practice.connect();
        let error = client
            .batch_execute(&format!("set role viewer_1; begin; {statement}"))
            .map_err(|error| told(&error))
            .unwrap_err();
        assert!(
            error.starts_with("42501") || error.starts_with("25001"),
            "{statement}: {error}"
        );
    }
}

#[test]
fn one_tenants_waiters_leave_places_to_others() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_waiters", 4)
        .open();
    practice.retell.script(
        retell_simulator::Script::next(2)
            .create(retell_simulator::CreateFault::hang_before_creating()),
    );
    let other = practice.new_tenant("Other", "+12125550101", Some("key_of_the_other_bbbb"));
    practice.run(&format!(
        "create role viewer_1; create role friend_1; create role viewer_2; select vioc_grant('viewer_1', 'viewer', 1), \
         vioc_grant('friend_1', 'viewer', 1), vioc_grant('viewer_2', 'viewer', {other})"
    ));
    let call = practice.call_number(&new_number()).id;
    let others_contact = contact(&practice, other, false);
    let others_call = call_contact(&mut practice.connect(), others_contact).id;
    practice.wait_for_creates(2);
    let waiting = |role: &str, call: i64| {
        let mut client = practice.connect();
        client.batch_execute(&format!("set role {role}")).unwrap();
        std::thread::spawn(move || {
            client
                .query_one(
                    "select vioc_wait_for_call($1, '20 s', 'finished')",
                    &[&call],
                )
                .map(|_| ())
        })
    };
    let count = "select count(*) from pg_stat_activity where query like '%vioc_wait_for_call%' and wait_event = 'Extension' and pid <> pg_backend_pid()";
    let first = [waiting("viewer_1", call), waiting("viewer_1", call)];
    practice.wait_for("two to wait", &format!("select ({count}) = 2"));
    for role in ["viewer_1", "friend_1"] {
        let error = waiting(role, call).join().unwrap().unwrap_err();
        assert!(told(&error).starts_with("53000"), "{role}: {error:?}");
    }
    let others = waiting("viewer_2", others_call);
    practice.wait_for("another tenant's to wait", &format!("select ({count}) = 3"));
    practice.cancel(call);
    practice.run("select pg_cancel_backend(pid) from pg_stat_activity where query like '%vioc_wait_for_call%' and pid <> pg_backend_pid()");
    for waiter in first.into_iter().chain([others]) {
        let _ = waiter.join().unwrap();
    }
    // their places are free again
    let again = [waiting("viewer_1", call), waiting("friend_1", call)];
    practice.wait_for("two to wait again", &format!("select ({count}) = 2"));
    practice.run("select pg_cancel_backend(pid) from pg_stat_activity where query like '%vioc_wait_for_call%' and pid <> pg_backend_pid()");
    for waiter in again {
        let _ = waiter.join().unwrap();
    }
}

#[test]
fn whoever_waits_for_a_lock_is_told_who_holds_it() {
    let practice = Practice::open();
    practice.run("create role first; create role second");
    let pid = |client: &mut Client| -> i32 {
        client
            .query_one("select pg_backend_pid()", &[])
            .unwrap()
            .get(0)
    };
    // grants of another role, and of the same, by who gives them at once
    let mut open = held(
        &practice,
        "postgres",
        "select vioc_grant('first', 'viewer', 1)",
    );
    let holder = pid(&mut open);
    for role in ["first", "second"] {
        let error = practice
            .connect()
            .batch_execute(&format!("select vioc_grant('{role}', 'viewer', 1)"))
            .unwrap_err();
        let said = told(&error);
        assert!(
            said.starts_with("55P03") && said.contains(&holder.to_string()),
            "{said}"
        );
    }
    open.batch_execute("commit").unwrap();
    practice.run("select vioc_grant('second', 'viewer', 1)");

    // the worker
    let mut open = practice.connect();
    open.batch_execute("begin; lock table vioc.calls in access exclusive mode")
        .unwrap();
    let holder = pid(&mut open);
    let mut other = practice.cluster.config(APP).connect(NoTls).unwrap();
    vioc_tests::wait::poll(Duration::from_secs(20), || {
        let row = other
            .query_one("select last_error from vioc.worker_status", &[])
            .unwrap();
        let problem: Option<String> = row.get(0);
        problem.filter(|it| it.contains(&format!("process {holder} has locked vioc.calls")))
    })
    .expect("the worker says who holds the table");
    open.batch_execute("commit").unwrap();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    let told: String = practice.ask("select last_error from vioc.worker_status", &[]);
    assert!(told.contains(&holder.to_string()), "{told}");
    let found: String = practice.ask(
        "select detail from vioc_doctor() where check_name = 'worker'",
        &[],
    );
    assert!(found.contains(&holder.to_string()), "{found}");
}

#[test]
fn two_sessions_that_give_two_tenants_the_same_new_key_share_one_credential() {
    let practice = Practice::open();
    let [one, two] =
        ["+12125550103", "+12125550104"].map(|it| practice.new_tenant("Race", it, None));
    let mut first = held(
        &practice,
        "postgres",
        &format!("select vioc_set_credentials({one}, 'key_of_both_000001')"),
    );
    let mut second = practice.connect();
    let waiting = std::thread::spawn(move || {
        second
            .batch_execute(&format!(
                "select vioc_set_credentials({two}, 'key_of_both_000001')"
            ))
            .map_err(|error| told(&error))
    });
    practice.wait_for(
        "the second to wait for the first",
        "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%vioc_set_credentials%')",
    );
    first.batch_execute("commit").unwrap();
    waiting.join().unwrap().unwrap();
    assert_eq!(
        practice.ask::<i64>(
            "select count(distinct credential_id) from vioc.tenants where company_name = 'Race'",
            &[]
        ),
        1
    );
}

#[test]
fn the_first_of_its_kind_keeps_nobody_waiting() {
    let practice = Practice::builder()
        .setting(
            "vioconcierge.retell_api_key",
            "key_for_whoever_has_none_cccc",
        )
        .open();
    let partner = practice.new_tenant("Partner", "+12125550101", Some("key_of_the_other_bbbb"));
    let poor = practice.new_tenant("Poor", "+12125550102", None);
    let poorer = practice.new_tenant("Poorer", "+12125550103", None);
    practice.run("update vioc.tenants set live = true");
    for tenant in [partner, poor, poorer] {
        for access in ["operator", "admin", "webhook"] {
            practice.run(&format!(
                "create role {access}_{tenant}; select vioc_grant('{access}_{tenant}', '{access}', {tenant})"
            ));
        }
    }
    practice.run("delete from vioc.credentials where is_fallback");

    // the first use of the fallback key, and the first refused webhook
    let first_contact = contact(&practice, poor, false);
    let mut first = held(
        &practice,
        &format!("operator_{poor}"),
        &format!("select vioc_call_contact({first_contact})"),
    );
    let mut refused = held(
        &practice,
        &format!("webhook_{poor}"),
        "select vioc_receive_webhook('{}')",
    );
    practice.run("select pg_reload_conf()"); // the worker attaches anew
    others_go_on(&practice, &[partner], "the first of its kind");
    let others_contact = contact(&practice, poorer, false);
    let mut other = practice.connect();
    other
        .batch_execute(&format!("set role operator_{poorer}"))
        .unwrap();
    let error = within("another's Call Now with the same key", || {
        other
            .batch_execute(&format!("select vioc_call_contact({others_contact})"))
            .map_err(|error| told(&error))
            .unwrap_err()
    });
    assert!(error.starts_with("VC001"), "{error}");

    first.batch_execute("rollback").unwrap();
    refused.batch_execute("rollback").unwrap();
    within("the same, afterwards", || {
        let before = practice.creates().len();
        call_contact(&mut other, others_contact);
        practice.wait_for_creates(before + 1);
    });
    practice.run("select vioc_receive_webhook('{}')");
    practice.wait_for(
        "the refusals to be counted",
        "select exists (select from vioc.webhook_refusals where reason = 'no_signature')",
    );
}

#[test]
fn the_first_use_of_an_installation_keeps_nobody_waiting() {
    let practice = Practice::open();
    let (one, two) = (
        practice.tenant,
        practice.new_tenant("Partner", "+12125550101", Some("key_of_the_other_bbbb")),
    );
    for tenant in [one, two] {
        practice.run(&format!(
            "create role operator_{tenant}; select vioc_grant('operator_{tenant}', 'operator', {tenant})"
        ));
    }
    practice.run("delete from vioc.installation");
    let (ones, twos) = (
        contact(&practice, one, false),
        contact(&practice, two, false),
    );
    let mut first = held(
        &practice,
        &format!("operator_{one}"),
        &format!("select vioc_call_contact({ones})"),
    );
    let mut other = practice.connect();
    other
        .batch_execute(&format!("set role operator_{two}"))
        .unwrap();
    let error = within("another's Call Now", || {
        let call = format!("select vioc_call_contact({twos})");
        told(&other.batch_execute(&call).unwrap_err())
    });
    assert!(error.starts_with("55P03"), "{error}");
    first.batch_execute("rollback").unwrap();
    call_contact(&mut other, twos);
    practice.wait_for_creates(1);
}

#[test]
fn two_admins_who_give_one_role_at_the_same_time_do_not_both_succeed() {
    let practice = Practice::open();
    let partner = practice.new_tenant("Partner", "+12125550101", Some("key_of_the_other_bbbb"));
    practice.run(&format!(
        "create role admin_1; create role admin_2; create role desk_2; create role desk_1; \
         select vioc_grant('admin_1', 'admin', 1), vioc_grant('admin_2', 'admin', {partner})"
    ));
    let give = |role: &str, to: &str, tenant: i64| {
        format!("set role {role}; select vioc_grant('{to}', 'viewer', {tenant})")
    };
    // the first waits with its commit until the neighbour has given its own role what it needs; a deferred constraint that it
    // checks at once, or a trigger of its own that lasts, is in nobody's way either
    let mut first = held(
        &practice,
        "admin_1",
        "create temp table slow (id integer); \
         create function pg_temp.sleep() returns trigger language plpgsql as 'begin perform pg_sleep(600); return null; end'; \
         create constraint trigger slow after insert on slow initially deferred for each row execute function pg_temp.sleep(); \
         select vioc_grant('desk_2', 'viewer', 1); set constraints all immediate",
    );
    within("the neighbour's grant", || {
        practice.run(&give("admin_2", "desk_2", partner));
    });
    let given = format!(
        "select exists (select from vioc.access where role_name = 'desk_2' and tenant_id = {partner})"
    );
    practice.wait_for("the neighbour's access", &given);
    first.batch_execute("commit").unwrap();
    practice.wait_for(
        "the first one's to be dealt with",
        "select not exists (select from vioc.grant_queue)",
    );
    // nor before the neighbour's eyes are opened
    let mut frozen = practice.connect();
    let error = frozen
        .batch_execute("set role admin_1; begin isolation level repeatable read; select vioc_grant('desk_1', 'viewer', 1)")
        .map_err(|error| told(&error))
        .unwrap_err();
    assert!(error.starts_with("25000"), "{error}");
    let tenants: String = practice.ask(
        "select string_agg(tenant_id::text, ' ') from vioc.access where role_name = 'desk_2'",
        &[],
    );
    assert_eq!(tenants, partner.to_string());
    // what is its own goes on
    practice.run(&give("admin_1", "desk_1", 1));
    practice.wait_for(
        "the rights to be given",
        "select has_table_privilege('desk_1', 'vioc.calls', 'select')",
    );
    practice.run("set role admin_1; select vioc_revoke('desk_1', 'viewer', 1)");
}

#[test]
fn a_frozen_snapshot_hides_no_neighbour() {
    let practice = Practice::open();
    practice.run("create role admin_1; select vioc_grant('admin_1', 'admin', 1)");
    let frozen = || {
        let mut client = practice.connect();
        client
            .batch_execute(
                "set role admin_1; begin isolation level repeatable read; select from vioc.tenants",
            )
            .unwrap();
        client
    };
    let sessions = [frozen(), frozen(), frozen()];
    // with the same key
    practice.new_tenant("Partner", "+12125550101", Some(KEY));
    practice.run("create role desk_2");
    let asked = [
        "update vioc.tenants set retell_agent_number = '+12125550101' where id = 1".to_owned(),
        format!("select vioc_set_credentials(1, '{KEY}', 'webhook_key_of_one_alone_0001')"),
        "select vioc_grant('desk_2', 'viewer', 1)".to_owned(),
    ];
    for (mut session, statement) in sessions.into_iter().zip(asked) {
        let error = session
            .batch_execute(&statement)
            .map_err(|error| told(&error))
            .unwrap_err();
        assert!(error.starts_with("25000"), "{statement}: {error}");
    }
}
