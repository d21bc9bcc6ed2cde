use super::*;
use PhoneProblem::*;

#[test]
fn a_number_is_read_as_its_country_writes_it() {
    for (raw, country, expected) in [
        ("+1 213-777-4445", None, "+12137774445"),
        ("(213) 777-4445", Some("US"), "+12137774445"),
        ("213.777.4445", Some("us"), "+12137774445"),
        ("1 (213) 777-4445", Some(" US "), "+12137774445"),
        ("tel:+1-213-777-4445", None, "+12137774445"),
        ("\u{202a}+1 213 777 4445\u{202c}", None, "+12137774445"),
        ("\t213 777 4445\n", Some("US"), "+12137774445"),
        ("２１３７７７４４４５", Some("US"), "+12137774445"),
        ("001 213 777 4445", Some("DE"), "+12137774445"),
        ("011 44 20 7183 8750", Some("US"), "+442071838750"),
        ("00 44 20 7183 8750", None, "+442071838750"),
        ("00442071838750", Some("FR"), "+442071838750"),
        ("+44 (0)20 7183 8750", None, "+442071838750"),
        ("(+44) 20 7183 8750", None, "+442071838750"),
        ("020 7183 8750", Some("GB"), "+442071838750"),
        ("0151/23456789", Some("DE"), "+4915123456789"),
        ("4915123456789", Some("DE"), "+4915123456789"),
        ("49 170 1234567", Some("DE"), "+491701234567"),
        ("49 (0)170 1234567", Some("DE"), "+491701234567"),
        ("0491 7012345", Some("DE"), "+494917012345"),
        ("491 7012345", Some("DE"), "+494917012345"),
        ("39 339 1234567", Some("IT"), "+393391234567"),
        ("390 1234567", Some("IT"), "+393901234567"),
        ("06 12 34 56 78", Some("FR"), "+33612345678"),
        ("02 1234 5678", Some("IT"), "+390212345678"),
        ("(11) 91234-5678", Some("BR"), "+5511912345678"),
        ("0 11 15 2345-6789", Some("AR"), "+5491123456789"),
        ("204 234 5678", Some("CA"), "+12042345678"),
        ("+800 1234 5678", None, "+80012345678"),
        ("+49 30 901820", Some("US"), "+4930901820"),
    ] {
        assert_eq!(
            normalize(raw, country).as_deref(),
            Ok(expected),
            "{raw:?} {country:?}"
        );
    }
}

#[test]
fn what_must_not_be_dialled_says_why() {
    for (raw, country, expected) in [
        ("", Some("US"), Missing),
        (" \t\u{200e}", Some("US"), Missing),
        ("none", Some("US"), NotANumber),
        ("-", Some("US"), NotANumber),
        ("someone1110@example.com", Some("US"), NotANumber),
        ("do not call 213 777 4445", Some("US"), NotANumber),
        ("213-777 home", Some("US"), NotANumber),
        ("1-800-FLOWERS", Some("US"), NotANumber),
        ("0xd2dc00a30027c9d5", Some("US"), NotANumber),
        ("213 777 4445", None, NoCountry),
        ("213 777 4445", Some("XX"), NoCountry),
        ("213 777 4445", Some("USA"), NoCountry),
        ("+1+12137774445", Some("US"), Impossible),
        ("213 777 4445 / 213 777 4446", Some("US"), Impossible),
        ("777-4445", Some("US"), Impossible),
        ("+1 666 555 1234", None, Impossible),
        ("+999 1234 5678", None, Impossible),
        ("+97233142764978", None, Impossible),
        ("213-777-4445 x12", Some("US"), Extension),
        ("213-777-4445 ext. 5", Some("US"), Extension),
        ("tel:+1-213-777-4445;ext=7", None, Extension),
        ("555-01", Some("US"), TooShort),
        ("20 7183", Some("GB"), TooShort),
        ("911", Some("US"), Emergency),
        ("9-1-1", None, Emergency),
        ("9 911", Some("US"), Emergency),
        ("112", Some("DE"), Emergency),
        ("999", Some("GB"), Emergency),
        ("000", Some("AU"), Emergency),
        ("110", Some("JP"), Emergency),
        ("116117", Some("DE"), Emergency),
        ("+1911", None, Emergency),
        ("+44 999", None, Emergency),
        ("00 49 112", Some("FR"), Emergency),
        ("1-900-976-1234", Some("US"), PremiumRate),
        ("0900 123 45 67", Some("NL"), PremiumRate),
        ("0180 1 123456", Some("DE"), SharedCost),
    ] {
        assert_eq!(
            normalize(raw, country),
            Err(expected),
            "{raw:?} {country:?}"
        );
    }
}

#[test]
fn long_text_is_not_read() {
    let long = format!("+1 213 777 4445{}", " -".repeat(30));
    assert_eq!(normalize(&long, None), Err(NotANumber));
    assert_eq!(normalize(&"9".repeat(100_000), Some("US")), Err(NotANumber));
}

#[test]
fn a_shared_code_is_told_apart_by_the_area() {
    for (e164, expected) in [
        ("+12137774445", Some("US")),
        ("+14169671111", Some("CA")),
        ("+18769261234", Some("JM")),
        ("+12423221234", Some("BS")),
        ("+442071838750", Some("GB")),
        ("+441481960194", Some("GG")),
        ("+390212345678", Some("IT")),
        ("+77012345678", Some("KZ")),
        ("+74951234567", Some("RU")),
        ("+80012345678", None),
        ("+16665551234", None),
        ("12137774445", None),
        ("+1", None),
        ("", None),
        ("+1 213 777 4445", None),
    ] {
        assert_eq!(country(e164).as_deref(), expected, "{e164}");
    }
}

#[test]
fn every_problem_has_words_of_its_own() {
    let all = [
        Missing,
        NotANumber,
        NoCountry,
        Impossible,
        TooShort,
        Extension,
        Emergency,
        PremiumRate,
        SharedCost,
    ];
    let words: std::collections::HashSet<_> = all.iter().map(|problem| problem.as_str()).collect();
    assert_eq!(words.len(), all.len());
}

#[test]
fn mexicos_old_mobiles_are_the_same_telephones() {
    for raw in [
        "+52 1 614 123 4567",
        "+5216141234567",
        "00 52 1 614 123 4567",
        "044 614 123 4567",
        "045 614 123 4567",
        "01 614 123 4567",
        "614 123 4567",
        "1 614 123 4567",
    ] {
        assert_eq!(
            normalize(raw, Some("MX")).as_deref(),
            Ok("+526141234567"),
            "{raw}"
        );
    }
    assert_eq!(
        normalize("+5216141234567", None).as_deref(),
        Ok("+526141234567")
    );
    assert!(normalize("+52 1 614 123 456", None).is_err());
}

#[test]
fn one_telephone_has_one_or_two_spellings() {
    for (number, other) in [
        ("+541123456789", Some("+5491123456789")),
        ("+5491123456789", Some("+541123456789")),
        ("+5493511234567", Some("+543511234567")),
        ("+3780549886377", Some("+390549886377")),
        ("+390549886377", Some("+3780549886377")),
        ("+12125550142", None),
        ("+5411234567", None),
    ] {
        let expected: Vec<_> = std::iter::once(number).chain(other).collect();
        assert_eq!(spellings(number), expected, "{number}");
        let one = one_spelling(number);
        assert!(spellings(number).contains(&one), "{number}");
        assert!(
            spellings(number).iter().all(|it| one_spelling(it) == one),
            "{number}"
        );
    }
    // however they are written at home
    for raw in [
        "011 2345-6789",
        "11 2345-6789",
        "011 15-2345-6789",
        "+54 9 11 2345 6789",
        "+54 11 2345 6789",
    ] {
        let number = normalize(raw, Some("AR")).unwrap();
        assert!(
            spellings(&number).contains(&"+541123456789".to_owned()),
            "{raw}"
        );
    }
}

#[test]
fn a_country_is_one_that_telephones_have_a_code_of() {
    for code in ["US", "GB", "DE", "XK", "TA", "MX"] {
        assert!(is_country(code), "{code}");
    }
    for code in [
        "UK", "EN", "EU", "ZZ", "XX", "us", "USA", "", "U", "É", "AN",
    ] {
        assert!(!is_country(code), "{code}");
    }
}
