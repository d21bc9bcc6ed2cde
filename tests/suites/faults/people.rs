//! Who is called, what goes wrong with their calls, and what should come of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastrand::Rng;
use retell_simulator::{CreateFault, Script, Timing, WebhookFault, WebhookTrouble};

/// A call doubted for less than this is never sent again.
pub(crate) const RECONCILE: Duration = Duration::from_secs(10);
/// The simulator may create a call so late and know neither the call nor its key until then. Less than [`RECONCILE`] by
/// what a busy machine may add.
const LATE_UNKEYED_MS: u64 = 7_500;
/// So late if it knows the key from the start: then the key alone protects.
const LATE_KEYED_MS: u64 = 30_000;

/// Last two digits of a number, which decide what its owner does (`retell_simulator::LAST_DIGITS`), the outcome of the
/// call, and the status of the contact.
const FATES: [(u32, &str, &str); 13] = [
    (0, "confirmed", "confirmed"),
    (2, "cancelled", "cancelled"),
    (3, "rescheduled", "rescheduled"),
    (4, "no_answer", "scheduled"),
    (5, "voicemail", "scheduled"),
    (6, "busy", "scheduled"),
    (7, "do_not_call", "do_not_call"),
    (8, "callback_requested", "callback"),
    (9, "wrong_number", "wrong_number"),
    (10, "declined", "contacted"),
    (11, "completed", "contacted"),
    (12, "voicemail", "scheduled"),
    (14, "failed", "scheduled"),
];

/// What the practice does while the call is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meddling {
    None,
    CancelCall,
    CancelAppointment,
    MoveAppointment,
    Delete,
    /// It is night there: it is not called, and deleted in the end.
    Asleep,
}

#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The practice's key of the contact.
    pub(crate) external_id: String,
    pub(crate) phone: String,
    pub(crate) outcome: &'static str,
    pub(crate) status: &'static str,
    pub(crate) meddling: Meddling,
    /// Queued by pg_cron's function instead of Call Now.
    pub(crate) is_due: bool,
    /// The server said that the call (or the due contact) is stored.
    pub(crate) is_acknowledged: bool,
}

impl Person {
    /// With a number that nobody else has.
    pub(crate) fn new(random: &mut Rng) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        // half of them confirm
        let index = random.usize(0..FATES.len() * 2);
        let (digits, outcome, status) = FATES.get(index).copied().unwrap_or(FATES[0]);
        Self {
            external_id: format!("person {n}"),
            phone: format!("+1646{:05}{digits:02}", 20_000 + n),
            outcome,
            status,
            meddling: match random.u32(0..40) {
                0 | 1 => Meddling::CancelCall,
                2 => Meddling::CancelAppointment,
                3 => Meddling::MoveAppointment,
                4 => Meddling::Delete,
                _ => Meddling::None,
            },
            is_due: random.u32(0..4) == 0,
            is_acknowledged: false,
        }
    }
}

/// How much goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Everything that can.
    Everything,
    /// Creates without an answer, for which nothing but a safeguard stands between one dial and two.
    LateCreations,
    /// What a key known to Retell protects from: the last commits may be lost.
    KeysKnown,
}

/// What goes wrong with the first create of a call, and with its webhooks.
pub(crate) fn scripts(person: &Person, mix: Mix, random: &mut Rng) -> Vec<Script> {
    let to = || Script::to_number(&person.phone).times(1);
    let fault = match mix {
        Mix::Everything => (random.u32(0..10) < 5).then(|| any_fault(random)),
        Mix::LateCreations => (random.u32(0..10) < 8).then(|| late_creation(random)),
        Mix::KeysKnown => (random.u32(0..10) < 6).then(|| keyed_fault(random)),
    };
    let mut scripts: Vec<_> = fault.map(|it| to().create(it)).into_iter().collect();
    let mut manner = to();
    if random.u32(0..10) < 4 {
        manner = manner.webhook(webhook_fault(random));
    }
    if random.u32(0..10) < 3 {
        // still ringing or talking when the server breaks
        manner = manner.timing(Timing {
            ring: Duration::from_millis(random.u64(0..1500)),
            talk: Duration::from_millis(random.u64(0..1500)),
            ..Timing::default()
        });
    }
    if manner != to() {
        scripts.push(manner);
    }
    scripts
}

fn late_creation(random: &mut Rng) -> CreateFault {
    match random.u32(0..3) {
        0 => {
            let late = random.u64(LATE_KEYED_MS * 3 / 4..LATE_KEYED_MS);
            CreateFault::create_late(Duration::from_millis(late))
        }
        _ => {
            let late = random.u64(LATE_UNKEYED_MS * 3 / 4..LATE_UNKEYED_MS);
            CreateFault::create_late_unkeyed(Duration::from_millis(late))
        }
    }
}

fn keyed_fault(random: &mut Rng) -> CreateFault {
    match random.u32(0..6) {
        0 => CreateFault::hang_after_creating(),
        1 => CreateFault::hang_before_creating(),
        2 => CreateFault::reset_after_creating(),
        3 => CreateFault::status_after_creating(502),
        4 => CreateFault::answer_after(Duration::from_millis(random.u64(0..1500))),
        _ => CreateFault::create_late(Duration::from_millis(random.u64(100..LATE_KEYED_MS))),
    }
}

fn any_fault(random: &mut Rng) -> CreateFault {
    match random.u32(0..23) {
        20 => CreateFault::answered_twice(),
        21 => CreateFault::swapped(),
        // longer than an answer may be
        22 => CreateFault::huge(700_000),
        0 => CreateFault::hang_before_creating(),
        1 => CreateFault::reset_before_creating(),
        2 => CreateFault::status(500, ""),
        3 => CreateFault::status(503, ""),
        4 => CreateFault::status_after_creating(500),
        5 => CreateFault::status_after_creating(504),
        6 => CreateFault::empty_body(),
        7 => CreateFault::without_call_id(),
        8 => CreateFault::malformed(),
        9 => CreateFault::close_mid_body(),
        10 => CreateFault::wrong_content_type(),
        11 => CreateFault::throttled(Some("1")),
        12 => CreateFault::throttled(None),
        13..=16 => late_creation(random),
        _ => keyed_fault(random),
    }
}

fn webhook_fault(random: &mut Rng) -> WebhookFault {
    let event = ["call_started", "call_ended", "call_analyzed"][random.usize(0..3)];
    match random.u32(0..8) {
        0 => WebhookFault::never(),
        1 => WebhookFault::on(event, WebhookTrouble::Drop),
        2 => WebhookFault::reorder(),
        3 => WebhookFault::every(WebhookTrouble::Duplicate {
            copies: random.u32(1..4),
        }),
        4 => WebhookFault::on(
            event,
            WebhookTrouble::Delay {
                by: Duration::from_millis(random.u64(0..3000)),
            },
        ),
        5 => WebhookFault::stale(),
        6 => WebhookFault::on(event, WebhookTrouble::WrongKey),
        _ => WebhookFault::every(WebhookTrouble::UnknownEventFirst),
    }
}
