//! A store of pictures that is away, slow, broken, full, or lets us do nothing: 503 within 10 s, the
//! old picture untouched, and recovery by itself.

use crate::{
    avatar_store::Kept,
    support::{Answer, KEY, Program, S3, SECRET, StoreMode, TestApp, eventually, png},
};
use std::{
    fs,
    time::{Duration, Instant},
};

#[track_caller]
fn unavailable(answer: &Answer) {
    answer.error(503, "SERVICE_UNAVAILABLE");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..60).contains(&seconds));
}

/// Insists on what holds while the store can't do its work.
async fn all_wait_for(kept: &Kept, mode: StoreMode) {
    let s3 = kept.s3.as_ref().unwrap();
    let ana = kept.app.person("ana").await;
    let path = kept.uploads(&ana, &png(10, 10)).await;
    let files = kept.files();
    s3.set(mode);
    let begun = Instant::now();
    let api = kept.app.api().of(&ana);
    let picture = png(20, 20);
    let (uploaded, read) = tokio::join!(api.upload(&picture), kept.get(&path));
    assert!(begun.elapsed() < Duration::from_secs(10));
    unavailable(&uploaded);
    assert_eq!(read.status, 503, "{}", read.text());
    assert_eq!(kept.shown(&ana).await, path);
    kept.get("/health").await.expect(200);
    s3.set(StoreMode::Up);
    kept.get(&path).await.expect(200);
    assert!(files.iter().all(|file| kept.files().contains(file)));
    let new = kept.uploads(&ana, &png(30, 30)).await;
    assert_eq!(kept.shown(&ana).await, new);
    kept.get(&new).await.expect(200);
}

#[tokio::test]
async fn a_store_that_is_down() {
    all_wait_for(&Kept::in_s3().await, StoreMode::Down).await;
}

#[tokio::test]
async fn a_store_that_never_answers() {
    all_wait_for(&Kept::in_s3().await, StoreMode::Silent).await;
}

#[tokio::test]
async fn a_store_that_denies_access() {
    all_wait_for(&Kept::in_s3().await, StoreMode::Denied).await;
}

#[tokio::test]
async fn a_store_that_is_broken_is_asked_again_and_not_for_ever() {
    let kept = Kept::in_s3().await;
    all_wait_for(&kept, StoreMode::Broken(usize::MAX)).await;
    let requests = kept.s3.as_ref().unwrap().requests();
    let reads = requests.iter().filter(|line| line.starts_with("GET"));
    // Two after the recovery, and before it one with at most two retries.
    let reads = reads.count();
    assert!((4..=5).contains(&reads), "{requests:#?}");
}

#[tokio::test]
async fn what_fails_once_is_not_noticed() {
    let kept = Kept::in_s3().await;
    let ana = kept.app.person("ana").await;
    kept.s3.as_ref().unwrap().set(StoreMode::Broken(1));
    let path = kept.uploads(&ana, &png(10, 10)).await;
    kept.s3.as_ref().unwrap().set(StoreMode::Broken(1));
    kept.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_slow_store_holds_no_lock_and_no_connection() {
    let kept = Kept::in_s3().await;
    let s3 = kept.s3.as_ref().unwrap();
    let ana = kept.app.person("ana").await;
    kept.app.mails_are_out().await;
    s3.set(StoreMode::Silent);
    let api = kept.app.api().of(&ana);
    let picture = png(10, 10);
    let open = async {
        eventually("the upload waits for the store", || async {
            (s3.requests().len() >= 3).then_some(())
        })
        .await;
        let open = "select count(*) from pg_stat_activity
            where datname = current_database() and state like 'idle in transaction%'";
        kept.app.value::<i64>(open, &[]).await
    };
    let (answer, open) = tokio::join!(api.upload(&picture), open);
    assert_eq!(open, 0);
    unavailable(&answer);
}

#[tokio::test]
async fn a_folder_that_cant_be_written_to() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let folder = app.data_dir.path().join("avatars");
    fs::write(&folder, "a file in its place").unwrap();
    let api = app.api().of(&ana);
    unavailable(&api.upload(&png(10, 10)).await);
    assert!(api.get("/users/me").await.json()["avatar_url"].is_null());
    fs::remove_file(&folder).unwrap();
    api.upload(&png(10, 10)).await.expect(200);
}

#[tokio::test]
async fn a_picture_is_taken_away_though_the_store_is_not_there() {
    let kept = Kept::in_s3().await;
    let ana = kept.app.person("ana").await;
    kept.uploads(&ana, &png(10, 10)).await;
    kept.s3.as_ref().unwrap().set(StoreMode::Down);
    let api = kept.app.api().of(&ana);
    api.delete("/users/me/avatar").await.expect(204);
    assert!(api.get("/users/me").await.json()["avatar_url"].is_null());
    assert_eq!(kept.files().len(), 3, "the sweeper's");
}

#[tokio::test]
async fn wrong_credentials_are_told_in_the_log_without_the_secret() {
    let s3 = S3::start().await;
    let database = crate::support::Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let wrong = "not-the-secret-of-whom-it-knows";
    let mut settings = s3.settings().to_vec();
    settings.extend([
        ("AWS_SECRET_ACCESS_KEY", wrong),
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", KEY.as_str()),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ]);
    let program = Program::start(&settings).await;
    let api = crate::support::Api::new(&program.url);
    let path = format!("/avatars/{}.jpg", "0".repeat(32));
    let answer = api.get(&path).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.text().contains("Signature"));
    eventually("the log says why", || async {
        program
            .output()
            .contains("SignatureDoesNotMatch")
            .then_some(())
    })
    .await;
    let output = program.output();
    for secret in [SECRET, wrong] {
        assert!(!output.contains(secret), "{output}");
    }
}

#[tokio::test]
async fn what_is_too_large_to_be_ours_is_not_taken_into_memory() {
    for kept in Kept::everywhere().await {
        let ana = kept.app.person("ana").await;
        let path = kept.uploads(&ana, &png(10, 10)).await;
        let name = path.strip_prefix("/avatars/").unwrap();
        fs::write(kept.folder.join(name), vec![0; 1024 * 1024 + 1]).unwrap();
        let answer = kept.get(&path).await;
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
}
