//! A replica is killed at every point of an operation: each time the database has said one thing more.

use super::{
    fleet::Fleet, ledger::Kind, load::Load, person::Person, report::Report, scaled, verify::verify,
};
use crate::support::{Database, Line, Proxy, eventually};
use std::pin::pin;

/// The replica that dies.
const FIRST: usize = 0;
const ALL: &[Kind] = &[
    Kind::Register,
    Kind::LogIn,
    Kind::Refresh,
    Kind::Profile,
    Kind::Avatar,
    Kind::Follow,
    Kind::Unfollow,
];

/// Has somebody do this, and the replica that is asked die once the database has said so much of
/// what it has to say; says whether it came to that.
async fn dies(
    fleet: &mut Fleet,
    proxy: &Proxy,
    person: &mut Person,
    kind: Kind,
    said: usize,
) -> bool {
    person.turn_to(FIRST);
    let held = proxy.held();
    proxy.let_reply(said);
    let has_said_so_much = eventually("the database has said it", || async {
        (proxy.held() > held).then_some(())
    });
    let mut acting = pin!(person.act(kind));
    let is_answered = tokio::select! {
        () = &mut acting => true,
        () = has_said_so_much => false,
    };
    if !is_answered {
        fleet.kill(FIRST);
        // The other replica is asked where it is not known what became of it.
        acting.await;
    }
    proxy.set(Line::Open);
    if !is_answered {
        fleet.revive(FIRST).await;
    }
    !is_answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_database_said_last() {
    let database = Database::migrated().await;
    let proxy = Proxy::to_socket(database.socket()).await;
    let first_url = database.url_over_tcp(proxy.port);
    let url = database.url();
    let mut fleet = Fleet::start_apart(Some(&first_url), url, url, &[]).await;
    let load = Load::new("ana", &fleet.place, ALL);
    let mut ana = Person::join(load.clone(), 0).await;
    let bob = Person::join(load.clone(), 1).await;
    // She has him to follow, and not herself.
    load.known.lock().unwrap().remove(0);
    let mut kills = 0;
    for kind in scaled(&[Kind::Register, Kind::Refresh][..], ALL) {
        let mut said = 0;
        while dies(&mut fleet, &proxy, &mut ana, *kind, said).await {
            kills += 1;
            said += scaled(5, 1);
            if let Kind::Follow | Kind::Unfollow = kind {
                // There is something to do next time too.
                let undo = [Kind::Unfollow, Kind::Follow][usize::from(*kind == Kind::Unfollow)];
                ana.act(undo).await;
            }
        }
    }
    let accounts: Vec<_> = ana.accounts().into_iter().chain(bob.accounts()).collect();
    let verdict = verify(&fleet.place, &accounts).await;
    let mut report = Report::new(load, verdict).of(&mut fleet);
    report.copies_allowed = kills;
    let mails = report.verdict.mails_after.as_secs();
    let remark = format!("{kills} kills, last mail {mails} s later");
    report.conclude(
        "15 Replica killed after each thing that PostgreSQL said",
        &remark,
    );
}
