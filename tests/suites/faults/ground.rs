//! What moves under the worker: the clock, the configuration, the key, the limits of its process; who calls the due people;
//! and a tenant that holds every lock it can hold. Each is put right again in the same round, or in the next.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use postgres::{Client, NoTls};
use retell_simulator::{ApiKey, CreateFault, RequestLog, Script};
use vioc_tests::cluster::{Builder as ClusterBuilder, as_server_user, new_directory};
use vioc_tests::practice::{APP, KEY, Practice};
use vioc_tests::wait::{LONG, poll};

use crate::people::{Meddling, Person};
use crate::storm::{Storm, Strike, practice};

/// Another key of the same workspace, and one that Retell does not know.
const OTHER_KEY: &str = "key_of_the_first_tenant_cccc";
const UNKNOWN_KEY: &str = "key_of_nobody_dddd";
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A silence as long as this has a reason that the doctor knows.
const SILENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Move {
    /// The server's clock is set, and Retell's with it.
    BothClocks,
    /// The server's alone.
    Clock,
    /// It runs fast, or slow.
    Rate,
    /// A line that decides where calls go, when, or whether they are real cannot be used.
    BadLine,
    /// Another key of the workspace, or of none.
    Key,
    /// Nobody calls the due people.
    NoScheduler,
    /// No file can be opened.
    Descriptors,
    /// Little memory, and answers that are long.
    Memory,
}

impl Move {
    pub(crate) fn any(random: &mut Rng) -> Self {
        match random.u32(0..12) {
            0 | 1 => Self::BothClocks,
            2 | 3 => Self::Clock,
            4 => Self::Rate,
            5 | 6 => Self::BadLine,
            7 | 8 => Self::Key,
            9 => Self::NoScheduler,
            10 => Self::Descriptors,
            _ => Self::Memory,
        }
    }
}

pub(crate) struct Ground {
    key_file: PathBuf,
    places: Places,
    /// How far Retell's clock is ahead, when it was set (`Simulator::seconds`), and how far ahead it was before.
    clock: (i64, f64, i64),
    /// The same, of each time before.
    clocks: Vec<(i64, f64, i64)>,
    hostages: Vec<Client>,
    /// When, by Retell's running clock, the server's clocks were let run ahead, and by how many seconds.
    pub(crate) passed: Vec<(f64, f64)>,
    dials: (u64, Instant),
    pub(crate) sent_while_stopped: Vec<String>,
    pub(crate) silent: Vec<String>,
}

impl Ground {
    pub(crate) fn open() -> (Practice, Self) {
        let secrets = new_directory(false).join("secrets");
        fs::create_dir_all(&secrets).unwrap();
        let key_file = secrets.join("retell.key");
        fs::write(&key_file, KEY).unwrap();
        let key = |key: &str| ApiKey::new(key).org("ours").webhook_key(KEY);
        let practice = practice(3)
            .setting("vioconcierge.secrets_dir", secrets.display())
            .setting("max_prepared_transactions", 8)
            .cluster(ClusterBuilder::clock)
            .retell(|it| {
                it.api_keys = vec![
                    key(KEY),
                    key(OTHER_KEY),
                    ApiKey::new("key_of_the_holder_bbbb"),
                ];
            })
            .open();
        practice.run(
            "select vioc_set_credentials(1, 'file:retell.key', $$key_of_the_first_tenant_aaaa$$)",
        );
        let holder = practice.new_tenant("Holder", "+12125550177", Some("key_of_the_holder_bbbb"));
        for access in ["viewer", "operator", "admin"] {
            practice.run(&format!(
                "create role {access}_{holder}; select vioc_grant('{access}_{holder}', '{access}', {holder})"
            ));
        }
        practice.contact_of(holder, "+12125557700");
        let places = Places::now(&mut practice.connect());
        places.make_hours_legal(&practice);
        let ground = Self {
            key_file,
            places,
            clock: (0, 0.0, 0),
            clocks: Vec::new(),
            hostages: Vec::new(),
            passed: Vec::new(),
            dials: (0, Instant::now()),
            sent_while_stopped: Vec::new(),
            silent: Vec::new(),
        };
        (practice, ground)
    }
}

/// Places of people, of whom some may be called at this time of day, whenever the test runs, and some may not.
struct Places {
    /// Where their numbers are.
    area_code: &'static str,
    awake: &'static str,
    asleep: &'static str,
    /// From when until when it is legal to call, in minutes of the day.
    legal: (i32, i32),
}

impl Places {
    /// Hours by Honolulu where it is near midnight in New York.
    fn now(client: &mut Client) -> Self {
        let mut minute = |zone: &str| {
            let sql = "select extract(hour from t)::integer * 60 + extract(minute from t)::integer from (select now() at time zone $1 as t) as t";
            client.query_one(sql, &[&zone]).unwrap().get::<_, i32>(0)
        };
        let (area_code, awake) = match minute("America/New_York") {
            0..1080 => ("646", "America/New_York"),
            _ => ("808", "Pacific/Honolulu"),
        };
        let noon = minute(awake);
        let legal = ((noon - 480).max(0), (noon + 600).min(24 * 60));
        let zones = [
            "Asia/Tokyo",
            "Europe/Paris",
            "Asia/Kolkata",
            "Pacific/Auckland",
            "America/New_York",
            "America/Denver",
        ];
        let asleep = zones.into_iter().max_by_key(|zone| {
            let at = minute(zone);
            (legal.0 - at).max(at - legal.1)
        });
        Self {
            area_code,
            awake,
            asleep: asleep.unwrap_or(awake),
            legal,
        }
    }

    fn make_hours_legal(&self, practice: &Practice) {
        let time = |minute: i32| format!("{:02}:{:02}", minute / 60, minute % 60);
        practice.run(&format!(
            "alter system set vioconcierge.legal_hours = '{}-{}'",
            time(self.legal.0),
            time(self.legal.1)
        ));
        practice.run("select pg_reload_conf()");
    }
}

impl Ground {
    /// A tenth of the people are where it is night.
    pub(crate) fn place(&self, person: &mut Person, random: &mut Rng) {
        person.phone = person.phone.replacen("646", self.places.area_code, 1);
        if person.meddling == Meddling::None && random.u32(0..10) == 0 {
            person.meddling = Meddling::Asleep;
        }
    }

    /// Requests that rang where it was too early or too late, by Retell's clock; within three seconds after it was set, by the
    /// one before, too.
    pub(crate) fn outside_hours(
        &self,
        client: &mut Client,
        requests: &[RequestLog],
        people: &[Person],
    ) -> Vec<String> {
        let asleep: HashSet<&str> = people
            .iter()
            .filter(|it| it.meddling == Meddling::Asleep)
            .map(|it| it.phone.as_str())
            .collect();
        let sql = "select bool_or(not exists (select from unnest($2::text[]) as z where extract(hour from to_timestamp(s) at time zone z) * 60 + extract(minute from to_timestamp(s) at time zone z) not between $3::integer and $4::integer - 1)) from unnest($1::float8[]) as s";
        let is_legal = client.prepare(sql).unwrap();
        let mut found = Vec::new();
        for request in requests
            .iter()
            .filter(|it| it.path == "/v2/create-phone-call")
        {
            let body = request.json();
            let to = body["to_number"].as_str().unwrap_or_default();
            let mut zones = vec![self.places.awake];
            if asleep.contains(to) {
                zones.push(self.places.asleep);
            }
            let at = request
                .at
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            let mut times = vec![at.as_secs_f64()];
            for (now, since, before) in self.clocks.iter().chain([&self.clock]) {
                if (0.0..3.0).contains(&(request.started - since)) {
                    times.push(at.as_secs_f64() + (before - now) as f64);
                }
            }
            let row = client.query_one(
                &is_legal,
                &[&times, &zones, &self.places.legal.0, &self.places.legal.1],
            );
            if !row.unwrap().get::<_, bool>(0) {
                found.push(format!("{:?} in {zones:?}", request.at));
            }
        }
        found
    }
}

impl Storm {
    /// Something moves, something else may break meanwhile, and then it is put right.
    pub(crate) fn move_ground(&mut self, what: Move, kill: Option<Strike>) {
        match what {
            Move::BothClocks | Move::Clock | Move::Rate => self.move_clock(what, kill),
            Move::BadLine => self.write_a_bad_line(kill),
            Move::Key => self.change_the_key(kill),
            Move::NoScheduler => self.meanwhile(kill),
            Move::Descriptors => {
                self.limit_worker("--nofile=20:");
                self.meanwhile(kill);
                self.limit_worker("--nofile=1024:");
            }
            Move::Memory => {
                let long = CreateFault::huge(7 * 1024 * 1024);
                let script = Script::path("/v2/get-call/").times(20).answer(long);
                self.practice.retell.script(script);
                if let Some(size) = self.worker().and_then(address_space) {
                    self.limit_worker(&format!("--as={}:", size + (300 << 20)));
                }
                if let Some(mut client) = self.connect() {
                    let _ = client.batch_execute(
                        "update vioc.calls set look_up_at = clock_timestamp() where status in ('placed', 'ongoing')",
                    );
                }
                self.meanwhile(kill);
                self.limit_worker("--as=unlimited:");
            }
        }
    }

    /// A moment in which calls go on, due ones are called, and something may break.
    fn meanwhile(&mut self, kill: Option<Strike>) {
        if let Some(kill) = kill {
            self.strike(kill);
        }
        let before = self.practice.retell.counters().requests;
        let enough = before + self.random.u64(1..8);
        let at_most = Duration::from_millis(self.random.u64(200..1500));
        self.practice
            .retell
            .wait_for(|now| now.counters().requests >= enough, at_most);
    }

    fn move_clock(&mut self, what: Move, kill: Option<Strike>) {
        let steps = [
            90,
            10 * MINUTE,
            HOUR,
            10 * HOUR,
            DAY,
            8 * DAY,
            2 * 365 * DAY,
        ];
        let step = steps[self.random.usize(0..steps.len())];
        let step = if self.random.bool() { step } else { -step };
        let noticed = |storm: &Self| {
            let log = storm.practice.cluster.log();
            log.matches("the server's clock was set").count()
        };
        let before = noticed(self);
        match what {
            Move::Rate => {
                let rates = [-0.9, -0.5, 2.0, 20.0];
                let rate = rates[self.random.usize(0..rates.len())];
                self.practice.cluster.clock().run_fast(rate);
            }
            Move::Clock => self.practice.cluster.clock().set(step),
            _ => {
                self.practice.cluster.clock().set(step);
                self.set_retells_clock(step);
            }
        }
        // at once, before the worker has noticed, or after
        if self.random.bool() {
            poll(Duration::from_secs(3), || {
                (noticed(self) > before).then_some(())
            });
        }
        if let Some(mut client) = self.connect() {
            let _ = client.batch_execute("select vioc_enqueue_due(); select vioc_purge()");
        }
        self.meanwhile(kill);
        self.practice.cluster.clock().set(0);
        self.set_retells_clock(0);
    }

    fn set_retells_clock(&mut self, ahead: i64) {
        self.practice.retell.set_clock(ahead * 1000);
        let at = self.practice.retell.seconds();
        let ground = self.ground();
        ground.clocks.push(ground.clock);
        ground.clock = (ahead, at, ground.clock.0);
    }

    /// As an editor does it; read by a reload, or by a start.
    fn write_a_bad_line(&mut self, kill: Option<Strike>) {
        let lines = [
            ("api_base_url", "127.0.0.1:9000"),
            ("simulate", "perhaps"),
            ("legal_hours", "8-24"),
            ("webhook_base_url", "calls.example.com"),
            ("https_proxy", "proxy.example.com:3128"),
        ];
        let (name, value) = lines[self.random.usize(0..lines.len())];
        let file = self
            .practice
            .cluster
            .data_dir()
            .join("postgresql.auto.conf");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{before}vioconcierge.{name} = '{value}'\n")).unwrap();
        if let Some(mut client) = self.connect() {
            let _ = client.batch_execute("select pg_reload_conf()");
        }
        if let Some(kill) = kill {
            self.strike(kill);
        }
        let sql = format!(
            "select state = 'stopped' and settings_error ~ '{name}' from vioc.worker_status"
        );
        if self.becomes(&sql, LONG) {
            // what was claimed before it was noticed may still go
            let claimed = "select count(*) from vioc.calls where dispatching_at is not null";
            let before = self.count(claimed);
            self.meanwhile(None);
            let after = self.count(claimed);
            let is_still = self.becomes(&sql, Duration::from_millis(1));
            if before.is_some() && before < after && is_still {
                let line =
                    format!("{before:?} calls were claimed, and {after:?} with a bad {name}");
                self.ground().sent_while_stopped.push(line);
            }
        } else {
            let line = format!("nothing says that {name} cannot be used");
            self.ground().silent.push(line);
        }
        fs::write(&file, before).unwrap();
        if let Some(mut client) = self.connect() {
            let _ = client.batch_execute("select pg_reload_conf()");
        }
    }

    fn change_the_key(&mut self, kill: Option<Strike>) {
        let keys = [OTHER_KEY, UNKNOWN_KEY, "", "key_of_two_lines\nkey_old"];
        let key = keys[self.random.usize(0..keys.len())];
        let file = self.ground().key_file.clone();
        fs::write(&file, key).unwrap();
        if let Some(mut client) = self.connect() {
            let _ = client.batch_execute("select pg_reload_conf(); select vioc_enqueue_due()");
        }
        self.meanwhile(kill);
        fs::write(&file, KEY).unwrap();
        if let Some(mut client) = self.connect() {
            let _ = client.batch_execute("select pg_reload_conf(); select vioc_resume(1)");
        }
    }

    /// Now and then a tenant holds every row that it can hold, in transactions that stay open over what breaks next.
    pub(crate) fn take_hostages(&mut self) {
        if self.ground.is_none() || self.random.u32(0..4) != 0 {
            return;
        }
        self.let_hostages_go();
        let mut held = [
            (
                "admin_2",
                "select from vioc.tenants for update; select from vioc.calling_hours for update",
            ),
            ("operator_2", "select from vioc.contacts for update"),
            (
                "operator_2",
                "declare c cursor for select * from vioc.call_history; fetch c; select pg_advisory_xact_lock(1)",
            ),
            // by its analysis alone, it holds a table as if it wrote
            (
                "viewer_2",
                "select from vioc_events(); prepare p as delete from vioc.calls; prepare q as delete from vioc.contacts; select from pg_class; listen vioc_events",
            ),
            (
                "admin_2",
                "select vioc_pause(2); select vioc_resume(2); prepare transaction 'held'",
            ),
        ];
        // those that cannot have theirs beside the others do without
        self.random.shuffle(&mut held);
        let mut hostages = Vec::new();
        for (role, statements) in held {
            let Ok(mut client) = self.practice.cluster.config(APP).connect(NoTls) else {
                continue;
            };
            let sql = format!("set role {role}; set lock_timeout = '100ms'; begin; {statements}");
            if client.batch_execute(&sql).is_ok() {
                hostages.push(client);
            }
        }
        self.ground().hostages = hostages;
        self.queue_for_what_is_held();
    }

    /// What the tenant may not do, and PostgreSQL would wait for the hostages before it said so: it is refused at once.
    fn queue_for_what_is_held(&mut self) {
        for statement in [
            "drop extension vioconcierge",
            "create rule r as on insert to vioc.calls do nothing",
            "create trigger t before insert on vioc.contacts for each row execute function suppress_redundant_updates_trigger()",
            "create temp table t (id bigint references vioc.calls)",
            "grant select on vioc.calls to viewer_2",
        ] {
            let Ok(mut client) = self.practice.cluster.config(APP).connect(NoTls) else {
                continue;
            };
            let sql = format!("set role viewer_2; set lock_timeout = '5s'; begin; {statement}");
            if let Err(error) = client.batch_execute(&sql)
                && error.code() == Some(&postgres::error::SqlState::LOCK_NOT_AVAILABLE)
            {
                let line = format!("{statement} waits, and others behind it");
                self.ground().silent.push(line);
            }
        }
    }

    pub(crate) fn let_hostages_go(&mut self) {
        let Some(ground) = &mut self.ground else {
            return;
        };
        ground.hostages.clear();
        if let Some(mut client) = self.connect() {
            let _ = client.batch_execute("rollback prepared 'held'");
        }
    }

    /// What cannot be undone waits for ten minutes after the clock was set: they pass, once Retell has made the calls that it
    /// makes late.
    pub(crate) fn settle_clock(&mut self) {
        if self.ground.is_none() {
            return;
        }
        assert!(self.practice.retell.wait_until_idle(10 * LONG));
        let time = Duration::from_secs(11 * 60);
        for ahead in 1..=5 {
            self.practice.cluster.clock().pass(time);
            let at = self.practice.retell.seconds();
            self.ground().passed.push((at, time.as_secs_f64()));
            self.set_retells_clock(ahead * 11 * MINUTE);
            // else a worker that was down has met the last step only now
            if self.becomes("select settled from vioc.clock_report()", LONG) {
                break;
            }
        }
    }

    pub(crate) fn delete_who_is_asleep(&self) {
        if self.ground.is_some() {
            let sql = format!(
                "delete from vioc.contacts where time_zone = '{}'",
                self.asleep().unwrap_or_default()
            );
            self.practice.run(&sql);
        }
    }

    /// The time zone where it is night, if anybody is there.
    pub(crate) fn asleep(&self) -> Option<&'static str> {
        self.ground.as_ref().map(|it| it.places.asleep)
    }

    /// Calls that could go have waited for a minute, and none went: the doctor has a reason.
    pub(crate) fn watch_silence(&mut self) {
        let creates = self.practice.retell.counters().dials;
        let Some(ground) = &mut self.ground else {
            return;
        };
        if ground.dials.0 != creates {
            ground.dials = (creates, Instant::now());
        }
        if ground.dials.1.elapsed() < SILENCE {
            return;
        }
        ground.dials.1 = Instant::now();
        let sql = "select coalesce(lag > interval '1 minute', false) and not exists (select from vioc_doctor() where not ok and check_name not in ('base_url', 'webhook_url', 'legal_hours', 'durability', 'enqueue_runs', 'purge_runs')) from vioc.worker_status";
        if self.becomes(sql, Duration::from_millis(1)) {
            let line = "calls wait for a minute and all is said to be well".to_owned();
            self.ground().silent.push(line);
        }
    }

    fn ground(&mut self) -> &mut Ground {
        self.ground.as_mut().expect("this ground moves")
    }

    fn becomes(&self, sql: &str, at_most: Duration) -> bool {
        let mut client = None;
        poll(at_most, || {
            if client.as_ref().is_none_or(Client::is_closed) {
                client = self.connect();
            }
            let row = client.as_mut()?.query_one(sql, &[]).ok()?;
            row.get::<_, Option<bool>>(0)?.then_some(())
        })
        .is_some()
    }

    fn count(&self, sql: &str) -> Option<i64> {
        let row = self.connect()?.query_one(sql, &[]).ok()?;
        Some(row.get(0))
    }

    fn worker(&self) -> Option<i32> {
        let sql = "select pid from pg_stat_activity where backend_type = 'vioconcierge worker'";
        let row = self.connect()?.query_opt(sql, &[]).ok()??;
        Some(row.get(0))
    }

    fn limit_worker(&self, limit: &str) {
        if let Some(worker) = self.worker() {
            let mut tool = as_server_user("prlimit");
            // it may be gone by now
            let _ = tool.args(["--pid", &worker.to_string(), limit]).output();
        }
    }
}

fn address_space(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmSize:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}
