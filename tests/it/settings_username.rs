//! Changing one's username, and what becomes of the old one.

use crate::support::{PASSWORD, TestApp, assert_keys};
use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

const ENDPOINT: &str = "/users/me/username";

#[tokio::test]
async fn on_the_page_it_changes_at_once_everywhere() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let mut other = app.signed_in(&ana).await;
    visitor.open("/settings").await;
    let page = visitor.click("Username").await;
    assert_eq!(page.h1(), "Change your username");
    assert_eq!(page.field("Username").value, "ana");
    let page = visitor
        .send("Change username", &[("Username", "anna")])
        .await;
    assert_eq!((page.status, page.path()), (200, "/profile"));
    page.shows("@anna");
    let page = other.open("/settings").await;
    page.shows("@anna");
    assert!(!page.has("@ana "), "{}", page.text());
    assert_eq!(app.count("outbox where kind = 'username_changed'").await, 1);
    let detail: String = app
        .value(
            "select detail from users.audit_log where event = 'username_changed'",
            &[],
        )
        .await;
    assert_eq!(detail, "from ana to anna");
}

#[tokio::test]
async fn the_mail_names_both_names() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let answer = api
        .put(ENDPOINT, json!({"username": "anna"}))
        .await
        .expect(200);
    assert_keys(&answer.json(), "username");
    assert_eq!(answer.json()["username"], "anna");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mail = app
        .mail_saying(&ana.email, "Your username was changed")
        .await;
    let text = mail.text();
    assert!(
        text.contains("anna from now on. It was ana before"),
        "{text}"
    );
}

#[tokio::test]
async fn the_old_name_leads_to_the_new_one_for_90_days() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let api = app.in_session(&ana).await;
    api.put(ENDPOINT, json!({"username": "anna"}))
        .await
        .expect(200);
    let mut visitor = app.visitor();
    let page = visitor.open("/@ANA").await;
    assert_eq!(page.path(), "/@anna");
    assert_eq!(page.redirects, [(302, "/@anna".to_owned())]);
    let head = app.api().request("HEAD", "/@ana").send().await;
    assert_eq!(head.header("location"), Some("/@anna"));
    assert_eq!(head.header("cache-control"), Some("no-store"));
    let mut signed_in = app.signed_in(&bob).await;
    for (old, new) in [
        ("/@ana/followers?page=2", "/@anna/followers?page=2"),
        ("/@ana/following", "/@anna/following"),
    ] {
        let page = signed_in.open(old).await;
        assert_eq!(page.redirects, [(302, new.to_owned())]);
    }
    let found = app
        .api()
        .get("/users?username=ana")
        .await
        .expect(200)
        .json();
    assert_eq!(found["items"].as_array().unwrap().len(), 0);
    app.clock.advance(Duration::days(90));
    assert_eq!(visitor.open("/@ana").await.status, 404);
}

#[tokio::test]
async fn nobody_else_gets_the_old_name_meanwhile_and_then_anybody() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let api = app.in_session(&ana).await;
    api.put(ENDPOINT, json!({"username": "anna"}))
        .await
        .expect(200);
    let register = json!({"email": "eve@example.org", "username": "ANA", "password": PASSWORD});
    let refused = app.api().post("/auth/register", register.clone()).await;
    refused.error(409, "USERNAME_ALREADY_EXISTS");
    assert_eq!(app.count("users").await, 2, "nothing of it is left");
    let bobs = app.in_session(&bob).await;
    let refused = bobs.put(ENDPOINT, json!({"username": "Ana"})).await;
    refused.error(409, "USERNAME_ALREADY_EXISTS");
    app.clock.advance(Duration::days(90));
    app.api().post("/auth/register", register).await.expect(201);
    // Given up again, the name is held for its new owner.
    let holder: i64 = app.count("held_usernames where username = 'ana'").await;
    assert_eq!(holder, 1);
}

#[tokio::test]
async fn a_name_held_for_nobody_is_kept_from_all_and_leads_nowhere() {
    let app = TestApp::start().await;
    let hold = "insert into users.held_usernames (username, held_until) \
                values ('gone', now() + interval '90 days')";
    app.db().await.execute(hold, &[]).await.unwrap();
    let register = json!({"email": "eve@example.org", "username": "gone", "password": PASSWORD});
    let refused = app.api().post("/auth/register", register).await;
    refused.error(409, "USERNAME_ALREADY_EXISTS");
    assert_eq!(app.visitor().open("/@gone").await.status, 404);
}

#[tokio::test]
async fn it_changes_once_in_30_days_and_the_owner_may_take_the_old_one_back() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/username").await;
    visitor
        .send("Change username", &[("Username", "anna")])
        .await;
    visitor.open("/settings/username").await;
    let page = visitor
        .send("Change username", &[("Username", "ana")])
        .await;
    assert_eq!(page.status, 422);
    let said = page.field("Username").description;
    assert!(
        said.contains("You can change your username again on "),
        "{said}"
    );
    let api = app.in_session(&ana).await;
    let error = api
        .put(ENDPOINT, json!({"username": "ana"}))
        .await
        .invalid("username");
    assert_eq!(error["fields"][0]["code"], "too_soon");
    app.clock.advance(Duration::days(30));
    let api = app.in_session(&ana).await;
    api.put(ENDPOINT, json!({"username": "ana"}))
        .await
        .expect(200);
    let page = app.visitor().open("/@anna").await.clone();
    assert_eq!((page.status, page.path()), (200, "/@ana"));
}

#[tokio::test]
async fn another_case_is_the_same_name_and_the_same_name_is_no_change() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    api.put(ENDPOINT, json!({"username": "anna"}))
        .await
        .expect(200);
    for name in ["anna", "Anna", "ANNA"] {
        let answer = api
            .put(ENDPOINT, json!({"username": name}))
            .await
            .expect(200);
        assert_eq!(answer.json()["username"], name);
    }
    assert_eq!(
        app.count("held_usernames").await,
        1,
        "only the first name is held"
    );
    let page = app.visitor().open("/@anna").await.clone();
    assert_eq!(page.status, 200);
    page.shows("@ANNA");
}

#[tokio::test]
async fn the_rules_are_those_of_registration() {
    let app = TestApp::start().await;
    let [ana, _bob] = app.people(["ana", "bob"]).await;
    let api = app.in_session(&ana).await;
    for (body, code) in [
        (json!({"username": "x"}), "too_short"),
        (json!({"username": "admin"}), "reserved"),
        (json!({"username": "a b c"}), "invalid_format"),
        (json!({}), "required"),
    ] {
        let error = api.put(ENDPOINT, body).await.invalid("username");
        assert_eq!(error["fields"][0]["code"], code);
    }
    let taken = api.put(ENDPOINT, json!({"username": "BOB"})).await;
    taken.error(409, "USERNAME_ALREADY_EXISTS");
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/username").await;
    let page = visitor
        .send("Change username", &[("Username", "bob")])
        .await;
    assert_eq!(page.status, 409);
    page.shows("This username is already taken");
    assert_eq!(page.field("Username").value, "bob");
    app.clock.advance(Duration::minutes(11));
    let page = visitor
        .send("Change username", &[("Username", "anna")])
        .await;
    assert_eq!(page.h1(), "Enter your password");
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.field("Username").value, "anna");
    let api_stale = api.put(ENDPOINT, json!({"username": "anna"})).await;
    api_stale.error(403, "REAUTHENTICATION_REQUIRED");
}

#[tokio::test]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let people = app.people(["one", "two", "six", "ten"]).await;
    let mut apis = Vec::new();
    for (person, at) in people.iter().zip([&app, &replica, &app, &replica]) {
        apis.push(at.in_session(person).await);
    }
    let wanted = apis
        .iter()
        .map(|api| api.put(ENDPOINT, json!({"username": "best"})));
    let register = json!({"email": "eve@example.org", "username": "best", "password": PASSWORD});
    let anonymous = replica.api();
    let (answers, registered) =
        tokio::join!(join_all(wanted), anonymous.post("/auth/register", register));
    let statuses = answers.iter().map(|answer| answer.status);
    let won = statuses.clone().filter(|status| *status == 200).count()
        + usize::from(registered.status == 201);
    assert_eq!(won, 1, "{answers:?}");
    assert!(
        statuses
            .chain([registered.status])
            .all(|s| matches!(s, 200 | 201 | 409))
    );
    assert_eq!(app.count("users where lower(username) = 'best'").await, 1);
}

#[tokio::test]
async fn a_name_is_never_free_between_giving_it_up_and_holding_it() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    for round in 0..5 {
        let (anas, bobs) = (app.in_session(&ana).await, app.in_session(&bob).await);
        let free = json!({"username": format!("anna{round}")});
        let old: String = app
            .value("select username from users.users where id = $1", &[&ana.id])
            .await;
        let body = json!({ "username": old });
        let (renamed, taken) =
            tokio::join!(anas.put(ENDPOINT, free), bobs.put(ENDPOINT, body.clone()));
        assert_eq!(renamed.status, 200);
        taken.error(409, "USERNAME_ALREADY_EXISTS");
        app.clock.advance(Duration::days(31));
    }
}
