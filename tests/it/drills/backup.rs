//! A backup taken while people use the service, restored into a fresh PostgreSQL: the steps of
//! docs/operations.md.

use super::{
    fleet::Fleet,
    load::{EVERYTHING, Running},
    report::Report,
    scaled,
    verify::verify_restored,
};
use crate::support::{Api, Database, PASSWORD, Postgres, connect};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use tokio_postgres::{Client, SimpleQueryMessage};

/// How many rows each table has, and a digest over all of them.
async fn contents(db: &Client) -> BTreeMap<String, (i64, String)> {
    let tables = "select tablename::text from pg_tables where schemaname = 'users'";
    let mut contents = BTreeMap::new();
    for table in db.query(tables, &[]).await.expect("tables") {
        let table: String = table.get(0);
        let digest = format!(
            "select count(*), md5(coalesce(string_agg(t::text, '' order by t::text), ''))
             from users.{table} as t"
        );
        let row = db.query_one(&digest, &[]).await.expect("a digest");
        contents.insert(table, (row.get(0), row.get(1)));
    }
    contents
}

/// Runs a program to its end, which must be good.
fn done(command: &mut Command) {
    // People go on meanwhile.
    let ended = tokio::task::block_in_place(|| command.output()).expect("it runs");
    assert!(ended.status.success(), "{command:?}: {ended:?}");
}

/// Copies what is not there yet, and deletes nothing.
fn copy(from: &Path, to: &Path) {
    let mut copy = Command::new("cp");
    copy.args(["-a", "-n"]).arg(from.join(".")).arg(to);
    // A file that goes while it is copied is no error here.
    copy.output().expect("cp");
}

/// The files of a folder with what is in them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let named = entries.map(|entry| {
        (
            entry.file_name().to_string_lossy().into_owned(),
            entry.path(),
        )
    });
    // One that goes meanwhile is not there.
    named
        .filter_map(|(name, path)| Some((name, fs::read(path).ok()?)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_into_a_fresh_server() {
    let database = Database::migrated().await;
    let fleet = Fleet::start(database.url(), database.url(), &[]).await;
    // What was acknowledged before the backup began must be in it.
    let before = Running::start("ana", &fleet.place, scaled(4, 16), EVERYTHING).await;
    sleep(scaled(
        Duration::from_millis(1_500),
        Duration::from_secs(15),
    ))
    .await;
    let (load, accounts) = before.stop().await;
    let during = Running::start("bob", &fleet.place, scaled(4, 16), EVERYTHING).await;
    let fresh = Postgres::start(&[("fsync", "off")]).await;

    let began = Instant::now();
    let backup = tempfile::tempdir().expect("a folder");
    let (dump, pictures) = (
        backup.path().join("users.dump"),
        backup.path().join("avatars"),
    );
    fs::create_dir(&pictures).expect("a folder");
    copy(&fleet.place.avatars, &pictures);
    let db = database.connect().await;
    let snapshot = "begin isolation level repeatable read; select pg_export_snapshot()";
    let snapshot = db.simple_query(snapshot).await.expect("a snapshot");
    let snapshot = snapshot.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let mut pg_dump = fresh.program("pg_dump");
    pg_dump.args(["-Fc", "--schema=users", "-d", database.url(), "-f"]);
    pg_dump.arg(&dump).arg("--snapshot");
    done(pg_dump.arg(snapshot.expect("its name")));
    copy(&fleet.place.avatars, &pictures);
    let dumped = contents(&db).await;
    let (_, later) = during.stop().await;
    let originals = files(&fleet.place.avatars);

    let mut pg_restore = fresh.program("pg_restore");
    pg_restore.args(["--exit-on-error", "--no-owner", "-d", fresh.url()]);
    done(pg_restore.arg(&dump));
    let took = began.elapsed();
    let restored = contents(&connect(fresh.url()).await).await;
    assert_eq!(restored, dumped, "every row of every table");
    for (name, picture) in files(&pictures) {
        let original = originals.get(&name).unwrap_or(&picture);
        assert!(*original == picture, "{name}");
    }

    let store = format!("file:{}", pictures.display());
    let own = [("AVATAR_STORE", store.as_str())];
    let mut anew = Fleet::start(fresh.url(), fresh.url(), &own).await;
    anew.place.avatars = pictures;
    // What was sent before the backup was sent then, the rest is sent now.
    let sent = fleet.place.sink.mails();
    let verdict = verify_restored(&anew.place, &accounts, &sent).await;
    let verified = accounts.iter().find(|account| account.logged_in > 0);
    let email = &verified.expect("somebody logged in").email;
    let body = json!({ "email": email, "password": PASSWORD });
    let api = Api::new(&anew.place.urls[1]);
    api.post("/auth/login", body).await.expect(200);
    let rows: i64 = restored.values().map(|(count, _)| count).sum();
    let remark = format!(
        "{rows} rows and {} pictures, all equal, in {:.1} s; {} people went on meanwhile",
        files(&anew.place.avatars).len(),
        took.as_secs_f64(),
        later.len()
    );
    let mut report = Report::new(load, verdict).of(&mut anew);
    // Such as were being sent when the backup was taken.
    report.copies_allowed = report.verdict.copies;
    report.conclude("60 Backup under load, restored", &remark);
}
