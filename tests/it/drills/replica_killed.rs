//! A replica is killed in the middle of what people ask of it.

use super::{
    drill::Drill,
    fleet::Fleet,
    ledger::{Kind, Outcome},
    load::Load,
    scaled,
};
use crate::support::{Answer, Api, Call, Database, Line, PASSWORD, Proxy, eventually, png};
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

/// A pause of a random length, up to this.
async fn pause(up_to: Duration) {
    let random = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    sleep(up_to * random / 255).await;
}

/// Kills one replica after the other while people do this alone.
async fn killed(name: &str, people: usize, mix: &'static [Kind]) {
    let database = Database::migrated().await;
    let mut fleet = Fleet::start(database.url(), database.url(), &[]).await;
    let drill = Drill::start(&fleet.place, people, mix).await;
    let kills = scaled(2, 20);
    for round in 0..kills {
        pause(Duration::from_millis(500)).await;
        fleet.kill(round % 2);
        fleet.revive(round % 2).await;
    }
    let mut report = drill.end().await.of(&mut fleet);
    // All mails that a killed worker had sent without having noted it; at most one on average.
    report.copies_allowed = scaled(kills * 32, kills);
    let mails = report.verdict.mails_after.as_secs();
    report.conclude(name, &format!("{kills} kills, last mail {mails} s later"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_registrations() {
    killed(
        "10 Replica killed in registrations",
        scaled(6, 16),
        &[Kind::Register],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_log_ins_and_renewals() {
    let mix = &[Kind::LogIn, Kind::Refresh, Kind::Refresh];
    killed(
        "11 Replica killed in log-ins and renewals",
        scaled(6, 16),
        mix,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_changes_of_pictures() {
    killed(
        "12 Replica killed in changes of pictures",
        4,
        &[Kind::Avatar],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_follows() {
    let mix = &[Kind::Follow, Kind::Unfollow, Kind::Follow];
    killed("13 Replica killed in follows", scaled(6, 16), mix).await;
}

/// Has a replica do it and die before its answer gets out, and asks the other one: what that says.
async fn twice(fleet: &mut Fleet, load: &Load, kind: Kind, call: impl Fn(&Api) -> Call) -> Answer {
    let address = fleet.place.urls[0].replacen("http://", "", 1);
    let proxy = Proxy::to_address(address.parse().expect("an address")).await;
    proxy.set(Line::NoReplies);
    let through = Api::new(&format!("http://127.0.0.1:{}", proxy.port));
    let first = load.ask(kind, call(&through));
    let dies = async {
        eventually("it has answered", || async {
            (proxy.held() > 0).then_some(())
        })
        .await;
        fleet.kill(0);
        proxy.set(Line::Cut);
    };
    let (first, ()) = tokio::join!(first, dies);
    assert_eq!(first.outcome, Outcome::Unanswered);
    let other = Api::new(&fleet.place.urls[1]);
    let second = load.ask(kind, call(&other)).await;
    fleet.revive(0).await;
    second.answer.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_commit_before_the_answer() {
    let database = Database::migrated().await;
    // Nobody waits for the mail of a replica that is gone.
    let own = [("REQUIRE_VERIFIED_EMAIL", "false")];
    let mut fleet = Fleet::start(database.url(), database.url(), &own).await;
    let drill = Drill::start(&fleet.place, 2, &[Kind::Profile]).await;
    let load = drill.running.load.clone();
    let follow = format!("/users/{}/follow", load.known.lock().unwrap()[0]);
    let rounds = scaled(1, 10);
    for round in 0..rounds {
        let fleet = &mut fleet;
        let email = format!("zoe{round}@example.org");
        let new =
            json!({ "email": email, "username": format!("zoe{round}"), "password": PASSWORD });
        let register = |api: &Api| api.request("POST", "/auth/register").json(&new);
        let answer = twice(fleet, &load, Kind::Register, register).await;
        answer.error(409, "EMAIL_ALREADY_EXISTS");
        let log_in = |api: &Api| api.request("POST", "/auth/login").json(&new);
        let answer = twice(fleet, &load, Kind::LogIn, log_in).await;
        let cookie = format!("refresh_token={}", answer.expect(200).refresh_token());
        let renew = |api: &Api| {
            let call = api.request("POST", "/auth/refresh");
            call.header("Cookie", &cookie)
        };
        let answer = twice(fleet, &load, Kind::Refresh, renew).await;
        let access = answer.expect(200).access_token();
        let upload = |api: &Api| {
            let api = api.bearer(&access);
            api.uploading("avatar", "zoe.png", "image/png", &png(40, 40))
        };
        let answer = twice(fleet, &load, Kind::Avatar, upload).await;
        answer.expect(200);
        let follow = |api: &Api| api.bearer(&access).request("POST", &follow);
        let answer = twice(fleet, &load, Kind::Follow, follow).await;
        answer.expect(200);
    }
    let mut report = drill.end().await.of(&mut fleet);
    report.copies_allowed = rounds * 5;
    let remark = format!("{} kills; asking the other replica was enough", rounds * 5);
    report.conclude(
        "14 Replica killed after the commit, before the answer",
        &remark,
    );
}
