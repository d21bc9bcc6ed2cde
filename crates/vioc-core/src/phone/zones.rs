//! Where in the world a number may be: libphonenumber's table of first digits and time zones.
//!
//! No crate has it (November 2026: rlibphonenumber and phonenumber leave the mapper out), so the facts are
//! taken over by `tools/renew-phone-zones`; what is done with them is what libphonenumber's mapper does.

use std::collections::HashMap;
use std::sync::LazyLock;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType};

use super::is_e164;

struct Table {
    zones: HashMap<&'static str, Vec<&'static str>>,
    longest: usize,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../data/phone_zones.txt")));

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
/// North America does); of any other number they tell the country, with all of its zones.
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
    if PHONE_NUMBER_UTIL.is_number_geographical(&number) {
        longest_match(&e164[1..])
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

#[cfg(test)]
mod tests {
    use super::*;

    // what libphonenumber's own mapper says (its Python port, 9.0.42)
    #[test]
    fn a_number_may_be_where_its_digits_say() {
        for (number, zones) in [
            ("+12125550101", "America/New_York"),
            ("+16025550101", "America/Phoenix"),
            ("+19285550101", "America/Phoenix"),
            ("+18085550101", "Pacific/Honolulu"),
            ("+12082455555", "America/Los_Angeles"),
            ("+12082415555", "America/Denver"),
            ("+442079460123", "Europe/London"),
            ("+61291234567", "Australia/Sydney"),
            ("+61891234567", "Australia/Adelaide Australia/Perth"),
            ("+97714123456", "Asia/Kathmandu"),
            ("+34912345678", "Europe/Madrid"),
            ("+5511987654321", "America/Sao_Paulo"),
        ] {
            assert_eq!(time_zones(number).join(" "), zones, "{number}");
        }
    }

    #[test]
    fn a_number_without_a_place_may_be_anywhere_in_its_country() {
        for (number, some_zones, at_least) in [
            ("+447912345678", vec!["Europe/London", "Europe/Jersey"], 4),
            (
                "+61412345678",
                vec!["Australia/Sydney", "Australia/Perth"],
                6,
            ),
            (
                "+18005550199",
                vec!["America/New_York", "Pacific/Honolulu"],
                20,
            ),
            ("+34612345678", vec!["Europe/Madrid", "Atlantic/Canary"], 2),
        ] {
            let zones = time_zones(number);
            assert!(
                some_zones.iter().all(|zone| zones.contains(zone)),
                "{zones:?}"
            );
            assert!(zones.len() >= at_least, "{number}: {zones:?}");
        }
    }

    #[test]
    fn of_anything_else_nothing_is_known() {
        for number in [
            "",
            "+",
            "12125550101",
            "+80012345678",
            "+999999999",
            "+1212555",
            "nonsense",
        ] {
            assert!(time_zones(number).is_empty(), "{number}");
        }
    }

    #[test]
    fn every_prefix_has_a_zone_and_every_country_its_own_entry() {
        assert!(TABLE.zones.len() > 3000);
        for (prefix, zones) in &TABLE.zones {
            assert!(prefix.bytes().all(|b| b.is_ascii_digit()), "{prefix}");
            assert!(!zones.is_empty(), "{prefix}");
            assert!(zones.iter().all(|zone| zone.contains('/')), "{zones:?}");
        }
        for country in [
            "1", "7", "33", "34", "44", "49", "52", "55", "61", "91", "353", "977",
        ] {
            assert!(TABLE.zones.contains_key(country), "{country}");
        }
    }
}
