use super::*;

/// Thursday, 2026-01-15.
fn now(hour: u32, minute: u32) -> NaiveDateTime {
    local(15, hour, minute)
}

fn local(day: u32, hour: u32, minute: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 1, day)
        .and_then(|date| date.and_hms_opt(hour, minute, 0))
        .unwrap()
}

fn hour(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap()
}

/// At ten on that Thursday, open from eight until six.
fn read(text: &str) -> Option<CallbackTime> {
    parse(text, now(10, 0), hour(8), hour(18))
}

#[test]
fn iso_with_an_offset_is_an_instant() {
    for (text, expected) in [
        ("2026-01-20T10:00:00Z", "2026-01-20T10:00:00+00:00"),
        ("2026-01-20t10:00z", "2026-01-20T10:00:00+00:00"),
        (
            "2026-01-20T10:00:00.250+01:00",
            "2026-01-20T10:00:00.250+01:00",
        ),
        ("2026-01-20 10:00-0500", "2026-01-20T10:00:00-05:00"),
        ("2026-01-20 10:00 +01", "2026-01-20T10:00:00+01:00"),
        (" 2020-01-20T10:00Z ", "2020-01-20T10:00:00+00:00"),
    ] {
        let expected = DateTime::parse_from_rfc3339(expected).unwrap();
        assert_eq!(read(text), Some(CallbackTime::Instant(expected)), "{text}");
    }
}

#[test]
fn iso_without_an_offset_is_local() {
    for (text, expected) in [
        ("2026-01-20T10:00:00", local(20, 10, 0)),
        ("2026-01-20 10:00", local(20, 10, 0)),
        ("2026-01-20T05:30", local(20, 5, 30)),
        ("2026-01-02T10:00", local(2, 10, 0)),
    ] {
        assert_eq!(read(text), Some(CallbackTime::Local(expected)), "{text}");
    }
}

#[test]
fn short_english_is_understood() {
    for (text, expected) in [
        ("5", local(15, 17, 0)),
        ("at 5", local(15, 17, 0)),
        ("5:30", local(15, 17, 30)),
        ("05:30", local(15, 17, 30)),
        ("17:00", local(15, 17, 0)),
        ("17:00:00", local(15, 17, 0)),
        ("5 pm", local(15, 17, 0)),
        ("5PM", local(15, 17, 0)),
        ("5:30 p.m.", local(15, 17, 30)),
        ("5 p.m", local(15, 17, 0)),
        ("5 o'clock", local(15, 17, 0)),
        ("noon", local(15, 12, 0)),
        ("12:30", local(15, 12, 30)),
        ("12 am", local(16, 0, 0)),
        ("9", local(16, 9, 0)),
        ("10:00", local(16, 10, 0)),
        ("8", local(16, 8, 0)),
        ("Today at 5", local(15, 17, 0)),
        ("tomorrow 9", local(16, 9, 0)),
        ("Tomorrow, at 5 PM.", local(16, 17, 0)),
        ("5pm tomorrow", local(16, 17, 0)),
        ("at 9:15 on Friday", local(16, 9, 15)),
        ("on Friday at 9:15", local(16, 9, 15)),
        ("thursday 5", local(22, 17, 0)),
        ("wed 7 pm", local(21, 19, 0)),
        ("monday 7:00 am", local(19, 7, 0)),
        ("2026-01-20 5:30", local(20, 17, 30)),
        ("2026-01-20 at 5 pm", local(20, 17, 0)),
        ("2026-01-20 05:30 PM", local(20, 17, 30)),
        ("in 2 hours", local(15, 12, 0)),
        ("In 30 minutes.", local(15, 10, 30)),
        ("in two hours", local(15, 12, 0)),
        ("in an hour", local(15, 11, 0)),
        ("in 20 hrs", local(16, 6, 0)),
    ] {
        assert_eq!(read(text), Some(CallbackTime::Local(expected)), "{text}");
    }
}

#[test]
fn anything_else_is_left_to_a_person() {
    for text in [
        "",
        " ",
        "later",
        "tomorrow",
        "tomorrow morning",
        "friday afternoon",
        "next friday at 5",
        "after 5",
        "between 4 and 5",
        "5 or 6",
        "17 pm",
        "0",
        "00",
        "0 am",
        "0 pm",
        "24:00",
        "5:60",
        "5:3",
        "25",
        "-5",
        "+5",
        "5:-1",
        "five",
        "5 pm EST",
        "tomorrow tomorrow 5",
        "at at 5",
        "at",
        "on",
        "in",
        "in 0 minutes",
        "in 2 days",
        "in 2",
        "in -2 hours",
        "in 99999 hours",
        "2026-01-20",
        "2026-13-01 10:00",
        "2026-01-20T24:00",
        "2026-01-20T10",
        "12026-01-20T10:00",
        "15/01 5 pm",
        "2026-01-20T10:00 tomorrow",
        "ünter 5",
        "５",
        "7",
        "today 7",
        "today at 9",
        "today 9 am",
        "2026-01-14 5 pm",
        "2026-01-15 9:59",
        "5..",
        "+02026-01-20 5 pm",
    ] {
        assert_eq!(read(text), None, "{text:?}");
    }
    assert_eq!(read(&"5".repeat(201)), None);
}

#[test]
fn the_hours_tell_which_half_of_the_day_is_meant() {
    for (text, at, opens, closes, expected) in [
        ("5", now(17, 30), 8, 18, Some(local(16, 17, 0))),
        ("today 5", now(17, 30), 8, 18, None),
        ("6", now(10, 0), 8, 18, None),
        ("8", now(7, 0), 8, 18, Some(local(15, 8, 0))),
        ("9", now(8, 0), 8, 22, Some(local(15, 9, 0))),
        ("9", now(9, 0), 8, 22, Some(local(15, 21, 0))),
        ("today 9", now(21, 0), 8, 22, None),
        ("9", now(21, 0), 8, 22, Some(local(16, 9, 0))),
        ("5", now(10, 0), 8, 0, Some(local(15, 17, 0))),
        ("5", now(10, 0), 0, 0, Some(local(15, 17, 0))),
        ("12", now(10, 0), 0, 0, Some(local(15, 12, 0))),
        ("12", now(13, 0), 0, 0, Some(local(16, 0, 0))),
        // With am or pm the hours are not asked.
        ("7 pm", now(10, 0), 8, 18, Some(local(15, 19, 0))),
    ] {
        let time = parse(text, at, hour(opens), hour(closes));
        assert_eq!(
            time,
            expected.map(CallbackTime::Local),
            "{text} at {at}, {opens} to {closes}"
        );
    }
}

#[test]
fn the_ends_of_time_have_no_tomorrow() {
    for text in ["tomorrow 5", "friday 5", "in 10000 hours", "5", "noon"] {
        for at in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            let _ = parse(text, at, hour(8), hour(18));
        }
    }
    assert_eq!(
        parse("tomorrow 5", NaiveDateTime::MAX, hour(8), hour(18)),
        None
    );
}
