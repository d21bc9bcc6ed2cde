//! Random lives of calls, played on the SQL functions of a real database: claims, answers, crashes, webhooks in any order,
//! cancellations, changes by the app, and time, which is an argument. A simple Retell of its own keeps count of the dials.
//! A failing sequence is shrunk to the shortest that fails.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use postgres::Client;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use serde_json::{Value, json};
use vioc_tests::Cluster;
use vioc_tests::practice::{APP, break_one, claim_calls, cluster};

const CONTACTS: usize = 3;
const MINUTE: f64 = 60.0;
/// Calls to one number on a day of its place, and in seven.
const LIMITS: (usize, usize) = (6, 9);
/// A stop in the agent's words; the others are Retell's own.
const STOPS: [&str; 6] = [
    "do_not_call",
    "Stop!",
    "please don't call me anymore",
    "no me llamen más",
    "ne m'appelez plus",
    "bitte nicht mehr anrufen",
];
/// How long Retell keeps an idempotency key (retell-sdk 6.2.13).
const KEY_LIVES: f64 = 60.0 * MINUTE;

/// What Retell, or the network, makes of a create.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Placed,
    CreatedUnheard,
    /// After so many minutes.
    CreatedLate(u8),
    NeverCreated,
    NotSent,
    Throttled,
    RefusedContact,
    RefusedUnknown,
    RefusedKey,
    RefusedAgent,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Confirmed,
    Cancelled,
    NoAnswer,
    Voicemail,
    OptOut,
    Callback,
    /// In words that nobody knows.
    Unclear,
}

#[derive(Clone, Debug)]
enum Step {
    CallNow(usize),
    EnqueueDue,
    Claim,
    /// Which of the creates in flight, and what becomes of it.
    Answer(usize, Answer),
    /// The worker dies; whether the creates in flight arrive is in the bits.
    Crash(u8),
    /// The dead worker's answer comes after all.
    StaleAnswer(usize, bool),
    LookUps(Reply),
    Progress(usize),
    /// Which webhook, and whether it comes again.
    Deliver(usize, bool),
    LoseWebhook(usize),
    CancelCall(usize),
    Appointment(usize, &'static str),
    Move(usize),
    MoveALittle(usize),
    /// An import: deleted and inserted; with a key of its own, a new one, or none.
    Import(usize, u8),
    /// Corrected, and next time back.
    Phone(usize),
    /// The same appointment, entered once more.
    Twin(usize),
    OptOut(usize),
    Resume,
    /// The server's clock is set: so many minutes ahead of Retell's. By a restart, the worker does not know by how many.
    Clock(u16, bool),
    /// The tenant's key, of one workspace or of the other.
    Key(usize),
    /// The server dies with a claim that its standby never saw; whether the creates arrive is in the bits.
    Failover(u8),
    Minutes(u16),
}

/// What becomes of Retell's answers to a round of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    Heard,
    Lost,
    /// Each is about another call.
    Swapped,
}

/// Of two workspaces, which know nothing of each other's calls.
const KEYS: [&str; 2] = ["key_of_the_model", "key_of_another_workspace"];

/// The practice's side, as far as it decides who may be called at all.
#[derive(Clone, Debug, Default)]
struct Word {
    appointment: [Option<&'static str>; CONTACTS],
}

struct Practice;

impl ReferenceStateMachine for Practice {
    type State = Word;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Word> {
        Just(Word::default()).boxed()
    }

    fn transitions(_: &Word) -> BoxedStrategy<Step> {
        let which = 0..16_usize;
        let contact = 0..CONTACTS;
        let answer = prop_oneof![
            6 => Just(Answer::Placed),
            3 => Just(Answer::CreatedUnheard),
            3 => (1..30_u8).prop_map(Answer::CreatedLate),
            3 => Just(Answer::NeverCreated),
            1 => Just(Answer::NotSent),
            1 => Just(Answer::Throttled),
            1 => Just(Answer::RefusedContact),
            1 => Just(Answer::RefusedUnknown),
            1 => Just(Answer::RefusedKey),
            1 => Just(Answer::RefusedAgent),
        ];
        let word = prop_oneof![
            2 => Just("booked"),
            2 => Just("cancelled"),
            1 => Just("confirmed"),
            1 => Just("kept"),
        ];
        prop_oneof![
            6 => contact.clone().prop_map(Step::CallNow),
            2 => Just(Step::EnqueueDue),
            10 => Just(Step::Claim),
            8 => (which.clone(), answer).prop_map(|(which, what)| Step::Answer(which, what)),
            2 => any::<u8>().prop_map(Step::Crash),
            2 => (which.clone(), any::<bool>()).prop_map(|(which, placed)| Step::StaleAnswer(which, placed)),
            6 => prop_oneof![7 => Just(Reply::Heard), 2 => Just(Reply::Lost), 1 => Just(Reply::Swapped)].prop_map(Step::LookUps),
            10 => which.clone().prop_map(Step::Progress),
            8 => (which.clone(), any::<bool>()).prop_map(|(which, again)| Step::Deliver(which, again)),
            1 => which.clone().prop_map(Step::LoseWebhook),
            2 => contact.clone().prop_map(Step::CancelCall),
            2 => (contact.clone(), word).prop_map(|(whose, word)| Step::Appointment(whose, word)),
            1 => contact.clone().prop_map(Step::Move),
            1 => contact.clone().prop_map(Step::MoveALittle),
            2 => (contact.clone(), 0..3_u8).prop_map(|(whose, key)| Step::Import(whose, key)),
            1 => contact.clone().prop_map(Step::Phone),
            1 => contact.clone().prop_map(Step::Twin),
            1 => contact.prop_map(Step::OptOut),
            1 => Just(Step::Resume),
            2 => (prop::sample::select(vec![0, 2, 12, 70, 600]), prop::bool::weighted(0.3)).prop_map(|(ahead, restart)| Step::Clock(ahead, restart)),
            1 => (0..KEYS.len()).prop_map(Step::Key),
            1 => any::<u8>().prop_map(Step::Failover),
            4 => (1..3_u16).prop_map(Step::Minutes),
            3 => (5..12_u16).prop_map(Step::Minutes),
            1 => (40..200_u16).prop_map(Step::Minutes),
        ]
        .boxed()
    }

    fn apply(mut word: Word, step: &Step) -> Word {
        if let Step::Appointment(whose, said) = step {
            word.appointment[*whose] = Some(said);
        }
        word
    }
}

/// One call at Retell.
struct Made {
    id: String,
    workspace: usize,
    key: String,
    session: String,
    to_number: String,
    metadata: Value,
    at: f64,
    visible_at: f64,
    fate: Fate,
    /// Of a stop, if it is in words, and not Retell's own end.
    words: Option<&'static str>,
    phase: Phase,
    was_stopped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Registered,
    Ongoing,
    Ended,
    Analyzed,
}

impl Made {
    fn connects(&self) -> bool {
        !matches!(self.fate, Fate::NoAnswer)
    }

    fn reason(&self) -> &'static str {
        match self.fate {
            _ if self.was_stopped => "manual_stopped",
            Fate::NoAnswer => "dial_no_answer",
            Fate::Voicemail => "voicemail_reached",
            Fate::OptOut if self.words.is_none() => "user_requested_dnc",
            _ => "agent_hangup",
        }
    }

    /// The outcome that this call is to have, by the contract.
    fn outcome(&self) -> &'static str {
        match self.fate {
            Fate::Confirmed => "confirmed",
            Fate::Cancelled => "cancelled",
            Fate::NoAnswer => "no_answer",
            Fate::Voicemail => "voicemail",
            Fate::OptOut => "do_not_call",
            Fate::Callback => "callback_requested",
            Fate::Unclear => "my lawyer will call",
        }
    }

    fn shown(&self) -> Value {
        let status = match self.phase {
            Phase::Registered => "registered",
            Phase::Ongoing => "ongoing",
            Phase::Ended | Phase::Analyzed if self.connects() || self.was_stopped => "ended",
            Phase::Ended | Phase::Analyzed => "not_connected",
        };
        let mut call = json!({
            "call_id": self.id, "call_status": status, "direction": "outbound", "from_number": "+12125550100", "to_number": self.to_number,
            "metadata": self.metadata,
        });
        if self.phase >= Phase::Ended {
            call["disconnection_reason"] = json!(self.reason());
        }
        if self.phase == Phase::Analyzed {
            let action = match self.fate {
                Fate::Cancelled => "cancelled",
                // a machine's analysis may claim anything
                Fate::Confirmed | Fate::Voicemail => "confirmed",
                Fate::OptOut => self.words.unwrap_or_default(),
                Fate::Callback => "callback",
                Fate::Unclear => "my lawyer will call",
                Fate::NoAnswer => "",
            };
            call["call_analysis"] = json!({"in_voicemail": false,
                "custom_analysis_data": {"appointment_action": action, "callback_time": "in two hours"}});
        }
        call
    }
}

/// A create on the wire.
struct Flight {
    call_id: i64,
    body: Value,
    workspace: usize,
    worker: String,
    sent_at: f64,
}

/// The last time that a call was sent.
#[derive(Clone)]
struct Post {
    bytes: String,
    first_at: f64,
    /// Since when it has been in doubt; `None` while its answer is surely that nothing was made.
    doubted_at: Option<f64>,
}

struct World {
    client: RefCell<Client>,
    tenant: i64,
    /// The rows of each contact that there are now, the one that is called by hand first.
    contacts: Vec<Vec<i64>>,
    phones: Vec<String>,
    names: Vec<String>,
    /// Rows that there were.
    owners: HashMap<i64, usize>,
    /// Numbers, and contacts at whatever number, that asked for silence.
    stopped: BTreeSet<String>,
    silent: [bool; CONTACTS],
    now: f64,
    /// How far the server's clock is ahead, and whether it was ever set.
    ahead: f64,
    was_clock_set: bool,
    /// Until when Retell answers which calls it has, after a failover.
    list_by: Option<f64>,
    worker: u32,
    flights: Vec<Flight>,
    /// Of dead workers, with Retell's id where the create arrived.
    stale: Vec<(Flight, Option<String>)>,
    made: Vec<Made>,
    webhooks: Vec<String>,
    posts: HashMap<String, Post>,
    finals: RefCell<BTreeMap<i64, String>>,
}

/// One server for all cases; each is a transaction that is rolled back. Nobody serves the database: the model is its worker.
fn server() -> &'static Cluster {
    static SERVER: std::sync::OnceLock<Cluster> = std::sync::OnceLock::new();
    SERVER.get_or_init(|| {
        let cluster = cluster().served([]).start();
        cluster.create_extension(APP);
        break_one(&mut cluster.connect(APP));
        cluster
            .connect(APP)
            .batch_execute("create or replace function vioc.require_worker() returns void language sql as 'select'")
            .unwrap();
        cluster
    })
}

fn workspace(key: &str) -> usize {
    KEYS.iter().position(|it| *it == key).unwrap_or_default()
}

const NOW: &str = "(now() + make_interval(secs => $1))";

impl World {
    fn new() -> Self {
        let mut client = server().connect(APP);
        client
            .batch_execute("begin; set local client_min_messages = error")
            .unwrap();
        let tenant: i64 = client
            .query_one(
                "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live, \
                 max_calls_per_number_per_day, max_calls_per_number_in_7_days, wait_after_conversation) \
                 values ('Bright Dental', 'America/New_York', 'agent_1', '+12125550100', true, $1::integer, $2::integer, '0') returning id",
                &[&i32::try_from(LIMITS.0).unwrap(), &i32::try_from(LIMITS.1).unwrap()],
            )
            .unwrap()
            .get(0);
        client
            .execute("select vioc_set_credentials($1, $2)", &[&tenant, &KEYS[0]])
            .unwrap();
        client
            .batch_execute("update vioc.credentials set max_starts_per_second = 100000, max_concurrent_calls = 1000")
            .unwrap();
        // two of one family
        let phones: Vec<String> = [1, 1, 2]
            .iter()
            .map(|n| format!("+1212555{:04}", 1000 + n))
            .collect();
        let names: Vec<String> = ["Ann Jones", "Ben Jones", "Cleo Stone"]
            .map(str::to_owned)
            .into();
        let contacts: Vec<Vec<i64>> = phones
            .iter()
            .zip(&names)
            .map(|(phone, name)| {
                let sql = "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) \
                           values ($1, $2, $2, $3, now() + interval '30 days') returning id";
                vec![client.query_one(sql, &[&tenant, name, phone]).unwrap().get(0)]
            })
            .collect();
        let owners = contacts
            .iter()
            .enumerate()
            .map(|(owner, rows)| (rows[0], owner))
            .collect();
        Self {
            client: RefCell::new(client),
            tenant,
            contacts,
            phones,
            names,
            owners,
            stopped: BTreeSet::new(),
            silent: [false; CONTACTS],
            now: MINUTE, // public functions read the clock; the model's is ahead of it
            ahead: 0.0,
            was_clock_set: false,
            list_by: None,
            worker: 1,
            flights: Vec::new(),
            stale: Vec::new(),
            made: Vec::new(),
            webhooks: Vec::new(),
            posts: HashMap::new(),
            finals: RefCell::default(),
        }
    }

    /// The server's clock.
    fn wall(&self) -> f64 {
        self.now + self.ahead
    }

    fn worker_id(&self) -> String {
        format!("00000000-0000-0000-0000-{:012}", self.worker)
    }

    fn run(
        &self,
        sql: &str,
        arguments: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> Vec<postgres::Row> {
        self.client
            .borrow_mut()
            .query(sql, arguments)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// A public function may refuse; a rule is no error of ours.
    fn ask(&self, sql: &str, id: i64) {
        let mut client = self.client.borrow_mut();
        client.batch_execute("savepoint ask").unwrap();
        if let Err(error) = client.query(sql, &[&id]) {
            let code = error.as_db_error().map_or("", |it| it.code().code());
            assert!(["VC001", "55006"].contains(&code), "{sql}: {error:?}");
            client.batch_execute("rollback to savepoint ask").unwrap();
        }
        client.batch_execute("release savepoint ask").unwrap();
    }

    fn claim(&mut self, word: &Word) {
        let sql = claim_calls("$2::text::uuid", 10, NOW);
        for row in self.run(&sql, &[&self.wall(), &self.worker_id()]) {
            let (call_id, bytes): (i64, String) = (row.get(0), row.get(1));
            let workspace = workspace(row.get("api_key"));
            let body: Value = serde_json::from_str(&bytes).unwrap();
            let session = body["metadata"]["session_id"].as_str().unwrap().to_owned();
            self.check_contact(&body, word);
            if let Some(before) = self.posts.get(&session) {
                let doubted_at = before.doubted_at;
                assert!(
                    self.now - before.first_at < 50.0 * MINUTE || doubted_at.is_none(),
                    "sent again too late"
                );
                if let Some(doubted_at) = doubted_at {
                    assert!(
                        self.now - doubted_at >= 6.0 * MINUTE,
                        "sent again too early"
                    );
                    assert_eq!(before.bytes, bytes, "sent again with other bytes");
                }
            }
            let first_at = match self.posts.get(&session) {
                Some(before) if before.doubted_at.is_some() => before.first_at,
                _ => self.now,
            };
            self.posts.insert(
                session,
                Post {
                    bytes,
                    first_at,
                    doubted_at: Some(self.now),
                },
            );
            self.flights.push(Flight {
                call_id,
                body,
                workspace,
                worker: self.worker_id(),
                sent_at: self.now,
            });
        }
    }

    /// Whoever is being dialled may be dialled.
    fn check_contact(&self, body: &Value, word: &Word) {
        let contact: i64 = body["metadata"]["contact_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let index = self.owners[&contact];
        assert!(
            self.contacts[index].contains(&contact),
            "dialled for a row that was deleted"
        );
        let appointment = word.appointment[index].unwrap_or("booked");
        assert!(
            ["booked", "confirmed"].contains(&appointment),
            "dialled although the appointment is {appointment}"
        );
        let phone = body["to_number"].as_str().unwrap();
        assert_eq!(phone, self.phones[index], "dialled at another number");
        assert!(!self.stopped.contains(phone), "dialled although opted out");
        assert!(
            !self.silent[index],
            "dialled at the next number although opted out"
        );
        let said_so = self.made.iter().any(|it| {
            matches!(it.fate, Fate::OptOut)
                && it.phase == Phase::Analyzed
                && it.to_number == phone
                && self.is_told(it)
        });
        assert!(!said_so, "dialled although the person said stop in a call");
        let limits = [(1.0, LIMITS.0), (7.0, LIMITS.1)];
        // by whose clock a call was on which day, no two agree
        for (days, limit) in limits.into_iter().filter(|_| !self.was_clock_set) {
            // by the clock of the model no day is shorter than what is counted here
            let since = self.now - days * 24.0 * 60.0 * MINUTE;
            let midnight: f64 = self.run(
                &format!("select extract(epoch from date_trunc('day', {NOW} at time zone 'America/New_York') at time zone 'America/New_York' - now())::float8"),
                &[&self.wall()],
            )[0]
            .get(0);
            let since = since.max(midnight - (days - 1.0) * 24.0 * 60.0 * MINUTE);
            let calls = self
                .made
                .iter()
                .filter(|it| {
                    it.to_number == phone && it.at >= since && !matches!(it.fate, Fate::Callback)
                })
                .count();
            let key = body["idempotency_key"].as_str().unwrap();
            let is_again = self.made.iter().any(|it| it.key == key);
            // promised calls are beyond the limits, two a day
            assert!(
                is_again || calls <= limit + 2,
                "{calls} calls to a number in {days} days"
            );
        }
    }

    /// Retell's events of this call have been applied.
    fn is_told(&self, made: &Made) -> bool {
        let sql = "select exists (select from vioc.webhook_events as e where e.state = 'applied' and e.event = $2 and e.retell_call_id = $1)";
        let event = if made.words.is_some() {
            "call_analyzed"
        } else {
            "call_ended"
        };
        self.run(sql, &[&made.id, &event])[0].get(0)
    }

    /// A create arrives at Retell.
    fn create(&mut self, flight: &Flight, late: f64) -> String {
        let (body, workspace) = (&flight.body, flight.workspace);
        let key = body["idempotency_key"].as_str().unwrap().to_owned();
        if let Some(known) = self
            .made
            .iter()
            .find(|it| it.key == key && it.workspace == workspace && self.now - it.at < KEY_LIVES)
        {
            return known.id.clone();
        }
        let id = format!("call_{}_{}", self.tenant, self.made.len());
        let fates = [
            Fate::Confirmed,
            Fate::NoAnswer,
            Fate::Cancelled,
            Fate::Voicemail,
            Fate::Callback,
            Fate::OptOut,
            Fate::Confirmed,
            Fate::Unclear,
        ];
        let fate = fates[self.made.len() % fates.len()];
        let words = (self.made.len() % 2 == 1).then(|| STOPS[self.made.len() / 2 % STOPS.len()]);
        self.made.push(Made {
            id: id.clone(),
            workspace,
            key,
            session: body["metadata"]["session_id"].as_str().unwrap().to_owned(),
            to_number: body["to_number"].as_str().unwrap().to_owned(),
            metadata: body["metadata"].clone(),
            at: self.now,
            visible_at: self.now + late,
            fate,
            words: words.filter(|_| matches!(fate, Fate::OptOut)),
            phase: Phase::Registered,
            was_stopped: false,
        });
        id
    }

    fn answer(&mut self, which: usize, answer: Answer) {
        if self.flights.is_empty() {
            return;
        }
        let flight = self.flights.remove(which % self.flights.len());
        let (verdict, retell_call_id, http_status, is_sure) = match answer {
            Answer::Placed => ("placed", Some(self.create(&flight, 0.0)), Some(201), false),
            Answer::CreatedUnheard => {
                self.create(&flight, 0.0);
                ("ambiguous", None, None, false)
            }
            Answer::CreatedLate(minutes) => {
                self.create(&flight, f64::from(minutes) * MINUTE);
                ("ambiguous", None, None, false)
            }
            Answer::NeverCreated => ("ambiguous", None, Some(502), false),
            Answer::NotSent => ("not_sent", None, None, true),
            Answer::Throttled => ("throttled", None, Some(429), true),
            Answer::RefusedContact => ("refused_contact", None, Some(400), true),
            Answer::RefusedUnknown => ("refused_unknown", None, Some(400), true),
            Answer::RefusedKey => ("refused_config", None, Some(401), true),
            Answer::RefusedAgent => ("refused_config", None, Some(404), true),
        };
        let session = flight.body["metadata"]["session_id"]
            .as_str()
            .unwrap()
            .to_owned();
        // an answer that surely made nothing says nothing about an earlier sending
        let is_in_doubt = !is_sure || self.was_doubted(flight.call_id);
        if let Some(post) = self.posts.get_mut(&session) {
            post.doubted_at = is_in_doubt.then_some(self.now);
        }
        self.record(&flight, verdict, retell_call_id.as_deref(), http_status);
    }

    fn was_doubted(&self, call_id: i64) -> bool {
        self.run(
            "select unconfirmed_at is not null from vioc.calls where id = $1",
            &[&call_id],
        )[0]
        .get(0)
    }

    fn record(
        &self,
        flight: &Flight,
        verdict: &str,
        retell_call_id: Option<&str>,
        http_status: Option<i32>,
    ) {
        let answers = json!([{
            "tenant_id": self.tenant, "call_id": flight.call_id, "verdict": verdict, "retell_call_id": retell_call_id,
            "http_status": http_status, "message": "as the model has it", "do_not_call": false, "legacy_field": false,
        }]);
        let sql = format!("select vioc.record_answers($2::text::uuid, $3, {NOW})");
        let recorded: Vec<i64> =
            self.run(&sql, &[&self.wall(), &flight.worker, &answers])[0].get(0);
        assert_eq!(
            recorded,
            [flight.call_id],
            "an answer was left out although nobody holds the row"
        );
    }

    fn crash(&mut self, arrives: u8) {
        for (place, flight) in std::mem::take(&mut self.flights).into_iter().enumerate() {
            let id = (arrives >> (place % 8) & 1 == 1).then(|| self.create(&flight, 0.0));
            self.stale.push((flight, id));
        }
        self.worker += 1;
        self.run(
            &format!("select vioc.attach_worker(true, {NOW})"),
            &[&self.wall()],
        );
    }

    fn clock(&mut self, ahead: f64, is_restart: bool) {
        if is_restart && self.list_by.is_some() {
            self.hear_list();
        }
        let by = ahead - self.ahead;
        self.ahead = ahead;
        self.was_clock_set |= by != 0.0;
        let by = (!is_restart).then_some(by);
        if by != Some(0.0) {
            let sql = format!("select vioc.clock_stepped(make_interval(secs => $2), {NOW})");
            self.run(&sql, &[&self.wall(), &by]);
        }
        if is_restart {
            self.crash(0b0101_0101);
        }
    }

    fn failover(&mut self, arrives: u8, word: &Word) {
        self.client
            .borrow_mut()
            .batch_execute("savepoint replicated")
            .unwrap();
        let before: HashMap<String, Post> = std::mem::take(&mut self.posts);
        self.posts.clone_from(&before);
        let earlier = std::mem::take(&mut self.flights);
        self.claim(word);
        let lost = std::mem::replace(&mut self.flights, earlier);
        self.client
            .borrow_mut()
            .batch_execute("rollback to savepoint replicated; release savepoint replicated")
            .unwrap();
        self.posts = before;
        for (place, flight) in lost.into_iter().enumerate() {
            if arrives >> (place % 8) & 1 == 1 {
                self.create(&flight, 0.0);
            }
        }
        self.crash(arrives);
        self.run(
            &format!("select vioc.begin_recovery({NOW})"),
            &[&self.wall()],
        );
        self.list_by = Some(self.now + 9.0 * MINUTE);
    }

    fn stale_answer(&mut self, which: usize, is_placed: bool) {
        if self.stale.is_empty() {
            return;
        }
        let (flight, id) = self.stale.remove(which % self.stale.len());
        match id.filter(|_| is_placed) {
            Some(id) => self.record(&flight, "placed", Some(&id), Some(201)),
            // the fence: whatever else it thinks it knows
            None => self.record(&flight, "not_sent", None, None),
        }
    }

    fn look_ups(&mut self, reply: Reply) {
        let sql = format!(
            "select call_id, kind, path, body, api_key from vioc.claim_look_ups(10, {NOW})"
        );
        for row in self.run(&sql, &[&self.wall()]) {
            let (call_id, kind, path): (i64, String, String) = (row.get(0), row.get(1), row.get(2));
            let retell_id = path.rsplit('/').next().unwrap_or_default().to_owned();
            let (now, key): (f64, &str) = (self.now, row.get(4));
            let visible = self
                .made
                .iter_mut()
                .filter(|it| it.visible_at <= now && it.workspace == workspace(key));
            let (status, body) = match kind.as_str() {
                "find" => {
                    let asked: String = row.get(3);
                    let found: Vec<_> = visible
                        .filter(|it| asked.contains(&it.session) != (reply == Reply::Swapped))
                        .map(|it| it.shown())
                        .collect();
                    (200, json!({"items": found, "has_more": false}).to_string())
                }
                "get" => match visible
                    .into_iter()
                    .find(|it| (it.id == retell_id) != (reply == Reply::Swapped))
                {
                    Some(call) => (200, call.shown().to_string()),
                    None => (
                        404,
                        json!({"status": "error", "message": "Not found."}).to_string(),
                    ),
                },
                "stop" => {
                    if let Some(call) = visible
                        .into_iter()
                        .find(|it| it.id == retell_id && it.phase < Phase::Ended)
                    {
                        call.was_stopped = true;
                        call.phase = Phase::Ended;
                    }
                    (204, String::new())
                }
                "recall" => {
                    let calls: Vec<_> = visible.map(|it| it.shown()).collect();
                    (200, json!({"items": calls, "has_more": false}).to_string())
                }
                // a key's lines, ...: nothing of interest here
                _ => (200, json!({"items": []}).to_string()),
            };
            if reply != Reply::Lost {
                let sql = format!(
                    "select vioc.record_look_up($2, $3, {NOW}, $4, $5, {NOW}, vioc.key_digest($6))"
                );
                self.run(&sql, &[&self.wall(), &call_id, &kind, &status, &body, &key]);
            }
        }
    }

    fn progress(&mut self, which: usize) {
        let now = self.now;
        let mut live: Vec<_> = self
            .made
            .iter_mut()
            .filter(|it| it.visible_at <= now && it.phase < Phase::Analyzed)
            .collect();
        if live.is_empty() {
            return;
        }
        let which = which % live.len();
        let call = &mut live[which];
        let event = match call.phase {
            Phase::Registered if call.connects() => {
                call.phase = Phase::Ongoing;
                "call_started"
            }
            Phase::Registered | Phase::Ongoing => {
                call.phase = Phase::Ended;
                "call_ended"
            }
            Phase::Ended | Phase::Analyzed => {
                call.phase = Phase::Analyzed;
                "call_analyzed"
            }
        };
        let body = json!({"event": event, "call": call.shown()}).to_string();
        self.webhooks.push(body);
    }

    fn deliver(&mut self, which: usize, comes_again: bool) {
        if self.webhooks.is_empty() {
            return;
        }
        let which = which % self.webhooks.len();
        let body = match comes_again {
            true => self.webhooks[which].clone(),
            false => self.webhooks.remove(which),
        };
        let sql = format!("select vioc.store_event($2, 'ingest', null, {NOW}) ->> 'state'");
        let state: String = self.run(&sql, &[&self.wall(), &body])[0].get(0);
        assert!(
            ["applied", "duplicate"].contains(&state.as_str()),
            "a webhook was {state}: {body}"
        );
    }

    /// Calls wait for Retell's list for ten minutes after a failover, by a clock that is right: what is promised is promised
    /// if it comes by then.
    fn hear_list(&mut self) {
        self.list_by = None;
        let sql = format!(
            "update vioc.credentials set recovery_at = {NOW} where recovery_since is not null"
        );
        self.run(&sql, &[&self.wall()]);
        self.look_ups(Reply::Heard);
    }

    fn minutes(&mut self, minutes: f64) {
        if self
            .list_by
            .is_some_and(|by| self.now + minutes * MINUTE > by)
        {
            self.hear_list();
        }
        // the worker waits two minutes for an answer, and holds its lease for longer
        let too_late = self.now + minutes * MINUTE - 2.0 * MINUTE;
        while let Some(which) = self.flights.iter().position(|it| it.sent_at < too_late) {
            let answer = match which % 2 {
                0 => Answer::CreatedUnheard,
                _ => Answer::NeverCreated,
            };
            self.answer(which, answer);
        }
        self.now += minutes * MINUTE;
        self.run(
            &format!("select vioc.run_timers(1000, {NOW})"),
            &[&self.wall()],
        );
    }

    fn take(&mut self, step: Step, word: &Word) {
        let tenant = self.tenant;
        match step {
            Step::CallNow(whose) => {
                self.ask("select vioc_call_contact($1)", self.contacts[whose][0])
            }
            Step::EnqueueDue => {
                self.run(
                    &format!("select vioc.enqueue_due(100, 'model', {NOW})"),
                    &[&self.wall()],
                );
            }
            Step::Claim => self.claim(word),
            Step::Answer(which, answer) => self.answer(which, answer),
            Step::Crash(arrives) => self.crash(arrives),
            Step::StaleAnswer(which, is_placed) => self.stale_answer(which, is_placed),
            Step::LookUps(reply) => self.look_ups(reply),
            Step::Progress(which) => self.progress(which),
            Step::Deliver(which, comes_again) => self.deliver(which, comes_again),
            Step::LoseWebhook(which) => {
                if !self.webhooks.is_empty() {
                    self.webhooks.remove(which % self.webhooks.len());
                }
            }
            Step::CancelCall(whose) => {
                let open = "select vioc_cancel_call(max(id)) from vioc.calls where contact_id = $1 having max(id) is not null";
                self.run(open, &[&self.contacts[whose][0]]);
            }
            Step::Appointment(whose, word) => {
                let sql =
                    "update vioc.contacts set appointment_status = $2::text where id = any ($1)";
                self.run(sql, &[&self.contacts[whose], &word]);
            }
            Step::Move(whose) => {
                let sql = "update vioc.contacts set appointment_time = appointment_time + interval '1 day' where id = any ($1)";
                self.run(sql, &[&self.contacts[whose]]);
            }
            Step::MoveALittle(whose) => {
                let sql = "update vioc.contacts set appointment_time = appointment_time + interval '15 minutes' where id = any ($1)";
                self.run(sql, &[&self.contacts[whose]]);
            }
            Step::Import(whose, key) => self.import(whose, key, word),
            Step::Phone(whose) => {
                let other = format!("+1212555{:04}", 2000 + whose);
                let first = format!("+1212555{:04}", [1001, 1001, 1002][whose]);
                self.phones[whose] = if self.phones[whose] == other {
                    first
                } else {
                    other
                };
                let sql = "update vioc.contacts set phone = $2 where id = any ($1)";
                self.run(sql, &[&self.contacts[whose], &self.phones[whose]]);
                self.note_silence();
            }
            Step::Twin(whose) => {
                if self.contacts[whose].len() < 3 {
                    let sql = "insert into vioc.contacts (tenant_id, name, phone, appointment_time, appointment_status) \
                               select tenant_id, upper(name), phone, appointment_time, appointment_status from vioc.contacts where id = $1 returning id";
                    let id: i64 = self.run(sql, &[&self.contacts[whose][0]])[0].get(0);
                    self.owners.insert(id, whose);
                    self.contacts[whose].push(id);
                }
            }
            Step::OptOut(whose) => {
                self.run(
                    "select vioc_do_not_call($1, $2)",
                    &[&tenant, &self.phones[whose]],
                );
                self.stopped.insert(self.phones[whose].clone());
                self.note_silence();
            }
            Step::Resume => {
                self.run("select vioc_resume($1)", &[&tenant]);
            }
            Step::Clock(ahead, is_restart) => self.clock(f64::from(ahead) * MINUTE, is_restart),
            Step::Key(which) => {
                // not while Retell is asked after a failover
                let sql = format!("select vioc_set_credentials($1, '{}')", KEYS[which]);
                self.ask(&sql, tenant);
            }
            Step::Failover(arrives) => self.failover(arrives, word),
            Step::Minutes(minutes) => self.minutes(minutes.into()),
        }
    }

    /// Whose number asks for silence has asked for it at any number.
    fn note_silence(&mut self) {
        for (whose, phone) in self.phones.iter().enumerate() {
            self.silent[whose] |= self.stopped.contains(phone);
        }
    }

    fn import(&mut self, whose: usize, key: u8, word: &Word) {
        let sql = "with gone as (delete from vioc.contacts where id = any ($1) returning appointment_time) select max(appointment_time)::text from gone";
        let time: String = self.run(sql, &[&self.contacts[whose]])[0].get(0);
        let key = match key {
            0 => Some(self.names[whose].clone()),
            1 => Some(format!("{} {}", self.names[whose], self.owners.len())),
            _ => None,
        };
        let sql = "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, appointment_status) \
                   values ($1, $2, $3, $4, $5::text::timestamptz, $6::text) returning id";
        let status = word.appointment[whose].unwrap_or("booked");
        let arguments: &[&(dyn postgres::types::ToSql + Sync)] = &[
            &self.tenant,
            &key,
            &self.names[whose],
            &self.phones[whose],
            &time,
            &status,
        ];
        let id: i64 = self.run(sql, arguments)[0].get(0);
        self.owners.insert(id, whose);
        self.contacts[whose] = vec![id];
    }

    fn check(&self) {
        let sql = "select count(*) from vioc.contacts as c where c.tenant_id = $1 and c.status = 'callback' and c.appointment_status = 'booked' \
                   and c.next_call_at is null and not c.needs_review and not exists (select from vioc.calls as k \
                   where k.tenant_id = c.tenant_id and k.contact_id = c.id and (k.is_open or k.needs_review))";
        assert_eq!(
            self.run(sql, &[&self.tenant])[0].get::<_, i64>(0),
            0,
            "a promise that is neither kept nor reviewed"
        );

        let mut dials: BTreeMap<&str, u32> = BTreeMap::new();
        for made in &self.made {
            *dials.entry(&made.session).or_default() += 1;
        }
        assert!(
            dials.values().all(|it| *it == 1),
            "dialled twice: {dials:?}"
        );

        let sql = "select count(*) from (select from vioc.calls where tenant_id = $1 and is_open group by contact_id having count(*) > 1) as twice";
        assert_eq!(
            self.run(sql, &[&self.tenant])[0].get::<_, i64>(0),
            0,
            "two open calls of one contact"
        );

        let sql = "select count(*) from vioc.contacts as ct where ct.tenant_id = $1 and ct.status = 'calling' and not exists (select from vioc.calls as c where c.contact_id = ct.id and c.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'))";
        assert_eq!(
            self.run(sql, &[&self.tenant])[0].get::<_, i64>(0),
            0,
            "a contact is being called by nobody"
        );

        let sql = "select (select count(*) from vioc.calls as c where c.retell_call_id is not null) = (select count(*) from vioc.retell_calls) and not exists (select from vioc.calls as c where c.retell_call_id is not null and not exists (select from vioc.retell_calls as r where r.retell_call_id = c.retell_call_id and r.tenant_id = c.tenant_id and r.call_id = c.id))";
        assert!(
            self.run(sql, &[])[0].get::<_, bool>(0),
            "Retell's call_ids are not those of the calls"
        );

        let sql = "select not exists (select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c where c.next_call_at is not null except table vioc.next_calls) and (select count(*) from vioc.next_calls) = (select count(c.next_call_at) from vioc.contacts as c)";
        assert!(
            self.run(sql, &[])[0].get::<_, bool>(0),
            "who is called next is not what the contacts say"
        );

        let sql = "select id, status::text from vioc.calls where tenant_id = $1";
        let mut finals = self.finals.borrow_mut();
        for row in self.run(sql, &[&self.tenant]) {
            let (id, status): (i64, String) = (row.get(0), row.get(1));
            let is_final =
                ["completed", "failed", "cancelled", "expired"].contains(&status.as_str());
            assert!(
                is_final || !finals.contains_key(&id),
                "call {id} was {:?} and is {status} again",
                finals[&id]
            );
            if is_final {
                finals.insert(id, status);
            }
        }
    }

    /// Faults are over, webhooks are not: every call must come to its end by asking alone, and have its outcome.
    fn finish(&mut self, word: &Word) {
        self.webhooks.clear();
        self.run("select vioc_resume($1)", &[&self.tenant]);
        for round in 0..90 {
            self.claim(word);
            while !self.flights.is_empty() {
                self.answer(0, Answer::Placed);
            }
            for _ in 0..3 * self.made.len() {
                self.progress(0);
            }
            self.webhooks.clear();
            self.look_ups(Reply::Heard);
            self.minutes(if round < 30 { 2.0 } else { 31.0 });
            self.check();
            let sql = "select (select count(*) from vioc.calls where tenant_id = $1 and (is_open or look_up_at is not null)) \
                       + (select count(*) from vioc.credentials where recovery_since is not null)";
            if self.run(sql, &[&self.tenant])[0].get::<_, i64>(0) == 0 {
                break;
            }
        }
        let sql = "select session_id::text, status::text, outcome, coalesce(error, ''), needs_review, to_jsonb(c)::text from vioc.calls as c where tenant_id = $1";
        for row in self.run(sql, &[&self.tenant]) {
            let (session, status): (String, String) = (row.get(0), row.get(1));
            let (outcome, error): (Option<String>, String) = (row.get(2), row.get(3));
            let shown: String = row.get(5);
            assert!(
                ["completed", "failed", "cancelled", "expired"].contains(&status.as_str()),
                "never came to an end: {shown}"
            );
            let Some(made) = self.made.iter().find(|it| it.session == session) else {
                assert!(status != "completed", "an outcome of no call: {shown}");
                continue;
            };
            if status == "failed" && error.starts_with("unresolved") {
                assert!(row.get::<_, bool>(4), "a person is to look: {shown}");
            } else if status == "cancelled" {
                assert!(
                    made.was_stopped || !made.connects(),
                    "{:?} was lost: {shown}",
                    made.fate
                );
            } else if !made.was_stopped {
                assert_eq!(outcome.as_deref(), Some(made.outcome()), "{shown}");
            }
        }
    }
}

struct Calls;

impl StateMachineTest for Calls {
    type SystemUnderTest = World;
    type Reference = Practice;

    fn init_test(_: &Word) -> World {
        World::new()
    }

    fn apply(mut world: World, word: &Word, step: Step) -> World {
        world.take(step, word);
        world
    }

    fn check_invariants(world: &World, _: &Word) {
        world.check();
    }

    fn teardown(mut world: World, word: Word) {
        world.finish(&word);
    }
}

proptest_state_machine::prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("MODEL_CASES").map_or(150, |it| it.parse().unwrap()),
        max_shrink_iters: 2000,
        failure_persistence: None,
        .. ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_to_a_call_it_dials_once_and_comes_to_its_end(sequential 1..60 => Calls);
}
