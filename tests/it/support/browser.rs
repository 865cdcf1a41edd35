//! Real Chromium, driven through chromedriver.

use super::{TestApp, api::plain_client, eventually, free_port, screenshots};
use base64::{Engine, prelude::BASE64_STANDARD};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use tokio::sync::{Semaphore, SemaphorePermit};

const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
];
const MISSING: &str = "chromedriver and chromium must be installed; `bin/test` installs them";

/// More at once would only slow each other down.
static PLACES: Semaphore = Semaphore::const_new(SEATS as usize);
const SEATS: u32 = 2;

/// Waits until no browser of the tests runs, and keeps it so.
pub async fn no_other_browser() -> SemaphorePermit<'static> {
    PLACES.acquire_many(SEATS).await.expect("all places")
}

/// A window of the browser, open on the service.
pub struct Browser {
    /// The driver's client, for what is not told below.
    pub client: Client,
    base: String,
    driver: Driver,
    _place: SemaphorePermit<'static>,
}

struct Driver {
    process: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Opens a new, empty browser for a service.
    pub async fn open(app: &TestApp) -> Self {
        Self::open_with(app, json!({})).await
    }

    /// Opens a browser that runs no script.
    pub async fn without_script(app: &TestApp) -> Self {
        let no_script = json!({ "profile.managed_default_content_settings.javascript": 2 });
        Self::open_with(app, no_script).await
    }

    /// Opens a browser whose person has set the size of text to twice the usual.
    pub async fn with_large_text(app: &TestApp) -> Self {
        let large = json!({ "webkit.webprefs.default_font_size": 32 });
        Self::open_with(app, large).await
    }

    async fn open_with(app: &TestApp, preferences: Value) -> Self {
        let place = PLACES.acquire().await.expect("a place");
        let port = free_port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(MISSING);
        let mut driver = Driver {
            process,
            port,
            session: String::new(),
        };
        eventually("chromedriver listens", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .ok()
        })
        .await;
        let capabilities = json!({
            "goog:chromeOptions": { "args": FLAGS, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect(MISSING);
        driver.session = client
            .session_id()
            .await
            .expect("a session")
            .unwrap_or_default();
        Self {
            client,
            base: app.url.clone(),
            driver,
            _place: place,
        }
    }

    /// Types a path into the address bar.
    pub async fn go(&self, path: &str) {
        self.client
            .goto(&format!("{}{path}", self.base))
            .await
            .expect("a page");
    }

    /// The path of the address bar.
    pub async fn path(&self) -> String {
        self.client
            .current_url()
            .await
            .expect("an address")
            .path()
            .to_owned()
    }

    /// Waits until the address bar shows a path.
    pub async fn arrives_at(&self, path: &str) {
        eventually(&format!("the browser is at {path}"), || async {
            (self.path().await == path).then_some(())
        })
        .await;
    }

    /// The control with this label.
    pub async fn field(&self, label: &str) -> Element {
        let script = "const label = [...document.querySelectorAll('label')]
            .find(label => label.innerText.trim() === arguments[0]);
            return label && label.control ? label.control.id : null";
        let id = eventually(&format!("a field {label:?}"), || async {
            self.run(script, vec![json!(label)])
                .await
                .as_str()
                .map(str::to_owned)
        })
        .await;
        self.client.find(Locator::Id(&id)).await.expect("the field")
    }

    /// Types into the control with this label, in place of what is there.
    pub async fn fill(&self, label: &str, text: &str) {
        // In place of what is there; WebDriver's own clearing would leave the field in between.
        let keys = format!(
            "{}a{}{text}",
            char::from(Key::Control),
            char::from(Key::Null)
        );
        eventually(&format!("{label:?} can be typed into"), || async {
            self.field(label).await.send_keys(&keys).await.ok()
        })
        .await;
    }

    /// Types a Tab: the field is left.
    pub async fn leave(&self, label: &str) {
        let tab = char::from(Key::Tab).to_string();
        self.field(label)
            .await
            .send_keys(&tab)
            .await
            .expect("it can be left");
    }

    /// Clicks a button or link by its name, once it is there.
    pub async fn click(&self, name: &str) {
        let named = format!("[normalize-space()=\"{name}\" or @aria-label=\"{name}\"]");
        let clicked = || async {
            for kind in ["button", "a"] {
                let xpath = format!("//{kind}{named}");
                if let Ok(found) = self.client.find(Locator::XPath(&xpath)).await {
                    return found.click().await.ok();
                }
            }
            None
        };
        eventually(&format!("{name:?} can be clicked"), clicked).await;
    }

    /// Whether there is a visible button with this name.
    pub async fn has_button(&self, name: &str) -> bool {
        let script = "return [...document.querySelectorAll('button')].some(button =>
            button.checkVisibility() && button.innerText.trim() === arguments[0])";
        self.run(script, vec![json!(name)]).await == json!(true)
    }

    /// The visible text.
    pub async fn text(&self) -> String {
        let text = self.run("return document.body.innerText", vec![]).await;
        let text = text.as_str().unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Waits until the page shows these words.
    pub async fn shows(&self, words: &str) {
        eventually(&format!("the page shows {words:?}"), || async {
            self.text().await.contains(words).then_some(())
        })
        .await;
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute(script, arguments)
            .await
            .unwrap_or_default()
    }

    /// Puts a mark on the page that a reload would lose.
    pub async fn mark(&self) {
        self.run("window.marked = true", vec![]).await;
    }

    /// Whether the page is still the one that was marked.
    pub async fn is_marked(&self) -> bool {
        self.run("return window.marked === true", vec![]).await == json!(true)
    }

    /// Insists that no script failed and the content security policy refused nothing.
    pub async fn console_is_clean(&self) {
        let log = self
            .driver_says("se/log", &json!({ "type": "browser" }))
            .await;
        let entries = log.as_array().expect("a list");
        // What the service answers with 4xx is noted too, and is no error of the page.
        let told = entries.iter().filter(|entry| {
            let message = entry["message"].as_str().unwrap_or_default();
            entry["level"] == "SEVERE" && !message.contains("the server responded with a status of")
        });
        let told: Vec<_> = told.collect();
        assert!(told.is_empty(), "{told:?}");
    }

    /// What the driver answers to a command that is not in the standard.
    pub async fn driver_says(&self, command: &str, body: &Value) -> Value {
        let Driver { port, session, .. } = &self.driver;
        let url = format!("http://127.0.0.1:{port}/session/{session}/{command}");
        let answer = plain_client().post(url).json(body).send().await;
        let mut answer: Value = answer.expect("an answer").json().await.expect("JSON");
        answer["value"].take()
    }
}

impl Driver {
    /// Asks the driver for something at once, without the runtime, which may be gone.
    fn ask(&self, method: &str, what: &str) -> std::io::Result<String> {
        let Self { session, port, .. } = self;
        let request = format!(
            "{method} /session/{session}{what} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
             Connection: close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", *port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(request.as_bytes())?;
        let (mut answer, mut piece) = (Vec::new(), [0; 4_096]);
        // The driver keeps the connection open: the answer ends where its JSON does.
        while !answer.ends_with(b"}") {
            match stream.read(&mut piece)? {
                0 => break,
                count => answer.extend_from_slice(&piece[..count]),
            }
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Keeps a picture of where a test failed.
    fn keep_picture(&self) -> Option<()> {
        let answer = self.ask("GET", "/screenshot").ok()?;
        let picture = answer.split("\"value\":\"").nth(1)?.split('"').next()?;
        let picture = BASE64_STANDARD.decode(picture).ok()?;
        let current = thread::current();
        let path = screenshots::path(current.name().unwrap_or_default());
        fs::write(&path, picture).ok()?;
        eprintln!("what the browser showed: {}", path.display());
        Some(())
    }
}

impl Drop for Driver {
    /// Ends the browser, then the driver, whatever became of the test.
    fn drop(&mut self) {
        if thread::panicking() {
            self.keep_picture();
        }
        self.ask("DELETE", "").ok();
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
