//! Whether people and other services find us where we say we are.

use super::{Finding, Findings};
use crate::{
    Config,
    config::Secret,
    crypto::Keys,
    error::{Cause, causes},
};
use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use std::time::Duration;

/// Two answers fit into the time of the check.
const ANSWER_TIME: Duration = Duration::from_secs(4);

pub(super) async fn check(config: &Config) -> Findings {
    let client = Client::builder()
        .redirect(Policy::none())
        .timeout(ANSWER_TIME)
        .build()?;
    let url = &config.public_url;
    let answer = match client.get(format!("{url}/health")).send().await {
        Ok(answer) => answer,
        Err(error) => return Ok(vec![unreachable(config, &causes(&error))]),
    };
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if !status.is_success() || body["status"] != "ok" {
        return Ok(vec![Finding::wrong(
            format!("{url}/health answers {status}, and not as a service that is ready"),
            "see whether the replicas are ready, and whether the proxy's paths lead to them",
        )]);
    }
    let found = Finding::ok(format!("{url} answers and is ready"));
    Ok(std::iter::once(found)
        .chain(other_keys(config, &client).await?)
        .collect())
}

fn unreachable(config: &Config, why: &str) -> Finding {
    let url = &config.public_url;
    let found = format!("{url} does not answer: {why}");
    if config.is_development() {
        return Finding::warn(found, "start the service");
    }
    Finding::wrong(
        found,
        "see whether the service, the proxy and its certificate are as they should be",
    )
}

/// Whether the service that answers does not know the key that is configured here.
async fn other_keys(config: &Config, client: &Client) -> Result<Option<Finding>, Cause> {
    let Some(Secret(pem)) = &config.jwt_private_key else {
        return Ok(None);
    };
    let url = format!("{}/.well-known/jwks.json", config.public_url);
    let set: Value = client.get(url).send().await?.json().await?;
    let own = Keys::new(config, pem)?;
    let mut published = set["keys"].as_array().into_iter().flatten();
    let is_known = published.any(|key| key["kid"].as_str() == own.ids().next());
    Ok((!is_known).then(|| Finding::wrong(
        "the service there does not publish the signing key that is configured here: it knows other keys, or is another service",
        "restart every replica, or ask in the environment that they have",
    )))
}
