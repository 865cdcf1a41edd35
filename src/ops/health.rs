//! `/health`: may requests be sent here? `/livez`: does the process serve at all?

use crate::{
    App, Error, Result, database,
    error::{Cause, about},
};
use poem::{
    handler,
    web::{Data, Json},
};
use serde::Serialize;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use utoipa::ToSchema;

/// How long the database may take to answer.
const DATABASE_TIME: Duration = Duration::from_secs(2);
/// How long a running service may take to answer somebody who asks whether it is ready.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// That all is well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    /// Always `ok`; anything else is an error.
    #[schema(value_type = String, example = "ok")]
    pub status: &'static str,
}

const OK: Json<Status> = Json(Status { status: "ok" });

/// 200 with the database reachable and not draining.
#[utoipa::path(
    get, path = "/health", tag = "operations", operation_id = "health",
    summary = "Ready to serve",
    responses((status = 200, description = "The database is reachable and the service is not about to stop.", body = Status)),
)]
#[handler]
pub async fn health(app: Data<&App>) -> Result<Json<Status>> {
    if app.is_draining() {
        return Err(Error::unavailable("the service is about to stop"));
    }
    tokio::time::timeout(DATABASE_TIME, database::ping(&app.db))
        .await
        .map_err(Error::unavailable)?
        .map_err(Error::unavailable)?;
    Ok(OK)
}

/// 200 while the process serves, whatever the database does.
#[utoipa::path(
    get, path = "/livez", tag = "operations", operation_id = "livez",
    summary = "Alive",
    responses((status = 200, description = "The process serves.", body = Status)),
)]
#[handler]
pub fn livez() -> Json<Status> {
    OK
}

/// Asks the service that listens on this address whether it is ready. Fails when it is not.
pub async fn ask(addr: SocketAddr) -> Result<(), Cause> {
    let ip = match addr.ip() {
        ip if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let url = format!("http://{}/health", SocketAddr::new(ip, addr.port()));
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(ANSWER_TIME)
        .build()?;
    let answer = client.get(url).send().await;
    let ready = answer.and_then(reqwest::Response::error_for_status);
    ready
        .map(drop)
        .map_err(about(format!("LISTEN_ADDR {addr}")))
}
