//! What is kept for how long, as `docs/retention.md` says it: a moment before the end it is there, a
//! moment after it is gone.

use crate::support::{PASSWORD, Person, TestApp};
use serde_json::json;
use std::collections::BTreeSet;
use time::Duration;
use tokio_postgres::types::ToSql;

impl TestApp {
    async fn swept_after(&self, time: Duration) {
        self.clock.advance(time);
        self.sweep().await;
    }

    async fn opens_session(&self, person: &Person) -> String {
        let typed = json!({ "email": person.email, "password": PASSWORD });
        let answer = self.api().post("/auth/login", typed).await.expect(200);
        answer.refresh_token()
    }

    /// Writes lines of the security history that are older than any is kept.
    pub async fn has_old_lines(&self, person: &Person, lines: i32) {
        let many = "insert into users.audit_log (id, user_id, event, created_at)
            select gen_random_uuid(), $1, 'logged_in', now() - interval '181 days'
            from generate_series(1, $2)";
        let values: &[&(dyn ToSql + Sync)] = &[&person.id, &lines];
        self.db().await.execute(many, values).await.unwrap();
    }

    /// Insists that rows stay until a time has passed and are gone then.
    async fn lives(&self, table: &str, time: Duration) {
        let before = self.count(table).await;
        assert!(before > 0, "{table}: nothing to forget");
        self.swept_after(time - Duration::minutes(2)).await;
        assert_eq!(self.count(table).await, before, "{table}: too early");
        self.swept_after(Duration::minutes(4)).await;
        assert_eq!(self.count(table).await, 0, "{table}: still there");
    }
}

#[tokio::test]
async fn browser_sessions_go_when_they_run_out() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.signed_in(&ana).await;
    app.lives("web_sessions", Duration::minutes(15)).await;
}

#[tokio::test]
async fn links_go_30_days_after_they_lapsed() {
    let app = TestApp::start().await;
    app.person("ana").await;
    app.mails_are_out().await;
    app.lives("email_verifications", Duration::days(31)).await;
}

#[tokio::test]
async fn an_unproven_accounts_links_stay_so_that_it_can_lapse() {
    let app = TestApp::start().await;
    app.unverified("ana").await;
    app.mails_are_out().await;
    app.swept_after(Duration::days(29)).await;
    assert_eq!(app.count("email_verifications").await, 1);
    let again = app.unverified("ana").await;
    assert_eq!(app.count("users").await, 1, "{}", again.id);
}

#[tokio::test]
async fn refresh_tokens_go_30_days_after_they_ran_out_and_their_session_with_them() {
    let app = TestApp::start().await;
    app.logged_in("ana").await;
    app.lives("refresh_tokens", Duration::days(60)).await;
    app.swept_after(Duration::minutes(5)).await;
    assert_eq!(app.count("sessions").await, 0);
}

#[tokio::test]
async fn an_ended_session_goes_30_days_after_its_end_with_its_tokens() {
    let app = TestApp::start().await;
    let token = app.logged_in("ana").await;
    let out = app.api().with_refresh_token("/auth/logout", &token).await;
    out.expect(204);
    let both = "sessions as s join users.refresh_tokens as t on t.session_id = s.id";
    app.lives(both, Duration::days(30)).await;
    assert_eq!(app.count("sessions").await, 0);
}

#[tokio::test]
async fn an_old_token_of_a_living_session_is_still_known_as_stolen() {
    let app = TestApp::start().await;
    let copied = app.logged_in("ana").await;
    let mut token = copied.clone();
    for _ in 0..2 {
        app.swept_after(Duration::days(25)).await;
        let renewed = app.api().with_refresh_token("/auth/refresh", &token).await;
        token = renewed.expect(200).refresh_token();
    }
    let replayed = app.api().with_refresh_token("/auth/refresh", &copied).await;
    replayed.error(401, "INVALID_REFRESH_TOKEN");
    assert_eq!(
        app.count("audit_log where event = 'refresh_token_reused'")
            .await,
        1
    );
    assert_eq!(app.count("sessions where end_reason = 'theft'").await, 1);
}

#[tokio::test]
async fn mails_go_30_days_after_they_came_to_be_owed_unless_they_still_are() {
    let app = TestApp::start().await;
    app.person("ana").await;
    app.mails_are_out().await;
    let ana = "insert into users.outbox (id, user_id, kind, next_attempt_at)
        select gen_random_uuid(), id, 'of_the_future', 'infinity' from users.users";
    app.db().await.execute(ana, &[]).await.unwrap();
    app.lives("outbox where sent_at is not null", Duration::days(30))
        .await;
    assert_eq!(app.count("outbox").await, 1, "never lost");
}

#[tokio::test]
async fn the_audit_log_goes_after_180_days() {
    let app = TestApp::start().await;
    app.logged_in("ana").await;
    app.lives("audit_log", Duration::days(180)).await;
}

#[tokio::test]
async fn copies_go_7_days_after_they_were_ready_and_can_be_had_no_longer() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    api.act("/users/me/export").await.expect(202);
    app.sink.nth_mail_to(&ana.email, 2).await;
    let copy = "exports as e join users.export_parts as p using (user_id)";
    app.clock.advance(Duration::days(7) + Duration::seconds(1));
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/settings/export/download").await;
    assert!(
        page.has_button("Request a copy"),
        "gone for its owner at once"
    );
    assert!(app.count(copy).await > 0);
    app.sweep().await;
    assert_eq!(
        app.count("exports").await + app.count("export_parts").await,
        0
    );
}

#[tokio::test]
async fn copies_stay_for_7_days() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    api.act("/users/me/export").await.expect(202);
    app.sink.nth_mail_to(&ana.email, 2).await;
    app.lives("export_parts", Duration::days(7)).await;
}

#[tokio::test]
async fn what_lapses_by_itself_goes_when_its_time_has_come() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for (table, columns, values, time) in [
        (
            "rate_limits",
            "key, full_at",
            "$1::uuid::text::bytea, $2",
            Duration::hours(1),
        ),
        (
            "known_devices",
            "user_id, key, seen_at, expires_at",
            "$1, 'key', $2, $2",
            Duration::days(30),
        ),
        (
            "email_changes",
            "user_id, session_id, email, token_hash, created_at, expires_at",
            "$1, $1, 'new@example.org', 'hash', $2, $2",
            Duration::hours(24),
        ),
        (
            "email_restorations",
            "user_id, email, token_hash, created_at, expires_at",
            "$1, 'old@example.org', 'hash', $2, $2",
            Duration::hours(72),
        ),
        (
            "quiet_mailboxes",
            "key, until",
            "$1::uuid::text::bytea, $2",
            Duration::days(7),
        ),
        (
            "held_usernames",
            "user_id, username, held_until",
            "$1, 'anna', $2",
            Duration::days(90),
        ),
        (
            "password_resets",
            "user_id, email, token_hash, password_digest, created_at, expires_at",
            "$1, 'ana@example.org', 'hash', 'digest', now(), $2::timestamptz - interval '3 days'",
            Duration::days(3),
        ),
    ] {
        app.execute(&format!("delete from users.{table}")).await;
        let insert = format!("insert into users.{table} ({columns}) values ({values})");
        let until = app.clock.now() + time;
        let values: &[&(dyn ToSql + Sync)] = &[&ana.id, &until];
        app.db().await.execute(&insert, values).await.expect(table);
        app.lives(table, time).await;
    }
}

#[tokio::test]
async fn an_account_goes_14_days_after_it_was_deleted() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.in_session(&ana)
        .await
        .delete("/users/me")
        .await
        .expect(202);
    app.lives("users", Duration::days(14)).await;
}

#[tokio::test]
async fn more_than_a_batch_goes_and_two_rounds_at_once_share_the_work() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    app.opens_session(&ana).await;
    app.has_old_lines(&ana, 3_500).await;
    tokio::join!(app.sweep(), replica.sweep());
    assert_eq!(app.count("audit_log").await, 1, "today's log-in");
}

#[tokio::test]
async fn every_table_of_the_schema_is_in_the_document() {
    let app = TestApp::start().await;
    let document = include_str!("../../docs/retention.md");
    let named: BTreeSet<&str> = document
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|what| what.split('`').skip(1).step_by(2))
        .collect();
    let tables = "select array_agg(tablename::text) from pg_tables where schemaname = 'users'";
    let tables: Vec<String> = app.value(tables, &[]).await;
    let tables: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
    assert_eq!(named, tables, "how long is a new table's row kept?");
}
