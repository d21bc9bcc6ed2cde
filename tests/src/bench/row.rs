//! A row of the table: what is measured, how it is repeated, and what it has to reach.

use super::figure::Figure;
use super::machine::load;
use super::options::Options;

/// One benchmark. It never fails for being slow: it only says what was reached.
pub(super) struct Row {
    /// For `--only`; a part before a hyphen stands for all rows that begin with it.
    pub(super) name: &'static str,
    /// For `--help`.
    pub(super) about: &'static str,
    /// Whether it can measure another dispatcher too (see `dispatcher.rs`).
    pub(super) any_dispatcher: bool,
    pub(super) run: fn(&mut Run<'_>) -> Findings,
}

impl Row {
    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.name
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

/// What a row found out.
pub(super) struct Findings {
    /// What was measured, and how.
    pub(super) about: String,
    pub(super) figures: Vec<Figure>,
    /// What a reader must know to understand the figures.
    pub(super) notes: Vec<String>,
}

/// What a row is run with; keeps the machine's load before every repeat.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    row: &'static str,
    pub(super) loads: Vec<String>,
}

impl<'a> Run<'a> {
    pub(super) fn new(row: &Row, options: &'a Options) -> Self {
        Self {
            options,
            row: row.name,
            loads: Vec::new(),
        }
    }

    /// Tells whoever waits for the table.
    pub(super) fn say(&self, text: &str) {
        eprintln!("{}: {text}", self.row);
    }

    /// As often as `--repeat` says.
    pub(super) fn repeat<T>(&mut self, mut measure: impl FnMut(&Self) -> T) -> Vec<T> {
        (1..=self.options.repeat)
            .map(|number| {
                let load = load();
                self.say(&format!("{number}/{}, load {load}", self.options.repeat));
                self.loads.push(load);
                measure(self)
            })
            .collect()
    }

    /// What is too long to be done again, and has its own first and last part to compare.
    pub(super) fn once<T>(&mut self, measure: impl FnOnce(&Self) -> T) -> T {
        self.loads.push(load());
        measure(self)
    }

    /// A1 B1 A2 B2 and so on: what disturbs the machine for a while disturbs both.
    pub(super) fn interleave(
        &mut self,
        mut a: impl FnMut(&Self) -> f64,
        mut b: impl FnMut(&Self) -> f64,
    ) -> Pairs {
        let pairs = self.repeat(|run| {
            let pair = (a(run), b(run));
            run.say(&format!(
                "{:.4} against {:.4}: {:.3}",
                pair.0,
                pair.1,
                pair.0 / pair.1
            ));
            pair
        });
        Pairs(pairs)
    }
}

/// Two things measured in turn.
pub(super) struct Pairs(Vec<(f64, f64)>);

impl Pairs {
    pub(super) fn a(&self) -> Vec<f64> {
        self.0.iter().map(|pair| pair.0).collect()
    }

    pub(super) fn b(&self) -> Vec<f64> {
        self.0.iter().map(|pair| pair.1).collect()
    }

    /// Pair by pair, not between the medians.
    pub(super) fn ratios(&self) -> Vec<f64> {
        self.0.iter().map(|pair| pair.0 / pair.1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_answers_to_its_name_and_to_the_parts_it_begins_with() {
        let row = Row {
            name: "call-now-idle",
            about: "",
            any_dispatcher: true,
            run: |_| unreachable!(),
        };
        let answers = [
            "call-now-idle",
            "call-now",
            "call",
            "idle",
            "cal",
            "call-now-",
        ]
        .map(|name| row.answers_to(name));
        assert_eq!(answers, [true, true, true, false, false, false]);
    }

    #[test]
    fn a_ratio_is_that_of_one_pair() {
        let pairs = Pairs(vec![(1.0, 2.0), (30.0, 10.0)]);
        assert_eq!(pairs.ratios(), [0.5, 3.0]);
        assert_eq!((pairs.a(), pairs.b()), (vec![1.0, 30.0], vec![2.0, 10.0]));
    }
}
