//! Bodies that are no good: wrong type, too large, not JSON, too deep, not UTF-8.

use crate::support::{Answer, PASSWORD, TestApp};
use serde_json::json;

const JSON: &str = "application/json";
const LIMIT: usize = 64 * 1024;

async fn login(app: &TestApp, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    app.api()
        .request("POST", "/auth/login")
        .body(kind, body)
        .send()
        .await
}

/// A JSON object of exactly this many bytes.
fn object_of(size: usize) -> Vec<u8> {
    let frame = r#"{"x":""}"#.len();
    format!(r#"{{"x":"{}"}}"#, "x".repeat(size - frame)).into_bytes()
}

#[tokio::test]
async fn what_is_no_json_object_is_malformed() {
    let app = TestApp::start().await;
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b" ".to_vec(),
        b"email=a".to_vec(),
        b"{".to_vec(),
        b"{\"email\":}".to_vec(),
        b"{} {}".to_vec(),
        b"{}x".to_vec(),
        b"[]".to_vec(),
        b"[{}]".to_vec(),
        b"null".to_vec(),
        b"true".to_vec(),
        b"1".to_vec(),
        b"\"a\"".to_vec(),
        b"{'email':'a'}".to_vec(),
        b"{\"email\":\"a\",}".to_vec(),
        b"{\"email\":NaN}".to_vec(),
        b"// x\n{}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        b"{\"email\":\"\xff\"}".to_vec(),
        b"{\"email\":\"\xed\xa0\x80\"}".to_vec(),
        b"{\"email\":\"\xc0\x80\"}".to_vec(),
        b"{\"email\":\"\\ud800\"}".to_vec(),
        b"{\"email\":\"\\udc00\\ud800\"}".to_vec(),
        b"{\"email\":\"\\x\"}".to_vec(),
        b"{\"email\":\"a\nb\"}".to_vec(),
        b"{\"email\":\"a\0b\"}".to_vec(),
        b"{\"email\":\"a\",\"email\":\"b\"}".to_vec(),
        b"{\"email\":\"a\",\"\\u0065mail\":\"b\"}".to_vec(),
        b"{\"x\":1,\"x\":1}".to_vec(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = login(&app, JSON, body).await;
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        answer.error(400, "MALFORMED_REQUEST");
    }
}

#[tokio::test]
async fn deep_json_is_a_clear_error() {
    let app = TestApp::start().await;
    for key in ["x", "email"] {
        for depth in [127, 128, 1_000, 30_000] {
            let deep = format!("{{\"{key}\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
            let answer = login(&app, JSON, deep).await;
            assert!(matches!(answer.status, 400 | 422), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn every_endpoint_that_reads_json_refuses_the_same() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    for (method, path) in [
        ("POST", "/auth/register"),
        ("POST", "/auth/verify"),
        ("POST", "/auth/verify/resend"),
        ("POST", "/auth/login"),
        ("PATCH", "/users/me"),
    ] {
        let send = |kind: &'static str, body: Vec<u8>| {
            let request = api.request(method, path).body(kind, body);
            async move { request.send().await }
        };
        send(JSON, b"[]".to_vec())
            .await
            .error(400, "MALFORMED_REQUEST");
        send(JSON, b"{\"a\":1,\"a\":2}".to_vec())
            .await
            .error(400, "MALFORMED_REQUEST");
        send("text/plain", b"{}".to_vec())
            .await
            .error(415, "UNSUPPORTED_MEDIA_TYPE");
        send(JSON, object_of(LIMIT + 1))
            .await
            .error(413, "PAYLOAD_TOO_LARGE");
        api.request(method, path)
            .send()
            .await
            .error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
}

#[tokio::test]
async fn other_types_than_json_are_415() {
    let app = TestApp::start().await;
    for kind in [
        "text/plain",
        "text/html",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json-patch+json",
        "json",
        "*/*",
        "",
    ] {
        login(&app, kind, "{}")
            .await
            .error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    for kind in [
        JSON,
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;charset=UTF-8",
    ] {
        login(&app, kind, "{}")
            .await
            .error(422, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn json_and_forms_end_at_64_kib() {
    let app = TestApp::start().await;
    login(&app, JSON, object_of(LIMIT))
        .await
        .error(422, "VALIDATION_FAILED");
    for size in [LIMIT + 1, 200_000, 10 * 1024 * 1024] {
        login(&app, JSON, object_of(size))
            .await
            .error(413, "PAYLOAD_TOO_LARGE");
    }
    let form = format!("email={}", "x".repeat(LIMIT));
    let kind = "application/x-www-form-urlencoded";
    let answer = app
        .api()
        .request("POST", "/login")
        .body(kind, form)
        .send()
        .await;
    assert_eq!(answer.status, 413);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
}

#[tokio::test]
async fn bad_input_writes_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.mails_are_out().await;
    ana.session.open().await;
    let before = app.dump().await;
    let api = app.api().of(&ana);
    for value in [
        json!("\0"),
        json!("\u{202e}x"),
        json!("x".repeat(5_000)),
        json!(1),
        json!([[[]]]),
    ] {
        let body = json!({ "email": value, "username": value, "password": value });
        api.post("/auth/register", body)
            .await
            .error(422, "VALIDATION_FAILED");
        let body = json!({ "display_name": value, "bio": value, "avatar_url": value });
        api.patch("/users/me", body)
            .await
            .error(422, "VALIDATION_FAILED");
        let body = json!({ "email": value, "password": value });
        let answer = api.post("/auth/login", body).await;
        assert!(matches!(answer.status, 401 | 422), "{}", answer.text());
        let body = json!({ "token": value });
        api.post("/auth/verify", body).await.expect(422);
    }
    // But that somebody tried to log in, and how often.
    let dump = app.dump().await;
    let after: String = dump
        .split_inclusive('\n')
        .filter(|row| !row.contains("log_in_failed") && !row.contains("\"full_at\""))
        .collect();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_form_of_the_wrong_type_or_not_utf8_is_refused_in_html() {
    let app = TestApp::start().await;
    let form = "application/x-www-form-urlencoded";
    for (kind, body, status) in [
        (JSON, "{}", 415),
        ("text/plain", "email=a", 415),
        (form, "email=%ff%fe&username=a&password=b", 400),
        (form, "email=a&email=b", 400),
    ] {
        let request = app
            .api()
            .request("POST", "/register")
            .header("Sec-Fetch-Site", "same-origin");
        let answer = request.body(kind, body).send().await;
        assert!(
            answer.status == status || answer.status == 403,
            "{body}: {}",
            answer.status
        );
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
    assert_eq!(app.count("users").await, 0);
}

/// Every form of who is signed in.
const OWN_FORMS: [&str; 15] = [
    "/profile/edit",
    "/profile/avatar",
    "/profile/avatar/remove",
    "/settings/confirm",
    "/settings/devices/end",
    "/settings/devices/end-others",
    "/settings/delete",
    "/settings/export",
    "/settings/email",
    "/settings/email/cancel",
    "/settings/password",
    "/settings/username",
    "/@bob/follow",
    "/@bob/unfollow",
    "/@nobody/follow",
];

#[tokio::test]
async fn who_is_signed_out_logs_in_before_hearing_that_a_form_is_unreadable() {
    let app = TestApp::start().await;
    let [ana, _bob] = app.people(["ana", "bob"]).await;
    let cookies = app.signed_in(&ana).await.jar.header("/").unwrap();
    let form = "application/x-www-form-urlencoded";
    let too_large = "x".repeat(LIMIT + 1);
    for path in OWN_FORMS {
        let send = async |cookies: &str, kind: &str, body: &str| {
            let request = app.api().request("POST", path).header("Cookie", cookies);
            request.body(kind, body).send().await
        };
        let readable = send("", form, "x=1").await.expect(303);
        let to = readable.header("location").unwrap();
        assert!(to.starts_with("/login?next="), "{path}: {to}");
        for (kind, body, status) in [
            (JSON, "{}", 415),
            ("text/plain", "a", 415),
            (form, "session=%ff", 400),
            (form, "csrf=a&csrf=b", 400),
            (form, &too_large, 413),
        ] {
            let answer = send("", kind, body).await;
            let led = (answer.status, answer.header("location"));
            assert_eq!(led, (303, Some(to)), "{path}: {kind}");
            let answer = send(&cookies, kind, body).await;
            match path {
                // A picture is told what is wrong with its own kind of form.
                "/profile/avatar" => assert!(matches!(answer.status, 413 | 415 | 422)),
                _ => assert_eq!(answer.status, status, "{path}: {kind}"),
            }
        }
    }
}

#[tokio::test]
async fn the_longest_password_and_the_oddest_letters_do_no_harm() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    for (username, password) in [
        ("one", "\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}".to_owned()),
        ("two", "👨‍👩‍👧‍👦".repeat(30)),
        (
            "three",
            "\u{fffe}\u{fdd0}\u{e000}\u{202e}\u{2066}\u{feff}ab".to_owned(),
        ),
    ] {
        let email = format!("{username}@example.org");
        let body = json!({ "email": email, "username": username, "password": password });
        app.api().post("/auth/register", body).await.expect(201);
        let typed = json!({ "email": email, "password": password });
        app.api().post("/auth/login", typed).await.expect(200);
        let other = json!({ "email": email, "password": PASSWORD });
        app.api()
            .post("/auth/login", other)
            .await
            .error(401, "INVALID_CREDENTIALS");
    }
}
