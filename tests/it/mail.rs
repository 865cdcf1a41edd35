//! Mails owed: never lost, never late for the answer, a second copy only with the same Message-ID.

use crate::support::{
    Api, Database, KEY, Mail, Mode, PASSWORD, Program, Sink, TestApp, eventually, free_port,
};
use serde_json::json;
use std::time::{Duration, Instant};

impl TestApp {
    /// Registers over JSON.
    pub async fn register(&self, username: &str) {
        let email = format!("{username}@example.org");
        let body = json!({ "email": email, "username": username, "password": PASSWORD });
        self.api().post("/auth/register", body).await.expect(201);
    }

    /// The one value of the one mail owed.
    async fn attempts(&self) -> i32 {
        self.value("select max(attempts) from users.outbox", &[])
            .await
    }
}

#[tokio::test]
async fn the_first_try_comes_within_a_second() {
    let app = TestApp::start().await;
    app.register("ana").await;
    let started = Instant::now();
    app.sink.mail_to("ana@example.org").await;
    let took = started.elapsed();
    // A second, and what a busy machine adds.
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn the_answer_does_not_wait_for_a_server_that_says_nothing() {
    let app = TestApp::start().await;
    app.sink.set(Mode::Silent);
    app.register("ana").await;
    app.sink.mail_to("ana@example.org").await;
    app.register("bob").await;
    app.sink.mail_to("bob@example.org").await;
    assert_eq!(app.count("outbox where sent_at is null").await, 2);
}

#[tokio::test]
async fn the_claim_of_a_worker_that_was_killed_lapses_after_30_seconds() {
    let database = Database::migrated().await;
    let sink = Sink::start().await;
    sink.set(Mode::Silent);
    let data = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &*KEY),
        ("EMAIL_URL", &*sink.url),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ];
    let program = Program::start(&settings).await;
    let body = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
    let api = Api::new(&program.url);
    api.post("/auth/register", body).await.expect(201);
    let first = sink.mail_to("ana@example.org").await;
    // Killed between the server's taking the mail and its saying so.
    drop(program);

    sink.set(Mode::Up);
    let app = TestApp::on(database, &[("EMAIL_URL", &sink.url)]).await;
    app.clock.advance(time::Duration::seconds(25));
    app.register("bob").await;
    sink.mail_to("bob@example.org").await;
    assert_eq!(sink.mails_to("ana@example.org").len(), 1, "the claim holds");
    app.clock.advance(time::Duration::seconds(10));
    let second = sink.nth_mail_to("ana@example.org", 2).await;
    let name = |mail: &Mail| mail.message_id().split('@').next().unwrap().to_owned();
    assert_eq!(name(&first), name(&second));
    assert_eq!(first.token(), second.token());
    let token = json!({ "token": second.token() });
    app.api().post("/auth/verify", token).await.expect(200);
}

#[tokio::test]
async fn a_server_that_is_down_delays_the_mail_and_nothing_else() {
    let port = free_port();
    let url = format!("smtp://127.0.0.1:{port}?tls=none");
    let app = TestApp::with(&[("EMAIL_URL", &url)]).await;
    app.register("ana").await;
    eventually("a second try", || async {
        (app.attempts().await >= 2).then_some(())
    })
    .await;
    let late = Sink::on(&format!("127.0.0.1:{port}")).await;
    // The next tries are due in the future: the clock gets there sooner.
    app.clock.advance(time::Duration::seconds(30));
    let mail = late.mail_to("ana@example.org").await;
    app.api()
        .post("/auth/verify", json!({ "token": mail.token() }))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_busy_server_is_tried_again_until_it_takes_the_mail() {
    let app = TestApp::start().await;
    app.sink.set(Mode::Busy);
    app.register("ana").await;
    eventually("three tries", || async {
        app.clock.advance(time::Duration::seconds(5));
        (app.attempts().await >= 3).then_some(())
    })
    .await;
    let error: String = app.value("select last_error from users.outbox", &[]).await;
    assert!(error.contains("451"), "{error}");
    assert!(!error.contains("ana@example.org"));
    app.sink.set(Mode::Up);
    app.clock.advance(time::Duration::seconds(31));
    app.sink.mail_to("ana@example.org").await;
    app.mails_are_out().await;
    assert_eq!(app.sink.mails_to("ana@example.org").len(), 1);
}

#[tokio::test]
async fn a_mail_that_the_server_refuses_for_good_is_given_up_at_once() {
    let app = TestApp::start().await;
    app.sink.set(Mode::NoSuchMailbox);
    app.register("ana").await;
    let given_up = "outbox where given_up_at is not null";
    eventually("it is given up", || async {
        (app.count(given_up).await == 1).then_some(())
    })
    .await;
    app.clock.advance(time::Duration::minutes(1));
    // Whatever is due goes out: this mail is not.
    app.sink.set(Mode::Up);
    app.register("bob").await;
    app.sink.mail_to("bob@example.org").await;
    assert!(app.sink.mails_to("ana@example.org").is_empty());
    assert_eq!(app.count(&format!("{given_up} and attempts = 1")).await, 1);
    let error: String = app
        .value(&format!("select last_error from users.{given_up}"), &[])
        .await;
    assert!(error.contains("550"), "{error}");
    let metrics = app.api().get("/metrics").await.text();
    assert!(metrics.contains("\nmails_given_up_total "), "{metrics}");
}

#[tokio::test]
async fn what_the_server_has_against_the_sender_is_tried_again() {
    for mode in [Mode::Refuses, Mode::RelayDenied] {
        let app = TestApp::start().await;
        app.sink.set(mode);
        app.register("ana").await;
        eventually("two tries", || async {
            app.clock.advance(time::Duration::seconds(5));
            (app.attempts().await >= 2).then_some(())
        })
        .await;
        app.sink.set(Mode::Up);
        app.clock.advance(time::Duration::seconds(31));
        app.sink.mail_to("ana@example.org").await;
        app.mails_are_out().await;
    }
}

#[tokio::test]
async fn mails_leave_while_wishes_for_new_passwords_can_not_be_taken() {
    let app = TestApp::start().await;
    app.execute("alter table users.password_reset_requests rename to elsewhere")
        .await;
    app.register("ana").await;
    app.sink.mail_to("ana@example.org").await;
}

#[tokio::test]
async fn a_second_copy_after_a_lost_answer_is_the_same_mail() {
    let app = TestApp::start().await;
    app.sink.set(Mode::LosesAnswers);
    app.register("ana").await;
    let first = app.sink.mail_to("ana@example.org").await;
    app.sink.set(Mode::Up);
    eventually("the failure is noted", || async {
        let sql = "outbox where last_error is not null";
        (app.count(sql).await == 1).then_some(())
    })
    .await;
    app.clock.advance(time::Duration::seconds(31));
    let second = app.sink.nth_mail_to("ana@example.org", 2).await;
    assert_eq!(first.message_id(), second.message_id());
    assert_eq!(first.link(), second.link());
    app.mails_are_out().await;
    assert_eq!(app.sink.mails_to("ana@example.org").len(), 2);
}

#[tokio::test]
async fn mails_are_tried_for_48_hours() {
    let app = TestApp::start().await;
    app.sink.set(Mode::Down);
    app.register("ana").await;
    eventually("a try", || async {
        (app.attempts().await >= 1).then_some(())
    })
    .await;
    app.clock.advance(time::Duration::hours(47));
    eventually("another try", || async {
        (app.attempts().await >= 2).then_some(())
    })
    .await;
    assert_eq!(app.count("outbox where given_up_at is not null").await, 0);
    app.clock.advance(time::Duration::hours(2));
    eventually("it is given up", || async {
        (app.count("outbox where given_up_at is not null").await == 1).then_some(())
    })
    .await;
    // The account can still ask for another mail.
    app.sink.set(Mode::Up);
    let email = json!({ "email": "ana@example.org" });
    app.api()
        .post("/auth/verify/resend", email)
        .await
        .expect(202);
    let mail = app.sink.mail_to("ana@example.org").await;
    app.api()
        .post("/auth/verify", json!({ "token": mail.token() }))
        .await
        .expect(200);
}

#[tokio::test]
async fn mails_owed_survive_a_restart_of_the_service() {
    let app = TestApp::start().await;
    app.sink.set(Mode::Down);
    app.register("ana").await;
    eventually("a try", || async {
        (app.attempts().await >= 1).then_some(())
    })
    .await;
    let app = app.restart().await;
    app.sink.set(Mode::Up);
    app.clock.advance(time::Duration::seconds(31));
    let mail = app.sink.mail_to("ana@example.org").await;
    app.api()
        .post("/auth/verify", json!({ "token": mail.token() }))
        .await
        .expect(200);
}

#[tokio::test]
async fn two_replicas_send_each_mail_once() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    for n in 0..10 {
        let service = if n % 2 == 0 { &app } else { &replica };
        service.register(&format!("user{n}")).await;
    }
    for n in 0..10 {
        app.sink.mail_to(&format!("user{n}@example.org")).await;
    }
    app.mails_are_out().await;
    for n in 0..10 {
        assert_eq!(app.sink.mails_to(&format!("user{n}@example.org")).len(), 1);
    }
}

#[tokio::test]
async fn replicas_whose_clocks_are_10_minutes_apart_send_each_mail_once_too() {
    let app = TestApp::start().await;
    let minutes = time::Duration::minutes;
    let ahead = app.replica_with(app.clock.wrong_by(minutes(10))).await;
    let behind = app.replica_with(app.clock.wrong_by(minutes(-10))).await;
    // Each mail takes seconds: all look for mails due meanwhile.
    app.sink.set(Mode::Slow);
    for (service, name) in [(&app, "right"), (&ahead, "ahead"), (&behind, "behind")] {
        service.register(name).await;
    }
    app.mails_are_out().await;
    for name in ["right", "ahead", "behind"] {
        let address = format!("{name}@example.org");
        assert_eq!(app.sink.mails_to(&address).len(), 1, "{name}");
    }
    let tries: i64 = app
        .value("select sum(attempts) from users.outbox", &[])
        .await;
    assert_eq!(tries, 3);
}

#[tokio::test]
async fn the_trace_id_of_the_cause_is_kept_with_the_mail() {
    let app = TestApp::start().await;
    let body = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
    let request = app
        .api()
        .request("POST", "/auth/register")
        .header("X-Trace-Id", "trace-of-ana");
    request.json(&body).send().await.expect(201);
    let trace: String = app.value("select trace_id from users.outbox", &[]).await;
    assert_eq!(trace, "trace-of-ana");
}

#[tokio::test]
async fn no_token_and_no_link_is_anywhere_in_the_database() {
    let app = TestApp::start().await;
    app.sink.set(Mode::LosesAnswers);
    app.register("ana").await;
    let mail = app.sink.mail_to("ana@example.org").await;
    app.sink.set(Mode::Up);
    let refresh = app.logged_in("bob").await;
    app.refresh(&refresh).await.expect(200);
    let dump = app.dump().await;
    for secret in [mail.token(), refresh, PASSWORD.to_owned()] {
        assert!(!dump.contains(&secret));
        let hex: Vec<_> = secret.bytes().map(|b| format!("{b:02x}")).collect();
        assert!(!dump.contains(&hex.concat()), "not as bytes either");
    }
    assert!(!dump.contains("verify?token"));
}

#[tokio::test]
async fn an_address_with_odd_but_good_characters_gets_its_mail() {
    let app = TestApp::start().await;
    for email in ["o'hara+x@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"] {
        let username = format!("u{}", email.len());
        let body = json!({ "email": email, "username": username, "password": PASSWORD });
        app.api().post("/auth/register", body).await.expect(201);
        assert_eq!(app.sink.mail_to(email).await.addresses().1, [email]);
    }
}
