//! `users-service doctor`: whether the replicas of `DATABASE_READ_URL` can serve reads.

use crate::{
    doctor::Patient,
    support::{Database, Pair, free_port},
};

#[tokio::test]
async fn replicas_must_answer_follow_and_be_close_behind() {
    let pair = Pair::start(false).await;
    let patient = Patient::on(Database::elsewhere(&pair.primary.url())).await;
    let reading_from = async |url: &str| {
        let settings = [("DATABASE_READ_URL", url), ("DATABASE_READ_MAX_LAG", "1")];
        patient.with(&settings).await
    };
    let (standby, primary) = (pair.standby.url(), pair.primary.url());
    let port = |cluster: u16| format!("127.0.0.1:{cluster}");
    let follows = port(pair.standby.port);
    let report = reading_from(&standby).await;
    report.says("ok", "DATABASE_READ_URL", &[&follows, "ms before"]);
    assert_eq!(report.status, Some(0), "{}", report.text);

    let report = reading_from(&primary).await;
    let takes_writes = port(pair.primary.port);
    report.says(
        "warn",
        "DATABASE_READ_URL",
        &[&takes_writes, "takes writes"],
    );

    // Of several hosts each is told.
    let nobody = port(free_port());
    let both = standby.replace(&follows, &format!("{nobody},{follows}"));
    let report = reading_from(&both).await;
    report.says("warn", "DATABASE_READ_URL", &[&nobody, "can't be asked"]);
    report.says("ok", "DATABASE_READ_URL", &[&follows]);

    let db = pair.standby.connect().await;
    let pause = "select pg_wal_replay_pause()";
    db.batch_execute(pause).await.unwrap();
    patient.app.person("ana").await;
    let report = reading_from(&standby).await;
    report.says("warn", "DATABASE_READ_URL", &[&follows, "1 s behind"]);
    assert_eq!(report.status, Some(0), "{}", report.text);
}
