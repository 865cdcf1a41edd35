//! What nginx lets one address, and one person, do in a minute.

use crate::{
    nginx::behind_nginx,
    support::{Answer, Api, Nginx},
};
use std::time::Instant;

const ANONYMOUS: usize = 100;
/// Looks like a session.
const SESSION: &str = "__Host-session=abcdefghijklmnopqrstuv";

/// Asks until the answer is 429: it, and how many others came before. A place comes back every
/// 0.6 s, so a slow machine may see some more than the limit.
async fn until_limited<F: Future<Output = Answer>>(ask: impl Fn() -> F) -> (Answer, usize) {
    let begin = Instant::now();
    for count in 0..ANONYMOUS * 3 {
        let answer = ask().await;
        if answer.status == 429 {
            let regained = begin.elapsed().as_millis() / 600 + 1;
            let most = ANONYMOUS + usize::try_from(regained).unwrap();
            assert!(count <= most, "{count} of at most {most}");
            return (answer, count);
        }
    }
    panic!("never limited");
}

/// Leaves the address nothing.
async fn exhaust(nginx: &Nginx) -> usize {
    until_limited(|| async { nginx.api().get("/robots.txt").await })
        .await
        .1
}

#[tokio::test]
async fn an_address_without_a_log_in_has_100_requests_a_minute() {
    let (_app, nginx) = behind_nginx().await;
    let api = nginx.api();
    let (answer, before) = until_limited(|| async { api.get("/api/health").await }).await;
    assert!(before >= ANONYMOUS, "{before}");
    answer.error(429, "RATE_LIMITED");
    assert_eq!(answer.header("retry-after"), Some("60"));
    nginx.api_from(9).get("/api/health").await.expect(200);
}

#[tokio::test]
async fn a_limit_is_told_as_a_page_to_people() {
    let (_app, nginx) = behind_nginx().await;
    let api = nginx.api();
    let ask = || async {
        let request = api.request("GET", "/login").header("Accept", "text/html");
        request.send().await
    };
    let (page, _) = until_limited(ask).await;
    assert_eq!(page.header("retry-after"), Some("60"));
    assert!(page.text().contains("<h1>Too many requests</h1>"));
    assert!(page.text().contains("Try again in a minute."));
}

#[tokio::test]
async fn files_are_free() {
    let (app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    let css = users_service::web::asset("app.css");
    for _ in 0..ANONYMOUS {
        nginx.api().get(css).await.expect(200);
    }
    let ana = app.person("ana").await;
    let picture = crate::support::png(16, 16);
    let uploaded = app.api().of(&ana).upload(&picture).await.expect(200);
    let avatar = uploaded.json()["avatar_url"].as_str().unwrap().to_owned();
    let path = avatar.replace(&nginx.url, "");
    nginx.api().get(&path).await.expect(200);
}

#[tokio::test]
async fn somebody_logged_in_is_counted_as_a_person() {
    let (app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    let ana = app.person("ana").await;
    let api = nginx.api().of(&ana);
    for _ in 0..ANONYMOUS + 20 {
        api.get("/api/users/me").await.expect(200);
    }
    let page = nginx.api().request("GET", "/robots.txt");
    page.header("Cookie", SESSION).send().await.expect(200);
}

#[tokio::test]
async fn a_browser_that_is_to_be_renewed_is_counted_as_a_person_whatever_the_length_of_its_token() {
    let (_app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    for length in [43, 102, 128] {
        let cookies = format!("refresh_token={}", "r".repeat(length));
        let page = nginx.api().request("GET", "/robots.txt");
        page.header("Cookie", &cookies).send().await.expect(200);
    }
}

#[tokio::test]
async fn an_invented_log_in_opens_no_door_to_guessing() {
    let (_app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    let invented = nginx.api().bearer(&format!("a.b.{}", "c".repeat(40)));
    let cookies = format!("{SESSION}; refresh_token=abcdefghijklmnopqrstuv");
    for path in [
        "/login",
        "/register",
        "/register/check",
        "/verify",
        "/forgot-password",
        "/api/auth/login",
        "/api/v1/auth/register",
        "/%6cogin",
    ] {
        let knock = || invented.request("POST", path).header("Cookie", &cookies);
        let (_, before) = until_limited(|| knock().send()).await;
        assert!(before < ANONYMOUS / 2, "{path} has an allowance of its own");
    }
}

#[tokio::test]
async fn what_is_no_token_is_nobodys() {
    let (_app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    for odd in ["x", "a.b.c", "a b"] {
        let api: Api = nginx.api().bearer(odd);
        let (_, before) = until_limited(|| async { api.get("/api/users/me").await }).await;
        assert!(before < ANONYMOUS / 2, "{odd} has an allowance of its own");
    }
}
