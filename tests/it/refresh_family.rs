//! The tokens that a session has spent: few of them are kept, and a copy of one that is not is known as a
//! copy all the same. How often one session may be renewed.

use crate::support::{Answer, PASSWORD, TestApp};
use serde_json::json;
use sha2::{Digest, Sha256};
use time::Duration;
use users_service::crypto::RefreshClaims;
use uuid::Uuid;

const THEFTS: &str = "audit_log where event = 'refresh_token_reused'";
const OPEN: &str = "sessions where ended_at is null";
const LOGOUT: &str = "/auth/logout";

#[track_caller]
fn refused(answer: &Answer) {
    answer.error(401, "INVALID_REFRESH_TOKEN");
}

impl TestApp {
    /// Renews a session, and lets the grace of what it spent end.
    async fn renewed(&self, token: &str) -> String {
        let renewed = self.refresh(token).await.expect(200).refresh_token();
        self.clock.advance(Duration::seconds(11));
        renewed
    }

    /// Takes the rows of all spent tokens away.
    async fn forgets_spent_tokens(&self) {
        let spent = "delete from users.refresh_tokens where rotated_at is not null";
        assert!(self.execute(spent).await > 0);
    }
}

#[tokio::test]
async fn a_copy_whose_row_is_gone_ends_the_session_as_one_whose_row_is_there() {
    let app = TestApp::start().await;
    let copied = app.logged_in("ana").await;
    let current = app.renewed(&copied).await;
    app.forgets_spent_tokens().await;
    refused(&app.refresh(&copied).await);
    assert_eq!(app.count(THEFTS).await, 1);
    assert_eq!(app.count("sessions where end_reason = 'theft'").await, 1);
    let told = "select count(*) from users.outbox where kind = 'session_stolen'";
    assert_eq!(app.value::<i64>(told, &[]).await, 1);
    refused(&app.refresh(&current).await);
    refused(&app.refresh(&copied).await);
    assert_eq!(app.count(THEFTS).await, 1, "once");
}

#[tokio::test]
async fn logging_out_with_a_token_whose_row_is_gone_ends_its_session() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let current = app.renewed(&first).await;
    app.forgets_spent_tokens().await;
    let out = app.api().with_refresh_token(LOGOUT, &first).await;
    out.expect(204);
    refused(&app.refresh(&current).await);
    assert_eq!(app.count(THEFTS).await, 0);
}

#[tokio::test]
async fn who_comes_back_after_months_is_no_thief() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let last = app.renewed(&first).await;
    app.clock.advance(Duration::days(61));
    app.sweep().await;
    assert_eq!(app.count("refresh_tokens").await, 0);
    for token in [&first, &last] {
        refused(&app.refresh(token).await);
    }
    assert_eq!(app.count(THEFTS).await, 0);
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_no_theft_either() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let current = app.renewed(&first).await;
    let out = app.api().with_refresh_token(LOGOUT, &current).await;
    out.expect(204);
    app.forgets_spent_tokens().await;
    refused(&app.refresh(&first).await);
    assert_eq!(app.count(THEFTS).await, 0);
}

#[tokio::test]
async fn a_token_whose_renewal_the_database_lost_is_no_theft() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let lost = app.renewed(&first).await;
    // As after a failover to a standby that had not heard of the renewal.
    app.forgets_spent_tokens().await;
    let back = "update users.refresh_tokens set token_hash = $1, generation = 0";
    let hash = Sha256::digest(&first).to_vec();
    app.db().await.execute(back, &[&hash]).await.unwrap();
    refused(&app.refresh(&lost).await);
    assert_eq!((app.count(THEFTS).await, app.count(OPEN).await), (0, 1));
    app.refresh(&first).await.expect(200);
}

#[tokio::test]
async fn a_forged_token_ends_nothing() {
    let app = TestApp::start().await;
    let token = app.logged_in("ana").await;
    let current = app.renewed(&token).await;
    app.forgets_spent_tokens().await;
    // The last characters are the MAC's.
    for end in ["AAAA", "____"] {
        let forged = format!("{}{end}", &token[..token.len() - end.len()]);
        refused(&app.refresh(&forged).await);
        let out = app.api().with_refresh_token(LOGOUT, &forged).await;
        out.expect(204);
    }
    assert_eq!((app.count(THEFTS).await, app.count(OPEN).await), (0, 1));
    app.refresh(&current).await.expect(200);
}

#[tokio::test]
async fn a_token_of_an_earlier_release_is_good_and_renewed_into_one_that_says_whose_it_is() {
    let app = TestApp::start().await;
    app.logged_in("ana").await;
    let earlier = "x8bVbS3GxI3Qyqv4bC0m9L2T1oEwqzv7m1cQx0a3v5E";
    let before = "update users.refresh_tokens set token_hash = $1, generation = null";
    let hash = Sha256::digest(earlier).to_vec();
    app.db().await.execute(before, &[&hash]).await.unwrap();
    let renewed = app.refresh(earlier).await.expect(200).refresh_token();
    assert_eq!((earlier.len(), renewed.len()), (43, 102));
    let again = app.refresh(earlier).await.expect(200).refresh_token();
    assert_eq!(again, renewed, "within the grace");
    app.clock.advance(Duration::seconds(11));
    refused(&app.refresh(earlier).await);
    assert_eq!(app.count(THEFTS).await, 1);
    refused(&app.refresh(&renewed).await);
}

#[tokio::test]
async fn a_family_keeps_its_newest_spent_tokens_and_no_more() {
    let app = TestApp::start().await;
    let mut token = app.logged_in("ana").await;
    for _ in 0..100 {
        token = app.renewed(&token).await;
    }
    let kept = app.count("refresh_tokens where revoked").await;
    assert!((32..=48).contains(&kept), "{kept}");
    let newest = "select min(generation) from users.refresh_tokens";
    let oldest_kept: i32 = app.value(newest, &[]).await;
    assert!(oldest_kept >= 100 - 48, "{oldest_kept}");
    assert_eq!(app.count(OPEN).await, 1);
}

#[tokio::test]
async fn a_family_from_before_there_was_a_bound_shrinks_as_it_goes_on() {
    let app = TestApp::start().await;
    let mut token = app.logged_in("ana").await;
    let many = "insert into users.refresh_tokens (token_hash, user_id, session_id, expires_at, created_at, revoked, rotated_at)
        select sha256(n::text::bytea), user_id, session_id, expires_at, created_at - n * interval '1 minute', true, now() - n * interval '1 minute'
        from users.refresh_tokens, generate_series(1, 1000) as n";
    app.execute(many).await;
    for _ in 0..32 {
        token = app.renewed(&token).await;
    }
    let spent = "refresh_tokens where revoked";
    assert_eq!(
        app.count(spent).await,
        1_032 - 400,
        "200 at every sixteenth"
    );
    app.refresh(&token).await.expect(200);
}

/// One session is renewed so often, then once an hour.
const RULE: (&str, &str) = ("RATE_LIMIT_RULES", "refresh_session=2+1/h");

#[tokio::test]
async fn one_session_has_a_limit_and_others_of_the_same_account_and_address_their_own() {
    let app = TestApp::with(&[RULE]).await;
    let ana = app.person("ana").await;
    let mut token = app.log_in_with(&ana, "curl/8").await.refresh_token;
    let other = app.log_in_with(&ana, "curl/8").await.refresh_token;
    for _ in 0..2 {
        token = app.renewed(&token).await;
    }
    let answer = app.refresh(&token).await;
    answer.error(429, "RATE_LIMITED");
    assert!(answer.header("retry-after").is_some());
    assert!(answer.header("set-cookie").is_none(), "the token is kept");
    app.renewed(&other).await;
    app.clock.advance(Duration::hours(1));
    app.refresh(&token).await.expect(200);
}

#[tokio::test]
async fn a_page_that_would_renew_too_often_signs_nobody_out() {
    let app = TestApp::with(&[RULE]).await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    for _ in 0..2 {
        visitor.jar.keep_only(&["refresh_token"]);
        visitor.open("/profile").await;
    }
    visitor.jar.keep_only(&["refresh_token"]);
    let page = visitor.open("/profile").await;
    assert_eq!(page.status, 429);
    assert!(page.header("retry-after").is_some());
    assert!(visitor.cookie("refresh_token").is_some());
    app.clock.advance(Duration::hours(1));
    let page = visitor.open("/profile").await;
    assert_eq!((page.status, page.path()), (200, "/profile"));
}

#[tokio::test]
async fn a_thief_who_uses_the_limit_up_is_found_out_all_the_same() {
    let app = TestApp::with(&[RULE]).await;
    for row_is_gone in [false, true] {
        let name = format!("ana{row_is_gone}");
        let owners = app.logged_in(&name).await;
        let mut thiefs = owners.clone();
        for _ in 0..2 {
            thiefs = app.renewed(&thiefs).await;
        }
        app.refresh(&thiefs).await.error(429, "RATE_LIMITED");
        if row_is_gone {
            app.forgets_spent_tokens().await;
        }
        refused(&app.refresh(&owners).await);
        let thefts = app.count(THEFTS).await;
        assert_eq!(thefts, i64::from(row_is_gone) + 1);
        app.clock.advance(Duration::hours(1));
        refused(&app.refresh(&thiefs).await);
    }
}

#[tokio::test]
async fn a_token_that_was_never_stored_is_a_copy_only_of_a_session_that_went_on() {
    let app = TestApp::start().await;
    let token = app.logged_in("ana").await;
    let session_id: Uuid = app.value("select id from users.sessions", &[]).await;
    let issue = |session_id, generation| {
        let tokens = app.app.keys.secrets().refresh_tokens();
        let claims = RefreshClaims {
            session_id,
            generation,
            full_at: app.clock.now(),
        };
        tokens.issue(claims).unwrap().expose().to_owned()
    };
    for (of, generation) in [(Uuid::now_v7(), 0), (session_id, 0), (session_id, 5)] {
        refused(&app.refresh(&issue(of, generation)).await);
        assert_eq!(app.count(THEFTS).await, 0);
    }
    let current = app.renewed(&token).await;
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    app.api().post("/auth/login", typed).await.expect(200);
    refused(&app.refresh(&issue(session_id, 0)).await);
    refused(&app.refresh(&current).await);
    assert_eq!(app.count(OPEN).await, 1, "the other session goes on");
}
