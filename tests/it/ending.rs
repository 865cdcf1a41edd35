//! Ending a session that was renewed 200,000 times: for whatever reason, it ends, and at the cost of a
//! new one.

use crate::{
    plans::{flatten, json as explained, statement},
    support::{Api, PASSWORD, Person, TestApp},
};
use serde_json::{Value, json};
use time::Duration;
use tokio_postgres::Client;
use uuid::Uuid;

/// How often the session was renewed.
const RENEWALS: i32 = 200_000;
/// An end writes the current token and those spent in the last seconds.
const FEW_ROWS: i64 = 4;
/// An end reads so many pages of 8 KiB; all spent tokens of the family are thousands.
const FEW_PAGES: i64 = 100;

/// An account with an old session, of which somebody else holds a copy.
struct Old {
    app: TestApp,
    ana: Person,
    session_id: Uuid,
    /// The current refresh token.
    token: String,
    /// One that was spent long ago.
    spent: String,
}

impl Old {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let ana = app.person("ana").await;
        let opened = app.log_in_with(&ana, "curl/8").await;
        let spent = opened.refresh_token;
        let token = app.refresh(&spent).await.expect(200).refresh_token();
        app.clock.advance(Duration::seconds(11));
        let renew = "insert into users.refresh_tokens
                (token_hash, user_id, session_id, expires_at, created_at, revoked, rotated_at, sealed_successor)
            select sha256((n::text || session_id)::bytea), user_id, session_id, now() + interval '30 days',
                now() - interval '1 hour', true, now() - interval '1 hour', decode(repeat('ab', 118), 'hex')
            from users.refresh_tokens, generate_series(1, $1) as n where not revoked";
        let db = app.db().await;
        db.execute(renew, &[&RENEWALS]).await.unwrap();
        db.batch_execute("vacuum analyze users.refresh_tokens")
            .await
            .unwrap();
        Self {
            app,
            ana,
            session_id: opened.session_id,
            token,
            spent,
        }
    }

    /// Another session of the account.
    async fn another(&self) -> Api {
        self.app.log_in_with(&self.ana, "curl/8").await.api
    }

    /// Has the session be open as it was before.
    async fn reopen(&self) {
        let db = self.app.db().await;
        let again = "update users.sessions set ended_at = null, end_reason = null;
            update users.refresh_tokens set revoked = false where rotated_at is null;
            update users.users set delete_after = null";
        db.batch_execute(again).await.unwrap();
    }

    /// The newest transaction that wrote any token.
    async fn last_write(&self) -> i64 {
        let last = "select max(xmin::text::bigint) from users.refresh_tokens";
        self.app.value(last, &[]).await
    }

    /// Insists that the session has ended for this reason, that nobody renews it, and that the end wrote few rows.
    async fn has_ended(&self, reason: &str, before: i64) {
        let ended = "select coalesce(end_reason, 'open') from users.sessions where id = $1";
        let ended: String = self.app.value(ended, &[&self.session_id]).await;
        assert_eq!(ended, reason);
        let current = "refresh_tokens where not revoked and rotated_at is null and session_id";
        let current = format!("{current} = '{}'", self.session_id);
        assert_eq!(self.app.count(&current).await, 0, "{reason}");
        let thief = self.app.refresh(&self.token).await;
        thief.error(401, "INVALID_REFRESH_TOKEN");
        let of = format!("session_id = '{}'", self.session_id);
        let written = format!("refresh_tokens where {of} and xmin::text::bigint > {before}");
        let written = self.app.count(&written).await;
        assert!(written <= FEW_ROWS, "{reason} wrote {written} tokens");
        self.reopen().await;
    }
}

#[tokio::test]
async fn a_session_renewed_200_000_times_ends_for_every_reason() {
    let old = Old::new().await;
    let app = &old.app;

    let before = old.last_write().await;
    let api = app.api();
    let out = api.with_refresh_token("/auth/logout", &old.token).await;
    out.expect(204);
    old.has_ended("logout", before).await;

    let before = old.last_write().await;
    let copied = app.refresh(&old.spent).await;
    copied.error(401, "INVALID_REFRESH_TOKEN");
    old.has_ended("theft", before).await;

    let gone = format!(
        "delete from users.refresh_tokens where token_hash = sha256('{}')",
        old.spent
    );
    assert_eq!(app.execute(&gone).await, 1);
    let before = old.last_write().await;
    let copied = app.refresh(&old.spent).await;
    copied.error(401, "INVALID_REFRESH_TOKEN");
    old.has_ended("theft", before).await;

    let before = old.last_write().await;
    let path = format!("/users/me/sessions/{}", old.session_id);
    old.another().await.delete(&path).await.expect(204);
    old.has_ended("ended_by_owner", before).await;

    let before = old.last_write().await;
    let others = old.another().await.delete("/users/me/sessions").await;
    others.expect(204);
    old.has_ended("ended_by_owner", before).await;

    let before = old.last_write().await;
    let passwords = json!({ "current_password": PASSWORD, "password": "another horse battery" });
    let changed = old.another().await;
    let changed = changed.put("/users/me/password", passwords).await;
    changed.expect(204);
    old.has_ended("password_changed", before).await;

    let before = old.last_write().await;
    let link = app.reset_token(&old.ana.email).await;
    let reset = json!({ "token": link, "password": PASSWORD });
    let reset = app.api().post("/auth/password/reset", reset).await;
    reset.expect(204);
    old.has_ended("password_changed", before).await;

    let before = old.last_write().await;
    old.another().await.delete("/users/me").await.expect(202);
    old.has_ended("deletion", before).await;

    let before = old.last_write().await;
    let restored = old.moves_to_another_address_and_back().await;
    assert_eq!(restored, 200);
    old.has_ended("email_restored", before).await;

    what_runs_reads_few_pages(&old).await;
}

impl Old {
    async fn moves_to_another_address_and_back(&self) -> u16 {
        let new = "anna@example.org";
        let api = self.another().await;
        let asked = api.put("/users/me/email", json!({ "email": new })).await;
        asked.expect(202);
        let mut visitor = self.app.visitor();
        let confirm = self.app.sink.mail_to(new).await;
        visitor.open(&confirm.link()).await;
        visitor.press("Confirm email address").await;
        let told = self
            .app
            .mail_saying(&self.ana.email, "/settings/email/restore?token=");
        visitor.open(&told.await.link()).await;
        visitor.press("This was not me").await;
        visitor.page().status
    }
}

/// The statements that look at a family, explained for this one.
async fn what_runs_reads_few_pages(old: &Old) {
    let db = old.app.db().await;
    let session = old.session_id;
    let hash = format!("sha256('{}')", old.token);
    let ids = format!("array['{session}'::uuid]");
    let seconds_ago = "now() - interval '10 s'";
    for (name, values, most) in [
        (
            "sessions::revoke_all",
            format!("true, null, 64, {seconds_ago}, {ids}"),
            FEW_PAGES,
        ),
        (
            "sessions::is_outlived",
            format!("'{session}', 64, now(), 1"),
            FEW_PAGES,
        ),
        (
            // Of a family from before there was a bound it forgets 200 rows.
            "sessions::rotate, forgetting",
            format!(
                "{hash}, '2020-01-01', true, now(), '\\xab', {hash}, now(), '\\xabcd', \
                 now() + interval '30 days', now(), 16, now(), null, null, {seconds_ago}, 200, 32"
            ),
            20 * FEW_PAGES,
        ),
    ] {
        let pages = pages(&db, name, &values).await;
        assert!(pages <= most, "{name} reads {pages} pages");
    }
}

/// How many pages a statement reads, undone.
async fn pages(db: &Client, name: &str, values: &str) -> i64 {
    let sql = statement(name);
    let prepare = format!("begin; prepare measured as {sql}");
    db.batch_execute(&prepare).await.unwrap();
    let explain = format!("explain (analyze, buffers, format json) execute measured({values})");
    let plan = explained(db, &explain).await;
    db.batch_execute("rollback; deallocate measured")
        .await
        .unwrap();
    let mut nodes = Vec::new();
    flatten(&plan[0]["Plan"], &mut nodes);
    // The statement's own, and its parts that nothing else reads.
    let parts = nodes.iter().enumerate();
    let parts = parts.filter(|(at, node)| *at == 0 || !node["Subplan Name"].is_null());
    let read = |node: &Value| {
        let pages = |key: &str| node[key].as_i64().expect("pages");
        pages("Shared Hit Blocks") + pages("Shared Read Blocks")
    };
    parts.map(|(_, node)| read(node)).sum()
}
