//! USER-FE-003: one's own profile in a browser without script, and what htmx gets.

use crate::support::{TestApp, Visitor, png};
use serde_json::json;

async fn at_profile(app: &TestApp, username: &str) -> Visitor {
    let person = app.person(username).await;
    let mut visitor = app.signed_in(&person).await;
    visitor.open("/profile").await;
    visitor
}

#[tokio::test]
async fn user_fe_003_1_s1_profile_page_renders_current_data() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    let api = app.api();
    let body = json!({ "display_name": "Ana Banana", "bio": "Likes <b>fruit</b>\nand tea" });
    api.of(&ana).patch("/users/me", body).await.expect(200);
    let avatar = api.of(&ana).upload(&png(20, 20)).await.expect(200).json();
    api.of(&bob).act(&ana.api("/follow")).await.expect(201);
    for followee in [&bob, &eve] {
        api.of(&ana).act(&followee.api("/follow")).await.expect(201);
    }
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/profile").await;
    assert_eq!(page.status, 200);
    page.shows("Ana Banana")
        .shows("ana")
        .shows("Likes <b>fruit</b>")
        .shows("and tea");
    assert!(page.link("1 follower").is_some(), "{:?}", page.links());
    assert!(page.link("2 following").is_some());
    let file = avatar["avatar_url"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let stem = file.strip_suffix(".jpg").unwrap();
    let images = page.all("img[src]");
    let shown = images
        .iter()
        .any(|image| image.attr("src").unwrap().contains(stem));
    assert!(shown, "{images:?}");
}

#[tokio::test]
async fn user_story_003_s1_own_profile_is_displayed() {
    let app = TestApp::start().await;
    let visitor = at_profile(&app, "ana").await;
    let page = visitor.page();
    page.shows("ana");
    assert!(page.link("0 followers").is_some() && page.link("0 following").is_some());
    assert!(page.link("Edit profile").is_some() || page.has_button("Edit profile"));
    assert!(page.has_button("Log out"));
}

#[tokio::test]
async fn user_fe_003_2_s1_edits_are_saved_and_reflected() {
    let app = TestApp::start().await;
    let mut visitor = at_profile(&app, "ana").await;
    visitor.click("Edit profile").await;
    let page = visitor.page();
    assert_eq!((page.status, page.path()), (200, "/profile/edit"));
    let typed = [("Display name", "Ana B."), ("Bio", "First\nSecond")];
    let page = visitor.send("Save", &typed).await;
    assert_eq!(page.redirects.first().map(|r| r.0), Some(303));
    assert_eq!((page.status, page.path()), (200, "/profile"));
    page.shows("Ana B.").shows("First").shows("Second");
    let page = visitor.click("Edit profile").await;
    assert_eq!(page.field("Display name").value, "Ana B.");
    assert_eq!(page.field("Bio").value.trim(), "First\nSecond");
    let page = visitor.send("Save", &[("Display name", "")]).await;
    assert!(!page.has("Ana B.") && page.has("Second"));
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_and_what_was_typed_is_kept() {
    let app = TestApp::start().await;
    let mut visitor = at_profile(&app, "ana").await;
    visitor.open("/profile/edit").await;
    let (name, bio) = ("n".repeat(101), "b".repeat(301));
    let page = visitor
        .send("Save", &[("Display name", &name), ("Bio", &bio)])
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(page.field("Display name").value, name);
    assert_eq!(page.field("Bio").value.trim(), bio);
    for label in ["Display name", "Bio"] {
        let field = page.field(label);
        assert!(
            field.is_invalid() && !field.description.is_empty(),
            "{field:?}"
        );
    }
    assert_eq!(app.count("users where display_name is not null").await, 0);
}

#[tokio::test]
async fn with_htmx_edit_and_save_swap_a_part_of_the_page() {
    let app = TestApp::start().await;
    let mut visitor = at_profile(&app, "ana").await;
    let form = visitor.htmx_click("Edit profile").await;
    assert_eq!(form.status, 200);
    assert!(!form.html().contains("<html"), "a part, not a page");
    assert!(form.has_button("Save"));

    // The same form as the page for those without script.
    visitor.open("/profile/edit").await;
    let saved = visitor
        .htmx("Save", &[("Display name", "Ana B."), ("Bio", "Hi")])
        .await;
    assert_eq!(saved.status, 200);
    assert!(!saved.html().contains("<html"));
    saved.shows("Ana B.").shows("Hi");
    assert!(!saved.has_button("Save"));
    let refused = visitor.htmx("Save", &[("Bio", &"b".repeat(301))]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.field("Bio").is_invalid());
}

#[tokio::test]
async fn user_fe_003_2_s2_a_picture_is_uploaded_without_script_too() {
    let app = TestApp::start().await;
    let mut visitor = at_profile(&app, "ana").await;
    visitor.open("/profile/edit").await;
    let mut form = visitor.form("Upload picture");
    assert_eq!(form.attr("enctype"), Some("multipart/form-data"));
    form.choose(&png(30, 20));
    let page = visitor.submit(&form).await;
    assert_eq!(page.status, 200);
    let url: String = app.value("select avatar_url from users.users", &[]).await;
    assert!(url.starts_with(&format!("{}/avatars/", app.public_url())));
    let path = url.strip_prefix(app.public_url()).unwrap();
    assert_eq!(
        app.api().get(path).await.expect(200).header("content-type"),
        Some("image/jpeg")
    );
}

#[tokio::test]
async fn a_bad_picture_is_refused_with_the_form() {
    let app = TestApp::start().await;
    let mut visitor = at_profile(&app, "ana").await;
    for bytes in [b"no picture".to_vec(), vec![], vec![0; 2_097_153]] {
        visitor.open("/profile/edit").await;
        let mut form = visitor.form("Upload picture");
        form.choose(&bytes);
        let page = visitor.submit(&form).await;
        assert_eq!(page.status, 422, "{} bytes", bytes.len());
        assert!(page.has_button("Upload picture"));
    }
    assert_eq!(app.count("users where avatar_url is not null").await, 0);
}

#[tokio::test]
async fn a_foreign_picture_is_shown_only_from_hosts_that_are_listed() {
    for (hosts, shown) in [("", false), ("pics.example,b.example", true)] {
        let app = TestApp::with(&[("AVATAR_URL_HOSTS", hosts)]).await;
        let ana = app.person("ana").await;
        let address = "https://pics.example/a.png";
        let body = json!({ "avatar_url": address });
        app.api()
            .of(&ana)
            .patch("/users/me", body)
            .await
            .expect(200);
        let mut visitor = app.visitor();
        let page = visitor.open("/@ana").await;
        let images = page.all("img");
        let found = images
            .iter()
            .any(|image| image.attr("src") == Some(address));
        assert_eq!(found, shown, "{images:?}");
        let policy = page.header("content-security-policy").unwrap();
        assert_eq!(policy.contains("pics.example"), shown, "{policy}");
    }
}

#[tokio::test]
async fn what_people_write_about_themselves_is_text_not_html() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let hostile = "\"><svg onload=alert(1)>{{7*7}}</title>";
    let body = json!({ "display_name": hostile, "bio": hostile });
    app.api()
        .of(&ana)
        .patch("/users/me", body)
        .await
        .expect(200);
    let mut visitor = app.signed_in(&ana).await;
    for path in ["/profile", "/profile/edit", "/@ana"] {
        let page = visitor.open(path).await;
        assert!(page.all("svg[onload]").is_empty());
        assert!(!page.html().contains("<svg onload"), "{path}");
    }
    assert_eq!(
        visitor
            .open("/profile/edit")
            .await
            .field("Display name")
            .value,
        hostile
    );
}
