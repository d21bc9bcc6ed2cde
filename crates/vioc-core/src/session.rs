//! The identity of one attempt to reach one contact (contract, 2 "session_id").
//!
//! It is computed, not drawn: an attempt made again after a failover that lost the last commits has
//! the same id, and Retell recognises it as its `idempotency_key`. The name it is computed from is
//! random and the contact row's own: a number of a sequence would come back for another contact.

use uuid::Uuid;

/// UUID version 5 (RFC 9562, 5.5) of `attempt` in the namespace of the contact's row.
#[must_use]
pub fn session_id(row_id: Uuid, attempt: i32) -> Uuid {
    Uuid::new_v5(&row_id, attempt.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Uuid = Uuid::from_u128(0x7f0c1a52_3f0e_4b7a_9c51_2d8e6a0b4c11);

    // Made with Python's uuid.uuid5: a change here would dial people twice after an upgrade.
    #[test]
    fn an_attempt_has_the_same_id_for_ever() {
        for (attempt, expected) in [
            (1, "c901c761-458d-5430-b282-683c949d7b59"),
            (2, "b54efd11-d093-528d-bccf-61a010d3444a"),
            (0, "caccbbcd-5faa-5002-aa1f-86d7256e392a"),
            (i32::MAX, "f23a42fb-cbaa-56fb-a573-6f9898d5091a"),
        ] {
            let id = session_id(ROW, attempt);
            assert_eq!(id.to_string(), expected);
            assert_eq!(id.get_version_num(), 5);
        }
    }

    #[test]
    fn the_same_attempt_of_another_row_is_another_call() {
        assert_ne!(session_id(ROW, 1), session_id(ROW, 11));
        assert_ne!(session_id(ROW, 1), session_id(Uuid::nil(), 1));
    }
}
