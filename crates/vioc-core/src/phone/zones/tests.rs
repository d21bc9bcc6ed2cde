use super::*;

#[test]
fn a_number_may_be_where_its_digits_say() {
    for (number, zones) in [
        ("+12125550101", "America/New_York"),
        ("+16025550101", "America/Phoenix"),
        ("+18085550101", "Pacific/Honolulu"),
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
fn a_number_moves_freely_within_its_area_code_and_those_that_it_overlays() {
    for (number, zones) in [
        ("+12192265555", "America/Chicago America/New_York"),
        ("+12195550101", "America/Chicago America/New_York"),
        ("+14235550101", "America/Chicago America/New_York"),
        ("+18125550101", "America/Chicago America/New_York"),
        ("+19305550101", "America/Chicago America/New_York"),
        ("+18505550101", "America/Chicago America/New_York"),
        ("+14485550101", "America/Chicago America/New_York"),
        ("+12705550101", "America/Chicago America/New_York"),
        ("+13645550101", "America/Chicago America/New_York"),
        ("+13085550101", "America/Chicago America/Denver"),
        (
            "+16055550101",
            "America/Chicago America/Denver America/North_Dakota/Center",
        ),
        (
            "+12082455555",
            "America/Boise America/Denver America/Los_Angeles",
        ),
        (
            "+19865550101",
            "America/Boise America/Denver America/Los_Angeles",
        ),
        ("+14585550101", "America/Denver America/Los_Angeles"),
        ("+19285550101", "America/Denver America/Phoenix"),
        ("+18075550101", "America/Toronto America/Winnipeg"),
        ("+15815550101", "America/Halifax America/Toronto"),
        ("+17785550101", "America/Edmonton America/Vancouver"),
        ("+18795550101", "America/Goose_Bay America/St_Johns"),
        ("+14745550101", "America/Edmonton America/Regina"),
        ("+16895550101", "America/New_York"),
        (
            "+18675550101",
            "America/Cambridge_Bay America/Coral_Harbour America/Inuvik America/Iqaluit \
             America/Rankin_Inlet America/Whitehorse",
        ),
        ("+558133334444", "America/Noronha America/Sao_Paulo"),
        ("+56322100123", "America/Santiago Pacific/Easter"),
        ("+61732123456", "Australia/Brisbane Australia/Sydney"),
    ] {
        assert_eq!(time_zones(number).join(" "), zones, "{number}");
    }
}

#[test]
fn a_country_has_its_own_clock() {
    for (number, zones) in [
        ("+526141234567", "America/Chihuahua"),
        ("+526561234567", "America/Ciudad_Juarez"),
        ("+526631234567", "America/Tijuana"),
        ("+528681234567", "America/Matamoros"),
        ("+212522123456", "Africa/Casablanca Africa/El_Aaiun"),
        ("+212661234567", "Africa/Casablanca Africa/El_Aaiun"),
        ("+21321123456", "Africa/Algiers"),
        ("+50522123456", "America/Managua"),
        ("+74012123456", "Europe/Kaliningrad"),
        ("+78452123456", "Europe/Saratov"),
    ] {
        assert_eq!(time_zones(number).join(" "), zones, "{number}");
    }
    for number in ["+6281234567890", "+56961234567"] {
        assert!(time_zones(number).len() >= 3, "{number}");
    }
}

#[test]
fn an_island_has_one_zone() {
    for (area, zone) in [
        ("876", "America/Jamaica"),
        ("658", "America/Jamaica"),
        ("441", "Atlantic/Bermuda"),
        ("345", "America/Cayman"),
        ("246", "America/Barbados"),
        ("473", "America/Grenada"),
        ("268", "America/Antigua"),
        ("649", "America/Grand_Turk"),
        ("684", "Pacific/Pago_Pago"),
        ("868", "America/Port_of_Spain"),
        ("758", "America/St_Lucia"),
        ("242", "America/Nassau"),
        ("264", "America/Anguilla"),
        ("284", "America/Tortola"),
        ("340", "America/St_Thomas"),
        ("664", "America/Montserrat"),
        ("670", "Pacific/Saipan"),
        ("671", "Pacific/Guam"),
        ("721", "America/Lower_Princes"),
        ("767", "America/Dominica"),
        ("784", "America/St_Vincent"),
        ("787", "America/Puerto_Rico"),
        ("939", "America/Puerto_Rico"),
        ("809", "America/Santo_Domingo"),
        ("829", "America/Santo_Domingo"),
        ("849", "America/Santo_Domingo"),
        ("869", "America/St_Kitts"),
    ] {
        let mut known = 0;
        for exchange in (200..1000).step_by(7) {
            let zones = time_zones(&format!("+1{area}{exchange}4567"));
            // no number of any type falls back to the whole of North America
            assert!(zones.is_empty() || zones == [zone], "{area} {zones:?}");
            known += zones.len();
        }
        assert!(known > 0, "{area}");
    }
    for (number, zone) in [
        ("+77012345678", "Asia/Almaty"),
        ("+262692123456", "Indian/Reunion"),
        ("+262639012345", "Indian/Mayotte"),
    ] {
        let zones = time_zones(number);
        assert!(zones.contains(&zone) && zones.len() <= 8, "{zones:?}");
    }
}

#[test]
fn where_a_person_is() {
    let of = |zone, number| Whereabouts::of(zone, number);
    let (la, sydney) = (Some("+13105550142"), Some("+61291234567"));
    let not_known = |zones: &[&'static str]| Whereabouts::OneOf(zones.to_vec());
    assert_eq!(
        of(Some("US/Pacific"), la),
        Whereabouts::Known("US/Pacific"),
        "an old spelling"
    );
    assert_eq!(
        of(Some("america/tijuana"), la),
        Whereabouts::Known("america/tijuana"),
        "the same clock"
    );
    assert_eq!(
        of(Some("Australia/Perth"), Some("+61412345678")),
        Whereabouts::Known("Australia/Perth"),
        "one of the number's"
    );
    for zone in [
        "UTC",
        "Etc/UTC",
        "etc/gmt-5",
        "Etc/GMT+8",
        "GMT",
        "Zulu",
        "posix/America/New_York",
    ] {
        assert!(!is_place(zone), "{zone}");
        assert_eq!(of(Some(zone), sydney), not_known(&["Australia/Sydney"]));
    }
    assert_eq!(
        of(Some("Asia/Tokyo"), la),
        not_known(&["America/Los_Angeles", "Asia/Tokyo"]),
        "narrows"
    );
    assert_eq!(
        of(Some("Asia/Tokyo"), Some("+80012345678")),
        Whereabouts::Known("Asia/Tokyo"),
        "nothing contradicts"
    );
    assert_eq!(of(None, None).zones("Europe/London"), ["Europe/London"]);
    assert_eq!(of(None, la).zones("Europe/London"), ["America/Los_Angeles"]);
    assert_eq!(
        of(None, la).zones_of_hours("Europe/London"),
        ["America/Los_Angeles", "Europe/London"]
    );
    assert_eq!(
        of(None, la).zones_of_hours("America/Los_Angeles"),
        ["America/Los_Angeles"]
    );
    assert_eq!(
        of(Some("UTC"), None).zones_of_hours("Europe/London"),
        ["Europe/London"]
    );
}

#[test]
fn every_zone_of_a_number_has_a_clock() {
    for zone in TABLE.zones.values().flatten() {
        assert!(CLOCKS.contains_key(&zone.to_ascii_lowercase()), "{zone}");
        assert!(is_place(zone), "{zone}");
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
    assert!(TABLE.zones.len() > 1000);
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
