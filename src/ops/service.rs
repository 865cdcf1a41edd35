//! Starting and stopping the whole service.

use super::{
    embedded_postgres::EmbeddedPostgres, exporter, janitor, listener::Listener, metrics, notices,
    replication, server,
};
use crate::{
    App, Config,
    clock::Clock,
    config::Secret,
    crypto::{Keys, keys},
    error::{Cause, causes},
    mail::{EmailUrl, Mailer, worker},
    routes,
    services::posts::PostsService,
    storage::{Pool, Replicas, migrate, notices::Place},
};
use std::{fs, io::Write, net::SocketAddr, path::Path, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

/// How long a database that is just starting is waited for.
const DATABASE_PATIENCE: Duration = Duration::from_secs(10);
const DATABASE_PAUSE: Duration = Duration::from_millis(250);

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

        let (postgres, url) = database(&config).await?;
        prepare_schema(&config, &url).await?;
        let db = Pool::new(&url, config.database_pool_size)?;
        let keys = Keys::new(&config, &private_key(&config)?)?;
        let mailer = Mailer::new(&config.email_url, config.email_from.clone())?;
        warn_of_risks(&config);

        let posts = config.posts_service_url.as_ref();
        let posts = posts.map(PostsService::new).transpose()?;
        let replicas = replicas(&config)?;
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

/// The configured database, or one of our own under `DATA_DIR`.
async fn database(config: &Config) -> Result<(Option<EmbeddedPostgres>, String), Cause> {
    if let Some(Secret(url)) = &config.database_url {
        return Ok((None, url.clone()));
    }
    let data_dir = config.data_dir.clone();
    let postgres =
        tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&data_dir, &[])).await??;
    let url = postgres.url().to_owned();
    Ok((Some(postgres), url))
}

/// The configured replicas, or none.
fn replicas(config: &Config) -> Result<Replicas, Cause> {
    let Some(Secret(url)) = &config.database_read_url else {
        return Ok(Replicas::default());
    };
    Replicas::new(url, config.database_pool_size, config.database_read_max_lag)
}

/// Migrates, or makes sure that somebody did.
async fn prepare_schema(config: &Config, url: &str) -> Result<(), Cause> {
    let client = patiently(url).await?;
    if config.auto_migrate {
        drop(client);
        let report = migrate::run(url, None).await?;
        if !report.applied.is_empty() {
            tracing::info!(applied = ?report.applied, "migrated the database");
        }
        return Ok(());
    }
    let version = migrate::version(&client).await?;
    let newest = migrate::newest();
    if version < newest {
        return Err(format!(
            "the database's schema is at version {version}, this program needs {newest}: \
             run `users-service migrate`, or set AUTO_MIGRATE=true"
        )
        .into());
    }
    Ok(())
}

/// A connection to a database that may be just starting.
async fn patiently(url: &str) -> Result<tokio_postgres::Client, Cause> {
    let deadline = tokio::time::Instant::now() + DATABASE_PATIENCE;
    loop {
        match crate::storage::pool::direct(url).await {
            Ok(client) => return Ok(client),
            Err(error) if tokio::time::Instant::now() >= deadline => {
                return Err(format!("the database can't be reached: {}", causes(&*error)).into());
            }
            Err(_) => tokio::time::sleep(DATABASE_PAUSE).await,
        }
    }
}

/// The configured key, or one made once and kept under `DATA_DIR`.
fn private_key(config: &Config) -> Result<String, Cause> {
    if let Some(Secret(pem)) = &config.jwt_private_key {
        return Ok(pem.clone());
    }
    let path = config.jwt_key_file.as_deref();
    let path = path.ok_or("there is no file for the signing key")?;
    if !path.exists() {
        create_private(path, &keys::generate_private_key()?)?;
    }
    Ok(fs::read_to_string(path)?)
}

/// Writes a file that only its owner reads; the first of several at once wins.
fn create_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension(format!("{}.tmp", uuid::Uuid::new_v4()));
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?
        .write_all(text.as_bytes())?;
    let outcome = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn warn_of_risks(config: &Config) {
    if !config.rate_limits {
        tracing::warn!("RATE_LIMITS=off: the service's own limits are off");
    }
}
