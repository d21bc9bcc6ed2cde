//! One request, from job to exchange.

use std::collections::TryReserveError;
use std::io::Read;
use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use reqwest::redirect;
use vioc_core::margins::IDLE_CONNECTION;
use vioc_core::retry_after::http_date;

use vioc_core::reply::is_about_another;

use crate::classify::{not_sent, without_response};
use crate::pool::Outcome;
use crate::proxy::Proxy;
use crate::room::{self, Cut, Room};
use crate::signals::AllBlocked;
use crate::target::Target;
use crate::tls::{self, Trust};
use crate::{Exchange, Job, Method, PoolError, Settings};

const USER_AGENT: &str = concat!("vioconcierge/", env!("CARGO_PKG_VERSION"));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The answer to a new call repeats what was sent, which is bounded, and no conversation. Many come at once.
const MAX_CREATE_ANSWER: usize = 512 * 1024;
const CREATE: &str = "/v2/create-phone-call";

/// Nobody's answer to "when again?" is longer; what is longer is not kept.
const MAX_RETRY_AFTER: usize = 64;

/// Sends jobs to one place with one set of settings. Shared by all threads of a pool.
pub(crate) struct Sender {
    settings: Settings,
    target: Target,
    proxy: Option<Proxy>,
    trust: Trust,
    max_idle: usize,
    /// `None` after a panic in reqwest: its runtime thread may be gone, so the next job builds anew.
    client: Mutex<Option<Client>>,
    dates: Arc<Dates>,
}

/// Retell's clock, by the `Date` of its newest answer, and when that came. Only a sane proxy or Retell itself can have
/// sent it (over TLS); the worker compares it with the server's clock.
#[derive(Default)]
pub(crate) struct Dates(Mutex<Option<(i64, Instant)>>);

impl Dates {
    fn hear(&self, response: &Response) {
        let date = response.headers().get(DATE).and_then(|it| it.to_str().ok());
        if let Some(date) = date.and_then(http_date) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((date.timestamp(), Instant::now()));
        }
    }

    /// The newest one that was not taken yet.
    pub(crate) fn take(&self) -> Option<(i64, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Sender {
    pub(crate) fn new(settings: Settings, max_idle: usize) -> Result<Self, PoolError> {
        let target = Target::new(&settings.base_url)?;
        let proxy = settings
            .https_proxy
            .as_ref()
            .map(|it| Proxy::new(it.expose()))
            .transpose()?;
        let trust = tls::load(target.is_https(), settings.ca_file.as_deref())?;
        let sender = Self {
            settings,
            target,
            proxy,
            trust,
            max_idle,
            client: Mutex::new(None),
            dates: Arc::default(),
        };
        let client = sender.build().map_err(|error| PoolError::Client {
            problem: error.without_url().to_string(),
        })?;
        *sender.slot() = Some(client);
        Ok(sender)
    }

    /// Carries out one job. Takes `request_timeout` at most.
    pub(crate) fn send(&self, job: &Job) -> Outcome {
        if !self.target.may_carry_key() {
            return not_sent(
                "refusing to send a key over plain http to a host that is not loopback",
            )
            .into();
        }
        if self.target.is_https() && !self.trust.has_roots {
            return not_sent(
                "TLS: no trusted certificates: the system has none and no CA file is set",
            )
            .into();
        }
        let Some(url) = self.target.url(&job.path) else {
            return not_sent("the path is not acceptable").into();
        };
        let Some(client) = self.client() else {
            return not_sent("the HTTP client cannot be built").into();
        };
        let _discard = DiscardOnPanic(self);

        let mut request = client
            .request(method(job.method), url)
            .bearer_auth(job.api_key.expose())
            .header(ACCEPT, JSON)
            // Per request and not per client: only so is it a total which includes the body.
            .timeout(self.settings.request_timeout);
        if let Some(body) = &job.body {
            request = request.header(CONTENT_TYPE, JSON).body(body.clone());
        }
        let started = Instant::now();
        let limit = self.settings.request_timeout;
        match request.send() {
            Ok(response) => {
                self.dates.hear(&response);
                let most = self.most_of_answer(job);
                let outcome = receive(response, most, || started.elapsed() >= limit);
                if is_about_another(&job.path, job.body.as_deref(), &outcome.exchange) {
                    // A connection whose answers are out of step would give the next request this one's: it is
                    // closed, and with it all that are idle. Those in use end with their request.
                    retire(self.slot().take());
                }
                outcome
            }
            Err(error) => without_response(error, started.elapsed(), limit).into(),
        }
    }

    fn most_of_answer(&self, job: &Job) -> Most {
        let longest = self.settings.max_body_bytes;
        let is_about_new_call = job.path == CREATE;
        Most {
            this: match is_about_new_call {
                true => longest.min(MAX_CREATE_ANSWER),
                false => longest,
            },
            together: room::most(is_about_new_call, longest),
        }
    }

    pub(crate) fn dates(&self) -> Arc<Dates> {
        Arc::clone(&self.dates)
    }

    fn client(&self) -> Option<Client> {
        let mut slot = self.slot();
        if slot.is_none() {
            *slot = self.build().ok();
        }
        slot.clone()
    }

    fn slot(&self) -> MutexGuard<'_, Option<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn build(&self) -> reqwest::Result<Client> {
        // The runtime thread made here, and its threads for name lookups, inherit the mask.
        let _blocked = AllBlocked::here();
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            .http1_only()
            // whatever the environment says
            .no_proxy();
        let builder = match &self.proxy {
            Some(proxy) => builder.proxy(proxy.for_https()?),
            None => builder,
        };
        builder
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(self.settings.connect_limit())
            .timeout(self.settings.request_timeout)
            .pool_max_idle_per_host(self.max_idle)
            .pool_idle_timeout(IDLE_CONNECTION)
            // Plain http is allowed for this name, so no resolver may say that it is elsewhere.
            .resolve_to_addrs(
                "localhost",
                &[
                    SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                    SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
                ],
            )
            .tls_backend_preconfigured(self.trust.config.clone())
            .build()
    }
}

/// Dropping the last handle of a client joins its runtime thread, and that one waits for name
/// lookups, which nobody can interrupt. So it is dropped where nobody waits.
impl Drop for Sender {
    fn drop(&mut self) {
        retire(self.slot().take());
    }
}

struct DiscardOnPanic<'a>(&'a Sender);

impl Drop for DiscardOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            retire(self.0.slot().take());
        }
    }
}

fn retire(client: Option<Client>) {
    let Some(client) = client else { return };
    // If no thread can be started the client leaks: better than a worker that hangs.
    let client = ManuallyDrop::new(client);
    let _blocked = AllBlocked::here();
    let _ = thread::Builder::new()
        .name("vioc-retell-end".to_owned())
        .spawn(move || drop(ManuallyDrop::into_inner(client)));
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// How much of an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Most {
    this: usize,
    /// With all others.
    together: usize,
}

/// Reads an answer whose head has arrived; from here on it is a response, whatever comes.
fn receive(mut response: Response, most: Most, time_is_up: impl Fn() -> bool) -> Outcome {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .filter(|value| value.len() <= MAX_RETRY_AFTER)
        .map(str::to_owned);
    let body = read_body(&mut response, most, time_is_up);
    Outcome {
        exchange: Exchange::Response {
            status,
            retry_after,
            body: body.bytes,
            truncated: body.truncated,
        },
        room: body.room,
        cut: body.cut,
    }
}

#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    room: Room,
    truncated: bool,
    cut: Option<Cut>,
}

impl Body {
    /// Little more than is needed: what is counted is what is there.
    fn reserve(&mut self, bytes: usize) -> Result<(), TryReserveError> {
        const STEP: usize = 256 * 1024;
        let len = self.bytes.len();
        match self.bytes.capacity() - len < bytes {
            true => self.bytes.try_reserve_exact(bytes.max(len.min(STEP))),
            false => Ok(()),
        }
    }

    /// What can be had of a piece; whether that is all of it.
    fn add(&mut self, piece: &[u8], most: Most) -> bool {
        let left = most.this - self.bytes.len();
        let piece_of_it = &piece[..piece.len().min(left)];
        // without memory the rest is not there: an allocation that fails would end the whole server
        if !self.room.take(piece_of_it.len(), most.together)
            || self.reserve(piece_of_it.len()).is_err()
        {
            self.cut = Some(Cut::NoRoom);
            return false;
        }
        self.bytes.extend_from_slice(piece_of_it);
        if piece.len() > left {
            self.cut = Some(Cut::TooLong);
        }
        self.cut.is_none()
    }
}

/// What can be had of a body in the time and the space given.
fn read_body(source: &mut impl Read, most: Most, time_is_up: impl Fn() -> bool) -> Body {
    let mut body = Body::default();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return body,
            // reqwest's total timeout ends a slow drip; this holds even if it did not.
            Ok(read) if body.add(&chunk[..read], most) && !time_is_up() => {}
            _ => {
                body.truncated = true;
                return body;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Secret;

    #[test]
    fn the_answer_to_a_new_call_is_small_and_any_other_may_be_long() {
        let settings = Settings {
            base_url: "http://127.0.0.1:0".to_owned(),
            request_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            https_proxy: None,
            ca_file: None,
            max_body_bytes: 8 * 1024 * 1024,
        };
        let sender = Sender::new(settings, 1).unwrap();
        let most = |path: &str| {
            sender.most_of_answer(&Job {
                request_id: 1,
                method: Method::Post,
                path: path.to_owned(),
                body: None,
                api_key: Secret::from("k".to_owned()),
            })
        };
        assert_eq!(most("/v2/create-phone-call").this, 512 * 1024);
        assert_eq!(most("/v2/get-call/x").this, 8 * 1024 * 1024);
        let body = read(&[7u8; 100], 10, usize::MAX);
        assert!(body.bytes == [7; 10] && body.truncated && body.cut == Some(Cut::TooLong));
        let body = read(&[7u8; 10], 10, usize::MAX);
        assert!(body.bytes == [7; 10] && !body.truncated && body.cut.is_none());
    }

    fn read(mut source: &[u8], this: usize, together: usize) -> Body {
        read_body(&mut source, Most { this, together }, || false)
    }

    #[test]
    fn all_answers_share_one_room_and_what_is_dropped_makes_room_again() {
        // more than other tests of this process take at the same time
        const MOST: usize = 40 * 1024 * 1024;
        let large = vec![7u8; MOST * 2 / 3];
        let first = read(&large, MOST, MOST);
        assert_eq!((first.bytes.len(), first.cut), (large.len(), None));
        let second = read(&large, MOST, MOST);
        assert!(second.truncated && second.cut == Some(Cut::NoRoom));
        assert!(second.bytes.len() <= MOST - large.len());
        drop((first, second));
        assert_eq!(read(&large, MOST, MOST).cut, None);
        // questions leave room to answers about new calls
        let longest = 8 * 1024 * 1024;
        assert!(room::most(true, longest) > room::most(false, longest));
        assert!(room::most(false, 1 << 30) >= 1 << 30, "one always fits");
    }

    #[test]
    fn after_a_panic_in_reqwest_the_next_job_gets_a_new_client() {
        let settings = Settings {
            // Port 0 refuses every connection.
            base_url: "http://127.0.0.1:0".to_owned(),
            request_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            https_proxy: None,
            ca_file: None,
            max_body_bytes: 10,
        };
        let sender = Sender::new(settings, 1).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _guard = DiscardOnPanic(&sender);
            panic!("on purpose");
        }));
        assert!(panicked.is_err() && sender.slot().is_none());
        let job = Job {
            request_id: 1,
            method: Method::Get,
            path: "/x".to_owned(),
            body: None,
            api_key: Secret::from("k".to_owned()),
        };
        let exchange = sender.send(&job).exchange;
        assert!(matches!(exchange, Exchange::NotSent { .. }));
        assert!(sender.slot().is_some());
    }
}
