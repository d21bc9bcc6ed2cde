//! The command line.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use retell_simulator::{ApiKey, Config, Fate, LAST_DIGITS, PhoneNumber};

const USAGE: &str = "\
retell-simulator: a stand-in for Retell's API on this machine, for rehearsals and tests

Usage: retell-simulator [options]

  --listen ADDRESS          loopback address and port (default 127.0.0.1:9000)
  --api-key KEY             a key to accept; may be given again (default: any key)
  --webhook-key KEY         signs webhooks instead of the API key given before it
  --org NAME                workspace of the API key given before it
  --from-number NUMBER      a caller number of the account; may be given again (default: any)
  --webhook-url URL         where webhooks go if the request names no URL
  --fate NAME               what everybody called does (default: see the table below)
  --fates FILE              JSON object: end of a number to its fate, see below
  --ring-ms, --talk-ms, --analysis-ms N   how long these take (default 2000, 5000, 1000)
  --concurrency N           calls at once per workspace
  --starts-per-second N     creates per second per workspace
  --webhook-retry-ms N      pause before a webhook is sent again (default 1000)
  --escape-non-ascii        webhooks in ASCII
  --reject-unknown-keys     refuse request keys that Retell does not know
  --no-ledger               count only; for long benchmarks
  --quiet                   print the URL and nothing else
  --help

Without --fate the last two digits of the called number decide:

";

const USAGE_END: &str = "  other confirmed

A fate in a file is a name from the table, a disconnection reason of Retell, or an object:
  {\"04\": \"no_answer\", \"+15550100077\": {\"fate\": \"rescheduled\", \"new_time\": \"2027-01-15T14:30:00\"}}

The simulator's own endpoints need no key: GET /sim/ledger, /sim/requests, /sim/deliveries,
/sim/health; POST /sim/script (a script or an array of them), /sim/reset,
/sim/clock ({\"ahead_ms\": 600000} sets its clock ten minutes ahead). Example:
  curl -d '{\"when\":{\"to_number\":\"+15550100001\"},\"times\":1,\"fate\":\"dial_busy\"}' \\
       http://127.0.0.1:9000/sim/script
";

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Run { config: Box<Config>, quiet: bool },
}

pub(crate) fn usage() -> String {
    let row = |(digits, name): (&str, &str)| format!("  {digits}    {name}\n");
    let table: String = LAST_DIGITS.into_iter().map(row).collect();
    format!("{USAGE}{table}{USAGE_END}")
}

pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut config = Config {
        listen: ([127, 0, 0, 1], 9000).into(),
        fate_by_number: true,
        webhook_retry_spacing: Duration::from_secs(1),
        ..Config::default()
    };
    config.timing.ring = Duration::from_secs(2);
    config.timing.talk = Duration::from_secs(5);
    config.timing.analysis = Duration::from_secs(1);
    let mut quiet = false;
    while let Some(option) = args.next() {
        let mut value = || args.next().ok_or(format!("{option} needs a value"));
        match option.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--listen" => config.listen = number(&option, &value()?)?,
            "--api-key" => config.api_keys.push(ApiKey::new(&value()?)),
            "--webhook-key" => last_key(&mut config, &option)?.webhook_key = Some(value()?),
            "--org" => last_key(&mut config, &option)?.org_name = value()?,
            "--from-number" => config.phone_numbers.push(PhoneNumber {
                number: value()?,
                outbound_agent: None,
            }),
            "--webhook-url" => config.default_webhook_url = Some(value()?),
            "--fate" => {
                let name = value()?;
                config.default_fate = Fate::named(&name).ok_or(format!("no fate is {name:?}"))?;
                config.fate_by_number = false;
            }
            "--fates" => config.fates = fates(&value()?)?,
            "--ring-ms" => config.timing.ring = millis(&option, &value()?)?,
            "--talk-ms" => config.timing.talk = millis(&option, &value()?)?,
            "--analysis-ms" => config.timing.analysis = millis(&option, &value()?)?,
            "--concurrency" => config.concurrency_limit = Some(number(&option, &value()?)?),
            "--starts-per-second" => config.starts_per_second = Some(number(&option, &value()?)?),
            "--webhook-retry-ms" => config.webhook_retry_spacing = millis(&option, &value()?)?,
            "--escape-non-ascii" => config.escape_non_ascii = true,
            "--reject-unknown-keys" => config.reject_unknown_keys = true,
            "--no-ledger" => config.keep_ledger = false,
            "--quiet" => quiet = true,
            _ => return Err(format!("there is no option {option}")),
        }
    }
    let config = Box::new(config);
    Ok(Command::Run { config, quiet })
}

fn last_key<'a>(config: &'a mut Config, option: &str) -> Result<&'a mut ApiKey, String> {
    config
        .api_keys
        .last_mut()
        .ok_or(format!("{option} belongs after an --api-key"))
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{option} cannot be {text:?}"))
}

fn millis(option: &str, text: &str) -> Result<Duration, String> {
    number(option, text).map(Duration::from_millis)
}

fn fates(file: &str) -> Result<Vec<(String, Fate)>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let fates: BTreeMap<String, Fate> =
        serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    Ok(fates.into_iter().collect())
}
