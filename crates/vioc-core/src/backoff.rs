//! Waiting between attempts: doubling with jitter.
//!
//! The jitter spreads the upper half only: a crowd that failed together comes back apart, and still
//! nobody comes back at once (AWS calls it "equal jitter").

/// Milliseconds to wait after the `attempt`th failure (from 1), for a `jitter` from 0 to 1.
///
/// Between half and the whole of `min(cap_ms, base_ms * 2^(attempt - 1))`.
#[must_use]
pub fn delay_ms(attempt: u32, base_ms: u64, cap_ms: u64, jitter: f64) -> u64 {
    let factor = 1u64.checked_shl(attempt.saturating_sub(1));
    let whole = base_ms
        .saturating_mul(factor.unwrap_or(u64::MAX))
        .min(cap_ms);
    let least = whole / 2;
    let spread = whole - least;
    let share = if jitter.is_nan() {
        0.0
    } else {
        jitter.clamp(0.0, 1.0)
    };
    let extra = (spread as f64 * share) as u64;
    least + extra.min(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_the_cap() {
        for (attempt, whole) in [
            (0, 500),
            (1, 500),
            (2, 1000),
            (3, 2000),
            (10, 60_000),
            (64, 60_000),
            (65, 60_000),
            (u32::MAX, 60_000),
        ] {
            assert_eq!(delay_ms(attempt, 500, 60_000, 1.0), whole, "{attempt}");
            assert_eq!(delay_ms(attempt, 500, 60_000, 0.0), whole / 2, "{attempt}");
        }
    }

    #[test]
    fn odd_arguments_stay_within_bounds() {
        for (attempt, base, cap, jitter, expected) in [
            (1, 0, 0, 1.0, 0),
            (u32::MAX, 0, 1000, 1.0, 0),
            (u32::MAX, u64::MAX, u64::MAX, 1.0, u64::MAX),
            (1, 1000, 5000, f64::NAN, 500),
            (1, 1000, 5000, -3.0, 500),
            (1, 1000, 5000, f64::INFINITY, 1000),
            (1, 1, 5000, 0.0, 0),
        ] {
            assert_eq!(
                delay_ms(attempt, base, cap, jitter),
                expected,
                "{attempt} {base} {cap} {jitter}"
            );
        }
    }
}
