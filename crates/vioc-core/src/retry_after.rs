//! `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
//!
//! Retell documents no such header; a proxy in front of it may still send one.

use chrono::{DateTime, NaiveDateTime, Utc};

/// Nobody's header may silence a practice for longer than this.
const CAP_SECONDS: u32 = 3600;
/// No date form is longer.
const MAX_LENGTH: usize = 64;

/// The wait asked for, at most an hour; a moment already past is no wait.
#[must_use]
pub fn parse_seconds(value: &str, now: DateTime<Utc>) -> Option<u32> {
    let value = value.trim();
    if value.is_empty() || value.len() > MAX_LENGTH {
        return None;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only an overflow can fail here, and that is a very long wait.
        return Some(value.parse().unwrap_or(CAP_SECONDS).min(CAP_SECONDS));
    }
    let wait = http_date(value)?.signed_duration_since(now);
    // A part of a second rounds up: coming early is what the header forbids.
    let seconds = wait.num_seconds() + i64::from(wait.subsec_nanos() > 0);
    u32::try_from(seconds.clamp(0, i64::from(CAP_SECONDS))).ok()
}

/// A date as HTTP writes it. A recipient must read all three forms of RFC 9110, 5.6.7.
#[must_use]
pub fn http_date(value: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = DateTime::parse_from_rfc2822(value) {
        return Some(date.to_utc());
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(value, form).ok())
        .map(|date| date.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_become_a_bounded_wait() {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap(); // 1994-11-06 08:49:37
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("3601", Some(3600)),
            ("99999999999999999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(3600)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Mon, 06 Nov 1994 08:50:37 GMT", None),
        ] {
            assert_eq!(parse_seconds(value, now), expected, "{value:?}");
        }
        assert_eq!(parse_seconds(&"1".repeat(65), now), None);
    }

    #[test]
    fn a_part_of_a_second_rounds_up() {
        let now = DateTime::from_timestamp(784_111_777, 1).unwrap();
        let date = "Sun, 06 Nov 1994 08:49:39 GMT";
        assert_eq!(parse_seconds(date, now), Some(2));
    }
}
