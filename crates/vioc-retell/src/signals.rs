//! Keeps signals away from every thread made here.
//!
//! PostgreSQL's handlers may run on the main thread only, and a latch is woken by a SIGURG that any
//! thread with it unblocked would swallow (measured: the worker then sleeps until its next poll).
//! A new thread inherits the mask of its creator, so the creator masks itself around the creation.

use std::marker::PhantomData;

/// All signals are blocked in this thread until the value is dropped.
pub(crate) struct AllBlocked {
    before: libc::sigset_t,
    /// The mask belongs to the thread, so the value must not leave it.
    _not_send: PhantomData<*const ()>,
}

impl AllBlocked {
    #[allow(unsafe_code)]
    pub(crate) fn here() -> Self {
        // SAFETY: sigset_t is plain data for which all zeroes is a valid value; sigfillset and
        // pthread_sigmask only read and write the two sets, which outlive the calls. Neither can
        // fail with these arguments (EINVAL is for an unknown `how`).
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            Self {
                before,
                _not_send: PhantomData,
            }
        }
    }
}

impl Drop for AllBlocked {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: as above; `before` was filled by pthread_sigmask in this very thread.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut());
        }
    }
}
