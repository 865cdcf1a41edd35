//! USER-INFRA-00x.2: the tables of the stories, step by step.

use crate::support::{Database, TestApp, run};
use tokio_postgres::Client;
use users_service::database::migrate;
use uuid::Uuid;

/// `name type nullable` of every column of a table.
async fn columns(db: &Client, table: &str) -> Vec<(String, String, bool)> {
    let sql = "select attname::text, format_type(atttypid, atttypmod), not attnotnull
        from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped
        order by attnum";
    let rows = db.query(sql, &[&format!("users.{table}")]).await.unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

#[track_caller]
fn has(columns: &[(String, String, bool)], name: &str, kind: &str, nullable: bool) {
    let expected = (name.to_owned(), kind.to_owned(), nullable);
    assert!(
        columns.contains(&expected),
        "{expected:?} is not in {columns:?}"
    );
}

async fn exists(db: &Client, table: &str) -> bool {
    let sql = "select to_regclass($1::text) is not null";
    db.query_one(sql, &[&format!("users.{table}")])
        .await
        .unwrap()
        .get(0)
}

/// The definitions of all constraints and indexes of a table.
async fn definitions(db: &Client, table: &str) -> Vec<String> {
    let sql =
        "select pg_get_constraintdef(oid) from pg_constraint where conrelid = $1::text::regclass
        union all
        select indexdef from pg_indexes where schemaname || '.' || tablename = $1";
    let rows = db.query(sql, &[&format!("users.{table}")]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn user_infra_001_2_s1_migration_runs_successfully_on_a_clean_database() {
    let database = Database::empty().await;
    let only_the_url = [("DATABASE_URL", database.url())];
    for _ in 0..2 {
        let output = run(&["migrate"], &only_the_url);
        assert!(output.status.success(), "{output:?}");
    }
    let db = database.connect().await;
    let users = columns(&db, "users").await;
    has(&users, "id", "uuid", false);
    has(&users, "username", "text", false);
    has(&users, "email", "text", false);
    has(&users, "password_hash", "text", false);
    has(&users, "email_verified", "boolean", false);
    has(&users, "created_at", "timestamp with time zone", false);
    has(&users, "updated_at", "timestamp with time zone", false);
    let links = columns(&db, "email_verifications").await;
    for name in ["token_hash", "user_id", "expires_at"] {
        assert!(links.iter().any(|column| column.0 == name), "{links:?}");
    }
}

#[tokio::test]
async fn the_first_step_alone_makes_users_and_email_verifications() {
    let database = Database::empty().await;
    migrate::run(database.url(), Some(1)).await.unwrap();
    let db = database.connect().await;
    assert!(exists(&db, "users").await && exists(&db, "email_verifications").await);
    assert!(!exists(&db, "refresh_tokens").await && !exists(&db, "follows").await);
}

#[tokio::test]
async fn user_infra_002_2_s1_migration_creates_refresh_tokens_table() {
    let database = Database::empty().await;
    migrate::run(database.url(), Some(1)).await.unwrap();
    let db = database.connect().await;
    assert!(!exists(&db, "refresh_tokens").await);
    migrate::run(database.url(), Some(2)).await.unwrap();
    let tokens = columns(&db, "refresh_tokens").await;
    has(&tokens, "user_id", "uuid", false);
    has(&tokens, "expires_at", "timestamp with time zone", false);
    has(&tokens, "revoked", "boolean", false);
    assert!(tokens.iter().any(|column| column.0 == "token_hash"));
    let indexes = definitions(&db, "refresh_tokens").await;
    let unique = |d: &String| d.starts_with("CREATE UNIQUE INDEX") && d.ends_with("(token_hash)");
    assert!(indexes.iter().any(unique), "{indexes:?}");
    assert!(!exists(&db, "follows").await);
}

#[tokio::test]
async fn user_infra_003_2_s1_migration_adds_profile_columns() {
    let database = Database::empty().await;
    migrate::run(database.url(), Some(2)).await.unwrap();
    let db = database.connect().await;
    let before = columns(&db, "users").await;
    let insert = "insert into users.users (id, username, email, password_hash)
        values ($1, 'ana', 'ana@example.org', 'x')";
    let id = Uuid::new_v4();
    db.execute(insert, &[&id]).await.unwrap();
    migrate::run(database.url(), Some(3)).await.unwrap();
    let users = columns(&db, "users").await;
    assert_eq!(users.len(), before.len() + 3);
    has(&users, "display_name", "character varying(100)", true);
    has(&users, "bio", "character varying(300)", true);
    has(&users, "avatar_url", "text", true);
    let row = "select username, email, display_name is null and bio is null and avatar_url is null
        from users.users where id = $1";
    let row = db.query_one(row, &[&id]).await.unwrap();
    assert_eq!(
        (row.get::<_, &str>(0), row.get::<_, &str>(1)),
        ("ana", "ana@example.org")
    );
    assert!(row.get::<_, bool>(2));
}

#[tokio::test]
async fn user_infra_004_2_s1_migration_creates_follows_table() {
    let database = Database::empty().await;
    migrate::run(database.url(), Some(3)).await.unwrap();
    migrate::run(database.url(), Some(4)).await.unwrap();
    let db = database.connect().await;
    let follows = columns(&db, "follows").await;
    assert_eq!(follows.len(), 3);
    has(&follows, "follower_id", "uuid", false);
    has(&follows, "followee_id", "uuid", false);
    has(&follows, "created_at", "timestamp with time zone", false);
    let definitions = definitions(&db, "follows").await;
    for expected in [
        "PRIMARY KEY (follower_id, followee_id)",
        "FOREIGN KEY (follower_id) REFERENCES users.users(id)",
        "FOREIGN KEY (followee_id) REFERENCES users.users(id)",
    ] {
        assert!(
            definitions.iter().any(|d| d.starts_with(expected)),
            "{expected}: {definitions:?}"
        );
    }
    let insert = "insert into users.users (id, username, email, password_hash)
        values (gen_random_uuid(), $1, $1, 'x') returning id";
    let mut ids: Vec<Uuid> = Vec::new();
    for name in ["ana", "bob"] {
        ids.push(db.query_one(insert, &[&name]).await.unwrap().get(0));
    }
    let edge = "insert into users.follows (follower_id, followee_id) values ($1, $2)";
    db.execute(edge, &[&ids[0], &ids[1]]).await.unwrap();
    let again = db.execute(edge, &[&ids[0], &ids[1]]).await.unwrap_err();
    assert_eq!(again.code().unwrap().code(), "23505");
    let nobody = db
        .execute(edge, &[&ids[0], &Uuid::new_v4()])
        .await
        .unwrap_err();
    assert_eq!(nobody.code().unwrap().code(), "23503");
}

#[tokio::test]
async fn names_are_unique_whatever_their_case_from_the_first_step() {
    let database = Database::empty().await;
    migrate::run(database.url(), Some(1)).await.unwrap();
    let db = database.connect().await;
    let insert = "insert into users.users (id, username, email, password_hash)
        values (gen_random_uuid(), $1, $2, 'x')";
    db.execute(insert, &[&"ana", &"ana@example.org"])
        .await
        .unwrap();
    for (username, email) in [("ANA", "b@example.org"), ("bob", "Ana@Example.org")] {
        let error = db.execute(insert, &[&username, &email]).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "23505");
    }
}

#[tokio::test]
async fn every_table_lives_in_the_schema_users() {
    let app = TestApp::start().await;
    let tables = "select string_agg(distinct schemaname, ',') from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')";
    assert_eq!(app.value::<String>(tables, &[]).await, "users");
    let others = "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace
        where nspname = 'public' or nspname not in ('users', 'pg_catalog', 'information_schema', 'pg_toast')";
    assert_eq!(app.value::<i64>(others, &[]).await, 0);
    let extensions = "select count(*) from pg_extension where extname <> 'plpgsql'";
    assert_eq!(
        app.value::<i64>(extensions, &[]).await,
        0,
        "no extension is needed"
    );
    let triggers = "select count(*) from pg_trigger where not tgisinternal";
    assert_eq!(app.value::<i64>(triggers, &[]).await, 0);
}
