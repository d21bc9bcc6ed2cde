//! Safety margins that must add up. Each is used in one place; here stand those of which one must be less than another.

use std::time::Duration;

/// How much longer a lease is than any request may take, so that it never ends under a worker that is alive.
pub const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// A claim whose commit took longer is not sent: what allowed it (the hour, an opt-out) may have changed.
pub const MAX_COMMIT: Duration = Duration::from_secs(12);
/// A request that waited longer for a thread is not begun, for the same reason.
pub const MAX_WAIT_FOR_THREAD: Duration = Duration::from_secs(15);

/// What is neither a claim nor an answer is given up after so long (statement timeout).
pub const MAX_STATEMENT: Duration = Duration::from_secs(10);
/// How long an idle worker sleeps at most.
pub const IDLE_POLL: Duration = Duration::from_secs(5);
/// A worker that has not begun a round for so long is stuck.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);

/// At shutdown: how long answers on their way are waited for.
pub const DRAIN: Duration = Duration::from_secs(3);
/// ... and how long writing them down may take.
pub const RECORD_LAST_ANSWERS: Duration = Duration::from_millis(1500);
/// DROP DATABASE WITH (FORCE) gives a session so long to end.
pub const END_OF_SESSION: Duration = Duration::from_secs(5);

/// Retell, or a load balancer before it, closes a connection that is idle for so long.
pub const PEER_CLOSES_IDLE: Duration = Duration::from_secs(60);
/// Our end closes it sooner: a request that meets the closing half-way ends as "unknown" and has to be looked up.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(20);

const fn is_less(parts: [Duration; 2], whole: Duration) -> bool {
    parts[0].as_millis() + parts[1].as_millis() < whole.as_millis()
}

const _: () = {
    assert!(
        is_less([MAX_COMMIT, MAX_WAIT_FOR_THREAD], LEASE_MARGIN),
        "a lease ends before its request can have ended"
    );
    assert!(
        is_less([MAX_STATEMENT, IDLE_POLL], STUCK_AFTER),
        "a worker that waits for a lock is called stuck"
    );
    assert!(
        is_less([DRAIN, RECORD_LAST_ANSWERS], END_OF_SESSION),
        "DROP DATABASE WITH (FORCE) ends the worker before it has written its answers"
    );
    assert!(
        is_less([IDLE_CONNECTION, Duration::ZERO], PEER_CLOSES_IDLE),
        "a request meets a connection that is being closed"
    );
};
