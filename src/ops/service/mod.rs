//! Starting and stopping the whole service.

mod database;
mod signing_key;

use super::{
    doctor, exporter, janitor, listener::Listener, logs, metrics, notices, replication, server,
};
use crate::{
    App, Config,
    clock::Clock,
    crypto::Keys,
    database::{Pool, notices::Place},
    error::{Cause, about},
    mail::{EmailUrl, Mailer, worker},
    openapi, routes,
    services::posts::PostsService,
};
use embedded_postgres::EmbeddedPostgres;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

/// How long what is left may take once the last request has ended: mails that are being sent, notices
/// of changes, the lease of the janitor.
const LAST: Duration = Duration::from_secs(2);
/// How long the program takes to stop at most, but for an embedded database: draining, what is left
/// then, and the last spans and log lines. Whoever stops it must wait for longer before killing it.
pub const STOPS_WITHIN: Duration = server::DRAINS_WITHIN
    .saturating_add(LAST)
    .saturating_add(logs::ENDS_WITHIN);

/// A running service.
pub struct Service {
    app: App,
    addr: SocketAddr,
    stop_server: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Until when what is left must have ended.
    stop_rest: watch::Sender<Option<Instant>>,
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
        metrics::start(openapi::endpoints());
        let addr = listener.addr()?;
        // LISTEN_ADDR left the port to the system, and PUBLIC_URL to LISTEN_ADDR.
        if let Some(origin) = config.public_url.strip_suffix(":0") {
            config.public_url = format!("{origin}:{}", addr.port());
        }

        let (postgres, url) = database::primary(&config).await?;
        database::prepare_schema(&config, &url).await?;
        let db = Pool::new(&url, config.database_pool_size).map_err(about("DATABASE_URL"))?;
        let pem = signing_key::private_key(&config).map_err(about("JWT_PRIVATE_KEY"))?;
        let keys = Keys::new(&config, &pem).map_err(about("JWT_PRIVATE_KEY"))?;
        let mailer = Mailer::new(&config.email_url, config.email_from.clone());
        let mailer = mailer.map_err(about("EMAIL_URL"))?;
        warn_of_risks(&config);
        tokio::spawn(doctor::warn_of_folders(config.clone()));

        let posts = config.posts_service_url.as_ref();
        let posts = posts.map(PostsService::new).transpose();
        let posts = posts.map_err(about("POSTS_SERVICE_URL"))?;
        let replicas = database::replicas(&config).map_err(about("DATABASE_READ_URL"))?;
        let app = App::new(config, clock, db, replicas, keys, posts);
        let (stop_server, server_stopped) = watch::channel(false);
        let janitor_stopped = server_stopped.clone();
        let (stop_rest, rest_stopped) = watch::channel(None);
        let mail_stops = until_told(rest_stopped.clone());
        let notices_stop = until_told(rest_stopped);
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
            mail: tokio::spawn(worker::run(app.clone(), mailer, mail_stops)),
            gauges: tokio::spawn(metrics::keep_fresh(app.clone())),
            exporter: tokio::spawn(exporter::run(app.clone())),
            janitor: tokio::spawn(janitor::run(app.clone(), until(janitor_stopped))),
            notices: tokio::spawn(notices::run(app.clone(), Place::new(&url)?, async move {
                notices_stop.await;
            })),
            replication: tokio::spawn(replication::run(app.clone(), Pool::new(&url, 1)?)),
            app,
            addr,
            stop_server,
            stop_rest,
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

    /// Drains and stops: first the server, then the mails being sent and the rest, at once, then the
    /// database. Mails have the time of the requests: what the ones leave is for the others.
    pub async fn stop(mut self) {
        let drained_by = Instant::now() + server::DRAINS_WITHIN;
        self.stop_server.send_replace(true);
        self.server.await.ok();
        // Only now: the last requests may still owe mails, and change what is to be told.
        let by = drained_by.max(Instant::now() + LAST);
        self.stop_rest.send_replace(Some(by));
        self.gauges.abort();
        self.exporter.abort();
        let rest = async { tokio::join!(&mut self.mail, &mut self.janitor, &mut self.notices) };
        if timeout_at(by, rest).await.is_err() {
            tracing::warn!("stopped without waiting any longer for mails, notices or the lease");
        }
        self.mail.abort();
        self.janitor.abort();
        self.notices.abort();
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
        let read = if config.offers_dev_mail() {
            format!(", read them at {}/dev/mail", config.public_url)
        } else {
            String::new()
        };
        let folder = folder.display();
        format!("Open {}\nMails lie in {folder}{read}\n", config.public_url)
    }
}

/// The moment that is told at last; a sender that is dropped means now.
async fn until_told(mut by: watch::Receiver<Option<Instant>>) -> Instant {
    let told = by.wait_for(Option::is_some).await;
    told.ok().and_then(|by| *by).unwrap_or_else(Instant::now)
}

fn warn_of_risks(config: &Config) {
    if !config.rate_limits {
        tracing::warn!("RATE_LIMITS=off: the service's own limits are off");
    }
    if let Some(wanted) = config.what_production_wants() {
        tracing::warn!("this is a development set-up: {wanted}");
    }
}
