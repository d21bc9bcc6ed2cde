//! Five people, what happens when they are called, and what each such call has earned them.

use retell_simulator::Fate;
use serde_json::json;

#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    /// As the practice has it.
    pub(super) phone: &'static str,
    pub(super) appointment_type: &'static str,
    pub(super) owner_name: &'static str,
    pub(super) earns: Earned,
}

/// What a call must have made of its contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Earned {
    pub(super) outcome: &'static str,
    pub(super) status: &'static str,
    pub(super) next_call: bool,
    pub(super) needs_review: bool,
}

const fn earned(
    outcome: &'static str,
    status: &'static str,
    next_call: bool,
    needs_review: bool,
) -> Earned {
    Earned {
        outcome,
        status,
        next_call,
        needs_review,
    }
}

/// The first one is called by hand, the others by pg_cron.
pub(super) const PEOPLE: [Person; 5] = [
    Person {
        name: "Maria Jones",
        phone: "(212) 555-0101",
        appointment_type: "cleaning",
        owner_name: "Dr. Smith",
        earns: earned("confirmed", "confirmed", false, false),
    },
    Person {
        name: "Peter Schmidt",
        phone: "212-555-0102",
        appointment_type: "check-up",
        owner_name: "Dr. Smith",
        earns: earned("cancelled", "cancelled", false, true),
    },
    Person {
        name: "Aisha Khan",
        phone: "+1 212 555 0103",
        appointment_type: "filling",
        owner_name: "Dr. Lee",
        earns: earned("rescheduled", "rescheduled", false, true),
    },
    Person {
        name: "John Miller",
        phone: "1 (212) 555 0104",
        appointment_type: "crown fitting",
        owner_name: "Dr. Lee",
        earns: earned("no_answer", "scheduled", true, false),
    },
    Person {
        name: "Rosa Garcia",
        phone: "212.555.0105",
        appointment_type: "cleaning",
        owner_name: "Dr. Smith",
        earns: earned("voicemail", "scheduled", true, false),
    },
];

/// What the simulated Retell does, by the end of the number. `wish` is a local time, `2027-01-15T14:30:00`.
pub(super) fn fates(wish: &str) -> Vec<(String, Fate)> {
    let by_number = [
        ("0101", Fate::confirmed().summary("She will come.")),
        ("0102", Fate::cancelled().summary("He is moving away.")),
        (
            "0103",
            Fate::rescheduled(wish).summary("She has to work that day."),
        ),
        ("0104", Fate::no_answer()),
        // The analysis takes the greeting for a yes; a machine confirms nothing.
        (
            "0105",
            Fate::voicemail().extra("appointment_action", json!("confirmed")),
        ),
    ];
    by_number
        .into_iter()
        .map(|(end, fate)| (end.to_owned(), fate))
        .collect()
}
