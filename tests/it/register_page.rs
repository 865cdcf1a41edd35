//! USER-FE-001: the registration page, without script.

use crate::support::{PASSWORD, TestApp, Visitor};

const BANNER: &str = "This email is already registered";

async fn at_register(app: &TestApp) -> Visitor {
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    visitor
}

#[tokio::test]
async fn user_fe_001_1_s1_form_renders_correctly() {
    let app = TestApp::start().await;
    let visitor = at_register(&app).await;
    let page = visitor.page();
    assert_eq!(page.status, 200);
    assert!(page.has_button("Create account"));
    let form = page.form("Create account");
    assert_eq!(form.method, "POST");
    for (label, name, kind, autocomplete) in [
        ("Email", "email", "email", "email"),
        ("Username", "username", "text", "username"),
        ("Password", "password", "password", "new-password"),
    ] {
        let field = page.field(label);
        assert_eq!(field.name, name);
        assert_eq!(field.kind, kind);
        assert_eq!(field.attr("autocomplete"), Some(autocomplete));
        for hindrance in ["disabled", "readonly", "hidden", "tabindex", "autofocus"] {
            assert_eq!(field.attr(hindrance), None, "{label}");
        }
        assert!(!field.is_invalid());
    }
    assert!(page.link("Log in").is_some());
}

#[tokio::test]
async fn user_fe_001_2_s1_invalid_email_is_shown_beneath_its_field() {
    let app = TestApp::start().await;
    let mut visitor = at_register(&app).await;
    let typed = [
        ("Email", "notanemail"),
        ("Username", "ana"),
        ("Password", PASSWORD),
    ];
    let page = visitor.send("Create account", &typed).await;
    assert_eq!(page.status, 422);
    let email = page.field("Email");
    assert!(email.is_invalid());
    assert!(
        email.description.contains("Enter a valid email address"),
        "{email:?}"
    );
    assert_eq!(email.value, "notanemail");
    assert_eq!(page.field("Username").value, "ana");
    assert!(!page.field("Username").is_invalid());
    assert_eq!(page.field("Password").value, "");
    assert!(!page.html().contains(PASSWORD));
    assert_eq!(app.count("users").await, 0);

    // Mended, the same form goes through.
    let mended = [("Email", "ana@example.org"), ("Password", PASSWORD)];
    let page = visitor.send("Create account", &mended).await;
    assert_eq!(page.status, 200);
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn an_error_summary_at_the_top_leads_to_every_broken_field() {
    let app = TestApp::start().await;
    let mut visitor = at_register(&app).await;
    let page = visitor
        .send("Create account", &[("Email", ""), ("Username", "a b")])
        .await;
    assert_eq!(page.status, 422);
    for label in ["Email", "Username", "Password"] {
        let field = page.field(label);
        assert!(
            field.is_invalid() && !field.description.is_empty(),
            "{field:?}"
        );
        let target = format!("#{}", field.attr("id").unwrap());
        let links = page.all("a[href]");
        let link = links.iter().find(|link| link.attr("href") == Some(&target));
        let link = link.unwrap_or_else(|| panic!("no link to {label}"));
        assert!(field.description.contains(&link.name), "{link:?} {field:?}");
    }
    let html = page.html();
    assert!(html.find("href=\"#").unwrap() < html.find("<form").unwrap());
}

#[tokio::test]
async fn user_fe_001_2_s2_a_duplicate_email_is_told_in_a_banner_and_the_form_stays_editable() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let mut visitor = at_register(&app).await;
    let typed = [
        ("Email", "ana@example.org"),
        ("Username", "ana2"),
        ("Password", PASSWORD),
    ];
    let page = visitor.send("Create account", &typed).await;
    assert_eq!(page.status, 409);
    page.shows(BANNER);
    assert_eq!(page.field("Email").value, "ana@example.org");
    assert_eq!(page.field("Username").value, "ana2");
    assert_eq!(page.field("Password").value, "");
    for label in ["Email", "Username", "Password"] {
        let field = page.field(label);
        assert!(field.attr("readonly").is_none() && field.attr("disabled").is_none());
    }
    assert_eq!(app.count("users").await, 1);

    let other = [("Email", "ana2@example.org"), ("Password", PASSWORD)];
    let page = visitor.send("Create account", &other).await;
    assert_eq!((page.status, page.has(BANNER)), (200, false));
}

#[tokio::test]
async fn a_duplicate_username_is_told_with_409_too() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let mut visitor = at_register(&app).await;
    let typed = [
        ("Email", "bo@example.org"),
        ("Username", "Ana"),
        ("Password", PASSWORD),
    ];
    let page = visitor.send("Create account", &typed).await;
    assert_eq!(page.status, 409);
    page.shows("This username is already taken");
    assert!(!page.has(BANNER));
}

#[tokio::test]
async fn success_leads_to_a_page_that_names_the_address_and_opens_no_session() {
    let app = TestApp::start().await;
    let mut visitor = at_register(&app).await;
    let typed = [
        ("Email", "ana@example.org"),
        ("Username", "ana"),
        ("Password", PASSWORD),
    ];
    let page = visitor.send("Create account", &typed).await;
    assert_eq!(page.redirects.first().map(|redirect| redirect.0), Some(303));
    assert_eq!(page.status, 200);
    assert_eq!(page.h1(), "Check your email");
    page.shows("ana@example.org");
    assert!(visitor.cookie("refresh_token").is_none());
    assert_eq!(
        app.count("web_sessions").await + app.count("refresh_tokens").await,
        0
    );
    visitor.open("/timeline").await;
    assert_eq!(visitor.page().path(), "/login");
}

#[tokio::test]
async fn on_leaving_a_field_htmx_gets_that_field_with_what_is_wrong() {
    let app = TestApp::start().await;
    let mut visitor = at_register(&app).await;
    let mut form = visitor.form("Create account");
    form.fill("Email", "notanemail").fill("Password", PASSWORD);
    let part = visitor.htmx_leave("Email", &form).await;
    assert!(matches!(part.status, 200 | 422), "{}", part.status);
    let email = part.field("Email");
    assert!(email.is_invalid() && email.value == "notanemail");
    assert!(email.description.contains("Enter a valid email address"));
    assert_eq!(part.fields().len(), 1, "only the field that was left");
    assert!(!part.html().contains(PASSWORD));

    form.fill("Email", "ana@example.org");
    let part = visitor.htmx_leave("Email", &form).await;
    assert!(!part.field("Email").is_invalid() && !part.has("Enter a valid email address"));
    assert_eq!(app.count("users").await, 0);
}

#[tokio::test]
async fn the_check_tells_nobody_which_addresses_are_registered() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let mut visitor = at_register(&app).await;
    let mut told = Vec::new();
    for email in ["ana@example.org", "bob@example.org"] {
        let mut form = visitor.form("Create account");
        form.fill("Email", email);
        let part = visitor.htmx_leave("Email", &form).await;
        told.push((part.status, part.html().replace(email, "…")));
    }
    assert_eq!(told[0], told[1]);
}
