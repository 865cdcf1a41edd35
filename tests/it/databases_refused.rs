//! A database that can't be right is refused by a start, `migrate` and `doctor`, with what to do.

use crate::support::{Database, KEY, run};
use tempfile::TempDir;
use users_service::database::migrate;

/// Insists that these commands fail with these words.
async fn refused(url: &str, commands: &[&'static str], words: &[&str]) {
    for command in commands {
        let (command, url) = ([*command], url.to_owned());
        let work = move || {
            let folder = TempDir::new().unwrap();
            let settings = [
                ("DATABASE_URL", &*url),
                ("AUTO_MIGRATE", "false"),
                ("JWT_PRIVATE_KEY", &*KEY),
                ("DATA_DIR", folder.path().to_str().unwrap()),
                ("LISTEN_ADDR", "127.0.0.1:0"),
            ];
            run(&command, &settings)
        };
        let output = tokio::task::spawn_blocking(work).await.unwrap();
        let said = [&*output.stdout, &*output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!output.status.success(), "{command:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{command:?} {word}: {said}");
        }
    }
}

const ALL: &[&str] = &["serve", "migrate", "doctor"];

#[tokio::test]
async fn an_encoding_that_cannot_hold_every_name_is_refused() {
    for encoding in ["SQL_ASCII", "LATIN1"] {
        let options = format!("encoding '{encoding}' lc_collate 'C' lc_ctype 'C'");
        let database = Database::made_with(&options).await;
        refused(database.url(), ALL, &[encoding, "encoding 'UTF8'"]).await;
    }
}

#[tokio::test]
async fn a_database_that_only_reads_is_refused() {
    let database = Database::migrated().await;
    let db = database.connect().await;
    for (setting, value) in [
        ("default_transaction_read_only", "on"),
        ("standard_conforming_strings", "off"),
    ] {
        let name: String = db
            .query_one("select current_database()::text", &[])
            .await
            .unwrap()
            .get(0);
        let set = format!("alter database {name} set {setting} = {value}");
        db.batch_execute(&set).await.unwrap();
        refused(database.url(), ALL, &[setting, "reset it"]).await;
        let reset =
            format!("set default_transaction_read_only = off; alter database {name} reset all");
        db.batch_execute(&reset).await.unwrap();
    }
}

#[tokio::test]
async fn a_role_without_rights_is_refused_with_what_to_grant() {
    let database = Database::migrated().await;
    let role = format!("stranger_{}", std::process::id());
    let db = database.connect().await;
    let make = format!("drop role if exists {role}; create role {role} login");
    db.batch_execute(&make).await.unwrap();
    let url = database.url_as(&role);
    let usage = format!("grant usage on schema users to {role}");
    refused(&url, &["serve", "doctor"], &[&usage]).await;
    let grant = format!("{usage}; grant select on all tables in schema users to {role}");
    db.batch_execute(&grant).await.unwrap();
    let tables = format!("grant select, insert, update, delete on users.follows to {role}");
    refused(&url, &["serve", "doctor"], &[&tables]).await;
    refused(&url, &["migrate"], &["grant create on schema users"]).await;
    let end = format!("drop owned by {role}; drop role {role}");
    db.batch_execute(&end).await.unwrap();
}

#[tokio::test]
async fn what_is_missing_is_said_of_a_new_database_as_before() {
    let database = Database::empty().await;
    refused(database.url(), &["serve"], &["users-service migrate"]).await;
    migrate::run(database.url(), None).await.unwrap();
}
