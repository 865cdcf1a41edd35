//! USER-STORY-003: uploading a picture over JSON.

use crate::support::{Api, TestApp, assert_keys, jpeg, png, png_of_exactly};
use serde_json::{Value, json};

const LIMIT: usize = 2_097_152;

async fn avatar_url(api: &Api) -> Value {
    api.get("/users/me").await.expect(200).json()["avatar_url"].clone()
}

#[tokio::test]
async fn user_story_003_s3_avatar_upload_accepted() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    for (bytes, name, kind) in [
        (png(50, 30), "a.png", "image/png"),
        (jpeg(30, 50), "a.jpg", "image/jpeg"),
    ] {
        let answer = api
            .upload_as("avatar", name, kind, &bytes)
            .await
            .expect(200)
            .json();
        assert_keys(&answer, "avatar_url");
        let url = answer["avatar_url"].as_str().unwrap();
        assert!(
            url.starts_with(&format!("{}/avatars/", app.public_url())),
            "{url}"
        );
        assert_eq!(avatar_url(&api).await, url);
        assert_eq!(app.api().get(&ana.api("")).await.json()["avatar_url"], url);
    }
}

#[tokio::test]
async fn user_story_003_s4_oversized_avatar_rejected() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let old = api.upload(&png(8, 8)).await.expect(200).json()["avatar_url"].clone();
    for size in [LIMIT + 1, LIMIT + 100_000, 5 * LIMIT, 8 * LIMIT - 1_024] {
        api.upload(&png_of_exactly(size))
            .await
            .error(422, "AVATAR_TOO_LARGE");
    }
    assert_eq!(avatar_url(&api).await, old, "the old picture is untouched");
}

#[tokio::test]
async fn exactly_2_097_152_bytes_pass() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.api()
        .of(&ana)
        .upload(&png_of_exactly(LIMIT))
        .await
        .expect(200);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_the_old_one_stays() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let old = api.upload(&png(8, 8)).await.expect(200).json()["avatar_url"].clone();
    let truncated = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() * 2 / 3);
        bytes
    };
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    for bytes in [
        vec![],
        b"x".to_vec(),
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;".to_vec(),
        b"BM0000".to_vec(),
        b"%PDF-1.7".to_vec(),
        svg,
        truncated(png(64, 64)),
        truncated(jpeg(64, 64)),
        png(64, 64)[..8].to_vec(),
        jpeg(64, 64)[..3].to_vec(),
    ] {
        api.upload(&bytes).await.error(422, "AVATAR_INVALID");
    }
    assert_eq!(avatar_url(&api).await, old);
    assert_eq!(app.count("avatars").await, 1);
}

#[tokio::test]
async fn too_many_pixels_are_refused_by_the_header_alone() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let sized = |width: u32, height: u32| {
        let mut bytes = png(1, 1);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crate::support::crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    };
    for (width, height) in [
        (8_193, 1),
        (1, 8_193),
        (6_400, 6_400),
        (30_000, 30_000),
        (u32::MAX, 1),
    ] {
        api.upload(&sized(width, height))
            .await
            .error(422, "AVATAR_INVALID");
    }
    api.upload(&png(8_192, 2)).await.expect(200);
}

#[tokio::test]
async fn without_a_field_avatar_it_is_named_as_missing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    api.upload_as("picture", "a.png", "image/png", &png(8, 8))
        .await
        .invalid("avatar");
    // What a browser sends for a form without any field.
    let empty = "multipart/form-data; boundary=x";
    api.request("PUT", "/users/me/avatar")
        .body(empty, "--x--\r\n")
        .send()
        .await
        .invalid("avatar");
}

#[tokio::test]
async fn other_bodies_are_415_and_broken_multipart_is_400() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let put = |kind: &'static str, body: Vec<u8>| {
        let api = app.api().of(&ana);
        async move {
            api.request("PUT", "/users/me/avatar")
                .body(kind, body)
                .send()
                .await
        }
    };
    for kind in [
        "image/png",
        "application/json",
        "application/x-www-form-urlencoded",
    ] {
        put(kind, png(8, 8))
            .await
            .error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let head = "--x\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a\"\r\n\r\n";
    for (kind, body) in [
        ("multipart/form-data", b"--x--\r\n".to_vec()),
        ("multipart/form-data; boundary=x", b"no parts".to_vec()),
        (
            "multipart/form-data; boundary=x",
            format!("{head}half a pict").into_bytes(),
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Dispo".to_vec(),
        ),
    ] {
        put(kind, body).await.error(400, "MALFORMED_REQUEST");
    }
}

#[tokio::test]
async fn a_file_name_is_not_looked_at() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for name in [
        "../../../etc/passwd",
        "a.php",
        "\u{202e}gnp.exe",
        &"x".repeat(5_000),
    ] {
        let answer = app
            .api()
            .of(&ana)
            .upload_as("avatar", name, "text/html", &png(8, 8))
            .await;
        let url = answer.expect(200).json()["avatar_url"]
            .as_str()
            .unwrap()
            .to_owned();
        let file = url.rsplit('/').next().unwrap();
        let stem = file.strip_suffix(".jpg").unwrap();
        assert!(stem.bytes().all(|b| b.is_ascii_hexdigit()), "{file}");
    }
}

#[tokio::test]
async fn taking_the_picture_away_is_204_and_idempotent() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let url = api.upload(&png(8, 8)).await.expect(200).json()["avatar_url"].clone();
    let path = url
        .as_str()
        .unwrap()
        .strip_prefix(app.public_url())
        .unwrap()
        .to_owned();
    for _ in 0..2 {
        assert!(
            api.delete("/users/me/avatar")
                .await
                .expect(204)
                .body
                .is_empty()
        );
        assert_eq!(avatar_url(&api).await, Value::Null);
    }
    app.api().get(&path).await.expect(404);
    assert_eq!(
        std::fs::read_dir(app.data_dir.path().join("avatars"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_patch_takes_back_ones_own_picture_and_nobody_elses() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let own = app
        .api()
        .of(&ana)
        .upload(&png(8, 8))
        .await
        .expect(200)
        .json();
    let api = app.api().of(&ana);
    api.patch("/users/me", json!({ "avatar_url": "https://a.example/b" }))
        .await
        .expect(200);
    let back = api.patch("/users/me", own.clone()).await.expect(200).json();
    assert_eq!(back["avatar_url"], own["avatar_url"]);
    app.api()
        .of(&bob)
        .patch("/users/me", own)
        .await
        .invalid("avatar_url");
    let never =
        json!({ "avatar_url": format!("{}/avatars/{}.jpg", app.public_url(), "0".repeat(32)) });
    api.patch("/users/me", never).await.invalid("avatar_url");
}
