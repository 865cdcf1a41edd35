//! `GET /avatars/{name}`: what becomes of a picture, and how it is given out.

use crate::support::{TestApp, jpeg, png};
use image::GenericImageView;
use std::fs;

/// Uploads a picture: the path it is served under.
async fn uploaded(app: &TestApp, bytes: &[u8]) -> String {
    let ana = app.person("ana").await;
    let answer = app.api().of(&ana).upload(bytes).await.expect(200).json();
    let url = answer["avatar_url"].as_str().unwrap();
    url.strip_prefix(app.public_url()).unwrap().to_owned()
}

#[tokio::test]
async fn it_is_a_square_jpeg_of_400_pixels_that_never_changes() {
    let app = TestApp::start().await;
    let path = uploaded(&app, &png(600, 300)).await;
    let answer = app.api().get(&path).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let cache = answer.header("cache-control").unwrap();
    assert!(
        cache.contains("immutable") && cache.contains("max-age=31536000"),
        "{cache}"
    );
    let picture =
        image::load_from_memory_with_format(&answer.body, image::ImageFormat::Jpeg).unwrap();
    assert_eq!(picture.dimensions(), (400, 400));
    // The middle of the gradient: neither its left nor its right end.
    let red = picture.get_pixel(200, 200).0[0];
    assert!((100..156).contains(&red), "{red}");
    let (left, right) = (
        picture.get_pixel(0, 200).0[0],
        picture.get_pixel(399, 200).0[0],
    );
    assert!(
        (50..80).contains(&left) && (175..205).contains(&right),
        "{left} {right}"
    );
}

#[tokio::test]
async fn who_has_it_already_is_told_so_as_long_as_it_is_there() {
    let app = TestApp::start().await;
    let path = uploaded(&app, &png(60, 30)).await;
    let first = app.api().get(&path).await.expect(200);
    let tag = first.header("etag").unwrap().to_owned();
    let again = |tag: &str| {
        let call = app.api().request("GET", &path);
        call.header("If-None-Match", tag).send()
    };
    let known = again(&tag).await.expect(304);
    assert!(known.body.is_empty());
    for header in ["etag", "cache-control", "cross-origin-resource-policy"] {
        assert_eq!(known.header(header), first.header(header));
    }
    assert_eq!(again("\"other\"").await.expect(200).body, first.body);
    let smaller = path.replace(".jpg", "-96.jpg");
    let smaller = app.api().get(&smaller).await.expect(200);
    assert_ne!(smaller.header("etag"), Some(tag.as_str()));
    fs::remove_dir_all(app.data_dir.path().join("avatars")).unwrap();
    again(&tag).await.expect(404);
}

#[tokio::test]
async fn smaller_sizes_lie_beside_it() {
    let app = TestApp::start().await;
    let path = uploaded(&app, &png(600, 600)).await;
    let stem = path.strip_suffix(".jpg").unwrap();
    for side in [192, 96] {
        let answer = app
            .api()
            .get(&format!("{stem}-{side}.jpg"))
            .await
            .expect(200);
        let picture = image::load_from_memory(&answer.body).unwrap();
        assert_eq!(picture.dimensions(), (side, side));
    }
}

/// A JPEG with an Exif segment that says how to turn it, and where it was taken.
fn with_exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS-SECRET-PLACE");
    let plain = jpeg(80, 80);
    let mut bytes = plain[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&plain[2..]);
    bytes
}

#[tokio::test]
async fn it_stands_upright_and_nothing_but_pixels_survives() {
    let app = TestApp::start().await;
    let mut upload = with_exif(3);
    upload.extend(b"<script>alert('tail')</script>");
    let path = uploaded(&app, &upload).await;
    let answer = app.api().get(&path).await.expect(200);
    for trace in [&b"Exif"[..], b"GPS-SECRET", b"<script"] {
        assert!(
            !answer
                .body
                .windows(trace.len())
                .any(|window| window == trace)
        );
    }
    // Turned by 180 degrees: red grows to the left.
    let picture = image::load_from_memory(&answer.body).unwrap();
    assert!(picture.get_pixel(20, 200).0[0] > picture.get_pixel(380, 200).0[0]);
}

#[tokio::test]
async fn what_is_not_there_is_404_whatever_the_name() {
    let app = TestApp::start().await;
    let path = uploaded(&app, &png(8, 8)).await;
    fs::write(app.data_dir.path().join("secret.jpg"), "secret").unwrap();
    let upper = path
        .to_uppercase()
        .replace("/AVATARS/", "/avatars/")
        .replace(".JPG", ".jpg");
    for name in [
        "/avatars/nothing.jpg",
        "/avatars/",
        "/avatars/%2e%2e/secret.jpg",
        "/avatars/..%2fsecret.jpg",
        "/avatars/..%5csecret.jpg",
        "/avatars/%00.jpg",
        "/avatars/.",
        "/avatars/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        upper.as_str(),
        &path.replace(".jpg", "-400.jpg"),
        &path.replace(".jpg", ".png"),
        &format!("{path}/x"),
    ] {
        let answer = app
            .api()
            .request("GET", name)
            .header("Accept", "application/json")
            .send()
            .await;
        answer.error(404, "NOT_FOUND");
    }
    let raw = crate::support::exchange(
        app.addr(),
        "GET /avatars/../secret.jpg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert!(raw.await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn at_most_two_pictures_of_a_person_are_kept() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut paths = Vec::new();
    for side in [10, 20, 30, 40] {
        let answer = app
            .api()
            .of(&ana)
            .upload(&png(side, 40))
            .await
            .expect(200)
            .json();
        let url = answer["avatar_url"].as_str().unwrap();
        paths.push(url.strip_prefix(app.public_url()).unwrap().to_owned());
    }
    app.api().get(&paths[3]).await.expect(200);
    app.api().get(&paths[0]).await.expect(404);
    let files = fs::read_dir(app.data_dir.path().join("avatars"))
        .unwrap()
        .count();
    assert!(files <= 2 * 3, "{files} files");
}

#[tokio::test]
async fn two_people_with_the_same_picture_have_two() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let picture = png(8, 8);
    let first = app.api().of(&ana).upload(&picture).await.expect(200).json();
    let second = app.api().of(&bob).upload(&picture).await.expect(200).json();
    assert_ne!(first, second);
    app.api()
        .of(&ana)
        .delete("/users/me/avatar")
        .await
        .expect(204);
    let url = second["avatar_url"].as_str().unwrap();
    app.api()
        .get(url.strip_prefix(app.public_url()).unwrap())
        .await
        .expect(200);
}

#[tokio::test]
async fn a_replica_whose_clock_is_behind_shows_the_newest_picture_too() {
    let app = TestApp::start().await;
    let ahead = app.clock.wrong_by(time::Duration::seconds(5));
    let ahead = app.replica_with(ahead).await;
    let ana = app.person("ana").await;
    for (replica, side) in [(&ahead, 30), (&ahead, 40), (&app, 50)] {
        let upload = replica.api().of(&ana).upload(&png(side, side)).await;
        let answer = upload.expect(200).json();
        let url = answer["avatar_url"].as_str().unwrap();
        let path = url.strip_prefix(app.public_url()).unwrap();
        app.api().get(path).await.expect(200);
    }
}
