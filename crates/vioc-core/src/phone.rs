//! Which number may be dialled for what the practice has written down.
//!
//! Number plans come from Google's libphonenumber through `rlibphonenumber` 2.2.15, compared in November
//! 2026 with the older and better known `phonenumber` 0.3.10 on some sixty numbers. The older one calls a
//! number valid that is too long (`+97233142764978`, its open issue 31), knows neither type nor country
//! of a valid number of the Vatican, refuses Arabic digits, has had panics reported (issues 32, 69) and
//! has older metadata (9.0.33, not 9.0.42). The newer one showed none of this; its authors say that they
//! fuzz it against the C++ original, which was not repeated here.
//! Measured, optimised: 20 ms for the first number of a process (the older one: 135 ms), up to 10 ms for
//! the first of a further country and 35 ms for the first +1 number of an island (patterns are compiled
//! then), 3 to 5 µs after that (25 µs).

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};

/// Longer text is not one phone number.
const MAX_CHARS: usize = 64;
/// The longest short codes in use have six digits (116117 in Europe).
const MAX_SHORT_DIGITS: usize = 6;

/// Why a number is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneProblem {
    /// There is nothing there.
    Missing,
    /// Words, two numbers, anything else.
    NotANumber,
    /// A national number, and no country to read it in.
    NoCountry,
    /// Too short, too long, or not in use in its country.
    Impossible,
    /// Four to six digits that are no short code that is known here.
    TooShort,
    /// Behind a switchboard: the number alone reaches somebody else.
    Extension,
    /// 911, 112, 999 and every other short code.
    Emergency,
    /// The practice would pay dearly.
    PremiumRate,
    /// The practice would pay part of it.
    SharedCost,
}

impl PhoneProblem {
    /// In words for a receptionist.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "no phone number",
            Self::NotANumber => "not a phone number",
            Self::NoCountry => "phone number without a country",
            Self::Impossible => "phone number does not exist in its country",
            Self::TooShort => "phone number is too short",
            Self::Extension => "phone number with an extension",
            Self::Emergency => "emergency or short number",
            Self::PremiumRate => "premium-rate phone number",
            Self::SharedCost => "shared-cost phone number",
        }
    }
}

/// The number to dial, in E.164.
///
/// `country` (ISO 3166, two letters) is where a number without `+` is read. Letters are refused even
/// where a keypad could dial them: "213-777 home" would otherwise ring a stranger.
///
/// # Errors
///
/// Says why the number must not be dialled.
pub fn normalize(raw: &str, country: Option<&str>) -> Result<String, PhoneProblem> {
    let raw = raw.trim_matches(is_blank);
    if raw.is_empty() {
        return Err(PhoneProblem::Missing);
    }
    if raw.chars().count() > MAX_CHARS {
        return Err(PhoneProblem::NotANumber);
    }
    let raw = without_scheme(raw);
    let region = country.and_then(region);
    let (raw, international) = international(raw, region);
    if !international && (1..=3).contains(&count_digits(&raw)) && !has_letters(&raw) {
        return Err(PhoneProblem::Emergency);
    }
    let number = PHONE_NUMBER_UTIL.parse(&raw, region).map_err(|_| {
        if has_letters(&raw) || count_digits(&raw) == 0 {
            PhoneProblem::NotANumber
        } else if region.is_none() && !international {
            PhoneProblem::NoCountry
        } else {
            PhoneProblem::Impossible
        }
    })?;
    if number
        .extension
        .as_deref()
        .is_some_and(|extension| !extension.is_empty())
    {
        return Err(PhoneProblem::Extension);
    }
    if has_letters(&raw) {
        return Err(PhoneProblem::NotANumber);
    }
    let number = if international {
        number
    } else {
        without_lost_plus(number, &raw)
    };
    dialable(&as_numbered_today(number))
}

/// Every way to write the same telephone in E.164, the given one first.
///
/// Argentina's mobiles have a 9 for those who call from abroad, and the network alone knows which numbers are
/// mobiles; San Marino is reached through Italy, too.
#[must_use]
pub fn spellings(e164: &str) -> Vec<String> {
    let other = if let Some(rest) = e164.strip_prefix("+549").filter(|rest| rest.len() == 10) {
        Some(format!("+54{rest}"))
    } else if let Some(rest) = e164.strip_prefix("+54").filter(|rest| rest.len() == 10) {
        Some(format!("+549{rest}"))
    } else if let Some(rest) = e164.strip_prefix("+390549") {
        Some(format!("+3780549{rest}"))
    } else {
        e164.strip_prefix("+3780549")
            .map(|rest| format!("+390549{rest}"))
    };
    std::iter::once(e164.to_owned()).chain(other).collect()
}

/// The same for every spelling of a telephone, whichever is given.
#[must_use]
pub fn one_spelling(e164: &str) -> String {
    spellings(e164)
        .into_iter()
        .min()
        .unwrap_or_else(|| e164.to_owned())
}

/// Whether telephones have a code of this country (ISO 3166, two capital letters): UK, EN, EU and ZZ are none.
#[must_use]
pub fn is_country(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_uppercase()) && region(code).is_some()
}

/// The country (ISO 3166, two letters) of a number in E.164; none for shared codes such as +800.
#[must_use]
pub fn country(e164: &str) -> Option<String> {
    if !is_e164(e164) {
        return None;
    }
    let number = PHONE_NUMBER_UTIL.parse(e164, None).ok()?;
    let code = PHONE_NUMBER_UTIL
        .get_region_for_number(&number)?
        .to_string();
    // libphonenumber writes 001 for the world, and may say so in words.
    (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(code)
}

/// Where numbers have any length (Germany), 49170... is also a landline somewhere; written without the zero of a
/// national number it is a mobile that has lost its plus.
fn without_lost_plus(number: PhoneNumber, raw: &str) -> PhoneNumber {
    let mut digits = raw.chars().filter(|c| c.is_numeric());
    let has_trunk_zero = digits
        .next()
        .and_then(|digit| digit.to_digit(10))
        .is_none_or(|digit| digit == 0);
    let national = number.get_national_significant_number();
    if has_trunk_zero || !national.starts_with(&number.country_code.to_string()) {
        return number;
    }
    let is_mobile =
        |it: &PhoneNumber| PHONE_NUMBER_UTIL.get_number_type(it) == PhoneNumberType::Mobile;
    PHONE_NUMBER_UTIL
        .parse(format!("+{national}"), None)
        .ok()
        .filter(|other| is_mobile(other) && !is_mobile(&number))
        .unwrap_or(number)
}

/// Mexico's mobiles had a 1 after +52, and 01, 044 or 045 at home, until 2020: they are in address books.
fn as_numbered_today(number: PhoneNumber) -> PhoneNumber {
    if number.country_code != 52 || PHONE_NUMBER_UTIL.is_valid_number(&number) {
        return number;
    }
    let national = number.get_national_significant_number();
    ["1", "01", "044", "045"]
        .iter()
        .filter_map(|old| national.strip_prefix(old))
        .find(|rest| rest.len() == 10)
        .and_then(|rest| PHONE_NUMBER_UTIL.parse(format!("+52{rest}"), None).ok())
        .unwrap_or(number)
}

fn dialable(number: &PhoneNumber) -> Result<String, PhoneProblem> {
    if !PHONE_NUMBER_UTIL.is_valid_number(number) {
        let digits = number.get_national_significant_number();
        return Err(if digits.len() > MAX_SHORT_DIGITS {
            PhoneProblem::Impossible
        } else if is_service(&digits) {
            PhoneProblem::Emergency
        } else {
            PhoneProblem::TooShort
        });
    }
    match PHONE_NUMBER_UTIL.get_number_type(number) {
        PhoneNumberType::PremiumRate => return Err(PhoneProblem::PremiumRate),
        PhoneNumberType::SharedCost => return Err(PhoneProblem::SharedCost),
        _ => {}
    }
    let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
    // What we dial must be what anybody reads there: one number, one person.
    let same = PHONE_NUMBER_UTIL
        .parse(&e164, None)
        .is_ok_and(|again| again.format_as(PhoneNumberFormat::E164) == e164);
    if same && is_e164(&e164) {
        Ok(e164)
    } else {
        Err(PhoneProblem::Impossible)
    }
}

/// 911, 112, 999, with a digit for a line outside before it or not, 116117.
fn is_service(digits: &str) -> bool {
    let emergency = ["911", "112", "999", "000", "110"];
    digits.len() <= 3
        || digits.starts_with("11")
        || (digits.len() <= 4 && emergency.iter().any(|code| digits.ends_with(code)))
}

/// The form Retell takes: `^\+[1-9]\d{6,14}$`.
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Blanks, and the invisible marks that address books put around a copied number.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// RFC 3966 writes `tel:+12137774445`.
fn without_scheme(raw: &str) -> &str {
    match raw.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest,
        _ => raw,
    }
}

/// The text to parse, and whether it says its own country.
///
/// Without a country to ask, `00` is the international prefix that the ITU recommends (E.164, 7.3.1);
/// with one, libphonenumber knows how that country dials abroad.
fn international(raw: &str, region: Option<Region>) -> (String, bool) {
    match raw.strip_prefix("00") {
        Some(rest) if region.is_none() => (format!("+{}", rest.trim_start()), true),
        _ => (
            raw.to_owned(),
            raw.trim_start_matches('(').starts_with(['+', '＋']),
        ),
    }
}

fn region(country: &str) -> Option<Region> {
    let country = country.trim();
    let two_letters = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic());
    two_letters
        .then(|| country.to_ascii_uppercase())
        .and_then(|code| Region::try_from(code.as_str()).ok())
        // "XX" and "UK" are well-formed, yet no country has them.
        .filter(|region| {
            PHONE_NUMBER_UTIL
                .get_country_code_for_region(*region)
                .is_some()
        })
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

fn count_digits(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}

mod zones;

pub use zones::{Whereabouts, is_place, time_zones};

#[cfg(test)]
mod tests;
