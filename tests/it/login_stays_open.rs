//! Logging in stays open: for whoever else floods the service, for an owner whom strangers keep
//! guessing at, and after a failure. And it is limited for who knows the password, widely.

use crate::support::{Answer, PASSWORD, Person, TestApp, Visitor, eventually};
use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::json;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread::available_parallelism,
    time::{Duration, Instant},
};

const NEW: &str = "another horse battery";
const STRANGER: &str = "203.0.113.1";
const ELSEWHERE: &str = "198.51.100.7";

async fn behind_a_proxy(rules: &str) -> TestApp {
    let settings = [
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
        ("RATE_LIMIT_RULES", rules),
    ];
    TestApp::with(&settings).await
}

async fn from(app: &TestApp, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    let call = app.api().request("POST", "/auth/login").json(&body);
    call.header("X-Forwarded-For", address).send().await
}

async fn statuses(app: &TestApp, email: &str, password: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(from(app, STRANGER, email, password).await.status);
    }
    statuses
}

/// One network has many guesses wait, each at an address of its own; then somebody logs in from
/// elsewhere. Says how many of the guesses were answered before that; `None` when the machine was too busy for a
/// single hash within 7 s.
async fn answered_before_a_log_in(floods_from: impl Fn(usize) -> String) -> Option<(usize, usize)> {
    // A slow hash: all of them are waiting before a few are made.
    let app = TestApp::with(&[
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
        ("PASSWORD_HASHER", "bcrypt"),
    ])
    .await;
    let ana = app.person("ana").await;
    let threads = available_parallelism().map_or(2, usize::from);
    let many = (15 * threads).min(250);
    let answered = AtomicUsize::new(0);
    let flood = (0..many).map(|n| {
        let (app, answered, address) = (&app, &answered, floods_from(n));
        async move {
            let nobody = format!("nobody{n}@example.org");
            from(app, &address, &nobody, "wrong password").await;
            answered.fetch_add(1, Ordering::SeqCst);
        }
    });
    let flood = flood.collect::<FuturesUnordered<_>>().collect::<Vec<_>>();
    let owner = async {
        eventually("most of them wait", || async {
            (app.app.passwords.in_flight() > many / 2).then_some(())
        })
        .await;
        let owner = from(&app, ELSEWHERE, &ana.email, PASSWORD).await;
        let before = answered.load(Ordering::SeqCst);
        if owner.status == 503 {
            return None;
        }
        owner.expect(200);
        Some(before)
    };
    let (_, before) = tokio::join!(flood, owner);
    Some((before?, many))
}

/// Insists that whoever logs in from elsewhere does not wait for most of the flood. A busy machine is tried again.
async fn stays_open_beside_a_flood(floods_from: impl Fn(usize) -> String) {
    for _ in 0..5 {
        if let Some((before, many)) = answered_before_a_log_in(&floods_from).await {
            assert!(before < many * 3 / 4, "{before} of {many}");
            return;
        }
    }
    panic!("nobody logs in beside the flood");
}

#[tokio::test]
async fn a_network_that_floods_the_service_waits_behind_itself() {
    stays_open_beside_a_flood(|_| STRANGER.to_owned()).await;
}

#[tokio::test]
async fn so_does_a_customer_who_has_many_networks_of_64_bits() {
    stays_open_beside_a_flood(|n| format!("2001:db8:1:{n:x}::1")).await;
}

/// Strangers guess at the account until nobody is heard any more.
async fn locked_out(app: &TestApp, ana: &Person) {
    for n in 0..60 {
        let address = format!("203.0.113.{}", n % 5 + 1);
        from(app, &address, &ana.email, "wrong password").await;
    }
    let refused = from(app, ELSEWHERE, &ana.email, PASSWORD).await;
    refused.error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn a_reset_forgives_what_strangers_guessed() {
    let app = behind_a_proxy("").await;
    let ana = app.person("ana").await;
    locked_out(&app, &ana).await;
    let token = app.reset_token(&ana.email).await;
    let body = json!({ "token": token, "password": NEW });
    let reset = app
        .api()
        .request("POST", "/auth/password/reset")
        .json(&body);
    let reset = reset.header("X-Forwarded-For", ELSEWHERE).send().await;
    reset.expect(204);
    from(&app, "192.0.2.1", &ana.email, NEW).await.expect(200);
}

#[tokio::test]
async fn a_reset_makes_the_network_known_and_the_browser() {
    let app = behind_a_proxy("log_in_account=1+1/d,log_in_known=2+1/d").await;
    let ana = app.person("ana").await;
    let mut owner = app.visitor();
    let token = app.reset_token(&ana.email).await;
    let link = format!("/reset-password?token={token}");
    owner.open(&link).await;
    owner.send("Set password", &[("Password", NEW)]).await;
    let device = owner.cookie("device").expect("a secret").value.clone();
    assert_eq!(app.count("known_devices").await, 2);
    // Strangers in the very same network use up what it may guess, and what all strangers may.
    for _ in 0..4 {
        from(&app, "127.0.0.1", &ana.email, "wrong password").await;
    }
    let other = from(&app, "127.0.0.1", &ana.email, NEW).await;
    other.error(429, "RATE_LIMITED");
    assert_eq!(log_in(&mut owner, &ana, NEW).await, 200);
    assert_eq!(owner.cookie("device").unwrap().value, device);
}

async fn log_in(visitor: &mut Visitor, person: &Person, password: &str) -> u16 {
    visitor.open("/login").await;
    let typed = [("Email", person.email.as_str()), ("Password", password)];
    visitor.send("Log in", &typed).await.status
}

#[tokio::test]
async fn a_new_password_forgets_every_browser_and_network_but_the_present_one() {
    let app = behind_a_proxy("").await;
    let ana = app.person("ana").await;
    let mut thief = app.visitor();
    log_in(&mut thief, &ana, PASSWORD).await;
    from(&app, STRANGER, &ana.email, PASSWORD).await.expect(200);
    let mut owner = app.signed_in(&ana).await;
    let known = owner.cookie("device").unwrap().value.clone();
    assert_eq!(app.count("known_devices").await, 4);

    owner.open("/settings/password").await;
    let typed = [("Current password", PASSWORD), ("New password", NEW)];
    let page = owner.send("Change password", &typed).await;
    assert_eq!(page.path(), "/settings/password/changed");
    let renewed = owner.cookie("device").unwrap().value.clone();
    assert_ne!(renewed, known, "who copied the old one knows no more");
    assert_eq!(
        app.count("known_devices").await,
        2,
        "this browser, its network"
    );

    let token = app.reset_token(&ana.email).await;
    let body = json!({ "token": token, "password": PASSWORD });
    app.api()
        .post("/auth/password/reset", body)
        .await
        .expect(204);
    assert_eq!(app.count("known_devices").await, 1, "this network");
}

#[tokio::test]
async fn another_account_gets_a_secret_of_its_own_in_the_same_browser() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut shared = app.visitor();
    log_in(&mut shared, &ana, PASSWORD).await;
    let of_ana = shared.cookie("device").unwrap().value.clone();
    shared.press("Log out").await;
    log_in(&mut shared, &bob, PASSWORD).await;
    let of_bob = shared.cookie("device").unwrap().value.clone();
    assert_ne!(of_bob, of_ana);
    shared.press("Log out").await;
    log_in(&mut shared, &bob, PASSWORD).await;
    assert_eq!(shared.cookie("device").unwrap().value, of_bob);
}

#[tokio::test]
async fn right_passwords_have_wide_limits_for_the_account_and_for_the_network() {
    let app = behind_a_proxy("password_account=5+1/h,password_address=7+1/h").await;
    let [ana, bob, cleo] = app.people(["ana", "bob", "cleo"]).await;
    let as_ana = statuses(&app, &ana.email, PASSWORD, 6).await;
    assert_eq!(as_ana, [200, 200, 200, 200, 200, 429]);
    let refused = from(&app, ELSEWHERE, &ana.email, PASSWORD).await;
    refused.error(429, "RATE_LIMITED");
    assert!(refused.header("retry-after").is_some());
    // The first one came from a network that was not known to ana; the others needed no room there.
    for n in 0..6 {
        let nobody = format!("nobody{n}@example.org");
        from(&app, STRANGER, &nobody, "wrong password")
            .await
            .expect(401);
    }
    from(&app, STRANGER, &bob.email, PASSWORD)
        .await
        .error(429, "RATE_LIMITED");
    from(&app, ELSEWHERE, &cleo.email, PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn an_account_that_never_proved_its_address_is_limited_like_a_stranger() {
    let app = behind_a_proxy("log_in_account=3+1/h").await;
    let ana = app.unverified("ana").await;
    let answers = statuses(&app, &ana.email, PASSWORD, 5).await;
    assert_eq!(answers, [403, 403, 403, 429, 429]);
}

#[tokio::test]
async fn who_meets_a_failure_of_the_service_loses_no_tries() {
    let app = behind_a_proxy("log_in_account=2+1/d,log_in_pair=2+1/d,password_account=2+1/d").await;
    let ana = app.person("ana").await;
    app.execute("alter table users.users rename to elsewhere")
        .await;
    for _ in 0..2 {
        let failed = from(&app, STRANGER, &ana.email, PASSWORD).await.status;
        assert!(failed >= 500, "{failed}");
    }
    app.execute("alter table users.elsewhere rename to users")
        .await;
    eventually("the tries are back", || async {
        let answer = from(&app, STRANGER, &ana.email, PASSWORD).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn turns_hashes_and_a_slow_database_together_end_within_10_s() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "20")]).await;
    let ana = app.person("ana").await;
    let slow = "
        create function public.dawdle() returns trigger language plpgsql as
            $$ begin perform pg_sleep(4); return new; end $$;
        create trigger dawdle before insert on users.sessions
            for each row execute function public.dawdle();";
    app.db().await.batch_execute(slow).await.unwrap();
    let began = Instant::now();
    let log_ins = (0..18).map(|_| async {
        let status = from(&app, STRANGER, &ana.email, PASSWORD).await.status;
        (status, began.elapsed())
    });
    let answers: Vec<_> = log_ins.collect::<FuturesUnordered<_>>().collect().await;
    for (status, took) in answers {
        assert!(matches!(status, 200 | 503), "{status}");
        // And what a busy machine adds.
        assert!(
            took < Duration::from_millis(11_500),
            "{status} after {took:?}"
        );
    }
}
