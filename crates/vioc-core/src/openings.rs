//! When calls may be made: hours of the week and days off, in several time zones at once.
//!
//! The one definition of "open": the rules ask [`Calendar::is_open`], and whoever waits asks when that changes. A
//! zone is whatever tells its offset, so that the database's own time zones serve in production, and any others in
//! tests. Instants are seconds since 1970 UTC. Everything advances from one possible change to the next (the edge
//! of a range, a midnight, a clock change), never by a fixed step, so nothing between is missed.

use chrono::{Datelike, NaiveDate};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
const MINUTES_OF_WEEK: i32 = 7 * 24 * 60;
/// How far ahead, and back, an opening is looked for: yearly days off, and a practice that closes for months.
pub const HORIZON: i64 = 400 * DAY;

/// What the clock on the wall says somewhere.
pub trait Zone {
    fn offset(&self, at: i64) -> Offset;
}

/// Seconds east of UTC, and the first instant at which that may no longer hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    pub seconds: i64,
    pub until: i64,
}

/// Ranges of the week, in seconds since Monday 00:00 by the clock on the wall; in order, apart from each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week(Vec<(i64, i64)>);

impl Week {
    /// From pairs of minutes since Monday 00:00: opens (included), closes (excluded). A range may end after Sunday:
    /// it goes on on Monday. What is not a range is no time at all.
    #[must_use]
    pub fn new(ranges: &[(i32, i32)]) -> Self {
        let mut parts = Vec::with_capacity(ranges.len() + 1);
        for &(opens, closes) in ranges {
            if !(0..MINUTES_OF_WEEK).contains(&opens)
                || closes <= opens
                || closes > opens.saturating_add(MINUTES_OF_WEEK)
            {
                continue;
            }
            parts.push((opens, closes.min(MINUTES_OF_WEEK)));
            if closes > MINUTES_OF_WEEK {
                parts.push((0, closes - MINUTES_OF_WEEK));
            }
        }
        parts.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(parts.len());
        for (opens, closes) in parts {
            let (opens, closes) = (i64::from(opens) * MINUTE, i64::from(closes) * MINUTE);
            match merged.last_mut() {
                Some(last) if opens <= last.1 => last.1 = last.1.max(closes),
                _ => merged.push((opens, closes)),
            }
        }
        Self(merged)
    }

    /// Whether this second of the week is in a range, and up to which one that holds.
    fn state(&self, second: i64) -> (bool, i64) {
        let next = self.0.partition_point(|&(opens, _)| opens <= second);
        match next.checked_sub(1).and_then(|last| self.0.get(last)) {
            Some(&(_, closes)) if second < closes => (true, closes),
            _ => (false, self.0.get(next).map_or(WEEK, |&(opens, _)| opens)),
        }
    }
}

/// Days without calls: `20311225` is one day, `1225` that of every year. `229` exists in leap years only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaysOff(Vec<i32>);

impl DaysOff {
    #[must_use]
    pub fn new(mut days: Vec<i32>) -> Self {
        days.sort_unstable();
        Self(days)
    }

    /// A day counted from 1970-01-01.
    fn has(&self, day: i64) -> bool {
        // chrono counts from the day before 0001-01-01
        let Some(date) = i32::try_from(day + 719_163)
            .ok()
            .and_then(NaiveDate::from_num_days_from_ce_opt)
        else {
            return false;
        };
        let of_every_year = i32::try_from(date.month() * 100 + date.day()).unwrap_or_default();
        let of_this_one = date
            .year()
            .saturating_mul(10_000)
            .saturating_add(of_every_year);
        self.0.binary_search(&of_every_year).is_ok() || self.0.binary_search(&of_this_one).is_ok()
    }
}

/// Hours and days off that hold in each of some zones. No week: at any hour.
#[derive(Debug, Clone)]
pub struct Rota<Z> {
    pub zones: Vec<Z>,
    pub week: Option<Week>,
    pub days_off: DaysOff,
}

/// Open is when every rota is, in all of its zones.
#[derive(Debug, Clone)]
pub struct Calendar<Z>(pub Vec<Rota<Z>>);

impl<Z: Zone> Calendar<Z> {
    #[must_use]
    pub fn is_open(&self, at: i64) -> bool {
        self.state(at).0
    }

    /// The first open instant at or after `from`, before `until`.
    #[must_use]
    pub fn next_opening(&self, from: i64, until: i64) -> Option<i64> {
        self.next(true, from, until)
    }

    /// The first closed instant at or after `from`, before `until`.
    #[must_use]
    pub fn next_closing(&self, from: i64, until: i64) -> Option<i64> {
        self.next(false, from, until)
    }

    /// When the last time of being open that begins after `after` and before `before` begins.
    #[must_use]
    pub fn last_opening(&self, after: i64, before: i64) -> Option<i64> {
        // most are a day or two back
        for days in [2, 8, 32, 128, 400] {
            let from = after.max(before.saturating_sub(days * DAY));
            let mut last = None;
            let mut at = self.next_closing(from, before);
            while let Some(closed) = at {
                let opening = self.next_opening(closed, before);
                last = opening.or(last);
                at = opening.and_then(|opening| self.next_closing(opening, before));
            }
            if last.is_some() || from == after {
                return last;
            }
        }
        None
    }

    /// Where a step of a plan that was made at `planned` goes: if it falls into closed hours, to the previous opening
    /// if that is still ahead, else to the next, else to now if the previous one is not over yet. Never later than
    /// `latest`, never for a step that was past already.
    #[must_use]
    pub fn fit(&self, step: i64, planned: i64, latest: i64) -> Option<i64> {
        if step <= planned || step > latest {
            return None;
        }
        if self.is_open(step) {
            return Some(step);
        }
        self.last_opening(planned, step)
            .or_else(|| self.next_opening(step, latest.saturating_add(1)))
            .or_else(|| self.is_open(planned).then_some(planned))
    }

    fn next(&self, wanted: bool, from: i64, until: i64) -> Option<i64> {
        let until = until.min(from.saturating_add(HORIZON));
        let mut at = from;
        while at < until {
            let (is_open, changes) = self.state(at);
            if is_open == wanted {
                return Some(at);
            }
            at = changes;
        }
        None
    }

    /// Whether it is open, and an instant until which that surely holds.
    fn state(&self, at: i64) -> (bool, i64) {
        let mut open_until = i64::MAX;
        let mut closed_until = None;
        for rota in &self.0 {
            for zone in &rota.zones {
                let (is_open, until) = rota.state(zone, at);
                if is_open {
                    open_until = open_until.min(until);
                } else {
                    closed_until = closed_until.max(Some(until));
                }
            }
        }
        match closed_until {
            Some(until) => (false, until),
            None => (true, open_until),
        }
    }
}

impl<Z: Zone> Rota<Z> {
    fn state(&self, zone: &Z, at: i64) -> (bool, i64) {
        let offset = zone.offset(at);
        let local = at.saturating_add(offset.seconds);
        let day = local.div_euclid(DAY);
        let second = local.rem_euclid(DAY);
        let until = |local_second: i64| {
            at.saturating_add(local_second - second)
                .min(offset.until)
                .max(at + 1)
        };
        let mut state = (true, offset.until.max(at + 1));
        if !self.days_off.0.is_empty() {
            state = (!self.days_off.has(day), until(DAY));
        }
        if let (Some(week), true) = (&self.week, state.0) {
            // 1970-01-01 was a Thursday
            let monday = (day + 3).rem_euclid(7) * DAY;
            let (is_open, change) = week.state(monday + second);
            let change = until(change - monday);
            state = (is_open, if is_open { change.min(state.1) } else { change });
        }
        state
    }
}

#[cfg(test)]
mod tests;
