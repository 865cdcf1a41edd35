//! Real Chromium, driven through chromedriver.

use super::{TestApp, api::plain_client, eventually, free_port};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
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
static PLACES: Semaphore = Semaphore::const_new(2);

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
            "goog:chromeOptions": { "args": FLAGS },
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
        let Driver { port, session, .. } = &self.driver;
        let url = format!("http://127.0.0.1:{port}/session/{session}/se/log");
        let log = plain_client()
            .post(url)
            .json(&json!({ "type": "browser" }))
            .send()
            .await;
        let log: Value = log.expect("a log").json().await.expect("JSON");
        let entries = log["value"].as_array().expect("a list");
        // What the service answers with 4xx is noted too, and is no error of the page.
        let told = entries.iter().filter(|entry| {
            let message = entry["message"].as_str().unwrap_or_default();
            entry["level"] == "SEVERE" && !message.contains("the server responded with a status of")
        });
        let told: Vec<_> = told.collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

impl Drop for Driver {
    /// Ends the browser, then the driver, whatever became of the test.
    fn drop(&mut self) {
        let Self { session, port, .. } = &*self;
        let end = format!(
            "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        );
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", *port)) {
            stream.set_read_timeout(Some(Duration::from_secs(5))).ok();
            stream.write_all(end.as_bytes()).ok();
            stream.read_to_string(&mut String::new()).ok();
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
