//! Reads from a replica: who may be shown the past, for how long, and that nobody notices when the
//! replica is behind, silent or gone.

use crate::support::{Database, Page, Pair, Person, SetCookie, TestApp, Visitor, eventually};
use serde_json::json;
use uuid::Uuid;

/// Longer than any of these tests takes.
const LONG: &str = "60";

/// A service that reads from the pair's standby, which may be so many seconds behind.
async fn on(pair: &Pair, max_lag: &str) -> TestApp {
    let replicas = pair.standby.url();
    let settings = [
        ("DATABASE_READ_URL", &*replicas),
        ("DATABASE_READ_MAX_LAG", max_lag),
    ];
    let app = TestApp::on(Database::elsewhere(&pair.primary.url()), &settings).await;
    reads_come_from_the_replica(&app).await;
    app
}

async fn reads_come_from_the_replica(app: &TestApp) {
    eventually("the replica is used", || async {
        app.app.replicas.fresh().map(drop)
    })
    .await;
}

/// A replica that was too slow once is not asked for half a second.
async fn sooner_or_later(what: &str, look: impl AsyncFn() -> bool) {
    eventually(what, || async { look().await.then_some(()) }).await;
}

/// Has the standby show what it shows now from here on.
async fn stop_time(pair: &Pair) {
    pair.caught_up().await;
    let standby = pair.standby.connect().await;
    let pause = "select pg_wal_replay_pause()";
    standby.batch_execute(pause).await.unwrap();
    eventually("the replica pauses", || async {
        let state = "select pg_get_wal_replay_pause_state() = 'paused'";
        let row = standby.query_one(state, &[]).await.unwrap();
        row.get::<_, bool>(0).then_some(())
    })
    .await;
}

async fn is_called(app: &TestApp, person: &Person, name: &str) {
    let typed = json!({ "display_name": name });
    let changed = app.api().of(person).patch("/users/me", typed).await;
    changed.expect(200);
}

/// The names that look-ups without a token show, each in its way.
async fn names_shown(app: &TestApp, person: &Person) -> [String; 3] {
    let (id, username) = (person.id, &person.username);
    let one = app.api().get(&person.api("")).await.expect(200).json();
    let by_name = format!("/users?username={username}");
    let by_name = app.api().get(&by_name).await.expect(200).json();
    let by_ids = app.api().get(&format!("/users?ids={id}")).await;
    let by_ids = by_ids.expect(200).json();
    let all = [&one, &by_name["items"][0], &by_ids["items"][0]];
    all.map(|person| person["display_name"].as_str().unwrap().to_owned())
}

/// A browser that has not changed anything for a long while.
async fn settled(app: &TestApp, person: &Person) -> Visitor {
    let mut visitor = app.signed_in(person).await;
    visitor.jar.keep_only(&["session", "refresh_token"]);
    visitor
}

#[tokio::test]
async fn look_ups_are_loaded_from_the_replica() {
    let pair = Pair::start(false).await;
    let app = on(&pair, LONG).await;
    let standby = pair.standby.connect().await;
    let asked = "select count(*) from pg_stat_activity where query like '%\"display_name\"%ANY%'
        and pid <> pg_backend_pid()";
    eventually("the replica is asked for people", || async {
        let unknown = Uuid::new_v4();
        app.api()
            .get(&format!("/users/{unknown}"))
            .await
            .expect(404);
        let asked = standby.query_one(asked, &[]).await.unwrap();
        (asked.get::<_, i64>(0) > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_replica_lacks_that_is_known_to_have_changed_the_primary_shows() {
    let pair = Pair::start(false).await;
    let app = on(&pair, LONG).await;
    let ana = app.person("ana").await;
    is_called(&app, &ana, "Old").await;
    let mut browser = settled(&app, &ana).await;
    stop_time(&pair).await;
    is_called(&app, &ana, "New").await;
    assert_eq!(names_shown(&app, &ana).await, ["New"; 3]);
    app.visitor().open("/@ana").await.shows("New");
    for own in ["/users/me", &ana.api("")] {
        let own = app.api().of(&ana).get(own).await.expect(200).json();
        assert_eq!(own["display_name"], "New");
    }
    browser.open("/@ana").await.shows("New");
}

#[tokio::test]
async fn a_browser_sees_what_it_changed_also_when_it_is_signed_out() {
    let pair = Pair::start(false).await;
    let app = on(&pair, LONG).await;
    let ana = app.person("ana").await;
    stop_time(&pair).await;
    let mut browser = app.signed_in(&ana).await;
    browser.open("/profile/edit").await;
    browser.send("Save", &[("Display name", "New")]).await;
    browser.press("Log out").await;
    browser.open("/@ana").await.shows("New");
    // The other replica of the service knows as much.
    let elsewhere = app.replica().await;
    let mut moved = elsewhere.visitor();
    moved.jar = browser.jar.clone();
    moved.open("/@ana").await.shows("New");
}

#[tokio::test]
async fn only_what_was_changed_is_remembered_and_only_where_there_are_replicas() {
    let pair = Pair::start(false).await;
    let app = on(&pair, "5").await;
    let ana = app.person("ana").await;
    let written = |headers: &http::HeaderMap| {
        let all = SetCookie::all(headers);
        all.into_iter().find(|cookie| cookie.name == "written")
    };
    let typed = json!({ "display_name": "New" });
    let changed = app.api().of(&ana).patch("/users/me", typed.clone()).await;
    let cookie = written(&changed.expect(200).headers).unwrap();
    assert!(cookie.has("HttpOnly") && cookie.has("Max-Age=7"));
    let refused = app.api().patch("/users/me", typed.clone()).await;
    assert_eq!(written(&refused.expect(401).headers), None);
    let read = app.api().of(&ana).get("/users/me").await.expect(200);
    assert_eq!(written(&read.headers), None);
    let without = TestApp::start().await;
    let ben = without.person("ben").await;
    let changed = without.api().of(&ben).patch("/users/me", typed).await;
    assert_eq!(written(&changed.expect(200).headers), None);
}

#[tokio::test]
async fn whom_the_replica_does_not_know_yet_the_primary_does() {
    let pair = Pair::start(false).await;
    let app = on(&pair, LONG).await;
    let ana = app.person("ana").await;
    stop_time(&pair).await;
    let ben = app.person("ben").await;
    app.api().get(&ben.api("")).await.expect(200);
    let both = format!("/users?ids={},{}", ana.id, ben.id);
    let both = app.api().get(&both).await.expect(200).json();
    assert_eq!(both["items"].as_array().unwrap().len(), 2);
    assert_eq!(app.visitor().open("/@ben").await.status, 200);
}

#[tokio::test]
async fn lists_show_the_viewers_own_doing_and_that_of_others_a_little_later() {
    let pair = Pair::start(false).await;
    let app = on(&pair, LONG).await;
    let [ana, ben, cyd] = app.people(["ana", "ben", "cyd"]).await;
    app.follow(&ana, &cyd).await;
    let mut anas_browser = app.signed_in(&ana).await;
    let mut cyds_browser = settled(&app, &cyd).await;
    stop_time(&pair).await;
    app.follow(&ana, &ben).await;
    is_called(&app, &cyd, "Cyd C.").await;

    let list = async |viewer: &Person, of: &Person, list: &str| {
        let page = app.api().of(viewer).get(&of.api(list)).await;
        page.expect(200).text()
    };
    assert!(list(&ana, &ana, "/followees").await.contains("ben"));
    assert!(list(&ana, &ben, "/followers").await.contains("ana"));
    sooner_or_later("others don't see whom she follows yet", async || {
        !list(&ben, &ana, "/followees").await.contains("ben")
    })
    .await;
    let shown_to_cyd = list(&cyd, &ana, "/followees").await;
    assert!(shown_to_cyd.contains("Cyd C."), "{shown_to_cyd}");

    let (bens, cyds) = ("/@ben/followers", "/@cyd/followers");
    let shows_ana = |page: &Page| !page.all("main a[href='/@ana']").is_empty();
    assert!(shows_ana(cyds_browser.open(bens).await), "pages know");
    anas_browser.open("/@cyd").await;
    anas_browser.press("Unfollow").await;
    assert!(!shows_ana(cyds_browser.open(cyds).await));
}

#[tokio::test]
async fn a_replica_that_stops_or_falls_silent_is_missed_by_nobody() {
    let pair = Pair::start(false).await;
    let app = on(&pair, "1").await;
    let [ana, ben, cyd] = app.people(["ana", "ben", "cyd"]).await;
    is_called(&app, &ana, "Ana").await;
    app.follow(&ben, &ana).await;
    pair.caught_up().await;
    let all_is_well = async || {
        for _ in 0..5 {
            assert_eq!(names_shown(&app, &ana).await, ["Ana"; 3]);
            let list = app.api().of(&cyd).get(&ben.api("/followees")).await;
            assert!(list.expect(200).text().contains("ana"));
        }
    };
    for mode in ["fast", "immediate"] {
        pair.standby.stop(mode).await;
        all_is_well().await;
        pair.standby.start().await;
        all_is_well().await;
        reads_come_from_the_replica(&app).await;
    }
    pair.standby.freeze(true);
    all_is_well().await;
    pair.standby.freeze(false);
    reads_come_from_the_replica(&app).await;
    all_is_well().await;
    let metrics = app.api().get("/metrics").await.expect(200).text();
    let host = format!("127.0.0.1:{}", pair.standby.port);
    assert!(metrics.contains(&format!("db_replica_lag_seconds{{host=\"{host}\"}} ")));
    assert!(!metrics.contains("db_replica_fallbacks_total{reason=\"failed\"} 0\n"));
}

#[tokio::test]
async fn of_several_hosts_only_those_that_follow_the_primary_are_read_from() {
    let pair = Pair::start(false).await;
    let both = pair.url();
    let settings = [("DATABASE_READ_URL", &*both)];
    let app = TestApp::on(Database::elsewhere(&both), &settings).await;
    reads_come_from_the_replica(&app).await;
    let replica = app.app.replicas.fresh().unwrap();
    assert!(replica.host().ends_with(&pair.standby.port.to_string()));
    let ana = app.person("ana").await;
    is_called(&app, &ana, "Ana").await;
    pair.caught_up().await;
    pair.primary.stop("immediate").await;
    pair.standby.promote().await;
    eventually("the promoted server serves alone", || async {
        let health = app.api().get("/health").await;
        (health.status == 200 && app.app.replicas.fresh().is_none()).then_some(())
    })
    .await;
    assert_eq!(names_shown(&app, &ana).await, ["Ana"; 3]);
}
