//! What `bench` is told.

use super::row::Row;
use crate::cluster::Binaries;

/// The rows that need an earlier build.
const BEFORE: &str = "before-";

const USAGE: &str = "\
bench: what vioconcierge does on this machine, against its targets

  --only NAME[,NAME]       these rows, or all that begin with NAME
  --repeat N               how often each is measured (3)
  --full                   large sizes and many samples (a row says what it was measured with)
  --calls N                calls in the backlog (20000); queues and histories of other rows are 5 to 50 times as long
  --setting NAME=VALUE     a server setting to measure with; may be given again
  --profile                one more backlog that shows which functions and statements take the time
  --help

An earlier build of vioconcierge, measured in turn with this one (the rows before-...):
  --before PG_CONFIG       of a PostgreSQL in which it is installed

Another dispatcher in place of vioconcierge:
  --call SQL               the statement that makes a call; {url} is where to post, {id} a number that the body is to
                           hold as \"call_id\"
  --answered SQL           the call_ids whose answers are stored (the server echoes \"metadata\": {\"call_id\": ...});
                           without it a call is done when the server has answered
  --prepare SQL            run once in a new database
  --preload LIBRARIES      shared_preload_libraries
  --worker PATTERN         the backend_type of its processes, as for `like`
In the value of a --setting {in_flight} is how many requests the row wants at a time: 32, slow-provider up to 512.
For example a synchronous one:
  bench --preload '' --call \"copy (select 1) to program 'curl -s -o /dev/null {url} -d ''{\\\"call_id\\\": {id}}'''\"
";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    only: Vec<String>,
    pub(super) full: bool,
    pub(super) repeat: usize,
    pub(super) calls: usize,
    pub(super) settings: Vec<(String, String)>,
    pub(super) profile: bool,
    pub(super) before: Option<Binaries>,
    pub(super) other: Other,
    pub(super) help: bool,
}

/// Another dispatcher, if `call` is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) call: Option<String>,
    pub(super) answered: Option<String>,
    pub(super) prepare: Option<String>,
    pub(super) preload: Option<String>,
    pub(super) worker: Option<String>,
}

impl Options {
    pub(super) fn parse(
        mut arguments: impl Iterator<Item = String>,
        rows: &[Row],
    ) -> Result<Self, String> {
        let mut options = Self {
            only: Vec::new(),
            full: false,
            repeat: 3,
            calls: 20_000,
            settings: Vec::new(),
            profile: false,
            before: None,
            other: Other::default(),
            help: false,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--only" => {
                    for name in value()?.split(',') {
                        if !rows.iter().any(|row| row.answers_to(name)) {
                            return Err(format!("there is no row {name:?}"));
                        }
                        options.only.push(name.to_owned());
                    }
                }
                "--full" => options.full = true,
                "--repeat" => options.repeat = count(&argument, &value()?)?,
                "--calls" => options.calls = count(&argument, &value()?)?,
                "--setting" => {
                    let given = value()?;
                    let (name, value) = given
                        .split_once('=')
                        .ok_or(format!("--setting is NAME=VALUE, not {given:?}"))?;
                    options.settings.push((name.to_owned(), value.to_owned()));
                }
                "--profile" => options.profile = true,
                "--before" => {
                    let given = value()?;
                    options.before = Binaries::at(given.clone().into());
                    if options.before.is_none() {
                        return Err(format!("{given} is no pg_config of a server"));
                    }
                }
                "--call" => options.other.call = Some(value()?),
                "--answered" => options.other.answered = Some(value()?),
                "--prepare" => options.other.prepare = Some(value()?),
                "--preload" => options.other.preload = Some(value()?),
                "--worker" => options.other.worker = Some(value()?),
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("there is no option {argument}")),
            }
        }
        if options.other.call.is_none() && options.other != Other::default() {
            return Err("there is no --call that these options are about".to_owned());
        }
        Ok(options)
    }

    /// The given settings, where so many requests are wanted at a time.
    pub(super) fn settings(&self, in_flight: usize) -> impl Iterator<Item = (&str, String)> {
        let in_flight = in_flight.to_string();
        let settings = self.settings.iter();
        settings.map(move |(name, value)| (&**name, value.replace("{in_flight}", &in_flight)))
    }

    pub(super) fn wants(&self, row: &Row) -> bool {
        (self.only.is_empty() || self.only.iter().any(|name| row.answers_to(name)))
            && (row.any_dispatcher || self.other.call.is_none())
            && (!row.name.starts_with(BEFORE) || self.before.is_some())
    }
}

/// With a line for each row.
pub(super) fn usage(rows: &[Row]) -> String {
    let names: String = rows
        .iter()
        .map(|row| format!("  {:<24} {}\n", row.name, row.about))
        .collect();
    format!("{USAGE}\nRows:\n{names}")
}

fn count(option: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=1_000_000).contains(&number) => Ok(number),
        _ => Err(format!("{option} must be 1 to 1000000, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [Row; 3] = [
        row("backlog", true),
        row("call-now-idle", true),
        row("steady", false),
    ];

    const fn row(name: &'static str, any_dispatcher: bool) -> Row {
        Row {
            name,
            about: "",
            any_dispatcher,
            run: |_| unreachable!(),
        }
    }

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned), &ROWS)
    }

    fn wanted(line: &str) -> Vec<&'static str> {
        let options = parse(line).unwrap();
        ROWS.iter()
            .filter(|row| options.wants(row))
            .map(|row| row.name)
            .collect()
    }

    #[test]
    fn options_are_understood_and_nonsense_is_refused() {
        let options = parse("--only steady --full --repeat 5 --setting wal_level=minimal").unwrap();
        assert_eq!((options.full, options.repeat), (true, 5));
        assert_eq!(
            options.settings,
            [("wal_level".to_owned(), "minimal".to_owned())]
        );
        for wrong in [
            "--only both",
            "--only backlog,",
            "--setting x",
            "--repeat 0",
            "--repeat",
            "--fast",
            "--preload pg_net",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_setting_may_follow_the_requests_at_a_time() {
        let options = parse("--call x --setting net.batch_size={in_flight}").unwrap();
        let settings: Vec<_> = options.settings(128).collect();
        assert_eq!(settings, [("net.batch_size", "128".to_owned())]);
    }

    #[test]
    fn only_and_another_dispatcher_choose_the_rows() {
        assert_eq!(wanted(""), ["backlog", "call-now-idle", "steady"]);
        assert_eq!(
            wanted("--only call-now,steady"),
            ["call-now-idle", "steady"]
        );
        assert_eq!(wanted("--call x"), ["backlog", "call-now-idle"]);
    }
}
