//! What nginx lets one address, and one person, do in a minute.

use crate::{
    nginx::behind_nginx,
    support::{Answer, Api, Nginx, TestApp},
};
use std::time::Instant;

const ANONYMOUS: usize = 100;

/// Asks until the answer is 429: it, and how many went before. A place comes back every 0.6 s.
async fn until_limited(api: &Api, path: &str) -> (Answer, usize) {
    let begin = Instant::now();
    for count in 0..ANONYMOUS * 3 {
        let answer = api.get(path).await;
        if answer.status == 429 {
            let regained = begin.elapsed().as_millis() / 600 + 1;
            let most = ANONYMOUS + usize::try_from(regained).unwrap();
            assert!(
                (ANONYMOUS..=most).contains(&count),
                "{count} of at most {most}"
            );
            return (answer, count);
        }
    }
    panic!("{path} is not limited");
}

async fn exhaust(nginx: &Nginx) {
    until_limited(&nginx.api(), "/robots.txt").await;
}

#[tokio::test]
async fn an_address_without_a_log_in_has_100_requests_a_minute() {
    let (_app, nginx) = behind_nginx().await;
    let (answer, _) = until_limited(&nginx.api(), "/api/health").await;
    answer.error(429, "RATE_LIMITED");
    assert_eq!(answer.header("retry-after"), Some("60"));
    nginx.api_from(9).get("/api/health").await.expect(200);
}

#[tokio::test]
async fn files_are_free() {
    let (app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    let css = users_service::web::asset("app.css");
    for _ in 0..ANONYMOUS {
        nginx.api().get(&css).await.expect(200);
    }
    let ana = app.person("ana").await;
    let uploaded = app
        .api()
        .of(&ana)
        .upload(&crate::support::png(16, 16))
        .await
        .expect(200);
    let avatar = uploaded.json()["avatar_url"]
        .as_str()
        .unwrap()
        .replace(&nginx.url, "");
    nginx.api().get(&avatar).await.expect(200);
}

#[tokio::test]
async fn somebody_logged_in_is_counted_as_a_person() {
    let (app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    let ana = app.person("ana").await;
    for _ in 0..ANONYMOUS + 20 {
        nginx.api().of(&ana).get("/api/users/me").await.expect(200);
    }
    let cookie = "__Host-session=abcdefghijklmnopqrstuv";
    let page = nginx
        .api()
        .request("GET", "/robots.txt")
        .header("Cookie", cookie)
        .send()
        .await;
    page.expect(200);
}

#[tokio::test]
async fn an_invented_log_in_opens_no_door_to_guessing() {
    let (_app, nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    for path in [
        "/login",
        "/register",
        "/register/check",
        "/verify",
        "/api/auth/login",
        "/api/v1/auth/register",
        "/%6cogin",
    ] {
        let request = nginx
            .api()
            .bearer(&format!("a.b.{}", "c".repeat(40)))
            .request("POST", path);
        let cookie = "session=abcdefghijklmnopqrstuv; refresh_token=abcdefghijklmnopqrstuv";
        let answer = request.header("Cookie", cookie).send().await;
        assert_eq!(answer.status, 429, "{path}");
    }
    // What is no token is nobody's.
    for odd in ["x", "a.b.c"] {
        nginx
            .api()
            .bearer(odd)
            .get("/api/users/me")
            .await
            .error(429, "RATE_LIMITED");
    }
}

#[tokio::test]
async fn a_limit_is_told_as_a_page_to_people() {
    let (_app, nginx): (TestApp, Nginx) = behind_nginx().await;
    exhaust(&nginx).await;
    let mut visitor = nginx.visitor();
    let page = visitor.open("/login").await;
    assert_eq!((page.status, page.header("retry-after")), (429, Some("60")));
    page.shows("Too many requests")
        .shows("Try again in a minute");
}
