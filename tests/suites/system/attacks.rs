//! Somebody who has a login, and means ill; and what becomes of a person at Retell who was forgotten.

use std::time::{Duration, Instant};

use retell_simulator::{Config, Simulator};
use vioc_tests::practice::{APP, Practice, cluster, new_number};

use crate::told;

/// What somebody with CREATE can leave lying about before the extension is created, and afterwards: everything that is
/// called of it leaves a trace.
const TRAPS: &str = r#"
create table public.trapped (what text);
grant all on public.trapped to public;
create function public.trap(what text) returns text language plpgsql volatile as $$
begin insert into public.trapped values (what || ' as ' || current_user); return what; end $$;
create function public.now() returns pg_catalog.timestamptz language sql as $$ select public.trap('now'); select pg_catalog.now() $$;
create function public.clock_timestamp() returns pg_catalog.timestamptz language sql as $$ select public.trap('clock'); select pg_catalog.now() $$;
create function public.text_equal(text, text) returns boolean language sql as $$ select public.trap('=') is not null $$;
create operator public.= (leftarg = text, rightarg = text, function = public.text_equal);
create function public.format(text, text) returns text language sql as $$ select public.trap('format') $$;
create function public.lower(text) returns text language sql as $$ select public.trap('lower') $$;
create function public.current_setting(text, boolean) returns text language sql as $$ select public.trap('setting') $$;
create domain public.timestamptz as pg_catalog.timestamptz;
create type public.e164 as (x text);
create table public.tenants (id bigint);
create table public.contacts (id bigint);
create table public.access (role_name text, access text, tenant_id bigint);
insert into public.access values ('mallory', 'admin', null);
"#;

const LATER: &str = r#"
create function public.vioc_enqueue_due() returns integer language plpgsql as $$ begin perform public.trap('enqueue'); return 0; end $$;
create function public.vioc_wait_for_call(bigint, interval) returns text language plpgsql as $$
begin perform public.trap('wait'); return null; end $$;
create function public.vioc_cancel_call(integer) returns void language plpgsql as $$ begin perform public.trap('cancel'); end $$;
"#;

#[test]
fn a_hostile_schema_in_the_search_path_catches_nothing_and_default_privileges_give_nothing() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = cluster()
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    let mut owner = cluster.connect(APP);
    owner
        .batch_execute(
            "create role mallory login; grant create on schema public to mallory, public; \
             alter default privileges grant all on tables to mallory, public; alter default privileges grant all on sequences to mallory; \
             alter default privileges grant all on functions to mallory; alter default privileges grant all on types to mallory; \
             alter default privileges grant all on schemas to mallory, public; \
             alter database app set search_path = public, pg_catalog",
        )
        .unwrap();
    let as_mallory = |script: &str| {
        let output = cluster.psql(APP, &format!("set role mallory;\n{script}"));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    as_mallory(TRAPS);
    // A session of the superuser's, in which the traps come first.
    let output = cluster.psql(APP, "create extension vioconcierge");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("every role can create functions in schema public"),
        "{said}"
    );

    let given: Vec<String> = cluster
        .connect(APP)
        .query(
            "with members as (
               select d.classid, d.objid from pg_depend as d join pg_extension as e on e.oid = d.refobjid
               where e.extname = 'vioconcierge' and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')
             select o.name || ' ' || a.privilege_type from (
               select p.oid::regprocedure::text as name, p.proowner as owner, coalesce(p.proacl, acldefault('f', p.proowner)) as acl
               from members as m join pg_proc as p on m.classid = 'pg_proc'::regclass and p.oid = m.objid
               union all select c.oid::regclass::text, c.relowner, coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::\"char\", c.relowner))
               from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'v', 'S')
               union all select n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)) from pg_namespace as n where n.nspname = 'vioc') as o,
               aclexplode(o.acl) as a
             where a.grantee <> o.owner order by 1",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    // it tells a role that it has no access
    assert_eq!(
        given,
        [
            "vioc.reader_tenants(text,oid,bigint) EXECUTE",
            "vioc.tenants_seen(text) EXECUTE"
        ]
    );

    cluster
        .connect(APP)
        // the front's stand-in is not what is on trial
        .batch_execute("drop extension vioconcierge; alter database app reset search_path")
        .unwrap();
    let practice = Practice::over(cluster, retell);
    let output = practice
        .cluster
        .psql(APP, &format!("set role mallory;\n{LATER}"));
    assert!(output.status.success(), "{output:?}");
    let contact = practice.contact(&new_number());
    let output = practice.cluster.psql(
        APP,
        &format!("set search_path = public, pg_catalog; call vioc_call_contact_now({contact})"),
    );
    assert!(output.status.success(), "{output:?}");
    practice.wait_until_settled();
    practice.run("set search_path = public, pg_catalog; select vioc_grant('mallory', 'operator', 1); select vioc_purge()");
    let trapped: Vec<String> = practice
        .connect()
        .query("select what from public.trapped", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(trapped.is_empty(), "{trapped:#?}");
    // The traps do catch what walks into them.
    practice.run("set search_path = public, pg_catalog; select lower('X'::text)");
    assert_eq!(
        practice.ask::<String>("select what from public.trapped", &[]),
        "lower as postgres"
    );
}

#[test]
fn an_operator_attaches_nothing_to_the_tables_that_the_worker_writes() {
    let practice = Practice::open();
    practice.run(
        "create role mallory; select vioc_grant('mallory', 'operator'); create schema mallory authorization mallory",
    );
    practice.run("set role mallory; create function mallory.listen() returns trigger language plpgsql as $$ begin return new; end $$");
    for sql in [
        "create trigger listening before update on vioc.calls for each row execute function mallory.listen()",
        "create trigger listening before update on vioc.contacts for each row execute function mallory.listen()",
        "create table mallory.pinned (tenant_id bigint, id bigint, foreign key (tenant_id, id) references vioc.contacts (tenant_id, id))",
        "create rule listening as on update to vioc.contacts do also select 1",
        "create policy mine on vioc.calls using (true)",
        "alter table vioc.contacts disable row level security",
        "alter table vioc.contacts disable trigger contacts_1_guard",
        "truncate vioc.contacts",
        "lock table vioc.calls in share mode",
        "create function vioc.tenants_of(text) returns int8multirange language sql as 'select ''{(,)}''::int8multirange'",
        "select vioc.wake_worker()",
        "select vioc.run_enqueue()",
        "set vioconcierge.api_base_url = 'http://127.0.0.1:1'",
        "set vioconcierge.legal_hours = '00:00-24:00'",
        "alter extension vioconcierge drop table vioc.calls",
    ] {
        let result = practice
            .connect()
            .batch_execute(&format!("set role mallory; {sql}"));
        let told = told(&result.expect_err(sql));
        assert!(
            told.starts_with("42501") || told.starts_with("55P02"),
            "{sql}: {told}"
        );
    }
}

#[test]
fn a_forgotten_person_is_deleted_at_retell_too() {
    let practice = Practice::open();
    let number = new_number();
    let call = practice.call_number(&number);
    practice.wait_for_call(call.id, &["completed"]);
    let rows: i32 = practice.ask("select vioc_forget_phone(1, $1)", &[&number]);
    assert_eq!(rows, 2);
    practice.wait_for(
        "Retell to have deleted the call",
        "select deleted_at is not null and to_number is null and look_up_at is null from vioc.calls",
    );
    let asked: Vec<_> = practice
        .retell
        .requests()
        .into_iter()
        .filter(|it| it.method == "DELETE")
        .map(|it| it.path)
        .collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("/v2/delete-call/"), "{asked:?}");
    let left: i64 = practice.ask(
        "select count(*) from (select c::text as row from vioc.contacts as c union all select c::text from vioc.calls as c \
         union all select e::text from vioc.webhook_events as e) as r where position($1 in r.row) > 0",
        &[&number],
    );
    assert_eq!(left, 0);
}

/// What looks like pg_cron to whoever asks for its names.
const FALSE_CRON: &str = r#"
create schema cron;
create function cron.gain() returns boolean language plpgsql as $$
begin raise exception 'well: trapped as %', current_user; end $$;
create view cron.job as select 1::bigint as jobid, 'x'::text as jobname, true as active, ''::text as command where cron.gain();
create view cron.job_run_details as select 1::bigint as jobid where cron.gain();
create function cron.unschedule(bigint) returns boolean language sql as 'select cron.gain()';
create function cron.schedule_in_database(text, text, text, text) returns bigint language plpgsql as $$
begin raise exception 'trapped as %', current_user; end $$;
grant usage on schema cron to public;
"#;

/// What the doctor and the installation of the schedule say, whoever asks.
fn said_of_the_schedule(cluster: &vioc_tests::Cluster, script: &str) -> String {
    let output = cluster.psql(
        APP,
        &format!(
            "{script}; \\set ON_ERROR_STOP off\nselect detail from vioc_doctor(); select vioc_install_schedule();"
        ),
    );
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_schema_that_is_called_cron_is_not_taken_for_pg_cron() {
    // not loaded: then anybody may set its parameter
    let practice = Practice::builder()
        .cluster(|it| it.preload("vioconcierge"))
        .open();
    practice.run("create role mallory; grant create on database app to mallory; select vioc_grant('mallory', 'admin')");
    let output = practice
        .cluster
        .psql(APP, &format!("set role mallory;\n{FALSE_CRON}"));
    assert!(output.status.success(), "{output:?}");
    for role in ["set role mallory", "select 1"] {
        let said = said_of_the_schedule(
            &practice.cluster,
            &format!("{role}; set cron.database_name = '{APP}'"),
        );
        assert!(!said.contains("trapped"), "{said}");
        assert!(said.contains("pg_cron is not loaded"), "{said}");
    }

    // loaded, but not created where it is to live
    for home in [APP, "elsewhere"] {
        let practice = Practice::builder()
            .cluster(|it| it.cron_database(home))
            .open();
        practice.run("create role mallory login");
        if home != APP {
            practice.run("create database elsewhere owner mallory");
        }
        practice.run("grant create on database app to mallory");
        practice
            .cluster
            .connect_as(home, "mallory")
            .batch_execute(FALSE_CRON)
            .unwrap();
        let said = said_of_the_schedule(&practice.cluster, "select 1");
        assert!(!said.contains("trapped"), "{said}");
        let wanted = match home {
            APP => "not created",
            _ => "pg_cron lives in database elsewhere",
        };
        assert!(said.contains(wanted), "{said}");
    }
}

#[test]
fn an_operator_chooses_no_contacts_id() {
    let practice = Practice::open();
    practice.run("create role mallory; select vioc_grant('mallory', 'operator', 1)");
    practice.run("set role mallory; insert into vioc.contacts (tenant_id, id, name, phone) overriding system value values (1, 4711, 'M', '+12125550142')");
    assert!(practice.ask::<bool>("select bool_and(id <> 4711) from vioc.contacts", &[]));
    let result = practice
        .connect()
        .batch_execute("set role mallory; update vioc.contacts set id = default");
    assert!(told(&result.expect_err("refused")).starts_with("42501"));
    practice.run("set role mallory; insert into vioc.contacts (tenant_id, name, phone) values (1, 'M', '+12125550142') on conflict (tenant_id, external_id) do update set name = excluded.name");
}

#[test]
fn locks_that_anybody_may_take_keep_nobody_waiting() {
    let practice = Practice::open();
    practice.run("create role mallory login");
    let mut mallory = practice.cluster.connect_as(APP, "mallory");
    mallory
        .batch_execute("select pg_advisory_lock_shared(1986621283, n) from generate_series(0, 3) as n; select pg_advisory_lock((1986621283::bigint << 32) + n) from generate_series(0, 3) as n")
        .unwrap();
    let worker = practice.cluster.worker_pid(APP);
    practice.run(&format!("select pg_terminate_backend({worker}, 10000)"));
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.run(
        "select vioc_grant('mallory', 'viewer', 1); select vioc_revoke('mallory', 'viewer', 1)",
    );
}

/// In place of what a call reads: the owner of the database leaves it there while that call waits.
const PUT_IN_PLACE: &str = r#"
begin;
drop schema public cascade;
create schema public;
create table public.ran (as_role text);
create schema vioc;
create function vioc.trap() returns boolean language plpgsql as $$
begin insert into public.ran values (current_user); return true; end $$;
create view vioc.access as
select 'viewer'::text as access, 1::bigint as tenant_id, 'keeper'::text as role_name, to_regrole('keeper')::oid as role_oid
where vioc.trap();
create table vioc.installation (events_purged_to bigint);
create table vioc.tenants (id bigint);
create table vioc.events (position bigint, at timestamptz, tenant_id bigint, contact_id bigint, call_id bigint, kind text, status text, outcome text);
"#;

#[test]
fn a_call_that_waits_while_the_extension_is_dropped_runs_nothing_that_is_put_in_its_place() {
    let practice = Practice::open();
    practice.run(&format!(
        "create role keeper login; alter database {APP} owner to keeper; select vioc_grant('keeper', 'viewer', 1)"
    ));
    let mut dropping = practice.cluster.connect_as(APP, "keeper");
    dropping.batch_execute(PUT_IN_PLACE).unwrap();
    let mut caller = practice.cluster.connect_as(APP, "keeper");
    let waiting =
        std::thread::spawn(move || caller.batch_execute("select * from public.vioc_events()"));
    let mut other = practice.connect();
    vioc_tests::wait::poll(Duration::from_secs(20), || {
        let row = other
            .query_one(
                "select count(*) from pg_stat_activity where usename = 'keeper' and wait_event_type = 'Lock'",
                &[],
            )
            .unwrap();
        (row.get::<_, i64>(0) > 0).then_some(())
    })
    .expect("the call waits");
    dropping.batch_execute("commit").unwrap();
    let refused = waiting.join().unwrap().unwrap_err();
    assert!(told(&refused).starts_with("42883"), "{}", told(&refused));
    // nor the worker, which waited too
    let ran: i64 = other
        .query_one("select count(*) from public.ran", &[])
        .unwrap()
        .get(0);
    assert_eq!(ran, 0);
}

/// Which of the worst values there are, and a role that writes them: shared with tests/sql/access.
const WORST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/access/worst.psql");

#[test]
fn the_worst_values_of_a_tenant_keep_no_neighbour_waiting() {
    let practice = Practice::open();
    let hostile = practice.new_tenant(
        "Mallory",
        "+12125550166",
        Some("key_of_the_hostile_tenant_mmmm"),
    );
    let output = practice.cluster.psql(
        APP,
        &format!(
            "create role mallory; select vioc_grant('mallory', 'admin', {hostile});\nbegin;\n\\i {WORST}\n\
             select pg_temp.write_many('mallory', {hostile});\nselect pg_temp.write_worst('mallory', {hostile});\n\
             select pg_temp.call_worst('mallory', {hostile});\n\
             update vioc.tenants set retell_agent_id = 'agent_1' where id = {hostile};\ncommit;\n"
        ),
    );
    assert!(output.status.success(), "{output:?}");
    // Every one of its calls is asked for at once, by hand.
    practice.run(&format!(
        "set role mallory; select vioc_call_contact(id, true) from vioc.contacts where tenant_id = {hostile} and phone_e164 is not null"
    ));
    let queued: i64 = practice.ask(
        "select count(*) from vioc.calls where tenant_id = $1",
        &[&hostile],
    );
    assert!(queued > 30, "{queued}");
    for _ in 0..5 {
        let began = Instant::now();
        let call = practice.call_number(&new_number());
        practice.wait_for(
            "the neighbour's call to be placed",
            &format!(
                "select placed_at is not null from vioc.calls where id = {}",
                call.id
            ),
        );
        let took = began.elapsed();
        assert!(
            took < Duration::from_secs(2),
            "{took:?}\n{}",
            practice.cluster.log_tail(30)
        );
    }
    let due = practice.due_contacts(practice.tenant, 1);
    practice.run("update vioc.tenants set live = true");
    practice.run("select vioc_enqueue_due()");
    practice.wait_for(
        "the neighbour's due contact to be called",
        &format!(
            "select exists (select from vioc.calls where contact_id = {} and placed_at is not null)",
            due[0]
        ),
    );
    practice.run("select vioc_purge(); select * from vioc_doctor(); select * from vioc.metrics; select * from vioc.tenant_status; select * from vioc.due_contacts; \
                  select * from vioc.call_history; select * from vioc.forecast; select * from vioc.worker_status");
    let problem: Option<String> = practice.ask("select problem from vioc.worker_report()", &[]);
    assert_eq!(problem, None);
    // It is called too, by and by: large is not forbidden.
    practice.wait_for(
        "the hostile tenant's own calls",
        &format!("select not exists (select from vioc.calls where tenant_id = {hostile} and status in ('queued', 'dispatching'))"),
    );
}

/// A trigger of the application's that lets no claim of this contact be committed, whatever it does to the row.
fn trap(practice: &Practice, contact: i64, condition: &str) {
    practice.run(&format!(
        "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '23514'; end $$; \
         create constraint trigger refuse after update on vioc.contacts deferrable initially deferred \
         for each row when (new.id = {contact} and {condition}) execute function refuse()"
    ));
}

#[test]
fn a_call_whose_claim_cannot_be_committed_fails_alone() {
    for (condition, status) in [("new.status = 'calling'", "failed"), ("true", "queued")] {
        let practice = Practice::open();
        practice.run("select vioc_pause(1)");
        let contacts: Vec<i64> = (0..6).map(|_| practice.contact(&new_number())).collect();
        practice.run(
            "select count(*) from (select array_agg(tenant_id) as tenants, array_agg(id) as ids from vioc.contacts) as c \
             cross join lateral vioc.queue_calls(c.tenants, c.ids, 'test', false, 0::smallint, now())",
        );
        trap(&practice, contacts[2], condition);
        practice.run("select vioc_resume(1)");
        let others: Vec<String> = contacts
            .iter()
            .filter(|contact| **contact != contacts[2])
            .map(i64::to_string)
            .collect();
        practice.wait_for(
            "the others to be placed",
            &format!(
                "select count(*) = 5 from vioc.calls where contact_id in ({}) and placed_at is not null",
                others.join(", ")
            ),
        );
        practice.wait_for(
            "the one to be said",
            &format!(
                "select status = '{status}' and error like '%could not be claimed: SQLSTATE 23514' and (status = 'failed' or due_at > now()) \
                 from vioc.calls where contact_id = {}",
                contacts[2]
            ),
        );
        // it does not stop what comes after it
        let call = practice.call_number(&new_number());
        practice.wait_for_call(call.id, &["completed"]);
    }
}

#[test]
fn what_is_neither_a_call_nor_an_answer_is_given_up_in_time() {
    let practice = Practice::open();
    let first = practice.call_number(&new_number());
    practice.wait_for_call(first.id, &["completed"]);
    practice.run(
        "create or replace function vioc.claim_checks(p_limit integer, p_since timestamptz, p_now timestamptz, p_tenant_ids bigint[] default null) \
         returns table (call_id bigint, kind text, path text, body text, api_key text) \
         language sql as $$ select null::bigint, null::text, null::text, null::text, null::text from pg_sleep(600) $$",
    );
    practice.run("select * from vioc_doctor()");
    practice.wait_at_most(
        "the worker to say so",
        Duration::from_secs(20),
        "select problem like '%statement timeout%' from vioc.worker_report()",
    );
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}
