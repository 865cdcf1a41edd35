//! Cookies that somebody else set: a host beside ours, or another program on the same machine. They sign nobody
//! in and nobody out, and lock nobody out.

use crate::support::{Answer, Form, PASSWORD, Person, TestApp, Visitor};
use serde_json::json;
use users_service::domain::Token;

const HTTPS: (&str, &str) = ("PUBLIC_URL", "https://social.example.org");
const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The cookies of a browser, with those that were planted before and after its own.
fn with_planted(own: &str, before: &[String], after: &[String]) -> String {
    [before, &[own.to_owned()], after].concat().join("; ")
}

fn planted(token: &str) -> Vec<String> {
    vec![format!("refresh_token={token}")]
}

/// A browser whose session has run out.
async fn run_out(app: &TestApp, person: &Person) -> Visitor {
    let mut visitor = app.signed_in(person).await;
    let names: Vec<_> = visitor
        .jar
        .all()
        .map(|cookie| cookie.name.clone())
        .collect();
    let mut kept: Vec<_> = names.iter().map(String::as_str).collect();
    kept.retain(|name| !name.ends_with("session"));
    visitor.jar.keep_only(&kept);
    visitor
}

async fn open(app: &TestApp, path: &str, cookies: &str) -> Answer {
    app.api()
        .request("GET", path)
        .header("Cookie", cookies)
        .send()
        .await
}

async fn post(app: &TestApp, path: &str, cookies: &str) -> Answer {
    app.api()
        .request("POST", path)
        .header("Cookie", cookies)
        .send()
        .await
}

/// Whose access token an answer gives.
async fn owner(app: &TestApp, answer: &Answer) -> String {
    let me = app
        .api()
        .bearer(&answer.access_token())
        .get("/users/me")
        .await;
    me.expect(200).json()["username"]
        .as_str()
        .map(str::to_owned)
        .unwrap_or_default()
}

/// A refresh token as some release gave it out, of a log-in of this person.
async fn token_of_length(app: &TestApp, person: &Person, length: usize) -> String {
    app.api()
        .post(
            "/auth/login",
            json!({ "email": person.email, "password": PASSWORD }),
        )
        .await
        .expect(200);
    let text = "x".repeat(length);
    let hash = Token::presented(&text).hash();
    let insert = "insert into users.refresh_tokens (token_hash, user_id, session_id, expires_at)
        select $1, user_id, id, now() + interval '30 days' from users.sessions
        where user_id = $2 and ended_at is null order by created_at desc limit 1";
    let db = app.db().await;
    assert_eq!(
        db.execute(insert, &[&hash.as_slice(), &person.id])
            .await
            .unwrap(),
        1
    );
    text
}

#[tokio::test]
async fn behind_https_the_browsers_own_refresh_token_is_found_among_planted_ones() {
    let app = TestApp::with(&[HTTPS]).await;
    let [ana, eve] = app.people(["ana", "eve"]).await;
    for kind in ["short", "unknown", "another's", "all"] {
        let good = || async {
            app.signed_in(&eve)
                .await
                .cookie("refresh_token")
                .unwrap()
                .value
                .clone()
        };
        let tokens = match kind {
            "short" => vec!["planted".to_owned()],
            "unknown" => vec![UNKNOWN.to_owned()],
            "another's" => vec![good().await],
            _ => vec!["planted".to_owned(), good().await, UNKNOWN.to_owned()],
        };
        let tokens: Vec<_> = tokens.iter().flat_map(|token| planted(token)).collect();
        for is_first in [true, false] {
            let (before, after): (&[_], &[_]) = if is_first {
                (&tokens, &[])
            } else {
                (&[], &tokens)
            };
            let own = run_out(&app, &ana).await.jar.header("/").unwrap();
            let page = open(&app, "/timeline", &with_planted(&own, before, after)).await;
            assert_eq!(page.status, 200, "{kind} {is_first}");
            assert!(
                page.text().contains("<span class=\"who\">@ana</span>"),
                "{kind}"
            );
            assert!(!page.cookie("refresh_token").unwrap().clears(), "{kind}");

            let own = run_out(&app, &ana).await.jar.header("/").unwrap();
            let cookies = with_planted(&own, before, after);
            let answer = post(&app, "/auth/refresh", &cookies).await.expect(200);
            assert_eq!(owner(&app, &answer).await, "ana", "{kind} {is_first}");

            let session = app.signed_in(&ana).await.jar.header("/").unwrap();
            let page = open(&app, "/timeline", &with_planted(&session, before, after)).await;
            assert_eq!(page.status, 200, "{kind} {is_first}");
            assert!(
                page.cookie("refresh_token").is_none(),
                "a live session is left alone"
            );
        }
    }
}

#[tokio::test]
async fn behind_https_a_token_that_was_planted_from_elsewhere_signs_nobody_in() {
    let app = TestApp::with(&[HTTPS]).await;
    let [ana, eve] = app.people(["ana", "eve"]).await;
    let log_in = app.api().request("POST", "/auth/login");
    let log_in = log_in.header("User-Agent", "Eve's browser");
    let typed = json!({ "email": eve.email, "password": PASSWORD });
    let token = log_in.json(&typed).send().await.expect(200).refresh_token();
    let own = run_out(&app, &ana).await;
    let mut other = own.clone();
    other.jar.keep_only(&["__Host-log_in"]);
    let log_in = other.jar.header("/").unwrap();
    // A browser that is signed out, and one whose own token is gone.
    for cookies in [String::new(), log_in] {
        let cookies = with_planted(&cookies, &planted(&token), &[]);
        let page = open(&app, "/timeline", &cookies).await;
        assert_eq!(page.status, 303, "{cookies}");
        assert!(page.header("location").unwrap().starts_with("/login"));
        assert!(page.header("set-cookie").is_none(), "nothing is cleared");
    }
    // Nor does it keep the browser from logging in.
    let mut visitor = app.visitor();
    visitor.jar.plant("refresh_token", &token);
    visitor.open("/login").await;
    let typed = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await.shows("@ana");
}

#[tokio::test]
async fn behind_https_a_good_refresh_token_renews_by_itself_where_it_was_used_last() {
    let app = TestApp::with(&[HTTPS]).await;
    let ana = app.person("ana").await;
    let typed = json!({ "email": ana.email, "password": PASSWORD });
    let log_in = app.api().post("/auth/login", typed).await.expect(200);
    let good = planted(&log_in.refresh_token());
    let page = open(
        &app,
        "/timeline",
        &with_planted("", &planted("planted"), &good),
    )
    .await;
    assert!(page.expect(200).text().contains("@ana"));
}

#[tokio::test]
async fn a_browser_that_an_earlier_release_logged_in_stays_so_and_says_its_log_in_from_then_on() {
    let app = TestApp::with(&[HTTPS]).await;
    let ana = app.person("ana").await;
    let mut visitor = app.visitor();
    let token = token_of_length(&app, &ana, 43).await;
    visitor.jar.plant("refresh_token", &token);
    visitor.open("/timeline").await.shows("@ana");
    let log_in = visitor.cookie("__Host-log_in").unwrap();
    assert!(log_in.has("Secure") && log_in.has("HttpOnly") && log_in.has("Path=/"));
    visitor.press("Log out").await;
    assert!(visitor.cookie("__Host-log_in").is_none());
}

#[tokio::test]
async fn where_no_browser_says_its_log_in_two_good_tokens_open_neither_and_both_stay_good() {
    let app = TestApp::start().await;
    let [ana, eve] = app.people(["ana", "eve"]).await;
    let [own, theirs] = [
        app.signed_in(&ana)
            .await
            .cookie("refresh_token")
            .unwrap()
            .value
            .clone(),
        app.signed_in(&eve)
            .await
            .cookie("refresh_token")
            .unwrap()
            .value
            .clone(),
    ];
    let both = with_planted(&format!("refresh_token={own}"), &planted(&theirs), &[]);
    let page = open(&app, "/timeline", &both).await;
    assert_eq!(page.status, 303);
    let answer = post(&app, "/auth/refresh", &both).await;
    answer.error(401, "INVALID_REFRESH_TOKEN");
    for answer in [page, answer] {
        assert!(
            answer.header("set-cookie").is_none(),
            "the good one is not lost"
        );
    }
    for (token, name) in [(own, "ana"), (theirs, "eve")] {
        let cookies = with_planted(
            &format!("refresh_token={token}"),
            &planted(UNKNOWN),
            &planted("planted"),
        );
        let answer = post(&app, "/auth/refresh", &cookies).await.expect(200);
        assert_eq!(owner(&app, &answer).await, name);
    }
}

#[tokio::test]
async fn a_token_that_was_just_spent_beside_its_successor_is_no_theft() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let spent = app
        .signed_in(&ana)
        .await
        .cookie("refresh_token")
        .unwrap()
        .value
        .clone();
    let renewed = app.api().with_refresh_token("/auth/refresh", &spent).await;
    let current = renewed.expect(200).refresh_token();
    app.clock.advance(time::Duration::minutes(1));
    let both = with_planted(&format!("refresh_token={current}"), &planted(&spent), &[]);
    post(&app, "/auth/refresh", &both).await.expect(200);
    assert_eq!(app.count("sessions where ended_at is not null").await, 0);
}

#[tokio::test]
async fn a_log_out_ends_the_browsers_own_session_whatever_is_planted_before_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let own = app
        .signed_in(&ana)
        .await
        .cookie("refresh_token")
        .unwrap()
        .value
        .clone();
    let cookies = with_planted(&format!("refresh_token={own}"), &planted(UNKNOWN), &[]);
    post(&app, "/auth/logout", &cookies).await.expect(204);
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
}

#[tokio::test]
async fn a_lone_token_that_is_none_is_cleared_as_ever() {
    let app = TestApp::start().await;
    for token in ["planted", UNKNOWN] {
        let answer = app.api().with_refresh_token("/auth/refresh", token).await;
        answer.error(401, "INVALID_REFRESH_TOKEN");
        assert!(answer.cookie("refresh_token").unwrap().clears());
    }
}

/// In development others share our host, and set cookies of the same names at other paths.
#[tokio::test]
async fn cookies_of_other_programs_with_our_names_are_passed_over() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/profile/edit").await;
    let mut form = visitor.form("Save");
    form.fill("Bio", "likes maps");
    let own = visitor.jar.header("/").unwrap();
    let names = [
        "session",
        "csrf",
        "device",
        "draft",
        "flash",
        "registered",
        "refresh_token",
    ];
    let theirs: Vec<_> = names
        .iter()
        .map(|name| format!("{name}=s%3Asomething.else"))
        .collect();
    let looks_like_ours = vec![format!("csrf={UNKNOWN}")];
    for theirs in [theirs, looks_like_ours] {
        let cookies = with_planted(&own, &theirs, &[]);
        assert_eq!(open(&app, "/timeline", &cookies).await.status, 200);
        let answer = send(&app, &form, &cookies).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert_eq!(answer.header("location"), Some("/profile"));
    }
}

async fn send(app: &TestApp, form: &Form, cookies: &str) -> Answer {
    let request = app
        .api()
        .request("POST", &form.action)
        .header("Cookie", cookies);
    let body = serde_urlencoded::to_string(form.entries()).unwrap();
    request
        .body("application/x-www-form-urlencoded", body)
        .send()
        .await
}
