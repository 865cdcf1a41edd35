//! Leaving: hidden at once, back after a log-in within 14 days, then gone for good.

use crate::support::{Answer, PASSWORD, Person, TestApp, jpeg};
use futures_util::future::join_all;
use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use users_service::services::{
    follows,
    verification::{self, Verification},
};
use uuid::Uuid;

const PAGE: &str = "/settings/delete";
const WINDOW: Duration = Duration::days(14);

impl TestApp {
    /// Has an account deleted over the API.
    pub async fn leaves(&self, person: &Person) {
        let api = self.in_session(person).await;
        api.delete("/users/me").await.expect(202);
    }

    /// The window of whoever leaves ends, and the jobs have run.
    async fn window_ends(&self) {
        self.clock.advance(WINDOW + Duration::seconds(1));
        self.sweep().await;
    }

    async fn log_in(&self, person: &Person) -> Answer {
        let typed = json!({ "email": person.email, "password": PASSWORD });
        self.api().post("/auth/login", typed).await
    }
}

#[tokio::test]
async fn the_page_says_what_happens_and_does_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut elsewhere = app.signed_in(&ana).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings").await;
    let page = visitor.click("Delete account").await;
    assert_eq!((page.status, page.h1().as_str()), (200, "Delete account"));
    page.shows("14 days")
        .shows("Nobody else can take your username for another 90 days");
    let page = visitor.press("Delete my account").await;
    assert_eq!((page.status, page.path()), (200, "/settings/delete/done"));
    assert_eq!(page.h1(), "Your account will be deleted");
    assert!(page.link("Log in").is_some(), "nobody is signed in");
    assert!(visitor.cookie("session").is_none() && visitor.cookie("refresh_token").is_none());
    for browser in [&mut visitor, &mut elsewhere] {
        assert_eq!(browser.open("/profile").await.path(), "/login");
    }
    let mail = app.sink.nth_mail_to(&ana.email, 2).await;
    assert_eq!(mail.subject(), "Your account will be deleted");
    let until = app.clock.now() + WINDOW;
    let day = format!("{} {} {}", until.day(), until.month(), until.year());
    assert!(mail.text().contains(&day), "{}", mail.text());
    assert_eq!(
        app.count("audit_log where event = 'deletion_requested'")
            .await,
        1
    );
    assert_eq!(app.count("sessions where end_reason = 'deletion'").await, 2);
}

#[tokio::test]
async fn a_password_must_have_been_entered_lately() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open(PAGE).await;
    app.clock.advance(Duration::minutes(11));
    let page = visitor.press("Delete my account").await;
    assert_eq!(page.h1(), "Enter your password");
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.path(), PAGE, "asks once more before it acts");
    api.delete("/users/me")
        .await
        .error(403, "REAUTHENTICATION_REQUIRED");
    app.api()
        .delete("/users/me")
        .await
        .error(401, "UNAUTHENTICATED");
    assert_eq!(app.count("users where delete_after is null").await, 1);
}

#[tokio::test]
async fn the_api_says_until_when_a_log_in_keeps_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let answer = api.delete("/users/me").await.expect(202);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let until = answer.json()["delete_after"].as_str().unwrap().to_owned();
    let until = OffsetDateTime::parse(&until, &Rfc3339).unwrap();
    assert!((until - app.clock.now() - WINDOW).abs() < Duration::minutes(1));
    let again = api.delete("/users/me").await;
    again.error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn nobody_sees_who_is_leaving_and_everybody_who_came_back() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    follows::follow(&app.app, ana.id, bob.id).await.unwrap();
    follows::follow(&app.app, bob.id, ana.id).await.unwrap();
    app.leaves(&ana).await;
    let api = app.api().of(&bob);
    let seen = async |is_seen: bool| {
        let status = if is_seen { 200 } else { 404 };
        api.get(&ana.api("")).await.expect(status);
        api.get(&ana.api("/followers")).await.expect(status);
        let found = [
            "/users?username=ana".to_owned(),
            format!("/users?ids={}", ana.id),
            bob.api("/followers"),
            bob.api("/followees"),
        ];
        for path in found {
            let items = api.get(&path).await.expect(200).json()["items"].clone();
            assert_eq!(
                items.as_array().unwrap().len(),
                usize::from(is_seen),
                "{path}"
            );
        }
        let mut visitor = app.visitor();
        assert_eq!(visitor.open("/@ana").await.status, status);
        let mut member = app.signed_in(&eve).await;
        assert_eq!(member.open("/timeline").await.has("@ana"), is_seen);
    };
    seen(false).await;
    let follow = ana.api("/follow");
    api.act(&follow).await.error(404, "USER_NOT_FOUND");
    let stranger = app.api().of(&eve).delete(&follow).await;
    stranger.error(404, "USER_NOT_FOUND");
    app.api().of(&eve).act(&follow).await.expect(404);
    // The tokens of whoever leaves change nothing any more.
    let leaving = app.api().of(&ana);
    let name = json!({ "display_name": "Ana" });
    leaving
        .patch("/users/me", name)
        .await
        .error(401, "UNAUTHENTICATED");
    leaving
        .upload(&jpeg(8, 8))
        .await
        .error(401, "UNAUTHENTICATED");
    let follow = leaving.act(&eve.api("/follow")).await;
    follow.error(401, "UNAUTHENTICATED");
    app.log_in(&ana).await.expect(200);
    seen(true).await;
    app.counts_are_exact().await;
}

#[tokio::test]
async fn logging_in_keeps_the_account_and_says_so() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.leaves(&ana).await;
    app.sink.nth_mail_to(&ana.email, 2).await;
    app.clock.advance(WINDOW - Duration::minutes(1));
    let mut visitor = app.visitor();
    visitor.open("/login?next=/profile").await;
    let typed = [
        ("Email", ana.email.as_str()),
        ("Password", "wrong password"),
    ];
    assert_eq!(visitor.send("Log in", &typed).await.status, 401);
    assert_eq!(app.count("users where delete_after is null").await, 0);
    let typed = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    let page = visitor.send("Log in", &typed).await;
    assert_eq!(
        (page.path(), page.h1().as_str()),
        ("/settings/delete/kept", "Your account is kept")
    );
    assert_eq!(visitor.click("Continue").await.path(), "/profile");
    let mail = app.sink.nth_mail_to(&ana.email, 3).await;
    assert_eq!(mail.subject(), "Your account is kept");
    assert_eq!(
        app.count("audit_log where event = 'deletion_cancelled'")
            .await,
        1
    );
    app.window_ends().await;
    app.log_in(&ana).await.expect(200);
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn once_the_window_has_ended_a_log_in_is_too_late() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.leaves(&ana).await;
    app.clock.advance(WINDOW + Duration::seconds(1));
    // Not taken away yet.
    let refused = app.log_in(&ana).await;
    refused.error(401, "INVALID_CREDENTIALS");
    let typed = json!({ "email": "nobody@example.org", "password": PASSWORD });
    let unknown = app.api().post("/auth/login", typed).await;
    assert_eq!(refused.body, unknown.body);
    let noted = "audit_log where event = 'log_in_failed'";
    assert_eq!(app.count(noted).await, 2, "the same work for both");
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
}

#[tokio::test]
async fn nothing_is_left_but_a_log_without_a_name() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana.leaves", "bob"]).await;
    let api = app.api().of(&ana);
    let profile = json!({ "display_name": "Ana Banana", "bio": "Likes maps" });
    api.patch("/users/me", profile).await.expect(200);
    api.upload(&jpeg(300, 300)).await.expect(200);
    follows::follow(&app.app, ana.id, bob.id).await.unwrap();
    follows::follow(&app.app, bob.id, ana.id).await.unwrap();
    app.in_session(&ana)
        .await
        .act("/users/me/export")
        .await
        .expect(202);
    app.sink.nth_mail_to(&ana.email, 2).await;
    app.leaves(&ana).await;
    app.mails_are_out().await;
    let pictures = || {
        std::fs::read_dir(app.data_dir.path().join("avatars"))
            .unwrap()
            .count()
    };
    assert!(pictures() > 0);
    app.window_ends().await;

    assert_eq!(pictures(), 0);
    let dump = app.dump().await;
    for trace in ["ana.leaves@", "Ana Banana", "Likes maps"] {
        assert!(!dump.contains(trace), "{trace} is in {dump}");
    }
    let named = dump.lines().filter(|line| line.contains("ana.leaves"));
    let held: Vec<&str> = named.collect();
    assert!(
        held.len() == 1 && held[0].contains("held_until"),
        "{held:?}"
    );
    let id = ana.id.to_string();
    let lines: Vec<&str> = dump.lines().filter(|line| line.contains(&id)).collect();
    assert!(
        !lines.is_empty() && lines.iter().all(|line| line.contains("\"event\"")),
        "{lines:?}"
    );
    let telling = format!(
        "audit_log where user_id = '{id}' and (address, device, detail) is distinct from (null, null, null)"
    );
    assert_eq!(app.count(&telling).await, 0);
    app.counts_are_exact().await;
    app.api().get(&ana.api("")).await.expect(404);
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn a_celebritys_edges_go_in_batches_and_the_counts_of_others_stay_exact() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let fans = "with fan as (
            insert into users.users (id, username, email, password_hash)
            select gen_random_uuid(), 'fan' || n, 'fan' || n || '@example.org', ''
            from generate_series(1, 1300) as n returning id
        )
        insert into users.follows (follower_id, followee_id)
        select id, $1 from fan union all select $1, id from fan";
    let counts = "insert into users.follow_counts (user_id, slot, followers, followees)
        select user_id, slot, sum(followers), sum(followees)
        from (
            select followee_id as user_id, 1 as followers, 0 as followees,
                (get_byte(uuid_send(follower_id), 15) & 15)::smallint as slot
            from users.follows
            union all select follower_id, 0, 1, 0 from users.follows
        ) as edges
        group by user_id, slot";
    let db = app.db().await;
    db.execute(fans, &[&ana.id]).await.unwrap();
    db.execute(counts, &[]).await.unwrap();
    follows::follow(&app.app, bob.id, ana.id).await.unwrap();
    app.counts_are_exact().await;
    app.leaves(&ana).await;
    app.clock.advance(WINDOW + Duration::seconds(1));
    // Two replicas, and people who unfollow meanwhile.
    let replica = app.replica().await;
    let ids = "select follower_id from users.follows where followee_id = $1 limit 40";
    let some = db.query(ids, &[&ana.id]).await.unwrap();
    let some: Vec<Uuid> = some.iter().map(|row| row.get(0)).collect();
    let unfollow = join_all(
        some.iter()
            .map(|fan| follows::unfollow(&app.app, *fan, ana.id)),
    );
    tokio::join!(app.sweep(), replica.sweep(), unfollow);
    app.sweep().await;
    let left = app
        .count("users where deletion_started_at is not null")
        .await;
    assert_eq!(left, 0);
    assert_eq!(app.count("follows").await, 0);
    app.counts_are_exact().await;
}

#[tokio::test]
async fn an_unproven_account_goes_though_its_people_or_itself_are_leaving() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    for (name, leaves_itself) in [("gone", false), ("leaving", true)] {
        let gone = app.unverified(name).await;
        let link = app.sink.mail_to(&gone.email).await.link();
        for other in [&ana, &bob] {
            follows::follow(&app.app, gone.id, other.id).await.unwrap();
            follows::follow(&app.app, other.id, gone.id).await.unwrap();
        }
        app.leaves(&ana).await;
        if leaves_itself {
            app.leaves(&gone).await;
        }
        let mut owner = app.visitor();
        owner.open(&link).await;
        let page = owner.press("This was not me").await;
        assert_eq!((page.status, page.path()), (200, "/verify/rejected"));
        assert_eq!(app.count("users").await, 2);
        assert_eq!(app.count("follows").await, 0);
        app.counts_are_exact().await;
        let back = app.log_in(&ana).await.expect(200).access_token();
        let own = app.api().bearer(&back).get("/users/me").await;
        let own = own.expect(200).json();
        let counts = (&own["follower_count"], &own["followee_count"]);
        assert_eq!(counts, (&json!(0), &json!(0)));
    }
}

#[tokio::test]
async fn an_unproven_account_and_one_whose_window_has_ended_go_at_the_same_time() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    let replica = app.replica().await;
    let bob = app.person("bob").await;
    for round in 0..4 {
        let ana = app.person(&format!("ana{round}")).await;
        let gone = app.unverified(&format!("gone{round}")).await;
        let token = app.link_token(&gone).await.as_str().into();
        for (one, other) in [(&ana, &gone), (&ana, &bob), (&gone, &bob)] {
            follows::follow(&app.app, one.id, other.id).await.unwrap();
            follows::follow(&app.app, other.id, one.id).await.unwrap();
        }
        app.leaves(&ana).await;
        let ended = "update users.users set delete_after = now() where username like 'ana%'";
        app.execute(ended).await;
        let link = Verification { token };
        let (rejected, ()) = tokio::join!(verification::reject(&app.app, &link), replica.sweep());
        rejected.unwrap();
        app.sweep().await;
        assert_eq!(app.count("users").await, 1);
        assert_eq!(app.count("follows").await, 0);
        app.counts_are_exact().await;
    }
}

#[tokio::test]
async fn a_log_in_against_the_final_deletion_keeps_all_or_nothing() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let bob = app.person("bob").await;
    for round in 0..6 {
        let ana = app.person(&format!("ana{round}")).await;
        follows::follow(&app.app, bob.id, ana.id).await.unwrap();
        app.leaves(&ana).await;
        // The moment is right for the deletion, and for the log-in a moment before.
        let past = "update users.users set delete_after = $2 where id = $1";
        let until = app.clock.now() + Duration::milliseconds(60);
        app.db()
            .await
            .execute(past, &[&ana.id, &until])
            .await
            .unwrap();
        let deleted = async {
            for _ in 0..40 {
                replica.sweep().await;
            }
        };
        let (answer, ()) = tokio::join!(app.log_in(&ana), deleted);
        let account = format!("users where id = '{}'", ana.id);
        let edges = format!("follows where followee_id = '{}'", ana.id);
        let live = format!("sessions where user_id = '{}' and ended_at is null", ana.id);
        let whole = (
            app.count(&account).await,
            app.count(&edges).await,
            app.count(&live).await,
        );
        match answer.status {
            200 => assert_eq!(whole, (1, 1, 1), "kept whole"),
            401 => assert_eq!(whole, (0, 0, 0), "gone whole"),
            other => panic!("{other}: {}", answer.text()),
        }
        app.counts_are_exact().await;
    }
}

#[tokio::test]
async fn nothing_brings_back_an_account_whose_deletion_began() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.leaves(&ana).await;
    // Another replica, whose clock is ahead, began.
    let began = "update users.users set deletion_started_at = now()";
    app.db().await.execute(began, &[]).await.unwrap();
    assert_ne!(app.log_in(&ana).await.status, 200);
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
}

#[tokio::test]
async fn a_log_in_and_a_deletion_at_once_leave_no_session_in_a_leaving_account() {
    let app = TestApp::start().await;
    for round in 0..6 {
        let ana = app.person(&format!("ana{round}")).await;
        let api = app.in_session(&ana).await;
        let (left, back) = tokio::join!(api.delete("/users/me"), app.log_in(&ana));
        left.expect(202);
        back.expect(200);
        let in_leaving = format!(
            "sessions as s join users.users as u on u.id = s.user_id
             where u.id = '{}' and u.delete_after is not null and s.ended_at is null",
            ana.id
        );
        assert_eq!(app.count(&in_leaving).await, 0);
    }
}

#[tokio::test]
async fn an_account_that_cant_be_deleted_does_not_hold_up_others() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.api().of(&ana).upload(&jpeg(300, 300)).await.expect(200);
    app.leaves(&ana).await;
    app.leaves(&bob).await;
    let db = app.db().await;
    let refuse = "
        create function public.refuse() returns trigger language plpgsql as
            $$ begin raise exception 'not this one'; end $$;
        create trigger refuse before delete on users.users for each row
            when (old.username = 'ana') execute function public.refuse()";
    db.batch_execute(refuse).await.unwrap();
    app.window_ends().await;
    let left: String = app.value("select username from users.users", &[]).await;
    assert_eq!(left, "ana");
    let picture: String = app.value("select name from users.avatars", &[]).await;
    let picture = app.data_dir.path().join("avatars").join(picture);
    assert!(picture.exists(), "nothing is half done");
    db.batch_execute("drop function public.refuse cascade")
        .await
        .unwrap();
    app.clock.advance(Duration::hours(2));
    app.sweep().await;
    assert_eq!(app.count("users").await, 0);
    assert!(!picture.exists());
}

#[tokio::test]
async fn the_name_is_nobody_elses_for_90_days() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.leaves(&ana).await;
    app.window_ends().await;
    let typed = json!({ "email": "other@example.org", "username": "Ana", "password": PASSWORD });
    let api = app.api();
    let register = async || api.post("/auth/register", typed.clone()).await;
    register().await.error(409, "USERNAME_ALREADY_EXISTS");
    app.clock.advance(Duration::days(90) - Duration::minutes(1));
    app.sweep().await;
    register().await.error(409, "USERNAME_ALREADY_EXISTS");
    app.clock.advance(Duration::minutes(2));
    app.sweep().await;
    assert_eq!(app.count("held_usernames").await, 0);
    register().await.expect(201);
}

#[tokio::test]
async fn the_address_is_free_at_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.leaves(&ana).await;
    let typed = json!({ "email": ana.email, "username": "ana2", "password": PASSWORD });
    let early = app.api().post("/auth/register", typed.clone()).await;
    early.error(409, "EMAIL_ALREADY_EXISTS");
    app.window_ends().await;
    app.api().post("/auth/register", typed).await.expect(201);
}
