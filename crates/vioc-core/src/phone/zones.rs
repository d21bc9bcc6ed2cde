//! Where in the world a number may be: libphonenumber's table of first digits and time zones, and tzdata's of countries.
//!
//! No crate has it (November 2026: rlibphonenumber and phonenumber leave the mapper out), so the facts are
//! taken over, and corrected, by `tools/renew-phone-zones`.

use std::collections::HashMap;
use std::sync::LazyLock;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType};

use super::is_e164;

/// Here digits tell the place of every number, whatever its type: North America has no codes for mobiles,
/// and its islands, Kazakhstan, Réunion and Mayotte each share a country code.
const TOLD_BY_DIGITS: [&str; 3] = ["1", "77", "262"];

/// The parts of the world, as tzdata writes them. What else it has (UTC, `Etc/GMT+5`, `EST5EDT`, `posix/...`)
/// is a way to count hours, and nobody's place.
const PARTS_OF_THE_WORLD: [&str; 15] = [
    "africa",
    "america",
    "antarctica",
    "arctic",
    "asia",
    "atlantic",
    "australia",
    "brazil",
    "canada",
    "chile",
    "europe",
    "indian",
    "mexico",
    "pacific",
    "us",
];

struct Table {
    zones: HashMap<&'static str, Vec<&'static str>>,
    longest: usize,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../data/phone_zones.txt")));

/// Zones in small letters, and the line of the group that shows the same time.
static CLOCKS: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
    include_str!("../../data/zone_clocks.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .enumerate()
        .flat_map(|(group, line)| {
            line.split(' ')
                .map(move |zone| (zone.to_ascii_lowercase(), group))
        })
        .collect()
});

fn read(text: &'static str) -> Table {
    let mut table = Table {
        zones: HashMap::new(),
        longest: 0,
    };
    let mut names = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(prefixes) = line.strip_prefix(' ') {
            for prefix in prefixes.split(' ') {
                table.longest = table.longest.max(prefix.len());
                table.zones.insert(prefix, names.clone());
            }
        } else {
            names = line.split(' ').collect();
        }
    }
    table
}

/// The time zones (IANA names) that a number in E.164 may belong to; none if nothing is known about it.
///
/// Digits tell the place of a landline, and of a mobile where the country gives out both from one plan (as
/// North America does), as far as its area code does; of any other number they tell the country, with all of
/// its zones.
#[must_use]
pub fn time_zones(e164: &str) -> &'static [&'static str] {
    if !is_e164(e164) {
        return &[];
    }
    let Ok(number) = PHONE_NUMBER_UTIL.parse(e164, None) else {
        return &[];
    };
    if PHONE_NUMBER_UTIL.get_number_type(&number) == PhoneNumberType::Unknown {
        return &[];
    }
    let digits = &e164[1..];
    if TOLD_BY_DIGITS.iter().any(|code| digits.starts_with(code))
        || PHONE_NUMBER_UTIL.is_number_geographical(&number)
    {
        longest_match(digits)
    } else {
        longest_match(&number.country_code.to_string())
    }
}

fn longest_match(digits: &str) -> &'static [&'static str] {
    (1..=digits.len().min(TABLE.longest))
        .rev()
        .find_map(|length| TABLE.zones.get(&digits[..length]))
        .map_or(&[], Vec::as_slice)
}

/// Whether people live by this zone. UTC and its like are what software writes when it does not know.
#[must_use]
pub fn is_place(zone: &str) -> bool {
    zone.split_once('/').is_some_and(|(part, _)| {
        PARTS_OF_THE_WORLD
            .iter()
            .any(|known| part.eq_ignore_ascii_case(known))
    })
}

/// Where a person is: one place, or all those where they may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts<'a> {
    /// The zone that was written down for the person, which is the number's, or one of them.
    Known(&'a str),
    /// Every zone of the number, and the one that was written down although the number cannot be there.
    OneOf(Vec<&'a str>),
}

impl<'a> Whereabouts<'a> {
    /// `zone` is what was written down for the person, `number` theirs in E.164.
    #[must_use]
    pub fn of(zone: Option<&'a str>, number: Option<&str>) -> Self {
        let of_number = number.map_or(&[] as &[&'static str], time_zones);
        match zone.filter(|zone| is_place(zone)) {
            Some(zone) if of_number.is_empty() => Self::Known(zone),
            Some(zone) if of_number.iter().any(|other| same_clock(zone, other)) => {
                Self::Known(zone)
            }
            zone => Self::OneOf(of_number.iter().copied().chain(zone).collect()),
        }
    }

    /// The zones that count for what the person says and for their day; the practice's if nothing is known.
    #[must_use]
    pub fn zones(self, practice_zone: &'a str) -> Vec<&'a str> {
        match self {
            Self::Known(zone) => vec![zone],
            Self::OneOf(zones) if zones.is_empty() => vec![practice_zone],
            Self::OneOf(zones) => zones,
        }
    }

    /// The zones in all of which it must be within the hours: also the practice's, unless the place is known.
    #[must_use]
    pub fn zones_of_hours(self, practice_zone: &'a str) -> Vec<&'a str> {
        match self {
            Self::Known(zone) => vec![zone],
            Self::OneOf(mut zones) => {
                zones.retain(|zone| *zone != practice_zone);
                zones.push(practice_zone);
                zones
            }
        }
    }
}

/// Old spellings and neighbours alike: that the number is Detroit's and the zone New York's is no contradiction.
fn same_clock(zone: &str, other: &str) -> bool {
    zone.eq_ignore_ascii_case(other)
        || CLOCKS
            .get(&zone.to_ascii_lowercase())
            .is_some_and(|group| CLOCKS.get(&other.to_ascii_lowercase()) == Some(group))
}

#[cfg(test)]
mod tests;
