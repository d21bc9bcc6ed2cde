//! Rounds of calls, each of which something breaks in the middle of.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fastrand::Rng;
use postgres::{Client, NoTls};
use rustix::process::{Pid, Signal, kill_process};
use vioc_tests::Stop;
use vioc_tests::practice::{APP, Builder, Practice, call_contact};
use vioc_tests::wait::{LONG, poll};

use crate::findings::{self, Findings, judge};
use crate::ground::{Ground, Move};
use crate::people::{Meddling, Mix, Person, RECONCILE, scripts};

const CALLS_PER_ROUND: usize = 20;
/// Everything that was in doubt or silent is resolved in this time after the last round.
const SETTLING: Duration = Duration::from_secs(300);

/// Impatient, so that rounds are short; and a WAL writer that helps nobody whose commit was not durable.
pub(crate) fn practice(retries: u32) -> Builder {
    Practice::builder()
        .setting("vioconcierge.request_timeout", "2s")
        .setting("vioconcierge.connect_timeout", "1s")
        .setting("vioconcierge.reconcile_after", RECONCILE.as_secs())
        .setting("vioconcierge.max_in_flight", 16)
        .setting("vioconcierge.backoff_cap", "2s")
        .setting("wal_writer_delay", "10s")
        .retell(|it| {
            it.fate_by_number = true;
            it.webhook_retries = retries;
        })
}

/// How the server, or the worker, is broken; or what moves under them, and is put right again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strike {
    KillWorker,
    KillPostmaster,
    ImmediateStop,
    FastRestart,
    TerminateWorker,
    Ground(Move),
}

impl Strike {
    fn kill(random: &mut Rng) -> Self {
        match random.u32(0..20) {
            0..=6 => Self::KillWorker,
            7..=13 => Self::KillPostmaster,
            14 | 15 => Self::ImmediateStop,
            16 | 17 => Self::FastRestart,
            _ => Self::TerminateWorker,
        }
    }

    fn any(random: &mut Rng) -> Self {
        match random.u32(0..5) {
            0 | 1 => Self::Ground(Move::any(random)),
            _ => Self::kill(random),
        }
    }
}

pub(crate) struct Storm {
    pub(crate) practice: Practice,
    pub(crate) people: Vec<Person>,
    pub(crate) strikes: BTreeMap<Strike, usize>,
    pub(crate) open_twice: Vec<String>,
    pub(crate) random: Rng,
    pub(crate) ground: Option<Ground>,
    mix: Mix,
}

impl Storm {
    pub(crate) fn over(practice: Practice, mix: Mix, seed: u64) -> Self {
        practice.run("select vioc_go_live(1)");
        Self {
            practice,
            people: Vec::new(),
            strikes: BTreeMap::new(),
            open_twice: Vec::new(),
            random: Rng::with_seed(seed),
            ground: None,
            mix,
        }
    }

    /// Over a practice under which the ground moves.
    pub(crate) fn over_moving_ground(seed: u64) -> Self {
        let (practice, ground) = Ground::open();
        let mut storm = Self::over(practice, Mix::Everything, seed);
        storm.ground = Some(ground);
        storm
    }

    /// Calls a score of people and breaks something before all of them are dialled.
    pub(crate) fn round(&mut self, strike: Option<Strike>) {
        self.take_hostages();
        self.call_people();
        let strike = strike.unwrap_or_else(|| match self.ground {
            Some(_) => Strike::any(&mut self.random),
            None => Strike::kill(&mut self.random),
        });
        self.strike(strike);
        if let Some(mut client) = self.connect() {
            let found = findings::open_twice(&mut client).unwrap_or_default();
            self.open_twice.extend(found);
        }
        self.watch_silence();
    }

    /// Returns when a random number of the calls has reached Retell.
    pub(crate) fn call_people(&mut self) {
        let before = self.practice.retell.counters().requests;
        let first = self.people.len();
        let mut client = self.connect();
        if let Some(client) = &mut client {
            // whatever the server prefers
            let _ = client.batch_execute("set synchronous_commit = on");
        }
        for _ in 0..CALLS_PER_ROUND {
            let person = self.new_person();
            let asleep = self.asleep();
            self.people.push(call(client.as_mut(), person, asleep));
        }
        let mut meddler = match self.mix {
            Mix::Everything => self.practice.cluster.config(APP).connect(NoTls).ok(),
            // every commit of others would make an undurable claim durable
            Mix::LateCreations | Mix::KeysKnown => None,
        };
        if let Some(client) = &mut client {
            let _ = client.execute("select vioc_enqueue_due()", &[]);
        }
        let enough = before + self.random.u64(1..=CALLS_PER_ROUND as u64);
        let arrived = |now: &retell_simulator::Snapshot<'_>| now.counters().requests >= enough;
        // Not a synchronisation: faults may keep the requests away.
        self.practice
            .retell
            .wait_for(arrived, Duration::from_millis(400));
        if let Some(client) = &mut meddler {
            for person in &self.people[first..] {
                meddle(client, person);
            }
        }
    }

    /// People whose contact is stored, and who are not called yet.
    pub(crate) fn contacts_without_call(&mut self) -> Vec<i64> {
        let mut client = self.connect().expect("the server is there");
        (0..CALLS_PER_ROUND)
            .map(|_| {
                let mut person = self.new_person();
                person.meddling = Meddling::None;
                person.is_due = false;
                let contact = store(&mut client, &person, None).expect("a contact can be stored");
                person.is_acknowledged = true;
                self.people.push(person);
                contact
            })
            .collect()
    }

    /// Calls them, and returns when a good part has reached Retell.
    pub(crate) fn call_contacts(&self, contacts: &[i64]) {
        let before = self.practice.retell.counters().requests;
        let mut client = self.connect().expect("the server is there");
        for contact in contacts {
            call_contact(&mut client, *contact);
        }
        let enough = before + contacts.len() as u64 * 3 / 4;
        assert!(
            self.practice
                .retell
                .wait_for(|now| now.counters().requests >= enough, LONG)
        );
    }

    pub(crate) fn calls(&self) -> Vec<i64> {
        let mut client = self.connect().expect("the server is there");
        let rows = client.query("select id from vioc.calls", &[]);
        let rows = rows.expect("calls can be read");
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn new_person(&mut self) -> Person {
        let mut person = Person::new(&mut self.random);
        if let Some(ground) = &self.ground {
            ground.place(&mut person, &mut self.random);
        }
        for script in scripts(&person, self.mix, &mut self.random) {
            self.practice.retell.script(script);
        }
        person
    }

    pub(crate) fn strike(&mut self, strike: Strike) {
        *self.strikes.entry(strike).or_default() += 1;
        if let Strike::Ground(what) = strike {
            let kill = match self.random.u32(0..3) {
                0 => Some(Strike::kill(&mut self.random)),
                _ => None,
            };
            return self.move_ground(what, kill);
        }
        let cluster = &self.practice.cluster;
        match strike {
            Strike::KillPostmaster => {
                cluster.kill9_postmaster();
                cluster.start();
            }
            Strike::ImmediateStop => cluster.restart(Stop::Immediate),
            Strike::FastRestart => cluster.restart(Stop::Fast),
            Strike::KillWorker | Strike::TerminateWorker => {
                let signal = match strike {
                    Strike::KillWorker => Signal::KILL,
                    _ => Signal::TERM,
                };
                let worker = cluster
                    .workers()
                    .into_iter()
                    .find(|it| it.database.is_some());
                if let Some(pid) = worker.and_then(|it| Pid::from_raw(it.pid)) {
                    let _ = kill_process(pid, signal);
                }
            }
            Strike::Ground(_) => {}
        }
    }

    /// Once the server is there again.
    pub(crate) fn connect(&self) -> Option<Client> {
        poll(LONG, || {
            self.practice.cluster.config(APP).connect(NoTls).ok()
        })
    }

    /// No more faults. What waits for a timer of minutes or hours is told that they are over; then everything must come
    /// to its end by itself.
    pub(crate) fn settle(&mut self) {
        self.practice.retell.clear_scripts();
        self.let_hostages_go();
        self.settle_clock();
        self.delete_who_is_asleep();
        let deadline = Instant::now() + SETTLING;
        let mut hurried = Instant::now() - LONG;
        let mut client = self.connect();
        // the numbers of the others rest for hours, and judging them again and again would keep all others waiting
        let hurried_attempts = match self.ground {
            Some(_) => " and attempt = 1",
            None => "",
        };
        poll(SETTLING, || {
            if client.as_ref().is_none_or(Client::is_closed) {
                client = self.connect();
            }
            let client = client.as_mut()?;
            if hurried.elapsed() > Duration::from_secs(2) {
                hurried = Instant::now();
                let _ = client.batch_execute(&format!(
                    "select vioc_enqueue_due();
                     update vioc.credentials set throttled_until = null;
                     update vioc.calls set due_at = now() where status = 'queued' and due_at > now(){hurried_attempts};
                     update vioc.calls set look_up_at = now() where look_up_at > now();
                     -- what the practice took back, or was sent with another key, is not sent again, and given up after fifty minutes
                     update vioc.calls as c set first_posted_at = c.first_posted_at - interval '50 minutes'
                     where c.status = 'unconfirmed' and c.unconfirmed_at < now() - interval '45 s' and (c.cancel_requested_at is not null
                       or c.key_digest is distinct from vioc.key_digest(vioc.api_key(c.credential_id)) or not exists (
                       select from vioc.contacts as ct where ct.id = c.contact_id and ct.appointment_time = c.appointment_time));
                     update vioc.calls set ended_at = ended_at - interval '10 minutes' where status = 'ended' and ended_at > now() - interval '10 minutes'"
                ));
            }
            // what was given up is asked about for a day, of which three times will do here; what was decided without its analysis, too
            let sql = "select not exists (select from vioc.calls where is_open and not (status = 'queued' and attempt > 1) or look_up_at is not null and (look_ups < 3 or retell_call_id is not null))";
            let is_settled: bool = client.query_one(sql, &[]).ok()?.get(0);
            (is_settled && self.practice.retell.wait_until_idle(LONG) || Instant::now() > deadline)
                .then_some(())
        });
        assert!(self.practice.retell.wait_until_idle(LONG));
    }

    /// What is amiss, and what the first calls wait for that are open still.
    fn doctor(&self) -> String {
        let mut client = self.connect().expect("the server is there");
        let sql = "select coalesce(string_agg(w.line, E'\\n'), '') from (
             select check_name || ': ' || detail as line from vioc_doctor() where not ok
             union all
             select format('call %s, %s, tenant %s, attempt %s, priority %s, looked up in %s, due in %s, queued %s, expires in %s: %s', c.id, c.status, c.tenant_id, c.attempt, c.priority, c.look_up_at - now(), c.due_at - now(), c.queued_at, c.not_after - now(), (
               select string_agg(r.detail, '; ') from vioc_explain_contact(c.contact_id) as r where not r.ok))
             from (select * from vioc.calls where is_open order by attempt, id limit 10) as c) as w";
        let row = client.query_one(sql, &[]);
        row.map_or_else(|error| error.to_string(), |row| row.get(0))
    }

    pub(crate) fn judge(&mut self) -> Findings {
        let mut client = self.connect().expect("the server is there");
        let mut findings = judge(
            &mut client,
            &self.practice.retell,
            &self.people,
            self.ground.is_some(),
            self.ground.as_ref().map_or(&[], |it| &it.passed),
        );
        findings.open_twice.append(&mut self.open_twice);
        if let Some(ground) = &mut self.ground {
            findings
                .sent_while_stopped
                .append(&mut ground.sent_while_stopped);
            findings.silent.append(&mut ground.silent);
            let requests = self.practice.retell.requests();
            findings.outside_hours = ground.outside_hours(&mut client, &requests, &self.people);
        }
        findings
    }
}

/// In the app's transactions; what was not acknowledged may or may not be there.
fn call(client: Option<&mut Client>, mut person: Person, asleep: Option<&'static str>) -> Person {
    let Some(client) = client else {
        return person;
    };
    let stored = store(client, &person, asleep).and_then(|contact| {
        if !person.is_due {
            client.query_one("select vioc_call_contact($1)", &[&contact])?;
        }
        Ok(())
    });
    person.is_acknowledged = stored.is_ok();
    person
}

/// `asleep`: the time zone of those that are.
fn store(
    client: &mut Client,
    person: &Person,
    asleep: Option<&str>,
) -> Result<i64, postgres::Error> {
    let zone = asleep.filter(|_| person.meddling == Meddling::Asleep);
    let call_at = if person.is_due {
        "now() - interval '1 minute'"
    } else {
        "null"
    };
    let sql = format!(
        "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, time_zone, call_at) \
         values (1, $1, 'Maria Jones', $2, now() + interval '3 days', $3, {call_at}) returning id"
    );
    let row = client.query_one(&sql, &[&person.external_id, &person.phone, &zone])?;
    Ok(row.get(0))
}

fn meddle(client: &mut Client, person: &Person) {
    let sql = match person.meddling {
        Meddling::None | Meddling::Asleep => return,
        Meddling::CancelCall => {
            "select vioc_cancel_call(c.id) from vioc.calls as c join vioc.contacts as ct on ct.id = c.contact_id where ct.external_id = $1"
        }
        Meddling::CancelAppointment => {
            "update vioc.contacts set appointment_status = 'cancelled' where external_id = $1"
        }
        Meddling::MoveAppointment => {
            "update vioc.contacts set appointment_time = appointment_time + interval '1 day' where external_id = $1"
        }
        Meddling::Delete => "delete from vioc.contacts where external_id = $1",
    };
    // The server may break under it, as under any session.
    let _ = client.execute(sql, &[&person.external_id]);
}

#[test]
fn nobody_is_dialled_twice_and_nothing_is_lost_whatever_breaks() {
    rages(|seed| Storm::over(practice(3).open(), Mix::Everything, seed));
}

/// Longer than the others together.
#[test]
#[ignore = "make storm"]
fn nobody_is_dialled_twice_and_nothing_is_lost_whatever_moves() {
    rages(Storm::over_moving_ground);
}

fn rages(open: impl FnOnce(u64) -> Storm) {
    let seed = crate::seed();
    let rounds = crate::from_environment("FAULT_ROUNDS", 200);
    println!("FAULT_SEED={seed} FAULT_ROUNDS={rounds}");
    let mut storm = open(seed);
    let began = Instant::now();
    for round in 1..=rounds {
        storm.round(None);
        if round % 50 == 0 || round == rounds {
            let now = storm.practice.retell.counters();
            let twice = findings::dialled_twice(&storm.practice.retell.ledger());
            println!(
                "round {round}: {:.0} s, {} people, {} requests, {} dials, {} dialled twice",
                began.elapsed().as_secs_f64(),
                storm.people.len(),
                now.requests,
                now.dials,
                twice.len()
            );
        }
    }
    let struck = began.elapsed();
    storm.settle();
    let findings = storm.judge();
    println!(
        "seed {seed}: {rounds} rounds in {:.0} s, {:?}, settled in {:.0} s\n{findings}",
        struck.as_secs_f64(),
        storm.strikes,
        (began.elapsed() - struck).as_secs_f64()
    );
    assert!(
        findings.is_clean(),
        "again with FAULT_SEED={seed} FAULT_ROUNDS={rounds}\n{findings}\n{}\n{}",
        storm.doctor(),
        storm.practice.cluster.log_tail(40)
    );
    assert!(findings.doubted > 0 || rounds < 20, "the storm was none");
}
