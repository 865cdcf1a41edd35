//! A form of the settings that is refused or fails comes back filled in, says so, and says when
//! trying again is worth it.

use crate::support::{PASSWORD, Page, Person, TestApp, Visitor};

/// A form: its page, its button, and what is typed by the labels of its fields.
type Form = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const CONFIRM: &str = "/settings/confirm?next=%2Fsettings%2Fdelete";
const FORMS: [Form; 6] = [
    (
        "/settings/username",
        "Change username",
        &[("Username", "anna")],
    ),
    (
        "/settings/email",
        "Change email",
        &[("New email", "new@example.org")],
    ),
    (
        "/settings/password",
        "Change password",
        &[
            ("Current password", PASSWORD),
            ("New password", "another horse battery"),
        ],
    ),
    (CONFIRM, "Continue", &[("Password", PASSWORD)]),
    ("/settings/export", "Request a copy", &[]),
    ("/settings/delete", "Delete my account", &[]),
];

/// A browser of the same person at each of these forms.
async fn at(app: &TestApp, ana: &Person, forms: &[Form]) -> Vec<(Visitor, Form)> {
    let signed_in = app.signed_in(ana).await;
    let db = app.db().await;
    let mut opened = Vec::new();
    for form in forms {
        let entered = if form.0 == CONFIRM { "epoch" } else { "now" };
        let enter = format!("update users.sessions set authenticated_at = '{entered}'");
        db.execute(&enter, &[]).await.unwrap();
        let mut visitor = signed_in.clone();
        assert!(visitor.open(form.0).await.has_button(form.1));
        opened.push((visitor, *form));
    }
    let enter = "update users.sessions set authenticated_at = now()";
    db.execute(enter, &[]).await.unwrap();
    opened
}

/// Sends a form and insists that it comes back with this status, these words, and what was typed.
async fn assert_back<'a>(
    (visitor, form): &'a mut (Visitor, Form),
    status: u16,
    words: &str,
) -> &'a Page {
    let (path, button, fields) = *form;
    let page = visitor.send(button, fields).await;
    assert_eq!(page.status, status, "{path}: {}", page.text());
    assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
    let said = page.one("#problems [role=alert]").name;
    assert!(said.contains(words), "{path}: {said}");
    assert!(page.title().starts_with("Error: "), "{path}");
    assert!(
        page.all("[aria-invalid]").is_empty(),
        "{path} blames a field"
    );
    assert!(page.has_button(button), "{path}");
    for (label, typed) in fields {
        let is_secret = label.to_lowercase().contains("password");
        let kept = if is_secret { "" } else { typed };
        assert_eq!(page.field(label).value, kept, "{path}: {label}");
    }
    page
}

/// The seconds in `Retry-After`.
#[track_caller]
fn retry_after(page: &Page) -> u32 {
    page.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn while_the_database_is_away_they_come_back_with_503_and_work_later() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut opened = at(&app, &ana, &FORMS).await;
    app.database.allow_connections(false).await;
    for form in &mut opened {
        let page = assert_back(form, 503, "busy or being repaired").await;
        assert!((1..60).contains(&retry_after(page)));
    }
    app.database.allow_connections(true).await;
    let [username, email, ..] = opened.as_mut_slice() else {
        unreachable!()
    };
    let page = username.0.press(username.1.1).await;
    assert_eq!(page.path(), "/profile");
    let page = email.0.press(email.1.1).await;
    page.shows("new@example.org");
}

/// Everything in the database but how much of each limit is used.
async fn all_but_limits(app: &TestApp) -> Vec<String> {
    let dump = app.dump().await;
    let lines = dump.lines().filter(|line| !line.contains("full_at"));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_is_broken_for_good_comes_back_with_500_and_changes_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut opened = at(&app, &ana, &FORMS).await;
    app.mails_are_out().await;
    let db = app.db().await;
    // Each of them notes what it does.
    let broken = "alter table users.audit_log rename to elsewhere";
    db.batch_execute(broken).await.unwrap();
    let before = all_but_limits(&app).await;
    for form in &mut opened {
        let page = assert_back(form, 500, "Something went wrong on our side.").await;
        assert_eq!(page.header("retry-after"), None, "nobody knows when");
    }
    assert_eq!(all_but_limits(&app).await, before);
}

#[tokio::test]
async fn over_a_limit_they_come_back_with_429_and_say_for_how_long() {
    let rules = "change_username_account=1+1/d,change_email_account=1+1/h,confirm_session=1+1/h";
    let app = TestApp::with(&[("RATE_LIMIT_RULES", rules)]).await;
    let ana = app.person("ana").await;
    let limited: Vec<Form> = FORMS.into_iter().take(4).collect();
    let mut opened = at(&app, &ana, &limited).await;
    // One of each is what the limits allow.
    let mut first = app.signed_in(&ana).await;
    let session = "update users.sessions set authenticated_at = now()";
    app.db().await.execute(session, &[]).await.unwrap();
    for (path, button, label, typed) in [
        ("/settings/username", "Change username", "Username", "ann"),
        (
            "/settings/email",
            "Change email",
            "New email",
            "x@example.org",
        ),
    ] {
        first.open(path).await;
        first.send(button, &[(label, typed)]).await;
    }
    let (confirm, form) = &mut opened[3];
    let wrong = [("Password", "not this one")];
    assert_eq!(confirm.send(form.1, &wrong).await.status, 401);
    for (form, most) in opened.iter_mut().zip([86_400, 3_600, 3_600, 3_600]) {
        let page = assert_back(form, 429, "Too many tries. Try again in").await;
        let seconds = retry_after(page);
        assert!((1..=most).contains(&seconds), "{}: {seconds}", form.1.0);
    }
}

#[tokio::test]
async fn buttons_without_fields_say_when_to_press_them_again() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.signed_in(&ana).await;
    let mut devices = app.signed_in(&ana).await;
    let mut waiting = devices.clone();
    devices.open("/settings/devices").await;
    app.asks_for(&mut waiting, "new@example.org").await;
    waiting.open("/settings").await;
    let mut pressed = [
        (devices, "End all other sessions"),
        (waiting, "Cancel the change of address"),
    ];
    app.database.allow_connections(false).await;
    for (visitor, button) in &pressed {
        let mut visitor = visitor.clone();
        let page = visitor.press(button).await;
        assert_eq!(page.status, 503, "{button}");
        assert!((1..60).contains(&retry_after(page)), "{button}");
        page.shows("busy or being repaired");
    }
    app.database.allow_connections(true).await;
    let [(devices, end), (waiting, cancel)] = &mut pressed;
    devices
        .press(end)
        .await
        .shows("All other sessions have ended.");
    assert_eq!(waiting.press(cancel).await.path(), "/settings");
    assert_eq!(app.count("email_changes").await, 0);
}
