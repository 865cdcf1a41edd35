//! The proof that every form of a page carries.

use crate::support::{PASSWORD, TestApp, Visitor};
use users_service::web;

/// A visitor whose browser is older than `Sec-Fetch-Site`: only the proof speaks for the form.
fn old(app: &TestApp) -> Visitor {
    let mut visitor = app.visitor();
    visitor.modern = false;
    visitor
}

/// The hidden fields of the form that a button sends.
fn hidden(visitor: &Visitor, button: &str) -> Vec<(String, String)> {
    let fields = visitor
        .form(button)
        .fields
        .into_iter()
        .filter(|field| field.kind == "hidden");
    fields.map(|field| (field.name, field.value)).collect()
}

#[tokio::test]
async fn the_proof_alone_is_enough_for_an_old_browser() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = old(&app);
    visitor.open("/login").await;
    visitor
        .send("Log in", &[("Email", &ana.email), ("Password", PASSWORD)])
        .await;
    assert_eq!(visitor.page().path(), "/timeline");
    visitor.open("/profile/edit").await;
    visitor.send("Save", &[("Display name", "Ana")]).await;
    visitor.page().shows("Ana");
    assert_eq!(visitor.press("Log out").await.status, 200);
}

#[tokio::test]
async fn without_a_good_proof_the_form_comes_back_as_it_was_filled_in() {
    let app = TestApp::start().await;
    app.person("ana").await;
    for forged in ["", "x", &"A".repeat(43), &"A".repeat(86), "\0"] {
        let mut visitor = old(&app);
        visitor.open("/register").await;
        let mut form = visitor.form("Create account");
        form.fill("Email", "bob@example.org")
            .fill("Username", "bob")
            .fill("Password", PASSWORD);
        let proofs = form
            .fields
            .iter_mut()
            .filter(|field| field.kind == "hidden");
        let changed = proofs
            .map(|field| forged.clone_into(&mut field.value))
            .count();
        assert!(changed > 0, "there is a proof in the form");
        let page = visitor.submit(&form).await;
        assert_eq!(page.status, 403, "{forged:?}");
        assert_eq!(page.field("Email").value, "bob@example.org");
        assert_eq!(page.field("Username").value, "bob");
        assert_eq!(page.field("Password").value, "");
        assert!(!page.html().contains(PASSWORD));
        // Sent once more from the page that came back, it is good.
        let page = visitor
            .send("Create account", &[("Password", PASSWORD)])
            .await;
        assert_eq!(page.status, if forged.is_empty() { 200 } else { 409 });
    }
    assert_eq!(app.count("users").await, 2);
}

#[tokio::test]
async fn a_form_without_its_fields_or_cookie_is_refused_everywhere() {
    let app = TestApp::start().await;
    let [ana, _bob] = app.people(["ana", "bob"]).await;
    let cookies = app.signed_in(&ana).await.jar.header("/").unwrap();
    let form = "application/x-www-form-urlencoded";
    let paths = web::forms();
    assert!(paths.len() > 20, "{paths:?}");
    for path in &paths {
        let path = &path.replace(":username", "bob");
        for cookies in [cookies.as_str(), ""] {
            let request = app.api().request("POST", path).header("Cookie", cookies);
            let answer = request.body(form, "email=x&display_name=x").send().await;
            let refused = match path.as_str() {
                // These two only give advice on what is being typed.
                "/register/check" => 400,
                "/password/advice" => 200,
                // Without a link's token its page says that the link does not work.
                "/reset-password" => 422,
                // Takes no such form at all.
                "/profile/avatar" if !cookies.is_empty() => 415,
                _ => 403,
            };
            let status = answer.status;
            assert!(
                status == refused || matches!(status, 303 | 404),
                "{path}: {status}"
            );
            if answer.status == 303 {
                assert!(
                    answer.header("location").unwrap().starts_with("/login"),
                    "{path}"
                );
            }
        }
    }
    assert_eq!(app.count("sessions where ended_at is not null").await, 0);
    assert_eq!(app.count("follows").await, 0);
    assert_eq!(app.count("users where display_name is not null").await, 0);
}

#[tokio::test]
async fn anothers_proof_is_no_proof() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut attacker = app.signed_in(&bob).await;
    attacker.open("/profile/edit").await;
    let stolen = hidden(&attacker, "Save");
    let mut victim = app.signed_in(&ana).await;
    victim.modern = false;
    victim.open("/profile/edit").await;
    let mut form = victim.form("Save");
    form.fill("Bio", "owned");
    for field in form
        .fields
        .iter_mut()
        .filter(|field| field.kind == "hidden")
    {
        let other = stolen.iter().find(|(name, _)| *name == field.name);
        other.unwrap().1.clone_into(&mut field.value);
    }
    assert_eq!(victim.submit(&form).await.status, 403);
    assert_eq!(app.count("users where bio is not null").await, 0);
}

#[tokio::test]
async fn the_proof_looks_different_each_time() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        visitor.open("/profile/edit").await;
        assert!(seen.insert(hidden(&visitor, "Save")));
    }
    let mut stranger = app.visitor();
    for _ in 0..3 {
        stranger.open("/login").await;
        assert!(seen.insert(hidden(&stranger, "Log in")));
    }
}

#[tokio::test]
async fn a_form_that_was_open_before_a_restart_still_submits() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut stranger = old(&app);
    stranger.open("/login").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.modern = false;
    visitor.open("/profile/edit").await;
    let app = app.restart().await;
    let page = visitor.send("Save", &[("Display name", "Ana B.")]).await;
    assert_eq!(page.status, 200);
    page.shows("Ana B.");
    stranger
        .send("Log in", &[("Email", &ana.email), ("Password", PASSWORD)])
        .await;
    assert_eq!(stranger.page().path(), "/timeline");
    app.stop().await;
}

#[tokio::test]
async fn the_upload_of_a_picture_needs_its_proof_too() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.modern = false;
    visitor.open("/profile/edit").await;
    let mut form = visitor.form("Upload picture");
    form.choose(&crate::support::png(8, 8));
    form.fields.retain(|field| field.kind == "file");
    assert_eq!(visitor.submit(&form).await.status, 403);
    assert_eq!(app.count("users where avatar_url is not null").await, 0);
    visitor.open("/profile/edit").await;
    let mut form = visitor.form("Upload picture");
    form.choose(&crate::support::png(8, 8));
    assert_eq!(visitor.submit(&form).await.status, 200);
}
