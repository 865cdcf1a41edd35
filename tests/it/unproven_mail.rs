//! Mail goes to who asked: a mailbox that never proved itself gets a few, of all kinds together, and
//! none for a week after its owner said "This was not me".

use crate::support::{Answer, Mode, PASSWORD, TestApp, eventually};
use serde_json::json;
use time::Duration;

const FEW: (&str, &str) = ("RATE_LIMIT_RULES", "unproven_mailbox=3+1/d");
const MAILS: &str = "outbox where kind in ('verify_email', 'confirm_email')";

async fn register(app: &TestApp, email: &str, username: &str) -> Answer {
    let body = json!({ "email": email, "username": username, "password": PASSWORD });
    app.api().post("/auth/register", body).await
}

async fn resend(app: &TestApp, email: &str) -> Answer {
    let body = json!({ "email": email });
    app.api().post("/auth/verify/resend", body).await
}

/// Says when to come back.
#[track_caller]
fn refused(answer: &Answer) -> i64 {
    answer.error(429, "RATE_LIMITED");
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn tags_and_capitals_are_no_way_to_send_one_mailbox_more_than_it_may_get() {
    let app = TestApp::with(&[FEW]).await;
    for (email, name) in [
        ("victim+0@example.net", "a00"),
        ("Victim+1@Example.net", "a01"),
        ("victim@example.net", "a02"),
    ] {
        register(&app, email, name).await.expect(201);
    }
    let answer = register(&app, "victim+3@example.net", "a03").await;
    assert!(refused(&answer) > 3_600);
    assert_eq!(app.count("users").await, 3, "nothing is written");
    register(&app, "other@example.net", "a04").await.expect(201);
    app.clock.advance(Duration::days(1));
    register(&app, "victim+3@example.net", "a03")
        .await
        .expect(201);
}

#[tokio::test]
async fn by_default_a_mailbox_gets_ten_at_once() {
    let app = TestApp::start().await;
    let mut made = 0;
    for n in 0..12 {
        let email = format!("victim+{n}@example.net");
        let answer = register(&app, &email, &format!("name{n}")).await;
        made += usize::from(answer.status == 201);
    }
    assert_eq!(made, 10);
}

#[tokio::test]
async fn all_kinds_of_mail_are_counted_together() {
    let app = TestApp::with(&[FEW]).await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    register(&app, "victim@example.net", "one")
        .await
        .expect(201);
    let to = |email: &str| json!({ "email": email });
    let wish = api.put("/users/me/email", to("victim+2@example.net")).await;
    wish.expect(202);
    resend(&app, "victim@example.net").await.expect(202);
    assert_eq!(app.count(MAILS).await, 1 + 3, "and ana's own");
    // Whoever asks for another link is told nothing about the mailbox.
    resend(&app, "victim@example.net").await.expect(202);
    let wish = api.put("/users/me/email", to("victim+3@example.net")).await;
    refused(&wish);
    assert_eq!(app.count(MAILS).await, 1 + 3);
}

#[tokio::test]
async fn the_page_says_when_to_come_back_and_keeps_what_was_typed() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "unproven_mailbox=1+1/d")]).await;
    register(&app, "victim+1@example.net", "one")
        .await
        .expect(201);
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    let typed = [
        ("Email", "victim@example.net"),
        ("Username", "two"),
        ("Password", PASSWORD),
    ];
    let page = visitor.send("Create account", &typed).await;
    assert_eq!(page.status, 429);
    page.shows("Too many tries. Try again in 24 hours.");
    assert_eq!(page.field("Email").value, "victim@example.net");
}

#[tokio::test]
async fn an_address_that_was_never_proven_gets_one_link_to_a_new_password() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let body = json!({ "email": ana.email });
    for _ in 0..3 {
        let asked = app.api().post("/auth/password/forgot", body.clone()).await;
        asked.expect(202);
    }
    eventually("every wish is taken", || async {
        (app.count("password_reset_requests").await == 0).then_some(())
    })
    .await;
    let mails = "outbox where kind = 'reset_password'";
    assert_eq!(app.count(mails).await, 1);
    let mail = app.mail_saying(&ana.email, "/reset-password?token=").await;
    let reset = json!({ "token": mail.token(), "password": "another horse battery" });
    app.api()
        .post("/auth/password/reset", reset)
        .await
        .expect(204);
    // Now it is proven.
    app.reset_token(&ana.email).await;
}

/// Somebody registers a stranger's address, who says so.
async fn rejected(app: &TestApp, email: &str) {
    register(app, email, "intruder").await.expect(201);
    let mut owner = app.visitor();
    owner.open(&app.sink.mail_to(email).await.link()).await;
    let page = owner.press("This was not me").await;
    assert_eq!(page.h1(), "The account is deleted");
    page.shows("For a week we send nothing to it");
}

#[tokio::test]
async fn this_was_not_me_keeps_the_mailbox_quiet_for_a_week() {
    let app = TestApp::start().await;
    let email = "victim@example.net";
    rejected(&app, email).await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    app.mails_are_out().await;
    for again in [email, "Victim+2@example.net"] {
        let wish = api.put("/users/me/email", json!({ "email": again })).await;
        let seconds = refused(&wish);
        assert!((600_000..=604_800).contains(&seconds), "{seconds}");
        let text = wish.text();
        assert!(text.contains("Try again in 7 days"), "{text}");
        resend(&app, again).await.expect(202);
        let forgot = json!({ "email": again });
        app.api()
            .post("/auth/password/forgot", forgot)
            .await
            .expect(202);
    }
    // The address is free again, and who registers it is told why no mail comes.
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    let typed = [
        ("Email", email),
        ("Username", "again"),
        ("Password", PASSWORD),
    ];
    let page = visitor.send("Create account", &typed).await;
    assert_eq!(page.h1(), "Check your email");
    page.shows("We send nothing there until");
    app.mails_are_out().await;
    assert_eq!(
        app.sink.mails_to(email).len(),
        1,
        "the one that was refused"
    );
    app.clock.advance(Duration::days(7));
    register(&app, email, "later").await.expect(201);
    app.sink.nth_mail_to(email, 2).await;
}

#[tokio::test]
async fn nor_does_a_mail_leave_that_was_on_its_way() {
    let app = TestApp::start().await;
    register(&app, "victim+1@example.net", "first")
        .await
        .expect(201);
    let link = app.sink.mail_to("victim+1@example.net").await.link();
    app.mails_are_out().await;
    app.sink.set(Mode::Busy);
    register(&app, "victim+2@example.net", "second")
        .await
        .expect(201);
    let mut owner = app.visitor();
    owner.open(&link).await;
    owner.press("This was not me").await;
    app.sink.set(Mode::Up);
    app.clock.advance(Duration::minutes(1));
    app.mails_are_out().await;
    assert!(app.sink.mails_to("victim+2@example.net").is_empty());
}

#[tokio::test]
async fn the_quiet_outlives_the_database_and_no_address_is_stored() {
    let app = TestApp::start().await;
    rejected(&app, "secret.person@example.net").await;
    app.mails_are_out().await;
    assert!(!app.dump().await.contains("secret.person"));
    let logged =
        "select relpersistence::text from pg_class where oid = 'users.quiet_mailboxes'::regclass";
    assert_eq!(app.value::<String>(logged, &[]).await, "p");
}

#[tokio::test]
async fn a_username_is_no_link_in_any_mail() {
    let app = TestApp::start().await;
    let name = "win.at.evil.com";
    register(&app, "victim@example.net", name).await.expect(201);
    let mail = app.sink.mail_to("victim@example.net").await;
    for part in [mail.text(), mail.html()] {
        assert!(
            !part.contains("win.at") && !part.contains("evil.com"),
            "{part}"
        );
        let shown = part.replace('\u{2060}', "").replace("&#8288;", "");
        assert!(shown.contains(name), "it is named all the same: {part}");
    }
    let verify = json!({ "token": mail.token() });
    app.api().post("/auth/verify", verify).await.expect(200);
    let body = json!({ "email": "victim@example.net" });
    app.api()
        .post("/auth/password/forgot", body)
        .await
        .expect(202);
    let mail = app
        .mail_saying("victim@example.net", "/reset-password?token=")
        .await;
    assert!(!mail.text().contains("evil.com") && !mail.html().contains("evil.com"));
}
