//! `users-service doctor`: what is wrong in the database is named, with what to do about it.

use crate::{
    doctor::Patient,
    support::{Database, Person, assert_reviewed},
};
use users_service::{
    database::migrate,
    ops::doctor::{counters, schema},
};
use uuid::Uuid;

#[tokio::test]
async fn the_migrations_make_the_schema_that_was_reviewed() {
    let database = Database::migrated().await;
    let db = database.connect().await;
    db.batch_execute("set search_path = pg_catalog")
        .await
        .unwrap();
    let made = schema::catalogue(&db).await.unwrap();
    assert_reviewed("src/ops/doctor/schema.txt", &made);
}

#[tokio::test]
async fn migrations_that_are_missing_newer_or_edited_are_named() {
    let database = Database::empty().await;
    let patient = Patient::healthy().await;
    let elsewhere = [("DATABASE_URL", database.url())];
    let report = patient.with(&elsewhere).await;
    report.says("wrong", "rights", &["no schema `users`"]);
    report.says("wrong", "migrations", &["users-service migrate"]);
    migrate::run(database.url(), Some(12)).await.unwrap();
    let report = patient.with(&elsewhere).await;
    report.says(
        "wrong",
        "migrations",
        &["[13, 14, 15", "users-service migrate"],
    );
    report.says("warn", "schema", &["not compared"]);

    let app = &patient.app;
    app.execute("update users.schema_migrations set checksum = '1' where version = 2")
        .await;
    let report = patient.examined().await;
    report.says("wrong", "migrations", &["V2__refresh_tokens", "never edit"]);
    app.execute("insert into users.schema_migrations values (999, 'later', '2030-01-01', '1')")
        .await;
    let report = patient.examined().await;
    report.says("warn", "migrations", &["999", "rolls out"]);
}

#[tokio::test]
async fn every_difference_from_what_the_migrations_make_is_named() {
    let patient = Patient::healthy().await;
    let db = patient.app.db().await;
    db.batch_execute(
        "drop index users.users_email_key;
         alter table users.follows drop constraint follows_not_self;
         alter table users.users alter column display_name type text;
         alter table users.users alter column email_verified drop default;
         alter table users.users alter column roles drop not null;
         alter table users.sessions drop column user_agent;
         alter table users.rate_limits set logged;
         create index of_mine on users.users (created_at);
         create table users.notes (id int)",
    )
    .await
    .unwrap();
    let report = patient.examined().await;
    for words in [
        &[
            "users_email_key is gone",
            "CREATE UNIQUE INDEX users_email_key",
        ][..],
        &["constraint follows.follows_not_self is gone"],
        &[
            "users.display_name is text",
            "make it character varying(100)",
        ],
        &["users.email_verified is boolean not null", "default false"],
        &["users.roles is text[] default"],
        &["column sessions.user_agent is gone"],
        &["table rate_limits is logged"],
    ] {
        report.says("wrong", "schema", words);
    }
    report.says("warn", "schema", &["of_mine", "of no migration"]);
    report.says("warn", "schema", &["table notes"]);
    let lines = report
        .text
        .lines()
        .filter(|line| line.contains("  schema: "));
    assert_eq!(
        lines.count(),
        10,
        "a table comes with its column\n{}",
        report.text
    );
}

#[tokio::test]
async fn an_invalid_index_is_named() {
    let patient = Patient::healthy().await;
    let broken = "update pg_index set indisvalid = false
        where indexrelid = 'users.follows_followers_idx'::regclass";
    assert_eq!(patient.app.execute(broken).await, 1);
    let report = patient.examined().await;
    let mend = "reindex index concurrently users.follows_followers_idx";
    report.says("wrong", "schema", &["nothing is found by it", mend]);
}

/// The statements below this headline of the operators' handbook.
fn handbook(headline: &str) -> String {
    let text = include_str!("../../docs/operations.md");
    let (_, section) = text.split_once(headline).expect(headline);
    let (_, block) = section.split_once("```sql\n").expect("a block");
    block.split_once("```").expect("its end").0.to_owned()
}

#[tokio::test]
async fn wrong_counts_are_named_and_the_handbook_mends_them() {
    let patient = Patient::healthy().await;
    let app = &patient.app;
    let (ana, bob) = (app.person("ana").await, app.person("bob").await);
    for (one, other) in [(&ana, &bob), (&bob, &ana)] {
        let path = format!("/users/{}/follow", other.id);
        app.api().of(one).act(&path).await.expect(201);
    }
    let counts = async |person: &Person| {
        let sums = "select sum(followers)::text || ' ' || sum(followees)
            from users.follow_counts where user_id = $1";
        app.value::<String>(sums, &[&person.id]).await
    };
    patient
        .examined()
        .await
        .says("ok", "counters", &["all of 2 people"]);
    let wrong = format!(
        "update users.follow_counts set followers = 7 where followers = 1 and user_id = '{}'",
        ana.id
    );
    assert_eq!(app.execute(&wrong).await, 1);
    let report = patient.examined().await;
    report.says(
        "wrong",
        "counters",
        &["1 of 2 people", &ana.id.to_string(), "operations.md"],
    );
    // As where there are too many people to compare all.
    let sample = counters::compare(&app.db().await, counters::SOME)
        .await
        .unwrap();
    assert_eq!(sample.few, [ana.id.to_string()]);
    app.execute("delete from users.follow_counts").await;
    patient
        .examined()
        .await
        .says("wrong", "counters", &["2 of 2 people"]);
    app.db()
        .await
        .batch_execute(&handbook("Counting anew"))
        .await
        .unwrap();
    patient
        .examined()
        .await
        .says("ok", "counters", &["all of 2 people"]);
    assert_eq!((&*counts(&ana).await, &*counts(&bob).await), ("1 1", "1 1"));
}

#[tokio::test]
async fn late_mails_and_mails_given_up_are_named() {
    let patient = Patient::healthy().await;
    let app = &patient.app;
    app.person("ana").await;
    app.mails_are_out().await;
    for (when, more, values) in [
        ("20 minutes", "", ""),
        ("2 days", ", given_up_at", ", now()"),
    ] {
        let mail = format!(
            "insert into users.outbox (id, user_id, kind, created_at, next_attempt_at{more})
             select gen_random_uuid(), id, 'of_the_future', now() - interval '{when}', 'infinity'{values}
             from users.users"
        );
        app.execute(&mail).await;
    }
    let report = patient.examined().await;
    report.says("warn", "mail queue", &["1 owed, the oldest for 20 minutes"]);
    report.says("warn", "mail queue", &["1 given up", "last_error"]);
    assert_eq!(report.status, Some(0), "{}", report.text);
}

#[tokio::test]
async fn a_janitor_that_does_nothing_is_named() {
    let patient = Patient::healthy().await;
    let idle = "insert into users.leases values
        ('janitor', gen_random_uuid(), now(), now() - interval '61 minutes')";
    patient.app.execute(idle).await;
    let report = patient.examined().await;
    report.says(
        "warn",
        "janitor",
        &["61 minutes ago", "UsersServiceJanitorIdle"],
    );
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_known_by_the_sessions_that_all_come_from_it() {
    let patient = Patient::healthy().await;
    let app = &patient.app;
    app.person("ana").await;
    let session = "insert into users.sessions (id, user_id, address)
        select gen_random_uuid(), id, $1 from users.users, generate_series(1, 20)";
    let network = "10.0.3.0/24";
    app.db().await.execute(session, &[&network]).await.unwrap();
    let production = [("APP_ENV", "production")];
    let report = patient.with(&production).await;
    report.says("warn", "proxies", &["10.0.3.0/24", "X-Forwarded-For"]);
    app.execute("update users.sessions set address = '203.0.113.0/24'")
        .await;
    let report = patient.with(&production).await;
    assert!(!report.text.contains("sessions in use"), "{}", report.text);
}

#[tokio::test]
async fn rights_that_are_missing_are_named() {
    let patient = Patient::healthy().await;
    let role = format!("role_{}", Uuid::new_v4().simple());
    let db = patient.app.db().await;
    db.batch_execute(&format!("create role {role} login"))
        .await
        .unwrap();
    let url = patient.app.database.url_as(&role);
    let report = patient.with(&[("DATABASE_URL", &url)]).await;
    report.says(
        "wrong",
        "rights",
        &[
            "may not use",
            &format!("grant usage on schema users to {role}"),
        ],
    );
    db.batch_execute(&format!(
        "grant usage on schema users to {role};
         grant select, insert, update, delete on all tables in schema users to {role};
         revoke delete on users.follows from {role}"
    ))
    .await
    .unwrap();
    let report = patient.with(&[("DATABASE_URL", &url)]).await;
    report.says(
        "wrong",
        "rights",
        &["the table follows", "grant select, insert, update, delete"],
    );
    let drop = format!("drop owned by {role}; drop role {role}");
    db.batch_execute(&drop).await.unwrap();
}

#[tokio::test]
async fn pools_that_the_database_has_no_room_for_are_named() {
    let patient = Patient::healthy().await;
    let report = patient.with(&[("DATABASE_POOL_SIZE", "500")]).await;
    report.says("warn", "connections", &["1 × 501", "one more replica"]);
    let role = format!("role_{}", Uuid::new_v4().simple());
    let db = patient.app.db().await;
    let few = format!("create role {role} login superuser connection limit 4");
    db.batch_execute(&few).await.unwrap();
    let url = patient.app.database.url_as(&role);
    let report = patient.with(&[("DATABASE_URL", &url)]).await;
    report.says(
        "wrong",
        "connections",
        &["room for 4", "DATABASE_POOL_SIZE"],
    );
    db.batch_execute(&format!("drop role {role}"))
        .await
        .unwrap();
}
