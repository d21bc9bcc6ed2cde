//! A headless Chromium, used as a person uses it: pages are loaded, clicked with the mouse, looked at.
//!
//! Spoken to by the Chrome DevTools Protocol over two pipes (JSON, each message ended by a zero byte), so that it needs
//! neither a port nor a library.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::cluster::new_directory;
use crate::wait::{LONG, wait_until};

/// One browser with one page. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    process: Child,
    profile: PathBuf,
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
    session: Option<String>,
    complaints: Vec<String>,
}

impl Browser {
    /// `None`, and a line that says so, where there is no Chromium.
    ///
    /// # Panics
    /// If it does not start.
    pub fn open() -> Option<Self> {
        let is_there = Command::new("chromium")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|it| it.success());
        if !is_there {
            eprintln!("skipped: there is no Chromium here (make deps)");
            return None;
        }
        let profile = new_directory(false).join("chromium");
        // The protocol is spoken on file descriptors 3 and 4.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#, "sh"])
            .args([
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--remote-debugging-pipe",
                "--window-size=1100,900",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let to = process.stdin.take().expect("it is piped");
        let mut answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).is_ok_and(|it| it > 0) {
                message.pop();
                let Ok(parsed) = serde_json::from_slice(&message) else {
                    return;
                };
                if sender.send(parsed).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            process,
            profile,
            to,
            from,
            asked: 0,
            session: None,
            complaints: Vec::new(),
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.ask(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// One command of the protocol, and its answer.
    #[track_caller]
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).expect("the browser listens");
        let deadline = Instant::now() + LONG;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self
                .from
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("no answer to {method}: {error}"));
            self.listen(&answer);
            if answer["id"] == self.asked {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
        }
    }

    /// What the page complains of, as the console shows it.
    fn listen(&mut self, event: &Value) {
        let of = &event["params"];
        match event["method"].as_str() {
            Some("Log.entryAdded") => self.complaints.push(of["entry"]["text"].to_string()),
            Some("Runtime.exceptionThrown") => {
                self.complaints.push(of["exceptionDetails"].to_string());
            }
            Some("Page.javascriptDialogOpening") => self.complaints.push(of["message"].to_string()),
            _ => {}
        }
    }

    /// Errors, violations of the page's security policy and dialogs since the last time.
    pub fn complaints(&mut self) -> Vec<String> {
        self.ask("Runtime.evaluate", json!({"expression": "0"}));
        std::mem::take(&mut self.complaints)
    }

    /// Whether pages may run scripts.
    pub fn allow_scripts(&mut self, allow: bool) {
        self.ask(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": !allow}),
        );
    }

    /// Headers that go with each request, as a proxy in front of the page would add them.
    pub fn send_headers(&mut self, headers: &Value) {
        self.ask("Network.setExtraHTTPHeaders", json!({"headers": headers}));
    }

    pub fn size(&mut self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Loads a page, and waits until it is complete.
    #[track_caller]
    pub fn load(&mut self, url: &str) {
        let answer = self.ask("Page.navigate", json!({"url": url}));
        assert!(answer["errorText"].is_null(), "{url}: {answer}");
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    #[track_caller]
    pub fn reload(&mut self) {
        self.evaluate("window.isOld = true");
        self.ask("Page.reload", json!({}));
        self.wait_for("!window.isOld && document.readyState === 'complete'");
    }

    /// The value of a JavaScript expression; `null` while a page is being loaded.
    #[track_caller]
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        self.ask("Runtime.evaluate", asked)["result"]["value"].clone()
    }

    #[track_caller]
    pub fn wait_for(&mut self, expression: &str) {
        let found = crate::wait::poll(LONG, || (self.evaluate(expression) == true).then_some(()));
        if found.is_none() {
            let page = self.evaluate("document.documentElement.outerHTML");
            panic!("waited {LONG:?} in vain for {expression} in {page}");
        }
    }

    /// Waits until the page shows this text.
    #[track_caller]
    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(&format!(
            "Boolean(document.body && document.body.innerText.includes({}))",
            json!(text)
        ));
    }

    pub fn has(&mut self, selector: &str) -> bool {
        let selector = json!(selector);
        self.evaluate(&format!("document.querySelector({selector}) !== null")) == true
    }

    /// Presses the left mouse button on the middle of an element that is there, visible and covered by no other.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        let middle = wait_until(&format!("{selector} to be there to click"), LONG, || {
            let middle = self.evaluate(&format!(
                "(() => {{
                  const it = {element};
                  if (!it || it.disabled) return null;
                  it.scrollIntoView({{block: 'center', behavior: 'instant'}});
                  const box = it.getBoundingClientRect();
                  const x = box.left + box.width / 2, y = box.top + box.height / 2;
                  const top = document.elementFromPoint(x, y);
                  return box.width > 0 && top && (it === top || it.contains(top)) ? {{x, y}} : null;
                }})()"
            ));
            middle.is_object().then_some(middle)
        });
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": middle["x"], "y": middle["y"], "button": "left", "clickCount": 1});
            self.ask("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses and releases a key, as `Tab` or `Enter`.
    #[track_caller]
    pub fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.ask("Input.dispatchKeyEvent", event);
        }
    }

    /// A picture of what is seen, as PNG.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn picture(&mut self, file: &Path) {
        let answer = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        let data = answer["data"].as_str().unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(data);
        std::fs::write(file, bytes.expect("a picture")).expect("a picture can be written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
