//! The time on a clock, in a word or two: `5`, `5:30`, `17:00`, `5 pm`, `noon`.

use chrono::NaiveTime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    Exact(NaiveTime),
    /// An hour from 1 to 12 without am or pm: the earlier and the later one.
    EitherHalf([NaiveTime; 2]),
}

impl Clock {
    pub(super) fn read(words: &[&str]) -> Option<Self> {
        let (digits, half) = match words {
            ["noon" | "midday"] => return NaiveTime::from_hms_opt(12, 0, 0).map(Self::Exact),
            [time] => match (time.strip_suffix("am"), time.strip_suffix("pm")) {
                (Some(digits), _) => (digits, Some(0)),
                (_, Some(digits)) => (digits, Some(12)),
                _ => (*time, None),
            },
            [time, "am"] => (*time, Some(0)),
            [time, "pm"] => (*time, Some(12)),
            [time, "o'clock"] => (*time, None),
            _ => return None,
        };
        let (hour, minute, second) = numbers(digits)?;
        let at = |hour| NaiveTime::from_hms_opt(hour, minute, second);
        match (half, hour) {
            // Twelve comes before one on this clock.
            (Some(offset), 1..=12) => at(hour % 12 + offset).map(Self::Exact),
            (Some(_), _) => None,
            (None, 1..=12) => Some(Self::EitherHalf([at(hour % 12)?, at(hour % 12 + 12)?])),
            // A number that stands for nothing, more often than midnight.
            (None, 0) if !digits.contains(':') => None,
            (None, _) => at(hour).map(Self::Exact),
        }
    }
}

/// `h`, `h:mm` or `h:mm:ss`.
fn numbers(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split(':');
    let hour = parts.next()?;
    if !(1..=2).contains(&hour.len()) {
        return None;
    }
    let mut sixty = || match parts.next() {
        None => Some(0),
        Some(part) if part.len() == 2 => number(part),
        Some(_) => None,
    };
    let numbers = (number(hour)?, sixty()?, sixty()?);
    parts.next().is_none().then_some(numbers)
}

fn number(text: &str) -> Option<u32> {
    // `parse` would take a sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}
