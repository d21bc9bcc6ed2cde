//! A year of random practices, people and events in a real database, with time passed in: no call is ever dialled
//! against the rules. What the rules are is said once more in `year/ledger.sql`, apart from the extension's own.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BinaryHeap};
use std::time::Instant;

use chrono::{DateTime, Duration, Utc};
use postgres::Client;
use serde_json::{Value, json};
use vioc_tests::cluster::Cluster;
use vioc_tests::practice::{break_one, claim_calls};

const DATABASE: &str = "year";
const CONTACTS: usize = 1000;
const WORKER: &str = "00000000-0000-0000-0000-000000000001";

/// The same wish in several words, beside those that the extension lists.
const STOPS: [&str; 12] = [
    "do_not_call",
    "Stop!",
    "stop calling me",
    "Please don't call me anymore.",
    "remove me from your list",
    "no me llamen",
    "No quiero más llamadas",
    "ne m'appelez plus jamais",
    "nicht mehr anrufen",
    "keine weiteren Anrufe",
    "não me ligue mais",
    "parem de ligar",
];

/// What a person must read.
const UNCLEAR: [&str; 5] = [
    "nothing",
    "deceased",
    "no llame antes de las cinco",
    "call my lawyer",
    "12",
];

/// splitmix64: a seed gives the same year again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: i64) -> i64 {
        (self.next() % n.unsigned_abs()).cast_signed()
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len().try_into().unwrap())).unwrap()]
    }

    fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }
}

fn start() -> Cluster {
    let cluster = Cluster::builder().databases([DATABASE]).served([]).start();
    cluster.create_extension(DATABASE);
    cluster
}

/// Practices in zones of every kind, with hours across midnight, days off, caps and plans of their own.
fn practices(client: &mut Client, random: &mut Random) {
    for (place, (zone, number)) in [
        ("America/New_York", "+12125550100"),
        ("America/Phoenix", "+16025550100"),
        ("Europe/London", "+442079460100"),
        ("Australia/Sydney", "+61291230100"),
        ("Australia/Lord_Howe", "+61291230101"),
        ("America/Argentina/Buenos_Aires", "+541145550100"),
    ]
    .into_iter()
    .enumerate()
    {
        // one organisation of several zones, and what chance adds
        let organisation = if place % 2 == 0 {
            Some("Group")
        } else {
            random.of(&[None, Some(" group")])
        };
        let or_none = |random: &mut Random, n: i32| (!random.percent(20)).then_some(n);
        let per_day = 1 + i32::try_from(random.below(3)).unwrap();
        let per_week = 2 + i32::try_from(random.below(4)).unwrap();
        let of_the_practice = 3 + i32::try_from(random.below(10)).unwrap();
        let tenant: i64 = client
            .query_one(
                "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live, organisation,
                   max_calls_per_number_per_day, max_calls_per_number_in_7_days, max_calls_per_day, wait_after_conversation,
                   min_notice, reminder_plan, allowed_countries)
                 values ('Practice', $1, 'agent_1', $2::text, true, $3, $4::integer, $5::integer, $6::integer, $7::text::interval, $8::text::interval,
                   $9::text::interval[], $10::text::text[]) returning id",
                &[
                    &zone,
                    &number,
                    &organisation,
                    &or_none(random, per_day),
                    &or_none(random, per_week),
                    &or_none(random, of_the_practice),
                    &random.of(&["0", "2 hours", "6 hours", "3 days"]),
                    &random.of(&["0", "2 hours", "12 hours"]),
                    &random.of(&["{1 day}", "{3 days,1 day,2 hours}", "{2 days,30 minutes}", "{7 days,1 day 4 hours}"]),
                    // most call abroad, so that zones meet
                    &random.of(&[Some("{*}"), Some("{*}"), Some("{*}"), Some("{US,GB,AR}"), None]),
                ],
            )
            .unwrap()
            .get(0);
        client
            .execute(
                "select vioc_set_credentials($1, 'key_of_practice_' || $1::bigint)",
                &[&tenant],
            )
            .unwrap();
        if !random.percent(15) {
            for _ in 0..2 + random.below(9) {
                hours(client, random, tenant);
            }
        }
        for _ in 0..random.below(25) {
            client
                .execute(
                    "insert into vioc.blackout_dates (tenant_id, day, yearly)
                     values ($1, date '2031-01-01' + $2::bigint::integer, $3) on conflict do nothing",
                    &[&tenant, &random.below(500), &random.percent(30)],
                )
                .unwrap();
        }
    }
    client
        .execute(
            "update vioc.credentials set max_concurrent_calls = 100000, max_starts_per_second = 100000",
            &[],
        )
        .unwrap();
}

/// Also across midnight.
fn hours(client: &mut Client, random: &mut Random, tenant: i64) {
    let opens = random.below(96) * 15;
    let closes = opens + 60 + random.below(40) * 15;
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let closes = match closes {
        1440 => "24:00".to_owned(),
        closes => clock(closes % 1440),
    };
    client
        .execute(
            "insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
             values ($1, $2::bigint::smallint, $3::text::time, $4::text::time)",
            &[&tenant, &(1 + random.below(7)), &clock(opens), &closes],
        )
        .unwrap();
}

/// Many share a number; some are abroad, some where a mobile may be in any of several zones.
fn contact(client: &mut Client, random: &mut Random, begin: DateTime<Utc>) {
    let line = random.below(70);
    let number = match random.below(11) {
        0 | 1 => format!("+1212{}", 2_000_000 + line),
        2 | 3 => format!("+1602{}", 2_000_000 + line),
        4 => format!("+1808{}", 2_000_000 + line),
        5 => format!("+4479112345{line:02}"),
        6 => format!("+614123456{line:02}"),
        7 => format!("+6129123{:04}", 4000 + line),
        8 => format!("+54 9 11 2345 67{line:02}"),
        9 => format!("+54 11 2345 67{line:02}"),
        _ => format!("+346123456{line:02}"),
    };
    let zone = random.percent(25).then(|| {
        random.of(&[
            "America/New_York",
            "Europe/Madrid",
            "Australia/Lord_Howe",
            "Asia/Kolkata",
            "America/Phoenix",
            // what software writes that does not know
            "UTC",
            "Etc/GMT-5",
        ])
    });
    let appointment = begin + Duration::minutes(random.below(365 * 24 * 60));
    client
        .execute(
            "insert into vioc.contacts (tenant_id, external_id, name, phone, time_zone, appointment_time)
             select id, gen_random_uuid(), $5::text, $1, $2, $3 from vioc.tenants order by id offset $4 limit 1",
            &[
                &number,
                &zone,
                &appointment,
                &random.below(6),
                &random.of(&["Ann", "Ben", "Cleo"]),
            ],
        )
        .unwrap();
}

/// What Retell will report of a call, and when.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct End {
    // the heap gives the largest first
    at: std::cmp::Reverse<DateTime<Utc>>,
    call: i64,
    reason: &'static str,
    said: String,
}

struct Year<'a> {
    client: &'a mut Client,
    random: Random,
    now: DateTime<Utc>,
    ends: BinaryHeap<End>,
    dialled: usize,
    seen: BTreeMap<String, usize>,
    stops: Vec<String>,
    /// Corrected by mistake, to be corrected back.
    phones: Vec<(i64, String)>,
}

impl Year<'_> {
    fn saw(&mut self, what: &str) {
        *self.seen.entry(what.to_owned()).or_default() += 1;
    }

    /// The extension's clock.
    fn tell_time(&mut self) {
        self.client
            .execute(
                "select set_config('sim.now', $1::timestamptz::text, false)",
                &[&self.now],
            )
            .unwrap();
    }

    /// Nobody is forgotten: neither a promise nor an appointment.
    fn check(&mut self) {
        for (what, statement) in [
            (
                "a promise is broken",
                "select contact, facts from sim.broken($1)",
            ),
            (
                "an appointment passes without a word",
                "select contact, facts from sim.forgotten($1)",
            ),
        ] {
            if let Some(row) = self.client.query(statement, &[&self.now]).unwrap().first() {
                let (contact, facts): (i64, &str) = (row.get(0), row.get(1));
                panic!("{what}: contact {contact}, {}:\n{facts}", self.now);
            }
        }
    }

    /// pg_cron's part, and the worker's.
    fn dial(&mut self) {
        let queued: i32 = self
            .client
            .query_one("select vioc.enqueue_due(1000, 'sim', $1)", &[&self.now])
            .unwrap()
            .get(0);
        let waiting: bool = self
            .client
            .query_one(
                "select $1 or exists (select from vioc.calls where status = 'queued' and due_at <= $2)",
                &[&(queued > 0), &self.now],
            )
            .unwrap()
            .get(0);
        if !waiting {
            return;
        }
        let calls: Vec<i64> = self
            .client
            .query(
                &claim_calls(&format!("'{WORKER}'"), 200, "$1"),
                &[&self.now],
            )
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        if calls.is_empty() {
            return;
        }
        self.client
            .execute(
                "insert into sim.dials (call_id, tenant_id, contact_id, phone, at, local_day, asked_for, forced)
                 select k.id, k.tenant_id, k.contact_id, sim.telephone(k.to_number), $2, ($2 at time zone t.time_zone)::date,
                   k.contact_status_before = 'callback', k.forced
                 from vioc.calls as k join vioc.tenants as t on t.id = k.tenant_id where k.id = any ($1)",
                &[&calls, &self.now],
            )
            .unwrap();
        let wrongs = self
            .client
            .query(
                "select call_id, wrong from sim.wrongs($1, $2)",
                &[&calls, &self.now],
            )
            .unwrap();
        if let Some(wrong) = wrongs.first() {
            let (call, wrong): (i64, &str) = (wrong.get(0), wrong.get(1));
            let facts: String = self
                .client
                .query_one(
                    "select jsonb_build_object('call', to_jsonb(k), 'contact', to_jsonb(c), 'tenant', to_jsonb(t), 'rules',
                       (select to_jsonb(r) from vioc.rules($2) as r where r.tenant_id = c.tenant_id and r.contact_id = c.id),
                       'others', (select jsonb_agg(to_jsonb(d) || jsonb_build_object('call', to_jsonb(o))) from sim.dials as d left join vioc.calls as o on o.id = d.call_id
                         where d.phone = sim.telephone(k.to_number) and d.call_id <> k.id and d.at > $2 - interval '8 days'))::text
                     from vioc.calls as k join vioc.contacts as c on c.id = k.contact_id join vioc.tenants as t on t.id = k.tenant_id
                     where k.id = $1",
                    &[&call, &self.now],
                )
                .unwrap()
                .get(0);
            panic!("call {call} is dialled {wrong}, {}:\n{facts}", self.now);
        }
        self.dialled += calls.len();
        self.answer(&calls);
    }

    /// Retell's answers: most calls are placed, and will end somehow.
    fn answer(&mut self, calls: &[i64]) {
        let mut answers = Vec::new();
        let mut undone = Vec::new();
        for &call in calls {
            let verdict = match self.random.below(100) {
                0..4 => "not_sent",
                4..6 => "throttled",
                6..8 => "refused_contact",
                _ => "placed",
            };
            self.saw(verdict);
            if verdict == "placed" {
                let (reason, said) = self.fate();
                let at = self.now + Duration::seconds(20 + self.random.below(600));
                self.saw(
                    if said.is_empty() { reason } else { &said }
                        .to_owned()
                        .as_str(),
                );
                self.ends.push(End {
                    at: std::cmp::Reverse(at),
                    call,
                    reason,
                    said,
                });
            } else {
                undone.push(call);
            }
            answers.push(json!({"call_id": call, "verdict": verdict, "retell_call_id": format!("retell_{call}"), "message": "no"}));
        }
        self.client
            .execute(
                &format!(
                    "select vioc.record_answers('{WORKER}', (
                       select jsonb_agg(a || jsonb_build_object('tenant_id', k.tenant_id))
                       from jsonb_array_elements($1) as a join vioc.calls as k on k.id = (a ->> 'call_id')::bigint), $2)"
                ),
                &[&Value::Array(answers), &self.now],
            )
            .unwrap();
        // nobody's phone rang
        self.client
            .execute("delete from sim.dials where call_id = any ($1)", &[&undone])
            .unwrap();
    }

    fn fate(&mut self) -> (&'static str, String) {
        match self.random.below(100) {
            0..25 => ("dial_no_answer", String::new()),
            25..35 => ("dial_busy", String::new()),
            35..50 => ("voicemail_reached", String::new()),
            50..55 => ("dial_failed", String::new()),
            55..58 => ("error_retell", String::new()),
            58..60 => ("concurrency_limit_reached", String::new()),
            _ => {
                let said = match self.random.below(16) {
                    0..4 => "callback",
                    4 => "cancelled",
                    5 => "reschedule",
                    6 => {
                        return ("user_hangup", {
                            let which = self.random.below(self.stops.len().try_into().unwrap());
                            self.stops[usize::try_from(which).unwrap()].clone()
                        });
                    }
                    7 => "wrong_number",
                    8 => self.random.of(&UNCLEAR),
                    9 => "declined",
                    _ => "confirmed",
                };
                ("user_hangup", said.to_owned())
            }
        }
    }

    /// A call ends, and its analysis comes.
    fn hear(&mut self, end: &End) {
        let at = end.at.0;
        let talked = !end.said.is_empty();
        let callback = at + Duration::minutes(5 + self.random.below(3 * 24 * 60));
        let row = self
            .client
            .query_one(
                "update sim.dials as d set on_line = false, ended_at = $3::timestamptz, conversed_at = case when $2 then $3::timestamptz end
                 from vioc.calls as k where d.call_id = $1 and k.id = $1 returning k.session_id::text, k.to_number::text, k.from_number::text",
                &[&end.call, &talked, &at],
            )
            .unwrap();
        let (session, to, from): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        let call = json!({
            "call_id": format!("retell_{}", end.call), "direction": "outbound", "to_number": to, "from_number": from,
            "metadata": {"session_id": session}, "disconnection_reason": end.reason,
        });
        let mut analysed = call.clone();
        analysed["call_analysis"] = json!({"custom_analysis_data": if talked {
            json!({"appointment_action": end.said, "callback_time": callback.to_rfc3339()})
        } else {
            json!({})
        }});
        for (event, call) in [("call_ended", call), ("call_analyzed", analysed)] {
            self.client
                .execute(
                    "select vioc.store_event($1::jsonb::text, 'ingest', null, $2)",
                    &[&json!({"event": event, "call": call}), &at],
                )
                .unwrap();
        }
        let table = match end.said.as_str() {
            said if self.stops.iter().any(|it| it == said) => Some(
                "insert into sim.stops select sim.telephone(k.to_number), k.tenant_id from vioc.calls as k where k.id = $1",
            ),
            "wrong_number" => Some(
                "insert into sim.wrong_numbers select sim.telephone(k.to_number), k.tenant_id, k.variables ->> 'customer_name' from vioc.calls as k where k.id = $1",
            ),
            "callback" => Some(
                "insert into sim.promises select k.id, c.id, k.tenant_id, k.to_number, c.next_call_at from vioc.calls as k
                 join vioc.contacts as c on c.id = k.contact_id
                 where k.id = $1 and c.status = 'callback' and not c.promise_refused and c.next_call_at is not null on conflict do nothing",
            ),
            said if said == "declined" || UNCLEAR.contains(&said) => Some(
                "insert into sim.unclear select k.id, sim.telephone(k.to_number), k.tenant_id from vioc.calls as k where k.id = $1 and k.status = 'completed'",
            ),
            _ => None,
        };
        if let Some(statement) = table {
            self.client.execute(statement, &[&end.call]).unwrap();
        }
        if end.reason == "concurrency_limit_reached" {
            // Retell never dialled it
            self.client
                .execute("delete from sim.dials where call_id = $1", &[&end.call])
                .unwrap();
        }
    }

    /// People and practices change their minds.
    fn change(&mut self) {
        let minutes = 30 + self.random.below(20 * 24 * 60);
        let later = self.now + Duration::minutes(minutes);
        if self.random.percent(10) {
            return self.correct_back();
        }
        let (what, statement) = match self.random.below(18) {
            0 => (
                "opt-out",
                "select vioc_do_not_call(tenant_id, phone) from vioc.contacts where id = $1 and $2::timestamptz is not null",
            ),
            1 | 2 => (
                "moved",
                "update vioc.contacts set appointment_time = $2 where id = $1",
            ),
            3 => (
                "cancelled",
                "update vioc.contacts set appointment_status = 'cancelled' where id = $1 and $2::timestamptz is not null",
            ),
            4 => (
                "booked again",
                "update vioc.contacts set appointment_status = 'booked' where id = $1 and $2::timestamptz is not null",
            ),
            5 => (
                "by hand",
                "update vioc.contacts set call_at = $2 where id = $1",
            ),
            6 => (
                "new phone",
                "update vioc.contacts set phone = (select phone from vioc.contacts where id = $1::bigint % 97 + 1) where id = $1 and $2::timestamptz is not null",
            ),
            7 => (
                "hours",
                "delete from vioc.calling_hours where id = (select max(id) - $1::bigint % 20 from vioc.calling_hours) and $2::timestamptz is not null",
            ),
            8 | 9 => (
                "reloaded",
                "select sim.reload($1, (array['same', 'new', null])[1 + $1::bigint % 3]) where $2::timestamptz is not null",
            ),
            12 => (
                "duplicate",
                "select sim.duplicate($1) where $2::timestamptz is not null",
            ),
            13 => (
                "family",
                "select sim.family($1) where $2::timestamptz is not null",
            ),
            14 => return self.correct(),
            15 => (
                "moved earlier",
                "update vioc.contacts set appointment_time = appointment_time - interval '40 minutes' where id = $1 and $2::timestamptz is not null",
            ),
            10 => (
                "moved a little",
                "update vioc.contacts set appointment_time = appointment_time + interval '15 minutes' where id = $1 and $2::timestamptz is not null",
            ),
            11 => (
                "reviewed",
                "select vioc_mark_reviewed(call_id) from vioc.needs_review where call_id % 3 = $1::bigint % 3 and $2::timestamptz is not null",
            ),
            _ => (
                "day off",
                "insert into vioc.blackout_dates (tenant_id, day) select tenant_id, $2::timestamptz::date from vioc.contacts where id = $1 on conflict do nothing",
            ),
        };
        self.saw(what);
        let contact = self.contact();
        self.client.execute(statement, &[&contact, &later]).unwrap();
        if what == "hours" {
            let tenant = 1 + self.random.below(6);
            hours(self.client, &mut self.random, tenant);
        }
    }

    /// One of whose appointment is soon, more often than not: there things happen.
    fn contact(&mut self) -> i64 {
        let soon: Option<i64> = self
            .client
            .query_one(
                "select (select id from vioc.contacts where appointment_time > $1 order by appointment_time offset $2 limit 1)",
                &[&self.now, &self.random.below(12)],
            )
            .unwrap()
            .get(0);
        let any = self.random.below(CONTACTS.try_into().unwrap());
        match soon {
            Some(id) if self.random.percent(70) => id,
            _ => self
                .client
                .query_one("select sim.contact($1)", &[&any])
                .unwrap()
                .get(0),
        }
    }

    /// A wrong digit, which a later import takes back.
    fn correct(&mut self) {
        let contact = self.contact();
        let phone: Option<String> = self
            .client
            .query_one("select phone from vioc.contacts where id = $1", &[&contact])
            .unwrap()
            .get(0);
        if let Some(phone) = phone {
            self.saw("corrected");
            self.client
                .execute("update vioc.contacts set phone = overlay(phone placing ((right(phone, 1)::integer + 1) % 10)::text from length(phone)) where id = $1", &[&contact])
                .unwrap();
            self.phones.push((contact, phone));
        }
    }

    fn correct_back(&mut self) {
        if let Some((contact, phone)) = self.phones.pop() {
            self.saw("corrected back");
            self.client
                .execute(
                    "update vioc.contacts set phone = $2 where id = $1",
                    &[&contact, &phone],
                )
                .unwrap();
        }
    }

    fn press(&mut self) {
        let contact = self.contact();
        let force = self.random.percent(50);
        let answer: String = self
            .client
            .query_one(
                "select sim.press($1, $2, $3)",
                &[&contact, &force, &self.now],
            )
            .unwrap()
            .get(0);
        self.saw(&format!("pressed {answer}"));
    }

    /// The next instant at which something may happen; now and then one at which nothing need.
    fn advance(&mut self) {
        let event: Option<DateTime<Utc>> = self
            .client
            .query_one("select sim.next_event($1)", &[&self.now])
            .unwrap()
            .get(0);
        let idle = self.now + Duration::minutes(120 + self.random.below(800));
        let next = [event, self.ends.peek().map(|end| end.at.0)]
            .into_iter()
            .flatten()
            .fold(idle, DateTime::min);
        // pg_cron and the worker come by a moment later
        let late = Duration::milliseconds(self.random.below(60_000));
        self.now = next.max(self.now + Duration::minutes(3)) + late;
        if self.random.below(250) == 0 {
            // nothing runs for days
            self.saw("outage");
            self.now += Duration::hours(10 + self.random.below(70));
        }
        self.tell_time();
    }
}

#[test]
fn in_a_year_of_random_schedules_nobody_is_called_against_the_rules() {
    let seed = std::env::var("VIOC_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| Utc::now().timestamp().unsigned_abs());
    println!("VIOC_SEED={seed} repeats this year");
    let started = Instant::now();
    let cluster = start();
    let mut client = cluster.connect(DATABASE);
    break_one(&mut client);
    for script in [
        include_str!("../sql/clock.psql"),
        include_str!("year/ledger.sql"),
    ] {
        client.batch_execute(script).unwrap();
    }
    client
        .batch_execute("set client_min_messages = warning; set sim.now = '2031-02-01 00:00+00'; select vioc.installation_id();")
        .unwrap();
    let mut random = Random(seed);
    let begin: DateTime<Utc> = "2031-02-01T00:00:00Z".parse().unwrap();
    practices(&mut client, &mut random);
    for _ in 0..CONTACTS {
        contact(&mut client, &mut random, begin);
    }
    client.batch_execute("analyze").unwrap();
    let stops = client
        .query("select w from vioc.default_outcome_words() as d, unnest(d.words) as w where d.outcome = 'do_not_call'", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .chain(STOPS.map(str::to_owned))
        .collect();

    let mut year = Year {
        client: &mut client,
        random,
        now: begin,
        ends: BinaryHeap::new(),
        dialled: 0,
        seen: BTreeMap::new(),
        stops,
        phones: Vec::new(),
    };
    let mut rounds = 0;
    while year.now < begin + Duration::days(366) {
        while year.ends.peek().is_some_and(|end| end.at.0 <= year.now) {
            let end = year.ends.pop().unwrap();
            year.hear(&end);
        }
        if year.random.percent(8) {
            year.change();
        }
        if year.random.percent(4) {
            year.press();
        }
        year.dial();
        year.check();
        year.advance();
        rounds += 1;
        if rounds % 1000 == 0 {
            year.client.batch_execute("analyze").unwrap();
        }
    }
    println!(
        "{} calls in {rounds} rounds, {:?}: {:?}",
        year.dialled,
        started.elapsed(),
        year.seen
    );

    // a year in which little happened would prove little
    assert!(year.dialled > 500, "{} calls", year.dialled);
    for what in [
        "confirmed",
        "callback",
        "dial_no_answer",
        "moved",
        "duplicate",
        "family",
        "corrected back",
        "outage",
        "opt-out",
        "reloaded",
        "declined",
        "pressed queued",
        "pressed refused",
    ] {
        assert!(year.seen.contains_key(what), "{what} never happened");
    }
    let stuck: i64 = client
        .query_one(
            "select count(*) from vioc.calls where status = 'queued' and appointment_time < $1",
            &[&begin],
        )
        .unwrap()
        .get(0);
    assert_eq!(stuck, 0, "no call waits for an appointment that is over");
    let forgotten: i64 = client
        .query_one(
            "select count(*) from vioc.contacts
             where status = 'callback' and appointment_status = 'booked' and phone_e164 is not null and not needs_review
               and (next_call_at is null or next_call_at < $1::timestamptz + interval '363 days')
               and not exists (select from vioc.calls as k where k.contact_id = contacts.id and k.is_open)",
            &[&begin],
        )
        .unwrap()
        .get(0);
    assert_eq!(forgotten, 0, "every promise is kept, or a person knows");
}
