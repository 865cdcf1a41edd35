//! The mail server fails in every way there is, for an hour too.

use super::{
    fleet::{Place, RULES},
    ledger::Kind,
    load::Running,
    report::Report,
    scaled,
    verify::verify,
};
use crate::support::{Mode, TestApp, eventually};
use std::time::Duration;
use tokio::time::sleep;

/// Shorter than a claim holds: a clock that jumps further has mails sent twice.
const STEP: time::Duration = time::Duration::seconds(20);

impl TestApp {
    /// What drills hold against their ledgers, with this replica.
    pub fn place_with(&self, replica: &TestApp) -> Place {
        Place {
            urls: vec![self.url.clone(), replica.url.clone()],
            database: self.database.url().to_owned(),
            sink: self.sink.clone(),
            avatars: self.data_dir.path().join("avatars"),
        }
    }

    /// Moves the clock of all replicas on, and waits until every mail was tried that is due then,
    /// and none is being sent: the clock runs faster than any server.
    async fn try_mails(&self) {
        let db = self.db().await;
        let mark =
            "update users.outbox set last_error = 'tries: ' || attempts where sent_at is null";
        db.batch_execute(mark).await.unwrap();
        self.clock.advance(STEP);
        self.app.mail_owed.notify_one();
        let busy = "select count(*) from users.outbox where sent_at is null
            and (next_attempt_at <= $1 or last_error = 'tries: ' || (attempts - 1))";
        eventually("every mail that is due was tried", || async {
            let now = self.clock.now();
            let count: i64 = db.query_one(busy, &[&now]).await.unwrap().get(0);
            (count == 0).then_some(())
        })
        .await;
    }

    /// Waits until no mail is on its first try.
    async fn all_were_tried(&self) {
        eventually("every mail was tried", || async {
            let untried = "outbox where sent_at is null and last_error is null";
            (self.count(untried).await == 0).then_some(())
        })
        .await;
    }
}

/// People register while the mail server behaves like this, which goes on for so many steps of the
/// service's clock.
async fn behaving(name: &str, mode: Mode, steps: usize) {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", RULES)]).await;
    let replica = app.replica().await;
    let place = app.place_with(&replica);
    let people = scaled(2, 12);
    let running = Running::start("ana", &place, people, &[Kind::Register]).await;
    app.sink.set(mode);
    sleep(scaled(Duration::from_millis(500), Duration::from_secs(3))).await;
    let (load, accounts) = running.stop().await;
    if steps > 0 {
        app.all_were_tried().await;
    }
    for _ in 0..steps {
        app.try_mails().await;
    }
    app.sink.set(Mode::Up);
    if steps > 0 {
        // The longest pause between two tries is 30 s.
        app.try_mails().await;
        app.try_mails().await;
    }
    let verdict = verify(&place, &accounts).await;
    let mut report = Report::new(load, verdict);
    let mails = app.count("outbox").await;
    let tries = "select sum(attempts) from users.outbox";
    let tries: i64 = app.value(tries, &[]).await;
    if mode == Mode::LosesAnswers {
        // Each copy needs a try of its own.
        report.copies_allowed = usize::try_from(tries - mails).unwrap();
    }
    let after = report.verdict.mails_after.as_secs_f64();
    let remark = format!("{mails} mails, {tries} tries; the last {after:.1} s after the end");
    report.conclude(name, &remark);
    assert!(tries > mails || mode == Mode::Slow, "nothing went wrong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_for_an_hour() {
    behaving("20 Mail server down for an hour", Mode::Down, 180).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_now() {
    behaving("21 Mail server says 451", Mode::Busy, scaled(3, 20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never() {
    behaving("22 Mail server says 550", Mode::Refuses, scaled(3, 20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow() {
    behaving("23 Mail server slow", Mode::Slow, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takes_a_mail_and_loses_its_answer() {
    behaving("24 Mail server loses its answers", Mode::LosesAnswers, 0).await;
}
