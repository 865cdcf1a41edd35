//! What is checked against a session is done only while the session is open: a request that was let in
//! does nothing once the session ends before it writes.

use crate::{
    devices::LogIn,
    support::{Call, PASSWORD, TestApp, eventually, multipart, png},
};
use serde_json::json;
use tokio_postgres::Client;

/// Whether anybody waits for a lock in this database.
async fn somebody_waits(db: &Client) -> bool {
    let waiting = "select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock')";
    db.query_one(waiting, &[]).await.unwrap().get(0)
}

/// Everything that is written for who is logged in.
fn writes(owner: &LogIn, other: &LogIn) -> Vec<(&'static str, Call)> {
    let api = &owner.api;
    let file = png(16, 16);
    let (boundary, body) = multipart(&[], Some(("avatar", "a.png", "image/png", &file)));
    let picture = format!("multipart/form-data; boundary={boundary}");
    let json = |method, path, body| api.request(method, path).json(&body);
    let end = format!("/users/me/sessions/{}", other.session_id);
    vec![
        (
            "a change of address",
            json(
                "PUT",
                "/users/me/email",
                json!({ "email": "eve@example.org" }),
            ),
        ),
        (
            "a rename",
            json("PUT", "/users/me/username", json!({ "username": "eve" })),
        ),
        (
            "a new password",
            json(
                "PUT",
                "/users/me/password",
                json!({ "current_password": PASSWORD, "password": "another horse battery" }),
            ),
        ),
        (
            "entering the password",
            json(
                "POST",
                "/users/me/reauthenticate",
                json!({ "password": PASSWORD }),
            ),
        ),
        ("a copy", api.request("POST", "/users/me/export")),
        (
            "a profile",
            json("PATCH", "/users/me", json!({ "bio": "mine now" })),
        ),
        (
            "a picture",
            api.request("PUT", "/users/me/avatar").body(&picture, body),
        ),
        ("no picture", api.request("DELETE", "/users/me/avatar")),
        ("the end of another session", api.request("DELETE", &end)),
        (
            "the end of all others",
            api.request("DELETE", "/users/me/sessions"),
        ),
        ("a deletion", api.request("DELETE", "/users/me")),
    ]
}

/// What the account has that a thief would change.
async fn owned(app: &TestApp) -> String {
    let all = "select jsonb_build_array(
        (select jsonb_agg(to_jsonb(u) order by id) from users.users as u),
        (select jsonb_agg(to_jsonb(c)) from users.email_changes as c),
        (select jsonb_agg(to_jsonb(e)) from users.exports as e),
        (select jsonb_agg(to_jsonb(a)) from users.avatars as a),
        (select jsonb_agg(to_jsonb(s) order by id) from users.sessions as s),
        (select count(*) from users.outbox))::text";
    app.value(all, &[]).await
}

#[tokio::test]
async fn nothing_is_written_for_a_session_that_ends_after_the_request_was_let_in() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let other = app.log_in_with(&ana, "curl/8").await;
    let names = writes(&other, &other).into_iter().map(|(name, _)| name);
    for (at, name) in names.enumerate() {
        let owner = app.log_in_with(&ana, "curl/8").await;
        app.mails_are_out().await;
        let (_, call) = writes(&owner, &other).swap_remove(at);
        let db = app.db().await;
        // As every end does: first the lock, then the change.
        let end = format!(
            "begin; select from users.sessions where id = '{id}' for update;
            update users.sessions set ended_at = now(), end_reason = 'ended_by_owner' where id = '{id}'",
            id = owner.session_id
        );
        db.batch_execute(&end).await.unwrap();
        let answer = tokio::spawn(call.send());
        // The check sees the session as it was; the write has to wait for what becomes of it.
        let looking = app.db().await;
        eventually("the request waits, or is done", || async {
            (somebody_waits(&looking).await || answer.is_finished()).then_some(())
        })
        .await;
        db.batch_execute("commit").await.unwrap();
        let before = owned(&app).await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 401, "{name}: {}", answer.text());
        answer.error(401, "UNAUTHENTICATED");
        assert_eq!(owned(&app).await, before, "{name}");
    }
}

#[tokio::test]
async fn two_sessions_that_end_each_other_take_turns() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for _ in 0..5 {
        let one = app.log_in_with(&ana, "curl/8").await;
        let two = app.log_in_with(&ana, "curl/8").await;
        let end = |by: &LogIn, whom: &LogIn| {
            let path = format!("/users/me/sessions/{}", whom.session_id);
            by.api.request("DELETE", &path).send()
        };
        let (first, second) = tokio::join!(end(&one, &two), end(&two, &one));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 401], "the first one wins");
    }
}

#[tokio::test]
async fn a_link_that_changes_the_address_waits_for_what_becomes_of_the_account() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let asked = api.put("/users/me/email", json!({ "email": "new@example.org" }));
    asked.await.expect(202);
    let mut visitor = app.visitor();
    let link = app.sink.mail_to("new@example.org").await.link();
    visitor.open(&link).await;
    // A new password voids the wish: the account is locked first, then its wish goes.
    let db = app.db().await;
    let lock = "begin; select from users.users where username = 'ana' for no key update";
    db.batch_execute(lock).await.unwrap();
    let looking = app.db().await;
    let new_password = async {
        eventually("the link waits", || async {
            somebody_waits(&looking).await.then_some(())
        })
        .await;
        // With the wish locked by who waits for the account, deleting it would be a deadlock.
        let free = "select from users.email_changes for update nowait";
        db.batch_execute(free).await.expect("the wish is free");
        db.batch_execute("delete from users.email_changes; commit")
            .await
    };
    let (page, voided) = tokio::join!(visitor.press("Confirm email address"), new_password);
    voided.unwrap();
    page.shows("This link does not work any more");
    assert_eq!(app.email_of(&ana).await, ana.email);
}
