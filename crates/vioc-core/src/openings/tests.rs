//! Zones are chrono-tz's here and PostgreSQL's in production; the cases of `tests/sql/rules` run the same calendars there.

use chrono::{
    DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Offset as _, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

impl Zone for Tz {
    fn offset(&self, at: i64) -> Offset {
        let seconds = self.offset_from_utc_datetime(&utc(at).naive_utc()).fix();
        Offset {
            seconds: i64::from(seconds.local_minus_utc()),
            // clocks change at whole quarters of an hour, since long
            until: (at.div_euclid(900) + 1) * 900,
        }
    }
}

fn utc(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at, 0).expect("an instant that chrono has")
}

fn at(text: &str) -> i64 {
    DateTime::parse_from_str(text, "%Y-%m-%d %H:%M%#z")
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .timestamp()
}

/// `1-5 09:00-17:00, 6 20:00-02:00`
fn week(text: &str) -> Week {
    let minutes = |time: &str| -> i32 {
        let (hour, minute) = time.split_once(':').expect("a time");
        hour.parse::<i32>().expect("hour") * 60 + minute.parse::<i32>().expect("minute")
    };
    let mut ranges = Vec::new();
    for part in text.split(", ").filter(|part| !part.is_empty()) {
        let (days, hours) = part.split_once(' ').expect("days and hours");
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (opens, closes) = hours.split_once('-').expect("a range");
        let (opens, mut closes) = (minutes(opens), minutes(closes));
        if closes < opens {
            closes += 1440;
        }
        for day in first.parse::<i32>().expect("day")..=last.parse().expect("day") {
            ranges.push(((day - 1) * 1440 + opens, (day - 1) * 1440 + closes));
        }
    }
    Week::new(&ranges)
}

fn calendar(zones: &[Tz], hours: &str) -> Calendar<Tz> {
    Calendar(vec![Rota {
        zones: zones.to_vec(),
        week: Some(week(hours)),
        days_off: DaysOff::default(),
    }])
}

fn tz(name: &str) -> Tz {
    name.parse().expect("a zone")
}

/// From each instant on: the next opening, and the next closing after that.
#[test]
fn clocks_change_and_the_hours_stay() {
    for (zone, hours, from, opens, closes, case) in [
        // spring: 2031-03-09 02:00 is 03:00
        (
            "America/New_York",
            "1-7 02:30-04:00",
            "2031-03-09 00:00-05",
            "2031-03-09 03:00-04",
            "2031-03-09 04:00-04",
            "an opening that spring skips is when the clock has jumped",
        ),
        (
            "America/New_York",
            "1-7 02:15-02:45",
            "2031-03-09 00:00-05",
            "2031-03-10 02:15-04",
            "2031-03-10 02:45-04",
            "a range that spring skips is not that day",
        ),
        (
            "America/New_York",
            "1-7 01:00-02:30",
            "2031-03-09 00:00-05",
            "2031-03-09 01:00-05",
            "2031-03-09 03:00-04",
            "a closing that spring skips is when the clock jumps",
        ),
        (
            "America/New_York",
            "1-7 08:00-21:00",
            "2031-03-08 21:00-05",
            "2031-03-09 08:00-04",
            "2031-03-09 21:00-04",
            "the night is an hour shorter",
        ),
        // autumn: 2031-11-02 02:00 is 01:00 again
        (
            "America/New_York",
            "1-7 01:15-01:45",
            "2031-11-02 00:00-04",
            "2031-11-02 01:15-04",
            "2031-11-02 01:45-04",
            "a range that autumn repeats, for the first time",
        ),
        (
            "America/New_York",
            "1-7 01:15-01:45",
            "2031-11-02 01:50-04",
            "2031-11-02 01:15-05",
            "2031-11-02 01:45-05",
            "... and for the second",
        ),
        (
            "America/New_York",
            "1-7 00:00-01:30",
            "2031-11-01 12:00-04",
            "2031-11-02 00:00-04",
            "2031-11-02 01:30-04",
            "closed when the clock first says so",
        ),
        (
            "America/New_York",
            "1-7 08:00-21:00",
            "2031-11-01 21:00-04",
            "2031-11-02 08:00-05",
            "2031-11-02 21:00-05",
            "the night is an hour longer",
        ),
        (
            "Europe/London",
            "1-7 08:00-21:00",
            "2031-03-29 21:00+00",
            "2031-03-30 08:00+01",
            "2031-03-30 21:00+01",
            "London in spring",
        ),
        (
            "Europe/London",
            "1-7 01:30-03:00",
            "2031-03-30 00:00+00",
            "2031-03-30 02:00+01",
            "2031-03-30 03:00+01",
            "London skips one to two",
        ),
        (
            "Europe/London",
            "1-7 08:00-21:00",
            "2031-10-25 21:00+01",
            "2031-10-26 08:00+00",
            "2031-10-26 21:00+00",
            "London in autumn",
        ),
        (
            "Australia/Sydney",
            "1-7 08:00-21:00",
            "2031-04-05 21:00+11",
            "2031-04-06 08:00+10",
            "2031-04-06 21:00+10",
            "Sydney's autumn is April",
        ),
        (
            "Australia/Sydney",
            "1-7 02:30-04:00",
            "2031-10-05 00:00+10",
            "2031-10-05 03:00+11",
            "2031-10-05 04:00+11",
            "Sydney's spring is October",
        ),
        (
            "Australia/Lord_Howe",
            "1-7 02:10-02:50",
            "2031-10-05 00:00+1030",
            "2031-10-05 02:30+11",
            "2031-10-05 02:50+11",
            "Lord Howe skips half an hour",
        ),
        (
            "Australia/Lord_Howe",
            "1-7 01:40-01:50",
            "2031-04-06 01:55+11",
            "2031-04-06 01:40+1030",
            "2031-04-06 01:50+1030",
            "Lord Howe repeats half an hour",
        ),
        (
            "Australia/Lord_Howe",
            "1-7 08:00-21:00",
            "2031-04-05 21:00+11",
            "2031-04-06 08:00+1030",
            "2031-04-06 21:00+1030",
            "... and keeps its hours",
        ),
        (
            "America/Phoenix",
            "1-7 08:00-21:00",
            "2031-03-08 21:00-07",
            "2031-03-09 08:00-07",
            "2031-03-09 21:00-07",
            "Phoenix has no daylight saving",
        ),
        (
            "Asia/Kathmandu",
            "1-7 08:00-21:00",
            "2031-03-08 22:00+0545",
            "2031-03-09 08:00+0545",
            "2031-03-09 21:00+0545",
            "a quarter of an hour off",
        ),
        // midnight
        (
            "Europe/London",
            "5 20:00-02:00",
            "2031-06-11 12:00+01",
            "2031-06-13 20:00+01",
            "2031-06-14 02:00+01",
            "Friday evening lasts until Saturday",
        ),
        (
            "Europe/London",
            "7 20:00-02:00",
            "2031-06-15 23:59+01",
            "2031-06-15 23:59+01",
            "2031-06-16 02:00+01",
            "Sunday evening lasts until Monday",
        ),
        (
            "Europe/London",
            "7 20:00-02:00",
            "2031-06-16 02:00+01",
            "2031-06-22 20:00+01",
            "2031-06-23 02:00+01",
            "... and not a minute longer",
        ),
        (
            "Europe/London",
            "1 09:00-24:00, 2 00:00-05:00",
            "2031-06-16 00:00+01",
            "2031-06-16 09:00+01",
            "2031-06-17 05:00+01",
            "24:00 is the next day's beginning",
        ),
        (
            "Europe/London",
            "1 09:00-12:00, 1 11:00-13:00, 1 14:00-15:00",
            "2031-06-16 00:00+01",
            "2031-06-16 09:00+01",
            "2031-06-16 13:00+01",
            "ranges that overlap are one",
        ),
    ] {
        let calendar = calendar(&[tz(zone)], hours);
        let opening = calendar.next_opening(at(from), i64::MAX).map(utc);
        assert_eq!(opening, Some(utc(at(opens))), "{case}");
        let closing = calendar.next_closing(at(opens), i64::MAX).map(utc);
        assert_eq!(closing, Some(utc(at(closes))), "{case}: closing");
    }
}

#[test]
fn every_zone_has_a_say() {
    let clinic = tz("America/Phoenix");
    for (other, from, opens, closes, case) in [
        (
            "America/New_York",
            "2031-01-15 00:00-07",
            "2031-01-15 08:00-07",
            "2031-01-15 15:00-07",
            "212 in winter: New York closes at three in Phoenix",
        ),
        (
            "America/New_York",
            "2031-07-15 00:00-07",
            "2031-07-15 08:00-07",
            "2031-07-15 14:00-07",
            "212 in summer: at two",
        ),
        (
            "America/Phoenix",
            "2031-07-15 00:00-07",
            "2031-07-15 08:00-07",
            "2031-07-15 17:00-07",
            "602: one's own hours",
        ),
        (
            "America/Los_Angeles",
            "2031-01-15 00:00-07",
            "2031-01-15 09:00-07",
            "2031-01-15 17:00-07",
            "213 in winter: an hour behind",
        ),
        (
            "Europe/London",
            "2031-03-20 00:00-07",
            "2031-03-20 08:00-07",
            "2031-03-20 10:00-07",
            "London, while only America has changed its clock",
        ),
        (
            "Europe/London",
            "2031-04-02 00:00-07",
            "2031-04-02 08:00-07",
            "2031-04-02 09:00-07",
            "London, when both have",
        ),
    ] {
        let both = calendar(&[clinic, tz(other)], "1-7 08:00-17:00");
        assert_eq!(
            both.next_opening(at(from), i64::MAX).map(utc),
            Some(utc(at(opens))),
            "{case}"
        );
        assert_eq!(
            both.next_closing(at(opens), i64::MAX).map(utc),
            Some(utc(at(closes))),
            "{case}: closing"
        );
    }
    let never = calendar(
        &[tz("America/New_York"), tz("Asia/Tokyo")],
        "1-7 09:00-17:00",
    );
    assert_eq!(
        never.next_opening(at("2031-06-01 00:00Z"), i64::MAX),
        None,
        "no hour suits both"
    );
}

#[test]
fn days_off_are_days_of_their_zone() {
    let closed = |days: &[i32]| {
        Calendar(vec![
            Rota {
                zones: vec![tz("America/New_York")],
                week: Some(week("1-7 09:00-17:00")),
                days_off: DaysOff::default(),
            },
            Rota {
                zones: vec![tz("America/New_York")],
                week: None,
                days_off: DaysOff::new(days.to_vec()),
            },
        ])
    };
    for (days, from, opens, case) in [
        (
            vec![20_311_225],
            "2031-12-24 17:00-05",
            "2031-12-26 09:00-05",
            "one day",
        ),
        (
            vec![20_311_225],
            "2032-12-24 17:00-05",
            "2032-12-25 09:00-05",
            "... of one year",
        ),
        (
            vec![1225, 1226],
            "2034-12-24 17:00-05",
            "2034-12-27 09:00-05",
            "days of every year",
        ),
        (
            vec![229],
            "2032-02-28 17:00-05",
            "2032-03-01 09:00-05",
            "29 February in a leap year",
        ),
        (
            vec![229],
            "2031-02-28 08:00-05",
            "2031-02-28 09:00-05",
            "... does not take 28 February of another",
        ),
        (
            vec![229],
            "2031-02-28 17:00-05",
            "2031-03-01 09:00-05",
            "... nor 1 March",
        ),
        (
            vec![229],
            "2100-02-28 17:00-05",
            "2100-03-01 09:00-05",
            "2100 is none",
        ),
        (
            vec![20_320_229],
            "2032-02-29 00:00-05",
            "2032-03-01 09:00-05",
            "29 February once",
        ),
        (
            vec![20_320_229],
            "2036-02-29 00:00-05",
            "2036-02-29 09:00-05",
            "... and never again",
        ),
        (
            vec![20_310_309],
            "2031-03-08 17:00-05",
            "2031-03-10 09:00-04",
            "a day of 23 hours",
        ),
    ] {
        assert_eq!(
            closed(&days).next_opening(at(from), i64::MAX).map(utc),
            Some(utc(at(opens))),
            "{case}"
        );
    }
}

#[test]
fn a_step_in_closed_hours_goes_back_if_it_can() {
    let practice = calendar(
        &[tz("America/New_York")],
        "1-5 09:00-12:00, 1-5 13:00-18:00, 6 09:00-12:00",
    );
    // Monday is 16 June 2031
    for (step, planned, latest, wanted, case) in [
        (
            "2031-06-13 10:30-04",
            "2031-06-01 00:00-04",
            "2031-06-14 08:30-04",
            Some("2031-06-13 10:30-04"),
            "open: as it is",
        ),
        (
            "2031-06-15 08:30-04",
            "2031-06-01 00:00-04",
            "2031-06-16 06:30-04",
            Some("2031-06-14 09:00-04"),
            "Monday 8:30, Sunday closed: on Saturday",
        ),
        (
            "2031-06-15 08:30-04",
            "2031-06-14 10:00-04",
            "2031-06-16 06:30-04",
            Some("2031-06-14 10:00-04"),
            "... known on Saturday at ten: at once",
        ),
        (
            "2031-06-15 08:30-04",
            "2031-06-14 13:00-04",
            "2031-06-16 06:30-04",
            None,
            "... known when Saturday is over: not before it",
        ),
        (
            "2031-06-15 15:00-04",
            "2031-06-14 13:00-04",
            "2031-06-16 13:00-04",
            Some("2031-06-16 09:00-04"),
            "... but before one on Monday afternoon",
        ),
        (
            "2031-06-12 12:30-04",
            "2031-06-01 00:00-04",
            "2031-06-13 10:30-04",
            Some("2031-06-12 09:00-04"),
            "at noon: in the morning",
        ),
        (
            "2031-06-12 12:30-04",
            "2031-06-12 12:10-04",
            "2031-06-13 10:30-04",
            Some("2031-06-12 13:00-04"),
            "... unless that is over",
        ),
        (
            "2031-06-12 12:30-04",
            "2031-06-12 12:30-04",
            "2031-06-13 10:30-04",
            None,
            "what is past is past",
        ),
        (
            "2031-06-12 12:30-04",
            "2031-06-01 00:00-04",
            "2031-06-12 12:29-04",
            None,
            "too late already",
        ),
    ] {
        let found = practice.fit(at(step), at(planned), at(latest)).map(utc);
        assert_eq!(found, wanted.map(|wanted| utc(at(wanted))), "{case}");
    }
}

#[test]
fn nothing_is_open_at_no_hour_and_everything_without_hours() {
    let now = at("2031-06-01 00:00Z");
    assert_eq!(calendar(&[Tz::UTC], "").next_opening(now, i64::MAX), None);
    assert_eq!(
        calendar(&[Tz::UTC], "1-7 00:00-24:00").next_closing(now, i64::MAX),
        None
    );
    let always = Calendar(vec![Rota {
        zones: vec![Tz::UTC],
        week: None,
        days_off: DaysOff::default(),
    }]);
    assert!(always.is_open(now) && always.next_closing(now, i64::MAX).is_none());
    assert!(Calendar::<Tz>(Vec::new()).is_open(now));
    // nonsense is no time, and no panic
    let nonsense = Week::new(&[
        (-1, 5),
        (5, 5),
        (9, 3),
        (20_000, 20_001),
        (0, 20_161),
        (0, i32::MAX),
    ]);
    assert_eq!(nonsense, Week::new(&[]));
    let extremes = calendar(&[Tz::UTC], "1 09:00-10:00");
    for at in [i64::MIN / 2_000_000, i64::MAX / 2_000_000] {
        let _ = extremes.next_opening(at, i64::MAX);
    }
}

const ZONES: [Tz; 8] = [
    Tz::America__New_York,
    Tz::Europe__London,
    Tz::Australia__Sydney,
    Tz::Australia__Lord_Howe,
    Tz::America__Phoenix,
    Tz::Asia__Kathmandu,
    Tz::America__St_Johns,
    Tz::Africa__Casablanca,
];

/// A practice as its tables have it: weekday, opens, closes (past 1440: the next day) in minutes.
#[derive(Debug, Clone)]
struct Practice {
    zones: Vec<Tz>,
    hours: Vec<(u32, u32, u32)>,
    days_off: Vec<NaiveDate>,
    yearly: Vec<(u32, u32)>,
}

impl Practice {
    fn calendar(&self) -> Calendar<Tz> {
        let ranges: Vec<(i32, i32)> = self
            .hours
            .iter()
            .map(|&(day, opens, closes)| {
                (
                    ((day - 1) * 1440 + opens) as i32,
                    ((day - 1) * 1440 + closes) as i32,
                )
            })
            .collect();
        let days = self
            .days_off
            .iter()
            .map(|day| day.year() * 10_000 + (day.month() * 100 + day.day()) as i32)
            .chain(
                self.yearly
                    .iter()
                    .map(|&(month, day)| (month * 100 + day) as i32),
            );
        Calendar(vec![
            Rota {
                zones: self.zones.clone(),
                week: Some(Week::new(&ranges)),
                days_off: DaysOff::default(),
            },
            Rota {
                zones: vec![self.zones[0]],
                week: None,
                days_off: DaysOff::new(days.collect()),
            },
        ])
    }

    /// The same by looking at the wall: written without the code above.
    fn is_open(&self, at: i64) -> bool {
        let by_clock = self.zones.iter().all(|zone| {
            let local = utc(at).with_timezone(zone).naive_local();
            let minute = local.hour() * 60 + local.minute();
            let today = local.weekday().number_from_monday();
            let yesterday = local.weekday().pred().number_from_monday();
            self.hours.iter().any(|&(day, opens, closes)| {
                (day == today && opens <= minute && minute < closes)
                    || (day == yesterday && minute + 1440 < closes)
            })
        });
        let date = utc(at).with_timezone(&self.zones[0]).date_naive();
        by_clock
            && !self.days_off.contains(&date)
            && !self.yearly.contains(&(date.month(), date.day()))
    }
}

fn practice() -> impl Strategy<Value = Practice> {
    let zones = prop::collection::vec(prop::sample::select(ZONES.to_vec()), 1..4);
    let range = (1u32..=7, 0u32..1440, 1u32..1440)
        .prop_map(|(day, opens, length)| (day, opens, opens + length));
    let hours = prop::collection::vec(range, 0..12);
    let day = (0u64..366 * 2)
        .prop_map(|n| NaiveDate::from_ymd_opt(2031, 6, 1).expect("a day") + Days::new(n));
    let days_off = prop::collection::vec(day.clone(), 0..60);
    let yearly = prop::collection::vec(day.prop_map(|day| (day.month(), day.day())), 0..20);
    (zones, hours, days_off, yearly).prop_map(|(zones, hours, days_off, yearly)| Practice {
        zones,
        hours,
        days_off,
        yearly,
    })
}

/// Some instant near a clock change of one of the zones, or anywhere in two years.
fn instant() -> impl Strategy<Value = i64> {
    let changes = [
        "2031-10-05 00:00Z",
        "2031-10-26 00:00Z",
        "2031-11-02 00:00Z",
        "2032-02-29 00:00Z",
        "2032-03-14 00:00Z",
        "2032-03-28 00:00Z",
        "2032-04-04 00:00Z",
    ];
    let near = (
        prop::sample::select(changes.map(at).to_vec()),
        -2 * DAY..2 * DAY,
    )
        .prop_map(|(change, by)| change + by);
    prop_oneof![near, (at("2031-06-01 00:00Z")..at("2033-06-01 00:00Z"))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_calendar_is_the_clock_on_the_wall(practice in practice(), from in instant()) {
        let calendar = practice.calendar();
        for minute in 0..200 {
            let at = from + minute * 47 * MINUTE;
            prop_assert_eq!(calendar.is_open(at), practice.is_open(at), "{}", utc(at));
        }
    }

    #[test]
    fn the_next_opening_is_open_not_earlier_than_asked_and_not_later_than_need_be(
        practice in practice(), from in instant(), days in 0i64..4
    ) {
        let until = from + days * DAY;
        let opening = practice.calendar().next_opening(from, until);
        // by the minute, from the first whole one on
        let first = (from.div_euclid(MINUTE) + 1) * MINUTE;
        let by_hand = std::iter::once(from)
            .chain((first..until).step_by(MINUTE as usize))
            .find(|&at| at < until && practice.is_open(at));
        prop_assert_eq!(opening.map(utc), by_hand.map(utc));
        if let Some(opening) = opening {
            prop_assert!(practice.is_open(opening) && opening >= from && opening < until);
        }
    }

    #[test]
    fn the_last_opening_is_where_it_last_began(practice in practice(), before in instant(), hours in 1i64..72) {
        let after = before - hours * 3600;
        let last = practice.calendar().last_opening(after, before);
        let first = (after.div_euclid(MINUTE) + 1) * MINUTE;
        let by_hand = (first..before)
            .step_by(MINUTE as usize)
            .filter(|&at| practice.is_open(at) && !practice.is_open(at - 1) && at > after)
            .last();
        prop_assert_eq!(last.map(utc), by_hand.map(utc));
    }

    #[test]
    fn a_fitted_step_is_open_ahead_and_in_time(
        practice in practice(), step in instant(), ahead in 0i64..30 * 24, notice in 0i64..72
    ) {
        let (planned, latest) = (step - ahead * 3600, step + notice * 3600);
        let calendar = practice.calendar();
        let fitted = calendar.fit(step, planned, latest);
        if let Some(at) = fitted {
            prop_assert!(practice.is_open(at), "{} is closed", utc(at));
            prop_assert!(at >= planned && at <= latest);
            prop_assert!(!practice.is_open(step) || at == step);
        } else if step > planned {
            prop_assert!(!practice.is_open(step));
            prop_assert_eq!(calendar.next_opening(step, latest + 1), None);
            prop_assert_eq!(calendar.last_opening(planned, step), None);
        }
    }
}

#[test]
fn times_are_read_as_meant() {
    assert_eq!(at("1970-01-05 00:00Z"), 4 * DAY);
    assert_eq!(week("1 09:00-17:00"), Week::new(&[(540, 1020)]));
    let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon");
    let day = NaiveDate::from_ymd_opt(2031, 6, 16).expect("a day");
    assert_eq!(utc(at("2031-06-16 12:00Z")).naive_utc(), day.and_time(noon));
    assert_eq!(day.weekday().number_from_monday(), 1);
    assert_eq!(
        utc(at("2031-06-16 12:00Z") + 1) - utc(at("2031-06-16 12:00Z")),
        Duration::seconds(1)
    );
}
