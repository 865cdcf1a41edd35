//! Poolers before PostgreSQL: what works through them works in every way, and what can't is refused
//! before it does harm.

use crate::support::{
    Api, Database, IGNORING, KEY, PASSWORD, PgBouncer, Program, TestApp, eventually, run,
};
use futures_util::future::join_all;
use serde_json::json;
use std::process::Output;
use tempfile::TempDir;

/// What a person does, over pages and the API, with another replica in turn.
async fn journey(app: &TestApp, other: &TestApp, name: &str) {
    let person = app.person(name).await;
    let typed = json!({ "email": person.email, "password": PASSWORD });
    let in_session = app.api().post("/auth/login", typed).await.expect(200);
    let token = in_session.refresh_token();
    let renewed = other
        .api()
        .with_refresh_token("/auth/refresh", &token)
        .await;
    renewed.expect(200);
    let name = json!({ "display_name": "New" });
    let changed = other.api().of(&person).patch("/users/me", name).await;
    changed.expect(200);
    let own = app.api().of(&person).get("/users/me").await;
    assert_eq!(own.expect(200).json()["display_name"], "New");
    let celebrity: String = app
        .value(
            "select id::text from users.users order by created_at limit 1",
            &[],
        )
        .await;
    let follow = format!("/users/{celebrity}/follow");
    app.api().of(&person).act(&follow).await.expect(201);
    for replica in [app, other] {
        let list = format!("/users/{celebrity}/followers?page_size=100");
        let list = replica.api().of(&person).get(&list).await.expect(200);
        assert!(list.text().contains(&person.username));
        let mut visitor = replica.signed_in(&person).await;
        assert_eq!(visitor.open("/timeline").await.status, 200);
    }
}

/// Two replicas of the service through one pooler, and crowds at both.
async fn everything_works(database: &Database, pooler: &PgBouncer) {
    let through = || Database::elsewhere(&pooler.url(database));
    let app = TestApp::on(through(), &[]).await;
    let other = app.replica().await;
    app.person("celebrity").await;
    // Few at once: each hashes passwords.
    for round in 0..3 {
        let journeys = [(&app, &other), (&other, &app)].map(|(one, two)| async move {
            journey(one, two, &format!("person{round}{}", one.addr().port())).await;
        });
        join_all(journeys).await;
    }
    app.counts_are_exact().await;
    app.mails_are_out().await;
    app.sweep().await;
}

/// What the program says through a pooler.
async fn says(arguments: &'static [&'static str], url: String) -> (Output, String) {
    let folder = TempDir::new().unwrap();
    let work = move || {
        let data = folder.path().to_str().unwrap();
        let settings = [
            ("DATABASE_URL", &*url),
            ("JWT_PRIVATE_KEY", &*KEY),
            ("DATA_DIR", data),
            ("LISTEN_ADDR", "127.0.0.1:0"),
        ];
        run(arguments, &settings)
    };
    let output = tokio::task::spawn_blocking(work).await.unwrap();
    let said = [&*output.stdout, &*output.stderr].concat();
    (output, String::from_utf8(said).unwrap())
}

const COMMANDS: [&[&str]; 3] = [&["serve"], &["migrate"], &["doctor"]];

#[tokio::test]
async fn a_pooler_of_sessions_serves_two_replicas() {
    let database = Database::migrated().await;
    let pooler = PgBouncer::start(&database, "session", IGNORING).await;
    everything_works(&database, &pooler).await;
}

#[tokio::test]
async fn a_pooler_of_transactions_serves_two_replicas_or_is_refused() {
    let database = Database::migrated().await;
    if PgBouncer::can_keep_statements_apart() {
        let few = format!("{IGNORING}\nmax_prepared_statements = 200\ndefault_pool_size = 6");
        let pooler = PgBouncer::start(&database, "transaction", &few).await;
        everything_works(&database, &pooler).await;
    }
    let none = if PgBouncer::can_keep_statements_apart() {
        "max_prepared_statements = 0"
    } else {
        ""
    };
    let none = format!("{IGNORING}\n{none}");
    let pooler = PgBouncer::start(&database, "transaction", &none).await;
    for command in COMMANDS {
        let (output, said) = says(command, pooler.url(&database)).await;
        assert!(!output.status.success(), "{said}");
        for words in ["prepared statements", "pool_mode = session", "1.21"] {
            assert!(said.contains(words), "{command:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_pooler_that_takes_no_settings_is_refused_with_what_to_do() {
    let database = Database::migrated().await;
    let pooler = PgBouncer::start(&database, "session", "").await;
    for command in COMMANDS {
        let (output, said) = says(command, pooler.url(&database)).await;
        assert!(!output.status.success(), "{said}");
        for words in ["ignore_startup_parameters = options", "alter role"] {
            assert!(said.contains(words), "{command:?}: {said}");
        }
    }
}

#[tokio::test]
async fn settings_that_were_not_taken_are_a_warning_at_the_start_and_of_the_doctor() {
    let database = Database::migrated().await;
    let pooler = PgBouncer::start(&database, "session", IGNORING).await;
    let url = pooler.url(&database);
    let folder = TempDir::new().unwrap();
    let settings = [
        ("DATABASE_URL", &*url),
        ("JWT_PRIVATE_KEY", &*KEY),
        ("DATA_DIR", folder.path().to_str().unwrap()),
    ];
    let program = Program::start(&settings).await;
    let (_, doctor) = says(&["doctor"], url.clone()).await;
    for said in [program.output(), doctor] {
        for words in ["statement_timeout=0", "lock_timeout=0", "alter role"] {
            assert!(said.contains(words), "{said}");
        }
    }
    let api = Api::new(&program.url);
    eventually("notices are heard", || async {
        let metrics = api.get("/metrics").await.expect(200).text();
        metrics.contains("read_cache_listening 1\n").then_some(())
    })
    .await;
    let straight = [("DATABASE_URL", database.url()), settings[1], settings[2]];
    let program = Program::start(&straight).await;
    assert!(!program.output().contains("alter role"));
}

#[tokio::test]
async fn the_doctor_leaves_a_shared_connection_as_it_was() {
    let database = Database::migrated().await;
    // Without the reset a client leaves its session to the next one.
    let pooled = format!("{IGNORING}\nserver_reset_query =\ndefault_pool_size = 3");
    let pooler = PgBouncer::start(&database, "session", &pooled).await;
    says(&["doctor"], pooler.url(&database)).await;
    for _ in 0..3 {
        let client = crate::support::connect(&pooler.url(&database)).await;
        for (setting, value) in [
            ("default_transaction_read_only", "off"),
            ("statement_timeout", "0"),
            ("search_path", "\"$user\", public"),
        ] {
            let row = client
                .query_one(&format!("show {setting}"), &[])
                .await
                .unwrap();
            assert_eq!(row.get::<_, String>(0), value, "{setting}");
        }
    }
}
