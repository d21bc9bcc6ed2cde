//! What the bodies of all answers may take of the memory together, in every pool of the process: a failed allocation would
//! end the whole server, and size times count has no other bound.

use std::sync::atomic::{AtomicUsize, Ordering};

const MIB: usize = 1024 * 1024;
/// What the answers to questions may take, if one answer alone may not be larger.
const FOR_QUESTIONS: usize = 48 * MIB;
/// What is then left to answers about new calls: one that is cut is a call in doubt.
const FOR_CALLS: usize = 16 * MIB;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Why a body is not all that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is longer than any may be.
    TooLong,
    /// The others take all the room that there is.
    NoRoom,
}

/// How much all answers may take before this one is cut.
pub(crate) fn most(is_about_new_call: bool, longest: usize) -> usize {
    let for_calls = if is_about_new_call { FOR_CALLS } else { 0 };
    FOR_QUESTIONS.max(longest) + for_calls
}

/// What one body takes, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room(usize);

impl Room {
    /// Takes so many bytes more; false if all together would then take more than `most`.
    pub(crate) fn take(&mut self, bytes: usize, most: usize) -> bool {
        let order = Ordering::Relaxed;
        let taken = TAKEN.fetch_update(order, order, |taken| {
            taken.checked_add(bytes).filter(|sum| *sum <= most)
        });
        if taken.is_ok() {
            self.0 += bytes;
        }
        taken.is_ok()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Ordering::Relaxed);
    }
}
