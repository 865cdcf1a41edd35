//! What particular pages say, and that every link leads somewhere.

use super::pages::village;
use crate::support::TestApp;
use std::collections::{BTreeSet, HashSet};

#[tokio::test]
async fn titles_tell_pages_apart() {
    let (app, mut visitor) = village().await;
    let mut stranger = app.visitor();
    let mut titles = BTreeSet::new();
    let mut count = 0;
    for path in ["/", "/login", "/register", "/nowhere"] {
        count += 1;
        titles.insert(stranger.open(path).await.title());
    }
    for path in [
        "/timeline",
        "/profile",
        "/profile/edit",
        "/@bob",
        "/@bob/followers",
        "/@bob/following",
        "/settings",
        "/settings/email",
        "/settings/password",
        "/settings/username",
    ] {
        count += 1;
        titles.insert(visitor.open(path).await.title());
    }
    assert_eq!(titles.len(), count, "{titles:?}");
}

#[tokio::test]
async fn every_link_leads_somewhere() {
    let (app, mut visitor) = village().await;
    let mut waiting = vec!["/timeline".to_owned()];
    let mut seen = HashSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) || seen.len() > 60 {
            continue;
        }
        let page = visitor.open(&path).await;
        assert_eq!(page.status, 200, "{path}");
        if !page
            .header("content-type")
            .unwrap_or_default()
            .starts_with("text/html")
        {
            continue;
        }
        let links = page.all("a[href], link[href], script[src], img[src]");
        for link in links {
            let address = link.attr("href").or(link.attr("src")).unwrap();
            let address = address.strip_prefix(app.public_url()).unwrap_or(address);
            let path = address.split('#').next().unwrap();
            if path.starts_with('/') && !path.starts_with("/docs") {
                waiting.push(path.to_owned());
            }
        }
    }
    assert!(seen.len() > 8, "{seen:?}");
}

#[tokio::test]
async fn the_front_page_says_what_this_is_and_leads_on() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let page = visitor.open("/").await;
    assert_eq!(page.status, 200);
    let hrefs: Vec<_> = page
        .all("a[href]")
        .iter()
        .map(|l| l.attr("href").unwrap().to_owned())
        .collect();
    assert!(
        hrefs.contains(&"/register".to_owned()) && hrefs.contains(&"/login".to_owned()),
        "{hrefs:?}"
    );
}

#[tokio::test]
async fn signed_in_pages_have_log_out_in_their_header() {
    let (_app, mut visitor) = village().await;
    for path in [
        "/timeline",
        "/profile",
        "/profile/edit",
        "/@bob",
        "/@bob/followers",
        "/@bob/following",
    ] {
        let page = visitor.open(path).await;
        let header = page.all("header button");
        assert!(
            header.iter().any(|button| button.name == "Log out"),
            "{path}: {header:?}"
        );
        assert!(!page.links().contains(&"Log in".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn the_docs_are_a_page_without_third_parties() {
    let app = TestApp::start().await;
    let page = app.api().get("/docs").await.expect(200);
    let html = page.text();
    for third in ["src=\"http", "href=\"http", "src=\"//", "@import"] {
        assert!(!html.contains(third), "{third}");
    }
    for path in ["/auth/register", "/users/{id}/followers"] {
        assert!(html.contains(path), "{path}");
    }
}

#[tokio::test]
async fn mails_can_be_read_in_the_browser_in_development_only() {
    let app = TestApp::with(&[]).await;
    let mail_dir = format!("file:{}", app.data_dir.path().join("mail").display());
    let development = TestApp::with(&[("EMAIL_URL", &mail_dir)]).await;
    let ana = development.unverified("ana").await;
    development.mails_are_out().await;
    let mut visitor = development.visitor();
    let page = visitor.open("/dev/mail").await;
    assert_eq!(page.status, 200);
    page.shows(&ana.email);
    let first = page.all("main a[href^='/dev/mail/']");
    let path = first
        .first()
        .expect("a mail")
        .attr("href")
        .unwrap()
        .to_owned();
    let mail = visitor.open(&path).await;
    assert_eq!(mail.status, 200);
    let links = mail.all("a[href]");
    let link = links
        .iter()
        .find(|l| l.attr("href").unwrap().contains("/verify?token="));
    let link = link
        .expect("the link can be followed")
        .attr("href")
        .unwrap()
        .to_owned();
    visitor.open(&link).await;
    visitor.press("Verify email address").await;
    assert_eq!(development.count("users where email_verified").await, 1);
    for odd in [
        "/dev/mail/nothing",
        "/dev/mail/..%2f..%2fjwt-private-key.pem",
        "/dev/mail/%00",
    ] {
        assert_eq!(visitor.open(odd).await.status, 404, "{odd}");
    }

    let production = TestApp::with(&[("APP_ENV", "production"), ("EMAIL_URL", &mail_dir)]).await;
    let mut visitor = production.visitor();
    assert_eq!(visitor.open("/dev/mail").await.status, 404);
    assert_eq!(visitor.open(&path).await.status, 404);
}
