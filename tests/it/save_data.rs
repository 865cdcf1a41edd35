//! Browsers that ask for little (`Save-Data: on`), or have a slow connection (`ECT`), get little.

use crate::support::{Answer, TestApp, png};

async fn page(app: &TestApp, path: &str, save_data: &str, cookies: &str) -> Answer {
    let request = app.api().request("GET", path);
    let request = request.header("Save-Data", save_data);
    request.header("Cookie", cookies).send().await.expect(200)
}

#[tokio::test]
async fn pictures_are_small_and_htmx_stays_away() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.api().of(&ana).upload(&png(200, 200)).await.expect(200);
    let visitor = app.signed_in(&ana).await;
    let session = &visitor.cookie("session").unwrap().value;
    let cookies = format!("session={session}");
    for path in ["/@ana", "/profile", "/timeline", "/register"] {
        let own = if path == "/register" { "" } else { &cookies };
        let (little, usual) = (
            page(&app, path, "on", own).await.text(),
            page(&app, path, "off", own).await.text(),
        );
        assert!(!little.contains("htmx-"), "{path}: {little}");
        assert!(usual.contains("htmx-"), "{path}");
        assert!(little.contains("/static/app-") || little.contains("/static/app."));
        assert!(!little.contains("-192.jpg"), "{path}: {little}");
    }
    let profile = page(&app, "/@ana", "on", "").await;
    assert!(
        profile.text().contains("-96.jpg\" alt=\"\" width=\"96\""),
        "{}",
        profile.text()
    );
    let vary = profile.header("vary").unwrap();
    assert!(vary.contains("Save-Data"), "{vary}");
    assert!(
        page(&app, "/@ana", "off", "")
            .await
            .text()
            .contains("-192.jpg")
    );
    assert_ne!(
        profile.header("etag"),
        page(&app, "/@ana", "off", "").await.header("etag")
    );
}

#[tokio::test]
async fn a_slow_connection_gets_the_small_picture() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.api().of(&ana).upload(&png(200, 200)).await.expect(200);
    for (connection, size) in [
        ("slow-2g", 96),
        ("2g", 96),
        ("3g", 96),
        ("4g", 192),
        ("?", 192),
    ] {
        let request = app.api().request("GET", "/@ana").header("ECT", connection);
        let page = request.send().await.expect(200);
        assert!(
            page.text().contains(&format!("-{size}.jpg")),
            "{connection}"
        );
        assert_eq!(page.header("accept-ch"), Some("ECT"));
        let vary = page.header("vary").unwrap();
        assert!(vary.contains("ECT"), "{vary}");
    }
}
