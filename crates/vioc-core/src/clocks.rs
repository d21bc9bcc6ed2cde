//! The server's clock (wall), which is set now and then, against two that are not: one that only runs, and Retell's.
//!
//! All instants are microseconds. `wall` counts from any epoch, `running` from any start; what is compared is their
//! difference, which changes when the wall clock is set, and only then.

/// A change of less is no step: two clocks are never read at the same instant.
pub const STEP_US: i64 = 2_000_000;
/// Retell's clock and ours may be so far apart before no call is sent.
pub const APART_US: i64 = 120_000_000;
/// For so long after a step nothing is done that cannot be undone.
pub const SETTLING_US: i64 = 600_000_000;

/// The wall clock and the running one, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub wall: i64,
    pub running: i64,
}

impl Now {
    fn difference(self) -> i64 {
        self.wall.saturating_sub(self.running)
    }
}

/// What is known about the wall clock. 0 stands for "not known", as in fresh shared memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// `wall - running` when the worker last compared them.
    pub difference: i64,
    /// When the worker last saw a step, by the running clock.
    pub stepped_at: i64,
    /// `Retell's clock - running`, by its last two answers, the newest first.
    pub retell: [i64; 2],
}

impl Known {
    /// By how much the wall clock was set since it was last compared, if it was.
    #[must_use]
    pub fn step(&self, now: Now) -> Option<i64> {
        let step = now.difference().saturating_sub(self.difference);
        (self.difference != 0 && step.saturating_abs() > STEP_US).then_some(step)
    }

    /// How far Retell's clock is ahead of the wall clock, by its newest answer.
    #[must_use]
    pub fn retell_ahead(&self, now: Now) -> Option<i64> {
        self.ahead(0, now)
    }

    /// Whether calls may be sent by the wall clock. One answer that contradicts it is not believed against an earlier one
    /// that does not: a cache or a proxy may have given it.
    #[must_use]
    pub fn agrees(&self, now: Now) -> bool {
        let earlier = self.ahead(1, now);
        !self.is_doubtful(now) || earlier.is_some_and(|ahead| ahead.saturating_abs() <= APART_US)
    }

    /// Whether the newest answer contradicts the wall clock, believed or not.
    #[must_use]
    pub fn is_doubtful(&self, now: Now) -> bool {
        let ahead = self.ahead(0, now);
        ahead.is_some_and(|ahead| ahead.saturating_abs() > APART_US)
    }

    /// Whether Retell's newest answer says the same as the wall clock.
    #[must_use]
    pub fn is_confirmed(&self, now: Now) -> bool {
        let ahead = self.ahead(0, now);
        ahead.is_some_and(|ahead| ahead.saturating_abs() <= APART_US)
    }

    /// Whether nothing is amiss, and has not been for a while.
    #[must_use]
    pub fn is_settled(&self, now: Now) -> bool {
        let has_just_stepped =
            self.stepped_at != 0 && now.running.saturating_sub(self.stepped_at) < SETTLING_US;
        self.step(now).is_none() && !has_just_stepped && self.agrees(now)
    }

    fn ahead(&self, place: usize, now: Now) -> Option<i64> {
        let retell = *self.retell.get(place).filter(|known| **known != 0)?;
        Some(retell.saturating_sub(now.difference()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;
    const WALL: i64 = 800_000_000 * S;

    fn at(wall: i64, running: i64) -> Now {
        Now {
            wall: WALL + wall * S,
            running: running * S,
        }
    }

    fn known(retell: &[i64]) -> Known {
        let mut known = Known {
            difference: WALL,
            ..Known::default()
        };
        for (place, ahead) in retell.iter().enumerate() {
            known.retell[place] = WALL + ahead * S;
        }
        known
    }

    #[test]
    fn a_step_is_what_the_running_clock_does_not_show() {
        let known = known(&[]);
        for (wall, running, step) in [
            (100, 100, None),
            (102, 100, None),
            (98, 100, None),
            (103, 100, Some(3)),
            (97, 100, Some(-3)),
            (86_500, 100, Some(86_400)),
            (-1_000, 100, Some(-1_100)),
        ] {
            assert_eq!(known.step(at(wall, running)), step.map(|it| it * S));
        }
        assert_eq!(Known::default().step(at(5_000, 1)), None, "not known yet");
    }

    #[test]
    fn retells_clock_counts_when_two_answers_say_the_same() {
        for (retell, agrees) in [
            (&[][..], true),
            (&[1], true),
            (&[-120], true),
            (&[121], false),
            (&[-121], false),
            (&[121, 0], true),
            (&[0, 121], true),
            (&[121, 500], false),
            (&[-36_000, -36_000], false),
        ] {
            assert_eq!(known(retell).agrees(at(50, 50)), agrees, "{retell:?}");
            let newest = retell.first().is_some_and(|it: &i64| it.abs() <= 120);
            assert_eq!(known(retell).is_confirmed(at(50, 50)), newest, "{retell:?}");
        }
        // the wall clock is set after both answers
        let known = known(&[0, 0]);
        assert!(!known.agrees(at(50 + 36_000, 50)));
        assert_eq!(known.retell_ahead(at(50 + 36_000, 50)), Some(-36_000 * S));
        assert!(known.agrees(at(60, 60)), "and back");
    }

    #[test]
    fn nothing_irrevocable_happens_for_ten_minutes_after_a_step_or_against_retell() {
        assert!(Known::default().is_settled(at(1, 1)));
        assert!(known(&[0]).is_settled(at(1, 1)));
        assert!(
            !known(&[0]).is_settled(at(10, 1)),
            "not yet noticed by the worker"
        );
        assert!(!known(&[300]).is_settled(at(1, 1)));
        let stepped = Known {
            stepped_at: 100 * S,
            ..known(&[])
        };
        assert!(!stepped.is_settled(at(699, 699)));
        assert!(stepped.is_settled(at(700, 700)));
    }

    #[test]
    fn no_reading_overflows() {
        for known in [i64::MIN, -1, 1, i64::MAX] {
            let known = Known {
                difference: known,
                stepped_at: known,
                retell: [known, known],
            };
            for wall in [i64::MIN, 0, i64::MAX] {
                for running in [i64::MIN, 0, i64::MAX] {
                    let now = Now { wall, running };
                    let _ = (
                        known.step(now),
                        known.is_settled(now),
                        known.retell_ahead(now),
                    );
                }
            }
        }
    }
}
