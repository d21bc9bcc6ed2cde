//! No thread of the pool, of reqwest or of a name lookup handles signals. Alone in its process, so
//! that every new thread is one of theirs.

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::collections::BTreeMap;
use std::fs;

use support::*;

/// The mask of blocked signals of each thread of this process, by thread id.
fn masks() -> BTreeMap<String, u64> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    tasks
        .filter_map(|task| {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let mask = status
                .lines()
                .find_map(|line| line.strip_prefix("SigBlk:"))?;
            let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
            Some((task.file_name().into_string().unwrap(), mask))
        })
        .collect()
}

fn own_mask() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigBlk:"))
        .unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap()
}

#[test]
fn every_thread_made_here_blocks_all_signals_and_the_callers_mask_is_left_alone() {
    // All but SIGKILL and SIGSTOP, which nobody can block, and the two glibc keeps for itself.
    let all = !((1 << 8) | (1 << 18) | (1 << 31) | (1 << 32));
    let hanging = serve(hold);
    let (before, mask) = (masks(), own_mask());

    // reqwest's runtime thread, pool threads, and by the second pool a thread for name lookups.
    let pool = Bench::new(settings(&hanging), 3);
    (0..3).for_each(|request_id| pool.pool.submit(post(request_id)));
    let lookup = Bench::new(settings("https://vioconcierge-test.invalid"), 1);
    lookup.run(post(1));

    let made = masks()
        .into_iter()
        .filter(|(id, _)| !before.contains_key(id));
    // The server's three connection threads are this test's own.
    let (blocked, open): (Vec<_>, Vec<_>) = made.partition(|(_, blocked)| *blocked == all);
    assert!(blocked.len() >= 7, "{blocked:x?}");
    assert!(
        open.len() <= 3 && open.iter().all(|(_, blocked)| *blocked == mask),
        "{open:x?}"
    );
    assert_eq!(own_mask(), mask);
}
