//! A replica that followed a former primary has what the present one has not, and serves no reads.

use crate::{
    doctor::Patient,
    support::{Database, Pair, TestApp, eventually},
};
use std::cell::Cell;

/// Three servers of which the first dies: the third got more from it than the second, which takes its
/// place, and so has what is lost.
#[tokio::test]
async fn what_was_lost_with_a_primary_is_not_read_from_a_replica_that_got_it() {
    let pair = Pair::start(false).await;
    let third = pair.another_standby().await;
    let replicas = third.url();
    let settings = [
        ("DATABASE_READ_URL", &*replicas),
        ("DATABASE_READ_MAX_LAG", "1"),
    ];
    let app = TestApp::on(Database::elsewhere(&pair.url()), &settings).await;
    eventually("the replica is used", || async {
        app.app.replicas.fresh().map(drop)
    })
    .await;

    pair.standby.stop("fast").await;
    let ana = app.person("ana").await;
    let on_third = third.connect().await;
    let has_ana = "select from users.users where username = 'ana' and email_verified";
    eventually("the third server has what was written", || async {
        on_third.query_opt(has_ana, &[]).await.unwrap().map(drop)
    })
    .await;
    pair.primary.stop("immediate").await;
    pair.standby.start().await;
    pair.standby.promote().await;
    eventually("the second server serves", || async {
        let health = app.api().get("/health").await;
        (health.status == 200).then_some(())
    })
    .await;
    // Not only because nothing was known for a moment: for longer than a replica may be behind.
    let looks = Cell::new(0);
    eventually("nobody is shown who is lost", || async {
        let shown = app.api().get(&ana.api("")).await;
        let is_gone = shown.status == 404 && app.app.replicas.fresh().is_none();
        looks.set(if is_gone { looks.get() + 1 } else { 0 });
        (looks.get() == 100).then_some(())
    })
    .await;

    // Also while the new primary's log passes the place where the third one stopped.
    let new = pair.standby.connect().await;
    let stopped = "select pg_last_wal_replay_lsn()::text";
    let stopped: String = on_third.query_one(stopped, &[]).await.unwrap().get(0);
    let passed = format!("select pg_current_wal_lsn() > '{stopped}'::pg_lsn + 1000000");
    let write = "create table if not exists public.filler (t text);
        insert into public.filler select repeat(md5(n::text), 30) from generate_series(1, 100) as n";
    eventually("its log has passed that place", || async {
        new.batch_execute(write).await.unwrap();
        assert!(app.app.replicas.fresh().is_none());
        let row = new.query_one(&*passed, &[]).await.unwrap();
        row.get::<_, bool>(0).then_some(())
    })
    .await;
    for _ in 0..20 {
        assert!(app.app.replicas.fresh().is_none());
        app.api().get(&ana.api("")).await.expect(404);
    }
}

#[tokio::test]
async fn the_doctor_names_a_replica_that_is_ahead_of_the_primary() {
    let pair = Pair::start(false).await;
    let third = pair.another_standby().await;
    let patient = Patient::on(Database::elsewhere(&pair.url())).await;
    let replicas = third.url();
    let settings = [("DATABASE_READ_URL", &*replicas)];
    let well = patient.with(&settings).await;
    well.says("ok", "DATABASE_READ_URL", &["shows what was written"]);

    pair.standby.stop("fast").await;
    patient.app.person("ana").await;
    let on_third = third.connect().await;
    let has_ana = "select from users.users where username = 'ana' and email_verified";
    eventually("the third server has what was written", || async {
        on_third.query_opt(has_ana, &[]).await.unwrap().map(drop)
    })
    .await;
    pair.primary.stop("immediate").await;
    pair.standby.start().await;
    pair.standby.promote().await;
    let report = patient.with(&settings).await;
    report.says("wrong", "DATABASE_READ_URL", &["ahead of the primary"]);
}
