//! The printed table.

use std::fmt::Write as _;

use super::backlog::Run;
use super::latency::{self, Latency, Samples};
use super::machine;
use super::options::Options;
use super::plain::THREADS;
use super::site::TENANTS;

pub(super) struct Report<'a> {
    pub(super) date: String,
    pub(super) server_version: String,
    pub(super) options: &'a Options,
    pub(super) backlog: &'a [Run],
    pub(super) latency: &'a [Latency],
}

/// Name, digits after the point, and where to find it.
type Figure = (&'static str, usize, fn(&Run) -> f64);

impl Report<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a string takes everything");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "vioconcierge {} on PostgreSQL {}, {}",
            env!("CARGO_PKG_VERSION"),
            self.server_version,
            self.date
        )?;
        writeln!(text, "{}", machine::description())?;
        writeln!(
            text,
            "Settings: PostgreSQL's defaults (fsync and synchronous_commit on, shared_buffers 128MB), \
             vioconcierge's\ndefaults but legal_hours 00:00-24:00; a new cluster on disk for each run, \
             practices and\ncontacts vacuumed and analyzed after loading; the limits of tenants and credentials \
             lifted; server and client\non loopback, same machine."
        )?;
        for (name, value) in &self.options.settings {
            writeln!(text, "Changed for this run: {name} = {value}")?;
        }
        if !self.backlog.is_empty() {
            self.write_backlog(text)?;
        }
        if !self.latency.is_empty() {
            self.write_latency(text)?;
        }
        Ok(())
    }

    fn write_backlog(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "\nBacklog: {} calls of {TENANTS} tenants, one credential each, from their common commit until every \
             answer\nis stored; and a plain reqwest client ({THREADS} threads) posting such bodies to the same \
             server, right after",
            self.options.calls
        )?;
        writeln!(text, "{:<30}{:>9}{:>9}{:>9}", "", "median", "min", "max")?;
        let figures: [Figure; 5] = [
            ("vioconcierge, calls/s", 0, |run| run.calls_per_second),
            ("plain client, POST/s", 0, |run| run.posts_per_second),
            ("ratio", 3, Run::ratio),
            ("longest pause, s", 2, |run| run.longest_pause.as_secs_f64()),
            ("queueing before that, s", 2, |run| {
                run.queueing.as_secs_f64()
            }),
        ];
        for (name, digits, figure) in figures {
            let (median, min, max) = spread(self.backlog.iter().map(figure).collect());
            writeln!(
                text,
                "  {name:<28}{median:>9.digits$}{min:>9.digits$}{max:>9.digits$}"
            )?;
        }
        let loads: Vec<&str> = self.backlog.iter().map(|run| run.load.as_str()).collect();
        writeln!(
            text,
            "  {} runs; load (1, 5, 15 min) before each: {}",
            self.backlog.len(),
            loads.join("; ")
        )
    }

    fn write_latency(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "\nCall Now: `select * from vioc_call_contact(id)` sent, until the request arrives at the server, and \
             until\nthe statement is answered; ms; one call at a time, {TENANTS} tenants, {} calls before it not \
             counted",
            latency::WARM_UP
        )?;
        writeln!(
            text,
            "{:<30}{:>9}{:>9}{:>9}{:>9}",
            "", "p50", "p90", "p99", "max"
        )?;
        for latency in self.latency {
            let (from, to) = latency.regime.pause;
            let apart = if from == to {
                format!("{}", from.as_secs_f64())
            } else {
                format!("{}-{}", from.as_secs_f64(), to.as_secs_f64())
            };
            let name = format!("{}, {apart} s apart", latency.regime.name);
            write_quantiles(text, &name, &latency.arrival)?;
            write_quantiles(text, "  the statement's answer", &latency.answer)?;
            writeln!(
                text,
                "  {} samples; load before: {}",
                latency.regime.samples, latency.load
            )?;
        }
        Ok(())
    }
}

fn write_quantiles(text: &mut String, name: &str, samples: &Samples) -> std::fmt::Result {
    write!(text, "  {name:<28}")?;
    for share in [0.5, 0.9, 0.99, 1.0] {
        write!(text, "{:>9.2}", samples.quantile(share))?;
    }
    writeln!(text)
}

/// Median, smallest, largest.
fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let median = if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        (figures[middle - 1] + figures[middle]) / 2.0
    };
    (median, figures[0], figures[figures.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]), (2.0, 1.0, 3.0));
        assert_eq!(spread(vec![4.0, 1.0, 2.0, 3.0]), (2.5, 1.0, 4.0));
        assert_eq!(spread(vec![7.0]), (7.0, 7.0, 7.0));
    }
}
