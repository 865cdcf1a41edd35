//! The signed-in home: whom to follow, in which order, and why.

use crate::support::{Element, Page, TestApp};
use users_service::services::follows;

/// The names in a section of the home, in order, with all that is said of them.
fn rows(page: &Page, section: &str) -> Vec<String> {
    let rows = page.all(&format!("section[aria-labelledby={section}] li.person"));
    rows.iter().map(|row: &Element| row.name.clone()).collect()
}

#[tokio::test]
async fn people_followed_by_those_one_follows_come_first_with_the_reason() {
    let app = TestApp::start().await;
    let [ana, bob, cem, two, one] = app.people(["ana", "bob", "cem", "two", "one"]).await;
    let [newest] = app.people(["newest"]).await;
    for (follower, followee) in [
        (&ana, &bob),
        (&ana, &cem),
        (&bob, &two),
        (&cem, &two),
        (&cem, &one),
        // Whom one follows already and oneself are nobody to suggest.
        (&bob, &cem),
        (&bob, &ana),
    ] {
        app.follow(follower, followee).await;
    }
    let nobody_yet = app.unverified("nobody_yet").await;
    app.follow(&bob, &nobody_yet).await;
    let page = app.signed_in(&ana).await.open("/timeline").await.clone();
    let rows = rows(&page, "to-follow");
    assert_eq!(rows.len(), 3, "{rows:?}");
    for (row, (person, why)) in rows.iter().zip([
        (&two, "Followed by 2 people you follow"),
        (&one, "Followed by 1 person you follow"),
        (&newest, ""),
    ]) {
        assert!(row.contains(&format!("@{}", person.username)), "{rows:?}");
        assert!(row.contains(why), "{rows:?}");
    }
    assert!(!rows[2].contains("Followed by"), "{rows:?}");
}

#[tokio::test]
async fn nobody_is_on_the_home_twice_and_the_section_stays_full() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let bob = app.person("bob").await;
    app.follow(&ana, &bob).await;
    // The newest eight follow ana, and bob follows one of them and one of the others.
    let crowd = app.crowd(18, "p").await;
    for id in crowd.iter().skip(10) {
        follows::follow(&app.app, *id, ana.id).await.unwrap();
    }
    for id in [crowd[0], crowd[17]] {
        follows::follow(&app.app, bob.id, id).await.unwrap();
    }
    let page = app.signed_in(&ana).await.open("/timeline").await.clone();
    let (suggested, lately) = (rows(&page, "to-follow"), rows(&page, "lately"));
    assert_eq!((suggested.len(), lately.len()), (8, 8), "{suggested:?}");
    for (row, id) in suggested.iter().zip([0, 9, 8, 7, 6, 5, 4, 3]) {
        assert!(row.contains(&format!("@p{id:04}")), "{suggested:?}");
    }
    for (row, id) in lately.iter().zip((10..18).rev()) {
        assert!(row.contains(&format!("@p{id:04}")), "{lately:?}");
    }
}

#[tokio::test]
async fn a_press_in_the_list_leads_back_to_the_home() {
    let app = TestApp::start().await;
    let [ana, _bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.press("Follow bob").await;
    assert_eq!(page.path(), "/timeline");
    assert_eq!(rows(page, "to-follow").len(), 0, "{}", page.text());
    page.shows("Nobody new right now");
}
