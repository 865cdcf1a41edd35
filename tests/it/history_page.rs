//! The page of the security history, without script.

use crate::{devices::FIREFOX, support::TestApp};
use time::Duration;

const HISTORY: &str = "/settings/history";

#[tokio::test]
async fn it_tells_in_plain_words() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for _ in 0..3 {
        app.try_log_in(&ana, "not this one", FIREFOX)
            .await
            .expect(401);
        app.clock.advance(Duration::seconds(1));
    }
    let mut visitor = app.signed_in_with(&ana, FIREFOX).await;
    visitor.open("/settings").await;
    let page = visitor.click("Security history").await;
    assert_eq!(
        (page.path(), page.h1().as_str()),
        (HISTORY, "Security history")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let rows = page.all("main li");
    assert_eq!(rows.len(), 2);
    assert!(rows[0].name.contains("Logged in"), "{}", rows[0].name);
    for words in [
        "3 failed log-ins",
        "Firefox on Windows, network 127.0.0.0/24",
        " to ",
        "UTC",
    ] {
        assert!(rows[1].name.contains(words), "{words}: {}", rows[1].name);
    }
    assert!(page.link("Older").is_none() && page.link("Newer").is_none());
}

#[tokio::test]
async fn it_has_pages() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in_with(&ana, FIREFOX).await;
    let many = "insert into users.audit_log (id, user_id, event, created_at)
        select lpad(to_hex(n), 32, '0')::uuid, $1, 'logged_out', $2 from generate_series(1, 30) n";
    app.db()
        .await
        .execute(many, &[&ana.id, &app.clock.now()])
        .await
        .unwrap();
    let page = visitor.open(HISTORY).await;
    assert_eq!(page.all("main li").len(), 20);
    assert!(page.link("Newer").is_none());
    let page = visitor.click("Older").await;
    assert_eq!(page.all("main li").len(), 11);
    assert!(page.link("Older").is_none());
    assert!(visitor.click("Newer").await.has("Logged in"));
    let page = visitor.open("/settings/history?cursor=nonsense").await;
    assert_eq!((page.status, page.url.query()), (200, None));
}

#[tokio::test]
async fn what_is_written_in_it_is_escaped_and_strangers_log_in_first() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let odd = "insert into users.audit_log (id, user_id, event, detail, created_at)
        values (gen_random_uuid(), $1, 'an_event_of_tomorrow', '<i>', $2)";
    app.db()
        .await
        .execute(odd, &[&ana.id, &app.clock.now()])
        .await
        .unwrap();
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open(HISTORY).await;
    page.shows("Something else happened: <i>");
    let page = app.visitor().open(HISTORY).await.clone();
    assert_eq!(page.url.query(), Some("next=%2Fsettings%2Fhistory"));
}
