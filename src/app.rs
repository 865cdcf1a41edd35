//! What every part of the running service shares.

use crate::{
    Config,
    clock::Clock,
    crypto::{Keys, PasswordPool},
    database::{Pool, Replicas},
    services::{avatars::ImagePool, cache::PeopleCache, posts::PostsService, throttle::Throttle},
    storage::web_sessions::WebSessionStore,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;

/// The running service: a cheap clone, passed as `&App`.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What an [`App`] dereferences to.
pub struct Shared {
    /// The configuration as checked at start.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Connections to PostgreSQL.
    pub db: Pool,
    /// Copies that some reads may come from; `services::freshness` has the rule.
    pub replicas: Replicas,
    /// People as they were a moment ago; `services::freshness` has the rule.
    pub cache: PeopleCache,
    /// Signs and checks access tokens, derives the tokens in mails.
    pub keys: Keys,
    /// Hashes and verifies passwords on its own threads.
    pub passwords: PasswordPool,
    /// Decodes pictures, a few at a time.
    pub images: ImagePool,
    /// The Posts Service, if there is one.
    pub posts: Option<PostsService>,
    /// What the limits keep beside the database.
    pub throttle: Throttle,
    /// The store of browser sessions.
    pub web_sessions: Arc<WebSessionStore>,
    /// Rung after a commit that owes a mail, so that the worker looks at once.
    pub mail_owed: Notify,
    /// Rung after a commit that asks for a copy of an account, likewise.
    pub export_owed: Notify,
    draining: AtomicBool,
}

impl App {
    /// Puts the parts together. Nothing is started.
    #[must_use]
    pub fn new(
        config: Config,
        clock: Clock,
        db: Pool,
        replicas: Replicas,
        keys: Keys,
        posts: Option<PostsService>,
    ) -> Self {
        Self(Arc::new(Shared {
            passwords: PasswordPool::start(config.password_hasher),
            images: ImagePool::default(),
            throttle: Throttle::default(),
            web_sessions: Arc::new(WebSessionStore::new(db.clone(), clock.clone())),
            config,
            clock,
            db,
            replicas,
            cache: PeopleCache::default(),
            keys,
            posts,
            mail_owed: Notify::new(),
            export_owed: Notify::new(),
            draining: AtomicBool::new(false),
        }))
    }

    /// Whether the service is about to stop: `/health` says so and connections are not kept.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The service is about to stop.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
