//! People, made through the services.

use super::{TestApp, connect, eventually};
use std::sync::Arc;
use time::Duration;
use tokio::sync::OnceCell;
use users_service::{
    crypto::passwords::Standing,
    domain::{Email, Password, Text, Username},
    services::{
        accounts::{self, Registration},
        verification::{self, Verification},
    },
    storage::{email_verifications, users},
};
use uuid::Uuid;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: Uuid,
    pub username: String,
    pub email: String,
    /// An access token, good for 15 minutes from when the person was made.
    pub token: String,
    /// The session that it is of.
    pub session: Arc<LazySession>,
}

/// A session without a log-in. It is in the database once its token is used for what asks for an open one.
#[derive(Debug)]
pub struct LazySession {
    id: Uuid,
    user_id: Uuid,
    database: String,
    opened: OnceCell<()>,
}

impl LazySession {
    /// Opens it, if that was not done before.
    pub async fn open(&self) {
        let open = async || {
            let insert = "insert into users.sessions (id, user_id, authenticated_at)
                select $1, id, null from users.users where id = $2";
            let db = connect(&self.database).await;
            let opened = db.execute(insert, &[&self.id, &self.user_id]).await;
            opened.expect("a session, or nobody to have it");
        };
        self.opened.get_or_init(open).await;
    }
}

impl Person {
    /// The path of the person's profile.
    pub fn page(&self) -> String {
        format!("/@{}", self.username)
    }

    /// The path of the person in the JSON API, with what follows the id.
    pub fn api(&self, rest: &str) -> String {
        format!("/users/{}{rest}", self.id)
    }
}

impl TestApp {
    /// Somebody who registered and did not follow the link yet.
    pub async fn unverified(&self, username: &str) -> Person {
        let email = format!("{username}@example.org");
        let registration = Registration {
            email: Text::from(email.as_str()),
            username: Text::from(username),
            password: Text::from(PASSWORD),
        };
        let made = accounts::register(&self.app, &registration)
            .await
            .expect("an account");
        let roles = ["user".to_owned()];
        let session = LazySession {
            id: Uuid::now_v7(),
            user_id: made.id,
            database: self.database_url().to_owned(),
            opened: OnceCell::new(),
        };
        let (keys, now) = (&self.app.keys, self.clock.now());
        let token = keys.issue(made.id, session.id, &email, &roles, now);
        Person {
            id: made.id,
            username: made.username,
            email,
            token: token.expect("a token"),
            session: Arc::new(session),
        }
    }

    /// Somebody who registered and followed the link.
    pub async fn person(&self, username: &str) -> Person {
        let person = self.unverified(username).await;
        let token = self.link_token(&person).await;
        let token = Text::from(token.as_str());
        verification::verify(&self.app, &Verification { token })
            .await
            .expect("verified");
        person
    }

    /// Several such people.
    pub async fn people<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.person(name).await);
        }
        people.try_into().expect("as many as names")
    }

    /// The token of the link that a person was last sent, whether or not the mail has left.
    pub async fn link_token(&self, person: &Person) -> String {
        let db = self.db().await;
        let newest =
            "select id from users.outbox where user_id = $1 order by created_at desc limit 1";
        let mail: Uuid = db
            .query_one(newest, &[&person.id])
            .await
            .expect("a mail owed")
            .get(0);
        let token = self.app.keys.secrets().mail_token(mail).expect("a token");
        let now = self.clock.now();
        let until = now + Duration::hours(24);
        let client = self.app.db.get().await.expect("a connection");
        let hash = token.hash();
        // The worker may be issuing the same link in this very moment.
        eventually("the link is good", || async {
            let issued =
                email_verifications::issue(&client, &hash, person.id, &person.email, until, now)
                    .await;
            issued.ok()
        })
        .await;
        token.expose().to_owned()
    }

    /// Asks for a link that sets a new password, and gives the token in it once the mail is out.
    pub async fn reset_token(&self, email: &str) -> String {
        let db = self.db().await;
        let sent = "select outbox.id from users.outbox join users.users on users.id = user_id
            where kind = 'reset_password' and email = $1 and sent_at is not null";
        let mails = async || {
            let rows = db.query(sent, &[&email]).await.expect("mails");
            let ids = rows.iter().map(|row| row.get::<_, Uuid>(0));
            ids.collect::<Vec<_>>()
        };
        let before = mails().await;
        let body = serde_json::json!({ "email": email });
        let asked = self.api().post("/auth/password/forgot", body).await;
        asked.expect(202);
        let mail = eventually("the mail with the link", || async {
            mails().await.into_iter().find(|id| !before.contains(id))
        })
        .await;
        let token = self.app.keys.secrets().mail_token(mail).expect("a token");
        token.expose().to_owned()
    }

    /// Many people at once, all with the same hash: nobody of them needs to log in.
    pub async fn crowd(&self, count: usize, prefix: &str) -> Vec<Uuid> {
        let password = Password::parse(PASSWORD, "", "").expect("a password");
        let hash = self
            .app
            .passwords
            .hash(Standing::Unknown, &password)
            .await
            .expect("a hash");
        let client = self.app.db.get().await.expect("a connection");
        let mut ids = Vec::with_capacity(count);
        for n in 0..count {
            let id = Uuid::now_v7();
            let username = Username::parse(&format!("{prefix}{n:04}")).expect("a username");
            let email = Email::parse(&format!("{prefix}{n}@example.org")).expect("an address");
            let user = users::NewUser {
                id,
                username: &username,
                email: &email,
                password_hash: &hash,
            };
            users::insert(&client, &user, self.clock.now())
                .await
                .expect("an account");
            users::mark_verified(&client, id, self.clock.now())
                .await
                .expect("verified");
            ids.push(id);
        }
        ids
    }

    /// Lets so many people follow a person, counted as they should be. Nobody else follows anybody.
    pub async fn has_fans(&self, person: Uuid, count: i32) {
        let fans = format!(
            "set session_replication_role = replica;
             insert into users.users (id, username, email, password_hash, email_verified)
                select gen_random_uuid(), 'fan' || n, 'fan' || n || '@example.org', 'x', true
                from generate_series(1, {count}) as n;
             insert into users.follows (follower_id, followee_id)
                select id, '{person}' from users.users where username like 'fan%';
             insert into users.follow_counts (user_id, slot, followees)
                select follower_id, 0, 1 from users.follows;
             insert into users.follow_counts (user_id, slot, followers)
                select '{person}', get_byte(uuid_send(follower_id), 15) & 15, count(*)
                from users.follows group by 2;
             analyze users.follows, users.follow_counts, users.users"
        );
        let db = self.db().await;
        db.batch_execute(&fans).await.expect("fans");
    }

    /// Insists that every counter is the number of its edges.
    pub async fn counts_are_exact(&self) {
        let wrong = "with counted as (
                select user_id, sum(followers) as followers, sum(followees) as followees
                from users.follow_counts group by user_id
            )
            select count(*) from users.users as u left join counted as c on c.user_id = u.id
            where coalesce(c.followers, 0)
                    <> (select count(*) from users.follows where followee_id = u.id)
                or coalesce(c.followees, 0)
                    <> (select count(*) from users.follows where follower_id = u.id)";
        assert_eq!(
            self.value::<i64>(wrong, &[]).await,
            0,
            "counts that are not the edges"
        );
        let negative = "follow_counts where followers < 0 or followees < 0";
        assert_eq!(self.count(negative).await, 0);
    }
}
