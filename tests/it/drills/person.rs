//! One of the people of a load: does one thing after another and remembers what must be true.

use super::{
    ledger::{Account, Existence, Kind, Outcome},
    load::{Load, Reply},
};
use crate::support::{Api, Call, PASSWORD, png};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a spent refresh token is still good.
const GRACE: Duration = Duration::from_secs(10);

pub struct Person {
    load: Arc<Load>,
    number: usize,
    /// How many things this person began to do.
    turn: usize,
    /// How many requests this person sent.
    asked: usize,
    account: Account,
    /// Those whom this person registered besides.
    others: Vec<Account>,
    access_token: String,
    refresh_token: String,
}

impl Person {
    /// Registers, follows the link, and logs in.
    pub async fn join(load: Arc<Load>, number: usize) -> Self {
        let account = Account::new(&format!("{}{number}", load.prefix));
        let mut person = Self {
            load,
            number,
            turn: number,
            asked: number,
            account,
            others: Vec::new(),
            access_token: String::new(),
            refresh_token: String::new(),
        };
        let account = person.account.clone();
        person.account = person.register(account).await;
        let mail = person.load.sink.mail_to(&person.account.email).await;
        let token = json!({ "token": mail.token() });
        person
            .insist(Kind::Verify, |api| {
                api.request("POST", "/auth/verify").json(&token)
            })
            .await;
        while person.access_token.is_empty() {
            person.log_in().await;
        }
        let id = person.account.id.expect("an id");
        person.load.known.lock().unwrap().push(id);
        person
    }

    /// Does what the load is made of until it is over; gives what must be true.
    pub async fn live(mut self) -> Vec<Account> {
        while !self.load.is_over() {
            self.act(self.load.mix[(self.turn + 1) % self.load.mix.len()])
                .await;
        }
        self.accounts()
    }

    /// Does one thing.
    pub async fn act(&mut self, kind: Kind) {
        self.turn += 1;
        match kind {
            Kind::Register | Kind::Verify => self.register_another().await,
            Kind::RegisterTaken => self.register_taken().await,
            Kind::LogIn => self.log_in().await,
            Kind::Refresh => self.refresh().await,
            Kind::Profile => self.change_name().await,
            Kind::Avatar => self.change_avatar().await,
            Kind::Follow => self.follow(true).await,
            Kind::Unfollow => self.follow(false).await,
        }
    }

    /// What must be true.
    pub fn accounts(mut self) -> Vec<Account> {
        self.others.push(self.account);
        self.others
    }

    /// Asks this replica next.
    pub fn turn_to(&mut self, replica: usize) {
        self.asked = replica + 1;
    }

    /// Asks one replica, and the next time the other.
    async fn ask(&mut self, kind: Kind, call: impl Fn(&Api) -> Call) -> Reply {
        self.asked += 1;
        let api = self.load.api(self.asked);
        let call = call(&api.bearer(&self.access_token));
        self.load.ask(kind, call).await
    }

    /// Asks until it is done. Once the load is over what was not done by then stays like that.
    async fn insist(&mut self, kind: Kind, call: impl Fn(&Api) -> Call) -> Reply {
        loop {
            let reply = self.ask(kind, &call).await;
            if !reply.outcome.is_failure() || self.load.is_over() {
                return reply;
            }
        }
    }

    /// An answer that was wrong to give.
    fn is_surprised(&self, kind: Kind, reply: &Reply) {
        if let (Outcome::Refused, Some(answer)) = (reply.outcome, &reply.answer) {
            let who = &self.account.username;
            let what = format!("{kind:?} by {who}: {} {}", answer.status, answer.text());
            self.load.ledger.note_surprise(what);
        }
    }

    /// Registers, and asks again as long as it is not known whether that worked: then it did, or
    /// the address is taken, by this very account.
    async fn register(&mut self, mut account: Account) -> Account {
        let body =
            json!({ "email": account.email, "username": account.username, "password": PASSWORD });
        loop {
            let call = |api: &Api| api.request("POST", "/auth/register").json(&body);
            let reply = self.ask(Kind::Register, call).await;
            match (reply.outcome, &reply.answer) {
                (Outcome::Done, Some(answer)) => {
                    account.exists = Existence::Certain;
                    account.id = answer.json()["id"].as_str().and_then(|id| id.parse().ok());
                }
                (Outcome::Refused, Some(answer)) if account.exists == Existence::Unknown => {
                    answer.error(409, "EMAIL_ALREADY_EXISTS");
                    account.exists = Existence::Certain;
                }
                (Outcome::Refused, _) => self.is_surprised(Kind::Register, &reply),
                (outcome, _) if outcome.is_unknown() => account.exists = Existence::Unknown,
                _ => {}
            }
            if !reply.outcome.is_failure() || self.load.is_over() {
                return account;
            }
        }
    }

    async fn register_another(&mut self) {
        let name = format!("{}.{}", self.account.username, self.others.len());
        let account = self.register(Account::new(&name)).await;
        self.others.push(account);
    }

    /// Tries to take an address that is taken: the name must not be there afterwards.
    async fn register_taken(&mut self) {
        let name = format!("{}.{}", self.account.username, self.others.len());
        let email = self.account.email.clone();
        let body = json!({ "email": email, "username": name, "password": PASSWORD });
        let call = |api: &Api| api.request("POST", "/auth/register").json(&body);
        let reply = self.ask(Kind::RegisterTaken, call).await;
        match (reply.outcome, &reply.answer) {
            (Outcome::Refused, Some(answer)) => drop(answer.error(409, "EMAIL_ALREADY_EXISTS")),
            (Outcome::Done, _) => {
                let what = format!("{email} was registered twice");
                self.load.ledger.note_surprise(what);
            }
            _ => {}
        }
        self.others.push(Account::new(&name));
    }

    async fn log_in(&mut self) {
        let body = json!({ "email": self.account.email, "password": PASSWORD });
        let call = |api: &Api| api.request("POST", "/auth/login").json(&body);
        let reply = self.ask(Kind::LogIn, call).await;
        self.account.logged_in(reply.outcome);
        self.is_surprised(Kind::LogIn, &reply);
        self.take_tokens(&reply);
    }

    fn take_tokens(&mut self, reply: &Reply) {
        if let (Outcome::Done, Some(answer)) = (reply.outcome, &reply.answer) {
            self.access_token = answer.access_token();
            self.refresh_token = answer.refresh_token();
            self.account.got(&self.refresh_token);
            self.account.id = self.account.id.or_else(|| subject(&self.access_token));
        }
    }

    /// Renews the session, and asks again with the same token when no answer came. Only after the
    /// grace may that be refused.
    async fn refresh(&mut self) {
        let began = Instant::now();
        let cookie = format!("refresh_token={}", self.refresh_token);
        let call = |api: &Api| {
            api.request("POST", "/auth/refresh")
                .header("Cookie", &cookie)
        };
        let mut was_unknown = false;
        loop {
            let reply = self.ask(Kind::Refresh, call).await;
            self.take_tokens(&reply);
            if reply.outcome == Outcome::Refused {
                if !was_unknown || began.elapsed() < GRACE {
                    self.is_surprised(Kind::Refresh, &reply);
                }
                return self.log_in().await;
            }
            if !reply.outcome.is_failure() || self.load.is_over() {
                return;
            }
            was_unknown |= reply.outcome.is_unknown();
        }
    }

    async fn change_name(&mut self) {
        let name = format!("{} {}", self.account.username, self.turn);
        let body = json!({ "display_name": name });
        let call = |api: &Api| api.request("PATCH", "/users/me").json(&body);
        let reply = self.ask(Kind::Profile, call).await;
        self.is_surprised(Kind::Profile, &reply);
        self.account.display_name.wrote(Some(name), reply.outcome);
    }

    async fn change_avatar(&mut self) {
        // Of another size each time, so that it is another picture.
        let side = |n: usize| u32::try_from(16 + n % 97).expect("small");
        let picture = png(side(self.turn), side(self.turn / 97));
        let call = |api: &Api| api.uploading("avatar", "picture.png", "image/png", &picture);
        let reply = self.ask(Kind::Avatar, call).await;
        self.is_surprised(Kind::Avatar, &reply);
        self.account.any_avatar |= reply.outcome.is_unknown();
        if let (Outcome::Done, Some(answer)) = (reply.outcome, &reply.answer) {
            let url = answer.json()["avatar_url"].as_str().map(str::to_owned);
            self.account.avatar_url.wrote(url, Outcome::Done);
        }
    }

    async fn follow(&mut self, follows: bool) {
        let whom = {
            let known = self.load.known.lock().unwrap();
            known[(self.turn * 7 + self.number) % known.len()]
        };
        if Some(whom) == self.account.id {
            return;
        }
        let (kind, method) = if follows {
            (Kind::Follow, "POST")
        } else {
            (Kind::Unfollow, "DELETE")
        };
        let path = format!("/users/{whom}/follow");
        let reply = self.ask(kind, |api| api.request(method, &path)).await;
        self.is_surprised(kind, &reply);
        self.account.followed(whom, follows, reply.outcome);
    }
}

/// Whose an access token is, by its claims.
fn subject(access_token: &str) -> Option<uuid::Uuid> {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = access_token.split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims["user_id"].as_str()?.parse().ok()
}
