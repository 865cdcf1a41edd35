//! Holds the database, the API, the pictures and the mail server against the ledger.

use super::{
    fleet::Place,
    ledger::{Account, Existence},
};
use crate::support::{Api, Mail, connect};
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};
use tokio::time::sleep;
use tokio_postgres::Client;
use uuid::Uuid;

/// How long mails may take that were being sent by a replica that was killed: its claim lapses
/// after 30 s.
const MAIL_PATIENCE: Duration = Duration::from_mins(1);

/// Queries that find what was done by half: each gives the ids of what is wrong.
const HALVES: &[(&str, &str)] = &[
    (
        "an account without its one link owed",
        "select id::text from users.users where (select count(*) from users.outbox
         where user_id = users.id and kind = 'verify_email') <> 1",
    ),
    (
        "a session without a token",
        "select id::text from users.sessions where not exists (select from users.refresh_tokens
         where session_id = sessions.id)",
    ),
    (
        "an open session without one good token",
        "select id::text from users.sessions where ended_at is null and (select count(*)
         from users.refresh_tokens where session_id = sessions.id and not revoked) <> 1",
    ),
    (
        "a session without its one line in the history",
        "select id::text from users.sessions where (select count(*) from users.audit_log
         where session_id = sessions.id and event = 'logged_in') <> 1",
    ),
    (
        "a count of followers that is not the edges",
        "select id::text from users.users where
         (select coalesce(sum(followers), 0) from users.follow_counts where user_id = users.id)
         <> (select count(*) from users.follows where followee_id = users.id)
         or (select coalesce(sum(followees), 0) from users.follow_counts where user_id = users.id)
         <> (select count(*) from users.follows where follower_id = users.id)",
    ),
    (
        "a picture shown that is not the person's",
        "select id::text from users.users where avatar_url is not null and not exists
         (select from users.avatars where user_id = users.id and avatar_url like '%/' || name)",
    ),
];

/// What is wrong.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What was acknowledged and is not there.
    pub lost: Vec<String>,
    /// What is there more than once, or though it was refused.
    pub doubled: Vec<String>,
    /// What is there in part.
    pub half: Vec<String>,
    /// Mails that came once more, with the same Message-ID.
    pub copies: usize,
    /// How long the last mail owed took to be sent after the load had ended.
    pub mails_after: Duration,
}

/// Compares everything. Waits for mails that are still owed.
pub async fn verify(place: &Place, accounts: &[Account]) -> Verdict {
    let mut verdict = rows(place, accounts).await;
    let strangers = verdict.mails(place, &[]).await;
    let strangers = strangers.into_iter();
    let half = strangers.map(|id| format!("mail {id} that nobody owed"));
    verdict.half.extend(half);
    verdict
}

/// The same after a backup was restored: mails that were sent before that, also such as the backup
/// knows nothing of, are sent.
pub async fn verify_restored(place: &Place, accounts: &[Account], sent: &[Mail]) -> Verdict {
    let mut verdict = rows(place, accounts).await;
    verdict.mails(place, sent).await;
    verdict
}

async fn rows(place: &Place, accounts: &[Account]) -> Verdict {
    let db = connect(&place.database).await;
    let mut verdict = Verdict {
        mails_after: mails_are_out(&db).await,
        ..Verdict::default()
    };
    verdict.halves(&db).await;
    verdict.pictures(&db, place).await;
    let users = Users::read(&db).await;
    let api = Api::new(&place.urls[0]);
    for account in accounts {
        verdict.account(account, &users);
        if let Some(id) = account.id {
            verdict.shown(account, &api, id).await;
        }
    }
    verdict
}

/// Waits until nothing is owed, or for as long as it may take.
async fn mails_are_out(db: &Client) -> Duration {
    let owed = "select count(*) from users.outbox where sent_at is null";
    let began = Instant::now();
    while began.elapsed() < MAIL_PATIENCE {
        let count: i64 = db.query_one(owed, &[]).await.expect("a count").get(0);
        if count == 0 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    began.elapsed()
}

/// The rows that accounts are compared with.
struct Users {
    by_email: HashMap<String, Vec<User>>,
    usernames: HashSet<String>,
    edges: HashSet<(Uuid, Uuid)>,
    tokens: HashSet<Vec<u8>>,
    sessions: HashMap<Uuid, i64>,
}

struct User {
    id: Uuid,
    display_name: Option<String>,
    avatar_url: Option<String>,
}

impl Users {
    async fn read(db: &Client) -> Self {
        let all = async |sql: &str| db.query(sql, &[]).await.expect("rows");
        let mut by_email: HashMap<String, Vec<User>> = HashMap::new();
        let mut usernames = HashSet::new();
        let users = all("select id, email, username, display_name, avatar_url from users.users");
        for row in users.await {
            usernames.insert(row.get("username"));
            by_email.entry(row.get("email")).or_default().push(User {
                id: row.get("id"),
                display_name: row.get("display_name"),
                avatar_url: row.get("avatar_url"),
            });
        }
        let edges = all("select follower_id, followee_id from users.follows").await;
        let tokens = all("select token_hash from users.refresh_tokens").await;
        let sessions = all("select user_id, count(*) from users.sessions group by user_id").await;
        Self {
            by_email,
            usernames,
            edges: edges.iter().map(|row| (row.get(0), row.get(1))).collect(),
            tokens: tokens.iter().map(|row| row.get(0)).collect(),
            sessions: sessions
                .iter()
                .map(|row| (row.get(0), row.get(1)))
                .collect(),
        }
    }
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.half.is_empty()
    }

    async fn halves(&mut self, db: &Client) {
        for (what, sql) in HALVES {
            for row in db.query(*sql, &[]).await.expect("ids") {
                self.half
                    .push(format!("{what}: {}", row.get::<_, String>(0)));
            }
        }
    }

    /// Every picture that has a row is a file that can be decoded.
    async fn pictures(&mut self, db: &Client, place: &Place) {
        let rows = db.query("select name from users.avatars", &[]).await;
        for row in rows.expect("names") {
            let name: String = row.get(0);
            let stem = name.trim_end_matches(".jpg");
            for file in [
                name.clone(),
                format!("{stem}-192.jpg"),
                format!("{stem}-96.jpg"),
            ] {
                if image::open(place.avatars.join(&file)).is_err() {
                    self.half.push(format!("a picture without its file {file}"));
                }
            }
        }
    }

    /// Every mail owed came, now or before; gives those that came and were not owed.
    async fn mails(&mut self, place: &Place, before: &[Mail]) -> Vec<String> {
        let mut came: HashMap<String, usize> = HashMap::new();
        for mail in place.sink.mails().iter().chain(before) {
            let id = mail.message_id();
            let id = id.split('@').next().unwrap_or_default().to_owned();
            *came.entry(id).or_default() += 1;
        }
        let db = connect(&place.database).await;
        let owed = db.query("select id::text from users.outbox", &[]).await;
        for row in owed.expect("ids") {
            let id: String = row.get(0);
            match came.remove(&id) {
                None => self.lost.push(format!("mail {id}")),
                Some(times) => self.copies += times - 1,
            }
        }
        came.into_keys().collect()
    }

    fn account(&mut self, account: &Account, users: &Users) {
        let who = &account.username;
        let rows = users.by_email.get(&account.email);
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        match (account.exists, rows) {
            (Existence::Certain, []) => self.lost.push(format!("account {who}")),
            (Existence::Impossible, [_, ..]) => self.doubled.push(format!("{who} was refused")),
            (_, [_, _, ..]) => self.doubled.push(format!("account {who}")),
            (Existence::Impossible, []) if users.usernames.contains(who) => {
                self.doubled.push(format!("{who} was refused"));
            }
            (_, []) => {}
            (_, [user]) => self.rows_of(account, user, users),
        }
    }

    fn rows_of(&mut self, account: &Account, user: &User, users: &Users) {
        let who = &account.username;
        if account.id.is_some_and(|id| id != user.id) {
            self.doubled.push(format!("{who} has another id"));
        }
        if !account.display_name.may_be(&user.display_name) {
            let names = (&account.display_name, &user.display_name);
            self.lost.push(format!("display name of {who}: {names:?}"));
        }
        if !account.any_avatar && !account.avatar_url.may_be(&user.avatar_url) {
            self.lost.push(format!("picture of {who}"));
        }
        for (whom, edge) in &account.follows {
            if !edge.may_be(&users.edges.contains(&(user.id, *whom))) {
                self.lost.push(format!("{who} and {whom}: {edge:?}"));
            }
        }
        let missing = |hash: &&Vec<u8>| !users.tokens.contains(*hash);
        let tokens = account.token_hashes.iter().filter(missing).count();
        if tokens > 0 {
            self.lost.push(format!("{tokens} refresh tokens of {who}"));
        }
        let sessions = users.sessions.get(&user.id).copied().unwrap_or_default();
        let sessions = usize::try_from(sessions).unwrap_or_default();
        if sessions < account.logged_in {
            self.lost.push(format!("sessions of {who}: {sessions}"));
        }
        if sessions > account.logged_in + account.perhaps_logged_in {
            self.doubled.push(format!("sessions of {who}: {sessions}"));
        }
    }

    /// What the API shows of an account is what was acknowledged.
    async fn shown(&mut self, account: &Account, api: &Api, id: Uuid) {
        let who = &account.username;
        let answer = api.get(&format!("/users/{id}")).await;
        if answer.status != 200 {
            return self
                .lost
                .push(format!("{who} in the API: {}", answer.text()));
        }
        let person = answer.json();
        let name = person["display_name"].as_str().map(str::to_owned);
        if person["username"] != **who || !account.display_name.may_be(&name) {
            self.lost.push(format!("{who} as the API shows: {person}"));
        }
        let Some(url) = person["avatar_url"].as_str() else {
            return;
        };
        let name = url.rsplit('/').next().unwrap_or_default();
        let picture = api.get(&format!("/avatars/{name}")).await;
        if image::load_from_memory(&picture.body).is_err() {
            self.half
                .push(format!("the picture that {who} shows: {name}"));
        }
    }
}
