//! What may be kept, for how long, and how it is compressed.

use crate::support::{Answer, TestApp};
use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
use serde_json::json;
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn answers_of_auth_are_never_stored() {
    let app = TestApp::start().await;
    let api = app.api();
    for answer in [
        api.post("/auth/register", json!({})).await,
        api.post(
            "/auth/login",
            json!({ "email": "a@example.org", "password": "x" }),
        )
        .await,
        api.post("/auth/verify", json!({ "token": "x" })).await,
        api.post("/auth/verify/resend", json!({ "email": "x" }))
            .await,
        api.act("/auth/refresh").await,
        api.act("/auth/logout").await,
        api.get("/auth/login").await,
        api.get("/auth/nothing").await,
        api.act("/auth/login").await,
        api.post("/auth/login", json!([])).await,
        api.request("POST", "/auth/login")
            .header("Sec-Fetch-Site", "cross-site")
            .send()
            .await,
    ] {
        assert_eq!(
            answer.header("cache-control"),
            Some("no-store"),
            "{}",
            answer.status
        );
    }
}

#[tokio::test]
async fn pages_with_a_form_of_an_account_are_never_stored() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let link = app.sink.mail_to(&ana.email).await.link();
    let mut visitor = app.visitor();
    for path in [link.as_str(), "/login", "/register"] {
        let page = visitor.open(path).await;
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn signed_in_pages_are_never_stored() {
    let app = TestApp::start().await;
    let [ana, _bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    for path in [
        "/timeline",
        "/profile",
        "/profile/edit",
        "/@ana",
        "/@bob",
        "/@bob/followers",
        "/@ana/following",
        "/settings",
        "/settings/email",
        "/settings/password",
        "/settings/username",
    ] {
        let page = visitor.open(path).await;
        assert_eq!(
            (page.status, page.header("cache-control")),
            (200, Some("no-store")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn other_pages_are_asked_for_again_by_their_etag() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api();
    for path in ["/", "/@ana"] {
        let page = api.get(path).await.expect(200);
        assert_eq!(
            page.header("cache-control"),
            Some("private, no-cache"),
            "{path}"
        );
        let tag = page.header("etag").expect("an ETag").to_owned();
        assert_eq!(api.get(path).await.header("etag"), Some(tag.as_str()));
        for known in [tag.clone(), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = api
                .request("GET", path)
                .header("If-None-Match", &known)
                .send()
                .await;
            let again = again.expect(304);
            assert!(again.body.is_empty());
            assert_eq!(again.header("etag"), Some(tag.as_str()));
            assert_eq!(again.header("cache-control"), Some("private, no-cache"));
        }
        let other = api
            .request("GET", path)
            .header("If-None-Match", "\"other\"")
            .send()
            .await;
        other.expect(200);
    }
    let before = api.get("/@ana").await.header("etag").unwrap().to_owned();
    api.of(&ana)
        .patch("/users/me", json!({ "bio": "new" }))
        .await
        .expect(200);
    assert_ne!(api.get("/@ana").await.header("etag"), Some(before.as_str()));
}

#[tokio::test]
async fn profiles_and_lists_are_asked_for_again_by_their_etag() {
    let app = TestApp::start().await;
    let [ana, ben] = app.people(["ana", "ben"]).await;
    app.follow(&ben, &ana).await;
    app.follow(&ana, &ben).await;
    let api = app.api().of(&ana);
    let (by_id, followers, followees) = (ana.api(""), ana.api("/followers"), ana.api("/followees"));
    let by_ids = format!("/users?ids={},{}", ana.id, ben.id);
    for (path, cache) in [
        ("/users/me", "no-store"),
        (&by_id, "no-cache"),
        ("/users?username=ana", "no-cache"),
        (&by_ids, "no-cache"),
        (&followers, "private, no-cache"),
        (&followees, "private, no-cache"),
    ] {
        let first = api.get(path).await.expect(200);
        let tag = first.header("etag").expect("an ETag").to_owned();
        assert_eq!(first.header("cache-control"), Some(cache), "{path}");
        let in_list = format!("\"other\", {tag}");
        let strong = tag.trim_start_matches("W/");
        for (method, known) in [
            ("GET", &*tag),
            ("HEAD", &tag),
            ("GET", &in_list),
            ("GET", strong),
            ("GET", "*"),
        ] {
            let request = api.request(method, path).header("If-None-Match", known);
            let again = request.send().await.expect(304);
            assert!(again.body.is_empty());
            for name in ["etag", "cache-control", "vary"] {
                assert_eq!(again.header(name), first.header(name), "{path} {name}");
            }
            assert!(again.header("date").is_some() && again.header("content-type").is_none());
        }
        for other in ["W/\"other\"", "", "other"] {
            let request = api.request("GET", path).header("If-None-Match", other);
            assert_eq!(request.send().await.expect(200).body, first.body, "{path}");
        }
        let changed = json!({ "display_name": path });
        for person in [&ana, &ben] {
            let api = app.api().of(person);
            api.patch("/users/me", changed.clone()).await.expect(200);
        }
        let request = api.request("GET", path).header("If-None-Match", &tag);
        assert_ne!(
            request.send().await.expect(200).header("etag"),
            Some(&*tag),
            "{path}"
        );
    }
    let nobody = uuid::Uuid::nil();
    for (path, status) in [
        (format!("/users/{nobody}"), 404),
        ("/users".to_owned(), 422),
    ] {
        let request = api.request("GET", &path).header("If-None-Match", "*");
        assert_eq!(request.send().await.expect(status).header("etag"), None);
    }
    let request = app
        .api()
        .request("GET", "/users/me")
        .header("If-None-Match", "*");
    request.send().await.expect(401);
}

#[tokio::test]
async fn static_files_are_kept_for_ever_under_a_name_of_their_content() {
    let app = TestApp::start().await;
    let page = app.api().get("/login").await.text();
    let files: Vec<_> = page
        .split('"')
        .filter(|part| part.starts_with("/static/"))
        .collect();
    assert!(files.iter().any(|file| file.ends_with(".css")));
    assert!(files.iter().any(|file| file.ends_with(".js")));
    for file in files {
        let answer = app.api().get(file).await.expect(200);
        let cache = answer.header("cache-control").unwrap();
        assert!(
            cache.contains("immutable") && cache.contains("max-age="),
            "{cache}"
        );
        let kind = answer.header("content-type").unwrap();
        assert!(
            kind.starts_with("text/css") || kind.starts_with("text/javascript"),
            "{kind}"
        );
    }
}

async fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    let packed: &[u8] = &answer.body;
    match answer.header("content-encoding") {
        Some("br") => BrotliDecoder::new(packed)
            .read_to_end(&mut plain)
            .await
            .unwrap(),
        Some("gzip") => GzipDecoder::new(packed)
            .read_to_end(&mut plain)
            .await
            .unwrap(),
        other => panic!("{other:?}"),
    };
    plain
}

#[tokio::test]
async fn pages_and_static_files_are_compressed_as_asked() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let api = app.api();
    let page = api.get("/login").await.text();
    let css = page
        .split('"')
        .find(|part| part.ends_with(".css"))
        .unwrap()
        .to_owned();
    let js = page
        .split('"')
        .find(|part| part.ends_with(".js"))
        .unwrap()
        .to_owned();
    for path in ["/", "/@ana", css.as_str(), js.as_str()] {
        let plain = api.get(path).await.expect(200);
        assert_eq!(plain.header("content-encoding"), None);
        let vary = |answer: &Answer| {
            let all = answer.headers.get_all("vary").iter();
            all.map(|v| v.to_str().unwrap().to_lowercase())
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert!(
            vary(&plain).contains("accept-encoding"),
            "{path}: {:?}",
            vary(&plain)
        );
        for (accepted, coding) in [
            ("gzip, deflate, br, zstd", "br"),
            ("br", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip", "gzip"),
        ] {
            let packed = api
                .request("GET", path)
                .header("Accept-Encoding", accepted)
                .send()
                .await;
            assert_eq!(
                packed.header("content-encoding"),
                Some(coding),
                "{path} {accepted}"
            );
            assert!(packed.body.len() < plain.body.len());
            assert_eq!(unpacked(&packed).await, plain.body, "{path} {coding}");
            assert!(vary(&packed).contains("accept-encoding"));
        }
        for accepted in ["identity", "deflate", "br;q=0", ""] {
            let same = api
                .request("GET", path)
                .header("Accept-Encoding", accepted)
                .send()
                .await;
            assert_eq!(same.header("content-encoding"), None, "{path} {accepted:?}");
        }
    }
}

#[tokio::test]
async fn pages_of_errors_are_compressed_too() {
    let app = TestApp::start().await;
    for path in ["/nothing", "/@nobody"] {
        let request = app.api().request("GET", path);
        let packed = request.header("Accept-Encoding", "br").send().await;
        let packed = packed.expect(404);
        assert_eq!(packed.header("content-encoding"), Some("br"), "{path}");
        let page = String::from_utf8(unpacked(&packed).await).unwrap();
        assert!(page.contains("<h1"), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_page_and_its_parts_are_told_apart_by_caches() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let answer = app.api().get("/@ana").await;
    let vary = answer.headers.get_all("vary").iter();
    let vary: String = vary
        .map(|v| v.to_str().unwrap().to_lowercase() + ",")
        .collect();
    assert!(vary.contains("hx-request"), "{vary}");
}

#[tokio::test]
async fn the_key_set_may_be_kept_for_a_while() {
    let app = TestApp::start().await;
    let keys = app.api().get("/.well-known/jwks.json").await.expect(200);
    let cache = keys.header("cache-control").unwrap();
    assert!(
        cache.contains("max-age=") && !cache.contains("no-"),
        "{cache}"
    );
}

#[tokio::test]
async fn every_form_of_a_profile_page_shows_a_change_at_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for bio in ["first", "second", "first"] {
        let form = json!({ "bio": bio });
        app.api()
            .of(&ana)
            .patch("/users/me", form)
            .await
            .expect(200);
        let plain = app.api().get("/@ANA").await.expect(200);
        assert!(plain.text().contains(bio), "{}", plain.text());
        for coding in ["br", "gzip"] {
            for _ in ["made", "kept"] {
                let request = app.api().request("GET", "/@ana");
                let request = request.header("Accept-Encoding", coding);
                let packed = request.send().await.expect(200);
                assert_eq!(packed.header("content-encoding"), Some(coding));
                assert_eq!(packed.header("etag"), plain.header("etag"));
                assert_eq!(unpacked(&packed).await, plain.body);
            }
        }
    }
}
