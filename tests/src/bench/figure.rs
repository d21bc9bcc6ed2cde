//! Measured values, and what they have to reach.

use std::time::Duration;

/// One line of the table: a value of each repeat.
#[derive(Clone)]
pub(super) struct Figure {
    pub(super) name: String,
    /// Digits after the point.
    pub(super) digits: usize,
    pub(super) values: Vec<f64>,
    pub(super) target: Option<Target>,
}

/// What the median has to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    pub(super) fn new(name: impl Into<String>, digits: usize, values: Vec<f64>) -> Self {
        let name = name.into();
        assert!(!values.is_empty(), "{name} was measured");
        Self {
            name,
            digits,
            values,
            target: None,
        }
    }

    pub(super) fn at_least(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtLeast(bound));
        self
    }

    pub(super) fn at_most(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtMost(bound));
        self
    }

    pub(super) fn spread(&self) -> Spread {
        Spread::of(&self.values)
    }

    /// `None`: nothing is asked of it.
    pub(super) fn is_met(&self) -> Option<bool> {
        let median = self.spread().median;
        Some(match self.target? {
            Target::AtLeast(bound) => median >= bound,
            Target::AtMost(bound) => median <= bound,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    pub(super) fn of(values: &[f64]) -> Self {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Self {
            median,
            min: values[0],
            max: values[values.len() - 1],
        }
    }
}

/// Durations in milliseconds, ascending.
pub(super) struct Samples(Vec<f64>);

impl Samples {
    pub(super) fn new(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut samples: Vec<f64> = durations
            .into_iter()
            .map(|it| it.as_secs_f64() * 1000.0)
            .collect();
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// The smallest sample that is not below `share` of all.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let count = self.0.len();
        let rank = (share * count as f64).ceil() as usize;
        self.0[rank.clamp(1, count) - 1]
    }
}

/// `what, p50, ms` and so on: one figure a quantile, of the samples of each repeat.
pub(super) fn quantiles(what: &str, repeats: &[Samples], shares: &[f64]) -> Vec<Figure> {
    shares
        .iter()
        .map(|share| {
            let name = if *share >= 1.0 {
                format!("{what}, max, ms")
            } else {
                format!("{what}, p{:.0}, ms", share * 100.0)
            };
            let values = repeats.iter().map(|it| it.quantile(*share)).collect();
            Figure::new(name, 2, values)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |values: &[f64]| {
            let it = Spread::of(values);
            (it.median, it.min, it.max)
        };
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (2.0, 1.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), (2.5, 1.0, 4.0));
        assert_eq!(spread(&[7.0]), (7.0, 7.0, 7.0));
    }

    #[test]
    fn a_target_is_met_by_the_median() {
        let figure = || Figure::new("x", 0, vec![1.0, 5.0, 9.0]);
        assert_eq!(figure().is_met(), None);
        assert_eq!(figure().at_least(5.0).is_met(), Some(true));
        assert_eq!(figure().at_least(5.1).is_met(), Some(false));
        assert_eq!(figure().at_most(5.0).is_met(), Some(true));
        assert_eq!(figure().at_most(4.9).is_met(), Some(false));
    }

    #[test]
    fn a_quantile_is_one_of_the_samples() {
        let samples = Samples::new((1..=40).rev().map(Duration::from_millis));
        let found = [0.0, 0.5, 0.9, 0.99, 1.0].map(|share| samples.quantile(share));
        assert_eq!(found, [1.0, 20.0, 36.0, 40.0, 40.0]);
    }

    #[test]
    fn quantiles_are_those_of_each_repeat() {
        let repeats = [1..=10, 11..=20].map(|it| Samples::new(it.map(Duration::from_millis)));
        let figures = quantiles("wire", &repeats, &[0.5, 1.0]);
        let found: Vec<_> = figures
            .iter()
            .map(|it| (it.name.as_str(), it.values.as_slice()))
            .collect();
        assert_eq!(
            found,
            [
                ("wire, p50, ms", [5.0, 15.0].as_slice()),
                ("wire, max, ms", [10.0, 20.0].as_slice())
            ]
        );
    }
}
