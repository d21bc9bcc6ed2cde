//! What the lines of PostgreSQL's configuration files mean for the calls.
//!
//! PostgreSQL keeps the old value of a line that it cannot use at a reload, and takes the default at the server's start. For
//! what decides where calls go, when, and whether they are real, neither is what the operator wanted: nothing is sent. Also
//! not if the line is good but not in force, because another line has kept PostgreSQL from reading the files.

/// The last line of the files about one setting, or a line that is no setting at all (`name` is empty).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    pub name: String,
    pub value: String,
    /// Why PostgreSQL cannot use it.
    pub error: Option<String>,
    pub file: String,
    pub line: i32,
    /// What is in force instead; none: no setting has this name, or only a superuser sees it.
    pub in_force: Option<String>,
    /// Set on the server's command line, which beats the files.
    pub is_overridden: bool,
}

/// What is wrong, in words; never a value, which may be a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Nothing may be sent.
    pub stops: Option<String>,
    /// The old value stays, and calls go on.
    pub kept: Option<String>,
}

/// The settings whose old value may stay: they only measure.
const MEASURES: [&str; 9] = [
    "backoff_cap",
    "backoff_start",
    "connect_timeout",
    "legacy_fields",
    "max_body_size",
    "max_in_flight",
    "max_waiters",
    "reconcile_after",
    "request_timeout",
];

const PREFIX: &str = "vioconcierge.";

/// Whether calls may be sent with these lines. A name that is unknown may be a slip of one that decides.
#[must_use]
pub fn judge(lines: &[Line]) -> Findings {
    let broken = lines.iter().find(|line| line.name.is_empty());
    let mut findings = Findings::default();
    for line in lines {
        let Some(name) = line.name.strip_prefix(PREFIX) else {
            continue;
        };
        // takes effect at the server's start only, and says which databases are served, not how
        if name == "databases" || line.is_overridden {
            continue;
        }
        let is_measure = MEASURES.contains(&name);
        let problem = match (&line.error, is_measure) {
            (Some(error), _) => format!(
                "{}, line {} of {}: {error}",
                line.name, line.line, line.file
            ),
            (None, true) => continue,
            (None, false) if is_in_force(line) => continue,
            (None, false) => format!(
                "{}, line {} of {}: not in force{}",
                line.name,
                line.line,
                line.file,
                broken.map_or_else(
                    || ", the server has not read it".to_owned(),
                    |it| format!(
                        " because of line {} of {}: {}",
                        it.line,
                        it.file,
                        it.error.as_deref().unwrap_or("it is no setting")
                    )
                )
            ),
        };
        let place = match is_measure {
            true => &mut findings.kept,
            false => &mut findings.stops,
        };
        place.get_or_insert(problem);
    }
    findings
}

fn is_in_force(line: &Line) -> bool {
    match line.in_force.as_deref() {
        Some("on") => switch(&line.value) == Some(true),
        Some("off") => switch(&line.value) == Some(false),
        in_force => in_force == Some(&*line.value),
    }
}

/// As PostgreSQL reads a switch in its files.
fn switch(value: &str) -> Option<bool> {
    let value = value.trim().to_ascii_lowercase();
    let begins = |word: &str| !value.is_empty() && word.starts_with(&*value);
    if begins("true") || begins("yes") || value == "on" || value == "1" {
        Some(true)
    } else if begins("false") || begins("no") || value == "off" || value == "of" || value == "0" {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, value: &str, in_force: &str) -> Line {
        Line {
            name: name.to_owned(),
            value: value.to_owned(),
            file: "/etc/postgresql.conf".to_owned(),
            line: 7,
            in_force: Some(in_force.to_owned()),
            ..Line::default()
        }
    }

    fn bad(name: &str) -> Line {
        Line {
            error: Some("setting could not be applied".to_owned()),
            ..line(name, "not_to_be_shown", "old")
        }
    }

    #[test]
    fn what_decides_about_calls_stops_them_and_a_measure_does_not() {
        for name in [
            "api_base_url",
            "ca_file",
            "https_proxy",
            "legal_hours",
            "simulate",
            "retell_api_key",
            "secrets_dir",
            "webhook_base_url",
            "dry_rnu",
        ] {
            let found = judge(&[bad(&format!("vioconcierge.{name}"))]);
            let stops = found.stops.expect(name);
            assert!(stops.contains(name) && stops.contains("line 7 of /etc/postgresql.conf"));
            assert!(!stops.contains("not_to_be_shown"), "{stops}");
            assert_eq!(found.kept, None);
        }
        for name in MEASURES {
            let found = judge(&[bad(&format!("vioconcierge.{name}"))]);
            assert_eq!(found.stops, None, "{name}");
            assert!(found.kept.is_some_and(|it| it.contains(name)));
        }
        assert_eq!(judge(&[bad("vioconcierge.databases")]), Findings::default());
        assert_eq!(judge(&[]), Findings::default());
    }

    #[test]
    fn a_good_line_stops_calls_while_it_is_not_in_force() {
        let wanted = line("vioconcierge.simulate", "on", "off");
        assert!(judge(std::slice::from_ref(&wanted)).stops.is_some());
        let broken = Line {
            error: Some("syntax error".to_owned()),
            line: 3,
            ..line("", "", "")
        };
        let found = judge(&[broken.clone(), wanted.clone()])
            .stops
            .expect("it stops");
        assert!(
            found.contains("line 3 of") && found.contains("syntax error"),
            "{found}"
        );
        // a broken file is no matter of ours as long as our lines are in force
        let in_force = line("vioconcierge.simulate", "yes", "on");
        assert_eq!(judge(&[broken, in_force]), Findings::default());
        // nor what the command line says
        let overridden = Line {
            is_overridden: true,
            ..wanted
        };
        assert_eq!(judge(&[overridden]), Findings::default());
        // measures have units, which are not compared
        let measure = line("vioconcierge.request_timeout", "30s", "120");
        assert_eq!(judge(&[measure]), Findings::default());
    }

    #[test]
    fn a_switch_is_read_as_postgresql_reads_it() {
        for (value, is_on) in [
            ("on", Some(true)),
            ("TRUE", Some(true)),
            ("y", Some(true)),
            ("1", Some(true)),
            ("off", Some(false)),
            ("f", Some(false)),
            ("no", Some(false)),
            ("0", Some(false)),
            ("", None),
            ("o", None),
            ("maybe", None),
        ] {
            assert_eq!(switch(value), is_on, "{value:?}");
        }
    }
}
