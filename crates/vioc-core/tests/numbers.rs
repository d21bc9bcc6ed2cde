//! Promises about any number at all.

use proptest::prelude::*;
use uuid::Uuid;
use vioc_core::{backoff, session};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_delay_lies_in_the_upper_half_of_its_window(
        attempt in any::<u32>(), base in any::<u64>(), cap in any::<u64>(), jitter in 0.0..=1.0
    ) {
        let delay = backoff::delay_ms(attempt, base, cap, jitter);
        let whole = backoff::delay_ms(attempt, base, cap, 1.0);
        prop_assert!(whole <= cap);
        prop_assert!(whole / 2 <= delay && delay <= whole);
    }

    #[test]
    fn a_later_attempt_never_waits_less(
        attempt in 0u32..100, base in any::<u64>(), cap in any::<u64>(), jitter in any::<f64>()
    ) {
        let delay = |attempt| backoff::delay_ms(attempt, base, cap, jitter);
        prop_assert!(delay(attempt) <= delay(attempt + 1));
    }

    #[test]
    fn different_attempts_have_different_ids(
        installation in any::<u128>(), a in any::<(i64, i32)>(), b in any::<(i64, i32)>()
    ) {
        let id = |(contact, attempt)| session::session_id(Uuid::from_u128(installation), contact, attempt);
        prop_assert_eq!(id(a) == id(b), a == b);
    }
}
