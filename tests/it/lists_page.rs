//! USER-FE-005.1: the lists in a browser without script.

use crate::support::{Page, TestApp};
use serde_json::json;

/// The handles that a list's page links to, in order, its owner's aside.
fn handles(page: &Page) -> Vec<String> {
    let owner = page
        .path()
        .split('/')
        .nth(1)
        .unwrap_or_default()
        .trim_start_matches('@');
    let links = page.all("main a[href^='/@']");
    let handles = links
        .iter()
        .map(|link| &link.attr("href").unwrap()["/@".len()..]);
    let mut handles: Vec<_> = handles
        .filter(|handle| !handle.contains('/') && *handle != owner)
        .map(str::to_owned)
        .collect();
    handles.dedup();
    handles
}

#[tokio::test]
async fn user_fe_005_1_s1_clicking_the_follower_count_opens_the_followers_list() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    app.follow(&ana, &bob).await;
    app.follow(&eve, &bob).await;
    app.follow(&bob, &eve).await;
    let body = json!({ "display_name": "Eve E." });
    app.api()
        .of(&eve)
        .patch("/users/me", body)
        .await
        .expect(200);
    let mut visitor = app.signed_in(&ana).await;
    visitor.open(&bob.page()).await;
    let page = visitor.click("2 followers").await;
    assert_eq!((page.status, page.path()), (200, "/@bob/followers"));
    assert_eq!(handles(page), ["eve", "ana"]);
    page.shows("Eve E.");
    visitor.open(&bob.page()).await;
    let page = visitor.click("1 following").await;
    assert_eq!(
        (page.path(), handles(page)),
        ("/@bob/following", vec!["eve".to_owned()])
    );
}

#[tokio::test]
async fn the_counts_of_ones_own_profile_lead_there_too() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.follow(&bob, &ana).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/profile").await;
    let page = visitor.click("1 follower").await;
    assert_eq!(
        (page.path(), handles(page)),
        ("/@ana/followers", vec!["bob".to_owned()])
    );
    visitor.open("/profile").await;
    let page = visitor.click("0 following").await;
    assert_eq!((page.status, page.path()), (200, "/@ana/following"));
    assert!(handles(page).is_empty());
}

#[tokio::test]
async fn long_lists_have_older_and_newer_pages() {
    let app = TestApp::start().await;
    let (star, _) = app.followed_by(45).await;
    let expected: Vec<_> = (0..45).rev().map(|n| format!("fan{n:04}")).collect();
    let mut visitor = app.signed_in(&star).await;
    let mut page = visitor.open("/@star/followers").await;
    assert!(page.link("Newer").is_none());
    let mut seen = handles(page);
    let mut pages = 1;
    while let Some(older) = page.link("Older") {
        assert_eq!(older.attr("rel"), Some("next"));
        page = visitor.click("Older").await;
        assert_eq!(page.link("Newer").unwrap().attr("rel"), Some("prev"));
        seen.extend(handles(page));
        pages += 1;
    }
    assert!(pages > 1);
    assert_eq!(seen, expected);
    for _ in 1..pages {
        page = visitor.click("Newer").await;
    }
    assert!(page.link("Newer").is_none() && page.link("Older").is_some());
}

#[tokio::test]
async fn people_are_followed_from_the_list() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    app.follow(&ana, &bob).await;
    app.follow(&eve, &bob).await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/@bob/followers").await;
    assert!(page.has_button("Follow eve"), "{:?}", page.buttons());
    assert!(!page.has_button("Follow ana"), "not oneself");
    assert_eq!(visitor.press("Follow eve").await.status, 200);
    let page = visitor.open("/@bob/followers").await;
    assert!(page.has_button("Unfollow eve"));
    assert_eq!(app.counts(&eve).await, (1, 1));
    let part = visitor.htmx("Unfollow eve", &[]).await;
    assert_eq!((part.status, part.has_button("Follow eve")), (200, true));
    assert_eq!(app.counts(&eve).await, (0, 1));
}

#[tokio::test]
async fn odd_pages_of_a_list_are_no_server_error() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    for query in [
        "page=0",
        "page=abc",
        "cursor=x",
        "page=99999999999",
        "cursor=%ff",
        "page=1&page=2",
    ] {
        let page = visitor.open(&format!("/@ana/followers?{query}")).await;
        assert!(
            (400..500).contains(&page.status) || page.status == 200,
            "{query}: {}",
            page.status
        );
        assert!(
            page.header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
    assert_eq!(visitor.open("/@nobody/followers").await.status, 404);
}

#[tokio::test]
async fn the_timeline_shows_whom_to_follow_and_who_followed() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    app.follow(&ana, &bob).await;
    app.follow(&eve, &ana).await;
    app.unverified("nobody_yet").await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/timeline").await;
    assert_eq!(page.status, 200);
    assert!(page.has("eve"), "{}", page.text());
    assert!(!page.has("nobody_yet"));
    assert!(page.has_button("Follow eve"));
}
