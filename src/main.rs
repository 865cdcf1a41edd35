//! The program: reads its command and configuration, runs, drains.

use clap::Parser;
use serde_json::json;
use std::{env, process::ExitCode, time::SystemTime};
use tokio::signal::unix::{SignalKind, signal};
use users_service::{
    Config,
    cli::{Cli, Command, Keys},
    clock::Clock,
    config,
    crypto::key_files,
    error::Cause,
    openapi,
    ops::{
        doctor::{self, Finding},
        health, logs,
        service::Service,
    },
    storage::migrate,
};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Migrate { to } => migrate(to).await,
        Command::Keys {
            command: Keys::Rotate,
        } => rotate_keys(),
        Command::Doctor { json } => doctor(json).await,
        Command::Openapi => {
            println!("{}", openapi::pretty());
            Ok(())
        }
        Command::Healthcheck => healthcheck().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("users-service: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Cause> {
    let config = Config::from_env()?;
    logs::start(config.log_format);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let service = Service::start(config, Clock::default()).await?;
    eprint!("{}", service.greeting());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    service.stop().await;
    Ok(())
}

fn rotate_keys() -> Result<(), Cause> {
    let file = Config::key_file(&env::vars().collect()).ok_or(
        "JWT_PRIVATE_KEY holds the key itself: rotate it where it is kept. First add the public part of the \
         next key to JWT_RETIRED_PUBLIC_KEYS, so that it is published; 10 minutes later set the next key and \
         put the public part of the former one there; 20 minutes later take that out",
    )?;
    println!("{}", key_files::rotate(&file, SystemTime::now())?);
    Ok(())
}

async fn migrate(to: Option<i32>) -> Result<(), Cause> {
    let url = env::var("DATABASE_URL")
        .ok()
        .filter(|url| !url.trim().is_empty())
        .ok_or("set DATABASE_URL to the database to migrate")?;
    let report = migrate::run(url.trim(), to).await?;
    if report.applied.is_empty() {
        println!("nothing to apply");
    }
    for version in report.applied {
        println!("applied V{version}");
    }
    Ok(())
}

async fn doctor(json: bool) -> ! {
    let mut tell = |check, finding: &Finding| {
        if json {
            println!("{}", json!({ "check": check, "finding": finding }));
        } else {
            println!("{:<5}  {check}: {finding}", finding.level);
        }
    };
    let all_well = doctor::run(Config::from_env(), &mut tell).await;
    // Not by returning: that would wait for a file system that hangs.
    std::process::exit(i32::from(!all_well))
}

async fn healthcheck() -> Result<(), Cause> {
    let addr = config::listen_addr(env::var("LISTEN_ADDR").ok().as_deref())?;
    health::ask(addr).await
}
