//! What `bench` is told.

pub(super) const USAGE: &str = "\
bench: throughput and latency of vioconcierge on this machine

  --only backlog|latency   one of the two
  --full                   latency as it was measured for the peers: 200 samples each, idle 2.3-2.7 s apart (13 min)
  --repeat N               runs of the backlog (3)
  --calls N                calls in the backlog (20000)
  --setting NAME=VALUE     a server setting to measure with; may be given again
  --profile                one more backlog that shows which functions and statements take the time
  --help
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    Backlog,
    Latency,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) only: Option<Only>,
    pub(super) full: bool,
    pub(super) repeat: usize,
    pub(super) calls: usize,
    pub(super) settings: Vec<(String, String)>,
    pub(super) profile: bool,
    pub(super) help: bool,
}

impl Options {
    pub(super) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            only: None,
            full: false,
            repeat: 3,
            calls: 20_000,
            settings: Vec::new(),
            profile: false,
            help: false,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--only" => {
                    options.only = Some(match value()?.as_str() {
                        "backlog" => Only::Backlog,
                        "latency" => Only::Latency,
                        other => return Err(format!("--only cannot be {other:?}")),
                    });
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
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("there is no option {argument}")),
            }
        }
        Ok(options)
    }

    pub(super) fn wants(&self, bench: Only) -> bool {
        self.only.is_none_or(|only| only == bench)
    }
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

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_understood_and_nonsense_is_refused() {
        let options =
            parse("--only latency --full --repeat 5 --setting wal_level=minimal").unwrap();
        assert!(options.wants(Only::Latency) && !options.wants(Only::Backlog));
        assert_eq!((options.full, options.repeat), (true, 5));
        assert_eq!(
            options.settings,
            [("wal_level".to_owned(), "minimal".to_owned())]
        );
        assert!(parse("").unwrap().wants(Only::Backlog));
        for wrong in [
            "--only both",
            "--setting x",
            "--repeat 0",
            "--repeat",
            "--fast",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
