//! The program: reads its command and configuration, runs, drains.

use clap::Parser;
use std::{env, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};
use users_service::{
    Config,
    cli::{Cli, Command},
    clock::Clock,
    error::Cause,
    openapi,
    ops::{logs, service::Service},
    storage::migrate,
};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Migrate { to } => migrate(to).await,
        Command::Openapi => {
            println!("{}", openapi::pretty());
            Ok(())
        }
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
