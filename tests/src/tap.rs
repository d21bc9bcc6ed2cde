//! Reading what pgTAP prints: a plan (`1..3`), a line per assertion (`ok 1 - name`), and notes (`# ...`).

/// What one test file has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub planned: Option<usize>,
    pub passed: usize,
    /// Each `not ok` line with the notes that follow it.
    pub failures: Vec<String>,
    /// Anything that is neither: usually a result somebody forgot to throw away.
    pub noise: Vec<String>,
}

impl Report {
    pub fn parse(output: &str) -> Self {
        let mut report = Self::default();
        let mut in_failure = false;
        for line in output.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(plan) = line
                .strip_prefix("1..")
                .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            {
                report.planned = Some(plan);
            } else if starts_with_word(line, "ok") {
                report.passed += 1;
                in_failure = false;
            } else if starts_with_word(line, "not ok") {
                // A known gap, marked with todo(), counts as passed.
                in_failure = !line.contains("# TODO");
                if in_failure {
                    report.failures.push(line.to_owned());
                } else {
                    report.passed += 1;
                }
            } else if line.trim_start().starts_with('#') {
                if let (true, Some(failure)) = (in_failure, report.failures.last_mut()) {
                    failure.push('\n');
                    failure.push_str(line);
                }
            } else {
                report.noise.push(line.to_owned());
            }
        }
        report
    }

    /// # Errors
    /// What went wrong, for the reader of the test's output.
    pub fn verdict(&self) -> Result<(), String> {
        if !self.failures.is_empty() {
            return Err(self.failures.join("\n"));
        }
        match self.planned {
            None => Err(format!(
                "no plan was printed: begin with `select plan(n);`\n{}",
                self.noise.join("\n")
            )),
            Some(0) => Err("the plan has no assertions".to_owned()),
            Some(planned) if planned != self.passed => {
                Err(format!("{planned} planned, but {} run", self.passed))
            }
            Some(_) => Ok(()),
        }
    }
}

fn starts_with_word(line: &str, word: &str) -> bool {
    line.strip_prefix(word)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_passes_when_all_that_was_planned_is_ok() {
        let report =
            Report::parse("1..2\nok 1 - a\nnot ok 2 - later # TODO soon\n# Failed (TODO) test 2\n");
        assert_eq!(report.verdict(), Ok(()));
    }

    #[test]
    fn a_failure_is_shown_with_its_diagnostics() {
        let report =
            Report::parse("1..2\nok 1\nnot ok 2 - b\n# Failed test 2: \"b\"\n#         have: 1\n");
        assert_eq!(
            report.verdict(),
            Err("not ok 2 - b\n# Failed test 2: \"b\"\n#         have: 1".to_owned())
        );
    }

    #[test]
    fn a_missing_plan_and_a_wrong_plan_are_failures() {
        assert!(
            Report::parse("ok 1\n")
                .verdict()
                .unwrap_err()
                .contains("no plan")
        );
        assert_eq!(
            Report::parse("1..2\nok 1\n").verdict().unwrap_err(),
            "2 planned, but 1 run"
        );
        assert!(Report::parse("1..0\n").verdict().is_err());
    }
}
