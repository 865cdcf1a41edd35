//! The posts on the signed-in home: shown when the Posts Service has them, missed when not.

use crate::support::{Page, Person, TestApp, Visitor};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const MISSING: &str = "Posts can't be shown right now.";

/// A Posts Service that keeps the heads of the requests and gives its answers in turn, the last
/// one for ever. An empty answer is none: it hangs up; a dot is silence.
pub struct Stub {
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/base/", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, answers) = (
            Arc::clone(&heads),
            answers
                .iter()
                .map(|answer| (*answer).to_owned())
                .collect::<Vec<_>>(),
        );
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let turn = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(String::from_utf8(head).unwrap());
                    seen.len() - 1
                };
                let answer = answers.get(turn).or(answers.last()).unwrap();
                if answer == "." {
                    silent.push(stream);
                } else {
                    stream.write_all(answer.as_bytes()).await.ok();
                }
            }
        });
        Self { url, heads }
    }

    pub fn asked(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

pub fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn home(posts: &str) -> (TestApp, Person, Visitor) {
    let app = TestApp::with(&[("POSTS_SERVICE_URL", posts)]).await;
    let ana = app.person("ana").await;
    let visitor = app.signed_in(&ana).await;
    (app, ana, visitor)
}

/// What the home shows and how often it was asked, after the log-in's own visit.
async fn shown(answers: &[&str]) -> (Page, usize, Duration) {
    let stub = Stub::start(answers).await;
    let app = TestApp::with(&[("POSTS_SERVICE_URL", &stub.url)]).await;
    let ana = app.person("ana").await;
    let mut visitor = app.visitor();
    visitor.open("/login?next=/profile").await;
    let typed = [
        ("Email", ana.email.as_str()),
        ("Password", crate::support::PASSWORD),
    ];
    visitor.send("Log in", &typed).await;
    let begin = Instant::now();
    let page = visitor.open("/timeline").await.clone();
    (page, stub.asked().len(), begin.elapsed())
}

#[tokio::test]
async fn posts_are_an_ordered_list_with_author_time_and_lines() {
    let posts = json!({
        "items": [
            {
                "id": "1", "author_id": "2", "text": "first <b>line</b>\nsecond & last", "likes": 3,
                "created_at": "2026-01-02T04:04:05+01:00",
                "author": { "username": "bob", "display_name": "Bob \"B\" <i>", "avatar_url": "https://evil.example/x.png" },
            },
            { "id": "2", "author_id": "3", "text": "orphan", "created_at": "2026-01-01T00:00:00Z" },
        ],
        "page": 1, "page_size": 20, "has_next": true,
    });
    let stub = Stub::start(&[&answer("200 OK", &posts.to_string())]).await;
    let (app, ana, visitor) = home(&stub.url).await;
    let page = visitor.page();
    let rows = page.all("section[aria-labelledby=posts] ol > li");
    assert_eq!(rows.len(), 2, "{}", page.html());
    assert_eq!(
        page.link("Bob \"B\" <i>").unwrap().attr("href"),
        Some("/@bob")
    );
    assert!(
        rows[0]
            .inner
            .contains("first &lt;b&gt;line&lt;/b&gt;<br>second &amp; last</p>")
    );
    assert!(!rows[0].inner.contains("evil.example"), "{}", rows[0].inner);
    assert!(rows[1].name.contains("orphan"));
    let times: Vec<_> = page
        .all("time")
        .iter()
        .map(|t| t.attr("datetime").unwrap().to_owned())
        .collect();
    assert_eq!(times, ["2026-01-02T03:04:05Z", "2026-01-01T00:00:00Z"]);
    page.shows("2 January 2026, 03:04 UTC")
        .shows("People to follow");
    let head = &stub.asked()[0];
    assert!(
        head.starts_with("GET /base/feed?page=1&page_size=20 HTTP/1.1\r\n"),
        "{head}"
    );
    let token = head
        .lines()
        .find_map(|line| line.strip_prefix("authorization: Bearer "));
    let claims = app
        .app
        .keys
        .verify(token.unwrap(), app.clock.now())
        .unwrap();
    assert_eq!(claims.sub, ana.id);
    let trace = page.header("x-trace-id").unwrap();
    assert!(head.contains(&format!("x-trace-id: {trace}\r\n")), "{head}");
}

#[tokio::test]
async fn a_trace_is_passed_on_as_it_came() {
    let stub = Stub::start(&[&answer("200 OK", r#"{"items":[]}"#)]).await;
    let (app, _, visitor) = home(&stub.url).await;
    visitor.page().shows("No posts yet");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let session = &visitor.cookie("session").unwrap().value;
    let asked = app.api().request("GET", "/timeline");
    let asked = asked.header("Cookie", &format!("session={session}"));
    asked
        .header("traceparent", &parent)
        .send()
        .await
        .expect(200);
    let head = stub.asked().pop().unwrap();
    assert!(
        head.contains(&format!("traceparent: {parent}\r\n")),
        "{head}"
    );
    assert!(head.contains(&format!("x-trace-id: {trace}\r\n")), "{head}");
}

#[tokio::test]
async fn whatever_goes_wrong_is_one_line_and_the_rest_of_the_page() {
    let late = answer("200 OK", r#"{"items":[]}"#);
    let long = answer(
        "200 OK",
        &format!(r#"{{"items":[],"x":"{}"}}"#, "a".repeat(300_000)),
    );
    let moved = "HTTP/1.1 302 Found\r\nLocation: /base/other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let endless = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{";
    for (answers, times) in [
        (
            vec![answer("500 Oh", ""), answer("503 Busy", ""), late.clone()],
            2,
        ),
        (vec![String::new(), String::new(), late.clone()], 2),
        (vec![answer("404 Gone", ""), late.clone()], 1),
        (vec![answer("401 Who", ""), late.clone()], 1),
        (vec![moved.to_owned(), late.clone()], 1),
        (vec![answer("200 OK", "<html>"), late.clone()], 1),
        (vec![endless.to_owned(), late.clone()], 1),
        (vec![long, late.clone()], 1),
    ] {
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let (page, asked, _) = shown(&answers).await;
        assert_eq!((page.status, asked), (200, times), "{answers:.40?}");
        page.shows(MISSING)
            .shows("People to follow")
            .shows("Who followed you lately");
    }
}

#[tokio::test]
async fn one_failure_is_made_good_by_a_second_attempt() {
    let good = answer("200 OK", r#"{"items":[]}"#);
    for first in [answer("502 Bad Gateway", ""), String::new()] {
        let (page, asked, _) = shown(&[&first, &good]).await;
        page.shows("No posts yet");
        assert_eq!(asked, 2);
    }
}

#[tokio::test]
async fn a_silent_service_is_waited_for_once_and_not_long() {
    let (page, asked, took) = shown(&["."]).await;
    page.shows(MISSING);
    assert_eq!(asked, 1);
    assert!(
        took >= Duration::from_millis(900) && took < Duration::from_secs(3),
        "{took:?}"
    );
}

#[tokio::test]
async fn nobody_there_is_said_and_unset_says_nothing() {
    let free = crate::support::free_port();
    let (_app, _, visitor) = home(&format!("http://127.0.0.1:{free}")).await;
    visitor.page().shows(MISSING);
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let visitor = app.signed_in(&ana).await;
    assert!(!visitor.page().has("Posts"), "{}", visitor.page().text());
}
