//! The rules of releases: a released script is never edited, and no version appears that its predecessors cannot reach.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The extension's scripts by name, and `sql/released`, which lists what was released.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    /// `vioconcierge--0.1.0.sql`, `vioconcierge--0.1.0--0.2.0.sql`, ...
    pub files: BTreeMap<String, String>,
    /// As `sha256sum` prints it: the checksum, two blanks, the file's name. Later releases come later.
    pub released: String,
    /// The control file's.
    pub default_version: String,
}

/// What a script is named for: `from` is none for an installation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub from: Option<String>,
    pub to: String,
}

impl Step {
    pub fn of(name: &str) -> Option<Self> {
        let versions = name.strip_prefix("vioconcierge--")?.strip_suffix(".sql")?;
        let (from, to) = match versions.split_once("--") {
            Some((from, to)) => (Some(from.to_owned()), to.to_owned()),
            None => (None, versions.to_owned()),
        };
        Some(Self { from, to })
    }

    pub fn file(&self) -> String {
        match &self.from {
            Some(from) => format!("vioconcierge--{from}--{}.sql", self.to),
            None => format!("vioconcierge--{}.sql", self.to),
        }
    }
}

impl Scripts {
    /// The update scripts.
    pub fn updates(&self) -> Vec<Step> {
        let steps = self.files.keys().filter_map(|name| Step::of(name));
        steps.filter(|step| step.from.is_some()).collect()
    }

    /// The released versions, in order.
    pub fn releases(&self) -> Vec<String> {
        let steps = self.lines().filter_map(|(_, name)| Step::of(name));
        steps
            .filter(|step| step.from.is_none())
            .map(|step| step.to)
            .collect()
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.released.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split_once("  "))
    }

    /// What breaks the rules, in words; empty if nothing does.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (sum, name) in self.lines() {
            match self.files.get(name) {
                None => problems.push(format!("sql/{name} was released and is gone")),
                Some(text) if checksum(text) != sum => problems.push(format!(
                    "sql/{name} was released and is not what it was: undo the change, raise default_version and make it there"
                )),
                Some(_) => {}
            }
        }
        let releases = self.releases();
        let installation = Step {
            from: None,
            to: self.default_version.clone(),
        };
        if !self.files.contains_key(&installation.file()) {
            problems.push(format!(
                "sql/{} is missing: run `make sql`",
                installation.file()
            ));
        }
        // From release to release, and from the last one to what is being made.
        let mut versions = releases.clone();
        if !releases.contains(&self.default_version) {
            versions.push(self.default_version.clone());
        }
        for pair in versions.windows(2) {
            let step = Step {
                from: Some(pair[0].clone()),
                to: pair[1].clone(),
            };
            if !self.files.contains_key(&step.file()) {
                problems.push(format!(
                    "sql/{} is missing: who has {} could not go on to {}",
                    step.file(),
                    pair[0],
                    pair[1]
                ));
            }
        }
        let known: BTreeSet<&String> = versions.iter().collect();
        for name in self.files.keys() {
            let is_known = Step::of(name).is_some_and(|step| {
                known.contains(&step.to) && step.from.is_none_or(|from| known.contains(&from))
            });
            if !is_known {
                problems.push(format!(
                    "sql/{name} is of a version that is neither released nor the default_version"
                ));
            }
        }
        for (_, name) in self.lines() {
            if Step::of(name).is_none() {
                problems.push(format!("sql/released: {name} is no script"));
            }
        }
        let listed: BTreeSet<&str> = self.lines().map(|(_, name)| name).collect();
        for step in self.updates() {
            if releases.contains(&step.to) && !listed.contains(step.file().as_str()) {
                problems.push(format!(
                    "sql/released lacks {}, which leads to a release",
                    step.file()
                ));
            }
        }
        problems
    }
}

/// As `sha256sum` prints it.
pub fn checksum(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(default_version: &str, released: &[&str], names: &[&str]) -> Scripts {
        let files: BTreeMap<String, String> = names
            .iter()
            .map(|name| (format!("vioconcierge--{name}.sql"), format!("-- {name}\n")))
            .collect();
        let line = |name: &&str| {
            let file = format!("vioconcierge--{name}.sql");
            format!("{}  {file}\n", checksum(&format!("-- {name}\n")))
        };
        Scripts {
            released: released.iter().map(line).collect(),
            files,
            default_version: default_version.to_owned(),
        }
    }

    #[test]
    fn before_the_first_release_everything_may_change() {
        assert_eq!(scripts("0.1.0", &[], &["0.1.0"]).problems(), [""; 0]);
    }

    #[test]
    fn a_chain_of_releases_is_in_order() {
        let names = ["0.1.0", "0.1.0--0.2.0", "0.2.0", "0.2.0--0.3.0", "0.3.0"];
        let good = scripts("0.3.0", &["0.1.0", "0.1.0--0.2.0", "0.2.0"], &names);
        assert_eq!(good.problems(), [""; 0]);
        assert_eq!(good.releases(), ["0.1.0", "0.2.0"]);
        assert_eq!(good.updates().len(), 2);
    }

    #[track_caller]
    fn has_one(scripts: &Scripts, words: &str) {
        let problems = scripts.problems();
        assert!(
            problems.len() == 1 && problems[0].contains(words),
            "{problems:?}"
        );
    }

    #[test]
    fn a_version_raised_without_a_script_is_told() {
        let raised = scripts("0.2.0", &["0.1.0"], &["0.1.0", "0.2.0"]);
        has_one(&raised, "vioconcierge--0.1.0--0.2.0.sql is missing");
        let unmade = scripts("0.2.0", &["0.1.0"], &["0.1.0", "0.1.0--0.2.0"]);
        has_one(&unmade, "run `make sql`");
    }

    #[test]
    fn an_edited_or_removed_release_is_told() {
        let mut edited = scripts("0.1.0", &["0.1.0"], &["0.1.0"]);
        let text = edited.files.get_mut("vioconcierge--0.1.0.sql");
        text.expect("it is there").push(' ');
        has_one(&edited, "is not what it was");
        let names = ["0.1.0--0.2.0", "0.2.0"];
        let gone = scripts("0.2.0", &["0.1.0"], &names);
        has_one(&gone, "is gone");
    }

    #[test]
    fn a_stray_script_and_an_unlisted_one_are_told() {
        let stray = scripts("0.1.0", &[], &["0.1.0", "0.1.0--0.9.9"]);
        has_one(&stray, "neither released");
        let names = ["0.1.0", "0.1.0--0.2.0", "0.2.0"];
        let unlisted = scripts("0.2.0", &["0.1.0", "0.2.0"], &names);
        has_one(&unlisted, "lacks vioconcierge--0.1.0--0.2.0.sql");
    }
}
