//! What it costs to go through a door: a public function beside the private one that it calls.

use std::time::Instant;

use postgres::Client;

use super::figure::Figure;
use super::row::{Findings, Row, Run};
use super::site::{DATABASE, as_it_comes};

pub(super) const ROW: Row = Row {
    name: "door",
    about: "a public function's door, and the planner's answer to a policy",
    any_dispatcher: false,
    run,
};

const CALLS: u32 = 200_000;
const PLANS: u32 = 2000;

fn run(run: &mut Run<'_>) -> Findings {
    let cluster = as_it_comes().start();
    cluster.create_extension(DATABASE);
    let mut client = cluster.connect(DATABASE);
    // doors find private functions of their own name and owner: this pair is as thin as any
    client
        .batch_execute(
            "create function vioc.vioc_nothing(n integer) returns integer language plpgsql security definer \
               set search_path = pg_catalog, pg_temp as 'begin return n; end'; \
             create function public.vioc_nothing(n integer) returns integer language c as '$libdir/vioconcierge', 'door_wrapper'; \
             insert into vioc.tenants (company_name, time_zone) values ('Bench', 'America/New_York'); \
             create role reader; select vioc_grant('reader', 'viewer', 1); \
             create table plain (like vioc.contacts); grant select on plain to reader; \
             alter table plain enable row level security; \
             create policy p on plain using (tenant_id >= (select 1) and tenant_id < (select 2) and tenant_id <@ (select '{[1,2)}'::int8multirange)); \
             set jit = off",
        )
        .unwrap_or_else(|error| panic!("the pair is made: {error:?}"));
    let client = std::cell::RefCell::new(client);
    let micros = |schema: &str| called(&mut client.borrow_mut(), schema);
    micros("public");
    let doors = run.interleave(|_| micros("public"), |_| micros("vioc"));
    client
        .borrow_mut()
        .batch_execute("set role reader")
        .expect("the role is there");
    let planned = |table: &str| planned(&mut client.borrow_mut(), table);
    planned("vioc.contacts");
    let policies = run.interleave(|_| planned("vioc.contacts"), |_| planned("public.plain"));
    let cost = doors.a().into_iter().zip(doors.b()).map(|(a, b)| a - b);
    Findings {
        about: format!(
            "{CALLS} calls in one statement of a function that does nothing, through a door and without; {PLANS} plans of a query of \
             vioc.contacts by a viewer, and of a table with policies that ask for nothing, in turn"
        ),
        figures: vec![
            Figure::new("a call without a door, us", 2, doors.b()),
            Figure::new("a door, us", 2, cost.collect()).at_most(0.5),
            Figure::new("a plan and its run with our policies, us", 0, policies.a()),
            Figure::new(
                "the same with policies that ask for nothing, us",
                0,
                policies.b(),
            ),
        ],
        notes: Vec::new(),
    }
}

fn called(client: &mut Client, schema: &str) -> f64 {
    let began = Instant::now();
    let sql = format!("select sum({schema}.vioc_nothing(n)) from generate_series(1, {CALLS}) as n");
    client
        .query_one(&sql, &[])
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    began.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}

fn planned(client: &mut Client, table: &str) -> f64 {
    let sql = format!("select id from {table} where external_id = 'nobody'");
    let began = Instant::now();
    for _ in 0..PLANS {
        client
            .simple_query(&sql)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(PLANS)
}
