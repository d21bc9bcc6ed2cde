//! The printed table.

use std::fmt::Write as _;

use super::figure::{Figure, Target};
use super::machine;
use super::options::Options;
use super::row::Findings;

/// What was measured where and when.
pub(super) struct Head {
    pub(super) date: String,
    pub(super) server_version: String,
}

/// One row's part of the table.
pub(super) struct Section {
    pub(super) row: &'static str,
    pub(super) findings: Findings,
    /// The load averages before each repeat.
    pub(super) loads: Vec<String>,
}

/// Of the text above and below the figures.
const WIDTH: usize = 118;

pub(super) fn text(head: &Head, options: &Options, sections: &[Section]) -> String {
    let mut text = String::new();
    write(&mut text, head, options, sections).expect("a string takes everything");
    text
}

fn write(
    text: &mut String,
    head: &Head,
    options: &Options,
    sections: &[Section],
) -> std::fmt::Result {
    writeln!(
        text,
        "vioconcierge {} on PostgreSQL {}, {}",
        env!("CARGO_PKG_VERSION"),
        head.server_version,
        head.date
    )?;
    writeln!(text, "{}", machine::description())?;
    wrap(
        text,
        "",
        "Settings: PostgreSQL's defaults (fsync and synchronous_commit on, shared_buffers 128MB), vioconcierge's defaults \
         but legal_hours 00:00-24:00; new clusters on disk for each row, practices and contacts vacuumed and analyzed after \
         loading; the limits of tenants and credentials lifted; server and client on loopback, same machine. The median of \
         the repeats has to reach the target.",
    )?;
    for (name, value) in &options.settings {
        writeln!(text, "Changed for this run: {name} = {value}")?;
    }
    if let Some(statement) = options.other.call.as_deref() {
        writeln!(text, "Not vioconcierge but the dispatcher of: {statement}")?;
    }
    for section in sections {
        write_section(text, section)?;
    }
    write_verdict(text, sections)
}

fn write_section(text: &mut String, section: &Section) -> std::fmt::Result {
    writeln!(text)?;
    wrap(
        text,
        "",
        &format!("{}: {}", section.row, section.findings.about),
    )?;
    writeln!(
        text,
        "  {:<48}{:>11}{:>11}{:>11}  target",
        "", "median", "min", "max"
    )?;
    for figure in &section.findings.figures {
        write_figure(text, figure)?;
    }
    for note in &section.findings.notes {
        wrap(text, "  ", note)?;
    }
    let loads = section.loads.join("; ");
    wrap(
        text,
        "  ",
        &format!(
            "repeats: {}; load (1, 5, 15 min) before each: {loads}",
            section.loads.len()
        ),
    )
}

fn write_figure(text: &mut String, figure: &Figure) -> std::fmt::Result {
    let spread = figure.spread();
    let digits = figure.digits;
    write!(
        text,
        "  {:<48}{:>11.digits$}{:>11.digits$}{:>11.digits$}",
        figure.name, spread.median, spread.min, spread.max
    )?;
    if let (Some(target), Some(is_met)) = (figure.target, figure.is_met()) {
        let (sign, bound) = match target {
            Target::AtLeast(bound) => (">=", bound),
            Target::AtMost(bound) => ("<=", bound),
        };
        let verdict = if is_met { "met" } else { "NOT MET" };
        write!(text, "  {sign} {bound}: {verdict}")?;
    }
    writeln!(text)
}

fn write_verdict(text: &mut String, sections: &[Section]) -> std::fmt::Result {
    let judged: Vec<(&str, &Figure, bool)> = sections
        .iter()
        .flat_map(|section| section.findings.figures.iter().map(|it| (section.row, it)))
        .filter_map(|(row, figure)| Some((row, figure, figure.is_met()?)))
        .collect();
    let missed: Vec<String> = judged
        .iter()
        .filter(|(_, _, is_met)| !is_met)
        .map(|(row, figure, _)| format!("{row} ({})", figure.name))
        .collect();
    writeln!(
        text,
        "\n{} of {} targets met",
        judged.len() - missed.len(),
        judged.len()
    )?;
    if !missed.is_empty() {
        wrap(text, "", &format!("Not met: {}", missed.join("; ")))?;
    }
    Ok(())
}

/// Breaks lines at blanks.
fn wrap(text: &mut String, indent: &str, paragraph: &str) -> std::fmt::Result {
    let mut line = String::from(indent);
    for word in paragraph.split_whitespace() {
        let is_empty = line.len() == indent.len();
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(text, "{line}")?;
            line.truncate(indent.len());
        } else if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(text, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks() {
        let mut text = String::new();
        wrap(&mut text, "  ", &"word ".repeat(30)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= WIDTH
            && line.starts_with("  word")
            && line.ends_with("word")));
        assert_eq!(text.matches("word").count(), 30);
    }

    #[test]
    fn the_verdict_names_what_was_missed() {
        let section = Section {
            row: "backlog",
            findings: Findings {
                about: String::new(),
                figures: vec![
                    Figure::new("calls/s", 0, vec![9.0]).at_least(10.0),
                    Figure::new("ratio", 2, vec![0.5]).at_least(0.2),
                    Figure::new("pause, s", 2, vec![0.5]),
                ],
                notes: Vec::new(),
            },
            loads: Vec::new(),
        };
        let mut text = String::new();
        write_verdict(&mut text, &[section]).unwrap();
        assert_eq!(text, "\n1 of 2 targets met\nNot met: backlog (calls/s)\n");
    }
}
