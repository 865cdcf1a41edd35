//! A form that is sent while the service can't work comes back with what was typed.

use crate::support::{PASSWORD, Page, TestApp, Visitor};

const BUSY: &str = "The service is busy or being repaired. Try again in a moment.";
const ABOUT: [(&str, &str); 2] = [
    ("Display name", "Ana \"B\" <i>"),
    ("Bio", "one\n<b>two</b>"),
];

/// Insists that a form came back to be sent again.
#[track_caller]
fn assert_busy(page: &Page) {
    assert_eq!(page.status, 503, "{}", page.text());
    let seconds: u32 = page.header("retry-after").unwrap().parse().unwrap();
    assert!((1..60).contains(&seconds));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.one("#problems [role=alert]").name, BUSY);
    assert!(page.all("[aria-invalid]").is_empty(), "no field is blamed");
}

#[tokio::test]
async fn forms_of_strangers_come_back_and_work_later() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let at = async |path: &str| {
        let mut visitor = app.visitor();
        visitor.open(path).await;
        visitor
    };
    let (mut new, mut known, mut waiting) = (
        at("/register").await,
        at("/login?next=/profile").await,
        at("/verify/resend").await,
    );
    app.database.allow_connections(false).await;

    let account = [
        ("Email", "max@example.org"),
        ("Username", "max"),
        ("Password", PASSWORD),
    ];
    let page = new.send("Create account", &account).await;
    assert_busy(page);
    assert!(page.title().starts_with("Error: "), "{}", page.title());
    assert_eq!(page.field("Email").value, "max@example.org");
    assert_eq!(page.field("Username").value, "max");
    assert_eq!(page.field("Password").value, "");

    let typed = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    let page = known.send("Log in", &typed).await;
    assert_busy(page);
    assert_eq!(page.field("Email").value, ana.email);
    assert_eq!(page.field("Password").value, "");

    let again = "Send the email again";
    let page = waiting.send(again, &[("Email", "max@example.org")]).await;
    assert_busy(page);
    assert_eq!(page.field("Email").value, "max@example.org");

    app.database.allow_connections(true).await;
    let password = [("Password", PASSWORD)];
    assert_eq!(known.send("Log in", &password).await.path(), "/profile");
    let done = new.send("Create account", &password).await;
    assert_eq!(done.path(), "/register/done");
    assert_eq!(waiting.press(again).await.path(), "/verify/sent");
}

/// Somebody at the profile form.
async fn editing(app: &TestApp) -> Visitor {
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/profile/edit").await;
    visitor
}

#[tokio::test]
async fn the_profile_form_comes_back_though_nobody_knows_who_is_signed_in() {
    let app = TestApp::start().await;
    let mut ana = editing(&app).await;
    let mut with_htmx = ana.clone();
    app.database.allow_connections(false).await;
    let page = ana.send("Save", &ABOUT).await;
    assert_busy(page);
    assert_eq!(page.h1(), "Edit profile");
    for (label, typed) in ABOUT {
        assert_eq!(page.field(label).value, typed);
    }
    let part = with_htmx.htmx("Save", &ABOUT).await;
    assert_busy(&part);
    assert_eq!(part.field("Bio").value, ABOUT[1].1);

    app.database.allow_connections(true).await;
    assert_eq!(ana.press("Save").await.path(), "/profile");
    let bio: Option<String> = app.value("select bio from users.users", &[]).await;
    assert_eq!(bio.as_deref(), Some(ABOUT[1].1));
}

#[tokio::test]
async fn the_profile_form_comes_back_when_it_could_not_be_saved() {
    let app = TestApp::start().await;
    let mut ana = editing(&app).await;
    let db = app.db().await;
    let lock = "begin; lock table users.users in access exclusive mode";
    db.batch_execute(lock).await.unwrap();
    let page = ana.send("Save", &ABOUT).await;
    assert_busy(page);
    assert!(page.has_button("Log out"), "who is signed in is known");
    assert_eq!(page.field("Display name").value, ABOUT[0].1);
    db.batch_execute("rollback").await.unwrap();
    assert_eq!(ana.press("Save").await.path(), "/profile");
}

#[tokio::test]
async fn logging_out_can_be_pressed_again() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.database.allow_connections(false).await;
    assert_busy(visitor.press("Log out").await);
    app.database.allow_connections(true).await;
    assert_eq!(visitor.press("Log out").await.path(), "/");
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
}

#[tokio::test]
async fn what_is_broken_for_good_is_told_on_the_form_too() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    let db = app.db().await;
    let broken = "alter table users.outbox rename to elsewhere";
    db.batch_execute(broken).await.unwrap();
    let account = [
        ("Email", "max@example.org"),
        ("Username", "max"),
        ("Password", PASSWORD),
    ];
    let page = visitor.send("Create account", &account).await;
    assert_eq!(page.status, 500);
    page.shows("Something went wrong on our side. Try again later.");
    assert_eq!(page.field("Username").value, "max");
    assert_eq!(app.count("users").await, 0);
}
