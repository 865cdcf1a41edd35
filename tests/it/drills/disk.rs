//! The disk of the pictures is full.

use super::{
    drill::Drill,
    fleet::Fleet,
    ledger::{Kind, Outcome},
    scaled,
};
use crate::support::Database;
use std::{
    fs,
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::time::sleep;

/// A file system of its own, of some megabytes.
struct Disk(TempDir);

impl Disk {
    /// None where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let options = ["-t", "tmpfs", "-o", "size=4m,mode=0755", "tmpfs"];
        let mut mount = Command::new("mount");
        let ended = mount.args(options).arg(folder.path()).output();
        let is_mounted = ended.is_ok_and(|ended| ended.status.success());
        is_mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg(self.path()).status().ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full() {
    let Some(disk) = Disk::mount() else {
        println!("NOT DRILLED: a full disk, because mounting is not allowed here");
        return;
    };
    let database = Database::migrated().await;
    let store = format!("file:{}", disk.path().display());
    let own = [("AVATAR_STORE", store.as_str())];
    let mut fleet = Fleet::start(database.url(), database.url(), &own).await;
    fleet.place.avatars = disk.path().to_owned();
    let mix = &[Kind::Avatar, Kind::Profile, Kind::Follow];
    let mut drill = Drill::start(&fleet.place, scaled(2, 4), mix).await;
    fleet.watch_lives();
    sleep(Duration::from_millis(500)).await;
    let filler = disk.path().join("filler");
    let mut file = fs::File::create(&filler).expect("a file");
    let end = Instant::now() + Duration::from_secs(scaled(2, 10));
    while Instant::now() < end {
        // Again and again: pictures that go leave room.
        while file.write_all(&[0; 4_096]).is_ok() {}
        sleep(Duration::from_millis(1)).await;
    }
    drop(file);
    fs::remove_file(&filler).expect("room");
    drill.recovers_in(|_| true).await;
    let report = drill.end().await.of(&mut fleet);
    let failed = |kind, outcome| {
        let ledger = &report.load.ledger;
        ledger.count(|entry| entry.kind == kind && entry.is(outcome))
    };
    let turned_away = failed(Kind::Avatar, Outcome::Unavailable);
    assert!(turned_away > 0, "it was full");
    for other in [Kind::Profile, Kind::Follow] {
        assert_eq!(failed(other, Outcome::Unavailable), 0, "{other:?}");
    }
    let names = fs::read_dir(disk.path()).expect("a folder");
    let left = names.filter(|file| {
        let name = file.as_ref().expect("a file").file_name();
        name.to_string_lossy().contains("tmp")
    });
    assert_eq!(left.count(), 0, "half written files");
    let remark = format!("{turned_away} uploads turned away, nothing else");
    report.conclude("30 Disk of the pictures full", &remark);
}
