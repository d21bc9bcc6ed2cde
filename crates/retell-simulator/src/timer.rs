//! One thread that does things when their time has come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::webhook::Post;

/// How many tasks are done under one lock of the world: enough that a crowd of requests does not
/// leave them behind, few enough that no request waits long.
const BATCH: usize = 64;

#[derive(Debug)]
pub(crate) enum Task {
    /// A late create comes to light.
    Appear(String),
    /// Somebody answers, or the line gives up.
    Answer(String),
    /// What the agent does during the call.
    Talk(String),
    End(String),
    Analyze(String),
    Deliver(Box<Post>),
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    number: u64,
    task: Task,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[derive(Debug, Default)]
struct Heap {
    entries: BinaryHeap<Reverse<Entry>>,
    next_number: u64,
    /// The timer thread sleeps; awake, it looks again by itself.
    asleep: bool,
    stopped: bool,
}

impl Heap {
    fn take_due(&mut self, now: Instant) -> Vec<Task> {
        let mut due = Vec::new();
        while due.len() < BATCH && self.entries.peek().is_some_and(|it| it.0.at <= now) {
            due.extend(self.entries.pop().map(|Reverse(entry)| entry.task));
        }
        due
    }
}

#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: Mutex<Heap>,
    changed: Condvar,
}

impl Timers {
    fn lock(&self) -> MutexGuard<'_, Heap> {
        self.heap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn after(&self, delay: Duration, task: Task) {
        let now = Instant::now();
        // A delay beyond what the clock can hold never ends.
        let Some(at) = now.checked_add(delay) else {
            return;
        };
        let mut heap = self.lock();
        let number = heap.next_number;
        heap.next_number += 1;
        let is_first = heap
            .entries
            .peek()
            .is_none_or(|Reverse(entry)| at < entry.at);
        let wake = heap.asleep && is_first;
        heap.entries.push(Reverse(Entry { at, number, task }));
        drop(heap);
        if wake {
            self.changed.notify_one();
        }
    }

    pub(crate) fn clear(&self) {
        self.lock().entries.clear();
    }

    pub(crate) fn stop(&self) {
        let mut heap = self.lock();
        heap.stopped = true;
        heap.entries.clear();
        drop(heap);
        self.changed.notify_all();
    }

    /// Waits for the next tasks; `None` once stopped.
    pub(crate) fn next(&self) -> Option<Vec<Task>> {
        let mut heap = self.lock();
        loop {
            if heap.stopped {
                return None;
            }
            let now = Instant::now();
            let wait = match heap.entries.peek() {
                Some(Reverse(entry)) if entry.at <= now => return Some(heap.take_due(now)),
                Some(Reverse(entry)) => entry.at - now,
                None => Duration::from_secs(3600),
            };
            heap.asleep = true;
            let woken = self.changed.wait_timeout(heap, wait);
            heap = woken.unwrap_or_else(PoisonError::into_inner).0;
            heap.asleep = false;
        }
    }
}
