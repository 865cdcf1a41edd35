//! `/@name`: anybody's profile, with Follow and Unfollow, in a browser without script.

use crate::support::{TestApp, png};
use serde_json::json;

#[tokio::test]
async fn the_public_profile_shows_who_it_is_to_everybody() {
    let app = TestApp::start().await;
    let ana = app.person("Ana_B").await;
    let body = json!({ "display_name": "Ana Banana", "bio": "Hello\nthere" });
    app.api()
        .of(&ana)
        .patch("/users/me", body)
        .await
        .expect(200);
    app.api().of(&ana).upload(&png(9, 9)).await.expect(200);
    let mut visitor = app.visitor();
    for path in ["/@Ana_B", "/@ana_b", "/@ANA_B"] {
        let page = visitor.open(path).await;
        assert_eq!(page.status, 200, "{path}");
        page.shows("Ana Banana")
            .shows("Ana_B")
            .shows("Hello")
            .shows("there");
        assert!(page.link("0 followers").is_some() && page.link("0 following").is_some());
        assert!(
            page.all("img")
                .iter()
                .any(|image| image.attr("src").unwrap().contains("/avatars/"))
        );
        assert!(!page.has(&ana.email), "the address is nobody's business");
        assert!(!page.has_button("Log out"));
    }
}

#[tokio::test]
async fn without_a_picture_there_is_an_initial() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.visitor();
    let page = visitor.open(&ana.page()).await;
    assert!(page.all("main img").is_empty());
    let text = page.all("main").first().unwrap().inner.clone();
    assert!(
        text.contains(">A<") || text.contains(">a<") || text.contains("> A "),
        "{text}"
    );
}

#[tokio::test]
async fn follow_and_unfollow_change_the_button_and_the_count() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open(&bob.page()).await;
    assert!(page.has_button("Follow") && !page.has_button("Unfollow"));
    assert!(page.link("0 followers").is_some());

    let page = visitor.press("Follow").await;
    assert_eq!(page.redirects, [(303, "/@bob".to_owned())]);
    assert!(page.has_button("Unfollow") && !page.has_button("Follow"));
    assert!(page.link("1 follower").is_some(), "{:?}", page.links());
    assert_eq!(app.counts(&ana).await, (0, 1));

    let page = visitor.press("Unfollow").await;
    assert!(page.has_button("Follow") && page.link("0 followers").is_some());
    assert_eq!(app.count("follows").await, 0);
}

#[tokio::test]
async fn with_htmx_the_button_and_the_count_are_swapped_together() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open(&bob.page()).await;
    let id = |buttons: Vec<crate::support::Element>, name: &str| {
        let button = buttons
            .into_iter()
            .find(|button| button.name == name)
            .unwrap();
        button
            .attr("id")
            .expect("the button keeps its id")
            .to_owned()
    };
    let before = id(visitor.page().all("button"), "Follow");
    let part = visitor.htmx("Follow", &[]).await;
    assert_eq!(part.status, 200);
    assert!(!part.html().contains("<html") && !part.has_button("Log out"));
    assert_eq!(
        id(part.all("button"), "Unfollow"),
        before,
        "so that the focus stays"
    );
    assert!(part.link("1 follower").is_some());
    // Full page and fragment are the same bytes, but for the CSRF proof.
    let page = visitor.open(&bob.page()).await;
    let same = |html: &str| html.split_whitespace().collect::<Vec<_>>().join(" ").len();
    assert!(same(&page.html()) > same(&part.html()));
    let part = visitor.htmx("Unfollow", &[]).await;
    assert_eq!((part.status, part.has_button("Follow")), (200, true));
    assert!(part.link("0 followers").is_some());
}

#[tokio::test]
async fn pressing_twice_from_two_tabs_is_no_error() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut first = app.signed_in(&ana).await;
    first.open(&bob.page()).await;
    let mut second = first.clone();
    first.press("Follow").await;
    let page = second.press("Follow").await;
    assert_eq!((page.status, page.has_button("Unfollow")), (200, true));
    assert_eq!(app.counts(&bob).await, (1, 0));
}

#[tokio::test]
async fn nobody_is_asked_to_follow_themselves() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open(&ana.page()).await;
    assert!(!page.has_button("Follow") && !page.has_button("Unfollow"));
}

#[tokio::test]
async fn a_visitor_without_a_session_is_sent_to_log_in_and_comes_back() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open(&bob.page()).await;
    visitor.jar.keep_only(&[]);
    let page = visitor.press("Follow").await;
    assert!(
        page.path() == "/login" || page.status == 403,
        "{} {}",
        page.status,
        page.path()
    );
    assert_eq!(app.count("follows").await, 0);
}

#[tokio::test]
async fn a_handle_that_is_nobodys_is_404_in_html() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let mut visitor = app.visitor();
    for path in [
        "/@nobody",
        "/@",
        "/@an",
        "/@ana.",
        "/@ana%00",
        "/@..%2f..%2fetc%2fpasswd",
        "/@%2e%2e",
        "/@ana%20",
        "/@%D0%B0na",
        "/@ana'--",
        "/@%",
        "/@%2561na",
        "/@ana/nothing",
    ] {
        let page = visitor.open(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(
            page.header("content-type")
                .unwrap()
                .starts_with("text/html"),
            "{path}"
        );
        assert!(!page.h1().is_empty());
    }
    let page = visitor.open("/@an%61%ff").await;
    assert!(matches!(page.status, 400 | 404) && !page.h1().is_empty());
}
