//! How often a request asks the database. Outside of a transaction, and none of these needs one, each
//! statement is a round trip and a commit.

use crate::support::{Api, Call, Collector, PASSWORD, Span, Traced, Visitor};
use serde_json::json;

/// The program on a database of its own, and who is told what it asks there.
struct Asking {
    collector: Collector,
    traced: Traced,
    requests: u32,
}

impl Asking {
    async fn start(rate_limits: &str) -> Self {
        let collector = Collector::start().await;
        let settings = [("RATE_LIMITS", rate_limits)];
        let traced = Traced::start(&collector.url, &settings).await;
        Self {
            collector,
            traced,
            requests: 0,
        }
    }

    /// The id of a new account, and an API that speaks for it.
    async fn member(&self, name: &str) -> (String, Api) {
        let api = &self.traced.api;
        let email = format!("{name}@example.org");
        let new = json!({ "email": email, "username": name, "password": PASSWORD });
        let made = api.post("/auth/register", new).await.expect(201).json();
        let login = json!({ "email": email, "password": PASSWORD });
        let login = api.post("/auth/login", login).await.expect(200);
        let id = made["id"].as_str().unwrap().to_owned();
        (id, api.bearer(&login.access_token()))
    }

    /// Insists that a call is answered so and asks the database so often.
    async fn asks(&mut self, call: Call, status: u16, times: usize) {
        self.requests += 1;
        let trace = format!("{:032x}", self.requests);
        let answer = call.header("X-Trace-Id", &trace).send().await;
        answer.expect(status);
        let request = self.collector.request(&trace).await;
        let asked = self.statements(&request);
        assert_eq!(asked.len(), times, "{} {status}: {asked:#?}", request.name);
    }

    fn statements(&self, request: &Span) -> Vec<String> {
        let below = self.collector.below(request);
        let statements = below
            .iter()
            .filter(|span| !span.says("db.system.name").is_empty());
        let texts = statements.map(|span| span.says("db.query.text").to_owned());
        texts.collect()
    }

    /// Insists that a page's request changed the database so often.
    async fn changed(&self, name: &str, times: usize) {
        let is_it = |span: &Span| span.name == name;
        let request = self.collector.span("the request", is_it).await;
        let changes = |sql: &String| {
            let words = ["INSERT INTO", "UPDATE \"", "DELETE FROM", "COMMIT"];
            words.iter().any(|word| sql.contains(word))
        };
        let asked = self.statements(&request);
        let changed = asked.iter().filter(|sql| changes(sql)).count();
        assert_eq!(changed, times, "{name}: {asked:#?}");
    }
}

fn log_in(api: &Api) -> Call {
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    api.request("POST", "/auth/login").json(&typed)
}

#[tokio::test]
async fn following_unfollowing_and_renewing_ask_once() {
    for limits in ["on", "off"] {
        let mut asking = Asking::start(limits).await;
        let (_, ana) = asking.member("ana").await;
        let (bob, _) = asking.member("bob").await;
        let follow = format!("/users/{bob}/follow");
        for (method, status) in [
            ("POST", 201),
            ("POST", 200),
            ("DELETE", 204),
            ("DELETE", 204),
        ] {
            asking.asks(ana.request(method, &follow), status, 1).await;
        }
        let nobody = "/users/01a20419-7066-737c-b42f-8c8b8fc04c29/follow";
        asking.asks(ana.request("POST", nobody), 404, 1).await;
        asking.asks(ana.request("DELETE", nobody), 404, 1).await;

        let token = log_in(&ana).send().await.expect(200).refresh_token();
        let cookie = format!("refresh_token={token}");
        let refresh = ana
            .request("POST", "/auth/refresh")
            .header("Cookie", &cookie);
        asking.asks(refresh, 200, 1).await;
    }
}

/// Without limits the account and the session. With them a look at the limits before, a try that is
/// taken before the password is known to be right, and given back after.
#[tokio::test]
async fn logging_in_asks_for_the_account_and_the_session_and_thrice_about_the_limits() {
    for (limits, times) in [("off", 2), ("on", 5)] {
        let mut asking = Asking::start(limits).await;
        asking.member("ana").await;
        let api = asking.traced.api.clone();
        asking.asks(log_in(&api), 200, times).await;
    }
}

#[tokio::test]
async fn a_follow_changes_the_database_once_on_a_page_too() {
    let asking = Asking::start("on").await;
    for name in ["ana", "bob"] {
        asking.member(name).await;
    }
    let url = &asking.traced.program.url;
    let mut visitor = Visitor::new(url, &url.replace("127.0.0.1", "localhost"));
    visitor.open("/login").await;
    let typed = [("Email", "ana@example.org"), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await;
    // The session and the try as above, the browser's session, and what makes it known.
    asking.changed("POST /login", 5).await;

    visitor.open("/@bob").await;
    visitor.press("Follow").await;
    asking.changed("POST /@{username}/follow", 1).await;
}
