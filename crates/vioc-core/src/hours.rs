//! A range of hours as a setting writes it: `08:00-21:00`; `24:00` is the end of the day.

/// Minutes of the day at which the range opens (included) and closes (excluded); none if the text is not a range.
#[must_use]
pub fn parse(range: &str) -> Option<(u16, u16)> {
    let (opens, closes) = range.split_once('-')?;
    let (opens, closes) = (minutes(opens)?, minutes(closes)?);
    (opens < closes).then_some((opens, closes))
}

fn minutes(time: &str) -> Option<u16> {
    let (hour, minute) = time.split_once(':')?;
    let is_two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !is_two_digits(hour) || !is_two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= 24 * 60).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_times_of_one_day_in_order() {
        for (text, range) in [
            ("08:00-21:00", Some((480, 1260))),
            ("00:00-24:00", Some((0, 1440))),
            ("23:59-24:00", Some((1439, 1440))),
            ("21:00-08:00", None),
            ("08:00-08:00", None),
            ("08:00-24:01", None),
            ("08:60-21:00", None),
            ("8:00-21:00", None),
            ("08:00", None),
            ("08:00-21:00-22:00", None),
            (" 08:00-21:00", None),
            ("", None),
            ("+8:00-21:00", None),
        ] {
            assert_eq!(parse(text), range, "{text:?}");
        }
    }
}
