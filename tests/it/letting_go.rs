//! Unproven accounts go: when somebody else wants their name, when the person behind the address says
//! so, and by themselves. None of it holds anybody up, however many follow them.

use crate::support::{PASSWORD, Person, TestApp, eventually};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

const MANY: i32 = 4_000;

/// Has every edge take so many seconds to go.
fn slow_edges(seconds: &str) -> String {
    format!(
        "create function public.wait() returns trigger language plpgsql as
            $$ begin perform pg_sleep({seconds}); return old; end $$;
         create trigger wait before delete on users.follows for each row execute function public.wait()"
    )
}

async fn registers(app: &TestApp, person: &Person) -> u16 {
    let typed = json!({ "email": person.email, "username": person.username, "password": PASSWORD });
    app.api().post("/auth/register", typed).await.status
}

/// An unproven account that lapsed, whom many follow.
async fn a_lapsed_celebrity(app: &TestApp) -> Person {
    let lapsed = app.unverified("ana").await;
    app.mails_are_out().await;
    app.has_fans(lapsed.id, MANY).await;
    app.clock.advance(Duration::hours(25));
    lapsed
}

#[tokio::test]
async fn a_name_and_an_address_whose_unproven_account_many_follow_are_free_at_once() {
    let app = TestApp::start().await;
    let lapsed = a_lapsed_celebrity(&app).await;
    app.db()
        .await
        .batch_execute(&slow_edges("0.003"))
        .await
        .unwrap();
    assert_eq!(registers(&app, &lapsed).await, 201);
    app.execute("drop trigger wait on users.follows").await;
    let gone = app.api().get(&lapsed.api("")).await;
    gone.error(404, "USER_NOT_FOUND");
    let found = app.api().get("/users?username=ana").await.expect(200);
    assert_ne!(found.json()["items"][0]["id"], lapsed.id.to_string());
    app.sweep().await;
    assert_eq!(app.count("follows").await, 0);
    assert_eq!(app.count("users where username not like 'fan%'").await, 1);
    assert_eq!(app.count("held_usernames").await, 0, "it was free");
    app.counts_are_exact().await;
}

#[tokio::test]
async fn this_was_not_me_is_answered_at_once_however_many_follow() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let token = app.link_token(&ana).await;
    app.mails_are_out().await;
    app.has_fans(ana.id, MANY).await;
    app.db()
        .await
        .batch_execute(&slow_edges("0.003"))
        .await
        .unwrap();
    let mut visitor = app.visitor();
    visitor.open(&format!("/verify?token={token}")).await;
    let page = visitor.press("This was not me").await;
    assert_eq!(page.status, 200, "{}", page.text());
    app.execute("drop trigger wait on users.follows").await;
    let again = json!({ "token": token });
    let again = app.api().post("/auth/verify", again).await;
    again.error(422, "INVALID_VERIFICATION_TOKEN");
    assert_eq!(registers(&app, &ana).await, 201, "free at once");
}

#[tokio::test]
async fn an_unproven_account_is_forgotten_30_days_after_its_last_link_lapsed() {
    let app = TestApp::start().await;
    let [ben] = app.people(["ben"]).await;
    let ana = app.unverified("ana").await;
    app.follow(&ben, &ana).await;
    app.mails_are_out().await;
    app.clock.advance(Duration::days(30));
    app.sweep().await;
    assert_eq!(app.count("users").await, 2, "too early");
    app.clock.advance(Duration::days(1) + Duration::minutes(1));
    app.sweep().await;
    let left: Vec<Uuid> = app
        .value("select array_agg(id) from users.users", &[])
        .await;
    assert_eq!(left, [ben.id]);
    let rest =
        "email_verifications as e where not exists (select from users.users where id = user_id)";
    assert_eq!(app.count(rest).await + app.count("held_usernames").await, 0);
    app.counts_are_exact().await;
    assert_eq!(registers(&app, &ana).await, 201);
}

#[tokio::test]
async fn another_link_keeps_an_unproven_account_for_another_30_days() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    app.mails_are_out().await;
    app.clock.advance(Duration::days(20));
    let asked = json!({ "email": ana.email });
    app.api()
        .post("/auth/verify/resend", asked)
        .await
        .expect(202);
    app.sink.nth_mail_to(&ana.email, 2).await;
    app.mails_are_out().await;
    app.clock.advance(Duration::days(20));
    app.sweep().await;
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn an_unproven_account_that_is_in_use_stays() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    for name in ["ana", "ben"] {
        app.unverified(name).await;
    }
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    app.api().post("/auth/login", typed).await.expect(200);
    app.mails_are_out().await;
    app.clock.advance(Duration::days(80));
    app.sweep().await;
    assert_eq!(app.count("users").await, 2, "nobody's address is asked for");

    // Nor when addresses are asked for from now on.
    let strict = app
        .replica_set_to(&[("REQUIRE_VERIFIED_EMAIL", "true")])
        .await;
    strict.sweep().await;
    let left: Vec<String> = app
        .value("select array_agg(username) from users.users", &[])
        .await;
    assert_eq!(left, ["ana"], "she is known to have logged in");
}

#[tokio::test]
async fn more_than_a_batch_of_unproven_accounts_goes_over_some_rounds() {
    let app = TestApp::start().await;
    let accounts = "insert into users.users (id, username, email, password_hash)
            select gen_random_uuid(), 'bot' || n, 'bot' || n || '@example.org', 'x'
            from generate_series(1, 120) as n";
    app.execute(accounts).await;
    let links = "insert into users.email_verifications (token_hash, user_id, expires_at)
            select uuid_send(id), id, now() - interval '31 days' from users.users";
    app.execute(links).await;
    eventually("all are gone", || async {
        app.sweep().await;
        (app.count("users").await == 0).then_some(())
    })
    .await;
}
