//! The program: reads its command and configuration, runs, drains.

use mimalloc::MiMalloc;
use serde_json::json;
use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    time::SystemTime,
};
use users_service::{
    Config,
    cli::{self, Cli, Command, Keys},
    clock::Clock,
    config::{self, Secret},
    crypto::{key_files, secret_key},
    database::migrate,
    error::{Cause, about, causes},
    openapi,
    ops::{
        doctor::{self, Finding},
        health,
        listener::Listener,
        logs,
        service::Service,
        signals::StopSignals,
    },
};

/// Puts the memory of Argon2id on huge pages: a log-in costs a tenth less.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::read().command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Migrate { to } => migrate(to).await,
        Command::Keys { command } => match command {
            Keys::Rotate => rotate_keys(),
            Keys::Secret => print_secret(),
        },
        Command::Doctor { json } => doctor(json).await,
        Command::Openapi => print(openapi::pretty()),
        Command::Variables => print(config::help()),
        Command::Healthcheck => healthcheck().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be reading.
            writeln!(io::stderr(), "users-service: {}", causes(&*error)).ok();
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Cause> {
    let passed = Listener::passed()?;
    let config = match &passed {
        Some(listener) => Config::from_env_at(listener.addr()?)?,
        None => Config::from_env()?,
    };
    let logs = logs::start(&config)?;
    let signals = StopSignals::listen().map_err(about("the signals that stop the service"))?;
    let service = match passed {
        Some(listener) => Service::start_on(listener, config, Clock::default()).await?,
        None => Service::start(config, Clock::default()).await?,
    };
    // Nobody may be listening.
    write!(io::stderr(), "{}", service.greeting()).ok();
    signals.any().await;
    tracing::info!("stopping");
    service.stop().await;
    logs.finish().await;
    Ok(())
}

fn rotate_keys() -> Result<(), Cause> {
    let file = Config::key_file().ok_or(
        "JWT_PRIVATE_KEY holds the key itself: rotate it where it is kept. First set SECRET_KEY to what \
         `users-service keys secret` prints, so that links and sessions outlive the key, and add the public part of the \
         next key to JWT_RETIRED_PUBLIC_KEYS, so that it is published; 10 minutes later set the next key and \
         put the public part of the former one there; 20 minutes later take that out",
    )?;
    print(key_files::rotate(&file, SystemTime::now())?)
}

fn print_secret() -> Result<(), Cause> {
    let config = Config::from_env()?;
    let Some(Secret(pem)) = &config.jwt_private_key else {
        return Err("set JWT_PRIVATE_KEY".into());
    };
    let secret = key_files::secret_of(&config, pem).map_err(about("JWT_PRIVATE_KEY"))?;
    print(secret_key::text(&secret))
}

async fn migrate(to: Option<i32>) -> Result<(), Cause> {
    let url = env::var("DATABASE_URL")
        .ok()
        .filter(|url| !url.trim().is_empty())
        .ok_or("set DATABASE_URL to the database to migrate")?;
    let report = migrate::run(url.trim(), to).await;
    let report = report.map_err(about("DATABASE_URL"))?;
    if report.applied.is_empty() {
        print("nothing to apply")?;
    }
    for version in report.applied {
        print(format_args!("applied V{version}"))?;
    }
    Ok(())
}

async fn doctor(json: bool) -> ! {
    let mut all_told = true;
    let mut tell = |check, finding: &Finding| {
        let told = if json {
            print(json!({ "check": check, "finding": finding }))
        } else {
            print(format_args!("{:<5}  {check}: {finding}", finding.level))
        };
        all_told &= told.is_ok();
    };
    let all_well = doctor::run(Config::from_env(), &mut tell).await;
    // Not by returning: that would wait for a file system that hangs.
    std::process::exit(i32::from(!(all_well && all_told)))
}

fn print(text: impl std::fmt::Display) -> Result<(), Cause> {
    cli::print(text).map_err(about("standard output"))
}

async fn healthcheck() -> Result<(), Cause> {
    let addr = config::listen_addr(env::var("LISTEN_ADDR").ok().as_deref())?;
    health::ask(addr).await
}
