//! People and profiles are kept for a few seconds: what was changed is seen at once where it was
//! changed, soon everywhere, and nothing is ever shown for longer than 5 s.

use crate::support::{PASSWORD, Person, TestApp, Watched, eventually, pass, png};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use time::Duration as Days;
use tokio::time::{Instant, sleep};
use users_service::services::cache::MAX_AGE;
use uuid::Uuid;

/// What everybody is shown of a person.
#[derive(Debug, PartialEq)]
struct Shown {
    username: String,
    display_name: Value,
    avatar_url: Value,
    page: String,
}

/// By id, by handle, by ids and on the page, to whom has no token: the same everywhere.
async fn shown(app: &TestApp, person: &Person, username: &str) -> Option<Shown> {
    let id = person.id;
    let one = app.api().get(&person.api("")).await;
    let by_name = app.api().get(&format!("/users?username={username}")).await;
    let by_name = by_name.expect(200).json()["items"].clone();
    let by_ids = app.api().get(&format!("/users?ids={id}")).await;
    assert_eq!(by_ids.expect(200).json()["items"], by_name);
    let mut visitor = app.visitor();
    let page = visitor.open(&format!("/@{username}")).await;
    assert_eq!(page.status, one.status);
    if one.status == 404 {
        assert_eq!(by_name, json!([]));
        return None;
    }
    let one = one.expect(200).json();
    assert_eq!(by_name, json!([one]));
    Some(Shown {
        username: one["username"].as_str().unwrap().to_owned(),
        display_name: one["display_name"].clone(),
        avatar_url: one["avatar_url"].clone(),
        page: page.text(),
    })
}

async fn own(app: &TestApp, person: &Person) -> Value {
    let own = app.api().of(person).get("/users/me").await;
    own.expect(200).json()
}

async fn is_called(app: &TestApp, person: &Person, name: &str) {
    let typed = json!({ "display_name": name });
    let changed = app.api().of(person).patch("/users/me", typed).await;
    changed.expect(200);
}

/// Insists that `look` sees a change sooner than because of its age alone: looks at what is old,
/// changes it, and looks again. A machine that is too busy for that has more tries.
async fn by_notice(what: &str, look: impl AsyncFn() -> Value, change: impl AsyncFn()) {
    eventually(what, || async {
        let begun = Instant::now();
        let old = look().await;
        change().await;
        while begun.elapsed() < MAX_AGE / 2 {
            if look().await != old {
                return Some(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        None
    })
    .await;
}

#[tokio::test]
async fn what_is_changed_is_seen_at_once_where_it_was_changed() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let seen = async |name: &str| shown(&app, &ana, name).await;
    assert_eq!(seen("ana").await.unwrap().display_name, Value::Null);
    assert_eq!(own(&app, &ana).await["display_name"], Value::Null);

    is_called(&app, &ana, "Ana A.").await;
    let now = seen("ANA").await.unwrap();
    assert_eq!(now.display_name, "Ana A.");
    assert!(now.page.contains("Ana A."));
    assert_eq!(own(&app, &ana).await["display_name"], "Ana A.");

    let picture = app.api().of(&ana).upload(&png(8, 8)).await.expect(200);
    let url = &picture.json()["avatar_url"];
    assert_eq!(seen("ana").await.unwrap().avatar_url, *url);
    assert_eq!(own(&app, &ana).await["avatar_url"], *url);
    let removed = app.api().of(&ana).delete("/users/me/avatar").await;
    removed.expect(204);
    assert_eq!(seen("ana").await.unwrap().avatar_url, Value::Null);
    assert_eq!(own(&app, &ana).await["avatar_url"], Value::Null);

    let api = app.in_session(&ana).await;
    let anna = json!({ "username": "anna" });
    let by_name = |name: &str| {
        let (api, path) = (app.api(), format!("/users?username={name}"));
        async move { api.get(&path).await.expect(200).json()["items"].clone() }
    };
    assert_eq!(by_name("anna").await, json!([]), "nobody has it yet");
    api.put("/users/me/username", anna).await.expect(200);
    assert_eq!(seen("anna").await.unwrap().username, "anna");
    assert_eq!(by_name("ana").await, json!([]));
    assert_eq!(own(&app, &ana).await["username"], "anna");

    api.delete("/users/me").await.expect(202);
    assert_eq!(seen("anna").await, None);
    let back = json!({ "email": ana.email, "password": PASSWORD });
    app.api().post("/auth/login", back).await.expect(200);
    assert_eq!(seen("anna").await.unwrap().display_name, "Ana A.");
    app.in_session(&ana)
        .await
        .delete("/users/me")
        .await
        .expect(202);
    app.clock.advance(Days::days(14) + Days::seconds(1));
    assert_eq!(seen("anna").await, None);
    app.sweep().await;
    assert_eq!(seen("anna").await, None);
}

#[tokio::test]
async fn so_are_counts() {
    let app = TestApp::start().await;
    let [ana, ben] = app.people(["ana", "ben"]).await;
    let counts = async || {
        let mut visitor = app.visitor();
        let page = visitor.open("/@ben").await.text();
        let (anas, bens) = (own(&app, &ana).await, own(&app, &ben).await);
        let (following, followers) = (&anas["followee_count"], &bens["follower_count"]);
        assert_eq!(following, followers);
        let noun = if *followers == 1 {
            "follower"
        } else {
            "followers"
        };
        assert!(page.contains(&format!("{followers} {noun}")), "{page}");
        followers.as_i64().unwrap()
    };
    assert_eq!(counts().await, 0);
    for _ in 0..3 {
        let api = app.api().of(&ana);
        api.act(&ben.api("/follow")).await.expect(201);
        assert_eq!(counts().await, 1);
        api.act(&ben.api("/follow")).await.expect(200);
        assert_eq!(counts().await, 1);
        api.delete(&ben.api("/follow")).await.expect(204);
        assert_eq!(counts().await, 0);
    }
}

#[tokio::test]
async fn and_the_people_whom_lists_show() {
    let app = TestApp::start().await;
    let [ana, ben, cyd] = app.people(["ana", "ben", "cyd"]).await;
    app.follow(&ana, &cyd).await;
    app.follow(&ben, &cyd).await;
    let names = async || {
        let list = app.api().of(&cyd).get(&cyd.api("/followers")).await;
        let items = list.expect(200).json()["items"].clone();
        let names = items.as_array().unwrap().iter();
        names
            .map(|one| one["display_name"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, [Value::Null, Value::Null]);
    is_called(&app, &ana, "Ana A.").await;
    assert_eq!(names().await, [Value::Null, json!("Ana A.")]);
    app.in_session(&ben)
        .await
        .delete("/users/me")
        .await
        .expect(202);
    assert_eq!(names().await, [json!("Ana A.")]);
}

#[tokio::test]
async fn other_replicas_of_the_service_hear_of_it() {
    let app = TestApp::start().await;
    let elsewhere = app.replica().await;
    let [ana, ben] = app.people(["ana", "ben"]).await;
    let name = async || is_called(&app, &ana, &Uuid::new_v4().to_string()).await;
    let look = async || own(&elsewhere, &ana).await["display_name"].clone();
    by_notice("one's own name", look, name).await;
    let look = async || {
        let shown = shown(&elsewhere, &ana, "ana").await.unwrap();
        json!([shown.display_name, shown.page])
    };
    by_notice("the name for others", look, name).await;

    let followers = async || own(&elsewhere, &ben).await["follower_count"].clone();
    let follow = async || {
        let (api, path) = (app.api().of(&ana), ben.api("/follow"));
        if followers().await == 0 {
            api.act(&path).await;
        } else {
            api.delete(&path).await;
        }
    };
    by_notice("a count", followers, follow).await;
}

#[tokio::test]
async fn who_was_not_there_a_moment_ago_is_there_for_everybody() {
    let app = TestApp::start().await;
    let elsewhere = app.replica().await;
    let found = async |at: &TestApp, name: &str| {
        let found = at.api().get(&format!("/users?username={name}")).await;
        found.expect(200).json()["items"].as_array().unwrap().len()
    };
    let tries = std::cell::Cell::new(0);
    eventually("a new person is known elsewhere", || async {
        tries.set(tries.get() + 1);
        let name = format!("ana{}", tries.get());
        let begun = Instant::now();
        assert_eq!(found(&elsewhere, &name).await, 0);
        assert_eq!(found(&app, &name).await, 0);
        app.person(&name).await;
        assert_eq!(found(&app, &name).await, 1, "here at once");
        while begun.elapsed() < MAX_AGE / 2 {
            if found(&elsewhere, &name).await == 1 {
                return Some(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        None
    })
    .await;
}

#[tokio::test]
async fn without_notices_nothing_is_older_than_five_seconds() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let names = async || {
        let shown = shown(&app, &ana, "ana").await.unwrap();
        [
            shown.display_name,
            own(&app, &ana).await["display_name"].clone(),
        ]
    };
    let change = "update users.users set display_name = $1 || coalesce(display_name, '')";
    eventually("a change that nobody told is not seen at once", || async {
        let old = names().await;
        app.db().await.execute(change, &[&"A"]).await.unwrap();
        (names().await == old).then_some(())
    })
    .await;
    let now: String = app.value("select display_name from users.users", &[]).await;
    pass(5).await;
    assert_eq!(names().await, [json!(now), json!(now)]);
}

#[tokio::test]
async fn whoever_was_cut_off_listens_again() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let elsewhere = app.replica().await;
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database()
            and (query like 'LISTEN%' or query like 'SELECT pg_notify%')";
    eventually("both listen", || async {
        let listening = cut.replace("pg_terminate_backend(pid)", "*");
        (app.value::<i64>(&listening, &[]).await == 2).then_some(())
    })
    .await;
    let look = async || own(&elsewhere, &ana).await["display_name"].clone();
    let name = async || is_called(&app, &ana, &Uuid::new_v4().to_string()).await;
    look().await;
    assert_eq!(app.value::<i64>(cut, &[]).await, 2);
    by_notice("the name after a cut", look, name).await;
}

impl Watched {
    async fn read(&self, metric: &str) -> f64 {
        let scrape = self.api.get("/metrics").await.expect(200).text();
        let line = scrape.lines().find_map(|line| line.strip_prefix(metric));
        line.expect(metric).trim().parse().unwrap()
    }

    async fn people(&self, result: &str) -> f64 {
        let labels = format!("{{cache=\"people\",result=\"{result}\"}}");
        self.read(&format!("read_cache_total{labels}")).await
    }
}

#[tokio::test]
async fn many_at_once_cost_one_statement_and_all_is_counted() {
    let watched = Watched::start().await;
    for result in ["hit", "absent", "joined", "miss"] {
        assert_eq!(watched.people(result).await, 0.0, "{result}");
    }
    let new = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
    let ana = watched.api.post("/auth/register", new).await.expect(201);
    let path = format!("/users/{}", ana.json()["id"].as_str().unwrap());
    let all = (0..40).map(|_| watched.api.get(&path));
    for answer in join_all(all).await {
        answer.expect(200);
    }
    // It is read anew when the machine took seconds for them.
    let loads = watched.people("miss").await;
    assert!((1.0..=3.0).contains(&loads), "{loads}");
    let rest = watched.people("hit").await + watched.people("joined").await;
    assert_eq!(rest, 40.0 - loads);
    let nobody = format!("/users/{}", Uuid::new_v4());
    for _ in 0..5 {
        watched.api.get(&nobody).await.expect(404);
    }
    assert!(watched.people("absent").await >= 1.0);
    assert!(watched.read("read_cache_bytes{cache=\"people\"}").await > 100.0);
    eventually("it listens", || async {
        (watched.read("read_cache_listening").await == 1.0).then_some(())
    })
    .await;
    let db = crate::support::connect(watched.database.url()).await;
    let notice = "select pg_notify('users_changes', '*')";
    db.execute(notice, &[]).await.unwrap();
    eventually("a notice is heard", || async {
        (watched.read("read_cache_notices_total").await >= 1.0).then_some(())
    })
    .await;
    assert!(
        watched.people("miss").await <= loads + 1.0,
        "nobody is read twice"
    );
}

#[tokio::test]
async fn what_is_kept_needs_no_database() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let see = async || shown(&app, &ana, "ana").await;
    eventually("all is read while the tables are locked", || async {
        let before = see().await;
        let lock = app.db().await;
        lock.batch_execute("begin; lock table users.users in access exclusive mode")
            .await
            .unwrap();
        let one = app.api().get(&ana.api("")).await.status;
        (one == 200 && see().await == before).then_some(())
    })
    .await;
}
