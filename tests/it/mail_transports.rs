//! Where mails go: a provider's JSON API, a folder.

use crate::support::{Mail, PASSWORD, TestApp, eventually};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A provider that notes what it is sent, and answers with each of these statuses in turn.
struct Provider {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    async fn start(statuses: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v3/mail/send", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut statuses = statuses.iter().chain(std::iter::repeat(&"202 Accepted"));
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                seen.lock().unwrap().push(request);
                let status = statuses.next().unwrap();
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.ok();
            }
        });
        Self { url, requests }
    }

    async fn nth(&self, n: usize) -> (String, Value) {
        let request = eventually("the provider is called", || async {
            self.requests.lock().unwrap().get(n).cloned()
        })
        .await;
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), serde_json::from_str(body).unwrap())
    }
}

/// One request with a `Content-Length`.
async fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.and_then(|n| n.parse().ok()).unwrap_or(0) {
                return text;
            }
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap_or(0);
        if count == 0 {
            return text;
        }
        text.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
}

#[tokio::test]
async fn the_http_provider_is_called_in_sendgrids_shape() {
    let provider = Provider::start(&[]).await;
    let app = TestApp::with(&[("EMAIL_URL", &provider.url), ("EMAIL_API_KEY", "SG.key")]).await;
    app.register("ana").await;
    let (head, body) = provider.nth(0).await;
    assert!(head.starts_with("post /v3/mail/send http/1.1"));
    assert!(head.contains("authorization: bearer sg.key"));
    assert!(head.contains("content-type: application/json"));
    assert_eq!(
        body["personalizations"],
        json!([{ "to": [{ "email": "ana@example.org" }] }])
    );
    assert_eq!(
        body["from"],
        json!({ "email": "no-reply@example.org", "name": "Users Service" })
    );
    assert!(
        body["subject"]
            .as_str()
            .is_some_and(|subject| !subject.is_empty())
    );
    let content = body["content"].as_array().unwrap();
    let types: Vec<_> = content
        .iter()
        .map(|part| part["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["text/plain", "text/html"]);
    let text = content[0]["value"].as_str().unwrap();
    let link = text
        .lines()
        .find(|line| line.contains("/verify?token="))
        .unwrap();
    assert!(
        link.starts_with(app.public_url()),
        "the link stands alone on its line: {text}"
    );
    let token = link.split_once("token=").unwrap().1;
    app.api()
        .post("/auth/verify", json!({ "token": token }))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_provider_that_fails_is_called_again_with_the_same_message_id() {
    let provider = Provider::start(&["500 Oops", "429 Slow", "302 Found", "401 No"]).await;
    let app = TestApp::with(&[("EMAIL_URL", &provider.url), ("EMAIL_API_KEY", "SG.key")]).await;
    app.register("ana").await;
    let (_, first) = provider.nth(0).await;
    let (_, last) = eventually("the fifth call", || async {
        app.clock.advance(time::Duration::seconds(8));
        let called = provider.requests.lock().unwrap().len();
        if called > 4 {
            Some(provider.nth(4).await)
        } else {
            None
        }
    })
    .await;
    assert_eq!(
        first["headers"]["Message-ID"],
        last["headers"]["Message-ID"]
    );
    assert_eq!(first["content"], last["content"]);
    app.mails_are_out().await;
    assert_eq!(provider.requests.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn a_mail_that_the_provider_calls_wrong_is_given_up_at_once() {
    let provider = Provider::start(&["400 Bad Request"]).await;
    let app = TestApp::with(&[("EMAIL_URL", &provider.url)]).await;
    app.register("ana").await;
    eventually("it is given up", || async {
        let given_up = "outbox where given_up_at is not null and attempts = 1";
        (app.count(given_up).await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn user_infra_001_3_s1_the_provider_is_called_with_the_right_url_after_the_commit() {
    let provider = Provider::start(&["503 Down"]).await;
    let app = TestApp::with(&[("EMAIL_URL", &provider.url)]).await;
    app.register("ana").await;
    let (_, body) = provider.nth(0).await;
    assert_eq!(
        app.count("users").await,
        1,
        "the failure rolls nothing back"
    );
    assert!(
        body.to_string()
            .contains(&format!("{}/verify?token=", app.public_url()))
    );
    assert!(
        !provider.requests.lock().unwrap()[0]
            .to_lowercase()
            .contains("authorization")
    );
}

#[tokio::test]
async fn a_folder_gets_one_file_a_mail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/mail");
    let app = TestApp::with(&[("EMAIL_URL", &format!("file:{}", path.display()))]).await;
    app.register("ana").await;
    app.register("bob").await;
    app.mails_are_out().await;
    let files = std::fs::read_dir(&path)
        .unwrap()
        .map(|file| file.unwrap().path());
    let files: Vec<_> = files.collect();
    assert_eq!(files.len(), 2);
    assert!(
        files
            .iter()
            .all(|file| file.extension().is_some_and(|kind| kind == "eml"))
    );
    let mails = files
        .iter()
        .map(|file| Mail::of("", &std::fs::read_to_string(file).unwrap()));
    let ana = mails
        .into_iter()
        .find(|mail| mail.addresses().1 == ["ana@example.org"])
        .unwrap();
    app.api()
        .post("/auth/verify", json!({ "token": ana.token() }))
        .await
        .expect(200);
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    app.api().post("/auth/login", typed).await.expect(200);
}

#[tokio::test]
async fn links_are_made_of_public_url() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://social.example.org")]).await;
    app.register("ana").await;
    let mail = app.sink.mail_to("ana@example.org").await;
    assert!(
        mail.link()
            .starts_with("https://social.example.org/verify?token=")
    );
    assert!(mail.html().contains(&mail.link()));
}
