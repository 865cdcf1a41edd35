//! Limits that replicas share: exact under concurrency, told when to come back, off on request.

use crate::support::{Answer, PASSWORD, Person, TestApp, eventually};
use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

/// So many log-ins at once, to two replicas in turn.
async fn log_ins(apps: [&TestApp; 2], email: &str, password: &str, times: usize) -> Vec<Answer> {
    let apis = apps.map(TestApp::api);
    let body = json!({ "email": email, "password": password });
    join_all((0..times).map(|n| apis[n % 2].post("/auth/login", body.clone()))).await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|a| a.status == status).count()
}

#[track_caller]
fn refused(answer: &Answer) -> i64 {
    answer.error(429, "RATE_LIMITED");
    let seconds: i64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds >= 1);
    seconds
}

async fn resend(app: &TestApp, email: &str) -> Answer {
    let body = json!({ "email": email });
    app.api().post("/auth/verify/resend", body).await
}

#[tokio::test]
async fn of_many_guesses_at_once_on_two_replicas_exactly_so_many_are_heard() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "log_in_pair=7+1/h")]).await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    for (email, name) in [
        (ana.email.as_str(), "known"),
        ("nobody@example.org", "unknown"),
    ] {
        let answers = log_ins([&app, &replica], email, "wrong password", 40).await;
        assert_eq!(
            (count(&answers, 401), count(&answers, 429)),
            (7, 33),
            "{name}"
        );
        for answer in answers.iter().filter(|answer| answer.status == 429) {
            refused(answer);
        }
    }
    let taken: i64 = app.count("rate_limits").await;
    assert_eq!(
        taken, 8,
        "two accounts, two pairs, one address; and widely two accounts and one address"
    );
}

#[tokio::test]
async fn an_empty_bucket_takes_nothing_from_the_others() {
    let rules = "resend_pair=2+1/h,resend_account=3+1/h";
    let settings = [
        ("RATE_LIMIT_RULES", rules),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let app = TestApp::with(&settings).await;
    let from = async |address: &str| {
        let request = app.api().request("POST", "/auth/verify/resend");
        let request = request.json(&json!({ "email": "a@example.org" }));
        request.header("X-Forwarded-For", address).send().await
    };
    for status in [202, 202, 429, 429, 429] {
        assert_eq!(from("203.0.113.1").await.status, status);
    }
    from("203.0.113.2").await.expect(202);
    refused(&from("203.0.113.2").await);
    // Whoever has one address of a /64 has them all.
    refused(&from("2001:db8:1:2::3").await);
}

#[tokio::test]
async fn who_comes_back_when_told_is_let_in() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "resend_pair=2+1/m")]).await;
    for _ in 0..2 {
        resend(&app, "a@example.org").await.expect(202);
    }
    let seconds = refused(&resend(&app, " A@Example.org").await);
    assert!((50..=60).contains(&seconds), "{seconds}");
    app.clock.advance(Duration::seconds(seconds));
    resend(&app, "a@example.org").await.expect(202);
    refused(&resend(&app, "a@example.org").await);
}

#[tokio::test]
async fn a_hundred_and_fifty_right_log_ins_at_once_all_get_in() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    let answers = log_ins([&app, &replica], &ana.email, PASSWORD, 150).await;
    for answer in &answers {
        // Where a turn takes long the service is busy, which nobody here is blamed for.
        if answer.status != 200 {
            answer.error(503, "SERVICE_UNAVAILABLE");
            assert!(answer.header("retry-after").is_some());
            let again = log_ins([&app, &replica], &ana.email, PASSWORD, 1).await;
            assert_eq!(count(&again, 200), 1, "{}", again[0].text());
        }
    }
    let wrong = log_ins([&app, &replica], &ana.email, "wrong password", 1).await;
    assert_eq!(count(&wrong, 401), 1, "right ones used nothing up");
}

#[tokio::test]
async fn a_person_is_heard_fifty_times_and_then_told_when_to_come_back() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for _ in 0..50 {
        let answers = log_ins([&app, &app], &ana.email, "wrong password", 1).await;
        answers[0].error(401, "INVALID_CREDENTIALS");
    }
    let mut visitor = app.visitor();
    visitor.open("/login").await;
    let typed = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    let page = visitor.send("Log in", &typed).await;
    assert_eq!(page.status, 429);
    page.shows("Too many tries. Try again in 15 minutes.");
    assert_eq!(page.one("[role=alert]").attr("id"), Some("problem"));
    assert_eq!(page.field("Email").value, ana.email);
    assert_eq!(page.field("Password").value, "");
    assert!(page.header("retry-after").is_some());
    assert!(visitor.cookie("refresh_token").is_none());
}

#[tokio::test]
async fn registering_renewing_and_following_have_limits_too() {
    let rules = "register_address=2+1/h,refresh_address=2+1/h,follow_account=2+1/h";
    let app = TestApp::with(&[("RATE_LIMIT_RULES", rules)]).await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let register = async |name: &str| {
        let email = format!("{name}@example.org");
        let body = json!({ "email": email, "username": name, "password": PASSWORD });
        app.api().post("/auth/register", body).await
    };
    register("cleo").await.expect(201);
    register("cleo").await.error(409, "EMAIL_ALREADY_EXISTS");
    refused(&register("dora").await);
    assert_eq!(app.count("users where username = 'dora'").await, 0);

    let api = app.api().of(&ana);
    api.act(&bob.api("/follow")).await.expect(201);
    api.act(&bob.api("/follow")).await.expect(200);
    refused(&api.act(&bob.api("/follow")).await);
    app.api()
        .of(&bob)
        .act(&ana.api("/follow"))
        .await
        .expect(201);

    let mut token = app.logged_in("eve").await;
    for _ in 0..2 {
        token = app.refresh(&token).await.expect(200).refresh_token();
    }
    let answer = app.refresh(&token).await;
    refused(&answer);
    assert!(answer.header("set-cookie").is_none(), "the token is kept");
    app.clock.advance(Duration::hours(1));
    app.refresh(&token).await.expect(200);
}

#[tokio::test]
async fn the_database_is_asked_only_about_who_does_much() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "follow_account=20+1/h")]).await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let before = app.count("rate_limits").await;
    let api = app.api().of(&ana);
    for n in 0..22 {
        assert!(api.act(&bob.api("/follow")).await.status < 300, "{n}");
        let asked = app.count("rate_limits").await - before;
        assert_eq!(asked, i64::from(n >= 2), "a tenth of the limit passes");
    }
    refused(&api.act(&bob.api("/follow")).await);
}

#[tokio::test]
async fn beyond_that_it_gives_several_tries_at_once_and_no_more_than_the_limit() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "follow_account=100+1/d")]).await;
    let replica = app.replica().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut followed = 0;
    for app in [&app, &replica] {
        let api = app.api().of(&ana);
        // Half of the limit on the one, what is left on the other, a tenth of it on each for nothing.
        while app.url == replica.url || followed < 60 {
            let answer = api.act(&bob.api("/follow")).await;
            if answer.status == 429 {
                refused(&answer);
                break;
            }
            assert!(answer.status < 300, "{}", answer.text());
            followed += 1;
        }
    }
    assert_eq!(followed, 10 + 10 + 100);
}

#[tokio::test]
async fn limits_are_off_on_request() {
    let settings = [
        ("RATE_LIMITS", "off"),
        ("RATE_LIMIT_RULES", "log_in_pair=1+1/h"),
    ];
    let app = TestApp::with(&settings).await;
    let answers = log_ins([&app, &app], "nobody@example.org", "wrong password", 5).await;
    assert_eq!(count(&answers, 401), 5);
    assert_eq!(app.count("rate_limits").await, 0);
}

#[tokio::test]
async fn refusals_are_counted_and_addresses_are_stored_nowhere() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "resend_pair=1+1/h")]).await;
    resend(&app, "secret.person@example.org").await.expect(202);
    refused(&resend(&app, "secret.person@example.org").await);
    let metrics = app.api().get("/metrics").await.text();
    assert!(
        metrics.contains("rate_limited_total{action=\"resend\"}"),
        "{metrics}"
    );
    let stored = app.dump().await;
    assert!(!stored.contains("secret.person") && !stored.contains("127.0.0.1"));
}

#[tokio::test]
async fn what_is_full_again_is_forgotten() {
    let app = TestApp::start().await;
    resend(&app, "a@example.org").await.expect(202);
    for (hours, left) in [(0, 4), (1, 1), (2, 0)] {
        app.clock.advance(Duration::hours(hours));
        app.sweep().await;
        assert_eq!(app.count("rate_limits").await, left);
    }
}

#[tokio::test]
async fn strangers_keep_nobody_from_a_link_to_a_new_password() {
    let rules = "forgot_account=3+1/h,forgot_pair=2+1/h,forgot_address=4+1/h";
    let settings = [
        ("RATE_LIMIT_RULES", rules),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let app = TestApp::with(&settings).await;
    let forgot = async |address: &str, email: &str| {
        let request = app.api().request("POST", "/auth/password/forgot");
        let request = request.json(&json!({ "email": email }));
        request.header("X-Forwarded-For", address).send().await
    };
    let asked = async || {
        let row = "audit_log where event = 'password_reset_requested'";
        app.count(row).await
    };
    let ana = app.person("ana").await;
    let mut bodies = Vec::new();
    for address in ["203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.2"] {
        bodies.push(forgot(address, &ana.email).await.expect(202).body);
    }
    bodies.push(forgot("192.0.2.1", &ana.email).await.expect(202).body);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    eventually("three requests", || async {
        (asked().await == 3).then_some(())
    })
    .await;
    // What one network may ask is told to it.
    refused(&forgot("203.0.113.1", &ana.email).await);
    for n in 0..2 {
        let email = format!("{n}@example.org");
        forgot("203.0.113.1", &email).await.expect(202);
    }
    refused(&forgot("203.0.113.1", "other@example.org").await);
    app.clock.advance(Duration::hours(1));
    forgot("192.0.2.1", &ana.email).await.expect(202);
    eventually("one more", || async { (asked().await == 4).then_some(()) }).await;
}

#[tokio::test]
async fn a_stolen_session_leaves_the_owner_room_to_change_the_password() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let log_in = async || {
        let answers = log_ins([&app, &app], &ana.email, PASSWORD, 1).await;
        app.api().bearer(&answers[0].access_token())
    };
    let (thief, owner) = (log_in().await, log_in().await);
    let change = |from: &str| json!({ "current_password": from, "password": "another horse" });
    for _ in 0..20 {
        let answer = thief
            .put("/users/me/password", change("wrong password"))
            .await;
        answer.error(422, "VALIDATION_FAILED");
    }
    refused(&thief.put("/users/me/password", change(PASSWORD)).await);
    let changed = owner.put("/users/me/password", change(PASSWORD)).await;
    changed.expect(204);
}

#[tokio::test]
async fn all_sessions_of_an_account_together_are_limited_too() {
    let rules = "confirm_session=2+1/h,confirm_account=3+1/h";
    let app = TestApp::with(&[("RATE_LIMIT_RULES", rules)]).await;
    let ana = app.person("ana").await;
    let log_in = async || {
        let answers = log_ins([&app, &app], &ana.email, PASSWORD, 1).await;
        app.api().bearer(&answers[0].access_token())
    };
    let wrong = json!({ "password": "wrong password" });
    let (one, other) = (log_in().await, log_in().await);
    for (api, status) in [
        (&one, 422),
        (&one, 422),
        (&one, 429),
        (&other, 422),
        (&other, 429),
    ] {
        let answer = api.post("/users/me/reauthenticate", wrong.clone()).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn changes_of_address_and_username_have_limits() {
    let rules = "change_email_account=3+1/h,change_email_to=2+1/h,change_username_account=2+1/d";
    let app = TestApp::with(&[("RATE_LIMIT_RULES", rules)]).await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let log_in = async |email: &str| {
        let answers = log_ins([&app, &app], email, PASSWORD, 1).await;
        app.api().bearer(&answers[0].access_token())
    };
    let (ana, bob) = (log_in(&ana.email).await, log_in(&bob.email).await);
    let email = |email: &str| json!({ "email": email });
    for typed in ["new@example.org", "New@Example.org"] {
        ana.put("/users/me/email", email(typed)).await.expect(202);
    }
    refused(&ana.put("/users/me/email", email("new@example.org")).await);
    refused(&bob.put("/users/me/email", email("new@example.org")).await);
    ana.put("/users/me/email", email("two@example.org"))
        .await
        .expect(202);
    refused(&ana.put("/users/me/email", email("three@example.org")).await);
    bob.put("/users/me/email", email("three@example.org"))
        .await
        .expect(202);

    let name = json!({ "username": "bob" });
    for _ in 0..2 {
        let answer = ana.put("/users/me/username", name.clone()).await;
        answer.error(409, "USERNAME_ALREADY_EXISTS");
    }
    refused(&ana.put("/users/me/username", name).await);
}

/// Somebody who asks with a cookie or not, from an address of their choice.
pub async fn guess(app: &TestApp, ana: &Person, address: &str, password: &str) -> Answer {
    let body = json!({ "email": ana.email, "password": password });
    let call = app.api().request("POST", "/auth/login").json(&body);
    call.header("X-Forwarded-For", address).send().await
}
