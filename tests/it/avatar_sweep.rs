//! The sweeper of the store: it deletes what no row names, and nothing else.

use crate::{
    avatar_store::Kept,
    support::{StoreMode, TestApp, eventually, pass, png},
};
use futures_util::future::join_all;
use std::fs;
use time::Duration;
use users_service::services::{avatars, deletion::WINDOW, leases::Lease};

impl Kept {
    /// Puts a file into the store, as somebody who died after that.
    fn leaves(&self, name: &str) {
        fs::create_dir_all(&self.folder).unwrap();
        fs::write(self.folder.join(name), "a picture").unwrap();
    }

    async fn swept_after(&self, time: Duration) {
        self.app.clock.advance(time);
        sweep(&self.app).await;
    }
}

/// A sweep under a lease of its own: several at once must do no harm.
async fn sweep(app: &TestApp) {
    let name = uuid::Uuid::new_v4().to_string().leak();
    let lease = Lease::take(&app.app, name).await.unwrap();
    avatars::sweep(&app.app, &lease.unwrap()).await.unwrap();
}

/// The name of a picture that we could have made.
fn name(n: u32) -> String {
    format!("{n:032x}")
}

#[tokio::test]
async fn what_nobody_has_goes_an_hour_after_it_was_written() {
    for kept in Kept::everywhere().await {
        let ana = kept.app.person("ana").await;
        let path = kept.uploads(&ana, &png(10, 10)).await;
        let named = kept.files();
        for name in [name(1), name(2) + "-192", name(3) + "-96"] {
            kept.leaves(&format!("{name}.jpg"));
        }
        kept.swept_after(Duration::minutes(59)).await;
        assert_eq!(kept.files().len(), 6, "an upload may be under way");
        kept.swept_after(Duration::minutes(2)).await;
        assert_eq!(kept.files(), named);
        kept.swept_after(Duration::days(400)).await;
        kept.get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_not_ours_stays() {
    for kept in Kept::everywhere().await {
        let foreign = ["README.txt", "holiday.jpg", ".backup.tmp"];
        for name in foreign {
            kept.leaves(name);
        }
        let below = kept.folder.join("other");
        fs::create_dir(&below).unwrap();
        let deeper = format!("{}.jpg", name(1));
        fs::write(below.join(&deeper), "a picture").unwrap();
        kept.swept_after(Duration::days(400)).await;
        let mut left = kept.files();
        left.retain(|name| name != "other");
        left.sort_unstable();
        let mut expected = foreign;
        expected.sort_unstable();
        assert_eq!(left, expected);
        assert!(below.join(deeper).exists());
    }
}

#[tokio::test]
async fn what_was_never_written_to_its_end_goes_too() {
    let kept = Kept::on_disk().await;
    kept.leaves(&format!(".{}.tmp", uuid::Uuid::new_v4()));
    kept.swept_after(Duration::minutes(59)).await;
    assert_eq!(kept.files().len(), 1);
    kept.swept_after(Duration::minutes(2)).await;
    assert!(kept.files().is_empty());
}

#[tokio::test]
async fn more_than_a_page_goes_and_two_replicas_may_do_it_at_once() {
    for kept in Kept::everywhere().await {
        let replica = kept.app.replica().await;
        let ana = kept.app.person("ana").await;
        kept.uploads(&ana, &png(10, 10)).await;
        let named = kept.files();
        for n in 0..1_100 {
            kept.leaves(&format!("{}.jpg", name(n)));
        }
        kept.app.clock.advance(Duration::hours(2));
        tokio::join!(sweep(&kept.app), sweep(&replica));
        assert_eq!(kept.files(), named);
    }
}

#[tokio::test]
async fn uploads_and_sweeps_at_once_never_lose_a_picture_that_is_shown() {
    for kept in Kept::everywhere().await {
        let people = kept.app.people(["ana", "bob", "cleo"]).await;
        let uploads = people.iter().map(async |person| {
            for _ in 0..4 {
                let answer = kept.app.api().of(person).upload(&png(10, 10)).await;
                assert!(matches!(answer.status, 200 | 503), "{}", answer.text());
                // While others are being written.
                kept.swept_after(Duration::ZERO).await;
            }
        });
        join_all(uploads).await;
        let mut shown = Vec::new();
        for person in &people {
            shown.push(kept.shown(person).await);
        }
        kept.swept_after(Duration::days(1)).await;
        for path in &shown {
            kept.get(path).await.expect(200);
        }
        let rows = usize::try_from(kept.app.count("avatars").await).unwrap();
        assert_eq!(kept.files().len(), 3 * rows);
    }
}

#[tokio::test]
async fn what_the_store_could_not_delete_goes_when_it_is_back() {
    let kept = Kept::in_s3().await;
    let s3 = kept.s3.as_ref().unwrap();
    let ana = kept.app.person("ana").await;
    kept.uploads(&ana, &png(10, 10)).await;
    s3.set(StoreMode::Denied);
    let api = kept.app.api().of(&ana);
    api.delete("/users/me/avatar").await.expect(204);
    kept.swept_after(Duration::hours(2)).await;
    assert_eq!(kept.files().len(), 3);
    s3.set(StoreMode::Up);
    kept.swept_after(Duration::ZERO).await;
    assert!(kept.files().is_empty());
}

#[tokio::test]
async fn without_a_database_nothing_is_called_an_orphan() {
    for kept in Kept::everywhere().await {
        let ana = kept.app.person("ana").await;
        let path = kept.uploads(&ana, &png(10, 10)).await;
        kept.app.clock.advance(Duration::hours(2));
        let lease = Lease::take(&kept.app.app, "sweep").await.unwrap().unwrap();
        kept.app.database.allow_connections(false).await;
        let outcome = avatars::sweep(&kept.app.app, &lease).await;
        outcome.expect_err("nobody can tell whose lease it is");
        kept.app.database.allow_connections(true).await;
        kept.get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_swept_is_counted() {
    let swept = async |app: &TestApp| {
        let scrape = app.api().get("/metrics").await.expect(200).text();
        let mut lines = scrape.lines();
        let line = lines.find_map(|line| line.strip_prefix("avatar_files_swept_total "));
        line.expect("a series").parse::<u64>().unwrap()
    };
    let kept = Kept::on_disk().await;
    // Other tests of this process may count too.
    let before = swept(&kept.app).await;
    for n in 0..50 {
        kept.leaves(&format!("{}.jpg", name(n)));
    }
    kept.swept_after(Duration::hours(2)).await;
    assert!(swept(&kept.app).await >= before + 50);
}

#[tokio::test]
async fn who_lost_the_lease_deletes_nothing_any_more() {
    let kept = Kept::on_disk().await;
    kept.leaves(&format!("{}.jpg", name(1)));
    kept.app.clock.advance(Duration::hours(2));
    let lease = Lease::take(&kept.app.app, "sweep").await.unwrap().unwrap();
    kept.app
        .execute("update users.leases set holder = gen_random_uuid()")
        .await;
    let outcome = avatars::sweep(&kept.app.app, &lease).await;
    outcome.expect_err("lost");
    assert_eq!(kept.files().len(), 1);
}

#[tokio::test]
async fn the_janitor_sweeps_in_the_first_round_of_an_hour() {
    let kept = Kept::on_disk().await;
    kept.leaves(&format!("{}.jpg", name(1)));
    let minute = i64::from(kept.app.clock.now().minute());
    kept.app.clock.advance(Duration::minutes(180 - minute));
    // The janitor has begun to wait by then.
    kept.get("/health").await.expect(200);
    pass(601).await;
    eventually("a round that sweeps", || async {
        kept.files().is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_account_goes_while_the_store_is_away_and_its_pictures_follow() {
    let kept = Kept::in_s3().await;
    let s3 = kept.s3.as_ref().unwrap();
    let ana = kept.app.person("ana").await;
    kept.uploads(&ana, &png(10, 10)).await;
    let api = kept.app.in_session(&ana).await;
    api.delete("/users/me").await.expect(202);
    s3.set(StoreMode::Down);
    kept.app.clock.advance(WINDOW + Duration::SECOND);
    kept.app.sweep().await;
    assert_eq!(kept.app.count("users").await, 0);
    assert_eq!(kept.files().len(), 3);
    s3.set(StoreMode::Up);
    kept.swept_after(Duration::ZERO).await;
    assert!(kept.files().is_empty());
}
