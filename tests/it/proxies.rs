//! Where a request came from, behind proxies that are trusted and behind others.

use crate::support::{PASSWORD, TestApp};
use serde_json::json;

/// The network that a log-in with this `X-Forwarded-For` is noted under.
async fn seen_from(app: &TestApp, name: &str, forwarded: &str) -> String {
    let person = app.person(name).await;
    let credentials = json!({"email": person.email, "password": PASSWORD});
    let log_in = app.api().request("POST", "/auth/login").json(&credentials);
    let log_in = log_in.header("X-Forwarded-For", forwarded);
    log_in.send().await.expect(200);
    let address = "select address from users.sessions where user_id = $1";
    app.value(address, &[&person.id]).await
}

#[tokio::test]
async fn nobody_is_believed_by_default() {
    let app = TestApp::start().await;
    assert_eq!(seen_from(&app, "ana", "203.0.113.7").await, "127.0.0.0/24");
}

#[tokio::test]
async fn trusted_proxies_are_believed_from_the_right() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")]).await;
    for (name, forwarded, network) in [
        ("one", "203.0.113.7", "203.0.113.0/24"),
        ("two", "203.0.113.7, 10.1.2.3", "203.0.113.0/24"),
        (
            "claim",
            "198.51.100.1, 203.0.113.7, 10.1.2.3",
            "203.0.113.0/24",
        ),
        ("six", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("odd", "203.0.113.7, unknown", "127.0.0.0/24"),
        ("none", "", "127.0.0.0/24"),
    ] {
        assert_eq!(
            seen_from(&app, name, forwarded).await,
            network,
            "{forwarded}"
        );
    }
}
