//! A form acts for the account that its page was made for, and for no other one.

use crate::support::{Form, PASSWORD, Page, Person, TestApp, Visitor, png};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use time::Duration;

/// What the forms of an account do. Forms are found by following links, so a new one is tried too; this
/// says that the walk has seen those that there are.
const ACTIONS: [&str; 15] = [
    "/logout",
    "/profile/edit",
    "/profile/avatar",
    "/profile/avatar/remove",
    "/@dan/follow",
    "/@eve/unfollow",
    "/settings/confirm",
    "/settings/password",
    "/settings/email",
    "/settings/email/cancel",
    "/settings/username",
    "/settings/devices/end",
    "/settings/devices/end-others",
    "/settings/export",
    "/settings/delete",
];

/// What was typed, by the names of fields: nobody else may see it.
const TYPED: [(&str, &str); 6] = [
    ("display_name", "typed by ana"),
    ("bio", "typed by ana"),
    ("email", "typed@example.org"),
    ("username", "typed.by.ana"),
    ("password", "typed by ana once"),
    ("current_password", PASSWORD),
];

/// Every form on every page that links lead to, one for each thing that it does and place it is in.
async fn walk(visitor: &mut Visitor) -> Vec<Form> {
    let mut forms = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut next = VecDeque::from(["/timeline".to_owned()]);
    while let Some(path) = next.pop_front() {
        let is_page = !path.contains('#') && !path.starts_with("/docs") && !path.contains("/dev/");
        if !is_page || path.ends_with("/download") || !seen.insert(path.clone()) {
            continue;
        }
        let page = visitor.open(&path).await;
        collect(page, &mut forms);
        let links = page.all("main a[href^='/'], header a[href^='/']");
        next.extend(
            links
                .iter()
                .filter_map(|link| link.attr("href"))
                .map(str::to_owned),
        );
    }
    forms.into_values().collect()
}

fn collect(page: &Page, forms: &mut BTreeMap<(String, bool), Form>) {
    for form in page.forms() {
        let in_list = form.fields.iter().any(|field| field.name == "list");
        forms.entry((form.action.clone(), in_list)).or_insert(form);
    }
}

/// Fills in whatever there is to fill in.
fn fill(form: &mut Form) {
    for field in form
        .fields
        .iter_mut()
        .filter(|field| field.kind != "hidden")
    {
        if let Some((_, value)) = TYPED.iter().find(|(name, _)| *name == field.name) {
            (*value).clone_into(&mut field.value);
        }
    }
    if form.fields.iter().any(|field| field.kind == "file") {
        form.choose(&png(9, 9));
    }
}

async fn log_in(visitor: &mut Visitor, person: &Person) {
    visitor.open("/login").await;
    let typed = [("Email", person.email.as_str()), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await;
    visitor.page().shows(&format!("@{}", person.username));
}

/// Logs in as another one in the same browser.
async fn switch(visitor: &mut Visitor, to: &Person) {
    visitor.open("/timeline").await;
    visitor.press("Log out").await;
    log_in(visitor, to).await;
}

#[track_caller]
fn assert_refused(page: &Page, action: &str) {
    assert_eq!(page.status, 409, "{action}: {}", page.text());
    page.shows("You are now signed in as bob. Nothing was changed.");
    assert!(
        page.has("@bob") && !page.has("@ana"),
        "{action}: the page is bob's"
    );
    let html = page.html();
    for (_, typed) in TYPED {
        assert!(!html.contains(typed), "{action}: {typed:?} is shown to bob");
    }
}

#[tokio::test]
async fn every_form_of_another_account_does_nothing_and_its_page_comes_back_as_the_viewers() {
    let app = TestApp::start().await;
    let [ana, bob, eve, _dan] = app.people(["ana", "bob", "eve", "dan"]).await;
    app.api().of(&ana).upload(&png(8, 8)).await.expect(200);
    app.follow(&ana, &eve).await;
    app.follow(&eve, &ana).await;
    app.signed_in(&ana).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/email").await;
    let wish = [("New email", "another@example.org")];
    visitor.send("Change email", &wish).await;
    let mut forms = walk(&mut visitor).await;
    app.clock.advance(Duration::minutes(11));
    forms.extend(visitor.open("/settings/delete").await.forms());
    let actions: BTreeSet<_> = forms.iter().map(|form| form.action.as_str()).collect();
    for action in ACTIONS {
        assert!(actions.contains(action), "no {action} in {actions:?}");
    }

    switch(&mut visitor, &bob).await;
    app.mails_are_out().await;
    let before = app.dump().await;
    for mut form in forms {
        fill(&mut form);
        assert_refused(visitor.submit(&form).await, &form.action);
        if form.hx("post").is_some() {
            let page = visitor.htmx_submit(&form).await;
            assert_refused(&page, &form.action);
            assert_eq!(
                page.header("hx-retarget"),
                Some("body"),
                "all of the tab was ana's"
            );
        }
    }
    assert_eq!(app.dump().await, before, "nothing was changed");
    assert_eq!(
        visitor.open("/timeline").await.path(),
        "/timeline",
        "bob is still in"
    );
}

#[tokio::test]
async fn the_page_that_comes_back_holds_what_is_the_viewers_and_is_good_to_send() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.execute("update users.users set bio = 'bob likes maps' where username = 'bob'")
        .await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/profile/edit").await;
    let mut stale = visitor.form("Save");
    stale.fill("Display name", "Ana");
    switch(&mut visitor, &bob).await;
    let page = visitor.submit(&stale).await;
    assert_eq!(page.field("Bio").value, "bob likes maps");
    assert_eq!(page.field("Display name").value, "");
    visitor.send("Save", &[("Display name", "Bob")]).await;
    visitor.page().shows("bob likes maps").shows("Bob");
}

#[tokio::test]
async fn a_form_without_a_name_as_earlier_releases_made_it_does_nothing_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/username").await;
    let mut form = visitor.form("Change username");
    form.fields.retain(|field| field.name != "person");
    form.fill("Username", "anna");
    let page = visitor.submit(&form).await;
    assert_eq!(page.status, 409);
    page.shows("You are now signed in as ana. Nothing was changed.");
    assert_eq!(page.field("Username").value, "ana");
    visitor
        .send("Change username", &[("Username", "anna")])
        .await;
    visitor.page().shows("@anna");
}

#[tokio::test]
async fn a_form_of_the_same_account_outlives_a_new_log_in() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/profile/edit").await;
    let mut form = visitor.form("Save");
    form.fill("Display name", "Ana B.");
    switch(&mut visitor, &ana).await;
    visitor.submit(&form).await.shows("Ana B.");
}

#[tokio::test]
async fn a_log_out_of_another_account_ends_nothing_and_of_nobody_is_no_error() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    let stale = visitor.form("Log out");
    switch(&mut visitor, &bob).await;
    let page = visitor.submit(&stale).await;
    assert_eq!(page.status, 409);
    page.shows("You are now signed in as bob.");
    assert_eq!(visitor.open("/timeline").await.path(), "/timeline");
    visitor.press("Log out").await;
    assert_eq!(visitor.submit(&stale).await.path(), "/");
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
}

#[tokio::test]
async fn a_log_out_after_the_session_ran_out_takes_all_cookies_away() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.clock.advance(Duration::minutes(16));
    visitor.press("Log out").await;
    assert!(visitor.cookie("session").is_none() && visitor.cookie("refresh_token").is_none());
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
}

#[tokio::test]
async fn the_address_of_a_later_registration_is_not_corrected_by_an_earlier_page() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let mut pages = Vec::new();
    for name in ["ana", "bob"] {
        visitor.open("/register").await;
        let email = format!("{name}@example.org");
        let typed = [
            ("Email", email.as_str()),
            ("Username", name),
            ("Password", PASSWORD),
        ];
        visitor.send("Create account", &typed).await;
        pages.push(visitor.form("Send to this address"));
    }
    pages[0].fill("Email", "typed@example.org");
    let page = visitor.submit(&pages[0]).await;
    assert_eq!(page.status, 422);
    page.shows("You registered another account since then. Nothing was changed.");
    assert_eq!(page.field("Email").value, "bob@example.org");
    assert_eq!(app.count("users where email like 'typed%'").await, 0);
    let right = [("Email", "bobby@example.org")];
    visitor.send("Send to this address", &right).await;
    assert_eq!(
        app.count("users where email = 'bobby@example.org'").await,
        1
    );
}
