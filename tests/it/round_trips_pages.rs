//! How often a signed-in page asks the database and waits: once, whatever it shows.

use crate::support::{Collector, PASSWORD, Span, Traced, Visitor, eventually};
use serde_json::json;
use uuid::Uuid;

/// The answers to somebody who entered their password just now: the path, the status, and how many
/// statements go out together.
const RECENT: &[(&str, u16, usize)] = &[
    ("/", 303, 1),
    ("/@ben", 200, 2),
    ("/@ana", 200, 2),
    ("/timeline", 200, 4),
    ("/profile", 200, 2),
    ("/profile/edit", 200, 2),
    ("/@ben/followers", 200, 3),
    ("/@ana/following?page=2", 200, 3),
    ("/settings", 200, 2),
    ("/settings/confirm?next=/settings/email", 303, 2),
    ("/settings/password", 200, 2),
    ("/settings/password/changed", 200, 1),
    ("/settings/email", 200, 3),
    ("/settings/email/changed", 200, 1),
    ("/settings/email/confirm", 422, 2),
    ("/settings/email/restore", 422, 2),
    ("/settings/username", 200, 2),
    ("/settings/devices", 200, 2),
    ("/settings/history", 200, 2),
    (
        "/settings/history?cursor=01a20419-7066-737c-b42f-8c8b8fc04c29",
        200,
        2,
    ),
    ("/settings/history?cursor=none", 303, 1),
    ("/settings/export", 200, 2),
    ("/settings/export/download", 200, 2),
    ("/settings/delete", 200, 1),
    ("/login", 303, 1),
    ("/register", 303, 1),
    ("/register/done", 200, 1),
    ("/verify", 422, 2),
    ("/verify/resend", 200, 1),
    ("/forgot-password", 200, 1),
    ("/reset-password", 422, 2),
];

/// The same for somebody whose password was entered too long ago for a sensitive change.
const LONG_AGO: &[(&str, u16, usize)] = &[
    ("/settings/confirm?next=/settings/email", 200, 2),
    ("/settings/email", 303, 3),
    ("/settings/username", 303, 2),
    ("/settings/export/download", 303, 2),
    ("/settings/delete", 303, 1),
    ("/settings/devices", 200, 2),
];

/// What a page view asked of the database.
#[derive(Debug, PartialEq)]
struct Asked {
    /// How often it waited for an answer.
    round_trips: usize,
    statements: usize,
}

impl Asked {
    /// A statement that was sent before the first of those on their way was answered went out with
    /// them.
    fn of(spans: Vec<Span>) -> Self {
        let mut times: Vec<_> = spans
            .into_iter()
            .filter(|span| span.says("db.system.name") == "postgresql")
            .map(|span| span.time)
            .collect();
        times.sort_by_key(|time| time.start);
        let (mut round_trips, mut answered) = (0, 0);
        for time in &times {
            if time.start >= answered {
                round_trips += 1;
                answered = u64::MAX;
            }
            answered = answered.min(time.end);
        }
        Self {
            round_trips,
            statements: times.len(),
        }
    }
}

/// Two people who follow each other, and the browser of the first, who is logged in elsewhere too,
/// asked for another address and for a copy of everything, and holds links that work no more.
async fn signed_in(traced: &Traced) -> Visitor {
    let mut people = Vec::new();
    for name in ["ana", "ben"] {
        let email = format!("{name}@example.org");
        let new = json!({ "email": email, "username": name, "password": PASSWORD });
        let made = traced.api.post("/auth/register", new).await.expect(201);
        let login = json!({ "email": email, "password": PASSWORD });
        let login = traced.api.post("/auth/login", login).await.expect(200);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        people.push((id, login.access_token()));
    }
    let [(ana, anas), (ben, bens)] = people.try_into().unwrap();
    for (token, whom) in [(anas, ben), (bens, ana)] {
        let api = traced.api.bearer(&token);
        api.act(&format!("/users/{whom}/follow")).await.expect(201);
    }
    let public = traced.program.url.replace("127.0.0.1", "localhost");
    let mut visitor = Visitor::new(&traced.program.url, &public);
    for (page, button, typed) in [
        (
            "/login",
            "Log in",
            &[("Email", "ana@example.org"), ("Password", PASSWORD)][..],
        ),
        (
            "/settings/email",
            "Change email",
            &[("New email", "new@example.org")],
        ),
        ("/settings/export", "Request a copy", &[]),
    ] {
        visitor.open(page).await;
        assert_eq!(visitor.send(button, typed).await.status, 200, "{page}");
    }
    for link in [
        "email_token",
        "restore_token",
        "verify_token",
        "reset_token",
    ] {
        visitor.jar.plant(link, "spent");
    }
    let db = traced.database.connect().await;
    let ready = "select 1 from users.exports where ready_at is not null";
    eventually("the copy is ready", || async {
        db.query_opt(ready, &[]).await.unwrap()
    })
    .await;
    visitor
}

#[tokio::test]
async fn a_signed_in_page_costs_one_round_trip_to_the_database() {
    let collector = Collector::start().await;
    let traced = Traced::start(&collector.url, &[]).await;
    let mut browser = signed_in(&traced).await;
    assert_one_round_trip(&collector, &traced, &mut browser, RECENT).await;
    let long_ago = "update users.sessions set authenticated_at = now() - interval '11 minutes'";
    let db = traced.database.connect().await;
    db.batch_execute(long_ago).await.unwrap();
    assert_one_round_trip(&collector, &traced, &mut browser, LONG_AGO).await;
}

async fn assert_one_round_trip(
    collector: &Collector,
    traced: &Traced,
    browser: &mut Visitor,
    pages: &[(&str, u16, usize)],
) {
    for &(path, status, statements) in pages {
        // What was just done, for the pages that say so.
        let done = match path {
            "/settings/password/changed" => "password_changed",
            _ => "email_changed",
        };
        browser.jar.plant("flash", done);
        let trace = Uuid::now_v7().simple().to_string();
        let cookies = browser.jar.header(path).unwrap();
        let call = traced.api.request("GET", path);
        let call = call.header("Cookie", &cookies);
        let answer = call.header("X-Trace-Id", &trace).send().await;
        assert_eq!(answer.status, status, "{path}");
        let request = collector.request(&trace).await;
        let asked = Asked::of(collector.below(&request));
        let wanted = Asked {
            round_trips: 1,
            statements,
        };
        assert_eq!(asked, wanted, "{path}");
    }
}
