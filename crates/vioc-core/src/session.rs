//! The identity of one attempt to reach one contact (contract, 2 "session_id").
//!
//! It is computed, not drawn: an attempt made again after a failover that lost the last commits has
//! the same id, and Retell recognises it as its `idempotency_key`.

use uuid::Uuid;

/// UUID version 5 (RFC 9562, 5.5) of `contact_id/attempt` in the namespace of this installation.
#[must_use]
pub fn session_id(installation: Uuid, contact_id: i64, attempt: i32) -> Uuid {
    Uuid::new_v5(&installation, format!("{contact_id}/{attempt}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLATION: Uuid = Uuid::from_u128(0x7f0c1a52_3f0e_4b7a_9c51_2d8e6a0b4c11);

    // Made with Python's uuid.uuid5: a change here would dial people twice after an upgrade.
    #[test]
    fn an_attempt_has_the_same_id_for_ever() {
        for (contact, attempt, expected) in [
            (42, 1, "66461c25-d67e-562c-9df7-bc30228ca37d"),
            (42, 2, "45c4df60-3449-5cf2-9f40-5fdb2c95a70f"),
            (-1, 0, "0a770d95-2f14-500b-8fe5-7b9935197368"),
            (i64::MAX, i32::MAX, "9d42a90f-bfa7-519b-b7ac-0d9d6b19c51e"),
        ] {
            let id = session_id(INSTALLATION, contact, attempt);
            assert_eq!(id.to_string(), expected);
            assert_eq!(id.get_version_num(), 5);
        }
    }

    #[test]
    fn contact_and_attempt_cannot_be_mistaken_for_each_other() {
        assert_ne!(
            session_id(INSTALLATION, 1, 11),
            session_id(INSTALLATION, 11, 1)
        );
        assert_ne!(
            session_id(INSTALLATION, 1, 1),
            session_id(Uuid::nil(), 1, 1)
        );
    }
}
