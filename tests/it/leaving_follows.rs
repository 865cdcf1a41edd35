//! Follows of people who are leaving: counted, not shown, and to be ended like others.

use crate::support::TestApp;

#[tokio::test]
async fn a_list_says_who_is_counted_and_not_shown() {
    let app = TestApp::start().await;
    let [ana, bob, eve, dan] = app.people(["ana", "bob", "eve", "dan"]).await;
    for follower in [&bob, &eve] {
        app.follow(follower, &ana).await;
        app.follow(&ana, follower).await;
    }
    app.leaves(&bob).await;
    let mut owner = app.signed_in(&ana).await;
    let mut other = app.signed_in(&dan).await;
    for list in ["/@ana/followers", "/@ana/following"] {
        for visitor in [&mut owner, &mut other] {
            let page = visitor.open(list).await;
            page.shows("@eve")
                .shows("1 account that is leaving is counted and not shown.");
        }
    }
    app.leaves(&eve).await;
    for list in ["/@ana/followers", "/@ana/following"] {
        for visitor in [&mut owner, &mut other] {
            let page = visitor.open(list).await;
            page.shows("2 accounts that are leaving are counted and not shown.");
            assert!(!page.has("yet."), "{}", page.text());
        }
    }
    assert!(!owner.open("/@dan/followers").await.has("leaving"));
    owner.page().shows("Nobody follows dan yet.");
}

#[tokio::test]
async fn whoever_follows_one_that_is_leaving_may_stop() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    app.follow(&bob, &ana).await;
    app.leaves(&ana).await;
    let follow = ana.api("/follow");
    app.api().of(&bob).delete(&follow).await.expect(204);
    assert_eq!(app.count("follows").await, 0);
    assert_eq!(app.counts(&bob).await, (0, 0));
    // To everybody else the account is not there.
    for person in [&bob, &eve] {
        let answer = app.api().of(person).delete(&follow).await;
        answer.error(404, "USER_NOT_FOUND");
    }
}
