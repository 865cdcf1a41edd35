//! What an upload that is refused is told: the true reason, what to do, and when to come back.

use crate::support::{JpegWriter, PngWriter, TestApp, jpeg, png};
use time::Duration;

/// A JPEG with these samples of brightness and colours.
fn sampled(samples: [(u8, u8); 3]) -> JpegWriter {
    let components = samples.iter().zip(1..);
    let components: Vec<_> = components
        .map(|(samples, id)| (id, samples.0, samples.1, [90, 120, 150, 180]))
        .collect();
    JpegWriter::new(&components)
}

fn framed(marker: u8) -> JpegWriter {
    let mut jpeg = sampled([(1, 1); 3]);
    jpeg.frame = marker;
    jpeg
}

#[tokio::test]
async fn a_picture_that_cant_be_read_is_told_why_and_what_to_do() {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let mut endless = sampled([(1, 1); 3]);
    endless.has_end = false;
    let mut deep = framed(0xc1);
    deep.precision = 12;
    let mut progressive = framed(0xc2);
    (progressive.width, progressive.height) = (6_320, 6_320);
    let mut inks = JpegWriter::new(&[1, 2, 3, 4].map(|id| (id, 1, 1, [0; 4])));
    (inks.width, inks.height) = (6_320, 6_320);
    let mut split = sampled([(2, 2), (1, 1), (1, 1)]);
    split.is_split = true;
    let two = JpegWriter::new(&[(1, 1, 1, [0; 4]), (2, 1, 1, [0; 4])]);
    let interlaced = PngWriter::new(6, 8).sized(6_324, 6_324).interlaced();
    let half = jpeg(64, 64);
    for (file, words) in [
        (Vec::new(), "is empty"),
        (b"GIF89a\x01\0\x01\0".to_vec(), "not a JPEG or PNG"),
        (endless.bytes(), "end of the picture is missing"),
        (
            half[..half.len() / 2].to_vec(),
            "end of the picture is missing",
        ),
        (png(64, 64)[..90].to_vec(), "damaged"),
        (framed(0xc9).bytes(), "arithmetic coding"),
        (framed(0xca).bytes(), "arithmetic coding"),
        (framed(0xc3).bytes(), "lossless JPEG"),
        (framed(0xc5).bytes(), "hierarchical JPEG"),
        (deep.bytes(), "8 bits"),
        (two.bytes(), "number of colours"),
        (
            sampled([(1, 1), (2, 2), (1, 1)]).bytes(),
            "chroma subsampling",
        ),
        (
            sampled([(3, 1), (1, 1), (1, 1)]).bytes(),
            "chroma subsampling",
        ),
        (
            sampled([(2, 1), (1, 1), (2, 1)]).bytes(),
            "chroma subsampling",
        ),
        (split.bytes(), "chroma subsampling"),
        (progressive.bytes(), "without \"progressive\""),
        (inks.bytes(), "in RGB"),
        (interlaced.blank(), "without interlacing"),
        (PngWriter::new(0, 1).sized(8_193, 1).blank(), "8,192 pixels"),
    ] {
        let error = api.upload(&file).await.error(422, "AVATAR_INVALID");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(words),
            "{message:?} says nothing of {words:?}"
        );
    }
}

#[tokio::test]
async fn an_account_uploads_twenty_pictures_at_once_and_then_one_a_minute() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let api = app.api().of(&ana);
    let picture = png(8, 8);
    for _ in 0..20 {
        api.upload(&picture).await.expect(200);
    }
    let refused = api.upload(&picture).await;
    refused.error(429, "RATE_LIMITED");
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    app.api().of(&bob).upload(&picture).await.expect(200);
    app.clock.advance(Duration::seconds(wait));
    api.upload(&picture).await.expect(200);
    api.upload(&picture).await.error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn the_page_says_when_to_come_back_with_a_picture() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "upload_account=1+1/h")]).await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    for status in [200, 429] {
        visitor.open("/profile/edit").await;
        let mut form = visitor.form("Upload picture");
        form.choose(&png(30, 20));
        let page = visitor.submit(&form).await;
        assert_eq!(page.status, status);
        let tells = page.text().contains("Too many tries. Try again in 1 hour.");
        assert_eq!(tells, status == 429, "{}", page.text());
        assert_eq!(page.header("retry-after").is_some(), status == 429);
    }
}
