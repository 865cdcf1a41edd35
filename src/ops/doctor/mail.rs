//! Whether mails can leave. None is sent.

use super::{Finding, Findings, folder};
use crate::{
    Config,
    error::causes,
    mail::{EmailUrl, Mailer},
};

pub(super) async fn check(config: &Config) -> Findings {
    if let EmailUrl::File(directory) = &config.email_url {
        return folder::check(directory, "EMAIL_URL").await;
    }
    let mailer = Mailer::new(&config.email_url, config.email_from.clone())?;
    Ok(vec![match mailer.try_out().await {
        Ok(()) => Finding::ok(format!("{} lets us in", place(&config.email_url))),
        Err(error) => Finding::wrong(
            format!(
                "{} does not let us in: {}",
                place(&config.email_url),
                causes(&*error)
            ),
            "see whether it is up, and whether EMAIL_URL and EMAIL_API_KEY are right",
        ),
    }])
}

/// Where mails go, without what is secret of it.
fn place(url: &EmailUrl) -> String {
    match url {
        EmailUrl::Smtp(url) => format!("the mail server {}:{}", url.host, url.port),
        EmailUrl::Http { url, .. } => {
            format!("the mail provider {}", url.0.host_str().unwrap_or_default())
        }
        EmailUrl::File(directory) => directory.display().to_string(),
    }
}
