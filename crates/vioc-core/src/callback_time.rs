//! The time a contact asked for, as the agent wrote it down (contract, 6 "callback_requested").
//!
//! Two kinds of text are understood: ISO 8601, and short English such as "tomorrow at 5". Everything
//! else is left to a person: a wrong guess would ring a contact at a time that nobody asked for.

use chrono::{
    DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday,
};

mod clock;

use clock::Clock;

/// No text that is understood is longer.
const MAX_BYTES: usize = 200;

/// The time that a contact asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackTime {
    /// The same moment everywhere.
    Instant(DateTime<FixedOffset>),
    /// A time on the contact's own clock.
    Local(NaiveDateTime),
}

/// Reads a time asked for at `local_now`, on a day that is open from `opens` until before `closes`.
///
/// The hours tell which five o'clock is meant. ISO times are returned as they are, past ones too;
/// whatever is relative to now lies ahead of it.
#[must_use]
pub fn parse(
    text: &str,
    local_now: NaiveDateTime,
    opens: NaiveTime,
    closes: NaiveTime,
) -> Option<CallbackTime> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return None;
    }
    if let Some(time) = iso(text) {
        return Some(time);
    }
    let text = simplified(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let asker = Asker {
        now: local_now,
        opens,
        closes,
    };
    let time = match words.as_slice() {
        ["in", wait @ ..] => local_now.checked_add_signed(duration(wait)?)?,
        words => asker.point(words)?,
    };
    (time > local_now).then_some(CallbackTime::Local(time))
}

/// `2026-01-15T10:00`, with or without seconds and offset, `T` or a blank between.
///
/// The shape is checked first: chrono would also take "2026-01-15 5:30", which may be the afternoon.
fn iso(text: &str) -> Option<CallbackTime> {
    let shaped = text
        .bytes()
        .take(16)
        .enumerate()
        .all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => matches!(byte, b'T' | b't' | b' '),
            13 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    if !shaped || text.len() < 16 {
        return None;
    }
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    let time = match time.strip_suffix(['Z', 'z']) {
        Some(time) => format!("{}+00:00", time.trim_end()),
        None => time.replace(' ', ""),
    };
    let text = format!("{date} {time}");
    for form in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(instant) = DateTime::parse_from_str(&text, form) {
            return Some(CallbackTime::Instant(instant));
        }
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
        .map(CallbackTime::Local)
}

/// Lower case, without commas, the points of "p.m." and a full stop.
fn simplified(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace(',', " ");
    let text = text.replace("a.m.", "am").replace("p.m.", "pm");
    let text = text.replace("a.m", "am").replace("p.m", "pm");
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

/// "2 hours", "30 minutes", "an hour".
fn duration(words: &[&str]) -> Option<TimeDelta> {
    let [count, unit] = words else {
        return None;
    };
    let count = match *count {
        "a" | "an" | "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "ten" => 10,
        "fifteen" => 15,
        "twenty" => 20,
        "thirty" => 30,
        // Up to a week in minutes; for more a contact names a day.
        digits if digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|count| *count <= 10_080)?
        }
        _ => return None,
    };
    match *unit {
        "minute" | "minutes" | "min" | "mins" => TimeDelta::try_minutes(count),
        "hour" | "hours" | "hr" | "hrs" => TimeDelta::try_hours(count),
        _ => None,
    }
}

struct Asker {
    now: NaiveDateTime,
    opens: NaiveTime,
    closes: NaiveTime,
}

impl Asker {
    /// A time of day, with the day before or after it or none at all.
    fn point(&self, words: &[&str]) -> Option<NaiveDateTime> {
        let (days, words) = self.day(words)?;
        let words = match words {
            ["at", rest @ ..] => rest,
            words => words,
        };
        let times = self.meant(Clock::read(words)?);
        days.iter()
            .flat_map(|day| times.iter().map(|time| day.and_time(*time)))
            .filter(|time| *time > self.now)
            .min()
    }

    /// The days that may be meant, and the words that are left.
    fn day<'w>(&self, words: &'w [&'w str]) -> Option<(Vec<NaiveDate>, &'w [&'w str])> {
        if let [first, rest @ ..] = words {
            let (word, rest) = match (*first, rest) {
                ("on", [day, rest @ ..]) => (*day, rest),
                (day, rest) => (day, rest),
            };
            if let Some(day) = self.named(word) {
                return Some((vec![day], rest));
            }
        }
        if let [rest @ .., last] = words
            && let Some(day) = self.named(last)
        {
            let rest = match rest {
                [rest @ .., "on"] => rest,
                rest => rest,
            };
            return Some((vec![day], rest));
        }
        let today = self.now.date();
        let tomorrow = today.checked_add_days(Days::new(1));
        Some(([today].into_iter().chain(tomorrow).collect(), words))
    }

    fn named(&self, word: &str) -> Option<NaiveDate> {
        let today = self.now.date();
        match word {
            "today" => Some(today),
            "tomorrow" => today.checked_add_days(Days::new(1)),
            _ => self.weekday(word).or_else(|| iso_date(word)),
        }
    }

    /// The next such day; on a Monday "Monday" is a week away, for today would have been called so.
    fn weekday(&self, word: &str) -> Option<NaiveDate> {
        let day: Weekday = word.parse().ok()?;
        let (from, to) = (
            self.now.weekday().num_days_from_monday(),
            day.num_days_from_monday(),
        );
        let ahead = (to + 6 - from) % 7 + 1;
        self.now
            .date()
            .checked_add_days(Days::new(u64::from(ahead)))
    }

    /// The times a clock reading may mean: within the hours, if only one of the two is.
    fn meant(&self, clock: Clock) -> Vec<NaiveTime> {
        match clock {
            Clock::Exact(time) => vec![time],
            Clock::EitherHalf(times) => times
                .into_iter()
                .filter(|time| self.is_open(*time))
                .collect(),
        }
    }

    /// Hours that end at midnight, or after it, close before they open.
    fn is_open(&self, time: NaiveTime) -> bool {
        if self.opens < self.closes {
            self.opens <= time && time < self.closes
        } else {
            self.opens <= time || time < self.closes
        }
    }
}

/// `2026-01-15` and nothing looser.
fn iso_date(word: &str) -> Option<NaiveDate> {
    let digits_and_dashes = word.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if word.len() != 10 || !digits_and_dashes {
        return None;
    }
    NaiveDate::parse_from_str(word, "%Y-%m-%d").ok()
}

#[cfg(test)]
mod tests;
