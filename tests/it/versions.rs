//! A release and the one before it side by side, as they are while one rolls out: the schema is
//! the newer one's, the database, the keys and the people are the same.

use crate::support::{
    Api, Database, KEY, Mail, PASSWORD, Program, Visitor, bare, eventually, free_port, run,
};
use serde_json::json;
use std::{
    collections::HashSet,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::LazyLock,
};
use tempfile::TempDir;

const PUBLIC_URL: &str = "http://localhost";

/// The program of the previous release; none where the history that has it is missing.
static PREVIOUS: LazyLock<Option<PathBuf>> = LazyLock::new(build_previous);

fn build_previous() -> Option<PathBuf> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bin/previous");
    // Its warning is for whoever runs the tests, so it is not taken away.
    let output = Command::new(script).stderr(Stdio::inherit()).output();
    let output = output.expect("bash");
    assert!(output.status.success(), "the previous release is not built");
    let path = String::from_utf8(output.stdout).unwrap();
    (!path.is_empty()).then(|| path.trim().into())
}

/// Both releases on one database.
struct Pair {
    old: Program,
    new: Program,
    data: TempDir,
    read: HashSet<PathBuf>,
    _database: Database,
}

impl Pair {
    /// The old one has migrated and serves; then the new one migrates and serves beside it.
    async fn start() -> Option<Self> {
        let previous = PREVIOUS.as_ref()?;
        let database = Database::empty().await;
        let data = tempfile::tempdir().unwrap();
        let settings = [
            ("DATABASE_URL", database.url()),
            ("JWT_PRIVATE_KEY", &KEY),
            ("PUBLIC_URL", PUBLIC_URL),
            ("DATA_DIR", data.path().to_str().unwrap()),
            ("AUTO_MIGRATE", "true"),
        ];
        let mut old = bare(previous, &settings);
        old.arg("serve");
        let old = Program::serve(old, &format!("127.0.0.1:{}", free_port())).await;
        assert!(run(&["migrate"], &settings).status.success());
        let new = Program::start(&settings).await;
        Some(Self {
            old,
            new,
            data,
            read: HashSet::new(),
            _database: database,
        })
    }

    /// The token of the link in the next mail, whichever of the two sent it.
    async fn mailed_token(&mut self) -> String {
        let (path, token) = eventually("a mail", || async {
            for file in fs::read_dir(self.data.path().join("mail")).ok()? {
                let path = file.ok()?.path();
                if path.extension().is_none_or(|kind| kind != "eml") || self.read.contains(&path) {
                    continue;
                }
                let mail = Mail::of("", &fs::read_to_string(&path).ok()?);
                if mail.text().contains("token=") {
                    return Some((path, mail.token()));
                }
            }
            None
        })
        .await;
        self.read.insert(path);
        token
    }

    /// Somebody who registered with one of them and followed the link to the other.
    async fn member(&mut self, username: &str, with: &Api, then: &Api) -> String {
        let typed = json!({ "email": format!("{username}@example.org"), "username": username, "password": PASSWORD });
        let made = with
            .post("/auth/register", typed.clone())
            .await
            .expect(201)
            .json();
        let token = self.mailed_token().await;
        then.post("/auth/verify", json!({ "token": token }))
            .await
            .expect(200);
        made["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn the_previous_release_serves_services_on_the_present_schema_beside_the_present_one() {
    let Some(mut pair) = Pair::start().await else {
        return;
    };
    let (old, new) = (Api::new(&pair.old.url), Api::new(&pair.new.url));
    pair.member("ana", &old, &new).await;
    let bob = pair.member("bob", &new, &old).await;
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    for (one, other) in [(&old, &new), (&new, &old)] {
        let login = one.post("/auth/login", typed.clone()).await.expect(200);
        let (first, other_api) = (login.refresh_token(), other.bearer(&login.access_token()));
        let renewed = other.with_refresh_token("/auth/refresh", &first).await;
        let second = renewed.expect(200).refresh_token();
        // Both know the grace of a token that was just rotated by the other.
        let again = one.with_refresh_token("/auth/refresh", &first).await;
        assert_eq!(again.expect(200).refresh_token(), second);

        let one_api = one.bearer(&login.access_token());
        let follow = format!("/users/{bob}/follow");
        one_api.act(&follow).await.expect(201);
        other_api.act(&follow).await.expect(200);
        let me = other_api.get("/users/me").await.expect(200).json();
        assert_eq!(me["followee_count"], 1);
        other_api.delete(&follow).await.expect(204);
        let me = one_api.get("/users/me").await.expect(200).json();
        assert_eq!(me["followee_count"], 0);

        let wish = json!({ "display_name": "Ana", "bio": "Likes maps." });
        let written = one_api.patch("/users/me", wish).await.expect(200).json();
        assert_eq!(other_api.get("/users/me").await.expect(200).json(), written);
        let forgot = json!({ "email": "ana@example.org" });
        one.post("/auth/password/forgot", forgot).await.expect(202);
        let reset = json!({ "token": pair.mailed_token().await, "password": PASSWORD });
        other.post("/auth/password/reset", reset).await.expect(204);

        let login = other.post("/auth/login", typed.clone()).await.expect(200);
        let token = login.refresh_token();
        one.with_refresh_token("/auth/logout", &token)
            .await
            .expect(204);
        other
            .with_refresh_token("/auth/refresh", &token)
            .await
            .error(401, "INVALID_REFRESH_TOKEN");
    }
}

#[tokio::test]
async fn and_people_who_meet_one_on_this_page_and_the_other_on_the_next() {
    let Some(mut pair) = Pair::start().await else {
        return;
    };
    let (old, new) = (pair.old.url.clone(), pair.new.url.clone());
    for (name, one, other) in [("ana", &old, &new), ("bob", &new, &old)] {
        pair.member(name, &Api::new(one), &Api::new(other)).await;
        let mut visitor = Visitor::new(one, PUBLIC_URL);
        visitor.open("/login").await;
        let mut form = visitor.form("Log in");
        form.fill("Email", &format!("{name}@example.org"));
        form.fill("Password", PASSWORD);
        form.action = format!("{other}{}", form.action);
        assert_eq!(visitor.submit(&form).await.status, 200);

        visitor.open(&format!("{other}/profile/edit")).await;
        let mut form = visitor.form("Save");
        form.fill("Display name", "Somebody");
        form.action = format!("{one}{}", form.action);
        visitor.submit(&form).await;
        for url in [one, other] {
            let page = visitor.open(&format!("{url}/profile")).await;
            assert!(page.text().contains("Somebody"), "{}", page.text());
        }
        visitor.press("Log out").await;
        for url in [one, other] {
            let page = visitor.open(&format!("{url}/profile")).await;
            assert!(page.url.path().starts_with("/login"), "{}", page.url);
        }
    }
}
