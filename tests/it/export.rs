//! A copy of everything about oneself: asked for on a page or over the API, made in the background,
//! downloaded by its owner alone.

use crate::support::{Answer, PASSWORD, Person, TestApp, Visitor, assert_keys, eventually, jpeg};
use serde_json::{Value, json};
use std::io::{Cursor, Read};
use time::Duration;
use users_service::{services::follows, storage::exports};
use zip::ZipArchive;

const PAGE: &str = "/settings/export";
const DOWNLOAD: &str = "/settings/export/download";
const READY: &str = "exports where ready_at is not null";

/// The files of a zip.
struct Copy(ZipArchive<Cursor<Vec<u8>>>);

impl Copy {
    fn of(bytes: &[u8]) -> Self {
        Self(ZipArchive::new(Cursor::new(bytes.to_vec())).expect("a zip"))
    }

    fn bytes(&mut self, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut file = self.0.by_name(name).expect("a file of this name");
        file.read_to_end(&mut bytes).expect("a whole file");
        bytes
    }

    fn text(&mut self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("UTF-8")
    }

    fn json(&mut self) -> Value {
        serde_json::from_slice(&self.bytes("data.json")).expect("JSON")
    }

    fn names(&self) -> Vec<String> {
        let names = self.0.file_names();
        names
            .map(|name| name.expect("a name").into_owned())
            .collect()
    }

    fn everything(&mut self) -> Vec<u8> {
        self.names()
            .iter()
            .flat_map(|name| self.bytes(name))
            .collect()
    }
}

impl TestApp {
    async fn export_is_ready(&self) {
        eventually("the copy is ready", || async {
            (self.count(READY).await == 1).then_some(())
        })
        .await;
    }

    /// What a visitor's browser gets at an address, as bytes.
    async fn fetch(&self, visitor: &Visitor, path: &str) -> Answer {
        let cookies = visitor.jar.header(path).unwrap_or_default();
        let call = self.api().request("GET", path);
        call.header("Cookie", &cookies).send().await
    }

    /// A copy of everything about a person, asked for and fetched.
    async fn copy_of(&self, person: &Person) -> Copy {
        let mut visitor = self.signed_in(person).await;
        visitor.open(PAGE).await;
        visitor.press("Request a copy").await;
        self.export_is_ready().await;
        Copy::of(&self.fetch(&visitor, DOWNLOAD).await.expect(200).body)
    }
}

#[tokio::test]
async fn a_copy_is_asked_for_made_announced_and_downloaded() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/settings").await;
    assert!(page.link("Your data").is_some());
    let page = visitor.click("Your data").await;
    assert_eq!((page.h1().as_str(), page.status), ("Your data", 200));
    let page = visitor.press("Request a copy").await;
    assert_eq!(page.path(), PAGE);
    app.export_is_ready().await;
    let mail = app.sink.nth_mail_to(&ana.email, 2).await;
    assert_eq!(mail.subject(), "The copy of your data is ready");
    let link = format!("{}{PAGE}", app.public_url());
    assert!(
        mail.text().lines().any(|line| line == link),
        "{}",
        mail.text()
    );
    let page = visitor.open(&link).await;
    page.shows("Your copy is ready");
    assert!(!page.has_button("Request a copy"), "one a day");
    assert!(page.link("Download your data").is_some());

    let answer = app.fetch(&visitor, DOWNLOAD).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"users-service-ana.zip\"")
    );
    let length = answer.body.len().to_string();
    assert_eq!(answer.header("content-length"), Some(length.as_str()));
    Copy::of(&answer.body).text("README.txt");
    assert_eq!(
        app.count("audit_log where event = 'export_requested'")
            .await,
        1
    );
}

#[tokio::test]
async fn everything_is_in_it_and_no_secret() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    let profile = json!({ "display_name": "=cmd()", "bio": "one, \"two\"\nthree" });
    let api = app.api().of(&ana);
    api.patch("/users/me", profile).await.expect(200);
    api.upload(&jpeg(300, 300)).await.expect(200);
    follows::follow(&app.app, ana.id, bob.id).await.unwrap();
    follows::follow(&app.app, eve.id, ana.id).await.unwrap();
    let forgotten = json!({ "email": ana.email });
    api.post("/auth/password/forgot", forgotten)
        .await
        .expect(202);
    app.sink.nth_mail_to(&ana.email, 2).await;
    app.mails_are_out().await;
    let mut copy = app.copy_of(&ana).await;

    let data = copy.json();
    let parts = "account followers following sessions security_history mails \
        email_changes former_emails former_usernames email_verifications password_resets \
        known_devices";
    assert_keys(&data, parts);
    let account = &data["account"][0];
    assert_eq!(account["id"], ana.id.to_string());
    assert_eq!(account["email"], "ana@example.org");
    assert_eq!(account["email_verified"], true);
    assert_eq!(account["display_name"], "=cmd()", "as it is");
    assert_eq!(account["delete_after"], Value::Null);
    assert_eq!(data["followers"][0]["username"], "eve");
    assert_eq!(data["following"][0]["username"], "bob");
    assert!(
        data["following"][0]["followed_at"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert_eq!(data["sessions"].as_array().unwrap().len(), 2);
    let events = data["security_history"].as_array().unwrap();
    assert!(events.iter().any(|event| event["event"] == "logged_in"));
    let mails = data["mails"].as_array().unwrap();
    assert!(mails.iter().any(|mail| mail["kind"] == "verify_email"));
    let link = &data["email_verifications"][0];
    assert_keys(link, "created_at account_id email expires_at used_at");
    assert_eq!(link["email"], ana.email);
    assert!(link["used_at"].is_string());
    let link = &data["password_resets"][0];
    assert_keys(link, "created_at account_id email expires_at used_at");
    assert_eq!(
        (&link["email"], &link["used_at"]),
        (&json!(ana.email), &Value::Null)
    );
    let device = &data["known_devices"][0];
    assert_keys(device, "seen_at account_id expires_at");
    assert!(device["expires_at"].as_str() > device["seen_at"].as_str());

    for part in parts.split(' ') {
        let table = copy.text(&format!("{part}.csv"));
        assert!(
            table.ends_with("\r\n") && table.starts_with(|c: char| c.is_ascii_lowercase()),
            "{part}: {table}"
        );
    }
    let table = copy.text("account.csv");
    assert!(
        table.contains(",'=cmd(),\"one, \"\"two\"\"\nthree\","),
        "{table}"
    );
    let mut names = copy.names().into_iter();
    let picture = names.find(|name| name.starts_with("pictures/"));
    let picture = picture.expect("a picture");
    assert_eq!(copy.bytes(&picture)[..3], [0xff, 0xd8, 0xff]);

    let everything = copy.everything();
    let has = |secret: &[u8]| everything.windows(secret.len()).any(|part| part == secret);
    let hash: String = app
        .value(
            "select password_hash from users.users where id = $1",
            &[&ana.id],
        )
        .await;
    assert!(!has(hash.as_bytes()) && !has(b"$argon2") && !has(PASSWORD.as_bytes()));
    for (table, secret) in [
        ("refresh_tokens", "token_hash"),
        ("email_verifications", "token_hash"),
        ("password_resets", "token_hash"),
        ("known_devices", "key"),
    ] {
        let hashes = format!("select encode({secret}, 'hex') from users.{table}");
        for row in app.db().await.query(&hashes, &[]).await.unwrap() {
            assert!(!has(row.get::<_, String>(0).as_bytes()), "{table}");
        }
    }
    assert!(!has(bob.email.as_bytes()) && !has(eve.email.as_bytes()));
}

#[tokio::test]
async fn everybody_is_in_it_however_many_they_are() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let fans = "with fan as (
            insert into users.users (id, username, email, password_hash)
            select gen_random_uuid(), 'fan' || n, 'fan' || n || '@example.org', ''
            from generate_series(1, 12500) as n returning id
        )
        insert into users.follows (follower_id, followee_id, created_at)
        select id, $1, timestamptz '2026-01-01' + row_number() over () % 9 * interval '1 s' from fan";
    app.db().await.execute(fans, &[&ana.id]).await.unwrap();
    let mut copy = app.copy_of(&ana).await;
    let data = copy.json();
    let mut names: Vec<&str> = data["followers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fan| fan["username"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 12_500);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 12_500, "each once, many at the same moment");
    assert_eq!(copy.text("followers.csv").lines().count(), 12_501);
    assert!(app.count("export_parts").await > 1, "in pieces");
}

#[tokio::test]
async fn only_its_owner_gets_it_with_a_password_entered_lately() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.copy_of(&ana).await;
    let mut stranger = app.visitor();
    assert_eq!(stranger.open(DOWNLOAD).await.path(), "/login");
    let mut other = app.signed_in(&bob).await;
    let page = other.open(DOWNLOAD).await;
    assert_eq!(page.path(), PAGE, "bob asked for none");
    assert!(page.has_button("Request a copy"));

    let mut owner = app.signed_in(&ana).await;
    app.clock.advance(Duration::minutes(11));
    let page = owner.open(DOWNLOAD).await;
    assert_eq!(page.h1(), "Enter your password");
    let page = owner.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.path(), PAGE);
    app.fetch(&owner, DOWNLOAD).await.expect(200);
}

#[tokio::test]
async fn one_is_made_at_a_time_and_one_a_day() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let asked = api.act("/users/me/export").await.expect(202);
    assert_eq!(asked.header("cache-control"), Some("no-store"));
    assert_keys(&asked.json(), "requested_at");
    app.export_is_ready().await;
    let refused = api.act("/users/me/export").await;
    refused.error(429, "RATE_LIMITED");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");

    app.clock.advance(Duration::hours(25));
    let mut visitor = app.signed_in(&ana).await;
    visitor.open(PAGE).await;
    visitor.press("Request a copy").await;
    app.export_is_ready().await;
    app.sink.nth_mail_to(&ana.email, 3).await;
    assert_eq!(app.count("exports").await, 1, "in the place of the old one");
    let of_old = "export_parts as p join users.exports as e using (user_id)
        where p.attempt <> e.attempts";
    assert_eq!(app.count(of_old).await, 0);
    app.api()
        .act("/users/me/export")
        .await
        .error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn asking_twice_at_once_makes_one() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    let (here, there) = (app.in_session(&ana).await, replica.in_session(&ana).await);
    let both = tokio::join!(here.act("/users/me/export"), there.act("/users/me/export"));
    assert!([202, 429].contains(&both.0.status) && [202, 429].contains(&both.1.status));
    app.export_is_ready().await;
    app.mails_are_out().await;
    assert_eq!(app.count("outbox where kind = 'export_ready'").await, 1);
    assert_eq!(
        app.count("audit_log where event = 'export_requested'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_dead_makers_copy_is_made_by_another_and_the_dead_one_adds_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let db = app.app.db.get().await.unwrap();
    let passed = app.clock.passed();
    exports::request(&db, ana.id, app.clock.now())
        .await
        .unwrap();
    let dead = exports::claim(&db, passed).await.unwrap();
    let Some(dead) = dead else {
        // The service was faster than the one that is to die.
        return app.export_is_ready().await;
    };
    assert!(
        exports::add_part(&db, &dead, 0, b"half", passed)
            .await
            .unwrap()
    );
    assert_eq!(
        exports::claim(&db, passed).await.unwrap(),
        None,
        "it is being made"
    );
    app.clock.advance(Duration::seconds(61));
    app.app.export_owed.notify_one();
    app.export_is_ready().await;
    let passed = app.clock.passed();
    assert!(
        !exports::add_part(&db, &dead, 1, b"more", passed)
            .await
            .unwrap()
    );
    assert!(
        !exports::ready(&db, &dead, 8, app.clock.now())
            .await
            .unwrap()
    );
    let halves = format!("export_parts where attempt = {}", dead.attempt);
    assert_eq!(app.count(&halves).await, 0);
    let visitor = app.signed_in(&ana).await;
    let answer = app.fetch(&visitor, DOWNLOAD).await.expect(200);
    assert_eq!(
        Copy::of(&answer.body).json()["account"][0]["username"],
        "ana"
    );
}

#[tokio::test]
async fn what_is_known_of_people_is_in_it_or_named_here() {
    // Secrets and their hashes, requests that live for a second, the counts of edges that are
    // there, and the copy itself. The pictures are files of their own.
    let left_out = "avatars export_parts exports follow_counts password_reset_requests \
        refresh_tokens web_sessions";
    let put_in = "audit_log email_changes email_restorations email_verifications follows \
        held_usernames known_devices outbox password_resets sessions users";
    let app = TestApp::start().await;
    let tables = "select string_agg(distinct table_name::text, ' ' order by table_name::text)
        from information_schema.columns where table_schema = 'users'
        and column_name in ('user_id', 'follower_id', 'email')";
    let tables: String = app.value(tables, &[]).await;
    let mut known: Vec<&str> = left_out.split(' ').chain(put_in.split(' ')).collect();
    known.sort_unstable();
    assert_eq!(tables, known.join(" "), "is a new table to be in the copy?");
}
