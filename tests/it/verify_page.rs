//! `/verify`: the link in the mail, in a browser without script.

use crate::support::{PASSWORD, TestApp};

const CONFIRM: &str = "Verify email address";
const REFUSE: &str = "This was not me";

#[tokio::test]
async fn opening_the_link_changes_nothing_pressing_the_button_does() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let link = app.sink.mail_to(&ana.email).await.link();
    app.mails_are_out().await;
    let before = app.dump().await;
    let mut visitor = app.visitor();
    for _ in 0..3 {
        let page = visitor.open(&link).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.h1(), CONFIRM);
        page.shows("ana");
        assert!(
            page.has_button(CONFIRM) && page.has_button(REFUSE),
            "{:?}",
            page.buttons()
        );
    }
    assert_eq!(app.dump().await, before);

    let page = visitor.press(CONFIRM).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text().to_lowercase().contains("verified"),
        "{}",
        page.text()
    );
    assert!(!page.has_button(CONFIRM));
    assert_eq!(app.count("users where email_verified").await, 1);
    let typed = [("Email", "ana@example.org"), ("Password", PASSWORD)];
    visitor.open("/login").await;
    assert_eq!(visitor.send("Log in", &typed).await.path(), "/timeline");
}

#[tokio::test]
async fn head_changes_nothing_either() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let link = app.sink.mail_to(&ana.email).await.link();
    let path = link.strip_prefix(app.public_url()).unwrap();
    app.mails_are_out().await;
    let before = app.dump().await;
    let answer = app.api().request("HEAD", path).send().await;
    assert!(matches!(answer.status, 200 | 303), "{}", answer.status);
    assert_eq!(app.dump().await, before);
}

#[tokio::test]
async fn no_page_or_address_that_leaves_the_browser_shows_the_token_to_others() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let mail = app.sink.mail_to(&ana.email).await;
    let mut visitor = app.visitor();
    let page = visitor.open(&mail.link()).await;
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let outside = page.all("[src^=http], link[href^=http]");
    assert!(outside.is_empty(), "{outside:?}");
}

#[tokio::test]
async fn this_was_not_me_deletes_the_unverified_account() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let link = app.sink.mail_to(&ana.email).await.link();
    let mut visitor = app.visitor();
    visitor.open(&link).await;
    let page = visitor.press(REFUSE).await;
    assert_eq!(page.status, 200);
    assert_eq!(app.count("users").await, 0);
    assert_eq!(
        app.count("outbox").await + app.count("email_verifications").await,
        0
    );
    let page = visitor.open(&link).await;
    assert!(page.status < 500 && !page.has_button(CONFIRM));
    app.person("ana").await;
}

#[tokio::test]
async fn once_verified_the_account_is_not_to_be_deleted_by_the_link() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let link = app.sink.mail_to(&ana.email).await.link();
    let mut late = app.visitor();
    late.open(&link).await;
    let mut visitor = app.visitor();
    visitor.open(&link).await;
    visitor.press(CONFIRM).await;
    assert!(!visitor.open(&link).await.has_button(REFUSE));
    let page = late.press(REFUSE).await;
    assert!(page.status < 500 && !page.text().to_lowercase().contains("deleted"));
    assert_eq!(app.count("users where email_verified").await, 1);
}

#[tokio::test]
async fn a_link_that_is_no_good_says_so() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let link = app.sink.mail_to(&ana.email).await.link();
    app.clock.advance(time::Duration::hours(25));
    for address in [
        link.as_str(),
        "/verify",
        "/verify?token=",
        "/verify?token=x",
        "/verify?token=%00",
        "/verify?token=%ff",
    ] {
        let mut visitor = app.visitor();
        let page = visitor.open(address).await;
        assert!(page.status < 500, "{address}: {}", page.status);
        assert!(!page.has_button(CONFIRM), "{address}");
        assert!(!page.h1().is_empty());
    }
    assert_eq!(app.count("users where email_verified").await, 0);
}

#[tokio::test]
async fn the_mail_names_the_account_and_offers_the_way_out() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let mail = app.sink.mail_to(&ana.email).await;
    for part in [mail.text(), mail.html()] {
        for said in ["ana", REFUSE, mail.link().as_str()] {
            assert!(part.contains(said), "{said:?} is not in {part}");
        }
    }
    let (from, to) = mail.addresses();
    assert_eq!(
        (from.as_str(), to),
        ("no-reply@example.org", vec![ana.email.clone()])
    );
    assert!(!mail.subject().is_empty());
}

#[tokio::test]
async fn verifying_opens_no_session() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let mut visitor = app.visitor();
    visitor
        .open(&app.sink.mail_to(&ana.email).await.link())
        .await;
    visitor.press(CONFIRM).await;
    assert_eq!(
        app.count("sessions").await + app.count("web_sessions").await,
        0
    );
    assert!(visitor.cookie("refresh_token").is_none());
}
