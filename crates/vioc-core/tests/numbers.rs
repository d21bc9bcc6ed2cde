//! Promises about any number at all.

use proptest::prelude::*;
use uuid::Uuid;
use vioc_core::session;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn different_attempts_have_different_ids(
        installation in any::<u128>(), a in any::<(i64, i32)>(), b in any::<(i64, i32)>()
    ) {
        let id = |(contact, attempt)| session::session_id(Uuid::from_u128(installation), contact, attempt);
        prop_assert_eq!(id(a) == id(b), a == b);
    }
}
