//! Migrating with care: rows survive, edits are refused, several may start at once.

use crate::support::{Database, TestApp, connect, run};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use users_service::{database::migrate, domain::Token};
use uuid::Uuid;

/// An account by the four columns that a stranger may name.
async fn account(db: &Client, username: &str) -> Uuid {
    let insert = "insert into users.users (id, username, email, password_hash)
        values (gen_random_uuid(), $1, $1 || '@example.org', 'x') returning id";
    db.query_one(insert, &[&username]).await.unwrap().get(0)
}

async fn versions(db: &Client) -> Vec<i32> {
    let sql = "select version from users.schema_migrations order by version";
    let rows = db.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn rows_survive_every_step_and_four_columns_are_enough_at_each() {
    let database = Database::empty().await;
    let mut made = Vec::new();
    for step in 1..=migrate::newest() {
        let report = migrate::run(database.url(), Some(step)).await.unwrap();
        assert_eq!(report.applied, [step]);
        let db = database.connect().await;
        made.push(account(&db, &format!("since{step}")).await);
        let all = "select id from users.users order by created_at, username";
        let rows = db.query(all, &[]).await.unwrap();
        let mut ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        ids.sort_unstable();
        let mut expected = made.clone();
        expected.sort_unstable();
        assert_eq!(ids, expected, "step {step}");
    }
    let db = database.connect().await;
    assert_eq!(
        versions(&db).await,
        (1..=migrate::newest()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_old_steps_held_works_with_the_newest_code() {
    let database = Database::empty().await;
    migrate::run(database.url(), Some(2)).await.unwrap();
    let db = database.connect().await;
    let (ana, bob) = (account(&db, "ana").await, account(&db, "bob").await);
    let token = Token::random().unwrap();
    let hash = Sha256::digest(token.expose()).to_vec();
    let insert = "insert into users.refresh_tokens (token_hash, user_id, expires_at)
        values ($1, $2, now() + interval '1 day')";
    db.execute(insert, &[&hash, &ana]).await.unwrap();
    let link = Token::random().unwrap();
    let hash = Sha256::digest(link.expose()).to_vec();
    let insert = "insert into users.email_verifications (token_hash, user_id, expires_at)
        values ($1, $2, now() + interval '1 day')";
    db.execute(insert, &[&hash, &ana]).await.unwrap();
    migrate::run(database.url(), Some(4)).await.unwrap();
    let insert = "insert into users.follows (follower_id, followee_id) values ($1, $2)";
    db.execute(insert, &[&bob, &ana]).await.unwrap();
    migrate::run(database.url(), None).await.unwrap();

    let app = TestApp::on(database, &[]).await;
    let body = serde_json::json!({ "token": link.expose() });
    app.api().post("/auth/verify", body).await.expect(200);
    let access = app.refresh(token.expose()).await.expect(200).access_token();
    let me = app
        .api()
        .bearer(&access)
        .get("/users/me")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&me["follower_count"], &me["followee_count"]),
        (&1.into(), &0.into())
    );
}

#[tokio::test]
async fn migrating_up_to_a_step_goes_no_further_and_never_back() {
    let database = Database::empty().await;
    let migrate_to = |to: &'static str| {
        run(
            &["migrate", "--to", to],
            &[("DATABASE_URL", database.url())],
        )
    };
    assert!(migrate_to("3").status.success());
    let db = database.connect().await;
    assert_eq!(versions(&db).await, [1, 2, 3]);
    assert!(migrate_to("1").status.success());
    assert_eq!(versions(&db).await, [1, 2, 3]);
    assert!(
        run(&["migrate"], &[("DATABASE_URL", database.url())])
            .status
            .success()
    );
    assert_eq!(
        versions(&db).await.len(),
        usize::try_from(migrate::newest()).unwrap()
    );
}

#[tokio::test]
async fn three_at_once_are_one_after_another() {
    for to in [None, Some(2)] {
        let database = Database::empty().await;
        if to.is_some() {
            migrate::run(database.url(), to).await.unwrap();
        }
        let runs = (0..3).map(|_| migrate::run(database.url(), None));
        let reports = futures_util::future::join_all(runs).await;
        let applied: usize = reports
            .into_iter()
            .map(|report| report.unwrap().applied.len())
            .sum();
        let expected = migrate::newest() - to.unwrap_or(0);
        assert_eq!(applied, usize::try_from(expected).unwrap());
    }
}

#[tokio::test]
async fn an_edited_old_file_is_refused() {
    let database = Database::empty().await;
    migrate::run(database.url(), Some(3)).await.unwrap();
    let db = database.connect().await;
    let edit = "update users.schema_migrations set checksum = '1' where version = 2";
    db.execute(edit, &[]).await.unwrap();
    let output = run(&["migrate"], &[("DATABASE_URL", database.url())]);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("refresh_tokens"), "the file is named: {told}");
    assert_eq!(versions(&db).await, [1, 2, 3], "nothing was applied");
}

#[tokio::test]
async fn a_newer_database_stays_as_it_is() {
    let database = Database::migrated().await;
    let db = database.connect().await;
    let newer = "insert into users.schema_migrations (version, name, applied_on, checksum)
        values (999, 'from_the_future', '2030-01-01T00:00:00Z', '1')";
    db.execute(newer, &[]).await.unwrap();
    db.batch_execute("alter table users.users add column later text")
        .await
        .unwrap();
    let report = migrate::run(database.url(), None).await.unwrap();
    assert!(report.applied.is_empty());
    assert_eq!(versions(&db).await.last(), Some(&999));
    let app = TestApp::on(database, &[("AUTO_MIGRATE", "true")]).await;
    app.person("ana").await;
}

#[tokio::test]
async fn nothing_but_the_schema_users_is_touched() {
    let database = Database::empty().await;
    let db = database.connect().await;
    let stranger = "create table public.users (id int); insert into public.users values (1);
        create schema other; create table other.refinery_schema_history (version int)";
    db.batch_execute(stranger).await.unwrap();
    migrate::run(database.url(), None).await.unwrap();
    let outside = "select string_agg(format('%s.%s', schemaname, tablename), ' ' order by 1)
        from pg_tables where schemaname not in ('users', 'pg_catalog', 'information_schema')";
    let row = db.query_one(outside, &[]).await.unwrap();
    let names: String = row.get(0);
    let mut names: Vec<_> = names.split(' ').collect();
    names.sort_unstable();
    assert_eq!(names, ["other.refinery_schema_history", "public.users"]);
}

#[tokio::test]
async fn rights_on_its_own_schema_are_enough_for_migrating_and_serving() {
    let database = Database::empty().await;
    let role = format!("role_{}", Uuid::new_v4().simple());
    let db = database.connect().await;
    db.batch_execute(&format!(
        "create role {role} login;
         create schema users authorization {role};
         revoke all on schema public from public;
         do $$ begin execute format('revoke create, temporary on database %I from public', current_database()); end $$"
    ))
    .await
    .unwrap();
    let url = database.url_as(&role);
    let refused = connect(&url)
        .await
        .batch_execute("create schema mine")
        .await;
    assert!(refused.is_err(), "the role has no right to make schemas");
    migrate::run(&url, None).await.unwrap();
    migrate::run(&url, None).await.unwrap();
    let app = TestApp::on(
        database,
        &[("DATABASE_URL", &url), ("AUTO_MIGRATE", "true")],
    )
    .await;
    let ana = app.person("ana").await;
    app.api().of(&ana).get("/users/me").await.expect(200);
}

#[tokio::test]
async fn nobody_has_a_default_account() {
    let app = TestApp::start().await;
    assert_eq!(app.count("users").await, 0);
}
