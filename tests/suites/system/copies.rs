//! Dumps, restores and copies: everything is there, and a copy does not dial.

use std::process::{Command, Output, Stdio};

use retell_simulator::{Config, CreateFault, Script, Simulator};
use vioc_tests::cluster::Copy;
use vioc_tests::practice::{APP, Practice, call_contact, cluster, new_number};
use vioc_tests::wait::{LONG, wait_until};
use vioc_tests::{Cluster, Stop};

fn client(cluster: &Cluster, program: &str, database: &str) -> Command {
    let mut command = cluster.binaries().client(program);
    command
        .args(["-U", "postgres", "-h"])
        .arg(cluster.socket_dir())
        .args(["-p", &cluster.port().to_string(), "-d", database]);
    command
}

fn must(output: &Output) {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("ERROR"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn dump(cluster: &Cluster, arguments: &[&str]) -> Vec<u8> {
    let output = client(cluster, "pg_dump", APP)
        .args(arguments)
        .output()
        .unwrap();
    must(&output);
    output.stdout
}

/// The rows of every table of the extension, as text, in one string per table.
fn contents(cluster: &Cluster, database: &str) -> Vec<(String, String)> {
    let mut client = cluster.connect(database);
    let tables = client
        .query(
            "select c.relname::text from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p') order by 1",
            &[],
        )
        .unwrap();
    let mut rows_of = |table: &str| {
        let sql = format!(
            "select coalesce(string_agg(t::text, e'\\n' order by t::text), '') from vioc.{table} as t"
        );
        client.query_one(&sql, &[]).unwrap().get::<_, String>(0)
    };
    tables
        .iter()
        .map(|row| {
            let table: String = row.get(0);
            let rows = rows_of(&table);
            (table, rows)
        })
        .collect()
}

/// A database with something in every state: finished, queued, in doubt, placed, planned, opted out, paused tenants.
fn busy() -> Practice {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = true)
        .setting("vioconcierge.request_timeout", "1s")
        .open();
    for fate in [
        "confirmed",
        "cancelled",
        "no_answer",
        "do_not_call",
        "callback",
    ] {
        let phone = new_number();
        let fate = retell_simulator::Fate::named(fate).unwrap();
        practice.retell.script(Script::to_number(&phone).fate(fate));
        let call = practice.call_number(&phone);
        practice.wait_for_call(call.id, &["completed"]);
    }
    let doubtful = new_number();
    practice
        .retell
        .script(Script::to_number(&doubtful).create(CreateFault::hang_before_creating()));
    let call = practice.call_number(&doubtful);
    practice.wait_for_call(call.id, &["unconfirmed"]);
    let other = practice.new_tenant("Other", "+12125550101", Some("key_of_the_other_bbbb"));
    practice.due_contacts(other, 5);
    practice.due_contacts(practice.tenant, 5);
    practice.run(
        "insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select 2, n, '00:00', '24:00' from generate_series(1, 7) as n;
         insert into vioc.blackout_dates (tenant_id, day, reason) values (2, '2030-12-25', 'Christmas');
         insert into vioc.outcome_words (tenant_id, word, outcome) values (1, 'yep', 'confirmed');
         insert into vioc.follow_up_rules (tenant_id, outcome, delays, max_attempts) values (1, 'busy', '{5 min}', 2);
         insert into vioc.agents (tenant_id, locale, retell_agent_id) values (1, 'es', 'agent_es');",
    );
    practice.run("create role reception; select vioc_grant('reception', 'operator', 1); select vioc_forget_phone(1, '+12125559999')");
    assert_roles_behave(&practice.cluster, APP);
    // Queued, and waiting: nothing may be sent with this key for an hour, and nothing is looked up meanwhile.
    practice.run(
        "update vioc.calls set look_up_at = now() + interval '3 minutes' where look_up_at is not null",
    );
    practice.wait_for(
        "no answer to be on its way",
        "select in_flight = 0 from vioc.worker_report()",
    );
    practice.run("update vioc.credentials set throttled_until = now() + interval '1 hour'");
    let queued = practice.call_number(&new_number());
    assert_eq!(practice.call_status(queued.id), "queued");
    // The worker numbers its feed a moment later.
    practice.wait_for(
        "all events to be numbered",
        "select not exists (select from vioc.new_events)",
    );
    practice
}

/// A second cluster, of its own, that serves a restored database.
fn elsewhere(retell: &Simulator) -> Cluster {
    cluster()
        .own_identity()
        .setting("vioconcierge.api_base_url", retell.url())
        .start()
}

/// The roles of the front are the cluster's, not the database's.
fn make_roles(cluster: &Cluster) {
    cluster
        .connect("postgres")
        .batch_execute("create role authenticator login noinherit; create role web_anon; create role frontdesk; create role reception")
        .unwrap();
}

/// Who may do what: every right on what the extension owns, and every policy, one a line.
fn rights(cluster: &Cluster, database: &str) -> Vec<String> {
    let sql = "
        with members as (
          select d.classid, d.objid from pg_depend as d join pg_extension as e on e.oid = d.refobjid
          where e.extname = 'vioconcierge' and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')
        select concat_ws(' ', o.name, a.grantee::regrole, a.privilege_type, a.is_grantable) from (
          select p.oid::regprocedure::text as name, p.proacl as acl from members as m join pg_proc as p on m.classid = 'pg_proc'::regclass and p.oid = m.objid
          union all select c.oid::regclass::text, c.relacl from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'v', 'S')
          union all select c.oid::regclass || '.' || t.attname, t.attacl from pg_class as c join pg_attribute as t on t.attrelid = c.oid
            where c.relnamespace = 'vioc'::regnamespace and t.attacl is not null
          union all select n.nspname, n.nspacl from pg_namespace as n where n.nspname = 'vioc') as o, aclexplode(o.acl) as a
        union all
        select concat_ws(' ', c.oid::regclass, c.relrowsecurity, p.polname, p.polcmd, pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid))
        from pg_class as c left join pg_policy as p on p.polrelid = c.oid
        where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r'
        order by 1";
    let rows = cluster.connect(database).query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// What the roles of the front can do is what they could do before.
fn assert_roles_behave(cluster: &Cluster, database: &str) {
    let mut session = cluster.connect(database);
    let mut refused = |role: &str, sql: &str| {
        let sql = format!("begin; set local role {role}; {sql}; commit");
        let result = session.batch_execute(&sql);
        session.batch_execute("rollback").unwrap();
        result.err().map(|error| crate::told(&error))
    };
    for allowed in [
        "select count(*) from vioc.call_history, vioc.needs_review, vioc.metrics",
        "do $$ begin assert (select count(*) > 0 from vioc.contacts where tenant_id = 1) and (select count(*) = 0 from vioc.contacts where tenant_id = 2); end $$",
        "update vioc.contacts set special_instructions = 'x' where tenant_id = 1",
        "select vioc_explain_contact(min(id)) from vioc.contacts",
    ] {
        assert_eq!(refused("reception", allowed), None, "{allowed}");
    }
    for (role, forbidden, state) in [
        ("reception", "select vioc_pause(2)", "PT404"),
        ("reception", "select vioc_resume()", "42501"),
        ("reception", "select * from vioc.credential_keys", "42501"),
        ("reception", "select * from vioc.audit", "42501"),
        ("web_anon", "select * from vioc.contacts", "42501"),
        ("web_anon", "select vioc_ingest_outcome('{}')", "42501"),
    ] {
        let told = refused(role, forbidden).unwrap_or_default();
        assert!(told.starts_with(state), "{role}: {forbidden}: {told}");
    }
    let answer: String = session
        .query_one("select vioc_receive_webhook('{}')::text", &[])
        .unwrap()
        .get(0);
    assert_eq!(answer, r#"{"status": "refused"}"#);
}

fn without_oids((table, rows): &(String, String)) -> (&str, String) {
    let parts = rows.split(',').map(|part| match part.parse::<u32>() {
        Ok(16384..) => "oid",
        _ => part,
    });
    (table, parts.collect::<Vec<_>>().join(","))
}

fn assert_same_rows(original: &[(String, String)], restored: &[(String, String)]) {
    for (before, after) in original.iter().zip(restored) {
        match before.0.as_str() {
            // It says that it is a copy by now.
            "installation" => {}
            // Roles have other oids there.
            "access" | "granted_rights" => assert_eq!(without_oids(before), without_oids(after)),
            _ => assert_eq!(before, after),
        }
    }
    assert_eq!(original.len(), restored.len());
}

fn worker_says_copy(cluster: &Cluster, database: &str) {
    wait_until("the copy to be recognised", LONG, || {
        let sql = "select is_copy and paused_at is not null and pause_reason like '%copy%' from vioc.installation";
        let row = cluster.connect(database).query_opt(sql, &[]).unwrap()?;
        row.get::<_, bool>(0).then_some(())
    });
}

/// Nothing is dialled before `vioc_resume()`, and everything that waits is dialled after it.
fn assert_dials_after_resume_only(cluster: &Cluster, database: &str, retell: &Simulator) {
    worker_says_copy(cluster, database);
    let mut app = cluster.connect(database);
    app.batch_execute(
        "update vioc.credentials set throttled_until = null; \
         update vioc.credentials set max_starts_per_second = 1000",
    )
    .unwrap();
    let refused = app.query_one(
        "select vioc_call_contact(min(id)) from vioc.contacts where status = 'scheduled'",
        &[],
    );
    assert!(crate::told(&refused.unwrap_err()).starts_with("VC001"));
    for tenant in [1_i64, 2] {
        app.execute("select vioc_go_live($1)", &[&tenant]).unwrap();
    }
    assert_eq!(
        app.query_one("select vioc_enqueue_due()", &[])
            .unwrap()
            .get::<_, i32>(0),
        0
    );
    // Each reload makes the worker look at everything again.
    for _ in 0..3 {
        cluster.reload();
    }
    assert_eq!(retell.counters().requests, 0, "{:?}", retell.requests());

    app.batch_execute("select vioc_resume()").unwrap();
    assert_eq!(
        app.query_one("select vioc_enqueue_due()", &[])
            .unwrap()
            .get::<_, i32>(0),
        10
    );
    wait_until("the queue to be dialled", LONG, || {
        let sql =
            "select not exists (select from vioc.calls where status in ('queued', 'dispatching'))";
        app.query_one(sql, &[])
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    });
    assert_eq!(retell.counters().dials, 11);
    // Identity sequences continue, attempts are not reused.
    let next: i64 = app
        .query_one(
            "insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (1, 'New', '+16463000000', now() + interval '2 days') returning id",
            &[],
        )
        .unwrap()
        .get(0);
    let highest: i64 = app
        .query_one("select max(id) from vioc.contacts", &[])
        .unwrap()
        .get(0);
    assert_eq!(next, highest);
    let call = call_contact(&mut app, next);
    assert!(retell.wait_for(
        |now| {
            now.dials()
                .iter()
                .any(|it| it.session_id == call.session_id)
        },
        LONG
    ));
}

#[test]
fn a_dump_restored_elsewhere_by_psql_is_equal_and_dials_only_after_resume() {
    let practice = busy();
    let script = dump(&practice.cluster, &[]);
    let before = contents(&practice.cluster, APP);
    let retell = Simulator::start(Config {
        deliver_webhooks: false,
        ..Config::default()
    })
    .unwrap();
    let other = elsewhere(&retell);
    make_roles(&other);
    let output = other.psql(APP, &String::from_utf8(script).unwrap());
    must(&output);
    assert_same_rows(&before, &contents(&other, APP));
    assert_eq!(rights(&practice.cluster, APP), rights(&other, APP));
    assert_roles_behave(&other, APP);
    other
        .connect(APP)
        .batch_execute("select vioc_revoke('reception', 'operator', 1); \
            do $$ begin assert not has_table_privilege('reception', 'vioc.contacts', 'select'); end $$")
        .expect("what was given before the dump is taken back");
    assert_dials_after_resume_only(&other, APP, &retell);
}

fn restore_with_pg_restore(name: &str, arguments: &[&str]) {
    let practice = busy();
    let archive = dump(&practice.cluster, &["-Fc"]);
    let file = std::env::temp_dir().join(format!("vioc-{}-{name}.dump", std::process::id()));
    std::fs::write(&file, archive).unwrap();
    let before = contents(&practice.cluster, APP);
    let retell = Simulator::start(Config::default()).unwrap();
    let other = elsewhere(&retell);
    make_roles(&other);
    let output = client(&other, "pg_restore", APP)
        .arg("--exit-on-error")
        .args(arguments)
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    must(&output);
    assert_same_rows(&before, &contents(&other, APP));
    assert_eq!(rights(&practice.cluster, APP), rights(&other, APP));
    assert_roles_behave(&other, APP);
    worker_says_copy(&other, APP);
    assert_eq!(retell.counters().requests, 0);
}

#[test]
fn a_dump_restored_by_pg_restore_is_equal_and_does_not_dial() {
    restore_with_pg_restore("serial", &[]);
}

#[test]
fn a_dump_restored_by_pg_restore_in_one_transaction_is_equal_and_does_not_dial() {
    restore_with_pg_restore("single", &["--single-transaction"]);
}

#[test]
fn a_database_made_from_this_one_as_template_does_not_dial() {
    let practice = busy();
    let copy_retell = Simulator::start(Config {
        deliver_webhooks: false,
        ..Config::default()
    })
    .unwrap();
    let Practice {
        front,
        cluster,
        retell,
        ..
    } = practice;
    drop(front);
    // A worker is a session: the template must not be served while it is copied.
    let set = |databases: &str| {
        let sql = format!("alter system set vioconcierge.databases = '{databases}'");
        cluster.connect("postgres").batch_execute(&sql).unwrap();
        cluster.restart(Stop::Fast);
    };
    set("");
    cluster
        .connect("postgres")
        .batch_execute("create database copy template app")
        .unwrap();
    cluster.set("vioconcierge.api_base_url", &copy_retell.url());
    set("copy");
    assert_eq!(rights(&cluster, APP), rights(&cluster, "copy"));
    assert_roles_behave(&cluster, "copy");
    let requests = retell.counters().requests;
    assert_dials_after_resume_only(&cluster, "copy", &copy_retell);
    assert_eq!(retell.counters().requests, requests);
}

#[test]
fn a_promoted_standby_goes_on_by_itself_and_dials_nobody_twice() {
    let practice = Practice::builder()
        .setting("vioconcierge.request_timeout", "30s")
        .setting("vioconcierge.reconcile_after", "1s")
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let contacts: Vec<_> = (0..4).map(|_| practice.contact(&new_number())).collect();
    let placed = practice.call(contacts[0]);
    practice.wait_for_call(placed.id, &["placed"]);
    let standby = practice.cluster.basebackup(Copy::Standby, &[]);
    // Being sent while the primary dies: one that Retell has made, one that it never got.
    let in_flight: Vec<_> = [
        CreateFault::hang_after_creating(),
        CreateFault::hang_before_creating(),
    ]
    .into_iter()
    .zip(&contacts[1..])
    .map(|(fault, contact)| {
        practice.retell.script(Script::next(1).create(fault));
        practice.call(*contact)
    })
    .collect();
    practice.wait_for_creates(3);
    let followed = |call: i64| {
        let sql = "select status::text from vioc.calls where id = $1";
        let row = standby.connect(APP).query_opt(sql, &[&call]).unwrap()?;
        (row.get::<_, String>(0) == "dispatching").then_some(())
    };
    for call in &in_flight {
        wait_until("the standby to have the claim", LONG, || followed(call.id));
    }
    practice.cluster.stop(Stop::Immediate);
    standby.promote();

    let mut app = standby.connect(APP);
    let later = call_contact(&mut app, contacts[3]);
    for call in in_flight.iter().chain([&later]) {
        wait_until("the call to be known to Retell", LONG, || {
            let sql = "select retell_call_id is not null from vioc.calls where id = $1";
            app.query_one(sql, &[&call.id])
                .unwrap()
                .get::<_, bool>(0)
                .then_some(())
        });
    }
    for call in in_flight.iter().chain([&placed, &later]) {
        assert_eq!(practice.dials(call), 1);
    }
}

const LOST: usize = 60;

/// So many people with numbers of their own, inserted in this order.
fn people(app: &mut postgres::Client, tenant: i64, numbers: &[String]) -> Vec<i64> {
    let sql = "insert into vioc.contacts (tenant_id, name, phone, appointment_time) values ($1, 'Ann Jones', $2, now() + interval '3 days') returning id";
    let insert = |number: &String| app.query_one(sql, &[&tenant, number]).unwrap().get(0);
    numbers.iter().map(insert).collect()
}

/// A server as it was when the copy was taken, on a timeline of its own: restored to a point in time, or an asynchronous
/// standby that lacks the last commits.
fn goes_back(practice: &Practice, then: impl FnOnce(&Practice)) -> Cluster {
    let standby = practice.cluster.basebackup(Copy::Behind, &[]);
    then(practice);
    practice.cluster.stop(Stop::Immediate);
    standby.promote();
    standby
}

/// The worker has asked Retell which calls it made.
fn recalled(app: &mut postgres::Client) {
    wait_until("Retell's list to be read", LONG, || {
        let sql = "select i.timeline > 1 and not exists (select from vioc.credentials where recovery_since is not null) from vioc.installation as i";
        app.query_one(sql, &[])
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    });
}

#[test]
fn after_a_restore_to_a_point_in_time_new_people_are_called_and_have_no_lost_persons_outcome() {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let known = practice.call_number(&new_number());
    practice.wait_for_call(known.id, &["placed"]);
    let lost_numbers: Vec<String> = (0..LOST).map(|_| new_number()).collect();
    let mut lost = Vec::new();
    let restored = goes_back(&practice, |practice| {
        for number in &lost_numbers {
            let cancelled = retell_simulator::Fate::named("cancelled").unwrap();
            let script = Script::to_number(number).fate(cancelled);
            practice.retell.script(script);
        }
        let mut app = practice.connect();
        lost = people(&mut app, practice.tenant, &lost_numbers);
        for contact in &lost {
            practice.call(*contact);
        }
        practice.wait_for_creates(1 + LOST);
        assert!(practice.retell.wait_until_idle(LONG));
        practice.wait_for("all to be placed", "select not exists (select from vioc.calls where status in ('queued', 'dispatching', 'unconfirmed'))");
    });

    let mut app = restored.connect(APP);
    let new_numbers: Vec<String> = (0..LOST).map(|_| new_number()).collect();
    let new = people(&mut app, practice.tenant, &new_numbers);
    let again = new.iter().filter(|it| lost.contains(it)).count();
    assert!(again > 0, "no number came again: {lost:?} {new:?}");
    println!("{again} of {LOST} new people have a lost one's number");
    for contact in &new {
        call_contact(&mut app, *contact);
    }
    wait_until("all to be placed", LONG, || {
        let sql = "select not exists (select from vioc.calls where status in ('queued', 'dispatching', 'unconfirmed'))";
        app.query_one(sql, &[])
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    });
    recalled(&mut app);
    wait_until("the lost calls to be known to their end", LONG, || {
        let sql = "select count(*) = $1 from vioc.calls where contact_id is null and outcome = 'cancelled' and needs_review";
        let count = i64::try_from(LOST).unwrap();
        app.query_one(sql, &[&count])
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    });
    let dialled = |number: &String| {
        let dials = practice.retell.ledger();
        dials.iter().filter(|it| it.to_number == *number).count()
    };
    for number in new_numbers.iter().chain(&lost_numbers) {
        assert_eq!(dialled(number), 1);
    }
    let mistaken: i64 = app
        .query_one("select count(*) from vioc.contacts as ct where ct.status = 'cancelled' or exists (select from vioc.calls as c where c.contact_id = ct.id and c.to_number <> ct.phone_e164)", &[])
        .unwrap()
        .get(0);
    assert_eq!(mistaken, 0);

    // the lost people are sent again, in another order: none is called at once, and it is said why
    let backwards: Vec<String> = lost_numbers.iter().rev().cloned().collect();
    for contact in people(&mut app, practice.tenant, &backwards) {
        let refused = app.query_one("select vioc_call_contact($1)", &[&contact]);
        assert!(crate::told(&refused.unwrap_err()).starts_with("VC001"));
        let why: i64 = app
            .query_one("select count(*) from vioc_explain_contact($1) where not ok and rule = 'number_rested'", &[&contact])
            .unwrap()
            .get(0);
        assert_eq!(why, 1);
    }
    for number in &lost_numbers {
        assert_eq!(dialled(number), 1);
    }
}

#[test]
fn contacts_whose_calls_alone_were_lost_are_not_dialled_again() {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let mut app = practice.connect();
    let numbers: Vec<String> = (0..LOST).map(|_| new_number()).collect();
    let contacts = people(&mut app, practice.tenant, &numbers);
    let standby = goes_back(&practice, |practice| {
        for contact in &contacts {
            practice.call(*contact);
        }
        practice.wait_for_creates(LOST);
        practice.wait_for("all to be placed", "select not exists (select from vioc.calls where status in ('queued', 'dispatching', 'unconfirmed'))");
    });
    let mut app = standby.connect(APP);
    // pressed again at once, some before Retell's list was read and some after
    let (before, after) = contacts.split_at(LOST / 2);
    for contact in before {
        let _ = app.query_one("select vioc_call_contact($1)", &[contact]);
    }
    recalled(&mut app);
    for contact in after {
        let _ = app.query_one("select vioc_call_contact($1)", &[contact]);
    }
    wait_until("each contact to have the call that was made", LONG, || {
        let sql = "select count(*) = $1 and bool_and(c.contact_id is not null and c.to_number = ct.phone_e164 and c.retell_call_id is not null) from vioc.calls as c left join vioc.contacts as ct on ct.id = c.contact_id";
        let count = i64::try_from(LOST).unwrap();
        app.query_one(sql, &[&count])
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    });
    for number in &numbers {
        let dials = practice.retell.ledger();
        assert_eq!(dials.iter().filter(|it| it.to_number == *number).count(), 1);
    }
}

/// How often each of these numbers rang.
fn rings(practice: &Practice, numbers: &[String]) -> Vec<usize> {
    let dials = practice.retell.ledger();
    let of = |number: &String| dials.iter().filter(|it| it.to_number == *number).count();
    numbers.iter().map(of).collect()
}

fn all_are_known(app: &mut postgres::Client, count: usize) {
    wait_until("each call to be known", LONG, || {
        let sql = "select count(*) = $1 and bool_and(retell_call_id is not null) from vioc.calls";
        let count = i64::try_from(count).unwrap();
        app.query_one(sql, &[&count])
            .unwrap()
            .get::<_, Option<bool>>(0)?
            .then_some(())
    });
}

/// Both servers go on, and call everybody that both know at the same time.
fn both_go_on(copy: Copy) {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let numbers: Vec<String> = (0..20).map(|_| new_number()).collect();
    let contacts = people(&mut practice.connect(), practice.tenant, &numbers);
    let other = practice.cluster.basebackup(copy, &[]);
    if copy != Copy::Clone {
        other.promote();
    }
    std::thread::scope(|scope| {
        for cluster in [&practice.cluster, &other] {
            let contacts = &contacts;
            scope.spawn(move || {
                let mut app = cluster.connect(APP);
                for contact in contacts {
                    call_contact(&mut app, *contact);
                }
            });
        }
    });
    for cluster in [&practice.cluster, &other] {
        all_are_known(&mut cluster.connect(APP), contacts.len());
    }
    assert_eq!(rings(&practice, &numbers), vec![1; numbers.len()]);
}

#[test]
fn a_clone_beside_its_original_dials_the_contacts_of_both_once() {
    both_go_on(Copy::Clone);
}

#[test]
fn an_old_primary_that_goes_on_after_a_failover_dials_the_contacts_of_both_once() {
    both_go_on(Copy::Behind);
}

/// What is put back in place of a server that is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PutBack {
    Snapshot,
    /// The database is told of it.
    SnapshotTold,
    /// Without recovery.signal: it keeps the timeline.
    BaseBackup,
}

/// The server as it was, put back after the original has called everybody.
fn put_back(what: PutBack) {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let numbers: Vec<String> = (0..20).map(|_| new_number()).collect();
    let contacts = people(&mut practice.connect(), practice.tenant, &numbers);
    let not_served = [("vioconcierge.databases", "")];
    let snapshot = practice.cluster.basebackup(Copy::Clone, &not_served);
    snapshot.stop(Stop::Immediate);
    if what != PutBack::BaseBackup {
        // a snapshot of a volume has none
        std::fs::remove_file(snapshot.data_dir().join("backup_label.old")).unwrap();
    }
    let lost_numbers: Vec<String> = (0..20).map(|_| new_number()).collect();
    let mut app = practice.connect();
    let lost = people(&mut app, practice.tenant, &lost_numbers);
    for contact in contacts.iter().chain(&lost) {
        call_contact(&mut app, *contact);
    }
    all_are_known(&mut app, 40);
    drop(app);
    practice.cluster.stop(Stop::Immediate);

    if what == PutBack::SnapshotTold {
        snapshot.start();
        snapshot
            .connect(APP)
            .batch_execute("update vioc.installation set timeline = null")
            .unwrap();
        snapshot.stop(Stop::Fast);
    }
    let file = snapshot.data_dir().join("postgresql.auto.conf");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{before}vioconcierge.databases = '{APP}'\n")).unwrap();
    snapshot.start();
    let mut app = snapshot.connect(APP);
    let asks = what != PutBack::Snapshot;
    if asks {
        wait_until("Retell's list to be read", LONG, || {
            let sql = "select i.timeline is not null and not exists (select from vioc.credentials where recovery_since is not null) from vioc.installation as i";
            app.query_one(sql, &[])
                .unwrap()
                .get::<_, bool>(0)
                .then_some(())
        });
    }
    // the app presses again: what both servers know has the same key
    for contact in &contacts {
        let _ = app.query_one("select vioc_call_contact($1)", &[contact]);
    }
    let known = if asks { 40 } else { 20 };
    all_are_known(&mut app, known);
    assert_eq!(rings(&practice, &numbers), vec![1; numbers.len()]);
    // new people have their own calls, and nobody a lost one's
    let new_numbers: Vec<String> = (0..20).map(|_| new_number()).collect();
    let new = people(&mut app, practice.tenant, &new_numbers);
    for contact in &new {
        call_contact(&mut app, *contact);
    }
    all_are_known(&mut app, known + 20);
    assert_eq!(rings(&practice, &new_numbers), vec![1; new_numbers.len()]);
    assert_eq!(rings(&practice, &lost_numbers), vec![1; lost_numbers.len()]);
    if asks {
        // the lost people are sent again: Retell's list has shown that they were called
        for contact in people(&mut app, practice.tenant, &lost_numbers) {
            let refused = app.query_one("select vioc_call_contact($1)", &[&contact]);
            assert!(crate::told(&refused.unwrap_err()).starts_with("VC001"));
        }
        assert_eq!(rings(&practice, &lost_numbers), vec![1; lost_numbers.len()]);
    }
}

#[test]
fn a_snapshot_put_back_dials_whom_it_knows_once() {
    put_back(PutBack::Snapshot);
}

#[test]
fn a_snapshot_put_back_that_is_told_asks_retell_first() {
    put_back(PutBack::SnapshotTold);
}

#[test]
fn a_base_backup_started_without_recovery_signal_asks_retell_by_itself() {
    put_back(PutBack::BaseBackup);
}
