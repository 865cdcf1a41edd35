//! How often a signed-in page asks the database and waits: once, whatever it shows.

use crate::support::{Collector, PASSWORD, Span, Traced, Visitor};
use serde_json::json;

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

/// Two people who follow each other, and the browser of the first.
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
    visitor.open("/login").await;
    let typed = [("Email", "ana@example.org"), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await;
    visitor
}

#[tokio::test]
async fn a_signed_in_page_costs_one_round_trip_to_the_database() {
    let collector = Collector::start().await;
    let traced = Traced::start(&collector.url, &[]).await;
    let mut browser = signed_in(&traced).await;
    for (number, (path, statements)) in [
        ("/@ben", 2),
        ("/@ana", 2),
        ("/timeline", 4),
        ("/profile", 2),
        ("/profile/edit", 2),
        ("/@ben/followers", 3),
        ("/@ana/following?page=2", 3),
        ("/settings", 2),
    ]
    .into_iter()
    .enumerate()
    {
        let trace = format!("{:032x}", number + 1);
        browser.trace_id = Some(trace.clone());
        assert_eq!(browser.open(path).await.status, 200, "{path}");
        let request = collector.request(&trace).await;
        let asked = Asked::of(collector.below(&request));
        let wanted = Asked {
            round_trips: 1,
            statements,
        };
        assert_eq!(asked, wanted, "{path}");
    }
}
