//! Starting and stopping the whole service.

mod database;
mod signing_key;

use super::{
    embedded_postgres::EmbeddedPostgres, exporter, janitor, listener::Listener, metrics, notices,
    replication, server,
};
use crate::{
    App, Config,
    clock::Clock,
    crypto::Keys,
    error::Cause,
    mail::{EmailUrl, Mailer, worker},
    routes,
    services::posts::PostsService,
    storage::{Pool, notices::Place},
};
use std::net::SocketAddr;
use tokio::{sync::watch, task::JoinHandle};

/// A running service.
pub struct Service {
    app: App,
    addr: SocketAddr,
    stop_server: watch::Sender<bool>,
    server: JoinHandle<()>,
    stop_mail: watch::Sender<bool>,
    mail: JoinHandle<()>,
    gauges: JoinHandle<()>,
    exporter: JoinHandle<()>,
    janitor: JoinHandle<()>,
    notices: JoinHandle<()>,
    replication: JoinHandle<()>,
    postgres: Option<EmbeddedPostgres>,
}

impl Service {
    /// Starts everything on the configured address.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, Cause> {
        let addr = config.listen_addr;
        let listener = Listener::bind(addr)
            .map_err(|error| format!("LISTEN_ADDR {addr} can't be listened on: {error}"))?;
        Self::start_on(listener, config, clock).await
    }

    /// Starts everything on a socket that listens already.
    pub async fn start_on(
        listener: Listener,
        mut config: Config,
        clock: Clock,
    ) -> Result<Self, Cause> {
        metrics::start();
        let addr = listener.addr()?;
        // LISTEN_ADDR left the port to the system, and PUBLIC_URL to LISTEN_ADDR.
        if let Some(origin) = config.public_url.strip_suffix(":0") {
            config.public_url = format!("{origin}:{}", addr.port());
        }

        let (postgres, url) = database::primary(&config).await?;
        database::prepare_schema(&config, &url).await?;
        let db = Pool::new(&url, config.database_pool_size)?;
        let keys = Keys::new(&config, &signing_key::private_key(&config)?)?;
        let mailer = Mailer::new(&config.email_url, config.email_from.clone())?;
        warn_of_risks(&config);

        let posts = config.posts_service_url.as_ref();
        let posts = posts.map(PostsService::new).transpose()?;
        let replicas = database::replicas(&config)?;
        let app = App::new(config, clock, db, replicas, keys, posts);
        let (stop_server, server_stopped) = watch::channel(false);
        let janitor_stopped = server_stopped.clone();
        let (stop_mail, mail_stopped) = watch::channel(false);
        let notices_stopped = mail_stopped.clone();
        let until = |mut stopped: watch::Receiver<bool>| async move {
            // A dropped sender means the same.
            stopped.wait_for(|stop| *stop).await.ok();
        };
        Ok(Self {
            server: tokio::spawn(server::serve(
                app.clone(),
                listener,
                routes::all(&app),
                until(server_stopped),
            )),
            mail: tokio::spawn(worker::run(app.clone(), mailer, until(mail_stopped))),
            gauges: tokio::spawn(metrics::keep_fresh(app.clone())),
            exporter: tokio::spawn(exporter::run(app.clone())),
            janitor: tokio::spawn(janitor::run(app.clone(), until(janitor_stopped))),
            notices: tokio::spawn(notices::run(
                app.clone(),
                Place::new(&url)?,
                until(notices_stopped),
            )),
            replication: tokio::spawn(replication::run(app.clone(), Pool::new(&url, 1)?)),
            app,
            addr,
            stop_server,
            stop_mail,
            postgres,
        })
    }

    /// What its parts share.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The address it serves on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Drains and stops: first the server, then the mails being sent, then the database.
    pub async fn stop(self) {
        self.stop_server.send_replace(true);
        self.server.await.ok();
        // Only now: the last requests may still owe mails, and change what is to be told.
        self.stop_mail.send_replace(true);
        self.mail.await.ok();
        self.gauges.abort();
        self.exporter.abort();
        self.janitor.await.ok();
        self.notices.await.ok();
        self.replication.abort();
        self.app.db.close();
        self.app.replicas.close();
        if let Some(mut postgres) = self.postgres {
            tokio::task::spawn_blocking(move || postgres.stop())
                .await
                .ok();
        }
    }

    /// Where to open it and where its mails lie, for whoever started it.
    #[must_use]
    pub fn greeting(&self) -> String {
        let config = &self.app.config;
        let EmailUrl::File(folder) = &config.email_url else {
            return format!("Open {}\n", config.public_url);
        };
        let read = if config.is_development() {
            format!(", read them at {}/dev/mail", config.public_url)
        } else {
            String::new()
        };
        let folder = folder.display();
        format!("Open {}\nMails lie in {folder}{read}\n", config.public_url)
    }
}

fn warn_of_risks(config: &Config) {
    if !config.rate_limits {
        tracing::warn!("RATE_LIMITS=off: the service's own limits are off");
    }
}
