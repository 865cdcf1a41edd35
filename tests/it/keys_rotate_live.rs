//! A whole rotation of the signing key while tokens are issued and checked all the time: two
//! replicas restart one by one after each step, and none of them refuses a token that lives.

use crate::{
    keys_rotate::{age, rotate},
    support::{Answer, Api, Call, KEY, PASSWORD, TestApp},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use time::{Duration, OffsetDateTime};
use users_service::clock::Clock;

/// How long a token lives, less the time that checking it takes.
const LIFE: Duration = Duration::minutes(14);

/// Issues tokens at both replicas in turn, and checks each living one at both.
struct Watch {
    replicas: [Api; 2],
    clock: Clock,
    tokens: BTreeMap<OffsetDateTime, String>,
    checks: usize,
    refused: Vec<String>,
}

/// The answer; none while the replica restarts.
async fn answer(call: Call) -> Option<Answer> {
    call.try_send().await.ok()
}

impl Watch {
    async fn round(&mut self) {
        for one in &self.replicas {
            let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
            let login = one.request("POST", "/auth/login").json(&typed);
            if let Some(login) = answer(login).await {
                let token = login.expect(200).access_token();
                self.tokens.insert(self.clock.now(), token);
            }
        }
        let born = self.clock.now() - LIFE;
        self.tokens = self.tokens.split_off(&born);
        // The newest, and the one nearest to its end.
        let ends = [self.tokens.first_key_value(), self.tokens.last_key_value()];
        for (made, token) in ends.into_iter().flatten() {
            for replica in &self.replicas {
                let call = replica.bearer(token).request("GET", "/users/me");
                let Some(answer) = answer(call).await else {
                    continue;
                };
                self.checks += 1;
                // The clock may have been moved past its end meanwhile.
                if answer.status != 200 && self.clock.now() - *made < LIFE {
                    self.refused.push(answer.text());
                }
            }
        }
    }
}

/// Restarts both, one after the other.
async fn roll([one, other]: [TestApp; 2]) -> [TestApp; 2] {
    let one = one.restart().await;
    [one, other.restart().await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_living_token_is_refused_in_a_whole_rotation_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt.pem");
    fs::write(&file, KEY.as_str()).unwrap();
    let settings = [
        ("JWT_PRIVATE_KEY", file.to_str().unwrap()),
        ("RATE_LIMITS", "off"),
    ];
    let one = TestApp::with(&settings).await;
    one.person("ana").await;
    let clock = one.clock.clone();
    let mut replicas = [one.replica().await, one];

    let ends = Arc::new(AtomicBool::new(false));
    let mut watch = Watch {
        replicas: replicas.each_ref().map(TestApp::api),
        clock: clock.clone(),
        tokens: BTreeMap::new(),
        checks: 0,
        refused: Vec::new(),
    };
    let told = Arc::clone(&ends);
    let watching = tokio::spawn(async move {
        while !told.load(Ordering::Relaxed) {
            watch.round().await;
        }
        watch
    });

    // Published; ten minutes later it signs; twenty minutes later the former key is dropped.
    for (aged, minutes) in [("", 0), (".next", 11), (".retired", 21)] {
        if minutes > 0 {
            clock.advance(Duration::minutes(minutes));
            age(&format!("{}{aged}", file.display()), minutes.unsigned_abs());
        }
        assert!(rotate(&file).status.success());
        replicas = roll(replicas).await;
    }
    ends.store(true, Ordering::Relaxed);
    let watch = watching.await.unwrap();
    assert!(watch.refused.is_empty(), "{:?}", watch.refused);
    assert!(watch.checks > 20 && !retired(&file), "{}", watch.checks);
    drop(replicas);
}

fn retired(file: &Path) -> bool {
    Path::new(&format!("{}.retired", file.display())).exists()
}
