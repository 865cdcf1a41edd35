//! A real server of a test's own.

use super::{Api, Database, Sink, Visitor, connect, eventually, free_port};
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
};
use tempfile::TempDir;
use tokio_postgres::{Client, types::FromSqlOwned, types::ToSql};
use users_service::{
    App, Config,
    clock::Clock,
    crypto::keys,
    ops::{listener::Listener, service::Service},
    services::{leases::Lease, retention},
};

/// One signing key for the whole run: making one takes a while.
pub static KEY: LazyLock<String> =
    LazyLock::new(|| keys::generate_private_key().expect("an RSA key"));

/// The service, running, over its own database.
pub struct TestApp {
    /// Its address, such as `http://127.0.0.1:40123`.
    pub url: String,
    /// What the service's parts share.
    pub app: App,
    /// Its clock, which can be moved.
    pub clock: Clock,
    /// The mail server it sends to.
    pub sink: Sink,
    /// Its database.
    pub database: Arc<Database>,
    /// Its `DATA_DIR`.
    pub data_dir: Arc<TempDir>,
    settings: HashMap<String, String>,
    service: Service,
}

impl TestApp {
    /// A service with the settings that most tests want.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A service with some settings of one's own.
    pub async fn with(own: &[(&str, &str)]) -> Self {
        let database = Database::migrated().await;
        Self::on(database, own).await
    }

    /// A service on a database that is there already.
    pub async fn on(database: Database, own: &[(&str, &str)]) -> Self {
        let listener = listen();
        let url = format!("http://{}", listener.addr().expect("bound"));
        let sink = Sink::start().await;
        let data_dir = tempfile::tempdir().expect("a folder");
        let data = data_dir.path().to_str().expect("UTF-8");
        let usual = [
            ("PUBLIC_URL", url.as_str()),
            ("DATABASE_URL", database.url()),
            ("DATABASE_POOL_SIZE", "5"),
            ("AUTO_MIGRATE", "false"),
            ("JWT_PRIVATE_KEY", &KEY),
            ("EMAIL_URL", &sink.url),
            ("EMAIL_FROM", "Users Service <no-reply@example.org>"),
            ("DATA_DIR", data),
            ("LOG_FORMAT", "text"),
        ];
        let all = usual.iter().chain(own);
        let settings: HashMap<String, String> = all
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let clock = Clock::default();
        let service = serve(&settings, &clock, listener).await;
        Self {
            url,
            app: service.app().clone(),
            clock,
            sink,
            database: Arc::new(database),
            data_dir: Arc::new(data_dir),
            settings,
            service,
        }
    }

    /// A second service with the same settings, on the same database, at another address.
    pub async fn replica(&self) -> Self {
        self.replica_with(self.clock.clone()).await
    }

    /// The same with a clock of its own.
    pub async fn replica_with(&self, clock: Clock) -> Self {
        self.replica_of(self.settings.clone(), clock).await
    }

    /// The same with some settings changed.
    pub async fn replica_set_to(&self, changed: &[(&str, &str)]) -> Self {
        let mut settings = self.settings.clone();
        let changed = changed.iter();
        settings.extend(changed.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.replica_of(settings, self.clock.clone()).await
    }

    async fn replica_of(&self, settings: HashMap<String, String>, clock: Clock) -> Self {
        let listener = listen();
        let url = format!("http://{}", listener.addr().expect("bound"));
        let service = serve(&settings, &clock, listener).await;
        Self {
            url,
            app: service.app().clone(),
            clock,
            sink: self.sink.clone(),
            database: Arc::clone(&self.database),
            data_dir: Arc::clone(&self.data_dir),
            settings,
            service,
        }
    }

    /// Stops the service and starts it again at the same address.
    pub async fn restart(self) -> Self {
        let addr = self.addr();
        self.service.stop().await;
        // A program that another test starts has all our sockets until it is loaded, this one too.
        let listener = eventually("the same port is free", || async {
            Listener::bind(addr).ok()
        })
        .await;
        let service = serve(&self.settings, &self.clock, listener).await;
        Self {
            app: service.app().clone(),
            service,
            ..self
        }
    }

    /// Stops the service, as SIGTERM does.
    pub async fn stop(self) {
        self.service.stop().await;
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.service.addr()
    }

    /// What it calls itself: `PUBLIC_URL`.
    pub fn public_url(&self) -> &str {
        &self.app.config.public_url
    }

    /// A client of its JSON API.
    pub fn api(&self) -> Api {
        Api::new(&self.url)
    }

    /// Somebody in front of a browser.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.url, self.public_url())
    }

    /// Where its database is.
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// A connection to its database.
    pub async fn db(&self) -> Client {
        connect(self.database.url()).await
    }

    /// The one value that a query gives.
    pub async fn value<T: FromSqlOwned>(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> T {
        let row = self.db().await.query_one(sql, values).await;
        row.expect("one row").get(0)
    }

    /// Changes what is in its database; says how many rows.
    pub async fn execute(&self, sql: &str) -> u64 {
        let changed = self.db().await.execute(sql, &[]).await;
        changed.expect("good SQL")
    }

    /// How many rows a table, or a table with a condition, has.
    pub async fn count(&self, table: &str) -> i64 {
        self.value(&format!("select count(*) from users.{table}"), &[])
            .await
    }

    /// A round of the janitor, under a lease of its own: what is forgotten must not depend on there
    /// being one round at a time.
    pub async fn sweep(&self) {
        let name = format!("of the test at {}", self.addr()).leak();
        let lease = Lease::take(&self.app, name).await.expect("a database");
        let lease = lease.expect("one round after another");
        let outcome = retention::sweep(&self.app, &lease).await;
        outcome.expect("the lease is kept");
        let given_back = lease.give_back(&self.app, std::time::Duration::ZERO).await;
        given_back.expect("a database");
    }

    /// Waits until no mail is owed: the worker has written down what it sent. The one that comes a day
    /// after a change of address is not owed yet.
    pub async fn mails_are_out(&self) {
        eventually("every mail is out", || async {
            let owed = "outbox where sent_at is null and kind <> 'keep_email'";
            (self.count(owed).await == 0).then_some(())
        })
        .await;
    }

    /// Everything in the database as text.
    pub async fn dump(&self) -> String {
        let db = self.db().await;
        let tables = "select format('%I.%I', schemaname, tablename) from pg_tables
            where schemaname not in ('pg_catalog', 'information_schema')";
        let mut dump = String::new();
        for table in db.query(tables, &[]).await.expect("tables") {
            let table: String = table.get(0);
            let rows = format!("select to_jsonb(t)::text from {table} as t");
            for row in db.query(&rows, &[]).await.expect("rows") {
                dump.push_str(row.get(0));
                dump.push('\n');
            }
        }
        dump
    }
}

/// On a port that is still free when the service comes back to it: one that the kernel hands out by
/// itself may be somebody's connection by then.
fn listen() -> Listener {
    Listener::bind((Ipv4Addr::LOCALHOST, free_port()).into()).expect("a port")
}

async fn serve(settings: &HashMap<String, String>, clock: &Clock, listener: Listener) -> Service {
    let config = Config::from_map(settings).expect("a good configuration");
    Service::start_on(listener, config, clock.clone())
        .await
        .expect("the service starts")
}
