//! `users-service doctor`: what is wrong on the machine and around it is named, with what to do about it.

use crate::{
    doctor::{Patient, Report},
    support::{KEY, Mode, S3, Upstream, free_port},
};
use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
    time::{Duration, SystemTime},
};
use users_service::crypto::keys;

/// Makes a file look as if it had been written a while ago.
fn age(file: &PathBuf, hours: u64) {
    let then = SystemTime::now() - Duration::from_hours(hours);
    let file = File::options().append(true).open(file).unwrap();
    file.set_modified(then).unwrap();
}

#[tokio::test]
async fn a_key_that_others_read_or_that_is_old_is_named() {
    let patient = Patient::healthy().await;
    let report = patient.examined().await;
    report.says("ok", "keys", &["2048 bits", "1 published"]);
    for (mode, level, who) in [(0o644, "wrong", "everybody"), (0o640, "warn", "its group")] {
        fs::set_permissions(&patient.key, Permissions::from_mode(mode)).unwrap();
        let report = patient.examined().await;
        report.says(level, "keys", &[who, "chmod 600"]);
    }
    age(&patient.key, 400 * 24);
    let next = patient.key.with_extension("pem.next");
    fs::write(&next, &*KEY).unwrap();
    let report = patient.examined().await;
    report.says("warn", "keys", &["400 days old", "keys rotate"]);
    report.says("ok", "keys", &["a rotation is under way"]);
    age(&next, 25);
    let report = patient.examined().await;
    report.says("warn", "keys", &["25 hours ago", "was not ended"]);
}

#[tokio::test]
async fn a_mail_server_that_does_not_let_us_in_is_named() {
    let patient = Patient::healthy().await;
    let port = free_port();
    let dead = patient
        .with(&[("EMAIL_URL", &format!("smtp://127.0.0.1:{port}"))])
        .await;
    dead.says(
        "wrong",
        "mail",
        &[&format!("127.0.0.1:{port}"), "EMAIL_URL"],
    );
    patient.app.sink.set(Mode::Down);
    patient
        .examined()
        .await
        .says("wrong", "mail", &["does not let us in"]);
}

#[tokio::test]
async fn a_mail_provider_is_asked_for_its_front_page_alone() {
    let patient = Patient::healthy().await;
    let provider = Upstream::start().await;
    let url = format!("http://{}/v3/mail/send?key=hunter22", provider.addr);
    let settings = [("EMAIL_URL", &*url), ("EMAIL_API_KEY", "hunter23")];
    let report = patient.with(&settings).await;
    report.says("ok", "mail", &["provider 127.0.0.1"]);
    let heads = provider.heads();
    assert!(
        heads.len() == 1 && heads[0].starts_with("head / http"),
        "{heads:?}"
    );
    assert!(!heads[0].contains("hunter") && !report.text.contains("hunter"));
}

#[tokio::test]
async fn folders_that_nothing_can_be_written_into_are_named() {
    let patient = Patient::healthy().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("folder");
    let below = below.to_str().unwrap();
    let (mails, pictures) = (
        format!("file:{below}/mail"),
        format!("file:{below}/avatars"),
    );
    let settings = [
        ("DATA_DIR", below),
        ("EMAIL_URL", &mails),
        ("AVATAR_STORE", &pictures),
    ];
    let report = patient.with(&settings).await;
    report.says("wrong", "DATA_DIR", &[below]);
    report.says("wrong", "mail", &["/mail", "EMAIL_URL"]);
    report.says("wrong", "avatars", &["/avatars", "AVATAR_STORE"]);
}

#[tokio::test]
async fn a_bucket_is_asked_what_is_in_it_and_nothing_more() {
    let patient = Patient::healthy().await;
    let s3 = S3::start().await;
    let report = patient.with(&s3.settings()).await;
    report.says("ok", "avatars", &["lets us in"]);
    let requests = s3.requests();
    let lists = requests
        .iter()
        .all(|line| line.starts_with("GET /pictures?list-type=2"));
    assert!(lists && !requests.is_empty(), "{requests:?}");
    let mut wrong = s3.settings().to_vec();
    wrong.push(("AWS_SECRET_ACCESS_KEY", "hunter22"));
    let report = patient.with(&wrong).await;
    report.says(
        "wrong",
        "avatars",
        &["SignatureDoesNotMatch", "AVATAR_STORE"],
    );
    assert!(!report.text.contains("hunter22"), "{}", report.text);
}

#[tokio::test]
async fn proxies_that_are_trusted_too_far_or_not_at_all_are_named() {
    let patient = Patient::healthy().await;
    let report = patient
        .with(&[("TRUSTED_PROXIES", "10.0.3.0/24, 0.0.0.0/0, ::/0")])
        .await;
    report.says("wrong", "proxies", &["0.0.0.0/0", "claim any address"]);
    report.says("wrong", "proxies", &["::/0"]);
    assert!(!report.text.contains("10.0.3.0/24"));
    let report = patient.with(&[("TRUSTED_PROXIES", "10.0.3.0/24")]).await;
    report.says("ok", "proxies", &["10.0.3.0/24"]);
    let report = patient.with(&[("PUBLIC_URL", "https://localhost:1")]).await;
    report.says("wrong", "proxies", &["TRUSTED_PROXIES is empty"]);
}

#[tokio::test]
async fn a_public_url_where_somebody_else_is_or_nobody_is_named() {
    let patient = Patient::healthy().await;
    let other = Upstream::start().await;
    let url = format!("http://{}", other.addr);
    let report = patient.with(&[("PUBLIC_URL", &url)]).await;
    report.says("wrong", "PUBLIC_URL", &["not as a service that is ready"]);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let settings = [("APP_ENV", "production"), ("PUBLIC_URL", &nobody)];
    let report = patient.with(&settings).await;
    report.says("wrong", "PUBLIC_URL", &["does not answer"]);
    let key = keys::generate_private_key().unwrap();
    let report = patient.with(&[("JWT_PRIVATE_KEY", &key)]).await;
    report.says(
        "wrong",
        "PUBLIC_URL",
        &["does not publish the signing key", "restart"],
    );
}

#[tokio::test]
async fn what_is_switched_off_or_too_small_is_named() {
    let patient = Patient::healthy().await;
    let report = patient.with(&[("RATE_LIMITS", "off")]).await;
    report.says("warn", "limits", &["RATE_LIMITS=off"]);
    assert_eq!(report.status, Some(0), "{}", report.text);
    let few = format!(
        "ulimit -n 512; exec {} doctor",
        env!("CARGO_BIN_EXE_users-service")
    );
    let output = Command::new("sh")
        .args(["-c", &few])
        .env_clear()
        .output()
        .unwrap();
    Report::from(output).says("warn", "open files", &["512 at once", "LimitNOFILE"]);
}
