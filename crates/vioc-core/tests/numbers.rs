//! Promises about any number at all.

use proptest::prelude::*;
use uuid::Uuid;
use vioc_core::session;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn different_attempts_have_different_ids(
        a in any::<(u128, i32)>(), b in any::<(u128, i32)>()
    ) {
        let id = |(row, attempt)| session::session_id(Uuid::from_u128(row), attempt);
        prop_assert_eq!(id(a) == id(b), a == b);
    }
}
